"""CloudTrail of LocalKMS: which calls are events, what their records say, and how LookupEvents finds them."""

import json
import re
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from support.local_client import OPEN_POLICY, OTHER_ACCOUNT, Client, client, last_usage, records, trail
from support.local_sts import ROLE, SESSION, ask
from support.threads import run_in_threads

from awskms_lite import Credentials
from awskms_lite.local import ApiError, Error, LocalKMS
from awskms_lite.local.cloudtrail import trail as trail_module

ACCOUNT = "111122223333"
USER = f"arn:aws:iam::{ACCOUNT}:user/local"
DAY = timedelta(days=1)
SECRET = "c2VjcmV0"  # in no record


@pytest.fixture
def look(kms: LocalKMS) -> Client:
    """Return a client of CloudTrail in the default account and region."""
    return trail(kms)


def lookup(look: Client, **members: object) -> list[dict[str, Any]]:
    """Return the events of one page."""
    events: list[dict[str, Any]] = look("LookupEvents", **members)["Events"]
    return events


def by(key: str, value: str) -> dict[str, object]:
    return {"LookupAttributes": [{"AttributeKey": key, "AttributeValue": value}]}


def names(look: Client, **members: object) -> list[str]:
    return [event["EventName"] for event in lookup(look, **members)]


# What a record says


def test_a_call_is_an_event(kms: LocalKMS, call: Client, look: Client) -> None:
    """Every member of the entry and its record, for a Decrypt; its ids are those of the answer and the usage."""
    key = kms.add_key()
    blob = call("Encrypt", KeyId=key, Plaintext=SECRET, EncryptionContext={"Purpose": "a"})["CiphertextBlob"]
    body = json.dumps({"CiphertextBlob": blob, "EncryptionContext": {"Purpose": "a"}}).encode()
    answer = call.send("Decrypt", body)
    used = last_usage(call, key)
    (event,) = lookup(look, **by("EventId", used["CloudTrailEventId"]))
    record = json.loads(event.pop("CloudTrailEvent"))
    assert event == {
        "EventId": used["CloudTrailEventId"],
        "EventName": "Decrypt",
        "ReadOnly": "true",
        "AccessKeyId": kms.credentials.access_key_id,
        "EventTime": int(used["Timestamp"]),
        "EventSource": "kms.amazonaws.com",
        "Username": "local",
        "Resources": [{"ResourceType": "AWS::KMS::Key", "ResourceName": key}],
    }
    assert record.pop("userIdentity")["arn"] == USER
    assert record == {
        "eventVersion": "1.11",
        "eventTime": f"{datetime.fromtimestamp(event['EventTime'], UTC):%Y-%m-%dT%H:%M:%SZ}",
        "eventSource": "kms.amazonaws.com",
        "eventName": "Decrypt",
        "awsRegion": "us-east-1",
        "sourceIPAddress": "127.0.0.1",
        "userAgent": "",
        "requestParameters": {"encryptionAlgorithm": "SYMMETRIC_DEFAULT", "encryptionContext": {"Purpose": "a"}},
        "responseElements": None,
        "additionalEventData": {"keyMaterialId": answer.body["KeyMaterialId"]},
        "requestID": answer.headers["x-amzn-RequestId"],
        "eventID": used["CloudTrailEventId"],
        "readOnly": True,
        "resources": [{"accountId": ACCOUNT, "type": "AWS::KMS::Key", "ARN": key}],
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": ACCOUNT,
        "eventCategory": "Management",
    }


def test_no_record_has_a_secret(kms: LocalKMS, call: Client, look: Client) -> None:
    """Neither plaintext, ciphertext, data key, message, MAC nor grant token is in any record."""
    key, hmac_key = kms.add_key(), kms.add_key(spec="HMAC_256")
    blob = call("Encrypt", KeyId=key, Plaintext=SECRET)["CiphertextBlob"]
    data_key = call("GenerateDataKey", KeyId=key, NumberOfBytes=32)
    mac = call("GenerateMac", KeyId=hmac_key, Message=SECRET, MacAlgorithm="HMAC_SHA_256")["Mac"]
    call("VerifyMac", KeyId=hmac_key, Message=SECRET, MacAlgorithm="HMAC_SHA_256", Mac=mac)
    call("ReEncrypt", CiphertextBlob=blob, DestinationKeyId=key, GrantTokens=["token"])
    call("Decrypt", CiphertextBlob=blob, Unknown=SECRET)
    call.error("Sign", KeyId=key, Message=SECRET, SigningAlgorithm="ECDSA_SHA_256")
    text = json.dumps(records(look))
    hidden = (SECRET, blob, mac, data_key["Plaintext"], data_key["CiphertextBlob"], "token")
    assert text.count('"eventName"') == 7
    assert [value for value in hidden if value in text] == []


