"""One report: records go to its writer, are counted, and it is known whether they could be written."""

import argparse
import sys
from collections import Counter
from typing import TYPE_CHECKING

from ..text import silence_output
from .table import Table
from .writers import CSV, JSONArray, JSONLines, Writer, speak_utf8

if TYPE_CHECKING:
    from ...audit import KeyUsageRecord


class Report:
    """Takes the records of an audit in.

    `failures` holds, by operation and code, a record that failed so, and `failed` how many did; `unwritable` says
    why standard output took no more. A reader that went away is a `BrokenPipeError`.
    """

    def __init__(self, arguments: argparse.Namespace) -> None:
        self.streams = arguments.output != "table"
        self._writer = _writer(arguments)
        self.verdicts: Counter[str] = Counter()
        self.failures: dict[tuple[str, str], KeyUsageRecord] = {}
        self.failed: Counter[tuple[str, str]] = Counter()
        self.unwritable = "standard output is closed" if sys.stdout is None else None

    def add(self, record: "KeyUsageRecord", *, flush: bool) -> None:
        """Take in the next record; `flush` says that the one after it may be long in coming."""
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


def _writer(arguments: argparse.Namespace) -> Writer:
    if arguments.output == "table":
        return Table(arguments.idle_days)
    speak_utf8()
    if arguments.output == "csv":
        return CSV()
    return JSONArray() if arguments.output == "json" else JSONLines()
