"""What a limiter promises, over minutes of virtual time: no call fails, few are throttled, the quota is used."""

from collections.abc import Iterator
from contextlib import suppress
from random import Random
from typing import Any

import pytest
from support.servers import KEY_ID
from support.simulation import World, session

from awskms_lite.call import ClientState, call
from awskms_lite.errors import ThrottlingException, TimeoutError
from awskms_lite.models.usage import GetKeyLastUsageRequest
from awskms_lite.operations.usage import GET_KEY_LAST_USAGE
from awskms_lite.pacing import Pacing
from awskms_lite.retry import RetryPolicy
from awskms_lite.steps import Flow, Send

pytestmark = pytest.mark.no_cover  # goes over lines again and again that other tests cover

REQUEST = GetKeyLastUsageRequest(KEY_ID)
FIVE = Pacing()
TWO_HUNDRED = Pacing({"GetKeyLastUsage": 200})


def ask(opened: ClientState, calls: Iterator[object]) -> Flow[int]:
    """Call again and again until there are no more calls to make; return how often it failed."""
    failed = 0
    for _ in calls:
        try:
            yield from call(opened, GET_KEY_LAST_USAGE, REQUEST)
        except ThrottlingException:
            failed += 1
    return failed


class Outcome:
    """What came of many calls, so many at a time."""

    def __init__(self, world: World, opened: ClientState, calls: int, at_a_time: int) -> None:
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


def share(world: World, clients: int, calls: int, **options: Any) -> list[ClientState]:
    """Let so many clients, each with a limiter of its own, make so many calls each; return what they shared."""
    opened = [session(world.clock, FIVE, random=Random(n).random, **options) for n in range(clients)]
    for each in opened:
        world.start(ask(each, iter(range(calls))))
    world.run()
    return opened


@pytest.mark.parametrize("clients", [2, 10, 50])
@pytest.mark.parametrize("seed", range(3))
def test_clients_that_know_nothing_of_each_other_share_a_quota(seed: int, clients: int) -> None:
    """Of 5 a second each gets its part, however small: none of their calls fails, and most of it is used."""
    world = World(5, 5, seed)
    opened = share(world, clients, 20)
    assert sum(failed for _, failed in world.ended if isinstance(failed, int)) == 0
    assert len(world.ended) == clients
    assert max(at for at, _ in world.ended) <= 2.2 * clients * 20 / 5
    assert world.throttled / len(world.sent) <= 0.45
    assert {each.quota.tokens for each in opened} == {500}  # the budget is for what may pass by itself


@pytest.mark.parametrize("timeout", [20.0, 100.0])
def test_a_call_waits_for_its_slot_as_long_as_its_timeout_allows(timeout: float) -> None:
    """With 50 clients on 5 a second some calls do not get theirs in time, and those end before it is over."""
    world = World(5, 5)
    failed: list[float] = []
    for number in range(50):
        opened = session(world.clock, FIVE, random=Random(number).random, timeout=timeout)
        world.start(timed(call(opened, GET_KEY_LAST_USAGE, REQUEST), world, failed))
    world.run()
    sent_after_three_attempts = len(world.sent) > 50 * 3
    assert sent_after_three_attempts
    assert all(seconds <= timeout for seconds in failed)
    assert len(failed) <= (30 if timeout < 50 else 5)


def test_a_call_without_a_timeout_ends_at_last() -> None:
    """A quota that lets nothing through is no reason to wait for ever."""
    world = World(0.001, 1)
    world.others(5, begin=0, end=1e6)
    world.start(call(session(world.clock, FIVE), GET_KEY_LAST_USAGE, REQUEST), after=2)
    while not world.ended:
        world.step()
    assert [type(failure) for failure in world.failures] == [ThrottlingException]
    assert len(world.sent) == 100


def timed(flow: Flow[Any], world: World, failed: list[float]) -> Flow[None]:
    """Run a flow as it is; note after how many seconds it failed, if it did."""
    begin = world.now
    try:
        yield from flow
    except (ThrottlingException, TimeoutError):
        failed.append(world.now - begin)


@pytest.mark.parametrize(
    ("pacing", "retry", "sent"), [(FIVE, RetryPolicy(max_attempts=1), 1), (None, RetryPolicy(max_attempts=3), 3)]
)
def test_who_wants_no_retry_or_no_pace_gets_none(pacing: Pacing | None, retry: RetryPolicy, sent: int) -> None:
    """One attempt is one, and without a limiter it is the attempts that count."""
    world = World(0.001, 1)
    world.others(1, begin=0, end=1)
    world.start(call(session(world.clock, pacing, retry=retry), GET_KEY_LAST_USAGE, REQUEST), after=2)
    world.run()
    assert [type(failure) for failure in world.failures] == [ThrottlingException]
    assert len(world.sent) == sent


def test_the_rate_comes_back_once_others_leave() -> None:
    """A minute after others who took half have left, the whole quota is used again."""
    world = World(5, 5)
    world.others(2.5, begin=10, end=60)
    sent = Outcome(world, session(world.clock, FIVE), 600, 20).sent
    during, after = ([at for at in sent if begin <= at < begin + 20] for begin in (40, 120))
    assert len(during) < 70
    assert 98 <= len(after) <= 101


def test_retrying_alone_is_no_pacing() -> None:
    """The same calls without a limiter lose some: what the tests above show is the limiter's doing."""
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
