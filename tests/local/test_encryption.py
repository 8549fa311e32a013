"""Encrypt, Decrypt, ReEncrypt, data keys and random bytes of LocalKMS."""

import base64

import pytest
from support.local_client import OTHER_ACCOUNT, Client, b64, client, last_usage

from awskms_lite.local import LocalKMS

MISSING = "1234abcd-12ab-34cd-56ef-1234567890ab"


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


@pytest.mark.parametrize("context", [None, {}, {"a": "c"}, {"A": "b"}, {"a": "b", "c": "d"}])
def test_another_encryption_context_is_refused(
    kms: LocalKMS, call: Client, context: dict[str, str] | None
) -> None:
    """The encryption context must be the very one of the encryption."""
    sealed = call("Encrypt", KeyId=kms.add_key(), Plaintext="eA==", EncryptionContext={"a": "b"})
    answer = call.error("Decrypt", CiphertextBlob=sealed["CiphertextBlob"], EncryptionContext=context)
    assert answer.error == "InvalidCiphertextException"


def test_a_named_key_must_be_the_one_that_encrypted(kms: LocalKMS, call: Client) -> None:
    """Decrypt with another KeyId is IncorrectKeyException; with one that is missing, NotFoundException."""
    blob = call("Encrypt", KeyId=kms.add_key(), Plaintext="eA==")["CiphertextBlob"]
    assert call.error("Decrypt", CiphertextBlob=blob, KeyId=kms.add_key()).error == "IncorrectKeyException"
    assert call.error("Decrypt", CiphertextBlob=blob, KeyId=MISSING).error == "NotFoundException"


def test_a_ciphertext_of_another_region_or_account_is_not_accessible(kms: LocalKMS, call: Client) -> None:
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
    """GenerateRandom returns new bytes each time, and requires their number."""
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


def test_the_cryptography_of_asymmetric_keys_is_not_here(call: Client) -> None:
    """Encrypting with an RSA key is UnsupportedOperationException, and no use."""
    key = call("CreateKey", KeySpec="RSA_4096", KeyUsage="ENCRYPT_DECRYPT")["KeyMetadata"]["KeyId"]
    answer = call.error("Encrypt", KeyId=key, Plaintext="eA==", EncryptionAlgorithm="RSAES_OAEP_SHA_256")
    assert (answer.error, "RSA_4096" in answer.message) == ("UnsupportedOperationException", True)
    assert last_usage(call, key) == {}


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
