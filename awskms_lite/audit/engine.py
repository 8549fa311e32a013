"""One audit from its first place to its last record, whoever iterates over it.

    place ─ read here, or by an executor's worker ─┐
    place ─ ...                                    ├─ checkpoint ─ multi-Region sets ─ judge ─ records
    what the checkpoint holds already ─────────────┘

Everything that is read goes the same way, in one event loop; so no count and no file needs a lock.
"""

import os
from collections.abc import Sequence
from concurrent.futures import Executor, Future
from functools import partial

import anyio
import anyio.lowlevel
import anyio.to_thread
from attrs import field, frozen

from ..errors import (
    CheckpointError,
    CredentialsError,
    KMSLiteError,
    ParameterError,
    ServiceError,
    TransportError,
    error_class,
)
from .checkpoint import Checkpoint, make_file
from .dispatch import Dispatch
from .ledger import Ledger
from .listing import Keys
from .outbox import Outbox
from .places import REFUSAL_HINT, Place, PlaceStatus, places
from .reading import read_place
from .records import REFUSED_SIGNATURES, UNKNOWN_CALLER, Failure, KeyFacts, KeyUsageRecord
from .regions import all_regions
from .rules import check_idle_days, judge
from .selection import KeyFilter
from .sessions import ClientOptions, NetworkOptions, Sessions, check_options, check_regions
from .sets import Group, MultiRegionSets, Reading
from .spool import Spool
from .workers import Unit, UnitReport, network_options

_PLACES_AT_A_TIME = 100  # each of them asks 5 times a second, and one process makes some 1,000 calls a second
_BUFFERED = 256


@frozen(kw_only=True)
class Plan:
    """What to audit, and how, as it was asked for; raises `ParameterError` for what cannot be."""

    regions: Sequence[str] | None = None
    all_regions: bool = False
    role_arns: Sequence[str] = ()
    idle_days: int = 90
    keys: KeyFilter = field(factory=KeyFilter)
    checkpoint: str | os.PathLike[str] | None = None
    ordered: bool = False
    executor: Executor | None = None

    def __attrs_post_init__(self) -> None:
        check_idle_days(self.idle_days)
        if isinstance(self.regions, str):
            raise ParameterError("regions must be a list of regions: put the one you have into a list.")
        if self.regions is not None and not self.regions:
            raise ParameterError("regions is an empty list: leave it out for the client's own region.")
        if self.regions is not None and self.all_regions:
            raise ParameterError("regions goes without all_regions: leave one of them out.")
        if isinstance(self.role_arns, str):
            raise ParameterError("role_arns must be a list of ARNs: put the one you have into a list.")


