"""What tests put at the two ends of a call: servers with faults as told, and the three ways to call.

A `ScriptedServer` is loopback only and bounded: every wait in it ends after `PATIENCE` seconds at the latest.
A `Way` makes one test serve the synchronous client and the asynchronous one under asyncio and trio, whose
event loop runs in a thread of its own.
"""

import json
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from types import TracebackType
from typing import Any, Self

import anyio.lowlevel
import httpx
import trustme
from anyio.from_thread import BlockingPortal, start_blocking_portal

from awskms_lite.async_client import AsyncKMSClient
from awskms_lite.client import KMSClient
from awskms_lite.identity import Credentials
from awskms_lite.models.usage import GetKeyLastUsageResponse

PATIENCE = 10.0
"""Seconds after which whatever a test waits for counts as not coming."""

KEY_ID = "1234abcd-12ab-34cd-56ef-1234567890ab"
CREDENTIALS = Credentials("AKIA111122223333TEST", "secret/of/the/TESTS+0123456789abcdefghij")
USED = (
    b'{"KeyId":"1234abcd-12ab-34cd-56ef-1234567890ab",'
    b'"KeyLastUsage":{"Operation":"Decrypt","Timestamp":1.777300000123E9}}'
)


class TLSWithin:
    """The server's end of TLS within a connection that is under way, be it TLS too, in the part of a socket."""

    def __init__(self, sock: socket.socket, context: ssl.SSLContext) -> None:
        self._outer = sock
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._inner = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self._perform(self._inner.do_handshake)

    def _perform(self, function: Callable[..., Any], *args: Any) -> Any:
        while True:
            try:
                return function(*args)
            except ssl.SSLWantReadError:
                self._outer.sendall(self._outgoing.read())
                if piece := self._outer.recv(65536):
                    self._incoming.write(piece)
                else:
                    self._incoming.write_eof()
            finally:
                self._outer.sendall(self._outgoing.read())

    def recv(self, size: int) -> bytes:
        received: bytes = self._perform(self._inner.read, size)
        return received

    def sendall(self, data: bytes) -> None:
        self._perform(self._inner.write, data)

    def close(self) -> None:
        self._outer.close()


class ServedConnection:
    """One connection, seen by the script that serves it."""

    def __init__(self, sock: socket.socket, number: int, server: "ScriptedServer") -> None:
        self._sock: Any = sock
        self._server = server
        self._received = b""
        self.number = number
        """0 for the server's first connection."""
        self.requests = 0
        """How many requests came over it."""
        self.sent = 0
        """How many bytes went back."""
        self.ended_by_client = threading.Event()
        self.done = threading.Event()
        """Set when the script has come to its end, and the socket is closed."""

    def request(self) -> bytes | None:
        """Return one whole request, None when the client has left."""
        while b"\r\n\r\n" not in self._received:
            if not self._more():
                return None
        head, _, rest = self._received.partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0] or 0)
        while len(rest) < length:
            if not self._more():
                return None
            rest = self._received.partition(b"\r\n\r\n")[2]
        self._received = rest[length:]
        request = head + b"\r\n\r\n" + rest[:length]
        self._server.requests.append(request)
        self._server.asked.set()
        self.requests += 1
        return request

    def send(self, data: bytes) -> bool:
        """Send the bytes; return whether the client was still there."""
        try:
            self._sock.sendall(data)
        except OSError:
            self.ended_by_client.set()
            return False
        self.sent += len(data)
        return True

    def reset(self) -> None:
        """End the connection with a reset, as a machine that lost its memory does."""
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._sock.close()

    def start_tls(self, context: ssl.SSLContext) -> None:
        """Let what follows pass through TLS; if the client leaves in the handshake, nothing does."""
        with suppress(OSError):
            self._sock = TLSWithin(self._sock, context)

    def wait_for_bytes(self) -> None:
        """Wait until something comes."""
        self._more()

    def wait_for_end(self) -> None:
        """Send nothing more, until the client leaves or the server closes."""
        while self._more():
            pass

    def pause(self, seconds: float) -> bool:
        """Wait; return whether to go on, which is until the server closes."""
        return not self._server.closing.wait(seconds)

    def _more(self) -> bool:
        try:
            piece = self._sock.recv(65536)
        except OSError:
            piece = b""
        self._received += piece
        if not piece:
            self.ended_by_client.set()
        return bool(piece)


