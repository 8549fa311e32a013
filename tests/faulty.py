"""What the fault matrix and the soak share: a call that changes something, and time that only sleep moves.

The clients have no method yet that changes anything, so CreateKey and ListKeys stand here as rows of their own.
"""

import time
from collections.abc import Awaitable
from typing import TypeAlias, overload

import anyio.lowlevel
from attrs import frozen

from awskms_lite.async_client import AsyncKMSClient
from awskms_lite.call import call
from awskms_lite.client import KMSClient
from awskms_lite.local.misbehaviour import HandshakeFailure, RequestFault
from awskms_lite.models.members import KMSResponse
from awskms_lite.operations import Operation

READ, CREATE = "GetKeyLastUsage", "CreateKey"
"""The two calls of every row: one that may be sent again at will, and one that may not."""

Fault: TypeAlias = RequestFault | HandshakeFailure


@frozen
class CreateKeyRequest:
    description: str


@frozen
class KeyMetadata:
    description: str | None = None


@frozen(kw_only=True)
class CreateKeyResponse(KMSResponse):
    key_metadata: KeyMetadata | None = None


@frozen
class ListKeysRequest:
    limit: int
    marker: str | None = None


@frozen
class KeyListEntry:
    key_id: str | None = None


@frozen(kw_only=True)
class ListKeysResponse(KMSResponse):
    keys: list[KeyListEntry]
    next_marker: str | None = None


CREATE_KEY = Operation("CreateKey", CreateKeyRequest, CreateKeyResponse, errors=(), replay_safe=False)
LIST_KEYS = Operation("ListKeys", ListKeysRequest, ListKeysResponse, errors=(), replay_safe=True)


@overload
def create_key(client: KMSClient, description: str) -> CreateKeyResponse: ...
@overload
def create_key(client: AsyncKMSClient, description: str) -> Awaitable[CreateKeyResponse]: ...
def create_key(
    client: KMSClient | AsyncKMSClient, description: str
) -> CreateKeyResponse | Awaitable[CreateKeyResponse]:
    """Make a key; what the asynchronous client gives is to be awaited."""
    return client._driver.run(call(client._session, CREATE_KEY, CreateKeyRequest(description)))


def count_keys(client: KMSClient) -> int:
    """Give how many keys there are in the client's account and region."""
    count, marker = 0, None
    while True:
        page = client._driver.run(call(client._session, LIST_KEYS, ListKeysRequest(1000, marker)))
        count, marker = count + len(page.keys), page.next_marker
        if marker is None:
            return count


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
