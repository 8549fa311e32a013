"""Markdown: a summary for whoever decides, good as the step summary of a CI job.

Figures, costs by account and owner, what was not read, and the next steps. What others wrote stands in it as text:
every character that Markdown, or a tool that renders it, could act on is written as a character reference, which
CommonMark takes for no syntax.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TextIO

from ..costs import in_dollars
from ..quoting import printable
from ..verdicts import MEANINGS, NO_PERMISSION, UNUSED, label
from .causes import STATUS_LABELS, explained
from .order import FirstRecords
from .totals import Totals, short_cost, sum_of

if TYPE_CHECKING:
    from ..audit import KeyUsageRecord
    from . import ReportContext

MAX_ROWS = 20
"""Rows of a table: more is for the other formats."""
_MAX_NAME = 60
"""Characters of a name or a description."""
_ACTIVE = re.compile(r"[][\\`*_<>|~&:@$#!^{}=]|(?<=www)\.", re.IGNORECASE)
"""What may be syntax, in Markdown or in an extension of it: mathematics, mentions, links without brackets."""

_Row = Sequence[str]


class MarkdownWriter:
    """Counts the records, and writes the summary at the end."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._verdicts: defaultdict[str, Totals] = defaultdict(Totals)
        self._accounts: defaultdict[str, Totals] = defaultdict(Totals)
        self._owners: defaultdict[str, Totals] = defaultdict(Totals)
        self._first = FirstRecords(MAX_ROWS)
        self._unreadable: dict[tuple[str, str], KeyUsageRecord] = {}
        self._unread: Counter[tuple[str, str]] = Counter()

    def add(self, record: "KeyUsageRecord", members: Mapping[str, Any]) -> None:  # noqa: ARG002 - as all writers
        """Count the key."""
        verdict = record.verdict.value
        self._verdicts[verdict].add(record)
        self._accounts[record.account_id].add(record)
        if verdict not in ("aws_managed", "other_account"):
            self._owners[record.owner or ""].add(record)
        if verdict in UNUSED:
            self._first.add(record)
        elif verdict == "unreadable" and record.error is not None:
            cause = (record.error.operation or "", record.error.code)
            self._unreadable.setdefault(cause, record)
            self._unread[cause] += 1

    def end(self, context: "ReportContext") -> None:
        """Write the summary."""
        for line in self._lines(context):
            self._stream.write(f"{line}\n")

    def _lines(self, context: "ReportContext") -> Iterator[str]:
        total = sum_of(self._verdicts.values())
        yield "# Use of AWS KMS keys"
        yield ""
        yield _when(context)
        yield ""
        yield from self._figures(total, context)
        yield from _groups("By account", "Account", self._accounts)
        if set(self._owners) - {""}:
            yield from _groups("By owner", "Owner", self._owners)
        yield from self._not_read(context)
        yield from self._next_steps(context.idle_days)

    def _figures(self, total: Totals, context: "ReportContext") -> Iterator[str]:
        unused = sum_of(self._verdicts[verdict] for verdict in UNUSED if verdict in self._verdicts)
        keys = f"{unused.keys:,} of {_counted(total.keys, 'key')}"
        yield f"**Idle, never used, or without a record of a use: {keys}.**"
        if unused.keys:
            yield f"They cost {in_dollars(unused.cost)} a month; all keys together cost {in_dollars(total.cost)}."
        yield ""
        if context.summary is not None:
            yield f"Coverage: {int(context.summary.coverage * 1000) / 10:g} % of what was to be read."
            yield ""
        if "+" in total.short_cost:
            yield "A cost with a + may be higher: the rotations of those keys were not counted."
            yield ""
        rows = [
            (label(verdict), str(self._verdicts[verdict].keys), self._verdicts[verdict].short_cost)
            for verdict in MEANINGS
            if verdict in self._verdicts
        ]
        yield from markdown_table(("Verdict", "Keys", "USD a month"), rows, numbers=2)

    def _not_read(self, context: "ReportContext") -> Iterator[str]:
        rows = list(_unlisted(context))
        for cause, record in self._unreadable.items():
            assert record.error is not None
            rows.append((f"{_counted(self._unread[cause], 'key')}, as {record.arn}", explained(record.error)))
        if rows:
            yield from _section("What was not read", "A key that was not read may be in use.")
            yield from markdown_table(("What", "Why"), rows)

    def _next_steps(self, idle_days: int) -> Iterator[str]:
        records = self._first.in_order()
        if not records:
            return
        yield from _section("Next steps", NO_PERMISSION)
        for verdict in UNUSED:
            if verdict in self._verdicts:
                yield f"- **{label(verdict)}**: {MEANINGS[verdict].format(days=idle_days)}"
        yield ""
        yield from markdown_table(
            ("Key", "Region", "Account", "Verdict", "Days", "USD a month", "Owner", "Name"),
            map(_row, records),
        )
        left = sum(self._verdicts[verdict].keys for verdict in UNUSED if verdict in self._verdicts) - len(records)
        yield from more_line(left, "key")


