"""A request as the service it is for understands it: what stands between the sockets and the services."""

from collections.abc import Callable
from typing import NamedTuple

from ..errors import ApiError
from .messages import Response

THROTTLING_CODES = ("ThrottlingException", "Throttling")  # as KMS and as STS call it


class ServiceCall(NamedTuple):
    """One request, parsed once by its service.

    `operation` is None if the service has none of the name that the request asks for. `answer` carries the request
    out and returns the response, errors included; `refuse` makes an error response of the service's own kind, with
    the given request id.
    """

    operation: str | None
    answer: Callable[[], Response]
    refuse: Callable[[ApiError, str], Response]
