"""Envelope encryption: AES-GCM on this side with a data key of KMS for each message, of any size."""

from collections.abc import Mapping
from os import urandom

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from awskms_lite import KMSClient

NONCE = 12  # bytes, as NIST SP 800-38D recommends


def seal(kms: KMSClient, key_id: str, message: bytes, context: Mapping[str, str]) -> bytes:
    """Encrypt a message of any size; the result carries its data key, encrypted by KMS."""
    key = kms.generate_data_key(key_id, key_spec="AES_256", encryption_context=context)
    nonce = urandom(NONCE)
    encrypted = AESGCM(key.plaintext).encrypt(nonce, message, None)
    return len(key.ciphertext_blob).to_bytes(2, "big") + key.ciphertext_blob + nonce + encrypted


def unseal(kms: KMSClient, key_id: str, sealed: bytes, context: Mapping[str, str]) -> bytes:
    """Decrypt what `seal` returned, with this key and no other."""
    end = 2 + int.from_bytes(sealed[:2], "big")
    key = kms.decrypt(sealed[2:end], key_id=key_id, encryption_context=context)
    nonce, encrypted = sealed[end : end + NONCE], sealed[end + NONCE :]
    return AESGCM(key.plaintext).decrypt(nonce, encrypted, None)
