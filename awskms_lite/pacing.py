"""How fast to send: a rate limiter for each operation whose quota is known, which adapts to what is left of it.

KMS counts the calls of all callers in an account and region together, so our share is never known beforehand.
Pure: times are passed in, in seconds by any clock, and each limiter is a few lines of state behind a lock.
"""

from bisect import bisect_left, insort
from collections.abc import Mapping
from math import floor, inf, isfinite
from threading import Lock
from types import MappingProxyType
from typing import Any, TypeGuard

from attrs import field, frozen

from .errors import ConfigurationError, TimeoutError
from .loading import loading

QUOTAS: Mapping[str, float] = MappingProxyType(
    {
        "CancelKeyDeletion": 5.0,
        "DescribeKey": 2000.0,
        "DisableKey": 5.0,
        "EnableKey": 5.0,
        "GetKeyLastUsage": 5.0,
        "GetKeyPolicy": 1000.0,
        "GetKeyRotationStatus": 1000.0,
        "ListAccounts": 8.0,
        "ListAliases": 500.0,
        "ListGrants": 100.0,
        "ListKeyRotations": 100.0,
        "ListKeys": 500.0,
        "ListResourceTags": 2000.0,
        "LookupEvents": 2.0,
        "ScheduleKeyDeletion": 15.0,
    }
)
"""Calls a second for an account and region.

Sources: "Request quotas" in the AWS KMS Developer Guide; the quotas of AWS CloudTrail and of AWS Organizations in
their User Guides (2026). That of ListAccounts is for an account, whatever the region.
"""

OPERATIONS = frozenset(
    {
        *QUOTAS,
        "ConnectCustomKeyStore", "CreateAlias", "CreateCustomKeyStore", "CreateGrant", "CreateKey",
        "Decapsulate", "Decrypt", "DeleteAlias", "DeleteCustomKeyStore", "DeleteImportedKeyMaterial",
        "DeriveSharedSecret", "DescribeCustomKeyStores", "DisableKeyRotation", "DisconnectCustomKeyStore",
        "EnableKeyRotation", "Encapsulate", "Encrypt", "GenerateDataKey", "GenerateDataKeyPair",
        "GenerateDataKeyPairWithoutPlaintext", "GenerateDataKeyWithoutPlaintext", "GenerateMac",
        "GenerateRandom", "GetParametersForImport", "GetPublicKey", "ImportKeyMaterial", "ListKeyPolicies",
        "ListRetirableGrants", "PutKeyPolicy", "ReEncrypt", "ReplicateKey",
        "RetireGrant", "RevokeGrant", "RotateKeyOnDemand", "Sign", "TagResource", "UntagResource",
        "UpdateAlias", "UpdateCustomKeyStore", "UpdateKeyDescription", "UpdatePrimaryRegion", "Verify",
        "VerifyMac",
    }
)  # fmt: skip
"""The operations of the clients: a rate for any other name is a mistake, because it would limit nothing."""

_ON_TIME = 1e-6
"""Seconds: a slot that opens within a microsecond is open, or rounding would cause one more sleep."""
_NEAR = 4
"""Slots: whoever has at most so many in front of it sleeps until its own, without looking in between."""
_LONGEST_NAP = 50
"""Slots: whoever is further back looks again after at most so many, since the rate may have changed."""
_CLOCK_SET_BACK = 1.0
"""Seconds: a time that is earlier by less was read by another thread just before; by more, the clock was set."""


def _check_rates(_: object, __: object, rates: Mapping[Any, Any] | None) -> None:
    if not isinstance(rates, Mapping | None):
        raise ConfigurationError(f"rates must be a mapping of operations to calls a second, not {rates!r}.")
    for name, rate in (rates or {}).items():
        if not isinstance(name, str) or not _is_number(rate) or rate <= 0:
            raise ConfigurationError(
                f"The rate of {name!r} is {rate!r}: name an operation as KMS does (GetKeyLastUsage), with calls a "
                "second above 0."
            )
        if name not in OPERATIONS:
            raise ConfigurationError(_unknown_operation(name))


def _unknown_operation(name: str) -> str:
    """Return the error text for a name that no operation has, with the one that was probably meant."""
    with loading:
        from difflib import get_close_matches  # for a mistake only

    folded = {known.lower(): known for known in sorted(OPERATIONS)}
    if name.lower() in folded:
        return f"KMS writes {name!r} in other capitals: {folded[name.lower()]}."
    close = get_close_matches(name.lower(), folded, n=1)
    meant = f"did you mean {folded[close[0]]}?" if close else f"name one as KMS does, such as {', '.join(QUOTAS)}."
    return f"KMS has no operation {name!r}: {meant}"


def _check_burst(_: object, __: object, burst: object) -> None:
    if not _is_number(burst) or burst < 1:
        raise ConfigurationError(
            f"burst is {burst!r}: pass the number of calls that may be sent at once, 1 or more."
        )


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)


