"""Grants of LocalKMS: how they are created, listed, retired and revoked, and what they allow."""

import json
from datetime import timedelta
from typing import Any

import pytest
from support.local_client import OTHER_ACCOUNT, Client, client, listed, records, trail
from support.local_sts import ROLE, SESSION, ask

from awskms_lite.local import LocalKMS

KEY = "stands for a key that is there"
ACCOUNT = "111122223333"
ROOT = f"arn:aws:iam::{ACCOUNT}:root"
OTHER_ROOT = f"arn:aws:iam::{OTHER_ACCOUNT}:root"
TABLE = f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/orders"


@pytest.fixture
def guest(kms: LocalKMS) -> Client:
    """Return a client of another account."""
    return client(kms, account_id=OTHER_ACCOUNT)


def grant(call: Client, key: str, **members: object) -> str:
    """Create a grant that lets the other account decrypt, changed by the members; return its id."""
    given = {"GranteePrincipal": OTHER_ROOT, "Operations": ["Decrypt"], **members}
    return str(call("CreateGrant", KeyId=key, **given)["GrantId"])


def grants(call: Client, key: str, **members: object) -> list[dict[str, Any]]:
    return listed(call, "ListGrants", "Grants", KeyId=key, **members)


def test_there_are_no_grants(kms: LocalKMS, call: Client) -> None:
    """At first every key of the account has an empty list, whatever is asked for; another's is denied."""
    none = {"Grants": [], "Truncated": False}
    for key in (kms.add_key(), kms.add_key(state="PendingDeletion"), kms.add_key(manager="AWS")):
        assert call("ListGrants", KeyId=key) == none
        assert call("ListGrants", KeyId=key, GrantId="a" * 64, GranteePrincipal="me", Limit=1) == none
    there = kms.add_key(account_id=OTHER_ACCOUNT)
    assert call.error("ListGrants", KeyId=there).error == "AccessDeniedException"


@pytest.mark.parametrize(
    ("members", "error"),
    [
        ({}, "ValidationException"),
        ({"KeyId": "mrk-" + "0" * 32}, "NotFoundException"),
        ({"KeyId": KEY, "Limit": 101}, "ValidationException"),
        ({"KeyId": KEY, "Marker": "x"}, "InvalidMarkerException"),
        ({"KeyId": KEY, "GrantId": ""}, "ValidationException"),
        ({"KeyId": KEY, "GranteePrincipal": "a b"}, "ValidationException"),
        ({"KeyId": KEY, "GranteePrincipal": "a", "GranteeServicePrincipal": "b"}, "ValidationException"),
    ],
)
def test_a_list_of_grants_is_of_a_key(kms: LocalKMS, call: Client, members: dict[str, Any], error: str) -> None:
    """What names no key, or no grants of one that there could be, is refused."""
    given = {name: kms.add_key() if value is KEY else value for name, value in members.items()}
    assert call.error("ListGrants", **given).error == error


# Creation


