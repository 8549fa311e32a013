"""What is had of the machine itself: the time, files, programs, and ids that nobody else has."""

import builtins
import os
import signal
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import Any

import anyio

from .errors import ConfigurationError, TimeoutError
from .loading import loading
from .quoting import shown_program
from .steps import Output

FILE_TIMEOUT = 10.0
"""Seconds that a file may take to read: what feeds a FIFO gets as long as a server that is asked."""
MAX_FILE = 16 * 1024 * 1024
"""Bytes of a file that are read: shared files of thousands of profiles come to 1 MB; /dev/zero has no end."""

_CHUNK = 64 * 1024
_GRACE = 0.1  # seconds for a reader to end by itself: one left behind could take a FIFO's content from the next
_UNFIT = "an argument or a variable of its environment has a NUL, or half of a surrogate pair"
_OPEN = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)  # the last one on Windows


def now() -> float:
    """Return seconds since 1970, by whatever is `time.time` when it is called: tests put another in its place."""
    return time.time()


def steady() -> float:
    """Return seconds by a clock that nobody sets, and that no tool freezes where the system has such a one.

    Tools that freeze time replace `time.monotonic` too; who waits by that would wait for ever.
    """
    if hasattr(time, "clock_gettime"):  # not on Windows
        return time.clock_gettime(time.CLOCK_MONOTONIC)
    return time.monotonic()


def new_id() -> str:
    """Give a random UUID (RFC 9562, version 4): by hand, since the module `uuid` takes 8 ms to import."""
    digits = os.urandom(16).hex()
    variant = "89ab"[int(digits[16], 16) & 3]
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"


def read_file(path: Path, timeout: float | None = None) -> bytes | None:
    """Return a file's bytes, or None if there is no such file.

    What has no content yet, such as a FIFO or the /dev/fd/N of a process substitution, is waited for. Raise
    `ConfigurationError` if the file cannot be read, or not within so many seconds (`FILE_TIMEOUT` by default). A
    file system that hangs holds whoever asks it, for ever, so a thread asks it that can be left behind.
    """
    timeout = FILE_TIMEOUT if timeout is None else timeout
    outcome: list[bytes | Exception | None] = []
    reader = Thread(target=_read_into, args=(outcome, path, steady() + timeout), daemon=True)
    try:
        reader.start()
    except RuntimeError:  # no more threads are allowed here
        _read_into(outcome, path, steady() + timeout)
    else:
        reader.join(timeout + _GRACE)
    if not outcome:
        raise ConfigurationError(
            f"{path} was not read to its end within {timeout:g} s: see why nobody writes to it, or why its file "
            "system does not answer."
        )
    content = outcome[0]
    if isinstance(content, Exception):
        why = getattr(content, "strerror", content)
        raise ConfigurationError(
            f"{path} cannot be read ({why}): check the path and its permissions."
        ) from content
    return content


def _read_into(outcome: list[bytes | Exception | None], path: Path, deadline: float) -> None:
    """Add what reading the file comes to, or nothing if it is not read by the deadline."""
    try:
        outcome.append(_read_until(path, deadline))
    except (FileNotFoundError, NotADirectoryError):
        outcome.append(None)
    except builtins.TimeoutError:
        pass
    except (OSError, ValueError) as error:
        outcome.append(error)


def _read_until(path: Path, deadline: float) -> bytes:
    descriptor = os.open(path, _OPEN)
    content = bytearray()
    try:
        while chunk := _next_chunk(descriptor, deadline):
            content += chunk
            if len(content) > MAX_FILE:
                raise ValueError(f"it is longer than {MAX_FILE} bytes")
    finally:
        os.close(descriptor)
    return bytes(content)


def _next_chunk(descriptor: int, deadline: float) -> bytes:
    """Return the next bytes, none at the end, after a wait for them where the system has one (not on Windows)."""
    with loading:
        import select

    while True:
        if hasattr(select, "poll"):
            waiting = select.poll()
            waiting.register(descriptor, select.POLLIN)
            if not waiting.poll(max(0, deadline - steady()) * 1000):
                raise builtins.TimeoutError
        with suppress(BlockingIOError):  # another reader of the FIFO was faster
            return os.read(descriptor, _CHUNK)


