"""LocalKMS as a client meets it: its lifetime, its protocol, where keys are found, and the use of keys."""

import base64
import json
import re
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import pytest
import trustme
from support.local_client import OTHER_ACCOUNT, Client, b64, client, last_usage, listed

from awskms_lite.identity import Credentials
from awskms_lite.local import Error, LocalKMS

LAUNCH = datetime(2026, 4, 27, 12, 0, 0, 123000, tzinfo=UTC)
CONSTRAINT = "failed to satisfy constraint"
KEY = "stands for a key that is there"
MISSING = "1234abcd-12ab-34cd-56ef-1234567890ab"


@pytest.fixture
def kms() -> Iterator[LocalKMS]:
    with LocalKMS() as kms:
        yield kms


@pytest.fixture
def call(kms: LocalKMS) -> Client:
    return Client(kms, kms.region, kms.credentials)


# Lifetime and configuration


def test_it_starts_empty(call: Client) -> None:
    """A new LocalKMS has no keys."""
    assert call("ListKeys") == {"Keys": [], "Truncated": False}


def test_environ_leads_a_client_here(kms: LocalKMS) -> None:
    """The environment names the endpoint, the region and the keys of the default account."""
    assert kms.environ == {
        "AWS_ACCESS_KEY_ID": kms.credentials.access_key_id,
        "AWS_SECRET_ACCESS_KEY": kms.credentials.secret_access_key,
        "AWS_ACCOUNT_ID": "111122223333",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": kms.endpoint_url,
    }
    assert kms.credentials == kms.credentials_for("111122223333")
    assert repr(kms) == f"<LocalKMS {kms.endpoint_url}>"


def test_region_account_and_port_can_be_chosen() -> None:
    """Keys and credentials follow the region and the account given, the socket the port."""
    with LocalKMS() as other:
        port = urlsplit(other.endpoint_url).port
    assert port
    with LocalKMS(region="eu-west-3", account_id=OTHER_ACCOUNT, port=port) as kms:
        assert kms.endpoint_url == f"http://127.0.0.1:{port}"
        assert kms.region == "eu-west-3"
        assert kms.add_key().startswith(f"arn:aws:kms:eu-west-3:{OTHER_ACCOUNT}:key/")
        assert kms.credentials.account_id == OTHER_ACCOUNT


def test_a_port_that_is_taken_is_an_error(kms: LocalKMS) -> None:
    """A second server on the same port raises OSError and leaves nothing open."""
    with pytest.raises(OSError, match="in use"):
        LocalKMS(port=urlsplit(kms.endpoint_url).port or 0).start()


def test_the_lifetime_has_a_start_and_one_end() -> None:
    """Before the start there is no URL, after the end no new start; doing either twice changes nothing."""
    kms = LocalKMS()
    with pytest.raises(RuntimeError, match="not started"):
        _ = kms.endpoint_url
    assert repr(kms) == "<LocalKMS not started>"
    arn = kms.add_key()
    assert kms.start() is kms
    url = kms.endpoint_url
    assert kms.start().endpoint_url == url
    assert client(kms)("DescribeKey", KeyId=arn)["KeyMetadata"]["Arn"] == arn
    kms.close()
    kms.close()
    assert kms.endpoint_url == url
    with pytest.raises(RuntimeError, match="closed"):
        kms.start()


def test_closing_without_a_start_is_harmless() -> None:
    """A LocalKMS that never listened has nothing to end."""
    LocalKMS().close()


@pytest.mark.parametrize("account_id", ["", "12345", "11112222333x", "1111222233334", "\u0661" * 12])
def test_an_account_id_has_twelve_digits(account_id: str) -> None:
    """Anything else is refused at once, wherever an account is named."""
    with pytest.raises(ValueError, match="12 digits"):
        LocalKMS(account_id=account_id)
    with pytest.raises(ValueError, match="12 digits"):
        LocalKMS().credentials_for(account_id)


def test_with_a_context_it_speaks_tls_as_localhost() -> None:
    """With an SSL context the URL is https://localhost, and a certificate of that name is good for it."""
    authority = trustme.CA()
    context, trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert("localhost").configure_cert(context)
    authority.configure_trust(trusting)
    with LocalKMS(ssl_context=context) as kms:
        assert kms.endpoint_url.startswith("https://localhost:")
        arn = kms.add_key()
        call = Client(kms, kms.region, kms.credentials, trusting)
        assert call("GetKeyLastUsage", KeyId=arn)["KeyLastUsage"] == {}


# Protocol


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
def test_kms_lives_at_one_place(call: Client, method: str, path: str) -> None:
    """Only POST / is spoken; anything else is 404."""
    answer = call.send("ListKeys", b"{}", method=method, path=path)
    assert (answer.status, answer.error) == (404, "UnknownOperationException")


def test_an_operation_that_is_missing_here_says_so(call: Client) -> None:
    """An operation that KMS has and LocalKMS lacks is UnsupportedOperationException, in a few words."""
    answer = call.error("Sign")
    assert answer.error == "UnsupportedOperationException"
    assert answer.message == "LocalKMS has no Sign, which KMS has."


