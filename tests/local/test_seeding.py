"""Keys that a test adds with a past: `LocalKMS.add_key`."""

import re
import time
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from support.local_client import OTHER_ACCOUNT, Client, client, last_usage

from awskms_lite.local import LocalKMS
from awskms_lite.local.kms.keys import KEY_STATES

LAUNCH = datetime(2026, 4, 27, 12, 0, 0, 123000, tzinfo=UTC)


def test_an_unused_key_has_an_empty_usage(kms: LocalKMS, call: Client) -> None:
    """A key never used is answered with `{}`, and its tracking starts with its creation."""
    answer = call("GetKeyLastUsage", KeyId=kms.add_key(created=LAUNCH))
    assert answer["KeyLastUsage"] == {}
    assert answer["TrackingStartDate"] == answer["KeyCreationDate"] == LAUNCH.timestamp()


def test_a_past_is_kept_to_the_millisecond(kms: LocalKMS, call: Client) -> None:
    """Creation, tracking and use come back as they were given, in seconds with milliseconds."""
    created = datetime(2020, 2, 29, 23, 59, 59, 999000, tzinfo=UTC)
    used = datetime(2026, 6, 1, 14, 30, 0, 1000, tzinfo=UTC).astimezone(tz=None)
    answer = call("GetKeyLastUsage", KeyId=kms.add_key(created=created, tracking_start=LAUNCH, last_usage=used))
    assert answer["KeyCreationDate"] == 1583020799.999
    assert answer["TrackingStartDate"] == LAUNCH.timestamp()
    assert answer["KeyLastUsage"]["Timestamp"] == used.timestamp()
    assert answer["KeyLastUsage"]["Operation"] == "Decrypt"


def test_a_past_use_can_be_given_in_wire_members(kms: LocalKMS, call: Client) -> None:
    """Members given are answered as they are, an operation newer than everyone included."""
    usage: dict[str, str | datetime] = {
        "Operation": "Teleport",
        "Timestamp": LAUNCH,
        "CloudTrailEventId": "e",
        "KmsRequestId": "r",
    }
    arn = kms.add_key(last_usage=usage)
    assert last_usage(call, arn) == {**usage, "Timestamp": LAUNCH.timestamp()}


def test_what_a_past_use_leaves_out_is_made_up(kms: LocalKMS, call: Client) -> None:
    """Each member left out gets a plausible value, the key clock's now for the time."""
    usage = last_usage(call, kms.add_key(last_usage={"Operation": "Sign"}))
    assert usage["Operation"] == "Sign"
    assert abs(usage["Timestamp"] - time.time()) < 60
    assert UUID(usage["CloudTrailEventId"]) != UUID(usage["KmsRequestId"])


def test_a_past_that_kms_has_no_names_for_is_refused(kms: LocalKMS, call: Client) -> None:
    """Unknown key states and unknown usage members are ValueErrors that list what there is, and add no key."""
    with pytest.raises(ValueError, match=r"'Deleted' is not a key state of KMS: .*PendingDeletion"):
        kms.add_key(state="Deleted")
    with pytest.raises(ValueError, match=r"no member 'operation': .*Operation"):
        kms.add_key(last_usage={"operation": "Decrypt"})
    with pytest.raises(ValueError, match="Timestamp is not an aware datetime: '2026'"):
        kms.add_key(last_usage={"Timestamp": "2026"})
    with pytest.raises(ValueError, match="Operation is not a str: 5"):
        kms.add_key(last_usage={"Operation": 5})
    with pytest.raises(ValueError, match="12 digits"):
        kms.add_key(account_id="1")
    assert call("ListKeys")["Keys"] == []


