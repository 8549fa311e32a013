"""LocalKMS with injected faults: what leaves the socket, what was carried out and what was counted."""

import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from time import monotonic, sleep
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest
from support.servers import KEY_ID, PATIENCE, TLS
from support.threads import run_in_threads

from awskms_lite import Credentials, KMSClient
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
from awskms_lite.sigv4 import Request, sign

BRIEF = Drip(0.0001, size=64)
REFUSING = [Error("KMSInternalException", status=500), Unavailable(), Reset("before")]
ACTING = [
    Latency(0.001), Reset("during"), Reset("after"), Truncated(), WrongLength(3), WrongLength(-3), BRIEF,
    Garbage("head"), Garbage("body"), HangUp(),
]  # fmt: skip
RESET = (ConnectionResetError, ssl.SSLEOFError)
"""How a reset shows: the ssl module, which loses the reason, takes it for an end without a farewell."""
LONG = 3 * PATIENCE
"""Seconds that no test waits for."""


class Answer(NamedTuple):
    """What came over the wire: the head in lower-case names, the body as far as it came."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def is_whole(self) -> bool:
        return len(self.body) == int(self.headers["content-length"])


class Line:
    """One connection of a client that looks at every byte."""

    def __init__(self, sock: socket.socket, kms: LocalKMS) -> None:
        self.sock = sock
        self.kms = kms
        self.credentials = kms.credentials
        self.region = kms.region
        self.received = b""

    def ask(self, operation: str = "ListKeys", *, now: datetime | None = None, **members: Any) -> None:
        """Send one signed request."""
        body = json.dumps(members).encode()
        signed = sign(
            Request(
                "POST",
                f"{self.kms.endpoint_url}/",
                [("Host", urlsplit(self.kms.endpoint_url).netloc), ("X-Amz-Target", f"TrentService.{operation}")],
                body,
            ),
            credentials=self.credentials,
            region=self.region,
            service="kms",
            now=now or datetime.now(UTC),
        )
        head = "".join(f"{name}: {value}\r\n" for name, value in signed.headers)
        self.sock.sendall(f"POST / HTTP/1.1\r\n{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)

    def answer(self) -> Answer:
        """Read one answer as its length says, or to the end if that comes before; raise for a reset."""
        while b"\r\n\r\n" not in self.received and self.more():
            pass
        head, _, self.received = self.received.partition(b"\r\n\r\n")
        status_line, *lines = head.decode("ascii").split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        length = int(headers["content-length"])
        while len(self.received) < length and self.more():
            pass
        body, self.received = self.received[:length], self.received[length:]
        return Answer(int(status_line.split(" ")[1]), headers, body)

    def more(self) -> bool:
        piece = self.sock.recv(65536)
        self.received += piece
        return bool(piece)

    def rest(self) -> bytes:
        """Return all that comes until the server ends the connection in good order."""
        while self.more():
            pass
        return self.received

    def call(self, operation: str = "ListKeys", **members: Any) -> Answer:
        self.ask(operation, **members)
        return self.answer()


@contextmanager
def line_to(kms: LocalKMS, context: ssl.SSLContext | None = None) -> Iterator[Line]:
    """Connect; with a context over TLS, where an end without a farewell is an error."""
    port = urlsplit(kms.endpoint_url).port
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as raw:
        if context is None:
            yield Line(raw, kms)
            return
        with context.wrap_socket(raw, server_hostname="localhost", suppress_ragged_eofs=False) as sock:
            yield Line(sock, kms)


Connect = Callable[[], Any]


@pytest.fixture(scope="module")
def tls() -> TLS:
    return TLS()


@pytest.fixture(params=["http", "https"])
def kms(request: pytest.FixtureRequest, tls: TLS) -> Iterator[LocalKMS]:
    with LocalKMS(ssl_context=tls.server if request.param == "https" else None) as server:
        yield server


@pytest.fixture
def connect(kms: LocalKMS, tls: TLS) -> Connect:
    context = tls.client if kms.endpoint_url.startswith("https") else None
    return lambda: line_to(kms, context)


@pytest.fixture
def line(connect: Connect) -> Iterator[Line]:
    with connect() as line:
        yield line


class TestWhatLeaves:
    """Each fault, byte by byte, over plain TCP and over TLS."""

    def test_an_error(self, kms: LocalKMS, line: Line) -> None:
        """An Error is answered as the service itself would, with the wait in whole milliseconds."""
        kms.inject_fault(Error("KMSInternalException", "No luck.", status=500, retry_after=1.25))
        answer = line.call()
        assert (answer.status, answer.json) == (500, {"__type": "KMSInternalException", "message": "No luck."})
        assert answer.headers["x-amz-retry-after"] == "1250"
        assert answer.headers["x-amzn-requestid"]
        assert answer.headers["content-type"] == "application/x-amz-json-1.1"

    def test_an_error_without_more_than_its_code(self, kms: LocalKMS, line: Line) -> None:
        """By default an Error has status 400, no text and no word of when to come again."""
        kms.inject_fault(Error("ThrottlingException"))
        answer = line.call()
        assert (answer.status, answer.json) == (400, {"__type": "ThrottlingException"})
        assert "x-amz-retry-after" not in answer.headers

    @pytest.mark.parametrize("status", [302, 429, 502, 503, 599])
    def test_a_proxy_that_has_no_service(self, kms: LocalKMS, line: Line, status: int) -> None:
        """Unavailable is a page of HTML that bears no mark of KMS; the connection stays."""
        kms.inject_fault(Unavailable(status), times=1)
        answer = line.call()
        assert (answer.status, answer.headers["content-type"]) == (status, "text/html")
        assert answer.body.startswith(b"<html>")
        assert not any(name.startswith("x-amz") for name in answer.headers)
        assert line.call().status == 200

    @pytest.mark.parametrize("fault", [Latency(0.001), BRIEF])
    def test_a_slow_answer_is_the_right_one(self, kms: LocalKMS, line: Line, fault: Latency | Drip) -> None:
        """Late or by drops, the answer comes whole, and the connection stays."""
        kms.inject_fault(fault, times=1)
        assert [line.call().json for _ in range(2)] == [{"Keys": [], "Truncated": False}] * 2

    def test_a_reset_before_the_answer(self, kms: LocalKMS, line: Line) -> None:
        """Not a byte comes, only the reset."""
        kms.inject_fault(Reset("before"))
        line.ask()
        with pytest.raises(RESET):
            line.more()
        assert line.received == b""

    def test_a_reset_during_the_answer(self, kms: LocalKMS, line: Line) -> None:
        """The answer begins well, and before its end comes the reset."""
        kms.inject_fault(Reset("during"))
        line.ask()
        with pytest.raises(RESET):
            line.rest()
        assert line.received.startswith(b"HTTP/1.1 200 OK\r\n")
        assert not line.received.endswith(b"}")

    def test_a_reset_after_the_answer(self, kms: LocalKMS, line: Line) -> None:
        """The answer comes whole, the connection seems to live, and the next request over it is lost."""
        kms.inject_fault(Reset("after"))
        answer = line.call()
        assert answer.is_whole
        assert "connection" not in answer.headers
        line.sock.settimeout(0.01)
        with pytest.raises(TimeoutError):
            line.more()
        line.sock.settimeout(PATIENCE)
        line.ask()
        with pytest.raises(RESET):
            line.more()
        assert kms.stats.asked == {"ListKeys": 1}

    def test_a_truncated_body(self, kms: LocalKMS, line: Line) -> None:
        """Half of the announced body comes, then the end in good order."""
        kms.inject_fault(Truncated())
        answer = line.call()
        assert 0 < len(answer.body) < int(answer.headers["content-length"])
        assert line.rest() == b""

    def test_a_length_that_promises_too_much(self, kms: LocalKMS, line: Line) -> None:
        """The whole body comes, then the end in good order where more was announced."""
        kms.inject_fault(WrongLength(5))
        answer = line.call()
        assert answer.json == {"Keys": [], "Truncated": False}
        assert int(answer.headers["content-length"]) == len(answer.body) + 5
        assert line.rest() == b""

    def test_a_length_that_promises_too_little(self, kms: LocalKMS, line: Line) -> None:
        """What goes beyond the announced length stands where the next answer is looked for."""
        kms.inject_fault(WrongLength(-5), times=1)
        answer = line.call()
        line.ask()
        while b"\r\n\r\n" not in line.received and line.more():
            pass
        assert json.loads(answer.body + line.received[:5]) == {"Keys": [], "Truncated": False}
        assert line.received[5:].startswith(b"HTTP/1.1 200 OK\r\n")

    def test_garbage_for_a_head(self, kms: LocalKMS, line: Line) -> None:
        """What comes is no HTTP, and then the end in good order."""
        kms.inject_fault(Garbage("head"))
        line.ask()
        assert line.rest()
        assert b"HTTP" not in line.received

    def test_garbage_for_a_body(self, kms: LocalKMS, line: Line) -> None:
        """A sound 200 comes whose body is no JSON, for a request that had earned an error too."""
        kms.inject_fault(Garbage("body"))
        answer = line.call("DescribeKey", KeyId=KEY_ID)
        assert answer.status == 200
        assert answer.is_whole
        with pytest.raises(ValueError, match="decode"):
            _ = answer.json

    def test_a_connection_that_ends_unannounced(self, kms: LocalKMS, line: Line) -> None:
        """The right answer comes, promising nothing of an end, and the end follows in good order."""
        kms.inject_fault(HangUp())
        answer = line.call()
        assert answer.json == {"Keys": [], "Truncated": False}
        assert "connection" not in answer.headers
        assert line.rest() == b""
        assert socket.socket.recv(line.sock, 1) == b"", "TLS has ended, and the connection below it has not"


def make_key(connect: Connect) -> None:
    """Ask for a key, and wait until something comes of it."""
    with connect() as line, suppress(*RESET):
        line.ask("CreateKey")
        line.more()


def keys_of(connect: Connect) -> int:
    """Return the number of keys there are."""
    with connect() as line:
        return len(line.call("ListKeys").json["Keys"])


class TestCarriedOut:
    """Whether the key was made, although whoever wanted it may not know."""

    @pytest.mark.parametrize("fault", REFUSING, ids=repr)
    def test_some_faults_keep_the_service_from_acting(self, kms: LocalKMS, connect: Connect, fault: Any) -> None:
        """Where the fault stands in for the answer, no key is made."""
        kms.inject_fault(fault, operation="CreateKey")
        make_key(connect)
        assert keys_of(connect) == 0
        assert kms.stats.faults == {type(fault).__name__: 1}

    @pytest.mark.parametrize("fault", ACTING, ids=repr)
    def test_others_spoil_the_answer_only(self, kms: LocalKMS, connect: Connect, fault: Any) -> None:
        """Where the fault befalls the answer, the key is made."""
        kms.inject_fault(fault, operation="CreateKey")
        make_key(connect)
        assert keys_of(connect) == 1
        assert kms.stats.faults == {type(fault).__name__: 1}


def wait_for(kms: LocalKMS, fault: str) -> None:
    """Wait until the server has counted the fault."""
    deadline = monotonic() + PATIENCE
    while kms.stats.faults[fault] == 0:
        assert monotonic() < deadline, f"no {fault} in {PATIENCE} seconds"
        sleep(0.001)


def close(kms: LocalKMS) -> None:
    """Close the server; a wait that `LONG` seconds would end is to be ended by this."""
    closer = threading.Thread(target=kms.close, daemon=True)
    closer.start()
    closer.join(PATIENCE)
    assert not closer.is_alive(), "the server waits for something"


class TestClose:
    """No fault keeps the server from closing, nor leaves anything behind."""

    @pytest.fixture(autouse=True)
    def _nothing_is_left(self, kms: LocalKMS) -> Iterator[None]:
        yield
        name = f"local-kms:{urlsplit(kms.endpoint_url).port}"
        assert not [thread for thread in threading.enumerate() if thread.name == name]

    def test_a_late_answer_is_not_waited_for(self, kms: LocalKMS, line: Line) -> None:
        """Closing ends the wait before an answer, which then does not come at all."""
        kms.inject_fault(Latency(LONG))
        line.ask()
        wait_for(kms, "Latency")
        close(kms)
        with suppress(*RESET):
            line.rest()
        assert line.received == b""

    @pytest.mark.parametrize("fault", [Drip(LONG), Reset("after")], ids=repr)
    def test_an_answer_that_has_begun_is_not_ended(self, kms: LocalKMS, line: Line, fault: Any) -> None:
        """Closing ends the wait between two drops, and the one for the client's next word."""
        kms.inject_fault(fault)
        line.ask()
        line.more()
        begun = line.received
        close(kms)
        with suppress(*RESET):
            line.rest()
        assert line.received == begun


