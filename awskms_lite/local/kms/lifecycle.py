"""The life of a key: EnableKey, DisableKey, ScheduleKeyDeletion, CancelKeyDeletion, and the end that follows.

A primary key with replicas does not start to wait before the last of them is gone (PendingReplicaDeletion).
"""

from functools import partial

from . import rotation
from .call import Call
from .keys import DAY, DELETION_WINDOW_DAYS, Key
from .store import Store


def enable_key(call: Call) -> dict[str, object]:
    """Enable the key; a rotation that fell due meanwhile is made up for."""
    key = call.key()
    if key.state == "Disabled":
        key.state = "Enabled"
        rotation.make_up(call.store, key)
    return {}


def disable_key(call: Call) -> dict[str, object]:
    """Disable the key until it is enabled."""
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
    """Cancel a scheduled deletion: the key is disabled then, or waits for its import as before."""
    key = call.key()
    key.state = "Disabled" if key.has_material else "PendingImport"
    key.deletion_date = None
    return {"KeyId": key.arn}


def schedule_deletion(store: Store, key: Key, now: int, days: int) -> None:
    """Schedule the key's deletion so many days from `now`, or from the end of its last replica."""
    key.deletion_window_days = days
    if _has_replicas(store, key):
        key.state = "PendingReplicaDeletion"
    else:
        _wait(store, key, now)


def _wait(store: Store, key: Key, start: int) -> None:
    key.state = "PendingDeletion"
    key.deletion_date = start + key.deletion_window_days * DAY
    store.at(key.deletion_date, partial(_end, store, key))


def _end(store: Store, key: Key, moment: int) -> None:
    if key.deletion_date != moment or store.find(key.account_id, key.region, key.key_id) is not key:
        return  # cancelled meanwhile, scheduled anew, or gone already
    store.remove(key)
    for primary in store.related(key):
        if primary.state == "PendingReplicaDeletion" and not _has_replicas(store, primary):
            _wait(store, primary, moment)


def _has_replicas(store: Store, key: Key) -> bool:
    return key.is_multi_region and not key.is_replica and len(store.related(key)) > 1
