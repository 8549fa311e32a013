"""The operation on CloudTrail's event history."""

from ..models.events import LookupEventsRequest, LookupEventsResponse
from . import CLOUDTRAIL, Operation, PageMembers

LOOKUP_EVENTS = Operation(
    name="LookupEvents",
    request=LookupEventsRequest,
    response=LookupEventsResponse,
    idempotent=True,
    items="events",
    service=CLOUDTRAIL,
    pages=PageMembers("max_results", "next_token", "next_token", truncated=None, largest=50, longest=100_000),
)
