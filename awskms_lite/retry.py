"""What to do after an attempt failed, how long to wait before the next, and what retries may cost.

The standard mode of 2026. Source: "Retry behavior" in the AWS SDKs and Tools Reference Guide. Pure: the random
number is passed in, and the quota is a few lines of state behind a lock.
"""

from collections.abc import Callable, Mapping
from math import inf
from threading import Lock
from typing import Literal, TypeAlias

from attrs import field, frozen

from .errors import (
    ConfigurationError,
    ConnectError,
    KMSLiteError,
    ProtocolError,
    RetryCategory,
    ServiceError,
    TransportError,
)
from .steps import Flow, Request, Response, send, sleep

Mode: TypeAlias = Literal["standard", "adaptive"]
Outcome: TypeAlias = Response | TransportError | ProtocolError
"""What came of one attempt: a response, or why there is none."""

_BASE_DELAY: Mapping[RetryCategory, float] = {"throttling": 1.0, "transient": 0.05, "clock_skew": 0.0}
"""Seconds: the ceiling of the first wait, which doubles with each retry."""
_MAX_DELAY = 20.0
"""Seconds: the highest ceiling."""
_MAX_ADDED = 5.0
"""Seconds that the service's Retry-After may add to our own wait."""
_QUOTA = 500
"""Tokens that a client may spend on retries before calls succeed again."""
_COST: Mapping[RetryCategory, int] = {"throttling": 5, "transient": 14, "clock_skew": 14}
"""Tokens for a retry."""
_MAX_THROTTLED = 100
"""Throttled answers to one paced call without a timeout; fifty clients on one quota meet some twenty a call."""

_MODES = ("standard", "adaptive")


def _check_mode(_: object, __: object, mode: object) -> None:
    if mode not in _MODES:
        raise ConfigurationError(f"{mode!r} is not a retry mode: pass 'standard' or 'adaptive'.")


def _check_attempts(_: object, __: object, attempts: object) -> None:
    if not isinstance(attempts, int) or isinstance(attempts, bool) or attempts < 1:
        raise ConfigurationError(
            f"max_attempts is {attempts!r}: pass a whole number, 1 for no retry or more (3 by default)."
        )


@frozen
class RetryPolicy:
    """How often a call is sent: `max_attempts` in all, the first one included; 1 means no retry.

    The mode "adaptive" does all that "standard" does and, from the first throttled answer on, limits its rate to
    what the service seems to allow.
    """

    mode: Mode = field(default="standard", validator=_check_mode)
    max_attempts: int = field(default=3, validator=_check_attempts)


class RetryQuota:
    """A budget for the retries of one client, so that they do not overload a service in trouble.

    A retry takes tokens (5 after throttling, 14 after anything else) and is not made if there are too few. A call
    that succeeds releases what its last retry took, or 1 if it had none, up to the initial 500.
    """

    def __init__(self) -> None:
        self.tokens = _QUOTA
        self.renew()

    def renew(self) -> None:
        """Replace the lock in a forked process, where it may be held for ever."""
        self._lock = Lock()

    def take(self, cost: int) -> bool:
        """Take so many tokens, or none if there are too few; return whether they were taken."""
        with self._lock:
            if self.tokens < cost:
                return False
            self.tokens -= cost
            return True

    def release(self, tokens: int) -> None:
        """Return tokens, up to the initial number."""
        with self._lock:
            self.tokens = min(self.tokens + tokens, _QUOTA)


