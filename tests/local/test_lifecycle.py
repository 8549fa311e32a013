"""The life of LocalKMS's keys: which state allows what, and how a key comes to its end."""

from datetime import timedelta
from typing import Any

import pytest
from support.local_client import OPEN_POLICY, Client, client, last_usage

from awskms_lite.local import LocalKMS
from awskms_lite.local.kms.operations import OPERATIONS

DAY = timedelta(days=1)
SECONDS = 86400  # of a day


def state(call: Client, key: str) -> str:
    return str(call("DescribeKey", KeyId=key)["KeyMetadata"]["KeyState"])


# Disabled and enabled


def test_a_disabled_key_cannot_be_used_until_it_is_enabled(kms: LocalKMS, call: Client) -> None:
    """DisableKey stops all use and changes nothing else; EnableKey gives it back."""
    key = kms.add_key()
    blob = call("Encrypt", KeyId=key, Plaintext="eA==")["CiphertextBlob"]
    assert call("DisableKey", KeyId=key) == {}
    answer = call.error("Decrypt", CiphertextBlob=blob)
    assert (answer.error, answer.message) == ("DisabledException", f"{key} is disabled.")
    assert last_usage(call, key)["Operation"] == "Encrypt"
    assert call("EnableKey", KeyId=key) == {}
    assert call("Decrypt", CiphertextBlob=blob)["Plaintext"] == "eA=="


@pytest.mark.parametrize(("operation", "end"), [("EnableKey", "Enabled"), ("DisableKey", "Disabled")])
def test_switching_twice_changes_nothing(kms: LocalKMS, call: Client, operation: str, end: str) -> None:
    """Enabling an enabled key, or disabling a disabled one, is no error."""
    key = kms.add_key()
    for _ in range(2):
        call(operation, KeyId=key)
        assert state(call, key) == end


def test_an_unavailable_key_stays_unavailable(kms: LocalKMS, call: Client) -> None:
    """Switching a key whose custom key store is away succeeds, and shows only once the store is back."""
    key = kms.add_key(state="Unavailable", origin="AWS_CLOUDHSM")
    call("DisableKey", KeyId=key)
    call("EnableKey", KeyId=key)
    assert state(call, key) == "Unavailable"
    answer = call.error("Encrypt", KeyId=key, Plaintext="eA==")
    assert (answer.error, answer.message) == ("KMSInvalidStateException", f"{key} is unavailable.")


# Deletion


@pytest.mark.parametrize(("window", "days"), [({}, 30), ({"PendingWindowInDays": 7}, 7)])
def test_a_deletion_comes_after_its_window(
    kms: LocalKMS, call: Client, window: dict[str, object], days: int
) -> None:
    """ScheduleKeyDeletion returns the date; the day before the key still exists, and then it does not."""
    key = kms.add_key()
    answer = call("ScheduleKeyDeletion", KeyId=key.rpartition("/")[2], **window)
    told = call("DescribeKey", KeyId=key)["KeyMetadata"]
    assert abs(answer["DeletionDate"] - told["CreationDate"] - days * SECONDS) < 60
    assert answer == {
        "KeyId": key,
        "DeletionDate": told["DeletionDate"],
        "KeyState": "PendingDeletion",
        "PendingWindowInDays": days,
    }
    kms.advance((days - 1) * DAY)
    assert state(call, key) == "PendingDeletion"
    kms.advance(DAY)
    assert call.error("GetKeyLastUsage", KeyId=key).error == "NotFoundException"
    assert call("ListKeys")["Keys"] == []


@pytest.mark.parametrize("days", [6, 31, 0, -1])
def test_a_window_has_seven_to_thirty_days(kms: LocalKMS, call: Client, days: int) -> None:
    """Any other window is ValidationException, and the key stays as it is."""
    key = kms.add_key()
    assert call.error("ScheduleKeyDeletion", KeyId=key, PendingWindowInDays=days).error == "ValidationException"
    assert state(call, key) == "Enabled"


