"""Keys that other accounts share by AWS RAM: who lists them, who describes them, and that nobody does more."""

import json
from datetime import timedelta

import pytest
from support.local_client import OPEN_POLICY, OTHER_ACCOUNT, Client, b64, client, listed

from awskms_lite.local import LocalKMS
from awskms_lite.local.kms.operations import OPERATIONS

OWNER = "111122223333"
SELF, OTHERS = "SELF", "OTHER_ACCOUNTS_VIA_RAM"


@pytest.fixture
def guest(kms: LocalKMS) -> Client:
    """Return a caller of the account that keys are shared with."""
    return client(kms, account_id=OTHER_ACCOUNT)


def arns(call: Client, owners: list[str] | None, **members: object) -> list[str]:
    return [key["KeyArn"] for key in listed(call, "ListKeys", "Keys", ResourceOwners=owners, **members)]


def test_a_shared_key_is_listed_to_who_asks_for_such(kms: LocalKMS, guest: Client) -> None:
    """Own keys alone by default, shared ones alone on request, and with both the own ones first."""
    shared = [kms.add_key(shared_with=[OTHER_ACCOUNT]) for _ in range(2)]
    own = [kms.add_key(account_id=OTHER_ACCOUNT) for _ in range(2)]
    shared.append(kms.add_key(account_id="777788889999", shared_with=[OWNER, OTHER_ACCOUNT]))
    kms.add_key()
    for owners in (None, [SELF], [SELF, SELF]):
        assert arns(guest, owners) == own
    assert arns(guest, [OTHERS]) == shared
    for owners in ([SELF, OTHERS], [OTHERS, SELF]):
        for limit in (1, 2, 3, 1000):
            assert arns(guest, owners, Limit=limit) == own + shared


def test_it_is_listed_in_its_region_to_the_accounts_that_were_named(kms: LocalKMS, guest: Client) -> None:
    """Neither another region nor a third account sees it, and to its owner it is an own key."""
    arn = kms.add_key(shared_with=[OTHER_ACCOUNT])
    assert arns(client(kms, account_id=OTHER_ACCOUNT, region="eu-west-1"), [OTHERS]) == []
    assert arns(client(kms, account_id="777788889999"), [OTHERS]) == []
    assert arns(client(kms), [OTHERS]) == []
    assert arns(client(kms), [SELF, OTHERS]) == [arn]


def test_no_page_has_keys_of_both_kinds(kms: LocalKMS, guest: Client) -> None:
    """KMS's reference promises it, and that more can follow a page that is not full."""
    shared, own = kms.add_key(shared_with=[OTHER_ACCOUNT]), kms.add_key(account_id=OTHER_ACCOUNT)
    first = guest("ListKeys", ResourceOwners=[SELF, OTHERS])
    assert ([key["KeyArn"] for key in first["Keys"]], first["Truncated"]) == ([own], True)
    second = guest("ListKeys", ResourceOwners=[SELF, OTHERS], Marker=first["NextMarker"])
    assert ([key["KeyArn"] for key in second["Keys"]], second["Truncated"]) == ([shared], False)


def test_a_marker_is_good_for_its_resource_owners(kms: LocalKMS, guest: Client) -> None:
    """Their order does not matter, and to leave them out is to say SELF; another choice is another list."""
    for _ in range(2):
        kms.add_key(shared_with=[OTHER_ACCOUNT])
        kms.add_key(account_id=OTHER_ACCOUNT)
    choices: list[list[str] | None] = [[SELF], [OTHERS], [SELF, OTHERS]]
    for choice in choices:
        marker = guest("ListKeys", ResourceOwners=choice, Limit=1)["NextMarker"]
        for other in choices:
            members = {"ResourceOwners": other, "Marker": marker}
            answer = guest.send("ListKeys", json.dumps(members).encode())
            assert answer.body.get("__type") == (None if other == choice else "InvalidMarkerException")
    marker = guest("ListKeys", Limit=1)["NextMarker"]
    assert guest("ListKeys", ResourceOwners=[SELF], Marker=marker)["Truncated"] is False
    marker = guest("ListKeys", ResourceOwners=[SELF, OTHERS], Limit=1)["NextMarker"]
    assert len(guest("ListKeys", ResourceOwners=[OTHERS, SELF], Marker=marker)["Keys"]) == 1


@pytest.mark.parametrize(
    ("owners", "text"),
    [
        (["EVERYBODY"], "Value '[EVERYBODY]' at 'resourceOwners' failed to satisfy constraint: "),
        (["EVERYBODY"], "[Member must satisfy enum value set: [SELF, OTHER_ACCOUNTS_VIA_RAM]]"),
        ([SELF, ""], "Value '[SELF, ]'"),
        ([], "Member must have length greater than or equal to 1"),
        ([SELF, SELF, OTHERS], "Member must have length less than or equal to 2"),
    ],
)
def test_resource_owners_are_of_two_kinds(guest: Client, owners: list[str], text: str) -> None:
    """Anything else is a ValidationException that names them."""
    answer = guest.error("ListKeys", ResourceOwners=owners)
    assert answer.error == "ValidationException"
    assert text in answer.message


def test_a_shared_key_can_be_described_by_its_arn(kms: LocalKMS, guest: Client) -> None:
    """The owner's account stands in the answer; its id alone names no key of the caller's."""
    arn = kms.add_key(shared_with=[OTHER_ACCOUNT], description="ours")
    metadata = guest("DescribeKey", KeyId=arn)["KeyMetadata"]
    assert metadata == client(kms)("DescribeKey", KeyId=arn)["KeyMetadata"]
    assert metadata["AWSAccountId"] == OWNER
    assert guest.error("DescribeKey", KeyId=arn.rpartition("/")[2]).error == "NotFoundException"
    third = client(kms, account_id="777788889999")
    assert third.error("DescribeKey", KeyId=arn).error == "AccessDeniedException"


