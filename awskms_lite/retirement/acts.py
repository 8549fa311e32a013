"""The steps of a retirement: one for each key and run, each with a line in the ledger before and after it.

    look ── plan ── intent ── DescribeKey ── act ── done
              │        │          │           │
              │        │          │           └── failed: AWS refused it; no line: nobody knows, the next run sees
              │        │          └── skipped: it is so already
              │        └── on disk before anything is sent
              └── failed: a finding stands against it

A run may be ended anywhere: what the ledger then lacks, the next run sees from KMS.
"""

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any, NamedTuple, TypeAlias

from attrs import evolve, frozen

from ..call import call
from ..errors import AccessDeniedException, KMSLiteError, ServiceError
from ..models.keys import DisableKeyRequest, KeyMetadata, ScheduleKeyDeletionRequest
from ..operations.keys import DISABLE_KEY, SCHEDULE_KEY_DELETION
from ..steps import Flow, call as call_function
from . import texts
from .callers import Connection
from .evidence import service_time
from .ledger import Ledger
from .looks import Look, Run, described_key, look_at
from .path import DELETED, NEVER_DISABLED, PENDING, Next, watch_end
from .records import Entry, Finding, KeyResult, Outcome, Phase, Severity, Step
from .results import result_of

_GUARD = re.compile(r"with an explicit deny in an? (?P<kind>[a-z -]+policy)(?:: (?P<arn>arn:\S+))?", re.IGNORECASE)
"""How AWS words a refusal by a policy that denies, as a guard does."""


class Record:
    """Writes the lines of one key, through steps of the flow that uses it."""

    def __init__(self, ledger: Ledger, look: Look, caller_arn: str | None) -> None:
        self._ledger = ledger
        self._look = look
        self._caller_arn = caller_arn

    def write(self, step: Step, phase: Phase, **members: Any) -> Flow[None]:
        """Put a line on disk; raise `LedgerError` if that is impossible."""
        look = self._look
        time = look.now if look.connection is None else service_time(look.connection.kms)
        known: dict[str, Any] = {
            "time": time,
            "key_arn": look.key_arn,
            "account_id": look.key_arn.split(":")[4],
            "caller_arn": self._caller_arn,
            "accepted": look.accepted,
            "state": look.state,
        }
        entry = Entry(step=step, phase=phase, **{**known, **members})
        yield from call_function(partial(self._ledger.append, entry))


def check_key(run: Run, key_arn: str) -> Flow[KeyResult]:
    """Look at a key, and return what would be done; nothing is changed."""
    return result_of((yield from look_at(run, key_arn)), run.rules)


def advance_key(run: Run, ledger: Ledger, key_arn: str) -> Flow[KeyResult]:
    """Look at a key, and take the step that is due, if there is one and nothing stands against it."""
    look = yield from look_at(run, key_arn)
    caller = run.callers.of(key_arn.split(":")[4])
    record = Record(ledger, look, None if caller is None else caller.arn)
    if look.outcome is not Outcome.READY:
        yield from _write_refusal(run, record, look)
        return result_of(look, run.rules)
    match look.next:
        case Next.DISABLE:
            look = yield from _disable(run, record, look)
        case Next.SCHEDULE:
            look = yield from _schedule(run, record, look)
        case _:
            look = yield from _record(record, look)
    return result_of(look, run.rules)


def _write_refusal(run: Run, record: Record, look: Look) -> Flow[None]:
    """Record why a step was not taken, once: a use that was refused, or findings without consent.

    A finding that stands although this run has accepted it is left out: nobody was asked for that consent yet.
    """
    if look.next is Next.REFUSED_USE and look.history.refused_use is None:
        text = "\n".join(look.evidence)
        yield from record.write(Step.WATCH, Phase.FAILED, since=look.since, due=look.due, text=text)
    elif look.next is Next.WANTED_BACK and look.history.open is not None and look.evidence:
        text = "\n".join(look.evidence)  # kept, because the event history ends after 90 days
        yield from record.write(look.history.open.step, Phase.SKIPPED, since=look.since, due=look.due, text=text)
    elif look.needed:
        before, unasked = look.history.plan, set(look.needed).intersection(run.rules.accept)
        findings = tuple(finding for finding in look.findings if finding.name not in unasked)
        names = [finding.name for finding in findings]
        is_known = before is not None and [finding.name for finding in before.findings] == names
        if before is None or not is_known or before.accepted != look.accepted:
            yield from record.write(Step.PLAN, Phase.FAILED, findings=findings)


