"""HTTP/1.1 messages, as far as AWS's protocols need them (RFC 9110 and 9112), without any sockets.

The standard library's server is not used because it parses headers as e-mail, which costs more than the rest of a
request, and because a signature covers the raw bytes: values stay bytes, and path and query stay as sent.
"""

import re
from functools import lru_cache
from time import gmtime
from typing import NamedTuple

from ..errors import HTTPError

MAX_HEAD = 64 * 1024  # bytes: request line and headers; a session token alone can take several thousand
MAX_HEADERS = 100  # as many as http.client allows; AWS's clients send about ten
MAX_BODY = 1024 * 1024  # bytes; the largest valid request, a policy of 128 KiB, is far below

_TOKEN = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_TARGET = re.compile(rb"/[!-~]*")
_ALLOWED = b"\t" + bytes(range(0x20, 0x7F)) + bytes(range(0x80, 0x100))
_REASONS = {
    200: "OK", 400: "Bad Request", 403: "Forbidden", 404: "Not Found", 411: "Length Required",
    413: "Content Too Large", 429: "Too Many Requests", 431: "Request Header Fields Too Large",
    500: "Internal Server Error", 502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Timeout",
    505: "HTTP Version Not Supported",
}  # fmt: skip
_CLOSE = "Connection: close\r\n"
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

Headers = dict[str, list[bytes]]


class Request(NamedTuple):
    """One request. `headers` has the values of each lower-case name, in the order they came."""

    method: str
    path: str
    query: str
    headers: Headers
    body: bytes = b""
    keep_alive: bool = True

    @property
    def is_head(self) -> bool:
        """Whether this is a HEAD request, whose response has no body."""
        return self.method == "HEAD"

    def values(self, name: str) -> list[bytes]:
        """Return every value of the header, an empty list if it is absent."""
        return self.headers.get(name, [])


class Response(NamedTuple):
    """One response. The request id is sent as `x-amzn-RequestId` unless it is empty.

    `code` is the error code in the body, for the statistics; it is not sent.
    """

    status: int
    body: bytes
    request_id: str
    content_type: str = "application/x-amz-json-1.1"
    code: str = ""
    headers: tuple[tuple[str, str], ...] = ()


def parse_head(head: bytes) -> Request:
    """Return the request without its body, from the bytes before the empty line.

    Raises `HTTPError` for a head that is malformed by RFC 9112, which allows to refuse folded headers.
    """
    if head.replace(b"\r\n", b"").translate(None, _ALLOWED):
        raise HTTPError(400, "control character in the request head")
    request_line, *lines = head.split(b"\r\n")
    if len(lines) > MAX_HEADERS:
        raise HTTPError(431, f"more than {MAX_HEADERS} headers")
    method, path, query, version = _parse_request_line(request_line)
    headers = _parse_headers(lines)
    hosts = len(headers.get("host", ()))
    if hosts != 1 and (hosts or version == b"HTTP/1.1"):
        raise HTTPError(400, "exactly one Host header is required")
    return Request(method, path, query, headers, keep_alive=_keeps_alive(version, headers))


@lru_cache(maxsize=64)  # a client sends the same one in each request
def _parse_request_line(line: bytes) -> tuple[str, str, str, bytes]:
    parts = line.split(b" ")
    if len(parts) != 3 or not _TOKEN.fullmatch(parts[0]) or not parts[2].startswith(b"HTTP/"):
        raise HTTPError(400, "malformed request line")
    method, target, version = parts
    if version not in (b"HTTP/1.1", b"HTTP/1.0"):
        raise HTTPError(505, "only HTTP/1.1 and HTTP/1.0 are supported")
    if not _TARGET.fullmatch(target):
        raise HTTPError(400, "the request target must be a path of printable ASCII characters")
    path, _, query = target.decode("ascii").partition("?")
    return method.decode("ascii"), path, query, version


def _parse_headers(lines: list[bytes]) -> Headers:
    headers: Headers = {}
    for line in lines:
        name, colon, value = line.partition(b":")
        if not colon:
            raise HTTPError(400, "malformed header")
        headers.setdefault(_header_name(name), []).append(value.strip(b" \t"))
    return headers


@lru_cache(maxsize=256)
def _header_name(name: bytes) -> str:
    if not _TOKEN.fullmatch(name):
        raise HTTPError(400, "malformed header")
    return name.decode("ascii").lower()


def _keeps_alive(version: bytes, headers: Headers) -> bool:
    options = b",".join(headers.get("connection", ())).lower().split(b",")
    return version == b"HTTP/1.1" and b"close" not in map(bytes.strip, options)


def body_length(headers: Headers) -> int:
    """Return the body's length in bytes, 0 without a Content-Length.

    Raises `HTTPError` for a transfer coding, which is not supported, for a malformed or contradictory length, and
    above `MAX_BODY`.
    """
    if "transfer-encoding" in headers:
        raise HTTPError(411, "send a Content-Length: transfer codings are not supported")
    lengths = set(headers.get("content-length", (b"0",)))
    length = lengths.pop()
    if lengths or not length.isdigit():
        raise HTTPError(400, "malformed Content-Length")
    if len(length) > 10 or int(length) > MAX_BODY:
        raise HTTPError(413, f"a body has at most {MAX_BODY} bytes")
    return int(length)


def render(
    response: Response, *, now: float, keep_alive: bool, head_only: bool = False, length: int | None = None
) -> bytes:
    """Return the whole response as one piece of bytes, so that it leaves in one segment.

    `now` is the server's time in seconds since 1970, for the Date header by which clients correct their clocks.
    `head_only` leaves the body out, as in the response to a HEAD request, but not its length (RFC 9110, 9.3.2).
    `length` is announced in place of the body's own.
    """
    request_id = f"x-amzn-RequestId: {response.request_id}\r\n" if response.request_id else ""
    more = "".join([f"{name}: {value}\r\n" for name, value in response.headers])
    head = (
        f"HTTP/1.1 {response.status} {_REASONS.get(response.status, '')}\r\n"
        f"{request_id}"
        f"Date: {_http_date(int(now))}\r\n"
        f"Content-Type: {response.content_type}\r\n"
        f"Content-Length: {len(response.body) if length is None else length}\r\n"
        f"{more}"
        f"{'' if keep_alive else _CLOSE}\r\n"
    )
    return head.encode("ascii") + (b"" if head_only else response.body)


@lru_cache(maxsize=4)
def _http_date(seconds: int) -> str:
    # Not strftime, which depends on the locale, and not email.utils, which is slow to import.
    year, month, day, hour, minute, second, weekday, *_ = gmtime(seconds)
    return f"{_DAYS[weekday]}, {day:02} {_MONTHS[month - 1]} {year} {hour:02}:{minute:02}:{second:02} GMT"
