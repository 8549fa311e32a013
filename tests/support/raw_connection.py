"""A connection to LocalKMS whose every byte a test can look at."""

import json
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from support.servers import PATIENCE

from awskms_lite.local import LocalKMS
from awskms_lite.sigv4 import Request, sign


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


class RawConnection:
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

    def codes(self, count: int, operation: str = "ListKeys") -> list[str]:
        """Return the error codes of so many calls, "" for one that succeeds."""
        return [self.call(operation).json.get("__type", "") for _ in range(count)]


@contextmanager
def connect_to(kms: LocalKMS, context: ssl.SSLContext | None = None) -> Iterator[RawConnection]:
    """Connect; with a context over TLS, where an end without a farewell is an error."""
    port = urlsplit(kms.endpoint_url).port
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as raw:
        if context is None:
            yield RawConnection(raw, kms)
            return
        with context.wrap_socket(raw, server_hostname="localhost", suppress_ragged_eofs=False) as sock:
            yield RawConnection(sock, kms)
