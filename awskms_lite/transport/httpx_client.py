"""Sends through httpx's own clients: the caller's, or one of ours for a proxy's sake."""

from collections.abc import Callable
from functools import partial
from inspect import iscoroutinefunction
from typing import Any, TypeAlias, TypeVar

import anyio
import httpx

from .. import errors
from ..steps import Request, Response
from ..system import steady as monotonic
from . import failures
from .answers import read_answer, read_answer_async
from .connections import MAX_CONNECTIONS
from .lines import KEEP_ALIVE, Timeouts
from .proxies import Proxy
from .tls import TrustedRoots

T = TypeVar("T")
HTTPClient: TypeAlias = httpx.Client
AsyncHTTPClient: TypeAlias = httpx.AsyncClient

_TRACE = "X-Amzn-Trace-Id"


class _Sender:
    """What the senders through a caller's client have. It may fail with anything, whatever library it is of."""

    failures: tuple[type[Exception], ...] = (Exception,)
    way: "type[_Way] | None" = None

    def explain(self, failure: Exception, request: Request) -> errors.TransportError:
        """Return our error for one of `failures`."""
        return failures.explain(failure, request)


class Client(_Sender):
    """Sends through a synchronous httpx client."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def send(
        self, request: Request, accept: Callable[[Response], T], timeouts: Timeouts, deadline: float | None
    ) -> T:
        """Send once, be done by the deadline (by `monotonic`), and return what `accept` makes of the answer."""
        message = _build(self._client, request, timeouts, self.way)
        response = self._client.send(message, auth=None, follow_redirects=False, stream=True)
        return read_answer(response, request, accept, deadline)

    def close(self) -> None:
        """Close the client; only called for one of our own."""
        self._client.close()


class AsyncClient(_Sender):
    """Sends through an asynchronous httpx client."""

    def __init__(self, client: Any) -> None:
        self._client = client

    async def send(
        self, request: Request, accept: Callable[[Response], T], timeouts: Timeouts, limit: float | None
    ) -> T:
        """Send once, within so many seconds, and return what `accept` makes of the answer."""
        message = _build(self._client, request, timeouts, self.way)
        with anyio.move_on_after(limit):
            response = await self._client.send(message, auth=None, follow_redirects=False, stream=True)
            return await read_answer_async(response, accept)
        raise failures.too_late(request)

    async def aclose(self) -> None:
        """Close the client; only called for one of our own."""
        await self._client.aclose()


class ClientInThreads(_Sender):
    """Sends through a caller's synchronous httpx client, for an asynchronous driver: each request in a thread."""

    def __init__(self, client: Any) -> None:
        self._client = Client(client)

    async def send(
        self, request: Request, accept: Callable[[Response], T], timeouts: Timeouts, limit: float | None
    ) -> T:
        """Send once, within so many seconds, and return what `accept` makes of the answer."""
        deadline = None if limit is None else monotonic() + limit
        send = partial(self._client.send, request, accept, timeouts, deadline)
        with anyio.move_on_after(limit):
            return await anyio.to_thread.run_sync(send, abandon_on_cancel=True)
        raise failures.too_late(request)


class _Way:
    """How far a request came through a proxy, told by the `trace` extension of httpcore."""

    got_through = False

    def note(self, event: str) -> None:
        """Take it that the proxy did its part once TLS begins behind it."""
        if event.endswith("start_tls.started") and not event.startswith("connection."):
            self.got_through = True

    def __call__(self, event: str, _: object) -> None:
        self.note(event)


class _AsyncWay(_Way):
    async def __call__(self, event: str, _: object) -> None:  # type: ignore[override]  # httpcore awaits it
        self.note(event)


class _Proxied:
    """What our own clients that send through a proxy have."""

    failures: tuple[type[Exception], ...] = (httpx.RequestError,)
    _proxy: Proxy
    _roots: TrustedRoots

    def explain(self, failure: Exception, request: Request) -> errors.TransportError:
        """Return our error for one of `failures`, which names the proxy if it is the proxy that failed."""
        try:
            assert isinstance(failure, httpx.RequestError)
            behind: bool = failure.request.extensions["trace"].got_through
        except RuntimeError:  # httpx knows the request only until an answer begins, which has come all the way
            behind = True
        proxy = "" if behind else f"{self._proxy} ({self._proxy.variable})"
        return failures.explain(failure, request, proxy=proxy, roots=self._roots.source)


class ProxiedClient(_Proxied, Client):
    """Sends through one proxy, over connections of our own."""

    way = _Way

    def __init__(self, proxy: Proxy, roots: TrustedRoots) -> None:
        super().__init__(_through(httpx.Client, proxy, roots))
        self._proxy, self._roots = proxy, roots


class ProxiedAsyncClient(_Proxied, AsyncClient):
    """Sends through one proxy, over connections of our own, in one event loop."""

    way = _AsyncWay

    def __init__(self, proxy: Proxy, roots: TrustedRoots) -> None:
        super().__init__(_through(httpx.AsyncClient, proxy, roots))
        self._proxy, self._roots = proxy, roots


def check_client(client: Any, *, asynchronous: bool) -> None:
    """Raise `ParameterError` unless it is an httpx client of the right kind, or works like one."""
    wanted = "httpx.AsyncClient" if asynchronous else "httpx.Client"
    send = getattr(client, "send", None)
    if isinstance(client, type) or not callable(send) or not hasattr(client, "build_request"):
        raise errors.ParameterError(f"http_client must be an {wanted}, not {type(client).__name__}.")
    if iscoroutinefunction(send) != asynchronous:
        other = "KMSClient" if asynchronous else "AsyncKMSClient"
        raise errors.ParameterError(f"http_client must be an {wanted} here: pass this one to {other}.")
    if getattr(client, "params", None):
        raise errors.ParameterError(
            "http_client adds query parameters of its own, which are not signed: pass one without."
        )


def _through(make: Callable[..., T], proxy: Proxy, roots: TrustedRoots) -> T:
    """Make an httpx client that sends through the proxy, which is held to the same roots as KMS.

    Raises `ConfigurationError` for a proxy that httpx cannot use.
    """
    context = roots.context("https")
    try:
        way = httpx.Proxy(proxy.url, ssl_context=context if proxy.url.lower().startswith("https:") else None)
        limits = httpx.Limits(max_connections=MAX_CONNECTIONS, keepalive_expiry=KEEP_ALIVE)
        return make(proxy=way, verify=context, limits=limits, trust_env=False)
    except (ValueError, ImportError, httpx.InvalidURL) as error:
        what = error.msg if isinstance(error, ImportError) else "it is no URL, or of an unknown kind"
    raise errors.ConfigurationError(  # httpx's own text may hold a part of the password
        f"httpx cannot use the proxy that {proxy.variable} names ({what}). Mend it, name the host in NO_PROXY, or "
        "pass an http_client of your own."
    )


def _build(client: Any, request: Request, timeouts: Timeouts, way: type[_Way] | None) -> Any:
    if getattr(client, "is_closed", False):
        raise errors.ClosedError("The http_client given to this client is closed: close it after the last call.")
    extensions = {"timeout": timeouts} if way is None else {"timeout": timeouts, "trace": way()}
    headers = request.headers
    if _TRACE in getattr(client, "headers", ()):  # a trace that the caller set goes before Lambda's
        headers = [pair for pair in headers if pair[0] != _TRACE]
    return client.build_request(
        request.method, request.url, headers=headers, content=request.body, extensions=extensions
    )
