"""Credentials are found once, kept, and renewed in time by one caller while the others go on."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from awskms_lite.credentials.cache import CredentialsCache
from awskms_lite.drivers.asynchronous import AsyncDriver
from awskms_lite.drivers.synchronous import Driver
from awskms_lite.errors import CredentialsError
from awskms_lite.identity import Credentials
from awskms_lite.steps import Exclusive, Flow, Sleep, sleep

NOW = 1_800_000_000.0
HOUR = 3600.0


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


class Source:
    """Hands out what it is told to, and counts how often it was asked."""

    def __init__(self, *answers: Credentials | CredentialsError) -> None:
        self.answers: Iterator[Credentials | CredentialsError] = iter(answers)
        self.asked = 0

    def __call__(self) -> Flow[Credentials]:
        self.asked += 1
        yield from sleep(0)
        answer = next(self.answers)
        if isinstance(answer, CredentialsError):
            raise answer
        return answer


def keys(name: str, life: float | None = HOUR, *, at: float = NOW, stable: bool = False) -> Credentials:
    """Return credentials that end so many seconds after a moment."""
    end = None if life is None else datetime.fromtimestamp(at + life, UTC)
    return Credentials(name, "secret", expires_at=end, source="a test", static_stability=stable)


def make(*answers: Credentials | CredentialsError) -> tuple[CredentialsCache, Source, Clock]:
    """Return a cache over a source that gives these answers, and the clock they share."""
    source, clock = Source(*answers), Clock()
    return CredentialsCache(source, clock, lambda: 0.5), source, clock


def ask(cache: CredentialsCache, *, busy: bool = False) -> str:
    """Return the key id that a caller gets; if `busy`, somebody else is renewing without end."""
    current = cache.current()
    if current is not None:
        return current.access_key_id
    found: Credentials = play(cache.get(), busy=busy)
    return found.access_key_id


def play(flow: Flow[Any], *, busy: bool = False) -> Any:
    """Run a flow with no event loop: sleeps take no time, and nobody else is alone unless told so."""
    try:
        step = flow.send(None)
        while True:
            if isinstance(step, Sleep):
                step = flow.send(None)
                continue
            assert isinstance(step, Exclusive)
            assert not (busy and step.wait), "this caller would have to wait"
            try:
                result = None if busy else play(step.flow)
            except CredentialsError as error:
                step = flow.throw(error)
            else:
                step = flow.send(result)
    except StopIteration as end:
        return end.value


def test_keys_without_an_end_are_found_once() -> None:
    """Keys that do not expire are sought once, however long the client lives."""
    cache, source, clock = make(keys("A", None))
    assert ask(cache) == "A"
    clock.now += 1000 * HOUR
    assert ask(cache) == "A"
    assert source.asked == 1


@pytest.mark.parametrize(
    ("life", "before_end"), [(HOUR, 900.0), (6 * HOUR, 900.0), (1800.0, 600.0), (900.0, 300.0), (60.0, 20.0)]
)
def test_an_early_renewal_begins_15_minutes_before_the_end(life: float, before_end: float) -> None:
    """Keys are renewed from 15 minutes before their end, or from the last third of a shorter life."""
    cache, source, clock = make(keys("A", life), keys("B", 10 * HOUR))
    ask(cache)
    clock.now = NOW + life - before_end - 1
    assert ask(cache) == "A"
    assert source.asked == 1
    clock.now += 1
    assert ask(cache) == "B"
    assert source.asked == 2


@pytest.mark.parametrize(("life", "before_end"), [(HOUR, 600.0), (1800.0, 300.0), (900.0, 150.0)])
def test_others_go_on_early_and_wait_late(life: float, before_end: float) -> None:
    """While one caller renews, the others use the valid keys until 10 minutes, or a sixth, before the end."""
    cache, _, clock = make(keys("A", life))
    ask(cache)
    clock.now = NOW + life - before_end - 1
    assert ask(cache, busy=True) == "A"
    clock.now += 1
    with pytest.raises(AssertionError, match="would have to wait"):
        ask(cache, busy=True)


def test_a_failed_early_renewal_keeps_the_valid_keys() -> None:
    """A renewal that fails is swallowed while the keys are valid, and the next one comes a minute later."""
    cache, source, clock = make(keys("A"), CredentialsError("down"), CredentialsError("down"), keys("C", 9 * HOUR))
    ask(cache)
    clock.now = NOW + HOUR - 800
    assert ask(cache) == "A"
    assert source.asked == 2
    clock.now += 59
    assert ask(cache) == "A"
    assert source.asked == 2
    clock.now += 1
    assert ask(cache) == "A"
    assert source.asked == 3
    clock.now += 60
    assert ask(cache) == "C"


def test_a_failure_after_the_end_goes_up() -> None:
    """Once the keys have ended, the error of the renewal is the caller's, and the next call asks again."""
    cache, source, clock = make(keys("A"), CredentialsError("down"), keys("B", 9 * HOUR))
    ask(cache)
    clock.now = NOW + HOUR
    with pytest.raises(CredentialsError, match="down"):
        ask(cache)
    assert ask(cache) == "B"
    assert source.asked == 3


