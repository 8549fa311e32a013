"""The asynchronous client of CloudTrail's event history, for asyncio and trio."""

from .async_client import AsyncClient
from .methods.events import EventMethods
from .operations import CLOUDTRAIL


class AsyncCloudTrailClient(EventMethods, AsyncClient):
    """A client for the event history of AWS CloudTrail under asyncio and trio; tasks may share one.

    Its options, its lifetime and the errors of any call are those of `AsyncKMSClient`, with two differences.
    Options about endpoints are for CloudTrail's own, as AWS_ENDPOINT_URL_CLOUDTRAIL is. And it is paced: it sends
    the two lookups a second that CloudTrail allows an account in a region, or what `pacing` has for LookupEvents.
    A lookup waits for its turn within its `timeout`.
    """

    _service = CLOUDTRAIL
    _counterpart = "CloudTrailClient"
