"""A KMS that has one answer: as little server as can be, so that what is measured is the client.

Prints its port, answers every POST with the same used key, and ends when its standard input does. With --tls FILE
it speaks TLS, with the key and the certificates of that file; with --delay SECONDS its answers come so much later.
A quota may be given, as RATE BURST [OTHERS BEGIN]: calls a second, how many of them are saved up, and how many a
second others make from so many seconds after the first request on. Requests above it are throttled; any GET tells
how many were.
"""

import argparse
import asyncio
import json
import re
import ssl
import sys
from itertools import count
from math import inf
from time import perf_counter

BODY = (
    b'{"KeyCreationDate":1.700000000123E9,"KeyId":"1234abcd-12ab-34cd-56ef-1234567890ab","KeyLastUsage":{'
    b'"CloudTrailEventId":"0c5b1d3e-8a52-4a5c-9b8e-3f2d1c0b9a87","KmsRequestId":"6f0b8f2e-53e0-4b5c-a4c9-'
    b'5d7f0e1a2b3c","Operation":"Decrypt","Timestamp":1.780000000456E9},"TrackingStartDate":1.777300000789E9}'
)
THROTTLED = b'{"__type":"ThrottlingException","message":"Rate exceeded"}'
HEAD = (
    b"HTTP/1.1 %s\r\nx-amzn-RequestId: 9d3f6c1a-7b2e-4c58-8f10-%012x\r\n"
    b"Cache-Control: no-cache, no-store, must-revalidate, private\r\nExpires: 0\r\nPragma: no-cache\r\n"
    b"Date: Mon, 01 Jun 2026 12:00:00 GMT\r\nContent-Type: application/x-amz-json-1.1\r\n"
    b"Content-Length: %d\r\n\r\n%s"
)
NUMBERS = count()  # each answer has a request id of its own, as KMS's have
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

    def __init__(self, quota: Quota | None, delay: float) -> None:
        self._quota = quota
        self._delay = delay

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
            answer = self._counts() if get else self._answer()
            if self._delay:
                asyncio.get_running_loop().call_later(self._delay, self.transport.write, answer)
            else:
                self.transport.write(answer)

    def _answer(self) -> bytes:
        if self._quota is None or self._quota.admits():
            return response(b"200 OK", BODY)
        return response(b"400 Bad Request", THROTTLED)

    def _counts(self) -> bytes:
        return response(b"200 OK", json.dumps(self._quota and self._quota.counts).encode())


def response(status: bytes, body: bytes) -> bytes:
    return HEAD % (status, next(NUMBERS), len(body), body)


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("quota", nargs="*", type=float)
    parser.add_argument("--tls")
    parser.add_argument("--delay", type=float, default=0.0)
    options = parser.parse_args()
    context = None
    if options.tls:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(options.tls)
    quota = Quota(*options.quota) if options.quota else None
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    loop.add_reader(sys.stdin.fileno(), ended.set)
    server = await loop.create_server(
        lambda: Connection(quota, options.delay), "127.0.0.1", 0, backlog=256, ssl=context
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await ended.wait()


if __name__ == "__main__":
    asyncio.run(main())
