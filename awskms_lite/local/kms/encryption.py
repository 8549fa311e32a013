"""Encryption, decryption, data keys and random bytes."""

import secrets
from collections.abc import Mapping

from ..errors import ApiError
from . import cipher
from .call import Call
from .keys import Key, Material
from .specs import algorithms_of
from .usage import encoded, record_use, refuse_algorithm, refuse_unsupported, usable

_MAX_PLAINTEXT = 4096  # bytes
_MAX_CIPHERTEXT = 6144  # bytes
_MAX_RANDOM = 1024  # bytes; data keys too
_DATA_KEY_BYTES = {"AES_256": 32, "AES_128": 16}


def encrypt(call: Call) -> dict[str, object]:
    """Encrypt 1 to 4096 bytes."""
    plaintext = call.members.blob("Plaintext", longest=_MAX_PLAINTEXT)
    context = call.members.string_map("EncryptionContext")
    key = usable(call, call.key(), "ENCRYPT_DECRYPT")
    algorithm = _algorithm(call, "EncryptionAlgorithm", key)
    record_use(call, key)
    return {
        "CiphertextBlob": _sealed(key, plaintext, context),
        "KeyId": key.arn,
        "EncryptionAlgorithm": algorithm,
    }


def decrypt(call: Call) -> dict[str, object]:
    """Decrypt a ciphertext, which names its key, with a key of the caller's account and region."""
    blob = call.members.blob("CiphertextBlob", longest=_MAX_CIPHERTEXT)
    context = call.members.string_map("EncryptionContext")
    refuse_unsupported(call, "Recipient", "DryRunModifiers")
    key, number = _key_of_ciphertext(call, blob)
    algorithm = _algorithm(call, "EncryptionAlgorithm", key)
    material, plaintext = _opened(key, number, blob, context)
    record_use(call, key)
    return {
        "KeyId": key.arn,
        "Plaintext": encoded(plaintext),
        "EncryptionAlgorithm": algorithm,
        "KeyMaterialId": material.id,
    }


def re_encrypt(call: Call) -> dict[str, object]:
    """Decrypt and encrypt again, under another key or with another context; it is a use of both keys."""
    members = call.members
    blob = members.blob("CiphertextBlob", longest=_MAX_CIPHERTEXT)
    old_context = members.string_map("SourceEncryptionContext")
    new_context = members.string_map("DestinationEncryptionContext")
    refuse_unsupported(call, "DryRunModifiers")
    source, number = _key_of_ciphertext(call, blob, action="kms:ReEncryptFrom")
    destination = usable(call, call.key("DestinationKeyId", action="kms:ReEncryptTo"), "ENCRYPT_DECRYPT")
    old_algorithm = _algorithm(call, "SourceEncryptionAlgorithm", source)
    new_algorithm = _algorithm(call, "DestinationEncryptionAlgorithm", destination)
    material, plaintext = _opened(source, number, blob, old_context)
    record_use(call, source, destination)
    return {
        "CiphertextBlob": _sealed(destination, plaintext, new_context),
        "SourceKeyId": source.arn,
        "KeyId": destination.arn,
        "SourceEncryptionAlgorithm": old_algorithm,
        "DestinationEncryptionAlgorithm": new_algorithm,
        "SourceKeyMaterialId": material.id,
        "DestinationKeyMaterialId": destination.material.id,
    }


def generate_data_key(call: Call) -> dict[str, object]:
    """Return a new data key, in plaintext and encrypted under the KMS key."""
    refuse_unsupported(call, "Recipient")
    data_key, answer = _data_key(call)
    return {"Plaintext": encoded(data_key), **answer}


def generate_data_key_without_plaintext(call: Call) -> dict[str, object]:
    """Return a new data key, only encrypted under the KMS key."""
    return _data_key(call)[1]


def generate_random(call: Call) -> dict[str, object]:
    """Return 1 to 1024 random bytes; no key is involved."""
    refuse_unsupported(call, "Recipient", "CustomKeyStoreId")
    size = call.members.integer("NumberOfBytes", smallest=1, largest=_MAX_RANDOM)
    if size is None:
        raise ApiError("ValidationException", "NumberOfBytes is required.")
    return {"Plaintext": encoded(secrets.token_bytes(size))}


def _data_key(call: Call) -> tuple[bytes, dict[str, object]]:
    size = _data_key_bytes(call)
    context = call.members.string_map("EncryptionContext")
    key = usable(call, call.key(), "ENCRYPT_DECRYPT")
    record_use(call, key)
    data_key = secrets.token_bytes(size)
    answer: dict[str, object] = {
        "CiphertextBlob": _sealed(key, data_key, context),
        "KeyId": key.arn,
        "KeyMaterialId": key.material.id,
    }
    return data_key, answer


def _data_key_bytes(call: Call) -> int:
    number = call.members.integer("NumberOfBytes", smallest=1, largest=_MAX_RANDOM)
    spec = call.members.choice("KeySpec", _DATA_KEY_BYTES)
    if number is not None and spec is None:
        return number
    if spec is not None and number is None:
        return _DATA_KEY_BYTES[spec]
    raise ApiError("ValidationException", "Please specify either number of bytes or key spec.")


def _key_of_ciphertext(call: Call, blob: bytes, *, action: str = "") -> tuple[Key, int]:
    """Return the key of a ciphertext and the number of its material; raise `ApiError` if it cannot be used.

    The key of another account must be named, since a ciphertext has only the id of its key here.
    """
    named = call.members.text(call.operation.key, longest=2048)
    wanted = call.find(named, action=action) if named is not None else None
    found = cipher.key_of(blob)
    if found is None:
        raise ApiError("InvalidCiphertextException")
    key_id, number = found
    if wanted is not None and wanted.key_id != key_id:
        raise ApiError(
            "IncorrectKeyException",
            "The key ID in the request does not identify a CMK that can perform this operation.",
        )
    key = wanted or call.store.find(call.account_id, call.region, key_id)
    if key is None:
        raise ApiError(
            "AccessDeniedException",
            "The ciphertext refers to a customer master key that does not exist, does not exist in this "
            "region, or you are not allowed to access.",
        )
    return usable(call, call.checked(wanted or call.permitted(key, action=action)), "ENCRYPT_DECRYPT"), number


def _algorithm(call: Call, member: str, key: Key) -> str:
    algorithm = call.members.choice(member, algorithms_of("ENCRYPT_DECRYPT")) or "SYMMETRIC_DEFAULT"
    if algorithm not in key.algorithms:
        refuse_algorithm(algorithm, key)
    return algorithm


def _sealed(key: Key, plaintext: bytes, context: Mapping[str, str]) -> str:
    number = len(key.shared.materials) - 1
    return encoded(cipher.encrypt(key.material.secret, key.key_id, number, plaintext, context))


def _opened(key: Key, number: int, blob: bytes, context: Mapping[str, str]) -> tuple[Material, bytes]:
    materials = key.shared.materials[number : number + 1]
    plaintext = cipher.decrypt(materials[0].secret, blob, context) if materials else None
    if plaintext is None:
        raise ApiError("InvalidCiphertextException")
    return materials[0], plaintext
