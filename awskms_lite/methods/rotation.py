"""The methods for rotation of key material."""

from __future__ import annotations

from datetime import timedelta

from .. import models
from ..loading import loading
from .binding import Invocation, Methods, Pages, listing, operation


class RotationMethods(Methods):
    """Rotation of key material, automatic or on demand; old material still decrypts what it encrypted."""

    @operation
    def enable_key_rotation(
        self, key_id: str, *, rotation_period_in_days: int | None = None, timeout: float | timedelta | None = None
    ) -> Invocation[models.KMSResponse]:
        """Enable automatic rotation of a key, every 90 to 2560 days, 365 if `rotation_period_in_days` is None.

        `key_id` is a key id or a key ARN of this account and region: of a customer managed key for symmetric
        encryption with material from KMS, and of a multi-Region set the primary. A key that rotates already gets
        the new period.

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
    def disable_key_rotation(
        self, key_id: str, *, timeout: float | timedelta | None = None
    ) -> Invocation[models.KMSResponse]:
        """Disable automatic rotation of a key; it can still be rotated on demand.

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
        self, key_id: str, *, timeout: float | timedelta | None = None
    ) -> Invocation[models.GetKeyRotationStatusResponse]:
        """Return whether, how often and when next a key rotates automatically, and whether it is rotating now.

        `key_id` is a key id or a key ARN, the ARN for a key of another account. A disabled key keeps its status
        and does not rotate; it catches up when it is enabled. A key whose deletion is scheduled has rotation
        disabled. AWS managed keys rotate every year.

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
        include_key_material: models.IncludeKeyMaterialLike | None = None,
        limit: int | None = None,
        marker: str | None = None,
        timeout: float | timedelta | None = None,
    ) -> Invocation[models.ListKeyRotationsResponse]:
        """Return a page of a key's rotations, each with its new key material.

        `key_id` is a key id or a key ARN of this account and region. With `include_key_material`
        "ALL_KEY_MATERIAL" the first material is included, and imported material in PENDING_ROTATION.
        `limit` bounds the page: KMS takes 1 to 1000, and returns 100 if it is None. If the page is
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
        include_key_material: models.IncludeKeyMaterialLike | None = None,
        page_size: int | None = None,
        max_items: int | None = None,
        marker: str | None = None,
        timeout: float | timedelta | None = None,
    ) -> Pages[models.RotationsListEntry]:
        """Return an iterator over all that `list_key_rotations` lists, page by page.

        `page_size` bounds the items of a page, as `limit` of `list_key_rotations` does, and `max_items` the items
        of the iterator, which then asks for no further page. `timeout` is for each page. `marker` is where to
        begin: the `marker` of an iterator that was not used up, which leads to the page in hand.
        """
        with loading:
            from ..operations.rotation import LIST_KEY_ROTATIONS

        return self._pages(
            LIST_KEY_ROTATIONS,
            timeout,
            key_id=key_id,
            include_key_material=include_key_material,
            page_size=page_size,
            max_items=max_items,
            marker=marker,
        )

    @operation
    def rotate_key_on_demand(
        self, key_id: str, *, timeout: float | timedelta | None = None
    ) -> Invocation[models.RotateKeyOnDemandResponse]:
        """Start to rotate a key now, at most 25 times in a key's life; automatic rotations are not rescheduled.

        `key_id` is a key id or a key ARN of this account and region: of a customer managed key for symmetric
        encryption, and of a multi-Region set the primary. A key of origin EXTERNAL rotates to material that was
        imported for it before. `get_key_rotation_status` shows it while it is in progress. A call whose answer is
        lost is not sent again: it could rotate the key twice.

        Permission: `kms:RotateKeyOnDemand`, in the key's policy.

        Raises `ConflictException` (an automatic rotation is in progress, or is due within 20 minutes),
        `DependencyTimeoutException`, `DisabledException`, `InvalidArnException`, `KMSInternalException`,
        `KMSInvalidStateException`, `LimitExceededException`, `NotFoundException`,
        `UnsupportedOperationException`.
        """
        with loading:
            from ..operations.rotation import ROTATE_KEY_ON_DEMAND

        return self._call(ROTATE_KEY_ON_DEMAND, timeout, key_id=key_id)
