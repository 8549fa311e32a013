"""The asynchronous driver: it runs flows under asyncio and trio."""

import inspect
from collections import defaultdict
from collections.abc import Awaitable, Callable, Hashable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import anyio

from .. import system, transport
from ..errors import CredentialsError, KMSLiteError
from ..loading import loading
from ..steps import Call, Exclusive, Flow, Read, Run, Send, Sleep, Step, Write
from ..transport import NEVER, Deadline, DeadlineExceeded, Proxy
from .attempt import Attempt, logger
from .driver_base import DriverBase, Routes, check_not_closed, may_be_executed, out_of_time

T = TypeVar("T")


class LoopState:
    """What an async driver keeps for one event loop: its senders, and the locks of exclusive flows."""

    def __init__(self, routes: Routes[transport.AsyncConnectionPool]) -> None:
        self.routes = routes
        self.locks: defaultdict[Hashable, anyio.Lock] = defaultdict(anyio.Lock)


class AsyncDriver(DriverBase[transport.AsyncClient | transport.ClientInThreads]):
    """Runs flows under asyncio and trio, for the tasks of one event loop, or of one loop after another.

    With `in_threads` the `http_client` is a synchronous one, and each request is sent in a thread.
    """

    def __init__(
        self,
        http_client: "transport.AsyncHTTPClient | transport.HTTPClient | None",
        *,
        connect_timeout: float | timedelta | None,
        read_timeout: float | timedelta | None,
        sleep: Callable[[float], Awaitable[None]],
        trust_env: bool,
        ca_bundle: str | None,
        in_threads: bool = False,
    ) -> None:
        if http_client is not None:
            transport.check_client(http_client, asynchronous=not in_threads)
        self.sleep = sleep
        super().__init__(
            http_client,
            transport.ClientInThreads if in_threads else transport.AsyncClient,
            connect_timeout=connect_timeout,
            read_timeout=read_timeout,
            trust_env=trust_env,
            ca_bundle=ca_bundle,
        )

    def renew(self) -> None:
        """Begin without connections and locks; in a forked process too, where they are the parent's."""
        self._loops: WeakKeyDictionary[object, LoopState] = WeakKeyDictionary()

    def _open(self, proxy: Proxy | None) -> transport.AsyncConnectionPool:
        return transport.AsyncConnectionPool(self._roots, self._timeouts, proxy)

    async def run(self, flow: Flow[T], timeout: float | None = None) -> T:
        """Run a flow to its end: return what it returns, or raise what it raises.

        `timeout` (seconds) bounds the run, None does not; after that `TimeoutError` is raised.
        """
        self.check_open()
        if not self._loops:
            _running_loop()  # first of all, for what it loads
        try:
            return await self._drive(flow, NEVER.within(timeout))
        except CredentialsError as error:
            raise self._with_hint(error)  # noqa: B904 - the same error
        except DeadlineExceeded as end:
            raise out_of_time(timeout, end) from end.__cause__

    async def _drive(self, flow: Flow[T], deadline: Deadline) -> T:
        outcome: object = None
        failure: KMSLiteError | None = None
        executed = False  # whether a step before may have been executed, which no answer said
        try:
            while True:
                try:
                    step = flow.send(outcome) if failure is None else flow.throw(failure)
                except StopIteration as end:
                    value: T = end.value
                    return value
                outcome = failure = None
                try:
                    outcome = await self._perform(step, deadline)
                except KMSLiteError as error:
                    executed = executed or may_be_executed(step, error)
                    if deadline.has_passed():
                        raise DeadlineExceeded(may_have_executed=executed) from error
                    failure = error
                except DeadlineExceeded as end:
                    end.may_have_executed = end.may_have_executed or executed
                    raise
        finally:
            failure = None  # else it would hold this frame, and this frame it
            flow.close()

    async def _perform(self, step: Step, deadline: Deadline) -> object:
        match step:
            case Send():
                return await self._send(step, deadline)
            case Sleep(seconds):
                logger.debug("Waiting %.3f s", seconds)
                await deadline.wait_for(self.sleep(seconds))
            case Exclusive():
                return await self._run_exclusive(step, deadline)
            case Read(path):
                return await deadline.wait_for(_read_file(Path(path)))
            case Write(path, content):
                await deadline.wait_for(anyio.to_thread.run_sync(system.write_file, Path(path), content))
            case Run(argv, timeout, environ):
                return await deadline.wait_for(system.run_program_async(argv, timeout, environ))
            case Call(function):
                return await deadline.wait_for(_result_of(function))
        return None

    async def _send(self, step: Send, deadline: Deadline) -> Any:
        deadline.check()
        sender = self._given_sender(step) or self._loop_state().routes.sender(step)
        attempt = Attempt(step)
        try:
            return await sender.send(step, attempt.accept, deadline)
        except KMSLiteError as error:
            failure = attempt.failed(error)
        finally:
            attempt.log()
        try:
            raise failure  # out here, where no exception is handled that it would hold
        finally:
            del failure  # else it would hold this frame, and this frame it

    async def _run_exclusive(self, step: Exclusive, deadline: Deadline) -> Any:
        lock = self._loop_state().locks[step.key]
        if not step.wait and lock.locked():
            return None
        await deadline.wait_for(lock.acquire())
        try:
            return await self._drive(step.flow, deadline)
        finally:
            lock.release()

    def _loop_state(self) -> LoopState:
        """Return what belongs to the event loop we are in, and forget what belongs to loops that have ended.

        asyncio's connections hold their loop, so that it would never be freed by itself.
        """
        loop = _running_loop()
        if loop not in self._loops:
            for other in list(self._loops):
                if getattr(other, "is_closed", bool)():
                    del self._loops[other]
            routes = Routes(self._open, self.check_open, trust_env=self._roots.trust_env)
            self._loops[loop] = LoopState(routes)
        return self._loops[loop]

    async def aclose(self) -> None:
        """Close the connections of our own in this event loop; a second time does nothing.

        Those of a loop that has ended cannot be closed any more and are forgotten.
        """
        self._closed = True
        state = self._loops.pop(_running_loop(), None)
        self._loops.clear()
        for sender in state.routes.clear() if state else ():
            await sender.aclose()