def write_file(path: Path, content: bytes) -> None:
    """Replace a file as a whole or not at all, readable by its owner only.

    Where a symbolic link stands, what it leads to is replaced. Raise `ConfigurationError` if that is not possible.
    """
    with loading:
        import tempfile

    target = os.path.realpath(path)
    directory, name = os.path.split(target)
    try:
        new = tempfile.NamedTemporaryFile(dir=directory, prefix=name, delete=False)  # noqa: SIM115 - closed below
        try:
            with new:
                new.write(content)
            os.replace(new.name, target)  # noqa: PTH105 - the name is a string
        finally:
            with suppress(FileNotFoundError):  # it has taken its place
                os.unlink(new.name)  # noqa: PTH108
    except OSError as error:
        raise ConfigurationError(
            f"{path} cannot be written ({error.strerror}): check its directory and permissions."
        ) from error


def run_program(argv: tuple[str, ...], timeout: float, environ: Mapping[str, str]) -> Output:
    """Run a program without a shell; its standard error goes where ours goes.

    Where our standard input is a terminal, the program may ask its user there. Elsewhere it has no input, and a
    session of its own, which is ended whole if it takes too long or nobody waits for it any more.
    """
    with loading:
        import subprocess

    stdin, apart = _input()
    try:
        with subprocess.Popen(  # noqa: S603 - no shell, and the caller's own configuration
            argv, stdin=stdin, stdout=subprocess.PIPE, env=_variables(environ), start_new_session=apart
        ) as process:
            try:
                printed, _ = process.communicate(timeout=timeout)
                return Output(process.returncode, printed)
            finally:
                if process.returncode is None:
                    _end(process, whole=apart)
    except OSError as error:
        raise _unstartable(argv, str(error.strerror)) from error
    except subprocess.TimeoutExpired:
        failure: Exception = _endless(argv, timeout)
    except ValueError:
        failure = _unstartable(argv, _UNFIT)
    raise failure  # out here because the exceptions above may hold the arguments


async def run_program_async(argv: tuple[str, ...], timeout: float, environ: Mapping[str, str]) -> Output:
    """Run a program as `run_program` does."""
    with anyio.move_on_after(timeout):
        return await _run_async(argv, environ)
    raise _endless(argv, timeout)


async def _run_async(argv: tuple[str, ...], environ: Mapping[str, str]) -> Output:
    (stdin, apart), has_ended = _input(), False
    with loading:  # anyio loads it when it is first touched
        open_process = anyio.open_process
    process = None
    try:
        with anyio.CancelScope(shield=True):  # it may run before it is ours to end
            process = await open_process(
                argv, stdin=stdin, stderr=None, env=_variables(environ), start_new_session=apart
            )
    except OSError as error:
        raise _unstartable(argv, str(error.strerror)) from error
    except ValueError:
        pass
    if process is None:  # out here because the exception above may hold the arguments
        raise _unstartable(argv, _UNFIT)
    try:
        assert process.stdout is not None
        printed = b"".join([chunk async for chunk in process.stdout])
        status = await process.wait()
        has_ended = True
        return Output(status, printed)
    finally:
        if not has_ended:
            _end(process, whole=apart)
        with anyio.CancelScope(shield=True):
            await process.aclose()


def _end(process: Any, *, whole: bool) -> None:
    """End a program, and if it has a group of its own all that is in it."""
    with suppress(ProcessLookupError, PermissionError):  # it has ended meanwhile; the latter on macOS
        if whole and hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()


def _input() -> tuple[int | None, bool]:
    """Return what a program has as its standard input, and whether it gets a session of its own (POSIX only)."""
    with loading:
        from subprocess import DEVNULL

    terminal = os.isatty(0)  # in another session it could not read there
    return None if terminal else DEVNULL, not terminal


def _variables(environ: Mapping[str, str]) -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", os.defpath), **environ}


def _endless(argv: tuple[str, ...], timeout: float) -> TimeoutError:
    return TimeoutError(
        f"{shown_program(argv[0])} did not end within {timeout:g} s and was ended: run it by hand to see why."
    )


def _unstartable(argv: tuple[str, ...], why: str) -> ConfigurationError:
    return ConfigurationError(
        f"{shown_program(argv[0])} cannot be started ({why}): check its path and what it is given."
    )
