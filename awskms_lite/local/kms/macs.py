"""Message authentication codes: GenerateMac, VerifyMac."""

import hmac

from ..errors import ApiError
from .call import Call
from .keys import Key
from .specs import algorithms_of
from .usage import encoded, record_use, refuse_algorithm, usable

_MAX_MESSAGE = 4096  # bytes
_MAX_MAC = 6144  # bytes


def generate_mac(call: Call) -> dict[str, object]:
    """Return the HMAC of a message of 1 to 4096 bytes."""
    key, algorithm, mac = _mac(call)
    record_use(call, key)
    return {"Mac": encoded(mac), "MacAlgorithm": algorithm, "KeyId": key.arn}


def verify_mac(call: Call) -> dict[str, object]:
    """Verify the HMAC of a message; a wrong one is KMSInvalidMacException."""
    given = call.members.blob("Mac", longest=_MAX_MAC)
    key, algorithm, mac = _mac(call)
    if not hmac.compare_digest(given, mac):
        raise ApiError("KMSInvalidMacException")
    record_use(call, key)
    return {"KeyId": key.arn, "MacValid": True, "MacAlgorithm": algorithm}


def _mac(call: Call) -> tuple[Key, str, bytes]:
    message = call.members.blob("Message", longest=_MAX_MESSAGE)
    algorithm = call.members.required_choice("MacAlgorithm", algorithms_of("GENERATE_VERIFY_MAC"))
    key = usable(call, call.key(), "GENERATE_VERIFY_MAC")
    if algorithm not in key.algorithms:
        refuse_algorithm(algorithm, key)
    mac = hmac.digest(key.material.secret, message, algorithm.replace("HMAC_SHA_", "sha"))
    return key, algorithm, mac
