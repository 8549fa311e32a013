"""The path of a key through its retirement: from what the ledger and KMS say to what comes next. Pure.

    Enabled ── disable ──> watch ── schedule ──> watch until the date ──> Deleted
                  │           │                      │
                  └───────────┴── stopped <──────────┘        undo: cancel, enable, verify

The ledger says what was done, KMS what is: where the two differ, somebody else acted, or a run was ended between
an act and its line. So every decision is made from both, and the cases are few:

- A line `intent` without one after it: the key's state shows whether the step was taken, and it is recorded then.
  A key in its old state proves nothing, because somebody may have taken the step back since: it is taken again
  once CloudTrail has had the time to show that.
- The key is usable though the ledger has it disabled, or its deletion is cancelled: somebody wanted it back.
- A use of it was refused: somebody missed it.

The last two stop the path until somebody takes the key back. Nothing in here leads from a stopped path to another
act. Source of what each state allows: "Key states of AWS KMS keys" in the AWS KMS Developer Guide.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum

from attrs import evolve, frozen

from .records import EVENT_DELAY, MIN_PENDING_DAYS, Entry, Finding, Phase, Step

DELETED = "Deleted"
"""The state of a key that KMS does not know (any more); the others are KMS's own words."""
PENDING = ("PendingDeletion", "PendingReplicaDeletion")
NEVER_DISABLED = ("PendingImport", "Creating")
"""States in which DisableKey fails and ScheduleKeyDeletion works."""
_UNUSABLE = ("Disabled", "Unavailable", *NEVER_DISABLED)


class Next(StrEnum):
    """What comes next on the path of a key."""

    DISABLE = "disable"
    """DisableKey is due."""
    BEGIN_WATCH = "begin_watch"
    """It cannot be used already: record that, and watch."""
    RECORD_DISABLED = "record_disabled"
    """An earlier run disabled it and could not record that."""
    WATCH = "watch"
    """The watch is not over."""
    REPEAT_LATER = "repeat_later"
    """An earlier run has announced an act that does not show: CloudTrail may tell later that it was sent."""
    SCHEDULE = "schedule"
    """ScheduleKeyDeletion is due."""
    RECORD_SCHEDULED = "record_scheduled"
    """Its deletion is scheduled, and the ledger does not say so."""
    WAIT = "wait"
    """Its deletion is scheduled."""
    RECORD_DELETED = "record_deleted"
    """It is gone, on or after the day on which KMS was to delete it."""
    DELETED = "deleted"
    """It is gone, and the ledger says so."""
    TAKEN_BACK = "taken_back"
    """It was taken back, and its retirement has not begun again."""
    LATER = "later"
    """KMS is changing it: no step works in this state."""
    REFUSED_USE = "refused_use"
    """Stopped: somebody tried to use it."""
    WANTED_BACK = "wanted_back"
    """Stopped: somebody enabled it, or cancelled its deletion."""
    UNDO_UNFINISHED = "undo_unfinished"
    """Stopped: taking it back was begun and not finished."""
    UNKNOWN = "unknown"
    """KMS does not know the key, or says a state that is not known here."""


STOPPED = (Next.REFUSED_USE, Next.WANTED_BACK, Next.UNDO_UNFINISHED)


@frozen
class History:
    """What the ledger says of a key since it was last taken back.

    - `disabled`, `scheduled`: the entry by which it was, None if it was not.
    - `open`: the step whose intent was written and whose end was not, None if there is none.
    - `refused_use`: the entry about a use that was refused.
    - `undo`: whether taking it back was begun.
    - `deleted`: whether its deletion was seen.
    - `accepted`: the findings accepted on this path. `plan`: its last plan since it was disabled, if it was.
    - `way_back`: the finding about the way back that was accepted, None if none was.
    - `users`: what the plans of this path have found to depend on the key, a line each.
    - `taken_back`: the entry by which an earlier path of the key ended.
    """

    disabled: Entry | None = None
    scheduled: Entry | None = None
    open: Entry | None = None
    refused_use: Entry | None = None
    undo: bool = False
    deleted: bool = False
    accepted: tuple[str, ...] = ()
    plan: Entry | None = None
    way_back: Finding | None = None
    users: tuple[str, ...] = ()
    taken_back: Entry | None = None

    @property
    def has_begun(self) -> bool:
        """Return whether the path has come further than a plan."""
        return self.disabled is not None or self.scheduled is not None or self.open is not None

    @property
    def is_known(self) -> bool:
        """Return whether anything was done that has been, or can be, taken back."""
        return self.has_begun or self.undo or self.refused_use is not None or self.taken_back is not None

    @property
    def due(self) -> datetime | None:
        """Return when the next step may be taken, or when KMS deletes the key; None if that is not known."""
        latest = self.scheduled or self.disabled
        return None if latest is None else latest.due

    @property
    def since(self) -> datetime | None:
        """Return the time from which on the key could not be used, as far as the ledger knows it.

        That of an act whose end was not recorded counts: it may have been carried out.
        """
        found = self.disabled or self.scheduled or self.open
        return None if found is None else found.since

    @property
    def repeat_from(self) -> datetime | None:
        """Return when CloudTrail has shown what became of an act without a recorded end; None if there is none."""
        return None if self.open is None else self.open.time + EVENT_DELAY