def test_the_same_keys_again_raise_no_storm() -> None:
    """A source that keeps handing out the same keys is asked once a minute, not at every call."""
    same = keys("A")
    cache, source, clock = make(same, same, same)
    ask(cache)
    clock.now = NOW + HOUR - 700
    for _ in range(10):
        assert ask(cache) == "A"
    assert source.asked == 2
    clock.now += 60
    assert ask(cache) == "A"
    assert source.asked == 3


def test_keys_that_arrive_expired_are_refused() -> None:
    """A source that hands out expired keys is an error that names it."""
    cache, _, _ = make(keys("A", -1))
    with pytest.raises(CredentialsError, match=r"\(a test\) have expired"):
        ask(cache)


def test_keys_with_static_stability_outlive_their_end() -> None:
    """Expired keys of an instance stay in use, and the next renewal comes after 10 to 15 minutes."""
    old = keys("A", -60, stable=True)
    cache, source, clock = make(old, CredentialsError("down"), keys("B", 9 * HOUR, stable=True))
    assert ask(cache) == "A"
    clock.now += 12.5 * 60 - 1
    assert ask(cache) == "A"
    assert source.asked == 1
    clock.now += 1
    assert ask(cache) == "A"
    assert source.asked == 2
    clock.now += 12.5 * 60
    assert ask(cache) == "B"


def test_dropped_keys_are_sought_anew() -> None:
    """Keys that KMS refused are forgotten, but not those that came in their place meanwhile."""
    cache, source, _ = make(keys("A"), keys("B"))
    first = play(cache.get())
    cache.drop(first)
    assert ask(cache) == "B"
    cache.drop(first)
    assert ask(cache) == "B"
    assert source.asked == 2


@pytest.mark.parametrize(
    ("life", "stable", "checks"), [(1.0, False, 0), (None, False, 0), (0.0, False, 1), (-6 * HOUR, True, 1)]
)
def test_keys_that_seem_to_have_ended_have_the_clock_checked(
    life: float | None, stable: bool, checks: int
) -> None:
    """Keys that come with their end behind them are more often a sign of a wrong clock, so it is set first."""
    clock, checked = Clock(), []

    def check_clock() -> Flow[None]:
        checked.append(clock.now)
        yield from sleep(0)
        clock.now -= 7 * HOUR

    cache = CredentialsCache(Source(keys("A", life, stable=stable)), clock, lambda: 0.5, check_clock)
    assert ask(cache) == "A"
    assert ask(cache) == "A"
    assert checked == [NOW] * checks


def test_keys_that_have_ended_by_a_right_clock_are_an_error() -> None:
    """A check that leaves the clock as it is leaves the keys as they are, and the next caller asks again."""
    source, checked = Source(keys("A", -1.0), keys("B")), []

    def check_clock() -> Flow[None]:
        checked.append(True)
        yield from ()

    cache = CredentialsCache(source, Clock(), lambda: 0.5, check_clock)
    with pytest.raises(CredentialsError, match="have expired already"):
        ask(cache)
    assert checked == [True]
    assert ask(cache) == "B"
    assert checked == [True]


class Gate:
    """A source that takes its time: it answers once everybody has asked."""

    def __init__(self, answer: Credentials | CredentialsError) -> None:
        self.answer = answer
        self.asked = 0

    def __call__(self) -> Flow[Credentials]:
        self.asked += 1
        yield from sleep(0.05)
        if isinstance(self.answer, CredentialsError):
            raise self.answer
        return self.answer


@pytest.mark.parametrize("answer", [keys("A"), CredentialsError("down")], ids=["found", "failed"])
def test_64_threads_share_one_renewal(answer: Credentials | CredentialsError) -> None:
    """Under 64 threads that ask at once there is exactly one renewal, and all share its outcome."""
    together, source = threading.Barrier(64), Gate(answer)
    cache = CredentialsCache(source, Clock(), lambda: 0.5)
    arrived = threading.Event()
    driver = Driver(
        None,
        connect_timeout=None,
        read_timeout=None,
        sleep=lambda _: check(arrived.wait(10)),
        trust_env=False,
        ca_bundle=None,
    )
    waiting = threading.Semaphore(0)

    def one() -> object:
        together.wait(10)
        flow = cache.get()
        waiting.release()
        return outcome(lambda: driver.run(flow))

    with ThreadPoolExecutor(64) as pool:
        futures = [pool.submit(one) for _ in range(64)]
        for _ in range(64):
            assert waiting.acquire(timeout=10)
        arrived.set()
        outcomes = {str(future.result(10)) for future in futures}
    assert source.asked == 1
    assert len(outcomes) == 1