class TestHandshakes:
    """Connections that end before they begin."""

    @pytest.fixture
    def kms(self, tls: TLS) -> Iterator[LocalKMS]:
        with LocalKMS(ssl_context=tls.server) as server:
            yield server

    def test_a_handshake_is_broken_off(self, kms: LocalKMS, connect: Connect) -> None:
        """The client is told of a failed handshake, as often as asked for, and then connects."""
        kms.inject_fault(HandshakeFailure(), times=2, skip=1)
        kms.inject_fault(Error("KMSInternalException"))
        outcomes: list[str] = []
        for _ in range(4):
            try:
                with connect() as line:
                    outcomes.append(line.call().json["__type"])
            except ssl.SSLError as error:
                outcomes.append(error.reason)
        answered, failed = "KMSInternalException", "SSLV3_ALERT_HANDSHAKE_FAILURE"
        assert outcomes == [answered, failed, failed, answered]
        assert (kms.stats.connections, kms.stats.asked) == (4, {"ListKeys": 2})
        assert kms.stats.faults == {"HandshakeFailure": 2, "Error": 2}

    def test_a_silent_client_does_not_keep_the_server(self, kms: LocalKMS) -> None:
        """A handshake that is to fail waits for the client's first word, but not beyond the server's end."""
        kms.inject_fault(HandshakeFailure())
        with socket.create_connection(("127.0.0.1", urlsplit(kms.endpoint_url).port), PATIENCE) as silent:
            wait_for(kms, "HandshakeFailure")
            close(kms)
            assert silent.recv(1) == b""

    def test_behaving_ends_it(self, kms: LocalKMS, connect: Connect) -> None:
        """After `clear_faults` handshakes succeed."""
        kms.inject_fault(HandshakeFailure())
        kms.clear_faults()
        with connect() as line:
            assert line.call().status == 200


