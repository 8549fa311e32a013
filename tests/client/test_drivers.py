"""The two drivers, run over flows of the test's own; a transport in memory stands for the network."""

import builtins
import os
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import httpx
import pytest
from support.servers import (
    PATIENCE,
    Script,
    ScriptedServer,
    Way,
    answer,
    cut_off,
    forwarding,
    open_way,
    replying,
    silent,
)

from awskms_lite import errors, system
from awskms_lite.drivers.asynchronous import AsyncDriver
from awskms_lite.drivers.synchronous import Driver
from awskms_lite.errors import (
    ClosedError,
    ConfigurationError,
    ConnectError,
    ParameterError,
    ProtocolError,
    TimeoutError,
    TransportError,
)
from awskms_lite.steps import Flow, Output, Request, Response, Send, exclusive, read, run, send, sleep, write
from awskms_lite.transport import deadline

REQUEST = Request("POST", "http://kms.test/path", [("Host", "kms.test"), ("X-One", "1"), ("X-One", "2")], b"{}")

DEFAULTS: dict[str, Any] = {
    "connect_timeout": None,
    "read_timeout": None,
    "trust_env": False,
    "ca_bundle": None,
}
Handler = Callable[[httpx.Request], httpx.Response]


def ok(request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, headers={"X-Amzn-RequestId": "id-1"}, content=b"body of " + request.content)


class Drive:
    """A driver of either kind over a handler in memory; `client_options` are the httpx client's."""

    def __init__(self, way: Way, handler: Handler = ok, *, sleep: Any = None, **options: Any) -> None:
        client_options = options.pop("client_options", {})
        self.client = way.http_client(transport=httpx.MockTransport(handler), **client_options)
        given = {**DEFAULTS, **options}
        self._way = way
        driver: Any = Driver if way.is_sync else AsyncDriver
        rest = sleep or (way.sleep if way.is_sync else way.sleep_async)
        self.driver: Driver | AsyncDriver = driver(self.client, sleep=rest, **given)

    def run(self, flow: Flow[Any]) -> Any:
        return self._way.run(self.driver.run, flow)

    def close(self) -> None:
        self._way.run(self.driver.close if isinstance(self.driver, Driver) else self.driver.aclose)


def test_a_send_is_answered_with_the_response(way: Way) -> None:
    """The request leaves as it stands, duplicates in order, and the flow gets status, headers and body."""
    seen: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return ok(request)

    response = Drive(way, handler).run(send(REQUEST))
    assert response == Response(200, response.headers, b"body of {}")
    assert response.headers["x-amzn-requestid"] == "id-1"
    (request,) = seen
    assert (request.method, str(request.url), request.content) == ("POST", REQUEST.url, b"{}")
    assert [pair for pair in request.headers.raw if pair[0].lower() == b"x-one"] == [
        (b"X-One", b"1"),
        (b"X-One", b"2"),
    ]


def test_a_sleep_waits_as_the_client_was_told(way: Way) -> None:
    """The seconds of each Sleep go to the function that was handed in, and the flow goes on."""

    def flow() -> Flow[str]:
        yield from sleep(1.5)
        yield from sleep(0)
        return "rested"

    assert Drive(way).run(flow()) == "rested"
    assert way.pauses == [1.5, 0]


def test_a_flow_without_steps_just_returns(way: Way) -> None:
    """A flow that asks nothing of the world gives its value, and nothing is sent."""

    def flow() -> Flow[str]:
        yield from ()
        return "nothing asked"

    def refuse(request: httpx.Request) -> httpx.Response:
        raise AssertionError("nothing was to be sent")

    assert Drive(way, refuse).run(flow()) == "nothing asked"


