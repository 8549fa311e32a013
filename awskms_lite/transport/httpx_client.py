"""Sends through an httpx client that the caller gave."""

from collections.abc import Callable
from functools import partial
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import anyio
import httpcore

from ..errors import ClosedError, KMSLiteError, ParameterError
from ..loading import Unloaded, loading
from ..steps import Request, Response, Send
from .deadline import Deadline, DeadlineExceeded, Phases, Timeouts
from .errors import map_transport_error, too_late
from .messages import Body
from .responses import read_response, read_response_async

if TYPE_CHECKING:
    import httpx

    HTTPClient: TypeAlias = httpx.Client
    AsyncHTTPClient: TypeAlias = httpx.AsyncClient
else:

    class _OfHTTPX(Unloaded):
        """Stands for a class of httpx, which is loaded by whoever has a client of it."""

        def _load(self) -> Any:
            with loading:
                import httpx
            return getattr(httpx, self._name)

    HTTPClient, AsyncHTTPClient = _OfHTTPX("Client"), _OfHTTPX("AsyncClient")

T = TypeVar("T")

_TRACE = "X-Amzn-Trace-Id"
_FAILURES: tuple[type[Exception], ...] = (Exception,)
"""What a given client may fail with: it may be of any library, or have a transport of the caller's own."""


class DeadlineTimeouts(Phases):
    """The timeouts of an attempt, each no longer than what is left when its phase begins.

    A given client has connections of its own, and a deadline reaches them only by what httpcore asks for as each
    phase begins: `timeouts.get("read")`. So many reads of one head are each bounded, and not their sum.
    """

    def __init__(self, phases: Phases, deadline: Deadline) -> None:
        super().__init__((phase, deadline.timeout(seconds)) for phase, seconds in phases.items())
        self._phases = phases
        self._deadline = deadline

    def get(self, phase: str, default: Any = None) -> Any:
        """Return the seconds for a phase that begins now; raise `DeadlineExceeded` if none are left."""
        return self._deadline.timeout(self._phases.get(phase, default))


class Client:
    """Sends through a synchronous httpx client."""

    def __init__(self, client: Any, timeouts: Timeouts) -> None:
        self._client = client
        self._timeouts = timeouts

    def send(self, step: Send, accept: Callable[[Response], T], deadline: Deadline) -> T:
        """Send a request once and return what `accept` makes of the response, as `ConnectionPool.send` does.

        Raise `AssertionError` too: that of a test's own transport.
        """
        deadline = self._timeouts.deadline(step, deadline)
        try:
            phases = self._timeouts.phases
            timeouts = phases if deadline.is_never else DeadlineTimeouts(phases, deadline)
            message = _build(self._client, step.request, timeouts)
            response = self._client.send(message, auth=None, follow_redirects=False, stream=True)
            return read_response(_Received(response), accept, deadline)
        except (KMSLiteError, AssertionError):
            raise
        except DeadlineExceeded:
            raise too_late(step.request) from None
        except _FAILURES as failure:
            raise map_transport_error(failure, step.request) from None


class AsyncClient:
    """Sends through an asynchronous httpx client."""

    def __init__(self, client: Any, timeouts: Timeouts) -> None:
        self._client = client
        self._timeouts = timeouts

    async def send(self, step: Send, accept: Callable[[Response], T], deadline: Deadline) -> T:
        """Send a request once and return what `accept` makes of the response, as `Client.send` does."""
        deadline = self._timeouts.deadline(step, deadline)
        try:
            phases = {phase: deadline.timeout(seconds) for phase, seconds in self._timeouts.phases.items()}
            message = _build(self._client, step.request, phases)
            return await deadline.wait_for(self._exchange(message, accept))
        except (KMSLiteError, AssertionError):
            raise
        except DeadlineExceeded:
            raise too_late(step.request) from None
        except _FAILURES as failure:
            raise map_transport_error(failure, step.request) from None

    async def _exchange(self, message: Any, accept: Callable[[Response], T]) -> T:
        response = await self._client.send(message, auth=None, follow_redirects=False, stream=True)
        return await read_response_async(_Received(response), accept)


class _Received(httpcore.Response):
    """A response of httpx, as httpcore's: its body as it came, or as an event hook of the client has read it."""

    def __init__(self, response: Any) -> None:
        content: Any = Body(response.content) if response.is_closed else response.stream
        headers = response.headers.raw
        super().__init__(response.status_code, headers=headers, content=content, extensions=response.extensions)
        self._response = response

    def close(self) -> None:
        self._response.close()

    async def aclose(self) -> None:
        await self._response.aclose()


class ClientInThreads:
    """Sends through a synchronous httpx client for an asynchronous driver: each request in a thread."""

    def __init__(self, client: Any, timeouts: Timeouts) -> None:
        self._client = Client(client, timeouts)
        self._timeouts = timeouts

    async def send(self, step: Send, accept: Callable[[Response], T], deadline: Deadline) -> T:
        """Send a request once and return what `accept` makes of the response, as `Client.send` does."""
        deadline = self._timeouts.deadline(step, deadline)
        send = partial(self._client.send, step, accept, deadline)
        try:
            return await deadline.wait_for(anyio.to_thread.run_sync(send, abandon_on_cancel=True))
        except DeadlineExceeded:
            raise too_late(step.request) from None


def check_client(client: Any, *, asynchronous: bool) -> None:
    """Raise `ParameterError` unless it is an httpx client of the right kind, or works like one."""
    wanted = "httpx.AsyncClient" if asynchronous else "httpx.Client"
    send = getattr(client, "send", None)
    if isinstance(client, type) or not callable(send) or not hasattr(client, "build_request"):
        raise ParameterError(f"http_client must be an {wanted}, not {type(client).__name__}.")
    if iscoroutinefunction(send) != asynchronous:
        other = "KMSClient" if asynchronous else "AsyncKMSClient"
        raise ParameterError(f"http_client must be an {wanted} here: pass this one to {other}.")
    if getattr(client, "params", None):
        raise ParameterError(
            "http_client adds query parameters of its own, which are not signed: pass one without."
        )


def _build(client: Any, request: Request, timeouts: Phases) -> Any:
    if getattr(client, "is_closed", False):
        raise ClosedError("The http_client given to this client is closed: close it after the last call.")
    headers = request.headers
    if _TRACE in getattr(client, "headers", ()):  # a trace that the caller set goes before Lambda's
        headers = [pair for pair in headers if pair[0] != _TRACE]
    return client.build_request(
        request.method, request.url, headers=headers, content=request.body, extensions={"timeout": timeouts}
    )