@frozen
class Pacing:
    """How fast a client sends: `rates` in calls a second by operation, in place of AWS's own quotas (`QUOTAS`).

    So `Pacing()` sends GetKeyLastUsage 5 times a second. Names are AWS's, to the letter; operations that are in
    neither mapping are not paced. After a pause `burst` calls may be sent at once. Only its `timeout` bounds how
    long a call waits to be sent.
    """

    rates: Mapping[str, float] | None = field(default=None, validator=_check_rates)
    burst: float = field(default=1, validator=_check_burst)


class TokenBucket:
    """Slots to send in, at a rate, first come, first served; up to `burst` unused ones are saved up.

    A slot is a number, and it is open once that many were opened. So a change of the rate moves every slot that is
    still to come. One that is cancelled is skipped: those behind it move up, and those before it come no sooner.
    """

    def __init__(self, rate: float, burst: float) -> None:
        self.rate = rate
        self._burst = burst
        self.opened = 0.0
        self._reserved = 0
        self._cancelled: list[int] = []
        self._updated_at = -inf

    def reserve(self, now: float, *, gap: int = 0) -> int:
        """Return the next slot, or with a `gap` one further back: the slots between stay unused."""
        self._update(now)
        self._reserved += 1 + gap
        return self._reserved

    def wait(self, slot: int, now: float, deadline: float = inf) -> float:
        """Return the seconds after which to ask again, 0 once the slot is open.

        A caller who is far back asks again half way, or after fifty slots: the rate may have grown, and one who
        sends late collides with those on time. Raises `TimeoutError` if the slot, at the present rate, does not
        open before the deadline.
        """
        self._update(now)
        ahead = max(slot - self.opened - bisect_left(self._cancelled, slot), 0.0)
        seconds = ahead / self.rate
        if seconds <= _ON_TIME:
            return 0.0
        if now + seconds >= deadline:
            raise TimeoutError(
                f"The client's rate limit delays this request by {seconds:.1f} s, beyond its timeout. "
                "Allow a longer timeout, or make fewer calls at a time."
            )
        return seconds if ahead <= _NEAR else min(ahead / 2, _LONGEST_NAP) / self.rate

    def queue_delay(self, now: float) -> float:
        """Return the seconds until a slot that is reserved now would open."""
        self._update(now)
        return max(self._reserved + 1 - self.opened - len(self._cancelled), 0.0) / self.rate

    def cancel(self, slot: int) -> None:
        """Take back a slot that was not used."""
        insort(self._cancelled, slot)

    def set_rate(self, rate: float, burst: float, now: float) -> None:
        """Go on at another rate."""
        self._update(now)
        self.rate, self._burst = rate, burst

    def discard_saved(self) -> None:
        """Discard the slots that were saved up: the service has shown that they are not to be had."""
        self.opened = min(self.opened, self._reserved)

    def _update(self, now: float) -> None:
        """Open the slots whose time has come by now."""
        if now > self._updated_at:
            self.opened += (now - self._updated_at) * self.rate
            self._updated_at = now
        elif now < self._updated_at - _CLOCK_SET_BACK:
            self._updated_at = now
        while self._cancelled and self._cancelled[0] <= self.opened:
            del self._cancelled[0]
            self.opened += 1
        self.opened = min(self.opened, self._reserved + self._burst)


class RateLimiter:
    """How fast requests are sent, given the outcome of those before; all callers of one client share it."""

    follows_quota = False
    """Whether it delays a call for as long as it takes, so that a throttled one just waits for its next slot."""
    _RETRY_GAP = 0
    """Slots that a request leaves unused in front of it when it is sent again after throttling."""

    def __init__(self, bucket: TokenBucket) -> None:
        self._bucket = bucket
        self.throttled = 0
        self.renew()

    @property
    def rate(self) -> float:
        """The calls a second that are sent at present."""
        return self._bucket.rate

    def renew(self) -> None:
        """Replace the lock in a forked process, where it may be held for ever."""
        self._lock = Lock()

    def reserve(self, now: float, *, retry: bool = False) -> int:
        """Reserve a slot; `retry` means that it is for a request that was throttled before."""
        with self._lock:
            return self._bucket.reserve(now, gap=self._RETRY_GAP if retry else 0)

    def queue_delay(self, now: float) -> float:
        """Return the seconds until a slot that is reserved now would open."""
        with self._lock:
            return self._bucket.queue_delay(now)

    def wait(self, slot: int, now: float, deadline: float = inf) -> float:
        """Return the seconds after which to ask again, 0 once the slot is open.

        Raises `TimeoutError` if it would open after the deadline.
        """
        with self._lock:
            return self._bucket.wait(slot, now, deadline)

    def cancel(self, slot: int) -> None:
        """Take back a slot that was not used."""
        with self._lock:
            self._bucket.cancel(slot)

    def record_outcome(self, slot: int, *, throttled: bool, now: float) -> None:
        """Adapt the rate to the outcome of the request that was sent in a slot; `self.throttled` counts."""
        with self._lock:
            self.throttled += throttled
            self._adapt(slot, throttled, now)

    def _adapt(self, slot: int, throttled: bool, now: float) -> None:
        raise NotImplementedError


