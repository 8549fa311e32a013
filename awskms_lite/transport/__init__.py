"""The only place that imports httpx: what sends a request, and what its failures mean.

    given an http_client      that client, for everything; its owner closes it
    a proxy applies           a plain httpx client, which knows all about proxies
    else                      httpx transports of one connection each, as many as there are calls at a time

One connection each, because httpcore's pool looks through all its requests and connections for every
request: at 50 calls at a time that alone takes most of the time.
"""

import encodings.idna
import re
import socket
import ssl
import sys
from collections import deque
from collections.abc import Callable, Iterator
from functools import lru_cache, partial
from inspect import iscoroutinefunction
from pathlib import Path
from threading import Lock
from time import monotonic
from typing import Any, Generic, TypeAlias, TypeVar
from urllib.request import getproxies, proxy_bypass

import anyio
import certifi
import httpcore
import httpx

from .. import errors
from ..loading import loading
from ..steps import Request, Response
from .lines import KEEP_ALIVE, AsyncLine, Line, Timeouts

T = TypeVar("T")
HTTPClient: TypeAlias = httpx.Client
AsyncHTTPClient: TypeAlias = httpx.AsyncClient

MAX_BODY = 1024 * 1024
"""Bytes of a response body that are read; no answer of KMS comes near it."""
MAX_CONNECTIONS = 100
"""Connections that one async client has at a time; further calls wait for one, in order."""

_TRACE = "X-Amzn-Trace-Id"
_REGION = re.compile(r"\.([a-z]{2,}(?:-[a-z]+)+-[0-9]+)\.")  # as a host of AWS names it
# What the first connection, the first context and the first name to resolve load by themselves: see `loading`.
_PRELOADED = (httpcore, certifi, encodings.idna)


class TrustedRoots:
    """The TLS contexts, made when first needed: reading the roots takes longer than many a call.

    `trust_env` says whether SSL_CERT_FILE, SSL_CERT_DIR and the proxy variables of this process count; a
    `ca_bundle`, the path of a file or directory of certificates, replaces the roots.
    """

    def __init__(self, trust_env: bool, ca_bundle: str | None) -> None:
        self.trust_env = trust_env
        self._ca_bundle = ca_bundle
        self._contexts: dict[str, ssl.SSLContext] = {}

    def context(self, scheme: str) -> ssl.SSLContext:
        """Give the context for a scheme. The one for http trusts no root: should it be used, it fails."""
        context = self._contexts.get(scheme)
        if context is None:
            https = scheme == "https"
            with loading:  # OpenSSL too would leave its locks held in a child that is forked meanwhile
                context = self._load() if https else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            self._contexts[scheme] = context
        return context

    def _load(self) -> ssl.SSLContext:
        try:
            if self._ca_bundle is None:
                return httpx.create_ssl_context(trust_env=self.trust_env)
            bundle = Path(self._ca_bundle)
            if bundle.is_dir():
                return ssl.create_default_context(capath=bundle)
            return ssl.create_default_context(cafile=bundle)
        except OSError as error:
            where = self._ca_bundle or "that SSL_CERT_FILE or SSL_CERT_DIR names"
            raise errors.ConfigurationError(
                f"The CA bundle {where} cannot be used ({error}): set AWS_CA_BUNDLE, ca_bundle in the profile, or "
                "SSL_CERT_FILE to a file of PEM certificates."
            ) from error


class Client:
    """Sends through an httpx client, the caller's or one of our own for a proxy's sake."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.failures = _failures_of(client)

    def send(self, request: Request, timeouts: Timeouts, deadline: float | None) -> Response:
        """Send once, and be done by the deadline (by `monotonic`); raises one of `failures`, or our own."""
        message = _build(self._client, request, timeouts)
        response = self._client.send(message, auth=None, follow_redirects=False, stream=True)
        try:
            return _read(response, request, deadline)
        finally:
            response.close()

    def close(self) -> None:
        """Close the client; only called for one of our own."""
        self._client.close()


class AsyncClient:
    """Sends through an httpx async client, the caller's or one of our own for a proxy's sake."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.failures = _failures_of(client)

    async def send(self, request: Request, timeouts: Timeouts, limit: float | None) -> Response:
        """Send once, within so many seconds; raises one of `failures`, or a `KMSLiteError`."""
        message = _build(self._client, request, timeouts)
        with anyio.move_on_after(limit):
            response = await self._client.send(message, auth=None, follow_redirects=False, stream=True)
            try:
                return await _read_async(response)
            finally:
                await response.aclose()
        raise too_late(request)

    async def aclose(self) -> None:
        """Close the client; only called for one of our own."""
        await self._client.aclose()


