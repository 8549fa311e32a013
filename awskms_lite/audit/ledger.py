"""The counts of an audit while it runs."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from attrs import Factory, define, evolve, field

from ..pacing import RateLimiter, RateLimiters
from .places import Place, PlaceReport, PlaceStatus
from .records import UNKNOWN_CALLER, AuditVerdict, Failure, KeyFacts, KeyUsageRecord
from .summary import AuditSummary, Progress

if TYPE_CHECKING:
    from datetime import datetime

_OPERATIONS = ("ListKeys", "ListAliases", "DescribeKey", "ListResourceTags", "GetKeyLastUsage")
_DENIALS = ("AccessDeniedException", "NotAuthorized")


@define(eq=False)
class PlaceLedger:
    """The counts of one place, in keys: each is listed, described, asked about where need be, and reported."""

    place: Place
    named: bool = True
    status: PlaceStatus = PlaceStatus.UNTRIED
    account_id: str | None = Factory(lambda ledger: ledger.place.account_id, takes_self=True)
    listed: int = 0
    described: int = 0
    to_ask: int = 0
    asked: int = 0
    left_out: int = 0
    reported: int = 0
    judged: int = 0
    resumed: int = 0
    throttled: int = 0
    failures: list[Failure] = field(factory=list[Failure])
    has_session_token: bool = False
    unresolved: bool = False
    _unread: set[str] = field(factory=set[str], repr=False)
    _paces: Sequence[RateLimiter] = ()
    _pace: RateLimiter | None = None

    def watch(self, paces: RateLimiters | None) -> None:
        """Follow the paces of a session: at which rate keys are asked for, and how often KMS throttles."""
        if paces is not None:
            self._paces = [pace for operation in _OPERATIONS for pace in paces.for_operation(operation)[:1]]
            self._pace = next(iter(paces.for_operation("GetKeyLastUsage")), None)

    def expect(self, arns: Iterable[str]) -> None:
        """Note which keys there are: each is to be accounted for once."""
        self._unread.update(arns)

    def account_for(self, arn: str) -> bool:
        """Note that a key is reported or filtered; return whether it was listed, and is in no other record.

        The counts are of such keys only, so that they are equal where the sets are, and not merely the numbers.
        """
        is_expected = arn in self._unread
        self._unread.discard(arn)
        return is_expected

    def leave_out(self, arn: str) -> None:
        """Count a key that the filter leaves out."""
        self.left_out += self.account_for(arn)

    @property
    def knows_the_caller(self) -> bool:
        """Whether KMS knew here who asks, even if it refused."""
        denied = any(failure.code in _DENIALS for failure in self.failures)
        return denied or self.listed > 0 or self.status in (PlaceStatus.READ, PlaceStatus.EMPTY)

    @property
    def all_throttled(self) -> int:
        """How many answers of KMS asked for a slower pace."""
        return self.throttled + sum(pace.throttled for pace in self._paces)

    @property
    def rate(self) -> float:
        """How many keys a second can be asked for at present; 0 where none is left to ask for."""
        return self._pace.rate if self._pace is not None and self.asked < self.to_ask else 0.0

    def settled(self) -> "PlaceLedger":
        """Give the counts by themselves, as they can travel."""
        return evolve(self, throttled=self.all_throttled, unread=set[str](), paces=(), pace=None)

    def fail(self, failure: Failure, status: PlaceStatus) -> None:
        """Note that the place could not be listed, or not to its end."""
        self.failures.append(failure)
        self.status = status

    def seconds_left(self) -> float | None:
        """Estimate from what was described so far how long the questions that are left will take."""
        if self._pace is None or not self.described:
            return None if self.status is PlaceStatus.UNTRIED else 0.0
        undescribed = self.listed - self.resumed - self.described
        left = self.to_ask - self.asked + undescribed * self.to_ask / self.described
        return left / self._pace.rate

    def report(self, *, caller_is_known: bool, network_is_known: bool) -> PlaceReport:
        """Return the place as the summary has it.

        `caller_is_known` says that KMS knew the caller elsewhere, `network_is_known` that it answered elsewhere.
        """
        status = self.status
        unknown_here = status is PlaceStatus.REFUSED and self.failures[0].code in UNKNOWN_CALLER
        if unknown_here and caller_is_known:
            status = PlaceStatus.NOT_ENABLED
        elif self.unresolved and network_is_known and not self.named:
            status = PlaceStatus.NOT_OPEN
        return PlaceReport(
            self.place,
            status,
            self.named,
            self.account_id,
            self.listed,
            self.reported,
            self.judged,
            tuple(self.failures),
            token_refused=unknown_here and self.has_session_token,
        )


class Ledger:
    """The counts of all places of one audit; any thread may ask for the summary and the progress."""

    def __init__(self, places: Sequence[Place], *, named: bool) -> None:
        self._of = {place: PlaceLedger(place, named) for place in places}
        self._verdicts: Counter[AuditVerdict] = Counter()
        self.resumed_from: datetime | None = None
        self.stopped = False

    def __getitem__(self, place: Place) -> PlaceLedger:
        return self._of[place]

    def put(self, settled: PlaceLedger) -> None:
        """Add what was counted elsewhere, where some keys of a place were read."""
        before = self._of[settled.place]
        self._of[settled.place] = evolve(
            before,
            status=settled.status,
            account_id=settled.account_id,
            listed=settled.listed,
            described=before.described + settled.described,
            to_ask=before.to_ask + settled.to_ask,
            asked=before.asked + settled.asked,
            throttled=before.throttled + settled.throttled,
            failures=settled.failures,
            has_session_token=settled.has_session_token,
            unresolved=settled.unresolved,
        )

    def enter(self, place: Place, record: KeyUsageRecord) -> None:
        """Count a record as reported, if its key was listed and is in no other record."""
        if not self._of[place].account_for(record.arn):
            return
        judged = record.verdict is not AuditVerdict.UNREADABLE
        self._of[place].reported += 1
        self._of[place].judged += judged
        self._verdicts[record.verdict] += 1

    def resume(self, place: Place, facts: KeyFacts | None) -> None:
        """Count a key that was read before, and note how old what was read is."""
        self._of[place].resumed += 1
        if facts is not None:
            self.resumed_from = min(facts.checked_at, self.resumed_from or facts.checked_at)

    def summary(self) -> AuditSummary:
        """Give what it has come to."""
        places = list(self._of.values())
        known = {place.place.caller for place in places if place.knows_the_caller}
        return AuditSummary(
            places=tuple(
                place.report(caller_is_known=place.place.caller in known, network_is_known=bool(known))
                for place in places
            ),
            verdicts={verdict: self._verdicts[verdict] for verdict in AuditVerdict if self._verdicts[verdict]},
            listed=sum(place.listed for place in places),
            left_out=sum(place.left_out for place in places),
            reported=sum(place.reported for place in places),
            judged=sum(place.judged for place in places),
            resumed=sum(place.resumed for place in places),
            resumed_from=self.resumed_from,
            asked=sum(place.asked for place in places),
            throttled=sum(place.all_throttled for place in places),
            stopped=self.stopped,
        )

    def progress(self) -> Progress:
        """Give how far it has come."""
        places = list(self._of.values())
        left = [place.seconds_left() for place in places]
        return Progress(
            listed=sum(place.listed for place in places),
            reported=sum(place.reported + place.left_out for place in places),
            throttled=sum(place.all_throttled for place in places),
            rate=sum(place.rate for place in places),
            seconds_left=None
            if None in left
            else max((seconds for seconds in left if seconds is not None), default=0),
        )
