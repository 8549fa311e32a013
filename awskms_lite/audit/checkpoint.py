"""What an audit has read so far, in a file that survives a kill at any moment.

SQLite with a write-ahead log: an answer is committed before anything else is done with it, so a run that is
continued reads no key twice. The file holds facts and no verdicts, so another idle window can continue it;
errors are not kept, so what failed is read again.

All text in it is ASCII, as JSON escapes it. A row that cannot be read back is damage, and no error quotes it.
"""

import json
import os
import random
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from attrs import asdict

from ..errors import CheckpointError, ConfigurationError, ParameterError
from .filters import KeyFilter
from .records import Answer, KeyFacts
from .serialize import from_ascii, from_line, to_ascii, to_line
from .targets import Target

_APPLICATION_ID = 0x4B4D534C  # "KMSL"
_FORMAT = 1
_PAGE_SIZE = 200
"""Answers that are in memory at a time."""
_ATTEMPTS, _MAX_PAUSE = 8, 0.05
"""How often a file is tried that another run has, and the longest pause between in seconds: of runs that begin
together one gets it, and the others wait half a second at most."""
_ACCOUNT_ID_DIGITS = 12
_SIDE_FILES = ("-wal", "-shm", "-journal")
_MODE = 0o600  # for its owner only: what it tells about an account is nobody else's business
_DAMAGED = {
    sqlite3.SQLITE_CORRUPT: "SQLite finds it malformed",
    sqlite3.SQLITE_ERROR: "a table is not as it was made",
    sqlite3.SQLITE_NOTADB: "it is no longer a database",
}
"""What SQLite's errors mean in a file that was a checkpoint; SQLite's own texts may quote what is in it."""
_SCHEMA = (
    f"PRAGMA application_id = {_APPLICATION_ID}",
    f"PRAGMA user_version = {_FORMAT}",
    "CREATE TABLE filter (words TEXT NOT NULL)",
    "CREATE TABLE caller (name TEXT PRIMARY KEY, account_id TEXT NOT NULL) WITHOUT ROWID",
    # facts is NULL for a key that the filter left out
    "CREATE TABLE answer (caller, region, arn, facts TEXT, PRIMARY KEY (caller, region, arn)) WITHOUT ROWID",
)


