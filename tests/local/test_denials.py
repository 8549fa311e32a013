"""Denials by operation, key, region and account, and disabled regions."""

import json

import pytest
from support.local_client import OTHER_ACCOUNT, Client, client
from support.local_sts import FORM, ROLE, SESSION, ask

from awskms_lite import AccessDeniedException, Credentials, KMSClient
from awskms_lite.local import LocalKMS

USER = "arn:aws:iam::111122223333:user/local"


def is_denied(call: Client, operation: str, **members: object) -> bool:
    """Return whether the call is denied."""
    answer = call.send(operation, json.dumps(members).encode())
    return answer.status == 400 and answer.error == "AccessDeniedException"


# Denials


def test_a_denied_operation_is_refused_as_kms_does(kms: LocalKMS, call: Client) -> None:
    """The error names the caller, the operation and the key's ARN; other operations go on."""
    arn = kms.add_key()
    kms.deny("GetKeyLastUsage")
    for name in (arn, arn.rpartition("/")[2]):
        assert call.error("GetKeyLastUsage", KeyId=name).body == {
            "__type": "AccessDeniedException",
            "Message": f"User: {USER} is not authorized to perform: kms:GetKeyLastUsage on resource: {arn} "
            "because no resource-based policy allows the kms:GetKeyLastUsage action",
        }
    assert call("DescribeKey", KeyId=arn)["KeyMetadata"]["Arn"] == arn


@pytest.mark.parametrize(
    ("operation", "members", "resource"),
    [
        ("ListKeys", {}, "*"),
        ("CreateKey", {}, "*"),
        ("Encrypt", {"KeyId": "alias/mine"}, "arn:aws:kms:us-east-1:111122223333:alias/mine"),
        ("DescribeKey", {"KeyId": "nonsense"}, "arn:aws:kms:us-east-1:111122223333:key/nonsense"),
        ("Sign", {"KeyId": "arn:aws:kms:eu-west-1:1:key/x"}, "arn:aws:kms:eu-west-1:1:key/x"),
    ],
)
def test_a_denied_operation_is_refused_whatever_it_is_about(
    kms: LocalKMS, call: Client, operation: str, members: dict[str, object], resource: str
) -> None:
    """With a key or without, found or not, built here or not: the refusal comes first, and nothing is done."""
    kms.deny(operation)
    answer = call.error(operation, **members)
    assert f"perform: kms:{operation} on resource: {resource} because" in answer.body["Message"]
    kms.allow()
    assert call("ListKeys")["Keys"] == []


def test_a_denied_key_is_refused_by_each_of_its_names(kms: LocalKMS, call: Client) -> None:
    """By id, ARN or alias, named or behind a ciphertext; another key is none of its business."""
    arn, other = kms.add_key(aliases=["alias/mine"]), kms.add_key(aliases=["alias/other"])
    key_id = arn.rpartition("/")[2]
    blob = call("Encrypt", KeyId=arn, Plaintext="eA==")["CiphertextBlob"]
    kms.deny(None, key=arn)
    for name in (arn, key_id, "alias/mine"):
        assert is_denied(call, "DescribeKey", KeyId=name)
        assert not is_denied(call, "DescribeKey", KeyId=other)
    assert is_denied(call, "Decrypt", CiphertextBlob=blob)
    assert is_denied(call, "ReEncrypt", CiphertextBlob=blob, DestinationKeyId=other)
    assert is_denied(call, "EnableKeyRotation", KeyId=arn)
    assert is_denied(call, "ListAliases", KeyId=arn)
    assert is_denied(call, "CreateAlias", AliasName="alias/new", TargetKeyId=arn)
    assert is_denied(call, "UpdateAlias", AliasName="alias/mine", TargetKeyId=other)
    assert is_denied(call, "DeleteAlias", AliasName="alias/mine")
    assert not is_denied(call, "ListAliases")
    assert len(call("ListKeys")["Keys"]) == 2
    assert not is_denied(call, "DeleteAlias", AliasName="alias/other")


def test_an_id_is_the_key_in_every_region(kms: LocalKMS) -> None:
    """A key id denies a multi-Region key wherever it is, a key ARN in its region only."""
    primary = kms.add_key(multi_region=True)
    replica = kms.add_key(replica_of=primary, region="eu-west-1")
    here, there = client(kms), client(kms, region="eu-west-1")
    kms.deny("GetKeyLastUsage", key=replica)
    assert is_denied(there, "GetKeyLastUsage", KeyId=replica)
    assert not is_denied(here, "GetKeyLastUsage", KeyId=primary)
    kms.deny("GetKeyLastUsage", key=primary.rpartition("/")[2])
    assert is_denied(here, "GetKeyLastUsage", KeyId=primary)
    kms.allow()
    kms.deny("UpdatePrimaryRegion", key=replica)
    assert is_denied(here, "UpdatePrimaryRegion", KeyId=primary, PrimaryRegion="eu-west-1")


def test_every_condition_must_be_met(kms: LocalKMS) -> None:
    """Region and account narrow a denial, together."""
    kms.deny("ListKeys", region="eu-west-1", account_id=OTHER_ACCOUNT)
    denied = [
        (region, account_id)
        for region in ("eu-west-1", "us-east-1")
        for account_id in (OTHER_ACCOUNT, "111122223333")
        if is_denied(client(kms, region=region, account_id=account_id), "ListKeys")
    ]
    assert denied == [("eu-west-1", OTHER_ACCOUNT)]


