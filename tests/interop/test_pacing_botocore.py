"""The adaptive pace beside botocore's client-side rate limiter: the same answers make the same rates.

We differ on purpose in what surrounds the rate:

- Our turns are first come, first served; there whoever wakes first takes the token.
- What was saved up is let go at a throttled answer, since it says that there is nothing to be had; theirs stays.
- Their measuring begins with the whole second in which the client was made, ours with the half second of the
  first answer. So the first answer comes early in a second here.
- A clock that is set back stops their measuring until it has caught up, and drops their rate to the least.
- A request that is sent again leaves a turn unused before its own.
"""

from collections.abc import Sequence
from typing import TypeAlias

import pytest
from botocore.retries.adaptive import ClientRateLimiter, RateClocker
from botocore.retries.bucket import TokenBucket
from botocore.retries.throttling import CubicCalculator
from hypothesis import example, given, strategies as st

from awskms_lite.pacing import AdaptiveLimiter

NOW = 1_790_000_000.0
Answers: TypeAlias = Sequence[tuple[float, bool]]
"""The seconds since the one before, and whether it was throttled."""


class Theirs:
    """Their rate limiter; it is its own clock, and its own detector of throttled answers."""

    def __init__(self) -> None:
        self.now = NOW
        self._bucket = TokenBucket(max_rate=1, clock=self)
        clocker = RateClocker(self)
        self._limiter = ClientRateLimiter(CubicCalculator(0, NOW), clocker, self._bucket, self, self)

    def current_time(self) -> float:
        return self.now

    def is_throttling_error(self, *, throttled: bool) -> bool:
        return throttled

    def rate_after(self, throttled: bool) -> float:
        self._limiter.on_receiving_response(throttled=throttled)
        rate: float = self._bucket.max_rate
        return rate


def rates(answers: Answers) -> list[tuple[float, float]]:
    """Return our rate and theirs after each answer from the first throttled one on."""
    ours, theirs = AdaptiveLimiter(), Theirs()
    found: list[tuple[float, float]] = []
    for seconds, throttled in answers:
        theirs.now += seconds
        ours.record_outcome(ours.reserve(theirs.now), throttled=throttled, now=theirs.now)
        rate = theirs.rate_after(throttled)
        if throttled or found:
            found.append((ours._bucket.rate, rate))
    return found


def steady(rate: float, answers: int, *throttled: int) -> Answers:
    """Return so many answers a second, with those throttled."""
    return [(1 / rate, number in throttled) for number in range(answers)]


GAPS = st.sampled_from([1 / 128, 1 / 64, 1 / 8, 1 / 4, 1.0, 3.0])


@given(st.lists(st.tuples(GAPS, st.booleans() | st.just(False)), max_size=60))
@example(steady(128, 1280, 640))
@example(steady(8, 400, 80, 81, 160))
@example(steady(1 / 4, 40, 10))
def test_the_rates_are_the_same(answers: Answers) -> None:
    """Measured, lowered and grown back alike, whenever answers come and whichever are throttled."""
    for ours, theirs in rates([(0.0, False), *answers]):
        assert ours == pytest.approx(theirs, rel=1e-9)


def test_the_rates_that_are_compared_move() -> None:
    """The comparison is one of rates that fall and grow, and not of two least rates."""
    found = [ours for ours, _ in rates(steady(128, 1280, 640))]
    assert found[0] == pytest.approx(0.7 * 128, rel=0.05)
    assert max(found) > 128
