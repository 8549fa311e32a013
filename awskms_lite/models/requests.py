"""Requests that check themselves, and the bounds of their members.

The annotation of a member holds its type, its bounds and further rules; a default of None makes it optional:

    limit: Annotated[int, Bounds(1, 1000)] | None = None

Type checkers read that line, and so do the check before a request is sent and the tests that compare it with the
service model. A sensitive member has `repr=False`. No error repeats a text, a blob or a mapping, only its size or
type; an alias in the place of a key id is the one exception.
"""

import json
from collections.abc import Callable, Collection, Mapping, Sequence, Set as AbstractSet
from datetime import datetime
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, NamedTuple, TypeAlias, Union, cast, get_args, get_origin, overload

from attrs import NOTHING, fields, has

from ..errors import ParameterError
from .members import check_no_alias

Rule: TypeAlias = Callable[[str, Any], Any]
"""A function of a member's name and value that returns the value to keep, or raises `ParameterError`."""

BytesLike: TypeAlias = bytes | bytearray | memoryview
"""What a method takes for a blob; a request keeps a copy as bytes."""


class Bounds(NamedTuple):
    """How many characters, bytes or items a member may have, or how large a number may be; both are inclusive."""

    low: int
    high: int

    def __str__(self) -> str:
        return f"{self.low}" if self.low == self.high else f"{self.low} to {self.high}"


def _no_alias(name: str, value: str) -> str:
    check_no_alias(name, value)
    return value


def _alias_name(name: str, value: str) -> str:
    if not value.startswith("alias/"):
        raise ParameterError(f"{name} is {value!r}: alias names begin with 'alias/', as in 'alias/orders'.")
    return value


# What several subjects share.
KeyId: TypeAlias = Annotated[str, Bounds(1, 2048)]
"""A key id, a key ARN, an alias name or an alias ARN."""
KeyIdOrArn: TypeAlias = Annotated[str, Bounds(1, 2048), _no_alias]
"""A key id or a key ARN."""
AliasName: TypeAlias = Annotated[str, Bounds(1, 256), _alias_name]
Arn: TypeAlias = Annotated[str, Bounds(20, 2048)]
LARGEST_PAGE = 1000
"""Items: the highest `Limit` of the service model. For some operations KMS takes less (100, or 50 for tags)."""
Limit: TypeAlias = Annotated[int, Bounds(1, LARGEST_PAGE)]
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
    """The base of all requests: each checks its members, and theirs, when it is made.

    Raise `ParameterError` for what the service model does not allow. Lists and sets are kept as tuples, a
    `bytearray` or a `memoryview` as bytes.
    """

    __slots__ = ()

    def __attrs_post_init__(self) -> None:
        _check(self)
        self._check_combination()

    def _check_combination(self) -> None:
        """Raise `ParameterError` for members that do not go together."""


@overload
def policy_text(policy: str | Mapping[str, Any]) -> str: ...
@overload
def policy_text(policy: None) -> None: ...
def policy_text(policy: str | Mapping[str, Any] | None) -> str | None:
    """Return a policy as the text to send: a mapping becomes compact JSON, a text stays as it is."""
    if not isinstance(policy, Mapping):
        return policy
    try:
        return json.dumps(policy, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        pass  # the error's text may repeat what the policy holds
    raise ParameterError("policy is a mapping that is not JSON: pass one of str, numbers, lists and dicts.")


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
    """Return each member of a model: its name, whether it is required, and its rule."""
    return [(member.name, member.default is NOTHING, _rule(member.type)) for member in fields(cls)]


def _rule(kind: Any) -> Rule:
    """Return the rule that a member's annotation stands for."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Annotated:
        plain, bounds, *further = arguments
        return _all([_bounded(_rule(plain), bounds), *further])
    if origin in (Union, UnionType):
        kinds = [one for one in arguments if one is not NoneType]
        return _rule(kinds[0] if len(kinds) == 1 else str)  # an enum open to new values takes any string
    if origin is Sequence:
        return _sequence(_rule(arguments[0]))
    if origin is Mapping:
        return _text_by_text
    return _structure(kind) if has(kind) else _plain(kind)


def _all(rules: list[Rule]) -> Rule:
    def check(name: str, value: Any) -> Any:
        for rule in rules:
            value = rule(name, value)
        return value

    return check if len(rules) > 1 else rules[0]


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
        if not isinstance(value, list | tuple | AbstractSet):
            raise _wrong(name, "a list, a tuple or a set", value)
        items = cast(Collection[Any], value)
        if isinstance(value, AbstractSet):
            items = sorted(items, key=str)  # the same set is the same request
        return tuple(_item(rule, f"{name}[{position}]", item) for position, item in enumerate(items))

    return check


def _item(rule: Rule, name: str, value: object) -> Any:
    if value is None:
        raise ParameterError(f"{name} is None: leave it out.")
    return rule(name, value)


def _text_by_text(name: str, value: object) -> dict[str, str]:
    """Return a copy of a mapping of str to str; no error shows any of it: an encryption context may tell much."""
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
    if kind is bytes:
        return _blob

    def check(name: str, value: object) -> object:
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise _wrong(name, _WANTED[kind], value)
        if isinstance(value, datetime) and value.utcoffset() is None:
            raise ParameterError(f"{name} has no time zone: pass an aware datetime, as in datetime.now(UTC).")
        return value

    return check


def _blob(name: str, value: Any) -> bytes:
    if not isinstance(value, _BYTES_TYPES):
        raise _wrong(
            name,
            "bytes, a bytearray or a memoryview (text.encode(), or base64.b64decode(text) if it is base64)",
            value,
        )
    return value if type(value) is bytes else bytes(value)


_BYTES_TYPES: tuple[type[Any], ...] = (bytes, bytearray, memoryview)
_WANTED = {
    str: "a str",
    int: "an int",
    bool: "True or False",
    datetime: "an aware datetime",
}


def _wrong(name: str, wanted: str, value: object) -> ParameterError:
    return ParameterError(f"{name} must be {wanted}, not {type(value).__name__}.")