def test_a_grant_is_listed_as_it_was_created(kms: LocalKMS, call: Client) -> None:
    """Every member, for a principal and for a service; the token is told once and listed never."""
    key = kms.add_key()
    context = {"EncryptionContextSubset": {"Purpose": "a"}}
    answer = call(
        "CreateGrant",
        KeyId=key.rpartition("/")[2],
        GranteePrincipal=ROLE,
        RetiringPrincipal=ROOT,
        Operations=["Decrypt", "GenerateDataKey", "Decrypt"],
        Constraints=context,
        Name="nightly",
    )
    service = call(
        "CreateGrant",
        KeyId=key,
        GranteeServicePrincipal="dynamodb.amazonaws.com",
        RetiringServicePrincipal="dynamodb.amazonaws.com",
        Operations=["Encrypt"],
        Constraints={"SourceArn": TABLE},
    )
    first, second = grants(call, key)
    assert abs(first.pop("CreationDate") - second.pop("CreationDate")) < 60
    assert first == {
        "KeyId": key,
        "GrantId": answer["GrantId"],
        "Name": "nightly",
        "GranteePrincipal": ROLE,
        "RetiringPrincipal": ROOT,
        "IssuingAccount": ROOT,
        "Operations": ["Decrypt", "GenerateDataKey"],
        "Constraints": context,
    }
    assert second == {
        "KeyId": key,
        "GrantId": service["GrantId"],
        "Name": "",
        "GranteeServicePrincipal": "dynamodb.amazonaws.com",
        "RetiringServicePrincipal": "dynamodb.amazonaws.com",
        "IssuingAccount": ROOT,
        "Operations": ["Encrypt"],
        "Constraints": {"SourceArn": TABLE},
    }
    created = records(trail(kms), "EventName", "CreateGrant")
    assert [record["responseElements"] for record in created] == [
        {"keyId": key, "grantId": service["GrantId"]},
        {"keyId": key, "grantId": answer["GrantId"]},
    ]
    assert answer["GrantToken"] not in json.dumps(created)
    assert created[1]["requestParameters"]["constraints"] == {"encryptionContextSubset": {"Purpose": "a"}}


def test_a_named_grant_is_created_once(kms: LocalKMS, call: Client) -> None:
    """The same request with a name returns the same grant under a new token; without one it is another grant."""
    key = kms.add_key()
    members = {"KeyId": key, "GranteePrincipal": ROLE, "Operations": ["Decrypt"]}
    named = [call("CreateGrant", Name="mine", **members) for _ in range(2)]
    assert named[0]["GrantId"] == named[1]["GrantId"]
    assert named[0]["GrantToken"] != named[1]["GrantToken"]
    others = [
        call("CreateGrant", Name="mine", **{**members, "Operations": ["Encrypt"]})["GrantId"],
        call("CreateGrant", **members)["GrantId"],
        call("CreateGrant", **members)["GrantId"],
    ]
    assert len({named[0]["GrantId"], *others}) == len(grants(call, key)) == 4
    call("RetireGrant", GrantToken=named[0]["GrantToken"])
    assert call.error("RetireGrant", GrantToken=named[1]["GrantToken"]).error == "InvalidGrantTokenException"
    assert len(grants(call, key)) == 3


@pytest.mark.parametrize(
    ("members", "error"),
    [
        ({"GranteePrincipal": None}, "ValidationException"),
        ({"GranteeServicePrincipal": "s3.amazonaws.com"}, "ValidationException"),
        ({"GranteePrincipal": "a b"}, "ValidationException"),
        ({"GranteePrincipal": "alice"}, "InvalidArnException"),
        ({"GranteePrincipal": ACCOUNT}, "InvalidArnException"),
        ({"GranteePrincipal": f"arn:aws:iam::{ACCOUNT}:group/all"}, "InvalidArnException"),
        ({"RetiringPrincipal": "alice"}, "InvalidArnException"),
        ({"RetiringPrincipal": ROOT, "RetiringServicePrincipal": "s3.amazonaws.com"}, "ValidationException"),
        ({"Operations": None}, "ValidationException"),
        ({"Operations": []}, "ValidationException"),
        ({"Operations": ["ListKeys"]}, "ValidationException"),
        ({"Operations": ["Sign"]}, "ValidationException"),
        ({"Operations": ["Decrypt", "GenerateMac"]}, "ValidationException"),
        ({"Operations": ["GetPublicKey"]}, "ValidationException"),
        ({"Operations": "Decrypt"}, "SerializationException"),
        ({"Constraints": []}, "SerializationException"),
        ({"Constraints": {"EncryptionContextEquals": {"a": 1}}}, "SerializationException"),
        ({"Constraints": {"EncryptionContextEquals": {str(n): "" for n in range(9)}}}, "ValidationException"),
        ({"Constraints": {"EncryptionContextSubset": {"a": "x" * 384}}}, "ValidationException"),
        ({"Constraints": {"SourceArn": "table"}}, "ValidationException"),
        ({"GranteePrincipal": None, "GranteeServicePrincipal": "s3.amazonaws.com"}, "ValidationException"),
        (
            {
                "GranteePrincipal": None,
                "GranteeServicePrincipal": "s3.amazonaws.com",
                "Constraints": {"SourceArn": TABLE},
            },
            "ValidationException",
        ),
        ({"Name": "a b"}, "ValidationException"),
        ({"KeyId": "mrk-" + "0" * 32}, "NotFoundException"),
        ({"KeyId": "alias/mine"}, "NotFoundException"),
        ({"DryRun": True}, "DryRunOperationException"),
    ],
)
def test_an_invalid_grant_is_refused(kms: LocalKMS, call: Client, members: dict[str, Any], error: str) -> None:
    """With KMS's error, and nothing is granted."""
    key = kms.add_key(aliases=["alias/mine"])
    given = {"KeyId": key, "GranteePrincipal": ROLE, "Operations": ["Decrypt"], **members}
    assert call.error("CreateGrant", **given).error == error
    assert grants(call, key) == []


