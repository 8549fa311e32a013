"""An audit as its caller sees it: an iterator, synchronous or asynchronous, that also tells how far it is."""

import threading
import weakref
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import suppress
from types import TracebackType
from typing import Self

import anyio
from anyio.from_thread import BlockingPortal

from .background import spawn
from .engine import Engine, Plan
from .records import KeyUsageRecord
from .sessions import ClientOptions
from .summary import AuditSummary, Progress


class AsyncAudit(AsyncIterator[KeyUsageRecord]):
    """The records of an audit, as they become known; `audit_async` makes one.

    It begins with the first record that is asked for and goes on by itself, a few hundred records ahead. Iterate
    to the end, or leave it by `async with` or `aclose()`. Raises what ended the audit before its time.
    """

    def __init__(self, plan: Plan, options: ClientOptions, *, asynchronous: bool = True) -> None:
        self._engine = Engine(plan, options, asynchronous=asynchronous)
        self._task: Awaitable[None] | None = None
        self._begun = False

    async def __anext__(self) -> KeyUsageRecord:
        if not self._begun:
            self._begun = True
            self._task = spawn(self._engine.run)
        with suppress(anyio.EndOfStream, anyio.ClosedResourceError):
            return await self._engine.records.receive()
        await self._see_the_end()
        raise StopAsyncIteration

    async def next_ones(self) -> list[KeyUsageRecord]:
        """Give the next record and those that are ready with it; none at the end."""
        try:
            ready = [await anext(self)]
        except StopAsyncIteration:
            return []
        with suppress(anyio.WouldBlock, anyio.EndOfStream):
            while True:
                ready.append(self._engine.records.receive_nowait())
        return ready

    async def _see_the_end(self) -> None:
        task, self._task = self._task, None
        if task is not None:
            await task
        error, self._engine.error = self._engine.error, None
        if error is not None:
            raise error

    @property
    def summary(self) -> AuditSummary:
        """What the audit came to, or has come to so far."""
        return self._engine.ledger.summary()

    @property
    def progress(self) -> Progress:
        """How far the audit has come, and how long it will take."""
        return self._engine.ledger.progress()

    def stop(self) -> None:
        """Ask KMS for nothing more: the records of what was read still come, then the iteration ends."""
        self._engine.stop()

    def abandon(self) -> None:
        """End the audit without waiting for its end."""
        self._begun = True
        self._engine.abandon()

    async def aclose(self) -> None:
        """End the audit, and give no more records; a second time does nothing."""
        self._begun = True
        await self._engine.end()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    def __del__(self) -> None:
        with suppress(AttributeError, RuntimeError):  # never made, or the event loop has ended
            self.abandon()


class Audit(Iterator[KeyUsageRecord]):
    """The records of an audit, as they become known; `audit` makes one.

    It begins with the first record that is asked for and goes on by itself, a few hundred records ahead, in a
    thread of its own with an event loop. Iterate to the end, or leave it by `with` or `close()`. Raises what ended
    the audit before its time.
    """

    def __init__(self, plan: Plan, options: ClientOptions) -> None:
        self._audit = AsyncAudit(plan, options, asynchronous=False)
        self._ready: deque[KeyUsageRecord] = deque()
        self._portal: BlockingPortal | None = None
        self._finalizer: Callable[[], object] = self._audit.abandon
        self._ended = False

    def __next__(self) -> KeyUsageRecord:
        if not self._ready and not self._ended:
            if self._portal is None:
                self._portal, thread = _open_portal()
                # At the interpreter's end too, while the thread can still be waited for.
                self._finalizer = weakref.finalize(self, _close, self._audit, self._portal, thread)
            self._ready.extend(self._portal.call(self._audit.next_ones))
        if self._ready:
            return self._ready.popleft()
        self.close()
        raise StopIteration

    @property
    def summary(self) -> AuditSummary:
        """What the audit came to, or has come to so far."""
        return self._audit.summary

    @property
    def progress(self) -> Progress:
        """How far the audit has come, and how long it will take."""
        return self._audit.progress

    @property
    def ready(self) -> bool:
        """Whether the next record is there already, so that it can be had without a wait."""
        return bool(self._ready)

    def stop(self) -> None:
        """Ask KMS for nothing more: the records of what was read still come, then the iteration ends.

        Any thread may call it, and a signal handler too.
        """
        if self._portal is None:
            self._audit.stop()
        elif not self._ended:
            self._portal.start_task_soon(self._audit.stop)

    def close(self) -> None:
        """End the audit, and give no more records; a second time does nothing."""
        self._ended = True
        self._ready.clear()
        self._finalizer()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def _open_portal() -> tuple[BlockingPortal, threading.Thread]:
    """Start an event loop in a thread that no interpreter waits for at its end."""
    opened: deque[BlockingPortal] = deque()
    is_open = threading.Event()

    async def serve() -> None:
        async with BlockingPortal() as portal:
            opened.append(portal)
            is_open.set()
            await portal.sleep_until_stopped()

    thread = threading.Thread(target=anyio.run, args=(serve,), name="awskms-lite audit", daemon=True)
    thread.start()
    is_open.wait()
    return opened[0], thread


def _close(audit: AsyncAudit, portal: BlockingPortal, thread: threading.Thread) -> None:
    portal.call(audit.aclose)
    portal.call(portal.stop)
    thread.join()
