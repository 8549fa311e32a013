"""What was read about a key, judged: the verdict, the reasons, and the next safe step. Pure.

In this order: what could not be read, what is not ours to judge, what is to be deleted already, what was used,
what was not. A key is judged as of the moment when it was read. The texts are those of `verdicts`.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from attrs import evolve

from .. import verdicts as texts
from ..costs import PRICE, MonthlyCost, check_price, monthly_cost
from ..errors import ParameterError, error_class
from ..verdicts import MAX_IDLE_DAYS, UNUSED, AuditVerdict
from .evidence import trail_advice, trail_reasons
from .records import Failure, KeyFacts, KeyUsageRecord, facts_of, region_of
from .uses import has_event_of_creation, has_event_of_last_use, is_unusable

_RESERVED = "alias/aws/"  # only AWS can create such aliases
_LEAVING = ("PendingDeletion", "PendingReplicaDeletion")


def check_idle_days(idle_days: int) -> None:
    """Raise `ParameterError` if the idle window is no whole number of days from 1 to `MAX_IDLE_DAYS`."""
    if isinstance(idle_days, bool) or not isinstance(idle_days, int) or not 1 <= idle_days <= MAX_IDLE_DAYS:
        raise ParameterError(
            f"idle_days is {idle_days!r}: pass a whole number of days, from 1 to {MAX_IDLE_DAYS:,}."
        )


def needs_usage(facts: KeyFacts) -> bool:
    """Return whether the verdict depends on GetKeyLastUsage; DescribeKey is enough for all other keys."""
    return _from_description(facts) is None


class TrailQuestions(NamedTuple):
    """What is to be found out in CloudTrail about a key."""

    last_user: bool
    recent_uses: bool
    failed_uses: bool
    creator: bool = False


def trail_questions(facts: KeyFacts, idle_days: int, *, owners: bool = False) -> TrailQuestions | None:
    """Return what CloudTrail may tell about a key and is not known yet; None if it is not asked about the key.

    Who created a key is asked if `owners` are wanted.
    """
    verdict = _judged(facts, idle_days, ()).verdict
    if verdict in (AuditVerdict.AWS_MANAGED, AuditVerdict.OTHER_ACCOUNT, AuditVerdict.UNREADABLE):
        return None
    return TrailQuestions(
        last_user=facts.last_user is None and has_event_of_last_use(facts),
        recent_uses=facts.recent_uses is None and verdict in UNUSED,
        failed_uses=facts.failed_uses is None and is_unusable(facts),
        creator=owners and facts.created_by is None and has_event_of_creation(facts),
    )


def judge(
    facts: KeyFacts, idle_days: int, related: Sequence[KeyFacts] = (), price: float = PRICE
) -> KeyUsageRecord:
    """Return a key with its verdict for an idle window in days, judged with its multi-Region set, and its cost.

    `related` are those of the other keys that were read. A set is in use if any key of it is: its keys share their
    material, so what one region encrypted another may decrypt. `price` is what a key costs a month in US dollars.
    Raise `ParameterError` for an invalid window or price.
    """
    check_idle_days(idle_days)
    check_price(price)
    record = _judged(facts, idle_days, related)
    told = tuple(map(_sentence, trail_reasons(facts, record.verdict)))
    advice = trail_advice(facts, record.verdict, idle_days) or record.advice
    is_free = record.verdict is AuditVerdict.AWS_MANAGED  # even if nothing but its alias shows that
    cost = MonthlyCost(0.0) if is_free else monthly_cost(facts, price)
    return evolve(
        record,
        reasons=(*record.reasons, *told),
        advice=advice,
        monthly_cost=cost.usd,
        monthly_cost_is_minimum=cost.is_minimum,
    )


def _judged(facts: KeyFacts, idle_days: int, related: Sequence[KeyFacts]) -> KeyUsageRecord:
    known = _from_description(facts)
    if known is not None:
        verdict, reasons, advice = known
        return KeyUsageRecord(**facts_of(facts), verdict=verdict, reasons=reasons, advice=advice)
    latest = max((key for key in (facts, *related) if _used_at(key)), key=_used_at_or_never, default=None)
    if latest is None:
        verdict, since = _unused(facts, idle_days)
    else:
        since = _used_at(latest)
        assert since is not None
        verdict = AuditVerdict.IN_USE if _days(since, facts.checked_at) < idle_days else AuditVerdict.IDLE
    unread = () if verdict is AuditVerdict.IN_USE else _unread_regions(facts, related)
    return KeyUsageRecord(
        **facts_of(facts),
        verdict=verdict,
        idle_days=None if since is None else _days(since, facts.checked_at),
        unread_regions=unread,
        reasons=tuple(map(_sentence, _reasons(facts, verdict, latest, unread))),
        advice=_advice(facts, verdict, idle_days),
    )


def _from_description(facts: KeyFacts) -> tuple[AuditVerdict, tuple[str, ...], str] | None:
    """Return verdict, reasons and advice of a key that needs no GetKeyLastUsage, or could not be read."""
    if facts.shared:
        reason = f"It belongs to account {facts.account_id}, whose owner alone may ask for its use."
        return AuditVerdict.OTHER_ACCOUNT, (reason,), texts.ASK_OWNER
    if facts.manager == "AWS":
        return AuditVerdict.AWS_MANAGED, (f"{texts.AWS_MANAGES}.",), texts.NOTHING_TO_DO
    reserved = next((name for name in facts.aliases or () if name.startswith(_RESERVED)), None)
    if facts.manager is None and reserved:
        reason = f"{texts.AWS_MANAGES}, as its alias {reserved} shows; it could not be described."
        return AuditVerdict.AWS_MANAGED, (reason,), texts.NOTHING_TO_DO
    if facts.state in _LEAVING:
        return _leaving(facts)
    return None if facts.error is None else _unreadable(facts.error)


def _leaving(facts: KeyFacts) -> tuple[AuditVerdict, tuple[str, ...], str]:
    if facts.deletion_date is not None:
        reason, until = f"It will be deleted on {_date(facts.deletion_date)}.", "Until then"
    else:
        reason, until = "Its waiting period begins when its last replica is deleted.", "Until its end"
    return AuditVerdict.PENDING_DELETION, (reason,), f"{until} {texts.CANCEL_DELETION}"


def _unreadable(failure: Failure) -> tuple[AuditVerdict, tuple[str, ...], str]:
    operation = f"{failure.operation} failed with " if failure.operation else ""
    error = ": ".join(filter(None, (failure.code, failure.message.rstrip("."))))
    request = f" (request id {failure.request_id})" if failure.request_id else ""
    remedy = error_class(failure.code).remedy or texts.RETRY
    return AuditVerdict.UNREADABLE, (f"{operation}{error}{request}.",), f"{remedy} {texts.READ_AGAIN}"


def _unused(facts: KeyFacts, idle_days: int) -> tuple[AuditVerdict, datetime | None]:
    """Return the verdict on a key without a use, and since when it certainly had none."""
    created, tracked = facts.created, facts.tracking_start
    if created is None or tracked is None or created < tracked:
        return AuditVerdict.NO_RECORD, tracked
    young = _days(created, facts.checked_at) < idle_days
    return AuditVerdict.TOO_NEW if young else AuditVerdict.NEVER_USED, created


def _reasons(
    facts: KeyFacts, verdict: AuditVerdict, latest: KeyFacts | None, unread: Sequence[str]
) -> Iterator[str]:
    if latest is not None:
        yield _last_use(facts, latest)
    elif verdict is AuditVerdict.NO_RECORD:
        known = facts.tracking_start and _date(facts.tracking_start)
        yield f"no use since tracking began on {known}" if known else "no use, and KMS does not tell since when"
        if facts.created is not None:
            yield f"it was created on {_date(facts.created)}, and nothing is known about the time before tracking"
    else:
        assert facts.created is not None
        yield f"no use since it was created on {_date(facts.created)}; a use can take an hour to show"
    state = texts.STATES.get(facts.state or "")
    if state is not None:
        yield state
    if unread:
        yield f"it belongs to a multi-Region set, and nothing is known about the set's use in {', '.join(unread)}"


def _last_use(facts: KeyFacts, latest: KeyFacts) -> str:
    usage = latest.last_usage
    assert usage is not None
    how = usage.operation or "an operation that KMS does not name"
    when = f" on {_date(usage.timestamp)}" if usage.timestamp else ""
    return f"last use: {how}{when}" + ("" if latest is facts else f" by the key of its set in {latest.region}")


def _unread_regions(facts: KeyFacts, related: Sequence[KeyFacts]) -> tuple[str, ...]:
    """Return the regions of the set's keys that were not read, or not far enough to know about their use."""
    asked = {key.arn for key in related if needs_usage(key)}
    return tuple(region_of(arn) for arn in facts.related_arns if arn not in asked)


