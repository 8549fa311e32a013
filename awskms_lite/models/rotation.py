"""Rotation of key material, automatic and on demand: the models of its operations."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal, TypeAlias

from attrs import frozen

from .members import KMSResponse
from .requests import Bounds, KeyId, KeyIdOrArn, KeyMaterialDescription, KeyMaterialId, KMSRequest, Limit, Marker
from .specs import ExpirationModelType

RotationPeriodInDays: TypeAlias = Annotated[int, Bounds(90, 2560)]


class IncludeKeyMaterial(StrEnum):
    """Which of a key's materials to list."""

    ALL_KEY_MATERIAL = "ALL_KEY_MATERIAL"
    """The first material too, and imported material in PENDING_ROTATION."""
    ROTATIONS_ONLY = "ROTATIONS_ONLY"


IncludeKeyMaterialLike: TypeAlias = IncludeKeyMaterial | Literal["ALL_KEY_MATERIAL", "ROTATIONS_ONLY"] | str
"""A member of `IncludeKeyMaterial`, its value, or a value that is newer than both."""


class ImportState(StrEnum):
    """Whether imported material is present, or has expired or been deleted."""

    IMPORTED = "IMPORTED"
    PENDING_IMPORT = "PENDING_IMPORT"


class KeyMaterialState(StrEnum):
    """How a key uses one of its materials."""

    NON_CURRENT = "NON_CURRENT"
    """It decrypts what it encrypted while it was current."""
    CURRENT = "CURRENT"
    """It encrypts and decrypts."""
    PENDING_ROTATION = "PENDING_ROTATION"
    """It is imported, and becomes current with the next rotation on demand."""
    PENDING_MULTI_REGION_IMPORT_AND_ROTATION = "PENDING_MULTI_REGION_IMPORT_AND_ROTATION"
    """It is imported into the primary key, and not yet into all of its replicas."""


class RotationType(StrEnum):
    """Whether a rotation was automatic or requested."""

    AUTOMATIC = "AUTOMATIC"
    ON_DEMAND = "ON_DEMAND"


@frozen(kw_only=True)
class EnableKeyRotationRequest(KMSRequest):
    """The key to rotate automatically, and the period in days: 90 to 2560, 365 if None."""

    key_id: KeyIdOrArn
    rotation_period_in_days: RotationPeriodInDays | None = None


@frozen(kw_only=True)
class DisableKeyRotationRequest(KMSRequest):
    """The key to stop rotating automatically."""

    key_id: KeyIdOrArn


@frozen(kw_only=True)
class GetKeyRotationStatusRequest(KMSRequest):
    """The key whose rotation status to return."""

    key_id: KeyIdOrArn


@frozen(kw_only=True)
class GetKeyRotationStatusResponse(KMSResponse):
    """Whether, how often (days) and when next a key rotates automatically.

    `on_demand_rotation_start_date` is present while a rotation on demand is in progress.
    """

    key_rotation_enabled: bool
    key_id: KeyId | None = None
    rotation_period_in_days: RotationPeriodInDays | None = None
    next_rotation_date: datetime | None = None
    on_demand_rotation_start_date: datetime | None = None


@frozen(kw_only=True)
class ListKeyRotationsRequest(KMSRequest):
    """The key whose materials to list, and which of them; `limit` bounds the page."""

    key_id: KeyIdOrArn
    include_key_material: IncludeKeyMaterial | str | None = None
    limit: Limit | None = None
    marker: Marker | None = None


@frozen(kw_only=True)
class RotationsListEntry:
    """A material of a key, and the rotation to it.

    The first material of a key, and one in PENDING_ROTATION, have neither date nor type. Description, import
    state, expiration model and `valid_to` are present for imported material only.
    """

    key_id: KeyId
    key_material_id: KeyMaterialId | None = None
    key_material_description: KeyMaterialDescription | None = None
    import_state: ImportState | str | None = None
    key_material_state: KeyMaterialState | str | None = None
    expiration_model: ExpirationModelType | str | None = None
    valid_to: datetime | None = None
    rotation_date: datetime | None = None
    rotation_type: RotationType | str | None = None


@frozen(kw_only=True)
class ListKeyRotationsResponse(KMSResponse):
    """A page of a key's materials; if `truncated`, `next_marker` is the `marker` of the next page."""

    rotations: tuple[RotationsListEntry, ...] = ()
    next_marker: Marker | None = None
    truncated: bool = False


@frozen(kw_only=True)
class RotateKeyOnDemandRequest(KMSRequest):
    """The key to rotate now."""

    key_id: KeyIdOrArn


@frozen(kw_only=True)
class RotateKeyOnDemandResponse(KMSResponse):
    """The key whose rotation has started."""

    key_id: KeyId
