"""LocalKMS with injected faults: what leaves the socket, what was carried out and what was counted."""

import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from time import monotonic, sleep
from typing import Any
from urllib.parse import urlsplit

import pytest
from support.raw_connection import RawConnection, connect_to
from support.servers import KEY_ID, PATIENCE, TLS

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

BRIEF = Drip(0.0001, size=64)
REFUSING = [Error("KMSInternalException", status=500), Unavailable(), Reset("before")]
ACTING = [
    Latency(0.001), Reset("during"), Reset("after"), Truncated(), WrongLength(3), WrongLength(-3), BRIEF,
    Garbage("head"), Garbage("body"), HangUp(),
]  # fmt: skip
RESET = (ConnectionResetError, ssl.SSLEOFError)
"""How a reset is raised: the ssl module reports it as an end without close_notify."""
LONG = 3 * PATIENCE
"""Seconds that no test waits for."""


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
    return lambda: connect_to(kms, context)


@pytest.fixture
def connection(connect: Connect) -> Iterator[RawConnection]:
    with connect() as connection:
        yield connection


class TestWhatLeaves:
    """Each fault, byte by byte, over plain TCP and over TLS."""

    def test_an_error(self, kms: LocalKMS, connection: RawConnection) -> None:
        """An Error is answered as the service itself would, with the wait in whole milliseconds."""
        kms.inject_fault(Error("KMSInternalException", "No luck.", status=500, retry_after=1.25))
        answer = connection.call()
        assert (answer.status, answer.json) == (500, {"__type": "KMSInternalException", "message": "No luck."})
        assert answer.headers["x-amz-retry-after"] == "1250"
        assert answer.headers["x-amzn-requestid"]
        assert answer.headers["content-type"] == "application/x-amz-json-1.1"

    def test_an_error_without_more_than_its_code(self, kms: LocalKMS, connection: RawConnection) -> None:
        """By default an Error has status 400, no text and no retry-after."""
        kms.inject_fault(Error("ThrottlingException"))
        answer = connection.call()
        assert (answer.status, answer.json) == (400, {"__type": "ThrottlingException"})
        assert "x-amz-retry-after" not in answer.headers

    @pytest.mark.parametrize("status", [302, 429, 502, 503, 599])
    def test_a_proxy_that_has_no_service(self, kms: LocalKMS, connection: RawConnection, status: int) -> None:
        """Unavailable is a page of HTML that bears no mark of KMS; the connection stays."""
        kms.inject_fault(Unavailable(status), times=1)
        answer = connection.call()
        assert (answer.status, answer.headers["content-type"]) == (status, "text/html")
        assert answer.body.startswith(b"<html>")
        assert not any(name.startswith("x-amz") for name in answer.headers)
        assert connection.call().status == 200

    @pytest.mark.parametrize("fault", [Latency(0.001), BRIEF])
    def test_a_slow_answer_is_the_right_one(
        self, kms: LocalKMS, connection: RawConnection, fault: Latency | Drip
    ) -> None:
        """Late or in small pieces, the answer comes whole, and the connection stays open."""
        kms.inject_fault(fault, times=1)
        assert [connection.call().json for _ in range(2)] == [{"Keys": [], "Truncated": False}] * 2

    def test_a_reset_before_the_answer(self, kms: LocalKMS, connection: RawConnection) -> None:
        """Not a byte comes, only the reset."""
        kms.inject_fault(Reset("before"))
        connection.ask()
        with pytest.raises(RESET):
            connection.more()
        assert connection.received == b""

    def test_a_reset_during_the_answer(self, kms: LocalKMS, connection: RawConnection) -> None:
        """The answer begins well, and before its end comes the reset."""
        kms.inject_fault(Reset("during"))
        connection.ask()
        with pytest.raises(RESET):
            connection.rest()
        assert connection.received.startswith(b"HTTP/1.1 200 OK\r\n")
        assert not connection.received.endswith(b"}")

    def test_a_reset_after_the_answer(self, kms: LocalKMS, connection: RawConnection) -> None:
        """The answer comes whole, the connection seems to live, and the next request over it is lost."""
        kms.inject_fault(Reset("after"))
        answer = connection.call()
        assert answer.is_whole
        assert "connection" not in answer.headers
        connection.sock.settimeout(0.01)
        with pytest.raises(TimeoutError):
            connection.more()
        connection.sock.settimeout(PATIENCE)
        connection.ask()
        with pytest.raises(RESET):
            connection.more()
        assert kms.stats.asked == {"ListKeys": 1}

    def test_a_truncated_body(self, kms: LocalKMS, connection: RawConnection) -> None:
        """Half of the announced body comes, then the end in good order."""
        kms.inject_fault(Truncated())
        answer = connection.call()
        assert 0 < len(answer.body) < int(answer.headers["content-length"])
        assert connection.rest() == b""

    def test_a_length_that_promises_too_much(self, kms: LocalKMS, connection: RawConnection) -> None:
        """The whole body comes, then the end in good order where more was announced."""
        kms.inject_fault(WrongLength(5))
        answer = connection.call()
        assert answer.json == {"Keys": [], "Truncated": False}
        assert int(answer.headers["content-length"]) == len(answer.body) + 5
        assert connection.rest() == b""

    def test_a_length_that_promises_too_little(self, kms: LocalKMS, connection: RawConnection) -> None:
        """What goes beyond the announced length stands where the next answer is looked for."""
        kms.inject_fault(WrongLength(-5), times=1)
        answer = connection.call()
        connection.ask()
        while b"\r\n\r\n" not in connection.received and connection.more():
            pass
        assert json.loads(answer.body + connection.received[:5]) == {"Keys": [], "Truncated": False}
        assert connection.received[5:].startswith(b"HTTP/1.1 200 OK\r\n")

    def test_garbage_for_a_head(self, kms: LocalKMS, connection: RawConnection) -> None:
        """What comes is no HTTP, and then the end in good order."""
        kms.inject_fault(Garbage("head"))
        connection.ask()
        assert connection.rest()
        assert b"HTTP" not in connection.received

    def test_garbage_for_a_body(self, kms: LocalKMS, connection: RawConnection) -> None:
        """A valid HTTP 200 comes whose body is not JSON, even in place of an error."""
        kms.inject_fault(Garbage("body"))
        answer = connection.call("DescribeKey", KeyId=KEY_ID)
        assert answer.status == 200
        assert answer.is_whole
        with pytest.raises(ValueError, match="decode"):
            _ = answer.json

    def test_a_connection_that_ends_unannounced(self, kms: LocalKMS, connection: RawConnection) -> None:
        """The right answer comes, promising nothing of an end, and the end follows in good order."""
        kms.inject_fault(HangUp())
        answer = connection.call()
        assert answer.json == {"Keys": [], "Truncated": False}
        assert "connection" not in answer.headers
        assert connection.rest() == b""
        assert socket.socket.recv(connection.sock, 1) == b"", "TLS has ended, and the connection below it has not"


