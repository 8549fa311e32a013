"""The specs, usages, origins and algorithms of keys: the enums that several subjects share.

AWS adds values to all of them, so members that hold one take any string, and keep a value that is newer.
"""

from enum import StrEnum
from typing import Literal, TypeAlias


class KeySpec(StrEnum):
    """The type of a key: its family, and its size or its curve."""

    SYMMETRIC_DEFAULT = "SYMMETRIC_DEFAULT"
    RSA_2048 = "RSA_2048"
    RSA_3072 = "RSA_3072"
    RSA_4096 = "RSA_4096"
    ECC_NIST_P256 = "ECC_NIST_P256"
    ECC_NIST_P384 = "ECC_NIST_P384"
    ECC_NIST_P521 = "ECC_NIST_P521"
    ECC_SECG_P256K1 = "ECC_SECG_P256K1"
    ECC_NIST_EDWARDS25519 = "ECC_NIST_EDWARDS25519"
    HMAC_224 = "HMAC_224"
    HMAC_256 = "HMAC_256"
    HMAC_384 = "HMAC_384"
    HMAC_512 = "HMAC_512"
    SM2 = "SM2"
    ML_DSA_44 = "ML_DSA_44"
    ML_DSA_65 = "ML_DSA_65"
    ML_DSA_87 = "ML_DSA_87"
    ML_KEM_512 = "ML_KEM_512"
    ML_KEM_768 = "ML_KEM_768"
    ML_KEM_1024 = "ML_KEM_1024"


KeySpecLike: TypeAlias = (
    KeySpec
    | Literal[
        "SYMMETRIC_DEFAULT",
        "RSA_2048",
        "RSA_3072",
        "RSA_4096",
        "ECC_NIST_P256",
        "ECC_NIST_P384",
        "ECC_NIST_P521",
        "ECC_SECG_P256K1",
        "ECC_NIST_EDWARDS25519",
        "HMAC_224",
        "HMAC_256",
        "HMAC_384",
        "HMAC_512",
        "SM2",
        "ML_DSA_44",
        "ML_DSA_65",
        "ML_DSA_87",
        "ML_KEM_512",
        "ML_KEM_768",
        "ML_KEM_1024",
    ]
    | str
)
"""A member of `KeySpec`, its value, or a value that is newer than both."""


class CustomerMasterKeySpec(StrEnum):
    """The older form of `KeySpec`, with the values of its time; KMS still answers with both."""

    SYMMETRIC_DEFAULT = "SYMMETRIC_DEFAULT"
    RSA_2048 = "RSA_2048"
    RSA_3072 = "RSA_3072"
    RSA_4096 = "RSA_4096"
    ECC_NIST_P256 = "ECC_NIST_P256"
    ECC_NIST_P384 = "ECC_NIST_P384"
    ECC_NIST_P521 = "ECC_NIST_P521"
    ECC_SECG_P256K1 = "ECC_SECG_P256K1"
    HMAC_224 = "HMAC_224"
    HMAC_256 = "HMAC_256"
    HMAC_384 = "HMAC_384"
    HMAC_512 = "HMAC_512"
    SM2 = "SM2"


CustomerMasterKeySpecLike: TypeAlias = (
    CustomerMasterKeySpec
    | Literal[
        "SYMMETRIC_DEFAULT",
        "RSA_2048",
        "RSA_3072",
        "RSA_4096",
        "ECC_NIST_P256",
        "ECC_NIST_P384",
        "ECC_NIST_P521",
        "ECC_SECG_P256K1",
        "HMAC_224",
        "HMAC_256",
        "HMAC_384",
        "HMAC_512",
        "SM2",
    ]
    | str
)
"""A member of `CustomerMasterKeySpec`, its value, or a value that is newer than both."""


class KeyUsageType(StrEnum):
    """What a key may be used for; it is set when the key is created."""

    ENCRYPT_DECRYPT = "ENCRYPT_DECRYPT"
    SIGN_VERIFY = "SIGN_VERIFY"
    GENERATE_VERIFY_MAC = "GENERATE_VERIFY_MAC"
    KEY_AGREEMENT = "KEY_AGREEMENT"
    ENCAPSULATE_DECAPSULATE = "ENCAPSULATE_DECAPSULATE"


KeyUsageTypeLike: TypeAlias = (
    KeyUsageType
    | Literal["ENCRYPT_DECRYPT", "SIGN_VERIFY", "GENERATE_VERIFY_MAC", "KEY_AGREEMENT", "ENCAPSULATE_DECAPSULATE"]
    | str
)
"""A member of `KeyUsageType`, its value, or a value that is newer than both."""


class OriginType(StrEnum):
    """Where a key's material comes from."""

    AWS_KMS = "AWS_KMS"
    EXTERNAL = "EXTERNAL"
    """Imported."""
    AWS_CLOUDHSM = "AWS_CLOUDHSM"
    EXTERNAL_KEY_STORE = "EXTERNAL_KEY_STORE"


