"""The sockets of the embedded KMS: loopback only, one thread for each connection, none left after `close`.

Threads are enough because an answer takes microseconds; plain sockets are used because the standard library's
server takes more time than the call itself.
"""

import selectors
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from uuid import uuid4

from ..clock import real_time
from ..errors import HTTPError
from .delivery import ConnectionAction, DeliveryAction, Pause
from .messages import MAX_HEAD, Request, Response, body_length, parse_head, render

_LOOPBACK = "127.0.0.1"
_CHUNK = 64 * 1024  # bytes to receive at a time; nearly every request fits in one
_LINGER = 1.0  # seconds that a refused client has to read the reason
_ACCEPT_PAUSE = 0.05  # seconds before the next accept if the system has no descriptor or memory left
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER on, for no time
_HANDSHAKE_FAILURE = b"\x15\x03\x03\x00\x02\x02\x28"  # a fatal TLS alert (RFC 8446, 6.2)

Application = Callable[[Request], Response | Iterable[DeliveryAction]]


class Connection:
    """A client's connection.

    `now` returns the time for the Date header; `closing` is set when the server closes.
    """

    def __init__(
        self, sock: socket.socket, application: Application, *, now: Callable[[], float], closing: threading.Event
    ) -> None:
        self._sock = sock
        self._application = application
        self._now = now
        self._closing = closing
        self._received = bytearray()

    def serve(self) -> None:
        """Answer requests until the client leaves, asks to close or is refused."""
        try:
            while (request := self._read_request()) is not None:
                if not self._answer(request):
                    return
        except HTTPError as error:
            text = f"{error.reason}\n".encode("ascii")
            refusal = Response(error.status, text, str(uuid4()), "text/plain")
            is_head = self._received.startswith(b"HEAD ")  # a head that is refused is still there
            self._send(refusal, keep_alive=False, head_only=is_head)
            self._linger()

    def _answer(self, request: Request) -> bool:
        # A bug in the application is not hidden: the client gets a 500 instead of no answer, and the exception
        # goes on to end this thread and reach threading.excepthook.
        answered = False
        try:
            answer = self._application(request)
            answered = True
        finally:
            if not answered:
                failure = Response(500, b'{"__type":"InternalFailure"}', str(uuid4()))
                self._send(failure, keep_alive=False, head_only=request.is_head)
        if isinstance(answer, Response):
            sent = self._send(answer, keep_alive=request.keep_alive, head_only=request.is_head)
            return sent and request.keep_alive
        return all(self._carry_out(action) for action in answer) and request.keep_alive

    def _carry_out(self, action: DeliveryAction) -> bool:
        """Carry out an action; return whether the connection goes on."""
        match action:
            case bytes():
                return self._transmit(action)
            case Pause(seconds):
                return not self._closing.wait(seconds)
            case ConnectionAction.LISTEN:
                return bool(self._received) or self._receive()
            case ConnectionAction.CLOSE:
                self._close_tls()
            case ConnectionAction.RESET:
                with suppress(OSError):  # the client was quicker
                    self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        return False

    def _close_tls(self) -> None:
        # An orderly end of TLS needs a close_notify alert, or the client must assume a truncation (RFC 8446, 6.1).
        if isinstance(self._sock, ssl.SSLSocket):
            self._sock.settimeout(0)  # do not wait for the client's own alert
            with suppress(OSError):
                self._sock.unwrap()

    def _read_request(self) -> Request | None:
        """Return the next request, None if the client has left; raise `HTTPError` for a malformed one."""
        received = self._received
        while (end := received.find(b"\r\n\r\n")) < 0:
            if b"\n\n" in received:
                raise HTTPError(400, "lines end with CR LF")
            if len(received) > MAX_HEAD:
                raise HTTPError(431, f"a request head has at most {MAX_HEAD} bytes")
            if not self._receive():
                return None
        if end > MAX_HEAD:
            raise HTTPError(431, f"a request head has at most {MAX_HEAD} bytes")
        request = parse_head(bytes(received[:end]))
        length = body_length(request.headers)
        del received[: end + 4]
        if len(received) < length and [v.lower() for v in request.values("expect")] == [b"100-continue"]:
            self._transmit(b"HTTP/1.1 100 Continue\r\n\r\n")
        while len(received) < length:
            if not self._receive():
                return None
        body = bytes(received[:length])
        del received[:length]
        return request._replace(body=body)

    def _receive(self) -> bool:
        try:
            piece = self._sock.recv(_CHUNK)
        except OSError:  # reset, timed out, or shut down by `Server.close`
            return False
        self._received += piece
        return bool(piece)

    def _send(self, response: Response, *, keep_alive: bool, head_only: bool) -> bool:
        return self._transmit(render(response, now=self._now(), keep_alive=keep_alive, head_only=head_only))

    def _transmit(self, data: bytes) -> bool:
        try:
            self._sock.sendall(data)
        except OSError:  # the client did not wait
            return False
        return True

    def _linger(self) -> None:
        # Closing over unread bytes resets the connection, and the client loses the answer (RFC 9112, 9.6).
        deadline = time.monotonic() + _LINGER
        self._sock.settimeout(_LINGER)
        _shut_down(self._sock, socket.SHUT_WR)
        while self._receive() and time.monotonic() < deadline:
            self._received.clear()


