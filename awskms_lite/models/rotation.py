"""Rotation of key material, by the calendar and on demand: the models of its operations."""

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
    """The first one too, and imported ones that wait for their rotation."""
    ROTATIONS_ONLY = "ROTATIONS_ONLY"


IncludeKeyMaterialLike: TypeAlias = IncludeKeyMaterial | Literal["ALL_KEY_MATERIAL", "ROTATIONS_ONLY"] | str
"""A member of `IncludeKeyMaterial`, its value, or a value that is newer than both."""


class ImportState(StrEnum):
    """Whether imported material is there, or has expired or been deleted."""

    IMPORTED = "IMPORTED"
    PENDING_IMPORT = "PENDING_IMPORT"


class KeyMaterialState(StrEnum):
    """What a key does with one of its materials."""

    NON_CURRENT = "NON_CURRENT"
    """It decrypts what it encrypted in its time."""
    CURRENT = "CURRENT"
    """It encrypts and decrypts."""
    PENDING_ROTATION = "PENDING_ROTATION"
    """It is imported, and becomes the current one with the next rotation on demand."""
    PENDING_MULTI_REGION_IMPORT_AND_ROTATION = "PENDING_MULTI_REGION_IMPORT_AND_ROTATION"
    """It is imported into the primary key, and not yet into all of its replicas."""


class RotationType(StrEnum):
    """Whether a rotation was planned or asked for."""

    AUTOMATIC = "AUTOMATIC"
    ON_DEMAND = "ON_DEMAND"


@frozen(kw_only=True)
class EnableKeyRotationRequest(KMSRequest):
    """The key that shall rotate by itself, and every how many days: 90 to 2560, 365 where None."""

    key_id: KeyIdOrArn
    rotation_period_in_days: RotationPeriodInDays | None = None


@frozen(kw_only=True)
class DisableKeyRotationRequest(KMSRequest):
    """The key that shall rotate by itself no more."""

    key_id: KeyIdOrArn


@frozen(kw_only=True)
class GetKeyRotationStatusRequest(KMSRequest):
    """The key whose plan of rotations is asked for."""

    key_id: KeyIdOrArn


@frozen(kw_only=True)
class GetKeyRotationStatusResponse(KMSResponse):
    """Whether, how often (days) and when next a key rotates by itself.

    `on_demand_rotation_start_date` is there while a rotation on demand goes on.
    """

    key_rotation_enabled: bool
    key_id: KeyId | None = None
    rotation_period_in_days: RotationPeriodInDays | None = None
    next_rotation_date: datetime | None = None
    on_demand_rotation_start_date: datetime | None = None


@frozen(kw_only=True)
class ListKeyRotationsRequest(KMSRequest):
    """The key whose materials are asked for, and which; `limit` is for one page."""

    key_id: KeyIdOrArn
    include_key_material: IncludeKeyMaterial | str | None = None
    limit: Limit | None = None
    marker: Marker | None = None


@frozen(kw_only=True)
class RotationsListEntry:
    """A material of a key, and the rotation that brought it.

    The first material of a key, and one that waits for its rotation, have neither date nor type. Description,
    import state, expiration model and `valid_to` are those of imported material.
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
    """A page of a key's materials; where `truncated`, the next page begins at `next_marker`."""

    rotations: tuple[RotationsListEntry, ...] = ()
    next_marker: Marker | None = None
    truncated: bool = False


@frozen(kw_only=True)
class RotateKeyOnDemandRequest(KMSRequest):
    """The key that shall rotate now."""

    key_id: KeyIdOrArn


@frozen(kw_only=True)
class RotateKeyOnDemandResponse(KMSResponse):
    """The key whose rotation has begun."""

    key_id: KeyId
