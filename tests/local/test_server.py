"""The embedded KMS's own HTTP server, spoken to over bare sockets; the application behind it is a stub."""

import os
import re
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest
import trustme

from awskms_lite.local.http.delivery import DeliveryAction, Pause
from awskms_lite.local.http.messages import MAX_BODY, MAX_HEAD, Request, Response, parse_head, render
from awskms_lite.local.http.server import Server

REQUEST_ID = "1d1a1e1c-0000-4000-8000-000000000000"


def echo(request: Request) -> Response:
    """Answer with what came, so that a test sees what the server understood."""
    text = f"{request.method} {request.path}?{request.query} {request.body.decode('latin-1')}"
    return Response(200, text.encode("latin-1"), REQUEST_ID)


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server(echo, port=0)
    yield server
    server.close()


@contextmanager
def connection(server: Server) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as sock:
        yield sock


def read_to_end(sock: socket.socket) -> bytes:
    """Return all that comes; a reset is an end too, for TCP sends one when bytes were left unread."""
    pieces: list[bytes] = []
    with suppress(ConnectionResetError):
        while piece := sock.recv(65536):
            pieces.append(piece)
    return b"".join(pieces)


def exchange(server: Server, request: bytes) -> bytes:
    """Send the bytes and say no more; give all that comes until the server closes."""
    with connection(server) as sock:
        sock.sendall(request)
        sock.shutdown(socket.SHUT_WR)
        return read_to_end(sock)


def read_answer(sock: socket.socket) -> bytes:
    """Return one answer of a connection that stays open."""
    received = b""
    while b"\r\n\r\n" not in received:
        received += sock.recv(65536)
    head, _, body = received.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
    while len(body) < length:
        body += sock.recv(65536)
    return head + b"\r\n\r\n" + body


def threads_of(port: int) -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == f"local-kms:{port}"]


def test_an_answer_leaves_whole_with_its_headers() -> None:
    """An answer carries the request id, the real date, its type and its length."""
    answer = render(Response(200, b"{}", REQUEST_ID), now=784111777.9, keep_alive=True)
    assert answer == (
        b"HTTP/1.1 200 OK\r\n"
        b"x-amzn-RequestId: 1d1a1e1c-0000-4000-8000-000000000000\r\n"
        b"Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
        b"Content-Type: application/x-amz-json-1.1\r\n"
        b"Content-Length: 2\r\n"
        b"\r\n{}"
    )


def test_an_answer_can_be_less_than_true() -> None:
    """An answer can bear other headers, no request id, a status without a phrase and a length not its own."""
    response = Response(599, b"{}", "", headers=(("x-amz-retry-after", "5"),))
    answer = render(response, now=0, keep_alive=False, length=7)
    assert answer == (
        b"HTTP/1.1 599 \r\n"
        b"Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n"
        b"Content-Type: application/x-amz-json-1.1\r\n"
        b"Content-Length: 7\r\n"
        b"x-amz-retry-after: 5\r\n"
        b"Connection: close\r\n"
        b"\r\n{}"
    )


def test_a_request_is_taken_as_it_came() -> None:
    """Path, query and values stay raw; only header names are brought to one case, and duplicates kept."""
    head = b"POST /a%20b?c=%7E HTTP/1.1\r\nHost: x:1\r\nX-Thing: \t one  two \r\nx-thing:\xc3\xbc"
    headers = {"host": [b"x:1"], "x-thing": [b"one  two", b"\xc3\xbc"]}
    assert parse_head(head) == Request("POST", "/a%20b", "c=%7E", headers)


def test_a_connection_serves_many_requests(server: Server) -> None:
    """A connection stays open, also for requests that come in one piece or in very small ones."""
    request = b"POST /?a=1 HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"
    with connection(server) as sock:
        for byte in request:
            sock.sendall(bytes([byte]))
        assert read_answer(sock).endswith(b"POST /?a=1 hello")
        sock.sendall(
            request.replace(b"hello", b"again") + b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        )
        answers = read_to_end(sock)
    assert b"POST /?a=1 again" in answers
    assert answers.endswith(b"Connection: close\r\n\r\nGET /? ")


