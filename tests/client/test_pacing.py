"""How fast to send: buckets and limiters, whose clock is the test's own."""

from collections.abc import Sequence
from copy import deepcopy
from itertools import accumulate
from math import inf, nan
from typing import Any

import pytest
from hypothesis import given, strategies as st

from awskms_lite.audit.organization import LIST_ACCOUNTS
from awskms_lite.errors import ConfigurationError, TimeoutError
from awskms_lite.operations.all import ALL_OPERATIONS
from awskms_lite.pacing import (
    OPERATIONS,
    QUOTAS,
    AdaptiveLimiter,
    Pacing,
    QuotaLimiter,
    RateLimiter,
    RateLimiters,
    TokenBucket,
)

NOW = 1_790_000_000.0
HOUR = 3600.0


def due(bucket: TokenBucket, slot: int, now: float = NOW) -> float:
    """Ask as told until the slot has come; return the seconds that took."""
    bucket, begin = deepcopy(bucket), now
    while wait := bucket.wait(slot, now):
        now += wait
    return now - begin


def seconds(*values: float) -> object:
    return pytest.approx(values, abs=1e-5)


def taken(bucket: TokenBucket, slots: int, now: float = NOW) -> list[int]:
    return [bucket.reserve(now) for _ in range(slots)]


def dues(bucket: TokenBucket, slots: Sequence[int], now: float = NOW) -> tuple[float, ...]:
    return tuple(due(bucket, slot, now) for slot in slots)


class TestPacing:
    """The client's argument."""

    @pytest.mark.parametrize("rate", [0, -1, inf, nan, True, "5", None])
    def test_a_rate_that_is_none_is_refused(self, rate: Any) -> None:
        """A rate that nobody could keep to is refused by name, and the text says what one is."""
        with pytest.raises(ConfigurationError, match=r"rate of 'GetKeyLastUsage' .* calls a second above 0"):
            Pacing({"GetKeyLastUsage": rate})

    @pytest.mark.parametrize("rates", [5, [("GetKeyLastUsage", 5)], {"GetKeyLastUsage"}])
    def test_rates_of_another_type_are_refused(self, rates: Any) -> None:
        """One rate alone says not of what."""
        with pytest.raises(ConfigurationError, match="mapping of operations to calls a second"):
            Pacing(rates)

    def test_a_rate_of_no_operation_is_refused(self) -> None:
        """An operation goes by its name."""
        unnamed: Any = {None: 5}
        with pytest.raises(ConfigurationError, match="name an operation as KMS does"):
            Pacing(unnamed)

    @pytest.mark.parametrize(
        ("name", "told"),
        [
            ("getKeyLastUsage", "in other capitals: GetKeyLastUsage"),
            ("GETKEYLASTUSAGE", "in other capitals: GetKeyLastUsage"),
            ("Listkeys", "in other capitals: ListKeys"),
            ("encrypt", "in other capitals: Encrypt"),
            ("GetKeyLastUse", "did you mean GetKeyLastUsage"),
            ("DescribeKeys", "did you mean DescribeKey"),
            ("get_key_last_usage", "did you mean GetKeyLastUsage"),
            ("BakeBread", "name one as KMS does, such as CancelKeyDeletion"),
            ("", "name one as KMS does"),
        ],
    )
    def test_a_name_that_no_operation_has_is_refused(self, name: str, told: str) -> None:
        """It would be the rate of nothing, and the operation that was meant would keep KMS's own."""
        with pytest.raises(ConfigurationError, match=told):
            Pacing({name: 50})

    def test_every_operation_can_be_paced(self) -> None:
        """The names are those of the operations there are."""
        assert {operation.name for operation in (*ALL_OPERATIONS, LIST_ACCOUNTS)} == OPERATIONS
        Pacing(dict.fromkeys(OPERATIONS, 1))

    @pytest.mark.parametrize("burst", [0, 0.5, -1, inf, nan, True, "2", None])
    def test_a_burst_that_lets_nothing_through_is_refused(self, burst: Any) -> None:
        """A bucket that never holds a whole slot would hold up every call."""
        with pytest.raises(ConfigurationError, match="the number of calls that may be sent at once, 1 or more"):
            Pacing(burst=burst)


