"""What time it is: for the keys, and for the server that holds them.

Neither is bound to the functions of `time` when this module is loaded: a test that freezes time, or moves it, may
do so afterwards.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_MAX_SKEW = timedelta(days=3653)  # ten years: beyond it a skew is a mistake
# The years of AWS's dates have four digits; a skew and the longest period come on top of this.
_END = (datetime(9900, 1, 1, tzinfo=UTC) - _EPOCH) // _MILLISECOND


def real_time() -> float:
    """Return the seconds since 1970."""
    return time.time()


def steady_time() -> float:
    """Return the seconds of a clock that nobody sets."""
    return time.monotonic()


def milliseconds(moment: object) -> int:
    """Return whole milliseconds since 1970 UTC; raise `ValueError` for all but a datetime with a time zone."""
    if not isinstance(moment, datetime):
        raise ValueError(f"{moment!r} is not a moment: pass an aware datetime, such as datetime.now(UTC)")
    if moment.utcoffset() is None:
        raise ValueError(f"{moment!r} has no time zone: pass an aware datetime, as datetime.now(UTC) gives")
    return (moment - _EPOCH) // _MILLISECOND


class KeyClock:
    """The time of the keys: real time, moved on step by step. `steps` are the milliseconds it was ever ahead."""

    def __init__(self, seconds: Callable[[], float] = real_time) -> None:
        self._seconds = seconds
        self.steps = [0]

    def now(self) -> int:
        """Return the key time, in milliseconds since 1970 UTC."""
        return int(self._seconds() * 1000) + self.steps[-1]

    def advance(self, delta: timedelta) -> None:
        """Move the key time on; raise `ValueError` for a step back, and beyond the year 9899."""
        _check_timedelta(delta)
        if delta < timedelta(0):
            raise ValueError(f"the key clock only goes forward: pass a step of 0 or more, not {delta}")
        step = delta // _MILLISECOND
        if self.now() + step >= _END:
            raise ValueError(f"the key clock ends with the year 9899: pass a shorter step than {delta}")
        if step:
            self.steps.append(self.steps[-1] + step)


class ServerClock:
    """The server's own time: real time, off by the skew, and moved on with the keys. It dates the answers."""

    def __init__(self, keys: KeyClock, seconds: Callable[[], float] = real_time) -> None:
        self._keys = keys
        self._seconds = seconds
        self._skew = 0.0

    def now(self) -> float:
        """Return the seconds since 1970."""
        return self.unmoved() + self.ahead()

    def unmoved(self) -> float:
        """Return the seconds since 1970 had nobody moved the clock on: what sessions last by."""
        return self._seconds() + self._skew

    def ahead(self) -> float:
        """Return the seconds that the clock was moved on."""
        return self._keys.steps[-1] / 1000

    def nearest(self, moment: float) -> float:
        """Return the time by that one of its steps which comes nearest to the moment.

        A client may go by its own clock, or by a time that it was told earlier: to sign by any of them is right.
        """
        unmoved = self.unmoved()
        return min((unmoved + step / 1000 for step in self._keys.steps), key=lambda now: abs(now - moment))

    def skew(self, delta: timedelta) -> None:
        """Set how far the clock is off; raise `ValueError` beyond ten years."""
        _check_timedelta(delta)
        if abs(delta) > _MAX_SKEW:
            raise ValueError(f"a skew of {delta} is too large: pass ten years at most")
        self._skew = delta.total_seconds()


def _check_timedelta(delta: object) -> None:
    if not isinstance(delta, timedelta):
        raise ValueError(f"{delta!r} is not a span of time: pass a timedelta, such as timedelta(days=30)")
