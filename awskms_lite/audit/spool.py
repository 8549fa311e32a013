"""Records on disk until the last is there, so that they can be given in order without being held in memory."""

import sqlite3
from collections.abc import Iterator
from itertools import count

from ..errors import CheckpointError
from .records import KeyUsageRecord
from .reports import from_line, to_ascii, to_line


class Spool:
    """Records in a temporary database of SQLite's own, which is gone once it is closed.

    They are kept in their order, so that it takes no more room to give them.
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
        """Take a record in; raises `CheckpointError` where there is no room, and keeps those before."""
        names = map(to_ascii, (record.account_id, record.region, record.key_id))
        row = (*names, next(self._numbers), to_line(record, ascii_only=True))
        try:
            self._connection.execute("INSERT INTO record VALUES (?, ?, ?, ?, ?)", row)
        except sqlite3.Error as error:
            raise CheckpointError(
                f"The records cannot be put in order ({error}): name a directory with room in TMPDIR, or take "
                "them as they come."
            ) from error

    def in_order(self) -> Iterator[KeyUsageRecord]:
        """Give all records by account, region and key id."""
        try:
            rows = self._connection.execute("SELECT line FROM record ORDER BY account, region, key, number")
            for (line,) in rows:
                yield from_line(KeyUsageRecord, line)
        except sqlite3.Error as error:
            raise CheckpointError(
                f"The records cannot be read in order ({error}): take them as they come."
            ) from error

    def close(self) -> None:
        """Let go of the records."""
        self._connection.close()
