"""What becomes of a call that meets a fault: one table, held in every way to call.

A row holds for a call that only reads, and for one that changes something and so must not act twice. Time is
virtual: only the client's own sleep moves its clock, and each draw is the highest, so that the seconds are exact.
What is late, though, is waited for, some tenths of a second.
"""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count, cycle
from time import monotonic, sleep
from types import MappingProxyType
from typing import Any, NamedTuple, get_args
from urllib.parse import urlsplit

import pytest
from faulty import CREATE, READ, Fault, VirtualTime, count_keys
from servers import PATIENCE, TLS, WAYS, Way, open_way

from awskms_lite import KMSClient
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
    LocalKMS,
    Reset,
    Truncated,
    Unavailable,
    WrongLength,
)
from awskms_lite.local.http.faults import RequestFault
from awskms_lite.models.usage import UsageVerdict

# Where a body breaks off, httpx leaves generators behind that it alone could close, and trio says so.
pytestmark = pytest.mark.filterwarnings("ignore:Async generator:ResourceWarning")


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
    """Whether the error says that the call may have been carried out."""


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


BRISK = {"connect_timeout": 0.1, "read_timeout": 0.3}
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


class Scene:
    """A client, and the LocalKMS that it asks."""

    def __init__(
        self, way: Way, kms: LocalKMS, environ: Mapping[str, str], clock_off: float, **options: Any
    ) -> None:
        self.kms = kms
        self.time = VirtualTime(clock_off)
        sleep = self.time.sleep if way.is_sync else self.time.sleep_async
        self.caller = way.client(environ=environ, clock=self.time, sleep=sleep, **options)
        self._way = way
        self._environ = environ
        uses = (datetime(2026, 5, day, tzinfo=UTC) for day in (1, 2))
        self._keys = cycle([(kms.add_key(last_usage=use), use) for use in uses])
        self._names = (f"key {number}" for number in count())

    def ask(self, operation: str) -> int:
        """Make a call, and check that its answer is its own; give the attempts that it took."""
        if operation == CREATE:
            name = next(self._names)
            key = self._way.run(partial(self.caller.client.create_key, description=name))
            assert key.key_metadata.description == name
            return int(key.metadata.attempts)
        arn, used = next(self._keys)
        usage = self.caller.get_key_last_usage(arn)
        assert usage.key_last_usage is not None
        assert usage.key_last_usage.timestamp == used
        return usage.metadata.attempts

    def meet(self, operation: str, met: Met) -> Ends:
        """Make a call that meets the faults; give how it ends."""
        before, slept, keys = self.kms.stats, self.time.slept, self._count_keys()
        for fault in met.faults:
            target = None if isinstance(fault, HandshakeFailure) else operation
            self.kms.inject_fault(fault, times=met.times, operation=target)
        error = None
        try:
            self.ask(operation)
        except KMSLiteError as raised:
            error = raised
        self.kms.clear_faults()
        after = self.kms.stats
        return Ends(
            None if error is None else type(error),
            asked=after.asked[operation] - before.asked[operation],
            slept=round(self.time.slept - slept, 3),
            answered=after.answered[operation] - before.answered[operation],
            made=self._count_keys() - keys,
            unknown=error is not None and error.outcome_unknown,
        )

    def wait_for_hang_up(self) -> None:
        """Wait until the server has ended every connection."""
        name, deadline = f"local-kms:{urlsplit(self.kms.endpoint_url).port}", monotonic() + PATIENCE
        while sum(thread.name == name for thread in threading.enumerate()) > 1:  # the one that accepts
            assert monotonic() < deadline, "a connection does not end"
            sleep(0.001)

    def _count_keys(self) -> int:
        with KMSClient(environ=self._environ) as another:
            return count_keys(another)


@contextmanager
def open_scene(
    way: str, *, tls: TLS | None = None, root: str = "", clock_off: float = 0.0, **options: Any
) -> Iterator[Scene]:
    """Return a scene, over https where there is a `tls`, whose certificate is at `root`."""
    with LocalKMS(ssl_context=tls.server if tls else None) as kms, open_way(way) as opened:
        environ = {**kms.environ, "AWS_CA_BUNDLE": root} if tls else kms.environ
        yield Scene(opened, kms, environ, clock_off, **options)


@pytest.fixture(scope="module")
def tls() -> TLS:
    return TLS()


