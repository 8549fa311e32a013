"""What the operating system gives: the time, files, programs, and random ids."""

import builtins
import os
import signal
import time
from collections.abc import AsyncIterable, Callable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from threading import Thread
from typing import Any

import anyio

from .errors import ConfigurationError, TimeoutError
from .loading import loading
from .quoting import shown_program
from .steps import Output

FILE_TIMEOUT = 10.0
"""Seconds that a file may take to read: the program that feeds a FIFO has as long as a server."""
MAX_FILE = 16 * 1024 * 1024
"""Bytes of a file that are read: shared files of thousands of profiles have 1 MB, and /dev/zero has no end."""
MAX_OUTPUT = 1024 * 1024
"""Bytes that a program may print: credentials with a session token have some 2 KB."""

_CHUNK = 64 * 1024  # bytes, as many as a pipe of Linux holds
_GRACE = 0.1  # seconds for a reader to end by itself: one left behind could take a FIFO's content from the next
_UNFIT = "an argument or a variable of its environment has a NUL, or half of a surrogate pair"
_OPEN = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)  # the last one on Windows


class _TooLong(ValueError):
    """More came than is read."""


def now() -> float:
    """Return seconds since 1970, by what `time.time` is at the moment of the call: tests replace it."""
    return time.time()


def monotonic() -> float:
    """Return seconds by a clock that nobody sets and, except on Windows, no tool that freezes time replaces.

    Such tools replace `time.monotonic`, and whoever waited by that would wait for ever.
    """
    if hasattr(time, "clock_gettime"):  # not on Windows
        return time.clock_gettime(time.CLOCK_MONOTONIC)
    return time.monotonic()


def new_id() -> str:
    """Return a random UUID (RFC 9562, version 4): by hand, since the module `uuid` takes 8 ms to import."""
    digits = os.urandom(16).hex()
    variant = "89ab"[int(digits[16], 16) & 3]
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"


def read_file(path: Path, timeout: float | None = None) -> bytes | None:
    """Return a file's bytes, or None if there is no such file.

    What has no content yet, such as a FIFO or the /dev/fd/N of a process substitution, is waited for. Raise
    `ConfigurationError` if the file cannot be read, is longer than `MAX_FILE`, or takes longer than `timeout`
    (seconds, `FILE_TIMEOUT` by default).
    """
    timeout = FILE_TIMEOUT if timeout is None else timeout
    try:
        return _within(timeout, partial(_read_path, path))
    except builtins.TimeoutError:
        pass
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", error)
        raise ConfigurationError(
            f"{path} cannot be read ({reason}): check the path and its permissions."
        ) from error
    raise ConfigurationError(
        f"{path} was not read to its end within {timeout:g} s: see why nobody writes to it, or why its file "
        "system does not answer."
    )


def _within(timeout: float, read: Callable[[float], bytes]) -> bytes:
    """Return what `read` returns or raise what it raises, but `TimeoutError` if it takes so many seconds.

    `read` is given its deadline. It runs in a thread that can be left behind, since some reads cannot be given up:
    those of a file system that hangs, and on Windows those of a pipe.
    """
    outcome: list[bytes | Exception] = []

    def run(deadline: float) -> None:
        try:
            outcome.append(read(deadline))
        except (OSError, ValueError) as error:
            outcome.append(error)

    reader = Thread(target=run, args=(monotonic() + timeout,), daemon=True)
    try:
        reader.start()
    except RuntimeError:  # the system allows no more threads
        run(monotonic() + timeout)
    else:
        reader.join(timeout + _GRACE)
    if not outcome:
        raise builtins.TimeoutError
    if isinstance(outcome[0], Exception):
        raise outcome[0]
    return outcome[0]


def _read_path(path: Path, deadline: float) -> bytes:
    descriptor = os.open(path, _OPEN)
    try:
        return _read_descriptor(descriptor, MAX_FILE, deadline)
    finally:
        os.close(descriptor)


def _read_descriptor(descriptor: int, most: int, deadline: float) -> bytes:
    """Return the bytes up to the end. Raise `_TooLong` for more than `most`, `TimeoutError` at the deadline."""
    content = bytearray()
    while chunk := _next_chunk(descriptor, deadline):
        content += chunk
        if len(content) > most:
            raise _TooLong(f"it is longer than {most} bytes")
    return bytes(content)


