"""Records between the audit and whoever takes them: a queue of which nothing is lost to a cancelled reader.

Waiting and taking are two steps. Who waits may be cancelled at any moment; taking never waits, and so a record
that has left the queue has a taker.
"""

from collections import deque

import anyio

from .records import KeyUsageRecord


class Outbox:
    """Holds some records. All but `take` belongs to the event loop of the audit; `take` may be called anywhere."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._records: deque[KeyUsageRecord] = deque()
        self._ended = self._abandoned = False
        self._filled: anyio.Event | None = None
        self._emptied: anyio.Event | None = None

    async def put(self, record: KeyUsageRecord) -> None:
        """Put a record in, once there is room; nothing happens after `abandon`."""
        while len(self._records) >= self._size and not self._abandoned:
            self._emptied = self._emptied or anyio.Event()
            await self._emptied.wait()
        if not self._abandoned:
            self._records.append(record)
            self._tell_filled()

    async def wait(self) -> None:
        """Wait until there is a record, or there will be none any more."""
        self.make_room()
        while not self._records and not self._ended:
            self._filled = self._filled or anyio.Event()
            await self._filled.wait()

    def take(self) -> KeyUsageRecord | None:
        """Take the next record out; None where there is none at present."""
        return self._records.popleft() if self._records else None

    def make_room(self) -> None:
        """Let those go on who wait for room, if there is any."""
        if self._emptied is not None and (len(self._records) < self._size or self._abandoned):
            self._emptied.set()
            self._emptied = None

    def end(self) -> None:
        """Say that no more records will come."""
        self._ended = True
        self._tell_filled()

    def abandon(self) -> None:
        """Let go of all records, those to come too."""
        self._abandoned = self._ended = True
        self._records.clear()
        self.make_room()
        self._tell_filled()

    def _tell_filled(self) -> None:
        if self._filled is not None:
            self._filled.set()
            self._filled = None
