"""The two drivers: they run flows, and are the only places that wait.

A driver performs each step that a flow yields and sends the result in, or throws the failure in. `Driver`
does so with plain calls, `AsyncDriver` under asyncio and trio. A driver also minds the lifetime of what it
sends through: closed, forked, another event loop.
"""

import builtins
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import anyio

from . import machine, transport
from .errors import ClosedError, KMSLiteError
from .steps import Alone, Flow, Read, Run, Send, Sleep, Step, Write

T = TypeVar("T")

CONNECT_TIMEOUT = 3.0
READ_TIMEOUT = 10.0


class _Lifetime:
    """What both drivers keep: the timeouts of an attempt, and whether the client was closed or forked."""

    def __init__(
        self,
        http_client: Any,
        connect_timeout: float | None,
        read_timeout: float | None,
        trust_env: bool,
        ca_bundle: str | None,
    ) -> None:
        given = getattr(http_client, "timeout", None)
        if given is None:
            own = {"connect": CONNECT_TIMEOUT, "read": READ_TIMEOUT, "write": READ_TIMEOUT, "pool": None}
            self._timeouts: transport.Timeouts = own
        else:
            self._timeouts = given.as_dict()
        if connect_timeout is not None:
            self._timeouts["connect"] = connect_timeout
        if read_timeout is not None:
            self._timeouts.update(read=read_timeout, write=read_timeout)
        self._roots = transport.TrustedRoots(trust_env, ca_bundle)
        self._closed = False
        self._pid = os.getpid()

    def _within(self, limit: float | None) -> transport.Timeouts:
        """Give the timeouts of one attempt, phase by phase and none of them longer than the limit."""
        if limit is None:
            return self._timeouts
        return {phase: limit if own is None else min(own, limit) for phase, own in self._timeouts.items()}

    def _check_open(self) -> None:
        if self._closed:
            raise ClosedError("This client is closed: make a new one, or close it later.")

    def _forked(self) -> bool:
        """Say, once, that this process is a fork: the sockets are the parent's, and a lock may be stuck."""
        before, self._pid = self._pid, os.getpid()
        return before != self._pid


class Driver(_Lifetime):
    """Runs flows with plain calls. Threads may share one."""

    def __init__(
        self,
        http_client: transport.HTTPClient | None,
        *,
        connect_timeout: float | None,
        read_timeout: float | None,
        sleep: Callable[[float], None],
        trust_env: bool,
        ca_bundle: str | None,
    ) -> None:
        if http_client is not None:
            transport.check_client(http_client, asynchronous=False)
        super().__init__(http_client, connect_timeout, read_timeout, trust_env, ca_bundle)
        self._given = None if http_client is None else transport.Client(http_client)
        self._own: dict[bool, transport.Client | transport.Connections] = {}
        self._lock = Lock()
        self._alone = Lock()
        self._sleep = sleep

    def run(self, flow: Flow[T]) -> T:
        """Run a flow to its end: give what it returns, or raise what it raises."""
        try:
            step = next(flow)
            while True:
                try:
                    result = self._perform(step)
                except KMSLiteError as error:
                    step = flow.throw(error)
                else:
                    step = flow.send(result)
        except StopIteration as end:
            value: T = end.value
            return value
        finally:
            flow.close()

    def _perform(self, step: Step) -> object:
        match step:
            case Send():
                return self._send(step)
            case Sleep(seconds):
                self._sleep(seconds)
            case Alone(flow, wait):
                self._run_alone(flow, wait)
            case Read(path):
                return machine.read_file(Path(path))
            case Write(path, content):
                machine.write_file(Path(path), content)
            case Run(argv, timeout):
                return machine.run_program(argv, timeout)
        return None

    def _send(self, step: Send) -> object:
        sender = self._sender(step.direct)
        try:
            return sender.send(step.request, self._within(step.timeout), step.timeout)
        except sender.failures as error:
            raise transport.below_http(error, step.request) from error

    def _run_alone(self, flow: Flow[None], wait: bool) -> None:
        if self._forked():
            self._renew()
        alone = self._alone
        if alone.acquire(blocking=wait):
            try:
                self.run(flow)
            finally:
                alone.release()

    def _sender(self, direct: bool) -> transport.Client | transport.Connections:
        if self._given is not None:
            self._check_open()
            return self._given
        if self._forked():
            self._renew()
        with self._lock:
            self._check_open()
            if direct not in self._own:
                connect = transport.Connections if direct else transport.open_sender
                self._own[direct] = connect(self._roots)
            return self._own[direct]

    def _renew(self) -> None:
        self._own, self._lock, self._alone = {}, Lock(), Lock()

    def close(self) -> None:
        """Close the connections of our own; a second time does nothing."""
        if self._forked():
            self._renew()
        with self._lock:
            self._closed = True
            own, self._own = self._own, {}
        for sender in own.values():
            sender.close()


