"""Records between the audit and its reader: a queue that loses nothing to a reader who is cancelled.

Waiting and taking are two steps. A reader may be cancelled at any moment while it waits; taking never waits, so a
record that has left the queue has a reader.
"""

from collections import deque

import anyio
import anyio.lowlevel

from .records import KeyUsageRecord


class RecordQueue:
    """A queue of about `size` records.

    Everything but `take` and `len` belongs to the event loop of the audit; those two may be called in any thread.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._records: deque[KeyUsageRecord] = deque()
        self._is_closed = self._is_discarded = False
        self._filled: anyio.Event | None = None
        self._emptied: anyio.Event | None = None

    def __len__(self) -> int:
        return len(self._records)

    def put(self, record: KeyUsageRecord) -> None:
        """Add a record, beyond the size too; drop it after `discard`."""
        if not self._is_discarded:
            self._records.append(record)
            self._notify_reader()

    async def wait_for_room(self) -> None:
        """Wait until there is room for a record; return at once after `discard`."""
        await anyio.lowlevel.checkpoint()  # callers loop over this, and others have to get their turn
        while len(self._records) >= self._size and not self._is_discarded:
            self._emptied = self._emptied or anyio.Event()
            await self._emptied.wait()

    async def wait(self) -> None:
        """Wait until there is a record to take, or none will come any more."""
        self.make_room()
        while not self._records and not self._is_closed:
            self._filled = self._filled or anyio.Event()
            await self._filled.wait()

    def take(self) -> KeyUsageRecord | None:
        """Remove and return the next record; None if there is none at present."""
        return self._records.popleft() if self._records else None

    def make_room(self) -> None:
        """Wake those that wait for room, if there is any."""
        if self._emptied is not None and (len(self._records) < self._size or self._is_discarded):
            self._emptied.set()
            self._emptied = None

    def close(self) -> None:
        """Let the reader know that no more records will come."""
        self._is_closed = True
        self._notify_reader()

    def discard(self) -> None:
        """Drop all records, those to come too."""
        self._is_discarded = True
        self._records.clear()
        self.make_room()
        self.close()

    def _notify_reader(self) -> None:
        if self._filled is not None:
            self._filled.set()
            self._filled = None
