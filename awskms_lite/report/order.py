"""In which order the keys of a report stand, and in which groups."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ..audit import KeyUsageRecord

_Value = str | float

PRIORITY = (
    "idle", "never_used", "no_record", "unreadable", "pending_deletion", "too_new", "other_account", "in_use",
    "aws_managed",
)  # fmt: skip
"""The verdicts, those first that somebody has something to do about."""
_RANKS = {verdict: rank for rank, verdict in enumerate(PRIORITY)}
_IN_DEMAND = -1
"""The rank of a key of which uses were refused: somebody misses it now."""


def _rank(record: "KeyUsageRecord") -> int:
    return _IN_DEMAND if record.in_demand else _RANKS[record.verdict.value]


def _last_use(record: "KeyUsageRecord") -> float | None:
    used = None if record.last_usage is None else record.last_usage.timestamp
    return None if used is None else used.timestamp()


SORT_KEYS: Mapping[str, Callable[["KeyUsageRecord"], _Value | None]] = {
    "verdict": _rank,
    "idle_days": lambda record: record.idle_days,
    "cost": lambda record: record.monthly_cost,
    "last_use": _last_use,
    "account": lambda record: record.account_id,
    "region": lambda record: record.region,
}
GROUP_KEYS: Mapping[str, Callable[["KeyUsageRecord"], str | None]] = {
    "account": lambda record: record.account_id,
    "region": lambda record: record.region,
    "verdict": lambda record: record.verdict.value,
    "owner": lambda record: record.owner,
    "manager": lambda record: record.manager,
}
"""The name of each one's group, None if it is unknown."""


class Order(NamedTuple):
    """An order of records: by group, if there are groups, then by a sort key.

    What is unknown comes last in both directions. Records that are equal stand as in the default order: by what
    there is to do about a verdict, then the longest without a use first.
    """

    key: str = "verdict"
    descending: bool = False
    group_by: str | None = None

    def group(self, record: "KeyUsageRecord") -> str:
        """Return the name of the record's group; an empty text if it is unknown, or if there are no groups."""
        return "" if self.group_by is None else GROUP_KEYS[self.group_by](record) or ""

    def place(self, record: "KeyUsageRecord") -> tuple[_Value, ...]:
        """Return what the record is sorted by; the values at `descending_at` sort from high to low."""
        value, group = SORT_KEYS[self.key](record), self.group(record)
        return (
            _RANKS[record.verdict.value] if self.group_by == "verdict" else not group,
            group,
            value is None,
            0 if value is None else value,
            _rank(record),
            -1 if record.idle_days is None else record.idle_days,
            record.account_id,
            record.region,
            record.key_id,
        )

    @property
    def descending_at(self) -> tuple[int, ...]:
        """Return at which places of `place` the higher value comes first."""
        return (3, 5) if self.descending else (5,)


DEFAULT_ORDER = Order()


class FirstRecords:
    """The first few records of any number, in the default order."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._records: list[KeyUsageRecord] = []

    def add(self, record: "KeyUsageRecord") -> None:
        """Take a record, and let go of those that are not among the first."""
        self._records.append(record)
        if len(self._records) >= 10 * self._number:  # now and then, since sorting each time would be slow
            self._records = self.in_order()

    def in_order(self) -> "list[KeyUsageRecord]":
        """Return the first records."""
        return sorted(self._records, key=_default_place)[: self._number]


def _default_place(record: "KeyUsageRecord") -> tuple[_Value, ...]:
    idle_days = -1 if record.idle_days is None else record.idle_days
    return _rank(record), -idle_days, record.account_id, record.region, record.key_id
