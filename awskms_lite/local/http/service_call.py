"""The interface between the sockets and the services: a request as parsed by its service."""

from collections.abc import Callable
from typing import NamedTuple

from ..errors import ApiError
from .messages import Response

# Of KMS and CloudTrail, of STS, and of Organizations.
THROTTLING_CODES = ("ThrottlingException", "Throttling", "TooManyRequestsException")


class ServiceCall(NamedTuple):
    """One request, parsed once.

    `operation` is None if the service does not have it. `answer` carries the request out and returns the response,
    errors included. `refuse` makes an error response in the service's protocol, with a request id.
    """

    operation: str | None
    answer: Callable[[], Response]
    refuse: Callable[[ApiError, str], Response]
