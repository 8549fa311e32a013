"""Requests that check themselves, and the bounds that they keep to.

All there is to say of a member stands in its annotation: the type, the bounds, and, by a default of None,
that it may be left out:

    limit: Annotated[int, Bounds(1, 1000)] | None = None

That one line serves type checkers, the check before a request is sent, and the tests that hold it against
the service model. A sensitive member is one with `repr=False`. No error repeats a text, a blob or a mapping:
it says its size or its type.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, NamedTuple, TypeAlias, Union, cast, get_args, get_origin

from attrs import NOTHING, fields, has

from ..errors import ParameterError

Rule: TypeAlias = Callable[[str, Any], Any]
"""Takes a member's name and its value; gives the value as it is kept, or raises `ParameterError`."""


class Bounds(NamedTuple):
    """How many characters, bytes or items a member may have, or how large a number may be; both ends count."""

    low: int
    high: int

    def __str__(self) -> str:
        return f"{self.low}" if self.low == self.high else f"{self.low} to {self.high}"


# What several subjects share.
KeyId: TypeAlias = Annotated[str, Bounds(1, 2048)]
Arn: TypeAlias = Annotated[str, Bounds(20, 2048)]
Limit: TypeAlias = Annotated[int, Bounds(1, 1000)]
Marker: TypeAlias = Annotated[str, Bounds(1, 1024)]
Policy: TypeAlias = Annotated[str, Bounds(1, 131072)]
"""A key policy, a JSON document."""
GrantToken: TypeAlias = Annotated[str, Bounds(1, 8192)]
GrantTokens: TypeAlias = Annotated[Sequence[GrantToken], Bounds(0, 10)]
EncryptionContext: TypeAlias = Mapping[str, str]
Plaintext: TypeAlias = Annotated[bytes, Bounds(1, 4096)]
Ciphertext: TypeAlias = Annotated[bytes, Bounds(1, 6144)]
PublicKey: TypeAlias = Annotated[bytes, Bounds(1, 8192)]
KeyMaterialId: TypeAlias = Annotated[str, Bounds(64, 64)]
KeyMaterialDescription: TypeAlias = Annotated[str, Bounds(0, 256)]
CustomKeyStoreId: TypeAlias = Annotated[str, Bounds(1, 64)]
CloudHsmClusterId: TypeAlias = Annotated[str, Bounds(19, 24)]


class KMSRequest:
    """What all requests share: each checks its members, and theirs, when it is made.

    Raises `ParameterError` for what the service model does not allow. Lists are kept as tuples.
    """

    __slots__ = ()

    def __attrs_post_init__(self) -> None:
        _check(self)


def _check(model: object, path: str = "") -> None:
    cls: Any = type(model)
    for name, required, rule in _rules(cls):
        value = getattr(model, name)
        if value is not None:
            kept = rule(path + name, value)
            if kept is not value:
                object.__setattr__(model, name, kept)
        elif required:
            raise ParameterError(f"{path}{name} is required: pass something other than None.")


@cache
def _rules(cls: Any) -> list[tuple[str, bool, Rule]]:
    """Give each member of a model with its name and whether it is required."""
    return [(member.name, member.default is NOTHING, _rule(member.type)) for member in fields(cls)]


def _rule(kind: Any) -> Rule:
    """Read the rule of a member from its annotation."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return _bounded(_rule(arguments[0]), arguments[1])
    if origin in (Union, UnionType):
        kinds = [one for one in arguments if one is not NoneType]
        return _rule(kinds[0] if len(kinds) == 1 else str)  # an enum open to new values takes any string
    if origin is Sequence:
        return _sequence(_rule(arguments[0]))
    if origin is Mapping:
        return _text_by_text
    return _structure(kind) if has(kind) else _plain(kind)


def _bounded(rule: Rule, bounds: Bounds) -> Rule:
    def check(name: str, value: Any) -> Any:
        kept = rule(name, value)
        if isinstance(kept, int):
            if not bounds.low <= kept <= bounds.high:
                raise ParameterError(f"{name} is {kept}: pass {bounds}.")
        elif not bounds.low <= len(kept) <= bounds.high:
            unit = "characters" if isinstance(kept, str) else "bytes" if isinstance(kept, bytes) else "items"
            raise ParameterError(f"{name} has a length of {len(kept)}: pass {bounds} {unit}.")
        return kept

    return check


def _sequence(rule: Rule) -> Rule:
    def check(name: str, value: object) -> tuple[Any, ...]:
        if not isinstance(value, list | tuple):
            raise _wrong(name, "a list or a tuple", value)
        items = cast(Sequence[Any], value)
        return tuple(_item(rule, f"{name}[{position}]", item) for position, item in enumerate(items))

    return check


def _item(rule: Rule, name: str, value: object) -> Any:
    if value is None:
        raise ParameterError(f"{name} is None: leave it out.")
    return rule(name, value)


def _text_by_text(name: str, value: object) -> dict[str, str]:
    """Take a mapping of strings to strings; neither shows in an error: an encryption context may tell much."""
    if not isinstance(value, Mapping):
        raise _wrong(name, "a mapping of str to str", value)
    pairs = dict(cast(Mapping[object, object], value))
    for one in (*pairs.keys(), *pairs.values()):
        if not isinstance(one, str):
            raise _wrong(f"A key or a value of {name}", "a str", one)
    return cast(dict[str, str], pairs)


def _structure(cls: type) -> Rule:
    def check(name: str, value: object) -> object:
        if not isinstance(value, cls):
            raise _wrong(name, f"a {cls.__name__}", value)
        _check(value, f"{name}.")
        return value

    return check


def _plain(kind: type) -> Rule:
    def check(name: str, value: object) -> object:
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise _wrong(name, _WANTED[kind], value)
        if isinstance(value, datetime) and value.utcoffset() is None:
            raise ParameterError(f"{name} has no time zone: pass an aware datetime, as in datetime.now(UTC).")
        return value

    return check


_WANTED = {
    str: "a str",
    bytes: "bytes (bytes() makes some of a buffer, encode() of a text)",
    int: "an int",
    bool: "True or False",
    datetime: "an aware datetime",
}


def _wrong(name: str, wanted: str, value: object) -> ParameterError:
    return ParameterError(f"{name} must be {wanted}, not {type(value).__name__}.")
