"""Encryption, data keys and authentication codes, through both clients, with the embedded KMS at the other end."""

from base64 import b64encode, encodebytes
from collections.abc import Callable
from typing import Any

import pytest
from support.either_client import EitherClient

from awskms_lite import errors
from awskms_lite.local import LocalKMS

CONTEXT = {"tenant": "42", "purpose": "backup"}
MESSAGE = b"\x00 a message \xff"


# Encryption.


@pytest.mark.parametrize("plaintext", [b"\x00", MESSAGE, bytes(range(256)) * 16], ids=["least", "some", "most"])
def test_what_was_encrypted_can_be_decrypted(kms: EitherClient, local: LocalKMS, plaintext: bytes) -> None:
    """From 1 to 4096 bytes come back as they were, and both answers name the key by its ARN."""
    key = local.add_key()
    sealed = kms.encrypt(key, plaintext)
    opened = kms.decrypt(ciphertext_blob=sealed.ciphertext_blob, key_id=key)
    assert opened.plaintext == plaintext
    assert plaintext not in sealed.ciphertext_blob or len(plaintext) == 1
    assert sealed.key_id == opened.key_id == key
    assert sealed.encryption_algorithm == opened.encryption_algorithm == "SYMMETRIC_DEFAULT"


@pytest.mark.parametrize(
    "context", [{}, {"": ""}, {"ä\n": "\U0001f511"}, {str(number): "x" * 100 for number in range(200)}]
)
def test_a_context_may_hold_any_text(kms: EitherClient, local: LocalKMS, context: dict[str, str]) -> None:
    """KMS documents no bound for a context of text, so none is set here: any goes there and counts."""
    blob = kms.encrypt(local.add_key(), MESSAGE, encryption_context=context).ciphertext_blob
    assert kms.decrypt(ciphertext_blob=blob, encryption_context=context).plaintext == MESSAGE
    if context:
        with pytest.raises(errors.InvalidCiphertextException):
            kms.decrypt(ciphertext_blob=blob)


def test_a_ciphertext_can_be_encrypted_anew(kms: EitherClient, local: LocalKMS) -> None:
    """What is encrypted anew opens with the new key and the new context, and the old ciphertext as before."""
    old_key, new_key = local.add_key(), local.add_key()
    old = kms.encrypt(old_key, MESSAGE, encryption_context=CONTEXT).ciphertext_blob
    new = kms.re_encrypt(
        ciphertext_blob=old,
        source_encryption_context=CONTEXT,
        destination_key_id=new_key,
        destination_encryption_context={"tenant": "43"},
    )
    assert (new.source_key_id, new.key_id) == (old_key, new_key)
    opened = kms.decrypt(ciphertext_blob=new.ciphertext_blob, key_id=new_key, encryption_context={"tenant": "43"})
    assert opened.plaintext == MESSAGE
    assert kms.decrypt(ciphertext_blob=old, encryption_context=CONTEXT).plaintext == MESSAGE


# Data keys, random bytes.


@pytest.mark.parametrize(
    ("size", "asked"),
    [
        (32, {"key_spec": "AES_256"}),
        (1, {"number_of_bytes": 1}),
    ],
)
def test_a_data_key_comes_back_from_its_ciphertext(
    kms: EitherClient, local: LocalKMS, size: int, asked: dict[str, Any]
) -> None:
    """A data key has the length that was asked for, and decrypting gives it back, with the same context."""
    key = local.add_key()
    made = kms.generate_data_key(key, encryption_context=CONTEXT, **asked)
    assert len(made.plaintext) == size
    assert made.key_id == key
    opened = kms.decrypt(ciphertext_blob=made.ciphertext_blob, encryption_context=CONTEXT)
    assert opened.plaintext == made.plaintext
    assert opened.key_material_id == made.key_material_id


def test_a_data_key_can_wait_to_be_seen(kms: EitherClient, local: LocalKMS) -> None:
    """A data key without plaintext is seen by whoever decrypts it first, and each one is another."""
    key = local.add_key()
    first, second = (
        kms.generate_data_key_without_plaintext(key, key_spec="AES_256").ciphertext_blob for _ in range(2)
    )
    seen = {kms.decrypt(ciphertext_blob=blob).plaintext for blob in (first, second, first)}
    assert [len(data_key) for data_key in seen] == [32, 32]


@pytest.mark.parametrize("method", ["generate_data_key", "generate_data_key_without_plaintext"])
@pytest.mark.parametrize("asked", [{}, {"key_spec": "AES_256", "number_of_bytes": 32}], ids=["neither", "both"])
def test_a_data_key_has_one_length(kms: EitherClient, local: LocalKMS, method: str, asked: dict[str, Any]) -> None:
    """The length is passed in one way: neither or both is refused before anything is sent."""
    with pytest.raises(errors.ParameterError, match=r"(neither|both) of key_spec and number_of_bytes was passed"):
        getattr(kms, method)(local.add_key(), **asked)
    assert not local.stats.asked


def test_random_bytes_are_random(kms: EitherClient) -> None:
    """Each call gives as many bytes as were asked for, and others than before."""
    first, second = (kms.generate_random(number_of_bytes=24).plaintext for _ in range(2))
    assert len(first) == len(second) == 24
    assert first != second


