"""The clocks of the keys and of the server.

Both look the functions of `time` up at each use, so that a test can freeze or move time after this module is
loaded.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_MAX_SKEW = timedelta(days=3653)  # ten years: a larger skew is a mistake, and could leave the range of datetime
# Milliseconds since 1970. Dates on the wire have years of four digits; a skew and the longest rotation period are
# added to the key time.
_END = (datetime(9900, 1, 1, tzinfo=UTC) - _EPOCH) // _MILLISECOND


def real_time() -> float:
    """Return the seconds since 1970."""
    return time.time()


def steady_time() -> float:
    """Return the seconds of a clock that never goes back, from an arbitrary start."""
    return time.monotonic()


def milliseconds(moment: object) -> int:
    """Return whole milliseconds since 1970 UTC; raise `ValueError` unless it is a datetime with a time zone."""
    if not isinstance(moment, datetime):
        raise ValueError(f"{moment!r} is not a datetime: pass an aware datetime, such as datetime.now(UTC)")
    if moment.utcoffset() is None:
        raise ValueError(f"{moment!r} has no time zone: pass an aware datetime, such as datetime.now(UTC)")
    return (moment - _EPOCH) // _MILLISECOND


class KeyClock:
    """The time of the keys: real time, which `advance` moves forward.

    `offsets` are the milliseconds that it was ahead of real time, at first and after each advance.
    """

    def __init__(self, seconds: Callable[[], float] = real_time) -> None:
        self._seconds = seconds
        self.offsets = [0]

    def now(self) -> int:
        """Return the key time, in milliseconds since 1970 UTC."""
        return int(self._seconds() * 1000) + self.offsets[-1]

    def advance(self, delta: timedelta) -> None:
        """Move the key time forward; raise `ValueError` for a negative step and beyond the year 9899."""
        _check_timedelta(delta)
        if delta < timedelta(0):
            raise ValueError(f"the key clock only goes forward: pass a step of 0 or more, not {delta}")
        step = delta // _MILLISECOND
        if self.now() + step >= _END:
            raise ValueError(f"the key clock ends with the year 9899: pass a shorter step than {delta}")
        if step:
            self.offsets.append(self.offsets[-1] + step)


class ServerClock:
    """The server's own time, for the Date header: real time plus the skew, advanced with the keys' clock."""

    def __init__(self, keys: KeyClock, seconds: Callable[[], float] = real_time) -> None:
        self._keys = keys
        self._seconds = seconds
        self._skew = 0.0

    def now(self) -> float:
        """Return the seconds since 1970."""
        return self.unadvanced() + self.advanced_by()

    def unadvanced(self) -> float:
        """Return the seconds since 1970 without any advance: sessions expire by this time."""
        return self._seconds() + self._skew

    def advanced_by(self) -> float:
        """Return the seconds that the clock was advanced by."""
        return self._keys.offsets[-1] / 1000

    def nearest(self, moment: float) -> float:
        """Return the time nearest to the moment, of the present time as it is after each advance so far.

        A client signs by the machine's clock or by an earlier Date header, and each of them is accepted.
        """
        unadvanced = self.unadvanced()
        return min(
            (unadvanced + offset / 1000 for offset in self._keys.offsets), key=lambda now: abs(now - moment)
        )

    def skew(self, delta: timedelta) -> None:
        """Set how far the clock is off; raise `ValueError` beyond ten years."""
        _check_timedelta(delta)
        if abs(delta) > _MAX_SKEW:
            raise ValueError(f"a skew of {delta} is too large: pass ten years at most")
        self._skew = delta.total_seconds()


def checked_delay(delay: timedelta) -> timedelta:
    """Return the delay; raise `ValueError` if it is negative."""
    _check_timedelta(delay)
    if delay < timedelta(0):
        raise ValueError(f"a delay of {delay} is negative: pass one of 0 or more")
    return delay


def _check_timedelta(delta: object) -> None:
    if not isinstance(delta, timedelta):
        raise ValueError(f"{delta!r} is not a timedelta: pass one, such as timedelta(days=30)")
