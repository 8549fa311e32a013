"""One audit, from its first target to its last record.

    target ─ inventory ─ collector ─┐
    target ─ worker of an executor ─┼─ checkpoint ─ multi-Region groups ─ judge ─ queue ─ reader
    answers in the checkpoint ──────┘

Everything that is read takes the same way, in one event loop, so no count and no file needs a lock.
"""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future
from enum import IntEnum
from functools import partial
from typing import TYPE_CHECKING

import anyio
import anyio.lowlevel
import anyio.to_thread
from attrs import evolve, field, frozen

from ..costs import PRICE, check_price
from ..errors import CheckpointError, KMSLiteError, ParameterError, ServiceError, TransportError
from .checkpoint import Checkpoint, create_file
from .clients import ClientOptions, NetworkOptions, check_options, open_clients, validated_regions
from .collector import Collector
from .details import DetailOptions
from .executor import Workers, WorkItem, WorkReport, transferable_options
from .failures import lost_worker, refused_everywhere, unknown_account, unknown_caller
from .filters import KeyFilter
from .inventory import Inventory, take_inventory
from .multi_region import Group, Member, MultiRegionGroups, judge_group
from .organization import SkippedAccount, check_role_name
from .owners import check_owner_tags, with_owner
from .progress import AuditProgress
from .record_queue import RecordQueue
from .records import Answer, KeyFacts, KeyUsageRecord
from .rules import check_idle_days
from .sorted_records import SortedRecords
from .targets import Target, TargetStatus, known_regions, make_targets

if TYPE_CHECKING:
    from ..async_client import AsyncKMSClient
    from ..client import KMSClient

_TARGETS_AT_A_TIME = 100
"""Each takes 5 calls a second, and one process makes some 1,000: more would wait for the processor."""
_QUEUE_SIZE = 256
"""Records that are read ahead of the reader: enough for smooth going, little enough for any memory."""


class State(IntEnum):
    """How far an audit has come. It only goes forward, and may skip states."""

    NEW = 0
    """Nothing was requested yet."""
    RUNNING = 1
    """Targets are being read."""
    STOPPING = 2
    """Nothing more is requested, because all is read or after `stop`; what was read still goes to the reader."""
    CANCELLED = 3
    """Nothing more is requested, and nothing goes to the reader."""
    CLOSED = 4
    """Connections and files are closed. The reader may have records left to take."""


@frozen(kw_only=True)
class Plan:
    """The arguments of an audit; raise `ParameterError` for those that contradict each other or are invalid."""

    regions: Sequence[str] | None = None
    all_regions: bool = False
    role_arns: Sequence[str] = ()
    organization: str | None = None
    account_names: Mapping[str, str] = field(factory=dict[str, str])
    idle_days: int = 90
    price: float = PRICE
    keys: KeyFilter = field(factory=KeyFilter)
    rotations: bool = False
    cloudtrail: bool = False
    with_tags: bool = False
    owner_tags: Sequence[str] = ()
    checkpoint: str | os.PathLike[str] | None = None
    ordered: bool = False
    executor: Executor | None = None
    client: "KMSClient | AsyncKMSClient | None" = None

    def __attrs_post_init__(self) -> None:
        check_idle_days(self.idle_days)
        check_price(self.price)
        check_owner_tags(self.owner_tags)
        if isinstance(self.regions, str):
            raise ParameterError("regions must be a list of regions: put the one you have into a list.")
        if self.regions is not None and not self.regions:
            raise ParameterError("regions is an empty list: leave it out for the client's own region.")
        if self.regions is not None and self.all_regions:
            raise ParameterError("regions cannot be combined with all_regions: leave one of them out.")
        if isinstance(self.role_arns, str):
            raise ParameterError("role_arns must be a list of ARNs: put the one you have into a list.")
        if self.organization is not None:
            check_role_name(self.organization)
            if self.role_arns:
                raise ParameterError("role_arns cannot be combined with organization: leave one of them out.")
        if self.client is not None and self.executor is not None:
            raise ParameterError(
                "client stays in this process, and with an executor each worker finds its own settings: leave one "
                "of them out."
            )


