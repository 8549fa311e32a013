"""Targets read by the workers of a `concurrent.futures.Executor`: threads, processes or other machines.

A work item holds names only. The worker finds its own credentials, as any client does, and what it has read
travels back; the parent alone judges and writes the checkpoint.
"""

from collections import deque
from collections.abc import Mapping
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from functools import partial
from typing import Any, TypeAlias, cast

import anyio
from attrs import evolve, field, frozen

from ..errors import ParameterError
from .clients import ClientOptions, NetworkOptions, clients_by_options
from .collector import Collector
from .details import DetailOptions
from .event_loop import loop_caller
from .filters import KeyFilter
from .inventory import take_inventory
from .progress import TargetProgress
from .records import Answer
from .targets import Target

_KEYS_PER_ITEM = 1500
"""Five minutes of calls at 5 a second: what a worker that dies, or a stop, can cost."""
_KEYS_PER_ITEM_IN_CLOUDTRAIL = 300
"""As much, at 2 a second and two for each key."""


@frozen
class WorkItem:
    """One target to read, or some keys of it, without those whose ARNs are in `known`; no option is secret."""

    target: Target
    options: NetworkOptions
    wanted: KeyFilter
    known: frozenset[str] = frozenset()
    details: DetailOptions = field(factory=DetailOptions)
    is_first: bool = True

    def following(self, report: "WorkReport") -> "WorkItem":
        """Return the item that goes on where this one ended; a key that could not be read is not read again."""
        return evolve(self, known=self.known.union(answer.arn for answer in report.answers), is_first=False)


@frozen
class WorkReport:
    """The result of a work item: the counts, the answers, and the number of keys that are left to read."""

    progress: TargetProgress
    answers: list[Answer] = field(repr=False)
    left: int = 0


Finished: TypeAlias = tuple[WorkItem, Future[WorkReport]]
"""A work item, and the future that has its report or its error."""


class Workers:
    """The work items that an executor has at present, seen from an event loop."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor
        self._call_in_loop = loop_caller()
        self._items: dict[Future[WorkReport], WorkItem] = {}
        self._finished: deque[Future[WorkReport]] = deque()
        self._arrived = anyio.Event()

    def __len__(self) -> int:
        return len(self._items)

    def submit(self, item: WorkItem) -> None:
        """Submit an item to a worker; if the executor takes no more, its future has the error."""
        future: Future[WorkReport]
        try:
            future = self._executor.submit(read_work_item, item)
        except RuntimeError as error:  # shut down, or broken by a worker that died
            future = _failed(error)
        self._items[future] = item
        future.add_done_callback(lambda done: self._call_in_loop(partial(self._arrive, done)))  # any thread

    def _arrive(self, future: Future[WorkReport]) -> None:
        self._finished.append(future)
        self._arrived.set()

    async def next_finished(self) -> Finished:
        """Wait for the next item that is finished."""
        while not self._finished:
            self._arrived = anyio.Event()
            await self._arrived.wait()
        future = self._finished.popleft()
        item = self._items.pop(future)
        return item, _failed(RuntimeError("the executor cancelled it")) if future.cancelled() else future

    def cancel(self) -> list[Finished]:
        """Cancel the items that no worker has begun; return those that are finished."""
        return [(item, future) for future, item in self._items.items() if not future.cancel() and future.done()]


def _failed(error: RuntimeError) -> Future[WorkReport]:
    future: Future[WorkReport] = Future()
    future.set_exception(error)
    return future


def transferable_options(options: ClientOptions) -> NetworkOptions:
    """Return the options that a worker gets; raise `ParameterError` for one that cannot leave this process."""
    given = cast(Mapping[str, Any], options)
    for name in given:
        if name not in (*NetworkOptions.__annotations__, "region", "profile"):
            raise ParameterError(
                f"{name} stays in this process, and with an executor each worker finds its own: leave it out, and "
                "set the workers up by their environment."
            )
    kept = {name: value for name, value in given.items() if name in NetworkOptions.__annotations__}
    return cast(NetworkOptions, kept)


def read_work_item(item: WorkItem) -> WorkReport:
    """Read the target of an item, in an event loop of its own.

    The loop runs in a thread of its own too: a worker that was forked from a thread with a running event loop
    appears to have one.
    """
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(anyio.run, _read, item).result()


async def _read(item: WorkItem) -> WorkReport:
    target, progress = item.target, TargetProgress(item.target)
    options = cast(ClientOptions, {**item.options, "profile": target.profile})
    clients = clients_by_options(options, [target.region], asynchronous=True)
    try:
        client = clients.open(target)
        inventory = await take_inventory(client, progress)
        for arn in item.known:
            progress.listed += not inventory.remove(arn)  # a key that is listed no more counts all the same
        left = inventory.truncate(_KEYS_PER_ITEM_IN_CLOUDTRAIL if item.details.cloudtrail else _KEYS_PER_ITEM)
        async with Collector(client, inventory, progress, item.wanted, item.details) as answers:
            read = [answer async for answer in answers if progress.account_for(answer.arn)]
    finally:
        await clients.driver.aclose()
    return WorkReport(progress.detached(), read, left)
