"""`awskms-lite audit --from FILE`: a saved report judged anew, with nobody asked."""

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ...errors import ParameterError
from .conclusion import failure_lines, keys, no_match, verdict_counts
from .options import filters_in_force, key_filter
from .outcome import Outcome
from .report import Report
from .sources import read_lines

if TYPE_CHECKING:
    from datetime import datetime

    from ...audit import KeyFacts, KeyFilter, KeyUsageRecord
    from ...audit.multi_region import Group

_REMEDY = "--from reads what --output jsonl or json wrote."
_ARRAY_REMEDY = f"{_REMEDY} An array that another tool has written anew becomes lines with jq -c '.[]'."


class Saved:
    """What a file holds, judged; the keys of multi-Region sets at its end, each set together."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self._source: str = arguments.source
        self._idle_days: int = arguments.idle_days
        self._wanted = key_filter(arguments)
        self.read = 0
        self.left_out = 0
        self.first: datetime | None = None
        self.last: datetime | None = None

    def records(self) -> Iterator["KeyUsageRecord"]:
        """Give the records; raises `ParameterError` for a line that is none, naming it."""
        from ...audit.multi_region import Member, MultiRegionGroups

        groups = MultiRegionGroups[None](None)
        for facts in self._facts():
            for group in groups.add(Member(facts.account_id, facts, None)):
                yield from self._judged(group)
        for group in groups.finish_all():
            yield from self._judged(group)

    def _facts(self) -> Iterator["KeyFacts"]:
        from ...audit import KeyFacts
        from ...audit.serialize import from_line

        is_array = is_closed = False
        for number, whole_line in enumerate(read_lines(self._source), 1):
            line = whole_line.strip()
            if not self.read and not is_array and line == b"[":
                is_array = True
                continue
            if not self.read and line == b"[]":
                is_array = is_closed = True
                continue
            if is_array:  # as --output json writes it: an element a line
                is_closed = line == b"]"
                line = b"" if is_closed else line.removesuffix(b",")
            if not line:
                continue
            try:
                facts = from_line(KeyFacts, line)
                _check_tags(facts, self._wanted)
            except ParameterError as error:
                remedy = _ARRAY_REMEDY if is_array or line.startswith(b"[") else _REMEDY
                raise ParameterError(f"{self._source}, line {number}: {error} {remedy}") from None
            self._note(facts)
            yield facts
        if is_array and not is_closed:
            raise ParameterError(
                f"{self._source} breaks off after {keys(self.read)}, without the ] at its end: the run that wrote "
                "it was cut short. Make the report again."
            )
        if not self.read and not is_array:
            raise ParameterError(f"{self._source} holds no record: {_REMEDY}")

    def _note(self, facts: "KeyFacts") -> None:
        moment = facts.checked_at
        self.read += 1
        self.first = min(moment, self.first or moment)
        self.last = max(moment, self.last or moment)

    def _judged(self, group: "Group[None]") -> Iterator["KeyUsageRecord"]:
        """Yield the records of the keys that are wanted; the others still tell about their set."""
        from ...audit.multi_region import judge_group

        for member, record in judge_group(group, self._idle_days):
            if self._wanted.matches(member.facts):
                yield record
            else:
                self.left_out += 1

    def counts(self, report: Report) -> Iterator[str]:
        """Say what came of the records of the file."""
        left_out = f" + {self.left_out} left out by the filters" if self.left_out else ""
        told = verdict_counts(report.verdicts)
        yield f"{keys(self.read)} read = {self.read - self.left_out} reported{left_out}{told}"
        if self.first is not None and self.last is not None:
            days = dict.fromkeys((f"{self.first:%Y-%m-%d}", f"{self.last:%Y-%m-%d}"))
            yield f"judged for {self._idle_days} idle days as of when each was read: {' to '.join(days)} (UTC)"
            yield "whether the audit behind it was whole it does not tell"


def judge_saved(arguments: argparse.Namespace) -> Outcome:
    """Judge the records of the file; raises `ParameterError` for a line that is none, naming it."""
    saved, report = Saved(arguments), Report(arguments)
    for record in saved.records():
        report.add(record, flush=False)
        if report.unwritable is not None:
            break
    report.end()
    lines = [*saved.counts(report), *failure_lines(report)]
    unmatched = no_match(filters_in_force(arguments), saved.read, saved.left_out)
    return Outcome(report, lines, whole=not report.failures, unmatched=unmatched)


def _check_tags(facts: "KeyFacts", wanted: "KeyFilter") -> None:
    """Raise where a key's tags are asked for that nobody read; one that failed is reported as that.

    A key that AWS manages has none.
    """
    if wanted.tags and facts.tags is None and facts.error is None and facts.manager != "AWS":
        raise ParameterError(
            "The record has no tags, so --tag cannot tell whether the key is meant: only an audit that was made "
            "with --tag reads them."
        )
