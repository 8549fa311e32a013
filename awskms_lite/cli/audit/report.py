"""The report of `awskms-lite audit` on standard output: a table, JSON, JSON lines or CSV."""

import argparse
import csv
import io
import json
import sys
from collections import Counter
from typing import TYPE_CHECKING, Protocol

from ...quoting import printable
from ..text import silence_output
from .table import Table

if TYPE_CHECKING:
    from ...audit import KeyUsageRecord


class Report:
    """Writes the records of an audit to standard output, and counts them.

    `failures` holds a record for each operation and code by which keys could not be read, and `failed` how many
    there are; `unwritable` is why standard output takes no more. A reader that went away is a `BrokenPipeError`.
    """

    def __init__(self, arguments: argparse.Namespace) -> None:
        self.streams = arguments.output != "table"
        self._writer = _writer(arguments)
        self.verdicts: Counter[str] = Counter()
        self.failures: dict[tuple[str, str], KeyUsageRecord] = {}
        self.failed: Counter[tuple[str, str]] = Counter()
        self.unwritable = "standard output is closed" if sys.stdout is None else None

    def add(self, record: "KeyUsageRecord", *, flush: bool) -> None:
        """Write the next record; `flush` if the one after it may take long."""
        self.verdicts[record.verdict.value] += 1
        if record.error is not None and record.verdict.value == "unreadable":
            cause = (record.error.operation or "", record.error.code)
            self.failures.setdefault(cause, record)
            self.failed[cause] += 1
        self._write(record, flush=flush and self.streams)

    def end(self) -> None:
        """Write what is left."""
        self._write(None, flush=True)

    def _write(self, record: "KeyUsageRecord | None", *, flush: bool) -> None:
        if self.unwritable is not None:
            return
        try:
            if record is None:
                self._writer.end()
            else:
                self._writer.add(record)
            if flush:
                print(end="", flush=True)
        except BrokenPipeError:
            raise
        except OSError as error:
            self.unwritable = error.strerror or str(error)
            silence_output()


class Writer(Protocol):
    """Writes one report to standard output."""

    def add(self, record: "KeyUsageRecord") -> None:
        """Take the next record."""

    def end(self) -> None:
        """Write what is left after the last record."""


def _writer(arguments: argparse.Namespace) -> Writer:
    if arguments.output == "table":
        return Table(arguments.idle_days)
    stream: object = sys.stdout
    if isinstance(stream, io.TextIOWrapper):  # files of the other formats are read as UTF-8 in any locale
        stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    if arguments.output == "csv":
        return CSV()
    return JSONArray() if arguments.output == "json" else JSONLines()


class JSONLines:
    """A line of JSON for each record."""

    def add(self, record: "KeyUsageRecord") -> None:
        """Write the record's line."""
        print(_line(record))

    def end(self) -> None:
        """Write nothing more."""


class JSONArray:
    """One JSON array, with a line for each record."""

    def __init__(self) -> None:
        self._before = "[\n"

    def add(self, record: "KeyUsageRecord") -> None:
        """Write the record, and the comma after the one before."""
        print(self._before + _line(record), end="")
        self._before = ",\n"

    def end(self) -> None:
        """Close the array."""
        print("[]" if self._before == "[\n" else "\n]")


class CSV:
    """A header, and a row for each record."""

    def __init__(self) -> None:
        self._rows = csv.writer(_StandardOutput(), lineterminator="\n")
        self._has_header = False

    def add(self, record: "KeyUsageRecord") -> None:
        """Write the record's row."""
        from ...audit.serialize import csv_row

        self._write_header()
        self._rows.writerow(map(printable, csv_row(record)))  # it may go to a terminal

    def end(self) -> None:
        """Write the header if there was no record."""
        self._write_header()

    def _write_header(self) -> None:
        from ...audit.serialize import csv_header

        if not self._has_header:
            self._rows.writerow(csv_header())
            self._has_header = True


class _StandardOutput:
    """Standard output as `csv` takes it, even if there is none."""

    def write(self, text: str) -> int:
        print(text, end="")
        return len(text)


def _line(record: "KeyUsageRecord") -> str:
    """Return a record as JSON, with what a terminal might act on escaped, which means the same in JSON."""
    from ...audit.serialize import to_line

    line = to_line(record)
    if line.isprintable():
        return line
    return "".join(char if char.isprintable() else json.dumps(char)[1:-1] for char in line)
