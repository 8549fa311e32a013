"""An audit as its caller sees it: an iterator, synchronous or asynchronous, that also tells how far it is."""

import asyncio
import errno
import os
import threading
import weakref
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import suppress
from types import TracebackType
from typing import Any, Self, TypeVar

import anyio
from anyio.from_thread import BlockingPortal

from ..system import monotonic
from .background import caller_in_loop, spawn
from .engine import Engine, Plan
from .records import KeyUsageRecord
from .sessions import ClientOptions
from .summary import AuditSummary, Progress

T = TypeVar("T")


class AsyncAudit(AsyncIterator[KeyUsageRecord]):
    """The records of an audit, as they become known; `audit_async` makes one.

    It begins with the first record that is asked for and goes on by itself, a few hundred records ahead. Iterate
    to the end, or leave it by `async with` or `aclose()`. Raises what ended the audit before its time.
    """

    def __init__(self, plan: Plan, options: ClientOptions, *, asynchronous: bool = True) -> None:
        self._engine = Engine(plan, options, asynchronous=asynchronous)
        self._begun = False
        self._soon: Callable[[Callable[[], object]], None] | None = None

    async def __anext__(self) -> KeyUsageRecord:
        await self.wait()
        record = self.take()
        if record is None:
            await self._engine.let_go()
            self.check()
            raise StopAsyncIteration
        self._engine.outbox.make_room()
        return record

    async def wait(self) -> None:
        """Wait until a record can be taken, or there will be none any more."""
        if not self._begun:
            self._begun = True
            self._soon = caller_in_loop()
            spawn(self._engine.run)
        await self._engine.outbox.wait()

    def take(self) -> KeyUsageRecord | None:
        """Take a record without waiting, None where there is none; any thread may do so."""
        return self._engine.outbox.take()

    def check(self) -> None:
        """Raise what ended the audit before its time, once."""
        self._engine.check()

    @property
    def summary(self) -> AuditSummary:
        """What the audit came to, or has come to so far."""
        return self._engine.ledger.summary()

    @property
    def progress(self) -> Progress:
        """How far the audit has come, and how long it will take."""
        return self._engine.ledger.progress()

    def stop(self) -> None:
        """Ask KMS for nothing more: the records of what was read still come, then the iteration ends.

        Any thread may call it, and a signal handler too.
        """
        if self._soon is None:
            self._engine.stop()
        else:
            self._soon(self._engine.stop)

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

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {_in_words(self.progress)}>"

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
        self._loop: _LoopThread | None = None
        self._finalizer: Callable[[], object] = self._audit.abandon
        self._ended = False
        self._next: KeyUsageRecord | None = None

    def __next__(self) -> KeyUsageRecord:
        while not self._ended:
            if self.ready:
                record, self._next = self._next, None
                assert record is not None
                return record
            if self._loop is None:
                self._loop = _LoopThread()
                # At the interpreter's end too, while the thread can still be waited for.
                self._finalizer = weakref.finalize(self, self._loop.end, self._audit)
            self._loop.call(self._audit.wait)
            if not self.ready:
                self._audit.check()
                self.close()
        raise StopIteration

    @property
    def ready(self) -> bool:
        """Whether the next record is there already, so that it can be had without a wait."""
        if self._next is None:
            self._next = self._audit.take()
        return self._next is not None

    @property
    def summary(self) -> AuditSummary:
        """What the audit came to, or has come to so far."""
        return self._audit.summary

    @property
    def progress(self) -> Progress:
        """How far the audit has come, and how long it will take."""
        return self._audit.progress

    def stop(self) -> None:
        """Ask KMS for nothing more: the records of what was read still come, then the iteration ends.

        Any thread may call it, and a signal handler too.
        """
        self._audit.stop()

    def close(self) -> None:
        """End the audit, and give no more records; a second time does nothing."""
        self._ended = True
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

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {_in_words(self.progress)}>"


class _LoopThread:
    """An event loop in a thread that no interpreter waits for at its end."""

    def __init__(self) -> None:
        self._process = os.getpid()
        self._is_open = threading.Event()
        self._thread = threading.Thread(target=self._run, name="awskms-lite audit", daemon=True)
        self._failure: OSError | None = None
        try:
            self._thread.start()
        except RuntimeError as error:  # Python's word for a machine without a thread to spare
            raise OSError(errno.EAGAIN, str(error)) from error
        self._is_open.wait()
        if self._failure is not None:
            raise self._failure

    def _run(self) -> None:
        try:
            anyio.run(self._serve, backend="asyncio", backend_options={"loop_factory": _steady_loop})
        except OSError as error:  # no file descriptors left, for example
            self._failure = error
        finally:
            self._is_open.set()

    async def _serve(self) -> None:
        async with BlockingPortal() as self._portal:
            self._stopped = anyio.Event()
            self._is_open.set()
            await self._stopped.wait()

    def call(self, function: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Run a coroutine function there, and wait for its result."""
        result: T = self._portal.call(function)
        return result

    def end(self, audit: AsyncAudit) -> None:
        """End the audit there, and the thread; in another process, where there is none, nothing is to be done."""
        if os.getpid() != self._process:
            return
        if threading.current_thread() is self._thread:  # the garbage collector may run anywhere
            audit.abandon()
            self._stopped.set()
            return
        self._portal.call(audit.aclose)
        self._portal.call(self._stopped.set)
        self._thread.join()


def _steady_loop() -> asyncio.AbstractEventLoop:
    """Make an event loop whose waits end where a tool has frozen `time.monotonic`."""
    loop = asyncio.new_event_loop()
    with suppress(AttributeError):  # uvloop's, which cannot be changed and need not be
        loop.time = monotonic  # type: ignore[method-assign]
    return loop


def _in_words(progress: Progress) -> str:
    return f"{progress.reported} of {progress.listed} keys"