@pytest.mark.parametrize("operation", ["DisableKey", "EnableKey", "CancelKeyDeletion"])
def test_an_act_names_the_key_in_its_response(kms: LocalKMS, call: Client, look: Client, operation: str) -> None:
    """Although the call itself returns nothing, or only the ARN."""
    key = kms.add_key(state="PendingDeletion" if operation == "CancelKeyDeletion" else "Enabled")
    call(operation, KeyId=key.rpartition("/")[2])
    (record,) = records(look, "EventName", operation)
    assert record["requestParameters"] == {"keyId": key.rpartition("/")[2]}
    assert (record["responseElements"], record["readOnly"]) == ({"keyId": key}, False)
    (event,) = lookup(look, **by("EventName", operation))
    assert [resource["ResourceName"] for resource in event["Resources"]] == [key, key.rpartition("/")[2]]


def test_a_scheduled_deletion_is_told_and_then_carried_out(kms: LocalKMS, call: Client, look: Client) -> None:
    """The record of ScheduleKeyDeletion has the date; KMS's own DeleteKey comes when the date is reached."""
    key = kms.add_key()
    date = call("ScheduleKeyDeletion", KeyId=key, PendingWindowInDays=7)["DeletionDate"]
    scheduled = records(look, "ResourceName", key)[0]
    shown = scheduled["responseElements"].pop("deletionDate")
    assert datetime.strptime(shown, "%b %d, %Y %I:%M:%S %p").replace(tzinfo=UTC).timestamp() == int(date)
    assert scheduled["requestParameters"] == {"keyId": key, "pendingWindowInDays": 7}
    assert scheduled["responseElements"] == {"keyId": key, "keyState": "PendingDeletion", "pendingWindowInDays": 7}
    kms.advance(8 * DAY)
    deleted = records(look, "ResourceName", key)[0]
    assert (deleted["eventName"], deleted["eventType"]) == ("DeleteKey", "AwsServiceEvent")
    assert deleted["userIdentity"] == {"accountId": ACCOUNT, "invokedBy": "AWS Internal"}
    assert (deleted["requestParameters"], deleted["sourceIPAddress"]) == (None, "AWS Internal")
    assert deleted["eventTime"] == f"{datetime.fromtimestamp(int(date), UTC):%Y-%m-%dT%H:%M:%SZ}"
    assert "Username" not in lookup(look, **by("EventName", "DeleteKey"))[0]


def test_policies_and_creations_are_shown(kms: LocalKMS, call: Client, look: Client) -> None:
    """A policy as its text, with what was left out; the metadata of a new key with dates for people."""
    made = call("CreateKey", Tags=[{"TagKey": "Team", "TagValue": "A"}])["KeyMetadata"]
    call("PutKeyPolicy", KeyId=made["Arn"], Policy=OPEN_POLICY)
    put, created = records(look)
    assert put["requestParameters"] == {
        "keyId": made["Arn"],
        "policyName": "default",
        "policy": OPEN_POLICY,
        "bypassPolicyLockoutSafetyCheck": False,
    }
    assert (put["responseElements"], put["resources"][0]["ARN"]) == (None, made["Arn"])
    assert created["requestParameters"] == {"tags": [{"tagKey": "Team", "tagValue": "A"}]}
    metadata = created["responseElements"]["keyMetadata"]
    assert (metadata["aWSAccountId"], metadata["keyState"]) == (ACCOUNT, "Enabled")
    assert re.fullmatch(r"[A-Z][a-z]{2} [0-9]+, [0-9]{4} [0-9]+:[0-9]{2}:[0-9]{2} [AP]M", metadata["creationDate"])


def test_an_alias_is_a_resource_beside_its_key(kms: LocalKMS, call: Client, look: Client) -> None:
    """Created, pointed elsewhere and deleted."""
    key = kms.add_key()
    call("CreateAlias", AliasName="alias/mine", TargetKeyId=key)
    call("DeleteAlias", AliasName="alias/mine")
    alias = {"accountId": ACCOUNT, "ARN": f"arn:aws:kms:us-east-1:{ACCOUNT}:alias/mine"}
    for record in records(look):
        assert record["resources"] == [alias, {"accountId": ACCOUNT, "type": "AWS::KMS::Key", "ARN": key}]


