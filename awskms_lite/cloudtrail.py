"""The synchronous client of CloudTrail's event history."""

from .client import SyncClient
from .methods.events import EventMethods
from .operations import CLOUDTRAIL


class CloudTrailClient(EventMethods, SyncClient):
    """A client for the event history of AWS CloudTrail; threads may share one.

    Its options, its lifetime and the errors of any call are those of `KMSClient`, with two differences. Options
    about endpoints are for CloudTrail's own, as AWS_ENDPOINT_URL_CLOUDTRAIL is. And it is paced: it sends the two
    lookups a second that CloudTrail allows an account in a region, or what `pacing` has for LookupEvents. A lookup
    waits for its turn within its `timeout`.
    """

    _service = CLOUDTRAIL
    _counterpart = "AsyncCloudTrailClient"
