"""How a request names its key: id, ARN, alias, region, account."""

import pytest
from support.local_client import OTHER_ACCOUNT, Client, client

from awskms_lite.local import LocalKMS

MISSING = "1234abcd-12ab-34cd-56ef-1234567890ab"


def test_a_key_is_found_by_id_and_by_arn(kms: LocalKMS, call: Client) -> None:
    """GetKeyLastUsage answers with the key id, whichever of the two was asked for."""
    arn = kms.add_key()
    key_id = arn.rpartition("/")[2]
    assert call("GetKeyLastUsage", KeyId=arn) == call("GetKeyLastUsage", KeyId=key_id)
    assert call("GetKeyLastUsage", KeyId=arn)["KeyId"] == key_id


def test_a_key_is_found_in_its_region_only(kms: LocalKMS) -> None:
    """Another region does not know the key id, and names the ARN's region as KMS does."""
    arn = kms.add_key(region="eu-central-1")
    key_id = arn.rpartition("/")[2]
    assert client(kms, region="eu-central-1")("DescribeKey", KeyId=arn)["KeyMetadata"]["Arn"] == arn
    by_id = client(kms).error("DescribeKey", KeyId=key_id)
    assert (by_id.error, by_id.message) == (
        "NotFoundException",
        f"Key 'arn:aws:kms:us-east-1:111122223333:key/{key_id}' does not exist",
    )
    by_arn = client(kms).error("GetKeyLastUsage", KeyId=arn)
    assert (by_arn.error, by_arn.message) == ("NotFoundException", "Invalid arn eu-central-1")


def test_a_key_of_another_account_is_denied(kms: LocalKMS) -> None:
    """Another account's ARN is AccessDeniedException, with its text in `Message`; its key id is not found."""
    arn = kms.add_key(account_id=OTHER_ACCOUNT)
    assert client(kms, account_id=OTHER_ACCOUNT)("GetKeyLastUsage", KeyId=arn)["KeyLastUsage"] == {}
    denied = client(kms).error("GetKeyLastUsage", KeyId=arn)
    assert denied.body == {
        "__type": "AccessDeniedException",
        "Message": (
            "User: arn:aws:iam::111122223333:user/local is not authorized to perform: kms:GetKeyLastUsage on "
            f"resource: {arn} because no resource-based policy allows the kms:GetKeyLastUsage action"
        ),
    }
    assert client(kms).error("GetKeyLastUsage", KeyId=arn.rpartition("/")[2]).error == "NotFoundException"


@pytest.mark.parametrize(
    ("identifier", "error", "message"),
    [
        (MISSING, "NotFoundException", f"Key 'arn:aws:kms:us-east-1:111122223333:key/{MISSING}' does not exist"),
        ("mrk-" + "0" * 32, "NotFoundException", "does not exist"),
        ("key", "NotFoundException", "Invalid keyId 'key'"),
        (f"arn:aws:kms:us-east-1:111122223333:key/{MISSING}", "NotFoundException", "does not exist"),
        ("arn:aws:kms:us-east-1:111122223333:key/x", "NotFoundException", "Invalid keyId 'x'"),
        ("alias/mine", "NotFoundException", "alias/mine"),
        ("arn:aws:iam::111122223333:user/x", "InvalidArnException", "Invalid arn arn:aws:iam"),
        ("arn:aws-cn:kms:us-east-1:111122223333:key/x", "InvalidArnException", "Invalid arn arn:aws-cn"),
        ("arn:aws:kms:us-east-1", "InvalidArnException", "Invalid arn"),
    ],
)
@pytest.mark.parametrize("operation", ["DescribeKey", "GetKeyLastUsage"])
def test_what_names_no_key_has_the_error_of_kms(
    call: Client, operation: str, identifier: str, error: str, message: str
) -> None:
    """Missing keys, foreign ARNs and plain nonsense each have their error."""
    answer = call.error(operation, KeyId=identifier)
    assert answer.error == error
    assert message in answer.message


@pytest.mark.parametrize(
    ("region", "partition"),
    [
        ("ap-southeast-9", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov"),
        ("eusc-de-east-1", "aws-eusc"), ("us-iso-east-1", "aws-iso"), ("us-isob-east-1", "aws-iso-b"),
        ("eu-isoe-west-1", "aws-iso-e"), ("us-isof-south-1", "aws-iso-f"),
    ],
)  # fmt: skip
def test_an_arn_begins_with_its_regions_partition(kms: LocalKMS, region: str, partition: str) -> None:
    """One server holds every region, those nobody has heard of included."""
    arn = kms.add_key(region=region)
    assert arn.startswith(f"arn:{partition}:kms:{region}:111122223333:key/")
    assert client(kms, region=region)("GetKeyLastUsage", KeyId=arn)["KeyLastUsage"] == {}
