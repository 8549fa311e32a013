"""The path of a key: what comes next, from the ledger and the state that KMS has the key in."""

from datetime import timedelta

import pytest
from hypothesis import given, strategies as st
from support.retirement_data import NOW, days, disabled, entry, scheduled

from awskms_lite.models.keys import KeyState
from awskms_lite.retirement.path import DELETED, STOPPED, Next, decide, history_of, watch_end
from awskms_lite.retirement.records import EVENT_DELAY, Entry, Phase, Step

STATES = [*map(str, KeyState), DELETED]
UNUSABLE = {"Disabled", "PendingImport", "Creating", "Unavailable"}
ACTS = (Next.DISABLE, Next.SCHEDULE)
LATE = NOW - EVENT_DELAY
"""The time of the latest act whose event is certain to be in CloudTrail's history now."""
REFUSED = entry(Step.WATCH, Phase.FAILED, text="somebody")
GONE = entry(Step.WATCH, Phase.DONE, state=DELETED)


@pytest.mark.parametrize(
    ("entries", "state", "expected"),
    [
        # Nothing was done yet: the state alone decides.
        ([], "Enabled", Next.DISABLE),
        ([], "Unavailable", Next.DISABLE),
        ([], "Disabled", Next.BEGIN_WATCH),
        ([], "PendingImport", Next.BEGIN_WATCH),
        ([], "Creating", Next.BEGIN_WATCH),
        ([], "Updating", Next.LATER),
        ([], "PendingDeletion", Next.RECORD_SCHEDULED),
        ([], "PendingReplicaDeletion", Next.RECORD_SCHEDULED),
        ([], DELETED, Next.UNKNOWN),
        ([], "SomethingNew", Next.UNKNOWN),
        ([entry(Step.PLAN, Phase.DONE)], "Enabled", Next.DISABLE),
        # A run was ended between an act and its line.
        ([entry(Step.DISABLE, Phase.INTENT)], "Enabled", Next.REPEAT_LATER),
        ([entry(Step.DISABLE, Phase.INTENT, time=LATE + days(0.001))], "Enabled", Next.REPEAT_LATER),
        ([entry(Step.DISABLE, Phase.INTENT, time=LATE)], "Enabled", Next.DISABLE),
        ([entry(Step.DISABLE, Phase.INTENT)], "Disabled", Next.RECORD_DISABLED),
        ([entry(Step.DISABLE, Phase.INTENT)], "Unavailable", Next.REPEAT_LATER),
        ([entry(Step.DISABLE, Phase.INTENT, time=LATE)], "Unavailable", Next.DISABLE),
        ([entry(Step.DISABLE, Phase.INTENT), entry(Step.DISABLE, Phase.FAILED)], "Enabled", Next.DISABLE),
        ([entry(Step.DISABLE, Phase.INTENT), entry(Step.PLAN, Phase.FAILED)], "Disabled", Next.RECORD_DISABLED),
        ([entry(Step.DISABLE, Phase.INTENT), entry(Step.DISABLE, Phase.FAILED)], "Disabled", Next.BEGIN_WATCH),
        ([disabled(6), entry(Step.SCHEDULE, Phase.INTENT)], "Disabled", Next.REPEAT_LATER),
        ([disabled(6), entry(Step.SCHEDULE, Phase.INTENT, time=LATE)], "Disabled", Next.SCHEDULE),
        (
            [disabled(6), entry(Step.SCHEDULE, Phase.INTENT), entry(Step.PLAN, Phase.FAILED)],
            "Disabled",
            Next.REPEAT_LATER,
        ),
        ([disabled(4), entry(Step.SCHEDULE, Phase.INTENT)], "Disabled", Next.WATCH),
        ([disabled(6), entry(Step.SCHEDULE, Phase.INTENT)], "PendingDeletion", Next.RECORD_SCHEDULED),
        ([disabled(6), entry(Step.SCHEDULE, Phase.INTENT, due=NOW)], DELETED, Next.RECORD_DELETED),
        ([disabled(6), entry(Step.SCHEDULE, Phase.INTENT, due=NOW + days(1))], DELETED, Next.UNKNOWN),
        # The watch.
        ([disabled(4)], "Disabled", Next.WATCH),
        ([disabled(5)], "Disabled", Next.WATCH),
        ([disabled(5.02)], "Disabled", Next.SCHEDULE),
        ([disabled(6)], "Unavailable", Next.SCHEDULE),
        ([disabled(6)], "PendingImport", Next.SCHEDULE),
        ([disabled(6)], "Updating", Next.LATER),
        ([disabled(6), entry(Step.PLAN, Phase.FAILED)], "Disabled", Next.SCHEDULE),
        # Until the date.
        ([disabled(6), scheduled()], "PendingDeletion", Next.WAIT),
        ([disabled(6), scheduled()], "PendingReplicaDeletion", Next.WAIT),
        ([disabled(40), scheduled(-1)], "PendingDeletion", Next.WAIT),
        ([disabled(40), scheduled(-1)], DELETED, Next.RECORD_DELETED),
        ([disabled(6), scheduled(1)], DELETED, Next.UNKNOWN),
        ([disabled(6), scheduled(None, time=NOW - days(8))], DELETED, Next.RECORD_DELETED),
        ([disabled(6), scheduled(None, time=NOW - days(6))], DELETED, Next.UNKNOWN),
        ([disabled(40), scheduled(-1), GONE], DELETED, Next.DELETED),
        ([disabled(40), scheduled(-1), GONE], "Enabled", Next.UNKNOWN),
        # Somebody else has made it usable, or has cancelled its deletion.
        ([disabled(2)], "Enabled", Next.WANTED_BACK),
        ([disabled(6), entry(Step.SCHEDULE, Phase.INTENT)], "Enabled", Next.WANTED_BACK),
        ([disabled(6), scheduled()], "Disabled", Next.WANTED_BACK),
        ([disabled(6), scheduled()], "Enabled", Next.WANTED_BACK),
        ([disabled(6), scheduled()], "PendingImport", Next.WANTED_BACK),
        ([disabled(2, state="PendingImport")], "Enabled", Next.WANTED_BACK),
        ([disabled(2, state="Creating")], "Enabled", Next.DISABLE),
        # Somebody has missed it.
        ([disabled(6), REFUSED], "Disabled", Next.REFUSED_USE),
        ([disabled(6), scheduled(), REFUSED], "PendingDeletion", Next.REFUSED_USE),
        ([disabled(6), REFUSED], "Enabled", Next.REFUSED_USE),
        # Taking it back was begun.
        ([disabled(6), scheduled(), entry(Step.CANCEL, Phase.INTENT)], "PendingDeletion", Next.UNDO_UNFINISHED),
        ([disabled(6), scheduled(), entry(Step.CANCEL, Phase.DONE)], "Disabled", Next.UNDO_UNFINISHED),
        ([disabled(6), entry(Step.ENABLE, Phase.DONE)], "Enabled", Next.UNDO_UNFINISHED),
        ([disabled(6), REFUSED, entry(Step.VERIFY, Phase.FAILED)], "Disabled", Next.UNDO_UNFINISHED),
        # After it was taken back a path begins anew.
        ([disabled(6), scheduled(), REFUSED, entry(Step.VERIFY, Phase.DONE)], "Enabled", Next.DISABLE),
        ([disabled(6), REFUSED, entry(Step.VERIFY, Phase.DONE)], "Disabled", Next.BEGIN_WATCH),
        ([disabled(6), entry(Step.VERIFY, Phase.DONE), disabled(1)], "Disabled", Next.WATCH),
    ],
)
def test_the_ledger_and_the_state_say_what_is_next(entries: list[Entry], state: str, expected: Next) -> None:
    """Each case of the table of the path."""
    assert decide(history_of(entries), state, NOW) is expected