def test_a_deletion_can_be_cancelled(kms: LocalKMS, call: Client) -> None:
    """A key saved from its deletion is disabled, has no deletion date, and outlives the old one."""
    key = kms.add_key()
    call("ScheduleKeyDeletion", KeyId=key)
    assert call("CancelKeyDeletion", KeyId=key) == {"KeyId": key}
    assert "DeletionDate" not in call("DescribeKey", KeyId=key)["KeyMetadata"]
    kms.advance(40 * DAY)
    assert state(call, key) == "Disabled"


def test_a_deletion_scheduled_anew_has_its_own_date(kms: LocalKMS, call: Client) -> None:
    """What was cancelled and scheduled again ends with the second window, not with the first."""
    key = kms.add_key()
    call("ScheduleKeyDeletion", KeyId=key, PendingWindowInDays=7)
    call("CancelKeyDeletion", KeyId=key)
    call("ScheduleKeyDeletion", KeyId=key, PendingWindowInDays=10)
    kms.advance(8 * DAY)
    assert state(call, key) == "PendingDeletion"
    kms.advance(2 * DAY)
    assert call.error("DescribeKey", KeyId=key).error == "NotFoundException"


def test_a_key_without_material_still_waits_for_it_after_a_cancelled_deletion(call: Client) -> None:
    """A key that was never given its material cannot come back as one to enable."""
    key = call("CreateKey", Origin="EXTERNAL")["KeyMetadata"]["KeyId"]
    call("ScheduleKeyDeletion", KeyId=key)
    call("CancelKeyDeletion", KeyId=key)
    assert state(call, key) == "PendingImport"


def test_a_key_takes_its_aliases_with_it(kms: LocalKMS, call: Client) -> None:
    """With the key its aliases are gone, those of other keys stay, and the names are free again."""
    key, other = kms.add_key(aliases=["alias/old"]), kms.add_key(aliases=["alias/other"])
    blob = call("Encrypt", KeyId="alias/old", Plaintext="eA==")["CiphertextBlob"]
    call("ScheduleKeyDeletion", KeyId=key, PendingWindowInDays=7)
    kms.advance(7 * DAY)
    left = [alias["AliasName"] for alias in call("ListAliases")["Aliases"] if "TargetKeyId" in alias]
    assert left == ["alias/other"]
    assert call.error("Encrypt", KeyId="alias/old", Plaintext="eA==").error == "NotFoundException"
    assert call.error("Decrypt", CiphertextBlob=blob).error == "AccessDeniedException"
    call("CreateAlias", AliasName="alias/old", TargetKeyId=other)


# States


MEMBERS: dict[str, dict[str, object]] = {
    "CancelKeyDeletion": {},
    "CreateAlias": {"AliasName": "alias/new"},
    "DescribeKey": {},
    "DisableKey": {},
    "DisableKeyRotation": {},
    "EnableKey": {},
    "EnableKeyRotation": {},
    "Encrypt": {"Plaintext": "eA=="},
    "GenerateDataKey": {"NumberOfBytes": 1},
    "GetKeyLastUsage": {},
    "GetKeyPolicy": {},
    "GetKeyRotationStatus": {},
    "ListAliases": {},
    "ListGrants": {},
    "ListKeyPolicies": {},
    "ListKeyRotations": {},
    "ListResourceTags": {},
    "PutKeyPolicy": {"Policy": OPEN_POLICY},
    "ReplicateKey": {"ReplicaRegion": "eu-west-2"},
    "RotateKeyOnDemand": {},
    "ScheduleKeyDeletion": {},
    "TagResource": {"Tags": []},
    "UntagResource": {"TagKeys": []},
    "UpdateAlias": {"AliasName": "alias/there"},
    "UpdateKeyDescription": {"Description": ""},
    "UpdatePrimaryRegion": {"PrimaryRegion": "eu-west-1"},
}
STAYING = ("CreateAlias", "TagResource", "UntagResource", "UpdateAlias", "UpdateKeyDescription")
SETTLED = ("DisableKeyRotation", "EnableKeyRotation", "ReplicateKey", "RotateKeyOnDemand", "UpdatePrimaryRegion")
USES = ("Encrypt", "GenerateDataKey")
SWITCHES = ("DisableKey", "EnableKey")

