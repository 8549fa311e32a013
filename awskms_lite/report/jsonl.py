"""JSON lines: a record on each line, under names that stay."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from ..audit import KeyUsageRecord
    from . import ReportContext

_encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode


class JSONLinesWriter:
    """Writes a line for each record."""

    def __init__(self, stream: TextIO, texts: "RecordTexts | None" = None) -> None:
        self._stream = stream
        self._text = texts or RecordTexts()

    def add(self, record: "KeyUsageRecord", members: Mapping[str, Any]) -> None:  # noqa: ARG002 - as all writers
        """Write the record's line."""
        self._stream.write(f"{self._text(members)}\n")

    def end(self, context: "ReportContext") -> None:
        """Write nothing more."""


class RecordTexts:
    """Makes the JSON of records, once for all writers that share it and take the same record in turn."""

    def __init__(self) -> None:
        self._members: Mapping[str, Any] = {}
        self._text = "{}"

    def __call__(self, members: Mapping[str, Any]) -> str:
        """Return the record's JSON on one line."""
        if members is not self._members:
            self._members, self._text = members, json_text(members)
        return self._text


def json_text(value: Mapping[str, Any]) -> str:
    """Return an object as JSON on one line, with what a terminal might act on escaped, which means the same."""
    text = _encode(value)
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else json.dumps(char)[1:-1] for char in text)
