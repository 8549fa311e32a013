"""The report for people: a table, in the form that fits the terminal.

A terminal that has room for it gets a line a key, without the columns that matter least if need be; then a line
and another one below it; a narrow one some short lines. Without a terminal each key has one line with everything.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import TYPE_CHECKING, Any, TextIO

from ..audit.sorted_records import SortedTexts
from ..costs import CostTotals, MonthlyCost, in_dollars, total_lines
from ..layout import wrap
from ..quoting import printable
from ..verdicts import MEANINGS, NEXT_STEP, NO_PERMISSION, UNUSED, AuditVerdict, label, meaning
from .causes import with_name
from .order import DEFAULT_ORDER, Order
from .table_forms import Row, Shape, bold
from .totals import Totals, short_cost

if TYPE_CHECKING:
    from ..audit import KeyUsageRecord
    from . import ReportContext

_PARAGRAPH_WIDTH = 100
"""Columns of a paragraph at most: longer lines are hard to read."""


class TableWriter:
    """Sorts a row for each record, and writes them at the end, with what their verdicts mean.

    `width` is that of the terminal, None if there is none; `colour` is whether it wants colours. With an `order`
    that has groups, each group has a line with its totals before its rows. Rows are sorted on disk if there are
    many: `add` and `end` may raise `CheckpointError`.
    """

    def __init__(
        self, stream: TextIO, *, width: int | None = None, colour: bool = False, order: Order = DEFAULT_ORDER
    ) -> None:
        self._stream = stream
        self._width = width
        self._colour = colour
        self._order = order
        self._rows = SortedTexts(order.descending_at)
        self._shape = Shape()
        self._verdicts: set[str] = set()
        self._names: dict[str, str] = {}
        self._groups: defaultdict[str, Totals] = defaultdict(Totals)
        self._costs: Counter[tuple[AuditVerdict, int | None, MonthlyCost]] = Counter()

    def add(self, record: "KeyUsageRecord", members: Mapping[str, Any]) -> None:  # noqa: ARG002 - as all writers
        """Sort the record's row in."""
        group_by = self._order.group_by
        row, group = _row(record), "" if group_by is None else printable(self._order.group(record))
        self._rows.add(self._order.place(record), "\t".join((group, *row)))  # no printable text has a tab in it
        self._shape.add(row)
        self._verdicts.add(record.verdict.value)
        if group_by is not None:
            self._groups[group].add(record)
        if group_by == "account" and record.account_name:
            self._names[group] = printable(record.account_name)
        self._costs[record.verdict, record.idle_days, record.cost] += 1

    def end(self, context: "ReportContext") -> None:
        """Write the table, and below it a paragraph for each verdict in it, and what the keys cost."""
        if not self._verdicts:
            self._rows.close()
            self._stream.write("No key is in this report.\n")
            return
        with closing(self._rows):
            for line in self._lines():
                self._stream.write(f"{line}\n")
        paragraph_width = min(self._width or _PARAGRAPH_WIDTH, _PARAGRAPH_WIDTH)
        for line in self._meanings(context.idle_days, paragraph_width):
            self._stream.write(f"{line}\n")

    def _lines(self) -> Iterator[str]:
        form = self._shape.form(self._width, colour=self._colour)
        yield from form.headings()
        before = None
        for line in self._rows.in_order():
            group, *cells = line.split("\t")
            if group != before and self._order.group_by is not None:
                yield from self._group_heading(group, first=before is None)
            before = group
            yield from form.lines(Row(*cells))

    def _group_heading(self, group: str, *, first: bool) -> Iterator[str]:
        totals = self._groups[group]
        by_verdict = self._order.group_by == "verdict"
        counts = ", ".join(f"{totals.verdicts[each]} {label(each)}" for each in MEANINGS if totals.verdicts[each])
        name = label(group) if by_verdict else with_name(group or "unknown", self._names.get(group))
        keys = "1 key" if totals.keys == 1 else f"{totals.keys:,} keys"
        cost = f", {in_dollars(totals.cost)} a month" if totals.cost.keys else ""
        if not first:
            yield ""
        text = f"{self._order.group_by} {name}: {keys}{cost}{'' if by_verdict else f': {counts}'}"
        for line in [text] if self._width is None else wrap(text, self._width):
            yield bold(line) if self._colour else line

    def _meanings(self, idle_days: int, width: int) -> Iterator[str]:
        present = [verdict for verdict in MEANINGS if verdict in self._verdicts]
        meanings = [f"{label(verdict)}: {meaning(verdict, idle_days)}" for verdict in present]
        if not self._verdicts.isdisjoint(UNUSED):
            meanings.append(NEXT_STEP)
        for text in (*meanings, *self._cost_sentences(idle_days), NO_PERMISSION):
            yield ""
            yield from wrap(text, width)

    def _cost_sentences(self, idle_days: int) -> Iterator[str]:
        costs = CostTotals(idle_days)
        for verdict, days, cost in self._costs.elements():
            costs.add(verdict, days, cost)
        for line in total_lines(costs.by_verdict, costs.unused, idle_days):
            yield f"{line[0].upper()}{line[1:]}."


def _row(record: "KeyUsageRecord") -> Row:
    used = record.last_usage
    when = f"{used.timestamp:%Y-%m-%d %H:%M}" if used is not None and used.timestamp is not None else "-"
    notes = ", ".join(_notes(record))
    return Row(
        key_id=printable(record.key_id),
        region=printable(record.region),
        account_id=printable(record.account_id) or "-",
        account_name=printable(record.account_name or "-"),
        verdict=label(record.verdict.value),
        idle_days="-" if record.idle_days is None else str(record.idle_days),
        cost=short_cost(record.cost),
        last_used=when,
        operation=printable((used.operation if used is not None else None) or "-"),
        user=printable(_last_user(record)),
        owner=printable(record.owner or "-"),
        notes=printable(notes and f"({notes})"),
        aliases=printable(" ".join(record.aliases or ())),
        description="" if record.aliases else printable(" ".join((record.description or "").split())),
    )


def _last_user(record: "KeyUsageRecord") -> str:
    """Return who made the last use in a word: the name of the role or user, else the AWS service."""
    user = record.last_user
    if user is None:
        return "-"
    name = re.split("[/:]", user.principal_arn or "")[-1]
    return name or user.invoked_by or "-"


def _notes(record: "KeyUsageRecord") -> Iterator[str]:
    """Yield what belongs to a verdict, in a few words."""
    if record.verdict == "pending_deletion":
        if record.deletion_date is not None:
            yield f"until {record.deletion_date:%Y-%m-%d}"
    elif record.idle_days is not None and record.state not in ("Enabled", None):
        yield record.state
    if record.in_demand:
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
