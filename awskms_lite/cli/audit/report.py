"""The reports of `awskms-lite audit`: each record goes to a writer for each output."""

import argparse
import sys
from collections import Counter
from types import TracebackType
from typing import TYPE_CHECKING, NamedTuple, Self, TextIO

from ..text import terminal_width
from .outputs import Output, OutputFile, StandardOutput, check_outputs

if TYPE_CHECKING:
    from ...audit import KeyUsageRecord
    from ...report import ReportContext, Writer


class Report:
    """Writes the records of an audit in each format that was asked for, and counts them.

    `failures` holds a record for each operation and code by which keys could not be read, and `failed` how many
    there are; `unwritable` is what to print about each output that took no more. Files that `end` has not put into
    their places are removed at the end of the `with`. A reader of standard output that went away is a
    `BrokenPipeError`: at once if there is no other output, else at the end.
    """

    def __init__(self, arguments: argparse.Namespace) -> None:
        outputs = arguments.output or [Output("table")]
        check_outputs(outputs, arguments.checkpoint)
        self.streams = any(output.file is None and output.format != "table" for output in outputs)
        self.verdicts: Counter[str] = Counter()
        self.failures: dict[tuple[str, str], KeyUsageRecord] = {}
        self.failed: Counter[tuple[str, str]] = Counter()
        self.unwritable: list[str] = []
        self._broken_pipe: BrokenPipeError | None = None
        self._outputs: list[_OpenOutput] = []
        try:
            for output in outputs:
                self._open(output, arguments)
        except BaseException:
            self._discard()
            raise

    def _open(self, output: Output, arguments: argparse.Namespace) -> None:
        if output.file is not None:
            place: StandardOutput | OutputFile = OutputFile(output.file)
        elif sys.stdout is not None:
            place = StandardOutput(as_utf8=output.format != "table")
        else:
            self.unwritable.append("the report cannot be written: standard output is closed")
            return
        self._outputs.append(_OpenOutput(output.file, place, _make_writer(output, place.stream, arguments)))

    @property
    def is_over(self) -> bool:
        """Return whether no output takes any more."""
        return not self._outputs

    def add(self, record: "KeyUsageRecord", *, flush: bool) -> None:
        """Write the next record; `flush` if the one after it may take long."""
        self.verdicts[record.verdict.value] += 1
        if record.error is not None and record.verdict.value == "unreadable":
            cause = (record.error.operation or "", record.error.code)
            self.failures.setdefault(cause, record)
            self.failed[cause] += 1
        self._write(record, flush=flush and self.streams)

    def _write(self, record: "KeyUsageRecord", *, flush: bool) -> None:
        from ...audit.serialize import to_members

        members = to_members(record)
        for output in tuple(self._outputs):
            try:
                output.writer.add(record, members)
                if flush and output.file is None:
                    output.place.stream.flush()
            except OSError as error:
                self._fail(output, error)

    def end(self, context: "ReportContext") -> None:
        """Write what is left, and put the files into their places."""
        for output in tuple(self._outputs):
            try:
                output.writer.end(context)
                output.place.publish()
            except OSError as error:
                self._fail(output, error)
        if self._broken_pipe is not None:
            raise self._broken_pipe

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
        self._discard()

    def _discard(self) -> None:
        for output in self._outputs:
            if isinstance(output.place, OutputFile):
                output.place.discard()


class _OpenOutput(NamedTuple):
    """An output that takes records."""

    file: str | None
    place: StandardOutput | OutputFile
    writer: "Writer"


def _make_writer(output: Output, stream: TextIO, arguments: argparse.Namespace) -> "Writer":
    """Return a writer of the output's format; each loads only its own module."""
    match output.format:
        case "json":
            from ...report.json import JSONWriter

            return JSONWriter(stream)
        case "jsonl":
            from ...report.jsonl import JSONLinesWriter

            return JSONLinesWriter(stream)
        case "md":
            from ...report.markdown import MarkdownWriter

            return MarkdownWriter(stream)
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
            return _table_writer(output, stream)


def _csv_writer(output: Output, stream: TextIO, arguments: argparse.Namespace) -> "Writer":
    """Return a writer for people and their spreadsheets if it is a file, for programs otherwise."""
    from ...report.csv import COLUMNS, SHORT_COLUMNS, CSVWriter

    if output.file is None:
        return CSVWriter(stream, arguments.columns or COLUMNS)
    return CSVWriter(stream, arguments.columns or SHORT_COLUMNS, mark=True)


def _table_writer(output: Output, stream: TextIO) -> "Writer":
    from ...report.table import TableWriter

    return TableWriter(stream, width=None if output.file else terminal_width(stream))