def test_denials_add_up_until_all_are_forgotten(kms: LocalKMS, call: Client) -> None:
    """Each denial stays beside the others, and `allow` ends them all."""
    kms.deny("ListKeys")
    kms.deny("ListAliases")
    assert is_denied(call, "ListKeys")
    assert is_denied(call, "ListAliases")
    kms.allow()
    assert not is_denied(call, "ListKeys")
    assert not is_denied(call, "ListAliases")


def test_the_signature_is_checked_before_denials(kms: LocalKMS) -> None:
    """A wrong signature is refused as such, and a denied call counts as answered."""
    kms.deny(None)
    wrong = Client(kms, kms.region, Credentials(kms.credentials.access_key_id, "wrong"))
    assert wrong.error("ListKeys").error == "InvalidSignatureException"
    assert is_denied(client(kms), "ListKeys")
    assert kms.stats.answered == {"ListKeys": 2}


def test_a_session_is_denied_by_its_own_name(kms: LocalKMS) -> None:
    """A session is a caller of its role's account, and the refusal names it."""
    kms.deny("ListKeys", account_id=OTHER_ACCOUNT)
    there = KMSClient(environ=kms.environ, credentials=ask(kms).credentials)
    with there, pytest.raises(AccessDeniedException) as caught:
        there.list_keys()
    assert str(caught.value.message).startswith(f"User: {SESSION} is not authorized to perform: kms:ListKeys on")
    assert not is_denied(client(kms), "ListKeys")


def test_assuming_a_role_can_be_denied(kms: LocalKMS) -> None:
    """It is the role's account that is asked for, and STS that answers."""
    kms.deny("AssumeRole", account_id=OTHER_ACCOUNT)
    assert ask(kms).error == (
        403,
        "AccessDenied",
        f"User: {USER} is not authorized to perform: sts:AssumeRole on resource: {ROLE}",
    )
    assert ask(kms, FORM | {"RoleArn": "arn:aws:iam::111122223333:role/Own"}).status == 200
    assert not is_denied(client(kms, account_id=OTHER_ACCOUNT), "ListKeys")
    kms.allow()
    session = ask(kms).credentials
    kms.deny(None, region="eu-west-1")
    assert ask(kms).status == 200
    assert f"User: {SESSION} is" in ask(kms, region="eu-west-1", credentials=session).error[2]


@pytest.mark.parametrize(
    ("operation", "conditions", "words"),
    [
        ("Nonsense", {}, "no operation 'Nonsense'"),
        (None, {"region": "no region"}, "not a region"),
        (None, {"account_id": "1"}, "12 digits"),
        (None, {"key": "alias/mine"}, "'alias/mine' is not a key"),
        (None, {"key": "arn:aws:kms:us-east-1:111122223333:alias/mine"}, "is not a key"),
        (None, {"key": "arn:aws:kms:us-east-1:111122223333:key/x"}, "is not a key"),
        ("AssumeRole", {"key": "mrk-" + "0" * 32}, "not about a key"),
        ("GetCallerIdentity", {}, "whatever a policy says"),
        ("ListKeys", {"key": "mrk-" + "0" * 32}, "not about a key"),
    ],
)
def test_an_invalid_denial_is_refused(
    kms: LocalKMS, operation: str | None, conditions: dict[str, str], words: str
) -> None:
    """A condition that no call could meet is a mistake of the test, and a ValueError at once."""
    with pytest.raises(ValueError, match=words):
        kms.deny(operation, **conditions)


# Regions


def test_no_credentials_are_known_in_a_region_that_is_not_enabled(kms: LocalKMS, call: Client) -> None:
    """Every account gets AWS's errors there, of KMS and of STS; other regions are not affected."""
    arn = kms.add_key(region="me-south-1")
    kms.disable_region("me-south-1")
    for account_id in ("111122223333", OTHER_ACCOUNT):
        answer = client(kms, region="me-south-1", account_id=account_id).error("DescribeKey", KeyId=arn)
        assert answer.error == "UnrecognizedClientException"
        assert answer.message == "The security token included in the request is invalid."
    assert ask(kms, region="me-south-1").error[:2] == (403, "InvalidClientTokenId")
    assert call("ListKeys")["Keys"] == []
    assert ask(kms).status == 200


def test_a_session_is_not_valid_in_a_disabled_region(kms: LocalKMS) -> None:
    """What was assumed elsewhere does not open a region that is not enabled."""
    session = ask(kms).credentials
    kms.disable_region("me-south-1")
    assert ask(kms, region="me-south-1", credentials=session).error[:2] == (403, "InvalidClientTokenId")


def test_a_region_can_be_enabled_again(kms: LocalKMS) -> None:
    """Its keys are still there then; enabling one that is enabled changes nothing."""
    arn = kms.add_key(region="me-south-1")
    kms.disable_region("me-south-1")
    kms.disable_region("af-south-1")
    for _ in range(2):
        kms.enable_region("me-south-1")
    assert client(kms, region="me-south-1")("ListKeys")["Keys"][0]["KeyArn"] == arn
    assert client(kms, region="af-south-1").error("ListKeys").error == "UnrecognizedClientException"


def test_a_region_has_a_name(kms: LocalKMS) -> None:
    """What could be no region is refused at once."""
    for switch in (kms.disable_region, kms.enable_region):
        with pytest.raises(ValueError, match="not a region"):
            switch("no region")
