"""Aliases of LocalKMS's keys: made, moved, listed, and taken where KMS takes them."""

from datetime import timedelta
from typing import Any

import pytest
from support.local_client import OTHER_ACCOUNT, Client, client, listed

from awskms_lite.audit import audit
from awskms_lite.local import LocalKMS


def names(answer: dict[str, Any]) -> list[str]:
    """Return the names of keys: those that AWS has ready lead to none."""
    return [alias["AliasName"] for alias in answer["Aliases"] if "TargetKeyId" in alias]


def test_an_alias_is_another_name_of_its_key(kms: LocalKMS, call: Client) -> None:
    """By name and by ARN an alias leads to its key, and what is answered names the key itself."""
    key = kms.add_key()
    assert call("CreateAlias", AliasName="alias/mine", TargetKeyId=key) == {}
    for identifier in ("alias/mine", "arn:aws:kms:us-east-1:111122223333:alias/mine"):
        assert call("DescribeKey", KeyId=identifier)["KeyMetadata"]["Arn"] == key
        sealed = call("Encrypt", KeyId=identifier, Plaintext="eA==")
        assert sealed["KeyId"] == key
        assert call("Decrypt", KeyId=identifier, CiphertextBlob=sealed["CiphertextBlob"])["KeyId"] == key


@pytest.mark.parametrize(
    ("operation", "members"),
    [
        ("GetKeyLastUsage", {}), ("DisableKey", {}), ("ScheduleKeyDeletion", {}), ("GetKeyPolicy", {}),
        ("GetKeyRotationStatus", {}), ("ListAliases", {}), ("TagResource", {"Tags": []}),
        ("UpdateKeyDescription", {"Description": ""}),
    ],
)  # fmt: skip
def test_most_operations_take_no_alias(
    kms: LocalKMS, call: Client, operation: str, members: dict[str, object]
) -> None:
    """Where KMS wants the key itself, an alias that exists is no key id, and its ARN no key ARN."""
    kms.add_key(aliases=["alias/mine"])
    by_name = call.error(operation, KeyId="alias/mine", **members)
    assert (by_name.error, by_name.message) == ("NotFoundException", "Invalid keyId 'alias/mine'")
    by_arn = call.error(operation, KeyId="arn:aws:kms:us-east-1:111122223333:alias/mine", **members)
    assert by_arn.error == "InvalidArnException"


def test_an_alias_belongs_to_its_region_and_account(kms: LocalKMS, call: Client) -> None:
    """The same name can stand for other keys elsewhere, and is not found through an ARN of elsewhere."""
    key, there = kms.add_key(aliases=["alias/mine"]), kms.add_key(aliases=["alias/mine"], region="eu-west-1")
    kms.add_key(aliases=["alias/mine"], account_id=OTHER_ACCOUNT)
    abroad = client(kms, region="eu-west-1")
    assert call("DescribeKey", KeyId="alias/mine")["KeyMetadata"]["Arn"] == key
    assert abroad("DescribeKey", KeyId="alias/mine")["KeyMetadata"]["Arn"] == there
    arn = "arn:aws:kms:us-east-1:111122223333:alias/mine"
    assert abroad.error("DescribeKey", KeyId=arn).error == "NotFoundException"
    stranger = client(kms, account_id=OTHER_ACCOUNT)
    assert stranger.error("DescribeKey", KeyId=arn).error == "AccessDeniedException"
    assert len(names(call("ListAliases"))) == 1


def test_an_alias_is_listed_with_its_dates(kms: LocalKMS, call: Client) -> None:
    """ListAliases gives name, ARN, key id, and the times of the making and of the last change."""
    first, second = kms.add_key(), kms.add_key()
    call("CreateAlias", AliasName="alias/mine", TargetKeyId=first)
    (made,) = call("ListAliases", KeyId=first)["Aliases"]
    kms.advance(timedelta(days=1))
    call("UpdateAlias", AliasName="alias/mine", TargetKeyId=second)
    (moved,) = call("ListAliases", KeyId=second)["Aliases"]
    assert made["CreationDate"] == made["LastUpdatedDate"] == moved["CreationDate"]
    assert moved["LastUpdatedDate"] - moved["CreationDate"] >= 86400
    assert (made["TargetKeyId"], moved["TargetKeyId"]) == (first.rpartition("/")[2], second.rpartition("/")[2])
    assert moved["AliasArn"] == "arn:aws:kms:us-east-1:111122223333:alias/mine"


def test_aliases_are_listed_in_pages_and_by_key(kms: LocalKMS, call: Client) -> None:
    """Pages give every alias once, in order of name, and KeyId leaves those of one key."""
    key = kms.add_key(aliases=["alias/d", "alias/b"])
    kms.add_key(aliases=["alias/a", "alias/c", "alias/e"])
    seen = listed(call, "ListAliases", "Aliases", Limit=2)
    assert names({"Aliases": seen}) == ["alias/a", "alias/b", "alias/c", "alias/d", "alias/e"]
    assert names(call("ListAliases", KeyId=key)) == ["alias/b", "alias/d"]
    assert call("ListAliases", KeyId=kms.add_key()) == {"Aliases": [], "Truncated": False}