def test_a_reencryption_is_one_event_of_two_keys(kms: LocalKMS, call: Client, look: Client) -> None:
    """Found by either key, and the last usage of both."""
    old, new = kms.add_key(), kms.add_key()
    blob = call("Encrypt", KeyId=old, Plaintext="eA==")["CiphertextBlob"]
    call("ReEncrypt", CiphertextBlob=blob, DestinationKeyId=new)
    ids = {last_usage(call, key)["CloudTrailEventId"] for key in (old, new)}
    found = [records(look, "ResourceName", key, MaxResults=50) for key in (old, new)]
    for history in found:
        (record,) = (record for record in history if record["eventName"] == "ReEncrypt")
        assert {record["eventID"]} == ids
        assert [resource["ARN"] for resource in record["resources"]] == [old, new]


# Who called


def test_a_session_is_told_with_its_role(kms: LocalKMS) -> None:
    """The role with its path is the issuer; the session's name is the user name of the entry."""
    credentials = ask(kms).credentials
    look = trail(kms, credentials=credentials)
    Client(kms, "us-east-1", credentials)("ListKeys")
    (event,) = lookup(look)
    identity = json.loads(event["CloudTrailEvent"])["userIdentity"]
    issuer = identity.pop("sessionContext")["sessionIssuer"]
    assert (issuer["type"], issuer["arn"], issuer["userName"]) == ("Role", ROLE, "KeyReader")
    assert (identity["type"], identity["arn"], identity["accountId"]) == ("AssumedRole", SESSION, OTHER_ACCOUNT)
    assert identity["principalId"] == f"{issuer['principalId']}:nightly"
    assert (event["Username"], event["AccessKeyId"]) == ("nightly", credentials.access_key_id)
    assert names(look, **by("Username", "nightly")) == ["ListKeys"]
    assert names(look, **by("AccessKeyId", credentials.access_key_id)) == ["ListKeys"]


def test_a_user_is_told_by_its_name(kms: LocalKMS, call: Client, look: Client) -> None:
    """The identity of an account's own credentials."""
    call("ListKeys")
    identity = records(look)[0]["userIdentity"]
    assert identity.pop("principalId").startswith("AIDA")
    assert identity == {
        "type": "IAMUser",
        "arn": USER,
        "accountId": ACCOUNT,
        "accessKeyId": kms.credentials.access_key_id,
        "userName": "local",
    }


def test_a_call_across_accounts_is_in_both_histories(kms: LocalKMS) -> None:
    """Two events of one sharedEventID: whole for the caller, without its name for the owner of the key."""
    key = kms.add_key(shared_with=[OTHER_ACCOUNT])
    client(kms, account_id=OTHER_ACCOUNT)("DescribeKey", KeyId=key)
    (theirs,) = records(trail(kms, account_id=OTHER_ACCOUNT))
    (ours,) = records(trail(kms))
    assert theirs["sharedEventID"] == ours["sharedEventID"]
    assert len({theirs["eventID"], ours["eventID"], ours["sharedEventID"]}) == 3
    assert (theirs["recipientAccountId"], ours["recipientAccountId"]) == (OTHER_ACCOUNT, ACCOUNT)
    assert theirs["userIdentity"]["arn"] == f"arn:aws:iam::{OTHER_ACCOUNT}:user/local"
    identity = ours["userIdentity"]
    assert (identity["type"], identity["accountId"], "arn" in identity) == ("AWSAccount", OTHER_ACCOUNT, False)
    assert (
        ours["resources"] == theirs["resources"] == [{"accountId": ACCOUNT, "type": "AWS::KMS::Key", "ARN": key}]
    )


def test_a_denied_call_is_in_the_history_of_its_caller_alone(kms: LocalKMS) -> None:
    """As AccessDenied, with the text that the caller got."""
    key = kms.add_key()
    answer = client(kms, account_id=OTHER_ACCOUNT).error("DescribeKey", KeyId=key)
    (record,) = records(trail(kms, account_id=OTHER_ACCOUNT))
    assert (record["errorCode"], record["errorMessage"]) == ("AccessDenied", answer.body["Message"])
    assert records(trail(kms)) == []


# What is refused


@pytest.mark.parametrize("name", ["arn", "id", "alias"])
def test_a_denied_call_names_its_key(kms: LocalKMS, call: Client, look: Client, name: str) -> None:
    """Also if the operation is denied for every key."""
    key = kms.add_key(aliases=["alias/mine"])
    kms.deny("Encrypt")
    given = {"arn": key, "id": key.rpartition("/")[2], "alias": "alias/mine"}[name]
    call.error("Encrypt", KeyId=given, Plaintext="eA==")
    (record,) = records(look, "ResourceName", key)
    assert (record["errorCode"], record["resources"][0]["ARN"]) == ("AccessDenied", key)


