"""What type checkers know of the methods of both clients: mypy and pyright, both strict, accept all of this."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Protocol, assert_type

import awskms_lite
from awskms_lite import AssumeRole, AsyncKMSClient, Credentials, KMSClient
from awskms_lite.models import (
    AliasListEntry,
    CustomKeyStoresListEntry,
    DecryptResponse,
    DescribeKeyResponse,
    GetKeyLastUsageResponse,
    KeyListEntry,
    KeyMetadata,
    KeySpec,
    KMSResponse,
    ListKeysResponse,
    Tag,
)
from awskms_lite.paging import AsyncListing, Listing

if TYPE_CHECKING:
    from collections.abc import Coroutine


def plain_calls(kms: KMSClient) -> None:
    """Take the result itself from a method of the synchronous client."""
    assert_type(kms.get_key_last_usage("k"), GetKeyLastUsageResponse)
    assert_type(kms.get_key_last_usage(key_id="k", timeout=1.5), GetKeyLastUsageResponse)
    assert_type(kms.decrypt(b"c", encryption_context={"a": "b"}), DecryptResponse)
    assert_type(kms.tag_resource("k", [Tag(tag_key="a", tag_value="b")]), KMSResponse)
    assert_type(
        kms.create_key(key_spec=KeySpec.RSA_2048, key_usage="SIGN_VERIFY").key_metadata, KeyMetadata | None
    )
    assert_type(kms.list_keys(limit=5), ListKeysResponse)
    assert_type(kms.iter_list_keys(limit=5), Listing[KeyListEntry])
    assert_type(next(kms.iter_list_aliases()), AliasListEntry)
    assert_type([key.key_id for key in kms.iter_list_keys()], list[str | None])
    assert_type(kms.wait_until_enabled("k", timeout=60), KeyMetadata)
    assert_type(kms.wait_until_custom_key_store_connected("s"), CustomKeyStoresListEntry)
    kms.wait_until_deleted("k", timeout=60)


async def awaited_calls(kms: AsyncKMSClient) -> None:
    """Await the same result from a method of the asynchronous client; a listing is not awaited."""
    assert_type(await kms.get_key_last_usage("k"), GetKeyLastUsageResponse)
    assert_type(await kms.get_key_last_usage(key_id="k", timeout=1.5), GetKeyLastUsageResponse)
    assert_type(await kms.decrypt(b"c", encryption_context={"a": "b"}), DecryptResponse)
    assert_type(await kms.list_keys(limit=5), ListKeysResponse)
    assert_type(kms.iter_list_keys(limit=5), AsyncListing[KeyListEntry])
    assert_type([key.key_id async for key in kms.iter_list_keys()], list[str | None])
    assert_type(await kms.wait_until_enabled("k", timeout=60), KeyMetadata)
    await kms.wait_until_deleted("k", timeout=60)
    coroutine: Coroutine[Any, Any, DescribeKeyResponse] = kms.describe_key("k")
    assert_type(await coroutine, DescribeKeyResponse)


async def calls_by_the_class(kms: KMSClient, other: AsyncKMSClient) -> None:
    """Take a method from the class, and call it with a client of that."""
    assert_type(KMSClient.get_key_last_usage(kms, "k"), GetKeyLastUsageResponse)
    assert_type(await AsyncKMSClient.get_key_last_usage(other, "k"), GetKeyLastUsageResponse)
    assert_type(KMSClient.iter_list_keys(kms), Listing[KeyListEntry])
    assert_type(AsyncKMSClient.iter_list_keys(other), AsyncListing[KeyListEntry])


class Mine(KMSClient):
    """A subclass that overrides."""

    def get_key_last_usage(self, key_id: str, *, timeout: float | None = None) -> GetKeyLastUsageResponse:
        return assert_type(super().get_key_last_usage(key_id, timeout=timeout), GetKeyLastUsageResponse)

    def iter_list_keys(self, **_: object) -> Listing[KeyListEntry]:
        return assert_type(super().iter_list_keys(limit=5), Listing[KeyListEntry])


class AsyncMine(AsyncKMSClient):
    """The same of the other client."""

    async def get_key_last_usage(self, key_id: str, *, timeout: float | None = None) -> GetKeyLastUsageResponse:
        return assert_type(await super().get_key_last_usage(key_id, timeout=timeout), GetKeyLastUsageResponse)


class Reads(Protocol):
    """What a user's code needs of a client."""

    def describe_key(self, key_id: str) -> DescribeKeyResponse: ...


class AsyncReads(Protocol):
    """The same, awaited."""

    async def describe_key(self, key_id: str) -> DescribeKeyResponse: ...


def protocols(kms: KMSClient, other: AsyncKMSClient) -> tuple[Reads, AsyncReads]:
    """Each client is what a protocol asks for that has its methods."""
    return kms, other


def credentials_of_any_kind(keys: Credentials) -> None:
    """Take credentials, a function that returns them, and a role; the asynchronous client awaits one too."""

    def stored() -> Credentials:
        return keys

    async def fetched() -> Credentials:
        return keys

    hub = AssumeRole("arn:aws:iam::111122223333:role/Hub", source=stored)
    role = AssumeRole("arn:aws:iam::444455556666:role/R", duration=timedelta(minutes=30), policy={}, source=hub)
    assert_type(role.duration, int | None)
    for given in (keys, stored, role, None):
        KMSClient(credentials=given, app_id="sweep")
    AsyncKMSClient(credentials=fetched)
    AsyncKMSClient(credentials=AssumeRole("arn:aws:iam::111122223333:role/Hub", duration=900, source=fetched))


def other_regions(kms: KMSClient, other: AsyncKMSClient, mine: Mine) -> None:
    """Take a client of another region, which is of the same class, without any `await`."""
    assert_type(kms.in_region("eu-west-1"), KMSClient)
    assert_type(other.in_region("eu-west-1"), AsyncKMSClient)
    assert_type(mine.in_region("eu-west-1"), Mine)


def names_of_the_package(error: awskms_lite.ServiceError, key: awskms_lite.KeyMetadata) -> None:
    """Models, errors and public modules are known by the package itself."""
    assert_type(error.message, str)
    assert_type(key, KeyMetadata)
    assert_type(awskms_lite.errors.Throttling().retryable, bool)
    assert_type(awskms_lite.TimeoutError().attempts, int)
    assert_type(awskms_lite.models.Tag, type[Tag])
