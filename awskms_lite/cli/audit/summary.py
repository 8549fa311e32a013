"""The end of `awskms-lite audit`: its summary in a few lines, what to do about what failed, and the exit code."""

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import floor
from typing import TYPE_CHECKING, Any, NamedTuple

from ...costs import total_lines
from ...errors import ConfigurationError, CredentialsError, KMSLiteError, ParameterError
from ...layout import wrap
from ...quoting import printable
from ...report.causes import STATUS_LABELS, explained, skipped, with_name
from ...verdicts import MEANINGS, UNUSED, label
from ..text import print_error, print_stderr, terminal_width

if TYPE_CHECKING:
    from ...audit import AuditSummary, AuditVerdict, Failure, TargetReport
    from ...costs import CostTotal
    from .report import Report

SYSTEM_ERRORS = (OSError, MemoryError)
"""What ends an audit and is neither AWS's fault nor its user's: no file descriptors, threads or memory left."""

_DETAILS = ("ListKeyRotations", "LookupEvents")
"""The operations that no verdict depends on."""
_INDENT = "  "


class AuditResult(NamedTuple):
    """A report that was written, the lines of its summary, and what is wrong with it.

    `incomplete` is what to print about keys that are missing, `signal` the signal that interrupted it, `error`
    what ended it early, and `unmatched` what to print about filters that matched no key; each None if there is
    none.
    """

    report: "Report"
    lines: Sequence[str]
    incomplete: str | None = None
    signal: int | None = None
    error: KMSLiteError | None = None
    unmatched: str | None = None


def finish(result: AuditResult, fail_on: Sequence[str]) -> int:
    """Print the summary on standard error, and return the exit code."""
    matched = _matched(result.report, fail_on)
    code = _exit_code(result, matched=matched is not None)
    notes = (result.incomplete, matched if code == 1 else None, result.unmatched, _kept(result.report))
    width = terminal_width(sys.stderr)
    for line in (*result.lines, *filter(None, notes)):
        print_stderr("\n".join(_fitted(line, width)))
    for text in result.report.unwritable:
        print_error(text)
    if result.error is not None:
        print_error(str(result.error))
    return code


def _exit_code(result: AuditResult, *, matched: bool) -> int:
    """Return the code of what weighs most."""
    if isinstance(result.error, ConfigurationError | CredentialsError | ParameterError):
        return 2
    if result.signal is not None:
        return 128 + result.signal
    if result.error is not None or result.report.unwritable or result.incomplete is not None:
        return 3
    if result.unmatched is not None:
        return 2
    return 1 if matched else 0


def _kept(report: "Report") -> str | None:
    """Return which files were left as they were; None if there is none."""
    if not report.kept:
        return None
    names = ", ".join(map(printable, report.kept))
    return f"There is no key to report, so nothing was written to {names}: what is there is of an earlier audit."


def _matched(report: "Report", fail_on: Sequence[str]) -> str | None:
    """Return which verdicts of --fail-on came up; None if none did."""
    found = {verdict: report.verdicts[verdict] for verdict in fail_on if report.verdicts[verdict]}
    return f"--fail-on{verdict_counts(found)}" if found else None


def _fitted(line: str, width: int | None) -> list[str]:
    """Break a line at the width of the terminal, and keep its indent."""
    if width is None:
        return [line]
    indent = " " * (len(line) - len(line.lstrip()))
    return [indent + piece for piece in wrap(line, width - len(indent))]


def count_lines(summary: "AuditSummary") -> Iterator[str]:
    """Yield how many keys there are, and what became of them."""
    missing = summary.listed - summary.reported - summary.filtered
    filtered = f" + {summary.filtered} left out by the filters" if summary.filtered else ""
    unread = f" + {missing} not read" if missing else ""
    yield f"{key_count(summary.listed)} listed = {summary.reported} reported{filtered}{unread}"
    expected = summary.listed - summary.filtered
    coverage = "" if summary.filtered and not expected else _coverage(summary)  # there is none of no key
    yield f"{summary.evaluated} of {expected} evaluated{coverage}{verdict_counts(summary.verdicts)}"
    throttled = f", {summary.throttled} throttled" if summary.throttled else ""
    yield f"GetKeyLastUsage answered for {key_count(summary.usage_calls)}{throttled}"
    if summary.lookups:
        requests = "1 request" if summary.lookups == 1 else f"{summary.lookups} requests"
        yield f"CloudTrail answered {requests} about the last 90 days"
    if summary.resumed_from is not None:
        since = f"{summary.resumed_from:%Y-%m-%d %H:%M} UTC"
        yield f"{summary.resumed} taken from the checkpoint, read from {since} on; remove it to read them again"


