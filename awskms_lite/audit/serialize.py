"""Records as lines of JSON, under names that stay, and back.

The names are those of `KeyUsageRecord`'s members. Times are ISO 8601 in UTC, to the millisecond.
"""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeAlias, TypeVar, cast

from attrs import has
from cattrs import Converter
from cattrs.gen import make_dict_structure_fn

from ..errors import ParameterError
from ..models.usage import KeyLastUsageTrackingOperation
from ..verdicts import AuditVerdict
from .records import KeyFacts

T = TypeVar("T")
FactsT = TypeVar("FactsT", bound=KeyFacts)
_Operation: TypeAlias = KeyLastUsageTrackingOperation | str | None


def _read_time(text: object, _: Any) -> datetime:
    moment = datetime.fromisoformat(cast(str, text))
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _write_time(moment: datetime) -> str:
    return f"{moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"


def _read_text(value: object, _: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"a string was expected, not {type(value).__name__}")
    return value


def _read_verdict(value: object, _: Any) -> AuditVerdict:
    return AuditVerdict(_read_text(value, str))


def _read_bool(value: object, _: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"true or false was expected, not {type(value).__name__}")
    return value


def _read_array(values: object, _: Any) -> tuple[str, ...]:
    if not isinstance(values, list | tuple):
        raise TypeError(f"an array was expected, not a JSON {type(values).__name__}")
    return tuple(_read_text(value, str) for value in cast("list[object]", values))


def _read_operation(value: object, _: Any) -> _Operation:
    if value is None:
        return None
    text = _read_text(value, str)
    return KeyLastUsageTrackingOperation(text) if text in list(KeyLastUsageTrackingOperation) else text


def _reader(cls: type[T]) -> Callable[[Any, Any], T]:
    read = make_dict_structure_fn(cls, _converter)

    def read_object(members: object, _: Any) -> T:
        if not isinstance(members, Mapping):
            raise TypeError(f"an object was expected, not a JSON {type(members).__name__}")
        return read(cast("Mapping[str, Any]", members), cls)

    return read_object


_converter = Converter(detailed_validation=False)
_converter.register_structure_hook_factory(has, _reader)
_converter.register_structure_hook(str, _read_text)
_converter.register_structure_hook(AuditVerdict, _read_verdict)
_converter.register_structure_hook(bool, _read_bool)
_converter.register_structure_hook_func(lambda cls: cls == tuple[str, ...], _read_array)
_converter.register_structure_hook(datetime, _read_time)
_converter.register_unstructure_hook(datetime, _write_time)
_converter.register_structure_hook(_Operation, _read_operation)


def to_members(facts: KeyFacts) -> dict[str, Any]:
    """Return all members of a record, as `json.dumps` takes them."""
    members: dict[str, Any] = _converter.unstructure(facts)
    return members


def to_line(facts: KeyFacts, *, ascii_only: bool = False) -> str:
    """Return a record as one line of JSON, without the line's end."""
    return json.dumps(to_members(facts), separators=(",", ":"), ensure_ascii=ascii_only)


_DECISIVE = ("shared", "state", "manager", "created", "tracking_start", "last_usage", "error")
"""What a verdict depends on: without it a used key could pass for one that nobody uses."""


def from_line(cls: type[FactsT], line: str | bytes) -> FactsT:
    """Return the record in a line of JSON, or only what was read if `cls` is `KeyFacts`.

    Unknown members are ignored: they may be newer than this version. Raise `ParameterError` for anything else.
    """
    try:
        members = json.loads(line)
        facts = _converter.structure(members, cls)
        for name in _DECISIVE:
            members[name]  # null means that KMS has none; a missing member means nothing
        return facts
    except json.JSONDecodeError as error:
        why = f"it is not JSON from character {error.pos} on"
    except KeyError as error:
        why = f"it lacks {error}"
    except (TypeError, ValueError, OverflowError, AttributeError, RecursionError) as error:
        why = str(error)
    raise ParameterError(f"That is no record of an audit: {why}.")


def to_ascii(text: str) -> str:
    """Return a text as JSON escapes it, for a database.

    SQLite takes no half of a surrogate pair, which a service may send. The ARNs of KMS stay as they are.
    """
    return json.dumps(text)[1:-1]


def from_ascii(text: str) -> str:
    """Return what `to_ascii` was given; raise `ValueError` for anything else."""
    value: str = json.loads(f'"{text}"')
    return value
