"""What an audit has read so far, in a file that survives a kill at any moment.

SQLite with a write-ahead log: what is answered is committed before anything else is done with it, so that a run
that is taken up again asks for no key twice. The file holds facts, not verdicts, so it can be taken up with
another idle window; errors are not kept, so that what failed is asked for again.
"""

import json
import os
import random
import sqlite3
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import NamedTuple

from attrs import asdict

from ..errors import CheckpointError, ConfigurationError
from .places import Place
from .records import KeyFacts
from .reports import from_line, to_line
from .selection import KeyFilter

_APPLICATION_ID = 0x4B4D534C  # "KMSL"
_FORMAT = 1
_PAGE = 200
_ATTEMPTS, _PAUSE = 8, 0.05
_SCHEMA = (
    f"PRAGMA application_id = {_APPLICATION_ID}",
    f"PRAGMA user_version = {_FORMAT}",
    "CREATE TABLE filter (words TEXT NOT NULL)",
    "CREATE TABLE caller (name TEXT PRIMARY KEY, account_id TEXT NOT NULL) WITHOUT ROWID",
    # facts is NULL for a key that the filter left out
    "CREATE TABLE answer (caller, region, arn, facts TEXT, PRIMARY KEY (caller, region, arn)) WITHOUT ROWID",
)


class Answer(NamedTuple):
    """A key that was answered before: what was read of it, None where the filter left it out."""

    arn: str
    facts: KeyFacts | None


class Checkpoint:
    """The checkpoint of one run, which has it to itself until it is closed.

    Raises `ConfigurationError` for a file that is no checkpoint, is in use by another run, is of another format or
    was made with another filter, and `CheckpointError` where it cannot be used any more later.
    """

    def __init__(self, path: str | os.PathLike[str], wanted: KeyFilter) -> None:
        self.path = os.fspath(path)
        self._name = f"The checkpoint {self.path or repr(self.path)}"
        if not self.path or self.path.startswith((":memory:", "file:")):
            raise self._unusable("it has to be the name of a file")
        words = json.dumps(asdict(wanted))
        for left in reversed(range(_ATTEMPTS)):
            try:
                self._connection = self._opened(words)
                return
            except sqlite3.Error as error:
                if not left or "locked" not in str(error):
                    raise self._unusable(str(error)) from error
                time.sleep(_PAUSE * random.random())  # noqa: S311 - of runs that begin at once one gets it

    def _opened(self, words: str) -> sqlite3.Connection:
        self._create()
        connection = sqlite3.connect(self.path, isolation_level=None, timeout=0, check_same_thread=False)
        opened = False
        try:
            self._open(connection.execute, words)
            opened = True
        finally:
            if not opened:
                connection.close()
        return connection

    def _create(self) -> None:
        """Make the file if there is none, for its owner only: SQLite gives what it puts beside it the same mode.

        A file that is there is not even opened: to close it again would drop the locks of this whole process.
        """
        with suppress(OSError, ValueError):  # it is there, or SQLite will tell why it cannot be made
            os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))

    def _open(self, run: Callable[..., sqlite3.Cursor], words: str) -> None:
        run("PRAGMA locking_mode = EXCLUSIVE")
        run("BEGIN EXCLUSIVE")
        tables, application_id, version = (
            run(question).fetchone()[0]
            for question in ("SELECT count(*) FROM sqlite_master", "PRAGMA application_id", "PRAGMA user_version")
        )
        if tables and application_id != _APPLICATION_ID:
            raise self._unusable("it is a database of something else")
        if tables and version != _FORMAT:
            raise self._unusable(f"it has format {version}, and this version of awskms-lite reads {_FORMAT}")
        if not tables:
            for statement in _SCHEMA:
                run(statement)
            run("INSERT INTO filter VALUES (?)", (words,))
        (before,) = run("SELECT words FROM filter").fetchone()
        if before != words:
            raise self._unusable(f"it was made {_in_words(before)}, and this run is {_in_words(words)}")
        run("COMMIT")
        run("PRAGMA journal_mode = WAL")
        run("PRAGMA synchronous = NORMAL")  # a kill loses nothing; a loss of power may lose the last answers

    def _unusable(self, why: str) -> ConfigurationError:
        remedy = "wait for the other run, or name another file" if "locked" in why else "name another file"
        return ConfigurationError(f"{self._name} cannot be used: {why}. {remedy.capitalize()}.")

    def bind(self, caller: str, account_id: str) -> None:
        """Note whose account a caller's is; raise `ConfigurationError` where it was another one before."""
        known = "SELECT account_id FROM caller WHERE name = ?"
        with self._guarded():
            self._connection.execute("INSERT OR IGNORE INTO caller VALUES (?, ?)", (caller, account_id))
            (before,) = self._connection.execute(known, (caller,)).fetchone()
        if before != account_id:
            raise self._unusable(f"it is of account {before}, and these credentials are of {account_id}")

    def add(self, place: Place, arn: str, facts: KeyFacts | None) -> None:
        """Keep an answer, for good: it is there after a kill. One that is an error is not kept."""
        if facts is not None and facts.error is not None:
            return
        line = None if facts is None else to_line(facts, ascii_only=True)
        with self._guarded():
            row = (place.caller, place.region, arn, line)
            self._connection.execute("INSERT OR REPLACE INTO answer VALUES (?, ?, ?, ?)", row)

    def answers(self, place: Place) -> Iterator[Answer]:
        """Give what was answered in a place, page by page, so that answers may be added meanwhile."""
        arn = ""
        while page := self._page(place, arn):
            for arn, line in page:
                yield Answer(arn, None if line is None else from_line(KeyFacts, line))

    def _page(self, place: Place, after: str) -> Sequence[tuple[str, str | None]]:
        with self._guarded():
            return self._connection.execute(
                "SELECT arn, facts FROM answer WHERE caller = ? AND region = ? AND arn > ? ORDER BY arn LIMIT ?",
                (place.caller, place.region, after, _PAGE),
            ).fetchall()

    def arns(self, place: Place) -> list[str]:
        """Give the ARNs of what was answered in a place."""
        question = "SELECT arn FROM answer WHERE caller = ? AND region = ? ORDER BY arn"
        with self._guarded():
            rows = self._connection.execute(question, (place.caller, place.region)).fetchall()
        return [arn for (arn,) in rows]

    def count(self) -> int:
        """Give how many answers it holds, of all places."""
        with self._guarded():
            number: int = self._connection.execute("SELECT count(*) FROM answer").fetchone()[0]
        return number

    @contextmanager
    def _guarded(self) -> Generator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise CheckpointError(
                f"{self._name} cannot be used any more ({error}); what it holds stays good. Make room or mend the "
                "file system, then run the audit again with it to go on."
            ) from error

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()


def _in_words(words: str) -> str:
    """Say which keys a filter is for, from how it is kept."""
    given: dict[str, list[str]] = json.loads(words)
    told = "; ".join(f"{name} {', '.join(members)}" for name, members in given.items() if members)
    return f"for keys with {told}" if told else "for all keys"
