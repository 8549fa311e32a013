"""The operations as methods of the synchronous client, in modules by subject like the models.

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
    from ..drivers import Driver
    from ..operations import Operation
    from ..paging import Listing
    from ..steps import Flow

T = TypeVar("T")
ResponseT = TypeVar("ResponseT", bound=KMSResponse)


class Methods:
    """What the methods of every subject go through."""

    _session: Session
    _driver: Driver

    def _call(self, operation: Operation[Any, ResponseT], timeout: float | None, **members: object) -> ResponseT:
        return self._ask(operation, timeout, operation.request(**members))

    def _list(self, operation: Operation[Any, Any], timeout: float | None, **members: object) -> Listing[Any]:
        with loading:
            from ..paging import Listing

        assert operation.items is not None
        ask = partial(self._ask, operation, timeout)
        return Listing(operation.request(**members), operation.items, ask)

    def _ask(self, operation: Operation[Any, ResponseT], timeout: float | None, request: object) -> ResponseT:
        return self._driver.run(call(self._session, operation, request, timeout), timeout)

    def _run(self, flow: Flow[T], timeout: float) -> T:
        return self._driver.run(flow, timeout)
