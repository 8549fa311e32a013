"""Records by name and in sorted order, which lists are paged from."""

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")


class OrderedIndex(Generic[T]):
    """Records under unique names, and sorted by `sort_key`.

    They are sorted when they are read, once after each change, so that a page of a long list is cheap.
    """

    def __init__(self, sort_key: Callable[[T], str | int]) -> None:
        self._sort_key = sort_key
        self._records: dict[str, T] = {}
        self._ordered: list[T] | None = None

    def find(self, name: str) -> T | None:
        """Return the record of this name, None if there is none."""
        return self._records.get(name)

    def put(self, name: str, record: T) -> None:
        """Add a record, or replace the one of its name."""
        self._records[name] = record
        self._ordered = None

    def remove(self, name: str) -> None:
        """Remove the record of this name."""
        del self._records[name]
        self._ordered = None

    def ordered(self) -> Sequence[T]:
        """Return all records, sorted; read them before anything changes."""
        if self._ordered is None:
            self._ordered = sorted(self._records.values(), key=self._sort_key)
        return self._ordered
