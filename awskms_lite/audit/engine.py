"""One audit from its first place to its last record, whoever iterates over it.

    place ─ read here, or by an executor's worker ─┐
    place ─ ...                                    ├─ checkpoint ─ multi-Region sets ─ judge ─ records
    what the checkpoint holds already ─────────────┘

Everything that is read goes the same way, in one event loop; so no count and no file needs a lock.
"""

import os
from collections.abc import Sequence
from concurrent.futures import CancelledError, Executor, Future
from contextlib import suppress
from functools import partial
from queue import SimpleQueue

import anyio
import anyio.to_thread
from attrs import field, frozen

from ..errors import (
    CheckpointError,
    CredentialsError,
    KMSLiteError,
    ParameterError,
    ServiceError,
)
from .checkpoint import Checkpoint
from .ledger import UNKNOWN_CALLER, Ledger
from .listing import Keys
from .places import Place, PlaceStatus, places
from .reading import read_place
from .records import Failure, KeyFacts, KeyUsageRecord
from .regions import all_regions
from .rules import check_idle_days, judge
from .selection import KeyFilter
from .sessions import ClientOptions, NetworkOptions, Sessions, check_options, check_regions
from .sets import Group, MultiRegionSets, Reading
from .spool import Spool
from .workers import Unit, UnitReport, network_options, read_unit

_PLACES_AT_A_TIME = 100  # each of them asks 5 times a second, and one process makes some 1,000 calls a second
_BUFFERED = 256
_BAD_CREDENTIALS = (
    *UNKNOWN_CALLER,
    "ExpiredTokenException",
    "IncompleteSignatureException",
    "InvalidSignatureException",
    "MissingAuthenticationTokenException",
)


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
        if self.regions is not None and (isinstance(self.regions, str) or not self.regions or self.all_regions):
            raise ParameterError(
                "regions must be a list that is not empty, and goes without all_regions: leave it out for the "
                "client's own region."
            )
        if isinstance(self.role_arns, str):
            raise ParameterError("role_arns must be a list of ARNs: put the one you have into a list.")


