"""The one cattrs converter: attrs models to the wire's JSON values, and back.

Wire rules (AWS JSON 1.1 protocol, Smithy): a member is named in CamelCase; timestamps are numbers of seconds
since 1970 UTC with up to millisecond fractions; a member that is null is a member that is absent; unknown
members are ignored; an enum value that is newer than this package stays the string it is.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from types import NoneType, UnionType
from typing import Any, TypeVar, get_args

from attrs import fields, has
from cattrs import Converter
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn, override

from .errors import ParameterError, ProtocolError

T = TypeVar("T")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def to_wire(model: object) -> dict[str, Any]:
    """Give a model's members under their wire names, absent ones left out, as `json.dumps` takes them.

    Raises `ParameterError` for a naive datetime. Times are rounded to the millisecond, as the wire has them.
    """
    members: dict[str, Any] = _converter.unstructure(model)
    return members


def from_wire(cls: type[T], members: Mapping[str, Any]) -> T:
    """Give the model that the members, as `json.loads` gives them, describe.

    Raises `ProtocolError` where a member is of another type than the service model says, or a required one is
    missing.
    """
    try:
        return _structure(cls, members)
    except KeyError as error:
        raise ProtocolError(f"{cls.__name__}: the required member {error} is missing.") from None


def _structure(cls: type[T], members: object) -> T:
    if not isinstance(members, Mapping):
        raise ProtocolError(f"{cls.__name__} must be a JSON object, not {type(members).__name__}.")
    return _converter.structure(members, cls)


def _wire_names(cls: type) -> dict[str, Any]:
    """Map each member to its wire name; `metadata` is about the HTTP exchange and never on the wire."""
    return {
        attribute.name: override(
            rename="".join(part.capitalize() for part in attribute.name.split("_")),
            omit=attribute.name == "metadata",
        )
        for attribute in fields(cls)
    }


def _model_reader(cls: type[T]) -> Callable[[Any, Any], T]:
    return make_dict_structure_fn(cls, _converter, **_wire_names(cls))


def _model_writer(cls: type[T]) -> Callable[[T], dict[str, Any]]:
    return make_dict_unstructure_fn(cls, _converter, _cattrs_omit_if_default=True, **_wire_names(cls))


def _is_optional(kind: object) -> bool:
    return isinstance(kind, UnionType) and NoneType in get_args(kind)


def _optional_reader(kind: UnionType) -> Callable[[Any, Any], Any]:
    """Read `X | None`, and `SomeEnum | str | None`, an enum open to values newer than this."""
    members = [member for member in get_args(kind) if member is not NoneType]
    known: dict[str, StrEnum] = {
        value.value: value for member in members if issubclass(member, StrEnum) for value in member
    }
    if known:
        return lambda value, _: None if value is None else known.get(_read_str(value, str), value)
    (plain,) = members
    if has(plain):
        return lambda value, _: None if value is None else _structure(plain, value)
    read = _converter.get_structure_hook(plain)
    return lambda value, _: None if value is None else read(value, plain)


def _read_str(value: object, _: Any) -> str:
    if not isinstance(value, str):
        raise ProtocolError(f"A string was expected, not {type(value).__name__}.")
    return value


def _read_timestamp(value: object, _: Any) -> datetime:
    """Read seconds since 1970: a float holds them to well below a millisecond, so rounding is exact."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ProtocolError(f"A timestamp in seconds was expected, not {type(value).__name__}.")
    try:
        return _EPOCH + round(value * 1000) * _MILLISECOND
    except (OverflowError, ValueError):  # ValueError for NaN
        raise ProtocolError("A timestamp lies beyond the years 1 to 9999.") from None


def _write_timestamp(value: datetime) -> float:
    if value.utcoffset() is None:
        raise ParameterError("A datetime has no time zone: pass an aware one, as in datetime.now(UTC).")
    milliseconds = round((value - _EPOCH) / _MILLISECOND)
    return milliseconds // 1000 if milliseconds % 1000 == 0 else milliseconds / 1000


_converter = Converter(detailed_validation=False)
_converter.register_structure_hook_factory(has, _model_reader)
_converter.register_unstructure_hook_factory(has, _model_writer)
_converter.register_structure_hook_factory(_is_optional, _optional_reader)
_converter.register_structure_hook(str, _read_str)
_converter.register_unstructure_hook(StrEnum, str.__str__)
_converter.register_structure_hook(datetime, _read_timestamp)
_converter.register_unstructure_hook(datetime, _write_timestamp)