@pytest.fixture
def plain() -> Iterator[LocalKMS]:
    with LocalKMS() as server:
        yield server


@pytest.fixture
def plain_line(plain: LocalKMS) -> Iterator[Line]:
    with line_to(plain) as line:
        yield line


def codes(line: Line, count: int, operation: str = "ListKeys") -> list[str]:
    """Return the error codes of so many calls, "" where there is none."""
    return [line.call(operation).json.get("__type", "") for _ in range(count)]


class TestWhichRequests:
    """Which requests get a fault; the rest is in test_local_rules."""

    def test_a_rule_is_about_one_operation(self, plain: LocalKMS, plain_line: Line) -> None:
        """A rule for one operation leaves every other alone."""
        plain.inject_fault(Error("A"), operation="CreateKey")
        assert codes(plain_line, 2) == ["", ""]
        assert codes(plain_line, 1, "CreateKey") == ["A"]

    def test_behaving_ends_it(self, plain: LocalKMS, plain_line: Line) -> None:
        """After `clear_faults` no rule fires."""
        plain.inject_fault(Error("A"))
        assert codes(plain_line, 1) == ["A"]
        plain.clear_faults()
        assert codes(plain_line, 1) == [""]

    def test_the_numbers_arrive(self, plain: LocalKMS, plain_line: Line) -> None:
        """`after`, `times` and `burst` mean what they say."""
        plain.inject_fault(Error("A"), skip=1, times=3)
        assert codes(plain_line, 6) == ["", "A", "A", "A", "", ""]

    def test_the_seed_decides(self) -> None:
        """The same seed hits the same requests in every run, another seed others."""
        patterns: list[list[str]] = []
        for seed in (5, 5, 6):
            with LocalKMS(seed=seed) as kms, line_to(kms) as line:
                kms.inject_fault(Error("A"), probability=0.5, burst=2)
                patterns.append(codes(line, 24))
        assert patterns[0] == patterns[1] != patterns[2]
        assert {"", "A"} == set(patterns[0])

    def test_garbage_comes_from_the_seed(self) -> None:
        """The same seed gives the same bytes."""
        bodies: list[bytes] = []
        for seed in (5, 5, 6):
            with LocalKMS(seed=seed) as kms, line_to(kms) as line:
                kms.inject_fault(Garbage("body"))
                bodies.append(line.call().body)
        assert bodies[0] == bodies[1] != bodies[2]


