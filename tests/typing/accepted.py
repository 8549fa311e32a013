"""What type checkers know of the methods of both clients: mypy and pyright, both strict, accept all of this."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NoReturn, Protocol, assert_type

import awskms_lite
from awskms_lite import (
    AssumeRole,
    AsyncCloudTrailClient,
    AsyncKMSClient,
    CloudTrailClient,
    Credentials,
    KMSClient,
)
from awskms_lite.audit import AsyncAudit, Audit, audit, audit_async
from awskms_lite.models import (
    AliasListEntry,
    CustomKeyStoresListEntry,
    DataKeySpec,
    DecryptForRecipientResponse,
    DecryptResponse,
    DescribeKeyResponse,
    Event,
    GetKeyLastUsageResponse,
    GrantOperation,
    KeyListEntry,
    KeyMetadata,
    KeySpec,
    KMSResponse,
    ListKeysResponse,
    LookupEventsResponse,
    RecipientInfo,
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
    assert_type(kms.tag_resource("k", [Tag(tag_key="a", tag_value="b"), Tag("c", "d")]), KMSResponse)
    assert_type(kms.tag_resource("k", {"a": "b"}), KMSResponse)
    assert_type(kms.untag_resource("k", {"a", "b"}), KMSResponse)
    assert_type(kms.create_key(key_spec=KeySpec.RSA_2048, key_usage="SIGN_VERIFY").key_metadata, KeyMetadata)
    assert_type(kms.create_key(tags={"a": "b"}, policy={"Version": "2012-10-17"}).key_metadata.arn, str)
    assert_type(kms.describe_key("k", timeout=timedelta(seconds=5)).key_metadata.key_spec, KeySpec | str)
    assert_type(kms.resolve_key("alias/orders"), str)
    assert_type(kms.list_keys(limit=5), ListKeysResponse)
    assert_type(kms.iter_list_keys(page_size=5, max_items=9), Listing[KeyListEntry])
    assert_type(next(kms.iter_list_aliases()), AliasListEntry)
    assert_type([key.key_id for key in kms.iter_list_keys()], list[str])
    assert_type(kms.wait_until_enabled("k", timeout=60), KeyMetadata)
    assert_type(kms.wait_until_custom_key_store_connected("s"), CustomKeyStoresListEntry)
    kms.wait_until_deleted("k", timeout=60)


async def lookups(trail: CloudTrailClient, other: AsyncCloudTrailClient, time: datetime) -> None:
    """Take pages of events, and iterators over all of them, from either client."""
    assert_type(trail.lookup_events(attribute_key="EventId", attribute_value="a"), LookupEventsResponse)
    assert_type(await other.lookup_events(start_time=time, max_results=5), LookupEventsResponse)
    assert_type(trail.iter_lookup_events(end_time=time, max_pages=2), Listing[Event])
    assert_type(other.iter_lookup_events(page_size=5, max_items=9), AsyncListing[Event])
    assert_type(next(trail.iter_lookup_events()).encryption_context, Mapping[str, str] | None)
    assert_type([event.error_code async for event in other.iter_lookup_events()], list[str | None])
    assert_type(trail.in_region("eu-west-1"), CloudTrailClient)
    assert_type(await other.resolve_credentials(), Credentials)
    with trail as same:
        assert_type(same, CloudTrailClient)
    async with other as another:
        assert_type(another, AsyncCloudTrailClient)


def calls_with_overloads(
    kms: KMSClient, recipient: RecipientInfo, either: RecipientInfo | None, dry: bool
) -> None:
    """Take results whose type depends on the arguments; what goes together is one call, and the rest another."""
    assert_type(kms.encrypt("k", bytearray(b"p")).ciphertext_blob, bytes)
    assert_type(kms.decrypt(memoryview(b"c"), dry_run=dry).plaintext, bytes)
    assert_type(kms.decrypt(b"c", recipient=recipient).ciphertext_for_recipient, bytes)
    assert_type(kms.decrypt(b"c", recipient=either), DecryptResponse | DecryptForRecipientResponse)
    assert_type(kms.re_encrypt(b"c", destination_key_id="k").ciphertext_blob, bytes)
    assert_type(kms.generate_data_key("k", key_spec="AES_256").plaintext, bytes)
    assert_type(kms.generate_data_key("k", number_of_bytes=64).plaintext, bytes)
    assert_type(kms.generate_data_key("k", key_spec="NEWER", recipient=recipient).ciphertext_for_recipient, bytes)
    assert_type(kms.generate_data_key("k", number_of_bytes=64, recipient=recipient).ciphertext_blob, bytes)
    assert_type(kms.generate_data_key_without_plaintext("k", number_of_bytes=64).ciphertext_blob, bytes)
    assert_type(kms.generate_data_key_without_plaintext("k", key_spec=DataKeySpec.AES_128).key_id, str)
    assert_type(kms.generate_data_key_pair("k", "RSA_2048").private_key_plaintext, bytes)
    assert_type(kms.generate_data_key_pair("k", "SM2", recipient=recipient).ciphertext_for_recipient, bytes)
    assert_type(kms.generate_random(9).plaintext, bytes)
    assert_type(kms.generate_random(9, recipient=recipient).ciphertext_for_recipient, bytes)
    derived = kms.derive_shared_secret("k", public_key=b"p", key_agreement_algorithm="ECDH")
    assert_type(derived.shared_secret, bytes)
    assert_type(kms.verify("k", b"m", signature=b"s", signing_algorithm="ED25519_SHA_512").signature_valid, bool)
    assert_type(kms.retire_grant(grant_token="t"), KMSResponse)
    assert_type(kms.retire_grant(key_id="k", grant_id="g"), KMSResponse)
    grant = kms.create_grant(
        "k",
        operations={"Decrypt", GrantOperation.ENCRYPT},
        grantee_principal="arn",
        constraints={"EncryptionContextSubset": {"tenant": "42"}, "SourceArn": "arn"},
    )
    assert_type(grant.grant_token, str)


def dry_runs(kms: KMSClient) -> None:
    """Take nothing from a dry run that ignores the ciphertext: it raises, however it ends."""
    assert_type(kms.decrypt(dry_run=True, dry_run_modifiers=["IGNORE_CIPHERTEXT"]), NoReturn)


async def awaited_calls_with_overloads(kms: AsyncKMSClient, recipient: RecipientInfo) -> None:
    """Await the same from the asynchronous client."""
    assert_type((await kms.decrypt(b"c")).plaintext, bytes)
    assert_type((await kms.decrypt(b"c", recipient=recipient)).ciphertext_for_recipient, bytes)
    assert_type((await kms.re_encrypt(b"c", destination_key_id="k")).key_id, str)
    assert_type((await kms.generate_data_key("k", key_spec="AES_256")).plaintext, bytes)
    assert_type((await kms.generate_data_key("k", number_of_bytes=9)).plaintext, bytes)
    encrypted = await kms.generate_data_key("k", key_spec="AES_256", recipient=recipient)
    assert_type(encrypted.ciphertext_for_recipient, bytes)
    assert_type(await kms.retire_grant(key_id="k", grant_id="g"), KMSResponse)
    assert_type(await kms.resolve_key("alias/orders"), str)
    assert_type(await AsyncKMSClient.decrypt(kms, b"c"), DecryptResponse)


async def awaited_calls(kms: AsyncKMSClient) -> None:
    """Await the same result from a method of the asynchronous client; a listing is not awaited."""
    assert_type(await kms.get_key_last_usage("k"), GetKeyLastUsageResponse)
    assert_type(await kms.get_key_last_usage(key_id="k", timeout=1.5), GetKeyLastUsageResponse)
    assert_type(await kms.decrypt(b"c", encryption_context={"a": "b"}), DecryptResponse)
    assert_type(await kms.list_keys(limit=5), ListKeysResponse)
    assert_type(kms.iter_list_keys(page_size=5, max_items=9), AsyncListing[KeyListEntry])
    assert_type([key.key_id async for key in kms.iter_list_keys()], list[str])
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

    def get_key_last_usage(
        self, key_id: str, *, timeout: float | timedelta | None = None
    ) -> GetKeyLastUsageResponse:
        return assert_type(super().get_key_last_usage(key_id, timeout=timeout), GetKeyLastUsageResponse)

    def iter_list_keys(self, **_: object) -> Listing[KeyListEntry]:
        return assert_type(super().iter_list_keys(page_size=5, max_items=9), Listing[KeyListEntry])


class AsyncMine(AsyncKMSClient):
    """The same of the other client."""

    async def get_key_last_usage(
        self, key_id: str, *, timeout: float | timedelta | None = None
    ) -> GetKeyLastUsageResponse:
        return assert_type(await super().get_key_last_usage(key_id, timeout=timeout), GetKeyLastUsageResponse)


class Reads(Protocol):
    """What a user's code needs of a client."""

    def describe_key(self, key_id: str) -> DescribeKeyResponse: ...
    def decrypt(self, ciphertext_blob: bytes) -> DecryptResponse: ...


class AsyncReads(Protocol):
    """The same, awaited."""

    async def describe_key(self, key_id: str) -> DescribeKeyResponse: ...
    async def decrypt(self, ciphertext_blob: bytes) -> DecryptResponse: ...


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


def audits_with_a_client(kms: KMSClient, other: AsyncKMSClient) -> None:
    """Return each audit a client of its own kind."""
    assert_type(audit(client=kms, regions=["eu-west-1"]), Audit)
    assert_type(audit_async(client=other, role_arns=[]), AsyncAudit)
