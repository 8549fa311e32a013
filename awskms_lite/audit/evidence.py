"""What CloudTrail's answers about a key mean, in sentences for people. Pure."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from .. import verdicts as texts
from ..verdicts import UNUSED, AuditVerdict
from .records import KeyFacts, KeyUser, KeyUses
from .uses import has_event_of_last_use, is_unusable

_MAX_CONTEXT = 200
"""Characters of an encryption context: what it is for stands at its beginning."""
_MAX_USERS = 3
"""Users that a sentence names; a record has all of them."""


def trail_reasons(facts: KeyFacts, verdict: AuditVerdict) -> Iterator[str]:
    """Yield what CloudTrail tells about a key, and what it cannot; nothing if it was not asked."""
    if facts.cloudtrail_checked_at is None:
        return
    if facts.last_user is not None:
        yield f"the last use was made {_by(facts.last_user)}"
    elif facts.last_usage is not None and facts.last_usage.cloud_trail_event_id is None:
        yield texts.EVENT_UNKNOWN
    elif facts.last_usage is not None:
        yield texts.EVENT_NOT_FOUND if has_event_of_last_use(facts) else texts.EVENT_TOO_OLD
    if facts.recent_uses is not None:
        yield _recent(facts.recent_uses)
    elif verdict in UNUSED:
        yield f"whether CloudTrail has other uses of it is unknown: {texts.NO_SEARCH}"
    if facts.failed_uses is not None:
        yield _failed(facts.failed_uses)
    elif is_unusable(facts):
        yield f"whether uses of it were refused is unknown: {texts.NO_SEARCH}"


def trail_advice(facts: KeyFacts, verdict: AuditVerdict, idle_days: int) -> str | None:
    """Return what to do about a key that CloudTrail shows to be needed; None if it does not."""
    failed, recent = facts.failed_uses, facts.recent_uses
    if failed is not None and facts.in_demand:
        return (
            f"It is in demand: {_failed(failed)}. {texts.IN_DEMAND.get(facts.state or '', texts.FIND_DEPENDENTS)}"
        )
    if recent is None or recent.last is None or verdict not in UNUSED:
        return None
    if recent.last <= facts.checked_at - timedelta(idle_days):
        return None
    return f"Keep it: CloudTrail has a use on {_date(recent.last)}, which {texts.NOT_TRACKED}."


def _by(user: KeyUser) -> str:
    """Return who made a use, through which service and for what."""
    parts = [f"by {user.principal_arn or user.invoked_by or 'a caller whom CloudTrail does not name'}"]
    if user.session_name:
        parts.append(f"in the session {user.session_name}")
    if user.invoked_by and user.principal_arn:
        parts.append(f"through {user.invoked_by}")
    if user.encryption_context:
        context = ", ".join(f"{name}={value}" for name, value in user.encryption_context.items())
        shown = context if len(context) <= _MAX_CONTEXT else f"{context[:_MAX_CONTEXT]}..."
        parts.append(f"with the encryption context {shown}")
    return " ".join(parts)


def _recent(uses: KeyUses) -> str:
    if uses.count:
        return f"CloudTrail has {_counted(uses)} of it since {_date(uses.since)}{_last(uses)}"
    since = f"{_date(uses.since)}{_unread(uses)}"
    return f"CloudTrail shows no successful use of it since {since}; {texts.NO_USE_IS_NO_PROOF}"


def _failed(uses: KeyUses) -> str:
    if uses.count:
        verb = "was" if uses.count == 1 else "were"
        return f"{_counted(uses)} of it {verb} refused since {_date(uses.since)}{_last(uses)}"
    return (
        f"CloudTrail shows no refused use of it since {_date(uses.since)}{_unread(uses)}; "
        f"{texts.NO_REFUSAL_IS_NO_PROOF}"
    )


def _counted(uses: KeyUses) -> str:
    number = "1 use" if uses.count == 1 else f"{uses.count} uses"
    return f"at least {number}" if uses.at_least else number


def _last(uses: KeyUses) -> str:
    """Return when the last of some uses was, and who made them."""
    when = f", the last on {_date(uses.last)}" if uses.last is not None else ""
    more = len(uses.users) - _MAX_USERS
    users = ", ".join(uses.users[:_MAX_USERS])
    return f"{when}, by {users}{f' and {more} more' if more > 0 else ''}" if users else when


def _unread(uses: KeyUses) -> str:
    return ", though not all events were read" if uses.at_least else ""


def _date(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d}"