def make_key(connect: Connect) -> None:
    """Send a CreateKey, and wait for the first bytes or the end of the answer."""
    with connect() as connection, suppress(*RESET):
        connection.ask("CreateKey")
        connection.more()


def keys_of(connect: Connect) -> int:
    """Return the number of keys there are."""
    with connect() as connection:
        return len(connection.call("ListKeys").json["Keys"])


class TestCarriedOut:
    """Whether the key was made, although whoever wanted it may not know."""

    @pytest.mark.parametrize("fault", REFUSING, ids=repr)
    def test_some_faults_keep_the_service_from_acting(self, kms: LocalKMS, connect: Connect, fault: Any) -> None:
        """If the fault replaces the answer, no key is made."""
        kms.inject_fault(fault, operation="CreateKey")
        make_key(connect)
        assert keys_of(connect) == 0
        assert kms.stats.faults == {type(fault).__name__: 1}

    @pytest.mark.parametrize("fault", ACTING, ids=repr)
    def test_others_only_change_the_answer(self, kms: LocalKMS, connect: Connect, fault: Any) -> None:
        """If the fault only changes the answer, the key is made."""
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

    def test_a_late_answer_is_not_waited_for(self, kms: LocalKMS, connection: RawConnection) -> None:
        """Closing ends the wait before an answer, which then does not come at all."""
        kms.inject_fault(Latency(LONG))
        connection.ask()
        wait_for(kms, "Latency")
        close(kms)
        with suppress(*RESET):
            connection.rest()
        assert connection.received == b""

    @pytest.mark.parametrize("fault", [Drip(LONG), Reset("after")], ids=repr)
    def test_an_answer_that_has_begun_is_not_ended(
        self, kms: LocalKMS, connection: RawConnection, fault: Any
    ) -> None:
        """Closing ends the wait between two pieces, and the one for the client's next bytes."""
        kms.inject_fault(fault)
        connection.ask()
        connection.more()
        begun = connection.received
        close(kms)
        with suppress(*RESET):
            connection.rest()
        assert connection.received == begun