class TestStats:
    """What a test can ask the server afterwards."""

    def test_asked_three_times_answered_once(self, plain: LocalKMS) -> None:
        """A client that is refused, cut off and answered has asked three times and was answered once."""
        key = plain.add_key()
        plain.inject_fault(Error("KMSInternalException", status=500), times=1)
        plain.inject_fault(Reset("during"), times=1, skip=1)
        with KMSClient(environ=plain.environ, sleep=lambda seconds: None) as client:
            assert client.get_key_last_usage(key).metadata.attempts == 3
        stats = plain.stats
        assert (stats.asked["GetKeyLastUsage"], stats.answered["GetKeyLastUsage"]) == (3, 1)
        assert stats.faults == {"Error": 1, "Reset": 1}
        assert stats.connections == 2

    def test_errors_of_the_service_are_answers(self, plain: LocalKMS, plain_line: Line) -> None:
        """NotFoundException is an answer like any other."""
        assert codes(plain_line, 2, "GetKeyLastUsage") == ["ValidationException"] * 2
        assert plain.stats.answered == {"GetKeyLastUsage": 2}

    def test_an_operation_that_kms_lacks_is_not_counted(self, plain: LocalKMS, plain_line: Line) -> None:
        """A request that names no operation of KMS is refused and passed over; a fault of it counts."""
        assert codes(plain_line, 1, "Nonsense") == ["UnknownOperationException"]
        assert plain.stats.asked == plain.stats.answered == plain.stats.faults == {}
        plain.inject_fault(Error("A"))
        assert codes(plain_line, 1, "Nonsense") == ["A"]
        assert plain.stats.faults == {"Error": 1}

    def test_stats_are_of_their_moment(self, plain: LocalKMS, plain_line: Line) -> None:
        """Stats that were taken stay as they are; what never came up counts 0."""
        before = plain.stats
        plain_line.call()
        assert (before.asked["ListKeys"], plain.stats.asked["ListKeys"]) == (0, 1)
        assert LocalKMS().stats.connections == 0

    def test_no_count_is_lost_among_threads(self, plain: LocalKMS) -> None:
        """Every request of many threads is counted once as asked, and once as answered or spoilt."""
        plain.inject_fault(Error("A"), probability=0.5)

        def work() -> None:
            with line_to(plain) as line:
                codes(line, 25)

        run_in_threads(work, 8)
        stats = plain.stats
        assert (stats.asked["ListKeys"], stats.connections) == (200, 8)
        assert stats.answered["ListKeys"] + stats.faults["Error"] == 200
        assert stats.answered["ListKeys"] * stats.faults["Error"] > 0


