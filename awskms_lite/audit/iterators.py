"""An audit as its caller sees it: an iterator, synchronous or asynchronous, that also reports its progress."""

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

from ..errors import ClosedError
from ..system import monotonic
from .clients import ClientOptions
from .engine import Engine, Plan, State
from .event_loop import loop_caller, spawn
from .progress import AuditSummary, Progress
from .records import KeyUsageRecord

T = TypeVar("T")


class AsyncAudit(AsyncIterator[KeyUsageRecord]):
    """The records of an audit, as they become known; `audit_async` makes one.

    It starts when the first record is asked for and reads on by itself, a few hundred records ahead. Iterate to
    the end, or leave it by `async with` or `aclose()`. It raises the error that ended the audit early, if there
    is one.
    """

    def __init__(self, plan: Plan, options: ClientOptions, *, asynchronous: bool = True) -> None:
        self._engine = Engine(plan, options, asynchronous=asynchronous)
        self._call_in_loop: Callable[[Callable[[], object]], None] | None = None
        self._stop_requested = False

    async def __anext__(self) -> KeyUsageRecord:
        await self.wait()
        record = self.take()
        if record is None:
            self.check()
            raise StopAsyncIteration
        self._engine.queue.make_room()
        return record

    async def wait(self) -> None:
        """Start the audit if it is new; wait until there is a record to take, or none will come any more."""
        if self._engine.state is State.NEW:
            self._call_in_loop = loop_caller()  # before the request to stop is looked at: see `stop`
            self._engine.start()
            if self._stop_requested:
                self._engine.stop()
            spawn(self._engine.run)
        await self._engine.queue.wait()

    def take(self) -> KeyUsageRecord | None:
        """Return the next record without waiting, None if there is none; any thread may call this."""
        return self._engine.queue.take()

    def check(self) -> None:
        """Raise the error that ended the audit early, if there is one, once."""
        self._engine.check()

    @property
    def ready(self) -> bool:
        """Return whether there is a record to take."""
        return len(self._engine.queue) > 0

    @property
    def closed(self) -> bool:
        """Return whether the audit is over, and its connections and files are closed."""
        return self._engine.state is State.CLOSED

    @property
    def summary(self) -> AuditSummary:
        """Return the result of the audit, or its state so far."""
        return self._engine.progress.summary()

    @property
    def progress(self) -> Progress:
        """Return how far the audit has come, and how long it will take."""
        return self._engine.progress.progress()

    def stop(self) -> None:
        """Request nothing more from KMS: the records of what was read still come, then the iteration ends.

        Any thread may call this, and a signal handler too.
        """
        # No lock, which a signal handler could not take: either this sees the loop, or `wait` sees the request.
        self._stop_requested = True
        if self._call_in_loop is not None:
            self._call_in_loop(self._engine.stop)

    def cancel(self) -> None:
        """End the audit without waiting for its end, and return no more records; any thread may call this."""
        if self._call_in_loop is not None:
            self._call_in_loop(self._engine.cancel)
        else:
            self._engine.cancel()

    async def aclose(self) -> None:
        """Cancel the audit and wait for its end; a second call does nothing."""
        await self._engine.aclose()

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
        return f"<{type(self).__name__}: {_described(self.progress)}>"

    def __del__(self) -> None:
        with suppress(AttributeError):  # the constructor failed
            self.cancel()


class Audit(Iterator[KeyUsageRecord]):
    """The records of an audit, as they become known; `audit` makes one.

    It starts when the first record is asked for and reads on by itself, a few hundred records ahead, in a thread
    of its own with an event loop. Iterate to the end, or leave it by `with` or `close()`. It raises the error
    that ended the audit early, if there is one.
    """

    def __init__(self, plan: Plan, options: ClientOptions) -> None:
        self._audit = AsyncAudit(plan, options, asynchronous=False)
        self._loop: _LoopThread | None = None
        self._starting = threading.Lock()  # two threads may ask for the first record at once
        self._finalizer: Callable[[], object] = self._audit.cancel

    def __next__(self) -> KeyUsageRecord:
        # The loop's thread is asked only when the queue is empty: `wait` then makes room for the next records.
        while not self.ready and not self._audit.closed:
            self._wait()
        record = self._audit.take()
        if record is not None:
            return record
        try:
            self._audit.check()
        finally:
            self.close()
        raise StopIteration

    def _wait(self) -> None:
        with self._starting:
            if self._loop is None:
                self._loop = _LoopThread()
                # At the interpreter's end too, while the thread can still be waited for.
                self._finalizer = weakref.finalize(self, self._loop.close, self._audit)
        self._loop.call(self._audit.wait)

    @property
    def ready(self) -> bool:
        """Return whether the next record is there already, so that `next` returns without a wait."""
        return self._audit.ready

    @property
    def summary(self) -> AuditSummary:
        """Return the result of the audit, or its state so far."""
        return self._audit.summary

    @property
    def progress(self) -> Progress:
        """Return how far the audit has come, and how long it will take."""
        return self._audit.progress

    def stop(self) -> None:
        """Request nothing more from KMS: the records of what was read still come, then the iteration ends.

        Any thread may call this, and a signal handler too.
        """
        self._audit.stop()

    def close(self) -> None:
        """Cancel the audit and wait for its end; a second call does nothing."""
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
        return f"<{type(self).__name__}: {_described(self.progress)}>"


class _LoopThread:
    """An event loop in a thread that the interpreter does not wait for at its end."""

    def __init__(self) -> None:
        self._process = os.getpid()
        self._is_open = threading.Event()
        self._thread = threading.Thread(target=self._run, name="awskms-lite audit", daemon=True)
        self._failure: OSError | None = None
        try:
            self._thread.start()
        except RuntimeError as error:  # how Python reports that the system has no thread to spare
            raise OSError(errno.EAGAIN, str(error)) from error
        self._is_open.wait()
        if self._failure is not None:
            raise self._failure

    def _run(self) -> None:
        try:
            anyio.run(self._serve, backend="asyncio", backend_options={"loop_factory": _monotonic_loop})
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
        """Run a coroutine function in the loop and return its result; raise `ClosedError` in a forked process."""
        if os.getpid() != self._process:
            raise ClosedError("This audit runs in the parent process: read its records there.")
        result: T = self._portal.call(function)
        return result

    def close(self, audit: AsyncAudit) -> None:
        """End the audit and the thread; do nothing in a forked process, which has no such thread."""
        if os.getpid() != self._process:
            return
        if threading.current_thread() is self._thread:  # the garbage collector may run in any thread
            audit.cancel()
            self._stopped.set()
            return
        self._portal.call(audit.aclose)
        self._portal.call(self._stopped.set)
        self._thread.join()


def _monotonic_loop() -> asyncio.AbstractEventLoop:
    """Return an event loop whose timeouts end even if a tool has frozen `time.monotonic`."""
    loop = asyncio.new_event_loop()
    with suppress(AttributeError):  # uvloop's cannot be changed and need not be
        loop.time = monotonic  # type: ignore[method-assign]
    return loop


def _described(progress: Progress) -> str:
    return f"{progress.reported} of {progress.listed} keys"
