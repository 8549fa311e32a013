"""Records sorted on disk, so that they can be returned in order without being held in memory."""

import sqlite3
from collections.abc import Callable, Collection, Iterator
from itertools import count
from typing import TypeAlias

from ..errors import CheckpointError
from .records import KeyUsageRecord
from .serialize import from_line, to_ascii, to_line

Place: TypeAlias = tuple[str | float, ...]
"""What a record is sorted by: its values in turn, each of one type in all records."""


def by_key(record: KeyUsageRecord) -> Place:
    """Return what sorts records by account, region and key id."""
    return record.account_id, record.region, record.key_id


class SortedRecords:
    """Records in a temporary database, which SQLite removes when it is closed.

    They are sorted by `place`, from high to low at the places of `descending_at`, and by the order in which they
    were added if they are equal. The primary key is that order, so sorting takes no space of its own.
    """

    def __init__(
        self, place: Callable[[KeyUsageRecord], Place] = by_key, descending_at: Collection[int] = ()
    ) -> None:
        self._place = place
        self._descending_at = descending_at
        self._connection = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._connection.execute("PRAGMA journal_mode = MEMORY")
        self._numbers = count()
        self._order = self._insert = ""

    def _create(self, columns: int) -> None:
        names = [f"p{at}" for at in range(columns)]
        order = [f"{name} DESC" if at in self._descending_at else name for at, name in enumerate(names)]
        self._order = ", ".join([*order, "number"])
        self._connection.execute(
            f"CREATE TABLE record ({', '.join(names)}, number, line, PRIMARY KEY ({self._order})) WITHOUT ROWID"
        )
        self._insert = f"INSERT INTO record VALUES ({'?, ' * columns}?, ?)"  # noqa: S608 - nothing of others in it

    def add(self, record: KeyUsageRecord) -> None:
        """Add a record; raise `CheckpointError` if the disk has no room for it, and keep those before it."""
        values = [to_ascii(value) if isinstance(value, str) else value for value in self._place(record)]
        try:
            if not self._insert:
                self._create(len(values))
            line = to_line(record, ascii_only=True)
            self._connection.execute(self._insert, (*values, next(self._numbers), line))
        except sqlite3.Error as error:
            raise CheckpointError(
                f"The records cannot be sorted on disk ({error}). Set TMPDIR to a directory with free space, or "
                "take the records as they come, unsorted."
            ) from error

    def in_order(self) -> Iterator[KeyUsageRecord]:
        """Yield all records in order; raise `CheckpointError` if they cannot be read back."""
        if not self._insert:
            return
        try:
            rows = self._connection.execute(f"SELECT line FROM record ORDER BY {self._order}")  # noqa: S608
            for (line,) in rows:
                yield from_line(KeyUsageRecord, line)
        except sqlite3.Error as error:
            raise CheckpointError(
                f"The sorted records cannot be read back ({error}). Take the records as they come, unsorted."
            ) from error

    def close(self) -> None:
        """Drop all records; a second call does nothing."""
        self._connection.close()