class Engine:
    """Runs one audit: `run` it once, beside whoever takes the `records`."""

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
        self._checkpoint = None if plan.checkpoint is None else Checkpoint(plan.checkpoint, plan.keys)
        self._spool = Spool() if plan.ordered else None
        self._into, self.records = anyio.create_memory_object_stream[KeyUsageRecord](_BUFFERED)
        self._scope: anyio.CancelScope | None = None
        self._is_read = self._is_abandoned = False
        self._ended: anyio.Event | None = None
        self.error: KMSLiteError | None = None

    async def run(self) -> None:
        """Read every place, and end the stream of records; `error` is what ended it before its time, if any."""
        self._ended = anyio.Event()
        try:
            with anyio.CancelScope() as self._scope:
                if self.ledger.stopped:
                    self._scope.cancel()
                await self._read_places()
                self._is_read = True
            for group in self._sets.end_all():
                await self._report(group)
            await self._give_in_order()
        finally:
            self._let_go()
            with anyio.CancelScope(shield=True):
                await self._sessions.driver.aclose()
            self._ended.set()

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
        self.records.close()
        if self._ended is None:  # it was never run
            self._let_go()

    async def end(self) -> None:
        """Stop, give nothing more, and wait until all is let go."""
        self.abandon()
        if self._ended is not None:
            await self._ended.wait()

    def _let_go(self) -> None:
        for held in (self._checkpoint, self._spool, self._into):
            if held is not None:
                held.close()

    def _abort(self, error: KMSLiteError) -> None:
        """End the audit with an error, the first one if there are several."""
        self.error = self.error or error
        self.stop()

    async def _read_places(self) -> None:
        try:
            await self._prove_credentials()
            if self._plan.executor is not None:
                await self._read_by(self._plan.executor)
            else:
                await self._read_all_here()
        except KMSLiteError as error:
            self._abort(error)

    async def _read_all_here(self) -> None:
        turns = anyio.CapacityLimiter(_PLACES_AT_A_TIME)
        async with anyio.create_task_group() as group:
            for place in self._places:
                group.start_soon(self._read_here, place, turns)

    async def _prove_credentials(self) -> None:
        """Make sure that what regions will refuse is not the fault of the credentials that all of them are shown.

        Raises `CredentialsError`. With an executor they are the workers' own, and ours prove something only for
        the regions that are on the list.
        """
        if self._plan.executor is None or self._plan.all_regions:
            await self._sessions.driver.run(self._sessions.base.get())
        if not self._plan.all_regions or self._plan.role_arns:
            return
        try:
            await self._sessions.home.list_keys(limit=1)
        except ServiceError as error:
            if error.code in _BAD_CREDENTIALS:
                raise CredentialsError(
                    f"KMS refuses the credentials in {self._places[0].region}: {error}"
                ) from error
        self.ledger.known_callers.add(self._places[0].caller)

    async def _read_here(self, place: Place, turns: anyio.CapacityLimiter) -> None:
        async with turns:
            resume, take = partial(self._resume, place), partial(self._take, place)
            try:
                await read_place(self._sessions, self.ledger[place], self._plan.keys, resume=resume, take=take)
            except KMSLiteError as error:
                self._abort(error)
            await self._leave(place)

    async def _read_by(self, executor: Executor) -> None:
        """Let an executor's workers read the places; one that dies takes its places with it, and no more."""
        done: SimpleQueue[tuple[Place, Future[UnitReport]] | None] = SimpleQueue()
        futures: set[Future[UnitReport]] = set()

        def note(place: Place, future: Future[UnitReport]) -> None:
            done.put((place, future))

        try:
            for place in self._places:
                known = frozenset(self._checkpoint.arns(place)) if self._checkpoint else frozenset[str]()
                future = executor.submit(read_unit, Unit(place, self._options, self._plan.keys, known))
                future.add_done_callback(partial(note, place))
                futures.add(future)
            for _ in self._places:
                ended = await anyio.to_thread.run_sync(done.get, abandon_on_cancel=True)
                assert ended is not None
                futures.discard(ended[1])  # with what it holds
                await self._take_report(*ended)
        finally:
            for future in futures:
                future.cancel()
            done.put(None)  # whoever waits for it in a thread is let go

    async def _take_report(self, place: Place, future: Future[UnitReport]) -> None:
        error = CancelledError() if future.cancelled() else future.exception()
        if error is not None:
            what = f"The worker for {place} ended without an answer ({type(error).__name__}: {error})."
            self.ledger[place].fail(Failure(type(error).__name__, what), PlaceStatus.FAILED)
            await self._resume(place, Keys(None))
        else:
            report = future.result()
            self.ledger.put(report.ledger)
            await self._resume(place, None)
            for arn, facts in report.answers:
                await self._take(place, arn, facts)
        await self._leave(place)

    async def _resume(self, place: Place, keys: Keys | None) -> None:
        """Hand on what the checkpoint holds of a place, and take it out of the listing, unless a worker has."""
        ledger = self.ledger[place]
        if self._checkpoint is None:
            return
        if ledger.account_id is not None:
            self._checkpoint.bind(place.caller, ledger.account_id)
        for answer in self._checkpoint.answers(place):
            if keys is not None:
                ledger.listed += not keys.take(answer.arn)
            ledger.resumed += 1
            await self._hand_on(place, answer.facts)

    async def _take(self, place: Place, arn: str, facts: KeyFacts | None) -> None:
        """Take in what was read of a key: kept first, and only then handed on."""
        try:
            if self._checkpoint is not None:
                self._checkpoint.add(place, arn, facts)
        except CheckpointError as error:
            self._abort(error)
        await self._hand_on(place, facts)

    async def _hand_on(self, place: Place, facts: KeyFacts | None) -> None:
        if facts is None:
            self.ledger[place].left_out += 1
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
            self.ledger.enter(reading.place, record)
            if self._spool is None or not self._is_spooled(record):
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
            if self._is_abandoned:
                break
            await self._give(record)

    async def _give(self, record: KeyUsageRecord) -> None:
        """Give a record, even after a stop: it was read, and whoever takes the records is still there."""
        with anyio.CancelScope(shield=True), suppress(anyio.BrokenResourceError):  # unless it was abandoned
            await self._into.send(record)
