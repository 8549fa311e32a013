"""The event history of each account and region: the events of the calls of KMS, in order of time."""

import threading
from bisect import bisect_left, insort_right
from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta
from itertools import count
from uuid import uuid4

from ..clock import KeyClock
from .events import Event

MAX_EVENTS = 50_000  # that a history keeps at least; some 60 MB
_SURPLUS = 5_000  # events that are dropped at once, since the rest of the history is moved then
_MILLISECOND = timedelta(milliseconds=1)
_HISTORY = 90 * 86_400_000  # milliseconds that LookupEvents reaches back


class Trail:
    """The event histories of all accounts and regions. Thread-safe.

    An event is seen once it is as old as `delay`, and no more after 90 days, by the clock of the keys.
    """

    def __init__(self, clock: KeyClock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._histories: dict[tuple[str, str], list[Event]] = defaultdict(list)
        self._numbers = count(1)
        self._id_stem = str(uuid4())[:24]
        self.delay = timedelta(0)

    def next_number(self) -> int:
        """Return the number of a new event."""
        return next(self._numbers)

    def new_id(self) -> str:
        """Return an id for a new event: a UUID that counts on from a random one, which is quicker than another."""
        return f"{self._id_stem}{next(self._numbers):012x}"

    def add(self, event: Event) -> None:
        """Add an event; of a history that is full, the oldest ones are dropped."""
        with self._lock:
            history = self._histories[event.account_id, event.region]
            if not history or event[:2] > history[-1][:2]:
                history.append(event)
            else:  # one of the past, or of another thread whose call began earlier
                insort_right(history, event, key=_place)
            if len(history) >= MAX_EVENTS + _SURPLUS:
                del history[:_SURPLUS]

    def events(
        self, account_id: str, region: str, *, first: int | None, last: int | None, before: tuple[int, int] | None
    ) -> Iterator[Event]:
        """Return the events of a history that are seen now, newest first.

        `first` and `last` are the bounds of their times, in seconds since 1970, both included; None is no bound.
        `before` is the time and number of an event: only those that come after it, in this order, are returned.
        """
        now = self._clock.now()
        earliest = now - _HISTORY if first is None else max(now - _HISTORY, first * 1000)
        end = now - self.delay // _MILLISECOND + 1
        if last is not None:
            end = min(end, (last + 1) * 1000)
        stop_at = (end, 0) if before is None else min((end, 0), before)
        with self._lock:
            history = self._histories.get((account_id, region), [])
            start = bisect_left(history, (earliest, 0), key=_place)
            return reversed(history[start : bisect_left(history, stop_at, key=_place)])


def _place(event: Event) -> tuple[int, int]:
    return event.time, event.number
