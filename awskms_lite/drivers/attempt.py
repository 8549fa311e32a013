"""One attempt to send a request, and the line in the log for it."""

import logging
import re
from typing import Any
from urllib.parse import urlsplit

from .. import transport
from ..errors import KMSLiteError, ServiceError
from ..steps import Response, Send
from ..system import monotonic

_REQUEST_ID = re.compile(r"[\w.:-]{0,40}", re.ASCII)  # a UUID has 36 characters, a signature 64, a token more

logger = logging.getLogger("awskms_lite")


class Attempt:
    """A request under way, and what came of it."""

    def __init__(self, step: Send) -> None:
        self._step = step
        self._began = monotonic()
        self._response: Response | None = None
        self._error = ""

    def accept(self, response: Response) -> Any:
        """Return what the flow is given for the response."""
        self._response = response
        return self._step.outcome(response)

    def failed(self, error: KMSLiteError) -> KMSLiteError:
        """Note the error that the attempt ended in, and return it without the exceptions that led to it."""
        self._error = error.code if isinstance(error, ServiceError) else type(error).__name__
        transport.detach(error)
        return error

    def log(self) -> None:
        """Log what was asked of whom, and what came of it; never what was sent."""
        if not logger.isEnabledFor(logging.DEBUG):
            return
        took = 1000 * (monotonic() - self._began)
        host = urlsplit(self._step.request.url).netloc
        logger.debug("%s to %s: %s, %.1f ms", self._request(), host, self._outcome(), took)

    def _request(self) -> str:
        headers = dict(self._step.request.headers)
        operation = headers.get("X-Amz-Target", "").rpartition(".")[2] or self._step.request.method
        count = headers.get("amz-sdk-request")
        return operation if count is None else f"{operation} ({count})"

    def _outcome(self) -> str:
        outcome = "no answer"
        if self._response is not None:
            request_id = self._response.headers.get("x-amzn-requestid", "none")
            if not _REQUEST_ID.fullmatch(request_id):  # it may be anything, such as what was sent
                request_id = "odd"
            outcome = f"HTTP {self._response.status}, request id {request_id}"
        return f"{outcome}, {self._error}" if self._error else outcome
