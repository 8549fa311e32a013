"""What type checkers refuse of the methods of both clients.

Each wrong line says which complaint it earns. A complaint that does not come is an error itself, since both refuse
an ignore that nothing needs; pyrightconfig.json lets pyright ignore by its own comments alone.
"""

from typing import Protocol

from awskms_lite import AssumeRole, AsyncKMSClient, CloudTrailClient, Credentials, KMSClient
from awskms_lite.audit import audit, audit_async
from awskms_lite.models import DescribeKeyResponse, GetKeyLastUsageResponse, RecipientInfo


def plain_calls(kms: KMSClient) -> None:
    """Wrong arguments, and results taken for what they are not."""
    kms.get_key_last_usage()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    kms.get_key_last_usage(5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    kms.get_key_last_usage("k", 5)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    kms.get_key_last_usage("k", tmeout=5)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    kms.get_key_last_usage("k").verdit  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType] # noqa: B018
    kms.iter_list_keys(page_size="5")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    kms.iter_list_keys(limit=5)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    kms.wait_until_deleted("k")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    kms.no_such_operation()  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]


def lookups(trail: CloudTrailClient) -> None:
    """Wrong arguments of a lookup, and the operations of another service."""
    trail.lookup_events("EventId")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    trail.lookup_events(attribute_key=5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    trail.lookup_events(start_time="2026-06-01")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    trail.iter_lookup_events(next_token="t")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    trail.decrypt(b"c")  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]


def calls_with_overloads(kms: KMSClient, recipient: RecipientInfo) -> None:
    """Leave out what is needed, pass what excludes the rest, and take results for those of other arguments."""
    kms.decrypt()  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    kms.decrypt(dry_run=True)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    kms.decrypt("c")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
    kms.decrypt(b"c", recipient=recipient).plaintext  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType] # noqa: B018
    kms.decrypt(b"c").ciphertext_for_recipient  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType] # noqa: B018
    kms.re_encrypt(destination_key_id="k")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    kms.generate_data_key("k")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    kms.generate_data_key("k", key_spec="AES_256", number_of_bytes=32)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]
    kms.generate_data_key_without_plaintext("k")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    kms.generate_data_key_without_plaintext("k", key_spec="AES_256", number_of_bytes=32)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]
    kms.retire_grant()  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    kms.retire_grant(key_id="k")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    kms.retire_grant(grant_token="t", key_id="k", grant_id="g")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]
    kms.encrypt("k", "text")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    kms.tag_resource("k", {"a": 1})  # type: ignore[dict-item]  # pyright: ignore[reportArgumentType]
    kms.create_key(key_spec=5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


async def awaited_calls_with_overloads(kms: AsyncKMSClient) -> None:
    """Do the same to the asynchronous client."""
    await kms.decrypt()  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    await kms.generate_data_key("k")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    await kms.generate_data_key("k", key_spec="AES_256", number_of_bytes=32)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]
    await kms.retire_grant()  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    kms.decrypt(b"c").plaintext  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType] # noqa: B018


async def awaited_calls(kms: AsyncKMSClient) -> None:
    """Do the same to the asynchronous client, and await what is not awaited, or the other way round."""
    await kms.get_key_last_usage()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    await kms.get_key_last_usage(5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await kms.get_key_last_usage("k", tmeout=5)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    kms.get_key_last_usage("k").verdict  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType] # noqa: B018
    await kms.iter_list_keys()  # type: ignore[misc]  # pyright: ignore[reportGeneralTypeIssues]
    for _ in kms.iter_list_keys():  # type: ignore[attr-defined]  # pyright: ignore[reportGeneralTypeIssues, reportUnknownVariableType]
        pass


async def results_of_the_other_client(kms: KMSClient, other: AsyncKMSClient) -> GetKeyLastUsageResponse:
    """Nothing of the synchronous client is awaited."""
    await kms.get_key_last_usage("k")  # type: ignore[misc]  # pyright: ignore[reportGeneralTypeIssues]
    return other.get_key_last_usage("k")  # type: ignore[return-value]  # pyright: ignore[reportReturnType]


class Mine(KMSClient):
    """An override that callers of the base could not call."""

    def get_key_last_usage(self, key_id: int) -> str:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]
        return str(key_id)


class Reads(Protocol):
    """What a user's code needs of a client."""

    def describe_key(self, key_id: str) -> DescribeKeyResponse: ...


def protocols(other: AsyncKMSClient) -> Reads:
    """Take a client for the other kind."""
    return other  # type: ignore[return-value]  # pyright: ignore[reportReturnType]


def credentials_of_the_wrong_kind(keys: Credentials) -> None:
    """Return the synchronous client a function that has to be awaited, and others a text."""

    async def fetched() -> Credentials:
        return keys

    KMSClient(credentials=fetched)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    AsyncKMSClient(credentials="AKIA")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    AssumeRole("arn", duration="900")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    AssumeRole("arn", "nightly")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


def audits_with_a_client_of_the_other_kind(kms: KMSClient, other: AsyncKMSClient) -> None:
    """Return each audit the client that the other one takes."""
    audit(client=other)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    audit_async(client=kms)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
