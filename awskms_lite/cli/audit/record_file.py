"""The records in a file that `--output jsonl` or `json` wrote."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, TypeVar

from ...errors import ParameterError
from .input_files import read_lines
from .summary import key_count

if TYPE_CHECKING:
    from ...audit import KeyFacts

FactsT = TypeVar("FactsT", bound="KeyFacts")

_REMEDY = "--from reads what --output jsonl or json wrote."
_ARRAY_REMEDY = f"{_REMEDY} An array that another tool has rewritten becomes lines with jq -c '.[]'."


class RecordFile:
    """A file of records, "-" for standard input; `count` is how many were read."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._is_array = False
        self.count = 0

    def read(self, cls: "type[FactsT]", check: "Callable[[FactsT], None] | None" = None) -> "Iterator[FactsT]":
        """Yield the records, each of them checked.

        Raise `ParameterError`, with the number of the line, for one that is no record and for what `check` raises,
        and `ConfigurationError` if the file cannot be read.
        """
        from ...audit.serialize import from_line

        for number, line in self._elements():
            try:
                record = from_line(cls, line)
                if check is not None:
                    check(record)
            except ParameterError as error:
                remedy = _ARRAY_REMEDY if self._is_array or line.startswith(b"[") else _REMEDY
                raise ParameterError(f"{self._name}, line {number}: {error} {remedy}") from None
            self.count += 1
            yield record

    def _elements(self) -> Iterator[tuple[int, bytes]]:
        """Yield each line that should be a record, with its number; raise `ParameterError` for a broken file."""
        is_closed = False
        for number, whole_line in enumerate(read_lines(self._name), 1):
            line = whole_line.strip()
            if not self.count and not self._is_array and line in (b"[", b"[]"):
                self._is_array, is_closed = True, line == b"[]"
                continue
            if self._is_array:  # as --output json writes it, with a line for each element
                is_closed = is_closed or line == b"]"
                line = b"" if line == b"]" else line.removesuffix(b",")
            if line:
                yield number, line
        if self._is_array and not is_closed:
            raise ParameterError(
                f"{self._name} breaks off after {key_count(self.count)}, without the ] at its end: the audit "
                "that wrote it ended early. Make the report again."
            )
        if not self.count and not self._is_array:
            raise ParameterError(f"{self._name} has no record: {_REMEDY}")