def _record(record: Record, look: Look) -> Flow[Look]:
    """Record what is so already, by KMS's word; nothing is sent."""
    match look.next:
        case Next.RECORD_DELETED:
            yield from record.write(Step.WATCH, Phase.DONE, text="KMS does not know the key any more.")
            return evolve(look, outcome=Outcome.FINISHED)
        case Next.RECORD_SCHEDULED:
            was_ours = look.history.open is not None and look.history.open.step is Step.SCHEDULE
            phase = Phase.DONE if was_ours else Phase.SKIPPED
            yield from record.write(Step.SCHEDULE, phase, since=look.since, due=look.due, findings=look.findings)
        case Next.RECORD_DISABLED:
            yield from record.write(Step.DISABLE, Phase.DONE, since=look.since, due=look.due)
        case _:
            yield from record.write(Step.PLAN, Phase.DONE, findings=look.findings)
            text = texts.NO_DISABLE_IN.get(look.state or "")
            yield from record.write(Step.DISABLE, Phase.SKIPPED, since=look.since, due=look.due, text=text)
    return evolve(look, outcome=Outcome.DONE)


@frozen(kw_only=True)
class Act:
    """A request that changes a key, and how its end is seen: `is_done` and `allowed` are about key states."""

    step: Step
    operation: Any
    request: Any
    is_done: Callable[[str], bool]
    allowed: Callable[[str], bool]


def _disable(run: Run, record: Record, look: Look) -> Flow[Look]:
    act = Act(
        step=Step.DISABLE,
        operation=DISABLE_KEY,
        request=DisableKeyRequest(key_id=look.key_arn),
        is_done=lambda state: state == "Disabled",
        allowed=lambda state: state in ("Enabled", "Unavailable"),
    )
    yield from record.write(Step.PLAN, Phase.DONE, findings=look.findings)
    return (yield from _carry_out(record, look, act, partial(_after_disabling, run)))


class Times(NamedTuple):
    """From when on a key could not be used, and when its next step may be taken, or KMS deletes it."""

    since: datetime | None
    due: datetime | None


TimesOf: TypeAlias = Callable[[Look, KeyMetadata | None, datetime], Times]


def _after_disabling(run: Run, look: Look, _: KeyMetadata | None, now: datetime) -> Times:
    """Return the times of a watch: it looks for refused uses from before the act, and its days begin behind it."""
    return Times(look.now, watch_end(now, run.rules.watch_days))


def _schedule(run: Run, record: Record, look: Look) -> Flow[Look]:
    days = run.rules.pending_days
    act = Act(
        step=Step.SCHEDULE,
        operation=SCHEDULE_KEY_DELETION,
        request=ScheduleKeyDeletionRequest(key_id=look.key_arn, pending_window_in_days=days),
        is_done=lambda state: state in PENDING,
        allowed=lambda state: state in ("Disabled", "Unavailable", *NEVER_DISABLED),
    )
    yield from record.write(Step.PLAN, Phase.DONE, findings=look.findings)
    yield from record.write(Step.WATCH, Phase.DONE, since=look.since, text=texts.EMPTY_WATCH)
    return (yield from _carry_out(record, look, act, partial(_after_scheduling, days)))


def _after_scheduling(days: int, look: Look, metadata: KeyMetadata | None, now: datetime) -> Times:
    """Return the times of a scheduled deletion: the date is KMS's; without one there are replicas before it."""
    return Times(look.since, now + timedelta(days=days) if metadata is None else metadata.deletion_date)


