"""Calls that wait for a rate limiter, played by hand and made by the public clients, in time of the tests' own."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from heapq import heappop, heappush
from itertools import count, cycle
from random import Random
from threading import Event, Lock
from typing import Any

import anyio
import httpx
import pytest
from support.flow_world import answered
from support.servers import CREDENTIALS, KEY_ID, PATIENCE, USED
from support.simulation import ANSWER, NOW, THROTTLED, ended, session

from awskms_lite import AsyncKMSClient, KMSClient
from awskms_lite.call import call
from awskms_lite.errors import ConnectError, KMSLiteError, ThrottlingException, TimeoutError, TransportError
from awskms_lite.local.auth.quotas import Quotas
from awskms_lite.models.usage import GetKeyLastUsageRequest
from awskms_lite.operations.usage import GET_KEY_LAST_USAGE
from awskms_lite.pacing import Pacing
from awskms_lite.retry import RetryPolicy
from awskms_lite.steps import Exclusive, Flow, Response, Send, Sleep, Step

REQUEST = GetKeyLastUsageRequest(KEY_ID)
FIVE = Pacing()
BROKEN = TransportError("broke off")


class Held:
    """One call that is played by hand."""

    def __init__(self, hand: "Hand", flow: Flow[Any]) -> None:
        self._hand = hand
        self.flow = flow
        self.step = self.go_on(None)

    def go_on(self, outcome: Response | KMSLiteError | None) -> Step:
        """Send the flow what became of its step, and credentials where it seeks them; return its next step."""
        result: object = outcome
        if isinstance(outcome, Response):
            assert isinstance(self.step, Send)
            result = answered(self.step, outcome)
        self.step = self.flow.throw(result) if isinstance(result, KMSLiteError) else self.flow.send(result)
        while isinstance(self.step, Exclusive):
            self.step = self.flow.send(ended(self.step.flow))
        return self.step

    @property
    def seconds(self) -> float:
        """For how long the call sleeps now."""
        assert isinstance(self.step, Sleep)
        return self.step.seconds

    def wait(self) -> float:
        """Sleep as told until the call sends; return the seconds that took."""
        begin = self._hand.now
        while isinstance(self.step, Sleep):
            self._hand.now += self.step.seconds
            self.go_on(None)
        assert isinstance(self.step, Send)
        return self._hand.now - begin

    def end(self, outcome: Response | KMSLiteError) -> None:
        """Send as soon as it may, and end the call by this answer."""
        self.wait()
        with pytest.raises((StopIteration, KMSLiteError)):
            self.go_on(outcome)


class Hand:
    """Plays the calls of one session by hand, at moments of the test's choosing, in seconds from the beginning."""

    def __init__(self, pacing: Pacing | None = FIVE, **options: Any) -> None:
        self.now = NOW
        self.session = session(lambda: self.now, pacing, **options)

    def begin(self, operation: Any = GET_KEY_LAST_USAGE, timeout: float | None = None) -> Held:
        return Held(self, call(self.session, operation, REQUEST, timeout))


ENCRYPT = GET_KEY_LAST_USAGE._replace(name="Encrypt")


@pytest.mark.parametrize(
    ("pacing", "operation"), [(None, GET_KEY_LAST_USAGE), (FIVE, ENCRYPT)], ids=["no pacing", "no known quota"]
)
def test_calls_without_a_limiter_never_wait(pacing: Pacing | None, operation: Any) -> None:
    """Without pacing, and for an operation that has no rate, each call sends at once."""
    hand = Hand(pacing)
    assert all(isinstance(hand.begin(operation).step, Send) for _ in range(100))


def test_each_call_waits_for_its_slot() -> None:
    """The first call sends at once, those that come with it one after the other."""
    hand = Hand()
    calls = [hand.begin() for _ in range(4)]
    assert isinstance(calls[0].step, Send)
    assert [later.seconds for later in calls[1:]] == pytest.approx([0.2, 0.4, 0.6])


