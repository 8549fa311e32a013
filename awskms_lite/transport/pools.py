"""Sends over connections of our own, as many as there are calls under way.

They are no pool of httpcore's, because that looks through all its requests and connections for every request: at
50 calls at a time that alone takes most of the time.
"""

from collections import deque
from collections.abc import Callable
from contextlib import AsyncExitStack
from threading import Lock
from typing import Generic, TypeVar

import anyio

from ..errors import ServiceError, TransportError
from ..steps import CLOSE, Request, Response, Send
from ..system import monotonic
from .connections import KEEP_ALIVE, AsyncConnection, Connection
from .deadline import Deadline, DeadlineExceeded, Timeouts
from .errors import connection_errors, map_transport_error, too_late
from .guard import ResponseGuard
from .messages import message, parsed_url
from .proxies import Proxy, usable_proxy
from .responses import read_response, read_response_async
from .tls import TrustedRoots

T = TypeVar("T")

MAX_CONNECTIONS = 100
"""Connections of one async client at a time, as in httpx; further calls wait for one, in order."""


class IdlePool(Generic[T]):
    """Idle connections by origin; the last used goes first, so that surplus ones grow old."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._idle: dict[str, deque[tuple[float, T]]] = {}
        self._closed = False

    def take(self, request: Request) -> T | None:
        """Return a connection for the request, None if there is none or the request wants one to itself."""
        if CLOSE in request.headers:
            return None
        with self._lock:
            idle = self._idle.get(parsed_url(request.url)[1])
            return idle.pop()[1] if idle else None

    def put(self, request: Request, connection: T) -> list[T]:
        """Keep a connection. Return those to be closed: idle for too long, or this one if the pool was closed."""
        now = monotonic()
        with self._lock:
            if self._closed:
                return [connection]
            idle = self._idle.setdefault(parsed_url(request.url)[1], deque())
            idle.append((now, connection))
            old: list[T] = []
            while idle[0][0] < now - KEEP_ALIVE:
                old.append(idle.popleft()[1])
            return old

    def close(self) -> list[T]:
        """Return all connections, to be closed, and keep none from now on."""
        with self._lock:
            self._closed = True
            connections = [connection for idle in self._idle.values() for _, connection in idle]
            self._idle.clear()
            return connections


class _Use(Generic[T]):
    """One use of a connection: what is made of the response, and whether the connection may be used again."""

    def __init__(self, guard: ResponseGuard, request: Request, accept: Callable[[Response], T]) -> None:
        self._guard = guard
        self._closes = CLOSE in request.headers
        self._accept = accept
        self.is_reusable = False

    def accept(self, response: Response) -> T:
        """Return what is made of the response."""
        self.is_reusable = self._guard.is_complete(response) and not self._closes
        return self._accept(response)


class _PoolBase:
    """What the pools of both kinds have in common: through which proxy they send, and what its failures mean."""

    def __init__(self, roots: TrustedRoots, timeouts: Timeouts, proxy: Proxy | None = None) -> None:
        self._roots = roots
        self._timeouts = timeouts
        self._proxy = proxy
        self._usable_proxy = None if proxy is None else usable_proxy(proxy, roots)

    def _map(self, failure: Exception, request: Request, guard: ResponseGuard) -> TransportError:
        """Return our error for a failure, which names the proxy if it is the proxy that failed."""
        proxy = self._proxy
        if proxy is None or self._has_passed_proxy(request, guard):
            return map_transport_error(failure, request, roots=self._roots.source)
        name = f"{proxy} ({proxy.variable})"
        return map_transport_error(failure, request, proxy=name, roots=self._roots.source)

    def _has_passed_proxy(self, request: Request, guard: ResponseGuard) -> bool:
        """Return whether the proxy did its part: TLS began with the server, or a response came from there."""
        if parsed_url(request.url)[0].scheme == b"http":
            return guard.has_begun
        assert self._usable_proxy is not None
        servers_handshake = 2 if self._usable_proxy.url.scheme == b"https" else 1
        return guard.handshakes >= servers_handshake


class ConnectionPool(_PoolBase):
    """Sends over connections of our own, one for each call under way."""

    def __init__(self, roots: TrustedRoots, timeouts: Timeouts, proxy: Proxy | None = None) -> None:
        super().__init__(roots, timeouts, proxy)
        self._idle: IdlePool[Connection] = IdlePool()

    def send(self, step: Send, accept: Callable[[Response], T], deadline: Deadline) -> T:
        """Send a request once, be done by the deadline, and return what `accept` makes of the response.

        Raise an error of ours, or what `accept` raises.
        """
        request, deadline = step.request, self._timeouts.deadline(step, deadline)
        connection = self._idle.take(request) or self._connection(request)
        use, kept = _Use(connection.guard, request, accept), False
        try:
            connection.guard.begin(deadline)
            response = connection.handle_request(message(request, self._timeouts.phases))
            outcome = read_response(response, use.accept, deadline)
            kept = use.is_reusable
            return outcome
        except ServiceError:  # a response like any other
            kept = use.is_reusable
            raise
        except DeadlineExceeded:
            raise too_late(request) from None
        except connection_errors() as failure:
            raise self._map(failure, request, connection.guard) from None
        finally:
            for old in self._idle.put(request, connection) if kept else [connection]:
                old.close()

    def _connection(self, request: Request) -> Connection:
        return Connection(parsed_url(request.url)[0], self._roots, self._usable_proxy)

    def close(self) -> None:
        """Close the connections: idle ones now, the others when their call ends."""
        for connection in self._idle.close():
            connection.close()


class AsyncConnectionPool(_PoolBase):
    """Sends over connections of our own, one for each call under way, in one event loop."""

    def __init__(self, roots: TrustedRoots, timeouts: Timeouts, proxy: Proxy | None = None) -> None:
        super().__init__(roots, timeouts, proxy)
        self._idle: IdlePool[AsyncConnection] = IdlePool()
        self._capacity = anyio.Semaphore(MAX_CONNECTIONS, fast_acquire=True)

    async def send(self, step: Send, accept: Callable[[Response], T], deadline: Deadline) -> T:
        """Send a request once, be done by the deadline, and return what `accept` makes of the response.

        To wait for a connection is no part of the attempt: its own timeouts count from then on. Raise an error of
        ours, `DeadlineExceeded` if no connection came in time, or what `accept` raises.
        """
        await deadline.wait_for(self._capacity.acquire())
        try:
            return await self._send(step, accept, self._timeouts.deadline(step, deadline))
        finally:
            self._capacity.release()

    async def _send(self, step: Send, accept: Callable[[Response], T], deadline: Deadline) -> T:
        request = step.request
        connection = self._idle.take(request) or self._connection(request)
        use, kept = _Use(connection.guard, request, accept), False
        try:
            connection.guard.begin(deadline)
            response = await connection.handle_async_request(message(request, self._timeouts.phases))
            outcome = await read_response_async(response, use.accept)
            kept = use.is_reusable
            return outcome
        except ServiceError:  # a response like any other
            kept = use.is_reusable
            raise
        except DeadlineExceeded:
            raise too_late(request) from None
        except connection_errors() as failure:
            raise self._map(failure, request, connection.guard) from None
        finally:
            for old in self._idle.put(request, connection) if kept else [connection]:
                await old.aclose()

    def _connection(self, request: Request) -> AsyncConnection:
        return AsyncConnection(parsed_url(request.url)[0], self._roots, self._usable_proxy)

    async def aclose(self) -> None:
        """Close the connections: idle ones now, the others when their call ends."""
        async with AsyncExitStack() as closing:  # which goes on with the others in a task that is cancelled
            for connection in self._idle.close():
                closing.push_async_callback(connection.aclose)
