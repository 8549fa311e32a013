"""The one cattrs converter: attrs models to the wire's JSON values, and back.

Wire rules (AWS JSON 1.1 protocol, Smithy): a member is named in CamelCase; timestamps are numbers of seconds
since 1970 UTC with up to millisecond fractions; blobs are base64; a member that is null is absent; unknown members
are ignored; an enum value that is newer than this package stays a string.
"""

from binascii import Error, a2b_base64, b2a_base64
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, cast, get_args, get_origin

from attrs import NOTHING, Attribute, fields, has
from cattrs import Converter
from cattrs.gen import make_dict_unstructure_fn, override

from .errors import ParameterError, ProtocolError

T = TypeVar("T")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_NUMBERS = (int, float)  # `int | float` would be made anew for each value


def to_wire(model: object) -> dict[str, Any]:
    """Return a model's members under their wire names, absent ones left out, ready for `json.dumps`.

    Raise `ParameterError` for a naive datetime. Times are rounded to the millisecond, as on the wire.
    """
    members: dict[str, Any] = _converter.unstructure(model)
    return members


def to_dict(model: object, *, secrets: bool = False) -> dict[str, Any]:
    """Return a model's members under their Python names as plain values, ready for `json.dumps`.

    Times are ISO 8601 texts in UTC with milliseconds, blobs base64, enums their values; an absent member is None.
    `metadata` is left out, and so are sensitive members (plaintext, tokens, passwords) unless `secrets` is true.
    Raise `ParameterError` for what is no model, and for a naive datetime.
    """
    cls: Any = type(model)
    if not has(cls):
        raise ParameterError(f"model must be a request or a response of awskms_lite.models, not {cls.__name__}.")
    return {
        attribute.name: _plain(getattr(model, attribute.name), secrets)
        for attribute in fields(cls)
        if attribute.name != "metadata" and (secrets or attribute.repr is not False)
    }


def _plain(value: object, secrets: bool) -> object:
    match value:
        case StrEnum():
            return value.value
        case bytes():
            return _write_blob(value)
        case datetime():
            _check_aware(value)
            return f"{value.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"
        case Mapping():
            return dict(cast("Mapping[str, Any]", value))
        case list() | tuple():
            return [_plain(item, secrets) for item in cast("Iterable[Any]", value)]
        case _:
            return _plain_model(value, secrets)


def _plain_model(value: object, secrets: bool) -> object:
    cls: Any = type(value)
    return to_dict(value, secrets=secrets) if has(cls) else value


def from_wire(cls: type[T], members: Mapping[str, Any]) -> T:
    """Return the model of some members under their wire names, as `json.loads` returns them.

    Raise `ProtocolError` if a member is of another type than the service model says, or a required one is missing.
    """
    return _converter.structure(members, cls)


def _wire_name(member: "Attribute[Any]") -> str | None:
    """Return a member's wire name: CamelCase, or the `wire` in its metadata for a name that is irregular.

    `metadata`, which is about the HTTP exchange, has none, nor has what a model makes of its other members.
    """
    if member.name == "metadata" or not member.init:
        return None
    name: str = member.metadata.get("wire", "".join(map(str.capitalize, member.name.split("_"))))
    return name


def _model_reader(cls: type[T]) -> Callable[[Any, Any], T]:
    """Return the reader of a model: a loop over its members, because null is absent.

    The reader that cattrs would make knows of no such rule, and a pass before it takes longer than this loop.
    """
    members: Iterable[Attribute[Any]] = fields(cast(Any, cls))
    readers = [
        (wire_name, member.name, member.default is NOTHING, _converter.get_structure_hook(member.type))
        for member in members
        if (wire_name := _wire_name(member)) is not None
    ]

    def read_object(given: Any, _: Any) -> T:
        if type(given) is not dict and not isinstance(given, Mapping):  # of which the first is quicker
            raise ProtocolError(f"{cls.__name__} must be a JSON object, not {type(given).__name__}.")
        get = cast("Mapping[str, Any]", given).get
        values: dict[str, Any] = {}
        for wire_name, name, required, read in readers:
            value: Any = get(wire_name)
            if value is not None:
                values[name] = read(value, None)  # no reader of ours asks for the type
            elif required:
                raise ProtocolError(f"{cls.__name__}: the required member {wire_name!r} is missing.")
        return cls(**values)

    return read_object


def _model_writer(cls: type[T]) -> Callable[[T], dict[str, Any]]:
    members: Iterable[Attribute[Any]] = fields(cast(Any, cls))
    wire_names = {member.name: _wire_name(member) for member in members}
    overrides: dict[str, Any] = {
        name: override(rename=wire_name, omit=wire_name is None) for name, wire_name in wire_names.items()
    }
    return make_dict_unstructure_fn(cls, _converter, _cattrs_omit_if_default=True, **overrides)