@pytest.mark.parametrize(
    ("spec", "operations"),
    [
        ("SYMMETRIC_DEFAULT", ["ReEncryptFrom", "ReEncryptTo", "GenerateDataKeyPair", "CreateGrant"]),
        ("HMAC_256", ["GenerateMac", "VerifyMac", "RetireGrant"]),
        ("RSA_2048", ["Encrypt", "Decrypt", "GetPublicKey"]),
        ("ECC_NIST_P256", ["Sign", "Verify", "GetPublicKey", "DescribeKey"]),
        ("ML_KEM_768", ["Encapsulate", "Decapsulate"]),
    ],
)
def test_each_kind_of_key_has_its_operations(
    kms: LocalKMS, call: Client, spec: str, operations: list[str]
) -> None:
    """A grant allows what the key can do; an encryption context constrains symmetric keys only."""
    key = kms.add_key(spec=spec)
    grant(call, key, Operations=operations)
    members = {"GranteePrincipal": ROLE, "Operations": operations}
    if spec != "SYMMETRIC_DEFAULT":
        context = {"EncryptionContextEquals": {"a": "b"}}
        answer = call.error("CreateGrant", KeyId=key, Constraints=context, **members)
        assert answer.error == "ValidationException"
    assert [each["Operations"] for each in grants(call, key)] == [operations]


@pytest.mark.parametrize(
    ("state", "error"),
    [
        ("Disabled", "DisabledException"),
        ("PendingDeletion", "KMSInvalidStateException"),
        ("PendingImport", "KMSInvalidStateException"),
        ("Creating", "KMSInvalidStateException"),
        ("Unavailable", None),
        ("Updating", None),
    ],
)
def test_a_grant_needs_a_key_that_is_in_use(kms: LocalKMS, call: Client, state: str, error: str | None) -> None:
    """In other states none is created; those that are there are listed and revoked in every state."""
    key = kms.add_key(state=state, origin="AWS_CLOUDHSM" if state == "Unavailable" else None)
    members = {"KeyId": key, "GranteePrincipal": ROLE, "Operations": ["Decrypt"]}
    if error is not None:
        assert call.error("CreateGrant", **members).error == error
        return
    grant_id = call("CreateGrant", **members)["GrantId"]
    call("ScheduleKeyDeletion", KeyId=key) if state == "Unavailable" else None
    assert grants(call, key, GrantId=grant_id) != []
    call("RevokeGrant", KeyId=key, GrantId=grant_id)
    assert grants(call, key) == []


@pytest.mark.parametrize(
    "grantee",
    [
        ROOT,
        ROLE,
        SESSION,
        f"arn:aws:iam::{ACCOUNT}:user/a/alice",
        f"arn:aws:sts::{ACCOUNT}:federated-user/bob",
        "dynamodb.us-east-1.amazonaws.com",
    ],
)
def test_each_kind_of_principal_is_a_grantee(kms: LocalKMS, call: Client, grantee: str) -> None:
    """An account, a role, a session, a user, a federated user, and a service in the grants of its own."""
    key = kms.add_key()
    grant(call, key, GranteePrincipal=grantee)
    assert [each["GranteePrincipal"] for each in grants(call, key, GranteePrincipal=grantee)] == [grantee]