class Checkpoint:
    """The checkpoint of one run, which locks it until it is closed.

    Raise `ConfigurationError` for a file that is no checkpoint, is in use by another run, has another format or
    was made with another filter, and `CheckpointError` if it is damaged or can no longer be used. Opening may take
    half a second if runs begin together. The file becomes readable by its owner only.
    """

    def __init__(self, path: str | os.PathLike[str], wanted: KeyFilter) -> None:
        self.path = create_file(path)
        self._name = _name_of(self.path)
        words = json.dumps(asdict(wanted))
        for left in reversed(range(_ATTEMPTS)):
            error = self._try_to_open(words)
            if error is None:
                return
            if _code(error) == sqlite3.SQLITE_CORRUPT:
                raise self._damaged(_DAMAGED[sqlite3.SQLITE_CORRUPT])
            if not left or "locked" not in str(error):
                raise self._unusable(str(error)) from error
            time.sleep(_MAX_PAUSE * random.random())  # noqa: S311 - of runs that begin at once one gets it

    def _try_to_open(self, words: str) -> sqlite3.Error | None:
        try:
            self._connection = self._opened(words)
            return None
        except sqlite3.Error as error:
            return error
        except UnicodeDecodeError:  # SQLite quotes a schema that it cannot read
            pass
        raise self._damaged(_DAMAGED[sqlite3.SQLITE_CORRUPT])  # out here: the exception above holds a piece of it

    def _opened(self, words: str) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, isolation_level=None, timeout=0, check_same_thread=False)
        connection.text_factory = _read_text
        opened = False
        try:
            self._open(connection, words)
            opened = True
        finally:
            if not opened:
                connection.close()
        return connection

    def _open(self, connection: sqlite3.Connection, words: str) -> None:
        run = connection.execute
        run("PRAGMA locking_mode = EXCLUSIVE")
        run("BEGIN EXCLUSIVE")
        tables, application_id, version = (
            run(question).fetchone()[0]
            for question in ("SELECT count(*) FROM sqlite_master", "PRAGMA application_id", "PRAGMA user_version")
        )
        if tables and application_id != _APPLICATION_ID:
            raise self._unusable("it is the database of another program")
        if tables and version != _FORMAT:
            raise self._unusable(f"it has format {version}, and this version of awskms-lite reads {_FORMAT}")
        if not tables:
            for statement in _SCHEMA:
                run(statement)
            run("INSERT INTO filter VALUES (?)", (words,))
        rows = self._run("SELECT words FROM filter", connection=connection)
        self._check_filter(rows[0][0] if rows else None, words)
        run("COMMIT")
        for suffix in ("", *_SIDE_FILES):  # SQLite gives new side files the mode of the file
            with suppress(OSError):  # there is none, or it has another owner, who alone may change that
                Path(self.path + suffix).chmod(_MODE)
        run("PRAGMA journal_mode = WAL")
        run("PRAGMA synchronous = NORMAL")  # a kill loses nothing; a loss of power may lose the last answers

    def _check_filter(self, before: object, words: str) -> None:
        if before == words:
            return
        described = _described(before)
        if described is None:
            raise self._damaged("its filter cannot be read")
        raise self._unusable(f"it was made {described}, and this run is {_described(words)}")

    def _unusable(self, why: str) -> ConfigurationError:
        remedy = "wait for the other run, or name another file" if "locked" in why else "name another file"
        return ConfigurationError(f"{self._name} cannot be used: {why}. {remedy.capitalize()}.")

    def _damaged(self, why: str) -> CheckpointError:
        return CheckpointError(
            f"{self._name} is damaged: {why}. Remove it, or name another file, and run the audit again: what "
            "was in it is read again."
        )

    def bind(self, caller: str, account_id: str) -> None:
        """Note the account of a caller; raise `ConfigurationError` if it was another one before."""
        name = to_ascii(caller)
        self._run("INSERT OR IGNORE INTO caller VALUES (?, ?)", (name, to_ascii(account_id)))
        ((before,),) = self._run("SELECT account_id FROM caller WHERE name = ?", (name,))
        before = self._text(before)
        if before != account_id:
            if not (before.isdecimal() and len(before) == _ACCOUNT_ID_DIGITS):
                raise self._damaged("the id of an account in it cannot be read")
            raise self._unusable(f"it is of account {before}, and these credentials are of {account_id}")

    def add(self, target: Target, arn: str, facts: KeyFacts | None) -> None:
        """Commit an answer, so that it survives a kill; one with an error is not kept."""
        if facts is not None and facts.error is not None:
            return
        line = None if facts is None else to_line(facts, ascii_only=True)
        row = (to_ascii(target.caller), target.region, to_ascii(arn), line)
        self._run("INSERT OR REPLACE INTO answer VALUES (?, ?, ?, ?)", row)

    def answers(self, target: Target) -> Iterator[Answer]:
        """Yield the answers of a target, page by page, so that answers may be added meanwhile."""
        after = ""
        while page := self._page(target, after):
            for arn, line in page:
                yield self._answer(arn, line)
            after = page[-1][0]

    def answer(self, target: Target, arn: str) -> Answer | None:
        """Return the answer about a key of a target; None if there is none."""
        question = "SELECT arn, facts FROM answer WHERE caller = ? AND region = ? AND arn = ?"
        rows = self._run(question, (to_ascii(target.caller), target.region, to_ascii(arn)))
        return self._answer(*rows[0]) if rows else None

    def _page(self, target: Target, after: str) -> list[Any]:
        return self._run(
            "SELECT arn, facts FROM answer WHERE caller = ? AND region = ? AND arn > ? ORDER BY arn LIMIT ?",
            (to_ascii(target.caller), target.region, after, _PAGE_SIZE),
        )

    def _answer(self, name: object, line: object) -> Answer:
        arn = self._text(name)
        if line is None:
            return Answer(arn, None)
        with suppress(ParameterError):
            facts = from_line(KeyFacts, str(line))
            if facts.arn == arn:
                return Answer(arn, facts)
        raise self._damaged("an answer in it cannot be read")

    def _text(self, value: object) -> str:
        """Read a text back; raise `CheckpointError` if it is not one that was written."""
        with suppress(ValueError):
            text = from_ascii(value) if isinstance(value, str) else None
            if text is not None and to_ascii(text) == value:
                return text
        raise self._damaged("the name of a key or an account in it cannot be read")

    def arns(self, target: Target) -> list[str]:
        """Return the ARNs of the answers of a target."""
        question = "SELECT arn FROM answer WHERE caller = ? AND region = ? ORDER BY arn"
        return [self._text(arn) for (arn,) in self._run(question, (to_ascii(target.caller), target.region))]

    def count(self) -> int:
        """Return how many answers there are, of all targets."""
        ((number,),) = self._run("SELECT count(*) FROM answer")
        return int(number)

    def _run(
        self, statement: str, values: Sequence[object] = (), *, connection: sqlite3.Connection | None = None
    ) -> list[Any]:
        try:
            return (connection or self._connection).execute(statement, values).fetchall()
        except sqlite3.Error as error:
            failure = error
        if _code(failure) in _DAMAGED:
            raise self._damaged(_DAMAGED[_code(failure)])
        raise CheckpointError(
            f"{self._name} cannot be used any more ({failure}); what it holds stays good. Make room or repair "
            "the file system, then run the audit again with it to continue."
        ) from failure

    def close(self) -> None:
        """Close the file; a second call does nothing."""
        self._connection.close()


def create_file(path: str | os.PathLike[str]) -> str:
    """Create the file of a checkpoint if there is none, readable by its owner only, and return its path.

    Raise `ConfigurationError` if that is impossible, or if SQLite would not take the path for that of a file.
    """
    name = os.fsdecode(path)
    if not name or name.startswith((":memory:", "file:")):
        raise ConfigurationError(f"{_name_of(name)} cannot be used: it has to be the name of a file.")
    try:
        os.close(os.open(name, os.O_CREAT | os.O_EXCL | os.O_WRONLY, _MODE))
    except FileExistsError:
        pass
    except (OSError, ValueError) as error:  # a NUL in the name is a ValueError
        why = getattr(error, "strerror", None) or error
        raise ConfigurationError(
            f"{_name_of(name)} cannot be used: unable to open it ({why}). Name another file."
        ) from error
    return name


def _name_of(path: str) -> str:
    return f"The checkpoint {path or repr(path)}"


def _code(error: sqlite3.Error) -> int:
    """Return SQLite's code, without what it adds in the upper bits; 0 for an error that is not SQLite's own."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def _read_text(raw: bytes) -> str:
    """Decode text of the file; what is not ASCII was not written by this module, and is found out later."""
    return raw.decode("ascii", "surrogateescape")


def _described(words: object) -> str | None:
    """Return which keys a filter is for, from the form in the file; None if that cannot be read."""
    try:
        wanted = KeyFilter(**json.loads(str(words)))
    except (TypeError, ValueError, ParameterError):
        return None
    members: dict[str, Sequence[str]] = asdict(wanted)
    given = "; ".join(f"{name} {', '.join(members[name])}" for name in members if members[name])
    return f"for keys with {given}" if given else "for all keys"