def _is_union(kind: object) -> bool:
    return isinstance(kind, UnionType) or get_origin(kind) is Union


def _union_reader(kind: Any) -> Callable[[Any, Any], Any]:
    """Return the reader of `X | None`, or of `SomeEnum | str`, with None or without: an open enum."""
    members = [member for member in get_args(kind) if member is not NoneType]
    if len(members) == 1:
        return _converter.get_structure_hook(members[0])  # no reader of ours asks for the type, and null is absent
    known: dict[str, StrEnum] = {
        value.value: value for member in members if issubclass(member, StrEnum) for value in member
    }
    return lambda value, _: known.get(_read_str(value, str), value)


def _is_array(kind: object) -> bool:
    return get_origin(kind) in (tuple, Sequence)


def _array_reader(kind: Any) -> Callable[[Any, Any], tuple[Any, ...]]:
    item = get_args(kind)[0]
    read = _converter.get_structure_hook(item)

    def read_array(values: object, _: Any) -> tuple[Any, ...]:
        if not isinstance(values, list | tuple):
            raise ProtocolError(f"An array was expected, not {type(values).__name__}.")
        return tuple(read(value, item) for value in cast(Iterable[Any], values))

    return read_array


def _write_array(values: Iterable[object]) -> list[Any]:
    return [_converter.unstructure(value) for value in values]


def _is_map(kind: object) -> bool:
    return get_origin(kind) is Mapping


def _read_map(members: object, _: Any) -> dict[str, str]:
    if not isinstance(members, Mapping):
        raise ProtocolError(f"An object of strings was expected, not {type(members).__name__}.")
    pairs = cast(Mapping[str, object], members)
    return {name: _read_str(value, str) for name, value in pairs.items()}


def _read_str(value: object, _: Any) -> str:
    if not isinstance(value, str):
        raise ProtocolError(f"A string was expected, not {type(value).__name__}.")
    return value


def _read_bool(value: object, _: Any) -> bool:
    if not isinstance(value, bool):
        raise ProtocolError(f"True or false was expected, not {type(value).__name__}.")
    return value


def _read_int(value: object, _: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ProtocolError(f"A whole number was expected, not {type(value).__name__}.")
    return value


def _read_blob(value: object, _: Any) -> bytes:
    try:
        return a2b_base64(_read_str(value, str), strict_mode=True)
    except (Error, ValueError):  # ValueError for a character beyond ASCII
        pass
    raise ProtocolError("A blob is not base64.")


def _write_blob(value: bytes) -> str:
    return b2a_base64(value, newline=False).decode("ascii")


def _read_timestamp(value: object, _: Any) -> datetime:
    """Read seconds since 1970: a float is exact to well below a millisecond, so rounding loses nothing."""
    if isinstance(value, bool) or not isinstance(value, _NUMBERS):
        raise ProtocolError(f"A timestamp in seconds was expected, not {type(value).__name__}.")
    try:
        return _EPOCH + round(value * 1000) * _MILLISECOND
    except (OverflowError, ValueError):  # ValueError for NaN
        pass
    raise ProtocolError("A timestamp lies beyond the years 1 to 9999.")


def _write_timestamp(value: datetime) -> float:
    _check_aware(value)
    milliseconds = round((value - _EPOCH) / _MILLISECOND)
    return milliseconds // 1000 if milliseconds % 1000 == 0 else milliseconds / 1000


def _check_aware(value: datetime) -> None:
    if value.utcoffset() is None:
        raise ParameterError("A datetime has no time zone: pass an aware one, as in datetime.now(UTC).")


_converter = Converter(detailed_validation=False)
_converter.register_structure_hook_factory(has, _model_reader)
_converter.register_unstructure_hook_factory(has, _model_writer)
_converter.register_structure_hook_factory(_is_union, _union_reader)
_converter.register_structure_hook_factory(_is_array, _array_reader)
_converter.register_unstructure_hook_func(_is_array, _write_array)
_converter.register_structure_hook_func(_is_map, _read_map)
_converter.register_structure_hook(str, _read_str)
_converter.register_unstructure_hook(StrEnum, str.__str__)
_converter.register_structure_hook(bool, _read_bool)
_converter.register_structure_hook(int, _read_int)
_converter.register_structure_hook(bytes, _read_blob)
_converter.register_unstructure_hook(bytes, _write_blob)
_converter.register_structure_hook(datetime, _read_timestamp)
_converter.register_unstructure_hook(datetime, _write_timestamp)
