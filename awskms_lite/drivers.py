"""The two drivers: they run flows, and are the only places that wait.

A driver performs each step that a flow yields and sends the result in, or throws the failure in. `Driver`
does so with plain calls, `AsyncDriver` under asyncio and trio. A driver also keeps to the time that a run may
take, leaves a line in the log for each attempt, and minds the lifetime of what it sends through: closed, forked,
another event loop.
"""

import logging
import os
import re
from collections import defaultdict
from collections.abc import Awaitable, Callable, Hashable
from functools import partial
from pathlib import Path
from threading import TIMEOUT_MAX, Lock
from typing import Any, Protocol, TypeVar
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary, WeakSet

import anyio

from . import system, transport
from .errors import ClosedError, ConnectError, CredentialsError, KMSLiteError, ServiceError, TimeoutError
from .loading import loading
from .settings import checked_timeout
from .steps import Exclusive, Flow, Read, Request, Response, Run, Send, Sleep, Step, Write
from .system import steady as monotonic
from .transport import Timeouts

T = TypeVar("T")

CONNECT_TIMEOUT = 3.0
READ_TIMEOUT = 10.0

_THROUGH_GIVEN = (
    "The http_client given to this client carries the metadata requests too. If it has a proxy, keep them off it: "
    'mounts={"all://169.254.169.254": None, "all://169.254.170.2": None, "all://169.254.170.23": None}, or these '
    "addresses in NO_PROXY."
)

_REQUEST_ID = re.compile(r"[\w.:-]{0,40}", re.ASCII)  # a UUID has 36 characters, a signature 64, a token more

logger = logging.getLogger("awskms_lite")


class _Lifetime:
    """What both drivers keep: how long an attempt and a run may take, and whether the client was closed."""

    def __init__(
        self,
        http_client: Any,
        connect_timeout: float | None,
        read_timeout: float | None,
        timeout: float | None,
        trust_env: bool,
        ca_bundle: str | None,
    ) -> None:
        own = {"connect": CONNECT_TIMEOUT, "read": READ_TIMEOUT, "write": READ_TIMEOUT, "pool": None}
        given: Any = getattr(http_client, "timeout", None)
        self._timeouts: Timeouts = given.as_dict() if hasattr(given, "as_dict") else own
        if connect_timeout is not None:
            self._timeouts["connect"] = checked_timeout("connect_timeout", connect_timeout)
        if read_timeout is not None:
            limit = checked_timeout("read_timeout", read_timeout)
            self._timeouts.update(read=limit, write=limit)
        self._attempt = None if http_client is not None else self._sum_of_phases()
        self._timeout = checked_timeout("timeout", timeout)
        self._roots = transport.TrustedRoots(trust_env, ca_bundle)
        self._closed = False
        self._asked_through_given = False
        _living.add(self)

    def check_open(self) -> None:
        """Raise `ClosedError` once the client was closed."""
        if self._closed:
            raise ClosedError("This client is closed: make a new one, or close it later.")

    def renew(self) -> None:
        """Begin anew in a forked process: the sockets are the parent's, and a lock may be held for ever."""
        raise NotImplementedError

    def _sum_of_phases(self) -> float | None:
        """Give the seconds that an attempt may take, however an answer is spread; None for no bound."""
        connect, read = self._timeouts["connect"], self._timeouts["read"]
        return None if connect is None or read is None else connect + read

    def _attempt_limit(self, step: Send) -> float | None:
        """Give the seconds that this attempt may take: the step's own, or the driver's where they are fewer."""
        if step.timeout is None or self._attempt is None:
            return step.timeout or self._attempt
        return min(step.timeout, self._attempt)

    def _limit(self, timeout: float | None) -> float | None:
        return self._timeout if timeout is None else checked_timeout("timeout", timeout)

    def _within(self, deadline: float | None, request: Request) -> Timeouts:
        """Return the timeouts of one attempt, phase by phase and none of them beyond the deadline."""
        return self._timeouts if deadline is None else _Phases(self._timeouts, deadline, request)

    def _explained(self, error: CredentialsError) -> CredentialsError:
        """Return the error, which says so if metadata was asked for through a client of the caller's."""
        if self._asked_through_given:
            error.args = (f"{error}\n{_THROUGH_GIVEN}",)
        return error


class _Phases(dict[str, float | None]):
    """The timeouts of an attempt that has a deadline: httpcore asks as each phase begins, for what is left."""

    def __init__(self, phases: Timeouts, deadline: float, request: Request) -> None:
        self._own, self._deadline, self._request = phases, deadline, request
        super().__init__((phase, self.get(phase)) for phase in phases)

    def get(self, phase: str, default: Any = None) -> Any:
        """Return the seconds for a phase that begins now; raise `TimeoutError` once there are none left."""
        left = self._deadline - monotonic()
        if left <= 0:
            raise transport.too_late(self._request)
        own = self._own.get(phase, default)
        return left if own is None else min(own, left)


