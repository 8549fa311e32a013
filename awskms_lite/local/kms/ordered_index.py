"""Records by name, and in an order of their own: what a list is paged from."""

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")


class OrderedIndex(Generic[T]):
    """Records under unique names, which can also be had in the order of their `place`.

    The order is worked out when it is asked for, and kept until something changes: to turn the pages of a long
    list costs what stands on them.
    """

    def __init__(self, place: Callable[[T], str | int]) -> None:
        self._place = place
        self._records: dict[str, T] = {}
        self._ordered: list[T] | None = None

    def find(self, name: str) -> T | None:
        """Give the record of this name, None where there is none."""
        return self._records.get(name)

    def put(self, name: str, record: T) -> None:
        """Take a record in, or put it in the place of the one of its name."""
        self._records[name] = record
        self._ordered = None

    def remove(self, name: str) -> None:
        """Let go of the record of this name."""
        del self._records[name]
        self._ordered = None

    def ordered(self) -> Sequence[T]:
        """Give all records in their order, to be read before anything changes."""
        if self._ordered is None:
            self._ordered = sorted(self._records.values(), key=self._place)
        return self._ordered
