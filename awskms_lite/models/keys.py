"""Keys and their lifecycle: the models of their operations."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal, TypeAlias

from attrs import field, frozen

from .members import KMSResponse
from .requests import (
    Arn,
    Bounds,
    CloudHsmClusterId,
    CustomKeyStoreId,
    GrantTokens,
    KeyId,
    KeyIdOrArn,
    KeyMaterialId,
    KMSRequest,
    Limit,
    Marker,
    Policy,
    policy_text,
)
from .specs import (
    CustomerMasterKeySpec,
    EncapsulationAlgorithmSpec,
    EncryptionAlgorithmSpec,
    ExpirationModelType,
    KeyAgreementAlgorithmSpec,
    KeySpec,
    KeyUsageType,
    MacAlgorithmSpec,
    OriginType,
    SigningAlgorithmSpec,
)
from .tags import Tag, tags_of

XksKeyId: TypeAlias = Annotated[str, Bounds(1, 128)]
Description: TypeAlias = Annotated[str, Bounds(0, 8192)]
Region: TypeAlias = Annotated[str, Bounds(1, 32)]


class KeyState(StrEnum):
    """The state of a key, which decides what can be done with it ("Key states" in the developer guide)."""

    CREATING = "Creating"
    ENABLED = "Enabled"
    DISABLED = "Disabled"
    PENDING_DELETION = "PendingDeletion"
    PENDING_IMPORT = "PendingImport"
    PENDING_REPLICA_DELETION = "PendingReplicaDeletion"
    """A multi-Region primary whose deletion is scheduled: its days start when its replicas are deleted."""
    UNAVAILABLE = "Unavailable"
    """The custom key store is not connected."""
    UPDATING = "Updating"


KeyStateLike: TypeAlias = (
    KeyState
    | Literal[
        "Creating",
        "Enabled",
        "Disabled",
        "PendingDeletion",
        "PendingImport",
        "PendingReplicaDeletion",
        "Unavailable",
        "Updating",
    ]
    | str
)
"""A member of `KeyState`, its value, or a value that is newer than both."""


class KeyManagerType(StrEnum):
    """Who manages a key: AWS on behalf of a service of its own, or the customer."""

    AWS = "AWS"
    CUSTOMER = "CUSTOMER"


class MultiRegionKeyType(StrEnum):
    """The role of a multi-Region key in its set."""

    PRIMARY = "PRIMARY"
    REPLICA = "REPLICA"


class ResourceOwnerType(StrEnum):
    """Whose keys: the caller's account's own, or those that others share with it (Resource Access Manager)."""

    SELF = "SELF"
    OTHER_ACCOUNTS_VIA_RAM = "OTHER_ACCOUNTS_VIA_RAM"


ResourceOwnerTypeLike: TypeAlias = ResourceOwnerType | Literal["SELF", "OTHER_ACCOUNTS_VIA_RAM"] | str
"""A member of `ResourceOwnerType`, its value, or a value that is newer than both."""


@frozen(kw_only=True)
class MultiRegionKey:
    """One key of a multi-Region set."""

    arn: Arn
    region: Region


@frozen(kw_only=True)
class MultiRegionConfiguration:
    """The set that a multi-Region key belongs to: the primary and all replicas, the key itself among them."""

    multi_region_key_type: MultiRegionKeyType | str
    primary_key: MultiRegionKey
    replica_keys: tuple[MultiRegionKey, ...] = ()


@frozen(kw_only=True)
class XksKeyConfigurationType:
    """The key in an external key manager that a KMS key stands for."""

    id: XksKeyId


@frozen(kw_only=True)
class KeyMetadata:
    """The metadata of a key: everything except its policy, tags, aliases, grants and material.

    What KMS always sends is required. `deletion_date` is present while deletion is scheduled,
    `pending_deletion_window_in_days` (days) for a multi-Region primary that still has replicas, `valid_to` if
    imported material expires. Of the lists of algorithms, the one of the key's usage is filled.
    """

    aws_account_id: str = field(metadata={"wire": "AWSAccountId"})
    key_id: KeyId
    arn: Arn
    creation_date: datetime
    enabled: bool
    description: Description
    key_usage: KeyUsageType | str | None = None
    key_state: KeyState | str
    deletion_date: datetime | None = None
    valid_to: datetime | None = None
    origin: OriginType | str
    custom_key_store_id: CustomKeyStoreId | None = None
    cloud_hsm_cluster_id: CloudHsmClusterId | None = None
    expiration_model: ExpirationModelType | str | None = None
    key_manager: KeyManagerType | str
    customer_master_key_spec: CustomerMasterKeySpec | str | None = None
    key_spec: KeySpec | str
    encryption_algorithms: tuple[EncryptionAlgorithmSpec | str, ...] = ()
    signing_algorithms: tuple[SigningAlgorithmSpec | str, ...] = ()
    key_agreement_algorithms: tuple[KeyAgreementAlgorithmSpec | str, ...] = ()
    encapsulation_algorithms: tuple[EncapsulationAlgorithmSpec | str, ...] = ()
    multi_region: bool = False
    multi_region_configuration: MultiRegionConfiguration | None = None
    pending_deletion_window_in_days: Annotated[int, Bounds(1, 365)] | None = None
    mac_algorithms: tuple[MacAlgorithmSpec | str, ...] = ()
    xks_key_configuration: XksKeyConfigurationType | None = None
    current_key_material_id: KeyMaterialId | None = None


@frozen(kw_only=True)
class CreateKeyRequest(KMSRequest):
    """A new key; the default is symmetric, for encryption, with material from KMS."""

    policy: Policy | None = field(default=None, converter=policy_text)
    description: Description | None = None
    key_usage: KeyUsageType | str | None = None
    customer_master_key_spec: CustomerMasterKeySpec | str | None = None
    key_spec: KeySpec | str | None = None
    origin: OriginType | str | None = None
    custom_key_store_id: CustomKeyStoreId | None = None
    bypass_policy_lockout_safety_check: bool | None = None
    tags: Sequence[Tag] | None = field(default=None, converter=tags_of)
    multi_region: bool | None = None
    xks_key_id: XksKeyId | None = None


@frozen(kw_only=True)
class CreateKeyResponse(KMSResponse):
    """The metadata of the new key."""

    key_metadata: KeyMetadata


@frozen(kw_only=True)
class DescribeKeyRequest(KMSRequest):
    """The key, by its id, its ARN, an alias or an alias ARN."""

    key_id: KeyId
    grant_tokens: GrantTokens | None = field(default=None, repr=False)


@frozen(kw_only=True)
class DescribeKeyResponse(KMSResponse):
    """The metadata of the key."""

    key_metadata: KeyMetadata


@frozen(kw_only=True)
class ListKeysRequest(KMSRequest):
    """Whose keys to list, the account's own if None; `limit` bounds the page."""

    limit: Limit | None = None
    marker: Marker | None = None
    resource_owners: Annotated[Sequence[ResourceOwnerType | str], Bounds(1, 2)] | None = None


