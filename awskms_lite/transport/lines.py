"""A line: an httpx transport of one connection, with what httpcore's own connections lack."""

import socket
import ssl
from contextlib import suppress
from typing import Any, TypeAlias, cast

import anyio
import httpx

Timeouts: TypeAlias = dict[str, float | None]
"""Seconds for each phase of an attempt, under httpx's names: connect, read, write, pool."""

KEEP_ALIVE = 20.0
"""Seconds that a connection without work is kept."""

_ONE_CONNECTION = httpx.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=KEEP_ALIVE)


class Limits:
    """The timeouts of the attempt that a line is busy with."""

    timeouts: Timeouts


class Line(httpx.HTTPTransport):
    """A transport of one connection, whose every read and write asks its `limits` anew.

    httpcore asks once for each phase, and so bounds each read and not their sum: a server that sends the head of
    its answer byte by byte could outlast any timeout. Hence a pool that reads through us, in place of httpx's own.
    """

    def __init__(self, context: ssl.SSLContext) -> None:
        import httpcore  # httpx loads it here too

        super().__init__(verify=context, limits=_ONE_CONNECTION)
        self.limits = Limits()
        self._pool = httpcore.ConnectionPool(
            ssl_context=context,
            max_connections=1,
            max_keepalive_connections=1,
            keepalive_expiry=KEEP_ALIVE,
            network_backend=cast("httpcore.NetworkBackend", Backend(self.limits, httpcore.SyncBackend())),
        )


class Backend:
    """Opens the one stream of a line, in the part of httpcore's network backend."""

    def __init__(self, limits: Limits, backend: Any) -> None:
        self._limits = limits
        self._backend = backend

    def connect_tcp(self, host: str, port: int, timeout: float | None = None, **options: Any) -> "Stream":
        """Try the host's addresses in turn, each within what is left; by itself a socket gives each the same."""
        import httpcore

        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise httpcore.ConnectError(str(error)) from error
        *others, last = [str(address[0]) for *_, address in found]
        for address in others:
            with suppress(httpcore.ConnectError, httpcore.ConnectTimeout):
                return self._connect(address, port, timeout, options)
        return self._connect(last, port, timeout, options)

    def _connect(self, address: str, port: int, timeout: float | None, options: dict[str, Any]) -> "Stream":
        timeout = self._limits.timeouts.get("connect", timeout)
        return Stream(self._limits, self._backend.connect_tcp(address, port, timeout, **options))


class Stream:
    """Reads and writes within what is left, in the part of httpcore's network stream."""

    def __init__(self, limits: Limits, stream: Any) -> None:
        self._limits = limits
        self._stream = stream
        self.close = stream.close
        self.get_extra_info = stream.get_extra_info

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read some bytes, within what is left."""
        data: bytes = self._stream.read(max_bytes, self._limits.timeouts.get("read", timeout))
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write all the bytes, each part of them within what is left."""
        self._stream.write(buffer, self._limits.timeouts.get("write", timeout))

    def start_tls(self, *args: Any, timeout: float | None = None, **options: Any) -> "Stream":
        """Shake hands within what is left of the time to connect; give the stream within TLS."""
        timeout = self._limits.timeouts.get("connect", timeout)
        return Stream(self._limits, self._stream.start_tls(*args, timeout=timeout, **options))


class AsyncLine(httpx.AsyncHTTPTransport):
    """A transport of one connection, whose socket is closed with it in any case.

    httpcore loses sight of a connection that is cancelled in its TLS handshake, and leaves it open.
    """

    def __init__(self, context: ssl.SSLContext) -> None:
        import httpcore  # httpx loads it here too

        super().__init__(verify=context, limits=_ONE_CONNECTION)
        self._backend = AsyncBackend(httpcore.AnyIOBackend())
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

    def __init__(self, backend: Any) -> None:
        self._backend = backend
        self.stream: Any = None

    async def connect_tcp(self, *args: Any, **options: Any) -> Any:
        """Connect, and remember the stream."""
        self.stream = await self._backend.connect_tcp(*args, **options)
        return self.stream
