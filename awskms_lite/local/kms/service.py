"""KMS behind the socket: Smithy's awsJson1.1 protocol over the table of operations."""

import json
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import cast
from uuid import uuid4

from ..auth.authorizer import Gate
from ..auth.denials import Denials
from ..errors import Fault
from ..http.messages import Request, Response
from ..members import Members
from . import (
    aliases,
    custom_key_stores,
    encryption,
    grants,
    lifecycle,
    macs,
    management,
    policies,
    replicas,
    rotation,
    tagging,
)
from .call import Call
from .store import Store

_TARGET_PREFIX = "TrentService."

OPERATIONS: Mapping[str, Callable[[Call], dict[str, object]]] = {
    "CancelKeyDeletion": lifecycle.cancel_key_deletion,
    "CreateAlias": aliases.create_alias,
    "CreateKey": management.create_key,
    "Decrypt": encryption.decrypt,
    "DeleteAlias": aliases.delete_alias,
    "DescribeCustomKeyStores": custom_key_stores.describe_custom_key_stores,
    "DescribeKey": management.describe_key,
    "DisableKey": lifecycle.disable_key,
    "DisableKeyRotation": rotation.disable_key_rotation,
    "EnableKey": lifecycle.enable_key,
    "EnableKeyRotation": rotation.enable_key_rotation,
    "Encrypt": encryption.encrypt,
    "GenerateDataKey": encryption.generate_data_key,
    "GenerateDataKeyWithoutPlaintext": encryption.generate_data_key_without_plaintext,
    "GenerateMac": macs.generate_mac,
    "GenerateRandom": encryption.generate_random,
    "GetKeyLastUsage": management.get_key_last_usage,
    "GetKeyPolicy": policies.get_key_policy,
    "GetKeyRotationStatus": rotation.get_key_rotation_status,
    "ListAliases": aliases.list_aliases,
    "ListGrants": grants.list_grants,
    "ListKeyPolicies": policies.list_key_policies,
    "ListKeyRotations": rotation.list_key_rotations,
    "ListKeys": management.list_keys,
    "ListResourceTags": tagging.list_resource_tags,
    "PutKeyPolicy": policies.put_key_policy,
    "ReEncrypt": encryption.re_encrypt,
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
        "DisconnectCustomKeyStore", "Encapsulate", "GenerateDataKeyPair",
        "GenerateDataKeyPairWithoutPlaintext", "GetParametersForImport", "GetPublicKey",
        "ImportKeyMaterial", "ListRetirableGrants", "RetireGrant", "RevokeGrant", "Sign",
        "UpdateCustomKeyStore", "Verify",
    )
)  # fmt: skip


class Kms:
    """Answers requests over one store: names the operation, lets the caller in, reads the body, calls."""

    def __init__(self, store: Store, gate: Gate, denials: Denials) -> None:
        self._store = store
        self._gate = gate
        self._denials = denials

    def __call__(self, request: Request) -> Response:
        """Give the answer to the request, whatever it asks."""
        request_id = str(uuid4())
        try:
            answer = self._answer(request, request_id)
        except Fault as fault:
            return self.refuse(fault, request_id)
        return Response(200, json.dumps(answer).encode("ascii"), request_id)

    @staticmethod
    def refuse(fault: Fault, request_id: str) -> Response:
        """Give the answer that tells of the fault."""
        body = json.dumps(fault.body()).encode("ascii")
        return Response(fault.status, body, request_id, code=fault.code)

    @staticmethod
    def operation_of(request: Request) -> str:
        """Give the operation that the request names; raise `Fault` where KMS has none of that name."""
        if request.method != "POST" or request.path != "/":
            raise Fault("UnknownOperationException", status=404)
        targets = request.values("x-amz-target")
        operation = _operation_named(targets[0]) if len(targets) == 1 else None
        if operation is None:
            raise Fault("UnknownOperationException")
        return operation

    def _answer(self, request: Request, request_id: str) -> dict[str, object]:
        operation = self.operation_of(request)
        caller = self._gate.admit(request, "kms", operation)
        call = Call(operation, _members(request.body), caller, request_id, self._store, self._denials)
        call.check_permitted()
        handler = OPERATIONS.get(operation)
        if handler is None:
            raise Fault("UnsupportedOperationException", f"LocalKMS has no {operation}, which KMS has.")
        with self._store.lock:
            self._store.catch_up()
            return handler(call)


def is_operation(name: str) -> bool:
    """Say whether KMS has an operation of this name, whether or not it is here."""
    return name in OPERATIONS or name in OTHER_OPERATIONS


@lru_cache(maxsize=128)
def _operation_named(target: bytes) -> str | None:
    prefix, point, name = target.decode("latin-1").partition(".")
    return name if prefix + point == _TARGET_PREFIX and is_operation(name) else None


def _members(body: bytes) -> Members:
    try:
        document: object = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Fault("SerializationException", "The body is not JSON.") from error
    if not isinstance(document, dict):
        raise Fault("SerializationException", "The body is not a JSON object.")
    return Members(cast(dict[str, object], document))
