"""Ordered indexes, which lists are paged from, against a plain dictionary that is sorted each time."""

from hypothesis import given, settings, strategies as st

from awskms_lite.local.kms.ordered_index import OrderedIndex


@settings(max_examples=50)
@given(changes=st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(0, 9) | st.none(), st.booleans())))
def test_an_ordered_index_is_a_sorted_dictionary(changes: list[tuple[str, int | None, bool]]) -> None:
    """Whatever is put, replaced and removed, records are found by name and come in the order of their sort key."""
    model: dict[str, tuple[int, str]] = {}
    index: OrderedIndex[tuple[int, str]] = OrderedIndex(lambda record: f"{record}")
    for name, number, look in changes:
        if number is not None:
            model[name] = (number, name)
            index.put(name, model[name])
        elif name in model:
            del model[name]
            index.remove(name)
        if look:
            assert list(index.ordered()) == sorted(model.values())
    assert [index.find(name) for name in "abcdef"] == [model.get(name) for name in "abcdef"]
    assert list(index.ordered()) == sorted(model.values())


def test_turning_pages_does_not_sort_again() -> None:
    """The sort key of a record is asked for once, as long as nothing changes."""
    asked: list[int] = []

    def sort_key(record: int) -> int:
        asked.append(record)
        return record

    index: OrderedIndex[int] = OrderedIndex(sort_key)
    for number in (3, 1, 2):
        index.put(str(number), number)
    assert asked == []
    for _ in range(100):
        assert index.ordered()[1] == 2
    assert len(asked) == 3
