"""The synchronous driver: it runs flows with plain calls."""

import inspect
from collections import defaultdict
from collections.abc import Callable, Hashable
from datetime import timedelta
from pathlib import Path
from threading import TIMEOUT_MAX, Lock
from typing import Any, TypeVar

from .. import system, transport
from ..errors import CredentialsError, KMSLiteError, ParameterError
from ..steps import Call, Exclusive, Flow, Read, Run, Send, Sleep, Step, Write
from ..transport import NEVER, Deadline, DeadlineExceeded, Proxy
from .attempt import Attempt, logger
from .driver_base import DriverBase, Routes, check_not_closed, may_be_executed, out_of_time

T = TypeVar("T")


class Driver(DriverBase[transport.Client]):
    """Runs flows with plain calls. Threads may share one."""

    def __init__(
        self,
        http_client: "transport.HTTPClient | None",
        *,
        connect_timeout: float | timedelta | None,
        read_timeout: float | timedelta | None,
        sleep: Callable[[float], None],
        trust_env: bool,
        ca_bundle: str | None,
    ) -> None:
        if http_client is not None:
            transport.check_client(http_client, asynchronous=False)
        self.sleep = sleep
        super().__init__(
            http_client,
            transport.Client,
            connect_timeout=connect_timeout,
            read_timeout=read_timeout,
            trust_env=trust_env,
            ca_bundle=ca_bundle,
        )

    def renew(self) -> None:
        """Begin without connections and locks; in a forked process too, where they are the parent's."""
        self._routes = Routes(self._open, self.check_open, trust_env=self._roots.trust_env)
        self._lock = Lock()
        self._locks: defaultdict[Hashable, Lock] = defaultdict(Lock)

    def _open(self, proxy: Proxy | None) -> transport.ConnectionPool:
        return transport.ConnectionPool(self._roots, self._timeouts, proxy)

    def run(self, flow: Flow[T], timeout: float | None = None) -> T:
        """Run a flow to its end: return what it returns, or raise what it raises.

        `timeout` (seconds) bounds the run, None does not; after that `TimeoutError` is raised.
        """
        self.check_open()
        try:
            return self._drive(flow, NEVER.within(timeout))
        except CredentialsError as error:
            raise self._with_hint(error)  # noqa: B904 - the same error
        except DeadlineExceeded as end:
            raise out_of_time(timeout, end) from end.__cause__

    def _drive(self, flow: Flow[T], deadline: Deadline) -> T:
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
                    outcome = self._perform(step, deadline)
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

    def _perform(self, step: Step, deadline: Deadline) -> object:
        match step:
            case Send():
                return self._send(step, deadline)
            case Sleep(seconds):
                if deadline.limit(seconds) < seconds:
                    raise DeadlineExceeded
                logger.debug("Waiting %.3f s", seconds)
                self.sleep(seconds)
            case Exclusive(flow, wait, key):
                with self._lock:
                    lock = self._locks[key]
                return self._run_exclusive(flow, lock, wait, deadline)
            case Read(path):
                return system.read_file(Path(path), deadline.limit(system.FILE_TIMEOUT))
            case Write(path, content):
                system.write_file(Path(path), content)
            case Run(argv, timeout, environ):
                return system.run_program(argv, deadline.limit(timeout), environ)
            case Call(function):
                return _result_of(function)
        return None

    def _send(self, step: Send, deadline: Deadline) -> Any:
        deadline.check()
        sender = self._given_sender(step) or self._routes.sender(step)
        attempt = Attempt(step)
        try:
            return sender.send(step, attempt.accept, deadline)
        except KMSLiteError as error:
            failure = attempt.failed(error)
        finally:
            attempt.log()
        try:
            raise failure  # out here, where no exception is handled that it would hold
        finally:
            del failure  # else it would hold this frame, and this frame it

    def _run_exclusive(self, flow: Flow[T], lock: Lock, wait: bool, deadline: Deadline) -> T | None:
        if not lock.acquire(wait, deadline.limit(TIMEOUT_MAX) if wait else -1):
            if wait:
                raise DeadlineExceeded
            return None
        try:
            return self._drive(flow, deadline)
        finally:
            lock.release()

    def close(self) -> None:
        """Close the connections of our own; a second time does nothing."""
        self._closed = True
        for sender in self._routes.clear():
            sender.close()


class SharedDriver:
    """A driver that uses the connections of another and is closed by itself, or with the other."""

    def __init__(self, driver: "Driver | SharedDriver") -> None:
        self._driver = driver
        self.owner: Driver = driver.owner if isinstance(driver, SharedDriver) else driver
        self._closed = False

    def check_open(self) -> None:
        """Raise `ClosedError` once this driver or the other was closed."""
        check_not_closed(self._closed)
        self._driver.check_open()

    def run(self, flow: Flow[T], timeout: float | None = None) -> T:
        """Run a flow to its end, as `Driver.run` does."""
        check_not_closed(self._closed)
        return self._driver.run(flow, timeout)

    def close(self) -> None:
        """Close this driver and none of the other's connections."""
        self._closed = True


def _result_of(function: Callable[[], Any]) -> Any:
    result = function()
    if not inspect.isawaitable(result):
        return result
    if inspect.iscoroutine(result):
        result.close()  # else Python would warn that it was never awaited
    raise ParameterError(
        "A function that was passed to this client is asynchronous: use AsyncKMSClient, or pass a plain function."
    )
