"""A line: an httpx transport of one connection, with what httpcore's own connections lack.

    a bound        httpcore asks for a timeout once a phase, and so bounds each read and not their sum: a server
                   that sends the head of its answer byte by byte could outlast any; and it passes over any
                   number of interim answers (100 Continue)
    a count        what comes behind an answer stays in httpcore's buffer, to be taken for the next call's answer
    a look         httpcore looks whether a kept connection has something to read, which would be taken for the
                   next call's answer too; but within TLS it sees only what the system still holds
    an end         a connection that is cancelled in its TLS handshake is lost sight of, and left open

Hence pools that reach the network through us, in place of httpx's own.
"""

import encodings.idna
import re
import socket
import ssl
from contextlib import suppress
from typing import Any, TypeAlias, cast

import anyio
import httpcore
import httpx

from ..errors import ProtocolError
from ..steps import Response

Timeouts: TypeAlias = dict[str, float | None]
"""Seconds for each phase of an attempt, under httpx's names: connect, read, write, pool."""

_PRELOADED = encodings.idna  # which the first name to resolve loads: see `loading`

KEEP_ALIVE = 20.0
"""Seconds that a connection without work is kept; when the next call ends, it is closed."""

_MOST_INTERIM = 8
"""Interim answers (RFC 9110, section 15.2) before an answer; KMS sends none, and a proxy hardly more than one."""
_LONGEST_HEADS = 100 * 1024
"""Bytes of all heads of an answer together, which is what h11 takes for a single one."""

_END_OF_HEAD = re.compile(rb"\n\r?\n")  # which is where h11 sees it too
_CHUNK = 256 * 1024
"""Bytes to ask an asynchronous stream for, as many as asyncio reads at a time: what it kept would not be seen."""

_ONE_CONNECTION = httpx.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=KEEP_ALIVE)


class Exchange:
    """The attempt that a line is busy with: its timeouts, and how much of an answer came."""

    timeouts: Timeouts

    def begin(self, timeouts: Timeouts) -> None:
        """Begin anew."""
        self.timeouts = timeouts
        self._head: bytearray | None = bytearray()
        self._heads: int = 0
        self._interim: int = 0
        self._received = 0

    def take(self, data: bytes) -> None:
        """Count what came, from the end of the head on.

        Raises `ProtocolError` for heads without end, be it one or one interim answer after the other.
        """
        if self._head is None:
            self._received += len(data)
            return
        begin = max(len(self._head) - 2, 0)
        self._head += data
        while found := _END_OF_HEAD.search(self._head, begin):
            if not self._head.startswith(b" 1", 8):  # as in "HTTP/1.1 100 Continue"
                self._received, self._head = len(self._head) - found.end(), None
                return
            del self._head[: found.end()]
            begin, self._heads, self._interim = 0, self._heads + found.end(), self._interim + 1
            if self._interim > _MOST_INTERIM:
                raise _endless()
        if self._heads + len(self._head) > _LONGEST_HEADS:
            raise _endless()

    def is_over(self, response: Response) -> bool:
        """Return whether nothing came behind this answer, so that the next one will be the next request's.

        Only an answer of a known length can tell, and KMS gives it.
        """
        return self._head is None and response.headers.get("content-length") == str(self._received)


def _endless() -> ProtocolError:
    return ProtocolError(
        "The answer does not begin: interim answers or headers came without end. Check the endpoint and the "
        "proxies on the way."
    )


class Line(httpx.HTTPTransport):
    """A transport of one connection, which keeps to the time of its `exchange` in every read and write."""

    def __init__(self, context: ssl.SSLContext) -> None:
        super().__init__(verify=context, limits=_ONE_CONNECTION)
        self.exchange = Exchange()
        self._pool = httpcore.ConnectionPool(
            ssl_context=context,
            max_connections=1,
            max_keepalive_connections=1,
            keepalive_expiry=KEEP_ALIVE,
            network_backend=cast("httpcore.NetworkBackend", Backend(self.exchange, httpcore.SyncBackend())),
        )