class _Attempt:
    """One request under way, and what came of it, for the log."""

    def __init__(self, step: Send) -> None:
        self._step = step
        self._began = monotonic()
        self._response: Response | None = None
        self._failure = ""

    def accept(self, response: Response) -> Any:
        """Return what the flow is given for the response."""
        self._response = response
        return self._step.outcome(response)

    def failed(self, error: KMSLiteError) -> None:
        """Take note of what the attempt ended in."""
        self._failure = error.code if isinstance(error, ServiceError) else type(error).__name__

    def log(self) -> None:
        """Leave a line: what was asked of whom, and what came of it; never what was sent."""
        if not logger.isEnabledFor(logging.DEBUG):
            return
        took, request = 1000 * (monotonic() - self._began), self._step.request
        sent = dict(request.headers)
        asked = sent.get("X-Amz-Target", "").rpartition(".")[2] or request.method
        if "amz-sdk-request" in sent:
            asked += f" ({sent['amz-sdk-request']})"
        came = "no answer"
        if self._response is not None:
            request_id = self._response.headers.get("x-amzn-requestid", "none")
            if not _REQUEST_ID.fullmatch(request_id):  # whatever it is: it may be what was sent
                request_id = "odd"
            came = f"HTTP {self._response.status}, request id {request_id}"
        if self._failure:
            came += f", {self._failure}"
        logger.debug("%s to %s: %s, %.1f ms", asked, urlsplit(request.url).netloc, came, took)


class _OutOfTime(Exception):
    """The time of a run is over: no failure that a flow is told of, but the end of the flow.

    `acting` says that a request was under way which may be carried out all the same.
    """

    def __init__(self, acting: bool = False) -> None:
        super().__init__(acting)
        self.acting = acting


class _Renewable(Protocol):
    def renew(self) -> None:
        """Begin anew in a forked process, where another thread's lock may be held for ever."""


_living: WeakSet[_Renewable] = WeakSet()


def renew_after_fork(*shared: _Renewable | None) -> None:
    """Let what a client's calls share begin anew in a forked process, as far as there is any."""
    _living.update(filter(None, shared))


def _renew_all() -> None:
    for shared in list(_living):
        shared.renew()