def test_a_watch_is_over_when_late_events_have_come_too() -> None:
    """CloudTrail's history is complete up to 20 minutes ago, so the days end that much later."""
    end = watch_end(NOW, 5)
    assert end == NOW + days(5) + EVENT_DELAY
    line = entry(Step.DISABLE, Phase.DONE, since=NOW, due=end)
    assert decide(history_of([line]), "Disabled", end - timedelta(seconds=1)) is Next.WATCH
    assert decide(history_of([line]), "Disabled", end) is Next.SCHEDULE


def test_a_watch_can_become_longer_and_not_shorter() -> None:
    """A later run with more days waits for them; one with fewer waits for those that the ledger has."""
    history = history_of([disabled(6)])
    assert decide(history, "Disabled", NOW, 10) is Next.WATCH
    assert decide(history, "Disabled", NOW, 5) is Next.SCHEDULE
    assert decide(history_of([disabled(2)]), "Disabled", NOW, 1) is Next.WATCH


def test_what_was_accepted_holds_until_the_key_is_taken_back() -> None:
    """Consent belongs to one path of a key."""
    lines = [entry(Step.PLAN, Phase.DONE, accepted=("grants",)), disabled(6)]
    assert history_of(lines[:1]).accepted == ("grants",)
    back = entry(Step.VERIFY, Phase.DONE, accepted=("grants",))
    assert history_of([*lines, back]).accepted == ()
    assert history_of([*lines, back]).taken_back == back


