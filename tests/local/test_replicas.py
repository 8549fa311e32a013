"""Multi-Region keys of LocalKMS: creation, replication, change of the primary, deletion."""

from datetime import timedelta
from typing import Any

import pytest
from support.local_client import OPEN_POLICY, Client, client, last_usage

from awskms_lite.local import LocalKMS

DAY = timedelta(days=1)


@pytest.fixture
def there(kms: LocalKMS) -> Client:
    return client(kms, region="eu-west-1")


def made(call: Client, **members: object) -> str:
    """Make a primary key; give its key id, which is good in every region."""
    return str(call("CreateKey", MultiRegion=True, **members)["KeyMetadata"]["KeyId"])


def told(call: Client, key: str) -> dict[str, Any]:
    metadata: dict[str, Any] = call("DescribeKey", KeyId=key)["KeyMetadata"]
    return metadata


def arn(region: str, key: str) -> str:
    return f"arn:aws:kms:{region}:111122223333:key/{key}"


def test_a_multi_region_key_is_a_primary_at_first(call: Client) -> None:
    """Its id begins with mrk-, and it is the primary of a set of one."""
    key = made(call)
    assert key.startswith("mrk-")
    assert told(call, key)["MultiRegion"] is True
    assert told(call, key)["MultiRegionConfiguration"] == {
        "MultiRegionKeyType": "PRIMARY",
        "PrimaryKey": {"Arn": arn("us-east-1", key), "Region": "us-east-1"},
        "ReplicaKeys": [],
    }
    assert "MultiRegionConfiguration" not in call("CreateKey")["KeyMetadata"]


def test_a_replica_has_the_id_and_a_life_of_its_own(call: Client, there: Client) -> None:
    """The replica has its own description, tags and policy, and the metadata of both keys lists the two."""
    key = made(call, Description="first", Tags=[{"TagKey": "a", "TagValue": "1"}])
    tags = [{"TagKey": "b", "TagValue": "2"}]
    answer = call(
        "ReplicateKey", KeyId=key, ReplicaRegion="eu-west-1", Description="second", Tags=tags, Policy=OPEN_POLICY
    )
    replica = told(there, key)
    being_made = {**replica, "KeyState": "Creating", "Enabled": False}
    assert answer == {"ReplicaKeyMetadata": being_made, "ReplicaPolicy": OPEN_POLICY, "ReplicaTags": tags}
    assert (replica["Arn"], replica["Description"]) == (arn("eu-west-1", key), "second")
    assert replica["KeyState"] == "Enabled"
    assert replica["MultiRegionConfiguration"] == {
        "MultiRegionKeyType": "REPLICA",
        "PrimaryKey": {"Arn": arn("us-east-1", key), "Region": "us-east-1"},
        "ReplicaKeys": [{"Arn": arn("eu-west-1", key), "Region": "eu-west-1"}],
    }
    primary = told(call, key)["MultiRegionConfiguration"]
    assert primary == {**replica["MultiRegionConfiguration"], "MultiRegionKeyType": "PRIMARY"}
    assert call("ListResourceTags", KeyId=key)["Tags"] == [{"TagKey": "a", "TagValue": "1"}]
    assert "ReplicaTags" not in call("ReplicateKey", KeyId=key, ReplicaRegion="eu-west-2")


def test_what_one_region_encrypts_another_decrypts(call: Client, there: Client) -> None:
    """The material is shared, and each key's last usage is its own."""
    key = made(call)
    call("ReplicateKey", KeyId=key, ReplicaRegion="eu-west-1")
    sealed = call("Encrypt", KeyId=key, Plaintext="cGxhaW4=")
    assert last_usage(there, key) == {}
    opened = there("Decrypt", CiphertextBlob=sealed["CiphertextBlob"])
    assert (opened["Plaintext"], opened["KeyId"]) == ("cGxhaW4=", arn("eu-west-1", key))
    assert (last_usage(call, key)["Operation"], last_usage(there, key)["Operation"]) == ("Encrypt", "Decrypt")


