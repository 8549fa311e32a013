"""Waiting for a state that KMS brings about by itself: flows that look, judge, and pause ever longer.

A change is done in the background, and what a call sees may lag behind ("Eventual consistency" in the KMS
developer guide). So a state that may still become the other is waited out, even the one from before the
change; only a state that never leads there ends the wait.
"""

from collections.abc import Callable, Collection
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from .call import ClientState, call
from .errors import NotFoundException, ParameterError, StateError, TimeoutError
from .loading import loading
from .models.keys import DescribeKeyRequest, KeyMetadata, KeyState
from .operations.keys import DESCRIBE_KEY
from .settings import checked_timeout
from .steps import Flow, sleep

if TYPE_CHECKING:
    from .models.custom_key_stores import CustomKeyStoresListEntry

T = TypeVar("T")

_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 16.0
_LAST_LOOK = 1.0
_NO_TIME = 1e-3
_ABSENT = "absent"
_DOOMED = (KeyState.PENDING_DELETION, KeyState.PENDING_REPLICA_DELETION)
_CANCELLED = (KeyState.DISABLED, KeyState.PENDING_IMPORT, KeyState.UNAVAILABLE)


def key_state(client: ClientState, key_id: str, state: KeyState | str, timeout: float) -> Flow[KeyMetadata]:
    """Wait until a key is in a state, and give what KMS tells of it then.

    A key whose deletion is scheduled gets into another state only when that is cancelled: then it is Disabled, or
    waits for its material or its key store. Raises
    `ParameterError` for what is no state: nobody would ever come out of it.
    """
    if state not in list(KeyState):
        raise ParameterError(f"state must be one of {', '.join(KeyState)}, not {state!r}.")
    never = () if state in (*_DOOMED, *_CANCELLED) else _DOOMED
    look = partial(_describe, client, key_id)
    return (yield from _wait(client, key_id, look, _state_of, (state,), never, timeout))


def replica_ready(client: ClientState, key_id: str, timeout: float) -> Flow[KeyMetadata]:
    """Wait until a new replica is made, and give what KMS tells of it; its region may not know it at first.

    It is enabled then, or waits for its material where that is imported.
    """
    look, made = partial(_describe_or_absent, client, key_id), (KeyState.ENABLED, KeyState.PENDING_IMPORT)
    return _wait(client, key_id, look, _state_of, made, _DOOMED, timeout)


def key_deleted(client: ClientState, key_id: str, timeout: float) -> Flow[None]:
    """Wait until there is no such key any more; one whose deletion is not scheduled stays.

    One that is not there to begin with is an error, for so would be a mistaken id, or another region's. From then
    on it is sought by its ARN: an alias may be taken away from it.
    """
    found = yield from _describe(client, key_id, checked_wait(timeout))
    look = partial(_describe_or_absent, client, found.arn or key_id)
    stays = [state for state in KeyState if state not in _DOOMED]
    if found.key_state in stays:  # from before the change, perhaps
        yield from sleep(_FIRST_PAUSE)
    yield from _wait(client, key_id, look, _state_of, (_ABSENT,), stays, timeout)


def custom_key_store_connected(
    client: ClientState, custom_key_store_id: str, timeout: float
) -> Flow["CustomKeyStoresListEntry"]:
    """Wait until a custom key store is connected, and give what KMS tells of it then.

    One that failed to connect stays so until it is disconnected (API reference, ConnectCustomKeyStore).
    """
    look = partial(_describe_custom_key_store, client, custom_key_store_id)
    until, never = ("CONNECTED",), ("FAILED",)
    return _wait(client, custom_key_store_id, look, _connection_of, until, never, timeout, _mend_connection)


def _look_back(_: object) -> str:
    return "look at what was done before"


def checked_wait(timeout: float) -> float:
    """Give the seconds of a wait back; raises `ParameterError` for what is no number, None included."""
    checked = checked_timeout("timeout", timeout)
    if checked is None:
        raise ParameterError("timeout must be a number of seconds here, not None: a wait has an end.")
    return checked


def _wait(
    client: ClientState,
    name: str,
    look: Callable[[float], Flow[T]],
    state_of: Callable[[T], str | None],
    until: Collection[str],
    never: Collection[str],
    timeout: float,
    remedy: Callable[[T], str] = _look_back,
) -> Flow[T]:
    """Look, with the seconds that are left, until a state of `until` shows; one of `never` is a `StateError`.

    The pauses double from 1 s to 16 s, and half of each is drawn; the last one leaves time for one more look
    before the `timeout`, which raises `TimeoutError`. `name` is what the errors speak of.
    """
    timeout = checked_wait(timeout)
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


def _state_of(key: KeyMetadata) -> str | None:
    return key.key_state


def _describe(client: ClientState, key_id: str, timeout: float) -> Flow[KeyMetadata]:
    request = DescribeKeyRequest(key_id=key_id)
    response = yield from call(client, DESCRIBE_KEY, request, timeout)
    return response.key_metadata or KeyMetadata(key_id=key_id)


def _describe_or_absent(client: ClientState, key_id: str, timeout: float) -> Flow[KeyMetadata]:
    try:
        return (yield from _describe(client, key_id, timeout))
    except NotFoundException:
        return KeyMetadata(key_id=key_id, key_state=_ABSENT)


def _connection_of(store: "CustomKeyStoresListEntry") -> str | None:
    return store.connection_state


def _mend_connection(store: "CustomKeyStoresListEntry") -> str:
    return f"the reason is {store.connection_error_code}; disconnect the store, mend that, and connect it again"


def _describe_custom_key_store(
    client: ClientState, custom_key_store_id: str, timeout: float
) -> Flow["CustomKeyStoresListEntry"]:
    with loading:  # who waits for a key needs none of these
        from .models.custom_key_stores import CustomKeyStoresListEntry, DescribeCustomKeyStoresRequest
        from .operations.custom_key_stores import DESCRIBE_CUSTOM_KEY_STORES

    request = DescribeCustomKeyStoresRequest(custom_key_store_id=custom_key_store_id)
    response = yield from call(client, DESCRIBE_CUSTOM_KEY_STORES, request, timeout)
    unknown = CustomKeyStoresListEntry(custom_key_store_id=custom_key_store_id)
    return response.custom_key_stores[0] if response.custom_key_stores else unknown