# What a state refuses, by error code and words; everything else succeeds.
REFUSED: dict[str, dict[tuple[str, str], tuple[str, ...]]] = {
    "Enabled": {("KMSInvalidStateException", "is not pending deletion."): ("CancelKeyDeletion",)},
    "Disabled": {
        ("KMSInvalidStateException", "is not pending deletion."): ("CancelKeyDeletion",),
        ("DisabledException", "is disabled."): (*SETTLED, *USES),
    },
    "PendingDeletion": {
        ("KMSInvalidStateException", "is pending deletion."): (
            *STAYING, *SETTLED, *USES, *SWITCHES, "ScheduleKeyDeletion",
        ),
    },
    "PendingReplicaDeletion": {
        ("KMSInvalidStateException", "is pending replica deletion."): (
            *STAYING, *SETTLED, *USES, *SWITCHES, "ScheduleKeyDeletion",
        ),
    },
    "Creating": {
        ("KMSInvalidStateException", "is not pending deletion."): ("CancelKeyDeletion",),
        ("KMSInvalidStateException", "is creating."): (*SETTLED, *USES, *SWITCHES),
    },
    "Updating": {
        ("KMSInvalidStateException", "is not pending deletion."): ("CancelKeyDeletion",),
        ("KMSInvalidStateException", "is updating."): (*SETTLED, *SWITCHES, "ScheduleKeyDeletion"),
    },
}  # fmt: skip


# What each state answers to the acts of a retirement: the state afterwards, None if the act is refused.
ACTS: dict[str, tuple[str | None, str | None, str | None, str | None]] = {
    # state: DisableKey, EnableKey, ScheduleKeyDeletion, CancelKeyDeletion
    "Enabled": ("Disabled", "Enabled", "PendingDeletion", None),
    "Disabled": ("Disabled", "Enabled", "PendingDeletion", None),
    "PendingImport": (None, None, "PendingDeletion", None),
    "Creating": (None, None, "PendingDeletion", None),
    "Updating": (None, None, None, None),
    "Unavailable": ("Unavailable", "Unavailable", "PendingDeletion", None),
    "PendingDeletion": (None, None, None, "Disabled"),
    "PendingReplicaDeletion": (None, None, None, "Disabled"),
}


@pytest.mark.parametrize("before", ACTS)
@pytest.mark.parametrize("number", range(4))
def test_each_state_answers_to_the_acts_of_a_retirement(
    kms: LocalKMS, call: Client, before: str, number: int
) -> None:
    """Whatever the state, DescribeKey tells it, and a policy can be put."""
    key = kms.add_key(
        state=before,
        origin="AWS_CLOUDHSM" if before == "Unavailable" else None,
        multi_region=before == "PendingReplicaDeletion",
    )
    operation = ("DisableKey", "EnableKey", "ScheduleKeyDeletion", "CancelKeyDeletion")[number]
    after = ACTS[before][number]
    call("PutKeyPolicy", KeyId=key, Policy=OPEN_POLICY)
    if after is None:
        assert call.error(operation, KeyId=key).error == "KMSInvalidStateException"
    else:
        call(operation, KeyId=key)
    assert state(call, key) == (after or before)


def test_an_operation_that_only_reads_has_a_name_that_says_so() -> None:
    """AWS's access levels Read and List go by the name; all else is closed for keys that AWS manages."""
    assert {name for name, operation in OPERATIONS.items() if operation.handler and not operation.writes} == {
        name
        for name, operation in OPERATIONS.items()
        if operation.handler and name.startswith(("Describe", "Get", "List"))
    }


