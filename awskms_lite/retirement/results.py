"""From a look at a key, or a step, to what its caller is told. Pure."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from . import texts
from .looks import Look
from .path import NEVER_DISABLED, PENDING, STOPPED, Next
from .records import KeyResult, Outcome, Rules, Step

_UNUSABLE_DAYS = 7
"""Days without its key after which DynamoDB archives a table, and RDS keeps no instance recoverable."""

_STAGES = {
    Next.DISABLE: "usable",
    Next.BEGIN_WATCH: "unusable already",
    Next.RECORD_DISABLED: "disabled, not recorded",
    Next.WATCH: "watched",
    Next.SCHEDULE: "watch over",
    Next.RECORD_SCHEDULED: "deletion scheduled, not recorded",
    Next.WAIT: "deletion scheduled",
    Next.RECORD_DELETED: "deleted, not recorded",
    Next.DELETED: "deleted",
    Next.TAKEN_BACK: "taken back",
    Next.LATER: "being updated",
    Next.REFUSED_USE: "stopped: a use was refused",
    Next.WANTED_BACK: "stopped: made usable again",
    Next.UNDO_UNFINISHED: "stopped: taking it back is unfinished",
    Next.UNKNOWN: "unknown",
}
_STAGES_DONE = {
    Next.DISABLE: "disabled, watched",
    Next.BEGIN_WATCH: "watched",
    Next.RECORD_DISABLED: "disabled, watched",
    Next.SCHEDULE: "deletion scheduled",
    Next.RECORD_SCHEDULED: "deletion scheduled",
    Next.RECORD_DELETED: "deleted",
}
_STEPS = {
    Next.DISABLE: Step.DISABLE,
    Next.BEGIN_WATCH: Step.WATCH,
    Next.RECORD_DISABLED: Step.DISABLE,
    Next.WATCH: Step.WATCH,
    Next.SCHEDULE: Step.SCHEDULE,
    Next.RECORD_SCHEDULED: Step.SCHEDULE,
    Next.WAIT: Step.WATCH,
    Next.RECORD_DELETED: Step.WATCH,
}


def result_of(look: Look, rules: Rules) -> KeyResult:
    """Return what a look at a key, or a step that began with it, came to."""
    return KeyResult(
        key_arn=look.key_arn,
        outcome=look.outcome,
        stage=_stage(look),
        state=look.state,
        step=_STEPS.get(look.next),
        due=_due(look),
        findings=look.findings,
        needed=look.needed,
        accepted=look.accepted,
        evidence=look.evidence,
        texts=(*_texts(look, rules), *look.texts),
        request_id=look.request_id,
    )


def _stage(look: Look) -> str:
    if look.outcome in (Outcome.DONE, Outcome.FINISHED):
        return _STAGES_DONE.get(look.next, _STAGES[look.next])
    if look.outcome is Outcome.BLOCKED and look.next is Next.UNKNOWN:
        return "cannot be retired"
    if look.outcome is Outcome.STOPPED and look.next not in STOPPED:
        return "stopped: the way back is closing"
    return _STAGES[look.next]


def undo_result(look: Look) -> KeyResult:
    """Return what taking a key back came to, or what it would do."""
    steps = tuple(_undo_steps(look.state or ""))
    return KeyResult(
        key_arn=look.key_arn,
        outcome=look.outcome,
        stage="taken back" if look.outcome is Outcome.DONE else "to be taken back",
        state=look.state,
        step=steps[0] if look.outcome is Outcome.READY else None,
        findings=look.findings,
        texts=(*(texts.UNDO[step] for step in steps), *look.texts)
        if look.outcome is Outcome.READY
        else look.texts,
    )


def _undo_steps(state: str) -> Iterator[Step]:
    if state in PENDING:
        yield Step.CANCEL
    if state != "Enabled" and state not in NEVER_DISABLED:
        yield Step.ENABLE
    yield Step.VERIFY


def _due(look: Look) -> datetime | None:
    """Return when the next step may be taken; None for one that may be taken now, or for none at all."""
    is_now = look.outcome in (Outcome.READY, Outcome.BLOCKED) and look.next in (Next.DISABLE, Next.SCHEDULE)
    return None if is_now or look.outcome is Outcome.FINISHED else look.due


def _texts(look: Look, rules: Rules) -> Iterator[str]:
    match look.outcome:
        case Outcome.READY | Outcome.BLOCKED:
            yield from _before(look, rules)
        case Outcome.DONE | Outcome.FINISHED:
            yield from _after(look)
        case Outcome.WAITING:
            yield from _meanwhile(look)
        case Outcome.STOPPED:
            yield from _stopped(look)
        case Outcome.UNCERTAIN:
            pass


def _before(look: Look, rules: Rules) -> Iterator[str]:
    """Yield what the next step means."""
    match look.next:
        case Next.DISABLE:
            yield texts.DISABLE_MEANS
            days = "1 day" if rules.watch_days == 1 else f"{rules.watch_days} days"
            ahead = f"{rules.pending_days} days ahead"
            yield f"Then it is watched for {days}, and a later run may schedule its deletion, {ahead}."
            if look.state == "Unavailable":
                yield texts.UNAVAILABLE
        case Next.BEGIN_WATCH:
            yield texts.NO_DISABLE_IN.get(look.state or "", "")
            yield f"Unusable since {_minute(look.since)}; its watch ends at {_minute(look.due)}."
        case Next.SCHEDULE:
            yield f"Unusable since {_minute(look.since)}. {texts.EMPTY_WATCH}"
            yield texts.SCHEDULE_MEANS
            if look.since is not None:
                seventh = look.since + timedelta(days=_UNUSABLE_DAYS)
                is_over = "has" if seventh <= look.now else "will have"
                yield f"On {_minute(seventh)} it {is_over} been unusable for {_UNUSABLE_DAYS} days."
        case Next.RECORD_DISABLED:
            yield texts.DISABLED_BEFORE
        case Next.RECORD_SCHEDULED:
            yield f"{_deletion(look)} {texts.RECORDED_NEXT}"
        case Next.RECORD_DELETED:
            yield f"{texts.IS_DELETED} {texts.RECORDED_NEXT}"
        case _:
            pass


def _after(look: Look) -> Iterator[str]:
    """Yield what a step did, and what comes after it."""
    match look.next:
        case Next.DISABLE | Next.RECORD_DISABLED:
            yield f"It is disabled: everybody who needs it is refused now. The watch ends at {_minute(look.due)}."
        case Next.BEGIN_WATCH:
            yield texts.NO_DISABLE_IN.get(look.state or "", "")
            yield f"Unusable since {_minute(look.since)}; its watch ends at {_minute(look.due)}."
        case Next.SCHEDULE | Next.RECORD_SCHEDULED:
            yield _deletion(look)
        case Next.RECORD_DELETED | Next.DELETED:
            yield texts.IS_DELETED
        case _:
            pass


def _meanwhile(look: Look) -> Iterator[str]:
    if look.next is Next.WATCH:
        yield f"Unusable since {_minute(look.since)}; its watch ends at {_minute(look.due)}. {texts.EMPTY_WATCH}"
    if look.next is Next.WAIT:
        yield f"{_deletion(look)} {texts.EMPTY_WATCH}"


def _deletion(look: Look) -> str:
    if look.due is None:
        return "Its deletion is scheduled, and has no date until its last replica is deleted."
    return (
        f"KMS deletes it at {_minute(look.due)}, or up to a day later. Until then its deletion can be cancelled."
    )


def _stopped(look: Look) -> Iterator[str]:
    yield texts.STOPPED.get(look.next, texts.WAY_BACK_TAKEN)
    yield texts.NOTHING_GOES_ON


def _minute(moment: datetime | None) -> str:
    return "an unknown time" if moment is None else f"{moment:%Y-%m-%d %H:%M} UTC"