class TestQuotas:
    """Throttling as KMS does it; test_local_quotas tells of time."""

    def test_what_is_beyond_the_quota_is_throttled(self, plain: LocalKMS, plain_line: Line) -> None:
        """Beyond its quota an operation is ThrottlingException, HTTP 400, and nothing is done."""
        plain.set_quota("CreateKey", 0.001, burst=2)
        assert codes(plain_line, 2, "CreateKey") == ["", ""]
        answer = plain_line.call("CreateKey")
        assert (answer.status, answer.json) == (
            400, {"__type": "ThrottlingException", "message": "Rate exceeded"}
        )  # fmt: skip
        assert len(plain_line.call("ListKeys").json["Keys"]) == 2
        assert plain.stats.asked["CreateKey"] == 3
        assert plain.stats.answered["CreateKey"] == 2
        assert plain.stats.faults == {"Throttled": 1}

    def test_a_quota_is_an_accounts_own_in_a_region(self, plain: LocalKMS, plain_line: Line) -> None:
        """Another account, and the same account in another region, have quotas of their own."""
        plain.set_quota("ListKeys", 0.001)
        assert codes(plain_line, 2) == ["", "ThrottlingException"]
        plain_line.region = "eu-west-1"
        assert codes(plain_line, 2) == ["", "ThrottlingException"]
        plain_line.credentials = plain.credentials_for("444455556666")
        assert codes(plain_line, 2) == ["", "ThrottlingException"]

    def test_only_the_signed_are_throttled(self, plain: LocalKMS, plain_line: Line) -> None:
        """A wrong signature is told as such, and costs the account nothing of its quota."""
        plain.set_quota("ListKeys", 0.001)
        known = plain.credentials
        plain_line.credentials = Credentials(known.access_key_id, "another-secret")
        assert codes(plain_line, 2) == ["InvalidSignatureException"] * 2
        plain_line.credentials = known
        assert codes(plain_line, 2) == ["", "ThrottlingException"]

    def test_a_quota_can_be_lifted(self, plain: LocalKMS, plain_line: Line) -> None:
        """None lifts the quota; `clear_faults`, which is about faults, does not."""
        plain.set_quota("ListKeys", 0.001)
        assert codes(plain_line, 2) == ["", "ThrottlingException"]
        plain.clear_faults()
        assert codes(plain_line, 1) == ["ThrottlingException"]
        plain.set_quota("ListKeys", None)
        assert codes(plain_line, 3) == [""] * 3