def test_there_are_no_grants(kms: LocalKMS, call: Client) -> None:
    """Every key of the account has an empty list of them, whatever is asked for; another's is denied."""
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


def test_there_are_no_custom_key_stores(call: Client) -> None:
    """The list of all is empty, and none is found by its id or name."""
    assert call("DescribeCustomKeyStores", Limit=1000) == {"CustomKeyStores": [], "Truncated": False}
    for name in ("CustomKeyStoreId", "CustomKeyStoreName"):
        answer = call.error("DescribeCustomKeyStores", **{name: "cks-1"})
        assert answer.error == "CustomKeyStoreNotFoundException"
    both = {"CustomKeyStoreId": "cks-1", "CustomKeyStoreName": "mine"}
    assert call.error("DescribeCustomKeyStores", **both).error == "ValidationException"
    assert call.error("DescribeCustomKeyStores", Limit=1001).error == "ValidationException"


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'"text"', b"null", b"\xff", b"[" * 100_000, b'{"Limit": ' + b"1" * 5000 + b"}"]
)
def test_a_body_that_is_no_json_object_is_refused(call: Client, body: bytes) -> None:
    """Whatever is not one JSON object is SerializationException."""
    answer = call.send("ListKeys", body)
    assert (answer.status, answer.error) == (400, "SerializationException")


def test_the_signature_is_checked_before_the_body(kms: LocalKMS) -> None:
    """Nothing is told to a caller who cannot sign."""
    secret = Credentials(kms.credentials.access_key_id, "wrong")
    answer = Client(kms, kms.region, secret).send("ListKeys", b"not json")
    assert (answer.status, answer.error) == (400, "InvalidSignatureException")


def test_credentials_of_elsewhere_are_not_recognized(kms: LocalKMS) -> None:
    """An access key that no account here has is UnrecognizedClientException."""
    stranger = Credentials("AKIAIOSFODNN7EXAMPLE", "secret")
    assert Client(kms, kms.region, stranger).error("ListKeys").error == "UnrecognizedClientException"


def test_null_is_absent_and_the_unknown_is_ignored(call: Client) -> None:
    """A null member counts as absent, and members of newer models do no harm."""
    assert call("ListKeys", Limit=None, Marker=None, Novelty=1)["Keys"] == []


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
    """Missing, ill-typed, too long and too large members are told as KMS tells them."""
    answer = call.error(operation, **members)
    assert answer.error == error
    assert message in answer.message


# Keys: where they are found


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
def test_what_names_no_key_is_told_as_kms_does(
    call: Client, operation: str, identifier: str, error: str, message: str
) -> None:
    """Missing keys, foreign ARNs and plain nonsense each have their error."""
    answer = call.error(operation, KeyId=identifier)
    assert answer.error == error
    assert message in answer.message


def test_aliases_are_not_found_or_refused(call: Client) -> None:
    """An alias is not found where aliases are taken, and GetKeyLastUsage takes none."""
    arn = "arn:aws:kms:us-east-1:111122223333:alias/mine"
    for alias in ("alias/mine", arn):
        answer = call.error("DescribeKey", KeyId=alias)
        assert (answer.error, answer.message) == ("NotFoundException", f"Alias {arn} is not found.")
    assert call.error("GetKeyLastUsage", KeyId="alias/mine").message == "Invalid keyId 'alias/mine'"
    assert call.error("GetKeyLastUsage", KeyId=arn).error == "InvalidArnException"


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


# Keys: made, listed, described


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


def test_the_cryptography_of_asymmetric_keys_is_not_here(call: Client) -> None:
    """Encrypting with an RSA key is UnsupportedOperationException, and no use."""
    key = call("CreateKey", KeySpec="RSA_4096", KeyUsage="ENCRYPT_DECRYPT")["KeyMetadata"]["KeyId"]
    answer = call.error("Encrypt", KeyId=key, Plaintext="eA==", EncryptionAlgorithm="RSAES_OAEP_SHA_256")
    assert (answer.error, "RSA_4096" in answer.message) == ("UnsupportedOperationException", True)
    assert last_usage(call, key) == {}


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
    """UpdateKeyDescription gives the key other words, none at all included."""
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


def test_a_key_added_between_pages_is_not_lost(kms: LocalKMS, call: Client) -> None:
    """A marker is a place in the list, not a copy of it."""
    kms.add_key()
    kms.add_key()
    page = call("ListKeys", Limit=1)
    late = kms.add_key()
    assert call("ListKeys", Marker=page["NextMarker"])["Keys"][-1]["KeyArn"] == late


@pytest.mark.parametrize("marker", ["nonsense", "é", b64(b"\xff"), b64(b"a/b/c"), b64(b"ListKeys 1 us-east-1 x")])
def test_a_marker_of_no_page_is_invalid(call: Client, marker: str) -> None:
    """What is no marker is InvalidMarkerException."""
    assert call.error("ListKeys", Marker=marker).error == "InvalidMarkerException"