class TestTokenBucket:
    """Slots at a rate."""

    def test_slots_open_at_the_rate(self) -> None:
        """The first slot comes at once, and each further one when its part of the rate has passed."""
        bucket = TokenBucket(5, 1)
        assert dues(bucket, taken(bucket, 7)) == seconds(0, 0.2, 0.4, 0.6, 0.8, 1.0, 1.2)

    def test_who_is_far_back_asks_half_way(self) -> None:
        """Up to the fourth in the queue waits for its slot; who is further back looks again, each fifty slots."""
        bucket = TokenBucket(5, 1)
        slots = taken(bucket, 1001)
        waits = {place: bucket.wait(slots[place], NOW) for place in (4, 5, 80, 100, 101, 1000)}
        assert waits == pytest.approx({4: 0.8, 5: 0.5, 80: 8, 100: 10, 101: 10, 1000: 10})

    @pytest.mark.parametrize("burst", [1, 2.5, 5])
    def test_a_pause_saves_up_no_more_than_the_burst(self, burst: float) -> None:
        """After an hour in which nobody came a burst goes out at once, and then the rate holds again."""
        bucket = TokenBucket(10, burst)
        bucket.reserve(NOW - HOUR)
        waits = dues(bucket, taken(bucket, 8))
        assert waits == seconds(*(max(0.0, (n - burst) / 10) for n in range(1, 9)))

    def test_what_was_saved_can_be_discarded(self) -> None:
        """Who comes next waits its full part, and who was waiting waits no longer."""
        bucket = TokenBucket(10, 5)
        bucket.reserve(NOW)
        bucket.discard_saved()
        waiting = taken(bucket, 2)
        assert dues(bucket, waiting) == seconds(0.1, 0.2)
        bucket.discard_saved()
        assert dues(bucket, waiting) == seconds(0.1, 0.2)

    def test_a_change_of_the_rate_moves_all_slots_to_come(self) -> None:
        """What was waited for counts at the old rate, and what is left at the new one."""
        bucket = TokenBucket(1, 1)
        slots = taken(bucket, 4)
        bucket.set_rate(10, 1, NOW + 0.5)
        assert dues(bucket, slots, NOW + 0.5) == seconds(0, 0.05, 0.15, 0.25)

    def test_a_cancelled_slot_is_skipped(self) -> None:
        """Those behind it move up by one; those before it do not come any sooner."""
        bucket = TokenBucket(5, 1)
        slots = taken(bucket, 6)
        for number in (3, 1):
            bucket.cancel(slots.pop(number))
        assert dues(bucket, slots) == seconds(0, 0.2, 0.4, 0.6)

    def test_cancelled_slots_open_no_others_early(self) -> None:
        """Whoever looks in between sees one slot open after the other, at the rate."""
        bucket = TokenBucket(5, 1)
        slots = taken(bucket, 6)
        for number in (4, 1):
            bucket.cancel(slots.pop(number))
        seen = [sum(bucket.wait(slot, NOW + step / 5 + 1e-3) == 0 for slot in slots) for step in range(4)]
        assert seen == [1, 2, 3, 4]

    def test_the_delay_is_that_of_the_next_slot(self) -> None:
        """It grows with those in the queue, falls as time passes and as they leave, and is never negative."""
        bucket = TokenBucket(5, 1)
        assert bucket.queue_delay(NOW) == 0
        slots = taken(bucket, 3)
        assert [bucket.queue_delay(NOW + later) for later in (0, 0.1)] == pytest.approx([0.6, 0.5])
        bucket.cancel(slots[-1])
        assert bucket.queue_delay(NOW + 0.1) == pytest.approx(0.3)
        assert bucket.queue_delay(NOW + HOUR) == 0

    def test_the_last_slot_can_be_cancelled(self) -> None:
        """Whoever comes next waits as if it had never been taken."""
        bucket = TokenBucket(5, 1)
        bucket.cancel(taken(bucket, 2)[-1])
        assert due(bucket, bucket.reserve(NOW)) == pytest.approx(0.2)

    def test_an_open_slot_can_be_cancelled(self) -> None:
        """It falls to the next one in the queue, at once."""
        bucket = TokenBucket(5, 1)
        _, second, third = taken(bucket, 3)
        assert bucket.wait(second, NOW + 0.2) == 0
        bucket.cancel(second)
        assert bucket.wait(third, NOW + 0.2) == 0

    def test_room_may_be_left_before_a_slot(self) -> None:
        """The slot before it stays unused, and does not come back."""
        bucket = TokenBucket(5, 1)
        bucket.reserve(NOW)
        slots = [bucket.reserve(NOW, gap=1), bucket.reserve(NOW)]
        assert dues(bucket, slots) == seconds(0.4, 0.6)

    def test_a_slot_after_the_deadline_is_refused_at_once(self) -> None:
        """However far back, who cannot be on time is told when its slot would come, and what to do."""
        bucket = TokenBucket(5, 1)
        tenth = taken(bucket, 11)[-1]
        for deadline in (NOW, NOW + 1.5, NOW + 1.99):
            with pytest.raises(TimeoutError, match=r"by 2\.0 s, beyond its timeout\. Allow a longer timeout"):
                bucket.wait(tenth, NOW, deadline)
        assert bucket.wait(tenth, NOW, NOW + 2.01) > 0

    def test_a_slot_at_the_deadline_is_too_late(self) -> None:
        """Nothing could be sent in no time."""
        bucket = TokenBucket(1, 1)
        _, slot = taken(bucket, 2, now=0.0)
        assert bucket.wait(slot, 0.0, deadline=1.25) == 1
        with pytest.raises(TimeoutError):
            bucket.wait(slot, 0.0, deadline=1.0)

    def test_an_open_slot_is_good_after_the_deadline(self) -> None:
        """Whether there is time left to send is not the bucket's to say."""
        bucket = TokenBucket(5, 1)
        assert bucket.wait(bucket.reserve(NOW), NOW, NOW - 1) == 0

    def test_a_clock_that_was_set_back_holds_nobody_up(self) -> None:
        """An hour back the slots go on at the rate, and none comes for the hour that passes twice."""
        bucket = TokenBucket(5, 1)
        slots = taken(bucket, 4)
        assert dues(bucket, slots, NOW - HOUR) == seconds(0, 0.2, 0.4, 0.6)

    @pytest.mark.parametrize(("back", "due_in"), [(0.9, 1.1), (1.1, 0.2)])
    def test_a_clock_is_set_back_by_more_than_a_second(self, back: float, due_in: float) -> None:
        """A time that is earlier by less is another thread's, and does not begin the wait anew."""
        bucket = TokenBucket(5, 1)
        slots = taken(bucket, 2)
        assert dues(bucket, slots, NOW - back) == seconds(0, due_in)

    def test_a_microsecond_before_its_time_a_slot_is_open(self) -> None:
        """What rounding leaves of a wait is not slept through; more than that is."""
        bucket = TokenBucket(1, 1)
        _, slot = taken(bucket, 2, now=0.0)
        assert bucket.wait(slot, 1 - 1.1e-6) == pytest.approx(1.1e-6)
        assert bucket.wait(slot, 1 - 0.9e-6) == 0

    def test_threads_that_read_the_clock_in_another_order_gain_nothing(self) -> None:
        """Time that was counted already is not counted again for a reading that comes late."""
        bucket = TokenBucket(5, 1)
        slots = taken(bucket, 20)
        for _ in range(50):
            bucket.wait(slots[-1], NOW + 0.2)
            bucket.wait(slots[-1], NOW)
        assert dues(bucket, slots[:4], NOW + 0.2) == seconds(0, 0, 0.2, 0.4)