def test_a_seeded_key_can_be_of_any_kind(kms: LocalKMS, call: Client) -> None:
    """Spec, origin, manager, description, tags and aliases are returned as they were given."""
    arn = kms.add_key(
        spec="ECC_NIST_P256",
        origin="EXTERNAL",
        description="mine",
        tags={"team": "blue"},
        aliases=["alias/one", "alias/two"],
    )
    told = call("DescribeKey", KeyId="alias/two")["KeyMetadata"]
    assert (told["Arn"], told["KeySpec"], told["KeyUsage"]) == (arn, "ECC_NIST_P256", "SIGN_VERIFY")
    assert (told["Origin"], told["ExpirationModel"]) == ("EXTERNAL", "KEY_MATERIAL_DOES_NOT_EXPIRE")
    assert (told["Description"], told["KeyManager"]) == ("mine", "CUSTOMER")
    assert call("ListResourceTags", KeyId=arn)["Tags"] == [{"TagKey": "team", "TagValue": "blue"}]
    assert len(call("ListAliases", KeyId=arn)["Aliases"]) == 2
    hsm_key = kms.add_key(origin="AWS_CLOUDHSM")
    assert call("DescribeKey", KeyId=hsm_key)["KeyMetadata"]["Origin"] == "AWS_CLOUDHSM"


@pytest.mark.parametrize("state", KEY_STATES)
def test_a_key_can_be_in_any_state(kms: LocalKMS, call: Client, state: str) -> None:
    """The metadata has the state and the members that belong to it, and no others."""
    metadata = call("DescribeKey", KeyId=kms.add_key(state=state))["KeyMetadata"]
    assert (metadata["KeyState"], metadata["Enabled"]) == (state, state == "Enabled")
    assert ("DeletionDate" in metadata) == (state == "PendingDeletion")
    assert ("PendingDeletionWindowInDays" in metadata) == (state == "PendingReplicaDeletion")
    assert metadata["Origin"] == ("EXTERNAL" if state == "PendingImport" else "AWS_KMS")


def test_a_key_pending_deletion_is_gone_when_its_time_comes(kms: LocalKMS, call: Client) -> None:
    """DeletionDate is 30 days of key time away; from then on the key is neither found nor listed."""
    arn = kms.add_key(state="PendingDeletion")
    metadata = call("DescribeKey", KeyId=arn)["KeyMetadata"]
    assert (metadata["KeyState"], metadata["Enabled"]) == ("PendingDeletion", False)
    assert abs(metadata["DeletionDate"] - metadata["CreationDate"] - 30 * 86400) < 1
    kms.advance(timedelta(days=29))
    assert call("GetKeyLastUsage", KeyId=arn)["KeyLastUsage"] == {}
    kms.advance(timedelta(days=1))
    assert call.error("GetKeyLastUsage", KeyId=arn).error == "NotFoundException"
    assert call("ListKeys")["Keys"] == []


def test_a_seeded_multi_region_key_has_a_past_in_each_region(kms: LocalKMS, call: Client) -> None:
    """A primary and its replica have one key id, and each its own creation and last usage."""
    primary = kms.add_key(multi_region=True, created=LAUNCH)
    replica = kms.add_key(replica_of=primary, region="eu-west-1", last_usage=LAUNCH)
    assert primary.rpartition("/")[2] == replica.rpartition("/")[2]
    there = client(kms, region="eu-west-1")
    assert last_usage(call, primary) == {}
    assert last_usage(there, replica)["Timestamp"] == LAUNCH.timestamp()
    told = there("DescribeKey", KeyId=replica)["KeyMetadata"]["MultiRegionConfiguration"]
    assert (told["MultiRegionKeyType"], told["PrimaryKey"]["Arn"]) == ("REPLICA", primary)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"manager": "ME"}, "'ME' is not a key manager of KMS: pass one of CUSTOMER, AWS"),
        ({"spec": "AES"}, "'AES' is not a key spec of KMS: pass one of SYMMETRIC_DEFAULT, "),
        ({"origin": "HOME"}, "'HOME' is not a key origin of KMS: pass one of AWS_KMS, "),
        ({"state": "PendingImport", "origin": "AWS_KMS"}, "only a key of origin EXTERNAL is in PendingImport"),
        ({"aliases": ["mine"]}, "'mine' is not an alias name: pass one like 'alias/mine'"),
        ({"aliases": ["alias/m\u00fc"]}, "is not an alias name"),
        ({"aliases": ["alias/taken"]}, "'alias/taken' is taken in us-east-1: pass another alias"),
        ({"replica_of": "arn:aws:kms:us-east-1:111122223333:key/x"}, "is not a primary key of 111122223333"),
    ],
)
def test_a_seeded_key_that_could_not_be_is_refused(
    kms: LocalKMS, call: Client, arguments: dict[str, Any], words: str
) -> None:
    """What KMS has no names for, or could not make, is a ValueError that says why, and adds no key."""
    kms.add_key(aliases=["alias/taken"])
    with pytest.raises(ValueError, match=re.escape(words)):
        kms.add_key(**arguments)
    assert len(call("ListKeys")["Keys"]) == 1


