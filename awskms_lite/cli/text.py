"""Text for a terminal: columns, complaints, and nothing in them that the terminal would act on."""

import contextlib
import os
import sys
from collections.abc import Generator, Sequence
from typing import TextIO

from ..quoting import printable


def columns(rows: Sequence[Sequence[str]]) -> str:
    """Give the rows as lines, each column as wide as its widest cell."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
    return "\n".join(line.rstrip() for line in lines)


def complain(text: str) -> None:
    """Say what went wrong on standard error, line by line."""
    note(f"awskms-lite: {text}")


def note(text: str) -> None:
    """Say something on standard error, line by line; where nobody reads that, the exit code has to do."""
    if sys.stderr is None:
        return
    lines = [printable(line) for line in text.splitlines()]
    with contextlib.suppress(OSError):
        print("\n".join(lines), file=sys.stderr, flush=True)


@contextlib.contextmanager
def log_on_stderr() -> Generator[None]:
    """Tell on standard error all that this package logs; not what the HTTP libraries log, which holds secrets."""
    import logging

    class Notes(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            note(f"awskms-lite: {record.levelname.lower()}: {record.getMessage()}")

    logger, notes = logging.getLogger("awskms_lite"), Notes()
    before = logger.level
    logger.setLevel(logging.DEBUG)
    logger.addHandler(notes)
    try:
        yield
    finally:
        logger.removeHandler(notes)
        logger.setLevel(before)


def silence_output() -> None:
    """Let standard output go nowhere: Python flushes it once more at its end, which would fail again, loudly."""
    _silence(sys.stdout)


def silence_broken_streams() -> None:
    """Let go nowhere what cannot be written: Python's own last try would turn the exit code into 120."""
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
    with contextlib.suppress(OSError, ValueError):  # a stream that is no file
        os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
