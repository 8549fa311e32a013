"""Keys with a past, which a test or a demonstration adds."""

import re
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import TypeAlias

from ..arguments import check_text, check_text_map, check_texts
from ..auth.accounts import validated_account_id
from ..clock import milliseconds
from .aliases import ALIAS_NAME, RESERVED_PREFIX
from .keys import DELETION_WINDOW_DAYS, KEY_STATES, ORIGINS, Alias, Key, SharedProperties, Usage
from .lifecycle import schedule_deletion
from .rotation import MANAGED_PERIOD, rotate_every
from .seeded_uses import seed_last_use
from .specs import ALGORITHMS
from .store import Store

LastUsage: TypeAlias = datetime | Mapping[str, object] | None

_MANAGERS = ("CUSTOMER", "AWS")
_PRIMARY_ARN = re.compile(r"arn:[a-z-]+:kms:([a-zA-Z0-9-]+):([0-9]{12}):key/(mrk-[0-9a-f]{32})")

# Each member of KMS's KeyLastUsageData, and the attribute of Usage for it.
_MEMBERS = {
    "Operation": "operation", "Timestamp": "timestamp", "CloudTrailEventId": "cloud_trail_event_id",
    "KmsRequestId": "kms_request_id",
}  # fmt: skip


def seed(
    store: Store,
    *,
    account_id: str,
    region: str,
    created: datetime | None,
    tracking_start: datetime | None,
    last_usage: LastUsage,
    state: str,
    manager: str,
    spec: str | None,
    origin: str | None,
    multi_region: bool,
    replica_of: str | None,
    description: str,
    tags: Mapping[str, str],
    aliases: Collection[str],
    shared_with: Collection[str],
) -> Key:
    """Add a key with this past to the store and return it; add nothing and raise `ValueError` if it is invalid."""
    check_text("description", description)
    check_text_map("tags", tags)
    check_texts("aliases", aliases)
    check_texts("shared_with", shared_with)
    if not isinstance(multi_region, bool):
        raise ValueError(f"multi_region={multi_region!r} is not a bool: pass True or False")
    _check_known("key state", state, KEY_STATES)
    _check_known("key manager", manager, _MANAGERS)
    now = store.clock.now()
    if replica_of is None:
        shared = _shared(spec, origin, state, region if multi_region else None)
    elif spec or origin or multi_region:
        raise ValueError("a replica has the spec and origin of its primary key: leave them and multi_region out")
    else:
        shared = _shared_with(store, replica_of, account_id, region)
    usage = _usage(last_usage, now)
    born = now if usage is None else min(now, usage.timestamp)  # a key is not used before it is created
    creation_date = born if created is None else milliseconds(created)
    key = Key(
        account_id,
        region,
        creation_date,
        creation_date if tracking_start is None else milliseconds(tracking_start),
        shared,
        state=state,
        manager=manager,
        description=description,
        tags=dict(tags),
        has_material=state != "PendingImport",
        last_usage=usage,
        shared_with=_others(shared_with, account_id, manager),
    )
    _check_aliases(store, key, aliases)
    _schedule(store, store.add(key), now)
    for name in aliases:
        store.add_alias(Alias(name, key, now, now))
    if usage is not None:
        seed_last_use(store, key, usage)
    return key


def _shared(spec: str | None, origin: str | None, state: str, primary_region: str | None) -> SharedProperties:
    spec = spec or "SYMMETRIC_DEFAULT"
    origin = origin or ("EXTERNAL" if state == "PendingImport" else "AWS_KMS")
    _check_known("key spec", spec, ALGORITHMS)
    _check_known("key origin", origin, ORIGINS)
    if state == "PendingImport" and origin != "EXTERNAL":
        raise ValueError(f"only a key of origin EXTERNAL is in PendingImport, not one of {origin}")
    return SharedProperties(spec, next(iter(ALGORITHMS[spec])), origin, primary_region)


def _shared_with(store: Store, arn: str, account_id: str, region: str) -> SharedProperties:
    check_text("replica_of", arn)
    match = _PRIMARY_ARN.fullmatch(arn)
    primary = store.find(match[2], match[1], match[3]) if match else None
    if primary is None or primary.is_replica or primary.account_id != account_id:
        raise ValueError(f"{arn!r} is not a primary key of {account_id}: add one with multi_region=True")
    if primary.state == "PendingDeletion":
        raise ValueError(
            f"{arn!r} is in PendingDeletion, and a primary key with replicas cannot be: use PendingReplicaDeletion"
        )
    if store.find(account_id, region, primary.key_id) is not None:
        raise ValueError(f"{arn!r} already has a key in {region}: pass another region")
    return primary.shared


def _schedule(store: Store, key: Key, now: int) -> None:
    """Schedule the deletion or the rotation that the key's state and manager imply."""
    if key.state == "PendingDeletion":
        schedule_deletion(store, key, now, DELETION_WINDOW_DAYS)
    if key.manager == "AWS" and key.shared.spec == "SYMMETRIC_DEFAULT":
        rotate_every(store, key, MANAGED_PERIOD, key.creation_date)


def _others(shared_with: Collection[str], account_id: str, manager: str) -> frozenset[str]:
    others = frozenset(validated_account_id(other) for other in shared_with)
    if account_id in others:
        raise ValueError(f"shared_with contains {account_id}, which owns the key: pass other accounts")
    if others and manager != "CUSTOMER":
        raise ValueError("a key that AWS manages is not shared: leave manager or shared_with out")
    return others


def _check_aliases(store: Store, key: Key, aliases: Collection[str]) -> None:
    for name in aliases:
        if not re.fullmatch(ALIAS_NAME, name) or not name.startswith("alias/"):
            raise ValueError(f"{name!r} is not an alias name: pass one like 'alias/mine'")
        if name.startswith(RESERVED_PREFIX) and key.manager != "AWS":
            raise ValueError(f"{name!r} is for a key that AWS manages: pass manager='AWS', or another alias")
        if store.find_alias(key.account_id, key.region, name) is not None:
            raise ValueError(f"{name!r} is taken in {key.region}: pass another alias")


def _check_known(what: str, name: str, names: Collection[str]) -> None:
    check_text(what, name)
    if name not in names:
        raise ValueError(f"{name!r} is not a {what} of KMS: pass one of {', '.join(names)}")


def _usage(last_usage: LastUsage, now: int) -> Usage | None:
    if last_usage is None:
        return None
    if not isinstance(last_usage, Mapping):
        return Usage("Decrypt", milliseconds(last_usage))
    unknown = [name for name in last_usage if name not in _MEMBERS]
    if unknown:
        raise ValueError(f"last_usage has no member {unknown[0]!r}: pass some of {', '.join(_MEMBERS)}")
    timestamp = last_usage.get("Timestamp")
    if timestamp is not None and not isinstance(timestamp, datetime):
        raise ValueError(f"last_usage's Timestamp is not an aware datetime: {timestamp!r}")
    texts = {"operation": "Decrypt"}
    for name, value in last_usage.items():
        if isinstance(value, str):
            texts[_MEMBERS[name]] = value
        elif name != "Timestamp":
            raise ValueError(f"last_usage's {name} is not a str: {value!r}")
    return Usage(timestamp=now if timestamp is None else milliseconds(timestamp), **texts)