def test_a_page_of_aliases_goes_on_where_the_last_one_ended(kms: LocalKMS, call: Client) -> None:
    """An alias deleted between two pages takes no other one with it."""
    kms.add_key(aliases=["alias/a", "alias/b", "alias/c"])
    marker = call("ListAliases", Limit=2)["NextMarker"]
    call("DeleteAlias", AliasName="alias/a")
    call("DeleteAlias", AliasName="alias/b")
    assert names(call("ListAliases", Marker=marker)) == ["alias/c"]


@pytest.mark.parametrize(("limit", "error"), [(0, "ValidationException"), (101, "ValidationException")])
def test_a_page_of_aliases_has_its_bounds(kms: LocalKMS, call: Client, limit: int, error: str) -> None:
    """Limit is 1 to 100, and 50 where it is not given."""
    kms.add_key(aliases=[f"alias/{number:02}" for number in range(51)])
    assert call.error("ListAliases", Limit=limit).error == error
    assert (len(call("ListAliases")["Aliases"]), call("ListAliases")["Truncated"]) == (50, True)


def test_a_deleted_alias_leaves_its_key(kms: LocalKMS, call: Client) -> None:
    """DeleteAlias takes the name alone."""
    key = kms.add_key(aliases=["alias/mine"])
    assert call("DeleteAlias", AliasName="alias/mine") == {}
    assert call.error("DescribeKey", KeyId="alias/mine").error == "NotFoundException"
    assert call("DescribeKey", KeyId=key)["KeyMetadata"]["KeyState"] == "Enabled"


@pytest.mark.parametrize("alias", ["alias/none", "arn:aws:kms:us-east-1:111122223333:alias/none"])
def test_an_alias_that_is_missing_is_not_found(call: Client, alias: str) -> None:
    """By its name or its ARN, the error names the ARN."""
    answer = call.error("DescribeKey", KeyId=alias)
    arn = "arn:aws:kms:us-east-1:111122223333:alias/none"
    assert (answer.error, answer.message) == ("NotFoundException", f"Alias {arn} is not found.")


@pytest.mark.parametrize("operation", ["UpdateAlias", "DeleteAlias"])
def test_an_alias_that_is_missing_cannot_be_changed(kms: LocalKMS, call: Client, operation: str) -> None:
    """Updating or deleting it is NotFoundException with its ARN."""
    answer = call.error(operation, AliasName="alias/none", TargetKeyId=kms.add_key())
    assert answer.error == "NotFoundException"
    assert answer.message == "Alias arn:aws:kms:us-east-1:111122223333:alias/none is not found."


@pytest.mark.parametrize(
    ("name", "error", "words"),
    [
        ("mine", "ValidationException", 'Alias must start with the prefix "alias/". Please see https://'),
        ("alias/", "ValidationException", "Invalid identifier"),
        ("alias/a:b", "ValidationException", "alias/a:b contains invalid characters for an alias"),
        ("alias/\u00fc", "ValidationException", "regular expression pattern: ^[a-zA-Z0-9:/_-]+$"),
        ("alias/a\n", "ValidationException", "regular expression pattern"),
        ("alias/" + "a" * 251, "ValidationException", "length less than or equal to 256"),
        ("alias/aws/mine", "NotAuthorizedException", "None"),
        ("alias/taken", "AlreadyExistsException", "us-east-1:111122223333:alias/taken already exists"),
    ],
)
def test_an_alias_has_a_name_that_kms_takes(
    kms: LocalKMS, call: Client, name: str, error: str, words: str
) -> None:
    """Names that are ill-formed, reserved or taken are refused, and no alias is made."""
    key = kms.add_key(aliases=["alias/taken"])
    answer = call.error("CreateAlias", AliasName=name, TargetKeyId=key)
    assert (answer.error, words in answer.message) == (error, True)
    assert names(call("ListAliases")) == ["alias/taken"]


@pytest.mark.parametrize("target", ["alias/mine", "arn:aws:kms:us-east-1:111122223333:alias/mine"])
def test_an_alias_is_not_the_name_of_an_alias(kms: LocalKMS, call: Client, target: str) -> None:
    """An alias goes to a key, named by its id or ARN."""
    kms.add_key(aliases=["alias/mine"])
    answer = call.error("CreateAlias", AliasName="alias/other", TargetKeyId=target)
    assert (answer.error, answer.message) == ("ValidationException", "Aliases must refer to keys. Not aliases")