# Lists


def test_grants_are_listed_in_pages_and_by_choice(kms: LocalKMS, call: Client) -> None:
    """50 a page, 100 at most, oldest first; by grant id, grantee and service; a marker is for its own choice."""
    key = kms.add_key()
    ids = [grant(call, key, GranteePrincipal=ROLE if number % 2 else OTHER_ROOT) for number in range(60)]
    assert [each["GrantId"] for each in grants(call, key)] == ids
    page = call("ListGrants", KeyId=key)
    assert (len(page["Grants"]), page["Truncated"]) == (50, True)
    assert [each["GrantId"] for each in grants(call, key, GranteePrincipal=ROLE, Limit=7)] == ids[1::2]
    assert [each["GrantId"] for each in grants(call, key, GrantId=ids[5])] == [ids[5]]
    assert grants(call, key, GranteeServicePrincipal="s3.amazonaws.com") == []
    answer = call.error("ListGrants", KeyId=key, Marker=page["NextMarker"], GranteePrincipal=ROLE)
    assert answer.error == "InvalidMarkerException"


def test_retirable_grants_are_found_by_who_may_retire_them(kms: LocalKMS, call: Client, guest: Client) -> None:
    """In any account, by a principal of the caller's own account, or by a service."""
    key, theirs = kms.add_key(), kms.add_key(account_id=OTHER_ACCOUNT)
    ours = [grant(call, key, RetiringPrincipal=ROOT) for _ in range(3)]
    ours.append(grant(guest, theirs, RetiringPrincipal=ROOT))
    grant(call, key)
    grant(call, key, RetiringPrincipal=OTHER_ROOT)
    grant(call, key, RetiringServicePrincipal="s3.amazonaws.com")
    found = listed(call, "ListRetirableGrants", "Grants", RetiringPrincipal=ROOT, Limit=2)
    assert [each["GrantId"] for each in found] == ours
    assert call.error("ListRetirableGrants", RetiringPrincipal=OTHER_ROOT).error == "AccessDeniedException"
    assert len(listed(call, "ListRetirableGrants", "Grants", RetiringServicePrincipal="s3.amazonaws.com")) == 1
    assert call.error("ListRetirableGrants").error == "ValidationException"
    elsewhere = client(kms, region="eu-west-1")
    assert listed(elsewhere, "ListRetirableGrants", "Grants", RetiringPrincipal=ROOT) == []


# The end


def test_a_grant_is_revoked_by_its_id(kms: LocalKMS, call: Client) -> None:
    """Once; an id that is none is invalid, and that of another key is not found."""
    key, other = kms.add_key(), kms.add_key()
    grant_id = grant(call, key)
    assert call.error("RevokeGrant", KeyId=key, GrantId=grant_id, DryRun=True).error == "DryRunOperationException"
    assert call.error("RevokeGrant", KeyId=other, GrantId=grant_id).error == "NotFoundException"
    assert call("RevokeGrant", KeyId=key, GrantId=grant_id) == {}
    assert call.error("RevokeGrant", KeyId=key, GrantId=grant_id).error == "NotFoundException"
    assert call.error("RevokeGrant", KeyId=key, GrantId="nonsense").error == "InvalidGrantIdException"


