"""Makes models from nothing but their annotations: with the least they must have, or with all they can have."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from attrs import NOTHING, fields, has

from awskms_lite.models.requests import Bounds

EXAMPLES: dict[Any, object] = {
    str: "x",
    bytes: b"x",
    int: 1,
    bool: True,
    datetime: datetime(2026, 4, 27, 12, tzinfo=UTC),
    Mapping: {"a": "b"},
}


def plain(kind: Any) -> Any:
    """Give the type of an annotation, without None, without bounds; that of an open enum is `str`."""
    if get_origin(kind) is Annotated:
        return plain(get_args(kind)[0])
    if get_origin(kind) in (Union, UnionType):
        kinds = [one for one in get_args(kind) if one is not NoneType]
        return plain(kinds[0]) if len(kinds) == 1 else str
    return kind


def bounds_of(kind: Any) -> Bounds | None:
    """Give the bounds in an annotation; those of the items of a list are not the list's."""
    whole = [one for one in (kind, *get_args(kind)) if get_origin(one) is Annotated]
    bounds: Bounds | None = whole[0].__metadata__[0] if whole and plain(kind) == plain(whole[0]) else None
    return bounds


def least(cls: type, **given: object) -> Any:
    """Make a model of the least that it must have."""
    required = {member.name: example(member.type) for member in fields(cls) if member.default is NOTHING}
    return cls(**{**required, **given})


def full(cls: type) -> dict[str, Any]:
    """Give a value for each member of a model, so that no two of them could be mistaken for each other."""
    return {member.name: named(member.type, member.name) for member in fields(cls) if member.name != "metadata"}


def named(kind: Any, name: str) -> object:
    """Give a value that an annotation allows, made of a member's name where it can be."""
    value, bounds = example(kind), bounds_of(kind) or Bounds(len(name), len(name))
    if isinstance(value, str | bytes):
        size = min(max(len(name), bounds.low), bounds.high)
        text = (name * size)[:size]
        return text if isinstance(value, str) else text.encode()
    return {name: "b"} if isinstance(value, Mapping) else value


def example(kind: Any) -> object:
    """Give a value that an annotation allows."""
    bounds = bounds_of(kind)
    if bounds is not None:
        return sized(kind, max(1, bounds.low))
    kind = plain(kind)
    if has(kind):
        return least(kind)
    if get_origin(kind) is Sequence:
        return (example(get_args(kind)[0]),)
    return EXAMPLES[get_origin(kind) or kind]


def sized(kind: Any, size: int) -> Any:
    """Give a value of a size."""
    inner = plain(kind)
    if inner is int:
        return size
    if get_origin(inner) is Sequence:
        return (example(get_args(inner)[0]),) * size
    return ("x" if inner is str else b"x") * size
