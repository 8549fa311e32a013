"""Whether a key can be used, and how a use is recorded: only one that succeeded, and never a dry run."""

import base64
from typing import NoReturn

from ..errors import ApiError
from .call import Call
from .keys import Key, Usage
from .specs import MATERIAL_BYTES


def usable(call: Call, key: Key, usage: str) -> Key:
    """Give the key back where it is for this usage, and its cryptography is here; else raise `ApiError`."""
    shared = key.shared
    if shared.usage != usage:
        raise ApiError(
            "InvalidKeyUsageException",
            f"{key.arn} key usage is {shared.usage} which is not valid for {call.operation.name}.",
        )
    if shared.spec not in MATERIAL_BYTES:
        raise ApiError("UnsupportedOperationException", f"LocalKMS has no cryptography for {shared.spec} keys.")
    return key


def record(call: Call, *keys: Key) -> None:
    """Note the use of the keys; raise DryRunOperationException where the caller only asked whether it would do."""
    if call.members.flag("DryRun"):
        raise ApiError(
            "DryRunOperationException", "The request would have succeeded, but the DryRun option is set."
        )
    usage = Usage(call.operation.name, call.store.clock.now(), kms_request_id=call.request_id)
    for key in keys:
        key.last_usage = usage


def refuse_unsupported(call: Call, *names: str) -> None:
    """Refuse the members that would change the answer and are not built."""
    for name in names:
        if name in call.members:
            raise ApiError("UnsupportedOperationException", f"{name} is not supported by LocalKMS.")


def incompatible(algorithm: str, key: Key) -> NoReturn:
    """Refuse an algorithm that the key does not work with."""
    raise ApiError(
        "InvalidKeyUsageException", f"Algorithm {algorithm} is incompatible with key spec {key.shared.spec}."
    )


def encoded(blob: bytes) -> str:
    """Give a blob as the wire has it."""
    return base64.b64encode(blob).decode("ascii")
