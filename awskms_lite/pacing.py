"""How fast to send: a rate for each operation whose quota is known, which learns what is left of it.

KMS counts the calls of everybody in an account and region together, so our share is never known beforehand.
Pure: times are handed in, in seconds by any clock, and each rate is some lines of state behind a lock.
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
        "ListAliases": 500.0,
        "ListGrants": 100.0,
        "ListKeys": 500.0,
        "ListResourceTags": 2000.0,
        "ScheduleKeyDeletion": 15.0,
    }
)
"""Calls a second for an account and region ("Request quotas" in the AWS KMS Developer Guide, 2026)."""

OPERATIONS = frozenset(
    {
        *QUOTAS,
        "ConnectCustomKeyStore", "CreateAlias", "CreateCustomKeyStore", "CreateGrant", "CreateKey",
        "Decapsulate", "Decrypt", "DeleteAlias", "DeleteCustomKeyStore", "DeleteImportedKeyMaterial",
        "DeriveSharedSecret", "DescribeCustomKeyStores", "DisableKeyRotation", "DisconnectCustomKeyStore",
        "EnableKeyRotation", "Encapsulate", "Encrypt", "GenerateDataKey", "GenerateDataKeyPair",
        "GenerateDataKeyPairWithoutPlaintext", "GenerateDataKeyWithoutPlaintext", "GenerateMac",
        "GenerateRandom", "GetParametersForImport", "GetPublicKey", "ImportKeyMaterial", "ListKeyPolicies",
        "ListKeyRotations", "ListRetirableGrants", "PutKeyPolicy", "ReEncrypt", "ReplicateKey",
        "RetireGrant", "RevokeGrant", "RotateKeyOnDemand", "Sign", "TagResource", "UntagResource",
        "UpdateAlias", "UpdateCustomKeyStore", "UpdateKeyDescription", "UpdatePrimaryRegion", "Verify",
        "VerifyMac",
    }
)  # fmt: skip
"""The operations of KMS, which alone can be paced; a name that is none of them would be the rate of nothing."""

_ON_TIME = 1e-6
_FAR_BACK = 4
_LONGEST_NAP = 50
_SET_BACK = 1.0


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
    """Return what to say of a name that no operation has: the one that was probably meant, else some others."""
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
        raise ConfigurationError(f"burst is {burst!r}: pass how many calls may go out at once, 1 or more.")


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)


@frozen
class Pacing:
    """How fast a client sends: `rates` in calls a second by operation, in place of KMS's own quotas (`QUOTAS`).

    So `Pacing()` asks GetKeyLastUsage 5 times a second. Names are KMS's, to the letter; operations that neither
    names are not paced. After a pause `burst` calls may go out at once. How long a call waits for its turn is
    bounded by its `timeout` alone.
    """

    rates: Mapping[str, float] | None = field(default=None, validator=_check_rates)
    burst: float = field(default=1, validator=_check_burst)


class TokenBucket:
    """Turns at a rate, first come, first served; `burst` of them are saved up while nobody comes.

    A turn is a number, and its time has come once so many were released. So a change of the rate moves every
    turn that is still to come. One that is given back is passed over: those behind it move up, those before it
    come no sooner.
    """

    def __init__(self, rate: float, burst: float) -> None:
        self.rate = rate
        self._burst = burst
        self.released = 0.0
        self._given = 0
        self._unused: list[int] = []
        self._at = -inf

    def take(self, now: float, *, room: int = 0) -> int:
        """Give the next turn, or one further back, so that so many before it stay unused."""
        self._release(now)
        self._given += 1 + room
        return self._given

    def wait(self, turn: int, now: float, deadline: float = inf) -> float:
        """Give the seconds after which to ask again, 0 once the turn has come.

        Who is far back asks again half way, or after fifty turns: the rate may have grown, and a turn that comes
        late would meet those that are on time, and be one too many. Raises `TimeoutError` where the turn, at
        the rate of now, does not come before the deadline.
        """
        self._release(now)
        ahead = max(turn - self.released - bisect_left(self._unused, turn), 0.0)
        seconds = ahead / self.rate
        if seconds <= _ON_TIME:
            return 0.0
        if now + seconds >= deadline:
            raise TimeoutError(
                f"The turn to send it would come in {seconds:.1f} s, after the end of its timeout. Allow a longer "
                "one, or ask for less at a time."
            )
        return seconds if ahead <= _FAR_BACK else min(ahead / 2, _LONGEST_NAP) / self.rate

    def backlog(self, now: float) -> float:
        """Give the seconds until a turn that is taken now would come."""
        self._release(now)
        return max(self._given + 1 - self.released - len(self._unused), 0.0) / self.rate

    def give_back(self, turn: int) -> None:
        """Take back a turn that was not used."""
        insort(self._unused, turn)

    def change(self, rate: float, burst: float, now: float) -> None:
        """Go on at another rate."""
        self._release(now)
        self.rate, self._burst = rate, burst

    def forget_saved(self) -> None:
        """Let go what was saved up: it is not there any more."""
        self.released = min(self.released, self._given)

    def _release(self, now: float) -> None:
        if now > self._at:
            self.released += (now - self._at) * self.rate
            self._at = now
        elif now < self._at - _SET_BACK:  # by less it is a thread that read the clock before another one did
            self._at = now
        while self._unused and self._unused[0] <= self.released:
            del self._unused[0]
            self.released += 1
        self.released = min(self.released, self._given + self._burst)


class Pace:
    """How fast calls go out, from what became of those before; the callers of one client share it."""

    knows_the_quota = False
    """Whether it holds a call back for as long as it takes, so that a throttled one waits for its next turn."""
    _ROOM = 0

    def __init__(self, bucket: TokenBucket) -> None:
        self._bucket = bucket
        self.throttled = 0
        self.renew()

    @property
    def rate(self) -> float:
        """How many calls a second go out at present."""
        return self._bucket.rate

    def renew(self) -> None:
        """Begin anew in a forked process, where the lock may be held for ever."""
        self._lock = Lock()

    def take(self, now: float, *, again: bool = False) -> int:
        """Take a turn; `again` says that it is to send a throttled request once more."""
        with self._lock:
            return self._bucket.take(now, room=self._ROOM if again else 0)

    def backlog(self, now: float) -> float:
        """Give the seconds until a turn that is taken now would come."""
        with self._lock:
            return self._bucket.backlog(now)

    def wait(self, turn: int, now: float, deadline: float = inf) -> float:
        """Give the seconds after which to ask again, 0 once the turn has come.

        Raises `TimeoutError` where that would be after the deadline.
        """
        with self._lock:
            return self._bucket.wait(turn, now, deadline)

    def give_back(self, turn: int) -> None:
        """Give back a turn that was not used."""
        with self._lock:
            self._bucket.give_back(turn)

    def learn(self, turn: int, *, throttled: bool, now: float) -> None:
        """Take in what became of the request that was sent in a turn; `throttled` counts the throttled ones."""
        with self._lock:
            self.throttled += throttled
            self._learn(turn, throttled, now)

    def _learn(self, turn: int, throttled: bool, now: float) -> None:
        raise NotImplementedError


class QuotaPace(Pace):
    """A pace that begins at a known quota, gives way where others use the same one, and grows back.

    A throttled answer lowers the rate to 0.7 of what it was, once for all the requests that were under way;
    each success raises it by a hundredth, and by a five-hundredth of the quota at least, up to the quota. So about
    one request in forty probes for more where there is none, or one in four where fifty clients share the quota.
    A throttled request that goes again leaves the turn before its own unused, so as to find room.
    """

    knows_the_quota = True
    _ROOM = 1
    _LOWERED = 0.7
    _RAISED = 1.01
    _RAISED_AT_LEAST = 0.002  # of the quota: or the little that each of many has would take long to grow back
    _LEAST = 0.01  # of the quota: a hundred clients can share it without throttling each other for ever

    def __init__(self, quota: float, burst: float) -> None:
        super().__init__(TokenBucket(quota, burst))
        self._quota = quota
        self._burst = burst
        self._under_way = 0.0

    def _learn(self, turn: int, throttled: bool, now: float) -> None:
        rate = self._bucket.rate
        if not throttled:
            if rate < self._quota:
                raised = max(rate * self._RAISED, rate + self._quota * self._RAISED_AT_LEAST)
                self._bucket.change(min(raised, self._quota), self._burst, now)
        elif turn > self._under_way:
            self._bucket.change(max(rate * self._LOWERED, self._quota * self._LEAST), self._burst, now)
            self._bucket.forget_saved()
            self._under_way = self._bucket.released


class AdaptivePace(Pace):
    """The pace of the adaptive retry mode: none until the first throttled answer, then as fast as it seems to go.

    The rate falls to 0.7 of what was measured or allowed, whichever is less, grows back along a cubic curve, and
    never passes twice what is measured. Source: "Adaptive retry mode" in the AWS SDKs and Tools Reference Guide.
    """

    _LOWERED = 0.7
    _SCALE = 0.4
    _LEAST = 0.5
    _PERIOD = 0.5
    _SMOOTHING = 0.8

    def __init__(self) -> None:
        super().__init__(TokenBucket(inf, inf))
        self._period: int | None = None
        self._answers = 0
        self._measured = 0.0
        self._lowered_at = -inf
        self._rate_then = 0.0

    def _learn(self, turn: int, throttled: bool, now: float) -> None:  # noqa: ARG002 - all count alike
        self._measure(now)
        rate = self._bucket.rate
        if throttled:
            self._rate_then, self._lowered_at = min(rate, self._measured), now
            self._set(self._rate_then * self._LOWERED, now)
            self._bucket.forget_saved()
        elif rate < inf:
            back = (self._rate_then * (1 - self._LOWERED) / self._SCALE) ** (1 / 3)
            since = max(now - self._lowered_at, 0.0)  # the clock may have been set back
            grown = self._SCALE * (since - back) ** 3 + self._rate_then
            self._set(min(grown, 2 * self._measured), now)

    def _set(self, rate: float, now: float) -> None:
        rate = max(rate, self._LEAST)
        self._bucket.change(rate, max(rate, 1.0), now)

    def _measure(self, now: float) -> None:
        """Count answers by half seconds, and smooth what they come to a second."""
        self._answers += 1
        period = floor(now / self._PERIOD)
        if self._period is None or period < self._period - 1:  # the first one, or the clock was set back
            self._period = period
        if period > self._period:
            latest = self._answers / ((period - self._period) * self._PERIOD)
            self._measured = latest * self._SMOOTHING + self._measured * (1 - self._SMOOTHING)
            self._answers, self._period = 0, period


class Paces:
    """The paces of one client: one for each operation with a quota, and one for all in the adaptive mode."""

    def __init__(self, pacing: Pacing | None, *, adaptive: bool) -> None:
        rates = {} if pacing is None else {**QUOTAS, **(pacing.rates or {})}
        shared = (AdaptivePace(),) if adaptive else ()
        burst = 1 if pacing is None else pacing.burst
        self._of = {name: (QuotaPace(rate, burst), *shared) for name, rate in rates.items()}
        self._shared = shared

    def of(self, operation: str) -> tuple[Pace, ...]:
        """Give the paces that calls of an operation keep to; none by default."""
        return self._of.get(operation, self._shared)

    def renew(self) -> None:
        """Begin anew in a forked process."""
        for paces in (*self._of.values(), self._shared):
            for pace in paces:
                pace.renew()
