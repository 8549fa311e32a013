"""What to do after an attempt failed, how long to wait, and what it costs; the random number is handed in."""

from collections.abc import Callable
from typing import Any, get_args

import pytest
from attrs.exceptions import FrozenInstanceError
from hypothesis import given, strategies as st

from awskms_lite import errors
from awskms_lite.errors import ConfigurationError, KMSLiteError, RetryCategory, ServiceError
from awskms_lite.retry import (
    Attempts,
    Mode,
    RetryPolicy,
    RetryQuota,
    categorize,
    delay,
    may_have_executed,
    read_retry_after,
)

LONGEST: dict[RetryCategory, list[float]] = {
    "transient": [0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 20.0, 20.0],
    "throttling": [1.0, 2.0, 4.0, 8.0, 16.0, 20.0, 20.0],
    "clock_skew": [0.0, 0.0, 0.0],
}
THROTTLED = errors.ThrottlingException(status_code=400)
TRANSIENT = errors.KMSInternalException(status_code=500)
REFUSED = errors.AccessDeniedException(status_code=400)


def test_the_default_is_three_attempts() -> None:
    """Without being told otherwise a call is sent three times at most, in the standard mode."""
    assert RetryPolicy() == RetryPolicy(mode="standard", max_attempts=3)


@pytest.mark.parametrize("mode", get_args(Mode))
def test_there_are_two_modes(mode: Mode) -> None:
    """A policy may be standard or adaptive, and keeps what it was given."""
    assert RetryPolicy(mode=mode).mode == mode
    assert get_args(Mode) == ("standard", "adaptive")


@pytest.mark.parametrize("attempts", [1, 2, 10, 1_000_000])
def test_any_number_of_attempts_from_one_on_is_a_policy(attempts: int) -> None:
    """1 means no retry, and there is no upper bound."""
    assert RetryPolicy(max_attempts=attempts).max_attempts == attempts


@pytest.mark.parametrize("attempts", [0, -1, True, False, 3.0, "3", None, float("inf")])
def test_what_is_no_number_of_attempts_is_refused(attempts: Any) -> None:
    """Zero, a negative and anything but a whole number is a mistake in the set-up, with the remedy."""
    with pytest.raises(
        ConfigurationError, match=r"max_attempts is .*: pass a whole number, 1 for no retry or more"
    ):
        RetryPolicy(max_attempts=attempts)


@pytest.mark.parametrize("mode", ["", "Standard", "legacy", "none", None, 1, ["standard"]])
def test_what_is_no_mode_is_refused(mode: Any) -> None:
    """An unknown mode is a mistake in the set-up, and the error names those that there are."""
    with pytest.raises(ConfigurationError, match="is not a retry mode: pass 'standard' or 'adaptive'"):
        RetryPolicy(mode=mode)


def test_a_policy_does_not_change() -> None:
    """Clients may share a policy, because nobody can alter it."""
    with pytest.raises(FrozenInstanceError):
        RetryPolicy().max_attempts = 5  # type: ignore[misc]


@pytest.mark.parametrize("kind", LONGEST)
def test_the_longest_delay_doubles_up_to_its_cap(kind: RetryCategory) -> None:
    """The longest delay starts at 50 ms, after throttling at 1 s, doubles, and ends at 20 s; a clock has none."""
    longest = [delay(kind, retry, lambda: 1.0) for retry in range(len(LONGEST[kind]))]
    assert longest == pytest.approx(LONGEST[kind])


@pytest.mark.parametrize("kind", ["transient", "throttling"])
@pytest.mark.parametrize("retry", [30, 1023, 1024, 1100, 1_000_000])
def test_a_late_retry_still_waits_the_cap(kind: RetryCategory, retry: int) -> None:
    """However many attempts a policy allows, the doubling never overflows."""
    assert delay(kind, retry, lambda: 1.0) == 20.0


@given(kind=st.sampled_from(list(LONGEST)), retry=st.integers(0, 40), draw=st.floats(0, 1))
def test_the_jitter_covers_the_whole_delay(kind: RetryCategory, retry: int, draw: float) -> None:
    """The cap comes before the jitter, so a random number from 0 to 1 spreads calls over all of the delay."""
    longest = LONGEST[kind][min(retry, len(LONGEST[kind]) - 1)]
    assert delay(kind, retry, lambda: draw) == pytest.approx(draw * longest)


