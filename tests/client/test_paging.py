"""Where a listing stands, page by page, with no client and no event loop."""

import pytest
from hypothesis import given, strategies as st

from awskms_lite.errors import ConnectError, ProtocolError
from awskms_lite.models.aliases import AliasListEntry, ListAliasesRequest, ListAliasesResponse
from awskms_lite.models.members import ResponseMetadata
from awskms_lite.paging import Listing

METADATA = ResponseMetadata("r-1", 200, 1)


def page(*names: str, then: str | None = None, truncated: bool | None = None) -> ListAliasesResponse:
    return ListAliasesResponse(
        aliases=tuple(AliasListEntry(alias_name=name, alias_arn=name) for name in names),
        next_marker=then,
        truncated=bool(then) if truncated is None else truncated,
        metadata=METADATA,
    )


class Pages:
    """Returns the pages one after the other, or raises them, and keeps the markers it was asked with."""

    def __init__(self, *pages: ListAliasesResponse | Exception) -> None:
        self.markers: list[str | None] = []
        self._pages = list(pages)

    def __call__(self, request: ListAliasesRequest) -> ListAliasesResponse:
        self.markers.append(request.marker)
        answer = self._pages.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def listing(ask: Pages, **members: object) -> Listing[AliasListEntry]:
    return Listing(ListAliasesRequest(**members), "aliases", ask)  # type: ignore[arg-type]


@given(st.lists(st.lists(st.sampled_from("abc"), max_size=3), min_size=1, max_size=5))
def test_every_item_comes_once_and_in_order(contents: list[list[str]]) -> None:
    """However the items are spread over pages, empty ones among them, each comes once, in order."""
    last = len(contents) - 1
    ask = Pages(
        *(page(*names, then=None if number == last else f"m{number}") for number, names in enumerate(contents))
    )
    items = listing(ask)
    assert [item.alias_name for item in items] == [name for names in contents for name in names]
    assert ask.markers == [None, *(f"m{number}" for number in range(last))]
    assert items.marker is None


def test_the_end_is_told_by_truncated() -> None:
    """A marker beside `Truncated: false` begins no further page, and a page without either is the last."""
    ask = Pages(page("a", then="m1", truncated=False))
    assert [item.alias_name for item in listing(ask)] == ["a"]
    assert len(ask.markers) == 1
    assert list(listing(Pages(ListAliasesResponse()))) == []


@pytest.mark.parametrize(
    ("pages", "telling"),
    [
        ([page("a", truncated=True)], "gives no marker"),
        ([page("a", then="m0")], "a marker for the second time"),
        ([page("a", then="m1"), page("b", then="m1")], "a marker for the second time"),
        ([page("a", then="", truncated=True)], "gives no marker"),
        ([page("a", then="m" * 1025)], "gives no marker"),
        ([page("a", then="m1"), page(then="m2"), page("c", then="m1")], "a marker for the second time"),
        ([page("a", then="m1"), page(then="m2"), page("c", then="m0")], "a marker for the second time"),
    ],
)
def test_a_listing_that_cannot_end_is_refused(pages: list[ListAliasesResponse], telling: str) -> None:
    """More without a marker, or a marker that was there before, is an error that names the request."""
    items = listing(Pages(*pages), marker="m0")
    with pytest.raises(ProtocolError, match=telling) as caught:
        list(items)
    assert (caught.value.request_id, caught.value.status_code) == ("r-1", 200)


def test_a_listing_that_is_left_is_resumed_without_a_loss() -> None:
    """In the middle of a page its marker leads to the page itself, at its end to the next."""
    items = listing(Pages(page("a", "b", then="m1"), page("c", "d")))
    markers = [(next(items).alias_name, items.marker) for _ in range(4)]
    assert markers == [("a", None), ("b", "m1"), ("c", "m1"), ("d", None)]


def test_a_listing_says_when_it_has_ended() -> None:
    """Its marker alone is None at the beginning as well."""
    items = listing(Pages(page("a", then="m1"), page("b", "c")))
    assert [items.ended, *(items.ended for _ in items)] == [False, False, False, True]


def test_a_failed_page_is_asked_for_again() -> None:
    """After a failure the next step asks for the same page: nothing is passed over, and nothing ends early."""
    ask = Pages(page("a", then="m1"), ConnectError("refused"), page("b"))
    items = listing(ask)
    assert next(items).alias_name == "a"
    with pytest.raises(ConnectError):
        next(items)
    assert items.marker == "m1"
    assert [item.alias_name for item in items] == ["b"]
    assert ask.markers == [None, "m1", "m1"]


def test_the_other_members_go_with_every_page() -> None:
    """What was asked for at first is asked for with each marker."""
    seen: list[ListAliasesRequest] = []
    pages = Pages(page("a", then="m1"), page("b"))

    def ask(request: ListAliasesRequest) -> ListAliasesResponse:
        seen.append(request)
        return pages(request)

    list(Listing(ListAliasesRequest(key_id="k", limit=1), "aliases", ask))
    assert seen == [ListAliasesRequest(key_id="k", limit=1, marker=marker) for marker in (None, "m1")]