@pytest.mark.parametrize(
    ("state", "code", "words"),
    [
        ("Disabled", "DisabledException", "is disabled."),
        ("PendingDeletion", "KMSInvalidStateException", "is pending deletion."),
    ],
)
def test_a_refused_use_is_an_event(
    kms: LocalKMS, call: Client, look: Client, state: str, code: str, words: str
) -> None:
    """Of the key, with code and text, and no last usage."""
    key = kms.add_key(state=state)
    call.error("GenerateDataKey", KeyId=key, KeySpec="AES_256")
    (record,) = records(look, "ResourceName", key)
    assert (record["errorCode"], record["errorMessage"]) == (code, f"{key} {words}")
    assert (record["responseElements"], record["resources"][0]["ARN"]) == (None, key)
    assert last_usage(call, key) == {}


def test_other_failures_are_events(kms: LocalKMS, call: Client, look: Client) -> None:
    """Of a denial, a missing key, a dry run and an operation that LocalKMS lacks."""
    key = kms.add_key()
    kms.deny("DescribeKey", key=key)
    calls: dict[str, dict[str, object]] = {
        "DescribeKey": {"KeyId": key},
        "GetKeyPolicy": {"KeyId": "mrk-" + "0" * 32},
        "Encrypt": {"KeyId": key, "Plaintext": "eA==", "DryRun": True},
        "Sign": {"KeyId": key, "Message": "eA==", "SigningAlgorithm": "ECDSA_SHA_256"},
    }
    for operation, members in calls.items():
        call.error(operation, **members)
    codes = {record["eventName"]: record["errorCode"] for record in records(look)}
    assert codes == {
        "DescribeKey": "AccessDenied",
        "GetKeyPolicy": "NotFoundException",
        "Encrypt": "DryRunOperationException",
        "Sign": "UnsupportedOperationException",
    }


def test_an_answer_of_the_test_is_an_event(kms: LocalKMS, call: Client, look: Client) -> None:
    """A stub, with the key that it was asked about, as success and as error."""
    key = kms.add_key(spec="ECC_NIST_P256")
    kms.answer("Sign", {"Signature": SECRET})
    kms.answer("Sign", ApiError("KMSInternalException"))
    members = {"KeyId": key, "Message": "eA==", "SigningAlgorithm": "ECDSA_SHA_256"}
    call("Sign", **members)
    call.error("Sign", **members)
    failed, signed = records(look, "ResourceName", key)
    assert (failed["errorCode"], "errorCode" in signed) == ("KMSInternalException", False)
    assert signed["requestParameters"] == {"keyId": key, "signingAlgorithm": "ECDSA_SHA_256"}


def test_what_is_no_call_is_no_event(kms: LocalKMS, call: Client, look: Client) -> None:
    """A wrong signature, a throttled call, a fault, a body that is not JSON; nor are calls of other services."""
    Client(kms, kms.region, Credentials(kms.credentials.access_key_id, "wrong")).error("ListKeys")
    kms.set_quota("ListKeys", 0.001)
    call("ListKeys")
    call.error("ListKeys")
    kms.inject_fault(Error("KMSInternalException"), times=1)
    call.error("ListAliases")
    call.send("ListAliases", b"[")
    ask(kms)
    assert names(look) == ["ListKeys"]
    assert names(look) == ["ListKeys"]


# Uses that a test adds


def test_a_use_of_the_past_is_the_last_usage_and_an_event(kms: LocalKMS, call: Client, look: Client) -> None:
    """Under one event id, which `use` returns; an earlier one is an event only."""
    now = datetime.now(UTC)
    key = kms.add_key(created=now - 100 * DAY)
    late = kms.use(key, "Sign", at=now - 10 * DAY)
    early = kms.use(key, at=now - 20 * DAY)
    assert last_usage(call, key)["CloudTrailEventId"] == late
    assert last_usage(call, key)["Timestamp"] == pytest.approx((now - 10 * DAY).timestamp(), abs=0.001)
    found = [event for event in lookup(look, **by("ResourceName", key)) if event["EventName"] != "GetKeyLastUsage"]
    assert [event["EventId"] for event in found] == [late, early]
    assert found[1]["EventTime"] == int((now - 20 * DAY).timestamp())


def test_the_usage_that_a_key_is_added_with_is_an_event(kms: LocalKMS, look: Client) -> None:
    """With the ids that it was given."""
    usage = {"Operation": "Encrypt", "CloudTrailEventId": "event", "KmsRequestId": "request"}
    key = kms.add_key(last_usage=usage)
    (record,) = records(look, "EventId", "event")
    assert (record["eventName"], record["requestID"], record["resources"][0]["ARN"]) == ("Encrypt", "request", key)