# Authentication codes.


def test_a_code_is_verified(kms: EitherClient, local: LocalKMS) -> None:
    """The code of a message is right for that message, and for another one an error."""
    key, algorithm = local.add_key(spec="HMAC_384"), "HMAC_SHA_384"
    made = kms.generate_mac(key, MESSAGE, mac_algorithm=algorithm)
    assert (len(made.mac), made.key_id, made.mac_algorithm) == (48, key, algorithm)
    checked = kms.verify_mac(key, MESSAGE, mac=made.mac, mac_algorithm=algorithm)
    assert (checked.mac_valid, checked.key_id) == (True, key)
    with pytest.raises(errors.KMSInvalidMacException):
        kms.verify_mac(key, MESSAGE[1:], mac=made.mac, mac_algorithm=algorithm)


# What a method takes.

WORD = "shibboleth"
BYTES_WANTED = (
    "must be bytes, a bytearray or a memoryview (text.encode(), or base64.b64decode(text) if it is base64), not "
)
BLOBS: list[tuple[str, dict[str, Any], str]] = [
    ("encrypt", {"key_id": "k"}, "plaintext"),
    ("decrypt", {}, "ciphertext_blob"),
    ("generate_mac", {"key_id": "k", "mac_algorithm": "HMAC_SHA_256"}, "message"),
    ("verify_mac", {"key_id": "k", "message": b"m", "mac_algorithm": "HMAC_SHA_256"}, "mac"),
    ("verify", {"key_id": "k", "message": b"m", "signing_algorithm": "ECDSA_SHA_256"}, "signature"),
    ("derive_shared_secret", {"key_id": "k", "key_agreement_algorithm": "ECDH"}, "public_key"),
]


@pytest.mark.parametrize(
    "value",
    [WORD, list(WORD.encode()), 5],
    ids=lambda value: type(value).__name__,
)
@pytest.mark.parametrize(("method", "others", "name"), BLOBS, ids=[name for _, _, name in BLOBS])
def test_blobs_are_bytes(
    kms: EitherClient, local: LocalKMS, method: str, others: dict[str, Any], name: str, value: object
) -> None:
    """A blob is bytes: a text, which might be base64 or not, is refused.

    The error says so, says how a text becomes bytes, and does not repeat the value.
    """
    with pytest.raises(errors.ParameterError) as caught:
        getattr(kms, method)(**others, **{name: value})
    assert str(caught.value) == f"{name} {BYTES_WANTED}{type(value).__name__}."
    assert caught.value.__context__ is None
    assert not local.stats.asked


@pytest.mark.parametrize("kind", [bytearray, memoryview])
def test_a_blob_may_be_a_buffer(kms: EitherClient, local: LocalKMS, kind: Any) -> None:
    """A bytearray and a memoryview are as good as bytes."""
    key = local.add_key()
    sealed = kms.encrypt(key, kind(MESSAGE)).ciphertext_blob
    assert kms.decrypt(kind(sealed)).plaintext == MESSAGE


@pytest.mark.parametrize("form", [b64encode, encodebytes])
def test_base64_text_in_place_of_a_ciphertext_is_recognized(
    kms: EitherClient, local: LocalKMS, form: Callable[[bytes], bytes]
) -> None:
    """KMS refuses a ciphertext that is still base64 text, and the error says so; of any other it does not."""
    key = local.add_key()
    sealed = kms.encrypt(key, MESSAGE).ciphertext_blob
    for method, members in ((kms.decrypt, {}), (kms.re_encrypt, {"destination_key_id": key})):
        with pytest.raises(errors.InvalidCiphertextException) as caught:
            method(form(sealed), **members)
        assert str(caught.value).endswith(
            "ciphertext_blob looks like base64 text: pass the bytes, base64.b64decode(ciphertext_blob)."
        )
        with pytest.raises(errors.InvalidCiphertextException) as caught:
            method(sealed[1:], **members)
        assert "base64" not in str(caught.value)
        assert errors.InvalidCiphertextException("m").remedy == caught.value.remedy


@pytest.mark.parametrize("size", [0, 4097])
def test_what_is_too_long_for_a_key_is_not_sent(kms: EitherClient, local: LocalKMS, size: int) -> None:
    """A plaintext of no bytes, or of more than 4096, is refused before it is sent."""
    with pytest.raises(errors.ParameterError, match=f"^plaintext has a length of {size}: pass 1 to 4096 bytes"):
        kms.encrypt(local.add_key(), bytes(size))
    assert not local.stats.asked


@pytest.mark.parametrize("pair", [{"n": WORD, "x": 1}, {"n": WORD, "x": None}, {"n": WORD, b"x": "y"}])
def test_a_context_is_text(kms: EitherClient, local: LocalKMS, pair: Any) -> None:
    """A context that is not text by text is refused before it is sent, and the error repeats none of it."""
    with pytest.raises(errors.ParameterError, match="of encryption_context must be a str, not ") as caught:
        kms.encrypt(local.add_key(), MESSAGE, encryption_context=pair)
    assert WORD not in repr(caught.value)
    assert not local.stats.asked
