"""Key policies of LocalKMS's keys."""

import json
from collections.abc import Iterator

import pytest
from local_client import Client, client

from awskms_lite.local import LocalKMS

POLICY = '{"Version": "2012-10-17",\n\t"Statement": []}'


@pytest.fixture
def kms() -> Iterator[LocalKMS]:
    with LocalKMS() as kms:
        yield kms


@pytest.fixture
def call(kms: LocalKMS) -> Client:
    return client(kms)


def test_a_key_has_the_default_policy_until_it_gets_another(kms: LocalKMS) -> None:
    """The default policy leaves all to the account, and a policy that was put comes back letter by letter."""
    key = kms.add_key(region="cn-north-1")
    call = client(kms, region="cn-north-1")
    default = call("GetKeyPolicy", KeyId=key)
    assert default["PolicyName"] == "default"
    statement = json.loads(default["Policy"])["Statement"][0]
    assert (statement["Principal"], statement["Action"]) == ({"AWS": "arn:aws-cn:iam::111122223333:root"}, "kms:*")
    assert call("PutKeyPolicy", KeyId=key, Policy=POLICY, PolicyName="default") == {}
    assert call("GetKeyPolicy", KeyId=key, PolicyName="default")["Policy"] == POLICY


def test_a_key_is_made_with_its_policy(call: Client) -> None:
    """The policy of CreateKey is the key's from the start."""
    key = call("CreateKey", Policy=POLICY)["KeyMetadata"]["KeyId"]
    assert call("GetKeyPolicy", KeyId=key)["Policy"] == POLICY


def test_the_policy_of_an_aws_managed_key_leaves_reading_to_the_account(kms: LocalKMS, call: Client) -> None:
    """What the account may do with an AWS managed key stands in its policy."""
    policy = call("GetKeyPolicy", KeyId=kms.add_key(manager="AWS"))["Policy"]
    assert json.loads(policy)["Statement"][0]["Action"] == ["kms:Describe*", "kms:Get*", "kms:List*"]


def test_there_is_one_policy(kms: LocalKMS, call: Client) -> None:
    """ListKeyPolicies names the default policy, and no other one is found or put."""
    key = kms.add_key()
    assert call("ListKeyPolicies", KeyId=key) == {"PolicyNames": ["default"], "Truncated": False}
    assert call.error("GetKeyPolicy", KeyId=key, PolicyName="AWS_RAM").error == "NotFoundException"
    assert call.error("PutKeyPolicy", KeyId=key, PolicyName="mine", Policy="{}").error == "NotFoundException"
    assert call.error("GetKeyPolicy", KeyId=key, PolicyName="no name").error == "ValidationException"


@pytest.mark.parametrize(
    ("policy", "error"),
    [
        ("allow everything", "MalformedPolicyDocumentException"),
        ("[]", "MalformedPolicyDocumentException"),
        ("[" * 100_000, "MalformedPolicyDocumentException"),
        ('{"Id": "\u20ac"}', "ValidationException"),
        ("{" + " " * 131_072, "ValidationException"),
        ("", "ValidationException"),
        (None, "ValidationException"),
    ],
)
def test_a_policy_is_a_json_object(kms: LocalKMS, call: Client, policy: str | None, error: str) -> None:
    """Anything else is refused, and the old policy stays."""
    key = kms.add_key()
    call("PutKeyPolicy", KeyId=key, Policy=POLICY)
    assert call.error("PutKeyPolicy", KeyId=key, Policy=policy).error == error
    assert call("GetKeyPolicy", KeyId=key)["Policy"] == POLICY