RATES = st.sampled_from([0.25, 1.0, 5.0, 200.0])
BURSTS = st.sampled_from([1.0, 1.5, 10.0])
EVENTS = st.one_of(
    st.just(("take", 0.0)),
    st.tuples(st.just("pass"), st.sampled_from([0.01, 0.1, 0.9, 7.0])),
    st.tuples(st.just("give back"), st.sampled_from([0.0, 0.5, 0.99])),
    st.tuples(st.just("change"), RATES),
    st.tuples(st.just("set back"), st.sampled_from([0.001, 0.3, 2.0, HOUR])),
)


class Queue:
    """A bucket, those who wait in it, how many went at each look, and how many the rate allowed until then."""

    def __init__(self, rate: float, burst: float) -> None:
        self.bucket = TokenBucket(rate, burst)
        self.burst = burst
        self.waiting = [self.bucket.reserve(NOW)]
        self.went: list[int] = []
        self.allowed: list[float] = [0.0]
        self._now = self._latest = NOW

    def do(self, event: str, value: float) -> None:
        allowed = 0.0
        match event:
            case "take":
                self.waiting.append(self.bucket.reserve(self._now))
            case "give back" if self.waiting:
                self._cancel(self.waiting.pop(int(value * len(self.waiting))))
            case "change":
                self.bucket.set_rate(value, self.burst, self._now)
            case "pass":
                self._now += value
                allowed = max(0.0, self._now - self._latest) * self.bucket.rate
                self._latest = max(self._latest, self._now)
            case "set back":
                self._now -= value
                if self._now < self._latest - 1:  # by less it may be a thread that read the clock early
                    self._latest = self._now
        self.bucket.wait(0, self._now)  # the moment counts, though nobody may be waiting
        self.allowed.append(self.allowed[-1] + allowed)
        self.look()

    def look(self) -> None:
        """Let all go whose slot has come: nobody before somebody who came earlier."""
        came = [self.bucket.wait(slot, self._now) == 0 for slot in self.waiting]
        assert came == sorted(came, reverse=True)
        self.went.append(sum(came))
        del self.waiting[: sum(came)]

    def _cancel(self, slot: int) -> None:
        before = {other: due(self.bucket, other, self._now) for other in self.waiting}
        self.bucket.cancel(slot)
        for other, seconds_before in before.items():
            after = due(self.bucket, other, self._now)
            assert after <= seconds_before + 1e-5
            assert other > slot or after == pytest.approx(seconds_before, abs=1e-5)