@pytest.mark.parametrize("state", REFUSED)
@pytest.mark.parametrize("operation", MEMBERS)
def test_each_state_allows_what_the_developer_guide_says(kms: LocalKMS, state: str, operation: str) -> None:
    """In each key state each operation succeeds, or fails with the error and the message of KMS."""
    call = client(kms)
    kms.add_key(aliases=["alias/there"])
    primary = kms.add_key(multi_region=True, state="Enabled" if state == "PendingDeletion" else state)
    if state == "PendingDeletion":
        call("ScheduleKeyDeletion", KeyId=primary)
    else:
        kms.add_key(replica_of=primary, region="eu-west-1")
    member = "TargetKeyId" if "Alias" in operation and operation != "ListAliases" else "KeyId"
    members: dict[str, Any] = {member: primary, **MEMBERS[operation]}
    refusals = [refusal for refusal, operations in REFUSED[state].items() if operation in operations]
    if not refusals:
        call(operation, **members)
        return
    answer = call.error(operation, **members)
    assert [(answer.error, answer.message.removeprefix(f"{primary} "))] == refusals


@pytest.mark.parametrize(
    ("operation", "error"),
    [
        ("EnableKey", "KMSInvalidStateException"),
        ("DisableKey", "KMSInvalidStateException"),
        ("Encrypt", "KMSInvalidStateException"),
        ("CancelKeyDeletion", "KMSInvalidStateException"),
        ("EnableKeyRotation", "UnsupportedOperationException"),
        ("TagResource", None),
        ("ScheduleKeyDeletion", None),
    ],
)
def test_a_key_that_waits_for_its_import_can_be_managed(
    kms: LocalKMS, call: Client, operation: str, error: str | None
) -> None:
    """A key in PendingImport can be tagged and deleted, and neither used nor switched."""
    members = {"KeyId": kms.add_key(state="PendingImport"), **MEMBERS[operation]}
    if error is None:
        call(operation, **members)
    else:
        assert call.error(operation, **members).error == error


@pytest.mark.parametrize("operation", ["CreateAlias", "UpdateAlias"])
def test_an_alias_can_leave_a_key_that_is_to_be_deleted(kms: LocalKMS, call: Client, operation: str) -> None:
    """Only the key that an alias goes to must not be pending deletion."""
    leaving, staying = kms.add_key(state="PendingDeletion", aliases=["alias/there"]), kms.add_key()
    call("UpdateAlias", AliasName="alias/there", TargetKeyId=staying)
    answer = call.error(operation, AliasName="alias/there", TargetKeyId=leaving)
    assert (answer.error, answer.message) == ("KMSInvalidStateException", f"{leaving} is pending deletion.")


# AWS managed keys


@pytest.mark.parametrize("operation", MEMBERS)
def test_an_aws_managed_key_can_be_read_only(kms: LocalKMS, call: Client, operation: str) -> None:
    """Whatever would change or use an AWS managed key is AccessDeniedException; reading it is not."""
    kms.add_key(aliases=["alias/there"])
    key = kms.add_key(manager="AWS", aliases=["alias/aws/ebs"])
    member = "TargetKeyId" if "Alias" in operation and operation != "ListAliases" else "KeyId"
    members: dict[str, Any] = {member: key, **MEMBERS[operation]}
    if operation.startswith(("Describe", "Get", "List")):
        call(operation, **members)
        return
    denied = call.error(operation, **members)
    assert denied.error == "AccessDeniedException"
    assert f"kms:{operation} on resource: {key} because no resource-based policy" in denied.body["Message"]


def test_an_aws_managed_key_says_so(kms: LocalKMS, call: Client) -> None:
    """Its KeyManager is AWS, and it is found by its predefined alias."""
    key = kms.add_key(manager="AWS", aliases=["alias/aws/ebs"])
    told = call("DescribeKey", KeyId="alias/aws/ebs")["KeyMetadata"]
    assert (told["Arn"], told["KeyManager"]) == (key, "AWS")
