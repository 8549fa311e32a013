"""Sends over connections of our own: httpx transports of one connection each, as many as there are calls.

One connection each, because httpcore's pool looks through all its requests and connections for every request: at
50 calls at a time that alone takes most of the time.
"""

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from functools import lru_cache
from threading import Lock
from typing import Generic, TypeVar

import anyio
import httpx

from ..errors import ServiceError, TransportError
from ..steps import CLOSE, Request, Response
from ..system import steady as monotonic
from . import failures
from .answers import read_answer, read_answer_async
from .lines import KEEP_ALIVE, AsyncLine, Exchange, Line, Timeouts
from .tls import TrustedRoots

T = TypeVar("T")

MAX_CONNECTIONS = 100
"""Connections that one async client has at a time; further calls wait for one, in order."""


class _Idle(Generic[T]):
    """Transports that wait for work, by origin; the last used goes first, so that surplus ones grow old."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._waiting: dict[str, deque[tuple[float, T]]] = {}
        self._ended = False

    def take(self, request: Request) -> T | None:
        """Return a transport for the request, None where there is none or it wants one to itself."""
        if CLOSE in request.headers:
            return None
        with self._lock:
            waiting = self._waiting.get(_parsed(request.url)[1])
            return waiting.pop()[1] if waiting else None

    def put(self, request: Request, transport: T) -> list[T]:
        """Keep a transport. Return those to be closed: who waited for too long, or this one after the end."""
        now = monotonic()
        with self._lock:
            if self._ended:
                return [transport]
            waiting = self._waiting.setdefault(_parsed(request.url)[1], deque())
            waiting.append((now, transport))
            old: list[T] = []
            while waiting[0][0] < now - KEEP_ALIVE:
                old.append(waiting.popleft()[1])
            return old

    def end(self) -> list[T]:
        """Return all transports, to be closed, and keep none from now on."""
        with self._lock:
            self._ended = True
            left = [transport for waiting in self._waiting.values() for _, transport in waiting]
            self._waiting.clear()
            return left


class _Use(Generic[T]):
    """One use of a line: what is made of its answer, and whether nothing came behind that."""

    def __init__(self, exchange: Exchange, request: Request, accept: Callable[[Response], T]) -> None:
        self._exchange = exchange
        self._alone = CLOSE in request.headers
        self._accept = accept
        self.is_over = False

    def accept(self, response: Response) -> T:
        """Return what is made of the answer."""
        self.is_over = self._exchange.is_over(response) and not self._alone
        return self._accept(response)


class _Sender:
    """What both kinds of connections have."""

    failures: tuple[type[Exception], ...] = (httpx.RequestError,)

    def __init__(self, roots: TrustedRoots) -> None:
        self._roots = roots

    def explain(self, failure: Exception, request: Request) -> TransportError:
        """Return our error for one of `failures`."""
        return failures.explain(failure, request, roots=self._roots.source)


class Connections(_Sender):
    """Sends over connections of our own, one for each call under way."""

    def __init__(self, roots: TrustedRoots) -> None:
        super().__init__(roots)
        self._idle: _Idle[Line] = _Idle()

    def send(
        self, request: Request, accept: Callable[[Response], T], timeouts: Timeouts, deadline: float | None
    ) -> T:
        """Send once, be done by the deadline (by `monotonic`), and return what `accept` makes of the answer.

        Raises one of `failures`, or an error of ours.
        """
        line = self._idle.take(request) or Line(self._roots.context(_parsed(request.url)[0].scheme))
        use, kept = _Use(line.exchange, request, accept), False
        try:
            line.exchange.begin(timeouts)
            response = line.handle_request(_message(request, timeouts))
            outcome = read_answer(response, request, use.accept, deadline)
            kept = use.is_over
            return outcome
        except ServiceError:  # an answer like any other
            kept = use.is_over
            raise
        finally:
            for old in self._idle.put(request, line) if kept else [line]:
                old.close()

    def close(self) -> None:
        """Close the connections: those without work now, the others when their call ends."""
        for line in self._idle.end():
            line.close()


class AsyncConnections(_Sender):
    """Sends over connections of our own, one for each call under way, in one event loop."""

    def __init__(self, roots: TrustedRoots) -> None:
        super().__init__(roots)
        self._idle: _Idle[AsyncLine] = _Idle()
        self._places = anyio.Semaphore(MAX_CONNECTIONS, fast_acquire=True)

    async def send(
        self, request: Request, accept: Callable[[Response], T], timeouts: Timeouts, limit: float | None
    ) -> T:
        """Send once, within so many seconds, and return what `accept` makes of the answer.

        Raises one of `failures`, or an error of ours.
        """
        async with self._places:
            line = self._idle.take(request) or AsyncLine(self._roots.context(_parsed(request.url)[0].scheme))
            use, kept = _Use(line.exchange, request, accept), False
            try:
                with anyio.move_on_after(limit):
                    line.exchange.begin(timeouts)
                    response = await line.handle_async_request(_message(request, timeouts))
                    outcome = await read_answer_async(response, use.accept)
                    kept = use.is_over
                    return outcome
                raise failures.too_late(request)
            except ServiceError:  # an answer like any other
                kept = use.is_over
                raise
            finally:
                for old in self._idle.put(request, line) if kept else [line]:
                    await old.aclose()

    async def aclose(self) -> None:
        """Close the connections: those without work now, the others when their call ends."""
        async with AsyncExitStack() as closing:  # which goes on with the others in a task that is cancelled
            for line in self._idle.end():
                closing.push_async_callback(line.aclose)


@lru_cache(maxsize=64)
def _parsed(url: str) -> tuple[httpx.URL, str]:
    """Return the URL as httpx wants it, and its origin."""
    parsed = httpx.URL(url)
    return parsed, f"{parsed.scheme}://{parsed.netloc.decode()}"


def _message(request: Request, timeouts: Timeouts) -> httpx.Request:
    """Return the request as httpx wants it. With a stream httpx adds no header of its own, which is quicker."""
    url = _parsed(request.url)[0]
    headers = [*request.headers, ("Content-Length", str(len(request.body)))]
    if not any(name.lower() == "host" for name, _ in headers):
        headers.insert(0, ("Host", url.netloc.decode()))
    extensions = {"timeout": timeouts}
    return httpx.Request(request.method, url, headers=headers, stream=_Body(request.body), extensions=extensions)


class _Body(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A request's body. httpx's own is an async generator, which a call that is cancelled would leave unclosed."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def __iter__(self) -> Iterator[bytes]:
        return iter((self._content,))

    def __aiter__(self) -> "_Body":
        self._left = iter(self)
        return self

    async def __anext__(self) -> bytes:
        for part in self._left:
            return part
        raise StopAsyncIteration
