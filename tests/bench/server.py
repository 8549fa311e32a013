"""A KMS that has one answer: as little server as can be, so that what is measured is the client.

Prints its port, answers every POST with the same used key, and ends when its standard input does. A quota may be
given, as RATE BURST [OTHERS BEGIN]: calls a second, how many of them are saved up, and how many a second others
make from so many seconds after the first request on. Requests above it are throttled; any GET tells how many were.
"""

import asyncio
import json
import re
import sys
from math import inf
from time import perf_counter

BODY = (
    b'{"KeyCreationDate":1.700000000123E9,"KeyId":"1234abcd-12ab-34cd-56ef-1234567890ab","KeyLastUsage":{'
    b'"CloudTrailEventId":"0c5b1d3e-8a52-4a5c-9b8e-3f2d1c0b9a87","KmsRequestId":"6f0b8f2e-53e0-4b5c-a4c9-'
    b'5d7f0e1a2b3c","Operation":"Decrypt","Timestamp":1.780000000456E9},"TrackingStartDate":1.777300000789E9}'
)
THROTTLED = b'{"__type":"ThrottlingException","message":"Rate exceeded"}'
HEAD = (
    b"HTTP/1.1 %s\r\nx-amzn-RequestId: 9d3f6c1a-7b2e-4c58-8f10-2a6b4d5e7c90\r\n"
    b"Cache-Control: no-cache, no-store, must-revalidate, private\r\nExpires: 0\r\nPragma: no-cache\r\n"
    b"Date: Mon, 01 Jun 2026 12:00:00 GMT\r\nContent-Type: application/x-amz-json-1.1\r\n"
    b"Content-Length: %d\r\n\r\n%s"
)
ANSWER = HEAD % (b"200 OK", len(BODY), BODY)
REFUSAL = HEAD % (b"400 Bad Request", len(THROTTLED), THROTTLED)
LENGTH = re.compile(rb"\r\ncontent-length: *([0-9]+)", re.IGNORECASE)


class Quota:
    """A token bucket: `rate` a second, `burst` at the most and at first; from `begin` on others take some."""

    def __init__(self, rate: float, burst: float, others: float = 0, begin: float = inf) -> None:
        self._rate, self._tokens, self._burst = rate, burst, burst
        self._others, self._begin = others, begin
        self._first = self._at = inf
        self.counts = {"all": 0, "throttled": 0}

    def admits(self) -> bool:
        """Return whether one more request may be answered, and count it."""
        now = perf_counter()
        self._first, self._at = min(self._first, now), min(self._at, now)
        rate = self._rate - (self._others if now - self._first >= self._begin else 0)
        self._tokens = min(self._tokens + (now - self._at) * rate, self._burst)
        self._at = now
        admitted = self._tokens >= 1
        self._tokens -= admitted
        self.counts["all"] += 1
        self.counts["throttled"] += not admitted
        return admitted


class Connection(asyncio.Protocol):
    """One client's connection, kept alive; asyncio has turned Nagle's algorithm off."""

    def __init__(self, quota: Quota | None) -> None:
        self._quota = quota

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.received = b""

    def data_received(self, data: bytes) -> None:
        self.received += data
        while (end := self.received.find(b"\r\n\r\n")) >= 0:
            length = LENGTH.search(self.received, 0, end)
            whole = end + 4 + int(length[1] if length else 0)
            if len(self.received) < whole:
                return
            get = self.received.startswith(b"GET")
            self.received = self.received[whole:]
            self.transport.write(self._counts() if get else self._answer())

    def _answer(self) -> bytes:
        return ANSWER if self._quota is None or self._quota.admits() else REFUSAL

    def _counts(self) -> bytes:
        told = json.dumps(self._quota and self._quota.counts).encode()
        return HEAD % (b"200 OK", len(told), told)


async def main() -> None:
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    loop.add_reader(sys.stdin.fileno(), ended.set)
    quota = Quota(*map(float, sys.argv[1:])) if sys.argv[1:] else None
    server = await loop.create_server(lambda: Connection(quota), "127.0.0.1", 0, backlog=256)
    print(server.sockets[0].getsockname()[1], flush=True)
    await ended.wait()


if __name__ == "__main__":
    asyncio.run(main())
