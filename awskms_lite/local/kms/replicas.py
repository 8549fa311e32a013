"""Multi-Region keys: ReplicateKey, UpdatePrimaryRegion.

Both take effect at once: no key stays in the state Creating or Updating, as it does at KMS for some seconds. The
response to ReplicateKey has the state Creating all the same, as at KMS.
"""

from ..arns import partition_of, resource_arn
from ..errors import ApiError
from .call import Call
from .keys import Key
from .metadata import key_metadata
from .policies import policy_of, policy_text
from .tagging import tags_of, wire_tags

_REGION = r"^([a-z]+-){2,3}\d+$"


def replicate_key(call: Call) -> dict[str, object]:
    """Create a replica of a primary key in another Region; the shared properties are the same."""
    members, store = call.members, call.store
    region = members.required_text("ReplicaRegion", longest=32, pattern=_REGION)
    description = members.text("Description", shortest=0, longest=8192) or ""
    policy, tags = policy_of(call), tags_of(members)
    primary = _primary(call)
    if partition_of(region) != partition_of(call.region):
        raise ApiError("UnsupportedOperationException", f"{region} is not in the partition of {primary.arn}.")
    if store.find(call.account_id, region, primary.key_id) is not None:
        raise ApiError("AlreadyExistsException", f"{_arn_in(region, primary)} already exists.")
    replica = store.add(replica_of(primary, region, store.clock.now()))
    replica.description, replica.policy, replica.tags = description, policy, tags
    answer: dict[str, object] = {
        "ReplicaKeyMetadata": key_metadata(store, replica) | {"KeyState": "Creating", "Enabled": False},
        "ReplicaPolicy": policy_text(replica),
    }
    return answer | {"ReplicaTags": wire_tags(replica)} if tags else answer


def update_primary_region(call: Call) -> dict[str, object]:
    """Make the replica of another Region the primary key, and the primary key a replica."""
    region = call.members.required_text("PrimaryRegion", longest=32, pattern=_REGION)
    primary = _primary(call)
    replica = call.store.find(call.account_id, region, primary.key_id)
    if replica is None:
        raise ApiError("NotFoundException", f"Key '{_arn_in(region, primary)}' does not exist")
    if replica is primary:
        raise ApiError("UnsupportedOperationException", f"{primary.arn} is the primary key already.")
    call.checked(call.permitted(replica))
    primary.shared.primary_region = region
    return {}


def replica_of(primary: Key, region: str, now: int) -> Key:
    """Return a new replica of the primary key, in PendingImport if the material was imported: it is not copied."""
    imported = primary.shared.origin == "EXTERNAL"
    return Key(
        primary.account_id,
        region,
        now,
        now,
        primary.shared,
        state="PendingImport" if imported else "Enabled",
        has_material=not imported,
    )


def _primary(call: Call) -> Key:
    key = call.key()
    if not key.is_multi_region or key.is_replica:
        raise ApiError("UnsupportedOperationException", f"{key.arn} is not a multi-Region primary key.")
    return key


def _arn_in(region: str, key: Key) -> str:
    return resource_arn(region, key.account_id, f"key/{key.key_id}")
