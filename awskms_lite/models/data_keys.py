"""Keys and random bytes for use outside KMS: the models of their operations."""

from enum import StrEnum
from typing import Annotated, Literal, TypeAlias

from attrs import field, frozen

from ..errors import ParameterError
from .members import KMSResponse
from .recipients import RecipientInfo
from .requests import (
    Bounds,
    Ciphertext,
    CustomKeyStoreId,
    EncryptionContext,
    GrantTokens,
    KeyId,
    KeyMaterialId,
    KMSRequest,
    Plaintext,
    PublicKey,
)

NumberOfBytes: TypeAlias = Annotated[int, Bounds(1, 1024)]


class DataKeySpec(StrEnum):
    """The usual lengths of a data key: 32 bytes, and 16."""

    AES_256 = "AES_256"
    AES_128 = "AES_128"


DataKeySpecLike: TypeAlias = DataKeySpec | Literal["AES_256", "AES_128"] | str
"""A member of `DataKeySpec`, its value, or a value that is newer than both."""


class DataKeyPairSpec(StrEnum):
    """The spec of a data key pair. SM2 exists in the China regions only."""

    RSA_2048 = "RSA_2048"
    RSA_3072 = "RSA_3072"
    RSA_4096 = "RSA_4096"
    ECC_NIST_P256 = "ECC_NIST_P256"
    ECC_NIST_P384 = "ECC_NIST_P384"
    ECC_NIST_P521 = "ECC_NIST_P521"
    ECC_SECG_P256K1 = "ECC_SECG_P256K1"
    SM2 = "SM2"
    ECC_NIST_EDWARDS25519 = "ECC_NIST_EDWARDS25519"
    ML_KEM_512 = "ML_KEM_512"
    ML_KEM_768 = "ML_KEM_768"
    ML_KEM_1024 = "ML_KEM_1024"


DataKeyPairSpecLike: TypeAlias = (
    DataKeyPairSpec
    | Literal[
        "RSA_2048",
        "RSA_3072",
        "RSA_4096",
        "ECC_NIST_P256",
        "ECC_NIST_P384",
        "ECC_NIST_P521",
        "ECC_SECG_P256K1",
        "SM2",
        "ECC_NIST_EDWARDS25519",
        "ML_KEM_512",
        "ML_KEM_768",
        "ML_KEM_1024",
    ]
    | str
)
"""A member of `DataKeyPairSpec`, its value, or a value that is newer than both."""


def _check_one_length(key_spec: str | None, number_of_bytes: int | None) -> None:
    if (key_spec is None) == (number_of_bytes is None):
        given = "neither" if key_spec is None else "both"
        raise ParameterError(f"{given} of key_spec and number_of_bytes was passed: pass exactly one of them.")


@frozen(kw_only=True)
class GenerateDataKeyRequest(KMSRequest):
    """The symmetric key to encrypt a new data key under, and its length: by `key_spec` or by `number_of_bytes`."""

    key_id: KeyId
    encryption_context: EncryptionContext | None = field(default=None, hash=False)
    number_of_bytes: NumberOfBytes | None = None
    key_spec: DataKeySpec | str | None = None
    grant_tokens: GrantTokens | None = field(default=None, repr=False)
    recipient: RecipientInfo | None = None
    dry_run: bool | None = None

    def _check_combination(self) -> None:
        _check_one_length(self.key_spec, self.number_of_bytes)


@frozen(kw_only=True)
class GenerateDataKeyResponse(KMSResponse):
    """A data key: encrypted under the KMS key, and as plaintext. `key_id` is the ARN of the KMS key."""

    ciphertext_blob: Ciphertext
    plaintext: Plaintext = field(repr=False)
    key_id: KeyId
    key_material_id: KeyMaterialId | None = None


@frozen(kw_only=True)
class GenerateDataKeyForRecipientResponse(KMSResponse):
    """A data key: encrypted under the KMS key, and to the public key of an attested environment."""

    ciphertext_blob: Ciphertext
    ciphertext_for_recipient: Ciphertext
    key_id: KeyId


