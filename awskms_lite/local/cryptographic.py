"""The operations that use a key, and how a use is recorded: only one that succeeded, and never a dry run."""

import base64
import hmac
import secrets
from typing import NoReturn

from . import cipher
from .calls import Call
from .faults import Fault
from .management import mac_algorithm
from .store import HMAC_SPECS, Key, Usage

_MAX_PLAINTEXT = 4096  # bytes; messages to authenticate have the same limit
_MAX_CIPHERTEXT = 6144  # bytes; MACs too
_MAC_ALGORITHMS = tuple(spec.replace("HMAC_", "HMAC_SHA_") for spec in HMAC_SPECS)
_ENCRYPTION_ALGORITHMS = ("SYMMETRIC_DEFAULT", "RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256", "SM2PKE")
_DATA_KEY_BYTES = {"AES_256": 32, "AES_128": 16}

# From the table of key states in the KMS developer guide: in these alone a key can be used.
_USABLE_STATES = ("Enabled", "Updating")


def encrypt(call: Call) -> dict[str, object]:
    """Encrypt 1 to 4096 bytes."""
    plaintext = call.members.blob("Plaintext", longest=_MAX_PLAINTEXT)
    context = call.members.string_map("EncryptionContext")
    key = _usable(call, call.key(call.members.key_id()), "ENCRYPT_DECRYPT")
    algorithm = _encryption_algorithm(call, key)
    _record(call, key)
    return {
        "CiphertextBlob": _sealed(key, plaintext, context),
        "KeyId": key.arn,
        "EncryptionAlgorithm": algorithm,
    }


def decrypt(call: Call) -> dict[str, object]:
    """Decrypt what a key of the caller's account and region encrypted; the ciphertext itself names it."""
    blob = call.members.blob("CiphertextBlob", longest=_MAX_CIPHERTEXT)
    context = call.members.string_map("EncryptionContext")
    _refuse_unsupported(call, "Recipient", "DryRunModifiers")
    key = _usable(call, _key_of_ciphertext(call, blob), "ENCRYPT_DECRYPT")
    algorithm = _encryption_algorithm(call, key)
    plaintext = cipher.decrypt(key.material, blob, context)
    if plaintext is None:
        raise Fault("InvalidCiphertextException")
    _record(call, key)
    return {
        "KeyId": key.arn,
        "Plaintext": _base64(plaintext),
        "EncryptionAlgorithm": algorithm,
        "KeyMaterialId": key.material_id,
    }


def generate_data_key(call: Call) -> dict[str, object]:
    """Make a data key: plain, and encrypted under the KMS key."""
    size = _data_key_bytes(call)
    context = call.members.string_map("EncryptionContext")
    _refuse_unsupported(call, "Recipient")
    key = _usable(call, call.key(call.members.key_id()), "ENCRYPT_DECRYPT")
    _record(call, key)
    data_key = secrets.token_bytes(size)
    return {
        "CiphertextBlob": _sealed(key, data_key, context),
        "Plaintext": _base64(data_key),
        "KeyId": key.arn,
        "KeyMaterialId": key.material_id,
    }


def generate_mac(call: Call) -> dict[str, object]:
    """Make the HMAC of a message of 1 to 4096 bytes."""
    key, mac = _mac(call)
    _record(call, key)
    return {"Mac": _base64(mac), "MacAlgorithm": mac_algorithm(key), "KeyId": key.arn}


def verify_mac(call: Call) -> dict[str, object]:
    """Check the HMAC of a message; a wrong one is KMSInvalidMacException, not an answer."""
    given = call.members.blob("Mac", longest=_MAX_CIPHERTEXT)
    key, mac = _mac(call)
    if not hmac.compare_digest(given, mac):
        raise Fault("KMSInvalidMacException")
    _record(call, key)
    return {"KeyId": key.arn, "MacValid": True, "MacAlgorithm": mac_algorithm(key)}


def _mac(call: Call) -> tuple[Key, bytes]:
    message = call.members.blob("Message", longest=_MAX_PLAINTEXT)
    algorithm = call.members.required_choice("MacAlgorithm", _MAC_ALGORITHMS)
    key = _usable(call, call.key(call.members.key_id()), "GENERATE_VERIFY_MAC")
    if algorithm != mac_algorithm(key):
        _incompatible(algorithm, key)
    return key, hmac.digest(key.material, message, algorithm.replace("HMAC_SHA_", "sha"))


def _key_of_ciphertext(call: Call, blob: bytes) -> Key:
    named = call.members.text("KeyId", longest=2048)
    key = call.key(named) if named is not None else None
    key_id = cipher.key_id_of(blob)
    if key_id is None:
        raise Fault("InvalidCiphertextException")
    if key is not None and key.key_id != key_id:
        raise Fault(
            "IncorrectKeyException",
            "The key ID in the request does not identify a CMK that can perform this operation.",
        )
    found = call.store.find(call.account_id, call.region, key_id)
    if found is None:
        raise Fault(
            "AccessDeniedException",
            "The ciphertext refers to a customer master key that does not exist, does not exist in this "
            "region, or you are not allowed to access.",
        )
    return found


def _usable(call: Call, key: Key, usage: str) -> Key:
    if key.state == "Disabled":
        raise Fault("DisabledException", f"{key.arn} is disabled.")
    if key.state not in _USABLE_STATES:
        words = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in key.state)
        raise Fault("KMSInvalidStateException", f"{key.arn} is{words}.")
    if key.usage != usage:
        raise Fault(
            "InvalidKeyUsageException",
            f"{key.arn} key usage is {key.usage} which is not valid for {call.operation}.",
        )
    return key


def _record(call: Call, key: Key) -> None:
    """Note the use; raise DryRunOperationException, and note nothing, where the caller only asked whether."""
    if call.members.flag("DryRun"):
        raise Fault("DryRunOperationException", "The request would have succeeded, but the DryRun option is set.")
    key.last_usage = Usage(call.operation, call.store.clock.now(), kms_request_id=call.request_id)


def _encryption_algorithm(call: Call, key: Key) -> str:
    algorithm = call.members.choice("EncryptionAlgorithm", _ENCRYPTION_ALGORITHMS) or "SYMMETRIC_DEFAULT"
    if algorithm != "SYMMETRIC_DEFAULT":
        _incompatible(algorithm, key)
    return algorithm


def _data_key_bytes(call: Call) -> int:
    number = call.members.integer("NumberOfBytes", smallest=1, largest=1024)
    spec = call.members.choice("KeySpec", _DATA_KEY_BYTES)
    if number is not None and spec is None:
        return number
    if spec is not None and number is None:
        return _DATA_KEY_BYTES[spec]
    raise Fault("ValidationException", "Please specify either number of bytes or key spec.")


def _refuse_unsupported(call: Call, *names: str) -> None:
    for name in names:
        if name in call.members:
            raise Fault("UnsupportedOperationException", f"{name} is not supported by LocalKMS.")


def _incompatible(algorithm: str, key: Key) -> NoReturn:
    raise Fault("InvalidKeyUsageException", f"Algorithm {algorithm} is incompatible with key spec {key.spec}.")


def _sealed(key: Key, plaintext: bytes, context: dict[str, str]) -> str:
    return _base64(cipher.encrypt(key.material, key.key_id, plaintext, context))


def _base64(blob: bytes) -> str:
    return base64.b64encode(blob).decode("ascii")
