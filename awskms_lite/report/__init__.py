"""An audit written down, in one module for each format.

A writer is made for a text stream (UTF-8, `newline=""`). It takes the records one by one, and at the end the
`ReportContext`:

    writer = SomeWriter(stream)
    for record in run:
        writer.add(record, to_members(record))
    writer.end(context)

It neither opens nor closes the stream. What foreign people wrote (descriptions, tags, aliases, errors) is data in
each format: each writer escapes what the format's readers would act on.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from .._version import __version__

if TYPE_CHECKING:
    from ..audit import AuditSummary, KeyUsageRecord

__all__ = ["ReportContext", "Writer"]


class ReportContext(NamedTuple):
    """What a report tells beside its records.

    `ended_at` is when the audit ended; for a saved report that is judged again, when the last of its keys was
    read (aware UTC; None if the report has no key). `idle_days` is the idle window. `summary` is None for a saved
    report: what the audit behind it could not list is unknown then. `filters` are the options that chose the keys,
    as they were given (`--manager CUSTOMER`), and `source` is the file of a saved report.
    """

    ended_at: datetime | None
    idle_days: int
    summary: "AuditSummary | None" = None
    filters: tuple[str, ...] = ()
    source: str | None = None
    version: str = __version__


class Writer(Protocol):
    """Writes one report, in one format, to the text stream that it was made for."""

    def add(self, record: "KeyUsageRecord", members: Mapping[str, Any]) -> None:
        """Take the next record; `members` is the same as plain JSON (`to_members`), made once for all writers."""

    def end(self, context: ReportContext) -> None:
        """Write what is left after the last record."""