class TestHandshakes:
    """Connections that end before they begin."""

    @pytest.fixture
    def kms(self, tls: TLS) -> Iterator[LocalKMS]:
        with LocalKMS(ssl_context=tls.server) as server:
            yield server

    def test_a_handshake_is_broken_off(self, kms: LocalKMS, connect: Connect) -> None:
        """The client gets the alert as many times as the rule says, and then connects."""
        kms.inject_fault(HandshakeFailure(), times=2, skip=1)
        kms.inject_fault(Error("KMSInternalException"))
        outcomes: list[str] = []
        for _ in range(4):
            try:
                with connect() as connection:
                    outcomes.append(connection.call().json["__type"])
            except ssl.SSLError as error:
                outcomes.append(error.reason)
        answered, failed = "KMSInternalException", "SSLV3_ALERT_HANDSHAKE_FAILURE"
        assert outcomes == [answered, failed, failed, answered]
        assert (kms.stats.connections, kms.stats.asked) == (4, {"ListKeys": 2})
        assert kms.stats.faults == {"HandshakeFailure": 2, "Error": 2}

    def test_a_silent_client_does_not_keep_the_server(self, kms: LocalKMS) -> None:
        """A handshake that is to fail waits for the ClientHello, but not after the server is closed."""
        kms.inject_fault(HandshakeFailure())
        with socket.create_connection(("127.0.0.1", urlsplit(kms.endpoint_url).port), PATIENCE) as silent:
            wait_for(kms, "HandshakeFailure")
            close(kms)
            assert silent.recv(1) == b""

    def test_clearing_the_faults_ends_it(self, kms: LocalKMS, connect: Connect) -> None:
        """After `clear_faults` handshakes succeed."""
        kms.inject_fault(HandshakeFailure())
        kms.clear_faults()
        with connect() as connection:
            assert connection.call().status == 200


@pytest.mark.parametrize(
    ("make", "words"),
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
def test_an_invalid_fault_is_refused(make: Callable[[], object], words: str) -> None:
    """A wrong value is a ValueError that says what to pass."""
    with pytest.raises(ValueError, match=words):
        make()


@pytest.mark.parametrize(
    ("arguments", "words"),
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
def test_an_invalid_rule_is_refused(arguments: dict[str, Any], words: str) -> None:
    """A wrong argument of `inject_fault` is a ValueError that says what to pass."""
    with pytest.raises(ValueError, match=words):
        LocalKMS().inject_fault(**arguments)


def test_a_handshake_knows_no_operation(tls: TLS) -> None:
    """A HandshakeFailure of one operation is refused, for nothing was asked yet."""
    with pytest.raises(ValueError, match="leave `operation` out"):
        LocalKMS(ssl_context=tls.server).inject_fault(HandshakeFailure(), operation="ListKeys")
