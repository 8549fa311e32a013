"""A look at a key: what KMS, CloudTrail and the ledger say, and whether anything stands against the next step.

A look changes nothing. The steps (`acts`) begin with one, so that what a plan shows is what a step goes by.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from attrs import evolve, field, frozen

from ..errors import KMSLiteError, NotFoundException
from ..models.keys import KeyMetadata
from ..steps import Flow
from . import findings as rules_of, texts
from .callers import Callers, Connection
from .dependents import clocked
from .evidence import describe, read_evidence, read_policy, read_trail, service_time
from .findings import Case, dependents_of, needed, trail_problem
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
from .records import Entry, Finding, Outcome, Phase, Rules
from .trail import Trail, described


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
    accepted = tuple(dict.fromkeys((*look.history.accepted, *run.rules.accept)))
    look = evolve(look, now=service_time(connection.kms), state=state, accepted=accepted)
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
    due = metadata.deletion_date if look.state in PENDING else _end_of_watch(run, look, since)
    look = evolve(look, since=since, due=due)
    stopped = _missed(look, trail, since)
    if stopped is not None:
        return stopped
    if look.state in PENDING:
        policy = yield from read_policy(connection, look.key_arn)
        closed = tuple(rules_of.way_back_closed(policy, look.key_arn, parties))
        if needed(closed, look.accepted):
            changes = trail.acts(since, "PutKeyPolicy")
            return evolve(look, outcome=Outcome.STOPPED, findings=closed, evidence=described(changes))
        look = evolve(look, findings=closed)
    return _as_far_as_known(look, trail, since)


def _as_far_as_known(look: Look, trail: Trail, since: datetime) -> Look:
    """Return the look at a key that nobody misses, as far as CloudTrail tells."""
    problem = trail_problem(trail, since)
    if problem is not None:
        finding = rules_of.cloudtrail_unknown(problem, trail)
        look = evolve(look, findings=(*look.findings, finding))
        if "cloudtrail_unknown" not in look.accepted:
            return evolve(look, outcome=Outcome.UNCERTAIN, needed=("cloudtrail_unknown",))
    return look if look.next not in (Next.WATCH, Next.WAIT) else evolve(look, outcome=Outcome.WAITING)


def _missed(look: Look, trail: Trail, since: datetime) -> Look | None:
    """Return the look if somebody has tried to use the key, or made it usable meanwhile; None otherwise."""
    refused = trail.refused_uses(since)
    if refused:
        return evolve(look, outcome=Outcome.STOPPED, next=Next.REFUSED_USE, evidence=described(refused))
    acts = trail.acts(since, "EnableKey", "CancelKeyDeletion")
    if acts:
        return evolve(look, outcome=Outcome.STOPPED, next=Next.WANTED_BACK, evidence=described(acts))
    return None


def _unusable_since(look: Look, trail: Trail) -> datetime:
    """Return the time from which on a key could not be used, by the event history; that of now if it has none."""
    if look.state in PENDING:
        return trail.scheduled_at() or trail.since
    found = None if look.state in NEVER_DISABLED else trail.disabled_at()
    begun = look.history.open
    if look.next is Next.RECORD_DISABLED and begun is not None and (found is None or found < begun.time):
        return look.now  # the event of the act itself is not in the history yet
    return found or look.now


def _with_evidence(run: Run, look: Look, parties: Parties, metadata: KeyMetadata) -> Flow[Look]:
    """Return the look at a key before an act, or before its watch: everything is read anew."""
    connection, since = look.connection, look.history.since
    assert connection is not None
    evidence = yield from read_evidence(run.callers, connection, metadata, since)
    if look.next is not Next.DISABLE:
        since = since or _unusable_since(look, evidence.trail)
        stopped = _missed(evolve(look, since=since), evidence.trail, since)
        if stopped is not None:
            return stopped
    case = Case(
        evidence=evidence,
        parties=parties,
        rules=run.rules,
        history=look.history,
        action="ScheduleKeyDeletion" if look.next is Next.SCHEDULE else "DisableKey",
        unusable_since=since,
    )
    found = rules_of.find(case)
    accepted = look.accepted
    notes: tuple[str, ...] = ()
    if look.next is Next.SCHEDULE and clocked(dependents_of(evidence)):
        accepted, notes = _asked_again(run, look)
    stands = needed(found, accepted)
    return evolve(
        look,
        outcome=Outcome.BLOCKED if stands else Outcome.READY,
        since=since,
        due=_end_of_watch(run, look, since),
        findings=found,
        needed=stands,
        texts=notes if "service_use" in stands else (),
    )


def _end_of_watch(run: Run, look: Look, since: datetime | None) -> datetime | None:
    if look.history.disabled is not None:
        return watch_ends(look.history.disabled, run.watch_days)
    return watch_end(since or look.now, run.rules.watch_days)


def _asked_again(run: Run, look: Look) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return what is accepted for the deletion of a key that DynamoDB or RDS depends on, and why.

    The consent to disabling it is not one to deleting it. So it has to be given in a run after the one that asked
    for it: the same command, repeated, stops here once.
    """
    was_asked = look.history.plan is not None and any(
        finding.name == "service_use" for finding in look.history.plan.findings
    )
    if was_asked and "service_use" in run.rules.accept:
        return look.accepted, ()
    return tuple(name for name in look.accepted if name != "service_use"), (texts.ASKED_AGAIN,)