class ClientInThreads:
    """Sends through a caller's synchronous httpx client, for an asynchronous driver: each request in a thread."""

    def __init__(self, client: Any) -> None:
        self._client = Client(client)
        self.failures = self._client.failures

    async def send(self, request: Request, timeouts: Timeouts, limit: float | None) -> Response:
        """Send once, within so many seconds; raises one of `failures`, or a `KMSLiteError`."""
        deadline = None if limit is None else monotonic() + limit
        send = partial(self._client.send, request, timeouts, deadline)
        with anyio.move_on_after(limit):
            return await anyio.to_thread.run_sync(send, abandon_on_cancel=True)
        raise too_late(request)


class _Idle(Generic[T]):
    """Transports that wait for work, by origin; the last used goes first, so that surplus ones grow old."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._waiting: dict[str, deque[tuple[float, T]]] = {}
        self._ended = False

    def take(self, origin: str) -> T | None:
        with self._lock:
            waiting = self._waiting.get(origin)
            return waiting.pop()[1] if waiting else None

    def put(self, origin: str, transport: T) -> list[T]:
        """Keep a transport. Give those to be closed: who waited for too long, or this one after the end."""
        now = monotonic()
        with self._lock:
            if self._ended:
                return [transport]
            waiting = self._waiting.setdefault(origin, deque())
            waiting.append((now, transport))
            old: list[T] = []
            while waiting[0][0] < now - KEEP_ALIVE:
                old.append(waiting.popleft()[1])
            return old

    def end(self) -> list[T]:
        """Give all transports, to be closed, and keep none from now on."""
        with self._lock:
            self._ended = True
            left = [transport for waiting in self._waiting.values() for _, transport in waiting]
            self._waiting.clear()
            return left


class Connections:
    """Sends over connections of our own, one for each call under way."""

    failures = (httpx.RequestError,)

    def __init__(self, roots: TrustedRoots) -> None:
        self._roots = roots
        self._idle: _Idle[Line] = _Idle()

    def send(self, request: Request, timeouts: Timeouts, deadline: float | None) -> Response:
        """Send once, and be done by the deadline (by `monotonic`); raises one of `failures`, or our own."""
        url, origin = _parsed(request.url)
        transport = self._idle.take(origin) or Line(self._roots.context(url.scheme))
        surplus = [transport]
        try:
            transport.exchange.begin(timeouts)
            answer = _read(transport.handle_request(_message(request, url, timeouts)), request, deadline)
            if transport.exchange.is_over(answer):
                surplus = self._idle.put(origin, transport)
            return answer
        finally:
            for line in surplus:
                line.close()

    def close(self) -> None:
        """Close the connections: those without work now, the others when their call ends."""
        for transport in self._idle.end():
            transport.close()


class AsyncConnections:
    """Sends over connections of our own, one for each call under way, in one event loop."""

    failures = (httpx.RequestError,)

    def __init__(self, roots: TrustedRoots) -> None:
        self._roots = roots
        self._idle: _Idle[AsyncLine] = _Idle()
        self._places = anyio.Semaphore(MAX_CONNECTIONS, fast_acquire=True)

    async def send(self, request: Request, timeouts: Timeouts, limit: float | None) -> Response:
        """Send once, within so many seconds; raises one of `failures`, or a `KMSLiteError`."""
        url, origin = _parsed(request.url)
        async with self._places:
            transport = self._idle.take(origin) or AsyncLine(self._roots.context(url.scheme))
            surplus = [transport]
            try:
                with anyio.move_on_after(limit):
                    transport.exchange.begin(timeouts)
                    response = await transport.handle_async_request(_message(request, url, timeouts))
                    answer = await _read_async(response)
                    if transport.exchange.is_over(answer):
                        surplus = self._idle.put(origin, transport)
                    return answer
                raise too_late(request)
            finally:
                for line in surplus:
                    await line.aclose()

    async def aclose(self) -> None:
        """Close the connections: those without work now, the others when their call ends."""
        for transport in self._idle.end():
            await transport.aclose()


def open_sender(roots: TrustedRoots) -> Client | Connections:
    """Give a sender of our own; raises `ConfigurationError` for a proxy that httpx cannot use."""
    if not _proxy_applies(roots):
        return Connections(roots)
    return Client(_through_proxy(httpx.Client, roots))


def open_async_sender(roots: TrustedRoots) -> AsyncClient | AsyncConnections:
    """Give a sender of our own; raises `ConfigurationError` for a proxy that httpx cannot use."""
    if not _proxy_applies(roots):
        return AsyncConnections(roots)
    return AsyncClient(_through_proxy(httpx.AsyncClient, roots))


def proxy_of(url: str) -> str | None:
    """Give the proxy that the environment names for a URL, without user and password; None for none."""
    host, scheme = httpx.URL(url).host, httpx.URL(url).scheme
    proxies = getproxies()
    proxy = proxies.get(scheme) or proxies.get("all")
    return None if not proxy or proxy_bypass(host) else proxy.rpartition("@")[2]


def _proxy_applies(roots: TrustedRoots) -> bool:
    return roots.trust_env and bool(getproxies().keys() & {"http", "https", "all"})


def _through_proxy(make: Callable[..., T], roots: TrustedRoots) -> T:
    """Make a plain httpx client, which reads the proxy variables itself."""
    limits = httpx.Limits(max_connections=MAX_CONNECTIONS, keepalive_expiry=KEEP_ALIVE)
    try:
        return make(verify=roots.context("https"), limits=limits)
    except (ValueError, ImportError, httpx.InvalidURL) as error:
        what = error.msg if isinstance(error, ImportError) else "it is no URL, or of an unknown kind"
    raise errors.ConfigurationError(  # httpx's own text may hold a part of the password
        f"httpx cannot use the proxy that the environment names ({what}). Mend HTTP_PROXY, HTTPS_PROXY and "
        "ALL_PROXY, or pass an http_client of your own."
    )


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


def below_http(error: Exception, request: Request) -> errors.TransportError:
    """Give our error for one of httpx's; by name, because httpx2 has the same ones under the same names."""
    host = _parsed(request.url)[1]
    names = {cls.__name__ for cls in type(error).__mro__}
    reason = f"{type(error).__name__}: {words}" if (words := _words(error)) else type(error).__name__
    if names & {"ConnectTimeout", "PoolTimeout"}:
        return errors.ConnectTimeoutError(
            f"No connection to {host} in time ({reason}). Check the endpoint and the network."
        )
    if "TimeoutException" in names:
        return errors.TimeoutError(
            f"No answer from {host} in time ({reason}). Try again later, or allow a longer read_timeout."
        )
    if "CERTIFICATE_VERIFY_FAILED" in reason:
        return errors.ConnectError(
            f"{host} could not prove who it is ({reason}). Check the endpoint; where a company's proxy or an "
            "authority of your own signs, name a file with its root in AWS_CA_BUNDLE."
        )
    region = _REGION.search(host)
    if region and _is_unresolved(error):
        return errors.ConnectError(
            f"There is no host {host} ({reason}). Check that there is a region {region[1]} and that it has the "
            "service under this name, and the network's name servers."
        )
    if names & {"ConnectError", "ProxyError", "UnsupportedProtocol"}:
        return errors.ConnectError(
            f"No connection to {host} ({reason}). Check the endpoint, the network and the proxy."
        )
    return errors.TransportError(
        f"The connection to {host} broke off ({reason}). Try again; check proxies and firewalls on the way."
    )


