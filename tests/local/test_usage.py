"""What counts as the use of a key, and which keys an operation can use."""

import json
import time
from uuid import UUID

import pytest
from support.local_client import Client, last_usage

from awskms_lite.local import LocalKMS

USES = (
    "Encrypt", "Decrypt", "ReEncrypt", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext", "GenerateMac",
    "VerifyMac",
)  # fmt: skip


def uses(call: Client, key: str, hmac_key: str) -> dict[str, dict[str, object]]:
    """Return members for each cryptographic operation, such that it succeeds."""
    blob = call("Encrypt", KeyId=key, Plaintext="eA==")["CiphertextBlob"]
    message = {"KeyId": hmac_key, "Message": "eA==", "MacAlgorithm": "HMAC_SHA_256"}
    return {
        "Encrypt": {"KeyId": key, "Plaintext": "eA=="},
        "Decrypt": {"CiphertextBlob": blob},
        "GenerateDataKey": {"KeyId": key, "NumberOfBytes": 7},
        "GenerateDataKeyWithoutPlaintext": {"KeyId": key, "NumberOfBytes": 7},
        "ReEncrypt": {"CiphertextBlob": blob, "DestinationKeyId": key},
        "GenerateMac": message,
        "VerifyMac": {**message, "Mac": call("GenerateMac", **message)["Mac"]},
    }


@pytest.mark.parametrize("operation", USES)
def test_a_use_is_recorded_at_once(kms: LocalKMS, call: Client, operation: str) -> None:
    """The last usage names the operation, the time and the request id of the very call, and a trail event."""
    key, hmac_key = kms.add_key(), kms.add_key(spec="HMAC_256")
    members = uses(call, key, hmac_key)[operation]
    answer = call.send(operation, json.dumps(members).encode())
    used = last_usage(call, hmac_key if "Mac" in operation else key)
    assert (used["Operation"], used["KmsRequestId"]) == (operation, answer.headers["x-amzn-RequestId"])
    assert abs(used["Timestamp"] - time.time()) < 60
    assert str(UUID(used["CloudTrailEventId"])) == used["CloudTrailEventId"]


@pytest.mark.parametrize("operation", USES)
def test_a_dry_run_is_no_use(kms: LocalKMS, call: Client, operation: str) -> None:
    """DryRun answers DryRunOperationException where the call would have succeeded, and records nothing."""
    key, hmac_key = kms.add_key(), kms.add_key(spec="HMAC_256")
    members = uses(call, key, hmac_key)[operation]
    before = last_usage(call, key), last_usage(call, hmac_key)
    answer = call.error(operation, DryRun=True, **members)
    assert answer.error == "DryRunOperationException"
    assert (last_usage(call, key), last_usage(call, hmac_key)) == before


def test_reading_is_no_use(kms: LocalKMS, call: Client) -> None:
    """Only cryptographic operations count."""
    arn = kms.add_key()
    for operation in ("DescribeKey", "GetKeyLastUsage", "ListKeys"):
        call(operation, KeyId=arn)
    assert last_usage(call, arn) == {}


def test_a_key_serves_its_own_usage_and_algorithm_only(kms: LocalKMS, call: Client) -> None:
    """Encrypting with an HMAC key, a MAC with another kind of key or hash: InvalidKeyUsageException."""
    hmac_key, key = kms.add_key(spec="HMAC_256"), kms.add_key()
    message = {"Message": "eA==", "MacAlgorithm": "HMAC_SHA_512"}
    answers = [
        call.error("Encrypt", KeyId=hmac_key, Plaintext="eA=="),
        call.error("GenerateDataKey", KeyId=hmac_key, KeySpec="AES_256"),
        call.error("GenerateMac", KeyId=key, **message),
        call.error("GenerateMac", KeyId=hmac_key, **message),
        call.error("Encrypt", KeyId=key, Plaintext="eA==", EncryptionAlgorithm="RSAES_OAEP_SHA_256"),
    ]
    assert {answer.error for answer in answers} == {"InvalidKeyUsageException"}
    assert answers[0].message == f"{hmac_key} key usage is GENERATE_VERIFY_MAC which is not valid for Encrypt."
    assert answers[3].message == "Algorithm HMAC_SHA_512 is incompatible with key spec HMAC_256."