class Attempts:
    """The attempts of one call: the `number` of the present one, and the `max_attempts` there can be."""

    def __init__(
        self,
        policy: RetryPolicy,
        quota: RetryQuota,
        random: Callable[[], float],
        *,
        idempotent: bool,
        paced: bool = False,
    ) -> None:
        self.number = 1
        self.max_attempts = policy.max_attempts
        self._never_again = policy.max_attempts == 1
        self._throttled = 0
        self._quota = quota
        self._random = random
        self._idempotent = idempotent
        self._paced = paced
        self._retries = 0
        self._taken = 1

    def begin_next(self, error: KMSLiteError, *, clock_corrected: bool, left: float = inf) -> float | None:
        """Begin another attempt: return the seconds to wait before it, None if there is to be none.

        `clock_corrected` says that the error came of our clock, which is right by now; `left` is what the caller's
        timeout leaves, in seconds. Only an attempt that is made costs tokens.
        """
        category = "clock_skew" if clock_corrected else categorize(error, idempotent=self._idempotent)
        if category == "throttling" and self._paced:
            return self._begin_paced(error, left)
        if category == "final" or self.number >= self.max_attempts:
            return None
        asked = error.retry_after if isinstance(error, ServiceError) else None
        wait = delay(category, self._retries, self._random, asked)
        cost = _COST[category]
        if wait >= left or not self._quota.take(cost):
            return None
        self._taken = cost
        self._retries += 1
        self.number += 1
        return wait

    def _begin_paced(self, error: KMSLiteError, left: float) -> float | None:
        """Begin another attempt of a call that was throttled although its rate is limited to a quota.

        The rate limiter, just lowered, delays it: so it takes no tokens, and only the caller's timeout ends it, or
        a hundred throttled answers if there is none. A policy without retries applies here too.
        """
        self._throttled += 1
        gives_up = self._never_again or (left == inf and self._throttled >= _MAX_THROTTLED)
        asked = error.retry_after if isinstance(error, ServiceError) else None
        wait = delay("throttling", 0, self._random, asked)
        if gives_up or wait >= left:
            return None
        self.begin_renewed()
        return wait

    def begin_renewed(self) -> None:
        """Begin another attempt beyond what the policy allows."""
        self.number += 1
        self.max_attempts += 1

    def succeeded(self) -> None:
        """Release what the last retry took."""
        self._quota.release(self._taken)


def may_have_executed(error: KMSLiteError) -> bool:
    """Return whether a request that ended in this error may have been executed all the same.

    It was not if it never left, if the service refused it, or if the error's documentation says that the request
    was rejected. A 5xx without a known code leaves it open.
    """
    if type(error) is ServiceError:
        return error.status_code >= 500
    if isinstance(error, ServiceError):
        return error.category == "transient" and not error.rejected
    return isinstance(error, TransportError | ProtocolError) and not isinstance(error, ConnectError)


def categorize(error: KMSLiteError, *, idempotent: bool) -> RetryCategory:
    """Return why the same request may be sent again after this error, or "final".

    A request that is not idempotent is sent again only if the first one was surely not executed.
    """
    if not idempotent and may_have_executed(error):
        return "final"
    if isinstance(error, ServiceError):
        return error.category
    if isinstance(error, ProtocolError):
        return "transient" if error.mismatched else "final"
    return "transient" if isinstance(error, TransportError) and error.retryable else "final"


def delay(
    category: RetryCategory, retry: int, random: Callable[[], float], retry_after: float | None = None
) -> float:
    """Return the seconds to wait before a retry (0 for the first): full jitter below a doubling ceiling.

    The ceiling starts at 1 s after throttling and at 50 ms after anything else, and ends at 20 s; it is
    applied before the jitter. The service may ask for a longer wait, of up to 5 s more.
    """
    ceiling: float = min(_BASE_DELAY[category] * 2 ** min(retry, 16), _MAX_DELAY)
    wait = random() * ceiling
    return wait if retry_after is None else min(max(wait, retry_after), wait + _MAX_ADDED)


def send_until_final(
    prepare: Callable[[], Request],
    wait_after: Callable[[Outcome], float | None],
    *,
    timeout: float | None = None,
    direct: bool = False,
) -> Flow[Response]:
    """Send a request until what came of it is final; each attempt sends what `prepare` returns.

    `wait_after` returns the seconds to wait before the next attempt, None if there is to be none: then the
    response is returned, or the error raised. `timeout` (seconds) bounds each attempt.
    """
    while True:
        try:
            response = yield from send(prepare(), timeout, direct=direct)
        except (TransportError, ProtocolError) as error:
            wait = wait_after(error)
            if wait is None:
                raise
        else:
            wait = wait_after(response)
            if wait is None:
                return response
        if wait:
            yield from sleep(wait)


def read_retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that an answer asks to wait, None if it names no whole milliseconds.

    Header names are in lower case.
    """
    text = headers.get("x-amz-retry-after", "")
    return float(text) / 1000 if text.isascii() and text.isdecimal() else None
