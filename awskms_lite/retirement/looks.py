"""A look at a key: what KMS, CloudTrail and the ledger say, and whether anything stands against the next step.

A look changes nothing. The steps (`acts`) begin with one, so that what a plan shows is what a step goes by.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from attrs import evolve, field, frozen

from ..errors import KMSLiteError, NotFoundException
from ..models.keys import KeyMetadata
from ..steps import Flow
from . import findings as rules_of, texts
from .callers import Callers, Connection
from .evidence import describe, read_evidence, read_policy, read_trail, service_time
from .findings import Case, needed, trail_problem
from .key_policy import Parties
from .path import (
    DELETED,
    NEVER_DISABLED,
    PENDING,
    STOPPED,
    History,
    Next,
    decide,
    history_of,
    watch_end,
    watch_ends,
)
from .records import NEED_CONSENT, Entry, Finding, Outcome, Phase, Rules, Severity, Step
from .trail import Trail, described

_SECOND = timedelta(seconds=1)
"""CloudTrail dates events by whole seconds."""
_TRACES: Mapping[Step, tuple[str, ...]] = {
    Step.DISABLE: ("EnableKey", "DisableKey"),
    Step.SCHEDULE: ("CancelKeyDeletion", "ScheduleKeyDeletion"),
}
"""By step: the events that show that it was taken back, and that it was taken."""


@frozen(kw_only=True)
class Run:
    """What the looks of one run share: who calls, how carefully, and what the ledger says of each key.

    With `is_status`, nothing is read that only the next step needs.
    """

    callers: Callers
    rules: Rules
    entries: Mapping[str, Sequence[Entry]]
    is_status: bool = False

    @property
    def watch_days(self) -> int | None:
        """Return the days that a watch has at least; None for those that the ledger has."""
        return None if self.is_status else self.rules.watch_days

    def history(self, key_arn: str) -> History:
        """Return the history of a key."""
        return history_of(self.entries.get(key_arn, ()))


@frozen(kw_only=True)
class Look:
    """What a look at a key came to; `outcome` is READY if its next step can be taken, or recorded.

    `since` is the time from which on the key could not be used, None if it can be or nobody knows. `due` is when
    the next step may be taken, or when KMS deletes the key. `evidence` are the lines about a use that was refused,
    or about who wanted the key back.
    """

    key_arn: str
    outcome: Outcome
    next: Next = Next.UNKNOWN
    history: History = field(factory=History)
    connection: Connection | None = None
    state: str | None = None
    now: datetime
    since: datetime | None = None
    due: datetime | None = None
    findings: tuple[Finding, ...] = ()
    needed: tuple[str, ...] = ()
    accepted: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    request_id: str | None = None


def look_at(run: Run, key_arn: str) -> Flow[Look]:
    """Look at a key; whatever cannot be read makes the outcome UNCERTAIN, except where consent covers it."""
    account_id = key_arn.split(":")[4]
    caller, now = run.callers.of(account_id), service_time(run.callers.own.state)
    if caller is None:
        finding = rules_of.other_account(account_id, run.callers.accounts)
        return Look(key_arn=key_arn, outcome=Outcome.BLOCKED, now=now, findings=(finding,))
    look = Look(
        key_arn=key_arn,
        outcome=Outcome.READY,
        now=now,
        connection=caller.connection(key_arn.split(":")[3]),
        history=run.history(key_arn),
    )
    try:
        return (yield from _look(run, look, Parties(account_id, caller.arn)))
    except KMSLiteError as error:
        return _unreadable(look, str(error))


def _unreadable(look: Look, why: str) -> Look:
    state = None if look.state == DELETED else look.state  # it may never have been there
    return evolve(look, outcome=Outcome.UNCERTAIN, state=state, findings=(rules_of.unreadable(why),))


def _look(run: Run, look: Look, parties: Parties) -> Flow[Look]:
    connection = look.connection
    assert connection is not None
    metadata = yield from described_key(connection, look.key_arn)
    state = DELETED if metadata is None else str(metadata.key_state)
    look = evolve(look, now=service_time(connection.kms), state=state, accepted=look.history.accepted)
    if metadata is not None and metadata.key_manager == "AWS":
        return evolve(look, outcome=Outcome.BLOCKED, findings=(rules_of.aws_managed(),))
    look = evolve(look, next=decide(look.history, state, look.now, run.watch_days))
    if metadata is None or look.next in (Next.DELETED, Next.UNKNOWN, Next.LATER, *STOPPED):
        return (yield from _without_evidence(look))
    if run.is_status and not look.history.has_begun and look.next in (Next.DISABLE, Next.BEGIN_WATCH):
        return _not_begun(look)
    if not run.is_status and look.next in (Next.DISABLE, Next.BEGIN_WATCH, Next.SCHEDULE):
        return (yield from _with_evidence(run, look, parties, metadata))
    return (yield from _watched(run, look, parties, metadata))


def _not_begun(look: Look) -> Look:
    """Return the status of a key that was planned for, or taken back, and nothing more."""
    plan, before = look.history.plan, look.history.taken_back
    if plan is not None and plan.phase is Phase.FAILED:
        stands = needed(plan.findings, look.accepted)
        return evolve(look, outcome=Outcome.BLOCKED, findings=plan.findings, needed=stands)
    if before is None:
        return look
    text = f"It was taken back at {before.time:%Y-%m-%d %H:%M} UTC by {before.caller_arn or 'an unknown caller'}."
    return evolve(look, outcome=Outcome.FINISHED, next=Next.TAKEN_BACK, texts=(text,))


def described_key(connection: Connection, key_arn: str) -> Flow[KeyMetadata | None]:
    """Return a key's metadata, None if KMS does not know it."""
    try:
        return (yield from describe(connection, key_arn))
    except NotFoundException as error:
        connection.kms.service_clock.note_date(error.date)  # whether it is gone in time depends on the date
        return None