def test_a_use_before_tracking_started_is_not_tracked(kms: LocalKMS, call: Client, look: Client) -> None:
    """CloudTrail has it, and GetKeyLastUsage does not."""
    now = datetime.now(UTC)
    key = kms.add_key(created=now - 100 * DAY, tracking_start=now - 5 * DAY)
    event_id = kms.use(key, at=now - 6 * DAY)
    assert last_usage(call, key) == {}
    assert records(look, "EventId", event_id)[0]["eventName"] == "Decrypt"


@pytest.mark.parametrize(
    ("principal", "invoked_by", "identity"),
    [
        (None, None, {"type": "IAMUser", "arn": USER}),
        (f"arn:aws:iam::{ACCOUNT}:user/a/alice", None, {"type": "IAMUser", "userName": "alice"}),
        (f"arn:aws:iam::{ACCOUNT}:root", None, {"type": "Root", "principalId": ACCOUNT}),
        (ACCOUNT, None, {"type": "Root", "arn": f"arn:aws:iam::{ACCOUNT}:root"}),
        (
            f"arn:aws:iam::{ACCOUNT}:role/app/App",
            None,
            {"type": "AssumedRole", "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/App/session"},
        ),
        (
            f"arn:aws:sts::{ACCOUNT}:assumed-role/App/i-1",
            "s3.amazonaws.com",
            {"type": "AssumedRole", "invokedBy": "s3.amazonaws.com"},
        ),
        (None, "rds.amazonaws.com", {"type": "AWSService", "invokedBy": "rds.amazonaws.com"}),
        (OTHER_ACCOUNT, None, {"type": "AWSAccount", "accountId": OTHER_ACCOUNT}),
    ],
)
def test_a_use_is_by_whom_the_test_says(
    kms: LocalKMS, look: Client, principal: str | None, invoked_by: str | None, identity: dict[str, str]
) -> None:
    """A user, an account, a role, a session, a service, or a service on behalf of a session."""
    key = kms.add_key()
    context = {"aws:s3:arn": "arn:aws:s3:::bucket"}
    event_id = kms.use(key, principal=principal, invoked_by=invoked_by, encryption_context=context)
    (record,) = records(look, "EventId", event_id)
    assert identity.items() <= record["userIdentity"].items()
    assert record["sourceIPAddress"] == (invoked_by or "127.0.0.1")
    assert record["requestParameters"]["encryptionContext"] == context
    assert last_usage(client(kms), key)["CloudTrailEventId"] == event_id


@pytest.mark.parametrize(
    ("state", "code", "words"),
    [
        ("Disabled", "DisabledException", "is disabled."),
        ("PendingDeletion", "DisabledException", "is pending deletion."),
        ("PendingDeletion", "KMSInvalidStateException", "is pending deletion."),
        ("Enabled", "DisabledException", "is disabled."),
        ("Enabled", "KMSInvalidStateException", "is pending deletion."),
        ("Unavailable", "KMSInvalidStateException", "is unavailable."),
        ("Enabled", "KMSInternalException", None),
    ],
)
def test_a_refused_use_can_be_added(
    kms: LocalKMS, call: Client, look: Client, state: str, code: str, words: str | None
) -> None:
    """With either code for a key that is pending deletion; it is no last usage."""
    key = kms.add_key(state=state, origin="AWS_CLOUDHSM" if state == "Unavailable" else None)
    event_id = kms.use(key, error_code=code)
    (record,) = records(look, "EventId", event_id)
    message = None if words is None else f"{key} {words}"
    assert (record["errorCode"], record.get("errorMessage")) == (code, message)
    assert last_usage(call, key) == {}


@pytest.mark.parametrize(
    ("operation", "parameters"),
    [
        ("Decrypt", {"encryptionAlgorithm", "encryptionContext"}),
        ("Encrypt", {"keyId", "encryptionAlgorithm", "encryptionContext"}),
        ("GenerateDataKey", {"keyId", "keySpec", "encryptionContext"}),
        ("ReEncrypt", {"sourceKeyId", "destinationKeyId", "sourceEncryptionContext"}),
    ],
)
def test_a_use_has_the_parameters_of_its_operation(
    kms: LocalKMS, look: Client, operation: str, parameters: set[str]
) -> None:
    """A Decrypt need not name the key, which stands in the resources."""
    key = kms.add_key()
    event_id = kms.use(key, operation, encryption_context={"a": "b"})
    (record,) = records(look, "EventId", event_id)
    assert record["requestParameters"].keys() == parameters
    assert record["resources"][0]["ARN"] == key