def test_a_mac_is_the_same_in_every_region(call: Client, there: Client) -> None:
    """HMAC keys share their material too."""
    key = made(call, KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")
    call("ReplicateKey", KeyId=key, ReplicaRegion="eu-west-1")
    members = {"KeyId": key, "Message": "eA==", "MacAlgorithm": "HMAC_SHA_256"}
    assert there("VerifyMac", Mac=call("GenerateMac", **members)["Mac"], **members)["MacValid"] is True


def test_a_replica_does_not_copy_imported_material(kms: LocalKMS, call: Client, there: Client) -> None:
    """The replica of a key of origin EXTERNAL waits for its own import."""
    key = kms.add_key(multi_region=True, origin="EXTERNAL")
    call("ReplicateKey", KeyId=key, ReplicaRegion="eu-west-1")
    replica = told(there, key.rpartition("/")[2])
    assert (replica["KeyState"], replica["Origin"]) == ("PendingImport", "EXTERNAL")


@pytest.mark.parametrize(
    ("region", "error"),
    [
        ("us-east-1", "AlreadyExistsException"),
        ("eu-west-1", "AlreadyExistsException"),
        ("cn-north-1", "UnsupportedOperationException"),
        ("nowhere", "ValidationException"),
        ("us-east-1\n", "ValidationException"),
        ("us-east-\u0661", "ValidationException"),
        (None, "ValidationException"),
    ],
)
def test_a_replica_has_a_region_of_its_own(call: Client, region: str | None, error: str) -> None:
    """A region that has the key, that is of another partition, or that is none, is refused."""
    key = made(call)
    call("ReplicateKey", KeyId=key, ReplicaRegion="eu-west-1")
    assert call.error("ReplicateKey", KeyId=key, ReplicaRegion=region).error == error


@pytest.mark.parametrize(
    ("operation", "member"), [("ReplicateKey", "ReplicaRegion"), ("UpdatePrimaryRegion", "PrimaryRegion")]
)
def test_only_a_primary_key_is_replicated_or_replaced(
    kms: LocalKMS, call: Client, there: Client, operation: str, member: str
) -> None:
    """A replica, and a key of one Region, are UnsupportedOperationException."""
    key = made(call)
    call("ReplicateKey", KeyId=key, ReplicaRegion="eu-west-1")
    for client_of, identifier in ((there, key), (call, kms.add_key())):
        answer = client_of.error(operation, KeyId=identifier, **{member: "eu-west-2"})
        assert answer.error == "UnsupportedOperationException"


def test_a_replica_can_become_the_primary(call: Client, there: Client) -> None:
    """UpdatePrimaryRegion swaps the two, and what only a primary can do goes with it."""
    key = made(call)
    call("ReplicateKey", KeyId=key, ReplicaRegion="eu-west-1")
    assert call("UpdatePrimaryRegion", KeyId=key, PrimaryRegion="eu-west-1") == {}
    turned = told(call, key)["MultiRegionConfiguration"]
    assert (turned["MultiRegionKeyType"], turned["PrimaryKey"]["Region"]) == ("REPLICA", "eu-west-1")
    assert [replica["Region"] for replica in turned["ReplicaKeys"]] == ["us-east-1"]
    there("ReplicateKey", KeyId=key, ReplicaRegion="eu-west-2")


@pytest.mark.parametrize(
    ("region", "error"),
    [("eu-west-2", "NotFoundException"), ("us-east-1", "UnsupportedOperationException")],
)
def test_the_primary_goes_where_there_is_a_replica(call: Client, region: str, error: str) -> None:
    """A region without the key, and the primary's own, are refused."""
    assert call.error("UpdatePrimaryRegion", KeyId=made(call), PrimaryRegion=region).error == error


def test_a_disabled_replica_does_not_become_the_primary(call: Client, there: Client) -> None:
    """Both keys must be enabled."""
    key = made(call)
    call("ReplicateKey", KeyId=key, ReplicaRegion="eu-west-1")
    there("DisableKey", KeyId=key)
    answer = call.error("UpdatePrimaryRegion", KeyId=key, PrimaryRegion="eu-west-1")
    assert (answer.error, answer.message) == ("DisabledException", f"{arn('eu-west-1', key)} is disabled.")


def test_a_primary_waits_for_its_last_replica(kms: LocalKMS, call: Client, there: Client) -> None:
    """Its window begins when the last replica is gone, even where nobody asks in between."""
    key = made(call)
    for region in ("eu-west-1", "eu-west-2"):
        call("ReplicateKey", KeyId=key, ReplicaRegion=region)
    scheduled = call("ScheduleKeyDeletion", KeyId=key, PendingWindowInDays=10)
    assert scheduled == {
        "KeyId": arn("us-east-1", key), "KeyState": "PendingReplicaDeletion", "PendingWindowInDays": 10,
    }  # fmt: skip
    waiting = told(call, key)
    assert waiting["PendingDeletionWindowInDays"] == 10
    assert "DeletionDate" not in waiting
    there("ScheduleKeyDeletion", KeyId=key, PendingWindowInDays=7)
    last = client(kms, region="eu-west-2")("ScheduleKeyDeletion", KeyId=key, PendingWindowInDays=8)
    kms.advance(7 * DAY)
    assert told(call, key)["KeyState"] == "PendingReplicaDeletion"
    kms.advance(5 * DAY)
    ending = told(call, key)
    assert ending["KeyState"] == "PendingDeletion"
    assert ending["DeletionDate"] == last["DeletionDate"] + 10 * 86400
    assert "PendingDeletionWindowInDays" not in ending
    kms.advance(6 * DAY)
    assert call.error("DescribeKey", KeyId=key).error == "NotFoundException"


def test_a_primary_and_its_replica_are_deleted_by_one_advance(kms: LocalKMS, call: Client, there: Client) -> None:
    """If the clock passes both windows at once, the replica and its primary are deleted."""
    key = made(call)
    call("ReplicateKey", KeyId=key, ReplicaRegion="eu-west-1")
    call("ScheduleKeyDeletion", KeyId=key)
    there("ScheduleKeyDeletion", KeyId=key)
    kms.advance(60 * DAY)
    assert call("ListKeys")["Keys"] == there("ListKeys")["Keys"] == []


def test_the_deletion_of_a_waiting_primary_can_be_cancelled(kms: LocalKMS, call: Client, there: Client) -> None:
    """Cancelled in PendingReplicaDeletion it is disabled, and the end of its replicas does not touch it."""
    key = made(call)
    call("ReplicateKey", KeyId=key, ReplicaRegion="eu-west-1")
    call("ScheduleKeyDeletion", KeyId=key)
    call("CancelKeyDeletion", KeyId=key)
    there("ScheduleKeyDeletion", KeyId=key)
    kms.advance(100 * DAY)
    assert told(call, key)["KeyState"] == "Disabled"
    assert told(call, key)["MultiRegionConfiguration"]["ReplicaKeys"] == []


def test_a_replica_goes_by_itself(kms: LocalKMS, call: Client, there: Client) -> None:
    """Deleting a replica leaves its primary, and the region is free for another."""
    key = made(call)
    call("ReplicateKey", KeyId=key, ReplicaRegion="eu-west-1")
    assert there("ScheduleKeyDeletion", KeyId=key, PendingWindowInDays=7)["KeyState"] == "PendingDeletion"
    assert call.error("ReplicateKey", KeyId=key, ReplicaRegion="eu-west-1").error == "AlreadyExistsException"
    kms.advance(7 * DAY)
    assert told(call, key)["KeyState"] == "Enabled"
    call("ReplicateKey", KeyId=key, ReplicaRegion="eu-west-1")


def test_rotation_is_the_primarys_and_reaches_all(kms: LocalKMS, call: Client, there: Client) -> None:
    """The primary's rotation renews the material of every region; a replica shows it and cannot change it."""
    key = made(call)
    call("ReplicateKey", KeyId=key, ReplicaRegion="eu-west-1")
    sealed = there("Encrypt", KeyId=key, Plaintext="eA==")
    assert there.error("EnableKeyRotation", KeyId=key).error == "UnsupportedOperationException"
    call("EnableKeyRotation", KeyId=key, RotationPeriodInDays=90)
    assert there("GetKeyRotationStatus", KeyId=key) == call("GetKeyRotationStatus", KeyId=key)
    there("DisableKey", KeyId=key)
    kms.advance(90 * DAY)
    there("EnableKey", KeyId=key)
    assert len(there("ListKeyRotations", KeyId=key)["Rotations"]) == 1
    assert told(call, key)["CurrentKeyMaterialId"] == told(there, key)["CurrentKeyMaterialId"]
    assert call("Decrypt", CiphertextBlob=sealed["CiphertextBlob"])["Plaintext"] == "eA=="


def test_a_replica_does_not_make_up_for_its_primary(kms: LocalKMS, call: Client, there: Client) -> None:
    """While the primary is disabled its rotation stays due, whatever becomes of a replica."""
    key = made(call)
    call("ReplicateKey", KeyId=key, ReplicaRegion="eu-west-1")
    call("EnableKeyRotation", KeyId=key, RotationPeriodInDays=90)
    call("DisableKey", KeyId=key)
    kms.advance(90 * DAY)
    there("DisableKey", KeyId=key)
    there("EnableKey", KeyId=key)
    assert there("ListKeyRotations", KeyId=key)["Rotations"] == []
    call("EnableKey", KeyId=key)
    assert len(there("ListKeyRotations", KeyId=key)["Rotations"]) == 1


def test_a_new_primary_takes_the_rotation_over(kms: LocalKMS, call: Client, there: Client) -> None:
    """A rotation that was planned happens by the state of the key that is the primary then."""
    key = made(call)
    call("ReplicateKey", KeyId=key, ReplicaRegion="eu-west-1")
    call("EnableKeyRotation", KeyId=key, RotationPeriodInDays=90)
    call("UpdatePrimaryRegion", KeyId=key, PrimaryRegion="eu-west-1")
    call("DisableKey", KeyId=key)
    kms.advance(90 * DAY)
    assert len(there("ListKeyRotations", KeyId=key)["Rotations"]) == 1
