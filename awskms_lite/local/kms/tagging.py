"""Tags of keys: TagResource, UntagResource, ListResourceTags.

The characters are those of AWS's tags everywhere ("Tag naming limits and requirements", AWS tagging guide).
"""

import unicodedata
from collections.abc import Iterable

from ..errors import ApiError
from ..members import Members
from .call import Call
from .keys import Key
from .paging import page

_MAX_TAGS = 50  # of a key (KMS's resource quotas)
_RESERVED = "aws:"
_MARKS = "_.:/=+-@"
_KINDS = "LNZ"  # Unicode's letters, numbers and spaces, by the first letter of a character's category


def tag_resource(call: Call) -> dict[str, object]:
    """Add tags to the key, or change the values of those it has."""
    given, key = tags_of(call.members, required=True), call.key()
    tags = key.tags | given
    if len(tags) > _MAX_TAGS:
        raise ApiError("LimitExceededException", f"A key has {_MAX_TAGS} tags at most, not {len(tags)}.")
    key.tags = tags
    return {}


def untag_resource(call: Call) -> dict[str, object]:
    """Remove tags from the key; it need not have them."""
    names, key = call.members.required_strings("TagKeys", longest=128), call.key()
    _check_names(names)
    key.tags = {name: value for name, value in key.tags.items() if name not in names}
    return {}


def list_resource_tags(call: Call) -> dict[str, object]:
    """List the key's tags, sorted by their keys."""
    return page(call, "Tags", wire_tags(call.key()), sort_key=_sort_key, wire=dict, default=50, largest=50)


def tags_of(members: Members, *, required: bool = False) -> dict[str, str]:
    """Return the `Tags` of a request; raise `ApiError` if they break a rule of KMS."""
    tags = members.structures("Tags", required=required)
    names = [tag.required_text("TagKey", longest=128) for tag in tags]
    values = [tag.required_text("TagValue", shortest=0, longest=256) for tag in tags]
    if len(set(names)) < len(names):
        raise ApiError("TagException", "Duplicate tag keys")
    if len(names) > _MAX_TAGS:
        raise ApiError("TagException", "Too many tags")
    _check_names(names)
    if not all(map(_is_allowed, "".join((*names, *values)))):
        raise ApiError("TagException", "Invalid tag")
    return dict(zip(names, values, strict=True))


def wire_tags(key: Key) -> list[dict[str, str]]:
    """Return the key's tags in wire form, sorted by their keys."""
    return [{"TagKey": name, "TagValue": key.tags[name]} for name in sorted(key.tags)]


def _sort_key(tag: dict[str, str]) -> str:
    return tag["TagKey"]


def _check_names(names: Iterable[str]) -> None:
    for name in names:
        if name.lower().startswith(_RESERVED):
            raise ApiError("TagException", f"Tags beginning with {_RESERVED} are reserved")


def _is_allowed(character: str) -> bool:
    return character in _MARKS or unicodedata.category(character)[0] in _KINDS
