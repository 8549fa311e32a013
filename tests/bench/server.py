"""A KMS that has one answer: as little server as can be, so that what is measured is the client.

Prints its port, answers every request with the same used key, and ends when its standard input does.
"""

import asyncio
import re
import sys

BODY = (
    b'{"KeyCreationDate":1.700000000123E9,"KeyId":"1234abcd-12ab-34cd-56ef-1234567890ab","KeyLastUsage":{'
    b'"CloudTrailEventId":"0c5b1d3e-8a52-4a5c-9b8e-3f2d1c0b9a87","KmsRequestId":"6f0b8f2e-53e0-4b5c-a4c9-'
    b'5d7f0e1a2b3c","Operation":"Decrypt","Timestamp":1.780000000456E9},"TrackingStartDate":1.777300000789E9}'
)
ANSWER = (
    b"HTTP/1.1 200 OK\r\nx-amzn-RequestId: 9d3f6c1a-7b2e-4c58-8f10-2a6b4d5e7c90\r\n"
    b"Cache-Control: no-cache, no-store, must-revalidate, private\r\nExpires: 0\r\nPragma: no-cache\r\n"
    b"Date: Mon, 01 Jun 2026 12:00:00 GMT\r\nContent-Type: application/x-amz-json-1.1\r\n"
    b"Content-Length: %d\r\n\r\n%s" % (len(BODY), BODY)
)
LENGTH = re.compile(rb"\r\ncontent-length: *([0-9]+)", re.IGNORECASE)


class Connection(asyncio.Protocol):
    """One client's connection, kept alive; asyncio has turned Nagle's algorithm off."""

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
            self.received = self.received[whole:]
            self.transport.write(ANSWER)


async def main() -> None:
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    loop.add_reader(sys.stdin.fileno(), ended.set)
    server = await loop.create_server(Connection, "127.0.0.1", 0, backlog=256)
    print(server.sockets[0].getsockname()[1], flush=True)
    await ended.wait()


if __name__ == "__main__":
    asyncio.run(main())
