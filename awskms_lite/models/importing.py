"""Import of key material that was generated outside KMS: the models of its operations."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal, TypeAlias

from attrs import field, frozen

from .members import KMSResponse
from .requests import (
    Bounds,
    Ciphertext,
    KeyId,
    KeyIdOrArn,
    KeyMaterialDescription,
    KeyMaterialId,
    KMSRequest,
    Plaintext,
)
from .specs import ExpirationModelType


class AlgorithmSpec(StrEnum):
    """How key material is wrapped for the import.

    The two RSA_AES algorithms wrap it in an AES key, and that in the public key: private RSA keys need them.
    SM2PKE exists in the China regions only.
    """

    RSAES_PKCS1_V1_5 = "RSAES_PKCS1_V1_5"
    """KMS has not accepted it since October 2023."""
    RSAES_OAEP_SHA_1 = "RSAES_OAEP_SHA_1"
    RSAES_OAEP_SHA_256 = "RSAES_OAEP_SHA_256"
    RSA_AES_KEY_WRAP_SHA_1 = "RSA_AES_KEY_WRAP_SHA_1"
    RSA_AES_KEY_WRAP_SHA_256 = "RSA_AES_KEY_WRAP_SHA_256"
    SM2PKE = "SM2PKE"


AlgorithmSpecLike: TypeAlias = (
    AlgorithmSpec
    | Literal[
        "RSAES_PKCS1_V1_5",
        "RSAES_OAEP_SHA_1",
        "RSAES_OAEP_SHA_256",
        "RSA_AES_KEY_WRAP_SHA_1",
        "RSA_AES_KEY_WRAP_SHA_256",
        "SM2PKE",
    ]
    | str
)
"""A member of `AlgorithmSpec`, its value, or a value that is newer than both."""


class WrappingKeySpec(StrEnum):
    """The spec of the public key that wraps key material for the import."""

    RSA_2048 = "RSA_2048"
    RSA_3072 = "RSA_3072"
    RSA_4096 = "RSA_4096"
    SM2 = "SM2"


WrappingKeySpecLike: TypeAlias = WrappingKeySpec | Literal["RSA_2048", "RSA_3072", "RSA_4096", "SM2"] | str
"""A member of `WrappingKeySpec`, its value, or a value that is newer than both."""


class ImportType(StrEnum):
    """Whether a key had the material before."""

    NEW_KEY_MATERIAL = "NEW_KEY_MATERIAL"
    EXISTING_KEY_MATERIAL = "EXISTING_KEY_MATERIAL"


ImportTypeLike: TypeAlias = ImportType | Literal["NEW_KEY_MATERIAL", "EXISTING_KEY_MATERIAL"] | str
"""A member of `ImportType`, its value, or a value that is newer than both."""


@frozen(kw_only=True)
class GetParametersForImportRequest(KMSRequest):
    """The key of origin EXTERNAL to import into, and how the material will be wrapped."""

    key_id: KeyIdOrArn
    wrapping_algorithm: AlgorithmSpec | str
    wrapping_key_spec: WrappingKeySpec | str


@frozen(kw_only=True)
class GetParametersForImportResponse(KMSResponse):
    """The public key (DER) to wrap material with, and the token to send with it; both are valid for 24 hours."""

    key_id: KeyId
    import_token: Ciphertext = field(repr=False)
    public_key: Plaintext = field(repr=False)
    parameters_valid_to: datetime


@frozen(kw_only=True)
class ImportKeyMaterialRequest(KMSRequest):
    """Wrapped material for a key, the token that came with the wrapping key, and when the material expires.

    If `expiration_model` is None the material expires, and `valid_to` is required, 365 days from now at most.
    """

    key_id: KeyIdOrArn
    import_token: Ciphertext = field(repr=False)
    encrypted_key_material: Ciphertext
    valid_to: datetime | None = None
    expiration_model: ExpirationModelType | str | None = None
    import_type: ImportType | str | None = None
    key_material_description: KeyMaterialDescription | None = None
    key_material_id: KeyMaterialId | None = None


@frozen(kw_only=True)
class ImportKeyMaterialResponse(KMSResponse):
    """The ARN of the key, and the id of the material."""

    key_id: KeyId | None = None
    key_material_id: KeyMaterialId | None = None


@frozen(kw_only=True)
class DeleteImportedKeyMaterialRequest(KMSRequest):
    """The key, and which of its imported materials to delete, the current one if None."""

    key_id: KeyIdOrArn
    key_material_id: KeyMaterialId | None = None


@frozen(kw_only=True)
class DeleteImportedKeyMaterialResponse(KMSResponse):
    """The ARN of the key, and the material that was deleted; its id may be empty."""

    key_id: KeyId | None = None
    key_material_id: Annotated[str, Bounds(0, 64)] | None = None
