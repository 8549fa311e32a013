"""Request quotas, as KMS has them: a token bucket for each account, region and operation."""

import threading
from collections.abc import Callable
from math import inf

from ..arguments import is_number
from ..clock import steady_time


class Bucket:
    """A token bucket, full at first: `rate` tokens a second, at most `burst`. Times are seconds of one clock."""

    def __init__(self, rate: float, burst: float, now: float) -> None:
        self._rate = rate
        self._burst = burst
        self._tokens = burst
        self._then = now

    def take(self, now: float) -> bool:
        """Take a token; return False if there is none."""
        passed = max(now - self._then, 0)  # a frozen clock may go back when it is released
        self._tokens = min(self._burst, self._tokens + passed * self._rate)
        self._then = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


class Quotas:
    """The quotas of a server, none at first. Thread-safe; `clock` returns seconds."""

    def __init__(self, clock: Callable[[], float] = steady_time) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._limits: dict[str, tuple[float, float]] = {}
        self._buckets: dict[tuple[str, str, str], Bucket] = {}

    def set(self, operation: str, rate: float | None, burst: float | None = None) -> None:
        """Allow `rate` calls a second, starting with full buckets; None removes the quota. Raises `ValueError`."""
        if rate is not None and not (is_number(rate) and 0 < rate < inf):
            raise ValueError(f"rate={rate!r} is not a rate: pass calls a second, above 0, or None for no quota")
        if burst is not None and not (is_number(burst) and 1 <= burst < inf):
            raise ValueError(f"burst={burst!r} allows no call: pass a number from 1 up")
        with self._lock:
            self._limits.pop(operation, None)
            self._buckets = {key: bucket for key, bucket in self._buckets.items() if key[2] != operation}
            if rate is not None:
                self._limits[operation] = (rate, max(1.0, rate) if burst is None else burst)

    def take(self, account_id: str, region: str, operation: str) -> bool:
        """Return whether the account may make this call in this region now; count it if so."""
        if operation not in self._limits:
            return True
        with self._lock:
            limit = self._limits.get(operation)
            if limit is None:  # removed since
                return True
            now, key = self._clock(), (account_id, region, operation)
            if key not in self._buckets:
                self._buckets[key] = Bucket(*limit, now)
            return self._buckets[key].take(now)
