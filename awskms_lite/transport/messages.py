"""What httpcore is handed: the URL, and the request with its body."""

from collections.abc import Iterator
from functools import lru_cache
from urllib.parse import quote, urlsplit

import httpcore

from ..steps import Request
from .deadline import Phases

_DEFAULT_PORTS = {"http": 80, "https": 443}

# What stands in a URL as it is: `%` too, for what is encoded already stays so. WHATWG's URL standard, section 1.3.
_PLAIN_IN_QUERY = "!$%&'()*+,/:;=?@[\\]^`{|}"
_PLAIN_IN_PATH = "!$%&'()*+,/:;=@[\\]^|"


@lru_cache(maxsize=64)  # a client asks KMS, STS and metadata at some URLs, again and again
def parsed_url(url: str) -> tuple[httpcore.URL, str]:
    """Return the URL as httpcore wants it, and its origin; neither has a port that is the scheme's default.

    The host is ASCII: every URL was checked where it was set.
    """
    address, mark, query = url.partition("?")
    parts = urlsplit(address)
    host = parts.hostname or ""
    port = None if parts.port == _DEFAULT_PORTS.get(parts.scheme) else parts.port
    path = quote(_without_dots(parts.path), safe=_PLAIN_IN_PATH) or "/"
    target = f"{path}{mark}{quote(query, safe=_PLAIN_IN_QUERY)}"
    parsed = httpcore.URL(scheme=parts.scheme, host=host, port=port, target=target)
    name = f"[{host}]" if ":" in host else host
    return parsed, f"{parts.scheme}://{name}" if port is None else f"{parts.scheme}://{name}:{port}"


def _without_dots(path: str) -> str:
    """Return a path without its `.` and `..` segments (RFC 3986, section 5.2.4)."""
    if "." not in path:
        return path
    kept: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            del kept[max(len(kept) - 1, 1) :]  # the first one is what stands before the first slash: nothing
        elif segment != ".":
            kept.append(segment)
    return "/".join(kept)


def message(request: Request, phases: Phases) -> httpcore.Request:
    """Return the request as httpcore wants it, with the `Host` and the length that it does not add by itself."""
    url, origin = parsed_url(request.url)
    headers = [*request.headers, ("Content-Length", str(len(request.body)))]
    if not any(name.lower() == "host" for name, _ in headers):
        headers.insert(0, ("Host", origin.partition("://")[2]))
    return httpcore.Request(
        request.method, url, headers=headers, content=Body(request.body), extensions={"timeout": phases}
    )


class Body:
    """A body that is all there. An async generator in its place would be left unclosed by a cancelled call."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def __iter__(self) -> Iterator[bytes]:
        return iter((self._content,))

    def __aiter__(self) -> "Body":
        self._left = iter(self)
        return self

    async def __anext__(self) -> bytes:
        for part in self._left:
            return part
        raise StopAsyncIteration
