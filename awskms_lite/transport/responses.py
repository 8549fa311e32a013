"""Reads a response to its end, and refuses one that answers another request.

What the head of a response says is read once, as RFC 9110 has it: the values of one name are one list. So no
library below can read another length or another encoding than the one that was checked here. Bodies are read as
they came: nothing is ever decompressed.
"""

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import httpcore

from ..errors import ProtocolError
from ..quoting import printable
from ..steps import Response
from .deadline import Deadline

T = TypeVar("T")

MAX_BODY = 1024 * 1024
"""Bytes of a response body that are read; a page of 1,000 keys, one of the longest of KMS, has 150 KB."""

_REQUEST_ID = "x-amzn-requestid"
_MAX_DIGITS = 20  # of a length: more than any file system can hold, and Python refuses to read thousands of them

# The request id of the last response on each connection, for as long as the connection lives.
_last_ids: WeakKeyDictionary[Any, str] = WeakKeyDictionary()


class _Reading:
    """A response that is being read: its head, and as much of its body as has come."""

    def __init__(self, response: httpcore.Response) -> None:
        self._status = response.status
        self._headers = _joined(response)
        self._body = bytearray()
        self.length = self._announced_length()
        """The bytes that the body was announced to have; None if only its end tells."""
        self._stream = _extension(response, "network_stream")
        self.unread = self._is_encoded()
        """Whether the body is left unread: a compressed one could grow beyond any size."""
        _check_size(self.length or 0, self._status)
        self._refuse_repeated_id()

    @property
    def complete(self) -> bool:
        """Whether the body is there as announced."""
        return self.unread or len(self._body) == self.length

    def add(self, part: bytes) -> None:
        """Add a part of the body; raise `ProtocolError` if it is too long."""
        self._body += part
        _check_size(len(self._body), self._status)

    def response(self) -> Response:
        """Return the response as far as it was read: of a compressed one, which is an error, the head."""
        return Response(self._status, self._headers, bytes(self._body))

    def _announced_length(self) -> int | None:
        length = self._headers.get("content-length")
        if length is None:
            return None
        if "transfer-encoding" in self._headers or not (length.isascii() and length.isdecimal()):
            raise ProtocolError(
                f"The answer (HTTP {self._status}) announces its length in two ways, or not as a number, so that "
                "it may end where another one begins. Check the endpoint and the proxies on the way.",
                status_code=self._status,
            )
        return int(length) if len(length) < _MAX_DIGITS else MAX_BODY + 1

    def _is_encoded(self) -> bool:
        codings = self._headers.get("content-encoding")
        if codings is None or not {coding.strip() for coding in codings.lower().split(",")} - {"", "identity"}:
            return False
        if self._status < 300:
            raise ProtocolError(
                f"The answer (HTTP {self._status}) is compressed, though the request did not allow that. Check "
                "the endpoint and the proxies on the way.",
                status_code=self._status,
            )
        self._headers.pop("content-length", None)
        return True

    def _refuse_repeated_id(self) -> None:
        """Raise `ProtocolError` if the response before, on the same connection, had the same request id.

        A server or a proxy sent that response twice, and this one is the copy.
        """
        request_id = self._headers.get(_REQUEST_ID)
        try:
            if self._stream is None or not request_id:
                return
            last, _last_ids[self._stream] = _last_ids.get(self._stream), request_id
        except TypeError:  # a given client's own kind of stream, which has no hash or takes no weak reference
            return
        if request_id == last:
            raise ProtocolError(
                f"The same answer came twice (HTTP {self._status}, request id {request_id}), so its sender mixes "
                "answers up, and the connection was closed. Check the proxies on the way.",
                status_code=self._status,
                request_id=request_id,
                mismatched=True,
            )


def read_response(response: httpcore.Response, accept: Callable[[Response], T], deadline: Deadline) -> T:
    """Read a response until the deadline, close it, and return what `accept` makes of it.

    If `accept` finds that it answers another request, its connection is closed before any pool can hand it on.
    (After a response without a length the pool has it already; KMS always tells the length.)

    Raise `DeadlineExceeded`, `ProtocolError`, what `accept` raises and what the library raises that it comes from.
    """
    is_reset = False
    try:
        reading = _Reading(response)
        stream: Any = response.stream
        parts: Iterator[bytes] = iter(stream)
        while not reading.complete and (part := next(parts, None)) is not None:
            reading.add(part)
            deadline.check()
        try:
            return accept(reading.response())
        except ProtocolError as error:
            if error.mismatched:  # closed before its end, so that no pool keeps the connection
                response.close()
                is_reset = _is_http2(response)
            raise
        finally:
            if not reading.unread and not is_reset:
                for part in parts:
                    reading.add(part)
    finally:
        response.close()


async def read_response_async(response: httpcore.Response, accept: Callable[[Response], T]) -> T:
    """Read a response, close it, and return what `accept` makes of it, as `read_response` does.

    Its deadline is the caller's to keep: by cancelling this.
    """
    is_reset = False
    try:
        reading = _Reading(response)
        stream: Any = response.stream
        parts: AsyncIterator[bytes] = aiter(stream)
        while not reading.complete and (part := await anext(parts, None)) is not None:
            reading.add(part)
        try:
            return accept(reading.response())
        except ProtocolError as error:
            if error.mismatched:  # closed before its end, so that no pool keeps the connection
                await response.aclose()
                is_reset = _is_http2(response)
            raise
        finally:
            if not reading.unread and not is_reset:
                async for part in parts:
                    reading.add(part)
    finally:
        await response.aclose()


def _is_http2(response: httpcore.Response) -> bool:
    """Return whether nothing more can be read of the response once it is closed: in HTTP/1.1 its end still can."""
    return bool(_extension(response, "http_version") == b"HTTP/2")


def _extension(response: Any, name: str) -> Any:
    return response.extensions.get(name)


def _joined(response: httpcore.Response) -> dict[str, str]:
    """Return the headers, printable and with names in lower case; several of one name are joined to a list."""
    headers: dict[str, str] = {}
    for raw_name, raw_value in response.headers:
        name, value = raw_name.decode("latin-1").lower(), printable(raw_value.decode("latin-1"))
        if name == "date" and headers.get(name, value) != value:
            headers[name] = ""  # of two different times neither is believed
        else:
            headers[name] = f"{headers[name]}, {value}" if name in headers and name != "date" else value
    return headers


def _check_size(length: int, status: int) -> None:
    if length > MAX_BODY:
        raise ProtocolError(
            f"The answer (HTTP {status}) is over {MAX_BODY} bytes long, and none of KMS is. Check the endpoint.",
            status_code=status,
        )