if hasattr(os, "register_at_fork"):  # Windows does not fork
    os.register_at_fork(after_in_child=_renew_all)


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
        timeout: float | None = None,
    ) -> None:
        if http_client is not None:
            transport.check_client(http_client, asynchronous=False)
        super().__init__(http_client, connect_timeout, read_timeout, timeout, trust_env, ca_bundle)
        self._given = None if http_client is None else transport.Client(http_client)
        self._sleep = sleep
        self.renew()

    def renew(self) -> None:
        """Begin anew in a forked process: the sockets are the parent's, and a lock may be held for ever."""
        self._own: dict[transport.Proxy | None, transport.Client | transport.Connections] = {}
        self._senders: dict[tuple[str, bool], transport.Client | transport.Connections] = {}
        self._lock = Lock()
        self._alone: defaultdict[Hashable, Lock] = defaultdict(Lock)

    def run(self, flow: Flow[T], timeout: float | None = None) -> T:
        """Run a flow to its end: give what it returns, or raise what it raises.

        `timeout` (seconds) bounds the run, the driver's own where it is None; `TimeoutError` is raised then.
        """
        limit = self._limit(timeout)
        self.check_open()
        try:
            return self._run(flow, None if limit is None else monotonic() + limit)
        except CredentialsError as error:
            raise self._explained(error)  # noqa: B904 - the same error
        except _OutOfTime as end:
            raise _too_late(limit, end.acting) from end.__cause__

    def _run(self, flow: Flow[T], deadline: float | None) -> T:
        outcome: object = None
        failure: KMSLiteError | None = None
        try:
            while True:
                try:
                    step = flow.send(outcome) if failure is None else flow.throw(failure)
                except StopIteration as end:
                    value: T = end.value
                    return value
                outcome = failure = None
                try:
                    outcome = self._perform(step, deadline)
                except KMSLiteError as error:
                    if deadline is not None and monotonic() >= deadline:
                        raise _OutOfTime(_is_mutating(step) and not isinstance(error, ConnectError)) from error
                    failure = error
        finally:
            failure = None  # else it would hold this frame, and this frame it
            flow.close()

    def _perform(self, step: Step, deadline: float | None) -> object:
        match step:
            case Send():
                return self._send(step, deadline)
            case Sleep(seconds):
                if _left(seconds, deadline) < seconds:
                    raise _OutOfTime
                logger.debug("Waiting %.3f s", seconds)
                self._sleep(seconds)
            case Exclusive(flow, wait, key):
                with self._lock:
                    lock = self._alone[key]
                return self._run_exclusive(flow, wait, lock, deadline)
            case Read(path):
                return system.read_file(Path(path), _left(system.FILE_TIMEOUT, deadline))
            case Write(path, content):
                system.write_file(Path(path), content)
            case Run(argv, timeout, environ):
                return system.run_program(argv, _left(timeout, deadline), environ)
        return None

    def _send(self, step: Send, deadline: float | None) -> Any:
        sender, limit = self._sender(step), self._attempt_limit(step)
        if limit is not None:
            deadline = monotonic() + _left(limit, deadline)
        attempt = _Attempt(step)
        try:
            return sender.send(step.request, attempt.accept, self._within(deadline, step.request), deadline)
        except KMSLiteError as error:
            attempt.failed(error)
            raise
        except AssertionError:  # a test's own transport
            raise
        except sender.failures as failure:
            ours = sender.explain(failure, step.request)
            attempt.failed(ours)
        finally:
            attempt.log()
        try:
            raise ours  # out here, so that it holds nothing of the failure, which may repeat what was sent
        finally:
            del ours  # else it would hold this frame, and this frame it

    def _run_exclusive(self, flow: Flow[T], wait: bool, alone: Lock, deadline: float | None) -> T | None:
        if not alone.acquire(wait, _left(TIMEOUT_MAX, deadline) if wait else -1):
            if wait:
                raise _OutOfTime
            return None
        try:
            return self._run(flow, deadline)
        finally:
            alone.release()

    def _sender(self, step: Send) -> transport.Client | transport.Connections:
        if self._given is not None:
            self._asked_through_given = self._asked_through_given or step.direct
            return self._given
        origin = transport.origin_of(step.request.url), step.direct
        with self._lock:
            self.check_open()
            if origin not in self._senders:
                proxy = transport.route(step.request, self._roots, direct=step.direct)
                if proxy not in self._own:
                    self._own[proxy] = self._open(proxy)
                self._senders[origin] = self._own[proxy]
            return self._senders[origin]

    def _open(self, proxy: transport.Proxy | None) -> transport.Client | transport.Connections:
        return transport.Connections(self._roots) if proxy is None else transport.ProxiedClient(proxy, self._roots)

    def close(self) -> None:
        """Close the connections of our own; a second time does nothing."""
        with self._lock:
            self._closed = True
            own, self._own, self._senders = self._own, {}, {}
        for sender in own.values():
            sender.close()


class _Run:
    """What is known of a run when its time is over: whether a request was under way that may be carried out."""

    acting = False


class _Loop:
    """What an async driver keeps for one event loop: what it sends through, and the locks of who is alone."""

    def __init__(self) -> None:
        self.own: dict[transport.Proxy | None, transport.AsyncClient | transport.AsyncConnections] = {}
        self.senders: dict[tuple[str, bool], transport.AsyncClient | transport.AsyncConnections] = {}
        self.alone: defaultdict[Hashable, anyio.Lock] = defaultdict(anyio.Lock)


