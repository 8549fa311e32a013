"""`awskms-lite audit --from FILE`: a saved report judged again, without any request."""

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ...costs import CostTotals, total_lines
from ...errors import ParameterError
from .input_files import read_records
from .options import filters_in_force, given_filters, key_filter
from .report import Report
from .summary import AuditResult, failure_lines, key_count, shown_lines, unmatched_line, verdict_counts

if TYPE_CHECKING:
    from datetime import datetime

    from ...audit import KeyFacts, KeyFilter, KeyUsageRecord
    from ...audit.multi_region import Group


class SavedReport:
    """The records of a file, judged again; the keys of multi-Region sets at its end, each set together."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self._source: str = arguments.source
        self._idle_days: int = arguments.idle_days
        self._price: float = arguments.price
        self._wanted = key_filter(arguments)
        self._regions = frozenset[str](arguments.region or ())
        self._accounts = frozenset[str](arguments.account or ())
        self._costs = CostTotals(arguments.idle_days)
        self._owner_tags: list[str] = arguments.owner_tag
        self._has_tags = False
        self._arns: set[str] = set()
        self.read = 0
        self.filtered = 0
        self.first: datetime | None = None
        self.last: datetime | None = None

    def records(self) -> Iterator["KeyUsageRecord"]:
        """Yield the records that are wanted; raise `ParameterError` for a line that is no record.

        A key that the filter leaves out still tells about its set.
        """
        from ...audit.multi_region import judge_group

        for group in self._groups():
            for member, record in judge_group(group, self._idle_days, self._price):
                if self._is_wanted(member.facts):
                    self._costs.add(record.verdict, record.idle_days, record.cost)
                    yield record
                else:
                    self.filtered += 1

    def _is_wanted(self, facts: "KeyFacts") -> bool:
        return (
            (not self._regions or facts.region in self._regions)
            and (not self._accounts or facts.account_id in self._accounts)
            and self._wanted.matches(facts)
        )

    def _groups(self) -> Iterator["Group[None]"]:
        from ...audit.multi_region import Member, MultiRegionGroups

        groups = MultiRegionGroups[None](None)
        for facts in self._facts():
            yield from groups.add(Member(facts.account_id, facts, None))
        yield from groups.finish_all()

    def _facts(self) -> Iterator["KeyFacts"]:
        from ...audit import KeyFacts
        from ...audit.owners import with_owner

        for facts in read_records(self._source, KeyFacts, lambda facts: _check_tags(facts, self._wanted)):
            self._count(facts)
            yield with_owner(facts, self._owner_tags)

    def _count(self, facts: "KeyFacts") -> None:
        self.read += 1
        self._has_tags = self._has_tags or facts.tags is not None
        self._arns.add(facts.arn)
        self.first = min(facts.checked_at, self.first or facts.checked_at)
        self.last = max(facts.checked_at, self.last or facts.checked_at)

    def count_lines(self, report: Report) -> Iterator[str]:
        """Yield how many records there are, and what became of them."""
        filtered = f" + {self.filtered} left out by the filters" if self.filtered else ""
        verdicts = verdict_counts(report.verdicts)
        yield f"{key_count(self.read)} read = {self.read - self.filtered} reported{filtered}{verdicts}"
        yield from shown_lines(report)
        yield from total_lines(self._costs.by_verdict, self._costs.unused, self._idle_days)
        repeated = self.read - len(self._arns)
        if repeated:
            yield (
                f"{repeated} of them repeat a key: the file has more than one report in it, and every "
                "record counts. Judge each report by itself."
            )
        if self._owner_tags and self.read and not self._has_tags:
            yield "no key has tags in this report, so --owner-tag names no owner: audit with --with-tags"
        if self.first is not None and self.last is not None:
            days = dict.fromkeys((f"{self.first:%Y-%m-%d}", f"{self.last:%Y-%m-%d}"))
            yield f"judged for {self._idle_days} idle days as of when each was read: {' to '.join(days)} (UTC)"
            yield "the file does not tell whether the audit behind it was complete"

    def incomplete_line(self, report: Report) -> str | None:
        """Return how many keys could not be read; None if there is none."""
        unread = sum(report.failed.values())
        if not unread:
            return None
        return (
            f"The report is incomplete: {unread} of {key_count(self.read - self.filtered)} could not be read. "
            "Fix the cause and audit again. A key that was not read may be in use."
        )


def judge_saved(arguments: argparse.Namespace) -> AuditResult:
    """Judge the records of the file and write the report; raise `ParameterError` for a line that is no record."""
    from ...report import ReportContext

    saved = SavedReport(arguments)
    with Report(arguments) as report:
        for record in saved.records():
            report.add(record, flush=False)
            if report.is_over:
                break
        context = ReportContext(
            ended_at=saved.last,
            idle_days=arguments.idle_days,
            filters=tuple(given_filters(arguments)),
            source=arguments.source,
        )
        unmatched = unmatched_line(filters_in_force(arguments), saved.read, saved.filtered)
        report.end(context, is_known=unmatched is None)
    return AuditResult(
        report,
        [*saved.count_lines(report), *failure_lines(report)],
        incomplete=saved.incomplete_line(report),
        unmatched=unmatched,
    )


def _check_tags(facts: "KeyFacts", wanted: "KeyFilter") -> None:
    """Raise `ParameterError` if tags are needed to filter a key and were not read.

    A key that AWS manages has none, and one whose reading failed is reported as that.
    """
    if wanted.tags and facts.tags is None and facts.error is None and facts.manager != "AWS":
        raise ParameterError(
            "The record has no tags, so --tag cannot tell whether the key is meant: only an audit that was made "
            "with --tag reads them."
        )