def test_a_seeded_replica_needs_a_primary_and_a_region_of_its_own(kms: LocalKMS) -> None:
    """A replica of a replica, of another account's key, in a region taken, or of another spec is refused."""
    primary = kms.add_key(multi_region=True)
    replica = kms.add_key(replica_of=primary, region="eu-west-1")
    leaving = kms.add_key(multi_region=True, state="PendingDeletion")
    with pytest.raises(ValueError, match="is not a primary key"):
        kms.add_key(replica_of=replica, region="eu-west-2")
    with pytest.raises(ValueError, match="is not a primary key of 444455556666"):
        kms.add_key(replica_of=primary, region="eu-west-2", account_id=OTHER_ACCOUNT)
    with pytest.raises(ValueError, match="has a key in eu-west-1"):
        kms.add_key(replica_of=primary, region="eu-west-1")
    with pytest.raises(ValueError, match="leave them and multi_region out"):
        kms.add_key(replica_of=primary, region="eu-west-2", spec="HMAC_256")
    with pytest.raises(ValueError, match="PendingReplicaDeletion"):
        kms.add_key(replica_of=leaving, region="eu-west-2")


@pytest.mark.parametrize(
    ("argument", "words"),
    [
        ({"aliases": "alias/shop"}, r"aliases='alias/shop' is a single str: .*aliases=\['alias/shop'\]"),
        ({"shared_with": "444455556666"}, "shared_with='444455556666' is a single str"),
        ({"aliases": ["alias/a", 5]}, "not a collection of str"),
        ({"aliases": 5}, "not a collection of str"),
        ({"shared_with": [444455556666]}, "not a collection of str"),
        ({"tags": "team=shop"}, "tags='team=shop' is not a mapping of str to str"),
        ({"tags": [("team", "shop")]}, "is not a mapping of str to str"),
        ({"tags": {"team": None}}, "is not a mapping of str to str"),
        ({"tags": {1: "shop"}}, "is not a mapping of str to str"),
        ({"description": 5}, "description=5 is not a str"),
        ({"account_id": 111122223333}, "account_id=111122223333 is not a str"),
        ({"region": ["us-east-1"]}, "region=.* is not a str"),
        ({"region": ""}, "'' is not a region"),
        ({"state": None}, "is not a str"),
        ({"spec": ["HMAC_256"]}, "is not a str"),
        ({"replica_of": 5}, "replica_of=5 is not a str"),
        ({"multi_region": "no"}, "multi_region='no' is not a bool: pass True or False"),
    ],
)
def test_an_argument_of_another_kind_is_named(
    kms: LocalKMS, call: Client, argument: dict[str, Any], words: str
) -> None:
    """What add_key is given has to be of the kind that it asks for, and no key is added else."""
    with pytest.raises(ValueError, match=words):
        kms.add_key(**argument)
    assert call("ListKeys")["Keys"] == []


@pytest.mark.parametrize(
    ("moment", "words"),
    [
        ("2024-01-15", "aware datetime"),
        (date(2024, 1, 15), "aware datetime"),
        (1_700_000_000, "aware datetime"),
        (datetime(2024, 1, 15), "has no time zone: pass an aware datetime"),  # noqa: DTZ001 - that it has none
    ],
)
@pytest.mark.parametrize("member", ["created", "tracking_start", "last_usage", "Timestamp"])
def test_a_time_is_an_aware_datetime(kms: LocalKMS, call: Client, member: str, moment: Any, words: str) -> None:
    """For anything else add_key raises ValueError and says what to pass, and adds no key."""
    times = {"last_usage": {"Timestamp": moment}} if member == "Timestamp" else {member: moment}
    with pytest.raises(ValueError, match=words):
        kms.add_key(**times)
    assert call("ListKeys")["Keys"] == []
