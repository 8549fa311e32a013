"""Makes models from their annotations: with the members that they must have, or with all that they can have."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from attrs import NOTHING, fields, has

from awskms_lite import to_wire
from awskms_lite.models.requests import AliasName, Bounds
from awskms_lite.operations import Operation

EXAMPLES: dict[Any, object] = {
    str: "x",
    bytes: b"x",
    int: 1,
    bool: True,
    datetime: datetime(2026, 4, 27, 12, tzinfo=UTC),
    Mapping: {"a": "b"},
}
ALIAS = "alias/a"

NEEDED: dict[str, dict[str, object]] = {
    "DecryptRequest": {"ciphertext_blob": b"x"},
    "ReEncryptRequest": {"ciphertext_blob": b"x"},
    "GenerateDataKeyRequest": {"key_spec": "AES_256"},
    "GenerateDataKeyWithoutPlaintextRequest": {"key_spec": "AES_256"},
    "RetireGrantRequest": {"grant_token": "x"},
}
"""Members that a request needs, or one of which it needs, though each is optional by itself."""
CONFLICTING: dict[str, dict[str, object]] = {
    "GenerateDataKeyRequest": {"number_of_bytes": 1},
    "GenerateDataKeyWithoutPlaintextRequest": {"number_of_bytes": 1},
    "RetireGrantRequest": {"key_id": "x", "grant_id": "x"},
}
"""Members that stand in for those of `NEEDED`, and do not go with them."""


def plain(kind: Any) -> Any:
    """Return the type of an annotation, without None, without bounds; that of an open enum is `str`."""
    if get_origin(kind) is Annotated:
        return plain(get_args(kind)[0])
    if get_origin(kind) in (Union, UnionType):
        kinds = [one for one in get_args(kind) if one is not NoneType]
        return plain(kinds[0]) if len(kinds) == 1 else str
    return kind


def bounds_of(kind: Any) -> Bounds | None:
    """Return the bounds in an annotation; those of the items of a list are not the list's."""
    whole = [one for one in (kind, *get_args(kind)) if get_origin(one) is Annotated]
    bounds: Bounds | None = whole[0].__metadata__[0] if whole and plain(kind) == plain(whole[0]) else None
    return bounds


def least(cls: type, **given: object) -> Any:
    """Make a model of the members that it must have."""
    required = {member.name: example(member.type) for member in fields(cls) if member.default is NOTHING}
    needed, instead = NEEDED.get(cls.__name__, {}), CONFLICTING.get(cls.__name__, {})
    if any(given.get(name) is not None for name in instead):
        needed = instead
    return cls(**{**required, **needed, **given})


def full(cls: type) -> dict[str, Any]:
    """Return a value for each member of a model, unlike the others; `CONFLICTING` members are left out."""
    left_out = {"metadata", *CONFLICTING.get(cls.__name__, ())}
    members = [member for member in fields(cls) if member.init and member.name not in left_out]
    return {member.name: named(member.type, member.name) for member in members}


def answer_to(operation: Operation[Any, Any], request: object) -> dict[str, Any]:
    """Return the wire form of the shortest answer to a request that is about the same key."""
    members: dict[str, Any] = to_wire(least(operation.response_to(request)))
    if operation.items is not None:
        return members  # a page without items
    for asked, answered in operation.echoes:
        *path, name = answered.split(".")
        inner = members
        for step in path:
            inner = inner[_wire_name(step)]
        if getattr(request, asked) is not None and _wire_name(name) in inner:
            inner[_wire_name(name)] = getattr(request, asked)
    return members


def _wire_name(name: str) -> str:
    return "".join(map(str.capitalize, name.split("_")))


def named(kind: Any, name: str) -> object:
    """Return a value that an annotation allows, made of a member's name if possible."""
    if kind is AliasName:
        return ALIAS
    value, bounds = example(kind), bounds_of(kind) or Bounds(len(name), len(name))
    if isinstance(value, str | bytes):
        size = min(max(len(name), bounds.low), bounds.high)
        text = (name * size)[:size]
        return text if isinstance(value, str) else text.encode()
    return {name: "b"} if isinstance(value, Mapping) else value


def example(kind: Any) -> object:
    """Return a value that an annotation allows."""
    if kind is AliasName:
        return ALIAS
    bounds = bounds_of(kind)
    if bounds is not None:
        return sized(kind, max(1, bounds.low))
    kind = plain(kind)
    if has(kind):
        return least(kind)
    if get_origin(kind) in (tuple, Sequence):
        return (example(get_args(kind)[0]),)
    return EXAMPLES[get_origin(kind) or kind]


def sized(kind: Any, size: int) -> Any:
    """Return a value of a size."""
    inner = plain(kind)
    if AliasName in (kind, *get_args(kind)):
        return ALIAS.ljust(size, "a")[: max(size, len("alias/"))] if size else ""
    if inner is int:
        return size
    if get_origin(inner) is Sequence:
        return (example(get_args(inner)[0]),) * size
    return ("x" if inner is str else b"x") * size