@given(RATES, BURSTS, st.lists(EVENTS, max_size=40))
def test_no_more_slots_open_than_rate_and_burst_allow(
    rate: float, burst: float, events: list[tuple[str, float]]
) -> None:
    """In any stretch of time, whatever is taken, given back or changed, and wherever the clock is set."""
    queue = Queue(rate, burst)
    for event, value in events:
        queue.do(event, value)
    went = [0, *accumulate(queue.went)]
    for first in range(len(events)):
        for last in range(first, len(events)):
            allowed = queue.allowed[last + 1] - queue.allowed[first]
            assert went[last + 1] - went[first] <= allowed + burst + 1e-3


@given(RATES, BURSTS, st.lists(EVENTS, max_size=40))
def test_every_slot_opens(rate: float, burst: float, events: list[tuple[str, float]]) -> None:
    """Whatever has happened, who waits as told is served within its place in the queue, and a second of doubt."""
    queue = Queue(rate, burst)
    for event, value in events:
        queue.do(event, value)
    for place, slot in enumerate(queue.waiting, start=1):
        assert due(queue.bucket, slot, queue._now) <= place / queue.bucket.rate + 1 + 1e-3


def rate_of(limiter: RateLimiter) -> float:
    return limiter._bucket.rate


def answer(limiter: RateLimiter, now: float = NOW, *, throttled: bool = False) -> None:
    """Send one request, and learn from its answer."""
    limiter.record_outcome(limiter.reserve(now), throttled=throttled, now=now)