@frozen(kw_only=True)
class KeyListEntry:
    """A key: its id, and its ARN, which names its account."""

    key_id: KeyId
    key_arn: Arn


@frozen(kw_only=True)
class ListKeysResponse(KMSResponse):
    """A page of keys; if `truncated`, `next_marker` is the `marker` of the next page."""

    keys: tuple[KeyListEntry, ...] = ()
    next_marker: Marker | None = None
    truncated: bool = False


@frozen(kw_only=True)
class UpdateKeyDescriptionRequest(KMSRequest):
    """The key, and its new description, which may be empty."""

    key_id: KeyIdOrArn
    description: Description


@frozen(kw_only=True)
class EnableKeyRequest(KMSRequest):
    """The key to enable."""

    key_id: KeyIdOrArn


@frozen(kw_only=True)
class DisableKeyRequest(KMSRequest):
    """The key to disable: it cannot be used until it is enabled."""

    key_id: KeyIdOrArn


@frozen(kw_only=True)
class ScheduleKeyDeletionRequest(KMSRequest):
    """The key to delete, and the waiting period in days: 7 to 30, 30 if None.

    The service model allows 1 to 365, but KMS refuses more or less (API reference, ScheduleKeyDeletion).
    """

    key_id: KeyIdOrArn
    pending_window_in_days: Annotated[int, Bounds(7, 30)] | None = None


@frozen(kw_only=True)
class ScheduleKeyDeletionResponse(KMSResponse):
    """When the key is deleted; a multi-Region primary that still has replicas has no `deletion_date` yet."""

    key_id: KeyId
    deletion_date: datetime | None = None
    key_state: KeyState | str | None = None
    pending_window_in_days: Annotated[int, Bounds(1, 365)] | None = None


@frozen(kw_only=True)
class CancelKeyDeletionRequest(KMSRequest):
    """The key whose scheduled deletion to cancel."""

    key_id: KeyIdOrArn


@frozen(kw_only=True)
class CancelKeyDeletionResponse(KMSResponse):
    """The ARN of the key, which is disabled now."""

    key_id: KeyId