Script = Callable[[ServedConnection], None]


class ScriptedServer:
    """Serves its first connection by the first script, the next by the next, all further ones by the last."""

    def __init__(self, *scripts: Script, ssl_context: ssl.SSLContext | None = None) -> None:
        self._scripts = scripts
        self._ssl_context = ssl_context
        self.requests: list[bytes] = []
        self.lines: list[ServedConnection] = []
        self.asked = threading.Event()
        """Set when the first request is there."""
        self.closing = threading.Event()
        self._threads: list[threading.Thread] = []
        self._sockets: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port: int = self._listener.getsockname()[1]
        self._acceptor = threading.Thread(target=self._accept, name="scripted", daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}" if self._ssl_context is None else f"https://localhost:{self.port}"

    @property
    def connections(self) -> int:
        """How many connections came so far."""
        return len(self.lines)

    def __enter__(self) -> Self:
        self._acceptor.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.closing.set()
        socket.create_connection(("127.0.0.1", self.port)).close()  # wakes the acceptor
        self._acceptor.join(PATIENCE)
        for sock in self._sockets:
            with suppress(OSError):
                socket.socket.shutdown(sock, socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(PATIENCE)
        assert not any(thread.is_alive() for thread in self._threads), "a script does not end"

    def _accept(self) -> None:
        with self._listener:
            while True:
                sock, _ = self._listener.accept()
                if self.closing.is_set():
                    sock.close()
                    return
                sock.settimeout(PATIENCE)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._sockets.append(sock)
                line = ServedConnection(sock, len(self.lines), self)
                self.lines.append(line)
                thread = threading.Thread(target=self._serve, args=(sock, line), name="scripted", daemon=True)
                self._threads.append(thread)
                thread.start()

    def _serve(self, sock: socket.socket, line: ServedConnection) -> None:
        script = self._scripts[min(line.number, len(self._scripts) - 1)]
        with ExitStack() as stack:
            stack.callback(line.done.set)
            stack.callback(lambda: line._sock.close())
            stack.callback(sock.close)
            if self._ssl_context is not None:
                try:
                    sock = self._ssl_context.wrap_socket(sock, server_side=True)
                except OSError:
                    return
                stack.callback(sock.close)
                self._sockets.append(sock)
                line._sock = sock
            script(line)


def answer(
    body: bytes = USED, status: int = 200, *, length: int | None = None, headers: Mapping[str, str] | None = None
) -> bytes:
    """Return the bytes of an answer; `length` is what it claims to hold."""
    shown = {"Content-Length": str(len(body) if length is None else length), **(headers or {})}
    lines = "".join(f"{name}: {value}\r\n" for name, value in shown.items())
    return f"HTTP/1.1 {status} Scripted\r\n{lines}\r\n".encode() + body


def error_body(code: str, message: str | None = None) -> bytes:
    """Return the body of an awsJson1.1 error."""
    return json.dumps({"__type": code} if message is None else {"__type": code, "message": message}).encode()


def replying(*answers: bytes) -> Script:
    """Answer one request of a connection after the other, the last answer again and again."""

    def script(line: ServedConnection) -> None:
        number = 0
        while line.request() is not None:
            line.send(answers[min(number, len(answers) - 1)])
            number += 1

    return script


def blurting(data: bytes) -> Script:
    """Send the bytes after the first that come, whatever they are, then leave."""

    def script(line: ServedConnection) -> None:
        line.wait_for_bytes()
        line.send(data)

    return script


def cut_off(data: bytes = b"") -> Script:
    """Send the bytes after one request, then leave in good order."""

    def script(line: ServedConnection) -> None:
        line.request()
        line.send(data)

    return script


def resetting(data: bytes = b"") -> Script:
    """Send the bytes after one request, then reset the connection."""

    def script(line: ServedConnection) -> None:
        line.request()
        line.send(data)
        line.reset()

    return script


def silent(line: ServedConnection) -> None:
    """Take a request and never say a word."""
    line.request()
    line.wait_for_end()


def dripping(data: bytes, *, every: float, at_once: int = 0) -> Script:
    """Send the first bytes at once and then a byte at a time, each after so many seconds."""

    def script(line: ServedConnection) -> None:
        line.request()
        line.send(data[:at_once])
        for byte in data[at_once:]:
            if not line.pause(every) or not line.send(bytes([byte])):
                return

    return script


def forwarding(line: ServedConnection) -> None:
    """Be a forward proxy for http: pass each request on to the host that its absolute target names."""
    while (request := line.request()) is not None:
        method, target, rest = request.split(b" ", 2)
        url = httpx.URL(target.decode())
        with socket.create_connection((url.host, url.port or 80), timeout=PATIENCE) as onward:
            head, _, body = rest.partition(b"\r\n\r\n")
            path = url.raw_path
            onward.sendall(method + b" " + path + b" " + head + b"\r\nConnection: close\r\n\r\n" + body)
            while piece := onward.recv(65536):
                line.send(piece)
        return


def tunnelling(context: ssl.SSLContext, script: Script) -> Script:
    """Be a proxy for https, and the host behind it too: agree to the tunnel, and follow the script within TLS."""

    def tunnel(line: ServedConnection) -> None:
        if line.request() is not None:
            line.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
            line.start_tls(context)
            script(line)

    return tunnel


class TLS:
    """An authority of the tests' own, a server's context with its certificate, and a client's that trusts it."""

    def __init__(self) -> None:
        self._authority = trustme.CA()
        self.server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._authority.issue_cert("localhost").configure_cert(self.server)
        self.client = ssl.create_default_context()
        self._authority.configure_trust(self.client)

    def write_root(self, path: str) -> None:
        """Write the authority's certificate as PEM."""
        self._authority.cert_pem.write_to_path(path)


class Caller:
    """A client of either kind, called as if it were synchronous."""

    def __init__(self, client: KMSClient | AsyncKMSClient, way: "Way") -> None:
        self.client = client
        self._way = way

    def get_key_last_usage(self, key_id: Any, *, timeout: float | None = None) -> GetKeyLastUsageResponse:
        call = partial(self.client.get_key_last_usage, key_id, timeout=timeout)
        answer: GetKeyLastUsageResponse = self._way.run(call)
        return answer

    def resolve_credentials(self) -> Credentials:
        credentials: Credentials = self._way.run(self.client.resolve_credentials)
        return credentials

    def close(self) -> None:
        client: Any = self.client
        self._way.run(client.close if self._way.is_sync else client.aclose)


class Way:
    """A way to call: "sync", "asyncio" or "trio"."""

    def __init__(self, name: str, stack: ExitStack) -> None:
        self.name = name
        self._stack = stack
        self._portal: BlockingPortal | None = None
        if name != "sync":
            self._portal = stack.enter_context(start_blocking_portal(name))
        self.pauses: list[float] = []
        """What clients have waited for instead of sleeping, in seconds."""

    @property
    def is_sync(self) -> bool:
        return self._portal is None

    def client(self, **options: Any) -> Caller:
        """Make a client that is closed with the test, that never sleeps and draws the highest number."""
        return self.client_of((KMSClient, AsyncKMSClient), **options)

    def client_of(self, kinds: tuple[type[Any], type[Any]], **options: Any) -> Caller:
        """Make such a client of another service, of which `kinds` are the synchronous and the asynchronous one."""
        given = {"sleep": self.sleep if self.is_sync else self.sleep_async, "random": lambda: 1.0, **options}
        caller = Caller(kinds[not self.is_sync](**given), self)
        self._stack.callback(caller.close)
        return caller

    def http_client(self, **options: Any) -> Any:
        """Make the httpx client that goes with this way; it is closed with the test."""
        client = (httpx.Client if self.is_sync else httpx.AsyncClient)(**options)
        self._stack.callback(self.close_http, client)
        return client

    def close_http(self, client: Any) -> None:
        self.run(client.close if self.is_sync else client.aclose)

    def run(self, function: Callable[..., Any], *args: Any) -> Any:
        """Call the function, in the event loop if there is one, and return what it returns."""
        return function(*args) if self._portal is None else self._portal.call(function, *args)

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)

    async def sleep_async(self, seconds: float) -> None:
        self.pauses.append(seconds)
        await anyio.lowlevel.checkpoint()


WAYS = ("sync", "asyncio", "trio")


@contextmanager
def open_way(name: str) -> Iterator[Way]:
    """Yield a way to call, and end what was made by it, latest first."""
    with ExitStack() as stack:
        yield Way(name, stack)
