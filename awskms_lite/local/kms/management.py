"""Keys: CreateKey, ListKeys, DescribeKey, UpdateKeyDescription, GetKeyLastUsage."""

from functools import partial

from ..errors import ApiError
from ..members import Members
from .call import Call
from .keys import ORIGINS, Alias, Key, SharedProperties
from .metadata import key_metadata
from .paging import page
from .policies import policy_of
from .rotation import MANAGED_PERIOD, rotate_every
from .specs import ALGORITHM_MEMBERS, ALGORITHMS
from .tagging import tags_of

_OTHERS = "OTHER_ACCOUNTS_VIA_RAM"
_OWNERS = ("SELF", _OTHERS)


def create_key(call: Call) -> dict[str, object]:
    """Create a key of any spec; with origin EXTERNAL it stays in PendingImport, as nothing can be imported here.

    Raises `ApiError`, UnsupportedOperationException, for custom key stores, among others.
    """
    members = call.members
    spec, usage = _spec_and_usage(members)
    origin = _origin(members)
    description = members.text("Description", shortest=0, longest=8192) or ""
    policy, tags = policy_of(call), tags_of(members)
    now, imported = call.store.clock.now(), origin == "EXTERNAL"
    primary_region = call.region if members.flag("MultiRegion") else None
    key = Key(
        call.account_id,
        call.region,
        now,
        now,
        SharedProperties(spec, usage, origin, primary_region),
        state="PendingImport" if imported else "Enabled",
        description=description,
        policy=policy,
        tags=tags,
        has_material=not imported,
    )
    call.keys.append(call.store.add(key))
    return {"KeyMetadata": key_metadata(call.store, key)}


def list_keys(call: Call) -> dict[str, object]:
    """List the account's own keys in this region, oldest first, or those shared with it, or both."""
    owners = set(call.members.choices("ResourceOwners", _OWNERS, longest=2)) or {"SELF"}
    return page(
        call,
        "Keys",
        call.store.keys(call.account_id, call.region) if "SELF" in owners else (),
        more=call.store.shared_keys(call.account_id, call.region) if _OTHERS in owners else (),
        sort_key=partial(_sort_key, call.account_id),
        wire=_entry,
        default=100,
        largest=1000,
        choice="+".join(sorted(owners)),
    )


def describe_key(call: Call) -> dict[str, object]:
    """Return the key's metadata; an AWS managed key is created when its predefined alias is first described."""
    _make_managed_key(call)
    return {"KeyMetadata": key_metadata(call.store, call.key())}


def update_key_description(call: Call) -> dict[str, object]:
    """Replace the key's description."""
    description = call.members.required_text("Description", shortest=0, longest=8192)
    call.key().description = description
    return {}


def get_key_last_usage(call: Call) -> dict[str, object]:
    """Return the key's last successful cryptographic operation; `KeyLastUsage` is `{}` if there was none."""
    key = call.key()
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


def _make_managed_key(call: Call) -> None:
    name = call.members.required_text("KeyId", longest=2048).removeprefix(call.arn(""))
    if not call.store.is_predefined(call.account_id, call.region, name):
        return
    now, service = call.store.clock.now(), name.rpartition("/")[2]
    description = f"Default key that protects my {service} data when no other key is defined"
    key = Key(call.account_id, call.region, now, now, manager="AWS", description=description)
    call.store.add(key)
    rotate_every(call.store, key, MANAGED_PERIOD, now)
    call.store.add_alias(Alias(name, key, now, now))


def _sort_key(account_id: str, key: Key) -> str:
    # Own keys sort before shared ones, and each of the two by age.
    return f"{'own' if key.account_id == account_id else 'shared'} {key.sequence:012}"


def _entry(key: Key) -> dict[str, object]:
    return {"KeyId": key.key_id, "KeyArn": key.arn}


def _spec_and_usage(members: Members) -> tuple[str, str]:
    old_name = members.choice("CustomerMasterKeySpec", ALGORITHMS)
    spec = members.choice("KeySpec", ALGORITHMS)
    usage = members.choice("KeyUsage", ALGORITHM_MEMBERS)
    if old_name and spec:
        raise ApiError(
            "ValidationException", "You cannot specify KeySpec and CustomerMasterKeySpec in the same request."
        )
    spec = spec or old_name or "SYMMETRIC_DEFAULT"
    if usage is None and spec == "SYMMETRIC_DEFAULT":
        return spec, "ENCRYPT_DECRYPT"
    if usage is None:
        raise ApiError(
            "ValidationException",
            "You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.",
        )
    if usage not in ALGORITHMS[spec]:
        raise ApiError("ValidationException", f"KeyUsage {usage} is not compatible with KeySpec {spec}")
    return spec, usage


def _origin(members: Members) -> str:
    for name in ("CustomKeyStoreId", "XksKeyId"):
        if name in members:
            raise ApiError(
                "UnsupportedOperationException", f"{name} is not supported: LocalKMS has no custom key stores."
            )
    origin = members.choice("Origin", ORIGINS) or "AWS_KMS"
    if origin not in ("AWS_KMS", "EXTERNAL"):
        raise ApiError(
            "UnsupportedOperationException",
            f"Origin {origin} is not supported: LocalKMS has no custom key stores.",
        )
    return origin