class TestQuotaLimiter:
    """The limiter for a known quota."""

    def test_it_begins_at_the_quota(self) -> None:
        """While nobody is throttled calls go out at the quota, and no faster however many succeed."""
        limiter = QuotaLimiter(5, 1)
        for _ in range(100):
            answer(limiter)
        assert rate_of(limiter) == 5

    def test_a_throttled_answer_lowers_the_rate(self) -> None:
        """Each throttled request that was sent at the rate of now lowers it to 0.7 of what it was."""
        limiter = QuotaLimiter(5, 1)
        for expected in (3.5, 2.45, 1.715):
            answer(limiter, throttled=True)
            assert rate_of(limiter) == pytest.approx(expected)

    @pytest.mark.parametrize("clock", [0.0, 1.0, -HOUR])
    def test_those_under_way_lower_it_once(self, clock: float) -> None:
        """Requests that were sent before the rate was lowered say nothing of the lower one, by any clock."""
        limiter = QuotaLimiter(5, 10)
        slots = [limiter.reserve(NOW) for _ in range(10)]
        for number, slot in enumerate(slots):
            limiter.record_outcome(slot, throttled=True, now=NOW + number * clock)
        assert rate_of(limiter) == pytest.approx(3.5)
        answer(limiter, NOW + 20 * clock, throttled=True)
        assert rate_of(limiter) == pytest.approx(2.45)

    def test_who_waits_as_it_is_lowered_may_lower_it_again(self) -> None:
        """A slot that was taken before and comes after is one at the lower rate."""
        limiter = QuotaLimiter(5, 1)
        first, second = limiter.reserve(NOW), limiter.reserve(NOW)
        limiter.record_outcome(first, throttled=True, now=NOW)
        assert limiter.wait(second, NOW + 1) == 0
        limiter.record_outcome(second, throttled=True, now=NOW + 1)
        assert rate_of(limiter) == pytest.approx(2.45)

    def test_it_grows_back_to_the_quota(self) -> None:
        """Each success raises the rate by a hundredth, and 36 of them make good for one throttled answer."""
        limiter = QuotaLimiter(5, 1)
        answer(limiter, throttled=True)
        answer(limiter)
        assert rate_of(limiter) == pytest.approx(3.535)
        for _ in range(34):
            answer(limiter)
        assert rate_of(limiter) < 5
        answer(limiter)
        assert rate_of(limiter) == 5

    def test_it_never_stops(self) -> None:
        """Whatever others leave, a hundredth of the quota is tried for."""
        limiter = QuotaLimiter(5, 1)
        for _ in range(50):
            answer(limiter, throttled=True)
        assert rate_of(limiter) == 0.05

    def test_a_small_share_grows_by_a_part_of_the_quota(self) -> None:
        """A hundredth of little would be next to nothing: it takes 95 successes back to a fifth, and not 300."""
        limiter = QuotaLimiter(5, 1)
        for _ in range(50):
            answer(limiter, throttled=True)
        answer(limiter)
        assert rate_of(limiter) == pytest.approx(0.06)
        for _ in range(94):
            answer(limiter)
        assert rate_of(limiter) == pytest.approx(1.0)
        answer(limiter)
        assert rate_of(limiter) == pytest.approx(1.01)

    def test_what_was_saved_up_is_gone_once_throttled(self) -> None:
        """A throttled answer says that there is nothing left to burst with."""
        limiter = QuotaLimiter(5, 10)
        answer(limiter, throttled=True)
        assert limiter.wait(limiter.reserve(NOW), NOW) == pytest.approx(1 / 3.5)

    def test_a_second_try_leaves_room(self) -> None:
        """A request that is sent again waits for two slots, so that it finds what it missed the first time."""
        limiter = QuotaLimiter(5, 1)
        limiter.reserve(NOW)
        assert limiter.wait(limiter.reserve(NOW, retry=True), NOW) == pytest.approx(0.4)