def _without_evidence(look: Look) -> Flow[Look]:
    """Return the look at a key for which nothing more has to be read."""
    match look.next:
        case Next.DELETED | Next.RECORD_DELETED:
            return evolve(look, outcome=Outcome.FINISHED if look.next is Next.DELETED else Outcome.READY)
        case Next.LATER:
            return evolve(look, outcome=Outcome.WAITING, texts=(texts.NO_STEP_IN[look.state or ""],))
        case Next.REFUSED_USE:
            refused = look.history.refused_use
            lines = () if refused is None or refused.text is None else tuple(refused.text.split("\n"))
            return evolve(look, outcome=Outcome.STOPPED, since=look.history.since, evidence=lines)
        case Next.UNDO_UNFINISHED:
            return evolve(look, outcome=Outcome.STOPPED)
        case Next.WANTED_BACK:
            return (yield from _wanted_back(look))
        case _:
            return _unreadable(look, _unknown(look))


def _unknown(look: Look) -> str:
    if look.history.deleted:
        return f"the ledger says that it was deleted, and KMS has it, in the state {look.state}."
    if look.state != DELETED:
        return f"KMS has it in the state {look.state}, of which this version knows nothing."
    due = look.history.due
    until = "" if due is None else f", though it was to be deleted on {due:%Y-%m-%d %H:%M} UTC"
    return f"KMS knows no such key in this account and region{until}. Check the key id and the region."


def _wanted_back(look: Look) -> Flow[Look]:
    """Return the look at a key that somebody enabled, or whose deletion somebody cancelled, and who that was."""
    connection, since = look.connection, look.history.since
    assert connection is not None
    trail = yield from read_trail(connection, look.key_arn, since)
    acts = trail.acts(since or trail.since, "EnableKey", "CancelKeyDeletion", "ImportKeyMaterial")
    return evolve(look, outcome=Outcome.STOPPED, since=since, evidence=described(acts))