class TestSkew:
    """A server whose clock is wrong."""

    @pytest.mark.parametrize("hours", [-2, 2])
    def test_signatures_and_date_follow_the_servers_clock(
        self, plain: LocalKMS, plain_line: Line, hours: int
    ) -> None:
        """What is signed now is refused, what is signed by the server's Date is taken."""
        plain.skew(timedelta(days=9))
        plain.skew(timedelta(hours=hours))
        answer = plain_line.call()
        assert answer.json["__type"] == "InvalidSignatureException"
        date = parsedate_to_datetime(answer.headers["date"])
        assert abs(date - datetime.now(UTC) - timedelta(hours=hours)) < timedelta(minutes=1)
        plain_line.ask(now=date)
        assert plain_line.answer().status == 200
        plain.skew(timedelta(0))
        assert plain_line.call().status == 200

    def test_a_spoilt_or_refused_answer_has_the_same_clock(self, plain: LocalKMS, plain_line: Line) -> None:
        """The Date of a disturbed answer, and of one to what is no HTTP, is off as well."""
        plain.skew(timedelta(hours=-2))
        plain.inject_fault(Latency(0.001))
        late = plain_line.call()
        plain_line.sock.sendall(b"NO HTTP\r\n\r\n")
        for answer in (late, plain_line.answer()):
            date = parsedate_to_datetime(answer.headers["date"])
            assert abs(date - datetime.now(UTC) + timedelta(hours=2)) < timedelta(minutes=1)

    def test_a_clock_is_not_off_by_ages(self) -> None:
        """Beyond ten years a skew is a ValueError, in both directions."""
        for days in (-4000, 4000):
            with pytest.raises(ValueError, match="pass ten years at most"):
                LocalKMS().skew(timedelta(days=days))

    def test_the_keys_live_by_their_own_clock(self, plain: LocalKMS, plain_line: Line) -> None:
        """A key that is made meanwhile is as young as ever."""
        plain.skew(timedelta(minutes=-4))
        created = plain_line.call("CreateKey").json["KeyMetadata"]["CreationDate"]
        assert abs(created - datetime.now(UTC).timestamp()) < 60