class TestAdaptiveLimiter:
    """The limiter of the adaptive retry mode."""

    @staticmethod
    def throttled_at_ten_a_second(now: float = NOW) -> AdaptiveLimiter:
        """Return a limiter that has seen ten answers a second for ten seconds, the last one throttled."""
        limiter = AdaptiveLimiter()
        for number in range(100):
            answer(limiter, now - (99 - number) / 10, throttled=number == 99)
        return limiter

    def test_nobody_waits_before_the_first_throttled_answer(self) -> None:
        """Without any sign of trouble calls go out as they come."""
        limiter = AdaptiveLimiter()
        for _ in range(1000):
            assert limiter.wait(limiter.reserve(NOW), NOW) == 0
            answer(limiter)

    def test_it_falls_below_what_was_measured(self) -> None:
        """The first throttled answer sets the rate to 0.7 of the answers a second that came until then."""
        limiter = self.throttled_at_ten_a_second()
        assert rate_of(limiter) == pytest.approx(7, rel=0.05)
        assert limiter.wait(limiter.reserve(NOW), NOW) == pytest.approx(1 / rate_of(limiter))

    def test_it_grows_back_slowly_at_first_around_what_failed(self) -> None:
        """After the fall the rate comes back to where it failed, lingers there, and then passes it."""
        limiter = self.throttled_at_ten_a_second()
        rates = []
        for number in range(1, 61):
            answer(limiter, NOW + number / 10)
            rates.append(rate_of(limiter))
        assert rates == sorted(rates)
        assert rates[18] == pytest.approx(10, rel=0.05)
        assert rates[24] - rates[14] < rates[4] - rates[0]
        assert rates[-1] > 12

    def test_it_grows_back_along_the_curve_of_the_guide(self) -> None:
        """C(t - K)^3 + R, where C is 0.4, R the rate that failed, and K the time that it takes back to R."""
        limiter = self.throttled_at_ten_a_second()
        failed = rate_of(limiter) / 0.7
        recovery = (failed * 0.3 / 0.4) ** (1 / 3)
        for tenths in range(1, 20):
            answer(limiter, NOW + tenths / 10)
            assert rate_of(limiter) == pytest.approx(0.4 * (tenths / 10 - recovery) ** 3 + failed)

    @pytest.mark.parametrize(("other", "last"), [(0.0, 0.5), (-0.5, 0.5), (-1.0, -0.5)])
    def test_answers_are_counted_by_half_seconds(self, other: float, last: float) -> None:
        """The last half second counts four fifths; one that is earlier is another thread's, two set the clock."""
        limiter = AdaptiveLimiter()
        for _ in range(10):
            answer(limiter, NOW)
        answer(limiter, NOW + other)
        answer(limiter, NOW + last, throttled=True)
        assert rate_of(limiter) == pytest.approx(12 / 0.5 * 0.8 * 0.7)
        assert limiter.throttled == 1

    @pytest.mark.parametrize(("falls", "saved"), [(1, 7), (50, 1)])
    def test_a_second_of_the_rate_is_saved_up(self, falls: int, saved: int) -> None:
        """After a pause as many go out at once, and one at the least."""
        limiter = self.throttled_at_ten_a_second()
        for _ in range(falls - 1):
            answer(limiter, throttled=True)
        slots = [limiter.reserve(NOW) for _ in range(20)]
        later = NOW + HOUR
        assert all(limiter.wait(slot, later) == 0 for slot in slots)
        slots = [limiter.reserve(later + HOUR) for _ in range(20)]
        assert sum(limiter.wait(slot, later + HOUR) == 0 for slot in slots) == saved

    def test_a_second_try_leaves_no_slot_unused(self) -> None:
        """Its rate is a guess, not a quota, so its own retries are budgeted and need no room in front of them."""
        limiter = self.throttled_at_ten_a_second()
        first = limiter.reserve(NOW)
        assert limiter.reserve(NOW, retry=True) == first + 1
        assert not limiter.follows_quota

    def test_it_never_passes_twice_what_is_measured(self) -> None:
        """A client that asks for little is not allowed much, however long ago it was throttled."""
        limiter = self.throttled_at_ten_a_second()
        for number in range(1, 61):
            answer(limiter, NOW + number)
        assert rate_of(limiter) == pytest.approx(2, rel=0.05)

    def test_it_never_stops(self) -> None:
        """However often it is throttled, one request in two seconds goes out."""
        limiter = AdaptiveLimiter()
        for _ in range(50):
            answer(limiter, throttled=True)
        assert rate_of(limiter) == 0.5

    def test_a_clock_that_was_set_back_leaves_it_going(self) -> None:
        """An hour back the rate is not taken down to the least, and what is measured is measured anew."""
        limiter = self.throttled_at_ten_a_second()
        for number in range(10):
            answer(limiter, NOW - HOUR + number / 2)
            assert rate_of(limiter) > 3
        answer(limiter, NOW - HOUR + 5, throttled=True)
        assert rate_of(limiter) == pytest.approx(0.7 * 2, rel=0.05)