def test_a_marker_is_good_where_it_was_made(kms: LocalKMS, call: Client) -> None:
    """A marker of one region or operation is invalid in another."""
    kms.add_key()
    kms.add_key()
    marker = call("ListKeys", Limit=1)["NextMarker"]
    assert call.error("ListAliases", Marker=marker).error == "InvalidMarkerException"
    assert client(kms, region="eu-west-1").error("ListKeys", Marker=marker).error == "InvalidMarkerException"


def test_nothing_is_shared_by_other_accounts(kms: LocalKMS, call: Client) -> None:
    """ResourceOwners chooses between own keys and those of others, of which there are none."""
    kms.add_key()
    assert len(call("ListKeys", ResourceOwners=["SELF", "OTHER_ACCOUNTS_VIA_RAM"])["Keys"]) == 1
    assert call("ListKeys", ResourceOwners=["OTHER_ACCOUNTS_VIA_RAM"])["Keys"] == []


# Keys with a past


def test_an_unused_key_has_an_empty_usage(kms: LocalKMS, call: Client) -> None:
    """A key never used is answered with `{}`, and its tracking starts with its creation."""
    answer = call("GetKeyLastUsage", KeyId=kms.add_key(created=LAUNCH))
    assert answer["KeyLastUsage"] == {}
    assert answer["TrackingStartDate"] == answer["KeyCreationDate"] == LAUNCH.timestamp()


def test_a_past_is_kept_to_the_millisecond(kms: LocalKMS, call: Client) -> None:
    """Creation, tracking and use come back as they were given, in seconds with milliseconds."""
    created = datetime(2020, 2, 29, 23, 59, 59, 999000, tzinfo=UTC)
    used = datetime(2026, 6, 1, 14, 30, 0, 1000, tzinfo=UTC).astimezone(tz=None)
    answer = call("GetKeyLastUsage", KeyId=kms.add_key(created=created, tracking_start=LAUNCH, last_usage=used))
    assert answer["KeyCreationDate"] == 1583020799.999
    assert answer["TrackingStartDate"] == LAUNCH.timestamp()
    assert answer["KeyLastUsage"]["Timestamp"] == used.timestamp()
    assert answer["KeyLastUsage"]["Operation"] == "Decrypt"


def test_a_past_use_can_be_told_in_wire_members(kms: LocalKMS, call: Client) -> None:
    """Members given are answered as they are, an operation newer than everyone included."""
    usage: dict[str, str | datetime] = {
        "Operation": "Teleport",
        "Timestamp": LAUNCH,
        "CloudTrailEventId": "e",
        "KmsRequestId": "r",
    }
    arn = kms.add_key(last_usage=usage)
    assert last_usage(call, arn) == {**usage, "Timestamp": LAUNCH.timestamp()}


def test_what_a_past_use_leaves_out_is_made_up(kms: LocalKMS, call: Client) -> None:
    """Each member left out gets a plausible value, the key clock's now for the time."""
    usage = last_usage(call, kms.add_key(last_usage={"Operation": "Sign"}))
    assert usage["Operation"] == "Sign"
    assert abs(usage["Timestamp"] - time.time()) < 60
    assert UUID(usage["CloudTrailEventId"]) != UUID(usage["KmsRequestId"])


@pytest.mark.parametrize("argument", ["created", "tracking_start", "last_usage"])
def test_a_time_without_a_zone_is_refused(kms: LocalKMS, argument: str) -> None:
    """A naive datetime means nothing, so it is refused with what to pass instead."""
    arguments: dict[str, Any] = {argument: datetime(2026, 1, 1)}  # noqa: DTZ001
    with pytest.raises(ValueError, match="no time zone: pass an aware datetime"):
        kms.add_key(**arguments)
    with pytest.raises(ValueError, match="no time zone"):
        kms.add_key(last_usage={"Timestamp": datetime(2026, 1, 1)})  # noqa: DTZ001


def test_a_past_that_kms_has_no_names_for_is_refused(kms: LocalKMS, call: Client) -> None:
    """Unknown key states and unknown usage members are ValueErrors that list what there is, and add no key."""
    with pytest.raises(ValueError, match=r"'Deleted' is not a key state of KMS: .*PendingDeletion"):
        kms.add_key(state="Deleted")
    with pytest.raises(ValueError, match=r"no member 'operation': .*Operation"):
        kms.add_key(last_usage={"operation": "Decrypt"})
    with pytest.raises(ValueError, match="Timestamp is not an aware datetime: '2026'"):
        kms.add_key(last_usage={"Timestamp": "2026"})
    with pytest.raises(ValueError, match="Operation is not a str: 5"):
        kms.add_key(last_usage={"Operation": 5})
    with pytest.raises(ValueError, match="12 digits"):
        kms.add_key(account_id="1")
    assert call("ListKeys")["Keys"] == []


