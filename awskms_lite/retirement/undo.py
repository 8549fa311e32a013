"""Taking a retirement back: cancel the deletion if there is one, enable the key, and see that it is enabled.

It goes by the state that KMS has the key in, so it works without a ledger of what was done before, and a run that
was ended in the middle of it is simply run again. It asks nobody but KMS: no finding stands against taking a key
back.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from attrs import evolve

from ..call import call
from ..errors import KMSInvalidStateException, KMSLiteError, LedgerError, ServiceError
from ..models.keys import CancelKeyDeletionRequest, EnableKeyRequest
from ..operations import Operation
from ..operations.keys import CANCEL_KEY_DELETION, ENABLE_KEY
from ..steps import Flow, sleep
from . import findings as rules_of, texts
from .acts import Record
from .callers import Connection
from .dependents import Dependent, clocked
from .evidence import service_time
from .ledger import Ledger
from .looks import Look, Run, described_key
from .path import DELETED, PENDING
from .records import Entry, KeyResult, Outcome, Phase, Step
from .results import undo_result

_PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0)
"""Seconds between looks at a state that KMS shows late ("Eventual consistency" in the KMS developer guide)."""
_BACK = ("Enabled", "Unavailable", "PendingImport")
"""States in which nothing is left to take back: the latter two wait for a key store, and for material."""


def undo_key(run: Run, ledger: Ledger | None, key_arn: str) -> Flow[KeyResult]:
    """Take the retirement of a key back, or without a ledger return what would be done."""
    account_id = key_arn.split(":")[4]
    caller = run.callers.of(account_id)
    look = Look(key_arn=key_arn, outcome=Outcome.READY, now=service_time(run.callers.own.state))
    if caller is None:
        finding = rules_of.other_account(account_id, run.callers.accounts)
        return undo_result(evolve(look, outcome=Outcome.BLOCKED, findings=(finding,)))
    connection = caller.connection(key_arn.split(":")[3])
    look = evolve(look, connection=connection, history=run.history(key_arn))
    try:
        look = yield from _look(look, connection)
        if look.outcome is Outcome.READY and ledger is not None:
            undo = _Undo(look, connection, Record(ledger, look, caller.arn))
            look = yield from undo.run()
    except LedgerError:  # it is everybody's, and no other key would fare better
        raise
    except KMSLiteError as error:
        look = evolve(look, outcome=Outcome.UNCERTAIN, texts=(*look.texts, str(error)))
    if look.outcome is Outcome.DONE:
        look = evolve(look, texts=(*look.texts, *restart_texts(run.entries.get(key_arn, ()))))
    return undo_result(look)


def restart_texts(entries: Sequence[Entry]) -> Iterator[str]:
    """Yield what has to be started again, by the findings that the ledger has of a key."""
    services = [
        Dependent(line.partition(" ")[0], None, "the ledger")
        for entry in entries
        for finding in entry.findings
        if finding.name == "service_use"
        for line in finding.evidence
    ]
    yield texts.RESTART_ANYTHING
    yield from (texts.RESTART[name] for name in clocked(services))


def _look(look: Look, connection: Connection) -> Flow[Look]:
    metadata = yield from described_key(connection, look.key_arn)
    look = evolve(look, now=service_time(connection.kms))
    if metadata is None:
        outcome = Outcome.BLOCKED if look.history.scheduled is not None else Outcome.UNCERTAIN
        return evolve(look, outcome=outcome, state=DELETED, texts=(texts.NOTHING_TO_TAKE_BACK,))
    if metadata.key_manager == "AWS":
        return evolve(look, outcome=Outcome.BLOCKED, findings=(rules_of.aws_managed(),))
    return evolve(look, state=str(metadata.key_state))


class _Undo:
    """The steps of taking one key back."""

    def __init__(self, look: Look, connection: Connection, record: Record) -> None:
        self._look = look
        self._connection = connection
        self._record = record

    def run(self) -> Flow[Look]:
        """Take the key back; return the look at its end."""
        key_id, state = self._look.key_arn, self._look.state or ""
        if state in PENDING:
            request = CancelKeyDeletionRequest(key_id=key_id)
            yield from self._carry_out(Step.CANCEL, CANCEL_KEY_DELETION, request)
            state = yield from self._await(lambda seen: seen not in PENDING)
        if state in ("Disabled", "Unavailable", *PENDING):  # a state that is shown late
            yield from self._carry_out(Step.ENABLE, ENABLE_KEY, EnableKeyRequest(key_id=key_id))
            state = yield from self._await(lambda seen: seen in _BACK)
        return (yield from self._verify(state))

    def _carry_out(self, step: Step, operation: Operation[Any, Any], request: object) -> Flow[None]:
        """Announce an act, send it, and record its end; raise what it fails with."""
        yield from self._record.write(step, Phase.INTENT)
        try:
            response = yield from call(self._connection.kms, operation, request)
        except KMSInvalidStateException as error:
            # A key that has lost its material, or whose deletion somebody else has cancelled: its state tells.
            yield from self._failed(step, error)
        except KMSLiteError as error:
            if not error.outcome_unknown:
                yield from self._failed(step, error)
            raise
        else:
            yield from self._record.write(step, Phase.DONE, request_id=response.metadata.request_id)

    def _failed(self, step: Step, error: KMSLiteError) -> Flow[None]:
        request_id = error.request_id if isinstance(error, ServiceError) else None
        yield from self._record.write(step, Phase.FAILED, request_id=request_id, text=str(error))

    def _await(self, is_reached: Callable[[str], bool]) -> Flow[str]:
        """Look until the key's state shows what was done, some seconds at most; return the state."""
        state = yield from self._state()
        for pause in _PAUSES:
            if is_reached(state):
                break
            yield from sleep(pause)
            state = yield from self._state()
        return state

    def _state(self) -> Flow[str]:
        metadata = yield from described_key(self._connection, self._look.key_arn)
        return DELETED if metadata is None else str(metadata.key_state)

    def _verify(self, state: str) -> Flow[Look]:
        look = evolve(self._look, state=state)
        if state in _BACK:
            yield from self._record.write(Step.VERIFY, Phase.DONE, state=state, accepted=())
            return evolve(look, outcome=Outcome.DONE, texts=(texts.IS_BACK[state],))
        text = f"KMS still has it in the state {state}, so it is not certain that it can be used: run this again."
        yield from self._record.write(Step.VERIFY, Phase.FAILED, state=state, text=text)
        return evolve(look, outcome=Outcome.UNCERTAIN, texts=(text,))