class Engine:
    """Runs one audit: `start` it, `run` it once beside the reader, who takes the records out of `queue`.

    `stop`, `cancel` and `aclose` end it. All of this belongs to one event loop.
    """

    def __init__(self, plan: Plan, options: ClientOptions, *, asynchronous: bool) -> None:
        check_options(options, plan.client, asynchronous=asynchronous)
        self._plan = plan
        owners = bool(plan.owner_tags)
        self._details = DetailOptions(
            plan.rotations, plan.cloudtrail, plan.idle_days, tags=plan.with_tags or owners, owners=owners
        )
        self._worker_options = NetworkOptions() if plan.executor is None else transferable_options(options)
        named = validated_regions(plan.regions or ())
        self._clients = open_clients(plan.client, options, named, asynchronous=asynchronous)
        home = self._clients.home.region
        self._regions = known_regions(home) if plan.all_regions else named or [home]
        self._account_names = dict(plan.account_names)
        self._set_targets([] if plan.organization else self._make_targets(plan.role_arns))
        self._checkpoint: Checkpoint | None = None
        if plan.checkpoint is not None:
            create_file(plan.checkpoint)  # a wrong path is refused at once, before any call
            if not asynchronous:
                self._open_checkpoint()
        self._sorted = SortedRecords() if plan.ordered else None
        self.queue = RecordQueue(_QUEUE_SIZE)
        self.state = State.NEW
        self._reading: anyio.CancelScope | None = None
        self._closed: anyio.Event | None = None
        self._error: Exception | None = None

    def _make_targets(self, role_arns: Sequence[str], *, own_account: bool = False) -> list[Target]:
        return make_targets(self._regions, role_arns, self._clients.profile, own_account=own_account)

    def _set_targets(self, targets: Sequence[Target], skipped: Sequence[SkippedAccount] = ()) -> None:
        """Set what is to be read, before anything was."""
        plan = self._plan
        self._targets = targets
        self.progress = AuditProgress(
            targets, named=not plan.all_regions, idle_days=plan.idle_days, skipped_accounts=skipped
        )
        self._groups = MultiRegionGroups[Target]((target.caller, target.region) for target in targets)

    def start(self) -> None:
        """Leave the state NEW; `run` has to follow in the same event loop."""
        self._closed = anyio.Event()
        self._go_to(State.RUNNING)

    def stop(self) -> None:
        """Request nothing more; what was read still goes to the reader, then the records end."""
        if self._go_to(State.STOPPING):
            self.progress.stopped = True

    def cancel(self) -> None:
        """Request nothing more, and drop all records."""
        was_started = self.state is not State.NEW
        self.stop()
        self._go_to(State.CANCELLED)
        if not was_started:
            self._close_files()
            self._go_to(State.CLOSED)

    async def aclose(self) -> None:
        """Cancel the audit, and wait until connections and files are closed, even if the caller is cancelled."""
        self.cancel()
        if self._closed is None:
            return
        try:
            with anyio.CancelScope(shield=True):
                await self._closed.wait()
        finally:
            self._close_files()  # two cancellations of asyncio's own end a wait in spite of any shield

    def check(self) -> None:
        """Raise the error that ended the audit early, if there is one, once."""
        error, self._error = self._error, None
        if error is not None:
            raise error

    def _go_to(self, state: State) -> bool:
        """Enter a state if it is ahead, and do what belongs to that; return whether it was ahead."""
        if state <= self.state:
            return False
        self.state = state
        if state >= State.STOPPING and self._reading is not None:
            self._reading.cancel()
        if state is State.CANCELLED:
            self._error = None
            self.queue.discard()
        if state is State.CLOSED:
            self.queue.close()
            if self._closed is not None:
                self._closed.set()
        return True

    def _fail(self, error: Exception) -> None:
        """Stop with an error for the reader: the first one, if there are several."""
        if self.state < State.CANCELLED:
            self._error = self._error or error
        self.stop()

    def _close_files(self) -> None:
        for file in (self._checkpoint, self._sorted):
            if file is not None:
                file.close()

    async def run(self) -> None:
        """Read every target, then close everything. Errors are raised by `check`, and never by this."""
        try:
            await self._run()
        except Exception as error:  # noqa: BLE001 - for the reader: nobody awaits this task
            self._fail(_innermost(error))
        finally:
            self._close_files()
            try:
                with anyio.CancelScope(shield=True):
                    await self._clients.driver.aclose()
            finally:
                self._go_to(State.CLOSED)

    async def _run(self) -> None:
        with anyio.CancelScope() as self._reading:
            if self.state is State.RUNNING:
                await anyio.to_thread.run_sync(self._open_checkpoint)  # it may take long, and would block the loop
                await self._read_targets()
        self._go_to(State.STOPPING)
        for group in self._groups.finish_all():
            self._hand_on(group)
        await self._hand_on_sorted()

    def _open_checkpoint(self) -> None:
        """Open the checkpoint, which takes a while if the disk is slow or runs begin together."""
        if self._plan.checkpoint is not None and self._checkpoint is None:
            self._checkpoint = Checkpoint(self._plan.checkpoint, self._plan.keys)

    async def _read_targets(self) -> None:
        try:
            await self._check_caller()
            if self._plan.organization is not None:
                await self._find_accounts(self._plan.organization)
            if self._plan.executor is not None:
                await self._read_with_workers(Workers(self._plan.executor))
            else:
                await self._read_here()
            self._check_signatures()
        except KMSLiteError as error:
            self._fail(error)

    async def _find_accounts(self, role_name: str) -> None:
        """Read which accounts the organization has: they are what is audited."""
        found = await self._clients.organization_accounts(role_name)
        self._account_names = {**found.names, **self._account_names}
        self._set_targets(self._make_targets(found.role_arns, own_account=found.has_own), found.skipped)

    async def _check_caller(self) -> None:
        """Raise `CredentialsError` if there are no credentials or, before all regions are read, wrong ones.

        A region that is not enabled refuses them like wrong ones, so a call in the home region tells the two
        apart. With an executor the workers have credentials of their own, so those of this process are needed
        for that call only.
        """
        home = self._clients.home
        if self._plan.executor is None or self._plan.all_regions:
            await home.resolve_credentials()
        if not self._plan.all_regions or self._plan.role_arns:
            return
        try:
            await home.list_keys(limit=1)
        except ServiceError as error:
            refused = unknown_caller(error, home.region, has_session_token=self._clients.has_session_token())
            if refused is not None:
                raise refused from error
        except TransportError:
            return  # it is tried once more with the other regions

    def _check_signatures(self) -> None:
        """Raise `CredentialsError` if no target was read, and each refused the caller's signature."""
        targets = [self.progress[target] for target in self._targets]
        if any(target.listed or target.target.role_arn for target in targets):
            return  # roles have credentials of their own; and those that listed keys have expired since
        error = refused_everywhere([target.failures for target in targets])
        if error is not None:
            raise error

    async def _read_here(self) -> None:
        limit = anyio.CapacityLimiter(_TARGETS_AT_A_TIME)
        async with anyio.create_task_group() as tasks:
            for target in self._targets:
                tasks.start_soon(self._read_target, target, limit)

    async def _read_target(self, target: Target, limit: anyio.CapacityLimiter) -> None:
        async with limit:
            try:
                client = self._clients.open(target)
                inventory = await take_inventory(client, self.progress[target])
                await self._resume(target, inventory)
            except KMSLiteError as error:
                self._fail(error)
                return
            collector = Collector(
                client,
                inventory,
                self.progress[target],
                self._plan.keys,
                self._details,
                known=partial(self._take_incomplete, target),
                ready=self.queue.wait_for_room,
            )
            await self._collect(target, collector)
            self._finish(target)

    async def _collect(self, target: Target, collector: Collector) -> None:
        try:
            async with collector:
                async for answer in collector:
                    self._keep(target, answer)
        finally:
            for answer in collector.left():  # after a stop: they were read
                self._keep(target, answer)

    async def _read_with_workers(self, workers: Workers) -> None:
        await anyio.lowlevel.checkpoint()  # a stop that came before is noticed before anything is submitted
        for target in self._targets:
            known = frozenset(self._complete_arns(target))
            workers.submit(WorkItem(target, self._worker_options, self._plan.keys, known, self._details))
        try:
            while workers:
                item, future = await workers.next_finished()
                following = await self._take_report(item, future)
                if following is not None:
                    workers.submit(following)
        finally:
            with anyio.CancelScope(shield=True):
                for item, future in workers.cancel():
                    await self._take_report(item, future)

    async def _take_report(self, item: WorkItem, future: Future[WorkReport]) -> WorkItem | None:
        """Take in the result of a work item; return the next item of its target if there is more to read."""
        target, error = item.target, future.exception()
        if error is not None:
            self.progress[target].fail(lost_worker(target, error), TargetStatus.FAILED)
            if item.is_first:
                await self._resume(target, Inventory(None))  # nothing was listed, and what was read before counts
            self._finish(target)
            return None
        report = future.result()
        self.progress.merge(report.progress)
        if item.is_first:
            await self._resume(target, None)
        self.progress[target].expect(answer.arn for answer in report.answers)
        for answer in report.answers:
            self._keep(target, answer)
        await self._wait_for_room()
        if report.left:
            return item.following(report)
        self._finish(target)
        return None

    async def _resume(self, target: Target, inventory: Inventory | None) -> None:
        """Hand on what the checkpoint holds of a target.

        That is removed from the inventory, so that it is not read again; None if a worker has done so.
        """
        progress = self.progress[target]
        if self._checkpoint is None:
            return
        if progress.account_id is not None:
            self._checkpoint.bind(target.caller, progress.account_id)
        elif self._checkpoint.arns(target):
            progress.fail(unknown_account(), TargetStatus.FAILED)
            return
        for answer in self._kept(target):
            if not self._is_complete(answer) and (inventory is None or inventory.has(answer.arn)):
                continue  # the details that are missing are read now; a worker reads all of the key again
            if inventory is not None:  # a key that is listed no more counts all the same: it has a record
                progress.listed += not inventory.remove(answer.arn)
            progress.expect([answer.arn])
            self.progress.add_resumed(target, answer.facts)
            self._group(target, answer)
            await self._wait_for_room()

    def _kept(self, target: Target) -> Iterator[Answer]:
        """Return the answers of a target that the checkpoint holds."""
        return iter(()) if self._checkpoint is None else self._checkpoint.answers(target)

    def _complete_arns(self, target: Target) -> Iterable[str]:
        """Return the keys of a target about which the checkpoint holds all that is wanted."""
        if self._checkpoint is not None and not self._details.are_wanted:
            return self._checkpoint.arns(target)
        return (answer.arn for answer in self._kept(target) if self._is_complete(answer))

    def _is_complete(self, answer: Answer) -> bool:
        """Return whether an answer has all details that are wanted: an earlier run may have wanted less."""
        return answer.facts is None or not self._details.are_missing(answer.facts)

    def _take_incomplete(self, target: Target, arn: str) -> KeyFacts | None:
        """Return what the checkpoint holds of a key whose details are missing, and count that key as resumed."""
        answer = None if self._checkpoint is None else self._checkpoint.answer(target, arn)
        if answer is None or answer.facts is None:
            return None
        self.progress.add_resumed(target, answer.facts)
        return answer.facts

    async def _wait_for_room(self) -> None:
        """Wait for the reader, after a stop too: all that was read is handed on."""
        with anyio.CancelScope(shield=True):
            await self.queue.wait_for_room()

    def _keep(self, target: Target, answer: Answer) -> None:
        """Write an answer to the checkpoint, and only then hand it on."""
        try:
            if self._checkpoint is not None:
                self._checkpoint.add(target, *answer)
        except CheckpointError as error:
            self._fail(error)
        self._group(target, answer)

    def _group(self, target: Target, answer: Answer) -> None:
        if answer.facts is None:
            self.progress[target].add_filtered(answer.arn)
            return
        for group in self._groups.add(Member(target.caller, self._with_names(answer.facts), target)):
            self._hand_on(group)

    def _with_names(self, facts: KeyFacts) -> KeyFacts:
        """Return the facts with the key's owner and the name of its account, if they are known."""
        facts = with_owner(facts, self._plan.owner_tags)
        name = self._account_names.get(facts.account_id)
        return facts if name is None else evolve(facts, account_name=name)

    def _finish(self, target: Target) -> None:
        for group in self._groups.finish(target.caller, target.region):
            self._hand_on(group)

    def _hand_on(self, group: Group[Target]) -> None:
        """Judge the keys of a group, and give their records to the reader, or keep them to be sorted."""
        for member, record in judge_group(group, self._plan.idle_days, self._plan.price):
            is_kept = self._sorted is not None and self._sort(self._sorted, record)
            self.progress.add_record(member.source, record)
            if not is_kept:
                self.queue.put(record)

    def _sort(self, records: SortedRecords, record: KeyUsageRecord) -> bool:
        """Return whether a record could be kept to be sorted."""
        try:
            records.add(record)
        except CheckpointError as error:
            self._fail(error)
            return False
        return True

    async def _hand_on_sorted(self) -> None:
        if self._sorted is None or self.state >= State.CANCELLED:
            return
        for record in self._sorted.in_order():
            self.queue.put(record)
            await self.queue.wait_for_room()
            if self.state >= State.CANCELLED:
                return


def _innermost(error: Exception) -> Exception:
    """Return the first error of a group: tasks that meet the same error at once raise it as often as they are."""
    inner: Sequence[Exception] = getattr(error, "exceptions", ())
    return _innermost(inner[0]) if inner else error
