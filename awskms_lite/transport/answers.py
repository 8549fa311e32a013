"""Reads an answer to its end, and believes none that is another's.

What an answer's head says is read once, in the way that RFC 9110 has it: the values of one name are one list. So
nobody below us can read another length or another encoding than the one that was checked here. Bodies are read as
they came: nothing is ever unpacked.
"""

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import httpx

from ..errors import ProtocolError
from ..quoting import printable
from ..steps import Request, Response
from ..system import steady as monotonic
from .failures import too_late

T = TypeVar("T")

MAX_BODY = 1024 * 1024
"""Bytes of a response body that are read; no answer of KMS comes near it."""

_REQUEST_ID = "x-amzn-requestid"

# The request id of the last answer on each real connection, for as long as the connection lives.
_last_ids: WeakKeyDictionary[Any, str] = WeakKeyDictionary()


class _Reading:
    """An answer that is being read: its head, and as much of its body as there is."""

    def __init__(self, response: httpx.Response) -> None:
        self._status = response.status_code
        self._headers = _joined(response)
        self._body = bytearray()
        self.length = self._announced_length()
        """How many bytes the body was announced to have; None where only the end of it tells."""
        self._stream: Any = response.extensions.get("network_stream")
        self.unread = self._is_encoded()
        """Whether the body is to be left alone: an encoded one could grow beyond any size."""
        _check_size(self.length or 0, self._status)
        self._refuse_repeated_id()

    @property
    def complete(self) -> bool:
        """Whether the body is there as announced."""
        return self.unread or len(self._body) == self.length

    def add(self, part: bytes) -> None:
        """Take some more of the body; raise `ProtocolError` if it is too long."""
        self._body += part
        _check_size(len(self._body), self._status)

    def response(self) -> Response:
        """Return the answer as far as it was read. Of an encoded error the status must do."""
        return Response(self._status, self._headers, bytes(self._body))

    def _announced_length(self) -> int | None:
        length = self._headers.get("content-length")
        if length is None:
            return None
        if "transfer-encoding" in self._headers or not (length.isascii() and length.isdecimal()):
            raise ProtocolError(
                f"The answer (HTTP {self._status}) announces its length in two ways, or in none that is a number: "
                "it may end where another one begins. Check the endpoint and the proxies on the way.",
                status_code=self._status,
            )
        return int(length) if len(length) < 20 else MAX_BODY + 1

    def _is_encoded(self) -> bool:
        codings = self._headers.get("content-encoding", "").lower().split(",")
        if not {coding.strip() for coding in codings} - {"", "identity"}:
            return False
        if self._status < 300:
            raise ProtocolError(
                f"The answer (HTTP {self._status}) is compressed, which was ruled out: check the endpoint.",
                status_code=self._status,
            )
        self._headers.pop("content-length", None)
        return True

    def _refuse_repeated_id(self) -> None:
        """Raise `ProtocolError` for the request id of the answer before, on the same connection.

        A server or a proxy sent that answer twice, and this one is the copy.
        """
        request_id = self._headers.get(_REQUEST_ID)
        try:
            if self._stream is None or not request_id:
                return
            last, _last_ids[self._stream] = _last_ids.get(self._stream), request_id
        except TypeError:  # what stands for a connection cannot be told from others
            return
        if request_id == last:
            raise ProtocolError(
                f"The same answer came twice (HTTP {self._status}, request id {request_id}): whatever sent it "
                "mixes answers up, and the connection was given up. Check the proxies on the way.",
                status_code=self._status,
                request_id=request_id,
                mismatched=True,
            )


def read_answer(
    response: httpx.Response, request: Request, accept: Callable[[Response], T], deadline: float | None
) -> T:
    """Read an answer, which must come before the deadline, close it, and return what `accept` makes of it.

    The answer to another request ends its connection, before any pool can hand it on to somebody else. (After one
    without a length the pool has it already. KMS always tells the length.)
    """
    try:
        reading = _Reading(response)
        stream: Any = _read_already(response) or response.stream
        parts: Iterator[bytes] = iter(stream)
        while not reading.complete and (part := next(parts, None)) is not None:
            reading.add(part)
            if deadline is not None and monotonic() > deadline:
                raise too_late(request)
        try:
            return accept(reading.response())
        except ProtocolError as error:
            if error.mismatched:  # closed before its end, so that no pool keeps the connection
                response.close()
            raise
        finally:
            if not reading.unread and not _is_reset(response):
                for part in parts:
                    reading.add(part)
    finally:
        response.close()


async def read_answer_async(response: httpx.Response, accept: Callable[[Response], T]) -> T:
    """Read an answer, close it, and return what `accept` makes of it, like `read_answer`."""
    try:
        reading = _Reading(response)
        stream: Any = _read_already(response) or response.stream
        parts: AsyncIterator[bytes] = aiter(stream)
        while not reading.complete and (part := await anext(parts, None)) is not None:
            reading.add(part)
        try:
            return accept(reading.response())
        except ProtocolError as error:
            if error.mismatched:  # closed before its end, so that no pool keeps the connection
                await response.aclose()
            raise
        finally:
            if not reading.unread and not _is_reset(response):
                async for part in parts:
                    reading.add(part)
    finally:
        await response.aclose()


def _read_already(response: httpx.Response) -> httpx.ByteStream | None:
    """Return the body if a hook of the caller's has read it: its connection serves others by now."""
    return httpx.ByteStream(response.content) if response.is_closed else None


def _is_reset(response: httpx.Response) -> bool:
    """Return whether nothing more comes of a closed answer. Of HTTP/1.1 its end still does."""
    return response.is_closed and response.http_version == "HTTP/2"


def _joined(response: httpx.Response) -> dict[str, str]:
    """Return the headers in lower case, several of one name as the list that they are, and all of it printable."""
    headers: dict[str, str] = {}
    for raw_name, raw_value in response.headers.raw:
        name, value = raw_name.decode("latin-1").lower(), printable(raw_value.decode("latin-1"))
        if name == "date" and headers.get(name, value) != value:
            headers[name] = ""  # which of two times is right?
        else:
            headers[name] = f"{headers[name]}, {value}" if name in headers and name != "date" else value
    return headers


def _check_size(length: int, status: int) -> None:
    if length > MAX_BODY:
        raise ProtocolError(
            f"The answer (HTTP {status}) is over {MAX_BODY} bytes long, unlike any of KMS: check the endpoint.",
            status_code=status,
        )
