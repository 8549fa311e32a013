"""Listings that go on from page to page, lazily: the cursor once, and a thin iterator for either client.

KMS's rules ("Pagination" in the API reference): what is left is said by `Truncated`, never by the length of a
page, which may be empty in the middle of a listing; the next page is asked for with the `NextMarker` of the
one before.
"""

from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from typing import Any, Generic, TypeVar

from attrs import evolve

from .errors import ProtocolError
from .models.members import KMSResponse

T = TypeVar("T")

_LONGEST_MARKER = 1024
"""Characters, by the service model."""
_MOST_PAGES = 100_000
"""Pages of one listing: a thousand keys to a page, that is far beyond any account."""
_MOST_IDLE_PAGES = 100
"""Pages in a row without anything new: some may be empty, but with a new marker each time there is no end."""


class _Cursor(Generic[T]):
    """Where a listing stands. A page that failed to come is asked for again by the next step."""

    def __init__(self, request: Any, items: str) -> None:
        self._request = request
        self._items = items
        self._page: deque[T] = deque()
        self._ended = False
        self._here: str | None = None
        self._asked: set[str | None] = set()
        self._contents: set[int] = set()
        self._idle_pages = 0

    @property
    def marker(self) -> str | None:
        """Where to resume from: at the page in hand while any of it is left, else at the next; None at the end.

        So what a listing has given of a page comes once more, and nothing is lost.
        """
        return self._here if self._page else self._next

    @property
    def ended(self) -> bool:
        """Whether all of it was given."""
        return self._ended and not self._page

    @property
    def _next(self) -> str | None:
        marker: str | None = self._request.marker
        return None if self._ended else marker

    def _turn(self, page: Any) -> None:
        """Take a page that was answered, and move on to the next."""
        items, marker = getattr(page, self._items), page.next_marker
        here = self._next
        if page.truncated:
            self._asked.add(here)
            if fault := self._fault(items, marker):
                raise ProtocolError(
                    f"The listing of {self._items} says that there is more and {fault} "
                    f"(request id {page.metadata.request_id}): it cannot be gone on with. List anew.",
                    status_code=page.metadata.status_code,
                    request_id=page.metadata.request_id,
                )
            self._request = evolve(self._request, marker=marker)
        else:
            self._ended = True
        self._here = here
        self._page.extend(items)

    def _fault(self, items: Sequence[object], marker: str | None) -> str | None:
        """Return why a page that is not the last cannot be followed by another, None where it can."""
        content = hash(repr(items))
        is_new = bool(items) and content not in self._contents
        self._contents.add(content)
        self._idle_pages = 0 if is_new else self._idle_pages + 1
        if not marker or len(marker) > _LONGEST_MARKER:
            return "gives no marker for it"
        if marker in self._asked:
            return "gives a marker for the second time"
        if self._idle_pages > _MOST_IDLE_PAGES:
            return f"brought nothing new on {self._idle_pages} pages in a row"
        return f"has come to {_MOST_PAGES} pages" if len(self._asked) >= _MOST_PAGES else None


class Listing(_Cursor[T], Iterator[T]):
    """An iterator over the items of a listing: each page is asked for when its first item is."""

    def __init__(self, request: Any, items: str, ask: Callable[[Any], KMSResponse]) -> None:
        super().__init__(request, items)
        self._ask = ask

    def __next__(self) -> T:
        while not self._page:
            if self._ended:
                raise StopIteration
            self._turn(self._ask(self._request))
        return self._page.popleft()


class AsyncListing(_Cursor[T], AsyncIterator[T]):
    """An asynchronous iterator over the items of a listing: each page is asked for when its first item is."""

    def __init__(self, request: Any, items: str, ask: Callable[[Any], Awaitable[KMSResponse]]) -> None:
        super().__init__(request, items)
        self._ask = ask

    async def __anext__(self) -> T:
        while not self._page:
            if self._ended:
                raise StopAsyncIteration
            self._turn(await self._ask(self._request))
        return self._page.popleft()
