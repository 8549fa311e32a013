"""The methods for CloudTrail's event history."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from .. import models
from ..call import call
from ..loading import loading
from .binding import Invocation, Methods, Pages, listing, operation

if TYPE_CHECKING:
    from ..models.events import LookupEventsRequest
    from ..steps import Flow

_LATE = timedelta(minutes=4)
"""A clock that is further behind would hide the latest events; it is corrected from there on (`service_clock`)."""


class EventMethods(Methods):
    """The events of the last 90 days, in one account and region."""

    @operation
    def lookup_events(
        self,
        *,
        attribute_key: models.LookupAttributeKeyLike | None = None,
        attribute_value: str | None = None,
        start_time: datetime | None = None,
        end_time: datetime | None = None,
        max_results: int | None = None,
        next_token: str | None = None,
        timeout: float | timedelta | None = None,
    ) -> Invocation[models.LookupEventsResponse]:
        """Return a page of the management events of the last 90 days, the latest first.

        `attribute_key` and `attribute_value` select events by one attribute, such as their `EventId`, or the name
        or ARN of a resource (`ResourceName`). Times are aware, in whole seconds, and both inclusive. `max_results`
        is the most events of the page, 1 to 50 (50 by default); `next_token` is that of the page before, and valid
        only beside the same other arguments: `iter_lookup_events` sees to that. CloudTrail allows 2 such calls a
        second for an account and region, and this client sends no more (`pacing`). An event may take minutes to
        show, and some failed calls are never recorded: no event is no proof that there was no call.

        Permission: `cloudtrail:LookupEvents`, in an IAM policy.

        Raises `InvalidEventCategoryException`, `InvalidLookupAttributesException`, `InvalidMaxResultsException`,
        `InvalidNextTokenException`, `InvalidTimeRangeException`, `OperationNotPermittedException`,
        `UnsupportedOperationException`.
        """
        with loading:
            from ..models.events import attributes_of
            from ..operations.events import LOOKUP_EVENTS

        return self._call(
            LOOKUP_EVENTS,
            timeout,
            lookup_attributes=attributes_of(attribute_key, attribute_value),
            start_time=start_time,
            end_time=end_time,
            max_results=max_results,
            next_token=next_token,
        )

    @listing
    def iter_lookup_events(
        self,
        *,
        attribute_key: models.LookupAttributeKeyLike | None = None,
        attribute_value: str | None = None,
        start_time: datetime | None = None,
        end_time: datetime | None = None,
        page_size: int | None = None,
        max_items: int | None = None,
        max_pages: int | None = None,
        timeout: float | timedelta | None = None,
    ) -> Pages[models.Event]:
        """Return an iterator over all that `lookup_events` looks up, the latest event first, page by page.

        Without an `end_time` it ends at the service's time when its first page is asked for, so that events which
        come in meanwhile move nothing. `page_size` bounds the events of a page, as `max_results` of
        `lookup_events` does, `max_items` the events of the iterator, and `max_pages` its pages: at 2 pages a
        second the history of a busy key cannot be read to its end. `ended` of the iterator says whether it was.
        `timeout` is for each page.
        """
        with loading:
            from ..models.events import attributes_of
            from ..operations.events import LOOKUP_EVENTS

        pages = self._pages(
            LOOKUP_EVENTS,
            timeout,
            lookup_attributes=attributes_of(attribute_key, attribute_value),
            start_time=start_time,
            end_time=end_time,
            page_size=page_size,
            max_items=max_items,
            max_pages=max_pages,
        )
        return pages if end_time is not None else pages._replace(invoke=self._up_to_now(timeout))

    def _up_to_now(
        self, timeout: float | timedelta | None
    ) -> Callable[[LookupEventsRequest], Invocation[models.LookupEventsResponse]]:
        """Return how to ask for the pages of one list, which all end at the service's time before the first."""
        with loading:
            from attrs import evolve

            from ..operations.events import LOOKUP_EVENTS

        seconds = self._seconds(timeout)
        end: datetime | None = None

        def ask(request: LookupEventsRequest, until: datetime) -> Flow[models.LookupEventsResponse]:
            until = until if request.start_time is None else max(until, request.start_time)
            return call(self._state, LOOKUP_EVENTS, evolve(request, end_time=until), seconds)

        def look_up(request: LookupEventsRequest) -> Flow[models.LookupEventsResponse]:
            nonlocal end
            until = self._service_time() if end is None else end
            page = yield from ask(request, until)
            if end is None and self._service_time() - until > _LATE:
                until = self._service_time()  # which only this answer has told: what is later is missing from it
                page = yield from ask(request, until)
            end = until
            return page

        return lambda request: Invocation(look_up(request), seconds, LOOKUP_EVENTS.name)

    def _service_time(self) -> datetime:
        return datetime.fromtimestamp(self._state.service_clock.reported_time(), UTC)
