"""The use of keys: whether an operation can use a key, and the record of the last use."""

import base64
from typing import NoReturn

from ..errors import ApiError
from .call import Call
from .keys import Key, Usage
from .specs import MATERIAL_BYTES


def usable(call: Call, key: Key, usage: str) -> Key:
    """Return the key itself; raise `ApiError` if it is not for this usage or LocalKMS lacks its cryptography."""
    shared = key.shared
    if shared.usage != usage:
        raise ApiError(
            "InvalidKeyUsageException",
            f"{key.arn} key usage is {shared.usage} which is not valid for {call.operation.name}.",
        )
    if shared.spec not in MATERIAL_BYTES:
        raise ApiError("UnsupportedOperationException", f"LocalKMS has no cryptography for {shared.spec} keys.")
    return key


def record_use(call: Call, *keys: Key) -> None:
    """Record a successful use of the keys; raise `ApiError`, DryRunOperationException, if it is a dry run."""
    refuse_dry_run(call)
    for key in keys:
        event_id = call.event_ids[key.account_id]
        key.last_usage = Usage(call.operation.name, call.time, event_id, call.request_id)


def refuse_dry_run(call: Call) -> None:
    """Raise `ApiError`, DryRunOperationException, if the call that would succeed is a dry run."""
    if call.members.flag("DryRun"):
        raise ApiError(
            "DryRunOperationException", "The request would have succeeded, but the DryRun option is set."
        )


def refuse_unsupported(call: Call, *names: str) -> None:
    """Raise `ApiError` for members that LocalKMS does not support and that would change the response."""
    for name in names:
        if name in call.members:
            raise ApiError("UnsupportedOperationException", f"{name} is not supported by LocalKMS.")


def refuse_algorithm(algorithm: str, key: Key) -> NoReturn:
    """Raise `ApiError` for an algorithm that the key does not support."""
    raise ApiError(
        "InvalidKeyUsageException", f"Algorithm {algorithm} is incompatible with key spec {key.shared.spec}."
    )


def encoded(blob: bytes) -> str:
    """Return a blob in base64, as on the wire."""
    return base64.b64encode(blob).decode("ascii")
