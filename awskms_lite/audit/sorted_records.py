"""Records sorted on disk, so that they can be returned in order without being held in memory."""

import sqlite3
from collections.abc import Callable, Collection, Iterator
from itertools import count
from typing import TypeAlias
from weakref import finalize

from ..errors import CheckpointError
from .records import KeyUsageRecord
from .serialize import from_line, to_line

Place: TypeAlias = tuple[str | float, ...]
"""What something is sorted by: its values in turn, as many in all places, and each of one type in all."""


class SortedTexts:
    """Texts in a temporary database, which SQLite keeps on disk if there are many and removes when it is closed.

    They are sorted by their places, from high to low at those values that `descending_at` names, and as they were
    added if they are equal. The primary key is that order, so sorting takes no space of its own.
    """

    def __init__(self, descending_at: Collection[int] = ()) -> None:
        self._descending_at = descending_at
        self._connection = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._connection.execute("PRAGMA journal_mode = MEMORY")
        self._close = finalize(self, self._connection.close)  # also for a report that comes to no end
        self._numbers = count()
        self._order = self._insert = ""

    def _create(self, columns: int) -> None:
        names = [f"p{at}" for at in range(columns)]
        order = [f"{name} DESC" if at in self._descending_at else name for at, name in enumerate(names)]
        self._order = ", ".join([*order, "number"])
        self._connection.execute(
            f"CREATE TABLE entry ({', '.join(names)}, number, text, PRIMARY KEY ({self._order})) WITHOUT ROWID"
        )
        self._insert = f"INSERT INTO entry VALUES ({'?, ' * columns}?, ?)"  # noqa: S608 - nothing of others in it

    def add(self, place: Place, text: str) -> None:
        """Add a text; raise `CheckpointError` if the disk has no room for it, and keep those before it."""
        values = [value.encode("utf-8", "surrogatepass") if isinstance(value, str) else value for value in place]
        try:
            if not self._insert:
                self._create(len(values))
            self._connection.execute(self._insert, (*values, next(self._numbers), text))
        except sqlite3.Error as error:
            raise CheckpointError(
                f"The records cannot be sorted on disk ({error}). Set TMPDIR to a directory with free space, or "
                "take the records as they come, unsorted."
            ) from error

    def in_order(self) -> Iterator[str]:
        """Yield all texts in order; raise `CheckpointError` if they cannot be read back."""
        if not self._insert:
            return
        try:
            rows = self._connection.execute(f"SELECT text FROM entry ORDER BY {self._order}")  # noqa: S608
            for (text,) in rows:
                yield text
        except sqlite3.Error as error:
            raise CheckpointError(
                f"The sorted records cannot be read back ({error}). Take the records as they come, unsorted."
            ) from error

    def close(self) -> None:
        """Drop all texts; a second call does nothing."""
        self._close()


def by_key(record: KeyUsageRecord) -> Place:
    """Return what sorts records by account, region and key id."""
    return record.account_id, record.region, record.key_id


class SortedRecords:
    """Records sorted as `SortedTexts` are."""

    def __init__(
        self, place: Callable[[KeyUsageRecord], Place] = by_key, descending_at: Collection[int] = ()
    ) -> None:
        self._place = place
        self._lines = SortedTexts(descending_at)

    def add(self, record: KeyUsageRecord) -> None:
        """Add a record; raise `CheckpointError` if the disk has no room for it, and keep those before it."""
        self._lines.add(self._place(record), to_line(record, ascii_only=True))

    def in_order(self) -> Iterator[KeyUsageRecord]:
        """Yield all records in order; raise `CheckpointError` if they cannot be read back."""
        for line in self._lines.in_order():
            yield from_line(KeyUsageRecord, line)

    def close(self) -> None:
        """Drop all records; a second call does nothing."""
        self._lines.close()
