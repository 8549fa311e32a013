"""Whatever happens in whatever order: no act without a line before it, and none after a use that was refused."""

from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st
from support.retiring import ACTS, Cut, Retirer, cut_at, local_kms, old_key
from support.servers import open_way

from awskms_lite.errors import KMSLiteError
from awskms_lite.retirement import NEED_CONSENT, Outcome, Phase, Step, read_ledger
from awskms_lite.retirement.records import Rules
from awskms_lite.retirement.runs import Job

EVENTS = st.one_of(
    st.just(("advance", ())),
    st.just(("advance", NEED_CONSENT)),
    st.just(("use",)),
    st.just(("enable_key",)),
    st.just(("cancel_key_deletion",)),
    st.just(("delay", 5)),
    st.just(("undo",)),
    st.tuples(st.just("cut"), st.integers(1, 40)),
    st.tuples(st.just("wait"), st.sampled_from([0.1, 5.02, 8])),
)


class Story:
    """One key, what happens to it, and what must not."""

    def __init__(self, retirer: Retirer) -> None:
        self.retirer = retirer
        self.key = old_key(retirer.kms)
        self.is_needed = False
        """Whether somebody was refused, or has taken an act back, and the key was not taken back since."""

    def happens(self, event: tuple[Any, ...]) -> None:
        """Let an event happen, and check what it has led to."""
        before = self.acts()
        getattr(self, f"_{event[0]}")(*event[1:])
        after = self.acts()
        if self.is_needed:
            assert after == before
        entries = read_ledger(self.retirer.ledger)
        for operation, step in ACTS.items():
            if step is not Step.CANCEL:
                announced = sum(entry.step is step and entry.phase is Phase.INTENT for entry in entries)
                assert after[operation] <= announced

    def acts(self) -> dict[str, int]:
        asked = self.retirer.kms.stats.asked
        return {operation: asked[operation] for operation in ("DisableKey", "ScheduleKeyDeletion")}

    def _advance(self, accept: tuple[str, ...]) -> None:
        self.retirer.advance(self.key, accept=accept)

    def _use(self) -> None:
        try:
            self.retirer.do("encrypt", self.key, b"text")
        except KMSLiteError:
            self.is_needed = True

    def _enable_key(self) -> None:
        was_disabled = self.retirer.state(self.key) == "Disabled"
        try:
            self.retirer.do("enable_key", self.key)
        except KMSLiteError:
            return
        self.is_needed = self.is_needed or was_disabled

    def _cancel_key_deletion(self) -> None:
        try:
            self.retirer.do("cancel_key_deletion", self.key)
        except KMSLiteError:
            return
        self.is_needed = True

    def _delay(self, minutes: float) -> None:
        """Let events come late from now on."""
        self.retirer.kms.set_event_delay(timedelta(minutes=minutes))

    def _undo(self) -> None:
        if self.retirer.undo(self.key).outcome is Outcome.DONE:
            self.is_needed = False

    def _cut(self, number: int) -> None:
        """End a run in the middle, with the consent to everything."""
        rules = Rules(accept=NEED_CONSENT)
        job = Job(client=self.retirer.client, keys=[self.key], rules=rules, role_arns=(), on_result=None)
        try:
            self.retirer.client._driver.run(cut_at(job.advance(self.retirer.ledger), number))
        except Cut:
            return

    def _wait(self, days: float) -> None:
        self.retirer.kms.advance(timedelta(days=days))


@pytest.mark.outward
@settings(max_examples=30)
@given(st.lists(EVENTS, min_size=4, max_size=14))
def test_a_key_that_somebody_misses_is_left_alone(events: list[tuple[Any, ...]]) -> None:
    """From the refused use on, until it is taken back."""
    with local_kms() as kms, open_way("sync") as way, TemporaryDirectory() as folder:
        story = Story(Retirer(way, kms, Path(folder, "retire.jsonl")))
        for event in events:
            story.happens(event)
