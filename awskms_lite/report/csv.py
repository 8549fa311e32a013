"""CSV: a header, and a row for each record, that no spreadsheet takes for formulas."""

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TextIO, cast

from ..quoting import printable

if TYPE_CHECKING:
    from ..audit import KeyUsageRecord
    from . import ReportContext

_NESTED = {
    "last_usage": ("timestamp", "operation", "cloud_trail_event_id", "kms_request_id"),
    "error": ("code", "message", "request_id", "operation"),
    "last_user": (
        "principal_arn", "session_name", "invoked_by", "source_ip", "user_agent", "event_id", "event_time",
        "encryption_context",
    ),
    "recent_uses": ("count", "at_least", "since", "last", "users"),
    "failed_uses": ("count", "at_least", "since", "last", "users"),
}  # fmt: skip
"""The members of records that are objects, with the parts of each."""

_MEMBERS = (
    "key_id", "arn", "account_id", "audited_account_id", "region", "shared", "aliases", "description", "state",
    "manager", "spec", "usage", "origin", "multi_region_role", "related_arns", "created", "deletion_date",
    "tracking_start", "last_usage", "tags", "checked_at", "error", "verdict", "idle_days", "unread_regions",
    "reasons", "advice",
    "monthly_cost", "monthly_cost_is_minimum", "rotations", "last_user", "recent_uses", "failed_uses",
    "owner", "cloudtrail_checked_at", "account_name", "created_by",
)  # fmt: skip
"""The members of a record in the order of their columns. New ones are appended: scripts may count columns."""


def _paths() -> Iterator[tuple[str, tuple[str, str | None]]]:
    """Yield each column's name with the member that it shows, and the part of it."""
    for member in _MEMBERS:
        for part in _NESTED.get(member, (None,)):
            yield (member if part is None else f"{member}_{part}"), (member, part)


_PATHS = dict(_paths())
COLUMNS = tuple(_PATHS)
"""All columns: those of the members, and NAME_PART for each part of one that is an object."""
SHORT_COLUMNS = (
    "verdict", "idle_days", "monthly_cost", "owner", "account_id", "region", "key_id", "aliases", "description",
    "state", "last_usage_timestamp", "last_usage_operation", "advice",
)  # fmt: skip
"""What people look at in a spreadsheet."""

_FORMULA = re.compile(r"((?:^|[;,\t\r\n])[\s\"\x00-\x1f\x7f\u200b\ufeff]*)(?=[=+\-@\uff1d\uff0b\uff0d\uff20])")
"""What begins a formula, wide forms included, where a cell begins or where some spreadsheets begin another one;
quotes and invisible characters may stand before it."""
_HARMLESS = re.compile(r"[A-Za-z0-9][^;,\t\r\n]*")
"""What can hold none, which nearly every cell is."""
_BREAKS = ("\t", "\r", "\n")
_MARK = "\ufeff"
"""Without a byte order mark spreadsheets take UTF-8 for a code page of Windows."""


class CSVWriter:
    """Writes the header and a row for each record; `mark` begins the file with a byte order mark."""

    def __init__(self, stream: TextIO, columns: Sequence[str] = COLUMNS, *, mark: bool = False) -> None:
        self._columns = columns
        if mark:
            stream.write(_MARK)
        self._rows = csv.writer(stream, lineterminator="\n")
        self._has_header = False

    def add(self, record: "KeyUsageRecord", members: Mapping[str, Any]) -> None:  # noqa: ARG002 - as all writers
        """Write the record's row."""
        self._write_header()
        self._rows.writerow(map(printable, csv_row(members, self._columns)))  # it may go to a terminal

    def end(self, context: "ReportContext") -> None:  # noqa: ARG002 - as all writers
        """Write the header if there was no record."""
        self._write_header()

    def _write_header(self) -> None:
        if not self._has_header:
            self._rows.writerow(self._columns)
            self._has_header = True


def csv_row(members: Mapping[str, Any], columns: Iterable[str] = COLUMNS) -> list[str]:
    """Return these cells of a record, so that no spreadsheet takes one, or a part of one, for a formula.

    Some spreadsheets split cells at semicolons. Several values in a cell are separated by "; ", the sentences of
    `reasons` by a blank. Source: "CSV Injection", OWASP.
    """
    return [_without_formula(_text(column, members)) for column in columns]


def _text(column: str, members: Mapping[str, Any]) -> str:
    member, part = _PATHS[column]
    value = members[member]
    if part is not None and value is not None:
        value = value[part]
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        value = [f"{key}={text}" for key, text in cast("Mapping[str, str]", value).items()]
    if isinstance(value, list | tuple):
        return (" " if column == "reasons" else "; ").join(cast("list[str]", value))
    return str(value)


@lru_cache(4096)  # verdicts, advice, regions and the like are a few texts in many rows
def _without_formula(text: str) -> str:
    if _HARMLESS.fullmatch(text):
        return text
    text = _FORMULA.sub(r"\1'", text)
    return f"'{text}" if text.startswith(_BREAKS) else text