class _Loop:
    """What an async driver keeps for one event loop: what it sends through, and the lock of who is alone."""

    def __init__(self) -> None:
        self.own: dict[bool, transport.AsyncClient | transport.AsyncConnections] = {}
        self.alone = anyio.Lock()


class AsyncDriver(_Lifetime):
    """Runs flows under asyncio and trio, for the tasks of one event loop, or of one loop after another."""

    def __init__(
        self,
        http_client: transport.AsyncHTTPClient | None,
        *,
        connect_timeout: float | None,
        read_timeout: float | None,
        sleep: Callable[[float], Awaitable[None]],
        trust_env: bool,
        ca_bundle: str | None,
    ) -> None:
        if http_client is not None:
            transport.check_client(http_client, asynchronous=True)
        super().__init__(http_client, connect_timeout, read_timeout, trust_env, ca_bundle)
        self._given = None if http_client is None else transport.AsyncClient(http_client)
        self._loops: WeakKeyDictionary[object, _Loop] = WeakKeyDictionary()
        self._sleep = sleep

    async def run(self, flow: Flow[T]) -> T:
        """Run a flow to its end: give what it returns, or raise what it raises."""
        try:
            step = next(flow)
            while True:
                try:
                    result = await self._perform(step)
                except KMSLiteError as error:
                    step = flow.throw(error)
                else:
                    step = flow.send(result)
        except StopIteration as end:
            value: T = end.value
            return value
        finally:
            flow.close()

    async def _perform(self, step: Step) -> object:
        match step:
            case Send():
                return await self._send(step)
            case Sleep(seconds):
                await self._sleep(seconds)
            case Alone(flow, wait):
                await self._run_alone(flow, wait)
            case Read(path):
                return await anyio.to_thread.run_sync(machine.read_file, Path(path))
            case Write(path, content):
                await anyio.to_thread.run_sync(machine.write_file, Path(path), content)
            case Run(argv, timeout):
                return await machine.run_program_async(argv, timeout)
        return None

    async def _send(self, step: Send) -> object:
        sender = self._sender(step.direct)
        try:
            with anyio.fail_after(step.timeout):
                return await sender.send(step.request, self._within(step.timeout))
        except sender.failures as error:
            raise transport.below_http(error, step.request) from error
        except builtins.TimeoutError as error:
            raise transport.too_late(step.request) from error

    async def _run_alone(self, flow: Flow[None], wait: bool) -> None:
        alone = self._here().alone
        if wait or not alone.locked():
            async with alone:
                await self.run(flow)

    def _sender(self, direct: bool) -> transport.AsyncClient | transport.AsyncConnections:
        self._check_open()
        if self._given is not None:
            return self._given
        own = self._here().own
        if direct not in own:
            connect = transport.AsyncConnections if direct else transport.open_async_sender
            own[direct] = connect(self._roots)
        return own[direct]

    def _here(self) -> "_Loop":
        """Give what belongs to the event loop we are in, and let go what belongs to loops that have ended.

        asyncio's connections hold their loop, so that it would not go by itself.
        """
        if self._forked():
            self._loops.clear()
        token = _running_loop()
        if token not in self._loops:
            for other in list(self._loops):
                if getattr(other, "is_closed", bool)():
                    del self._loops[other]
            self._loops[token] = _Loop()
        return self._loops[token]

    async def aclose(self) -> None:
        """Close the connections of our own in this event loop; a second time does nothing.

        Those of a loop that has ended cannot be closed in it any more and are let go.
        """
        self._closed = True
        if self._forked():
            return
        here = self._loops.pop(_running_loop(), None)
        self._loops.clear()
        for sender in here.own.values() if here else ():
            await sender.aclose()


def _running_loop() -> object:
    """Give what stands for the event loop we are in, asyncio's or trio's, and lives as long as it."""
    import anyio.lowlevel  # a sync process has no need of it

    token: Any = anyio.lowlevel.current_token()
    return getattr(token, "native_token", token)