def _next_chunk(descriptor: int, deadline: float) -> bytes:
    """Return the next bytes, none at the end. Wait for them until the deadline, on Windows for ever."""
    with loading:
        import select

    while True:
        if hasattr(select, "poll"):
            waiting = select.poll()
            waiting.register(descriptor, select.POLLIN)
            if not waiting.poll(max(0, deadline - monotonic()) * 1000):
                raise builtins.TimeoutError
        with suppress(BlockingIOError):  # another reader of the FIFO was faster
            return os.read(descriptor, _CHUNK)


def write_file(path: Path, content: bytes) -> None:
    """Replace a file as a whole or not at all, readable by its owner only.

    A symbolic link is followed. Raise `ConfigurationError` if the file cannot be written.
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
            with suppress(FileNotFoundError):  # it is the file now
                os.unlink(new.name)  # noqa: PTH108
    except OSError as error:
        raise ConfigurationError(
            f"{path} cannot be written ({error.strerror}): check its directory and permissions."
        ) from error


def run_program(argv: tuple[str, ...], timeout: float, environ: Mapping[str, str]) -> Output:
    """Run a program without a shell; its standard error goes where ours goes.

    If our standard input is a terminal, the program may ask its user there. Otherwise it has no input, and a
    session of its own, which is killed as a whole if it takes too long or nobody waits for it any more.

    Raise `ConfigurationError` if it cannot be started or prints more than `MAX_OUTPUT`, and `TimeoutError` if it
    takes longer than `timeout` (seconds).
    """
    with loading:
        import subprocess

    (stdin, apart), deadline = _input(), monotonic() + timeout
    try:
        with subprocess.Popen(  # noqa: S603 - no shell, and the caller's own configuration
            argv, stdin=stdin, stdout=subprocess.PIPE, env=_variables(environ), start_new_session=apart
        ) as process:
            try:
                assert process.stdout is not None
                printed = _read_pipe(process.stdout.fileno(), deadline)
                return Output(process.wait(max(0, deadline - monotonic())), printed)
            finally:
                if process.returncode is None:
                    _kill(process, whole=apart)
    except _TooLong:
        failure: Exception = _talkative(argv)
    except (builtins.TimeoutError, subprocess.TimeoutExpired):
        failure = _endless(argv, timeout)
    except OSError as error:
        raise _unstartable(argv, str(error.strerror)) from error
    except ValueError:
        failure = _unstartable(argv, _UNFIT)
    raise failure  # out here because the exceptions above may hold the arguments


def _read_pipe(descriptor: int, deadline: float) -> bytes:
    read = partial(_read_descriptor, descriptor, MAX_OUTPUT)
    return _within(deadline - monotonic(), read) if os.name == "nt" else read(deadline)


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
        with anyio.CancelScope(shield=True):  # if it were cancelled, the program could run and be nobody's to kill
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
        printed = await _read_stream(process.stdout, argv)
        status = await process.wait()
        has_ended = True
        return Output(status, printed)
    finally:
        if not has_ended:
            _kill(process, whole=apart)
        with anyio.CancelScope(shield=True):
            await process.aclose()


async def _read_stream(stream: AsyncIterable[bytes] | None, argv: tuple[str, ...]) -> bytes:
    assert stream is not None
    printed = bytearray()
    async for chunk in stream:
        printed += chunk
        if len(printed) > MAX_OUTPUT:
            raise _talkative(argv)
    return bytes(printed)


def _kill(process: Any, *, whole: bool) -> None:
    """Kill a program, and all that is in its process group if that is its own."""
    with suppress(ProcessLookupError, PermissionError):  # it has ended meanwhile; the latter on macOS
        if whole and hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()


def _input() -> tuple[int | None, bool]:
    """Return the standard input of a program, and whether it gets a session of its own (on POSIX)."""
    with loading:
        from subprocess import DEVNULL

    terminal = os.isatty(0)  # in another session it could not read there
    return None if terminal else DEVNULL, not terminal


def _variables(environ: Mapping[str, str]) -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", os.defpath), **environ}


def _endless(argv: tuple[str, ...], timeout: float) -> TimeoutError:
    return TimeoutError(
        f"{shown_program(argv[0])} did not end within {timeout:g} s and was killed: run it by hand to see why."
    )


def _talkative(argv: tuple[str, ...]) -> ConfigurationError:
    return ConfigurationError(
        f"{shown_program(argv[0])} printed more than {MAX_OUTPUT} bytes and was killed: run it by hand to see "
        "what it prints."
    )


def _unstartable(argv: tuple[str, ...], why: str) -> ConfigurationError:
    return ConfigurationError(
        f"{shown_program(argv[0])} cannot be started ({why}): check its path and what it is given."
    )