def _advice(facts: KeyFacts, verdict: AuditVerdict, idle_days: int) -> str:
    if verdict is AuditVerdict.IN_USE:
        return texts.USED_BUT_NOT_ENABLED.get(facts.state or "", texts.KEEP)
    if verdict is AuditVerdict.TOO_NEW:
        assert facts.created is not None
        return f"Audit it again in {idle_days - _days(facts.created, facts.checked_at)} days."
    return " ".join(filter(None, _next_steps(facts, verdict)))


def _next_steps(facts: KeyFacts, verdict: AuditVerdict) -> Iterator[str]:
    if verdict is AuditVerdict.NO_RECORD:
        yield texts.SEARCH_CLOUDTRAIL
    yield texts.UNUSED_AND_NOT_ENABLED.get(facts.state or "", texts.DISABLE)
    yield texts.USES_WITHOUT_TRACE.get(facts.usage or "", "")
    yield texts.MATERIAL_ELSEWHERE.get(facts.origin or "", "")
    if facts.multi_region_role == "PRIMARY" and facts.related_arns:
        regions = ", ".join(region_of(arn) for arn in facts.related_arns)
        yield f"It is the primary of a multi-Region set: its replicas ({regions}) go before it."
    elif facts.multi_region_role == "REPLICA":
        yield "It is a replica of a multi-Region set: what it encrypted, the others of the set can decrypt."


def _used_at(facts: KeyFacts) -> datetime | None:
    """Return when a key was last used, None if it was not; a use without a time counts as just now."""
    if facts.last_usage is None:
        return None
    return facts.last_usage.timestamp or facts.checked_at


def _used_at_or_never(facts: KeyFacts) -> datetime:
    return _used_at(facts) or datetime.min.replace(tzinfo=facts.checked_at.tzinfo)


def _days(since: datetime, until: datetime) -> int:
    return max((until - since).days, 0)


def _date(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d}"


def _sentence(reason: str) -> str:
    return f"{reason[:1].upper()}{reason[1:]}."
