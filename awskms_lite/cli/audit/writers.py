"""The report for machines, written as its records come: JSON, JSON lines and CSV."""

import csv
import io
import json
import sys
from typing import TYPE_CHECKING, Protocol

from ...quoting import printable

if TYPE_CHECKING:
    from ...audit import KeyUsageRecord


class Writer(Protocol):
    """Writes one report to standard output."""

    def add(self, record: "KeyUsageRecord") -> None:
        """Take in the next record."""

    def end(self) -> None:
        """Write what is left after the last record."""


def speak_utf8() -> None:
    """Have standard output speak UTF-8 whatever the locale is: files of these formats are read as that."""
    stream: object = sys.stdout
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(encoding="utf-8", errors="backslashreplace")


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
        """Write the record, and what parts it from the one before."""
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

        self._begin()
        self._rows.writerow(map(printable, csv_row(record)))  # it may be on its way to a terminal

    def end(self) -> None:
        """Write the header if no record did."""
        self._begin()

    def _begin(self) -> None:
        from ...audit.serialize import csv_header

        if not self._has_header:
            self._rows.writerow(csv_header())
            self._has_header = True


class _StandardOutput:
    """Standard output as `csv` takes it, also where there is none."""

    def write(self, text: str) -> int:
        print(text, end="")
        return len(text)


def _line(record: "KeyUsageRecord") -> str:
    """Give a record as JSON in which whatever a terminal might act on is escaped: it says the same."""
    from ...audit.serialize import to_line

    line = to_line(record)
    if line.isprintable():
        return line
    return "".join(char if char.isprintable() else json.dumps(char)[1:-1] for char in line)