class Engine:
    """Runs one audit: `run` it once, beside whoever takes the records out of its `outbox`."""

    def __init__(self, plan: Plan, options: ClientOptions, *, asynchronous: bool) -> None:
        check_options(options)
        self._plan = plan
        self._options = NetworkOptions() if plan.executor is None else network_options(options)
        named = check_regions(plan.regions or ())
        self._sessions = Sessions(options, named, asynchronous=asynchronous)
        home = self._sessions.home.session.region
        regions = all_regions(home) if plan.all_regions else named or [home]
        self._places = places(regions, plan.role_arns, self._sessions.profile)
        self.ledger = Ledger(self._places, named=not plan.all_regions)
        self._sets = MultiRegionSets(self._places)
        self._checkpoint: Checkpoint | None = None
        if plan.checkpoint is not None:
            make_file(plan.checkpoint)
            if not asynchronous:
                self._open_checkpoint()
        self._spool = Spool() if plan.ordered else None
        self.outbox = Outbox(_BUFFERED)
        self._scope: anyio.CancelScope | None = None
        self._is_read = self._is_abandoned = False
        self._ended: anyio.Event | None = None
        self._error: Exception | None = None

    def _open_checkpoint(self) -> None:
        """Open the checkpoint, which takes a while where the disk is slow or runs begin together."""
        if self._plan.checkpoint is not None and self._checkpoint is None:
            self._checkpoint = Checkpoint(self._plan.checkpoint, self._plan.keys)

    async def run(self) -> None:
        """Read every place, and end the records; what goes wrong is raised by `check`, and never by this."""
        self._ended = anyio.Event()
        try:
            await self._run()
        except Exception as error:  # noqa: BLE001 - for whoever takes the records: here nobody would see it
            self._error = self._error or _innermost(error)
        finally:
            self._close()
            with anyio.CancelScope(shield=True):
                await self._sessions.driver.aclose()
            self._ended.set()

    async def _run(self) -> None:
        with anyio.CancelScope() as self._scope:
            if self.ledger.stopped:
                self._scope.cancel()
            else:
                await anyio.to_thread.run_sync(self._open_checkpoint)  # an event loop is never kept waiting
            await self._read_places()
            self._is_read = True
        for group in self._sets.end_all():
            await self._report(group)
        if not self._is_abandoned:
            await self._give_in_order()

    def check(self) -> None:
        """Raise what ended the audit before its time, if anything did, and once only."""
        error, self._error = self._error, None
        if error is not None:
            raise error

    def stop(self) -> None:
        """Ask for nothing more: what was read is still given, then the records end."""
        if self._scope is None:
            self.ledger.stopped = True
        elif not self._is_read:
            self.ledger.stopped = True
            self._scope.cancel()

    def abandon(self) -> None:
        """Stop, and give nothing more."""
        self.stop()
        self._is_abandoned = True
        self.outbox.abandon()
        if self._ended is None:  # it was never run
            self._close()

    async def end(self) -> None:
        """Stop, give nothing more, and wait until all is let go."""
        self.abandon()
        await self.let_go()

    async def let_go(self) -> None:
        """Wait until connections and files are closed, even where the caller is cancelled meanwhile."""
        if self._ended is None:
            return
        try:
            with anyio.CancelScope(shield=True):
                await self._ended.wait()
        finally:
            self._close()  # asyncio's own `cancel`, called twice, breaks through any shield

    def _close(self) -> None:
        for kept in (self._checkpoint, self._spool):
            if kept is not None:
                kept.close()
        self.outbox.end()

    def _abort(self, error: KMSLiteError) -> None:
        """End the audit with an error, the first one if there are several."""
        self._error = self._error or error
        self.stop()

    async def _read_places(self) -> None:
        try:
            await self._prove_credentials()
            if self._plan.executor is not None:
                await self._read_by(self._plan.executor)
            else:
                await self._read_all_here()
            self._check_credentials()
        except KMSLiteError as error:
            self._abort(error)

    async def _read_all_here(self) -> None:
        turns = anyio.CapacityLimiter(_PLACES_AT_A_TIME)
        async with anyio.create_task_group() as group:
            for place in self._places:
                group.start_soon(self._read_here, place, turns)

    async def _prove_credentials(self) -> None:
        """Make a call at home before all regions are tried: what they refuse is not to be the credentials' fault.

        Raises `CredentialsError`. With an executor the workers' credentials are their own, and asked for here only
        where all regions are to be tried.
        """
        if self._plan.executor is None or self._plan.all_regions:
            await self._sessions.driver.run(self._sessions.base.get())
        if not self._plan.all_regions or self._plan.role_arns:
            return
        home = self._places[0].region
        try:
            await self._sessions.home.list_keys(limit=1)
        except ServiceError as error:
            if error.code in UNKNOWN_CALLER:
                credentials = self._sessions.base.current()
                hint = f" {REFUSAL_HINT}" if credentials is not None and credentials.session_token else ""
                raise CredentialsError(
                    f"KMS does not know the credentials in {home}, or the account has not enabled it: "
                    f"{error}{hint}"
                ) from error
            if error.code in REFUSED_SIGNATURES:
                raise CredentialsError(f"KMS refuses the credentials in {home}: {error}") from error
        except TransportError:
            return  # home is tried once more with the others

    def _check_credentials(self) -> None:
        """Raise `CredentialsError` where no place was read, and each for the credentials' sake."""
        if any(self.ledger[place].listed for place in self._places):
            return  # they were good, and are over by now
        failures = [self.ledger[place].failures for place in self._places]
        if not self._plan.role_arns and all(each and each[-1].code in REFUSED_SIGNATURES for each in failures):
            first = failures[0][-1]
            remedy = error_class(first.code).remedy
            raise CredentialsError(f"KMS refuses the credentials: {first.code}: {first.message} {remedy}")

    async def _read_here(self, place: Place, turns: anyio.CapacityLimiter) -> None:
        async with turns:
            resume, take = partial(self._resume, place), partial(self._take, place)
            try:
                await read_place(self._sessions, self.ledger[place], self._plan.keys, resume=resume, take=take)
            except KMSLiteError as error:
                self._abort(error)
            await self._leave(place)

    async def _read_by(self, executor: Executor) -> None:
        """Let an executor's workers read the places, some keys of each at a time."""
        await anyio.lowlevel.checkpoint()  # a stop that came before is heard before anything is begun
        dispatch = Dispatch(executor)
        for place in self._places:
            known = frozenset(self._checkpoint.arns(place)) if self._checkpoint else frozenset[str]()
            dispatch.begin(Unit(place, self._options, self._plan.keys, known))
        try:
            while dispatch.under_way:
                unit, future = await dispatch.next_one()
                rest = await self._take_report(unit, future)
                if rest is not None:
                    dispatch.begin(rest)
        finally:
            with anyio.CancelScope(shield=True):
                for unit, future in dispatch.end():
                    await self._take_report(unit, future)

    async def _take_report(self, unit: Unit, future: Future[UnitReport]) -> Unit | None:
        """Take in what came of a unit; give the next one of its place, if there is more to read."""
        place, error = unit.place, future.exception()
        report = None if error is not None else future.result()
        if report is not None:
            self.ledger.put(report.ledger)
        else:
            what = f"The worker for {place} ended without an answer ({type(error).__name__}: {error})."
            self.ledger[place].fail(Failure(type(error).__name__, what), PlaceStatus.FAILED)
        if unit.is_first:
            await self._resume(place, Keys(None) if report is None else None)
        self.ledger[place].expect(arn for arn, _ in (() if report is None else report.answers))
        for arn, facts in () if report is None else report.answers:
            await self._take(place, arn, facts)
        if report is not None and report.left:
            return unit.following(report)
        await self._leave(place)
        return None

    async def _resume(self, place: Place, keys: Keys | None) -> None:
        """Hand on what the checkpoint holds of a place, and take it out of the listing, unless a worker has."""
        ledger = self.ledger[place]
        if self._checkpoint is None:
            return
        if ledger.account_id is not None:
            self._checkpoint.bind(place.caller, ledger.account_id)
        elif self._checkpoint.arns(place):
            why = "No account could be told here, so that what the checkpoint holds of the place was not used."
            ledger.fail(Failure("CheckpointError", why), PlaceStatus.FAILED)
            return
        for answer in self._checkpoint.answers(place):
            if keys is not None:
                ledger.listed += not keys.take(answer.arn)
            ledger.expect([answer.arn])
            self.ledger.resume(place, answer.facts)
            await self._hand_on(place, answer.arn, answer.facts)

    async def _take(self, place: Place, arn: str, facts: KeyFacts | None) -> None:
        """Take in what was read of a key: kept first, and only then handed on."""
        try:
            if self._checkpoint is not None:
                self._checkpoint.add(place, arn, facts)
        except CheckpointError as error:
            self._abort(error)
        await self._hand_on(place, arn, facts)

    async def _hand_on(self, place: Place, arn: str, facts: KeyFacts | None) -> None:
        if facts is None:
            self.ledger[place].leave_out(arn)
            await anyio.lowlevel.checkpoint()  # there may be thousands of them in a row
            return
        for group in self._sets.add(Reading(place, facts)):
            await self._report(group)

    async def _leave(self, place: Place) -> None:
        for group in self._sets.end(place):
            await self._report(group)

    async def _report(self, group: Group) -> None:
        for reading in group:
            related = [other.facts for other in group if other is not reading and other.facts.error is None]
            record = judge(reading.facts, self._plan.idle_days, related)
            is_spooled = self._spool is not None and self._is_spooled(record)
            self.ledger.enter(reading.place, record)
            if not is_spooled:
                await self._give(record)

    def _is_spooled(self, record: KeyUsageRecord) -> bool:
        assert self._spool is not None
        try:
            self._spool.add(record)
        except CheckpointError as error:
            self._abort(error)
            return False
        return True

    async def _give_in_order(self) -> None:
        for record in self._spool.in_order() if self._spool else ():
            await self._give(record)
            if self._is_abandoned:
                break

    async def _give(self, record: KeyUsageRecord) -> None:
        """Give a record, even after a stop: it was read, and whoever takes the records is still there."""
        with anyio.CancelScope(shield=True):
            await self.outbox.put(record)


def _innermost(error: Exception) -> Exception:
    """Return the first error in a group: tasks that meet the same lack at once tell it as often as they are."""
    inner: Sequence[Exception] = getattr(error, "exceptions", ())
    return _innermost(inner[0]) if inner else error
