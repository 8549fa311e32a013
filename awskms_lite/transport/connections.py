"""Connections: httpcore's, with what they lack by themselves.

    a deadline     httpcore asks for a timeout once a phase, and so bounds each read and not their sum: a server
                   that sends the head of its response byte by byte could outlast any; and it passes over any
                   number of interim responses (100 Continue)
    one write      httpcore writes the head of a request and its body one after the other, each a packet
    a count        what follows a response stays in httpcore's buffer, to be taken for the next response
    a look         httpcore checks whether an idle connection has something to read, which would be taken for the
                   next response too; but it sees only what the socket holds, and not what was read from it and
                   waits to be decrypted
    an end         a connection that is cancelled in its TLS handshake is forgotten, and left open

Hence network backends of our own, with which httpcore reaches the network, directly or through a proxy.
"""

import encodings.idna
import socket
import ssl
from contextlib import suppress
from typing import Any

import anyio
import httpcore

from ..loading import loading
from .errors import is_untrusted
from .guard import ResponseGuard
from .tls import TrustedRoots

_PRELOADED = encodings.idna  # which the first name to resolve loads: see `loading`

KEEP_ALIVE = 20.0
"""Seconds that an idle connection is kept: load balancers and firewalls forget one after a minute or more."""


class _ConnectionBase:
    """What the connections of both kinds have in common: where they lead, and what they have counted.

    A proxied one is a pool of httpcore's with one connection, for its classes of such connections are not public.
    """

    def __init__(self, url: httpcore.URL, roots: TrustedRoots, proxy: httpcore.Proxy | None) -> None:
        self.guard = ResponseGuard()
        self._origin = url.origin
        self._roots = roots
        self._context = roots.context(url.scheme.decode())
        self._proxy = proxy

    def _options(self, backend: object) -> dict[str, Any]:
        options = {"ssl_context": self._context, "keepalive_expiry": KEEP_ALIVE, "network_backend": backend}
        return options if self._proxy is None else {**options, "proxy": self._proxy, "max_connections": 1}


class Connection(_ConnectionBase):
    """A connection to one origin, which keeps to the deadline of its `guard` in every read and write."""

    def __init__(self, url: httpcore.URL, roots: TrustedRoots, proxy: httpcore.Proxy | None) -> None:
        super().__init__(url, roots, proxy)
        self._backend = Backend(self.guard, httpcore.SyncBackend())
        self._http = self._open()

    def _open(self) -> httpcore.HTTPConnection | httpcore.ConnectionPool:
        if self._proxy is None:
            return httpcore.HTTPConnection(self._origin, **self._options(self._backend))
        return httpcore.ConnectionPool(**self._options(self._backend))

    def handle_request(self, request: httpcore.Request) -> httpcore.Response:
        """Send a request, over a new connection if the one there has ended, and return its response, unread.

        If AWS's roots do not vouch for the server, which was sent nothing so far, try again with all roots.
        """
        if isinstance(self._http, httpcore.HTTPConnection) and _has_ended(self._http):
            self._http.close()
            self._http = self._open()
        had_all_roots = self._roots.is_complete
        try:
            return self._http.handle_request(request)
        except httpcore.ConnectError as error:
            if had_all_roots or not is_untrusted(error):
                raise
        self._roots.complete()
        self._http = self._open()
        return self._http.handle_request(request)

    def close(self) -> None:
        """Close the connection."""
        self._http.close()


class Backend:
    """Opens the stream of a connection, in the part of httpcore's network backend."""

    def __init__(self, guard: ResponseGuard, backend: Any) -> None:
        self._guard = guard
        self._backend = backend

    def connect_tcp(self, host: str, port: int, timeout: float | None = None, **options: Any) -> "Stream":
        """Try the host's addresses one by one, each within what is left: `socket` gives each the whole timeout."""
        self._guard.handshakes = 0
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:  # UnicodeError for a name that no host can have
            raise httpcore.ConnectError(str(error)) from error
        *others, last = [str(address[0]) for *_, address in found]
        for address in others:
            with suppress(httpcore.ConnectError, httpcore.ConnectTimeout):
                return self._connect(address, port, timeout, options)
        return self._connect(last, port, timeout, options)

    def _connect(self, address: str, port: int, timeout: float | None, options: dict[str, Any]) -> "Stream":
        timeout = self._guard.deadline.timeout(timeout)
        return Stream(self._guard, self._backend.connect_tcp(address, port, timeout, **options))


class _StreamBase:
    """What the streams of both kinds of connection have in common."""

    def __init__(self, guard: ResponseGuard, stream: Any) -> None:
        self._guard = guard
        self._stream = stream
        self._unsent = b""
        self._write_timeout: float | None = None

    def get_extra_info(self, info: str) -> Any:
        """Return what httpcore's stream knows; it "is_readable" too if TLS has read something from the socket."""
        known = self._stream.get_extra_info(info)
        if info != "is_readable" or known:
            return known
        tls = self._stream.get_extra_info("ssl_object")
        return isinstance(tls, ssl.SSLObject) and _has_more(tls)

    def _take_unsent(self) -> bytes:
        unsent, self._unsent = self._unsent, b""
        return unsent

    def _begin_handshake(self) -> None:
        """Note that TLS begins, with the proxy or with the server, whose response is what comes next within it."""
        self._guard.handshakes += 1
        self._guard.expect_head()


