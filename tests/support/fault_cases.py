"""What the fault matrix and the soak share: the two calls, a count of keys, and time that only sleep moves."""

import time
from typing import TypeAlias

import anyio.lowlevel

from awskms_lite.client import KMSClient
from awskms_lite.local.http.faults import HandshakeFailure, RequestFault

READ, CREATE = "GetKeyLastUsage", "CreateKey"
"""The two calls of every row: one that may be sent again at will, and one that may not."""

Fault: TypeAlias = RequestFault | HandshakeFailure


def count_keys(client: KMSClient) -> int:
    """Return how many keys there are in the client's account and region."""
    return sum(1 for _ in client.iter_list_keys(page_size=1000))


class VirtualTime:
    """A clock, off by so many seconds at first, that stands still but for those who sleep by it."""

    def __init__(self, off: float = 0.0) -> None:
        self._began = self._now = time.time() + off

    def __call__(self) -> float:
        return self._now

    @property
    def slept(self) -> float:
        """The seconds that passed."""
        return round(self._now - self._began, 3)

    def sleep(self, seconds: float) -> None:
        self._now += seconds

    async def sleep_async(self, seconds: float) -> None:
        self._now += seconds
        await anyio.lowlevel.checkpoint()
