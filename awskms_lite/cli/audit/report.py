"""The reports of `awskms-lite audit`: each record goes to a writer for each output."""

import argparse
import sys
from collections import Counter
from types import TracebackType
from typing import TYPE_CHECKING, NamedTuple, Self, TextIO

from ..text import terminal_width, wants_colour
from .options import key_filter
from .outputs import Output, OutputFile, StandardOutput, check_outputs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...audit import KeyUsageRecord
    from ...audit.sorted_records import SortedRecords
    from ...report import ReportContext, Writer
    from ...report.jsonl import RecordTexts
    from ...report.order import Order


_KEY_BY_KEY = ("json", "jsonl", "csv", "ocsf", "asff", "html")
"""Formats that are written as the records come; the table sorts its rows itself, and others only count."""

_MAX_DEMANDED = 5
"""Keys in demand that the summary names: the reports have all of them."""


class Report:
    """Writes the records of an audit in each format that was asked for, and counts them.

    `streams` is whether standard output shows the report growing, `is_seen` whether a table goes to a terminal.
    `matched` counts the keys that the filters match for certain, and the unreadable ones, which they may match.
    `failures` holds a record for each operation and code by which keys could not be read, and `failed` how many
    there are; `demanded` counts the keys in demand that cannot be used, and `first_demanded` has the names of the
    first ones; `unshown` counts the keys that --verdict leaves out of the report and of nothing else; `unwritable`
    is what to print about each output that took no more; `kept` are the files that were left as they were. Files
    that `end` has not put into their places are removed at the end of the `with`. A reader of standard output that
    went away is a `BrokenPipeError`: at once if there is no other output, else at the end.
    """

    def __init__(self, arguments: argparse.Namespace) -> None:
        outputs = arguments.output or [Output("table")]
        check_outputs(outputs, arguments.checkpoint)
        has_table = any(output == Output("table") for output in outputs)
        self.is_seen = has_table and terminal_width(sys.stdout) is not None
        self.streams = False
        self.verdicts: Counter[str] = Counter()
        self.matched = 0
        self.failures: dict[tuple[str, str], KeyUsageRecord] = {}
        self.failed: Counter[tuple[str, str]] = Counter()
        self.demanded = 0
        self.first_demanded: list[str] = []
        self.unshown = 0
        self.unwritable: list[str] = []
        self.kept: list[str] = []
        self._wanted = key_filter(arguments)
        self._shown = frozenset[str](arguments.verdict)
        self._broken_pipe: BrokenPipeError | None = None
        self._outputs: list[_OpenOutput] = []
        self._sorted: SortedRecords | None = None
        self._texts = _record_texts()
        try:
            for output in outputs:
                self._open(output, arguments)
        except BaseException:
            self._close()
            raise

    def _open(self, output: Output, arguments: argparse.Namespace) -> None:
        from ...audit.sorted_records import SortedRecords

        if output.file is not None:
            place: StandardOutput | OutputFile = OutputFile(output.file)
        elif sys.stdout is not None:
            place = StandardOutput(as_utf8=output.format != "table")
        else:
            self.unwritable.append("the report cannot be written: standard output is closed")
            return
        order = _order(arguments)
        is_sorted = bool(arguments.sort or arguments.group_by) and output.format in _KEY_BY_KEY
        self.streams = self.streams or (output.file is None and output.format in _KEY_BY_KEY and not is_sorted)
        if is_sorted and self._sorted is None:
            self._sorted = SortedRecords(order.place, order.descending_at)
        writer = _make_writer(output, place.stream, arguments, order, self._texts)
        self._outputs.append(_OpenOutput(output.file, place, writer, is_sorted))

    @property
    def number(self) -> int:
        """Return how many keys there are, shown or not."""
        return sum(self.verdicts.values())

    @property
    def is_over(self) -> bool:
        """Return whether no output takes any more."""
        return not self._outputs

    def add(self, record: "KeyUsageRecord", *, flush: bool) -> None:
        """Write the next record; `flush` if the one after it may take long."""
        self.verdicts[record.verdict.value] += 1
        # Of an unreadable key the exit code tells already.
        self.matched += record.verdict.value == "unreadable" or self._wanted.certainly_matches(record)
        if record.in_demand:
            self._note_demand(record)
        if record.error is not None and record.verdict.value == "unreadable":
            cause = (record.error.operation or "", record.error.code)
            self.failures.setdefault(cause, record)
            self.failed[cause] += 1
        if self._shown and record.verdict.value not in self._shown:
            self.unshown += 1
            return
        if self._sorted is not None:
            self._sorted.add(record)
        self._write(record, [output for output in self._outputs if not output.is_sorted], flush=flush)

    def _note_demand(self, record: "KeyUsageRecord") -> None:
        self.demanded += 1
        if len(self.first_demanded) < _MAX_DEMANDED:
            alias = next(iter(record.aliases or ()), None)
            self.first_demanded.append(record.arn if alias is None else f"{alias} ({record.arn})")

    def _write(self, record: "KeyUsageRecord", outputs: "Sequence[_OpenOutput]", *, flush: bool = False) -> None:
        from ...audit.serialize import to_members

        if not outputs:
            return
        members = to_members(record)
        for output in outputs:
            try:
                output.writer.add(record, members)
                if flush and output.file is None:
                    output.place.stream.flush()
            except OSError as error:
                self._fail(output, error)

    def end(self, context: "ReportContext", *, is_known: bool) -> None:
        """Write what is left, and put the files into their places.

        Without a record, and unless it `is_known` that there is none, files that are there already stay: they tell
        more than an empty report of what could not be read.
        """
        if not self.verdicts and not is_known:
            self._keep_files()
        for record in () if self._sorted is None else self._sorted.in_order():
            self._write(record, [output for output in self._outputs if output.is_sorted])
        for output in tuple(self._outputs):
            try:
                output.writer.end(context)
                output.place.publish()
            except OSError as error:
                self._fail(output, error)
        if self._broken_pipe is not None:
            raise self._broken_pipe

    def _keep_files(self) -> None:
        """Give up the outputs that would replace a file."""
        for output in tuple(self._outputs):
            if output.file is not None and output.place.replaces:
                self._outputs.remove(output)
                output.place.discard()
                self.kept.append(output.file)

    def _fail(self, output: "_OpenOutput", error: OSError) -> None:
        """Give up an output, and go on with the others."""
        self._outputs.remove(output)
        output.place.discard()
        if isinstance(error, BrokenPipeError) and output.file is None:
            if not self._outputs:
                raise error
            self._broken_pipe = error
            return
        name = "" if output.file is None else f" {output.file}"
        self.unwritable.append(f"the report{name} cannot be written: {error.strerror or error}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def _close(self) -> None:
        if self._sorted is not None:
            self._sorted.close()
        for output in self._outputs:
            if isinstance(output.place, OutputFile):
                output.place.discard()


class _OpenOutput(NamedTuple):
    """An output that takes records: as they come, or in order at the end."""

    file: str | None
    place: StandardOutput | OutputFile
    writer: "Writer"
    is_sorted: bool


def _record_texts() -> "RecordTexts":
    from ...report.jsonl import RecordTexts

    return RecordTexts()


def _order(arguments: argparse.Namespace) -> "Order":
    from ...report.order import Order

    key = arguments.sort or "verdict"
    return Order(key.removeprefix("-"), key.startswith("-"), arguments.group_by)


def _make_writer(
    output: Output, stream: TextIO, arguments: argparse.Namespace, order: "Order", texts: "RecordTexts"
) -> "Writer":
    """Return a writer of the output's format; each loads only its own module."""
    match output.format:
        case "json":
            from ...report.json import JSONWriter

            return JSONWriter(stream, texts)
        case "jsonl":
            from ...report.jsonl import JSONLinesWriter

            return JSONLinesWriter(stream, texts)
        case "md":
            from ...report.markdown import MarkdownWriter

            return MarkdownWriter(stream)
        case "html":
            from ...report.html import HTMLWriter

            return HTMLWriter(stream)
        case "ocsf":
            from ...report.ocsf import OCSFWriter

            return OCSFWriter(stream)
        case "asff":
            from ...report.asff import ASFFWriter

            return ASFFWriter(stream)
        case "prom":
            from ...report.prometheus import PrometheusWriter

            return PrometheusWriter(stream)
        case "csv":
            return _csv_writer(output, stream, arguments)
        case _:
            return _table_writer(output, stream, order)


def _csv_writer(output: Output, stream: TextIO, arguments: argparse.Namespace) -> "Writer":
    """Return a writer for people and their spreadsheets if it is a file, for programs otherwise."""
    from ...report.csv import COLUMNS, SHORT_COLUMNS, CSVWriter

    if output.file is None:
        return CSVWriter(stream, arguments.columns or COLUMNS)
    return CSVWriter(stream, arguments.columns or SHORT_COLUMNS, mark=True)


def _table_writer(output: Output, stream: TextIO, order: "Order") -> "Writer":
    from ...report.table import TableWriter

    if output.file is not None:
        return TableWriter(stream, order=order)
    return TableWriter(stream, width=terminal_width(stream), colour=wants_colour(stream), order=order)
