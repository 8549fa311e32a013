"""What keys cost to keep, in US dollars a month. Pure.

The price is that of "AWS Key Management Service Pricing" as of November 2026: each customer managed key, whatever
its spec, origin or state, a primary and each of its replicas alike, is 1 USD a month until it is deleted, and each
of the first two rotations of its material adds as much. A key whose deletion is scheduled costs nothing meanwhile,
keys that AWS manages never do, and another account's key is paid for there. Requests are billed apart. Regions
outside the commercial partition may have other prices, which callers pass in.
"""

from collections.abc import Iterator, Mapping
from math import isfinite
from typing import NamedTuple, Protocol

from .errors import ParameterError
from .verdicts import UNUSED, AuditVerdict, in_days, label

PRICE = 1.0
"""US dollars for a key a month, and for each rotation that is billed."""
MAX_PRICE = 1_000_000.0
"""US dollars: anything higher is a mistake."""
PRICE_AS_OF = "2026-11"
BILLED_ROTATIONS = 2
"""Rotations of a key that are billed; later ones are free."""


class BilledKey(Protocol):
    """What the cost of a key depends on, as `KeyFacts` has it."""

    @property
    def shared(self) -> bool:
        """Whether another account owns it."""
        raise NotImplementedError

    @property
    def manager(self) -> str | None:
        """AWS or CUSTOMER; None if it is unknown."""

    @property
    def state(self) -> str | None:
        """KMS's word for its state."""

    @property
    def multi_region_role(self) -> str | None:
        """PRIMARY or REPLICA for a multi-Region key."""

    @property
    def rotations(self) -> int | None:
        """How often it was rotated; None if that was not counted."""


class MonthlyCost(NamedTuple):
    """US dollars a month, at least that if `is_minimum`; None if another account pays, or it is unknown."""

    usd: float | None
    is_minimum: bool = False


class CostTotal(NamedTuple):
    """So many keys, and what they cost together: at least that if `is_minimum`."""

    keys: int = 0
    usd: float = 0.0
    is_minimum: bool = False

    def plus(self, cost: MonthlyCost) -> "CostTotal":
        """Return the total with one more key; of one whose cost is unknown, it is a minimum."""
        is_minimum = self.is_minimum or cost.is_minimum or cost.usd is None
        return CostTotal(self.keys + 1, self.usd + (cost.usd or 0.0), is_minimum)


NOTHING = CostTotal()
"""The total of no key."""


def check_price(price: float) -> None:
    """Raise `ParameterError` if a price is no number of US dollars from 0 to `MAX_PRICE`."""
    is_number = isinstance(price, int | float) and not isinstance(price, bool)
    if not is_number or not isfinite(price) or not 0 <= price <= MAX_PRICE:
        raise ParameterError(
            f"price is {price!r}: pass the US dollars that a key costs a month, from 0 to {MAX_PRICE:,.0f}."
        )


def monthly_cost(key: BilledKey, price: float = PRICE) -> MonthlyCost:
    """Return what a key costs a month if each key, and each rotation that is billed, has this price.

    Without the number of its rotations that is a minimum. So it is for two cases about which AWS's pages say
    nothing certain: whether a replica is billed for rotations, and a primary that waits for its replicas to be
    deleted.
    """
    if key.shared:
        return MonthlyCost(None)
    if key.manager == "AWS" or key.state == "PendingDeletion":
        return MonthlyCost(0.0)
    if key.state == "PendingReplicaDeletion":
        return MonthlyCost(0.0, is_minimum=True)
    if key.manager is None:
        return MonthlyCost(None)
    billed = min(max(key.rotations or 0, 0), BILLED_ROTATIONS)
    if key.rotations is None or (billed and key.multi_region_role == "REPLICA"):
        return MonthlyCost(price, is_minimum=True)
    return MonthlyCost(price * (1 + billed))


class CostTotals:
    """What the keys of an audit cost together, by verdict; those that other accounts pay for are left out.

    `unused` is the total of the keys that certainly had no use in the idle window, as far as KMS has recorded it.
    """

    def __init__(self, idle_days: int) -> None:
        self.idle_days = idle_days
        self.unused = NOTHING
        self._by_verdict: dict[AuditVerdict, CostTotal] = {}

    def add(self, verdict: AuditVerdict, idle_days: int | None, cost: MonthlyCost) -> None:
        """Count a key."""
        if verdict is AuditVerdict.OTHER_ACCOUNT:
            return
        self._by_verdict[verdict] = self._by_verdict.get(verdict, NOTHING).plus(cost)
        if verdict in UNUSED and (idle_days or 0) >= self.idle_days:
            self.unused = self.unused.plus(cost)

    @property
    def by_verdict(self) -> Mapping[AuditVerdict, CostTotal]:
        """Return the totals, in the order of `AuditVerdict`, of verdicts that some key has."""
        return {verdict: self._by_verdict[verdict] for verdict in AuditVerdict if verdict in self._by_verdict}


def in_dollars(cost: CostTotal | MonthlyCost) -> str:
    """Return a cost in words: "62 USD", "at least 1.50 USD"; "unknown" if it is."""
    if cost.usd is None:
        return "unknown"
    amount = f"{cost.usd:,.2f}".removesuffix(".00")
    return f"at least {amount} USD" if cost.is_minimum else f"{amount} USD"


def total_lines(costs: Mapping[AuditVerdict, CostTotal], unused: CostTotal, idle_days: int) -> Iterator[str]:
    """Yield totals for people: of all keys by verdict, and of those that nobody used."""
    billed = {verdict: total for verdict, total in costs.items() if total.usd or total.is_minimum}
    if billed:
        usd, is_minimum = (
            sum(each.usd for each in billed.values()),
            any(each.is_minimum for each in billed.values()),
        )
        parts = ", ".join(f"{label(verdict)} {in_dollars(total)}" for verdict, total in billed.items())
        yield f"the keys cost {in_dollars(MonthlyCost(usd, is_minimum))} a month: {parts}"
    if unused.keys:
        keys = "1 key nobody used" if unused.keys == 1 else f"{unused.keys} keys nobody used"
        verb = "costs" if unused.keys == 1 else "cost"
        yield f"{keys} in {in_days(idle_days)} {verb} {in_dollars(unused)} a month"
