"""Tags of keys: the models of their operations."""

from collections.abc import Sequence
from typing import Annotated, TypeAlias

from attrs import frozen

from .members import KMSResponse
from .requests import Bounds, KeyId, KMSRequest, Limit, Marker

TagKey: TypeAlias = Annotated[str, Bounds(1, 128)]
TagValue: TypeAlias = Annotated[str, Bounds(0, 256)]


@frozen(kw_only=True)
class Tag:
    """A tag: its value may be empty. It is no place for secrets: tags show in logs and bills."""

    tag_key: TagKey
    tag_value: TagValue


@frozen(kw_only=True)
class TagResourceRequest(KMSRequest):
    """The tags that a key shall have beside those it has; one with the same key gets the new value."""

    key_id: KeyId
    tags: Sequence[Tag]


@frozen(kw_only=True)
class UntagResourceRequest(KMSRequest):
    """The keys of the tags to take from a key."""

    key_id: KeyId
    tag_keys: Sequence[TagKey]


@frozen(kw_only=True)
class ListResourceTagsRequest(KMSRequest):
    """The key whose tags are asked for; `limit` is for one page."""

    key_id: KeyId
    limit: Limit | None = None
    marker: Marker | None = None


@frozen(kw_only=True)
class ListResourceTagsResponse(KMSResponse):
    """A page of tags; where `truncated`, the next page begins at `next_marker`."""

    tags: tuple[Tag, ...] = ()
    next_marker: Marker | None = None
    truncated: bool | None = None
