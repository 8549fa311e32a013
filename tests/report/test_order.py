"""Orders of records: as places that a database sorts, and as the first few of many."""

from itertools import pairwise

import pytest
from hypothesis import given, strategies as st
from support.audit_data import NOW, facts
from support.report_data import every_record, record

from awskms_lite.audit import KeyUses, judge
from awskms_lite.audit.serialize import to_line
from awskms_lite.audit.sorted_records import SortedRecords
from awskms_lite.report.order import DEFAULT_ORDER, GROUP_KEYS, PRIORITY, SORT_KEYS, FirstRecords, Order
from awskms_lite.verdicts import AuditVerdict


def test_every_verdict_has_its_priority() -> None:
    """None would break the order."""
    assert sorted(PRIORITY) == sorted(AuditVerdict)


def test_a_key_that_somebody_misses_comes_first() -> None:
    """Whatever its verdict is: its uses were refused, so something is broken now."""
    refused = KeyUses(count=1, since=NOW)
    missed = record(key_id="missed", failed_uses=refused, verdict=AuditVerdict.IN_USE, idle_days=3)
    first = FirstRecords(1)
    for each in (*every_record(), missed):
        first.add(each)
    assert first.in_order() == [missed]


@pytest.mark.parametrize("key", SORT_KEYS)
@pytest.mark.parametrize("group", [None, *GROUP_KEYS])
@pytest.mark.parametrize("descending", [False, True])
def test_records_can_be_sorted_by_anything(key: str, group: str | None, descending: bool) -> None:
    """Whatever is unknown about them: none is lost, groups are in one piece, and the values follow each other."""
    order = Order(key, descending, group)
    records = [*every_record(), judge(facts(owner="\ud800"), 90), record(idle_days=None)]
    sorted_records = SortedRecords(order.place, order.descending_at)
    for each in records:
        sorted_records.add(each)
    found = list(sorted_records.in_order())
    sorted_records.close()
    assert sorted(map(to_line, found)) == sorted(map(to_line, records))
    groups = [order.group(each) for each in found]
    assert len(set(groups)) == 1 + sum(one != two for one, two in pairwise(groups))
    if group is None:
        values = [value for each in found if (value := SORT_KEYS[key](each)) is not None]
        assert values == sorted(values, reverse=descending)
        assert [SORT_KEYS[key](each) is None for each in found] == [False] * len(values) + [True] * (
            len(found) - len(values)
        )


@given(st.lists(st.integers(0, 400), max_size=60), st.integers(1, 5))
def test_the_first_of_many_are_the_first_of_all(days: list[int], number: int) -> None:
    """However many there are, and in whatever order they come."""
    records = [record(idle_days=each, key_id=str(at)) for at, each in enumerate(days)]
    first = FirstRecords(number)
    for each in records:
        first.add(each)
    ordered = sorted(records, key=lambda each: (-(each.idle_days or 0), each.key_id))
    assert [each.key_id for each in first.in_order()] == [each.key_id for each in ordered[:number]]
    assert Order("verdict") == DEFAULT_ORDER
