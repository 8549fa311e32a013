"""The methods about import of key material."""

from __future__ import annotations

from datetime import datetime

from .. import models
from ..loading import loading
from .binding import Invocation, Methods, operation


class ImportMethods(Methods):
    """Key material that was made elsewhere, for keys of origin EXTERNAL."""

    @operation
    def get_parameters_for_import(
        self,
        key_id: str,
        *,
        wrapping_algorithm: models.AlgorithmSpec | str,
        wrapping_key_spec: models.WrappingKeySpec | str,
        timeout: float | None = None,
    ) -> Invocation[models.GetParametersForImportResponse]:
        """Give a public key to wrap key material with, and the token to send with it: the first step of an import.

        `key_id` is a key id or a key ARN of this account and region. Key and token belong together, are for
        this key alone, and are good for 24 hours. Take the longest wrapping key there is; a private RSA key
        needs one of the RSA_AES algorithms, and so does one of ECC_NIST_P521 with RSA_2048.

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
        import_token: bytes,
        encrypted_key_material: bytes,
        valid_to: datetime | None = None,
        expiration_model: models.ExpirationModelType | str | None = None,
        import_type: models.ImportType | str | None = None,
        key_material_description: str | None = None,
        key_material_id: str | None = None,
        timeout: float | None = None,
    ) -> Invocation[models.ImportKeyMaterialResponse]:
        """Give a key its material, or give it back, wrapped as `get_parameters_for_import` has it.

        `key_id` is a key id or a key ARN of this account and region; a key gets its first material once, and
        takes none but that again. Only a key for symmetric encryption takes further ones, to rotate to: for it
        `import_type` tells new material from material it had, `key_material_id` which, and the description
        (256 characters at most) is for people. Of a multi-Region set the primary comes first.

        Unless `expiration_model` is "KEY_MATERIAL_DOES_NOT_EXPIRE", KMS deletes the material at `valid_to`, an
        aware datetime 365 days from now at most, and the key is of no use until it is imported again: keep
        the material. A call whose answer is lost is not sent again where the material is said to be new: the
        second would be told that it is not.

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
        self, key_id: str, *, key_material_id: str | None = None, timeout: float | None = None
    ) -> Invocation[models.DeleteImportedKeyMaterialResponse]:
        """Delete imported material of a key, the current one where none is named.

        `key_id` is a key id or a key ARN of this account and region. From now on the key is of no use, and what
        it encrypted cannot be read, until the same material is imported again. The other keys of a multi-Region
        set keep theirs; only material that still waits for its rotation goes from the replicas with the
        primary's. A call whose answer is lost is not sent again.

        Permission: `kms:DeleteImportedKeyMaterial`, in the key's policy.

        Raises `DependencyTimeoutException`, `InvalidArnException`, `KMSInternalException`,
        `KMSInvalidStateException`, `NotFoundException`, `UnsupportedOperationException`.
        """
        with loading:
            from ..operations.importing import DELETE_IMPORTED_KEY_MATERIAL

        return self._call(DELETE_IMPORTED_KEY_MATERIAL, timeout, key_id=key_id, key_material_id=key_material_id)
