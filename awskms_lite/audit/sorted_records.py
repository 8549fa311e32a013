"""Records sorted on disk, so that they can be returned in order without being held in memory."""

import sqlite3
from collections.abc import Iterator
from itertools import count

from ..errors import CheckpointError
from .records import KeyUsageRecord
from .serialize import from_line, to_ascii, to_line


class SortedRecords:
    """Records in a temporary database, which SQLite removes when it is closed.

    The primary key is the order of the records, so sorting takes no space of its own.
    """

    def __init__(self) -> None:
        self._connection = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._connection.execute("PRAGMA journal_mode = MEMORY")
        self._connection.execute(
            "CREATE TABLE record (account, region, key, number, line, PRIMARY KEY (account, region, key, number))"
            " WITHOUT ROWID"
        )
        self._numbers = count()

    def add(self, record: KeyUsageRecord) -> None:
        """Add a record; raise `CheckpointError` if the disk has no room for it, and keep those before it."""
        names = map(to_ascii, (record.account_id, record.region, record.key_id))
        row = (*names, next(self._numbers), to_line(record, ascii_only=True))
        try:
            self._connection.execute("INSERT INTO record VALUES (?, ?, ?, ?, ?)", row)
        except sqlite3.Error as error:
            raise CheckpointError(
                f"The records cannot be sorted on disk ({error}). Set TMPDIR to a directory with free space, or "
                "leave out ordered=True."
            ) from error

    def in_order(self) -> Iterator[KeyUsageRecord]:
        """Yield all records by account, region and key id; raise `CheckpointError` if they cannot be read back."""
        try:
            rows = self._connection.execute("SELECT line FROM record ORDER BY account, region, key, number")
            for (line,) in rows:
                yield from_line(KeyUsageRecord, line)
        except sqlite3.Error as error:
            raise CheckpointError(
                f"The sorted records cannot be read back ({error}). Run the audit again without ordered=True."
            ) from error

    def close(self) -> None:
        """Drop all records; a second call does nothing."""
        self._connection.close()
