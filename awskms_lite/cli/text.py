"""Text for a terminal: columns, messages on standard error, and nothing in them that a terminal would act on."""

import contextlib
import os
import sys
from collections.abc import Generator, Sequence
from typing import TextIO

from ..quoting import printable

_MIN_WIDTH = 20
"""Columns: what a narrower terminal gets too, since no wrapping makes a key id readable in less."""
_DEFAULT_WIDTH = 80
"""Columns of a terminal that does not know its width."""


def columns(rows: Sequence[Sequence[str]]) -> str:
    """Return the rows as lines, each column as wide as its widest cell."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
    return "\n".join(line.rstrip() for line in lines)


def print_error(text: str) -> None:
    """Print what went wrong on standard error, after the command's name."""
    print_stderr(f"awskms-lite: {text}")


def print_stderr(text: str) -> None:
    """Print a text on standard error; if nobody can read that, the exit code has to do."""
    if sys.stderr is None:
        return
    lines = [printable(line) for line in text.splitlines()]
    with contextlib.suppress(OSError):
        print("\n".join(lines), file=sys.stderr, flush=True)


@contextlib.contextmanager
def log_on_stderr() -> Generator[None]:
    """Print on standard error what this package logs; not what the HTTP libraries log, which holds secrets."""
    import logging

    class StderrHandler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            print_error(f"{record.levelname.lower()}: {record.getMessage()}")

    logger, handler = logging.getLogger("awskms_lite"), StderrHandler()
    before = logger.level
    logger.setLevel(logging.DEBUG)
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before)


def silence_output() -> None:
    """Discard what is left for standard output: Python flushes it at its end, which would fail again, loudly."""
    _silence(sys.stdout)


def silence_broken_streams() -> None:
    """Discard what cannot be written: Python's own last attempt would turn the exit code into 120."""
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except (OSError, ValueError):
            _silence(stream)


def _silence(stream: TextIO | None) -> None:
    if stream is None:
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    with contextlib.suppress(OSError, ValueError):  # a stream without a file
        os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def wants_colour(stream: TextIO | None) -> bool:
    """Return whether a stream is a terminal that shows colours, and its user wants them (no-color.org)."""
    if stream is None or not stream.isatty() or os.environ.get("NO_COLOR"):
        return False
    return os.environ.get("TERM") != "dumb" and (os.name != "nt" or "WT_SESSION" in os.environ)


def terminal_width(stream: TextIO | None) -> int | None:
    """Return the columns of the terminal that a stream is connected to; None if it is connected to none."""
    if stream is None or not stream.isatty():
        return None
    named = os.environ.get("COLUMNS", "")
    if named.isdecimal() and len(named) < 6 and int(named):
        return max(int(named), _MIN_WIDTH)
    try:
        width = os.get_terminal_size(stream.fileno()).columns
    except OSError:
        width = 0
    return max(width, _MIN_WIDTH) if width else _DEFAULT_WIDTH