def _is_unresolved(error: BaseException | None) -> bool:
    while error is not None and not isinstance(error, socket.gaierror):
        error = error.__cause__ or error.__context__
    return error is not None


def _words(error: BaseException | None) -> str:
    """Give what the error says, or else the first of its causes that says anything: under trio TLS's is deep."""
    while error is not None and not str(error):
        error = error.__cause__ or error.__context__
    return "" if error is None else str(error).partition(": bytearray(")[0]  # h11 repeats what it was sent


def too_late(request: Request) -> errors.TimeoutError:
    """Give the error for an answer that was begun, or not even that, as its time ran out."""
    host = _parsed(request.url)[1]
    return errors.TimeoutError(
        f"No whole answer from {host} in time. Try again later, or allow a longer timeout or read_timeout."
    )


def _failures_of(client: Any) -> tuple[type[Exception], ...]:
    """Give what a client raises for failures below HTTP, whichever library it is of (httpx, httpx2)."""
    for cls in type(client).__mro__:
        library = sys.modules.get(cls.__module__.partition(".")[0])
        failure = getattr(library, "RequestError", None)
        if cls.__name__ in ("Client", "AsyncClient") and isinstance(failure, type):
            return (failure,)
    return (httpx.RequestError,)


@lru_cache(maxsize=64)
def _parsed(url: str) -> tuple[httpx.URL, str]:
    """Give the URL as httpx wants it, and its origin."""
    parsed = httpx.URL(url)
    return parsed, f"{parsed.scheme}://{parsed.netloc.decode()}"


