"""What a retirement reads, decides and writes down, as records that do not change."""

from collections.abc import Collection
from datetime import datetime, timedelta
from enum import StrEnum

from attrs import field, frozen

from ..errors import ParameterError
from ..verdicts import MAX_IDLE_DAYS

DEFAULT_IDLE_DAYS = 90
DEFAULT_WATCH_DAYS = 5
DEFAULT_PENDING_DAYS = 30

MAX_WATCH_DAYS = 30
LONG_WATCH_DAYS = 6
"""The longest watch that needs no consent: DynamoDB archives a table after more than seven days without a key."""
MIN_PENDING_DAYS, MAX_PENDING_DAYS = 7, 30
"""What ScheduleKeyDeletion takes."""

EVENT_DELAY = timedelta(minutes=20)
"""How long an event may be missing from CloudTrail's history: AWS says about 5 minutes, and guarantees none."""


class Severity(StrEnum):
    """What a finding means for the next step."""

    BLOCKS = "blocks"
    """The key cannot be retired from here; no consent changes that."""
    NEEDS_CONSENT = "needs_consent"
    """Somebody has to accept it by its name first."""
    NOTE = "note"
    """Worth knowing."""


ALWAYS_BLOCK = ("aws_managed", "other_account", "unreadable")
"""The findings that cannot be accepted."""

NEED_CONSENT = (
    "recent_use",
    "too_new",
    "service_use",
    "service_use_deletion",
    "grants",
    "replicas",
    "way_back_closed",
    "guarded",
    "imported_material",
    "custom_key_store",
    "asymmetric_public_key",
    "cloudtrail_unknown",
    "long_watch",
    "taken_back",
)
"""The findings that can be accepted, in the order in which they are shown."""


@frozen
class Finding:
    """Something to know before a key is retired; `evidence` are the facts behind it, a line each."""

    name: str
    severity: Severity
    text: str
    evidence: tuple[str, ...] = ()


class Step(StrEnum):
    """The steps of a retirement, and of taking it back."""

    PLAN = "plan"
    DISABLE = "disable"
    WATCH = "watch"
    SCHEDULE = "schedule"
    CANCEL = "cancel"
    ENABLE = "enable"
    VERIFY = "verify"


class Phase(StrEnum):
    """Which line about a step this is."""

    INTENT = "intent"
    """The step is about to be taken: on disk before the request is sent."""
    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"
    """There was nothing to do, because the key was in that state already or has no such step."""


@frozen(kw_only=True)
class Entry:
    """One line of a ledger.

    `time` is the service's. `due` is when the step after this one may be taken, or when KMS deletes the key.
    `since` is the time from which on the key could not be used, `state` the key state that DescribeKey had shown.
    `findings` are those of a plan, `accepted` the names of all that were accepted for the key so far.
    """

    time: datetime
    key_arn: str
    step: Step
    phase: Phase
    account_id: str
    caller_arn: str | None = None
    request_id: str | None = None
    findings: tuple[Finding, ...] = ()
    accepted: tuple[str, ...] = ()
    due: datetime | None = None
    since: datetime | None = None
    state: str | None = None
    text: str | None = None


class Outcome(StrEnum):
    """What a look at a key, or a step, came to."""

    READY = "ready"
    """Nothing stands against the next step."""
    DONE = "done"
    """The step was taken."""
    WAITING = "waiting"
    """Nothing is due yet."""
    FINISHED = "finished"
    """There is nothing more to do: the key was deleted, or taken back."""
    BLOCKED = "blocked"
    """A finding stands against the next step."""
    STOPPED = "stopped"
    """Somebody has missed the key, or changed it: nothing goes on by itself."""
    UNCERTAIN = "uncertain"
    """Something could not be read, or a step was not carried out."""


@frozen(kw_only=True)
class KeyResult:
    """Where a key stands, what was found, and what comes next.

    - `name`: its aliases, else its description; None if neither is known.
    - `stage`: where it stands, in a few words; `state` is KMS's word, "Deleted" for a key that is gone, None if
      it could not be read.
    - `step`: the step that was taken, or would be; None if there is none.
    - `due`: when the next step may be taken, or when KMS deletes the key; None if that is now or unknown.
    - `texts`: sentences for people: what happened, what happens next, what cannot be seen.
    - `needed`: the names of findings that have to be accepted first.
    - `accepted`: those that were.
    - `evidence`: what has stopped it, a line for each event.
    """

    key_arn: str
    name: str | None = None
    outcome: Outcome
    stage: str
    state: str | None = None
    step: Step | None = None
    due: datetime | None = None
    findings: tuple[Finding, ...] = ()
    needed: tuple[str, ...] = ()
    accepted: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    request_id: str | None = None


def _check_days(name: str, value: object, least: int, most: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise ParameterError(f"{name} is {value!r}: pass a whole number of days, from {least} to {most:,}.")


def parse_accepted(names: Collection[str]) -> tuple[str, ...]:
    """Return the names of findings that are accepted, each once.

    Raise `ParameterError` for a name that no finding has, and for one that always blocks.
    """
    if isinstance(names, str):
        raise ParameterError("accept is a str: pass a collection of the names of findings.")
    for name in names:
        if name in ALWAYS_BLOCK:
            raise ParameterError(
                f"{name} cannot be accepted: it always blocks, and accepting it changes nothing. Leave it out."
            )
        if name not in NEED_CONSENT:
            raise ParameterError(f"{name!r} is no finding that can be accepted: pass {', '.join(NEED_CONSENT)}.")
    return tuple(name for name in NEED_CONSENT if name in names)


@frozen(kw_only=True)
class Rules:
    """How carefully to retire: days, and the findings that somebody has accepted by name.

    Raise `ParameterError` for days out of range and for unknown names.
    """

    idle_days: int = DEFAULT_IDLE_DAYS
    watch_days: int = DEFAULT_WATCH_DAYS
    pending_days: int = DEFAULT_PENDING_DAYS
    accept: tuple[str, ...] = field(default=(), converter=parse_accepted)

    def __attrs_post_init__(self) -> None:
        _check_days("idle_days", self.idle_days, 1, MAX_IDLE_DAYS)
        _check_days("watch_days", self.watch_days, 1, MAX_WATCH_DAYS)
        _check_days("pending_days", self.pending_days, MIN_PENDING_DAYS, MAX_PENDING_DAYS)
