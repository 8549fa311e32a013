"""The operations of LocalKMS that make, describe, list and change keys."""

import re
import time
from uuid import UUID

import pytest
from support.local_client import OTHER_ACCOUNT, Client, listed

from awskms_lite.local import LocalKMS


def test_create_key_makes_a_symmetric_key_by_default(call: Client) -> None:
    """CreateKey answers with the metadata that DescribeKey gives again, complete as KMS's."""
    tags = [{"TagKey": "team", "TagValue": ""}]
    made = call("CreateKey", Description="mine", Tags=tags, MultiRegion=False, Origin="AWS_KMS")["KeyMetadata"]
    assert call("DescribeKey", KeyId=made["KeyId"])["KeyMetadata"] == made
    assert abs(made.pop("CreationDate") - time.time()) < 60
    assert re.fullmatch("[0-9a-f]{64}", made.pop("CurrentKeyMaterialId"))
    assert made == {
        "AWSAccountId": "111122223333",
        "Arn": f"arn:aws:kms:us-east-1:111122223333:key/{UUID(made['KeyId'])}",
        "CustomerMasterKeySpec": "SYMMETRIC_DEFAULT",
        "Description": "mine",
        "Enabled": True,
        "EncryptionAlgorithms": ["SYMMETRIC_DEFAULT"],
        "KeyId": made["KeyId"],
        "KeyManager": "CUSTOMER",
        "KeySpec": "SYMMETRIC_DEFAULT",
        "KeyState": "Enabled",
        "KeyUsage": "ENCRYPT_DECRYPT",
        "MultiRegion": False,
        "Origin": "AWS_KMS",
    }


@pytest.mark.parametrize("member", ["KeySpec", "CustomerMasterKeySpec"])
def test_create_key_makes_hmac_keys(call: Client, member: str) -> None:
    """An HMAC key has its one MAC algorithm, under the new name of the spec and the old one."""
    made = call("CreateKey", KeyUsage="GENERATE_VERIFY_MAC", **{member: "HMAC_384"})["KeyMetadata"]
    assert (made["KeySpec"], made["MacAlgorithms"]) == ("HMAC_384", ["HMAC_SHA_384"])
    assert made["KeyUsage"] == "GENERATE_VERIFY_MAC"
    assert "EncryptionAlgorithms" not in made
    assert "CurrentKeyMaterialId" not in made


@pytest.mark.parametrize(
    ("spec", "usage", "member", "algorithms"),
    [
        ("RSA_2048", "ENCRYPT_DECRYPT", "EncryptionAlgorithms", ["RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256"]),
        ("ECC_NIST_P384", "SIGN_VERIFY", "SigningAlgorithms", ["ECDSA_SHA_384"]),
        ("ECC_NIST_P384", "KEY_AGREEMENT", "KeyAgreementAlgorithms", ["ECDH"]),
        ("ML_KEM_768", "ENCAPSULATE_DECAPSULATE", "EncapsulationAlgorithms", ["ML_KEM"]),
    ],
)
def test_create_key_makes_asymmetric_keys_to_look_at(
    call: Client, spec: str, usage: str, member: str, algorithms: list[str]
) -> None:
    """An asymmetric key is described with the algorithms of its spec and usage, and has no material of its own."""
    made = call("CreateKey", KeySpec=spec, KeyUsage=usage)["KeyMetadata"]
    assert (made["KeySpec"], made["KeyUsage"], made[member]) == (spec, usage, algorithms)
    assert [name for name in made if name.endswith("Algorithms")] == [member]
    assert "CurrentKeyMaterialId" not in made


def test_create_key_makes_keys_that_wait_for_an_import(call: Client) -> None:
    """A key of origin EXTERNAL is in PendingImport and cannot be used."""
    made = call("CreateKey", Origin="EXTERNAL")["KeyMetadata"]
    assert (made["KeyState"], made["Origin"], made["Enabled"]) == ("PendingImport", "EXTERNAL", False)
    assert not {"CurrentKeyMaterialId", "ExpirationModel"} & set(made)
    answer = call.error("Encrypt", KeyId=made["KeyId"], Plaintext="eA==")
    assert (answer.error, answer.message) == ("KMSInvalidStateException", f"{made['Arn']} is pending import.")


@pytest.mark.parametrize(
    ("members", "error"),
    [
        ({"Origin": "AWS_CLOUDHSM"}, "UnsupportedOperationException"),
        ({"Origin": "EXTERNAL_KEY_STORE"}, "UnsupportedOperationException"),
        ({"CustomKeyStoreId": "cks-1"}, "UnsupportedOperationException"),
        ({"XksKeyId": "key-1"}, "UnsupportedOperationException"),
        ({"Policy": "[]"}, "MalformedPolicyDocumentException"),
        ({"Tags": [{"TagKey": "aws:a", "TagValue": ""}]}, "TagException"),
        ({"KeySpec": "RSA_2048"}, "ValidationException"),
        ({"KeySpec": "RSA_2048", "KeyUsage": "KEY_AGREEMENT"}, "ValidationException"),
        ({"KeySpec": "HMAC_256"}, "ValidationException"),
        ({"KeySpec": "HMAC_256", "KeyUsage": "ENCRYPT_DECRYPT"}, "ValidationException"),
        ({"KeyUsage": "SIGN_VERIFY"}, "ValidationException"),
        ({"KeySpec": "HMAC_256", "CustomerMasterKeySpec": "HMAC_256"}, "ValidationException"),
    ],
)
def test_create_key_refuses_what_it_cannot_make(call: Client, members: dict[str, object], error: str) -> None:
    """A kind of key that is not built here, or that cannot be, makes no key."""
    assert call.error("CreateKey", **members).error == error
    assert call("ListKeys")["Keys"] == []


def test_a_description_can_be_changed(call: Client) -> None:
    """UpdateKeyDescription replaces the description, with an empty one too."""
    key = call("CreateKey", Description="old")["KeyMetadata"]["KeyId"]
    for words in ("new", ""):
        assert call("UpdateKeyDescription", KeyId=key, Description=words) == {}
        assert call("DescribeKey", KeyId=key)["KeyMetadata"]["Description"] == words


def test_list_keys_comes_in_pages(kms: LocalKMS, call: Client) -> None:
    """Following NextMarker while Truncated gives every own key once, and no key of elsewhere."""
    arns = [kms.add_key() for _ in range(5)]
    kms.add_key(region="eu-west-1")
    kms.add_key(account_id=OTHER_ACCOUNT)
    assert [key["KeyArn"] for key in listed(call, "ListKeys", "Keys", Limit=2)] == arns
    assert len(call("ListKeys", Limit=2)["Keys"]) == 2
    assert call("ListKeys", Limit=5)["Truncated"] is False
    assert call("ListKeys")["Keys"][0] == {"KeyId": arns[0].rpartition("/")[2], "KeyArn": arns[0]}


def test_list_keys_gives_a_hundred_by_default(kms: LocalKMS, call: Client) -> None:
    """Without a Limit a page has 100 keys."""
    for _ in range(101):
        kms.add_key()
    page = call("ListKeys")
    assert (len(page["Keys"]), page["Truncated"]) == (100, True)
