"""Waiting for a state, driven by hand: no event loop, no socket, no clock but the test's own."""

import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any, TypeVar

import pytest
from support.flow_world import answered
from support.model_samples import least
from support.servers import CREDENTIALS

from awskms_lite import to_wire
from awskms_lite.call import ClientState, create_state
from awskms_lite.errors import (
    AccessDeniedException,
    CustomKeyStoreNotFoundException,
    KMSLiteError,
    NotFoundException,
    StateError,
    TimeoutError,
)
from awskms_lite.models.custom_key_stores import ConnectionStateType, CustomKeyStoresListEntry
from awskms_lite.models.keys import KeyMetadata, KeyState
from awskms_lite.settings import resolve_settings
from awskms_lite.steps import Exclusive, Flow, Response, Send, Sleep, Step
from awskms_lite.waiting import custom_key_store_connected, key_deleted, key_state, replica_ready

T = TypeVar("T")

ABSENT = "NotFoundException"
ARN = "arn:aws:kms:us-east-2:111122223333:key/k"
DOOMED = [KeyState.PENDING_DELETION, KeyState.PENDING_REPLICA_DELETION]


class World:
    """Answers from a list of states, the last one for good, and moves the clock by what is slept.

    They are those of a key, or of a custom key store, whichever is asked for.
    """

    def __init__(self, *states: str, random: float = 1.0) -> None:
        self.now = 0.0
        self.pauses: list[float] = []
        self._states = list(states)
        self.session: ClientState = create_state(
            resolve_settings({"AWS_REGION": "us-east-2"}, {}),
            credentials=CREDENTIALS,
            retry=None,
            pacing=None,
            timeout=None,
            mfa=None,
            clock=lambda: self.now,
            timer=lambda: self.now,
            random=lambda: random,
            new_id=lambda: "call-1",
        )

    def play(self, flow: Flow[T]) -> T:
        outcome: object = None
        while True:
            try:
                step = flow.throw(outcome) if isinstance(outcome, KMSLiteError) else flow.send(outcome)
            except StopIteration as end:
                value: T = end.value
                return value
            outcome = self._outcome(step)

    def _outcome(self, step: Step) -> object:
        match step:
            case Sleep(seconds):
                self.pauses.append(seconds)
                self.now += seconds
            case Exclusive(flow):
                return self.play(flow)
            case Send(request):
                state = self._states.pop(0) if len(self._states) > 1 else self._states[0]
                return answered(step, self._answer(dict(request.headers)["X-Amz-Target"], state))
            case _:
                raise AssertionError(f"no part of this world: {step}")
        return None

    def _answer(self, target: str, state: str) -> Response:
        if state.endswith("Exception"):
            return Response(400, {}, json.dumps({"__type": state}).encode())
        described = {"connection_state": state, "connection_error_code": "USER_LOCKED_OUT"}
        store = to_wire(least(CustomKeyStoresListEntry, custom_key_store_id="cks-1", **described))
        answers: dict[str, dict[str, object]] = {
            "TrentService.DescribeKey": {
                "KeyMetadata": to_wire(least(KeyMetadata, key_id="k", arn=ARN, key_state=state))
            },
            "TrentService.DescribeCustomKeyStores": {"CustomKeyStores": [store] if state else []},
        }
        return Response(200, {}, json.dumps(answers[target]).encode())


def test_a_state_that_is_there_is_not_waited_for() -> None:
    """A key that is in the state already is given at once."""
    world = World("Enabled")
    assert world.play(key_state(world.session, "k", "Enabled", 10)).key_state is KeyState.ENABLED
    assert world.pauses == []


def test_the_pauses_grow() -> None:
    """Between two looks the pause doubles, from a second up to sixteen."""
    world = World(*["Creating"] * 7, "Enabled")
    world.play(key_state(world.session, "k", "Enabled", 300))
    assert world.pauses == [1, 2, 4, 8, 16, 16, 16]


def test_half_of_a_pause_is_drawn() -> None:
    """Many who wait for the same do not look at the same moment, and none of them looks without a pause."""
    world = World("Creating", "Creating", "Enabled", random=0.0)
    world.play(key_state(world.session, "k", "Enabled", 300))
    assert world.pauses == [0.5, 1]


@pytest.mark.parametrize(
    "state", ["Creating", "Updating", "Disabled", "PendingImport", "Unavailable", "Novel", ""]
)
def test_what_may_still_change_is_waited_out(state: str) -> None:
    """Any state that may become the other is waited out, one newer than this package too."""
    world = World(state, "Enabled")
    assert world.play(key_state(world.session, "k", "Enabled", 10)).key_state is KeyState.ENABLED


@pytest.mark.parametrize("wanted", ["Enabled", "Updating"])
@pytest.mark.parametrize("state", DOOMED)
def test_what_never_leads_there_ends_the_wait(state: str, wanted: str) -> None:
    """A key whose deletion is scheduled ends the wait for another state, and the error names both."""
    world = World("Creating", state)
    with pytest.raises(StateError, match=rf"{state}.*{wanted}"):
        world.play(key_state(world.session, "k", wanted, 300))
    assert world.pauses == [1]


@pytest.mark.parametrize("wanted", ["Disabled", "PendingImport", "Unavailable", *DOOMED])
@pytest.mark.parametrize("state", ["Enabled", *DOOMED])
def test_a_scheduled_deletion_can_be_waited_for_and_out(state: str, wanted: str) -> None:
    """The states of a scheduled deletion can be waited for, and those that its cancelling leaves behind."""
    world = World(state, wanted)
    assert world.play(key_state(world.session, "k", wanted, 300)).key_state == wanted