def test_a_seeded_key_can_be_of_any_kind(kms: LocalKMS, call: Client) -> None:
    """Spec, origin, manager, description, tags and aliases are told as they were given."""
    arn = kms.add_key(
        spec="ECC_NIST_P256",
        origin="EXTERNAL",
        description="mine",
        tags={"team": "blue"},
        aliases=["alias/one", "alias/two"],
    )
    told = call("DescribeKey", KeyId="alias/two")["KeyMetadata"]
    assert (told["Arn"], told["KeySpec"], told["KeyUsage"]) == (arn, "ECC_NIST_P256", "SIGN_VERIFY")
    assert (told["Origin"], told["ExpirationModel"]) == ("EXTERNAL", "KEY_MATERIAL_DOES_NOT_EXPIRE")
    assert (told["Description"], told["KeyManager"]) == ("mine", "CUSTOMER")
    assert call("ListResourceTags", KeyId=arn)["Tags"] == [{"TagKey": "team", "TagValue": "blue"}]
    assert len(call("ListAliases", KeyId=arn)["Aliases"]) == 2
    hsm_key = kms.add_key(origin="AWS_CLOUDHSM")
    assert call("DescribeKey", KeyId=hsm_key)["KeyMetadata"]["Origin"] == "AWS_CLOUDHSM"


def test_a_seeded_multi_region_key_has_a_past_in_each_region(kms: LocalKMS, call: Client) -> None:
    """A primary and its replica have one key id, and each its own creation and last usage."""
    primary = kms.add_key(multi_region=True, created=LAUNCH)
    replica = kms.add_key(replica_of=primary, region="eu-west-1", last_usage=LAUNCH)
    assert primary.rpartition("/")[2] == replica.rpartition("/")[2]
    there = client(kms, region="eu-west-1")
    assert last_usage(call, primary) == {}
    assert last_usage(there, replica)["Timestamp"] == LAUNCH.timestamp()
    told = there("DescribeKey", KeyId=replica)["KeyMetadata"]["MultiRegionConfiguration"]
    assert (told["MultiRegionKeyType"], told["PrimaryKey"]["Arn"]) == ("REPLICA", primary)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"manager": "ME"}, "'ME' is not a key manager of KMS: pass one of CUSTOMER, AWS"),
        ({"spec": "AES"}, "'AES' is not a key spec of KMS: pass one of SYMMETRIC_DEFAULT, "),
        ({"origin": "HOME"}, "'HOME' is not a key origin of KMS: pass one of AWS_KMS, "),
        ({"state": "PendingImport", "origin": "AWS_KMS"}, "only a key of origin EXTERNAL is in PendingImport"),
        ({"aliases": ["mine"]}, "'mine' is not an alias name: pass one like 'alias/mine'"),
        ({"aliases": ["alias/m\u00fc"]}, "is not an alias name"),
        ({"aliases": ["alias/taken"]}, "'alias/taken' is taken in us-east-1: pass another alias"),
        ({"replica_of": "arn:aws:kms:us-east-1:111122223333:key/x"}, "is not a primary key of 111122223333"),
    ],
)
def test_a_seeded_key_that_could_not_be_is_refused(
    kms: LocalKMS, call: Client, arguments: dict[str, Any], words: str
) -> None:
    """What KMS has no names for, or could not make, is a ValueError that says why, and adds no key."""
    kms.add_key(aliases=["alias/taken"])
    with pytest.raises(ValueError, match=re.escape(words)):
        kms.add_key(**arguments)
    assert len(call("ListKeys")["Keys"]) == 1


def test_a_seeded_replica_needs_a_primary_and_a_region_of_its_own(kms: LocalKMS) -> None:
    """A replica of a replica, of another account's key, in a region taken, or of another spec is refused."""
    primary = kms.add_key(multi_region=True)
    replica = kms.add_key(replica_of=primary, region="eu-west-1")
    leaving = kms.add_key(multi_region=True, state="PendingDeletion")
    with pytest.raises(ValueError, match="is not a primary key"):
        kms.add_key(replica_of=replica, region="eu-west-2")
    with pytest.raises(ValueError, match="is not a primary key of 444455556666"):
        kms.add_key(replica_of=primary, region="eu-west-2", account_id=OTHER_ACCOUNT)
    with pytest.raises(ValueError, match="has a key in eu-west-1"):
        kms.add_key(replica_of=primary, region="eu-west-1")
    with pytest.raises(ValueError, match="leave them and multi_region out"):
        kms.add_key(replica_of=primary, region="eu-west-2", spec="HMAC_256")
    with pytest.raises(ValueError, match="PendingReplicaDeletion"):
        kms.add_key(replica_of=leaving, region="eu-west-2")


