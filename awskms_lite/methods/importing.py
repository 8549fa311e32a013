"""The methods for import of key material."""

from __future__ import annotations

from datetime import datetime, timedelta

from .. import models
from ..loading import loading
from .binding import Invocation, Methods, operation


class ImportMethods(Methods):
    """Import of key material that was generated outside KMS, for keys of origin EXTERNAL."""

    @operation
    def get_parameters_for_import(
        self,
        key_id: str,
        *,
        wrapping_algorithm: models.AlgorithmSpecLike,
        wrapping_key_spec: models.WrappingKeySpecLike,
        timeout: float | timedelta | None = None,
    ) -> Invocation[models.GetParametersForImportResponse]:
        """Return a public key to wrap key material with, and a token to send with it: the first step of an import.

        `key_id` is a key id or a key ARN of this account and region. The wrapping key and the token belong
        together, are for this key alone, and are valid for 24 hours. Use the longest wrapping key; a private RSA
        key needs one of the RSA_AES algorithms, and so does one of ECC_NIST_P521 with RSA_2048.

        Permission: `kms:GetParametersForImport`, in the key's policy.

        Raises `DependencyTimeoutException`, `InvalidArnException`, `KMSInternalException`,
        `KMSInvalidStateException`, `NotFoundException`, `UnsupportedOperationException`.
        """
        with loading:
            from ..operations.importing import GET_PARAMETERS_FOR_IMPORT

        return self._call(
            GET_PARAMETERS_FOR_IMPORT,
            timeout,
            key_id=key_id,
            wrapping_algorithm=wrapping_algorithm,
            wrapping_key_spec=wrapping_key_spec,
        )

    @operation
    def import_key_material(
        self,
        key_id: str,
        *,
        import_token: models.BytesLike,
        encrypted_key_material: models.BytesLike,
        valid_to: datetime | None = None,
        expiration_model: models.ExpirationModelTypeLike | None = None,
        import_type: models.ImportTypeLike | None = None,
        key_material_description: str | None = None,
        key_material_id: str | None = None,
        timeout: float | timedelta | None = None,
    ) -> Invocation[models.ImportKeyMaterialResponse]:
        """Import key material, wrapped with the key of `get_parameters_for_import`, for the first time or again.

        `key_id` is a key id or a key ARN of this account and region; after its first material a key takes only the
        same material again. Only a key for symmetric encryption takes other material, to rotate to: `import_type`
        is whether it is new or existing material, `key_material_id` which existing one, and the description (256
        characters at most) is for people. For a multi-Region set, import into the primary first.

        Unless `expiration_model` is "KEY_MATERIAL_DOES_NOT_EXPIRE", KMS deletes the material at `valid_to`, an
        aware datetime 365 days from now at most, and the key cannot be used until it is imported again: keep the
        material. A call whose answer is lost is not sent again for NEW_KEY_MATERIAL: the second would find that it
        is no longer new.

        Permission: `kms:ImportKeyMaterial`, in the key's policy.

        Raises `DependencyTimeoutException`, `ExpiredImportTokenException`, `IncorrectKeyMaterialException`,
        `InvalidArnException`, `InvalidCiphertextException`, `InvalidImportTokenException`,
        `KMSInternalException`, `KMSInvalidStateException`, `NotFoundException`,
        `UnsupportedOperationException`.
        """
        with loading:
            from ..operations.importing import IMPORT_KEY_MATERIAL

        return self._call(
            IMPORT_KEY_MATERIAL,
            timeout,
            key_id=key_id,
            import_token=import_token,
            encrypted_key_material=encrypted_key_material,
            valid_to=valid_to,
            expiration_model=expiration_model,
            import_type=import_type,
            key_material_description=key_material_description,
            key_material_id=key_material_id,
        )

    @operation
    def delete_imported_key_material(
        self, key_id: str, *, key_material_id: str | None = None, timeout: float | timedelta | None = None
    ) -> Invocation[models.DeleteImportedKeyMaterialResponse]:
        """Delete imported material of a key, the current one if `key_material_id` is None.

        `key_id` is a key id or a key ARN of this account and region. It takes effect at once: the key cannot be
        used, and what it encrypted cannot be decrypted, until the same material is imported again. The other keys
        of a multi-Region set keep theirs; only material in PENDING_ROTATION is deleted from the replicas together
        with the primary's. A call whose answer is lost is not sent again.

        Permission: `kms:DeleteImportedKeyMaterial`, in the key's policy.

        Raises `DependencyTimeoutException`, `InvalidArnException`, `KMSInternalException`,
        `KMSInvalidStateException`, `NotFoundException`, `UnsupportedOperationException`.
        """
        with loading:
            from ..operations.importing import DELETE_IMPORTED_KEY_MATERIAL

        return self._call(DELETE_IMPORTED_KEY_MATERIAL, timeout, key_id=key_id, key_material_id=key_material_id)