async def _read_file(path: Path) -> bytes | None:
    """Read a file in a thread, which goes on no longer than anybody waits for it."""
    left = anyio.current_effective_deadline() - anyio.current_time()
    read = partial(system.read_file, path, max(0, min(system.FILE_TIMEOUT, left)))
    return await anyio.to_thread.run_sync(read, abandon_on_cancel=True)


class AsyncSharedDriver:
    """A driver that uses the connections of another and is closed by itself, or with the other."""

    def __init__(self, driver: "AsyncDriver | AsyncSharedDriver") -> None:
        self._driver = driver
        self.sleep: Callable[[float], Awaitable[None]] = driver.sleep
        self._closed = False

    def check_open(self) -> None:
        """Raise `ClosedError` once this driver or the other was closed."""
        check_not_closed(self._closed)
        self._driver.check_open()

    async def run(self, flow: Flow[T], timeout: float | None = None) -> T:
        """Run a flow to its end, as `AsyncDriver.run` does."""
        check_not_closed(self._closed)
        return await self._driver.run(flow, timeout)

    async def aclose(self) -> None:
        """Close this driver and none of the other's connections."""
        self._closed = True


def _running_loop() -> object:
    """Return what stands for the event loop we are in, asyncio's or trio's, and lives as long as it."""
    with loading:
        import anyio.lowlevel  # a sync process has no need of it

        token: Any = anyio.lowlevel.current_token()  # the first time anyio loads what it has for this kind of loop
    return getattr(token, "native_token", token)


async def _result_of(function: Callable[[], Any]) -> Any:
    if inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(type(function).__call__):
        return await function()
    (result,) = await anyio.to_thread.run_sync(
        lambda: (function(),), abandon_on_cancel=True
    )  # trio: no coroutines
    return await result if inspect.isawaitable(result) else result