class Server:
    """A listening socket on loopback and the threads behind it; `port` 0 takes any that is free.

    With an `ssl_context` it speaks TLS; the handshake runs in the connection's own thread, and is aborted
    if `accept_handshake`, which is called once for each, returns False. `now` is seconds since 1970, for the Date
    header. `connections` is the number of connections accepted so far.
    """

    def __init__(
        self,
        application: Application,
        *,
        port: int,
        ssl_context: ssl.SSLContext | None = None,
        accept_handshake: Callable[[], bool] = lambda: True,
        now: Callable[[], float] = real_time,
    ) -> None:
        self._application = application
        self._ssl_context = ssl_context
        self._accept_handshake = accept_handshake
        self._now = now
        self.connections = 0
        self._listener = socket.create_server((_LOOPBACK, port), backlog=256)
        self._listener.setblocking(False)  # a client may be gone when it is accepted
        self.port: int = self._listener.getsockname()[1]
        self._wake, self._woken = socket.socketpair()
        self._closing = threading.Event()
        self._lock = threading.Lock()
        self._open: dict[threading.Thread, socket.socket] = {}
        self._acceptor = threading.Thread(target=self._accept, name=f"local-kms:{self.port}", daemon=True)
        self._acceptor.start()

    def close(self) -> None:
        """Stop listening, end every connection at once, and wait until the last thread is gone."""
        self._closing.set()
        self._wake.close()
        self._acceptor.join()
        with self._lock:
            threads = list(self._open)
            for sock in self._open.values():
                _shut_down(sock, socket.SHUT_RDWR)
        for thread in threads:
            thread.join()

    def _accept(self) -> None:
        # The second socket ends the wait: closing a socket does not wake a thread that waits on it.
        with self._listener, self._woken, selectors.DefaultSelector() as selector:
            selector.register(self._woken, selectors.EVENT_READ)
            selector.register(self._listener, selectors.EVENT_READ)
            while not any(key.fileobj is self._woken for key, _ in selector.select()):
                try:
                    sock, _ = self._listener.accept()
                except (BlockingIOError, ConnectionAbortedError):  # gone before it was accepted
                    continue
                except OSError:  # no descriptor or memory left: the client stays in the backlog
                    self._closing.wait(_ACCEPT_PAUSE)
                    continue
                self.connections += 1
                self._start(sock)

    def _start(self, sock: socket.socket) -> None:
        name = f"local-kms:{self.port}"
        thread = threading.Thread(target=self._serve, args=(sock,), name=name, daemon=True)
        with self._lock:
            self._open[thread] = sock
        try:
            thread.start()
        except RuntimeError:  # no thread can be started: drop this client and go on
            with self._lock:
                self._open.pop(thread).close()

    def _serve(self, sock: socket.socket) -> None:
        try:
            ready = self._prepare(sock)
            if ready is not None:
                Connection(ready, self._application, now=self._now, closing=self._closing).serve()
        finally:
            # Under the lock, or `close` might shut down a descriptor that the system has given to another socket.
            with self._lock:
                self._open.pop(threading.current_thread()).close()

    def _prepare(self, sock: socket.socket) -> socket.socket | None:
        """Return the socket ready to use, after the TLS handshake if there is one; None if that failed."""
        try:
            sock.setblocking(True)  # on BSD it inherits the listener's mode
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._ssl_context is None:
                return sock
            if not self._accept_handshake():
                sock.recv(
                    _CHUNK
                )  # the ClientHello: closing over unread bytes would reset the connection before the alert arrives
                sock.sendall(_HANDSHAKE_FAILURE)
                return None
            with self._lock:  # it takes the descriptor over from the old socket, so `close` must know it
                tls = self._ssl_context.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
                self._open[threading.current_thread()] = tls
            tls.do_handshake()
        except OSError:  # not TLS, not trusted, or gone
            return None
        return tls


def _shut_down(sock: socket.socket, how: int) -> None:
    try:
        # Not SSLSocket's own method, which discards the TLS state that the reading thread uses.
        socket.socket.shutdown(sock, how)
    except OSError:  # the client was quicker
        return