class QuotaLimiter(RateLimiter):
    """Starts at a known quota, sends less while other callers use the same quota, and grows back.

    A throttled answer lowers the rate to 0.7 of what it was, once for all the requests that were on their way;
    each success raises it by a hundredth, and by a five-hundredth of the quota at least, up to the quota. So about
    one request in forty probes for more where there is none, or one in four where fifty clients share the quota.
    A throttled request that is sent again leaves the slot before its own unused, which frees room.
    """

    follows_quota = True
    _RETRY_GAP = 1
    _DECREASE = 0.7  # of the rate
    _INCREASE = 1.01  # of the rate
    _LEAST_INCREASE = 0.002  # of the quota: a client with a small share of it would take long to grow back
    _LEAST_RATE = 0.01  # of the quota: a hundred clients can share it without throttling each other for ever

    def __init__(self, quota: float, burst: float) -> None:
        super().__init__(TokenBucket(quota, burst))
        self._quota = quota
        self._burst = burst
        self._opened_at_decrease = 0.0

    def _adapt(self, slot: int, throttled: bool, now: float) -> None:
        rate = self._bucket.rate
        if not throttled:
            if rate < self._quota:
                raised = max(rate * self._INCREASE, rate + self._quota * self._LEAST_INCREASE)
                self._bucket.set_rate(min(raised, self._quota), self._burst, now)
        elif slot > self._opened_at_decrease:  # sent after the last decrease, so the lower rate is still too high
            self._bucket.set_rate(max(rate * self._DECREASE, self._quota * self._LEAST_RATE), self._burst, now)
            self._bucket.discard_saved()
            self._opened_at_decrease = self._bucket.opened


class AdaptiveLimiter(RateLimiter):
    """The adaptive retry mode: no limit until the first throttled answer, then as fast as the service allows.

    The rate falls to 0.7 of what was measured or allowed, whichever is less, grows back along a cubic curve, and
    never passes twice what is measured. Source: "Adaptive retry mode" in the AWS SDKs and Tools Reference Guide.
    """

    _DECREASE = 0.7  # of the rate
    _CURVE = 0.4  # calls a second, for each cubed second: how steeply the rate grows back
    _LEAST_RATE = 0.5  # calls a second
    _PERIOD = 0.5  # seconds over which answers are counted
    _SMOOTHING = 0.8  # weight of the latest period in the measured rate

    def __init__(self) -> None:
        super().__init__(TokenBucket(inf, inf))
        self._period: int | None = None
        self._answers = 0
        self._measured = 0.0
        self._decreased_at = -inf
        self._rate_before = 0.0

    def _adapt(self, slot: int, throttled: bool, now: float) -> None:  # noqa: ARG002 - all slots count alike
        self._measure(now)
        rate = self._bucket.rate
        if throttled:
            self._rate_before, self._decreased_at = min(rate, self._measured), now
            self._set_rate(self._rate_before * self._DECREASE, now)
            self._bucket.discard_saved()
        elif rate < inf:
            recovery = (self._rate_before * (1 - self._DECREASE) / self._CURVE) ** (1 / 3)
            elapsed = max(now - self._decreased_at, 0.0)  # the clock may have been set back
            grown = self._CURVE * (elapsed - recovery) ** 3 + self._rate_before
            self._set_rate(min(grown, 2 * self._measured), now)

    def _set_rate(self, rate: float, now: float) -> None:
        rate = max(rate, self._LEAST_RATE)
        self._bucket.set_rate(rate, max(rate, 1.0), now)

    def _measure(self, now: float) -> None:
        """Count answers by half seconds, and smooth the rate that they make."""
        self._answers += 1
        period = floor(now / self._PERIOD)
        if self._period is None or period < self._period - 1:  # the first one, or the clock was set back
            self._period = period
        if period > self._period:
            latest = self._answers / ((period - self._period) * self._PERIOD)
            self._measured = latest * self._SMOOTHING + self._measured * (1 - self._SMOOTHING)
            self._answers, self._period = 0, period


class RateLimiters:
    """The limiters of one client: one for each operation with a quota, and one for all in the adaptive mode."""

    def __init__(self, pacing: Pacing | None, *, adaptive: bool) -> None:
        rates = {} if pacing is None else {**QUOTAS, **(pacing.rates or {})}
        shared = (AdaptiveLimiter(),) if adaptive else ()
        burst = 1 if pacing is None else pacing.burst
        self._by_operation = {name: (QuotaLimiter(rate, burst), *shared) for name, rate in rates.items()}
        self._shared = shared

    def for_operation(self, name: str) -> tuple[RateLimiter, ...]:
        """Return the limiters that calls of an operation wait for; none by default."""
        return self._by_operation.get(name, self._shared)

    def renew(self) -> None:
        """Replace all locks in a forked process."""
        for limiters in (*self._by_operation.values(), self._shared):
            for limiter in limiters:
                limiter.renew()
