"""A substitute for the cipher of KMS. NOT FOR PRODUCTION: use it to protect nothing.

KMS encrypts with AES-256-GCM, which the standard library does not have. This one is built from HMAC-SHA256:
a keystream in counter mode, then a tag over key id, material, nonce, encryption context and ciphertext
(encrypt-then-MAC). Every ciphertext is new, and an altered one is refused, as tests rely on;
nobody has reviewed it for more, and the keys are in this process's memory.

A ciphertext is: version 1 byte, key id 36, number of the key material 4, nonce 16, tag 32, then as many bytes as
the plaintext. Every key id has 36 characters, that of a multi-Region key too.
"""

import hmac
import json
import secrets
from collections.abc import Mapping

_VERSION = b"\x01"
_MATERIAL_AT = 37
_NONCE_AT = 41
_TAG_AT = 57
_BODY_AT = 89


def encrypt(secret: bytes, key_id: str, number: int, plaintext: bytes, context: Mapping[str, str]) -> bytes:
    """Return the plaintext encrypted under the key material of this number, bound to the encryption context."""
    header = _VERSION + key_id.encode("ascii") + number.to_bytes(4, "big") + secrets.token_bytes(16)
    body = _xor_keystream(secret, header, plaintext)
    return header + _tag(secret, header, body, context) + body


def key_of(blob: bytes) -> tuple[str, int] | None:
    """Return the id of the key, and the number of its material, that the ciphertext names.

    Return None if the blob is not a ciphertext.
    """
    if len(blob) <= _BODY_AT or not blob.startswith(_VERSION) or not blob[:_MATERIAL_AT].isascii():
        return None
    return blob[1:_MATERIAL_AT].decode("ascii"), int.from_bytes(blob[_MATERIAL_AT:_NONCE_AT], "big")


def decrypt(secret: bytes, blob: bytes, context: Mapping[str, str]) -> bytes | None:
    """Return the plaintext, None if the ciphertext or the encryption context was altered."""
    header, tag, body = blob[:_TAG_AT], blob[_TAG_AT:_BODY_AT], blob[_BODY_AT:]
    if not hmac.compare_digest(tag, _tag(secret, header, body, context)):
        return None
    return _xor_keystream(secret, header, body)


def _tag(secret: bytes, header: bytes, body: bytes, context: Mapping[str, str]) -> bytes:
    # Sorted JSON is the same for equal contexts, and the length separates it from the ciphertext.
    spelled = json.dumps(context, sort_keys=True).encode("ascii")
    message = header + len(spelled).to_bytes(4, "big") + spelled + body
    return hmac.digest(_derive(secret, b"authenticate"), message, "sha256")


def _xor_keystream(secret: bytes, header: bytes, data: bytes) -> bytes:
    key = _derive(secret, b"encrypt")
    blocks = range((len(data) + 31) // 32)
    stream = b"".join(hmac.digest(key, header + block.to_bytes(4, "big"), "sha256") for block in blocks)
    mixed = int.from_bytes(data, "big") ^ int.from_bytes(stream[: len(data)], "big")
    return mixed.to_bytes(len(data), "big")


def _derive(secret: bytes, purpose: bytes) -> bytes:
    return hmac.digest(secret, purpose, "sha256")