def history_of(entries: Iterable[Entry]) -> History:
    """Return the history of a key from its entries, in their order."""
    history = History()
    for entry in entries:
        history = _with(history, entry)
    return history


def _with(history: History, entry: Entry) -> History:
    """Return the history with one more entry."""
    history = evolve(history, accepted=entry.accepted, open=_open_after(history.open, entry))
    history = _with_findings(history, entry)
    if entry.step is Step.PLAN:
        return evolve(history, plan=entry)
    if entry.step is Step.WATCH:
        if entry.state == DELETED:
            return evolve(history, deleted=True)
        return evolve(history, refused_use=entry) if entry.phase is Phase.FAILED else history
    has_ended = entry.phase in (Phase.DONE, Phase.SKIPPED)
    if entry.step in (Step.CANCEL, Step.ENABLE, Step.VERIFY):
        is_back = entry.step is Step.VERIFY and has_ended
        return History(taken_back=entry) if is_back else evolve(history, undo=True)
    if not has_ended:
        return history
    if entry.step is Step.DISABLE:
        return evolve(history, disabled=entry, plan=None)
    return evolve(history, scheduled=entry)


def _with_findings(history: History, entry: Entry) -> History:
    """Return the history with what the findings of an entry are remembered for."""
    for finding in entry.findings:
        if finding.name == "way_back_closed" and finding.name in entry.accepted:
            history = evolve(history, way_back=finding)
        elif finding.name == "service_use":
            history = evolve(history, users=tuple(dict.fromkeys((*history.users, *finding.evidence))))
    return history


def _open_after(before: Entry | None, entry: Entry) -> Entry | None:
    if entry.phase is Phase.INTENT:
        return entry
    return None if before is None or before.step is entry.step else before


def decide(history: History, state: str, now: datetime, watch_days: int | None = None) -> Next:
    """Return what comes next for a key in a state, `DELETED` if KMS does not know it.

    `watch_days` lengthens a watch that the ledger has begun with fewer; None leaves its end as it is.
    """
    if history.deleted:
        return Next.DELETED if state == DELETED else Next.UNKNOWN
    if state == DELETED:
        return Next.RECORD_DELETED if _deletion_is_over(history, now) else Next.UNKNOWN
    if history.undo:
        return Next.UNDO_UNFINISHED
    if history.refused_use is not None:
        return Next.REFUSED_USE
    if state in PENDING:
        return Next.WAIT if history.scheduled is not None else Next.RECORD_SCHEDULED
    if history.scheduled is not None:
        return Next.WANTED_BACK
    if state == "Enabled":
        return Next.WANTED_BACK if _was_taken_out_of_use(history) else _act(Next.DISABLE, history, now)
    if state == "Updating":
        return Next.LATER
    return _while_unusable(history, state, now, watch_days) if state in _UNUSABLE else Next.UNKNOWN


def _while_unusable(history: History, state: str, now: datetime, watch_days: int | None) -> Next:
    if history.disabled is not None:
        ends = watch_ends(history.disabled, watch_days)
        return _act(Next.SCHEDULE, history, now) if ends is not None and now >= ends else Next.WATCH
    if state == "Unavailable":  # DisableKey works and does not show until the key store is connected again
        return _act(Next.DISABLE, history, now)
    if state == "Disabled" and history.open is not None and history.open.step is Step.DISABLE:
        return Next.RECORD_DISABLED
    return Next.BEGIN_WATCH


def _act(act: Next, history: History, now: datetime) -> Next:
    """Return an act, or that it has to wait because an earlier run may have sent it."""
    return act if history.repeat_from is None or now >= history.repeat_from else Next.REPEAT_LATER


def _was_taken_out_of_use(history: History) -> bool:
    """Return whether a key that is enabled now could not be used before, so that somebody enabled it.

    One that was being created has become usable by itself.
    """
    return history.disabled is not None and history.disabled.state != "Creating"


def _deletion_is_over(history: History, now: datetime) -> bool:
    """Return whether a key that KMS does not know can be gone because its deletion was scheduled.

    The date of a multi-Region primary is not known while it has replicas: the shortest wait has to do.
    """
    scheduled = history.scheduled
    if scheduled is None and history.open is not None and history.open.step is Step.SCHEDULE:
        scheduled = history.open  # a run was ended before it could record what it had scheduled
    if scheduled is None:
        return False
    return now >= (scheduled.due or scheduled.time + timedelta(days=MIN_PENDING_DAYS))


def watch_ends(disabled: Entry, watch_days: int | None) -> datetime | None:
    """Return when the watch of a disabled key ends: as the ledger has it, or later if `watch_days` says so."""
    if disabled.due is None or disabled.since is None or watch_days is None:
        return disabled.due
    return max(disabled.due, watch_end(disabled.since, watch_days))


def watch_end(since: datetime, watch_days: int) -> datetime:
    """Return when a watch of so many whole days has seen all of them, events that come late included."""
    return since + timedelta(days=watch_days) + EVENT_DELAY
