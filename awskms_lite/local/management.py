"""The operations that make keys and tell of them: CreateKey, ListKeys, DescribeKey, GetKeyLastUsage."""

import base64

from .calls import Call
from .faults import Fault
from .members import Members
from .store import DELETION_WINDOW_DAYS, HMAC_SPECS, Key

_KEY_SPECS = (
    "SYMMETRIC_DEFAULT", *HMAC_SPECS, "RSA_2048", "RSA_3072", "RSA_4096", "ECC_NIST_P256", "ECC_NIST_P384",
    "ECC_NIST_P521", "ECC_SECG_P256K1", "ECC_NIST_EDWARDS25519", "SM2", "ML_DSA_44", "ML_DSA_65", "ML_DSA_87",
    "ML_KEM_512", "ML_KEM_768", "ML_KEM_1024",
)  # fmt: skip
_KEY_USAGES = (
    "ENCRYPT_DECRYPT",
    "GENERATE_VERIFY_MAC",
    "SIGN_VERIFY",
    "KEY_AGREEMENT",
    "ENCAPSULATE_DECAPSULATE",
)
_ORIGINS = ("AWS_KMS", "EXTERNAL", "AWS_CLOUDHSM", "EXTERNAL_KEY_STORE")


def create_key(call: Call) -> dict[str, object]:
    """Make a symmetric encryption key or an HMAC key.

    Tags are checked and then dropped, as nothing here reads them. A key policy, foreign key material, a
    custom key store or a multi-Region key would need what is not here: UnsupportedOperationException.
    """
    members = call.members
    _refuse_unsupported(members)
    spec = _key_spec(members)
    description = members.text("Description", shortest=0, longest=8192) or ""
    for tag in members.structures("Tags"):
        tag.required_text("TagKey", longest=128)
        tag.required_text("TagValue", shortest=0, longest=256)
    now = call.store.clock.now()
    key = Key(call.account_id, call.region, now, now, spec=spec, description=description)
    return {"KeyMetadata": key_metadata(call.store.add(key))}


def list_keys(call: Call) -> dict[str, object]:
    """List the account's own keys in this region, oldest first; nothing is shared with it by others."""
    members = call.members
    limit = members.integer("Limit", smallest=1, largest=1000) or 100
    marker = members.text("Marker", longest=1024)
    owners = members.strings("ResourceOwners")
    after = _sequence(call, marker) if marker else 0
    own = call.store.keys(call.account_id, call.region, after=after) if not owners or "SELF" in owners else []
    page = own[:limit]
    answer: dict[str, object] = {
        "Keys": [{"KeyId": key.key_id, "KeyArn": key.arn} for key in page],
        "Truncated": len(own) > limit,
    }
    if len(own) > limit:
        answer["NextMarker"] = _marker(call, page[-1].sequence)
    return answer


def describe_key(call: Call) -> dict[str, object]:
    """Tell what the key is and how it stands."""
    return {"KeyMetadata": key_metadata(call.key(call.members.key_id()))}


def get_key_last_usage(call: Call) -> dict[str, object]:
    """Tell of the key's last successful cryptographic operation; `KeyLastUsage` is `{}` where there was none.

    The key's state does not matter. Aliases are refused, as KMS does.
    """
    key = call.key(call.members.key_id(), aliases=False)
    usage: dict[str, object] = {}
    if key.last_usage is not None:
        usage = {
            "Operation": key.last_usage.operation,
            "Timestamp": key.last_usage.timestamp / 1000,
            "CloudTrailEventId": key.last_usage.cloud_trail_event_id,
            "KmsRequestId": key.last_usage.kms_request_id,
        }
    return {
        "KeyId": key.key_id,
        "KeyLastUsage": usage,
        "TrackingStartDate": key.tracking_start_date / 1000,
        "KeyCreationDate": key.creation_date / 1000,
    }


def key_metadata(key: Key) -> dict[str, object]:
    """Give KMS's KeyMetadata of the key."""
    metadata: dict[str, object] = {
        "AWSAccountId": key.account_id,
        "Arn": key.arn,
        "CreationDate": key.creation_date / 1000,
        "CustomerMasterKeySpec": key.spec,
        "Description": key.description,
        "Enabled": key.state == "Enabled",
        "KeyId": key.key_id,
        "KeyManager": "CUSTOMER",
        "KeySpec": key.spec,
        "KeyState": key.state,
        "KeyUsage": key.usage,
        "MultiRegion": False,
        "Origin": "EXTERNAL" if key.state == "PendingImport" else "AWS_KMS",
    }
    if key.spec in HMAC_SPECS:
        metadata["MacAlgorithms"] = [mac_algorithm(key)]
    else:
        metadata["EncryptionAlgorithms"] = ["SYMMETRIC_DEFAULT"]
        metadata["CurrentKeyMaterialId"] = key.material_id
    if key.deletion_date is not None:
        metadata["DeletionDate"] = key.deletion_date / 1000
    if key.state == "PendingReplicaDeletion":
        metadata["PendingDeletionWindowInDays"] = DELETION_WINDOW_DAYS
    return metadata


def mac_algorithm(key: Key) -> str:
    """Give the one MAC algorithm that an HMAC key works with."""
    return key.spec.replace("HMAC_", "HMAC_SHA_")


def _refuse_unsupported(members: Members) -> None:
    for name in ("Policy", "CustomKeyStoreId", "XksKeyId"):
        if name in members:
            _unsupported(f"{name} is")
    if members.flag("MultiRegion"):
        _unsupported("Multi-Region keys are")
    if members.choice("Origin", _ORIGINS) not in (None, "AWS_KMS"):
        _unsupported("An Origin other than AWS_KMS is")


def _key_spec(members: Members) -> str:
    old_name = members.choice("CustomerMasterKeySpec", _KEY_SPECS)
    spec = members.choice("KeySpec", _KEY_SPECS)
    usage = members.choice("KeyUsage", _KEY_USAGES)
    if old_name and spec:
        raise Fault(
            "ValidationException", "You cannot specify KeySpec and CustomerMasterKeySpec in the same request."
        )
    spec = spec or old_name or "SYMMETRIC_DEFAULT"
    if spec != "SYMMETRIC_DEFAULT" and spec not in HMAC_SPECS:
        _unsupported(f"KeySpec {spec} is")
    if spec in HMAC_SPECS and usage is None:
        raise Fault(
            "ValidationException",
            "You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.",
        )
    if usage not in (None, "GENERATE_VERIFY_MAC" if spec in HMAC_SPECS else "ENCRYPT_DECRYPT"):
        raise Fault("ValidationException", f"KeyUsage {usage} is not compatible with KeySpec {spec}")
    return spec


def _unsupported(what: str) -> None:
    raise Fault("UnsupportedOperationException", f"{what} not supported by LocalKMS.")


def _marker(call: Call, sequence: int) -> str:
    return base64.urlsafe_b64encode(f"{call.account_id}/{call.region}/{sequence}".encode("ascii")).decode("ascii")


def _sequence(call: Call, marker: str) -> int:
    """Give the place where a marker says to go on; it holds in the account and region that it was made in."""
    try:
        account_id, region, sequence = base64.urlsafe_b64decode(marker).decode("ascii").split("/")
        if (account_id, region) == (call.account_id, call.region):
            return int(sequence)
    except ValueError as error:
        raise Fault("InvalidMarkerException", f"Invalid marker: {marker}") from error
    raise Fault("InvalidMarkerException", f"Invalid marker: {marker}")
