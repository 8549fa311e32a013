"""The operations as methods of the asynchronous client, in modules by subject like the models.

A method loads its row, and with it its models, when it is first called: so importing the client imports none.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from ..call import call
from ..loading import loading
from ..models.members import KMSResponse

if TYPE_CHECKING:
    from ..call import Session
    from ..drivers import AsyncDriver
    from ..operations import Operation
    from ..paging import AsyncListing
    from ..steps import Flow

T = TypeVar("T")
ResponseT = TypeVar("ResponseT", bound=KMSResponse)


class AsyncMethods:
    """What the methods of every subject go through."""

    _session: Session
    _driver: AsyncDriver

    async def _call(
        self, operation: Operation[Any, ResponseT], timeout: float | None, **members: object
    ) -> ResponseT:
        return await self._ask(operation, timeout, operation.request(**members))

    def _list(self, operation: Operation[Any, Any], timeout: float | None, **members: object) -> AsyncListing[Any]:
        with loading:
            from ..paging import AsyncListing

        assert operation.items is not None
        ask = partial(self._ask, operation, timeout)
        return AsyncListing(operation.request(**members), operation.items, ask)

    async def _ask(
        self, operation: Operation[Any, ResponseT], timeout: float | None, request: object
    ) -> ResponseT:
        return await self._driver.run(call(self._session, operation, request, timeout), timeout)

    async def _run(self, flow: Flow[T], timeout: float) -> T:
        return await self._driver.run(flow, timeout)
