"""The ledger of a retirement: a file of JSON lines that survives the machine.

A line is on disk before the act that it announces, and the next one after it. The file is readable by its owner
only, and one run at a time writes it. A line is never changed; one that was not finished, because a disk was full
or a machine lost its power, announced an act that was not begun and is removed. Nothing else is: what is not a
ledger is refused as it is, and one that somebody replaces or writes to meanwhile takes no more lines.
"""

import os
import stat
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Self

from ..errors import ConfigurationError, LedgerError
from ..quoting import printable
from .lines import FORMAT, LaterFormatError, from_line, is_torn, to_line
from .records import Entry

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

_MODE = 0o600  # readable and writable by the owner only
_MAX_SIZE = 256 * 1024 * 1024
"""Bytes: ten thousand keys with all their steps take about a tenth of it."""
_FLAGS = os.O_RDWR | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
_LOCKED_BYTE = 2**31 - 2  # on Windows a lock is on bytes, and may be on one that the file does not have


class Ledger:
    """A ledger that nobody else can use while it is open: `entries` are its lines, `append` adds one.

    A last line that was not finished is removed by the next one. `sync` puts what was written on disk. Threads may
    share one: what another still does for a run that has ended is done before `close` returns.
    """

    def __init__(self, path: str | os.PathLike[str], *, sync: Callable[[int], None] = os.fsync) -> None:
        self.path = os.fspath(path)
        self.entries: list[Entry] = []
        self._sync = sync
        self._lock = Lock()
        self._is_closed = False
        self._descriptor: int | None = None
        self._end = 0  # of the last whole line
        self._size = 0
        self._lacks_break = False

    def open(self) -> None:
        """Open the file, which is created if there is none, and read it.

        Raise `LedgerError` if it cannot be used: it cannot be read or written, another run has it, it is damaged,
        or of a later format.
        """
        with self._lock:
            if self._is_closed:
                raise LedgerError(f"{_named(self.path)} is closed.")
            descriptor = _open(self.path, self._sync)
            try:
                _claim(descriptor, self.path)
                content = _read(descriptor, self.path)
                self.entries, self._end = _parse(content, self.path)
                self._descriptor = descriptor
            finally:
                if self._descriptor is None:
                    os.close(descriptor)
        self._size = len(content)
        self._lacks_break = content[self._end - 1 : self._end] not in (b"", b"\n")

    def append(self, entry: Entry) -> None:
        """Add a line and put it on disk; raise `LedgerError` if that fails, and leave the file as it was."""
        with self._lock:
            if self._descriptor is None:
                raise LedgerError(f"{_named(self.path)} is closed.")
            line = ("\n" if self._lacks_break else "").encode() + to_line(entry).encode()
            self._check_unchanged(self._descriptor)
            try:
                os.ftruncate(self._descriptor, self._end)
                os.lseek(self._descriptor, self._end, os.SEEK_SET)
                _write_all(self._descriptor, line)
                self._sync(self._descriptor)
            except OSError as error:
                with suppress(OSError):
                    os.ftruncate(self._descriptor, self._end)
                self._size = os.fstat(self._descriptor).st_size
                raise LedgerError(
                    f"{_named(self.path)} cannot be written: {error.strerror}. Make room or repair the file "
                    "system, then run the same command again: it sees from KMS what was done."
                ) from error
            self._end += len(line)
            self._size = self._end
            self._lacks_break = False
            self.entries.append(entry)

    def _check_unchanged(self, descriptor: int) -> None:
        """Raise `LedgerError` if the file is not what this run has read and written, or not at its path any more.

        A line in a file that nobody finds again would be none. It is made its owner's only here, and not before: a
        file that is refused stays as it is.
        """
        opened = os.fstat(descriptor)
        try:
            is_there = opened.st_nlink > 0 and os.path.samestat(opened, Path(self.path).stat())
        except OSError:
            is_there = False
        if not is_there or opened.st_size != self._size:
            what = "changed" if is_there else "removed or replaced"
            raise LedgerError(
                f"{_named(self.path)} was {what} while this run used it, so nothing more is done. Bring back the "
                "file with all its lines, then run the same command again: it sees from KMS what was done."
            )
        if stat.S_IMODE(opened.st_mode) != _MODE:
            with suppress(OSError):  # it has another owner, who alone may change that
                Path(self.path).chmod(_MODE)

    def close(self) -> None:
        """Close the file, once a line that is being written is on disk; a second time does nothing."""
        with self._lock:
            self._is_closed = True
            if self._descriptor is not None:
                os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def read_ledger(path: str | os.PathLike[str], *, must_exist: bool = False) -> list[Entry]:
    """Return the entries of a ledger, none if there is no such file; it is neither created nor changed.

    Raise `LedgerError` as `Ledger` does, and for a file that is missing and must exist.
    """
    name = os.fspath(path)
    try:
        descriptor = os.open(name, (_FLAGS & ~os.O_RDWR) | os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    except FileNotFoundError:
        if must_exist:
            raise LedgerError(
                f"{_named(name)} does not exist: name the file that the retirement was begun with."
            ) from None
        return []
    except (OSError, ValueError) as error:
        raise _unusable(name, error) from error
    try:
        _check_regular(descriptor, name)
        _claim(descriptor, name, shared=True)
        return _parse(_read(descriptor, name), name)[0]
    finally:
        os.close(descriptor)


def check_accounts(path: str | os.PathLike[str], entries: Iterable[Entry], accounts: Iterable[str]) -> None:
    """Raise `ConfigurationError` if a ledger has keys of other accounts than these."""
    known = set(accounts)
    for entry in entries:
        if entry.account_id not in known:
            raise ConfigurationError(
                f"{_named(os.fspath(path))} is of account {entry.account_id}, and these credentials are of "
                f"{' and '.join(sorted(known))}. Use that account's credentials or a role in it (--role-arn), or "
                "name another file. Nothing was changed."
            )


def _open(path: str, sync: Callable[[int], None]) -> int:
    """Open the file, and create it as its owner's only if there is none."""
    try:
        try:
            descriptor = os.open(path, _FLAGS | os.O_CREAT | os.O_EXCL, _MODE)
        except FileExistsError:
            descriptor = os.open(path, _FLAGS | getattr(os, "O_NONBLOCK", 0))
        else:
            _sync_directory(path, sync)
    except (OSError, ValueError) as error:  # a NUL in the name is a ValueError
        raise _unusable(path, error) from error
    is_ready = False
    try:
        _check_regular(descriptor, path)
        is_ready = True
        return descriptor
    finally:
        if not is_ready:
            os.close(descriptor)


def _sync_directory(path: str, sync: Callable[[int], None]) -> None:
    """Put the name of a new file on disk too; Windows does that by itself and cannot open a directory."""
    if sys.platform == "win32":
        return
    directory = os.open(Path(path).absolute().parent, os.O_RDONLY)
    try:
        sync(directory)
    finally:
        os.close(directory)


def _check_regular(descriptor: int, path: str) -> None:
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        raise LedgerError(f"{_named(path)} cannot be used: it is no regular file. Name another one.")


def _claim(descriptor: int, path: str, *, shared: bool = False) -> None:
    """Lock the file until it is closed; raise `LedgerError` if another run has it."""
    try:
        if sys.platform == "win32":
            os.lseek(descriptor, _LOCKED_BYTE, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError) as error:
        raise LedgerError(
            f"{_named(path)} is in use by another run: wait until that has ended. Nothing was changed."
        ) from error
    except OSError as error:
        raise LedgerError(
            f"{_named(path)} cannot be locked ({error.strerror}), so two runs could write it at a time: name a "
            "file on another file system. Nothing was changed."
        ) from error


def _read(descriptor: int, path: str) -> bytes:
    content = bytearray()
    try:
        os.lseek(descriptor, 0, os.SEEK_SET)
        while chunk := os.read(descriptor, 1024 * 1024):
            content += chunk
            if len(content) > _MAX_SIZE:
                raise _damaged(path, f"it is longer than {_MAX_SIZE} bytes")
    except OSError as error:
        raise _unusable(path, error) from error
    return bytes(content)


def _write_all(descriptor: int, content: bytes) -> None:
    while content:
        content = content[os.write(descriptor, content) :]


def _parse(content: bytes, path: str) -> tuple[list[Entry], int]:
    """Return the entries, and the position behind the last of them.

    What is behind the last line's end counts if it is an entry: an editor may have taken the line's end away. It
    is left out if it is the beginning of one, or zeros behind entries: some file systems leave these after a loss
    of power.
    """
    *lines, rest = content.split(b"\n")
    entries = [_entry_of(line, number, path) for number, line in enumerate(lines, 1)]
    begun = rest.rstrip(b"\0")
    if is_torn(begun) if begun else (entries or not rest):
        return entries, len(content) - len(rest)
    return [*entries, _entry_of(rest, len(lines) + 1, path)], len(content)


def _entry_of(line: bytes, number: int, path: str) -> Entry:
    try:
        return from_line(line)
    except LaterFormatError as error:
        raise LedgerError(
            f"{_named(path)} has format {error}, and this version of awskms-lite reads {FORMAT}: use the version "
            "that wrote it. Nothing was changed."
        ) from None
    except ValueError as error:
        raise _damaged(path, f"line {number}: {error}") from None


def _damaged(path: str, why: str) -> LedgerError:
    return LedgerError(
        f"{_named(path)} is damaged ({why}). Nothing was changed. Mend it or bring back a copy; with a new file "
        "the keys begin again, from the state that KMS has them in."
    )


def _unusable(path: str, error: OSError | ValueError) -> LedgerError:
    why = getattr(error, "strerror", None) or error
    return LedgerError(f"{_named(path)} cannot be used: unable to open it ({why}). Nothing was changed.")


def _named(path: str) -> str:
    return f"The ledger {printable(path) or repr(path)}"