@pytest.fixture(scope="module")
def root(tls: TLS, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = str(tmp_path_factory.mktemp("tls") / "root.pem")
    tls.write_root(path)
    return path


both = pytest.mark.parametrize("operation", [READ, CREATE])
each_way = pytest.mark.parametrize("way", WAYS)


@each_way
@both
@pytest.mark.parametrize("row", MATRIX, ids=lambda row: row.name)
def test_a_call_ends_as_the_table_says(row: Row, operation: str, way: str, tls: TLS, root: str) -> None:
    """Whatever a call meets, it ends as the table says, and the next call gets its own answer."""
    secure = tls if HandshakeFailure() in row.met.faults else None
    with open_scene(way, tls=secure, root=root, **row.options) as scene:
        assert scene.meet(operation, row.met) == (row.create if operation == CREATE else row.read)
        if HangUp() in row.met.faults:
            scene.wait_for_hang_up()
        assert scene.ask(READ) == row.then


def test_the_table_leaves_no_fault_out() -> None:
    """Each fault that LocalKMS can inject has a row."""
    shown = {type(fault) for row in MATRIX for fault in row.met.faults}
    assert shown == {*get_args(RequestFault), HandshakeFailure}


@each_way
def test_a_spoilt_connection_costs_the_next_change_its_certainty(way: str) -> None:
    """A connection that goes bad after an answer takes the next call with it, and that one may have acted."""
    with open_scene(way) as scene:
        scene.meet(READ, once(Reset("after")))
        with pytest.raises(TransportError) as caught:
            scene.ask(CREATE)
        assert caught.value.outcome_unknown
        assert scene.ask(CREATE) == 1


@each_way
def test_a_connection_with_a_surplus_costs_a_change_nothing(way: str) -> None:
    """A connection on which more came than the answer is closed, and the next call opens another."""
    with open_scene(way) as scene:
        scene.meet(READ, once(WrongLength(-3)))
        assert scene.meet(CREATE, once()) == made()


@each_way
def test_a_connection_that_ended_unannounced_costs_a_change_nothing(way: str) -> None:
    """A connection that has ended by the time of the next call is left alone, and a new one is opened."""
    with open_scene(way) as scene:
        scene.meet(READ, once(HangUp()))
        scene.wait_for_hang_up()
        assert scene.meet(CREATE, once()) == made()


@each_way
def test_an_answer_cut_down_to_nothing_claims_nothing(way: str) -> None:
    """Under a length of 0 the answer is an empty one, which is no word of any key; what follows is told apart."""
    with open_scene(way) as scene:
        scene.kms.inject_fault(WrongLength(-10_000), times=1)
        usage = scene.caller.get_key_last_usage(scene.kms.add_key())
        assert (usage.key_id, usage.key_creation_date, usage.verdict) == (None, None, UsageVerdict.NO_RECORD)
        assert scene.ask(READ) == 1


@each_way
@both
@pytest.mark.parametrize("asked_before", [True, False])
def test_nobody_listens(asked_before: bool, operation: str, way: str) -> None:
    """Where a server is gone, every attempt fails to connect, and surely nothing was carried out."""
    with open_scene(way) as scene:
        if asked_before:
            scene.ask(operation)
        scene.kms.close()
        with pytest.raises(ConnectError) as caught:
            scene.ask(operation)
        assert (scene.time.slept, caught.value.outcome_unknown) == (0.15, False)


@each_way
@both
def test_a_quota_that_is_used_up(operation: str, way: str) -> None:
    """A call beyond the quota is refused each time, and right again once the quota allows it."""
    with open_scene(way) as scene:
        scene.kms.set_quota(operation, 0.001, burst=2)
        assert [scene.ask(operation) for _ in range(2)] == [1, 1]
        assert scene.meet(operation, once()) == fails(ThrottlingException, 3, 3.0)
        scene.kms.set_quota(operation, None)
        assert scene.ask(operation) == 1


@each_way
@both
@pytest.mark.parametrize(("theirs", "ours"), [(3, 0), (-3, 0), (0, 3), (0, -3)])
def test_a_clock_that_is_hours_off(theirs: int, ours: int, operation: str, way: str) -> None:
    """Whose clock is wrong, and to which side: the first call is signed twice, at once, and no other after it."""
    with open_scene(way, clock_off=ours * 3600) as scene:
        scene.kms.skew(timedelta(hours=theirs))
        ends = made if operation == CREATE else right
        assert scene.meet(operation, once()) == ends(2, 0.0, answered=2)
        assert scene.ask(operation) == 1


@each_way
def test_an_empty_purse(way: str) -> None:
    """Thirty-five retries after failures, 14 each, use up the 500 there are; then errors go up at once.

    A call that is answered gives 1 back, so that after four there are 14 again for another retry.
    """
    with open_scene(way) as scene:
        asked = [scene.meet(READ, ever(INTERNAL)).asked for _ in range(20)]
        assert asked == [3] * 17 + [2, 1, 1]
        assert scene.meet(READ, once(INTERNAL)) == fails(KMSInternalException)
        assert [scene.ask(READ) for _ in range(4)] == [1] * 4
        assert scene.meet(READ, once(INTERNAL)) == right(2, 0.05)
