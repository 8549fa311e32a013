"""The service behind the socket: Smithy's awsJson1.1 protocol over the table of operations."""

import json
import time
from collections.abc import Callable, Mapping
from typing import cast
from uuid import uuid4

from . import aliases, cryptographic, lifecycle, macs, management, policies, replicas, rotation, tagging
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
    "CancelKeyDeletion": lifecycle.cancel_key_deletion,
    "CreateAlias": aliases.create_alias,
    "CreateKey": management.create_key,
    "Decrypt": cryptographic.decrypt,
    "DeleteAlias": aliases.delete_alias,
    "DescribeKey": management.describe_key,
    "DisableKey": lifecycle.disable_key,
    "DisableKeyRotation": rotation.disable_key_rotation,
    "EnableKey": lifecycle.enable_key,
    "EnableKeyRotation": rotation.enable_key_rotation,
    "Encrypt": cryptographic.encrypt,
    "GenerateDataKey": cryptographic.generate_data_key,
    "GenerateDataKeyWithoutPlaintext": cryptographic.generate_data_key_without_plaintext,
    "GenerateMac": macs.generate_mac,
    "GenerateRandom": cryptographic.generate_random,
    "GetKeyLastUsage": management.get_key_last_usage,
    "GetKeyPolicy": policies.get_key_policy,
    "GetKeyRotationStatus": rotation.get_key_rotation_status,
    "ListAliases": aliases.list_aliases,
    "ListKeyPolicies": policies.list_key_policies,
    "ListKeyRotations": rotation.list_key_rotations,
    "ListKeys": management.list_keys,
    "ListResourceTags": tagging.list_resource_tags,
    "PutKeyPolicy": policies.put_key_policy,
    "ReEncrypt": cryptographic.re_encrypt,
    "ReplicateKey": replicas.replicate_key,
    "RotateKeyOnDemand": rotation.rotate_key_on_demand,
    "ScheduleKeyDeletion": lifecycle.schedule_key_deletion,
    "TagResource": tagging.tag_resource,
    "UntagResource": tagging.untag_resource,
    "UpdateAlias": aliases.update_alias,
    "UpdateKeyDescription": management.update_key_description,
    "UpdatePrimaryRegion": replicas.update_primary_region,
    "VerifyMac": macs.verify_mac,
}

# What KMS has besides, so that a caller can tell a typing error from what is only missing here.
OTHER_OPERATIONS = frozenset(
    (
        "ConnectCustomKeyStore", "CreateCustomKeyStore", "CreateGrant", "Decapsulate",
        "DeleteCustomKeyStore", "DeleteImportedKeyMaterial", "DeriveSharedSecret",
        "DescribeCustomKeyStores", "DisconnectCustomKeyStore", "Encapsulate", "GenerateDataKeyPair",
        "GenerateDataKeyPairWithoutPlaintext", "GetParametersForImport", "GetPublicKey",
        "ImportKeyMaterial", "ListGrants", "ListRetirableGrants", "RetireGrant", "RevokeGrant", "Sign",
        "UpdateCustomKeyStore", "Verify",
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
            self._store.catch_up()
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