def test_a_call_that_cannot_be_in_time_fails_at_once() -> None:
    """It sends nothing and waits for nothing, and those before and behind it wait as if it had not come."""
    hand = Hand()
    calls = [hand.begin() for _ in range(9)]
    for _ in range(20):
        with pytest.raises(TimeoutError, match="Allow a longer timeout, or make fewer calls at a time"):
            hand.begin(timeout=1.5)
    last = hand.begin(timeout=2)
    assert isinstance(calls[0].step, Send)
    assert calls[1].seconds == pytest.approx(0.2)
    assert last.wait() == pytest.approx(1.8, abs=1e-5)


def test_a_rate_that_falls_may_end_a_wait_before_its_time() -> None:
    """Once the slot cannot come in time any more the call fails, without sleeping until its deadline."""
    hand = Hand()
    calls = [hand.begin(timeout=None if first else 2.5) for first in [True] + [False] * 10]
    calls[0].go_on(THROTTLED)
    last = calls[-1]
    assert last.seconds == pytest.approx(1.0)
    hand.now += 1
    with pytest.raises(TimeoutError):
        last.go_on(None)


def test_a_clock_that_is_set_back_lets_nobody_go_early() -> None:
    """Who is far back, and asks again half way, waits for the slot all the same."""
    hand = Hand()
    calls = [hand.begin() for _ in range(21)]
    last = calls[-1]
    assert last.seconds == pytest.approx(2.0)
    hand.now -= 3600
    assert isinstance(last.go_on(None), Sleep)


def test_a_retry_whose_slot_would_open_too_late_is_not_begun() -> None:
    """The error of the attempt before goes up, and the retry costs nothing."""
    hand = Hand()
    first = hand.begin(timeout=2.5)
    _others = [hand.begin() for _ in range(20)]
    with pytest.raises(ThrottlingException):
        first.go_on(THROTTLED)
    assert hand.session.quota.tokens == 500


def test_only_a_throttled_request_makes_room() -> None:
    """A retry after another trouble takes the next slot there is."""
    throttled, broken = Hand(random=lambda: 0.0), Hand(random=lambda: 0.0)
    waits = []
    for hand, outcome in ((throttled, THROTTLED), (broken, BROKEN)):
        again = hand.begin()
        again.go_on(outcome)
        waits.append(again.seconds)
    assert waits == pytest.approx([2 / 3.5, 1 / 5], abs=1e-5)  # the rate has fallen too


@pytest.mark.parametrize("asleep", [0.0, 0.1, 0.3])
def test_a_cancelled_wait_gives_its_slot_back(asleep: float) -> None:
    """A call that is dropped while it waits, or as its slot has just come, makes room for the next one."""
    hand = Hand()
    _, dropped, last = [hand.begin() for _ in range(3)]
    hand.now += asleep
    dropped.flow.close()
    hand.now = NOW + 0.4 if asleep else NOW
    assert isinstance(last.step, Sleep)
    fresh = hand.begin()
    assert fresh.wait() == pytest.approx(0.4 if not asleep else 0.0, abs=1e-5)


def test_a_call_that_was_sent_keeps_its_slot() -> None:
    """Dropping a call that waits for its answer lets nobody else go sooner: KMS has counted it."""
    hand = Hand()
    sent, waiting = hand.begin(), hand.begin()
    sent.flow.close()
    assert waiting.wait() == pytest.approx(0.2, abs=1e-5)


def test_a_retry_takes_a_slot_too() -> None:
    """It goes behind those who wait already, at the lowered rate, with the slot before its own left free."""
    hand = Hand(random=lambda: 0.0)
    throttled, waiting = hand.begin(), hand.begin()
    throttled.go_on(THROTTLED)
    assert isinstance(waiting.step, Sleep)
    assert throttled.wait() == pytest.approx(3 / 3.5, abs=1e-5)


@pytest.mark.parametrize(
    ("outcome", "next_slot"),
    [
        (ANSWER, 1 / 5),
        (Response(400, {}, b'{"__type":"NotFoundException"}'), 1 / 5),
        (Response(500, {}, b""), 1 / 5),
        (ConnectError("refused"), 1 / 5),
        (THROTTLED, 1 / 3.5),
        (Response(429, {}, b""), 1 / 3.5),
    ],
)
def test_the_limiter_learns_from_throttling_alone(outcome: Response | KMSLiteError, next_slot: float) -> None:
    """Only what says "too fast" lowers the rate; any other trouble leaves it."""
    hand = Hand(retry=RetryPolicy(max_attempts=1))
    hand.begin().end(outcome)
    assert hand.begin().wait() == pytest.approx(next_slot, abs=1e-5)


