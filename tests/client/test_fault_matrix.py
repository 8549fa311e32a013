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
from typing import Any, get_args
from urllib.parse import urlsplit

import pytest
from support.fault_cases import CREATE, READ, VirtualTime, count_keys
from support.fault_matrix import INTERNAL, MATRIX, Ends, Met, Row, ever, fails, made, once, right
from support.servers import PATIENCE, TLS, WAYS, Way, open_way

from awskms_lite import KMSClient
from awskms_lite.errors import (
    ConnectError,
    KMSInternalException,
    KMSLiteError,
    ThrottlingException,
    TransportError,
)
from awskms_lite.local import (
    HandshakeFailure,
    HangUp,
    LocalKMS,
    Reset,
    WrongLength,
)
from awskms_lite.local.http.faults import RequestFault
from awskms_lite.models.usage import UsageVerdict

# Where a body breaks off, httpx leaves generators behind that it alone could close, and trio says so.
pytestmark = [
    pytest.mark.filterwarnings("ignore:Async generator:ResourceWarning"),
    pytest.mark.no_cover,  # goes over lines again and again that other tests cover
]


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
        """Make a call, and check that its answer is its own; return the attempts that it took."""
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
        """Make a call that meets the faults; return how it ends."""
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
    """Where a server is gone, every attempt fails to connect, and surely nothing was executed."""
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
