"""Lists that turn their pages as they are iterated: one cursor, and a thin iterator for either client.

KMS's rules ("Pagination" in the API reference): `Truncated` says whether there is more, never the length of a
page, which may be empty in the middle of a list; the next page is asked for with the `NextMarker` of the page
before. Other services have a `NextToken` for both, which is missing from the last page.
"""

from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from typing import Any, Generic, TypeVar

from attrs import evolve

from .errors import ParameterError, ProtocolError
from .models.members import KMSResponse
from .models.requests import LARGEST_PAGE
from .operations import PageMembers

T = TypeVar("T")

_KMS_PAGES = PageMembers()
_MAX_PAGES = 100_000
"""Pages of one list: with a thousand keys to a page, far more than any account has."""
_MAX_IDLE_PAGES = 100
"""Pages in a row without a new item: some may be empty, but a new marker each time could go on without end."""


def check_sizes(
    page_size: int | None, max_items: int | None, max_pages: int | None = None, *, largest: int | None = None
) -> None:
    """Raise `ParameterError` for sizes of an iterator that are no positive whole numbers, or too large for a page.

    `largest` is the largest page, that of KMS if it is None.
    """
    _check_size("page_size", page_size, largest or LARGEST_PAGE)
    _check_size("max_items", max_items, None)
    _check_size("max_pages", max_pages, None)


def _check_size(name: str, size: object, most: int | None) -> None:
    wanted = f"pass 1 to {most}" if most else "pass 1 or more, or None for all"
    if size is not None and (isinstance(size, bool) or not isinstance(size, int)):
        raise ParameterError(f"{name} must be an int, not {type(size).__name__}: {wanted}.")
    if size is not None and not (1 <= size <= (most or size)):
        raise ParameterError(f"{name} is {size}: {wanted}.")


class _Cursor(Generic[T]):
    """The position in a list. If a page fails to come, the next step asks for it again."""

    def __init__(
        self, request: Any, items: str, max_items: int | None, max_pages: int | None, members: PageMembers
    ) -> None:
        self._request = request
        self._items = items
        self._members = members
        self._left = max_items
        self._pages_left = max_pages
        self._page: deque[T] = deque()
        self._ended = False
        self._here: str | None = None
        self._asked: set[str | None] = set()
        self._contents: set[int] = set()
        self._idle_pages = 0

    @property
    def marker(self) -> str | None:
        """The marker to resume from: of the page in hand while any of it is left, else of the next.

        So the items of a page that were returned already come once more, and none is lost. None at the end.
        """
        return self._here if self._page else self._next

    @property
    def ended(self) -> bool:
        """Whether all items were returned; False if `max_items` or `max_pages` ended the iteration before."""
        return self._ended and not self._page

    @property
    def _next(self) -> str | None:
        marker: str | None = getattr(self._request, self._members.marker)
        return None if self._ended else marker

    @property
    def _needs_a_page(self) -> bool:
        return not (self._page or self._ended or self._left == 0 or self._pages_left == 0)

    @property
    def _is_over(self) -> bool:
        return not self._page or self._left == 0

    def _pop(self) -> T:
        if self._left is not None:
            self._left -= 1
        return self._page.popleft()

    def _turn(self, page: Any) -> None:
        """Take a page that was answered, and move on to the next."""
        items, marker = getattr(page, self._items), getattr(page, self._members.next_marker)
        here = self._next
        if self._pages_left is not None:
            self._pages_left -= 1
        if marker is not None if self._members.truncated is None else getattr(page, self._members.truncated):
            self._asked.add(here)
            if fault := self._fault(items, marker):
                raise ProtocolError(
                    f"The list of {self._items} is truncated and {fault} "
                    f"(request id {page.metadata.request_id}): it cannot be continued. List again from the start.",
                    status_code=page.metadata.status_code,
                    request_id=page.metadata.request_id,
                )
            self._request = evolve(self._request, **{self._members.marker: marker})
        else:
            self._ended = True
        self._here = here
        self._page.extend(items)

    def _fault(self, items: Sequence[object], marker: str | None) -> str | None:
        """Return why a page that is not the last cannot be followed by another, None if it can."""
        content = hash(repr(items))
        is_new = bool(items) and content not in self._contents
        self._contents.add(content)
        self._idle_pages = 0 if is_new else self._idle_pages + 1
        if not marker or len(marker) > self._members.longest:
            return "gives no marker for it"
        if marker in self._asked:
            return "gives a marker for the second time"
        if self._idle_pages > _MAX_IDLE_PAGES:
            return f"brought nothing new on {self._idle_pages} pages in a row"
        return f"has come to {_MAX_PAGES} pages" if len(self._asked) >= _MAX_PAGES else None


class Listing(_Cursor[T], Iterator[T]):
    """An iterator over the items of a list, which asks for a page when the first item of it is needed."""

    def __init__(
        self,
        request: Any,
        items: str,
        ask: Callable[[Any], KMSResponse],
        max_items: int | None = None,
        max_pages: int | None = None,
        members: PageMembers = _KMS_PAGES,
    ) -> None:
        super().__init__(request, items, max_items, max_pages, members)
        self._ask = ask

    def __next__(self) -> T:
        while self._needs_a_page:
            self._turn(self._ask(self._request))
        if self._is_over:
            raise StopIteration
        return self._pop()


class AsyncListing(_Cursor[T], AsyncIterator[T]):
    """An asynchronous iterator over the items of a list, which asks for a page when the first item is needed."""

    def __init__(
        self,
        request: Any,
        items: str,
        ask: Callable[[Any], Awaitable[KMSResponse]],
        max_items: int | None = None,
        max_pages: int | None = None,
        members: PageMembers = _KMS_PAGES,
    ) -> None:
        super().__init__(request, items, max_items, max_pages, members)
        self._ask = ask

    async def __anext__(self) -> T:
        while self._needs_a_page:
            self._turn(await self._ask(self._request))
        if self._is_over:
            raise StopAsyncIteration
        return self._pop()