MEMBERS: dict[str, dict[str, object]] = {
    "CreateAlias": {"AliasName": "alias/new"},
    "CreateGrant": {"GranteePrincipal": f"arn:aws:iam::{OTHER_ACCOUNT}:root", "Operations": ["Decrypt"]},
    "Encrypt": {"Plaintext": "eA=="},
    "GenerateDataKey": {"KeySpec": "AES_256"},
    "GenerateDataKeyWithoutPlaintext": {"KeySpec": "AES_256"},
    "GenerateMac": {"Message": "eA==", "MacAlgorithm": "HMAC_SHA_256"},
    "PutKeyPolicy": {"Policy": OPEN_POLICY},
    "ReplicateKey": {"ReplicaRegion": "eu-west-1"},
    "RetireGrant": {"GrantId": "a" * 64},
    "RevokeGrant": {"GrantId": "a" * 64},
    "TagResource": {"Tags": []},
    "UntagResource": {"TagKeys": []},
    "UpdateAlias": {"AliasName": "alias/mine"},
    "UpdateKeyDescription": {"Description": ""},
    "UpdatePrimaryRegion": {"PrimaryRegion": "eu-west-1"},
    "VerifyMac": {"Message": "eA==", "MacAlgorithm": "HMAC_SHA_256", "Mac": "eA=="},
}
BUILT = {name for name, operation in OPERATIONS.items() if operation.handler}
ABOUT_NO_KEY = {
    "CreateKey",
    "DeleteAlias",
    "DescribeCustomKeyStores",
    "GenerateRandom",
    "ListKeys",
    "ListRetirableGrants",
}


@pytest.mark.parametrize("operation", sorted({*BUILT} - ABOUT_NO_KEY - {"DescribeKey", "Decrypt", "ReEncrypt"}))
def test_nothing_else_is_open_to_others(kms: LocalKMS, guest: Client, operation: str) -> None:
    """Every other operation with the key is denied, GetKeyLastUsage among them: only the owner may ask."""
    arn = kms.add_key(shared_with=[OTHER_ACCOUNT])
    kms.add_key(account_id=OTHER_ACCOUNT, aliases=["alias/mine"])
    members = {"KeyId": arn, "TargetKeyId": arn, **MEMBERS.get(operation, {})}
    answer = guest.error(operation, **members)
    assert answer.error == "AccessDeniedException"
    assert f"kms:{operation} on resource: {arn}" in answer.body["Message"]


def test_a_shared_key_does_not_decrypt_for_others(kms: LocalKMS, guest: Client) -> None:
    """What it encrypted for its owner stays closed, named or not."""
    arn, own = kms.add_key(shared_with=[OTHER_ACCOUNT]), kms.add_key(account_id=OTHER_ACCOUNT)
    blob = client(kms)("Encrypt", KeyId=arn, Plaintext=b64(b"x"))["CiphertextBlob"]
    assert guest.error("Decrypt", CiphertextBlob=blob).error == "AccessDeniedException"
    assert guest.error("Decrypt", CiphertextBlob=blob, KeyId=arn).error == "AccessDeniedException"
    assert guest.error("ReEncrypt", CiphertextBlob=blob, DestinationKeyId=own).error == "AccessDeniedException"


def test_an_alias_of_a_shared_key_is_not_shared(kms: LocalKMS, guest: Client) -> None:
    """DescribeKey by an alias ARN of another account is denied as ever."""
    arn = kms.add_key(shared_with=[OTHER_ACCOUNT], aliases=["alias/ours"])
    alias = arn.replace(f"key/{arn.rpartition('/')[2]}", "alias/ours")
    assert client(kms)("DescribeKey", KeyId=alias)["KeyMetadata"]["Arn"] == arn
    assert guest.error("DescribeKey", KeyId=alias).error == "AccessDeniedException"


def test_a_deleted_key_is_no_longer_shared(kms: LocalKMS, guest: Client) -> None:
    """It leaves the lists of others with the end of its life."""
    kms.add_key(shared_with=[OTHER_ACCOUNT], state="PendingDeletion")
    assert len(arns(guest, [OTHERS])) == 1
    kms.advance(timedelta(days=30))
    assert arns(guest, [OTHERS]) == []


def test_a_denial_reaches_shared_keys(kms: LocalKMS, guest: Client) -> None:
    """A key that is denied is denied to those it is shared with."""
    arn = kms.add_key(shared_with=[OTHER_ACCOUNT])
    kms.deny("DescribeKey", key=arn)
    assert guest.error("DescribeKey", KeyId=arn).error == "AccessDeniedException"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"shared_with": ["1"]}, "12 digits"),
        ({"shared_with": OTHER_ACCOUNT}, "is a single str"),
        ({"shared_with": [OWNER]}, "own"),
        ({"shared_with": [OTHER_ACCOUNT], "manager": "AWS"}, "not shared"),
    ],
)
def test_an_invalid_share_is_refused(kms: LocalKMS, arguments: dict[str, object], words: str) -> None:
    """Accounts have 12 digits and are others, and no key of AWS's own is shared."""
    with pytest.raises(ValueError, match=words):
        kms.add_key(**arguments)  # type: ignore[arg-type]
    assert client(kms)("ListKeys")["Keys"] == []
