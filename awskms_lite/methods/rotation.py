"""The methods about rotation of key material."""

from __future__ import annotations

from .. import models
from ..loading import loading
from .binding import Invocation, Methods, Pages, listing, operation


class RotationMethods(Methods):
    """New material for keys, by the calendar or now; what the old one encrypted, it still decrypts."""

    @operation
    def enable_key_rotation(
        self, key_id: str, *, rotation_period_in_days: int | None = None, timeout: float | None = None
    ) -> Invocation[models.KMSResponse]:
        """Have a key rotate by itself every 90 to 2560 days from now on, every 365 where nothing is said.

        `key_id` is a key id or a key ARN of this account and region: of a customer managed key for symmetric
        encryption whose material is KMS's own, and of a multi-Region set the primary. A key that rotates
        already gets the new period.

        Permission: `kms:EnableKeyRotation`, in the key's policy.

        Raises `DependencyTimeoutException`, `DisabledException`, `InvalidArnException`, `KMSInternalException`,
        `KMSInvalidStateException`, `NotFoundException`, `UnsupportedOperationException`.
        """
        with loading:
            from ..operations.rotation import ENABLE_KEY_ROTATION

        return self._call(
            ENABLE_KEY_ROTATION, timeout, key_id=key_id, rotation_period_in_days=rotation_period_in_days
        )

    @operation
    def disable_key_rotation(self, key_id: str, *, timeout: float | None = None) -> Invocation[models.KMSResponse]:
        """Have a key rotate by itself no more; it can still be rotated on demand.

        `key_id` is a key id or a key ARN of this account and region, as for `enable_key_rotation`.

        Permission: `kms:DisableKeyRotation`, in the key's policy.

        Raises `DependencyTimeoutException`, `DisabledException`, `InvalidArnException`, `KMSInternalException`,
        `KMSInvalidStateException`, `NotFoundException`, `UnsupportedOperationException`.
        """
        with loading:
            from ..operations.rotation import DISABLE_KEY_ROTATION

        return self._call(DISABLE_KEY_ROTATION, timeout, key_id=key_id)

    @operation
    def get_key_rotation_status(
        self, key_id: str, *, timeout: float | None = None
    ) -> Invocation[models.GetKeyRotationStatusResponse]:
        """Tell whether, how often and when next a key rotates by itself, and whether it rotates at this moment.

        `key_id` is a key id or a key ARN, the ARN for a key of another account. A disabled key keeps its status
        and does not rotate; it makes up for that when it is enabled. One whose deletion is scheduled has its
        rotation off. AWS's own keys rotate every year.

        Permission: `kms:GetKeyRotationStatus`, in the key's policy.

        Raises `DependencyTimeoutException`, `InvalidArnException`, `KMSInternalException`,
        `KMSInvalidStateException`, `NotFoundException`, `UnsupportedOperationException`.
        """
        with loading:
            from ..operations.rotation import GET_KEY_ROTATION_STATUS

        return self._call(GET_KEY_ROTATION_STATUS, timeout, key_id=key_id)

    @operation
    def list_key_rotations(
        self,
        key_id: str,
        *,
        include_key_material: models.IncludeKeyMaterial | str | None = None,
        limit: int | None = None,
        marker: str | None = None,
        timeout: float | None = None,
    ) -> Invocation[models.ListKeyRotationsResponse]:
        """Give a page of a key's rotations, each with the material that it brought.

        `key_id` is a key id or a key ARN of this account and region. With `include_key_material`
        "ALL_KEY_MATERIAL" the first material is among them, and imported material that waits for its rotation.
        `limit` bounds the page: KMS takes 1 to 1000, and gives 100 where it is None. Where the page is
        `truncated`, its `next_marker` is the `marker` of the next.

        Permission: `kms:ListKeyRotations`, in the key's policy.

        Raises `InvalidArnException`, `InvalidMarkerException`, `KMSInternalException`,
        `KMSInvalidStateException`, `NotFoundException`, `UnsupportedOperationException`.
        """
        with loading:
            from ..operations.rotation import LIST_KEY_ROTATIONS

        return self._call(
            LIST_KEY_ROTATIONS,
            timeout,
            key_id=key_id,
            include_key_material=include_key_material,
            limit=limit,
            marker=marker,
        )

    @listing
    def iter_list_key_rotations(
        self,
        key_id: str,
        *,
        include_key_material: models.IncludeKeyMaterial | str | None = None,
        limit: int | None = None,
        marker: str | None = None,
        timeout: float | None = None,
    ) -> Pages[models.RotationsListEntry]:
        """Go through all that `list_key_rotations` lists, page by page as they are needed.

        `limit` and `timeout` are for each page. `marker` is where to begin: that of a listing which was left, and
        which begins with the page in hand.
        """
        with loading:
            from ..operations.rotation import LIST_KEY_ROTATIONS

        return self._pages(
            LIST_KEY_ROTATIONS,
            timeout,
            key_id=key_id,
            include_key_material=include_key_material,
            limit=limit,
            marker=marker,
        )

    @operation
    def rotate_key_on_demand(
        self, key_id: str, *, timeout: float | None = None
    ) -> Invocation[models.RotateKeyOnDemandResponse]:
        """Begin to rotate a key now, which can be done 25 times in a key's life; planned rotations stay planned.

        `key_id` is a key id or a key ARN of this account and region: of a customer managed key for symmetric
        encryption, and of a multi-Region set the primary. A key of origin EXTERNAL rotates to material that was
        imported for it before. `get_key_rotation_status` tells as long as it goes on. A call whose answer is
        lost is not sent again: it could rotate the key twice.

        Permission: `kms:RotateKeyOnDemand`, in the key's policy.

        Raises `ConflictException` (a planned rotation goes on, or is due within 20 minutes),
        `DependencyTimeoutException`, `DisabledException`, `InvalidArnException`, `KMSInternalException`,
        `KMSInvalidStateException`, `LimitExceededException`, `NotFoundException`,
        `UnsupportedOperationException`.
        """
        with loading:
            from ..operations.rotation import ROTATE_KEY_ON_DEMAND

        return self._call(ROTATE_KEY_ON_DEMAND, timeout, key_id=key_id)
