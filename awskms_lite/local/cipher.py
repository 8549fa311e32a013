"""A stand-in for the cipher of KMS. NOT FOR PRODUCTION: it guards nothing but the manners of a test.

KMS encrypts with AES-256-GCM, which the standard library does not have. This one is built from HMAC-SHA256:
a keystream in counter mode, then a tag over key id, nonce, encryption context and ciphertext
(encrypt-then-MAC). It keeps the promises that tests rely on, a fresh ciphertext every time and a refusal of
whatever was altered; nobody has reviewed it for more, and the keys live in this process's memory.

A ciphertext is: version 1 byte, key id 16, nonce 16, tag 32, then as many bytes as the plaintext.
"""

import hmac
import json
import secrets
from collections.abc import Mapping
from uuid import UUID

_VERSION = b"\x01"
_TAG_AT = 33
_BODY_AT = 65


def encrypt(material: bytes, key_id: str, plaintext: bytes, context: Mapping[str, str]) -> bytes:
    """Give the plaintext encrypted under the key material, bound to the key id and the encryption context."""
    header = _VERSION + UUID(key_id).bytes + secrets.token_bytes(16)
    body = _xor_keystream(material, header, plaintext)
    return header + _tag(material, header, body, context) + body


def key_id_of(blob: bytes) -> str | None:
    """Give the id of the key that the ciphertext says it was made with, None where it is no ciphertext."""
    if len(blob) <= _BODY_AT or not blob.startswith(_VERSION):
        return None
    return str(UUID(bytes=blob[1:17]))


def decrypt(material: bytes, blob: bytes, context: Mapping[str, str]) -> bytes | None:
    """Give the plaintext, None where the ciphertext or the encryption context is not what was encrypted."""
    header, tag, body = blob[:_TAG_AT], blob[_TAG_AT:_BODY_AT], blob[_BODY_AT:]
    if not hmac.compare_digest(tag, _tag(material, header, body, context)):
        return None
    return _xor_keystream(material, header, body)


def _tag(material: bytes, header: bytes, body: bytes, context: Mapping[str, str]) -> bytes:
    # Sorted JSON spells every context in one way only, and the length parts it from the ciphertext.
    spelled = json.dumps(context, sort_keys=True).encode("ascii")
    message = header + len(spelled).to_bytes(4, "big") + spelled + body
    return hmac.digest(_derive(material, b"authenticate"), message, "sha256")


def _xor_keystream(material: bytes, header: bytes, data: bytes) -> bytes:
    key = _derive(material, b"encrypt")
    blocks = range((len(data) + 31) // 32)
    stream = b"".join(hmac.digest(key, header + block.to_bytes(4, "big"), "sha256") for block in blocks)
    mixed = int.from_bytes(data, "big") ^ int.from_bytes(stream[: len(data)], "big")
    return mixed.to_bytes(len(data), "big")


def _derive(material: bytes, purpose: bytes) -> bytes:
    return hmac.digest(material, purpose, "sha256")