@pytest.mark.parametrize("idempotent", [True, False])
@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (errors.ThrottlingException(status_code=400), "throttling"),
        (errors.SlowDown(status_code=503), "throttling"),
        (errors.KMSInternalException(status_code=500), "transient"),
        (errors.KeyUnavailableException(status_code=500), "transient"),
        (errors.NotFoundException(status_code=400), "final"),
        (errors.AccessDeniedException(status_code=400), "final"),
        (errors.LimitExceededException(status_code=400), "final"),
        (ServiceError(code="KeyOnHoliday", status_code=429), "throttling"),
        (ServiceError(code="KeyOnHoliday", status_code=400), "final"),
        (errors.ConnectError("refused"), "transient"),
        (errors.ConnectTimeoutError("no connection"), "transient"),
        (errors.ParameterError("alias"), "final"),
        (errors.CredentialsError("none"), "final"),
        (errors.ConfigurationError("none"), "final"),
        (errors.ClosedError("closed"), "final"),
        (KMSLiteError("anything"), "final"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_what_surely_did_not_act_is_judged_alike(error: KMSLiteError, kind: str, idempotent: bool) -> None:
    """Where nothing was sent, or the request was refused, it does not matter whether the call may act twice."""
    assert categorize(error, idempotent=idempotent) == kind
    assert not may_have_executed(error)


@pytest.mark.parametrize(
    "error",
    [
        errors.TimeoutError("too late"),
        errors.TransportError("reset"),
        errors.DependencyTimeoutException(status_code=503),
        errors.InternalFailure(status_code=500),
        errors.ServiceUnavailable(status_code=503),
        errors.RequestTimeout(status_code=400),
        *(ServiceError(code=str(status), status_code=status) for status in (500, 502, 503, 504)),
    ],
    ids=str,
)
def test_what_may_have_acted_is_sent_again_only_where_that_is_safe(error: KMSLiteError) -> None:
    """Without an answer, or with one that does not say what happened, only what may act twice is sent again."""
    assert may_have_executed(error)
    assert categorize(error, idempotent=True) == "transient"
    assert categorize(error, idempotent=False) == "final"


@pytest.mark.parametrize("status", [500, 501, 505, 520, 599])
def test_a_failure_of_nobody_knows_whom_may_have_acted(status: int) -> None:
    """A 5xx without a code that we know may come from a proxy that lost KMS's answer, retried or not."""
    assert may_have_executed(ServiceError(code=str(status), status_code=status))
    assert may_have_executed(ServiceError(code="KeyOnHoliday", status_code=status))
    assert not may_have_executed(errors.NotFoundException(status_code=status))


def test_an_unreadable_answer_is_final_and_may_have_acted() -> None:
    """A success that cannot be read would be no clearer a second time, and KMS has done what was asked."""
    error = errors.ProtocolError("no JSON")
    assert may_have_executed(error)
    assert categorize(error, idempotent=True) == "final"


class TestRetryAfter:
    """The pause that an answer asks for."""

    @pytest.mark.parametrize(
        ("asked", "wait"),
        [(None, 1.0), (0.0, 1.0), (0.999, 1.0), (1.001, 1.001), (5.999, 5.999), (6.0, 6.0), (6.001, 6.0)],
    )
    def test_it_moves_the_delay_up_by_five_seconds_at_most(self, asked: float | None, wait: float) -> None:
        """It never shortens the delay that was drawn, here 1 s, and adds no more than 5 s to it."""
        assert delay("throttling", 0, lambda: 1.0, asked) == wait

    def test_it_may_go_beyond_the_cap(self) -> None:
        """The 20 s bound what is drawn, and not what the service asks for."""
        assert delay("throttling", 9, lambda: 1.0, 22.5) == 22.5

    def test_it_holds_after_a_short_draw_too(self) -> None:
        """The bounds begin at what was drawn, not at the longest delay."""
        assert delay("throttling", 0, lambda: 0.0, 60.0) == 5.0
        assert delay("clock_skew", 0, lambda: 1.0, 60.0) == 5.0

    @pytest.mark.parametrize(("text", "seconds"), [("0", 0.0), ("1", 0.001), ("1500", 1.5), ("007", 0.007)])
    def test_it_is_read_in_whole_milliseconds(self, text: str, seconds: float) -> None:
        """The header counts milliseconds."""
        assert read_retry_after({"x-amz-retry-after": text}) == seconds

    @pytest.mark.parametrize(
        "text", ["", "-1", "+1", "1.5", "1e3", "1_000", "5 s", "1, 2", "0x10", "soon", "\u0661", "\u00b2"]
    )
    def test_what_is_no_whole_number_is_ignored(self, text: str) -> None:
        """A negative, a fraction and anything else is taken as if there were no such header."""
        assert read_retry_after({"x-amz-retry-after": text}) is None

    def test_without_the_header_there_is_none(self) -> None:
        """Other headers, the one of HTTP included, ask for nothing."""
        assert read_retry_after({"retry-after": "3"}) is None

    @given(st.text("0123456789-+.e_ ∞", max_size=400), st.sampled_from(list(LONGEST)), st.floats(0, 1))
    def test_no_header_breaks_a_delay(self, text: str, kind: RetryCategory, draw: float) -> None:
        """Whatever stands in the header, the delay stays between what was drawn and 5 s more."""
        drawn = delay(kind, 3, lambda: draw)
        assert drawn <= delay(kind, 3, lambda: draw, read_retry_after({"x-amz-retry-after": text})) <= drawn + 5


class TestQuota:
    """The purse that the retries of one client share."""

    def test_there_are_500(self) -> None:
        """A client begins with all of it."""
        assert RetryQuota().tokens == 500

    def test_what_lacks_is_not_taken_in_part(self) -> None:
        """A retry that the purse cannot pay leaves it as it was; one that empties it is paid."""
        quota = RetryQuota()
        assert quota.take(494)
        assert not quota.take(14)
        assert quota.tokens == 6
        assert quota.take(6)
        assert quota.tokens == 0
        assert not quota.take(1)

    def test_it_never_holds_more_than_at_the_start(self) -> None:
        """What has no room is lost."""
        quota = RetryQuota()
        quota.take(5)
        quota.release(14)
        assert quota.tokens == 500

    @given(st.lists(st.tuples(st.booleans(), st.sampled_from([1, 5, 14, 200])), max_size=30))
    def test_it_stays_within_its_bounds(self, moves: list[tuple[bool, int]]) -> None:
        """However retries and successes follow each other, there are 0 to 500, and each move counts once."""
        quota, expected = RetryQuota(), 500
        for takes, tokens in moves:
            if takes:
                paid = quota.take(tokens)
                assert paid is (expected >= tokens)
                expected -= tokens if paid else 0
            else:
                quota.release(tokens)
                expected = min(expected + tokens, 500)
            assert quota.tokens == expected

    def test_a_forked_process_begins_with_a_free_lock(self) -> None:
        """A thread that is not there any more cannot hold it for ever; what was spent stays spent."""
        quota = RetryQuota()
        quota.take(5)
        quota._lock.acquire()
        quota.renew()
        assert not quota._lock.locked()
        assert quota.take(5)
        assert quota.tokens == 490


class TestAttempts:
    """The attempts of one call, and what they cost."""

    @staticmethod
    def begin(
        quota: RetryQuota | None = None,
        *,
        attempts: int = 3,
        random: Callable[[], float] = lambda: 1.0,
        idempotent: bool = True,
    ) -> Attempts:
        policy = RetryPolicy(max_attempts=attempts)
        return Attempts(policy, quota or RetryQuota(), random, idempotent=idempotent)

    @pytest.mark.parametrize(
        ("error", "clock_corrected", "wait", "cost"),
        [(THROTTLED, False, 1.0, 5), (TRANSIENT, False, 0.05, 14), (REFUSED, True, 0.0, 14)],
        ids=["throttling", "transient", "clock_skew"],
    )
    def test_each_trouble_has_its_wait_and_its_price(
        self, error: KMSLiteError, clock_corrected: bool, wait: float, cost: int
    ) -> None:
        """After throttling a retry is cheap and late, after anything else it is dear and soon."""
        quota = RetryQuota()
        attempts = self.begin(quota)
        assert attempts.begin_next(error, clock_corrected=clock_corrected) == wait
        assert (attempts.number, quota.tokens) == (2, 500 - cost)

    def test_a_final_error_is_the_last_attempt(self) -> None:
        """What a second attempt cannot mend costs nothing."""
        quota = RetryQuota()
        attempts = self.begin(quota)
        assert attempts.begin_next(REFUSED, clock_corrected=False) is None
        assert (attempts.number, quota.tokens) == (1, 500)

    @pytest.mark.parametrize("most", [1, 2, 3, 7])
    def test_there_are_so_many_and_no_more(self, most: int) -> None:
        """Of `max_attempts` the first is one, and the attempt that is not made costs nothing."""
        quota = RetryQuota()
        attempts = self.begin(quota, attempts=most)
        waits = [attempts.begin_next(TRANSIENT, clock_corrected=False) for _ in range(most)]
        assert waits == [*LONGEST["transient"][: most - 1], None]
        assert (attempts.number, quota.tokens) == (most, 500 - 14 * (most - 1))

    def test_the_wait_doubles_whatever_the_troubles_are(self) -> None:
        """The delay follows the number of the retry: troubles that take turns do not begin anew."""
        attempts = self.begin(attempts=9)
        troubles = [TRANSIENT, THROTTLED, TRANSIENT, THROTTLED]
        assert [attempts.begin_next(e, clock_corrected=False) for e in troubles] == [0.05, 2.0, 0.2, 8.0]

    def test_the_answer_may_ask_for_a_longer_wait(self) -> None:
        """What the error brings of the header counts."""
        error = errors.ThrottlingException(status_code=400, retry_after=3.0)
        assert self.begin().begin_next(error, clock_corrected=False) == 3.0

    @pytest.mark.parametrize(("left", "wait"), [(1.0, None), (0.0, None), (-5.0, None), (1.001, 1.0)])
    def test_a_wait_that_uses_up_the_time_is_not_begun(self, left: float, wait: float | None) -> None:
        """What cannot end in time costs nothing either."""
        quota = RetryQuota()
        attempts = self.begin(quota)
        assert attempts.begin_next(THROTTLED, clock_corrected=False, left=left) == wait
        assert (attempts.number, quota.tokens) == ((1, 500) if wait is None else (2, 495))

    @pytest.mark.parametrize(("error", "cost"), [(THROTTLED, 5), (TRANSIENT, 14)])
    def test_an_empty_purse_pays_no_retry(self, error: KMSLiteError, cost: int) -> None:
        """One token less than a retry costs, and the error goes up at once."""
        quota = RetryQuota()
        quota.tokens = cost - 1
        assert self.begin(quota).begin_next(error, clock_corrected=False) is None
        assert quota.tokens == cost - 1
        quota.tokens = cost
        assert self.begin(quota).begin_next(error, clock_corrected=False) is not None
        assert quota.tokens == 0

    @pytest.mark.parametrize(
        ("troubles", "left"),
        [([], 401), ([THROTTLED], 400), ([TRANSIENT, THROTTLED], 386), ([THROTTLED, TRANSIENT], 395)],
        ids=["at once", "after one retry", "after a cheap one", "after a dear one"],
    )
    def test_a_success_gives_back_what_its_last_retry_took(self, troubles: list[KMSLiteError], left: int) -> None:
        """Of several retries only the last is given back; without any there is 1 more than before."""
        quota = RetryQuota()
        quota.tokens = 400
        attempts = self.begin(quota)
        for error in troubles:
            attempts.begin_next(error, clock_corrected=False)
        attempts.succeeded()
        assert quota.tokens == left

    @pytest.mark.parametrize("idempotent", [True, False])
    def test_a_call_that_must_not_act_twice_is_not_sent_twice(self, idempotent: bool) -> None:
        """After a lost answer there is another attempt only where that is safe; after a refusal in any case."""
        attempts = self.begin(attempts=9, idempotent=idempotent)
        for error in (errors.ConnectError("refused"), THROTTLED, TRANSIENT):
            assert attempts.begin_next(error, clock_corrected=False) is not None
        lost = attempts.begin_next(errors.TimeoutError("late"), clock_corrected=False)
        assert (lost is not None) is idempotent