@frozen(kw_only=True)
class GenerateDataKeyWithoutPlaintextRequest(KMSRequest):
    """The symmetric key to encrypt a new data key under, and its length: by `key_spec` or by `number_of_bytes`."""

    key_id: KeyId
    encryption_context: EncryptionContext | None = field(default=None, hash=False)
    key_spec: DataKeySpec | str | None = None
    number_of_bytes: NumberOfBytes | None = None
    grant_tokens: GrantTokens | None = field(default=None, repr=False)
    dry_run: bool | None = None

    def _check_combination(self) -> None:
        _check_one_length(self.key_spec, self.number_of_bytes)


@frozen(kw_only=True)
class GenerateDataKeyWithoutPlaintextResponse(KMSResponse):
    """A data key, encrypted under the KMS key."""

    ciphertext_blob: Ciphertext
    key_id: KeyId
    key_material_id: KeyMaterialId | None = None


@frozen(kw_only=True)
class GenerateDataKeyPairRequest(KMSRequest):
    """The spec of a new key pair, and the symmetric key to encrypt its private key under."""

    key_id: KeyId
    key_pair_spec: DataKeyPairSpec | str
    encryption_context: EncryptionContext | None = field(default=None, hash=False)
    grant_tokens: GrantTokens | None = field(default=None, repr=False)
    recipient: RecipientInfo | None = None
    dry_run: bool | None = None


@frozen(kw_only=True)
class GenerateDataKeyPairResponse(KMSResponse):
    """A key pair: the public key (DER, RFC 5280), and the private key, encrypted and plain (DER, PKCS #8)."""

    private_key_ciphertext_blob: Ciphertext
    private_key_plaintext: Plaintext = field(repr=False)
    public_key: PublicKey
    key_id: KeyId
    key_pair_spec: DataKeyPairSpec | str
    key_material_id: KeyMaterialId | None = None


@frozen(kw_only=True)
class GenerateDataKeyPairForRecipientResponse(KMSResponse):
    """A key pair whose private key is encrypted under the KMS key, and to an attested environment's public key."""

    private_key_ciphertext_blob: Ciphertext
    public_key: PublicKey
    key_id: KeyId
    key_pair_spec: DataKeyPairSpec | str
    ciphertext_for_recipient: Ciphertext
    key_material_id: KeyMaterialId | None = None


@frozen(kw_only=True)
class GenerateDataKeyPairWithoutPlaintextRequest(KMSRequest):
    """The spec of a new key pair, and the symmetric key to encrypt its private key under."""

    key_id: KeyId
    key_pair_spec: DataKeyPairSpec | str
    encryption_context: EncryptionContext | None = field(default=None, hash=False)
    grant_tokens: GrantTokens | None = field(default=None, repr=False)
    dry_run: bool | None = None


@frozen(kw_only=True)
class GenerateDataKeyPairWithoutPlaintextResponse(KMSResponse):
    """A key pair: the public key (DER, RFC 5280), and the private key, encrypted under the KMS key."""

    private_key_ciphertext_blob: Ciphertext
    public_key: PublicKey
    key_id: KeyId
    key_pair_spec: DataKeyPairSpec | str
    key_material_id: KeyMaterialId | None = None


@frozen(kw_only=True)
class GenerateRandomRequest(KMSRequest):
    """How many random bytes; with `custom_key_store_id` its CloudHSM cluster generates them."""

    number_of_bytes: NumberOfBytes | None = None
    custom_key_store_id: CustomKeyStoreId | None = None
    recipient: RecipientInfo | None = None


@frozen(kw_only=True)
class GenerateRandomResponse(KMSResponse):
    """Random bytes."""

    plaintext: Plaintext = field(repr=False)


@frozen(kw_only=True)
class GenerateRandomForRecipientResponse(KMSResponse):
    """Random bytes, encrypted to the public key of the attested environment that asked for them."""

    ciphertext_for_recipient: Ciphertext