class Stream(_StreamBase):
    """Reads and writes within what is left, in the part of httpcore's network stream."""

    def __init__(self, guard: ResponseGuard, stream: Any) -> None:
        super().__init__(guard, stream)
        self.close = stream.close

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Keep the bytes until all of the request is there: `read` sends it, in one."""
        self._unsent += buffer
        self._write_timeout = timeout

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Send what was written, and read some bytes, each within what is left."""
        if unsent := self._take_unsent():
            with suppress(httpcore.WriteError):  # the server may have answered before it closed the connection
                self._stream.write(unsent, self._guard.deadline.timeout(self._write_timeout))
        data: bytes = self._stream.read(max_bytes, self._guard.deadline.timeout(timeout))
        self._guard.feed(data)
        return data

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> "Stream":
        """Return the stream within TLS, after a handshake within what is left."""
        self._begin_handshake()
        timeout = self._guard.deadline.timeout(timeout)
        return Stream(self._guard, self._stream.start_tls(ssl_context, server_hostname, timeout))


class AsyncConnection(_ConnectionBase):
    """A connection to one origin, which keeps to the deadline of its `guard` and closes its socket in any case."""

    def __init__(self, url: httpcore.URL, roots: TrustedRoots, proxy: httpcore.Proxy | None) -> None:
        super().__init__(url, roots, proxy)
        self._backend = AsyncBackend(self.guard, _open_backend())
        self._http = self._open()

    def _open(self) -> httpcore.AsyncHTTPConnection | httpcore.AsyncConnectionPool:
        if self._proxy is None:
            return httpcore.AsyncHTTPConnection(self._origin, **self._options(self._backend))
        return httpcore.AsyncConnectionPool(**self._options(self._backend))

    async def handle_async_request(self, request: httpcore.Request) -> httpcore.Response:
        """Send a request as `Connection.handle_request` does."""
        if isinstance(self._http, httpcore.AsyncHTTPConnection) and _has_ended(self._http):
            await self._http.aclose()
            self._http = self._open()
        had_all_roots = self._roots.is_complete
        try:
            return await self._http.handle_async_request(request)
        except httpcore.ConnectError as error:
            if had_all_roots or not is_untrusted(error):
                raise
        self._roots.complete()
        self._http = self._open()
        return await self._http.handle_async_request(request)

    async def aclose(self) -> None:
        """Close the connection, even in a task that was cancelled."""
        with anyio.CancelScope(shield=True):
            await self._http.aclose()
            if self._backend.stream is not None:
                await self._backend.stream.aclose()


class AsyncBackend:
    """Opens the stream of an async connection and remembers it, in the part of httpcore's network backend."""

    def __init__(self, guard: ResponseGuard, backend: Any) -> None:
        self._guard = guard
        self._backend = backend
        self.stream: Any = None

    async def connect_tcp(
        self, host: str, port: int, timeout: float | None = None, **options: Any
    ) -> "AsyncStream":
        """Connect within what is left, and remember the stream."""
        self._guard.handshakes = 0
        timeout = self._guard.deadline.timeout(timeout)
        self.stream = await self._backend.connect_tcp(host, port, timeout, **options)
        return AsyncStream(self._guard, self.stream)


class AsyncStream(_StreamBase):
    """Reads and writes as `Stream` does."""

    def __init__(self, guard: ResponseGuard, stream: Any) -> None:
        super().__init__(guard, stream)
        self.aclose = stream.aclose

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Keep the bytes until all of the request is there."""
        self._unsent += buffer
        self._write_timeout = timeout

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Send what was written, and read some bytes, each within what is left."""
        if unsent := self._take_unsent():
            with suppress(httpcore.WriteError):  # as in `Stream.read`
                await self._stream.write(unsent, self._guard.deadline.timeout(self._write_timeout))
        data: bytes = await self._stream.read(max_bytes, self._guard.deadline.timeout(timeout))
        self._guard.feed(data)
        return data

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> "AsyncStream":
        """Return the stream within TLS, after a handshake within what is left."""
        self._begin_handshake()
        timeout = self._guard.deadline.timeout(timeout)
        return AsyncStream(self._guard, await self._stream.start_tls(ssl_context, server_hostname, timeout))


def _open_backend() -> Any:
    """Return what connects under the event loop we are in: asyncio has a quicker way than anyio's."""
    if anyio.get_cancelled_exc_class().__module__.partition(".")[0] != "asyncio":
        return httpcore.AnyIOBackend()
    with loading:
        from .asyncio_streams import AsyncioBackend

    return AsyncioBackend()


def _has_ended(connection: httpcore.HTTPConnection | httpcore.AsyncHTTPConnection) -> bool:
    """Return whether a connection was closed, by either side, or was idle for too long. A new one was not."""
    return connection.is_closed() or connection.has_expired()


def _has_more(tls: ssl.SSLObject) -> bool:
    """Return whether a TLS connection, whose bytes pass through memory, has something left in there.

    Only an attempt to read can tell, and it does not wait. What it takes is lost, and so is the connection.
    """
    try:
        tls.read(1)
    except ssl.SSLWantReadError:
        return False
    except ssl.SSLError:  # its end, or nonsense
        pass
    return True