def demand_lines(report: "Report") -> Iterator[str]:
    """Yield which keys are in demand although they cannot be used, the first ones by name."""
    number = report.demanded
    if number:
        what = "1 key that cannot be used is" if number == 1 else f"{number} keys that cannot be used are"
        more = number - len(report.first_demanded)
        names = ", ".join(map(printable, report.first_demanded))
        yield f"{what} in demand: {names}{f' and {more} more' if more else ''}"
        yield f"{_INDENT}CloudTrail has uses that were refused: find out who made them."


def cost_lines(
    report: "Report", costs: "Mapping[AuditVerdict, CostTotal]", unused: "CostTotal", idle_days: int
) -> Iterator[str]:
    """Yield what the keys cost; nothing if a table with all of them is on the same terminal, which tells that."""
    if not (report.is_seen and not report.unshown and terminal_width(sys.stderr) is not None):
        yield from total_lines(costs, unused, idle_days)


def shown_lines(report: "Report") -> Iterator[str]:
    """Yield how many keys the report leaves out because of their verdicts."""
    if report.unshown:
        yield f"{key_count(report.unshown)} with other verdicts left out of the report by --verdict"


def _coverage(summary: "AuditSummary") -> str:
    unlisted = sum(report.possibly_incomplete and not report.listed for report in summary.targets)
    broken_off = any(report.possibly_incomplete and report.listed for report in summary.targets)
    total = len(summary.targets)
    targets = f", {total - unlisted} of {total} targets listed" if unlisted else ""
    percent = f"{floor(summary.coverage * 1000) / 10:g} %"  # rounded down: 99.96 % are not all
    return f"{targets}, coverage {percent}{' of the keys that were listed' if broken_off else ''}"


def verdict_counts(verdicts: Mapping[Any, int]) -> str:
    """Return how many keys have each verdict, as the end of a line."""
    counts = [f"{verdicts[verdict]} {label(verdict)}" for verdict in MEANINGS if verdicts.get(verdict)]
    return f": {', '.join(counts)}" if counts else ""


def athena_lines(summary: "AuditSummary") -> Iterator[str]:
    """Yield how to look for uses before the last 90 days, if CloudTrail was asked and keys seem unused."""
    if summary.lookups and any(summary.verdicts.get(verdict) for verdict in UNUSED):
        yield "for uses that are older than CloudTrail's event history, ask Athena about the bucket of a trail:"
        yield f"{_INDENT}{_athena_query()}"


def _athena_query() -> str:
    """Return a query for the table that "Querying AWS CloudTrail logs" in the Athena User Guide creates."""
    from ...models.usage import KeyLastUsageTrackingOperation

    names = ", ".join(f"'{name}'" for name in KeyLastUsageTrackingOperation)
    return " ".join(
        [
            "SELECT eventtime, eventname, useridentity.arn, useridentity.invokedby FROM cloudtrail_logs",
            "WHERE eventsource = 'kms.amazonaws.com' AND errorcode IS NULL",
            "AND any_match(resources, named -> named.arn = 'ARN OF THE KEY')",
            f"AND eventname IN ({names})",
            "ORDER BY eventtime DESC LIMIT 10",
        ]
    )


def target_lines(summary: "AuditSummary", *, every: bool) -> Iterator[str]:
    """Yield the targets that were not simply read, those with one cause together; with `every` the others too."""
    several = len({report.target.caller for report in summary.targets}) > 1
    groups: dict[tuple[str, str, str], tuple[list[TargetReport], Failure | None]] = {}
    for report in summary.targets:
        for status, failure in _causes(report, every=every):
            cause = (status, (failure and failure.operation) or "", failure.code if failure else "")
            groups.setdefault(cause, ([], failure))[0].append(report)
    for cause in sorted(groups, key=lambda cause: list(STATUS_LABELS).index(cause[0])):
        status, operation, _ = cause
        reports, failure = groups[cause]
        text = f"read without {operation}" if status == "read" and operation else STATUS_LABELS[status]
        yield f"{text}: {_named(reports, several=several)}"
        yield from _remedy(status, failure, named=reports[0].named)
        if status in ("not_enabled", "refused") and any(report.token_refused for report in reports):
            yield _INDENT + _session_token_hint()


def skipped_lines(summary: "AuditSummary") -> Iterator[str]:
    """Yield the accounts of an organization that were not audited, those in one state together."""
    by_reason: dict[str, list[str]] = {}
    for account in summary.skipped_accounts:
        name, reason = skipped(account)
        by_reason.setdefault(reason, []).append(name)
    for reason, accounts in by_reason.items():
        yield f"{reason}: {printable(', '.join(accounts))}"


def _causes(report: "TargetReport", *, every: bool) -> Iterator[tuple[str, "Failure | None"]]:
    """Yield a target's status with its failure; a failure beside its keys means that it was read without that."""
    status, failures = report.status.value, list(report.failures)
    if status in ("refused", "failed", "not_enabled", "not_open"):
        yield status, failures.pop() if failures else None  # the last one ended it
    elif status != "read" or (every and not failures):
        yield status, None
    for failure in failures:
        yield "read", failure


