"""The two drivers: they run flows, and are the only places that wait.

A driver performs each step that a flow yields and sends the result in, or throws the failure in. `Driver`
does so with plain calls, `AsyncDriver` under asyncio and trio. A driver also minds the lifetime of what it
sends through: closed, forked, another event loop.
"""

import builtins
import os
from collections.abc import Awaitable, Callable
from threading import Lock
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import anyio
import anyio.lowlevel

from . import transport
from .errors import ClosedError, KMSLiteError
from .steps import Flow, Response, Send, Step

T = TypeVar("T")

CONNECT_TIMEOUT = 3.0
READ_TIMEOUT = 10.0


class _Lifetime:
    """What both drivers keep: the timeouts of an attempt, and whether the client was closed or forked."""

    def __init__(
        self, http_client: Any, connect_timeout: float | None, read_timeout: float | None, trust_env: bool
    ) -> None:
        if http_client is None:
            own = {"connect": CONNECT_TIMEOUT, "read": READ_TIMEOUT, "write": READ_TIMEOUT, "pool": None}
            self._timeouts: transport.Timeouts = own
        else:
            self._timeouts = http_client.timeout.as_dict()
        if connect_timeout is not None:
            self._timeouts["connect"] = connect_timeout
        if read_timeout is not None:
            self._timeouts.update(read=read_timeout, write=read_timeout)
        self._roots = transport.TrustedRoots(trust_env)
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
    ) -> None:
        if http_client is not None:
            transport.check_client(http_client, asynchronous=False)
        super().__init__(http_client, connect_timeout, read_timeout, trust_env)
        self._given = None if http_client is None else transport.Client(http_client)
        self._own: transport.Client | transport.Connections | None = None
        self._lock = Lock()
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

    def _perform(self, step: Step) -> Response | None:
        if not isinstance(step, Send):
            self._sleep(step.seconds)
            return None
        sender = self._sender()
        try:
            return sender.send(step.request, self._within(step.timeout), step.timeout)
        except sender.failures as error:
            raise transport.below_http(error, step.request) from error

    def _sender(self) -> transport.Client | transport.Connections:
        self._check_open()
        if self._given is not None:
            return self._given
        if self._forked():
            self._own, self._lock = None, Lock()
        with self._lock:
            if self._own is None:
                self._own = transport.open_sender(self._roots)
            return self._own

    def close(self) -> None:
        """Close the connections of our own; a second time does nothing."""
        self._closed = True
        if self._forked():
            return
        with self._lock:
            own, self._own = self._own, None
        if own is not None:
            own.close()


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
    ) -> None:
        if http_client is not None:
            transport.check_client(http_client, asynchronous=True)
        super().__init__(http_client, connect_timeout, read_timeout, trust_env)
        self._given = None if http_client is None else transport.AsyncClient(http_client)
        self._own: WeakKeyDictionary[object, transport.AsyncClient | transport.AsyncConnections]
        self._own = WeakKeyDictionary()
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

    async def _perform(self, step: Step) -> Response | None:
        if not isinstance(step, Send):
            await self._sleep(step.seconds)
            return None
        sender = self._sender()
        try:
            with anyio.fail_after(step.timeout):
                return await sender.send(step.request, self._within(step.timeout))
        except sender.failures as error:
            raise transport.below_http(error, step.request) from error
        except builtins.TimeoutError as error:
            raise transport.too_late(step.request) from error

    def _sender(self) -> transport.AsyncClient | transport.AsyncConnections:
        self._check_open()
        if self._given is not None:
            return self._given
        if self._forked():
            self._own.clear()
        loop = _running_loop()
        own = self._own.get(loop)
        if own is None:
            own = self._own[loop] = transport.open_async_sender(self._roots)
        return own

    async def aclose(self) -> None:
        """Close the connections of our own in this event loop; a second time does nothing.

        Those of a loop that has ended cannot be closed in it any more and are let go.
        """
        self._closed = True
        if self._forked():
            return
        own = self._own.pop(_running_loop(), None)
        if own is not None:
            await own.aclose()


def _running_loop() -> object:
    """Give what stands for the event loop we are in, asyncio's or trio's, and lives as long as it."""
    token: Any = anyio.lowlevel.current_token()
    return getattr(token, "native_token", token)
