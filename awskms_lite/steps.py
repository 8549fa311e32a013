"""What a flow may ask of the world, and what it gets back.

A *flow* is a generator. It decides; it does no I/O, reads no clock and holds no lock. When it needs the
outside it yields a *step*, and whoever drives it sends the step's result in, or throws the failure in:

    def fetch_token() -> Flow[bytes]:
        response = yield from send(Request("PUT", url, headers, b""))
        return response.body

So every flow is written once and runs under the synchronous driver, under asyncio and under trio, and a
test can drive it by hand, with no event loop and no socket: `flow.send(None) == Send(...)`.

Rules that keep this sound: no lock is held across a `yield`, and no flow catches `BaseException` (a
cancelled driver closes its flow, which raises `GeneratorExit` inside it).
"""

from collections.abc import Generator, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias, TypeVar

T = TypeVar("T")


class Request(NamedTuple):
    """One HTTP request, as it will stand on the wire.

    `headers` is a list of (name, value) pairs; duplicates and their order are kept. `url` is absolute.
    """

    method: str
    url: str
    headers: Sequence[tuple[str, str]]
    body: bytes = b""

    def __repr__(self) -> str:
        """Leave out what may be secret: the headers' values, the query and the body."""
        names = [name for name, _ in self.headers]
        return f"Request({self.method} {self.url.partition('?')[0]}, headers={names}, {len(self.body)} bytes)"


class Response(NamedTuple):
    """One HTTP response, read to its end. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def __repr__(self) -> str:
        """Leave out what may be secret: the headers' values and the body."""
        return f"Response({self.status}, headers={list(self.headers)}, {len(self.body)} bytes)"


class Send(NamedTuple):
    """Send the request and give the `Response`, or raise a `TransportError` or a `ProtocolError`.

    `timeout` (seconds) bounds this one attempt on top of the driver's own attempt timeouts.
    """

    request: Request
    timeout: float | None = None


class Sleep(NamedTuple):
    """Wait for so many seconds."""

    seconds: float


Step: TypeAlias = Send | Sleep
Flow: TypeAlias = Generator[Step, Any, T]


def send(request: Request, timeout: float | None = None) -> Flow[Response]:
    """Send the request; give the response."""
    response: Response = yield Send(request, timeout)
    return response


def sleep(seconds: float) -> Flow[None]:
    """Wait for so many seconds."""
    yield Sleep(seconds)
