"""What keys cost: the price of each kind of key, and the totals of many."""

from math import inf, nan
from typing import Any

import pytest
from support.audit_data import NOW, days, facts, used

from awskms_lite.audit import Failure, KeyUsageRecord, judge
from awskms_lite.costs import CostTotals, MonthlyCost, in_dollars, monthly_cost, total_lines
from awskms_lite.errors import ParameterError


@pytest.mark.parametrize(
    ("members", "usd", "is_minimum"),
    [
        ({}, 1.0, True),
        ({"rotations": 0}, 1.0, False),
        ({"rotations": 1}, 2.0, False),
        ({"rotations": 2}, 3.0, False),
        ({"rotations": 25}, 3.0, False),
        ({"rotations": -3}, 1.0, False),
        ({"state": "Disabled", "rotations": 0}, 1.0, False),
        ({"state": "PendingImport", "origin": "EXTERNAL", "rotations": 0}, 1.0, False),
        ({"multi_region_role": "REPLICA", "rotations": 0}, 1.0, False),
        ({"multi_region_role": "REPLICA", "rotations": 2}, 1.0, True),
        ({"multi_region_role": "PRIMARY", "rotations": 2}, 3.0, False),
        ({"state": "PendingDeletion"}, 0.0, False),
        ({"state": "PendingReplicaDeletion"}, 0.0, True),
        ({"manager": "AWS"}, 0.0, False),
        ({"shared": True}, None, False),
        ({"shared": True, "manager": "AWS"}, None, False),
        ({"manager": None, "state": None, "error": Failure("X", "y")}, None, False),
        ({"manager": None, "aliases": ("alias/aws/s3",), "error": Failure("X", "y")}, 0.0, False),
        ({"error": Failure("X", "y")}, 1.0, True),
    ],
)
def test_what_a_key_costs(members: dict[str, Any], usd: float | None, is_minimum: bool) -> None:
    """Each kind of key has its price, and it is a minimum wherever something that is billed is unknown."""
    assert judge(facts(**members), 90).cost == (usd, is_minimum)


def test_another_price() -> None:
    """It is that of each rotation that is billed, too."""
    assert monthly_cost(facts(rotations=9), 1.5) == MonthlyCost(4.5)
    assert judge(facts(rotations=1), 90, (), 0).monthly_cost == 0


@pytest.mark.parametrize("price", [-0.01, nan, inf, -inf, 1_000_000.5, True, "1", None])
def test_what_is_no_price(price: Any) -> None:
    """A price that could not be multiplied, or is a mistake, is refused."""
    with pytest.raises(ParameterError, match="price is"):
        judge(facts(), 90, (), price)


class TestTotals:
    """The totals of an audit."""

    def totals(self, *records: KeyUsageRecord, idle_days: int = 90) -> CostTotals:
        totals = CostTotals(idle_days)
        for record in records:
            totals.add(record.verdict, record.idle_days, record.cost)
        return totals

    def lines(self, *records: KeyUsageRecord, idle_days: int = 90) -> list[str]:
        totals = self.totals(*records, idle_days=idle_days)
        return list(total_lines(totals.by_verdict, totals.unused, idle_days))

    def test_by_verdict(self) -> None:
        """Each verdict has its keys and their cost; a key that another account pays for has no part in it."""
        totals = self.totals(
            judge(facts(last_usage=used(days(3)), rotations=1), 90),
            judge(facts(last_usage=used(days(200)), rotations=0), 90),
            judge(facts(last_usage=used(days(100))), 90),
            judge(facts(shared=True), 90),
        )
        assert totals.by_verdict == {"in_use": (1, 2.0, False), "idle": (2, 2.0, True)}
        assert totals.unused == (2, 2.0, True)

    def test_in_words(self) -> None:
        """One line has all keys, the other those that nobody used for so long."""
        idle = judge(facts(last_usage=used(days(100)), rotations=0), 90)
        busy = judge(facts(last_usage=used(days(3))), 90)
        assert self.lines(busy, idle, idle) == [
            "the keys cost at least 3 USD a month: in use at least 1 USD, idle 2 USD",
            "2 keys nobody used in 90 days cost 2 USD a month",
        ]
        assert self.lines(idle)[-1] == "1 key nobody used in 90 days costs 1 USD a month"

    def test_a_key_without_a_record_of_the_whole_window(self) -> None:
        """Nobody can tell that it was not used in the window, so it is not counted among those."""
        young_record = judge(facts(tracking_start=NOW - days(20)), 90)
        assert (young_record.verdict, self.totals(young_record).unused.keys) == ("no_record", 0)
        old_record = judge(facts(tracking_start=NOW - days(90)), 90)
        assert (old_record.verdict, self.totals(old_record).unused.keys) == ("no_record", 1)

    def test_nothing_to_pay(self) -> None:
        """There is no line about keys that cost nothing, nor about no key."""
        assert self.lines() == []
        assert self.lines(judge(facts(manager="AWS"), 90), judge(facts(shared=True), 90)) == []

    def test_keys_of_unknown_cost(self) -> None:
        """They make the total a minimum."""
        unread = judge(facts(manager=None, error=Failure("X", "y")), 90)
        assert self.lines(unread) == ["the keys cost at least 0 USD a month: unreadable at least 0 USD"]

    @pytest.mark.parametrize(
        ("cost", "text"),
        [
            (MonthlyCost(None), "unknown"),
            (MonthlyCost(62.0, is_minimum=True), "at least 62 USD"),
            (MonthlyCost(1.5), "1.50 USD"),
            (MonthlyCost(12345.0), "12,345 USD"),
        ],
    )
    def test_amounts(self, cost: MonthlyCost, text: str) -> None:
        """Whole dollars have no cents."""
        assert in_dollars(cost) == text