class TestRateLimiters:
    """What the calls of an operation keep to."""

    @staticmethod
    def rates(limiters: RateLimiters, operation: str) -> list[float]:
        return [rate_of(limiter) for limiter in limiters.for_operation(operation)]

    def test_nothing_is_paced_by_default(self) -> None:
        """A client that was given no pacing and retries in the standard way never holds a call up."""
        assert RateLimiters(None, adaptive=False).for_operation("GetKeyLastUsage") == ()

    def test_the_quotas_of_kms_are_kept_to(self) -> None:
        """Each operation has a limiter of its own; one whose quota is not known has none."""
        limiters = RateLimiters(Pacing(), adaptive=False)
        assert {name: self.rates(limiters, name) for name in QUOTAS} == {n: [q] for n, q in QUOTAS.items()}
        assert self.rates(limiters, "GetKeyLastUsage") == [5]
        assert limiters.for_operation("GetKeyLastUsage") is limiters.for_operation("GetKeyLastUsage")
        assert limiters.for_operation("Encrypt") == ()

    def test_given_rates_go_before_the_quotas(self) -> None:
        """A raised quota is named, an operation may be added, and the others stay as they are."""
        limiters = RateLimiters(Pacing({"GetKeyLastUsage": 50, "Encrypt": 0.5}), adaptive=False)
        assert [self.rates(limiters, name) for name in ("GetKeyLastUsage", "Encrypt", "ListKeys")] == [
            [50],
            [0.5],
            [500],
        ]

    def test_the_burst_is_that_of_every_limiter(self) -> None:
        """After a pause so many calls go out at once."""
        (limiter,) = RateLimiters(Pacing(burst=3), adaptive=False).for_operation("GetKeyLastUsage")
        assert [limiter.wait(limiter.reserve(NOW), NOW) for _ in range(4)] == seconds(0, 0, 0, 0.2)

    def test_all_operations_share_the_adaptive_limiter(self) -> None:
        """The adaptive mode limiters the client as a whole, beside the quotas."""
        limiters = RateLimiters(None, adaptive=True)
        assert limiters.for_operation("GetKeyLastUsage") == limiters.for_operation("Encrypt")
        assert isinstance(limiters.for_operation("Encrypt")[0], AdaptiveLimiter)
        both = RateLimiters(Pacing(), adaptive=True)
        assert both.for_operation("GetKeyLastUsage")[1:] == both.for_operation("Encrypt")

    def test_a_forked_process_is_not_held_up(self) -> None:
        """A lock that another thread held as the process forked is free in the new one."""
        limiters = RateLimiters(Pacing(), adaptive=True)
        held = limiters.for_operation("GetKeyLastUsage")
        for limiter in held:
            limiter._lock.acquire()
        limiters.renew()
        assert [limiter._lock.locked() for limiter in held] == [False, False]