@pytest.mark.parametrize(
    ("argument", "words"),
    [
        ({"aliases": "alias/shop"}, r"aliases='alias/shop' is a single str: .*aliases=\['alias/shop'\]"),
        ({"shared_with": "444455556666"}, "shared_with='444455556666' is a single str"),
        ({"aliases": ["alias/a", 5]}, "not a collection of str"),
        ({"aliases": 5}, "not a collection of str"),
        ({"shared_with": [444455556666]}, "not a collection of str"),
        ({"tags": "team=shop"}, "tags='team=shop' is not a mapping of str to str"),
        ({"tags": [("team", "shop")]}, "is not a mapping of str to str"),
        ({"tags": {"team": None}}, "is not a mapping of str to str"),
        ({"tags": {1: "shop"}}, "is not a mapping of str to str"),
        ({"description": 5}, "description=5 is not a str"),
        ({"account_id": 111122223333}, "account_id=111122223333 is not a str"),
        ({"region": ["us-east-1"]}, "region=.* is not a str"),
        ({"region": ""}, "'' is not a region"),
        ({"state": None}, "is not a str"),
        ({"spec": ["HMAC_256"]}, "is not a str"),
        ({"replica_of": 5}, "replica_of=5 is not a str"),
        ({"multi_region": "no"}, "multi_region='no' is not a bool: pass True or False"),
    ],
)
def test_an_argument_of_another_kind_is_named(
    kms: LocalKMS, call: Client, argument: dict[str, Any], words: str
) -> None:
    """What add_key is given has to be of the kind that it asks for, and no key is added else."""
    with pytest.raises(ValueError, match=words):
        kms.add_key(**argument)
    assert call("ListKeys")["Keys"] == []


@pytest.mark.parametrize(
    "tell",
    [
        lambda kms: kms.set_quota("ListKeys", "5"),
        lambda kms: kms.set_quota("ListKeys", True),
        lambda kms: kms.set_quota("ListKeys", 5, burst="5"),
        lambda kms: kms.set_quota(["ListKeys"], 5),
        lambda kms: kms.inject_fault(Error("A"), probability="0.5"),
        lambda kms: kms.inject_fault(Error("A"), operation=["ListKeys"]),
        lambda kms: kms.deny(["ListKeys"]),
        lambda kms: kms.deny(None, key=5),
        lambda kms: kms.deny(None, account_id=111122223333),
        lambda kms: kms.disable_region(5),
        lambda kms: kms.credentials_for(111122223333),
    ],
)
def test_a_word_of_another_kind_changes_nothing(kms: LocalKMS, call: Client, tell: Any) -> None:
    """It is a ValueError, and the server goes on as before."""
    with pytest.raises(ValueError, match=r"is not a str|is not a rate|allows no call|is not a probability"):
        tell(kms)
    assert call("ListKeys")["Keys"] == []


# The two clocks


def test_advance_moves_the_keys_and_not_the_signatures(kms: LocalKMS, call: Client) -> None:
    """After a year of key time a use bears the new time, while signatures of today are still fresh."""
    arn = kms.add_key()
    kms.advance(timedelta(days=365, milliseconds=5))
    call("Encrypt", KeyId=arn, Plaintext="eA==")
    answer = call("GetKeyLastUsage", KeyId=arn)
    year = 365 * 86400
    assert answer["KeyLastUsage"]["Timestamp"] - answer["KeyCreationDate"] > year
    assert abs(answer["KeyLastUsage"]["Timestamp"] - time.time() - year) < 60


def test_the_key_clock_only_goes_forward(kms: LocalKMS) -> None:
    """A step back is refused."""
    with pytest.raises(ValueError, match="only goes forward"):
        kms.advance(timedelta(seconds=-1))


def test_a_key_pending_deletion_is_gone_when_its_time_comes(kms: LocalKMS, call: Client) -> None:
    """DeletionDate is 30 days of key time away; from then on the key is neither found nor listed."""
    arn = kms.add_key(state="PendingDeletion")
    metadata = call("DescribeKey", KeyId=arn)["KeyMetadata"]
    assert (metadata["KeyState"], metadata["Enabled"]) == ("PendingDeletion", False)
    assert abs(metadata["DeletionDate"] - metadata["CreationDate"] - 30 * 86400) < 1
    kms.advance(timedelta(days=29))
    assert call("GetKeyLastUsage", KeyId=arn)["KeyLastUsage"] == {}
    kms.advance(timedelta(days=1))
    assert call.error("GetKeyLastUsage", KeyId=arn).error == "NotFoundException"
    assert call("ListKeys")["Keys"] == []


# Using keys


def make_hmac_key(call: Client, bits: int = 256) -> str:
    made = call("CreateKey", KeySpec=f"HMAC_{bits}", KeyUsage="GENERATE_VERIFY_MAC")
    return str(made["KeyMetadata"]["Arn"])


@pytest.mark.parametrize("size", [1, 31, 32, 33, 4096])
def test_what_was_encrypted_can_be_decrypted(kms: LocalKMS, call: Client, size: int) -> None:
    """Any plaintext up to the limit comes back, with the key's ARN, and the ciphertext within its limit."""
    arn = kms.add_key()
    plaintext, context = b64(b"\x00" + b"p" * (size - 1)), {"b": "2", "a": "\u00fc\ud800"}
    sealed = call("Encrypt", KeyId=arn, Plaintext=plaintext, EncryptionContext=context)
    assert (sealed["KeyId"], sealed["EncryptionAlgorithm"]) == (arn, "SYMMETRIC_DEFAULT")
    blob = sealed["CiphertextBlob"]
    assert len(base64.b64decode(blob)) <= 6144
    opened = call("Decrypt", CiphertextBlob=blob, EncryptionContext=dict(reversed(context.items())))
    assert opened.pop("KeyMaterialId") == call("DescribeKey", KeyId=arn)["KeyMetadata"]["CurrentKeyMaterialId"]
    assert opened == {"KeyId": arn, "Plaintext": plaintext, "EncryptionAlgorithm": "SYMMETRIC_DEFAULT"}
    assert call("Decrypt", CiphertextBlob=blob, EncryptionContext=context, KeyId=arn)["Plaintext"] == plaintext