def _watched(run: Run, look: Look, parties: Parties, metadata: KeyMetadata) -> Flow[Look]:
    """Return the look at a key that cannot be used and for which no act is due, and whether anybody misses it."""
    connection = look.connection
    assert connection is not None
    trail = yield from read_trail(connection, look.key_arn, look.history.since)
    since = look.history.since or _unusable_since(look, trail)
    look = _stopped_or_not(evolve(look, since=since), trail, since)
    look = evolve(look, due=_due(run, look, trail, metadata))
    if look.outcome is Outcome.STOPPED:
        return look
    if look.state in PENDING:
        policy = yield from read_policy(connection, look.key_arn)
        closed = tuple(rules_of.way_back_closed(policy, look.key_arn, parties))
        look = _consented(run, evolve(look, findings=closed))
        if _has_closed(look):
            changes = trail.acts(since, "PutKeyPolicy")
            return evolve(look, outcome=Outcome.STOPPED, evidence=described(changes))
    return _as_far_as_known(run, look, trail, since)


def _due(run: Run, look: Look, trail: Trail, metadata: KeyMetadata) -> datetime | None:
    if look.state in PENDING:
        return metadata.deletion_date
    if look.next is Next.REPEAT_LATER:
        return look.history.repeat_from
    return _end_of_watch(run, look, trail, look.since)


def _consented(run: Run, look: Look) -> Look:
    """Return the look with what is accepted of its findings: consent to what was not found is not kept."""
    found = {finding.name for finding in look.findings if finding.severity is Severity.NEEDS_CONSENT}
    names = {*look.accepted}
    if _has_changed(look):
        names.discard("way_back_closed")
    names.update(name for name in run.rules.accept if name in found)
    return evolve(look, accepted=tuple(name for name in NEED_CONSENT if name in names))


def _has_changed(look: Look) -> bool:
    """Return whether a way back was found that is not certainly open, and not the one that was accepted before.

    Consent to conditions is none to others, nor to a way back that is closed: the statements have to be the same.
    The caller's name is in the text alone, as each session has another.
    """
    found = next((finding for finding in look.findings if finding.name == "way_back_closed"), None)
    before = look.history.way_back
    return found is not None and (before is None or found.evidence != before.evidence)


def _has_closed(look: Look) -> bool:
    """Return whether the way back has become another one since the key was disabled, or its deletion scheduled.

    Nothing that is accepted leads on then, except for a deletion that somebody else has scheduled, when it is seen
    for the first time.
    """
    if look.history.way_back is None:
        is_new = look.next is Next.RECORD_SCHEDULED and look.history.open is None
        if look.state not in PENDING or (is_new and "way_back_closed" in look.accepted):
            return False
    return _has_changed(look)


def _as_far_as_known(run: Run, look: Look, trail: Trail, since: datetime) -> Look:
    """Return the look at a key that nobody misses, as far as CloudTrail tells."""
    problem = trail_problem(trail, since)
    if problem is not None:
        finding = rules_of.cloudtrail_unknown(problem, trail)
        look = _consented(run, evolve(look, findings=(*look.findings, finding)))
        if "cloudtrail_unknown" not in look.accepted:
            return evolve(look, outcome=Outcome.UNCERTAIN, needed=("cloudtrail_unknown",))
    is_waiting = look.next in (Next.WATCH, Next.WAIT, Next.REPEAT_LATER)
    return evolve(look, outcome=Outcome.WAITING) if is_waiting else look


def _stopped_or_not(look: Look, trail: Trail, since: datetime) -> Look:
    """Return the look, STOPPED if somebody has tried to use the key, or made it usable meanwhile."""
    refused = trail.refused_uses(since)
    if refused:
        return evolve(look, outcome=Outcome.STOPPED, next=Next.REFUSED_USE, evidence=described(refused))
    acts = trail.acts(since, "EnableKey", "CancelKeyDeletion")
    if acts:
        return evolve(look, outcome=Outcome.STOPPED, next=Next.WANTED_BACK, evidence=described(acts))
    return _unfinished(look, trail)


