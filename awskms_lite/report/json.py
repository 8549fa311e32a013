"""JSON: one array, with a line for each record."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TextIO

from .jsonl import RecordTexts

if TYPE_CHECKING:
    from ..audit import KeyUsageRecord
    from . import ReportContext


class JSONWriter:
    """Writes the array as the records come."""

    def __init__(self, stream: TextIO, texts: RecordTexts | None = None) -> None:
        self._stream = stream
        self._text = texts or RecordTexts()
        self._before = "[\n"

    def add(self, record: "KeyUsageRecord", members: Mapping[str, Any]) -> None:  # noqa: ARG002 - as all writers
        """Write the record, and the comma after the one before."""
        self.add_element(members)

    def add_element(self, members: Mapping[str, Any]) -> None:
        """Write one element of the array."""
        self._stream.write(self._before + self._text(members))
        self._before = ",\n"

    def end(self, context: "ReportContext") -> None:  # noqa: ARG002 - as all writers
        """Close the array."""
        self._stream.write("[]\n" if self._before == "[\n" else "\n]\n")
