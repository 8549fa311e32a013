"""The life of a key: EnableKey, DisableKey, ScheduleKeyDeletion, CancelKeyDeletion, and the deletion.

The waiting period of a primary key with replicas starts when the last of them is deleted (PendingReplicaDeletion).
"""

from functools import partial

from . import rotation
from .call import Call
from .keys import DAY, DELETION_WINDOW_DAYS, Key
from .recording import record_deletion
from .store import Store


def enable_key(call: Call) -> dict[str, object]:
    """Enable the key, and rotate it if a rotation fell due while it was disabled."""
    key = call.key()
    if key.state == "Disabled":
        key.state = "Enabled"
        rotation.rotate_if_overdue(call.store, key)
    return {}


def disable_key(call: Call) -> dict[str, object]:
    """Disable the key."""
    key = call.key()
    if key.state == "Enabled":
        key.state = "Disabled"
    return {}


def schedule_key_deletion(call: Call) -> dict[str, object]:
    """Schedule the key's deletion in 7 to 30 days, by default 30."""
    days = call.members.integer("PendingWindowInDays", smallest=7, largest=30) or DELETION_WINDOW_DAYS
    key = call.key()
    schedule_deletion(call.store, key, call.store.clock.now(), days)
    answer: dict[str, object] = {"KeyId": key.arn, "KeyState": key.state, "PendingWindowInDays": days}
    if key.deletion_date is not None:
        answer["DeletionDate"] = key.deletion_date / 1000
    return answer


def cancel_key_deletion(call: Call) -> dict[str, object]:
    """Cancel a scheduled deletion: the key is disabled afterwards, or in PendingImport if it has no material."""
    key = call.key()
    key.state = "Disabled" if key.has_material else "PendingImport"
    key.deletion_date = None
    return {"KeyId": key.arn}


def schedule_deletion(store: Store, key: Key, now: int, days: int) -> None:
    """Schedule the key's deletion `days` after `now`, or after the deletion of its last replica."""
    key.deletion_window_days = days
    if _has_replicas(store, key):
        key.state = "PendingReplicaDeletion"
    else:
        _start_deletion_window(store, key, now)


def _start_deletion_window(store: Store, key: Key, start: int) -> None:
    key.state = "PendingDeletion"
    key.deletion_date = start + key.deletion_window_days * DAY
    store.at(key.deletion_date, partial(_delete_when_due, store, key))


def _delete_when_due(store: Store, key: Key, moment: int) -> None:
    if key.deletion_date != moment or store.find(key.account_id, key.region, key.key_id) is not key:
        return  # cancelled since, scheduled again, or deleted already
    store.remove(key)
    record_deletion(store, key, moment)
    for primary in store.related(key):
        if primary.state == "PendingReplicaDeletion" and not _has_replicas(store, primary):
            _start_deletion_window(store, primary, moment)


def _has_replicas(store: Store, key: Key) -> bool:
    return key.is_multi_region and not key.is_replica and len(store.related(key)) > 1
