"""Keys counted in groups: how many have which verdict, and what they cost."""

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

from attrs import define, field

from ..costs import NOTHING, CostTotal, MonthlyCost
from ..verdicts import UNUSED

if TYPE_CHECKING:
    from ..audit import KeyUsageRecord


@define
class Totals:
    """How many keys a group has, by verdict, and what those cost a month that no other account pays for."""

    keys: int = 0
    verdicts: Counter[str] = field(factory=Counter[str])
    cost: CostTotal = NOTHING

    def add(self, record: "KeyUsageRecord") -> None:
        """Count a key."""
        self.keys += 1
        self.verdicts[record.verdict.value] += 1
        if not record.shared:
            self.cost = self.cost.plus(record.cost)

    @property
    def unused(self) -> int:
        """Return how many keys are idle, were never used, or have no record of a use."""
        return sum(self.verdicts[verdict] for verdict in UNUSED)

    @property
    def short_cost(self) -> str:
        """Return the cost for a cell of a table."""
        return short_cost(self.cost)


def short_cost(cost: CostTotal | MonthlyCost) -> str:
    """Return a cost for a cell: "$1", "$2.50", "$1+" if it may be more; "-" if nothing is known."""
    if not cost.usd and (cost.usd is None or cost.is_minimum):
        return "-"
    amount = f"${cost.usd:,.2f}".removesuffix(".00")
    return f"{amount}+" if cost.is_minimum else amount


def sum_of(groups: Iterable[Totals]) -> Totals:
    """Return the totals of several groups together."""
    total = Totals()
    for group in groups:
        total.keys += group.keys
        total.verdicts += group.verdicts
        total.cost = CostTotal(
            total.cost.keys + group.cost.keys,
            total.cost.usd + group.cost.usd,
            total.cost.is_minimum or group.cost.is_minimum,
        )
    return total
