"""Connections of asyncio, in the part of httpcore's network backend.

httpcore's own are made of anyio's, which take a cancel scope and more passes of the event loop for each read and
write: in all a quarter of a call. Here a wait is one future, and its timeout one timer.
"""

import asyncio
import concurrent.futures.thread
import select
import socket
import ssl
from collections.abc import Callable
from typing import Any, cast

import anyio
import httpcore

_PRELOADED = concurrent.futures.thread  # which the first name to resolve loads: see `loading`

_HEAD_START = 0.25
"""Seconds that an address has before the next one is tried beside it (RFC 8305, section 5)."""


class AsyncioBackend:
    """Opens the stream of a connection."""

    async def connect_tcp(
        self, host: str, port: int, timeout: float | None = None, **_: object
    ) -> "AsyncioStream":
        """Connect to whichever of the host's addresses answers first."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(timeout):
                found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
                return await _first_connected([str(address[0]) for *_, address in found], port)
        except TimeoutError as error:
            raise httpcore.ConnectTimeout(str(error)) from error
        except (OSError, UnicodeError) as error:  # UnicodeError for a name that no host can have
            raise httpcore.ConnectError(str(error)) from error


async def _first_connected(addresses: list[str], port: int) -> "AsyncioStream":
    """Return the first stream that is connected; raise the error of the last address if none is."""
    streams: list[AsyncioStream] = []
    failures: list[OSError] = []

    async def connect(address: str, failed: anyio.Event) -> None:
        try:
            streams.append(await _connect(address, port))
            group.cancel_scope.cancel()
        except OSError as error:
            failures.append(error)
            failed.set()

    if len(addresses) == 1:
        return await _connect(addresses[0], port)
    try:
        async with anyio.create_task_group() as group:
            for address in addresses:
                failed = anyio.Event()
                group.start_soon(connect, address, failed)
                with anyio.move_on_after(_HEAD_START):
                    await failed.wait()
        if not streams:
            raise failures[-1]
        return streams.pop(0)
    finally:
        for stream in streams:  # a second one, or one that nobody waits for any more
            stream.abort()


async def _connect(address: str, port: int) -> "AsyncioStream":
    _, stream = await asyncio.get_running_loop().create_connection(AsyncioStream, address, port)
    return stream


class AsyncioStream(asyncio.Protocol):
    """Reads and writes, in the part of httpcore's network stream. One task at a time may wait for it."""

    _transport: asyncio.Transport

    def __init__(self) -> None:
        self._received = b""
        self._has_ended = False
        self._failure: Exception | None = None
        self._is_paused = False
        self._is_writable = True
        self._wakes: asyncio.Future[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Note the transport of the connection."""
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Keep what came. If it comes faster than it is read, let it wait where it is."""
        if self._received:
            self._is_paused = True
            self._transport.pause_reading()
        self._received += data
        self._wake()

    def eof_received(self) -> None:
        """Note that the server sends no more, and let asyncio close the connection."""
        self._has_ended = True
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        """Note that the connection is closed, and why."""
        self._has_ended = True
        self._failure = self._failure or exc
        self._wake()

    def pause_writing(self) -> None:
        """Note that what was written is more than the network takes."""
        self._is_writable = False

    def resume_writing(self) -> None:
        """Note that the network took most of it."""
        self._is_writable = True
        self._wake()

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002 - all is returned
        """Return what came, as soon as there is something; nothing if the server ended the connection."""
        if not self._received and not self._has_ended:
            await self._wait(timeout, httpcore.ReadTimeout)
        data, self._received = self._received, b""
        if self._is_paused:
            self._is_paused = False
            self._transport.resume_reading()
        if not data and self._failure is not None:
            raise httpcore.ReadError(str(self._failure)) from self._failure
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write, and wait until the network took most of it."""
        if self._has_ended:
            raise httpcore.WriteError("The connection is closed.") from self._failure
        self._transport.write(buffer)
        while not self._is_writable and not self._has_ended:
            await self._wait(timeout, httpcore.WriteTimeout)

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> "AsyncioStream":
        """Return this stream, within TLS from now on."""
        if self._has_ended:  # asyncio would wait for the handshake all the same
            raise httpcore.ConnectError("The connection is closed.") from self._failure
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(timeout):
                within = await loop.start_tls(self._transport, self, ssl_context, server_hostname=server_hostname)
        except TimeoutError as error:
            raise httpcore.ConnectTimeout(str(error)) from error
        except OSError as error:
            raise httpcore.ConnectError(str(error)) from error
        assert within is not None
        self._transport = within
        return self

    def abort(self) -> None:
        """Close the connection."""
        self._transport.abort()

    async def aclose(self) -> None:
        """Close the connection, and let asyncio close the socket."""
        self.abort()
        await asyncio.sleep(0)

    def get_extra_info(self, info: str) -> Any:
        """Return whether something "is_readable", if only the end of the connection, or what asyncio knows."""
        if info != "is_readable":
            return self._transport.get_extra_info(info)
        return self._has_ended or bool(self._received) or _is_readable(self._transport.get_extra_info("socket"))

    async def _wait(self, timeout: float | None, error: Callable[[], Exception]) -> None:
        """Wait for whatever happens next to the connection; raise the error if nothing does in time."""
        loop = asyncio.get_running_loop()
        self._wakes = wakes = loop.create_future()
        timer = None if timeout is None else loop.call_later(timeout, _fail, wakes, error)
        try:
            await wakes
        finally:
            self._wakes = None
            if timer is not None:
                timer.cancel()

    def _wake(self) -> None:
        if self._wakes is not None and not self._wakes.done():
            self._wakes.set_result(None)


def _fail(wakes: "asyncio.Future[None]", error: Callable[[], Exception]) -> None:
    if not wakes.done():
        wakes.set_exception(error())


def _is_readable(sock: socket.socket) -> bool:
    """Return whether the socket has something that the event loop has not seen yet, busy as it was."""
    if not hasattr(select, "poll"):  # Windows
        return bool(select.select([sock], [], [], 0)[0])
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return bool(poll.poll(0))
