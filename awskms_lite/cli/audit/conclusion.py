"""What an audit came to, in a few lines: counts, places, failures, and what to do about them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import floor
from typing import TYPE_CHECKING, Any

from ...quoting import printable
from .verdicts import MEANINGS, words

if TYPE_CHECKING:
    from ...audit import AuditSummary, Failure, TargetReport
    from .report import Report

_LABELS = {
    "read": "read",
    "empty": "no keys",
    "not_enabled": "not enabled in the account",
    "not_open": "not open: the host does not resolve",
    "refused": "refused",
    "failed": "failed",
    "not_started": "not reached",
}
_INDENT = "  "


def counts(summary: "AuditSummary") -> Iterator[str]:
    """Say how many keys there are, and what became of them."""
    missing = summary.listed - summary.reported - summary.filtered
    left_out = f" + {summary.filtered} left out by the filters" if summary.filtered else ""
    unread = f" + {missing} not read" if missing else ""
    yield f"{keys(summary.listed)} listed = {summary.reported} reported{left_out}{unread}"
    unlisted = sum(report.possibly_incomplete and not report.listed for report in summary.targets)
    places = f", {len(summary.targets) - unlisted} of {len(summary.targets)} places listed" if unlisted else ""
    of = summary.listed - summary.filtered
    coverage = f", coverage {floor(summary.coverage * 1000) / 10:g} %"  # never rounded up to what it is not
    told = "" if summary.filtered and not of else coverage  # of nothing there is none to boast of
    yield f"{summary.evaluated} of {of} judged{places}{told}{verdict_counts(summary.verdicts)}"
    throttled = f", {summary.throttled} throttled" if summary.throttled else ""
    yield f"GetKeyLastUsage answered for {keys(summary.usage_calls)}{throttled}"
    if summary.resumed_from is not None:
        since = f"{summary.resumed_from:%Y-%m-%d %H:%M} UTC"
        yield f"{summary.resumed} taken from the checkpoint, read from {since} on; without it all is asked anew"


def verdict_counts(verdicts: Mapping[Any, int]) -> str:
    """Give how many keys have each verdict, to go on with after a number."""
    told = [f"{verdicts[verdict]} {words(verdict)}" for verdict in MEANINGS if verdicts.get(verdict)]
    return f": {', '.join(told)}" if told else ""


def target_lines(summary: "AuditSummary", *, every: bool) -> Iterator[str]:
    """Name the places that are not simply read, those of one fate together; with `every` the others too."""
    several = len({report.target.caller for report in summary.targets}) > 1
    groups: dict[tuple[str, str, str], tuple[list[TargetReport], Failure | None]] = {}
    for report in summary.targets:
        for status, failure in _fates(report, every=every):
            kind = (status, (failure and failure.operation) or "", failure.code if failure else "")
            groups.setdefault(kind, ([], failure))[0].append(report)
    for kind in sorted(groups, key=lambda kind: list(_LABELS).index(kind[0])):
        status, operation, _ = kind
        reports, failure = groups[kind]
        label = f"read without {operation}" if status == "read" and operation else _LABELS[status]
        yield f"{label}: {_where(reports, several=several)}"
        yield from _remedy(status, failure, named=reports[0].named)
        if status in ("not_enabled", "refused") and any(report.token_refused for report in reports):
            yield _INDENT + _global_token()


def _fates(report: "TargetReport", *, every: bool) -> Iterator[tuple[str, "Failure | None"]]:
    """Give the status of a place with what failed there; what failed beside its keys makes it "read" without."""
    status, failures = report.status.value, list(report.failures)
    if status in ("refused", "failed", "not_enabled", "not_open"):
        yield status, failures.pop() if failures else None  # the last is what ended it
    elif status != "read" or (every and not failures):
        yield status, None
    for failure in failures:
        yield "read", failure


def _remedy(status: str, failure: "Failure | None", *, named: bool) -> Iterator[str]:
    if status in ("not_enabled", "not_open"):
        if named:
            yield f"{_INDENT}Enable the region in the account, or leave it out."
    elif failure is not None:
        yield _INDENT + reason(failure)


def _global_token() -> str:
    from ...audit.failures import GLOBAL_STS_HINT

    return GLOBAL_STS_HINT


def _where(reports: Iterable["TargetReport"], *, several: bool) -> str:
    """Name places: regions, and where there are several callers, those who have the same ones together."""
    regions: dict[str, list[str]] = {}
    for report in reports:
        keys_there = f" ({report.listed})" if report.status.value == "read" else ""
        regions.setdefault(report.target.caller, []).append(report.target.region + keys_there)
    if not several:
        return ", ".join(name for names in regions.values() for name in names)
    callers: dict[str, list[str]] = {}
    for caller, names in regions.items():
        callers.setdefault(", ".join(names), []).append(caller)
    return "; ".join(f"{names} as {', '.join(those)}" for names, those in callers.items())


def reason(failure: "Failure") -> str:
    """Say why something failed, with what AWS's support asks for, and what to do about it."""
    from ... import errors

    code = None if hasattr(errors, failure.code) and not failure.request_id and failure.message else failure.code
    parts = (failure.operation, code, failure.message)
    told = ": ".join(filter(None, parts))
    if failure.request_id:
        told = f"{told.rstrip('.')} (request id {failure.request_id})"
    end = "" if told.endswith((".", ".)")) else "."
    return " ".join(f"{told}{end} {errors.error_class(failure.code).remedy}".split())


def failure_lines(report: "Report") -> Iterator[str]:
    """Name what failed, key by key, once for each cause with an example."""
    for cause, record in report.failures.items():
        assert record.error is not None
        number = report.failed[cause]
        arn = printable(record.arn)
        yield f"unreadable: {arn}" if number == 1 else f"{keys(number)} unreadable, as {arn}:"
        yield _INDENT + printable(reason(record.error))


def matched(report: "Report", fail_on: Sequence[str]) -> str | None:
    """Say which of the verdicts came up that are to fail; None where none did."""
    found = {verdict: report.verdicts[verdict] for verdict in fail_on if report.verdicts[verdict]}
    return f"--fail-on{verdict_counts(found)}" if found else None


def no_match(filters: Sequence[str], listed: int, left_out: int) -> str | None:
    """Return what to say where the filters left out every key; None where there was no key, or one is left."""
    if not filters or not listed or left_out < listed:
        return None
    return (
        f"no key matches {' '.join(filters)}: {keys(listed)} left out. Correct what matches nothing, or pass "
        "--allow-empty if that is what you expect."
    )


def keys(number: int) -> str:
    """Give a number of keys."""
    return "1 key" if number == 1 else f"{number} keys"