class AsyncDriver(_Lifetime):
    """Runs flows under asyncio and trio, for the tasks of one event loop, or of one loop after another.

    With `in_threads` the `http_client` is a synchronous one, and each request is sent in a thread.
    """

    def __init__(
        self,
        http_client: transport.AsyncHTTPClient | transport.HTTPClient | None,
        *,
        connect_timeout: float | None,
        read_timeout: float | None,
        sleep: Callable[[float], Awaitable[None]],
        trust_env: bool,
        ca_bundle: str | None,
        timeout: float | None = None,
        in_threads: bool = False,
    ) -> None:
        if http_client is not None:
            transport.check_client(http_client, asynchronous=not in_threads)
        super().__init__(http_client, connect_timeout, read_timeout, timeout, trust_env, ca_bundle)
        wrap = transport.ClientInThreads if in_threads else transport.AsyncClient
        self._given = None if http_client is None else wrap(http_client)
        self._sleep = sleep
        self.renew()

    def renew(self) -> None:
        """Begin anew in a forked process: the sockets are the parent's."""
        self._loops: WeakKeyDictionary[object, _Loop] = WeakKeyDictionary()

    async def run(self, flow: Flow[T], timeout: float | None = None) -> T:
        """Run a flow to its end: give what it returns, or raise what it raises.

        `timeout` (seconds) bounds the run, the driver's own where it is None; `TimeoutError` is raised then.
        """
        limit = self._limit(timeout)
        self.check_open()
        if not self._loops:
            _running_loop()  # first of all, for what it loads
        run = _Run()
        try:
            if limit is None:
                return await self._run(flow, run)
            with anyio.move_on_after(limit):
                return await self._run(flow, run)
        except CredentialsError as error:
            raise self._explained(error)  # noqa: B904 - the same error
        raise _too_late(limit, run.acting)

    async def _run(self, flow: Flow[T], run: "_Run") -> T:
        outcome: object = None
        failure: KMSLiteError | None = None
        try:
            while True:
                try:
                    step = flow.send(outcome) if failure is None else flow.throw(failure)
                except StopIteration as end:
                    value: T = end.value
                    return value
                outcome = failure = None
                run.acting = _is_mutating(step)
                try:
                    outcome = await self._perform(step, run)
                except KMSLiteError as error:
                    failure = error
        finally:
            failure = None  # else it would hold this frame, and this frame it
            flow.close()

    async def _perform(self, step: Step, run: "_Run") -> object:
        match step:
            case Send():
                return await self._send(step)
            case Sleep(seconds):
                logger.debug("Waiting %.3f s", seconds)
                await self._sleep(seconds)
            case Exclusive(flow, wait, key):
                return await self._run_exclusive(flow, wait, self._here().alone[key], run)
            case Read(path):
                limit = min(system.FILE_TIMEOUT, anyio.current_effective_deadline() - anyio.current_time())
                read = partial(system.read_file, Path(path), max(0, limit))
                return await anyio.to_thread.run_sync(read, abandon_on_cancel=True)
            case Write(path, content):
                await anyio.to_thread.run_sync(system.write_file, Path(path), content)
            case Run(argv, timeout, environ):
                return await system.run_program_async(argv, timeout, environ)
        return None

    async def _send(self, step: Send) -> Any:
        sender, limit = self._sender(step), self._attempt_limit(step)
        timeouts = self._within(None if step.timeout is None else monotonic() + step.timeout, step.request)
        attempt = _Attempt(step)
        try:
            return await sender.send(step.request, attempt.accept, timeouts, limit)
        except KMSLiteError as error:
            attempt.failed(error)
            raise
        except AssertionError:  # a test's own transport
            raise
        except sender.failures as failure:
            ours = sender.explain(failure, step.request)
            attempt.failed(ours)
        finally:
            attempt.log()
        try:
            raise ours  # out here, so that it holds nothing of the failure, which may repeat what was sent
        finally:
            del ours  # else it would hold this frame, and this frame it

    async def _run_exclusive(self, flow: Flow[T], wait: bool, alone: anyio.Lock, run: "_Run") -> T | None:
        if not wait and alone.locked():
            return None
        async with alone:
            return await self._run(flow, run)

    def _sender(
        self, step: Send
    ) -> transport.AsyncClient | transport.AsyncConnections | transport.ClientInThreads:
        if self._given is not None:
            self._asked_through_given = self._asked_through_given or step.direct
            return self._given
        self.check_open()
        here, origin = self._here(), (transport.origin_of(step.request.url), step.direct)
        if origin not in here.senders:
            proxy = transport.route(step.request, self._roots, direct=step.direct)
            if proxy not in here.own:
                here.own[proxy] = self._open(proxy)
            here.senders[origin] = here.own[proxy]
        return here.senders[origin]

    def _open(self, proxy: transport.Proxy | None) -> transport.AsyncClient | transport.AsyncConnections:
        if proxy is None:
            return transport.AsyncConnections(self._roots)
        return transport.ProxiedAsyncClient(proxy, self._roots)

    def _here(self) -> "_Loop":
        """Give what belongs to the event loop we are in, and let go what belongs to loops that have ended.

        asyncio's connections hold their loop, so that it would not go by itself.
        """
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
        here = self._loops.pop(_running_loop(), None)
        self._loops.clear()
        for sender in here.own.values() if here else ():
            await sender.aclose()


def _running_loop() -> object:
    """Give what stands for the event loop we are in, asyncio's or trio's, and lives as long as it."""
    with loading:
        import anyio.lowlevel  # a sync process has no need of it

        token: Any = anyio.lowlevel.current_token()  # the first time anyio loads what it has for this kind of loop
    return getattr(token, "native_token", token)


def _left(limit: float, deadline: float | None) -> float:
    """Give the seconds that a step may take: its own limit, or what is left of the run's if that is less."""
    if deadline is None:
        return limit
    left = deadline - monotonic()
    if left <= 0:
        raise _OutOfTime
    return min(limit, left)


def _is_mutating(step: Step) -> bool:
    return isinstance(step, Send) and step.mutating


def _too_late(limit: float | None, acting: bool) -> TimeoutError:
    error = TimeoutError(
        f"The call did not come to its end within its timeout of {limit:g} s: try again later, or allow a longer "
        "one."
    )
    error.outcome_unknown = acting
    return error