def test_no_two_ciphertexts_are_alike(kms: LocalKMS, call: Client) -> None:
    """Encrypting the same twice gives two ciphertexts, neither of which shows the plaintext."""
    arn, plaintext = kms.add_key(), b"p" * 100
    blobs = {call("Encrypt", KeyId=arn, Plaintext=b64(plaintext))["CiphertextBlob"] for _ in range(2)}
    assert len(blobs) == 2
    assert not any(b"pppp" in base64.b64decode(blob) for blob in blobs)


@pytest.mark.parametrize("place", [0, 37, 40, 41, 56, 57, 88, 89, -1])
def test_an_altered_ciphertext_is_refused(kms: LocalKMS, call: Client, place: int) -> None:
    """One bit changed anywhere but in the key id is InvalidCiphertextException, without a text."""
    arn = kms.add_key()
    blob = bytearray(base64.b64decode(call("Encrypt", KeyId=arn, Plaintext="cGxhaW4=")["CiphertextBlob"]))
    blob[place] ^= 1
    answer = call.error("Decrypt", CiphertextBlob=b64(bytes(blob)))
    assert answer.body == {"__type": "InvalidCiphertextException"}
    assert last_usage(call, arn)["Operation"] == "Encrypt"


@pytest.mark.parametrize("context", [{}, {"a": "c"}, {"a": "b", "c": "d"}])
def test_another_encryption_context_is_refused(kms: LocalKMS, call: Client, context: dict[str, str]) -> None:
    """The encryption context must be the very one of the encryption."""
    sealed = call("Encrypt", KeyId=kms.add_key(), Plaintext="eA==", EncryptionContext={"a": "b"})
    answer = call.error("Decrypt", CiphertextBlob=sealed["CiphertextBlob"], EncryptionContext=context)
    assert answer.error == "InvalidCiphertextException"


def test_a_named_key_must_be_the_one_that_encrypted(kms: LocalKMS, call: Client) -> None:
    """Decrypt with another KeyId is IncorrectKeyException; with one that is missing, NotFoundException."""
    blob = call("Encrypt", KeyId=kms.add_key(), Plaintext="eA==")["CiphertextBlob"]
    assert call.error("Decrypt", CiphertextBlob=blob, KeyId=kms.add_key()).error == "IncorrectKeyException"
    assert call.error("Decrypt", CiphertextBlob=blob, KeyId=MISSING).error == "NotFoundException"


def test_a_ciphertext_of_elsewhere_is_not_accessible(kms: LocalKMS, call: Client) -> None:
    """A ciphertext whose key is not in this account and region is AccessDeniedException, as from KMS."""
    blob = call("Encrypt", KeyId=kms.add_key(), Plaintext="eA==")["CiphertextBlob"]
    for other in (client(kms, region="eu-west-1"), client(kms, account_id=OTHER_ACCOUNT)):
        answer = other.error("Decrypt", CiphertextBlob=blob)
        assert answer.error == "AccessDeniedException"
        assert answer.body["Message"].startswith(
            "The ciphertext refers to a customer master key that does not exist"
        )


@pytest.mark.parametrize("blob", [b"\x01short", b"\x01" + b"\xff" * 100])
def test_what_is_no_ciphertext_is_refused(call: Client, blob: bytes) -> None:
    """Bytes that nobody encrypted are InvalidCiphertextException."""
    assert call.error("Decrypt", CiphertextBlob=b64(blob)).error == "InvalidCiphertextException"


@pytest.mark.parametrize(
    ("members", "size"),
    [({"KeySpec": "AES_256"}, 32), ({"KeySpec": "AES_128"}, 16), ({"NumberOfBytes": 1024}, 1024)],
)
def test_a_data_key_comes_plain_and_encrypted(
    kms: LocalKMS, call: Client, members: dict[str, object], size: int
) -> None:
    """GenerateDataKey gives so many fresh bytes, and the ciphertext that decrypts to them."""
    arn = kms.add_key()
    made = call("GenerateDataKey", KeyId=arn, **members)
    assert len(base64.b64decode(made["Plaintext"])) == size
    assert made["KeyId"] == arn
    assert call("Decrypt", CiphertextBlob=made["CiphertextBlob"])["Plaintext"] == made["Plaintext"]
    assert call("GenerateDataKey", KeyId=arn, **members)["Plaintext"] != made["Plaintext"]


