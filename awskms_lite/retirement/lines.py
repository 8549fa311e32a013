"""The lines of a ledger as JSON, under names that stay; times are ISO 8601 in UTC, to the millisecond."""

import json
import re
from collections.abc import Mapping  # noqa: TC003 - cast(...) names it
from datetime import UTC, datetime
from typing import Any, TypeVar, cast

from .records import Entry, Finding, Phase, Severity, Step

FORMAT = 1

T = TypeVar("T")

_NAMES = (
    "format",
    "time",
    "key_arn",
    "step",
    "phase",
    "caller_arn",
    "account_id",
    "request_id",
    "findings",
    "accepted",
    "due",
    "since",
    "state",
    "text",
)
"""The members of a line, in the order in which they are written."""
_DECODER = json.JSONDecoder()
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_KEY_ARN = re.compile(
    r"arn:aws[a-z-]*:kms:[a-z]{2,}(?:-[a-z0-9]+)+:(?P<account>[0-9]{12}):key/[A-Za-z0-9-]{1,256}"
)
_YEARS = range(2000, 3000)
"""Of the times in a line; days can be added to these, and taken away."""


class LaterFormatError(ValueError):
    """A line is of a format that a later version writes."""


def to_line(entry: Entry) -> str:
    """Return an entry as one line of JSON, with the line's end."""
    return _dumps(to_members(entry)) + "\n"


def _dumps(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


def to_members(entry: Entry) -> dict[str, Any]:
    """Return all members of an entry, as JSON takes them."""
    return {
        "format": FORMAT,
        "time": to_time(entry.time),
        "key_arn": entry.key_arn,
        "step": entry.step.value,
        "phase": entry.phase.value,
        "caller_arn": entry.caller_arn,
        "account_id": entry.account_id,
        "request_id": entry.request_id,
        "findings": [finding_members(finding) for finding in entry.findings],
        "accepted": list(entry.accepted),
        "due": to_time(entry.due),
        "since": to_time(entry.since),
        "state": entry.state,
        "text": entry.text,
    }


def finding_members(finding: Finding) -> dict[str, Any]:
    """Return all members of a finding, as JSON takes them."""
    return {
        "name": finding.name,
        "severity": finding.severity.value,
        "text": finding.text,
        "evidence": list(finding.evidence),
    }


def to_time(moment: datetime | None) -> str | None:
    """Return a time in UTC to the millisecond, None for None."""
    if moment is None:
        return None
    return f"{moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"


def from_line(line: bytes) -> Entry:
    """Return the entry in a line; unknown members are ignored.

    Raise `LaterFormatError` for a later format, and `ValueError` for anything else, with a text that repeats
    nothing of the line.
    """
    try:
        return _from_members(json.loads(line))
    except LaterFormatError:
        raise
    except KeyError as error:
        why = f"it lacks {error}"
    except (ValueError, TypeError, OverflowError, RecursionError):
        why = "it is no line that this command wrote"
    raise ValueError(why)


def is_torn(line: bytes) -> bool:
    """Return whether a line is the beginning of one that `to_line` writes, and not the whole of it."""
    try:
        text = line.decode("ascii")
    except UnicodeDecodeError:
        return False
    position = 0
    for number, name in enumerate(_NAMES):
        before = f'{"," if number else "{"}"{name}":'
        if not text.startswith(before, position):
            return before.startswith(text[position:])
        position += len(before)
        try:
            value, end = _DECODER.raw_decode(text, position)
        except (ValueError, RecursionError):
            return _is_open(text[position:])
        is_kind = isinstance(value, str | list | None) if number else text[position:end] == str(FORMAT)
        if not is_kind or text[position:end] != _dumps(value):
            return False
        position = end
    return position == len(text)


def _is_open(value: str) -> bool:
    """Return whether a value of JSON breaks off."""
    if value[:1] not in ('"', "["):
        return "null".startswith(value)
    rest = _STRING.sub("", value)  # what is left has the quotation mark of a string without an end
    return '"' in rest or rest.count("[") > rest.count("]")


def _from_members(value: object) -> Entry:
    if not isinstance(value, dict):
        raise TypeError
    members = cast("Mapping[str, Any]", value)
    found = members["format"]
    if isinstance(found, bool) or not isinstance(found, int) or found < FORMAT:
        raise ValueError
    if found > FORMAT:
        raise LaterFormatError(str(found))
    key_arn, account_id = _required(_text(members["key_arn"])), _required(_text(members["account_id"]))
    match = _KEY_ARN.fullmatch(key_arn)
    if match is None or match["account"] != account_id:
        raise ValueError
    return Entry(
        time=_required(_time(members["time"])),
        key_arn=key_arn,
        step=Step(members["step"]),
        phase=Phase(members["phase"]),
        account_id=account_id,
        caller_arn=_text(members["caller_arn"]),
        request_id=_text(members["request_id"]),
        findings=tuple(_finding(each) for each in _list(members["findings"])),
        accepted=_texts(members["accepted"]),
        due=_time(members["due"]),
        since=_time(members.get("since")),
        state=_text(members.get("state")),
        text=_text(members.get("text")),
    )


def _finding(members: Any) -> Finding:
    return Finding(
        _required(_text(members["name"])),
        Severity(members["severity"]),
        _required(_text(members["text"])),
        _texts(members["evidence"]),
    )


def _time(value: object) -> datetime | None:
    if value is None:
        return None
    moment = datetime.fromisoformat(_required(_text(value)))
    if moment.tzinfo is None or moment.year not in _YEARS:
        raise ValueError
    return moment.astimezone(UTC)


def _text(value: object) -> str | None:
    if value is not None and not isinstance(value, str):
        raise TypeError
    return value


def _required(value: T | None) -> T:
    if value is None:
        raise ValueError
    return value


def _list(value: object) -> list[object]:
    if not isinstance(value, list):
        raise TypeError
    return cast("list[object]", value)


def _texts(value: object) -> tuple[str, ...]:
    return tuple(_required(_text(each)) for each in _list(value))