@pytest.mark.parametrize(
    ("request_bytes", "status_line"),
    [
        (b"HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", b"HTTP/1.1 200 OK"),
        (b"HEAD / HTTP/1.1\r\n\r\n", b"HTTP/1.1 400 Bad Request"),
        (b"HEAD / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", b"HTTP/1.1 411 Length Required"),
    ],
)
def test_an_answer_to_head_has_no_body(server: Server, request_bytes: bytes, status_line: bytes) -> None:
    """The head says how long the body would be, and nothing follows it (RFC 9110, 9.3.2); a refusal too."""
    head, _, body = exchange(server, request_bytes).partition(b"\r\n\r\n")
    assert head.startswith(status_line)
    assert int(re.findall(rb"Content-Length: (\d+)", head)[0]) > 0
    assert body == b""


@pytest.mark.parametrize(
    "request_head",
    [b"GET / HTTP/1.0\r\n\r\n", b"GET / HTTP/1.1\r\nHost: x\r\nConnection: TE,  Close\r\n\r\n"],
)
def test_a_connection_ends_when_it_is_asked_to(server: Server, request_head: bytes) -> None:
    """HTTP/1.0 and `Connection: close` get one answer, then the end."""
    with connection(server) as sock:
        sock.sendall(request_head)
        assert b"\r\nConnection: close\r\n" in read_to_end(sock)


@pytest.mark.parametrize("expected", [b"100-continue", b"100-Continue"])
def test_a_body_is_invited_when_the_client_waits_for_it(server: Server, expected: bytes) -> None:
    """`Expect: 100-continue`, in whichever letters, is answered before the body is there."""
    with connection(server) as sock:
        sock.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: %b\r\n\r\n" % expected)
        assert sock.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        sock.sendall(b"{}")
        assert read_answer(sock).endswith(b"POST /? {}")