lines = st.builds(
    lambda step, phase, state, due, since: entry(step, phase, state=state, due=due, since=since),
    st.sampled_from(Step),
    st.sampled_from(Phase),
    st.sampled_from([None, *STATES]),
    st.none() | st.integers(-40, 40).map(lambda number: NOW + days(number)),
    st.none() | st.integers(-40, 0).map(lambda number: NOW + days(number)),
)


def path_since_undo(entries: list[Entry]) -> list[Entry]:
    """Return the lines after the last one that ends taking the key back."""
    ends = [
        number
        for number, line in enumerate(entries)
        if line.step is Step.VERIFY and line.phase in (Phase.DONE, Phase.SKIPPED)
    ]
    return entries[ends[-1] + 1 :] if ends else entries


@given(st.lists(lines, max_size=12), st.sampled_from(STATES), st.none() | st.integers(1, 30))
def test_no_ledger_leads_from_a_refused_use_to_an_act(entries: list[Entry], state: str, watch: int | None) -> None:
    """Whatever else a ledger holds, in any order: after a refused use, or in an unfinished undo, nothing acts."""
    following = decide(history_of(entries), state, NOW, watch)
    path = path_since_undo(entries)
    has_stopped = any(
        (line.step is Step.WATCH and line.phase is Phase.FAILED and line.state != DELETED)
        or line.step in (Step.CANCEL, Step.ENABLE, Step.VERIFY)
        for line in path
    )
    if has_stopped:
        assert following not in ACTS
        assert following in (*STOPPED, Next.UNKNOWN, Next.RECORD_DELETED, Next.DELETED)


@given(st.lists(lines, max_size=12), st.sampled_from(STATES), st.none() | st.integers(1, 30))
def test_deletion_is_scheduled_only_after_a_watch(entries: list[Entry], state: str, watch: int | None) -> None:
    """ScheduleKeyDeletion comes only for a key that cannot be used, whose recorded watch is over."""
    if decide(history_of(entries), state, NOW, watch) is not Next.SCHEDULE:
        return
    assert state in UNUSABLE
    watches = [
        line
        for line in path_since_undo(entries)
        if line.step is Step.DISABLE and line.phase in (Phase.DONE, Phase.SKIPPED)
    ]
    assert watches
    assert watches[-1].due is not None
    assert watches[-1].due <= NOW


@given(st.lists(lines, max_size=12), st.sampled_from(STATES))
def test_a_key_is_disabled_once(entries: list[Entry], state: str) -> None:
    """DisableKey comes only for a key that can be used, or whose store is away, and was not disabled before."""
    if decide(history_of(entries), state, NOW) is Next.DISABLE:
        assert state in ("Enabled", "Unavailable")
        history = history_of(entries)
        assert history.scheduled is None
        assert history.disabled is None or history.disabled.state == "Creating"