OriginTypeLike: TypeAlias = OriginType | Literal["AWS_KMS", "EXTERNAL", "AWS_CLOUDHSM", "EXTERNAL_KEY_STORE"] | str
"""A member of `OriginType`, its value, or a value that is newer than both."""


class ExpirationModelType(StrEnum):
    """Whether imported key material expires."""

    KEY_MATERIAL_EXPIRES = "KEY_MATERIAL_EXPIRES"
    KEY_MATERIAL_DOES_NOT_EXPIRE = "KEY_MATERIAL_DOES_NOT_EXPIRE"


ExpirationModelTypeLike: TypeAlias = (
    ExpirationModelType | Literal["KEY_MATERIAL_EXPIRES", "KEY_MATERIAL_DOES_NOT_EXPIRE"] | str
)
"""A member of `ExpirationModelType`, its value, or a value that is newer than both."""


class EncryptionAlgorithmSpec(StrEnum):
    """How a key encrypts. A symmetric key has only the first; SM2PKE exists in the China regions only."""

    SYMMETRIC_DEFAULT = "SYMMETRIC_DEFAULT"
    RSAES_OAEP_SHA_1 = "RSAES_OAEP_SHA_1"
    RSAES_OAEP_SHA_256 = "RSAES_OAEP_SHA_256"
    SM2PKE = "SM2PKE"


EncryptionAlgorithmSpecLike: TypeAlias = (
    EncryptionAlgorithmSpec
    | Literal["SYMMETRIC_DEFAULT", "RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256", "SM2PKE"]
    | str
)
"""A member of `EncryptionAlgorithmSpec`, its value, or a value that is newer than both."""


class SigningAlgorithmSpec(StrEnum):
    """How a key signs."""

    RSASSA_PSS_SHA_256 = "RSASSA_PSS_SHA_256"
    RSASSA_PSS_SHA_384 = "RSASSA_PSS_SHA_384"
    RSASSA_PSS_SHA_512 = "RSASSA_PSS_SHA_512"
    RSASSA_PKCS1_V1_5_SHA_256 = "RSASSA_PKCS1_V1_5_SHA_256"
    RSASSA_PKCS1_V1_5_SHA_384 = "RSASSA_PKCS1_V1_5_SHA_384"
    RSASSA_PKCS1_V1_5_SHA_512 = "RSASSA_PKCS1_V1_5_SHA_512"
    ECDSA_SHA_256 = "ECDSA_SHA_256"
    ECDSA_SHA_384 = "ECDSA_SHA_384"
    ECDSA_SHA_512 = "ECDSA_SHA_512"
    ED25519_SHA_512 = "ED25519_SHA_512"
    ED25519_PH_SHA_512 = "ED25519_PH_SHA_512"
    SM2DSA = "SM2DSA"
    ML_DSA_SHAKE_256 = "ML_DSA_SHAKE_256"


SigningAlgorithmSpecLike: TypeAlias = (
    SigningAlgorithmSpec
    | Literal[
        "RSASSA_PSS_SHA_256",
        "RSASSA_PSS_SHA_384",
        "RSASSA_PSS_SHA_512",
        "RSASSA_PKCS1_V1_5_SHA_256",
        "RSASSA_PKCS1_V1_5_SHA_384",
        "RSASSA_PKCS1_V1_5_SHA_512",
        "ECDSA_SHA_256",
        "ECDSA_SHA_384",
        "ECDSA_SHA_512",
        "ED25519_SHA_512",
        "ED25519_PH_SHA_512",
        "SM2DSA",
        "ML_DSA_SHAKE_256",
    ]
    | str
)
"""A member of `SigningAlgorithmSpec`, its value, or a value that is newer than both."""


class MacAlgorithmSpec(StrEnum):
    """How an HMAC key generates an HMAC."""

    HMAC_SHA_224 = "HMAC_SHA_224"
    HMAC_SHA_256 = "HMAC_SHA_256"
    HMAC_SHA_384 = "HMAC_SHA_384"
    HMAC_SHA_512 = "HMAC_SHA_512"


MacAlgorithmSpecLike: TypeAlias = (
    MacAlgorithmSpec | Literal["HMAC_SHA_224", "HMAC_SHA_256", "HMAC_SHA_384", "HMAC_SHA_512"] | str
)
"""A member of `MacAlgorithmSpec`, its value, or a value that is newer than both."""


class KeyAgreementAlgorithmSpec(StrEnum):
    """How a key agrees on a shared secret."""

    ECDH = "ECDH"


KeyAgreementAlgorithmSpecLike: TypeAlias = KeyAgreementAlgorithmSpec | Literal["ECDH"] | str
"""A member of `KeyAgreementAlgorithmSpec`, its value, or a value that is newer than both."""


class EncapsulationAlgorithmSpec(StrEnum):
    """How a key encapsulates a shared secret."""

    ML_KEM = "ML_KEM"


EncapsulationAlgorithmSpecLike: TypeAlias = EncapsulationAlgorithmSpec | Literal["ML_KEM"] | str
"""A member of `EncapsulationAlgorithmSpec`, its value, or a value that is newer than both."""
