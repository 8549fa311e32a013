"""Tags of keys: the models of their operations."""

from collections.abc import Mapping, Sequence
from typing import Annotated, TypeAlias, overload

from attrs import field, frozen

from .members import KMSResponse
from .requests import Bounds, KeyIdOrArn, KMSRequest, Limit, Marker

TagKey: TypeAlias = Annotated[str, Bounds(1, 128)]
TagValue: TypeAlias = Annotated[str, Bounds(0, 256)]


@frozen
class Tag:
    """A tag; its value may be empty. Do not put secrets in tags: they show in logs and bills."""

    tag_key: TagKey
    tag_value: TagValue


TagsLike: TypeAlias = Mapping[str, str] | Sequence[Tag]
"""Tags as a method takes them: a mapping of keys to values, or `Tag` objects."""


@overload
def tags_of(tags: TagsLike) -> Sequence[Tag]: ...
@overload
def tags_of(tags: None) -> None: ...
def tags_of(tags: TagsLike | None) -> Sequence[Tag] | None:
    """Return tags as `Tag` objects; what is no mapping is left to the request's own check."""
    if isinstance(tags, Mapping):
        return tuple(Tag(key, value) for key, value in tags.items())
    return tags


@frozen(kw_only=True)
class TagResourceRequest(KMSRequest):
    """The tags to add to a key; a tag whose key exists already gets the new value."""

    key_id: KeyIdOrArn
    tags: Sequence[Tag] = field(converter=tags_of)


@frozen(kw_only=True)
class UntagResourceRequest(KMSRequest):
    """The keys of the tags to remove from a key."""

    key_id: KeyIdOrArn
    tag_keys: Sequence[TagKey]


@frozen(kw_only=True)
class ListResourceTagsRequest(KMSRequest):
    """The key whose tags to list; `limit` bounds the page."""

    key_id: KeyIdOrArn
    limit: Limit | None = None
    marker: Marker | None = None


@frozen(kw_only=True)
class ListResourceTagsResponse(KMSResponse):
    """A page of tags; if `truncated`, `next_marker` is the `marker` of the next page."""

    tags: tuple[Tag, ...] = ()
    next_marker: Marker | None = None
    truncated: bool = False