@pytest.mark.anyio
@pytest.mark.parametrize("answer", [keys("A"), CredentialsError("down")], ids=["found", "failed"])
async def test_500_tasks_share_one_renewal(answer: Credentials | CredentialsError) -> None:
    """Under 500 tasks that ask at once there is exactly one renewal, and all share its outcome."""
    source = Gate(answer)
    cache = CredentialsCache(source, Clock(), lambda: 0.5)
    driver = AsyncDriver(
        None, connect_timeout=None, read_timeout=None, sleep=anyio.sleep, trust_env=False, ca_bundle=None
    )
    outcomes = set()

    async def one() -> None:
        try:
            outcomes.add((await driver.run(cache.get())).access_key_id)
        except CredentialsError as error:
            outcomes.add(str(error))

    async with anyio.create_task_group() as group:
        for _ in range(500):
            group.start_soon(one)
    assert source.asked == 1
    assert len(outcomes) == 1


@pytest.mark.anyio
async def test_cancelling_the_one_who_renews_lets_the_next_go_on() -> None:
    """Where the task that renews is cancelled, another takes its place."""
    source, entered = Gate(keys("A")), anyio.Event()
    cache = CredentialsCache(source, Clock(), lambda: 0.5)
    turns = iter((anyio.sleep_forever, anyio.lowlevel.checkpoint))

    async def stuck_once(_: float) -> None:
        entered.set()
        await next(turns)()

    driver = AsyncDriver(
        None, connect_timeout=None, read_timeout=None, sleep=stuck_once, trust_env=False, ca_bundle=None
    )
    found = []

    async def wait_in_line() -> None:
        found.append((await driver.run(cache.get())).access_key_id)

    async with anyio.create_task_group() as group, anyio.create_task_group() as first:
        first.start_soon(driver.run, cache.get())
        await entered.wait()
        group.start_soon(wait_in_line)
        await anyio.lowlevel.checkpoint()
        first.cancel_scope.cancel()
    assert found == ["A"]
    assert source.asked == 2


def check(happened: bool) -> None:
    """Fail where what was waited for did not happen."""
    assert happened


def outcome(function: Callable[[], Credentials]) -> str:
    """Return the key id that a call ends in, or the text of its error."""
    try:
        return function().access_key_id
    except CredentialsError as error:
        return str(error)


@pytest.mark.anyio
async def test_keys_that_are_refused_at_once_are_replaced_for_everybody() -> None:
    """Where KMS refuses the first keys while others still wait for them, all end with good ones."""
    source = Counting()
    cache = CredentialsCache(source, Clock(), lambda: 0.5)
    driver = AsyncDriver(
        None, connect_timeout=None, read_timeout=None, sleep=anyio.sleep, trust_env=False, ca_bundle=None
    )
    ends = set()

    async def one() -> None:
        found = await driver.run(cache.get())
        while found.access_key_id == "KEY1":  # as a call does that KMS answers with ExpiredTokenException
            cache.drop(found)
            found = await driver.run(cache.get())
        ends.add(found.access_key_id)

    async with anyio.create_task_group() as group:
        for _ in range(100):
            group.start_soon(one)
    assert ends == {"KEY2"}
    assert source.asked == 2


def test_a_renewal_that_ends_while_a_caller_looks_is_not_repeated() -> None:
    """A caller that is overtaken before its turn takes what came meanwhile."""
    cache, source, clock = make(keys("A"), keys("B", 9 * HOUR))
    ask(cache)
    clock.now = NOW + HOUR - 100
    late = cache.get()
    step = late.send(None)
    assert isinstance(step, Exclusive)
    assert ask(cache) == "B"
    assert play(step.flow).access_key_id == "B"
    assert source.asked == 2


class Counting:
    """A source whose keys are numbered."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self) -> Flow[Credentials]:
        self.asked += 1
        name = f"KEY{self.asked}"
        yield from sleep(0.01)
        return keys(name)


def test_a_renewal_that_is_cut_short_is_not_tried_by_the_next_caller_at_once() -> None:
    """Where a caller's own time ends an early renewal, the others go on with the valid keys for a minute."""
    cache, source, clock = make(keys("A"), keys("B", 9 * HOUR))
    ask(cache)
    clock.now = NOW + HOUR - 800
    step = cache.get().send(None)
    assert isinstance(step, Exclusive)
    step.flow.send(None)
    step.flow.close()
    assert ask(cache) == "A"
    assert source.asked == 2
    clock.now += 60
    assert ask(cache) == "B"
