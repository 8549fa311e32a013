"""The lines of a ledger as JSON, under names that stay; times are ISO 8601 in UTC, to the millisecond."""

import json
from collections.abc import Mapping  # noqa: TC003 - cast(...) names it
from datetime import UTC, datetime
from typing import Any, TypeVar, cast

from .records import Entry, Finding, Phase, Severity, Step

FORMAT = 1

T = TypeVar("T")


class LaterFormatError(ValueError):
    """A line is of a format that a later version writes."""


def to_line(entry: Entry) -> str:
    """Return an entry as one line of JSON, with the line's end."""
    return json.dumps(to_members(entry), separators=(",", ":")) + "\n"


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


def _from_members(value: object) -> Entry:
    if not isinstance(value, dict):
        raise TypeError
    members = cast("Mapping[str, Any]", value)
    found = members["format"]
    if isinstance(found, bool) or not isinstance(found, int) or found < FORMAT:
        raise ValueError
    if found > FORMAT:
        raise LaterFormatError(str(found))
    return Entry(
        time=_required(_time(members["time"])),
        key_arn=_required(_text(members["key_arn"])),
        step=Step(members["step"]),
        phase=Phase(members["phase"]),
        account_id=_required(_text(members["account_id"])),
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
    if moment.tzinfo is None:
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