@pytest.mark.parametrize("code", ["AccessDenied", "AccessDeniedException"])
def test_a_denied_use_of_another_account_is_in_its_own_history(kms: LocalKMS, code: str) -> None:
    """And not in that of the key's owner."""
    event_id = kms.use(kms.add_key(), principal=f"arn:aws:iam::{OTHER_ACCOUNT}:role/App", error_code=code)
    assert records(trail(kms)) == []
    (record,) = records(trail(kms, account_id=OTHER_ACCOUNT), "EventId", event_id)
    assert (record["errorCode"], "not authorized to perform: kms:Decrypt" in record["errorMessage"]) == (
        "AccessDenied",
        True,
    )


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({"operation": "DescribeKey"}, "does not use a key"),
        ({"operation": None}, "not a str"),
        ({"principal": "alice"}, "not a principal"),
        ({"principal": 7}, "not a str"),
        ({"invoked_by": 7}, "not a str"),
        ({"error_code": 7}, "not a str"),
        ({"error_code": ""}, "is empty"),
        ({"invoked_by": ""}, "is empty"),
        ({"encryption_context": {"a": 1}}, "mapping of str to str"),
        ({"at": datetime(2026, 1, 1)}, "no time zone"),  # noqa: DTZ001
        ({"at": datetime(2001, 1, 1, tzinfo=UTC)}, "was created"),
        ({"at": datetime.now(UTC) + DAY}, "in the future"),
    ],
)
def test_a_use_that_could_not_have_been_is_refused(
    kms: LocalKMS, call: Client, look: Client, members: dict[str, Any], words: str
) -> None:
    """A ValueError at once, and nothing is recorded."""
    key = kms.add_key()
    with pytest.raises(ValueError, match=words):
        kms.use(key, **members)
    assert last_usage(call, key) == {}
    assert names(look, **by("EventName", "Decrypt")) == []


def test_a_key_that_cannot_be_used_has_no_use_now(kms: LocalKMS) -> None:
    """It needs an error code or a time of the past; and the key must be there."""
    key = kms.add_key(state="Disabled", created=datetime.now(UTC) - DAY)
    with pytest.raises(ValueError, match="is in Disabled"):
        kms.use(key)
    kms.use(key, at=datetime.now(UTC) - timedelta(hours=1))
    kms.use(key.rpartition("/")[2], error_code="DisabledException")
    with pytest.raises(ValueError, match="is not a key here"):
        kms.use("1234abcd-12ab-34cd-56ef-1234567890ab")


# Finding events


def test_each_attribute_finds_its_events(kms: LocalKMS, call: Client, look: Client) -> None:
    """Exactly those that have the value."""
    key, other = kms.add_key(), kms.add_key()
    call("DescribeKey", KeyId=key)
    call("DisableKey", KeyId=other)
    call("ListKeys")
    disabled = lookup(look, **by("ResourceName", other))[0]["EventId"]
    expected = {
        ("EventId", disabled): ["DisableKey"],
        ("EventId", "none"): [],
        ("EventName", "ListKeys"): ["ListKeys"],
        ("EventName", "listkeys"): [],
        ("ReadOnly", "false"): ["DisableKey"],
        ("ReadOnly", "true"): ["ListKeys", "DescribeKey"],
        ("ReadOnly", "maybe"): [],
        ("Username", "local"): ["ListKeys", "DisableKey", "DescribeKey"],
        ("Username", "someone"): [],
        ("ResourceType", "AWS::KMS::Key"): ["DisableKey", "DescribeKey"],
        ("ResourceType", "AWS::S3::Bucket"): [],
        ("ResourceName", key): ["DescribeKey"],
        ("ResourceName", key.rpartition("/")[2]): [],  # the call named the key by its ARN
        ("EventSource", "kms.amazonaws.com"): ["ListKeys", "DisableKey", "DescribeKey"],
        ("EventSource", "s3.amazonaws.com"): [],
        ("AccessKeyId", kms.credentials.access_key_id): ["ListKeys", "DisableKey", "DescribeKey"],
        ("AccessKeyId", "AKIA444455556666LITE"): [],
    }
    assert {pair: names(look, **by(*pair)) for pair in expected} == expected


def test_the_times_are_included(kms: LocalKMS, look: Client) -> None:
    """Whole seconds, both ends; a bound may be left out."""
    now = datetime.now(UTC).replace(microsecond=0)
    key = kms.add_key(created=now - 10 * DAY)
    for days in (1, 2, 3):
        kms.use(key, at=now - days * DAY + timedelta(milliseconds=900))
    first, last = (int((now - days * DAY).timestamp()) for days in (3, 1))
    assert len(lookup(look, StartTime=first, EndTime=last)) == 3
    assert len(lookup(look, StartTime=first + 1, EndTime=last)) == 2
    assert len(lookup(look, StartTime=first, EndTime=last - 1)) == 2
    assert len(lookup(look, StartTime=last)) == len(lookup(look, EndTime=float(first))) == 1
    assert lookup(look, StartTime=last, EndTime=last)[0]["EventTime"] == last