@pytest.mark.parametrize(
    ("make", "telling"),
    [
        (lambda: Error(""), "pass a name"),
        (lambda: Error("A", status=200), "from 300 to 599"),
        (lambda: Error("A", retry_after=-1), "pass seconds from 0"),
        (lambda: Unavailable(600), "from 300 to 599"),
        (lambda: Unavailable(304), "but for 304"),
        (lambda: Latency(0), "pass seconds above 0"),
        (lambda: Latency(float("inf")), "at most 86400"),
        (lambda: Latency(float("nan")), "pass seconds above 0"),
        (lambda: Reset("now"), "pass 'before', 'during' or 'after'"),  # type: ignore[arg-type]
        (lambda: WrongLength(0), "above or below 0"),
        (lambda: Drip(-1), "pass seconds above 0"),
        (lambda: Drip(1, size=0), "from 1 up"),
        (lambda: Error(3), "code=3 is not an error code: pass a name"),  # type: ignore[arg-type]
        (lambda: Error("A", status="400"), "from 300 to 599"),  # type: ignore[arg-type]
        (lambda: Latency("1"), "pass seconds above 0"),  # type: ignore[arg-type]
        (lambda: WrongLength(0.5), "whole number"),  # type: ignore[arg-type]
        (lambda: Drip(1, size=1.5), "from 1 up"),  # type: ignore[arg-type]
        (lambda: Garbage("tail"), "pass 'head' or 'body'"),  # type: ignore[arg-type]
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(make: Callable[[], object], telling: str) -> None:
    """A wrong value is a ValueError that says what to pass."""
    with pytest.raises(ValueError, match=telling):
        make()


@pytest.mark.parametrize(
    ("arguments", "telling"),
    [
        ({"fault": HangUp}, "not a fault: pass one of awskms_lite.local's"),
        ({"fault": HangUp(), "operation": "Nonsense"}, "KMS has no operation 'Nonsense': pass a name like"),
        ({"fault": HangUp(), "times": 0}, "or None for no end"),
        ({"fault": HangUp(), "probability": 0}, "above 0, at most 1"),
        ({"fault": HangUp(), "probability": 1.1}, "above 0, at most 1"),
        ({"fault": HangUp(), "skip": -1}, "from 0 up"),
        ({"fault": HangUp(), "burst": 0}, "from 1 up"),
        ({"fault": HangUp(), "times": 1.5}, "or None for no end"),
        ({"fault": HangUp(), "skip": 0.5}, "from 0 up"),
        ({"fault": HangUp(), "burst": 1.5}, "from 1 up"),
        ({"fault": HandshakeFailure()}, "make this LocalKMS with an ssl_context"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(arguments: dict[str, Any], telling: str) -> None:
    """A wrong argument of `inject_fault` is a ValueError that says what to pass."""
    with pytest.raises(ValueError, match=telling):
        LocalKMS().inject_fault(**arguments)


def test_a_handshake_knows_no_operation(tls: TLS) -> None:
    """A HandshakeFailure of one operation is refused, for nothing was asked yet."""
    with pytest.raises(ValueError, match="leave `operation` out"):
        LocalKMS(ssl_context=tls.server).inject_fault(HandshakeFailure(), operation="ListKeys")


@pytest.mark.parametrize(
    ("operation", "rate", "burst", "telling"),
    [
        ("Nonsense", 1, None, "KMS has no operation"),
        ("ListKeys", 0, None, "or None for no quota"),
        ("ListKeys", float("inf"), None, "or None for no quota"),
        ("ListKeys", 1, 0.5, "from 1 up"),
    ],
)
def test_a_quota_that_makes_no_sense_is_refused(
    operation: str, rate: float, burst: float | None, telling: str
) -> None:
    """A wrong argument of `set_quota` is a ValueError that says what to pass."""
    with pytest.raises(ValueError, match=telling):
        LocalKMS().set_quota(operation, rate, burst=burst)