def test_a_request_without_an_answer_teaches_nothing() -> None:
    """Where the connection fails nobody knows what the quota is, so the lowered rate stays."""
    hand = Hand(retry=RetryPolicy(max_attempts=1))
    hand.begin().end(THROTTLED)
    for _ in range(40):
        hand.begin().end(ConnectError("refused"))
    assert hand.begin().wait() == pytest.approx(1 / 3.5, abs=1e-5)


def test_expired_credentials_count_as_an_answer() -> None:
    """A refusal that has nothing to do with the quota raises a lowered rate like any answer."""
    hand = Hand(retry=RetryPolicy(max_attempts=1))
    refused = Response(400, {}, b'{"__type":"ExpiredTokenException"}')
    for outcome in (THROTTLED, refused):
        hand.begin().end(outcome)
    assert hand.begin().wait() == pytest.approx(1 / 3.535, abs=1e-5)


def test_the_slots_of_both_limiters_are_cancelled() -> None:
    """Where the adaptive mode holds a call up for too long, the quota's slot is not lost either."""
    hand = Hand(Pacing({"GetKeyLastUsage": 0.25}), retry=RetryPolicy("adaptive", 1))
    with pytest.raises(ThrottlingException):
        hand.begin(ENCRYPT).go_on(THROTTLED)
    for _ in range(5):
        with pytest.raises(TimeoutError):
            hand.begin(timeout=1)
    assert hand.begin().wait() == pytest.approx(2, abs=1e-5)  # the adaptive mode's least is 0.5 a second


@pytest.mark.parametrize(
    "moves", [[0.0], [-3600.0, 1.0, 1.0], [1.0, -0.5]], ids=["still", "set back", "to and fro"]
)
def test_no_clock_holds_a_call_up_for_ever(moves: list[float]) -> None:
    """Under a clock that stands still, or is set back now and then, each call is sent after a few waits."""
    hand = Hand()
    calls = [hand.begin() for _ in range(100)]
    moved = cycle(moves)
    for waiting in calls:
        for _ in range(100):
            if isinstance(waiting.step, Send):
                break
            hand.now += next(moved)
            waiting.go_on(None)
        assert isinstance(waiting.step, Send)


class Time:
    """A clock that moves on once all who share it are asleep, to when the first of them wakes."""

    def __init__(self, sharers: int) -> None:
        self.now = NOW
        self._awake = sharers
        self._asleep: list[tuple[float, int, Callable[[], object]]] = []
        self._order = count()
        self._lock = Lock()

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        woken = Event()
        self._fall_asleep(seconds, woken.set)
        assert woken.wait(PATIENCE)

    async def sleep_async(self, seconds: float) -> None:
        woken = anyio.Event()
        self._fall_asleep(seconds, woken.set)
        with anyio.fail_after(PATIENCE):
            await woken.wait()

    def leave(self) -> None:
        """Share it no longer."""
        with self._lock:
            self._awake -= 1
            self._move_on()

    def _fall_asleep(self, seconds: float, wake: Callable[[], object]) -> None:
        with self._lock:
            heappush(self._asleep, (self.now + seconds, next(self._order), wake))
            self._awake -= 1
            self._move_on()

    def _move_on(self) -> None:
        if self._awake == 0 and self._asleep:
            self.now = self._asleep[0][0]
            while self._asleep and self._asleep[0][0] <= self.now:
                heappop(self._asleep)[2]()
                self._awake += 1


class Service:
    """Answers for KMS, and notes when it was asked, in seconds from the beginning."""

    def __init__(self, time: Time) -> None:
        self._time = time
        self.asked: list[float] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(self._time.now - NOW)
        return httpx.Response(200, content=USED)


