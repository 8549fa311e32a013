"""Keys and random bytes for use outside KMS: the models of their operations."""

from enum import StrEnum
from typing import Annotated, TypeAlias

from attrs import field, frozen

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


class DataKeyPairSpec(StrEnum):
    """The kind of a data key pair. SM2 is of the China regions."""

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


@frozen(kw_only=True)
class GenerateDataKeyRequest(KMSRequest):
    """The symmetric key to encrypt a new data key under, and its length: by `key_spec` or by `number_of_bytes`."""

    key_id: KeyId
    encryption_context: EncryptionContext | None = None
    number_of_bytes: NumberOfBytes | None = None
    key_spec: DataKeySpec | str | None = None
    grant_tokens: GrantTokens | None = field(default=None, repr=False)
    recipient: RecipientInfo | None = None
    dry_run: bool | None = None


@frozen(kw_only=True)
class GenerateDataKeyResponse(KMSResponse):
    """A data key, encrypted and in plain.

    For an attested environment `ciphertext_for_recipient` stands for the plain one.
    """

    ciphertext_blob: Ciphertext | None = None
    plaintext: Plaintext | None = field(default=None, repr=False)
    key_id: KeyId | None = None
    ciphertext_for_recipient: Ciphertext | None = None
    key_material_id: KeyMaterialId | None = None


@frozen(kw_only=True)
class GenerateDataKeyWithoutPlaintextRequest(KMSRequest):
    """The symmetric key to encrypt a new data key under, and its length: by `key_spec` or by `number_of_bytes`."""

    key_id: KeyId
    encryption_context: EncryptionContext | None = None
    key_spec: DataKeySpec | str | None = None
    number_of_bytes: NumberOfBytes | None = None
    grant_tokens: GrantTokens | None = field(default=None, repr=False)
    dry_run: bool | None = None


@frozen(kw_only=True)
class GenerateDataKeyWithoutPlaintextResponse(KMSResponse):
    """A data key that nobody has seen yet."""

    ciphertext_blob: Ciphertext | None = None
    key_id: KeyId | None = None
    key_material_id: KeyMaterialId | None = None


@frozen(kw_only=True)
class GenerateDataKeyPairRequest(KMSRequest):
    """The kind of a new key pair, and the symmetric key to encrypt its private half under."""

    key_id: KeyId
    key_pair_spec: DataKeyPairSpec | str
    encryption_context: EncryptionContext | None = None
    grant_tokens: GrantTokens | None = field(default=None, repr=False)
    recipient: RecipientInfo | None = None
    dry_run: bool | None = None


@frozen(kw_only=True)
class GenerateDataKeyPairResponse(KMSResponse):
    """A key pair: the public half (DER, RFC 5280), and the private one encrypted and in plain (DER, PKCS #8).

    For an attested environment `ciphertext_for_recipient` stands for the plain private key.
    """

    private_key_ciphertext_blob: Ciphertext | None = None
    private_key_plaintext: Plaintext | None = field(default=None, repr=False)
    public_key: PublicKey | None = None
    key_id: KeyId | None = None
    key_pair_spec: DataKeyPairSpec | str | None = None
    ciphertext_for_recipient: Ciphertext | None = None
    key_material_id: KeyMaterialId | None = None


@frozen(kw_only=True)
class GenerateDataKeyPairWithoutPlaintextRequest(KMSRequest):
    """The kind of a new key pair, and the symmetric key to encrypt its private half under."""

    key_id: KeyId
    key_pair_spec: DataKeyPairSpec | str
    encryption_context: EncryptionContext | None = None
    grant_tokens: GrantTokens | None = field(default=None, repr=False)
    dry_run: bool | None = None


@frozen(kw_only=True)
class GenerateDataKeyPairWithoutPlaintextResponse(KMSResponse):
    """A key pair: the public half (DER, RFC 5280), and the private one, encrypted, that nobody has seen yet."""

    private_key_ciphertext_blob: Ciphertext | None = None
    public_key: PublicKey | None = None
    key_id: KeyId | None = None
    key_pair_spec: DataKeyPairSpec | str | None = None
    key_material_id: KeyMaterialId | None = None


@frozen(kw_only=True)
class GenerateRandomRequest(KMSRequest):
    """How many random bytes; `custom_key_store_id` has them made in its CloudHSM cluster."""

    number_of_bytes: NumberOfBytes | None = None
    custom_key_store_id: CustomKeyStoreId | None = None
    recipient: RecipientInfo | None = None


@frozen(kw_only=True)
class GenerateRandomResponse(KMSResponse):
    """Random bytes, or, for an attested environment, `ciphertext_for_recipient` in their place."""

    plaintext: Plaintext | None = field(default=None, repr=False)
    ciphertext_for_recipient: Ciphertext | None = None