def _remedy(status: str, failure: "Failure | None", *, named: bool) -> Iterator[str]:
    if status in ("not_enabled", "not_open"):
        if named:
            yield f"{_INDENT}Enable the region in the account, or leave it out."
    elif failure is not None:
        yield _INDENT + explained(failure)


def _session_token_hint() -> str:
    from ...audit.failures import GLOBAL_STS_HINT

    return GLOBAL_STS_HINT


def _named(reports: Iterable["TargetReport"], *, several: bool) -> str:
    """Return the names of targets: regions, and with several callers, those who have the same regions together."""
    regions: dict[str, list[str]] = {}
    names: dict[str, str | None] = {}
    for report in reports:
        names[report.target.caller] = report.account_name
        listed = f" ({report.listed})" if report.status.value == "read" else ""
        regions.setdefault(report.target.caller, []).append(report.target.region + listed)
    if not several:
        return ", ".join(name for found in regions.values() for name in found)
    callers: dict[str, list[str]] = {}
    for caller, found in regions.items():
        account_name = names[caller]
        shown = with_name(caller or "your own account", account_name and printable(account_name))
        callers.setdefault(", ".join(found), []).append(shown)
    return "; ".join(f"{found} as {', '.join(those)}" for found, those in callers.items())


def failure_lines(report: "Report") -> Iterator[str]:
    """Yield why keys could not be read, once for each cause with an example."""
    for cause, record in report.failures.items():
        assert record.error is not None
        number = report.failed[cause]
        arn = printable(record.arn)
        yield f"unreadable: {arn}" if number == 1 else f"{key_count(number)} unreadable, as {arn}:"
        yield _INDENT + printable(explained(record.error))


def incomplete_line(summary: "AuditSummary", checkpoint: str | None, answers: int | None) -> str | None:
    """Return how much is missing from an audit and how to get it; None if it is complete.

    `checkpoint` is its file, and `answers` the number that the file holds, None if that is unknown.
    """
    if summary.complete:
        return None
    again = "run the same command again"
    read = f"{summary.reported + summary.filtered} of the {key_count(summary.listed)} listed so far were read"
    if summary.expired:
        cause, remedy = f"The credentials expired: {read}", f"Renew them and {again}"
    elif summary.stopped:
        came = read if summary.listed else "no key was listed yet"
        cause, remedy = f"The audit was interrupted: {came}", "Run the same command again"
    else:
        cause, remedy = f"The audit is incomplete: {_missing(summary)}", f"Fix the cause and {again}"
    if checkpoint is None:
        end = "; with --checkpoint FILE each run continues where the one before ended"
    else:
        end = f"; the checkpoint {checkpoint} keeps {_answers(answers)}"
    return f"{cause}. {remedy}{end}. A key that was not read may be in use."


def _missing(summary: "AuditSummary") -> str:
    unread = summary.listed - summary.filtered - summary.evaluated
    partial = [report for report in summary.targets if report.is_partial]
    lack_details = sum(map(_lacks_details_only, partial))
    unlisted = len(partial) - lack_details
    of_targets = f"of {len(summary.targets)} targets could not be"
    parts: list[str] = []
    if unread:
        parts.append(f"{unread} of {key_count(summary.listed - summary.filtered)} could not be read")
    if unlisted or not (unread or lack_details):
        parts.append(f"{unlisted} {of_targets} listed in full")
    if lack_details:
        parts.append(f"{lack_details} {of_targets} asked for all details")
    return " and ".join(parts)


def _lacks_details_only(report: "TargetReport") -> bool:
    """Return whether a target was listed in full, and only what no verdict depends on is missing."""
    return not report.possibly_incomplete and all(each.operation in _DETAILS for each in report.failures)


def _answers(number: int | None) -> str:
    return "what was read" if number is None else "1 answer" if number == 1 else f"the {number} answers"


def unmatched_line(report: "Report", filters: Sequence[str], listed: int, filtered: int) -> str | None:
    """Return what to print if the filters match none of the keys for certain; None if there is none, or one may.

    A key that was not read may match, and the exit code tells of it as such.
    """
    if not filters or not listed or report.matched or filtered + report.number < listed:
        return None
    unknown = f", and of {key_count(report.number)} in the report it is unknown" if report.number else ""
    return (
        f"no key matches {' '.join(filters)}: {key_count(filtered)} left out{unknown}. Correct what matches "
        "nothing, or pass --allow-empty if that is what you expect."
    )


def interrupted_by(error: BaseException) -> str:
    """Return what to print about one of `SYSTEM_ERRORS`, with its cause and what to do."""
    cause = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return f"the audit broke off: {cause}. Fix that (ulimit -a shows limits) and run the same command again."


def key_count(number: int) -> str:
    """Return a number of keys in words."""
    return "1 key" if number == 1 else f"{number} keys"
