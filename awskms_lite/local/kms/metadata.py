"""KMS's KeyMetadata of a key."""

from .keys import Key
from .specs import ALGORITHM_MEMBERS
from .store import Store


def key_metadata(store: Store, key: Key) -> dict[str, object]:
    """Return the key's KeyMetadata, with the members for its spec and state."""
    shared = key.shared
    metadata: dict[str, object] = {
        "AWSAccountId": key.account_id,
        "Arn": key.arn,
        "CreationDate": key.creation_date / 1000,
        "CustomerMasterKeySpec": shared.spec,
        "Description": key.description,
        "Enabled": key.state == "Enabled",
        "KeyId": key.key_id,
        "KeyManager": key.manager,
        "KeySpec": shared.spec,
        "KeyState": key.state,
        "KeyUsage": shared.usage,
        "MultiRegion": key.is_multi_region,
        "Origin": shared.origin,
        ALGORITHM_MEMBERS[shared.usage]: list(key.algorithms),
    }
    if shared.spec == "SYMMETRIC_DEFAULT" and shared.origin in ("AWS_KMS", "EXTERNAL") and key.has_material:
        metadata["CurrentKeyMaterialId"] = key.material.id
    if shared.origin == "EXTERNAL" and key.has_material:
        metadata["ExpirationModel"] = "KEY_MATERIAL_DOES_NOT_EXPIRE"
    if key.is_multi_region:
        metadata["MultiRegionConfiguration"] = _multi_region_configuration(store, key)
    if key.deletion_date is not None:
        metadata["DeletionDate"] = key.deletion_date / 1000
    if key.state == "PendingReplicaDeletion":
        metadata["PendingDeletionWindowInDays"] = key.deletion_window_days
    return metadata


def _multi_region_configuration(store: Store, key: Key) -> dict[str, object]:
    keys = store.related(key)
    return {
        "MultiRegionKeyType": "REPLICA" if key.is_replica else "PRIMARY",
        "PrimaryKey": next(_multi_region_key(other) for other in keys if not other.is_replica),
        "ReplicaKeys": [_multi_region_key(other) for other in keys if other.is_replica],
    }


def _multi_region_key(key: Key) -> dict[str, object]:
    return {"Arn": key.arn, "Region": key.region}