def test_a_grant_is_retired_by_who_may(kms: LocalKMS, call: Client, guest: Client) -> None:
    """Its retiring principal, its grantee if it may, and the account that created it; nobody else."""
    key = kms.add_key()
    third = client(kms, account_id="777788889999")
    retiring = grant(call, key, RetiringPrincipal=OTHER_ROOT, GranteePrincipal=ROOT)
    grantee = grant(call, key, Operations=["Decrypt", "RetireGrant"])
    plain = grant(call, key)
    for grant_id in (retiring, grantee, plain):
        assert third.error("RetireGrant", KeyId=key, GrantId=grant_id).error == "AccessDeniedException"
    assert guest.error("RetireGrant", KeyId=key, GrantId=plain).error == "AccessDeniedException"
    assert guest.error("RetireGrant", KeyId=key, GrantId=retiring, DryRun=True).error == "DryRunOperationException"
    assert guest("RetireGrant", KeyId=key, GrantId=retiring) == {}
    assert guest("RetireGrant", KeyId=key, GrantId=grantee) == {}
    assert call("RetireGrant", KeyId=key, GrantId=plain) == {}
    assert grants(call, key) == []


def test_what_names_no_grant_retires_none(kms: LocalKMS, call: Client) -> None:
    """Neither a token that KMS did not make, nor half of the members."""
    key = kms.add_key()
    token = call("CreateGrant", KeyId=key, GranteePrincipal=ROLE, Operations=["Decrypt"])["GrantToken"]
    for members in ({}, {"KeyId": key}, {"GrantId": "a" * 64}):
        assert call.error("RetireGrant", **members).error == "ValidationException"
    for wrong in ("nonsense", "eA==", token[4:], token[:-4]):
        assert call.error("RetireGrant", GrantToken=wrong).error == "InvalidGrantTokenException"
    elsewhere = client(kms, region="eu-west-1")
    assert elsewhere.error("RetireGrant", GrantToken=token).error == "InvalidGrantTokenException"
    assert len(grants(call, key)) == 1


def test_a_grant_ends_with_its_key(kms: LocalKMS, call: Client) -> None:
    """It is in no list of retirable grants any more."""
    key = kms.add_key()
    grant(call, key, RetiringPrincipal=ROOT)
    call("ScheduleKeyDeletion", KeyId=key, PendingWindowInDays=7)
    assert len(grants(call, key)) == 1
    kms.advance(timedelta(days=8))
    assert listed(call, "ListRetirableGrants", "Grants", RetiringPrincipal=ROOT) == []


# What a grant allows


def test_a_grant_lets_another_account_use_the_key(kms: LocalKMS, call: Client, guest: Client) -> None:
    """The operations that it names, until it is revoked; the use is in both histories and the last usage."""
    key = kms.add_key()
    blob = call("Encrypt", KeyId=key, Plaintext="eA==")["CiphertextBlob"]
    assert guest.error("Decrypt", CiphertextBlob=blob, KeyId=key).error == "AccessDeniedException"
    grant_id = grant(call, key)
    assert guest("Decrypt", CiphertextBlob=blob, KeyId=key)["Plaintext"] == "eA=="
    assert guest.error("Encrypt", KeyId=key, Plaintext="eA==").error == "AccessDeniedException"
    used = call("GetKeyLastUsage", KeyId=key)["KeyLastUsage"]
    (record,) = records(trail(kms), "EventId", used["CloudTrailEventId"])
    (theirs,) = records(trail(kms, account_id=OTHER_ACCOUNT), "EventName", "Decrypt", MaxResults=1)
    assert record["userIdentity"]["accountId"] == OTHER_ACCOUNT
    assert record["sharedEventID"] == theirs["sharedEventID"] != ""
    call("RevokeGrant", KeyId=key, GrantId=grant_id)
    assert guest.error("Decrypt", CiphertextBlob=blob, KeyId=key).error == "AccessDeniedException"


def test_a_grant_to_a_role_is_for_its_sessions(kms: LocalKMS, call: Client, guest: Client) -> None:
    """And one to a session for that session."""
    key = kms.add_key()
    session = Client(kms, "us-east-1", ask(kms).credentials)
    for grantee in (ROLE, SESSION):
        assert session.error("DescribeKey", KeyId=key).error == "AccessDeniedException"
        grant_id = grant(call, key, GranteePrincipal=grantee, Operations=["DescribeKey"])
        assert session("DescribeKey", KeyId=key)["KeyMetadata"]["Arn"] == key
        assert guest.error("DescribeKey", KeyId=key).error == "AccessDeniedException"
        call("RevokeGrant", KeyId=key, GrantId=grant_id)


