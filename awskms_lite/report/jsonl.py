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

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def add(self, record: "KeyUsageRecord", members: Mapping[str, Any]) -> None:  # noqa: ARG002 - as all writers
        """Write the record's line."""
        self._stream.write(f"{json_text(members)}\n")

    def end(self, context: "ReportContext") -> None:
        """Write nothing more."""


def json_text(value: Mapping[str, Any]) -> str:
    """Return an object as JSON on one line, with what a terminal might act on escaped, which means the same."""
    text = _encode(value)
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else json.dumps(char)[1:-1] for char in text)
