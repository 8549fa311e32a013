"""Keys counted in groups: how many have which verdict, and what they cost."""

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

from attrs import define, field

from ..verdicts import UNUSED

if TYPE_CHECKING:
    from ..audit import KeyUsageRecord


@define
class Totals:
    """How many keys a group has, by verdict, and what they cost in US dollars a month.

    `priced` is the number of keys whose cost is known; `cost_is_minimum` is True if some may cost more than is
    known, or if nothing is known about the cost of a key that this account pays for.
    """

    keys: int = 0
    verdicts: Counter[str] = field(factory=Counter[str])
    priced: int = 0
    cost: float = 0.0
    cost_is_minimum: bool = False

    def add(self, record: "KeyUsageRecord") -> None:
        """Count a key."""
        self.keys += 1
        self.verdicts[record.verdict.value] += 1
        if record.monthly_cost is not None:
            self.priced += 1
            self.cost += record.monthly_cost
            self.cost_is_minimum |= record.monthly_cost_is_minimum
        elif not record.shared:
            self.cost_is_minimum = True

    @property
    def unused(self) -> int:
        """Return how many keys have no use within the idle window, and could be retired some day."""
        return sum(self.verdicts[verdict] for verdict in UNUSED)

    @property
    def cost_text(self) -> str:
        """Return the cost as people write it, "-" if nothing is known about it."""
        return cost_text(self.cost if self.priced else None, is_minimum=self.cost_is_minimum)


def cost_text(cost: float | None, *, is_minimum: bool) -> str:
    """Return a cost in US dollars as people write it: "$1", "$2.50", "$1+" if it may be more; "-" for None."""
    if cost is None:
        return "-"
    whole = cost == int(cost)
    return f"${cost:,.{0 if whole else 2}f}{'+' if is_minimum else ''}"


def sum_of(groups: Iterable[Totals]) -> Totals:
    """Return the totals of several groups together."""
    total = Totals()
    for group in groups:
        total.keys += group.keys
        total.verdicts += group.verdicts
        total.priced += group.priced
        total.cost += group.cost
        total.cost_is_minimum |= group.cost_is_minimum
    return total
