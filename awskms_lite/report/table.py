"""The report for people: a table, or a few short lines for each key if the terminal is too narrow for it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TextIO

from ..layout import display_width, wrap
from ..quoting import printable
from ..verdicts import MEANINGS, NO_PERMISSION, label, meaning

if TYPE_CHECKING:
    from ..audit import KeyUsageRecord
    from . import ReportContext

_GAP = "  "
_MIN_NAMES = 24
"""Columns that the last cell needs at least; with fewer, a key gets lines of its own."""
_PARAGRAPH_WIDTH = 100
"""Columns of a paragraph at most: longer lines are hard to read."""


class Row(NamedTuple):
    """What the table shows of one key, in the order in which rows are sorted."""

    account_id: str
    region: str
    key_id: str
    verdict: str
    idle_days: str
    last_used: str
    operation: str
    names: str


_HEADINGS = Row(
    "ACCOUNT", "REGION", "KEY", "VERDICT", "IDLE DAYS", "LAST USED (UTC)", "OPERATION", "ALIASES OR DESCRIPTION"
)


class TableWriter:
    """Holds a row for each record, and writes them in order, with what their verdicts mean.

    `width` is that of the terminal, None if there is none: then each key has one line, however long.
    """

    def __init__(self, stream: TextIO, *, width: int | None = None) -> None:
        self._stream = stream
        self._width = width
        self._rows: list[Row] = []
        self._verdicts: set[str] = set()

    def add(self, record: "KeyUsageRecord", members: Mapping[str, Any]) -> None:  # noqa: ARG002 - as all writers
        """Hold the record's row."""
        self._rows.append(_row(record))
        self._verdicts.add(record.verdict.value)

    def end(self, context: "ReportContext") -> None:
        """Write the table, and below it a paragraph for each verdict in it."""
        self._rows.sort()
        paragraph_width = min(self._width or _PARAGRAPH_WIDTH, _PARAGRAPH_WIDTH)
        for line in (*_lines(self._rows, self._width), *self._meanings(context.idle_days, paragraph_width)):
            self._stream.write(f"{line}\n")

    def _meanings(self, idle_days: int, width: int) -> Iterator[str]:
        present = [verdict for verdict in MEANINGS if verdict in self._verdicts]
        for verdict in present:
            yield ""
            yield from wrap(meaning(verdict, idle_days), width)
        if present:
            yield ""
            yield from wrap(NO_PERMISSION, width)


def _row(record: "KeyUsageRecord") -> Row:
    used = record.last_usage
    when = f"{used.timestamp:%Y-%m-%d %H:%M}" if used is not None and used.timestamp is not None else "-"
    return Row(
        printable(record.account_id) or "-",
        printable(record.region),
        printable(record.key_id),
        _verdict(record),
        "-" if record.idle_days is None else str(record.idle_days),
        when,
        printable(_operation(record)),
        " ".join(map(printable, record.aliases or ())) or printable(" ".join((record.description or "").split())),
    )


def _verdict(record: "KeyUsageRecord") -> str:
    text = label(record.verdict.value)
    remarks = ", ".join(map(printable, _remarks(record)))
    return f"{text} ({remarks})" if remarks else text


def _remarks(record: "KeyUsageRecord") -> Iterator[str]:
    """Yield what belongs to a verdict, in a few words."""
    if record.verdict == "unreadable" and record.error is not None:
        yield ": ".join(filter(None, (record.error.operation, record.error.code)))
    elif record.verdict == "pending_deletion":
        if record.deletion_date is not None:
            yield f"{record.deletion_date:%Y-%m-%d}"
    elif record.idle_days is not None and record.state not in ("Enabled", None):
        yield record.state
    if record.failed_uses is not None and record.failed_uses.count:
        yield "in demand"
    if record.unread_regions:
        yield f"its set in {', '.join(record.unread_regions)} not read"
    if _is_used_by_set(record):
        yield "by its set"


def _is_used_by_set(record: "KeyUsageRecord") -> bool:
    """Return whether the verdict rests on the use of another key of the multi-Region set."""
    if record.verdict not in ("in_use", "idle"):
        return False
    used = None if record.last_usage is None else record.last_usage.timestamp
    return record.last_usage is None or (
        used is not None and (record.checked_at - used).days > (record.idle_days or 0)
    )


def _operation(record: "KeyUsageRecord") -> str:
    """Return the operation of the key's own last use."""
    return (record.last_usage.operation if record.last_usage is not None else None) or "-"


def _lines(rows: Sequence[Row], width: int | None) -> Iterator[str]:
    """Yield the lines of the table, in the form that fits."""
    if not rows:
        yield "No key is in this report."
        return
    several = len({row.account_id for row in rows}) > 1
    table = [_shown(row, several=several) for row in (_HEADINGS, *rows)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)][:-1]
    front = sum(widths) + len(_GAP) * len(widths)
    names = max(display_width(row.names) for row in (_HEADINGS, *rows))
    if width is None:
        yield from _wide(table, widths, None)
    elif front + min(names, _MIN_NAMES) <= width:
        yield from _wide(table, widths, width - front)
    else:
        for row in rows:
            yield from _stacked(row, width, several=several)


def _shown(row: Row, *, several: bool) -> list[str]:
    """Return the cells of a row, the account's only if there are several."""
    account_id, region, key_id, *rest = row
    return [key_id, region, *([account_id] if several else []), *rest]


def _wide(table: Sequence[Sequence[str]], widths: Sequence[int], room: int | None) -> Iterator[str]:
    """Yield a line for each row, and more if its last cell does not fit on one."""
    for *first, last in table:
        front = _GAP.join(cell.ljust(width) for cell, width in zip(first, widths, strict=True))
        for line in [last] if room is None else wrap(last, room):
            yield f"{front}{_GAP}{line}".rstrip()
            front = " " * len(front)


def _stacked(row: Row, width: int, *, several: bool) -> Iterator[str]:
    """Yield two or three short lines for a row, each broken if need be."""
    idle = "" if row.idle_days == "-" else f", {row.idle_days} days"
    where = f", account {row.account_id}" if several else ""
    used = " ".join(part for part in (row.operation, row.last_used) if part != "-")
    yield from wrap(row.key_id, width)
    for text in (f"{row.verdict}{idle}, {row.region}{where}", "; ".join(filter(None, (used, row.names)))):
        yield from (f"  {line}" for line in wrap(text, width - 2) if line)