def _unfinished(look: Look, trail: Trail) -> Look:
    """Return the look at a key whose state does not show an act that was announced, if the event history does.

    The act was carried out then, and somebody has taken it back. Only a key whose store is away does not show
    that it is disabled.
    """
    begun = look.history.open
    if begun is None or look.next not in (Next.DISABLE, Next.SCHEDULE, Next.REPEAT_LATER):
        return look
    acts = trail.acts(begun.time - _SECOND, *_TRACES[begun.step])
    if not acts:
        return look
    if look.state == "Unavailable" and all(event.event_name == "DisableKey" for event in acts):
        return evolve(look, next=Next.RECORD_DISABLED)
    return evolve(look, outcome=Outcome.STOPPED, next=Next.WANTED_BACK, evidence=described(acts))


def _unusable_since(look: Look, trail: Trail) -> datetime:
    """Return the time from which on a key could not be used, by the event history; that of now if it has none."""
    if look.state in PENDING:
        return trail.scheduled_at() or trail.since
    return (None if look.state in NEVER_DISABLED else trail.disabled_at()) or look.now


def _with_evidence(run: Run, look: Look, parties: Parties, metadata: KeyMetadata) -> Flow[Look]:
    """Return the look at a key before an act, or before its watch: everything is read anew."""
    connection, since = look.connection, look.history.since
    assert connection is not None
    evidence = yield from read_evidence(run.callers, connection, metadata, since)
    trail = evidence.trail
    if look.next is not Next.DISABLE or look.history.open is not None:
        since = since or _unusable_since(look, trail)
        look = _stopped_or_not(evolve(look, since=since), trail, since)
        if look.outcome is Outcome.STOPPED:
            return look
        if look.next is Next.RECORD_DISABLED:
            return _as_far_as_known(run, evolve(look, due=_end_of_watch(run, look, trail, since)), trail, since)
    case = Case(
        evidence=evidence,
        parties=parties,
        rules=run.rules,
        history=look.history,
        action="ScheduleKeyDeletion" if look.next is Next.SCHEDULE else "DisableKey",
        unusable_since=since,
    )
    due = _end_of_watch(run, look, trail, since)
    look = _consented(run, evolve(look, since=since, due=due, findings=rules_of.find(case)))
    if look.next is Next.SCHEDULE:
        if _has_closed(look):
            changes = trail.acts(since or trail.since, "PutKeyPolicy")
            return evolve(look, outcome=Outcome.STOPPED, evidence=described(changes))
        look = _asked_to_delete(run, look)
    stands = needed(look.findings, look.accepted)
    return evolve(look, outcome=Outcome.BLOCKED if stands else Outcome.READY, needed=stands)


def _end_of_watch(run: Run, look: Look, trail: Trail, since: datetime | None) -> datetime | None:
    """Return when a watch ends; after an act that was not recorded, its days begin with its event, or now."""
    if look.history.disabled is not None:
        return watch_ends(look.history.disabled, run.watch_days)
    begun = look.history.open
    if look.next is Next.RECORD_DISABLED and begun is not None:
        found = trail.disabled_at()
        since = look.now if found is None or found <= begun.time - _SECOND else max(found, begun.time)
    return watch_end(since or look.now, run.rules.watch_days)


def _asked_to_delete(run: Run, look: Look) -> Look:
    """Return the look without a consent to the deletion that was given before somebody was asked for it.

    A command that is only repeated never passes: it was asked for if a run that did not bring it has recorded it.
    """
    name, plan = "service_use_deletion", look.history.plan
    was_asked = plan is not None and any(finding.name == name for finding in plan.findings)
    if was_asked or all(finding.name != name for finding in look.findings):
        return look
    text = texts.DELETION_ACCEPTED_UNASKED if name in run.rules.accept else texts.DELETION_NOT_ASKED
    return evolve(look, accepted=tuple(each for each in look.accepted if each != name), texts=(text,))
