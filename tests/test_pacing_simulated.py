"""What a pace promises, over minutes of virtual time: no call fails, few are throttled, the quota is used."""

from collections.abc import Iterator
from contextlib import suppress
from random import Random
from typing import Any

import pytest
from servers import KEY_ID
from simulation import World, session

from awskms_lite.call import Session, call
from awskms_lite.errors import ThrottlingException
from awskms_lite.models.usage import GetKeyLastUsageRequest
from awskms_lite.operations.usage import GET_KEY_LAST_USAGE
from awskms_lite.pacing import Pacing
from awskms_lite.retry import RetryPolicy
from awskms_lite.steps import Flow, Send

REQUEST = GetKeyLastUsageRequest(KEY_ID)
FIVE = Pacing()
TWO_HUNDRED = Pacing({"GetKeyLastUsage": 200})


def ask(opened: Session, calls: Iterator[object]) -> Flow[int]:
    """Call again and again until there are no more calls to make; give how often it failed."""
    failed = 0
    for _ in calls:
        try:
            yield from call(opened, GET_KEY_LAST_USAGE, REQUEST)
        except ThrottlingException:
            failed += 1
    return failed


class Outcome:
    """What came of many calls, so many at a time."""

    def __init__(self, world: World, opened: Session, calls: int, at_a_time: int) -> None:
        left = iter(range(calls))
        for _ in range(at_a_time):
            world.start(ask(opened, left))
        world.run()
        self.failed = sum(failed for _, failed in world.ended if isinstance(failed, int))
        self.seconds = max(at for at, _ in world.ended)
        self.throttled = world.throttled / len(world.sent)
        """A part of all requests."""
        self.sent = world.sent


@pytest.mark.parametrize("seed", range(3))
def test_a_known_quota_is_used_up_and_not_passed(seed: int) -> None:
    """1,000 calls, 50 at a time, at 200 a second: all succeed, in 1.05 of the shortest time, 2 % throttled."""
    world = World(200, 50, seed)
    outcome = Outcome(world, session(world.clock, TWO_HUNDRED), 1000, 50)
    assert outcome.failed == 0
    assert outcome.seconds <= 1.05 * 1000 / 200
    assert outcome.throttled <= 0.02


@pytest.mark.parametrize("at_a_time", [50, 1000])
@pytest.mark.parametrize("seed", range(3))
def test_half_the_quota_may_go_in_mid_run(seed: int, at_a_time: int) -> None:
    """When others take half of it none fails, few are throttled, and what is left is used."""
    world = World(200, 50, seed)
    world.others(100, begin=2.5, end=30)
    outcome = Outcome(world, session(world.clock, TWO_HUNDRED), 1000, at_a_time)
    assert outcome.failed == 0
    assert outcome.throttled <= 0.03
    assert outcome.seconds <= 1.25 * (2.5 + 500 / 100)


@pytest.mark.parametrize(("others", "throttled", "spare"), [(2.5, 0.04, 1.3), (4.5, 0.07, 1.5)])
@pytest.mark.parametrize("seed", range(3))
def test_a_small_quota_is_shared(others: float, throttled: float, spare: float, seed: int) -> None:
    """Of 5 a second, others take half or all but a tenth: none fails, and what they leave is used."""
    world = World(5, 5, seed)
    world.others(others, begin=10, end=1000)
    outcome = Outcome(world, session(world.clock, FIVE), 200, 20)
    assert outcome.failed == 0
    assert outcome.throttled <= throttled
    assert outcome.seconds <= spare * (10 + 150 / (5 - others))


def test_the_rate_comes_back_once_others_leave() -> None:
    """A minute after others who took half have left, the whole quota is used again."""
    world = World(5, 5)
    world.others(2.5, begin=10, end=60)
    sent = Outcome(world, session(world.clock, FIVE), 600, 20).sent
    during, after = ([at for at in sent if begin <= at < begin + 20] for begin in (40, 120))
    assert len(during) < 70
    assert 98 <= len(after) <= 101


def test_retrying_alone_is_no_pacing() -> None:
    """The same calls without a pace lose some: what the tests above show is the pace's doing."""
    world = World(200, 50)
    outcome = Outcome(world, session(world.clock, None), 1000, 50)
    assert outcome.failed > 0
    assert outcome.throttled > 0.1


def test_the_adaptive_mode_holds_back_what_it_must() -> None:
    """Without a known quota the adaptive mode finds one from the first throttled answers on."""
    world = World(200, 50)
    outcome = Outcome(world, session(world.clock, None, retry=RetryPolicy("adaptive")), 1000, 50)
    assert outcome.failed == 0
    assert outcome.throttled < 0.1


def test_nobody_is_overtaken_by_more_than_a_few() -> None:
    """First come, first served: while the rate falls and grows, four at most go before who came earlier."""
    world = World(200, 50)
    world.others(150, begin=0.2, end=1.5)
    opened = session(world.clock, TWO_HUNDRED)
    went: list[int] = []
    for number, after in enumerate(sorted(Random(2).uniform(0, 2) for _ in range(600))):
        world.start(noting(call(opened, GET_KEY_LAST_USAGE, REQUEST), number, went), after)
    world.run()
    assert sorted(went) == list(range(600))
    assert max(sum(later > number for later in went[:place]) for place, number in enumerate(went)) <= 4


def noting(flow: Flow[Any], number: int, went: list[int]) -> Flow[None]:
    """Run a flow as it is; note its number when it first sends."""
    step = flow.send(None)
    with suppress(StopIteration):
        while True:
            if isinstance(step, Send) and number not in went:
                went.append(number)
            step = flow.send((yield step))