@pytest.mark.parametrize(
    ("constraints", "context", "is_allowed"),
    [
        ({"EncryptionContextEquals": {"a": "b"}}, {"a": "b"}, True),
        ({"EncryptionContextEquals": {"a": "b"}}, {"a": "b", "c": "d"}, False),
        ({"EncryptionContextEquals": {"a": "b"}}, {}, False),
        ({"EncryptionContextSubset": {"a": "b"}}, {"a": "b", "c": "d"}, True),
        ({"EncryptionContextSubset": {"a": "b"}}, {"a": "c"}, False),
        ({"SourceArn": TABLE}, {}, False),
    ],
)
def test_a_grant_allows_no_more_than_its_constraints(
    kms: LocalKMS,
    call: Client,
    guest: Client,
    constraints: dict[str, object],
    context: dict[str, str],
    *,
    is_allowed: bool,
) -> None:
    """Of the encryption context, which DescribeKey does not have; and of a resource, which no direct call has."""
    key = kms.add_key()
    grant(call, key, Operations=["Encrypt", "DescribeKey"], Constraints=constraints)
    answer = guest.send(
        "Encrypt", json.dumps({"KeyId": key, "Plaintext": "eA==", "EncryptionContext": context}).encode()
    )
    assert (answer.status == 200) == is_allowed, answer
    described = guest.send("DescribeKey", json.dumps({"KeyId": key}).encode())
    assert (described.status == 200) == ("SourceArn" not in constraints)


def test_reencryption_needs_both_halves(kms: LocalKMS, call: Client, guest: Client) -> None:
    """ReEncryptFrom for the source and ReEncryptTo for the destination, each with its own context."""
    source, destination = kms.add_key(), kms.add_key()
    blob = call("Encrypt", KeyId=source, Plaintext="eA==", EncryptionContext={"a": "b"})["CiphertextBlob"]
    members = {
        "CiphertextBlob": blob,
        "SourceKeyId": source,
        "DestinationKeyId": destination,
        "SourceEncryptionContext": {"a": "b"},
        "DestinationEncryptionContext": {"c": "d"},
    }
    grant(call, source, Operations=["ReEncryptFrom"], Constraints={"EncryptionContextEquals": {"a": "b"}})
    answer = guest.error("ReEncrypt", **members)
    assert f"perform: kms:ReEncryptTo on resource: {destination}" in answer.body["Message"]
    grant(call, destination, Operations=["ReEncryptTo"], Constraints={"EncryptionContextEquals": {"c": "d"}})
    assert guest("ReEncrypt", **members)["KeyId"] == destination


def test_a_grantee_grants_no_more_than_it_has(kms: LocalKMS, call: Client, guest: Client) -> None:
    """With CreateGrant: some of its operations, and its constraints or stricter ones only."""
    key = kms.add_key()
    constraints = {"EncryptionContextSubset": {"a": "b"}}
    grant(call, key, Operations=["Decrypt", "CreateGrant"], Constraints=constraints)
    members = {"KeyId": key, "GranteePrincipal": ROLE, "Operations": ["Decrypt"]}
    for changes in (
        {"Constraints": constraints, "Operations": ["Encrypt"]},
        {},
        {"Constraints": {"EncryptionContextSubset": {"a": "c"}}},
        {"Constraints": {"EncryptionContextEquals": {"c": "d"}}},
    ):
        assert guest.error("CreateGrant", **{**members, **changes}).error == "AccessDeniedException"
    guest("CreateGrant", **members, Constraints=constraints)
    guest("CreateGrant", **members, Constraints={"EncryptionContextSubset": {"a": "b", "c": "d"}})
    guest("CreateGrant", **members, Constraints={"EncryptionContextEquals": {"a": "b", "c": "d"}})
    assert [each["IssuingAccount"] for each in grants(call, key)[1:]] == [OTHER_ROOT] * 3
