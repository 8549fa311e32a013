"""What was read of a key, judged: the verdict, the reasons, and the next safe step. Pure.

The rules are those of the AWS KMS Developer Guide ("Determine past usage of a KMS key", "Deleting AWS KMS keys").
In order: what could not be read, what is not ours to judge, what leaves already, what was used, what was not. A
key is judged as of the moment when it was read. No advice goes further than the next step that can be taken back.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime

from ..errors import ParameterError, error_class
from .records import AuditVerdict, KeyFacts, KeyUsageRecord, facts_of, region_of

_LONGEST_WINDOW = 36_500
_RESERVED = "alias/aws/"
_LEAVING = ("PendingDeletion", "PendingReplicaDeletion")
_STATES = {
    "Disabled": "it is disabled",
    "PendingImport": "it waits for its key material and cannot be used (PendingImport)",
    "Unavailable": "its custom key store is not connected (Unavailable)",
    "Creating": "it is being made (Creating): audit it again later",
    "Updating": "it is being updated (Updating): audit it again later",
}
_WATCH = (
    "watch CloudTrail for DisabledException on it; only when nobody has missed it for long enough, schedule its "
    "deletion with a long waiting period."
)
_DISABLING = (
    "EnableKey takes that back for the key at once, but not what it has broken meanwhile: DynamoDB, for example, "
    "archives a table whose key it cannot reach for more than seven days."
)
_NEXT_STEP = f"Find its owner and what depends on it. Then disable it and {_WATCH} {_DISABLING}"
_NEXT_STEPS = {
    "Disabled": f"It is disabled: {_WATCH} {_DISABLING}",
    "PendingImport": "Find its owner. It cannot be used or disabled while it waits for its key material.",
    "Creating": "Audit it again once it is made: until then it cannot be disabled.",
    "Updating": "Audit it again once it is updated: until then it cannot be disabled.",
}
_USED_AND_NOT_ENABLED = {
    "Disabled": "Find its owner: it was used not long ago and is disabled, so whoever needs it is refused now, "
    "and what depends on it may break for good. EnableKey makes it usable again.",
    "PendingImport": "Find its owner: it was used not long ago and cannot be used until its key material is "
    "imported again.",
    "Unavailable": "Find its owner: it was used not long ago and cannot be used until its custom key store is "
    "connected again.",
    "Creating": "Audit it again once it is made.",
    "Updating": "Audit it again once it is updated.",
}
_CAVEATS = {
    "ENCRYPT_DECRYPT": "Data keys that are used outside KMS leave no trace, and an EBS volume asks for its key "
    "only when it is attached.",
    "SIGN_VERIFY": "Its public key may be in use outside KMS, which leaves no trace.",
    "KEY_AGREEMENT": "Its public key may be in use outside KMS, which leaves no trace.",
    "ENCAPSULATE_DECAPSULATE": "Its public key may be in use outside KMS, which leaves no trace.",
}
_ORIGINS = {
    "EXTERNAL": "Its material was imported: make sure that a copy is kept.",
    "AWS_CLOUDHSM": "Its material in the CloudHSM cluster may stay behind when the key goes.",
    "EXTERNAL_KEY_STORE": "Its material in the external key manager stays behind when the key goes.",
}


def check_idle_days(idle_days: int) -> int:
    """Give the days of a window back; raise `ParameterError` for what is none."""
    if isinstance(idle_days, bool) or not isinstance(idle_days, int) or not 1 <= idle_days <= _LONGEST_WINDOW:
        raise ParameterError(
            f"idle_days is {idle_days!r}: pass a whole number of days, from 1 to {_LONGEST_WINDOW:,}."
        )
    return idle_days


def needs_usage(facts: KeyFacts) -> bool:
    """Say whether the verdict depends on GetKeyLastUsage; DescribeKey is enough for all other keys."""
    return _from_description(facts) is None


def judge(facts: KeyFacts, idle_days: int, related: Sequence[KeyFacts] = ()) -> KeyUsageRecord:
    """Judge a key for an idle window of so many days, together with the others of its multi-Region set.

    `related` are those of the set's other keys that were read too. A set is in use where any key of it is: it
    shares its material, so what one region encrypted another may decrypt. Raises `ParameterError` for a window
    that is none.
    """
    check_idle_days(idle_days)
    known = _from_description(facts)
    if known is not None:
        verdict, reasons, advice = known
        return KeyUsageRecord(**facts_of(facts), verdict=verdict, reasons=reasons, advice=advice)
    latest = max((key for key in (facts, *related) if _used_at(key)), key=_used_at_least, default=None)
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
    """Give verdict, reasons and advice of a key that needs no asking, or could not be read; None for any other."""
    reserved = next((name for name in facts.aliases or () if name.startswith(_RESERVED)), None)
    if facts.shared:
        reason = f"It belongs to account {facts.account_id}, whose owner alone may ask for its use."
        return AuditVerdict.OTHER_ACCOUNT, (reason,), "Ask its owner, or audit that account through a role in it."
    if facts.manager == "AWS" or (facts.manager is None and reserved):
        told = "AWS manages it for one of its services"
        reason = (
            f"{told}." if facts.manager else f"{told}, as its alias {reserved} tells; it could not be described."
        )
        return AuditVerdict.AWS_MANAGED, (reason,), "Nothing: it cannot be deleted, and keeping it costs nothing."
    if facts.state in _LEAVING:
        return _leaving(facts)
    if facts.error is not None:
        failure = facts.error
        where = f"{failure.operation} failed with " if failure.operation else ""
        asked = f" (request id {failure.request_id})" if failure.request_id else ""
        told = ": ".join(filter(None, (failure.code, failure.message.rstrip("."))))
        reason = f"{where}{told}{asked}."
        remedy = error_class(failure.code).remedy or "Mend that, or try again later."
        return AuditVerdict.UNREADABLE, (reason,), f"{remedy} Then audit it again: nothing is known of its use."
    return None


def _leaving(facts: KeyFacts) -> tuple[AuditVerdict, tuple[str, ...], str]:
    if facts.deletion_date is not None:
        reason, until = f"It will be deleted on {_date(facts.deletion_date)}.", "Until then"
    else:
        reason, until = "Its waiting period begins when its last replica is deleted.", "Until its end"
    advice = (
        f"{until} CancelKeyDeletion brings it back, disabled, and EnableKey makes it usable again. Watch "
        "CloudTrail for refused uses of it: DisabledException or KMSInvalidStateException."
    )
    return AuditVerdict.PENDING_DELETION, (reason,), advice


def _unused(facts: KeyFacts, idle_days: int) -> tuple[AuditVerdict, datetime | None]:
    """Give the verdict on a key without a use, and since when it surely had none."""
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
            yield f"it was created on {_date(facts.created)}, and nothing is known of the time before tracking"
    else:
        assert facts.created is not None
        yield f"no use since it was created on {_date(facts.created)}; a use can take an hour to show"
    if facts.state in _STATES:
        yield _STATES[facts.state]
    if unread:
        yield f"it belongs to a multi-Region set, and nothing is known of the set's use in {', '.join(unread)}"


def _last_use(facts: KeyFacts, latest: KeyFacts) -> str:
    usage = latest.last_usage
    assert usage is not None
    how = usage.operation or "an operation that KMS does not name"
    when = f" on {_date(usage.timestamp)}" if usage.timestamp else ""
    return f"last use: {how}{when}" + ("" if latest is facts else f" by the key of its set in {latest.region}")


def _unread_regions(facts: KeyFacts, related: Sequence[KeyFacts]) -> tuple[str, ...]:
    """Give the regions of the set's keys of which neither a use is known nor that there was none."""
    asked = {key.arn for key in related if needs_usage(key)}
    return tuple(region_of(arn) for arn in facts.related_arns if arn not in asked)