HOST = b"Host: x\r\n"


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"GARBAGE\r\n\r\n", 400),
        (b"GET  / HTTP/1.1\r\n" + HOST + b"\r\n", 400),
        (b"G@T / HTTP/1.1\r\n" + HOST + b"\r\n", 400),
        (b"GET / SPDY/3\r\n" + HOST + b"\r\n", 400),
        (b"GET http://x/ HTTP/1.1\r\n" + HOST + b"\r\n", 400),
        (b"GET /\xfc HTTP/1.1\r\n" + HOST + b"\r\n", 400),
        (b"GET / HTTP/2.0\r\n" + HOST + b"\r\n", 505),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n" + HOST + HOST + b"\r\n", 400),
        (b"GET / HTTP/1.0\r\n" + HOST + HOST + b"\r\n", 400),
        (b"GET / HTTP/1.1\r\n" + HOST + b"no colon\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n" + HOST + b"a : b\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n" + HOST + b"a: b\r\n folded\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n" + HOST + b"a: b\x00c\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n" + HOST + b"a: b\nc: d\r\n\r\n", 400),
        (b"GET / HTTP/1.1\nHost: x\n\n", 400),
        (b"GET / HTTP/1.1\r\n" + HOST + b"a: b\r\n" * 100 + b"\r\n", 431),
        (b"GET / HTTP/1.1\r\n" + HOST + b"a: " + b"b" * MAX_HEAD + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\n" + HOST + b"a: " + b"b" * 3 * MAX_HEAD, 431),
        (b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 411),
        (b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: -1\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", 400),
        (b"POST / HTTP/1.1\r\n" + HOST + f"Content-Length: {MAX_BODY + 1}\r\n\r\n".encode(), 413),
        (b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 99999999999999999999\r\n\r\n", 413),
    ],
)
def test_what_is_not_http_is_refused(server: Server, request_bytes: bytes, status: int) -> None:
    """A malformed request gets a status, a request id and the end of the connection, never an answer."""
    answer = exchange(server, request_bytes)
    assert answer.startswith(f"HTTP/1.1 {status} ".encode())
    assert b"\r\nx-amzn-RequestId: " in answer
    assert b"\r\nConnection: close\r\n" in answer
    assert answer.count(b"x-amzn-RequestId") == 1


def test_a_refusal_reaches_a_client_that_is_still_sending(server: Server) -> None:
    """The reason is not lost when the body that is too large is already on its way."""
    head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2000000\r\n\r\n"
    assert exchange(server, head + b"x" * 300_000).startswith(b"HTTP/1.1 413 ")


def test_the_largest_body_is_taken(server: Server) -> None:
    """A body of exactly the limit is read to its end."""
    head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: " + str(MAX_BODY).encode() + b"\r\n\r\n"
    assert exchange(server, head + b"x" * MAX_BODY).endswith(b"POST /? " + b"x" * MAX_BODY)


@pytest.mark.parametrize(
    "part", [b"", b"POST / HTT", b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhalf"]
)
def test_a_request_that_breaks_off_is_forgotten(server: Server, part: bytes) -> None:
    """A client that leaves in the middle gets nothing, and the server goes on."""
    assert exchange(server, part) == b""
    assert exchange(server, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").startswith(b"HTTP/1.1 200 ")


def test_a_client_that_resets_harms_nobody(server: Server) -> None:
    """A connection reset before its answer leaves the server serving."""
    for _ in range(20):
        with connection(server) as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            sock.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 50)
    assert exchange(server, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").startswith(b"HTTP/1.1 200 ")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_bug_in_the_application_is_answered_and_loud() -> None:
    """An exception becomes HTTP 500 for the client, and reaches threading.excepthook all the same."""

    def broken(request: Request) -> Response:
        raise ZeroDivisionError("a bug")

    seen: list[type[BaseException] | None] = []
    before, threading.excepthook = threading.excepthook, lambda args: seen.append(args.exc_type)
    try:
        server = Server(broken, port=0)
        answer = exchange(server, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        server.close()
    finally:
        threading.excepthook = before
    assert answer.startswith(b"HTTP/1.1 500 ")
    assert answer.endswith(b'{"__type":"InternalFailure"}')
    assert seen == [ZeroDivisionError]


def test_close_ends_open_connections_and_every_thread() -> None:
    """Closing does not wait for idle clients: they read the end, and no thread is left."""
    server = Server(echo, port=0)
    with connection(server) as idle, connection(server) as used:
        used.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        read_answer(used)
        idle.sendall(b"POST / HT")
        assert threads_of(server.port)
        server.close()
        assert read_to_end(used) == b""
        assert read_to_end(idle) == b""
    assert threads_of(server.port) == []
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", server.port))


def test_actions_are_carried_out_in_order() -> None:
    """The actions of an application are carried out one by one; the connection stays open unless they end it."""

    def in_steps(request: Request) -> list[DeliveryAction]:
        answer = render(echo(request), now=0, keep_alive=True)
        return [answer[:9], Pause(0.001), answer[9:]]

    server = Server(in_steps, port=0)
    with connection(server) as sock:
        for path in (b"/a", b"/b"):
            sock.sendall(b"GET %b HTTP/1.1\r\nHost: x\r\n\r\n" % path)
            assert read_answer(sock).endswith(b"GET %b? " % path)
        sock.sendall(b"GET /c HTTP/1.0\r\n\r\n")
        assert read_to_end(sock).endswith(b"GET /c? ")
    server.close()


@pytest.mark.parametrize("head", [b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"no HTTP\r\n\r\n"])
def test_the_date_is_of_the_clock_that_is_given(head: bytes) -> None:
    """Answers and refusals bear the date of the server's own clock."""
    server = Server(echo, port=0, now=lambda: 784111777.0)
    assert b"\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n" in exchange(server, head)
    server.close()


def test_connections_are_counted(server: Server) -> None:
    """Every connection counts once, however much was said over it."""
    for _ in range(3):
        exchange(server, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 2)
    assert server.connections == 3


def test_a_server_without_descriptors_waits_for_some(server: Server) -> None:
    """Where the process may open no more, a new client is not lost: it waits, and is served later."""
    resource = pytest.importorskip("resource", reason="this system has no limit to lower")
    exchange(server, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")  # now it has all that it needs to listen
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with socket.socket() as sock:
        sock.settimeout(0.2)
        lowest_unused = os.dup(sock.fileno())
        os.close(lowest_unused)
        resource.setrlimit(resource.RLIMIT_NOFILE, (lowest_unused, hard))
        try:
            sock.connect(("127.0.0.1", server.port))
            sock.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            with pytest.raises(TimeoutError):
                sock.recv(1)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        sock.settimeout(10)
        assert read_answer(sock).startswith(b"HTTP/1.1 200 ")


def tls_server(accept_handshake: Callable[[], bool] = lambda: True) -> tuple[Server, ssl.SSLContext]:
    authority = trustme.CA()
    server_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(server_context)
    client_context = ssl.create_default_context()
    authority.configure_trust(client_context)
    server = Server(echo, port=0, ssl_context=server_context, accept_handshake=accept_handshake)
    return server, client_context


def test_tls_is_spoken_where_a_context_is_given() -> None:
    """With an SSL context the same answers come over TLS."""
    server, context = tls_server()
    with connection(server) as raw, context.wrap_socket(raw, server_hostname="localhost") as sock:
        sock.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert read_answer(sock).startswith(b"HTTP/1.1 200 ")
        server.close()
    assert threads_of(server.port) == []


def test_a_failed_handshake_ends_that_connection_only() -> None:
    """Plain HTTP to a TLS port, and a client without trust, leave the server serving."""
    server, context = tls_server()
    with connection(server) as sock:
        sock.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b"200 OK" not in read_to_end(sock)
    distrustful = ssl.create_default_context()
    with connection(server) as raw, pytest.raises(ssl.SSLCertVerificationError):
        distrustful.wrap_socket(raw, server_hostname="localhost")
    with connection(server) as raw, context.wrap_socket(raw, server_hostname="localhost") as sock:
        sock.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert read_answer(sock).startswith(b"HTTP/1.1 200 ")
    server.close()


def test_close_does_not_wait_for_a_handshake() -> None:
    """A client that connects and never shakes hands is cut off like any other."""
    server, _ = tls_server()
    with connection(server) as silent:
        with connection(server) as sock:  # once this one is answered, the first has been accepted
            sock.sendall(b"not TLS\r\n\r\n")
            read_to_end(sock)
        server.close()
        assert read_to_end(silent) == b""
    assert threads_of(server.port) == []


def test_a_handshake_can_be_broken_off() -> None:
    """If the server aborts the handshake, the client gets an alert at once."""
    answers = iter([False, True])
    server, context = tls_server(lambda: next(answers))
    with connection(server) as raw, pytest.raises(ssl.SSLError, match="HANDSHAKE_FAILURE"):
        context.wrap_socket(raw, server_hostname="localhost")
    with connection(server) as raw, context.wrap_socket(raw, server_hostname="localhost") as sock:
        sock.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert read_answer(sock).startswith(b"HTTP/1.1 200 ")
    server.close()


def test_a_thread_that_does_not_start_costs_one_connection(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the system has no thread left, the client is turned away, and the next one finds the server."""
    start, refused = threading.Thread.start, [True]

    def start_or_not(thread: threading.Thread) -> None:
        if refused:
            refused.pop()
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", start_or_not)
    with connection(server) as sock:
        assert read_to_end(sock) == b""
    assert exchange(server, b"GET /after HTTP/1.1\r\nHost: x\r\n\r\n").endswith(b"GET /after? ")
    assert server.connections == 2