def test_pages_follow_each_other(kms: LocalKMS, look: Client) -> None:
    """Newest first, 50 a page at most, each event once, though new ones come meanwhile; the last has no token."""
    now = datetime.now(UTC)
    key = kms.add_key(created=now - 10 * DAY)
    ids = [kms.use(key, at=now - timedelta(minutes=minutes)) for minutes in range(120)]
    seen: list[list[str]] = []
    token: dict[str, object] = {}
    while True:
        page = look("LookupEvents", **by("ResourceName", key), **token)
        seen.append([event["EventId"] for event in page["Events"]])
        kms.use(key)
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    assert [len(part) for part in seen] == [50, 50, 20]
    assert [event_id for part in seen for event_id in part] == ids


def test_a_token_is_for_its_own_lookup(kms: LocalKMS, look: Client) -> None:
    """Beside any other member, account or region, and altered, it is invalid."""
    key = kms.add_key()
    for _ in range(3):
        kms.use(key)
    members = {**by("ResourceName", key), "MaxResults": 1, "EndTime": time.time() + 100}
    token = look("LookupEvents", **members)["NextToken"]
    assert len(lookup(look, NextToken=token, **members)) == 1
    for changes in (
        {"MaxResults": 2},
        {"EndTime": time.time() + 200},
        {"StartTime": 1},
        by("EventName", "Decrypt"),
        {"LookupAttributes": None},
        {"NextToken": "nonsense"},
        {"NextToken": ""},
        {"NextToken": token[4:]},
    ):
        answer = look.error("LookupEvents", **{"NextToken": token, **members, **changes})
        assert answer.error == "InvalidNextTokenException", changes
    for elsewhere in (trail(kms, region="eu-west-1"), trail(kms, account_id=OTHER_ACCOUNT)):
        assert elsewhere.error("LookupEvents", NextToken=token, **members).error == "InvalidNextTokenException"


@pytest.mark.parametrize(
    ("members", "error"),
    [
        ({"MaxResults": 0}, "InvalidMaxResultsException"),
        ({"MaxResults": 51}, "InvalidMaxResultsException"),
        ({"StartTime": 2000, "EndTime": 1999}, "InvalidTimeRangeException"),
        ({"EventCategory": "management"}, "InvalidEventCategoryException"),
        (by("Nonsense", "x"), "InvalidLookupAttributesException"),
        (by("EventName", ""), "InvalidLookupAttributesException"),
        (by("EventName", "x" * 2001), "InvalidLookupAttributesException"),
        (by("EventName", "_" * 1001), "InvalidLookupAttributesException"),
        (
            {"LookupAttributes": [{"AttributeKey": "EventId", "AttributeValue": "x"}] * 2},
            "InvalidLookupAttributesException",
        ),
        ({"LookupAttributes": [{"AttributeKey": "EventId"}]}, "ValidationException"),
        ({"LookupAttributes": {}}, "SerializationException"),
        ({"StartTime": "now"}, "SerializationException"),
        ({"StartTime": True}, "SerializationException"),
        ({"StartTime": float("nan")}, "SerializationException"),
        ({"EndTime": -1}, "SerializationException"),
        ({"EndTime": 1e300}, "SerializationException"),
        ({"MaxResults": "1"}, "SerializationException"),
        ({"MaxResults": True}, "SerializationException"),
    ],
)
def test_an_invalid_lookup_is_refused(look: Client, members: dict[str, Any], error: str) -> None:
    """With the error that CloudTrail has for it."""
    assert look.error("LookupEvents", **members).error == error


def test_the_longest_value_is_looked_up(look: Client) -> None:
    """2,000 characters, of which some count twice."""
    for value in ("x" * 2000, "_" * 1000, "x" * 1998 + ","):
        assert lookup(look, **by("EventName", value)) == []


def test_there_are_no_insights(kms: LocalKMS, look: Client) -> None:
    """Asked for them, CloudTrail returns none."""
    kms.use(kms.add_key())
    assert lookup(look, EventCategory="insight") == []


def test_a_history_is_of_its_account_and_region(kms: LocalKMS) -> None:
    """A call is found in no other."""
    client(kms, region="eu-west-1")("ListKeys")
    assert names(trail(kms, region="eu-west-1")) == ["ListKeys"]
    assert names(trail(kms)) == names(trail(kms, region="eu-west-1", account_id=OTHER_ACCOUNT)) == []


# Time, delay, quota, denial