def _advice(facts: KeyFacts, verdict: AuditVerdict, idle_days: int) -> str:
    if verdict is AuditVerdict.IN_USE:
        return _USED_AND_NOT_ENABLED.get(facts.state or "", "Keep it.")
    if verdict is AuditVerdict.TOO_NEW:
        assert facts.created is not None
        return f"Audit it again in {idle_days - _days(facts.created, facts.checked_at)} days."
    return " ".join(_next_steps(facts, verdict))


def _next_steps(facts: KeyFacts, verdict: AuditVerdict) -> Iterator[str]:
    if verdict is AuditVerdict.NO_RECORD:
        yield "Look into CloudTrail for uses before tracking began."
    yield _NEXT_STEPS.get(facts.state or "", _NEXT_STEP)
    yield from filter(None, (_CAVEATS.get(facts.usage or ""), _ORIGINS.get(facts.origin or "")))
    if facts.multi_region_role == "PRIMARY" and facts.related_arns:
        regions = ", ".join(region_of(arn) for arn in facts.related_arns)
        yield f"It is the primary of a multi-Region set: its replicas ({regions}) go before it."
    elif facts.multi_region_role == "REPLICA":
        yield "It is a replica of a multi-Region set: what it encrypted, the others of the set can decrypt."


def _used_at(facts: KeyFacts) -> datetime | None:
    """Give when a key was last used; one whose time KMS does not tell counts as just now."""
    if facts.last_usage is None:
        return None
    return facts.last_usage.timestamp or facts.checked_at


def _used_at_least(facts: KeyFacts) -> datetime:
    return _used_at(facts) or datetime.min.replace(tzinfo=facts.checked_at.tzinfo)


def _days(since: datetime, until: datetime) -> int:
    return max((until - since).days, 0)


def _date(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d}"


def _sentence(reason: str) -> str:
    return f"{reason[:1].upper()}{reason[1:]}."
