"""What to do after an attempt failed, how long to wait before the next, and what retries may cost.

The standard mode of 2026. Source: "Retry behavior" in the AWS SDKs and Tools Reference Guide. Pure: the random
number is handed in, and the quota is some lines of state behind a lock.
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

Mode: TypeAlias = Literal["standard", "adaptive"]
Trouble: TypeAlias = Literal["throttling", "transient", "clock"]
"""Why to send again: too many requests, something that may pass, or a clock that has been set right by now."""

_BASE_DELAY = {"throttling": 1.0, "transient": 0.05, "clock": 0.0}
_MAX_DELAY = 20.0
_MAX_ADDED = 5.0
_QUOTA = 500
_COST = {"throttling": 5, "transient": 14, "clock": 14}
_MOST_THROTTLED = 100
"""Throttled answers to one paced call without a timeout: with fifty clients on a quota it meets some twenty."""

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

    The mode "adaptive" does all that "standard" does and, from the first throttled answer on, sends no faster
    than the service seems to allow.
    """

    mode: Mode = field(default="standard", validator=_check_mode)
    max_attempts: int = field(default=3, validator=_check_attempts)


class RetryQuota:
    """What the retries of one client may cost together: a service in trouble is not made to bear them all.

    A retry takes tokens (5 after throttling, 14 after anything else) and is not made where they lack. A call
    that succeeds gives back what its last retry took, and 1 where it had none, up to the 500 there were.
    """

    def __init__(self) -> None:
        self.tokens = _QUOTA
        self.renew()

    def renew(self) -> None:
        """Begin anew in a forked process, where the lock may be held for ever."""
        self._lock = Lock()

    def take(self, cost: int) -> bool:
        """Take so many tokens, or none of them where they lack; say which."""
        with self._lock:
            if self.tokens < cost:
                return False
            self.tokens -= cost
            return True

    def give_back(self, tokens: int) -> None:
        """Give tokens back, as far as they have room."""
        with self._lock:
            self.tokens = min(self.tokens + tokens, _QUOTA)


class Attempts:
    """The attempts of one call: the `number` of the one under way, and the `most` there can be."""

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
        self.most = policy.max_attempts
        self._never_again = policy.max_attempts == 1
        self._throttled = 0
        self._quota = quota
        self._random = random
        self._idempotent = idempotent
        self._paced = paced
        self._retries = 0
        self._taken = 1

    def begin_next(self, error: KMSLiteError, *, clock_was_set: bool, left: float = inf) -> float | None:
        """Begin another attempt: give the seconds to wait before it, None where there is to be none.

        `clock_was_set` says that the error was the clock's fault, and will not be again; `left` is what the
        caller's time allows, in seconds. Only an attempt that is made costs anything.
        """
        kind = "clock" if clock_was_set else categorize(error, idempotent=self._idempotent)
        if kind == "throttling" and self._paced:
            return self._begin_paced(error, left)
        if kind == "final" or self.number >= self.most:
            return None
        asked = error.retry_after if isinstance(error, ServiceError) else None
        wait = delay(kind, self._retries, self._random, asked)
        cost = _COST[kind]
        if wait >= left or not self._quota.take(cost):
            return None
        self._taken = cost
        self._retries += 1
        self.number += 1
        return wait

    def _begin_paced(self, error: KMSLiteError, left: float) -> float | None:
        """Begin another attempt of a call that was throttled although it keeps to a quota.

        Its pace holds it back, and has just been lowered: so it takes nothing from the budget, and what ends it is
        the caller's time; where that is without end, a hundred throttled answers. A policy without retries holds
        here too.
        """
        self._throttled += 1
        gives_up = self._never_again or (left == inf and self._throttled >= _MOST_THROTTLED)
        asked = error.retry_after if isinstance(error, ServiceError) else None
        wait = delay("throttling", 0, self._random, asked)
        if gives_up or wait >= left:
            return None
        self.begin_renewed()
        return wait

    def begin_renewed(self) -> None:
        """Begin another attempt with new credentials, beyond what the policy allows."""
        self.number += 1
        self.most += 1

    def succeeded(self) -> None:
        """Give back what the last retry took."""
        self._quota.give_back(self._taken)


def may_have_executed(error: KMSLiteError) -> bool:
    """Say whether a request that ended so may have been carried out although no answer says it was.

    Surely not where it never left, where the service refused it, or where the error's own documentation says
    that the request was rejected. A 5xx without a code that is known says nothing.
    """
    if type(error) is ServiceError:
        return error.status_code >= 500
    if isinstance(error, ServiceError):
        return error.category == "transient" and not error.rejected
    return isinstance(error, TransportError | ProtocolError) and not isinstance(error, ConnectError)


def categorize(error: KMSLiteError, *, idempotent: bool) -> RetryCategory:
    """Say whether the same request may be sent again after this error, and what kind of trouble it was.

    One that is not safe to send twice is sent again only where the first one surely was not carried out.
    """
    if not idempotent and may_have_executed(error):
        return "final"
    if isinstance(error, ServiceError):
        return error.category
    if isinstance(error, ProtocolError):
        return "transient" if error.mismatched else "final"
    return "transient" if isinstance(error, TransportError) and error.retryable else "final"


def delay(trouble: Trouble, retry: int, random: Callable[[], float], retry_after: float | None = None) -> float:
    """Give the seconds to wait before a retry (0 for the first): full jitter below a doubling ceiling.

    The ceiling starts at 1 s after throttling and at 50 ms after anything else, and ends at 20 s; it is
    applied before the jitter. The service may ask for a longer wait, of up to 5 s more.
    """
    ceiling: float = min(_BASE_DELAY[trouble] * 2 ** min(retry, 16), _MAX_DELAY)
    wait = random() * ceiling
    return wait if retry_after is None else min(max(wait, retry_after), wait + _MAX_ADDED)


def read_retry_after(headers: Mapping[str, str]) -> float | None:
    """Give the seconds that an answer asks to wait, from headers in lower case; None for no whole milliseconds."""
    text = headers.get("x-amz-retry-after", "")
    return float(text) / 1000 if text.isascii() and text.isdecimal() else None
