"""What becomes of a call that meets a fault: one table, which the tests and the soak hold every way to call to.

A row holds for a call that only reads, and for one that changes something and so must not be executed twice.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from support.fault_cases import Fault

from awskms_lite.errors import (
    AccessDeniedException,
    ConnectError,
    DependencyTimeoutException,
    InternalFailure,
    KMSInternalException,
    KMSLiteError,
    LimitExceededException,
    ProtocolError,
    ServiceError,
    ThrottlingException,
    TimeoutError,
    TransportError,
)
from awskms_lite.local import (
    Drip,
    Error,
    Garbage,
    HandshakeFailure,
    HangUp,
    Latency,
    Reset,
    Truncated,
    Unavailable,
    WrongLength,
)


class Ends(NamedTuple):
    """How a call ends."""

    error: type[KMSLiteError] | None
    """None is the right answer."""
    asked: int
    """Requests that the server read."""
    slept: float
    """Seconds between the attempts."""
    answered: int
    """Requests that the server answered undisturbed."""
    made: int
    """Keys that are there now and were not before."""
    unknown: bool
    """Whether the error says that the call may have been executed."""


def right(asked: int = 1, slept: float = 0.0, *, answered: int = 1) -> Ends:
    return Ends(None, asked, slept, answered, made=0, unknown=False)


def made(asked: int = 1, slept: float = 0.0, *, answered: int = 1) -> Ends:
    return Ends(None, asked, slept, answered, made=1, unknown=False)


def fails(error: type[KMSLiteError], asked: int = 1, slept: float = 0.0) -> Ends:
    return Ends(error, asked, slept, answered=0, made=0, unknown=False)


def unknown(error: type[KMSLiteError], asked: int = 1, slept: float = 0.0, *, made: int = 0) -> Ends:
    return Ends(error, asked, slept, answered=0, made=made, unknown=True)


class Met(NamedTuple):
    """The faults that a call meets: one attempt each, or one fault for good."""

    faults: tuple[Fault, ...]
    times: int | None = 1


def once(*faults: Fault) -> Met:
    return Met(faults)


def ever(fault: Fault) -> Met:
    return Met((fault,), None)


class Row(NamedTuple):
    name: str
    met: Met
    read: Ends
    create: Ends
    options: Mapping[str, Any] = MappingProxyType({})
    """What the client is made with besides."""
    then: int = 1
    """The attempts that the next read call takes, which meets no fault of its own."""


BRISK = {"connect_timeout": 0.3, "read_timeout": 0.3}
"""Seconds that an attempt may be silent; the sum is what it may take in all."""
LATE = Latency(2.0)
SLOW_DRIP = Drip(0.05, size=8)
"""Never silent for long, and 2 s and more in all."""

THROTTLED = Error("ThrottlingException")
INTERNAL = Error("KMSInternalException", status=500)
DEPENDENCY = Error("DependencyTimeoutException", status=503)
FAILURE = Error("InternalFailure", status=500)
LIMIT = Error("LimitExceededException")
DENIED = Error("AccessDeniedException")

MATRIX = (
    # What the call meets; how a call ends that reads; how one ends that makes a key.
    Row("nothing", once(), right(), made()),
    # The service says no, or not now.
    Row("throttled once", once(THROTTLED), right(2, 1.0), made(2, 1.0)),
    Row("throttled twice", once(THROTTLED, THROTTLED), right(3, 3.0), made(3, 3.0)),
    Row("throttled", ever(THROTTLED), fails(ThrottlingException, 3, 3.0), fails(ThrottlingException, 3, 3.0)),
    Row("KMS failed inside once", once(INTERNAL), right(2, 0.05), made(2, 0.05)),
    Row("KMS failed inside twice", once(INTERNAL, INTERNAL), right(3, 0.15), made(3, 0.15)),
    Row("KMS fails inside", ever(INTERNAL),
        fails(KMSInternalException, 3, 0.15), fails(KMSInternalException, 3, 0.15)),
    Row("a dependency was slow", once(DEPENDENCY), right(2, 0.05), unknown(DependencyTimeoutException)),
    Row("a dependency is slow", ever(DEPENDENCY),
        fails(DependencyTimeoutException, 3, 0.15), unknown(DependencyTimeoutException)),
    Row("the service failed", once(FAILURE), right(2, 0.05), unknown(InternalFailure)),
    Row("the service fails", ever(FAILURE), fails(InternalFailure, 3, 0.15), unknown(InternalFailure)),
    Row("a quota of resources", ever(LIMIT), fails(LimitExceededException), fails(LimitExceededException)),
    Row("not allowed", ever(DENIED), fails(AccessDeniedException), fails(AccessDeniedException)),
    # The service asks for a pause: it counts where it is longer than ours, by 5 s at most.
    Row("to wait 0.2 s", once(Error("ThrottlingException", retry_after=0.2)), right(2, 1.0), made(2, 1.0)),
    Row("to wait 3 s", once(Error("ThrottlingException", retry_after=3)), right(2, 3.0), made(2, 3.0)),
    Row("to wait 60 s", once(Error("ThrottlingException", retry_after=60)), right(2, 6.0), made(2, 6.0)),
    Row("to wait 1 s, in vain", ever(Error("AccessDeniedException", retry_after=1)),
        fails(AccessDeniedException), fails(AccessDeniedException)),
    # Something before the service has no service for us.
    Row("500 once", once(Unavailable(500)), right(2, 0.05), unknown(ServiceError)),
    Row("502 once", once(Unavailable(502)), right(2, 0.05), unknown(ServiceError)),
    Row("503 once", once(Unavailable(503)), right(2, 0.05), unknown(ServiceError)),
    Row("504 once", once(Unavailable(504)), right(2, 0.05), unknown(ServiceError)),
    Row("503 twice", once(Unavailable(503), Unavailable(503)), right(3, 0.15), unknown(ServiceError)),
    Row("503", ever(Unavailable(503)), fails(ServiceError, 3, 0.15), unknown(ServiceError)),
    Row("429 once", once(Unavailable(429)), right(2, 1.0), made(2, 1.0)),
    Row("429", ever(Unavailable(429)), fails(ServiceError, 3, 3.0), fails(ServiceError, 3, 3.0)),
    Row("403", ever(Unavailable(403)), fails(ServiceError), fails(ServiceError)),
    Row("301", ever(Unavailable(301)), fails(ServiceError), fails(ServiceError)),
    # The answer takes its time.
    Row("a little late", ever(Latency(0.02)), right(answered=0), made(answered=0)),
    Row("too late once", once(LATE), right(2, 0.05), unknown(TimeoutError, made=1), BRISK),
    Row("too late", ever(LATE), fails(TimeoutError, 3, 0.15), unknown(TimeoutError, made=1), BRISK),
    Row("by drops", ever(Drip(0.0005, size=32)), right(answered=0), made(answered=0)),
    Row("by slow drops", once(SLOW_DRIP), right(2, 0.05), unknown(TimeoutError, made=1), BRISK),
    # The connection ends.
    Row("no handshake once", once(HandshakeFailure()), right(1, 0.05), made(1, 0.05)),
    Row("no handshake", ever(HandshakeFailure()), fails(ConnectError, 0, 0.15), fails(ConnectError, 0, 0.15)),
    Row("reset before", once(Reset("before")), right(2, 0.05), unknown(TransportError)),
    Row("reset during", once(Reset("during")), right(2, 0.05), unknown(TransportError, made=1)),
    Row("reset after", once(Reset("after")), right(answered=0), made(answered=0), then=2),
    Row("always reset", ever(Reset("during")), fails(TransportError, 3, 0.15), unknown(TransportError, made=1)),
    Row("hung up after", once(HangUp()), right(answered=0), made(answered=0)),
    # The answer is none. What breaks off may be whole the next time; what is whole and cannot be read stays so.
    Row("half a body", once(Truncated()), right(2, 0.05), unknown(TransportError, made=1)),
    Row("always half a body", ever(Truncated()), fails(TransportError, 3, 0.15), unknown(TransportError, made=1)),
    Row("too short a body", once(WrongLength(3)), right(2, 0.05), unknown(TransportError, made=1)),
    Row("too long a body", once(WrongLength(-3)), fails(ProtocolError), unknown(ProtocolError, made=1)),
    Row("no HTTP", once(Garbage("head")), right(2, 0.05), unknown(TransportError, made=1)),
    Row("never HTTP", ever(Garbage("head")), fails(TransportError, 3, 0.15), unknown(TransportError, made=1)),
    Row("no JSON", once(Garbage("body")), fails(ProtocolError), unknown(ProtocolError, made=1)),
    # One after the other: each wait is of its own kind, and doubled by its place.
    Row("reset, then throttled", once(Reset("before"), THROTTLED), right(3, 2.05), unknown(TransportError)),
    Row("throttled, then reset", once(THROTTLED, Reset("before")), right(3, 1.1), unknown(TransportError, 2, 1.0)),
    Row("throttled, then not allowed", once(THROTTLED, DENIED),
        fails(AccessDeniedException, 2, 1.0), fails(AccessDeniedException, 2, 1.0)),
    # The call has a timeout: a retry that could not end within it is not begun.
    Row("no time to retry", ever(THROTTLED),
        fails(ThrottlingException), fails(ThrottlingException), {"timeout": 1.0}),
    Row("time for one retry", ever(THROTTLED),
        fails(ThrottlingException, 2, 1.0), fails(ThrottlingException, 2, 1.0), {"timeout": 3.0}),
    Row("time for both", once(THROTTLED, THROTTLED), right(3, 3.0), made(3, 3.0), {"timeout": 3.5}),
    Row("too late for it", ever(LATE), fails(TimeoutError), unknown(TimeoutError, made=1), {"timeout": 0.3}),
)  # fmt: skip
