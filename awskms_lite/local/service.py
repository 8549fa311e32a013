"""The service behind the socket: Smithy's awsJson1.1 protocol over the table of operations."""

import json
import time
from collections.abc import Callable, Mapping
from typing import cast
from uuid import uuid4

from . import cryptographic, management
from .accounts import account_of, secret_for
from .calls import Call
from .faults import Fault
from .members import Members
from .messages import Request, Response
from .quotas import Quotas
from .signature import verify
from .store import Store

THROTTLED = "ThrottlingException"

_TARGET_PREFIX = "TrentService."

OPERATIONS: Mapping[str, Callable[[Call], dict[str, object]]] = {
    "CreateKey": management.create_key,
    "Decrypt": cryptographic.decrypt,
    "DescribeKey": management.describe_key,
    "Encrypt": cryptographic.encrypt,
    "GenerateDataKey": cryptographic.generate_data_key,
    "GenerateMac": cryptographic.generate_mac,
    "GetKeyLastUsage": management.get_key_last_usage,
    "ListKeys": management.list_keys,
    "VerifyMac": cryptographic.verify_mac,
}

# What KMS has besides, so that a caller can tell a typing error from what is only missing here.
OTHER_OPERATIONS = frozenset(
    (
        "CancelKeyDeletion", "ConnectCustomKeyStore", "CreateAlias", "CreateCustomKeyStore",
        "CreateGrant", "Decapsulate", "DeleteAlias", "DeleteCustomKeyStore",
        "DeleteImportedKeyMaterial", "DeriveSharedSecret", "DescribeCustomKeyStores", "DisableKey",
        "DisableKeyRotation", "DisconnectCustomKeyStore", "EnableKey", "EnableKeyRotation",
        "Encapsulate", "GenerateDataKeyPair", "GenerateDataKeyPairWithoutPlaintext",
        "GenerateDataKeyWithoutPlaintext", "GenerateRandom", "GetKeyPolicy", "GetKeyRotationStatus",
        "GetParametersForImport", "GetPublicKey", "ImportKeyMaterial", "ListAliases", "ListGrants",
        "ListKeyPolicies", "ListKeyRotations", "ListResourceTags", "ListRetirableGrants",
        "PutKeyPolicy", "ReEncrypt", "ReplicateKey", "RetireGrant", "RevokeGrant", "RotateKeyOnDemand",
        "ScheduleKeyDeletion", "Sign", "TagResource", "UntagResource", "UpdateAlias",
        "UpdateCustomKeyStore", "UpdateKeyDescription", "UpdatePrimaryRegion", "Verify",
    )
)  # fmt: skip


class Service:
    """Answers requests over one store: names the operation, checks the signature, reads the body, calls."""

    def __init__(self, store: Store, quotas: Quotas, real_time: Callable[[], float] = time.time) -> None:
        self._store = store
        self._quotas = quotas
        self._real_time = real_time

    def __call__(self, request: Request) -> Response:
        """Give the answer to the request, whatever it asks."""
        request_id = str(uuid4())
        try:
            answer = self._answer(request, request_id)
        except Fault as fault:
            body = json.dumps(fault.body()).encode("ascii")
            return Response(fault.status, body, request_id, code=fault.code)
        return Response(200, json.dumps(answer).encode("ascii"), request_id)

    def _answer(self, request: Request, request_id: str) -> dict[str, object]:
        operation = operation_of(request)
        scope = verify(request, now=self._real_time(), service="kms", secret_for=secret_for)
        account_id = cast(str, account_of(scope.access_key_id))  # a key that has a secret has an account
        if not self._quotas.take(account_id, scope.region, operation):
            raise Fault(THROTTLED, "Rate exceeded")
        handler = OPERATIONS.get(operation)
        if handler is None:
            known = ", ".join(OPERATIONS)
            raise Fault("UnsupportedOperationException", f"LocalKMS has no {operation}; it has {known}.")
        members = _members(request.body)
        with self._store.lock:
            return handler(Call(operation, members, account_id, scope.region, request_id, self._store))


def check_operation(operation: str) -> str:
    """Give the operation back; raise `ValueError` where KMS has none of that name."""
    if not _is_operation(operation):
        raise ValueError(f"KMS has no operation {operation!r}: pass a name like 'GetKeyLastUsage'")
    return operation


def operation_of(request: Request) -> str:
    """Give the operation that the request names; raise `Fault` where KMS has none of that name."""
    if request.method != "POST" or request.path != "/":
        raise Fault("UnknownOperationException", status=404)
    targets = [target.decode("latin-1") for target in request.values("x-amz-target")]
    operation = targets[0].removeprefix(_TARGET_PREFIX) if len(targets) == 1 else ""
    if targets != [_TARGET_PREFIX + operation] or not _is_operation(operation):
        raise Fault("UnknownOperationException")
    return operation


def _is_operation(name: str) -> bool:
    return name in OPERATIONS or name in OTHER_OPERATIONS


def _members(body: bytes) -> Members:
    try:
        document: object = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Fault("SerializationException", "The body is not JSON.") from error
    if not isinstance(document, dict):
        raise Fault("SerializationException", "The body is not a JSON object.")
    return Members(cast(dict[str, object], document))
