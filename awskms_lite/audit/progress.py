"""The counts of an audit: of each target while it is read, of all of it, and the summary."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType

from attrs import Factory, define, evolve, field, frozen

from ..costs import NOTHING, CostTotal, CostTotals
from ..pacing import RateLimiter, RateLimiters
from ..verdicts import AuditVerdict
from .failures import UNKNOWN_CALLER, is_denial, is_expiry
from .organization import SkippedAccount
from .records import Failure, KeyFacts, KeyUsageRecord
from .targets import Target, TargetReport, TargetStatus


@frozen
class Progress:
    """How far an audit has come, in keys: `listed` grows until the last listing is complete.

    `rate` is how many keys per second can be read at present, all targets together, and `seconds_left` an estimate
    of the rest; None while it is unknown. `lookup_rate` is how many requests per second CloudTrail gets at
    present.
    """

    listed: int
    reported: int
    throttled: int
    rate: float
    seconds_left: float | None
    lookup_rate: float = 0.0


@frozen(kw_only=True)
class AuditSummary:
    """The result of an audit, or its state so far.

    Counts of keys: `listed` in all targets, `filtered` out by the `KeyFilter`, `reported` as records, of which
    `evaluated` are not unreadable and `resumed` came from the checkpoint, read at `resumed_from` or later.
    `usage_calls` counts the answers to GetKeyLastUsage, `lookups` those to LookupEvents, `throttled` the answers
    to any operation by which AWS asked for a lower rate. `costs` are what the keys with each verdict cost
    together, without keys that other accounts pay for; `unused_cost` is that of the keys that nobody used in the
    idle window. `targets` has each target, in the order in which they were given; `stopped` is True if the audit
    was ended before its end. `skipped_accounts` are those of an organization that cannot be audited.
    """

    targets: Sequence[TargetReport]
    verdicts: Mapping[AuditVerdict, int]
    listed: int
    filtered: int
    reported: int
    evaluated: int
    resumed: int
    resumed_from: datetime | None
    usage_calls: int
    throttled: int
    stopped: bool
    costs: Mapping[AuditVerdict, CostTotal] = field(factory=dict[AuditVerdict, CostTotal])
    unused_cost: CostTotal = NOTHING
    lookups: int = 0
    skipped_accounts: Sequence[SkippedAccount] = ()

    @property
    def expired(self) -> bool:
        """Return whether credentials expired during the audit, so that keys which were listed were not read."""
        failures = [failure for report in self.targets for failure in report.failures]
        return any(map(is_expiry, failures)) and self.listed > self.reported + self.filtered

    @property
    def coverage(self) -> float:
        """Return keys evaluated / keys listed, from 0 to 1, times targets listed / targets tried.

        Keys that the filter left out do not count, nor do regions that turned out not to be enabled or not to be
        open, unless the caller named them. Keys that a broken listing did not return are unknown, so they do not
        count either.
        """
        keys = self.listed - self.filtered
        tried = [report for report in self.targets if report.possibly_incomplete or not report.is_unavailable]
        unlisted = sum(report.possibly_incomplete and not report.listed for report in tried)
        return (self.evaluated / keys if keys else 1.0) * (1 - unlisted / len(tried) if tried else 1.0)

    @property
    def complete(self) -> bool:
        """Return whether every target was listed to its end, and every key of it was read and reported."""
        return (
            not self.stopped
            and self.listed == self.reported + self.filtered
            and self.reported == self.evaluated
            and not any(report.is_partial for report in self.targets)
        )


@define(eq=False)
class TargetProgress:
    """The counts of one target, in keys: each is listed, described, asked about if need be, and reported."""

    target: Target
    named: bool = True
    status: TargetStatus = TargetStatus.NOT_STARTED
    account_id: str | None = Factory(lambda progress: progress.target.account_id, takes_self=True)
    listed: int = 0
    described: int = 0
    usage_needed: int = 0
    usage_calls: int = 0
    details_needed: int = 0
    details_read: int = 0
    lookups: int = 0
    filtered: int = 0
    reported: int = 0
    evaluated: int = 0
    resumed: int = 0
    throttled: int = 0
    failures: list[Failure] = field(factory=list[Failure])
    has_session_token: bool = False
    unresolved: bool = False
    _unread: set[str] = field(factory=set[str], repr=False)
    _limiters: Sequence[RateLimiter] = ()
    _usage_limiter: RateLimiter | None = None
    _lookup_limiter: RateLimiter | None = None

    def follow(self, limiters: RateLimiters | None, operations: Iterable[str]) -> None:
        """Take the present rates of these operations, and how often AWS throttles them, from those of a client."""
        if limiters is None:
            return
        found = {name: limiter for name in operations for limiter in limiters.for_operation(name)[:1]}
        self._limiters = [*self._limiters, *found.values()]
        self._usage_limiter = found.get("GetKeyLastUsage", self._usage_limiter)
        self._lookup_limiter = found.get("LookupEvents", self._lookup_limiter)

    def expect(self, arns: Iterable[str]) -> None:
        """Note which keys there are; each has to be accounted for once."""
        self._unread.update(arns)

    def account_for(self, arn: str) -> bool:
        """Note that a key is reported or filtered; return whether it was listed and not accounted for before.

        Only such keys are counted, so equal numbers mean equal sets of keys.
        """
        is_expected = arn in self._unread
        self._unread.discard(arn)
        return is_expected

    def add_filtered(self, arn: str) -> None:
        """Count a key that the filter leaves out."""
        self.filtered += self.account_for(arn)

    def fail(self, failure: Failure, status: TargetStatus) -> None:
        """Note that the keys could not be listed or read, or not to the end."""
        self.failures.append(failure)
        self.status = status

    def note_failure(self, failure: Failure) -> None:
        """Note that something could not be read that no verdict depends on, once for each cause."""
        if all((failure.operation, failure.code) != (each.operation, each.code) for each in self.failures):
            self.failures.append(failure)

    def count_lookup(self) -> None:
        """Count an answer to LookupEvents."""
        self.lookups += 1

    @property
    def knows_caller(self) -> bool:
        """Return whether KMS knew the caller here, even if it refused the request."""
        denied = any(map(is_denial, self.failures))
        return denied or self.listed > 0 or self.status in (TargetStatus.READ, TargetStatus.EMPTY)

    @property
    def all_throttled(self) -> int:
        """Return the number of throttled answers, those of the client that is followed included."""
        return self.throttled + sum(limiter.throttled for limiter in self._limiters)

    @property
    def rate(self) -> float:
        """Return how many keys per second can be read at present; 0 if none is left to read."""
        limiter = self._usage_limiter
        return limiter.rate if limiter is not None and self.usage_calls < self.usage_needed else 0.0

    @property
    def lookup_rate(self) -> float:
        """Return how many requests per second CloudTrail gets at present; 0 if it gets no more."""
        limiter = self._lookup_limiter
        return limiter.rate if limiter is not None and self.details_read < self.details_needed else 0.0

    def seconds_left(self) -> float | None:
        """Return an estimate of the time that the slowest calls will take; None while it is unknown."""
        if self.status is TargetStatus.NOT_STARTED:
            return None
        return max(self._seconds_of_usages(), self._seconds_of_lookups())

    def _seconds_of_usages(self) -> float:
        if self._usage_limiter is None or not self.described:
            return 0.0
        undescribed = self.listed - self.resumed - self.described
        left = self.usage_needed - self.usage_calls + undescribed * self.usage_needed / self.described
        return left / self._usage_limiter.rate

    def _seconds_of_lookups(self) -> float:
        """Return the time for CloudTrail, if the keys that are left need as many requests as those before."""
        if self._lookup_limiter is None or not self.details_needed:
            return 0.0
        unread = max(self.listed - self.resumed - self.described, 0) + self.usage_needed - self.usage_calls
        passed = max(self.listed - unread, self.details_needed)
        left = self.details_needed - self.details_read + unread * self.details_needed / passed
        return left * (self.lookups / self.details_read if self.details_read else 1.0) / self._lookup_limiter.rate

    def detached(self) -> "TargetProgress":
        """Return the counts without the client that they follow, so that they can be pickled."""
        return evolve(
            self,
            throttled=self.all_throttled,
            unread=set[str](),
            limiters=(),
            usage_limiter=None,
            lookup_limiter=None,
        )

    def report(
        self, *, caller_is_known: bool, network_is_known: bool, account_names: Mapping[str, str]
    ) -> TargetReport:
        """Return the target's entry in the summary, with the name of its account if that is known.

        `caller_is_known` is True if KMS knew the caller in another region, `network_is_known` if it answered
        there.
        """
        status = self.status
        unknown_here = status is TargetStatus.REFUSED and self.failures[0].code in UNKNOWN_CALLER
        if unknown_here and caller_is_known:
            status = TargetStatus.NOT_ENABLED
        elif self.unresolved and network_is_known and not self.named:
            status = TargetStatus.NOT_OPEN
        return TargetReport(
            target=self.target,
            status=status,
            named=self.named,
            account_id=self.account_id,
            account_name=account_names.get(self.account_id or ""),
            listed=self.listed,
            reported=self.reported,
            evaluated=self.evaluated,
            failures=tuple(self.failures),
            token_refused=unknown_here and self.has_session_token,
        )


class AuditProgress:
    """The counts of all targets of one audit; the summary and the progress can be read in any thread."""

    def __init__(
        self,
        targets: Sequence[Target],
        *,
        named: bool,
        idle_days: int = 90,
        skipped_accounts: Sequence[SkippedAccount] = (),
        account_names: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._targets = {target: TargetProgress(target, named) for target in targets}
        self._verdicts: Counter[AuditVerdict] = Counter()
        self._costs = CostTotals(idle_days)
        self._skipped_accounts = tuple(skipped_accounts)
        self._account_names = account_names
        self.resumed_from: datetime | None = None
        self.stopped = False

    def __getitem__(self, target: Target) -> TargetProgress:
        return self._targets[target]

    def merge(self, part: TargetProgress) -> None:
        """Add the counts of a worker, which read some keys of a target.

        A failure of an earlier worker stays: what that one could not read is missing, whatever later ones can.
        """
        before = self._targets[part.target]
        known = {(failure.operation, failure.code) for failure in before.failures}
        new = [failure for failure in part.failures if (failure.operation, failure.code) not in known]
        self._targets[part.target] = evolve(
            before,
            status=part.status,
            account_id=part.account_id,
            listed=part.listed,
            described=before.described + part.described,
            usage_needed=before.usage_needed + part.usage_needed,
            usage_calls=before.usage_calls + part.usage_calls,
            details_needed=before.details_needed + part.details_needed,
            details_read=before.details_read + part.details_read,
            lookups=before.lookups + part.lookups,
            throttled=before.throttled + part.throttled,
            failures=[*before.failures, *new],
            has_session_token=part.has_session_token,
            unresolved=part.unresolved,
        )

    def add_record(self, target: Target, record: KeyUsageRecord) -> None:
        """Count a record as reported if its key was listed and has no other record."""
        progress = self._targets[target]
        if not progress.account_for(record.arn):
            return
        progress.reported += 1
        progress.evaluated += record.verdict is not AuditVerdict.UNREADABLE
        self._verdicts[record.verdict] += 1
        self._costs.add(record.verdict, record.idle_days, record.cost)

    def add_resumed(self, target: Target, facts: KeyFacts | None) -> None:
        """Count a key that was read by an earlier run; None are the facts of one that its filter left out."""
        self._targets[target].resumed += 1
        if facts is not None:
            self.resumed_from = min(facts.checked_at, self.resumed_from or facts.checked_at)

    def summary(self) -> AuditSummary:
        """Return the result so far."""
        targets = list(self._targets.values())
        known = {each.target.caller for each in targets if each.knows_caller}
        return AuditSummary(
            targets=tuple(
                each.report(
                    caller_is_known=each.target.caller in known,
                    network_is_known=bool(known),
                    account_names=self._account_names,
                )
                for each in targets
            ),
            verdicts={verdict: self._verdicts[verdict] for verdict in AuditVerdict if self._verdicts[verdict]},
            listed=sum(each.listed for each in targets),
            filtered=sum(each.filtered for each in targets),
            reported=sum(each.reported for each in targets),
            evaluated=sum(each.evaluated for each in targets),
            resumed=sum(each.resumed for each in targets),
            resumed_from=self.resumed_from,
            usage_calls=sum(each.usage_calls for each in targets),
            lookups=sum(each.lookups for each in targets),
            throttled=sum(each.all_throttled for each in targets),
            stopped=self.stopped,
            costs=self._costs.by_verdict,
            unused_cost=self._costs.unused,
            skipped_accounts=self._skipped_accounts,
        )

    def progress(self) -> Progress:
        """Return how far the audit has come."""
        targets = list(self._targets.values())
        left = [each.seconds_left() for each in targets]
        return Progress(
            listed=sum(each.listed for each in targets),
            reported=sum(each.reported + each.filtered for each in targets),
            throttled=sum(each.all_throttled for each in targets),
            rate=sum(each.rate for each in targets),
            lookup_rate=sum(each.lookup_rate for each in targets),
            seconds_left=None
            if None in left
            else max((seconds for seconds in left if seconds is not None), default=0),
        )
