"""Replicas of multi-Region keys: the models of their operations."""

from collections.abc import Sequence

from attrs import field, frozen

from .keys import Description, KeyMetadata, Region
from .members import KMSResponse
from .requests import KeyIdOrArn, KMSRequest, Policy, policy_text
from .tags import Tag, tags_of


@frozen(kw_only=True)
class ReplicateKeyRequest(KMSRequest):
    """A multi-Region primary key, and its new replica in another region of the partition."""

    key_id: KeyIdOrArn
    replica_region: Region
    policy: Policy | None = field(default=None, converter=policy_text)
    bypass_policy_lockout_safety_check: bool | None = None
    description: Description | None = None
    tags: Sequence[Tag] | None = field(default=None, converter=tags_of)


@frozen(kw_only=True)
class ReplicateKeyResponse(KMSResponse):
    """The metadata, the policy and the tags of the new replica."""

    replica_key_metadata: KeyMetadata
    replica_policy: Policy | None = None
    replica_tags: tuple[Tag, ...] = ()


@frozen(kw_only=True)
class UpdatePrimaryRegionRequest(KMSRequest):
    """The current multi-Region primary key, and the region whose replica becomes the primary."""

    key_id: KeyIdOrArn
    primary_region: Region