@pytest.mark.parametrize("spec", ["HMAC_256", "RSA_2048", "ECC_NIST_P256"])
def test_an_alias_stays_with_one_kind_of_key(kms: LocalKMS, call: Client, spec: str) -> None:
    """UpdateAlias to a key of another type or usage is ValidationException, and the alias stays where it was."""
    key = kms.add_key(aliases=["alias/mine"])
    answer = call.error("UpdateAlias", AliasName="alias/mine", TargetKeyId=kms.add_key(spec=spec))
    assert answer.error == "ValidationException"
    assert call("DescribeKey", KeyId="alias/mine")["KeyMetadata"]["Arn"] == key


# Those that AWS has ready


def ready(call: Client) -> dict[str, dict[str, Any]]:
    """Return the aliases without a key, by name."""
    aliases = listed(call, "ListAliases", "Aliases", Limit=5)
    return {alias["AliasName"]: alias for alias in aliases if "TargetKeyId" not in alias}


def test_a_fresh_account_has_aliases_without_a_key(kms: LocalKMS, call: Client) -> None:
    """AWS's own names and nothing else, in every account and region; no key bears them."""
    assert {"alias/aws/ebs", "alias/aws/s3", "alias/aws/ssm"} <= ready(call).keys()
    assert all(name.startswith("alias/aws/") for name in ready(call))
    there = client(kms, region="cn-north-1", account_id=OTHER_ACCOUNT)
    assert ready(there).keys() == ready(call).keys()
    arn = f"arn:aws-cn:kms:cn-north-1:{OTHER_ACCOUNT}:alias/aws/s3"
    assert ready(there)["alias/aws/s3"] == {"AliasName": "alias/aws/s3", "AliasArn": arn}
    assert names(call("ListAliases")) == call("ListKeys")["Keys"] == []


@pytest.mark.parametrize("identifier", ["alias/aws/s3", "arn:aws:kms:us-east-1:111122223333:alias/aws/s3"])
def test_to_describe_such_an_alias_makes_its_key(kms: LocalKMS, call: Client, identifier: str) -> None:
    """A managed key of that name comes to be, once, in this account and region alone, and rotates every year."""
    before = ready(call).keys()
    key = call("DescribeKey", KeyId=identifier)["KeyMetadata"]
    assert (key["KeyManager"], key["KeyState"], key["Origin"]) == ("AWS", "Enabled", "AWS_KMS")
    assert call("DescribeKey", KeyId="alias/aws/s3")["KeyMetadata"] == key
    assert [each["KeyId"] for each in call("ListKeys")["Keys"]] == [key["KeyId"]]
    (alias,) = call("ListAliases", KeyId=key["Arn"])["Aliases"]
    assert (alias["AliasName"], alias["TargetKeyId"]) == ("alias/aws/s3", key["KeyId"])
    assert before - ready(call).keys() == {"alias/aws/s3"}
    assert call("GetKeyRotationStatus", KeyId=key["KeyId"])["RotationPeriodInDays"] == 365
    assert call("GetKeyLastUsage", KeyId=key["KeyId"])["KeyLastUsage"] == {}
    assert client(kms, region="eu-west-1")("ListKeys")["Keys"] == []


def test_nothing_else_makes_a_managed_key(kms: LocalKMS, call: Client) -> None:
    """Not its use, not a name that AWS has not, not one of elsewhere, and not one that is denied."""
    assert call.error("Encrypt", KeyId="alias/aws/s3", Plaintext="eA==").error == "NotFoundException"
    assert call.error("DescribeKey", KeyId="alias/aws/none").error == "NotFoundException"
    for elsewhere in ("eu-west-1:111122223333", f"us-east-1:{OTHER_ACCOUNT}"):
        call.error("DescribeKey", KeyId=f"arn:aws:kms:{elsewhere}:alias/aws/s3")
    for operation in ("UpdateAlias", "DeleteAlias", "CreateAlias"):
        answer = call.error(operation, AliasName="alias/aws/s3", TargetKeyId=kms.add_key())
        assert answer.error == "NotAuthorizedException"
    kms.deny("DescribeKey")
    assert call.error("DescribeKey", KeyId="alias/aws/s3").error == "AccessDeniedException"
    assert "alias/aws/s3" in ready(call)


def test_a_managed_key_that_is_added_takes_its_alias_over(kms: LocalKMS, call: Client) -> None:
    """add_key gives the name its key, which another one cannot have after that."""
    key = kms.add_key(manager="AWS", aliases=["alias/aws/s3"])
    assert "alias/aws/s3" not in ready(call)
    assert call("DescribeKey", KeyId="alias/aws/s3")["KeyMetadata"]["Arn"] == key
    with pytest.raises(ValueError, match="is taken"):
        kms.add_key(manager="AWS", aliases=["alias/aws/s3"])


def test_an_alias_without_a_key_is_no_finding(kms: LocalKMS) -> None:
    """An audit of a fresh account reports no key and misses none; then one key, under its own names."""
    assert list(audit(environ=kms.environ)) == []
    key = kms.add_key(aliases=["alias/mine"])
    run = audit(environ=kms.environ)
    assert [(report.arn, report.aliases) for report in run] == [(key, ("alias/mine",))]
    assert run.summary.complete