def _carry_out(record: Record, look: Look, act: Act, times_of: TimesOf) -> Flow[Look]:
    """Announce an act, look once more, send it, and record its end."""
    connection = look.connection
    assert connection is not None
    since, due = times_of(look, None, look.now)
    yield from record.write(act.step, Phase.INTENT, since=since, due=due)
    try:
        metadata = yield from described_key(connection, look.key_arn)
    except KMSLiteError as error:
        text = f"{act.operation.name} was not sent, because the key could not be described again: {error}"
        yield from record.write(act.step, Phase.FAILED, text=text)
        return evolve(look, outcome=Outcome.UNCERTAIN, texts=(text,))
    state = DELETED if metadata is None else str(metadata.key_state)
    if act.is_done(state):
        since, due = times_of(look, metadata, service_time(connection.kms))
        yield from record.write(act.step, Phase.SKIPPED, state=state, since=since, due=due)
        return evolve(look, outcome=Outcome.DONE, state=state, since=since, due=due)
    if not act.allowed(state):
        text = f"Its state has become {state} meanwhile, so {act.operation.name} was not sent."
        yield from record.write(act.step, Phase.FAILED, state=state, text=text)
        return evolve(look, outcome=Outcome.UNCERTAIN, state=state, texts=(text,))
    return (yield from _send(record, look, act, times_of))


def _send(record: Record, look: Look, act: Act, times_of: TimesOf) -> Flow[Look]:
    connection = look.connection
    assert connection is not None
    request_id = lost = None
    try:
        response = yield from call(connection.kms, act.operation, act.request)
        request_id = response.metadata.request_id
    except KMSLiteError as error:
        if isinstance(error, ServiceError) and not error.outcome_unknown:
            return (yield from _refused(record, look, act, error))
        lost = str(error)
    metadata = yield from _seen(connection, look.key_arn)
    state = None if metadata is None else str(metadata.key_state)
    is_done = state is not None and act.is_done(state)
    if lost is not None and not is_done:
        text = f"{lost} The same command sees from KMS whether {act.operation.name} was carried out."
        return evolve(look, outcome=Outcome.UNCERTAIN, texts=(text,))
    since, due = times_of(look, metadata if is_done else None, service_time(connection.kms))
    if not is_done and state != "Unavailable":
        state = _STATE_AFTER[act.step]
    yield from record.write(act.step, Phase.DONE, request_id=request_id, state=state, since=since, due=due)
    return evolve(look, outcome=Outcome.DONE, state=state, since=since, due=due, request_id=request_id)


_STATE_AFTER: Mapping[Step, str] = {Step.DISABLE: "Disabled", Step.SCHEDULE: "PendingDeletion"}
"""What DescribeKey shows soon after an act, if it does not at once."""


def _seen(connection: Connection, key_arn: str) -> Flow[KeyMetadata | None]:
    """Return a key's metadata after an act, None if that cannot be read now."""
    try:
        return (yield from described_key(connection, key_arn))
    except KMSLiteError:
        return None


def _refused(record: Record, look: Look, act: Act, error: ServiceError) -> Flow[Look]:
    """Return the look after AWS has refused an act: nothing was changed."""
    guard = guard_of(error)
    findings = () if guard is None else (guard,)
    yield from record.write(
        act.step, Phase.FAILED, request_id=error.request_id, findings=findings, text=str(error)
    )
    if guard is not None:
        return evolve(look, outcome=Outcome.BLOCKED, findings=(*look.findings, guard), request_id=error.request_id)
    text = f"{act.operation.name} was refused, and nothing was changed: {error}"
    return evolve(look, outcome=Outcome.UNCERTAIN, texts=(text,), request_id=error.request_id)


def guard_of(error: ServiceError) -> Finding | None:
    """Return the finding of an act that a policy denied explicitly, None for any other refusal."""
    match = _GUARD.search(error.message) if isinstance(error, AccessDeniedException) else None
    if match is None:
        return None
    named = "" if match["arn"] is None else f" ({match['arn'].rstrip('.')})"
    return Finding(
        "guarded",
        Severity.NEEDS_CONSENT,
        f"AWS refused it: a {match['kind']}{named} denies it, perhaps as a guard of keys that were used not long "
        "ago (kms:TrailingDaysWithoutKeyUsage). No consent changes that: wait, or ask whoever keeps the policy.",
        (error.message,),
    )
