"""Where a key stands in a few words, and all keys of a run in a table."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from ...layout import cut
from ...quoting import printable
from ...retirement import ALWAYS_BLOCK, KeyResult, Outcome, Step
from ..text import columns

_ACTS = {
    Step.DISABLE: "DisableKey",
    Step.WATCH: "the watch",
    Step.SCHEDULE: "ScheduleKeyDeletion",
    Step.CANCEL: "CancelKeyDeletion",
    Step.ENABLE: "EnableKey",
    Step.VERIFY: "a look at its state",
}
_STATES_AFTER = {
    Step.DISABLE: ("Disabled",),
    Step.WATCH: ("Deleted",),
    Step.SCHEDULE: ("PendingDeletion", "PendingReplicaDeletion"),
}
"""By step: the states that show that it was taken."""
_NAME_WIDTH = 40
"""Columns of a name in the table: a key may have fifty aliases, and a description 8,192 characters."""


class OverviewRow(NamedTuple):
    """A key in the table."""

    key_arn: str
    name: str
    next_step: str
    held_up_by: str


def headline(result: KeyResult) -> str:
    """Return what stands before the next step, or what became of it."""
    match result.outcome:
        case Outcome.READY if is_only_recorded(result):
            return ": the next run records that"
        case Outcome.READY:
            return f": nothing stands against {_act(result)}"
        case Outcome.DONE:
            return ": done"
        case Outcome.WAITING:
            return ": nothing is due yet"
        case Outcome.FINISHED:
            return ": nothing more to do"
        case Outcome.BLOCKED:
            names = _obstacles(result)
            return f": held up by {names}" if names else ""
        case Outcome.STOPPED:
            return ""
        case Outcome.UNCERTAIN:
            return ": not certain"


def is_only_recorded(result: KeyResult) -> bool:
    """Return whether the next step was taken already, so that a run only adds it to the ledger."""
    if result.outcome is not Outcome.READY or result.step is None:
        return False
    return result.state in _STATES_AFTER.get(result.step, ())


def overview_row(result: KeyResult) -> OverviewRow:
    """Return the row of a key."""
    name = "-" if result.name is None else cut(printable(result.name), _NAME_WIDTH)
    return OverviewRow(result.key_arn, name, _next_step(result), _held_up_by(result))


def overview_lines(rows: Sequence[OverviewRow]) -> Iterator[str]:
    """Yield the table of all keys; nothing for a single one, which needs none."""
    if len(rows) < 2:
        return
    places = {row.key_arn.rpartition("/")[0] for row in rows}
    if len(places) == 1:  # one account and region, of which the blocks above have the names
        rows = [row._replace(key_arn=row.key_arn.rpartition("/")[2]) for row in rows]
    yield from columns([("KEY", "NAME", "NEXT STEP", "HELD UP BY"), *rows]).splitlines()


def _next_step(result: KeyResult) -> str:
    match result.outcome:
        case Outcome.READY if is_only_recorded(result):
            return "a line in the ledger"
        case Outcome.READY | Outcome.BLOCKED:
            return _act(result) or "none"
        case Outcome.DONE | Outcome.WAITING if result.due is not None:
            return f"wait until {_minute(result.due)}"
        case Outcome.WAITING:
            return "wait"
        case Outcome.DONE | Outcome.FINISHED:
            return "none"
        case Outcome.STOPPED:
            return "take it back (--undo)"
        case Outcome.UNCERTAIN:
            return "run this again"


def _held_up_by(result: KeyResult) -> str:
    match result.outcome:
        case Outcome.BLOCKED:
            return _obstacles(result) or result.stage
        case Outcome.STOPPED:
            return result.stage.removeprefix("stopped: ")
        case Outcome.UNCERTAIN:
            return _obstacles(result) or "not certain"
        case _:
            return "-"


def _act(result: KeyResult) -> str:
    return "" if result.step is None else _ACTS[result.step]


def _obstacles(result: KeyResult) -> str:
    """Return the names of the findings that stand against the next step."""
    return ", ".join(result.needed or [each.name for each in result.findings if each.name in ALWAYS_BLOCK])


def _minute(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