def _message(request: Request, url: httpx.URL, timeouts: Timeouts) -> httpx.Request:
    """Give the request as httpx wants it. With a stream httpx adds no header of its own, which is quicker."""
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


def _build(client: Any, request: Request, timeouts: Timeouts) -> Any:
    if getattr(client, "is_closed", False):
        raise errors.ClosedError("The http_client given to this client is closed: close it after the last call.")
    extensions = {"timeout": timeouts}
    headers = request.headers
    if _TRACE in getattr(client, "headers", ()):  # a trace that the caller set goes before Lambda's
        headers = [pair for pair in headers if pair[0] != _TRACE]
    return client.build_request(
        request.method, request.url, headers=headers, content=request.body, extensions=extensions
    )


def _read(response: httpx.Response, request: Request, deadline: float | None) -> Response:
    """Read a response to its end, which must come before the deadline."""
    body = bytearray()
    headers = _checked_headers(response)
    if _is_compressed(headers):
        return _without_body(response, headers)
    for part in response.iter_bytes():
        body += part
        _check_size(len(body), response.status_code)
        if deadline is not None and monotonic() > deadline:
            break
    if deadline is not None and monotonic() > deadline:
        raise too_late(request)
    return Response(response.status_code, headers, bytes(body))


async def _read_async(response: httpx.Response) -> Response:
    body = bytearray()
    headers = _checked_headers(response)
    if _is_compressed(headers):
        return _without_body(response, headers)
    async for part in response.aiter_bytes():
        body += part
        _check_size(len(body), response.status_code)
    return Response(response.status_code, headers, bytes(body))


def _checked_headers(response: httpx.Response) -> dict[str, str]:
    """Give the headers in lower case; the last of several of one name, none of which matters here.

    Raises `ProtocolError` for a body that is announced as too long, which is not begun, so that nothing is left
    half-read.
    """
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers.raw}
    length = headers.get("content-length", "")
    _check_size(int(length) if length.isdecimal() and len(length) < 20 else 0, response.status_code)
    return headers


def _is_compressed(headers: dict[str, str]) -> bool:
    return headers.get("content-encoding", "identity") != "identity"


def _without_body(response: httpx.Response, headers: dict[str, str]) -> Response:
    """Give an answer whose body is compressed, which nobody asked for: an error goes by its status alone.

    Such a body is not begun, since it could grow beyond any size; without a length, its connection is given up.
    Raises `ProtocolError` for a success.
    """
    if response.status_code < 300:
        raise errors.ProtocolError(
            f"The answer (HTTP {response.status_code}) is compressed, which was ruled out: check the endpoint.",
            status_code=response.status_code,
        )
    headers.pop("content-length", None)
    return Response(response.status_code, headers, b"")


def _check_size(length: int, status: int) -> None:
    if length > MAX_BODY:
        raise errors.ProtocolError(
            f"The answer (HTTP {status}) is over {MAX_BODY} bytes long, unlike any of KMS: check the endpoint.",
            status_code=status,
        )
