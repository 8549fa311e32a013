"""What KMS of LocalKMS answers to a request before any operation runs: the protocol and the rules of members."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from support.local_client import Client, b64

from awskms_lite.identity import Credentials
from awskms_lite.local import LocalKMS


def test_every_answer_has_a_request_id_and_the_date(kms: LocalKMS, call: Client) -> None:
    """Successes and errors alike carry a fresh request id; the Date header goes on with the key clock."""
    kms.advance(timedelta(days=400))
    answers = [call.send("ListKeys", b"{}"), call.send("ListKeys", b"[]")]
    ids = {str(UUID(answer.headers["x-amzn-RequestId"])) for answer in answers}
    assert len(ids) == 2
    for answer in answers:
        date = datetime.strptime(answer.headers["Date"], "%a, %d %b %Y %H:%M:%S GMT").replace(tzinfo=UTC)
        assert abs(date - datetime.now(UTC) - timedelta(days=400)) < timedelta(minutes=1)
        assert answer.headers["Content-Type"] == "application/x-amz-json-1.1"


@pytest.mark.parametrize("operation", ["Nonsense", "Other.ListKeys", "TrentService.", "TrentService.listkeys"])
def test_an_operation_that_kms_lacks_is_unknown(call: Client, operation: str) -> None:
    """A target that names no operation of KMS is UnknownOperationException."""
    assert call.send(operation, b"{}").body == {"__type": "UnknownOperationException"}


@pytest.mark.parametrize(("method", "path"), [("GET", "/"), ("POST", "/keys")])
def test_kms_has_one_path_and_method(call: Client, method: str, path: str) -> None:
    """Only POST / is spoken; anything else is 404."""
    answer = call.send("ListKeys", b"{}", method=method, path=path)
    assert (answer.status, answer.error) == (404, "UnknownOperationException")


def test_an_operation_that_is_missing_here_says_so(call: Client) -> None:
    """An operation that KMS has and LocalKMS lacks is UnsupportedOperationException, and says so."""
    answer = call.error("Sign")
    assert answer.error == "UnsupportedOperationException"
    assert answer.message == "LocalKMS has no Sign, which KMS has: set its answer with LocalKMS.answer()."


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'"text"', b"null", b"\xff", b"[" * 100_000, b'{"Limit": ' + b"1" * 5000 + b"}"]
)
def test_a_body_that_is_no_json_object_is_refused(call: Client, body: bytes) -> None:
    """Whatever is not one JSON object is SerializationException."""
    answer = call.send("ListKeys", body)
    assert (answer.status, answer.error) == (400, "SerializationException")


def test_the_signature_is_checked_before_the_body(kms: LocalKMS) -> None:
    """A caller without a valid signature learns nothing of the body."""
    secret = Credentials(kms.credentials.access_key_id, "wrong")
    answer = Client(kms, kms.region, secret).send("ListKeys", b"not json")
    assert (answer.status, answer.error) == (400, "InvalidSignatureException")


def test_an_unknown_access_key_is_not_recognized(kms: LocalKMS) -> None:
    """An access key that no account here has is UnrecognizedClientException."""
    stranger = Credentials("AKIAIOSFODNN7EXAMPLE", "secret")
    assert Client(kms, kms.region, stranger).error("ListKeys").error == "UnrecognizedClientException"


def test_null_is_absent_and_the_unknown_is_ignored(call: Client) -> None:
    """A null member counts as absent, and members of newer models do no harm."""
    assert call("ListKeys", Limit=None, Marker=None, Novelty=1)["Keys"] == []


CONSTRAINT = "failed to satisfy constraint"


@pytest.mark.parametrize(
    ("operation", "members", "error", "message"),
    [
        ("DescribeKey", {}, "ValidationException",
         f"1 validation error detected: Value null at 'keyId' {CONSTRAINT}: Member must not be null"),
        ("DescribeKey", {"KeyId": None}, "ValidationException", "Value null at 'keyId'"),
        ("DescribeKey", {"KeyId": ""}, "ValidationException", "length greater than or equal to 1"),
        ("DescribeKey", {"KeyId": "x" * 2049}, "ValidationException", "length less than or equal to 2048"),
        ("DescribeKey", {"KeyId": 5}, "SerializationException", "number can not be converted to String"),
        ("DescribeKey", {"KeyId": True}, "SerializationException", "Boolean can not be converted to String"),
        ("DescribeKey", {"KeyId": ["x"]}, "SerializationException", "array can not be converted to String"),
        ("DescribeKey", {"KeyId": {}}, "SerializationException", "object can not be converted to String"),
        ("ListKeys", {"Limit": 0}, "ValidationException",
         "Value '0' at 'limit' failed to satisfy constraint: Member must have value greater than or equal to 1"),
        ("ListKeys", {"Limit": 1001}, "ValidationException", "value less than or equal to 1000"),
        ("ListKeys", {"Limit": "9"}, "SerializationException", "string can not be converted to Integer"),
        ("ListKeys", {"Limit": True}, "SerializationException", "Boolean can not be converted to Integer"),
        ("ListKeys", {"ResourceOwners": [None]}, "SerializationException", "null can not be converted to String"),
        ("CreateKey", {"Tags": ["x"]}, "SerializationException", "string can not be converted to Structure"),
        ("CreateKey", {"Tags": [{"TagKey": "a"}]}, "ValidationException", "null at 'tags.1.member.tagValue'"),
        ("UntagResource", {"TagKeys": ["", "a"]}, "ValidationException", "Value '[, a]' at 'tagKeys' failed to"),
        ("UntagResource", {"TagKeys": ["", "a"]}, "ValidationException", "[Member must have length less than or"),
        ("CreateKey", {"KeySpec": "AES"}, "ValidationException", "satisfy enum value set: [SYMMETRIC_DEFAULT, "),
        ("CreateKey", {"MultiRegion": "yes"}, "SerializationException", "can not be converted to Boolean"),
        ("Encrypt", {"Plaintext": "%"}, "SerializationException", "'Plaintext' is not base64"),
        ("Encrypt", {"Plaintext": ""}, "ValidationException",
         "Value at 'plaintext' failed to satisfy constraint: Member must have length greater than or equal to 1"),
        ("Encrypt", {"Plaintext": b64(b"x" * 4097)}, "ValidationException", "less than or equal to 4096"),
        ("Encrypt", {}, "ValidationException", "Value null at 'plaintext'"),
        ("Encrypt", {"Plaintext": "eA==", "EncryptionContext": {"a": 1}}, "SerializationException", "number"),
        ("Decrypt", {"CiphertextBlob": b64(b"x" * 6145)}, "ValidationException", "less than or equal to 6144"),
        ("GenerateDataKey", {"NumberOfBytes": 1025}, "ValidationException", "less than or equal to 1024"),
        ("GenerateDataKey", {}, "ValidationException", "Please specify either number of bytes or key spec."),
        ("GenerateDataKey", {"NumberOfBytes": 1, "KeySpec": "AES_256"}, "ValidationException", "Please specify"),
        ("GenerateMac", {"Message": b64(b"x" * 4097)}, "ValidationException", "less than or equal to 4096"),
        ("GenerateMac", {"Message": "eA=="}, "ValidationException", "Value null at 'macAlgorithm'"),
    ],
)  # fmt: skip
def test_a_member_that_breaks_a_rule_is_named(
    call: Client, operation: str, members: dict[str, object], error: str, message: str
) -> None:
    """Missing members, wrong types, and values that are too long or too large have the messages of KMS."""
    answer = call.error(operation, **members)
    assert answer.error == error
    assert message in answer.message