def test_a_failure_is_thrown_into_the_flow(way: Way) -> None:
    """A flow may catch the error of its step, and go on to another."""

    def handler(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/path":
            raise httpx.ConnectError("refused")
        return ok(request)

    def flow() -> Flow[tuple[str, int]]:
        try:
            yield from send(REQUEST)
        except ConnectError as error:
            caught = error
        response = yield from send(REQUEST._replace(url="http://kms.test/elsewhere"))
        return type(caught).__name__, response.status

    assert Drive(way, handler).run(flow()) == ("ConnectError", 200)


def test_a_failure_nobody_catches_goes_up(way: Way) -> None:
    """The error that a flow lets pass is the caller's, with nothing of the cause but its name."""

    def handler(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("late")

    with pytest.raises(TimeoutError, match=r"No answer from http://kms\.test in time") as caught:
        Drive(way, handler).run(send(REQUEST))
    assert "ReadTimeout" in str(caught.value)
    assert caught.value.__cause__ is caught.value.__context__ is None


def test_what_is_no_failure_of_ours_closes_the_flow(way: Way) -> None:
    """A foreign exception goes straight up, and the flow it left is closed."""
    ended: list[str] = []

    class Broken(Exception):
        pass

    def fail(seconds: float) -> Any:
        raise Broken

    def flow() -> Flow[None]:
        try:
            yield from sleep(1)
        except Exception:  # noqa: BLE001 - the promise is that none arrives here
            ended.append("caught")
        finally:
            ended.append("closed")

    with pytest.raises(Broken):
        Drive(way, sleep=fail).run(flow())
    assert ended == ["closed"]


@pytest.mark.parametrize(
    ("own", "arguments", "limit", "expected"),
    [
        (5.0, {}, None, {"connect": 5.0, "read": 5.0, "write": 5.0, "pool": 5.0}),
        (None, {}, None, {"connect": None, "read": None, "write": None, "pool": None}),
        (5.0, {"connect_timeout": 1.0}, None, {"connect": 1.0, "read": 5.0, "write": 5.0, "pool": 5.0}),
        (5.0, {"read_timeout": 7.0}, None, {"connect": 5.0, "read": 7.0, "write": 7.0, "pool": 5.0}),
        (5.0, {"read_timeout": 90.0}, 60.0, {"connect": 5.0, "read": 60.0, "write": 60.0, "pool": 5.0}),
        (None, {"connect_timeout": 9.0}, 60.0, {"connect": 9.0, "read": 60.0, "write": 60.0, "pool": 60.0}),
    ],
)
def test_a_given_client_keeps_its_timeouts_unless_told(
    way: Way, own: float | None, arguments: dict[str, float], limit: float | None, expected: dict[str, Any]
) -> None:
    """Each phase has the given client's timeout, the argument's where there is one, and never above the limit."""
    seen: list[dict[str, float | None]] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(dict(request.extensions["timeout"]))
        return ok(request)

    drive = Drive(way, handler, client_options={"timeout": own}, **arguments)
    drive.run(send(REQUEST, limit))
    assert seen == [pytest.approx(expected, abs=1.0)]
    assert drive.client.timeout == httpx.Timeout(own)


def test_a_closed_driver_sends_nothing(way: Way) -> None:
    """After the end each Send raises ClosedError, a RuntimeError too; a second end does nothing."""
    drive = Drive(way)
    drive.close()
    drive.close()
    with pytest.raises(ClosedError, match="make a new one") as caught:
        drive.run(send(REQUEST))
    assert isinstance(caught.value, RuntimeError)
    assert not drive.client.is_closed


def test_a_closed_http_client_sends_nothing(way: Way) -> None:
    """A given client that its owner closed too early is a ClosedError that says so."""
    drive = Drive(way)
    way.close_http(drive.client)
    with pytest.raises(ClosedError, match="close it after the last call"):
        drive.run(send(REQUEST))


@pytest.mark.parametrize("way", ["asyncio", "trio"], indirect=True)
def test_an_attempt_that_outlives_its_limit_is_cut_off(way: Way) -> None:
    """An asynchronous attempt ends with its time, whatever phase it is in."""

    class Endless(httpx.AsyncByteStream):
        async def __aiter__(self) -> Any:
            while True:
                yield b"."
                await anyio.sleep(0.01)

    with pytest.raises(TimeoutError, match="allow a longer timeout or read_timeout") as caught:
        Drive(way, lambda request: httpx.Response(200, stream=Endless())).run(send(REQUEST, 0.05))
    assert isinstance(caught.value, builtins.TimeoutError)


LENGTHS = {"whole": 2, "long": 1_400_000, "broken": 3}


class Body(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body that is whole, too long or broken, as its name says, and notes its end in a list."""

    def __init__(self, name: str, closed: list[str]) -> None:
        self.name = name
        self._closed = closed

    def __iter__(self) -> Iterator[bytes]:
        yield from (b"x" * 700_000, b"x" * 700_000) if self.name == "long" else (b"{}",)
        if self.name == "broken":
            raise httpx.ReadError("reset")

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for part in self:
            yield part

    def close(self) -> None:
        self._closed.append(self.name)

    async def aclose(self) -> None:
        self._closed.append(self.name)


@pytest.mark.parametrize(
    ("name", "outcome"), [("whole", None), ("long", ProtocolError), ("broken", TransportError)]
)
def test_a_response_is_closed_whatever_happens(way: Way, name: str, outcome: type[Exception] | None) -> None:
    """Read to its end, refused for its size or broken off: a response gives its connection back."""
    closed: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers={"Content-Length": str(LENGTHS[name])}, stream=Body(name, closed))

    drive = Drive(way, handler)
    if outcome is None:
        assert drive.run(send(REQUEST)).body == b"{}"
    else:
        with pytest.raises(outcome):
            drive.run(send(REQUEST))
    assert set(closed) == {name}


OTHER_KIND = {"sync": httpx.AsyncClient, "asyncio": httpx.Client, "trio": httpx.Client}


def test_a_client_of_the_other_kind_is_refused(way: Way) -> None:
    """An http_client that cannot serve is refused at once, with the class that could take it."""
    driver: Any = Driver if way.is_sync else AsyncDriver
    other = OTHER_KIND[way.name](transport=httpx.MockTransport(ok))
    with pytest.raises(ParameterError, match="pass this one to AsyncKMSClient" if way.is_sync else "to KMSClient"):
        driver(other, sleep=None, **DEFAULTS)


def test_the_step_is_what_the_flow_yields() -> None:
    """A flow can be read without a driver: its first step is the Send it asks for."""
    assert send(REQUEST, 3).send(None) == Send(REQUEST, 3)


class TestExclusive:
    """One flow at a time runs under a key."""

    @staticmethod
    def during(way: Way, other: Callable[[], Flow[Any]]) -> Drive:
        """Make a driver whose every wait runs another flow to its end, whatever else is under way."""

        def rest(seconds: float) -> None:
            assert isinstance(drive.driver, Driver)
            drive.driver.run(other())

        async def rest_async(seconds: float) -> None:
            assert isinstance(drive.driver, AsyncDriver)
            await drive.driver.run(other())

        drive = Drive(way, sleep=rest if way.is_sync else rest_async)
        return drive

    def test_it_gives_what_the_flow_returns(self, way: Way) -> None:
        """The outcome is the inner flow's; one that was skipped has none."""

        def inner() -> Flow[str]:
            yield from sleep(1)
            return "outcome"

        skipped: list[object] = []

        def other() -> Flow[None]:
            skipped.append((yield from exclusive(inner(), wait=False)))

        assert self.during(way, other).run(exclusive(inner(), wait=True)) == "outcome"
        assert skipped == [None]

    @pytest.mark.parametrize("wait", [True, False])
    def test_the_flow_is_run_if_no_other_is(self, way: Way, wait: bool) -> None:
        """Its steps are performed, and the flow that asked goes on after it."""
        done: list[str] = []

        def inner() -> Flow[None]:
            yield from sleep(1)
            done.append("inner")

        def flow() -> Flow[str]:
            yield from exclusive(inner(), wait=wait)
            yield from exclusive(inner(), wait=wait)
            return "outer"

        assert Drive(way).run(flow()) == "outer"
        assert done == ["inner", "inner"]
        assert way.pauses == [1, 1]

    def test_who_does_not_wait_skips_it(self, way: Way) -> None:
        """While another flow runs under the key, one that does not wait goes on without."""
        done: list[str] = []

        def inner(name: str) -> Flow[None]:
            done.append(f"{name} begins")
            if name != "second":
                yield from sleep(1)
            done.append(f"{name} ends")

        def flow(name: str, wait: bool) -> Flow[None]:
            yield from exclusive(inner(name), wait=wait)
            done.append(f"{name} goes on")

        drive = self.during(way, lambda: flow("second", False))
        drive.run(flow("first", True))
        assert done == ["first begins", "second goes on", "first ends", "first goes on"]
        done.clear()
        drive.run(flow("third", False))
        assert done == ["third begins", "second goes on", "third ends", "third goes on"]

    def test_a_failure_in_it_reaches_the_flow_and_frees_the_place(self, way: Way) -> None:
        """What the inner flow raises is thrown into the outer one, and the next may run."""

        def broken() -> Flow[None]:
            yield from sleep(1)
            raise ConnectError("refused")

        def fine() -> Flow[None]:
            yield from sleep(2)

        def flow() -> Flow[str]:
            try:
                yield from exclusive(broken(), wait=True)
            except ConnectError as error:
                caught = str(error)
            yield from exclusive(fine(), wait=False)
            return caught

        assert Drive(way).run(flow()) == "refused"
        assert way.pauses == [1, 2]

    @pytest.mark.anyio
    async def test_who_waits_has_its_turn_when_asynchronous(self) -> None:
        """Another task that waits runs after the first, and not beside it."""
        done: list[str] = []

        async def rest(seconds: float) -> None:
            for _ in range(20):  # turns enough for the other task, were it let in
                await anyio.lowlevel.checkpoint()

        def inner(name: str) -> Flow[None]:
            done.append(f"{name} begins")
            yield from sleep(1)
            done.append(f"{name} ends")

        driver = AsyncDriver(None, sleep=rest, **DEFAULTS)
        async with anyio.create_task_group() as group:
            for name in ("one", "other"):
                group.start_soon(driver.run, exclusive(inner(name), wait=True))
        first, second = (text.partition(" ")[0] for text in done[::2])
        assert done == [f"{first} begins", f"{first} ends", f"{second} begins", f"{second} ends"]
        assert {first, second} == {"one", "other"}

    def test_who_waits_has_its_turn_among_threads(self) -> None:
        """Another thread that waits runs after the first, and not beside it."""
        done: list[str] = []
        asking, entered = threading.Event(), threading.Event()

        def second() -> Flow[None]:
            entered.set()
            done.append("second")
            yield from ()

        def ask() -> None:
            asking.set()
            driver.run(exclusive(second(), wait=True))

        other = threading.Thread(target=ask)

        def rest(seconds: float) -> None:
            other.start()
            assert asking.wait(PATIENCE)
            assert not entered.wait(0.05)
            done.append("first")

        driver = Driver(None, sleep=rest, **DEFAULTS)
        driver.run(exclusive(sleep(1), wait=True))
        other.join(PATIENCE)
        assert done == ["first", "second"]

    @pytest.mark.anyio
    async def test_one_that_is_cancelled_frees_the_place(self) -> None:
        """A task that is cancelled while its flow is exclusive leaves the lock to the next."""
        done: list[str] = []

        async def rest(seconds: float) -> None:
            scope.cancel()
            await anyio.lowlevel.checkpoint()

        def next_one() -> Flow[None]:
            done.append("next")
            yield from ()

        driver = AsyncDriver(None, sleep=rest, **DEFAULTS)
        with anyio.CancelScope() as scope:
            await driver.run(exclusive(sleep(1), wait=True))
        assert scope.cancelled_caught
        await driver.run(exclusive(next_one(), wait=False))
        assert done == ["next"]


class TestSystem:
    """Files and programs, as a flow asks for them."""

    def test_a_file_is_read(self, way: Way, tmp_path: Path) -> None:
        """The flow gets the bytes, and None for a file that is not there."""
        (tmp_path / "token").write_bytes(b"\xff token\n")
        drive = Drive(way)
        assert drive.run(read(str(tmp_path / "token"))) == b"\xff token\n"
        assert drive.run(read(str(tmp_path / "missing"))) is None

    @staticmethod
    def next_one() -> Flow[str]:
        yield from ()
        return "next"

    def test_a_file_takes_no_longer_than_the_run(self, way: Way, tmp_path: Path) -> None:
        """A FIFO that nobody writes to is given up as the run's time ends, and with it the lock."""
        os.mkfifo(tmp_path / "token")
        drive = Drive(way)
        with pytest.raises(TimeoutError, match="within its timeout"):
            way.run(drive.driver.run, exclusive(read(str(tmp_path / "token")), wait=True), 0.05)
        assert drive.run(exclusive(self.next_one(), wait=False)) == "next"

    def test_without_a_timeout_a_file_has_its_own(
        self, way: Way, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Where nothing bounds the run, the file's own time does, and the flow may catch its end."""
        os.mkfifo(tmp_path / "token")
        monkeypatch.setattr(system, "FILE_TIMEOUT", 0.05)
        with pytest.raises(ConfigurationError, match="not read to its end"):
            Drive(way).run(read(str(tmp_path / "token")))

    @pytest.mark.anyio
    async def test_a_file_system_that_hangs_does_not_outlast_a_cancellation(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A task that is cancelled goes on at once, though the file is not open yet; others have their turn."""
        begun, released, real = threading.Event(), threading.Event(), os.open

        def hang(path: Any, *args: Any, **options: Any) -> int:
            if str(path).endswith("token"):
                begun.set()
                released.wait()
            return real(path, *args, **options)

        monkeypatch.setattr(os, "open", hang)
        monkeypatch.setattr(system, "FILE_TIMEOUT", 1.0)  # how long the interpreter may wait for it at its end
        driver = AsyncDriver(None, sleep=anyio.sleep, **DEFAULTS)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(driver.run, exclusive(read(str(tmp_path / "token")), wait=True))
            await anyio.to_thread.run_sync(begun.wait, PATIENCE)
            tasks.cancel_scope.cancel()
        assert not released.is_set()
        assert await driver.run(exclusive(self.next_one(), wait=False)) == "next"
        released.set()

    def test_a_file_is_written(self, way: Way, tmp_path: Path) -> None:
        """What was there is replaced."""
        path = tmp_path / "login.json"
        path.write_bytes(b"old")
        Drive(way).run(write(str(path), b"new"))
        assert path.read_bytes() == b"new"

    def test_a_program_is_run(self, way: Way) -> None:
        """The flow gets the status and what was printed."""
        argv = (sys.executable, "-c", "print(1); raise SystemExit(7)")
        assert Drive(way).run(run(argv, PATIENCE, {})) == Output(7, b"1\n")

    def test_failures_are_thrown_into_the_flow(self, way: Way, tmp_path: Path) -> None:
        """A flow may catch what became of its file or its program, and go on."""

        def flow() -> Flow[list[str]]:
            caught = []
            for step in (
                read(str(tmp_path)),
                write(str(tmp_path / "none" / "f"), b""),
                run((str(tmp_path / "none"),), 1, {}),
            ):
                try:
                    yield from step
                except ConfigurationError as error:
                    caught.append(str(error))
            return caught

        reading, writing, starting = Drive(way).run(flow())
        assert "cannot be read" in reading
        assert "cannot be written" in writing
        assert "cannot be started" in starting

    def test_a_program_that_takes_too_long_is_ended(self, way: Way) -> None:
        """The flow gets a TimeoutError, which it may catch."""

        def flow() -> Flow[str]:
            try:
                yield from run((sys.executable, "-c", "import time; time.sleep(60)"), 0.05, {})
            except TimeoutError as error:
                return str(error)
            return "ended"

        assert "did not end within" in Drive(way).run(flow())


class TestDirect:
    """What stays off any proxy."""

    def test_a_given_client_sends_it_all(self, way: Way) -> None:
        """An http_client gets what is direct too: its proxies are its owner's."""
        drive = Drive(way)
        assert drive.run(send(REQUEST, direct=True)).body == b"body of {}"

    def test_it_goes_straight_past_a_proxy(self, way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
        """Where a proxy is set, what is direct reaches its host without it, and the rest goes through it."""
        driver: Any = Driver if way.is_sync else AsyncDriver
        with ScriptedServer(cut_off(answer(b"{}"))) as host, ScriptedServer(forwarding) as proxy:
            monkeypatch.setenv("HTTP_PROXY", proxy.url)
            sender = driver(None, sleep=way.sleep, **{**DEFAULTS, "trust_env": True})
            request = Request("GET", f"{host.url}/path", [])
            assert way.run(sender.run, send(request, direct=True)).status == 200
            assert (len(host.requests), len(proxy.requests)) == (1, 0)
            assert way.run(sender.run, send(request)).status == 200
            assert (len(host.requests), len(proxy.requests)) == (2, 1)
            assert way.run(sender.run, send(request, direct=True)).status == 200
            assert (len(host.requests), len(proxy.requests)) == (3, 1)
            way.run(sender.close if way.is_sync else sender.aclose)


class TestTime:
    """How long a run may take, with everything that it waits for."""

    @staticmethod
    def flow() -> Flow[Response]:
        yield from sleep(1)
        return (yield from send(REQUEST))

    def test_a_run_that_takes_too_long_is_late(self, way: Way) -> None:
        """The run's time covers the waits too; what comes after it is not sent."""

        def refuse(request: httpx.Request) -> httpx.Response:
            raise AssertionError("nothing was to be sent")

        async def rest(seconds: float) -> None:
            await anyio.sleep_forever()

        drive = Drive(way, refuse, sleep=None if way.is_sync else rest)
        with pytest.raises(TimeoutError, match=r"within its timeout of \S+ s\. .* allow a longer one"):
            way.run(drive.driver.run, self.flow(), 1e-9 if way.is_sync else 0.01)

    def test_an_attempt_has_what_is_left(self) -> None:
        """No phase of an attempt is longer than the run that it is part of."""
        seen: list[dict[str, float]] = []

        def handler(request: httpx.Request) -> httpx.Response:
            seen.append(request.extensions["timeout"])
            return ok(request)

        with open_way("sync") as way:
            drive = Drive(way, handler, connect_timeout=1, read_timeout=60)
            way.run(drive.driver.run, self.flow(), 30)
        (timeouts,) = seen
        assert timeouts["connect"] == 1
        assert 1 < timeouts["read"] <= 30

    @pytest.mark.parametrize("name", ["connect_timeout", "read_timeout"])
    @pytest.mark.parametrize("seconds", [0, -1, float("nan"), float("inf"), "3"])
    def test_a_time_that_is_none_is_refused(self, way: Way, name: str, seconds: Any) -> None:
        """Each of the times is a positive number of seconds; the text says which is not."""
        with pytest.raises(ParameterError, match=rf"^{name} is .*: pass a positive number of seconds"):
            Drive(way, **{name: seconds})


class TestDeadlineExceeded:
    """What one caller's own limit does, and what it must not do to others."""

    def test_a_flow_is_closed_and_not_told_that_its_time_is_over(self) -> None:
        """The end of a run's time ends the flow: no source may take it for a failure of its own and go on."""
        told: list[object] = []

        def flow() -> Flow[None]:
            try:
                yield from sleep(60)
            except errors.KMSLiteError as error:
                told.append(error)
            finally:
                told.append("closed")

        with open_way("sync") as way, pytest.raises(TimeoutError):
            Drive(way).driver.run(flow(), 5)
        assert told == ["closed"]

    def test_an_attempt_cut_short_by_the_run_is_the_end_of_the_run(self) -> None:
        """A failure that comes when the time is over is chained to the error, and nothing more is tried."""
        asked: list[object] = []

        def handler(request: httpx.Request) -> httpx.Response:
            asked.append(request)
            raise httpx.ConnectError("refused")

        def flow() -> Flow[None]:
            while True:
                try:
                    yield from send(REQUEST)
                except errors.TransportError:
                    continue

        with open_way("sync") as way, pytest.raises(TimeoutError) as caught:
            Drive(way, handler).driver.run(flow(), 0.05)
        assert isinstance(caught.value.__cause__, errors.TransportError | None)
        assert asked

    def test_each_phase_gets_what_is_left_when_it_begins(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Connecting and reading share the time of a run; neither gets the whole of it."""
        seen: list[float] = []

        def handler(request: httpx.Request) -> httpx.Response:
            timeouts = request.extensions["timeout"]
            seen.append(timeouts.get("connect"))
            monkeypatch.setattr(deadline, "monotonic", lambda: later)
            seen.append(timeouts.get("read"))
            monkeypatch.undo()
            return ok(request)

        later = time.monotonic() + 40
        with open_way("sync") as way:
            Drive(way, handler, connect_timeout=90, read_timeout=90).driver.run(send(REQUEST), 60)
        assert 50 < seen[0] <= 60
        assert seen[1] <= 21

    def test_a_foreign_timeout_is_not_taken_for_the_runs(self, way: Way) -> None:
        """A builtin TimeoutError out of a caller's own function passes through as it is."""
        mine = builtins.TimeoutError("the caller's own")

        def fail(_: float) -> Any:
            raise mine

        with pytest.raises(builtins.TimeoutError, match="the caller's own"):
            way.run(Drive(way, sleep=fail).driver.run, sleep(1), 60)


class TestOutcome:
    """What is said of a request that may have been executed, where a run has no time left for its answer."""

    @staticmethod
    def run_against(script: Script, way: Way, flow: Callable[[Request], Flow[Any]]) -> TimeoutError:
        """Run a flow over connections of our own until its time is over; return the error."""
        driver: Any = Driver if way.is_sync else AsyncDriver
        rest = time.sleep if way.is_sync else anyio.sleep
        with ScriptedServer(script) as server:
            sender = driver(None, sleep=rest, **DEFAULTS)
            with pytest.raises(TimeoutError) as caught:
                way.run(sender.run, flow(Request("POST", server.url, [], b"{}")), 0.2)
            way.run(sender.close if way.is_sync else sender.aclose)
        return caught.value

    @pytest.mark.parametrize("mutating", [True, False])
    def test_a_request_under_way(self, way: Way, mutating: bool) -> None:
        """One that changes something may have done so, and the text says it; one that only asks has no outcome."""
        error = self.run_against(silent, way, lambda request: send(request, mutating=mutating))
        assert error.outcome_unknown is mutating
        assert ("may have been executed" in str(error)) is mutating

    def test_a_request_under_way_in_an_exclusive_flow(self, way: Way) -> None:
        """It makes no difference that the flow is part of another."""
        error = self.run_against(silent, way, lambda request: exclusive(send(request, mutating=True), wait=True))
        assert error.outcome_unknown

    @pytest.mark.parametrize(
        ("script", "unknown"), [(replying(answer()), False), (cut_off(), True)], ids=["answered", "broken off"]
    )
    def test_a_wait_after_a_request(self, way: Way, script: Script, unknown: bool) -> None:
        """An answer told the outcome; an attempt that broke off leaves it open, whatever comes after it."""

        def flow(request: Request) -> Flow[None]:
            with suppress(TransportError):
                yield from send(request, mutating=True)
            yield from sleep(60)

        assert self.run_against(script, way, flow).outcome_unknown is unknown

    @pytest.mark.parametrize(
        ("failure", "unknown"),
        [(httpx.ConnectTimeout, False), (httpx.ConnectError, False), (httpx.ReadError, True)],
    )
    def test_a_request_that_never_left(
        self, monkeypatch: pytest.MonkeyPatch, failure: type[httpx.RequestError], unknown: bool
    ) -> None:
        """Where there was no connection when the time ran out, nothing was carried out."""
        later = time.monotonic() + 60

        def handler(request: httpx.Request) -> httpx.Response:
            monkeypatch.setattr(deadline, "monotonic", lambda: later)
            raise failure("too late")

        with open_way("sync") as way, pytest.raises(TimeoutError) as caught:
            Drive(way, handler).driver.run(send(REQUEST, mutating=True), 30)
        assert caught.value.outcome_unknown is unknown
        assert isinstance(caught.value.__cause__, TransportError)