def _when(context: "ReportContext") -> str:
    moment = "" if context.ended_at is None else f"As of {context.ended_at:%Y-%m-%d %H:%M} UTC. "
    chosen = f" Keys: {markdown_text(' '.join(context.filters))}." if context.filters else ""
    source = "" if context.source is None else f" Judged from {markdown_text(context.source)}."
    return f"{moment}A key is idle after {_counted(context.idle_days, 'day')} without a use.{chosen}{source}"


def _unlisted(context: "ReportContext") -> Iterator[_Row]:
    """Yield what could not be listed, or not to the end, and why."""
    for report in () if context.summary is None else context.summary.targets:
        if report.is_partial:
            reasons = [explained(failure) for failure in report.failures]
            yield str(report.target), " ".join([f"{STATUS_LABELS[report.status.value]}.", *reasons])


def _groups(title: str, heading: str, groups: Mapping[str, Totals]) -> Iterator[str]:
    """Yield a table of groups, those with the most unused keys first."""
    ordered = sorted(groups.items(), key=lambda item: (-item[1].unused, -item[1].cost.usd, item[0]))
    rows = [
        (name or "unknown", str(group.keys), str(group.unused), group.short_cost)
        for name, group in ordered[:MAX_ROWS]
    ]
    if rows:
        yield from _section(title)
        yield from markdown_table((heading, "Keys", "Without a use", "USD a month"), rows, numbers=3)
    yield from more_line(len(ordered) - MAX_ROWS, heading.lower())


def _row(record: "KeyUsageRecord") -> _Row:
    name = " ".join(record.aliases or ()) or record.description or ""
    return (
        record.key_id,
        record.region,
        record.account_id,
        label(record.verdict.value),
        "-" if record.idle_days is None else str(record.idle_days),
        short_cost(record.cost),
        record.owner or "-",
        name if len(name) <= _MAX_NAME else f"{name[: _MAX_NAME - 1]}…",
    )


def _section(title: str, text: str = "") -> Iterator[str]:
    yield f"## {title}"
    yield ""
    if text:
        yield text
        yield ""


def markdown_table(headings: _Row, rows: Iterable[_Row], *, numbers: int = 0) -> Iterator[str]:
    """Yield the lines of a table, the last columns of which are numbers."""
    yield f"| {' | '.join(headings)} |"
    yield f"|{' --- |' * (len(headings) - numbers)}{' ---: |' * numbers}"
    for row in rows:
        yield f"| {' | '.join(map(markdown_text, row))} |"
    yield ""


def more_line(number: int, noun: str) -> Iterator[str]:
    """Yield how many rows have no place in a table, if there are any."""
    if number <= 0:
        return
    yield f"… and {number:,} more {noun}{'' if number == 1 else 's'}."
    yield ""


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def markdown_text(text: str) -> str:
    """Return a text on one line, in which nothing is syntax."""
    return _ACTIVE.sub(_reference, printable(" ".join(text.split())))


def _reference(match: re.Match[str]) -> str:
    return f"&#{ord(match[0])};"
