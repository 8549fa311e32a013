"""Deadlines and timeouts: how long things may take, by a clock that the tests set."""

from collections.abc import Callable
from math import inf
from typing import Any

import anyio
import anyio.lowlevel
import httpx
import pytest

from awskms_lite.errors import ParameterError
from awskms_lite.steps import Request, Send
from awskms_lite.transport import NEVER, Deadline, DeadlineExceeded, Timeouts, deadline, resolve_timeouts

STEP = Send(Request("GET", "http://kms.test", []))


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Return what sets the clock, which begins at 100 s."""

    def set_clock(now: float) -> None:
        monkeypatch.setattr(deadline, "monotonic", lambda: now)

    set_clock(100.0)
    return set_clock


class TestDeadline:
    """One moment, and what is left until then."""

    def test_the_earlier_one_counts(self, at: Callable[[float], None]) -> None:
        """A part of something has its own time, and no more than the whole has left."""
        whole = NEVER.within(10)
        assert whole.within(3).remaining() == 3
        assert whole.within(30) is whole
        assert whole.within(None) is whole
        at(108.0)
        assert whole.within(3) is whole
        assert whole.remaining() == 2

    def test_a_wait_has_what_is_left_when_it_begins(self, at: Callable[[float], None]) -> None:
        """Its own limit counts as long as there is more time than that."""
        whole = NEVER.within(10)
        assert (whole.limit(3), whole.timeout(3), whole.timeout(None)) == (3, 3, 10)
        at(109.0)
        assert (whole.limit(3), whole.timeout(3), whole.timeout(None)) == (1, 1, 1)

    def test_nothing_begins_once_it_has_passed(self, at: Callable[[float], None]) -> None:
        """From the moment itself on there is no time left, and whoever asks for some is told."""
        whole: Any = NEVER.within(10)
        assert not whole.has_passed()
        at(110.0)
        assert whole.has_passed()
        assert whole.remaining() == 0
        for ask, *seconds in ((whole.check,), (whole.limit, 3), (whole.timeout, 3), (whole.timeout, None)):
            with pytest.raises(DeadlineExceeded):
                ask(*seconds)

    def test_without_one_each_wait_has_its_own_limit(self, at: Callable[[float], None]) -> None:
        """No deadline bounds nothing, and never passes."""
        at(1e12)
        assert NEVER.is_never
        assert not NEVER.has_passed()
        assert (NEVER.remaining(), NEVER.limit(3), NEVER.timeout(3), NEVER.timeout(None)) == (inf, 3, 3, None)
        NEVER.check()

    @pytest.mark.anyio
    async def test_what_is_awaited_is_cancelled_when_it_passes(self) -> None:
        """A task goes on with `DeadlineExceeded`, and what it waited for is over."""
        ended: list[str] = []

        async def wait() -> None:
            try:
                await anyio.sleep_forever()
            finally:
                ended.append("cancelled")

        with pytest.raises(DeadlineExceeded):
            await NEVER.within(0.01).wait_for(wait())
        assert ended == ["cancelled"]

    @pytest.mark.parametrize("whole", [NEVER, Deadline(1e12)])
    @pytest.mark.anyio
    async def test_what_comes_in_time_is_returned(self, whole: Deadline) -> None:
        """With a deadline and without one."""

        async def answer() -> str:
            await anyio.lowlevel.checkpoint()
            return "came"

        assert await whole.wait_for(answer()) == "came"


class TestTimeouts:
    """What bounds an attempt."""

    @pytest.mark.parametrize(
        ("attempt", "step", "left"),
        [(5, None, 5), (5, 2, 2), (5, 9, 5), (None, 2, 2), (None, None, 8), (20, 30, 8)],
    )
    def test_an_attempt_has_the_least_of_all(
        self, at: Callable[[float], None], attempt: float | None, step: float | None, left: float
    ) -> None:
        """Of the client's bound, the step's own and what is left of the run."""
        bounded = Timeouts({}, attempt).deadline(STEP._replace(timeout=step), NEVER.within(8))
        assert bounded.remaining() == left

    def test_our_own_bound_an_attempt_as_a_whole(self) -> None:
        """Without a given client, by the time to connect and to read together."""
        assert resolve_timeouts(None, None, None).attempt == 13.0
        timeouts = resolve_timeouts(None, 1, 2)
        assert (timeouts.phases, timeouts.attempt) == ({"connect": 1, "read": 2, "write": 2, "pool": None}, 3)

    def test_a_given_clients_do_not(self) -> None:
        """They keep httpx's meaning, which is to bound each read."""
        with httpx.Client(timeout=httpx.Timeout(5, read=7)) as client:
            timeouts = resolve_timeouts(client, 1, None)
        assert (timeouts.phases, timeouts.attempt) == ({"connect": 1, "read": 7, "write": 5, "pool": 5}, None)

    @pytest.mark.parametrize("seconds", [0, -1, inf, "3"])
    def test_what_is_no_timeout_is_refused(self, seconds: Any) -> None:
        """Each is named."""
        with pytest.raises(ParameterError, match=r"^connect_timeout is"):
            resolve_timeouts(None, seconds, None)
        with pytest.raises(ParameterError, match=r"^read_timeout is"):
            resolve_timeouts(None, None, seconds)
