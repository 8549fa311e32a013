"""What to do after an attempt failed, and how long to wait; the random number is handed in."""

from typing import Any, Literal

import pytest
from attrs.exceptions import FrozenInstanceError
from hypothesis import given
from hypothesis import strategies as st

from awskms_lite import errors
from awskms_lite.errors import ConfigurationError, KMSLiteError, ServiceError
from awskms_lite.retry import RetryPolicy, delay, kind_of

Retried = Literal["throttling", "transient"]
LONGEST = {
    "transient": [0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 20.0, 20.0],
    "throttling": [1.0, 2.0, 4.0, 8.0, 16.0, 20.0, 20.0],
}


def test_the_default_is_three_attempts() -> None:
    """Without being told otherwise a call is sent three times at most, in the standard mode."""
    assert RetryPolicy() == RetryPolicy(mode="standard", max_attempts=3)


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


@pytest.mark.parametrize("mode", ["", "Standard", "none", None, 1])
def test_what_is_no_mode_is_refused(mode: Any) -> None:
    """An unknown mode is a mistake in the set-up, and the error names one that there is."""
    with pytest.raises(ConfigurationError, match="is not a retry mode: pass 'standard'"):
        RetryPolicy(mode=mode)


def test_a_policy_does_not_change() -> None:
    """Clients may share a policy, because nobody can alter it."""
    with pytest.raises(FrozenInstanceError):
        RetryPolicy().max_attempts = 5  # type: ignore[misc]


@pytest.mark.parametrize("kind", ["transient", "throttling"])
def test_the_longest_delay_doubles_up_to_its_cap(kind: Retried) -> None:
    """The longest delay starts at 50 ms, after throttling at 1 s, doubles, and ends at 20 s."""
    longest = [delay(kind, retry, lambda: 1.0) for retry in range(len(LONGEST[kind]))]
    assert longest == pytest.approx(LONGEST[kind])


@pytest.mark.parametrize("kind", ["transient", "throttling"])
@pytest.mark.parametrize("retry", [30, 1023, 1024, 1100, 1_000_000])
def test_a_late_retry_still_waits_the_cap(kind: Retried, retry: int) -> None:
    """However many attempts a policy allows, the doubling never overflows."""
    assert delay(kind, retry, lambda: 1.0) == 20.0


@given(kind=st.sampled_from(["transient", "throttling"]), retry=st.integers(0, 40), draw=st.floats(0, 1))
def test_the_jitter_covers_the_whole_delay(kind: Retried, retry: int, draw: float) -> None:
    """The cap comes before the jitter, so a random number from 0 to 1 spreads calls over all of the delay."""
    longest = LONGEST[kind][min(retry, len(LONGEST[kind]) - 1)]
    assert delay(kind, retry, lambda: draw) == pytest.approx(draw * longest)


@pytest.mark.parametrize("replay_safe", [True, False])
@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (errors.ThrottlingException(status_code=400), "throttling"),
        (errors.KMSInternalException(status_code=500), "transient"),
        (errors.DependencyTimeoutException(status_code=503), "transient"),
        (errors.KeyUnavailableException(status_code=500), "transient"),
        (errors.NotFoundException(status_code=400), "final"),
        (errors.AccessDeniedException(status_code=400), "final"),
        (errors.LimitExceededException(status_code=400), "final"),
        (ServiceError(code="502", status_code=502), "transient"),
        (ServiceError(code="KeyOnHoliday", status_code=429), "throttling"),
        (ServiceError(code="KeyOnHoliday", status_code=400), "final"),
        (errors.ConnectError("refused"), "transient"),
        (errors.ConnectTimeoutError("no connection"), "transient"),
        (errors.ProtocolError("no JSON"), "final"),
        (errors.ParameterError("alias"), "final"),
        (errors.CredentialsError("none"), "final"),
        (errors.ConfigurationError("none"), "final"),
        (errors.ClosedError("closed"), "final"),
        (KMSLiteError("anything"), "final"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_an_answer_and_a_failed_connection_are_judged_alike(
    error: KMSLiteError, kind: str, replay_safe: bool
) -> None:
    """Where the service answered, or nothing was sent, it does not matter whether the call may act twice."""
    assert kind_of(error, replay_safe=replay_safe) == kind


@pytest.mark.parametrize("error", [errors.TimeoutError("too late"), errors.TransportError("reset")])
def test_a_lost_answer_is_asked_for_again_only_where_that_is_safe(error: KMSLiteError) -> None:
    """A call that may have acted is sent again only if acting twice does no harm."""
    assert kind_of(error, replay_safe=True) == "transient"
    assert kind_of(error, replay_safe=False) == "final"
