"""Rotation of key material, automatic and on demand.

Only symmetric encryption keys rotate; of related multi-Region keys, the primary rotates the material of all. A
rotation that falls due while the key is not enabled is done when it is enabled again.
"""

from functools import partial
from typing import NoReturn

from ..errors import ApiError
from .call import Call
from .keys import DAY, Key, Material
from .paging import page
from .store import Store

MANAGED_PERIOD = 365  # days between the rotations of an AWS managed key

_LONGEST_PERIOD = 2560  # days, like the next two (EnableKeyRotation, API reference)
_SHORTEST_PERIOD = 90
_DEFAULT_PERIOD = 365
_MAX_ON_DEMAND = 25  # rotations in the life of a key (KMS's resource quotas)
_ON_DEMAND_LOCKOUT = 20 * 60_000  # milliseconds before an automatic rotation in which KMS refuses one on demand


def enable_key_rotation(call: Call) -> dict[str, object]:
    """Enable automatic rotation, every 90 to 2560 days from now, by default 365."""
    days = call.members.integer("RotationPeriodInDays", smallest=_SHORTEST_PERIOD, largest=_LONGEST_PERIOD)
    key = _automatically_rotatable_key(call)
    rotate_every(call.store, key, days or _DEFAULT_PERIOD, call.store.clock.now())
    return {}


def disable_key_rotation(call: Call) -> dict[str, object]:
    """Disable automatic rotation."""
    shared = _automatically_rotatable_key(call).shared
    shared.rotation_period_days = shared.next_rotation = None
    return {}


def get_key_rotation_status(call: Call) -> dict[str, object]:
    """Return whether and when the key rotates automatically; a key pending deletion does not."""
    key = _symmetric(call.key())
    shared = key.shared
    answer: dict[str, object] = {"KeyId": key.key_id, "KeyRotationEnabled": False}
    if shared.next_rotation is not None and not key.state.startswith("Pending"):
        answer["KeyRotationEnabled"] = True
        answer["RotationPeriodInDays"] = shared.rotation_period_days
        answer["NextRotationDate"] = shared.next_rotation / 1000
    return answer


def rotate_key_on_demand(call: Call) -> dict[str, object]:
    """Rotate the key at once; this does not change the dates of automatic rotations."""
    key = _rotatable(call.key())  # KMS checks the state first here, and the spec first for automatic rotation
    now, shared = call.store.clock.now(), key.shared
    if shared.next_rotation is not None and shared.next_rotation - now <= _ON_DEMAND_LOCKOUT:
        raise ApiError("ConflictException", f"{key.arn} is about to be rotated automatically.")
    if sum(material.rotation_type == "ON_DEMAND" for material in shared.materials) >= _MAX_ON_DEMAND:
        raise ApiError(
            "LimitExceededException",
            "The on-demand rotations limit has been reached for the given keyId. No more on-demand rotations can "
            f"be performed for this key: {key.arn}",
        )
    shared.add_material(now, "ON_DEMAND")
    return {"KeyId": key.arn}


def list_key_rotations(call: Call) -> dict[str, object]:
    """List the key's rotations, oldest first; with ALL_KEY_MATERIAL also its first material."""
    included = call.members.choice("IncludeKeyMaterial", ("ALL_KEY_MATERIAL", "ROTATIONS_ONLY"))
    key = _symmetric(call.key())
    first = 0 if included == "ALL_KEY_MATERIAL" else 1
    materials = list(enumerate(key.shared.materials))[first:] if key.has_material else []
    wire = partial(_rotation, key)
    return page(call, "Rotations", materials, sort_key=_sort_key, wire=wire, default=100, largest=1000)


def rotate_every(store: Store, key: Key, days: int, start: int) -> None:
    """Rotate the key automatically every `days` from `start`."""
    key.shared.rotation_period_days = days
    _schedule_rotation(store, key, start + days * DAY)


def rotate_if_overdue(store: Store, key: Key) -> None:
    """Rotate a key that is enabled again if its rotation fell due before."""
    due, now = key.shared.next_rotation, store.clock.now()
    if due is not None and due <= now and not key.is_replica:
        _rotate(store, key, due, now)


def _schedule_rotation(store: Store, key: Key, moment: int) -> None:
    key.shared.next_rotation = moment
    store.at(moment, partial(_rotate_when_due, store, key))


def _rotate_when_due(store: Store, key: Key, moment: int) -> None:
    primary = store.find(key.account_id, key.shared.primary_region or key.region, key.key_id)
    if primary is not None and primary.state == "Enabled":
        _rotate(store, primary, moment, moment)


def _rotate(store: Store, key: Key, due: int, now: int) -> None:
    shared = key.shared
    if shared.next_rotation != due or shared.rotation_period_days is None:
        return  # disabled since, or scheduled for another date
    shared.add_material(now, "AUTOMATIC")
    _schedule_rotation(store, key, now + shared.rotation_period_days * DAY)


def _sort_key(numbered: tuple[int, Material]) -> str:
    return f"{numbered[0]:06}"


def _rotation(key: Key, numbered: tuple[int, Material]) -> dict[str, object]:
    material = numbered[1]
    entry: dict[str, object] = {
        "KeyId": key.key_id,
        "KeyMaterialId": material.id,
        "KeyMaterialState": "CURRENT" if material is key.material else "NON_CURRENT",
    }
    if key.shared.origin == "EXTERNAL":
        entry |= {"ImportState": "IMPORTED", "ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE"}
    if material.rotation_date is not None:
        entry["RotationDate"] = material.rotation_date / 1000
        entry["RotationType"] = material.rotation_type
    return entry


def _automatically_rotatable_key(call: Call) -> Key:
    """Return the call's key for a change of its automatic rotation; its spec is checked before its state."""
    return call.checked(_rotatable(call.named_key()))


def _rotatable(key: Key) -> Key:
    """Return the key itself; raise `ApiError` if it cannot be rotated, or not in this Region."""
    if _symmetric(key).shared.origin != "AWS_KMS":
        _refuse_origin(key)
    if key.is_replica:
        raise ApiError(
            "UnsupportedOperationException", f"{key.arn} is a replica key: rotate its primary key instead."
        )
    return key


def _symmetric(key: Key) -> Key:
    """Return the key itself; raise `ApiError` unless it is a symmetric encryption key with material in KMS."""
    if key.shared.spec != "SYMMETRIC_DEFAULT":
        raise ApiError(
            "UnsupportedOperationException",
            f"{key.arn} key spec is {key.shared.spec} which is not valid for this operation.",
        )
    if key.shared.origin not in ("AWS_KMS", "EXTERNAL"):
        _refuse_origin(key)
    return key


def _refuse_origin(key: Key) -> NoReturn:
    raise ApiError(
        "UnsupportedOperationException",
        f"{key.arn} origin is {key.shared.origin} which is not valid for this operation.",
    )