class Backend:
    """Opens the one stream of a line, in the part of httpcore's network backend."""

    def __init__(self, exchange: Exchange, backend: Any) -> None:
        self._exchange = exchange
        self._backend = backend

    def connect_tcp(self, host: str, port: int, timeout: float | None = None, **options: Any) -> "Stream":
        """Try the host's addresses in turn, each within what is left; by itself a socket gives each the same."""
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:  # the latter for a name that none can be
            raise httpcore.ConnectError(str(error)) from error
        *others, last = [str(address[0]) for *_, address in found]
        for address in others:
            with suppress(httpcore.ConnectError, httpcore.ConnectTimeout):
                return self._connect(address, port, timeout, options)
        return self._connect(last, port, timeout, options)

    def _connect(self, address: str, port: int, timeout: float | None, options: dict[str, Any]) -> "Stream":
        timeout = self._exchange.timeouts.get("connect", timeout)
        return Stream(self._exchange, self._backend.connect_tcp(address, port, timeout, **options))


class Stream:
    """Reads and writes within what is left, in the part of httpcore's network stream."""

    def __init__(self, exchange: Exchange, stream: Any) -> None:
        self._exchange = exchange
        self._stream = stream
        self.close = stream.close
        self.get_extra_info = stream.get_extra_info

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read some bytes, within what is left."""
        data: bytes = self._stream.read(max_bytes, self._exchange.timeouts.get("read", timeout))
        self._exchange.take(data)
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write all the bytes, each part of them within what is left."""
        self._stream.write(buffer, self._exchange.timeouts.get("write", timeout))

    def start_tls(self, *args: Any, timeout: float | None = None, **options: Any) -> "Stream":
        """Shake hands within what is left of the time to connect; give the stream within TLS."""
        timeout = self._exchange.timeouts.get("connect", timeout)
        return Stream(self._exchange, self._stream.start_tls(*args, timeout=timeout, **options))


class AsyncLine(httpx.AsyncHTTPTransport):
    """A transport of one connection, which counts for its `exchange` and closes its socket in any case."""

    def __init__(self, context: ssl.SSLContext) -> None:
        super().__init__(verify=context, limits=_ONE_CONNECTION)
        self.exchange = Exchange()
        self._backend = AsyncBackend(self.exchange, httpcore.AnyIOBackend())
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=context,
            max_connections=1,
            max_keepalive_connections=1,
            keepalive_expiry=KEEP_ALIVE,
            network_backend=cast("httpcore.AsyncNetworkBackend", self._backend),
        )

    async def aclose(self) -> None:
        """Close the connection, even in a task that was cancelled."""
        with anyio.CancelScope(shield=True):
            await super().aclose()
            if self._backend.stream is not None:
                await self._backend.stream.aclose()


class AsyncBackend:
    """Opens the one stream of an async line and remembers it, in the part of httpcore's network backend."""

    def __init__(self, exchange: Exchange, backend: Any) -> None:
        self._exchange = exchange
        self._backend = backend
        self.stream: Any = None

    async def connect_tcp(self, *args: Any, **options: Any) -> "AsyncStream":
        """Connect, and remember the stream."""
        self.stream = await self._backend.connect_tcp(*args, **options)
        return AsyncStream(self._exchange, self.stream)


class AsyncStream:
    """Counts what it reads, in the part of httpcore's network stream."""

    def __init__(self, exchange: Exchange, stream: Any) -> None:
        self._exchange = exchange
        self._stream = stream
        self.write = stream.write
        self.aclose = stream.aclose

    def get_extra_info(self, info: str) -> Any:
        """Return what httpcore's stream knows; whether it "is_readable" includes what is left within TLS."""
        known = self._stream.get_extra_info(info)
        if info != "is_readable" or known:
            return known
        return _has_more(self._stream.get_extra_info("ssl_object"))

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read some bytes."""
        data: bytes = await self._stream.read(max(max_bytes, _CHUNK), timeout)
        self._exchange.take(data)
        return data

    async def start_tls(self, *args: Any, **options: Any) -> "AsyncStream":
        """Shake hands; give the stream within TLS."""
        return AsyncStream(self._exchange, await self._stream.start_tls(*args, **options))


def _has_more(tls: "ssl.SSLObject | None") -> bool:
    """Return whether a TLS connection, whose bytes pass through memory, has something left in there.

    Only an attempt to read can tell, and it does not wait. What it takes is lost, and so is the connection.
    """
    if tls is None:
        return False
    try:
        tls.read(1)
    except ssl.SSLWantReadError:
        return False
    except ssl.SSLError:  # its end, or nonsense
        pass
    return True
