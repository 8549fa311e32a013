"""The units that an executor's workers have at present, seen from an event loop."""

from collections import deque
from concurrent.futures import Executor, Future
from functools import partial
from typing import TypeAlias

import anyio

from .background import caller_in_loop
from .workers import Unit, UnitReport, read_unit

Done: TypeAlias = tuple[Unit, Future[UnitReport]]
"""A unit, and the future that has its report, or what went wrong."""


class Dispatch:
    """Gives units to the workers of an executor, and tells which are done."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor
        self._soon = caller_in_loop()
        self._units: dict[Future[UnitReport], Unit] = {}
        self._done: deque[Future[UnitReport]] = deque()
        self._arrived = anyio.Event()

    @property
    def under_way(self) -> bool:
        """Whether any unit is."""
        return bool(self._units)

    def begin(self, unit: Unit) -> None:
        """Give a unit to a worker; where there is none any more, its future says so."""
        future: Future[UnitReport]
        try:
            future = self._executor.submit(read_unit, unit)
        except RuntimeError as error:  # shut down, or broken by a worker that died
            future = Future()
            future.set_exception(error)
        self._units[future] = unit
        future.add_done_callback(self._tell)

    def _tell(self, future: Future[UnitReport]) -> None:
        self._soon(partial(self._arrive, future))  # this is another thread

    def _arrive(self, future: Future[UnitReport]) -> None:
        self._done.append(future)
        self._arrived.set()

    async def next_one(self) -> Done:
        """Wait for the next unit that is done."""
        while not self._done:
            self._arrived = anyio.Event()
            await self._arrived.wait()
        future = self._done.popleft()
        return self._units.pop(future), future

    def end(self) -> list[Done]:
        """Take back what no worker has begun; give what is done."""
        return [(unit, future) for future, unit in self._units.items() if not future.cancel() and future.done()]