def test_events_are_seen_for_ninety_days(kms: LocalKMS, call: Client, look: Client) -> None:
    """By the clock that `advance` moves."""
    call("ListKeys")
    kms.advance(89 * DAY)
    call("ListAliases")
    assert names(look) == ["ListAliases", "ListKeys"]
    kms.advance(2 * DAY)
    assert names(look) == names(look, StartTime=0) == ["ListAliases"]


def test_events_can_be_late(kms: LocalKMS, call: Client, look: Client) -> None:
    """So long as they are younger than the delay they are not seen; the last usage is."""
    kms.set_event_delay(timedelta(minutes=5))
    key = kms.add_key()
    call("Encrypt", KeyId=key, Plaintext="eA==")
    assert last_usage(call, key)["Operation"] == "Encrypt"
    assert names(look) == []
    kms.advance(timedelta(minutes=4))
    assert names(look) == []
    kms.advance(timedelta(minutes=1))
    assert names(look) == ["GetKeyLastUsage", "Encrypt"]
    kms.set_event_delay(timedelta(0))
    call("ListKeys")
    assert names(look)[0] == "ListKeys"


@pytest.mark.parametrize("delay", [timedelta(seconds=-1), 5, None])
def test_a_delay_is_a_timedelta(kms: LocalKMS, delay: Any) -> None:
    """A negative one, and anything else, is a mistake of the test."""
    with pytest.raises(ValueError, match="pass one"):
        kms.set_event_delay(delay)


def test_lookups_have_a_quota_and_can_fail(kms: LocalKMS, look: Client) -> None:
    """As any operation: a quota, a denial, a fault, a disabled region; and the requests are counted."""
    kms.set_quota("LookupEvents", 2)
    answers = [look.send("LookupEvents", b"{}") for _ in range(3)]
    assert [answer.body.get("__type") for answer in answers] == [None, None, "ThrottlingException"]
    kms.set_quota("LookupEvents", None)
    kms.deny("LookupEvents")
    denied = look.error("LookupEvents")
    assert denied.error == "AccessDeniedException"
    assert f"{USER} is not authorized to perform: cloudtrail:LookupEvents" in denied.body["Message"]
    kms.allow()
    kms.inject_fault(Error("InternalFailure", status=500), operation="LookupEvents", times=1)
    assert look.send("LookupEvents", b"{}").status == 500
    kms.disable_region("us-east-1")
    assert look.error("LookupEvents").error == "UnrecognizedClientException"
    assert kms.stats.asked == {"LookupEvents": 6}
    assert kms.stats.faults == {"Throttled": 1, "Error": 1}


def test_a_lookup_is_signed_for_cloudtrail(kms: LocalKMS, call: Client, look: Client) -> None:
    """And a call of KMS for KMS; other operations of CloudTrail are unknown."""
    assert "correct service: 'cloudtrail'" in call.error(f"{look.target}.LookupEvents").message
    assert "correct service: 'kms'" in look.error("TrentService.ListKeys").message
    assert look.error("DescribeTrails").error == "UnknownOperationException"
    assert look.error("CloudTrail_20131101.LookupEvents").error == "UnknownOperationException"


# What is kept


def test_a_history_keeps_the_newest_events(
    kms: LocalKMS, call: Client, look: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At least so many; the oldest go."""
    monkeypatch.setattr(trail_module, "MAX_EVENTS", 10)
    monkeypatch.setattr(trail_module, "_SURPLUS", 5)
    for _ in range(20):
        call("ListKeys")
    call("ListAliases")
    kept = names(look)
    assert 10 <= len(kept) < 15
    assert kept[0] == "ListAliases"


def test_members_of_a_strange_shape_are_no_harm(kms: LocalKMS, call: Client, look: Client) -> None:
    """Whatever stands in a request, the record is JSON."""
    deep: object = "x"
    for _ in range(400):
        deep = [deep]
    call("ListKeys", Tags=deep, KeyId={"": {"A": None}}, Policy=7, EncryptionContext=["x"])
    (record,) = records(look)
    assert record["requestParameters"]["policy"] == 7
    assert record["requestParameters"]["keyId"] == {"": {"a": None}}


def test_threads_share_a_history(kms: LocalKMS, look: Client) -> None:
    """Every call of many threads is an event once, in order of time."""
    key, barrier = kms.add_key(), threading.Barrier(4)

    def work() -> None:
        call = client(kms)
        barrier.wait()
        for _ in range(10):
            call("DescribeKey", KeyId=key)

    run_in_threads(work, 4)
    events = lookup(look, **by("ResourceName", key))
    assert len({event["EventId"] for event in events}) == 40
    times = [event["EventTime"] for event in events]
    assert times == sorted(times, reverse=True)