@pytest.mark.parametrize(
    ("timeout", "pauses"), [(0.5, [0.45]), (7, [1, 2, 3.3]), (7.5, [1, 2, 3.75]), (15, [1, 2, 4, 7])]
)
def test_what_does_not_come_in_time_is_told(timeout: float, pauses: list[float]) -> None:
    """The last pause leaves time for one more look, and the error names what was seen and what was wanted."""
    world = World("Creating")
    with pytest.raises(TimeoutError, match=rf"^k was still Creating after {timeout} s, not Enabled"):
        world.play(key_state(world.session, "k", "Enabled", timeout))
    assert world.pauses == pytest.approx(pauses)


@pytest.mark.parametrize("code", [NotFoundException, AccessDeniedException])
def test_an_error_ends_the_wait(code: type[Exception]) -> None:
    """What a look ends in goes up: a wait for a key that is not there is most likely a slip of the pen."""
    world = World("Creating", code.__name__)
    with pytest.raises(code):
        world.play(key_state(world.session, "k", "Enabled", 300))


def test_a_replica_may_be_unknown_at_first() -> None:
    """A replica that its region does not know yet may still come."""
    world = World(ABSENT, "Creating", "Enabled")
    assert world.play(replica_ready(world.session, "k", 300)).key_state is KeyState.ENABLED


def test_a_key_is_deleted_when_it_is_not_found() -> None:
    """The wait for a deletion ends with the key."""
    world = World(DOOMED[0], *DOOMED, ABSENT)
    world.play(key_deleted(world.session, "k", 300))
    assert world.pauses == [1, 2]


def test_a_replica_of_an_imported_key_waits_for_its_material() -> None:
    """A replica is made once it could be given what the primary has, though it cannot be used before."""
    world = World("Creating", "PendingImport")
    assert world.play(replica_ready(world.session, "k", 300)).key_state is KeyState.PENDING_IMPORT


def test_the_state_from_before_is_looked_at_twice() -> None:
    """Right after its deletion was scheduled a key may still seem to stay."""
    world = World("Enabled", DOOMED[0], ABSENT)
    world.play(key_deleted(world.session, "k", 300))
    assert world.pauses == [1, 1]


def test_a_key_that_was_never_there_is_not_deleted() -> None:
    """A slip of the pen does not pass for a key that is gone."""
    world = World(ABSENT)
    with pytest.raises(NotFoundException):
        world.play(key_deleted(world.session, "k", 300))


@pytest.mark.parametrize("state", [state for state in KeyState if state not in DOOMED])
def test_a_key_that_stays_is_not_waited_for(state: KeyState) -> None:
    """A key whose deletion is not scheduled will not go, and to wait for that is an error at once."""
    world = World(state)
    with pytest.raises(StateError, match=f"{state}.*never"):
        world.play(key_deleted(world.session, "k", 300))


@pytest.mark.parametrize("flow", [key_deleted, replica_ready])
def test_only_a_missing_key_is_absent(flow: Callable[..., Flow[Any]]) -> None:
    """A key that may not be looked at is not a key that is gone, or still to come."""
    world = World("AccessDeniedException")
    with pytest.raises(AccessDeniedException):
        world.play(flow(world.session, "k", 300))


def connected(world: World, timeout: float = 300) -> CustomKeyStoresListEntry:
    return world.play(custom_key_store_connected(world.session, "cks-1", timeout))


def test_a_custom_key_store_that_is_connected_is_not_waited_for() -> None:
    """A store that is connected already is given at once, with all that KMS tells of it."""
    world = World("CONNECTED")
    store = connected(world)
    assert (store.custom_key_store_id, store.connection_state) == ("cks-1", ConnectionStateType.CONNECTED)
    assert world.pauses == []


@pytest.mark.parametrize("state", ["CONNECTING", "DISCONNECTED", "DISCONNECTING", "NOVEL", ""])
def test_a_custom_key_store_may_still_be_connected(state: str) -> None:
    """Any state but the failure is waited out: what a call sees may be from before the change."""
    world = World(state, state, "CONNECTED")
    assert connected(world).connection_state is ConnectionStateType.CONNECTED
    assert world.pauses == [1, 2]


def test_a_connection_that_failed_ends_the_wait() -> None:
    """A failure stays, so it ends the wait; the error has KMS's code for the reason and the way out of it."""
    world = World("CONNECTING", "FAILED", "CONNECTED")
    with pytest.raises(
        StateError, match=r"FAILED.*CONNECTED: the reason is USER_LOCKED_OUT; disconnect the store"
    ):
        connected(world)
    assert world.pauses == [1]


def test_a_connection_that_takes_too_long_is_told() -> None:
    """A store that is not connected in time is an error that names its state."""
    with pytest.raises(TimeoutError, match=r"^cks-1 was still CONNECTING after 7 s, not CONNECTED"):
        connected(World("CONNECTING"), timeout=7)


def test_a_custom_key_store_that_is_not_there_ends_the_wait() -> None:
    """What a look ends in goes up for stores too."""
    with pytest.raises(CustomKeyStoreNotFoundException):
        connected(World("CustomKeyStoreNotFoundException"))


def test_who_waits_for_a_key_loads_no_other_models() -> None:
    """The models of custom key stores are loaded by the first look at one."""
    code = "import sys, awskms_lite.waiting; print(*sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert "awskms_lite.models.keys" in result.stdout.split()
    assert "awskms_lite.models.custom_key_stores" not in result.stdout.split()