@pytest.mark.parametrize("members", [{"KeySpec": "AES_128"}, {"NumberOfBytes": 7}])
def test_a_data_key_can_come_encrypted_only(kms: LocalKMS, call: Client, members: dict[str, object]) -> None:
    """GenerateDataKeyWithoutPlaintext keeps the plain half to itself, and it decrypts to the size asked for."""
    arn = kms.add_key()
    made = call("GenerateDataKeyWithoutPlaintext", KeyId=arn, EncryptionContext={"a": "b"}, **members)
    assert set(made) == {"CiphertextBlob", "KeyId", "KeyMaterialId"}
    opened = call("Decrypt", CiphertextBlob=made["CiphertextBlob"], EncryptionContext={"a": "b"})
    assert len(base64.b64decode(opened["Plaintext"])) == members.get("NumberOfBytes", 16)


def test_random_bytes_need_no_key(call: Client) -> None:
    """GenerateRandom gives so many bytes, others each time, and wants to be told how many."""
    random = {call("GenerateRandom", NumberOfBytes=1024)["Plaintext"] for _ in range(2)}
    assert [len(base64.b64decode(text)) for text in random] == [1024, 1024]
    assert call.error("GenerateRandom").error == "ValidationException"
    assert call.error("GenerateRandom", NumberOfBytes=1025).error == "ValidationException"


def test_what_was_encrypted_can_move_to_another_key(kms: LocalKMS, call: Client) -> None:
    """ReEncrypt changes key and encryption context, shows no plaintext, and is a use of both keys."""
    old, new = kms.add_key(), kms.add_key()
    blob = call("Encrypt", KeyId=old, Plaintext="cGxhaW4=", EncryptionContext={"a": "b"})["CiphertextBlob"]
    members = {"SourceEncryptionContext": {"a": "b"}, "DestinationEncryptionContext": {"c": "d"}}
    moved = call("ReEncrypt", CiphertextBlob=blob, DestinationKeyId=new, SourceKeyId=old, **members)
    assert (moved["SourceKeyId"], moved["KeyId"], "Plaintext" in moved) == (old, new, False)
    assert last_usage(call, old) == last_usage(call, new)
    assert last_usage(call, old)["Operation"] == "ReEncrypt"
    assert moved["SourceKeyMaterialId"] != moved["DestinationKeyMaterialId"]
    opened = call("Decrypt", CiphertextBlob=moved["CiphertextBlob"], EncryptionContext={"c": "d"})
    assert (opened["KeyId"], opened["Plaintext"]) == (new, "cGxhaW4=")


def test_a_ciphertext_that_cannot_be_opened_is_not_encrypted_again(kms: LocalKMS, call: Client) -> None:
    """ReEncrypt with the wrong context, key or state fails as Decrypt and Encrypt do, and uses neither key."""
    old, new, disabled = kms.add_key(), kms.add_key(), kms.add_key(state="Disabled")
    blob = call("Encrypt", KeyId=old, Plaintext="eA==")["CiphertextBlob"]
    assert [
        call.error("ReEncrypt", CiphertextBlob=blob, **members).error
        for members in (
            {"DestinationKeyId": new, "SourceEncryptionContext": {"a": "b"}},
            {"DestinationKeyId": new, "SourceKeyId": new},
            {"DestinationKeyId": disabled},
            {},
        )
    ] == ["InvalidCiphertextException", "IncorrectKeyException", "DisabledException", "ValidationException"]
    assert (last_usage(call, old)["Operation"], last_usage(call, new)) == ("Encrypt", {})


@pytest.mark.parametrize(("bits", "length"), [(224, 28), (256, 32), (384, 48), (512, 64)])
def test_a_mac_is_verified(call: Client, bits: int, length: int) -> None:
    """GenerateMac gives an HMAC of the hash's length that VerifyMac takes."""
    arn, algorithm = make_hmac_key(call, bits), f"HMAC_SHA_{bits}"
    made = call("GenerateMac", KeyId=arn, Message=b64(b"m" * 4096), MacAlgorithm=algorithm)
    assert (made["KeyId"], made["MacAlgorithm"]) == (arn, algorithm)
    assert len(base64.b64decode(made["Mac"])) == length
    verified = call("VerifyMac", KeyId=arn, Message=b64(b"m" * 4096), MacAlgorithm=algorithm, Mac=made["Mac"])
    assert verified == {"KeyId": arn, "MacValid": True, "MacAlgorithm": algorithm}


def test_a_mac_is_an_hmac_of_the_keys_own_material(call: Client) -> None:
    """The same key gives the same MAC for the same message, and every other key another."""
    one, other = make_hmac_key(call), make_hmac_key(call)
    members = {"Message": b64(b"m"), "MacAlgorithm": "HMAC_SHA_256"}
    macs = [call("GenerateMac", KeyId=arn, **members)["Mac"] for arn in (one, one, other)]
    assert macs[0] == macs[1] != macs[2]


def test_a_wrong_mac_is_an_error_and_no_use(call: Client) -> None:
    """A MAC of another message is KMSInvalidMacException, and leaves the key unused."""
    arn = make_hmac_key(call)
    members = {"KeyId": arn, "Message": b64(b"m"), "MacAlgorithm": "HMAC_SHA_256"}
    assert call.error("VerifyMac", Mac=b64(b"x" * 32), **members).error == "KMSInvalidMacException"
    assert last_usage(call, arn) == {}