SHARERS, CALLS = 8, 5
EACH_FIFTH_OF_A_SECOND = pytest.approx([n / 5 for n in range(SHARERS * CALLS)], abs=1e-4)
OPTIONS: dict[str, Any] = {"region": "us-east-2", "credentials": CREDENTIALS, "environ": {}, "pacing": FIVE}


def test_threads_share_the_limiter_of_a_client() -> None:
    """Eight threads with one client send five requests a second between them, evenly."""
    time = Time(SHARERS)
    service = Service(time)
    with (
        httpx.Client(transport=httpx.MockTransport(service)) as http,
        KMSClient(http_client=http, clock=time.clock, sleep=time.sleep, **OPTIONS) as kms,
        ThreadPoolExecutor(SHARERS) as threads,
    ):

        def work() -> None:
            for _ in range(CALLS):
                kms.get_key_last_usage(KEY_ID)
            time.leave()

        for done in [threads.submit(work) for _ in range(SHARERS)]:
            done.result(PATIENCE)
    assert service.asked == EACH_FIFTH_OF_A_SECOND


def test_clients_share_a_quota_of_the_embedded_kms() -> None:
    """Fifty clients in threads, each with its own limiter, lose no call to the quota of a LocalKMS."""
    sharers = 50
    time = Time(sharers)
    quotas = Quotas(lambda: time.now)
    quotas.set("GetKeyLastUsage", 5)
    throttled = count()

    def answer(_: httpx.Request) -> httpx.Response:
        if quotas.take("111122223333", "us-east-2", "GetKeyLastUsage"):
            return httpx.Response(200, content=USED)
        next(throttled)
        return httpx.Response(400, content=THROTTLED.body)

    def work(number: int) -> int:
        options: dict[str, Any] = {**OPTIONS, "random": Random(number).random}
        with (
            httpx.Client(transport=httpx.MockTransport(answer)) as http,
            KMSClient(http_client=http, clock=time.clock, sleep=time.sleep, **options) as kms,
        ):
            answered = [kms.get_key_last_usage(KEY_ID) for _ in range(3)]
        time.leave()
        return len(answered)

    with ThreadPoolExecutor(sharers) as threads:
        assert list(threads.map(work, range(sharers), timeout=PATIENCE)) == [3] * sharers
    assert time.now - NOW >= (sharers * 3 - 5) / 5
    assert next(throttled) > 0


@pytest.mark.anyio
async def test_tasks_share_the_limiter_of_a_client() -> None:
    """Eight tasks with one client send five requests a second between them, evenly."""
    time = Time(SHARERS)
    service = Service(time)
    async with (
        httpx.AsyncClient(transport=httpx.MockTransport(service)) as http,
        AsyncKMSClient(http_client=http, clock=time.clock, sleep=time.sleep_async, **OPTIONS) as kms,
        anyio.create_task_group() as tasks,
    ):

        async def work() -> None:
            for _ in range(CALLS):
                await kms.get_key_last_usage(KEY_ID)
            time.leave()

        for _ in range(SHARERS):
            tasks.start_soon(work)
    assert service.asked == EACH_FIFTH_OF_A_SECOND


@pytest.mark.anyio
async def test_a_cancelled_task_gives_its_slot_back() -> None:
    """A call that is cancelled while it waits leaves its slot to the one behind it."""
    time = Time(3)
    service = Service(time)
    async with (
        httpx.AsyncClient(transport=httpx.MockTransport(service)) as http,
        AsyncKMSClient(http_client=http, clock=time.clock, sleep=time.sleep_async, **OPTIONS) as kms,
        anyio.create_task_group() as tasks,
    ):
        await kms.get_key_last_usage(KEY_ID)
        with anyio.CancelScope() as scope:
            tasks.start_soon(cancel_soon, scope)
            await kms.get_key_last_usage(KEY_ID)
        assert scope.cancelled_caught
        time.leave()
        time.leave()
        await kms.get_key_last_usage(KEY_ID)
    assert service.asked == pytest.approx([0, 0.2], abs=1e-4)


async def cancel_soon(scope: anyio.CancelScope) -> None:
    scope.cancel()
