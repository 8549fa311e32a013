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

from collections.abc import Callable, Generator, Hashable, Mapping, Sequence
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


class Output(NamedTuple):
    """How a program ended, and what it wrote to standard output."""

    status: int
    stdout: bytes

    def __repr__(self) -> str:
        """Leave out what may be secret."""
        return f"Output(status={self.status}, {len(self.stdout)} bytes)"


class Send(NamedTuple):
    """Send the request and return what `read` makes of the `Response`, or the response itself without one.

    `timeout` (seconds) bounds this one attempt on top of the driver's own attempt timeouts. `direct` keeps it
    off any proxy. `mutating` says that the request may change something: a caller who gives up waiting for the
    answer learns that it may have been executed. `read` is called while the connection is still held: if it raises
    a `ProtocolError` the answer is not to be believed, and the connection is closed.

    Raises a `TransportError`, a `ProtocolError`, or what `read` raises.
    """

    request: Request
    timeout: float | None = None
    direct: bool = False
    mutating: bool = False
    read: Callable[[Response], Any] | None = None

    def outcome(self, response: Response) -> Any:
        """Return what the flow is given for this response."""
        return response if self.read is None else self.read(response)


class Sleep(NamedTuple):
    """Wait for so many seconds."""

    seconds: float


class Exclusive(NamedTuple):
    """Run the flow while no other flow runs under the same key, and return what it returns.

    If another one does: wait for it to end, or without `wait` skip the flow and return None. A flow that runs in
    this step must not ask for `Exclusive` under the same key again.
    """

    flow: "Flow[Any]"
    wait: bool
    key: Hashable = None


class Read(NamedTuple):
    """Read a file: return its bytes, None if there is none, or raise `ConfigurationError`.

    The driver bounds the time that this takes: the file may be a FIFO, or on a file system that hangs.
    """

    path: str


class Write(NamedTuple):
    """Replace a file as a whole or not at all, readable by its owner only, or raise `ConfigurationError`."""

    path: str
    content: bytes

    def __repr__(self) -> str:
        """Leave out the content, which may be secret."""
        return f"Write({self.path!r}, {len(self.content)} bytes)"


class Run(NamedTuple):
    """Run a program without a shell, for `timeout` seconds at most, and return its `Output`.

    It reads from our terminal if there is one and has no input otherwise. Its environment is `environ`, with
    our PATH unless it has one.

    Raises `ConfigurationError` if it cannot be started, and `TimeoutError` if it takes too long; it is killed
    then. Its standard error goes where ours goes, unread, because it may hold secrets.
    """

    argv: tuple[str, ...]
    timeout: float
    environ: Mapping[str, str]

    def __repr__(self) -> str:
        """Leave out the arguments, which may be secret."""
        return f"Run({self.argv[0]!r}, ...)"


class Call(NamedTuple):
    """Call a function of the user's and return its result, awaited if it is awaitable.

    The asynchronous driver calls a plain function in a thread, because it may block. The synchronous driver raises
    `ParameterError` for an awaitable result. An exception of the function goes through: only a `KMSLiteError` is
    raised in the flow.
    """

    function: Callable[[], Any]

    def __repr__(self) -> str:
        """Leave out the function, whose bound arguments may be secret."""
        return "Call(...)"


Step: TypeAlias = Send | Sleep | Exclusive | Read | Write | Run | Call
Flow: TypeAlias = Generator[Step, Any, T]

CLOSE = ("Connection", "close")
"""The header of a request that must have a connection of its own, so that no other answer is taken for its own."""


def send(
    request: Request, timeout: float | None = None, *, direct: bool = False, mutating: bool = False
) -> Flow[Response]:
    """Send the request; return the response."""
    response: Response = yield Send(request, timeout, direct, mutating)
    return response


def sleep(seconds: float) -> Flow[None]:
    """Wait for so many seconds."""
    yield Sleep(seconds)


def exclusive(flow: Flow[T], *, wait: bool, key: Hashable = None) -> Flow[T | None]:
    """Run the flow while no other runs under the same key; None if one does and `wait` is false."""
    result: T | None = yield Exclusive(flow, wait, key)
    return result


def read(path: str) -> Flow[bytes | None]:
    """Read a file; return None if there is none."""
    content: bytes | None = yield Read(path)
    return content


def write(path: str, content: bytes) -> Flow[None]:
    """Replace a file."""
    yield Write(path, content)


def call(function: Callable[[], Any]) -> Flow[Any]:
    """Call a function of the user's; return its result, awaited if it is awaitable."""
    return (yield Call(function))


def run(argv: tuple[str, ...], timeout: float, environ: Mapping[str, str]) -> Flow[Output]:
    """Run a program; return how it ended and what it printed."""
    output: Output = yield Run(argv, timeout, environ)
    return output