def test_a_key_serves_its_own_usage_and_algorithm_only(kms: LocalKMS, call: Client) -> None:
    """Encrypting with an HMAC key, a MAC with another kind of key or hash: InvalidKeyUsageException."""
    hmac_key, key = make_hmac_key(call), kms.add_key()
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


@pytest.mark.parametrize(
    ("state", "error", "words"),
    [
        ("Enabled", None, ""),
        ("Updating", None, ""),
        ("Disabled", "DisabledException", "is disabled."),
        ("PendingDeletion", "KMSInvalidStateException", "is pending deletion."),
        ("PendingReplicaDeletion", "KMSInvalidStateException", "is pending replica deletion."),
        ("PendingImport", "KMSInvalidStateException", "is pending import."),
        ("Unavailable", "KMSInvalidStateException", "is unavailable."),
        ("Creating", "KMSInvalidStateException", "is creating."),
    ],
)
def test_the_state_decides_whether_a_key_can_be_used(
    kms: LocalKMS, call: Client, state: str, error: str | None, words: str
) -> None:
    """In each state a key is described and its usage told; only some states let it be used."""
    arn = kms.add_key(state=state)
    metadata = call("DescribeKey", KeyId=arn)["KeyMetadata"]
    assert (metadata["KeyState"], metadata["Enabled"]) == (state, state == "Enabled")
    assert ("DeletionDate" in metadata) == (state == "PendingDeletion")
    assert ("PendingDeletionWindowInDays" in metadata) == (state == "PendingReplicaDeletion")
    assert metadata["Origin"] == ("EXTERNAL" if state == "PendingImport" else "AWS_KMS")
    answer = call.send("Encrypt", json.dumps({"KeyId": arn, "Plaintext": "eA=="}).encode())
    if error is None:
        assert last_usage(call, arn)["Operation"] == "Encrypt"
    else:
        assert (answer.status, answer.error, answer.message) == (400, error, f"{arn} {words}")
        assert last_usage(call, arn) == {}


# What counts as a use

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
    key, hmac_key = kms.add_key(), make_hmac_key(call)
    members = uses(call, key, hmac_key)[operation]
    answer = call.send(operation, json.dumps(members).encode())
    used = last_usage(call, hmac_key if "Mac" in operation else key)
    assert (used["Operation"], used["KmsRequestId"]) == (operation, answer.headers["x-amzn-RequestId"])
    assert abs(used["Timestamp"] - time.time()) < 60
    assert str(UUID(used["CloudTrailEventId"])) == used["CloudTrailEventId"]


@pytest.mark.parametrize("operation", USES)
def test_a_dry_run_is_no_use(kms: LocalKMS, call: Client, operation: str) -> None:
    """DryRun answers DryRunOperationException where the call would have succeeded, and records nothing."""
    key, hmac_key = kms.add_key(), make_hmac_key(call)
    members = uses(call, key, hmac_key)[operation]
    before = last_usage(call, key), last_usage(call, hmac_key)
    answer = call.error(operation, DryRun=True, **members)
    assert answer.error == "DryRunOperationException"
    assert (last_usage(call, key), last_usage(call, hmac_key)) == before


@pytest.mark.parametrize("operation", ["DescribeKey", "GetKeyLastUsage", "ListKeys"])
def test_reading_is_no_use(kms: LocalKMS, call: Client, operation: str) -> None:
    """Only cryptographic operations count."""
    arn = kms.add_key()
    call(operation, KeyId=arn)
    assert last_usage(call, arn) == {}


@pytest.mark.parametrize(
    ("operation", "members"),
    [
        ("Decrypt", {"CiphertextBlob": "eA==", "Recipient": {}}),
        ("Decrypt", {"CiphertextBlob": "eA==", "DryRunModifiers": []}),
        ("GenerateDataKey", {"KeySpec": "AES_256", "Recipient": {}}),
        ("GenerateRandom", {"NumberOfBytes": 1, "Recipient": {}}),
        ("ReEncrypt", {"CiphertextBlob": "eA==", "DryRunModifiers": []}),
    ],
)
def test_what_is_not_built_is_not_ignored(
    kms: LocalKMS, call: Client, operation: str, members: dict[str, object]
) -> None:
    """Members that would change the answer are refused rather than passed over."""
    answer = call.error(operation, KeyId=kms.add_key(), **members)
    assert answer.error == "UnsupportedOperationException"


def in_threads(count: int, work: Callable[[], None]) -> None:
    threads = [threading.Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_many_threads_use_one_server(kms: LocalKMS, call: Client) -> None:
    """Keys added and used from many threads at once are all there, and every call succeeds."""
    used: list[str] = []

    def work() -> None:
        arn = kms.add_key()
        for _ in range(5):
            call("Encrypt", KeyId=arn, Plaintext="eA==")
        used.append(last_usage(call, arn)["Operation"])

    in_threads(16, work)
    assert used == ["Encrypt"] * 16
    assert len(call("ListKeys")["Keys"]) == 16
