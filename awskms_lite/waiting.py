"""Waiters: flows that look at a state, compare it, and pause, for changes that KMS makes in the background.

What a call sees may be out of date ("Eventual consistency" in the KMS developer guide). So a wait goes on as long
as the state that is seen may still become the wanted one, even if it is the one from before the change; it ends
early only for a state that never becomes the wanted one.
"""

from collections.abc import Callable, Collection
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, TypeVar, cast

from .call import ClientState, call
from .errors import NotFoundException, ParameterError, StateError, TimeoutError
from .loading import loading
from .models.keys import DescribeKeyRequest, KeyMetadata, KeyState
from .operations.keys import DESCRIBE_KEY
from .settings import validated_timeout
from .steps import Flow, sleep

if TYPE_CHECKING:
    from .models.custom_key_stores import CustomKeyStoresListEntry

T = TypeVar("T")

_FIRST_PAUSE = 1.0
"""Seconds. Most changes are visible within seconds."""
_LONGEST_PAUSE = 16.0
"""Seconds. A wait that takes minutes should cost few calls and still end soon after the change."""
_LAST_LOOK = 1.0
"""Seconds kept for the last look before the timeout: a call takes a fraction of that."""
_NO_TIME = 1e-3
"""Seconds. A shorter pause is none: rounding could otherwise make a wait pause again and again for nothing."""
_ABSENT = "absent"
"""Stands for the state of a key that KMS does not know."""
_DOOMED = (KeyState.PENDING_DELETION, KeyState.PENDING_REPLICA_DELETION)
_CANCELLED = (KeyState.DISABLED, KeyState.PENDING_IMPORT, KeyState.UNAVAILABLE)


def key_state(client: ClientState, key_id: str, state: KeyState | str, timeout: float) -> Flow[KeyMetadata]:
    """Wait until a key is in a state, and return its metadata.

    A key whose deletion is scheduled leaves that state only if the deletion is cancelled: then it is Disabled,
    PendingImport or Unavailable. Raise `ParameterError` for an unknown state: the wait could only time out.
    """
    if state not in list(KeyState):
        raise ParameterError(f"state must be one of {', '.join(KeyState)}, not {state!r}.")
    never = () if state in (*_DOOMED, *_CANCELLED) else _DOOMED
    look = partial(_describe, client, key_id)
    return (yield from _wait(client, key_id, look, _state_of, (state,), never, timeout))


def replica_ready(client: ClientState, key_id: str, timeout: float) -> Flow[KeyMetadata]:
    """Wait until a new replica is ready, and return its metadata; its region may not know it at first.

    It is Enabled then, or PendingImport if its material has to be imported.
    """
    look, ready = partial(_describe_or_none, client, key_id), (KeyState.ENABLED, KeyState.PENDING_IMPORT)
    seen = yield from _wait(client, key_id, look, _state_of, ready, _DOOMED, timeout)
    return cast(KeyMetadata, seen)  # a key that is absent is in neither state


def key_deleted(client: ClientState, key_id: str, timeout: float) -> Flow[None]:
    """Wait until a key is deleted.

    Raise `NotFoundException` for a key that does not exist at first, since a mistyped id, or one of another
    region, looks the same, and `StateError` for one whose deletion is not scheduled. After the first look the key
    is described by its ARN, since an alias may be pointed to another key.
    """
    found = yield from _describe(client, key_id, timeout)
    look = partial(_describe_or_none, client, found.arn)
    stays = [state for state in KeyState if state not in _DOOMED]
    if found.key_state in stays:  # perhaps the state from before ScheduleKeyDeletion
        yield from sleep(_FIRST_PAUSE)
    yield from _wait(client, key_id, look, _state_of, (_ABSENT,), stays, timeout)


def custom_key_store_connected(
    client: ClientState, custom_key_store_id: str, timeout: float
) -> Flow["CustomKeyStoresListEntry"]:
    """Wait until a custom key store is connected, and return its description.

    A store that failed to connect stays so until it is disconnected (API reference, ConnectCustomKeyStore).
    """
    look = partial(_describe_custom_key_store, client, custom_key_store_id)
    until, never = ("CONNECTED",), ("FAILED",)
    seen = yield from _wait(
        client, custom_key_store_id, look, _connection_of, until, never, timeout, _connection_remedy
    )
    return cast("CustomKeyStoresListEntry", seen)  # a store that is absent is not connected


def _key_remedy(_: object) -> str:
    return "check that the change was made, and of this key"


def validated_wait(timeout: float | timedelta | None) -> float:
    """Return the seconds of a wait; raise `ParameterError` for None and for what is not a positive number."""
    seconds = validated_timeout("timeout", timeout)
    if seconds is None:
        raise ParameterError("timeout must be a number of seconds here, not None: a wait has an end.")
    return seconds


def _wait(
    client: ClientState,
    name: str,
    look: Callable[[float], Flow[T]],
    state_of: Callable[[T], str],
    until: Collection[str],
    never: Collection[str],
    timeout: float,
    remedy: Callable[[T], str] = _key_remedy,
) -> Flow[T]:
    """Call `look`, with the seconds that are left, until the state is one of `until`; return what it saw.

    The pauses double from 1 s to 16 s, and half of each is random; the last one leaves time for one more look
    before the `timeout`. `name` is what the errors name. Raise `StateError` for a state of `never`, and
    `TimeoutError`.
    """
    wanted, deadline, pause = " or ".join(until), client.timer() + timeout, _FIRST_PAUSE
    last_look = deadline - min(_LAST_LOOK, timeout / 10)
    while True:
        seen = yield from look(deadline - client.timer())
        state = state_of(seen)
        if state in until:
            return seen
        if state in never:
            raise StateError(f"{name} is {state}, which never leads to {wanted}: {remedy(seen)}.")
        left = last_look - client.timer()
        if left <= _NO_TIME:
            raise TimeoutError(f"{name} was still {state} after {timeout:g} s, not {wanted}: wait longer.")
        yield from sleep(min(pause * (1 + client.random()) / 2, left))
        pause = min(2 * pause, _LONGEST_PAUSE)


def _state_of(key: KeyMetadata | None) -> str:
    return _ABSENT if key is None else key.key_state


def _describe(client: ClientState, key_id: str, timeout: float) -> Flow[KeyMetadata]:
    request = DescribeKeyRequest(key_id=key_id)
    response = yield from call(client, DESCRIBE_KEY, request, timeout)
    return response.key_metadata


def _describe_or_none(client: ClientState, key_id: str, timeout: float) -> Flow[KeyMetadata | None]:
    try:
        return (yield from _describe(client, key_id, timeout))
    except NotFoundException:
        return None


def _connection_of(store: "CustomKeyStoresListEntry | None") -> str:
    return _ABSENT if store is None else store.connection_state


def _connection_remedy(store: "CustomKeyStoresListEntry | None") -> str:
    reason = store and store.connection_error_code
    return f"the reason is {reason}; disconnect the store, correct that, and connect it again"


def _describe_custom_key_store(
    client: ClientState, custom_key_store_id: str, timeout: float
) -> "Flow[CustomKeyStoresListEntry | None]":
    with loading:  # a wait for a key needs none of these
        from .models.custom_key_stores import DescribeCustomKeyStoresRequest
        from .operations.custom_key_stores import DESCRIBE_CUSTOM_KEY_STORES

    request = DescribeCustomKeyStoresRequest(custom_key_store_id=custom_key_store_id)
    response = yield from call(client, DESCRIBE_CUSTOM_KEY_STORES, request, timeout)
    return response.custom_key_stores[0] if response.custom_key_stores else None
