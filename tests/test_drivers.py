"""The two drivers, run over flows of the test's own; a transport in memory stands for the network."""

import builtins
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import anyio
import httpx
import pytest
from servers import WAYS, Way, open_way

from awskms_lite.drivers import AsyncDriver, Driver
from awskms_lite.errors import (
    ClosedError,
    ConnectError,
    ParameterError,
    ProtocolError,
    TimeoutError,
    TransportError,
)
from awskms_lite.steps import Flow, Request, Response, Send, send, sleep

REQUEST = Request("POST", "http://kms.test/path", [("Host", "kms.test"), ("X-One", "1"), ("X-One", "2")], b"{}")

DEFAULTS: dict[str, Any] = {
    "connect_timeout": None,
    "read_timeout": None,
    "trust_env": False,
    "ca_bundle": None,
}
Handler = Callable[[httpx.Request], httpx.Response]


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> Iterator[Way]:
    with open_way(request.param) as way:
        yield way


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
        return type(caught.__cause__).__name__, response.status

    assert Drive(way, handler).run(flow()) == ("ConnectError", 200)


def test_a_failure_nobody_catches_goes_up(way: Way) -> None:
    """The error that a flow lets pass is the caller's, with the cause chained."""

    def handler(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("late")

    with pytest.raises(TimeoutError, match=r"No answer from http://kms\.test in time") as caught:
        Drive(way, handler).run(send(REQUEST))
    assert isinstance(caught.value.__cause__, httpx.ReadTimeout)


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
        (5.0, {"read_timeout": 7.0}, 6.0, {"connect": 5.0, "read": 6.0, "write": 6.0, "pool": 5.0}),
        (None, {"connect_timeout": 9.0}, 2.0, {"connect": 2.0, "read": 2.0, "write": 2.0, "pool": 2.0}),
    ],
)
def test_a_given_client_keeps_its_timeouts_unless_told(
    way: Way, own: float | None, arguments: dict[str, float], limit: float | None, expected: dict[str, Any]
) -> None:
    """Each phase has the given client's timeout, the argument's where there is one, and never above the limit."""
    seen: list[object] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request.extensions["timeout"])
        return ok(request)

    drive = Drive(way, handler, client_options={"timeout": own}, **arguments)
    drive.run(send(REQUEST, limit))
    assert seen == [expected]
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

    with pytest.raises(TimeoutError, match="allow a longer one") as caught:
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
