"""Cancellation at every await, under asyncio and trio.

Each call here is made again and again: cancelled at its first wait, then at its second, and so on, until it has
fewer waits than that. After each time the client must be as good as new: the next call succeeds, no lock is held,
no place is taken, and no socket is open but those of idle connections. Garbage collection is off, so that what
is closed was closed on purpose.
"""

import asyncio
import gc
import json
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Generator, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from types import coroutine
from typing import Any, NamedTuple

import anyio
import anyio.lowlevel
import httpx
import pytest
from anyio.lowlevel import checkpoint
from support.servers import (
    CREDENTIALS,
    KEY_ID,
    PATIENCE,
    TLS,
    USED,
    ScriptedServer,
    ServedConnection,
    answer,
    replying,
    silent,
    tunnelling,
)

from awskms_lite import AsyncKMSClient
from awskms_lite.drivers.asynchronous import AsyncDriver
from awskms_lite.models.usage import UsageVerdict
from awskms_lite.pacing import Pacing
from awskms_lite.transport import pools

pytestmark = pytest.mark.no_cover  # goes over lines again and again that other tests cover

# httpx sends the body of a given client's request from a generator that only httpx could close.
UNCLOSED_GENERATORS = pytest.mark.filterwarnings("ignore:Async generator:ResourceWarning")
KEYS = {
    "AWS_ACCESS_KEY_ID": CREDENTIALS.access_key_id,
    "AWS_SECRET_ACCESS_KEY": CREDENTIALS.secret_access_key,
}


class Manner(NamedTuple):
    """How a call is cancelled.

    By a scope, or as asyncio cancels a task; and there just as it begins to wait, or late, in the turn of the loop
    in which what it waits for is there, so that whatever was handed to it must not be lost. trio does not do that.
    """

    loop: str
    by: str
    late: bool = False


MANNERS = {
    "asyncio-task": Manner("asyncio", "task"),
    "asyncio-task-late": Manner("asyncio", "task", late=True),
    "asyncio-scope": Manner("asyncio", "scope"),
    "trio-scope": Manner("trio", "scope"),
}


@pytest.fixture(params=MANNERS)
def manner(request: pytest.FixtureRequest) -> Manner:
    return MANNERS[request.param]


@pytest.fixture
def anyio_backend(manner: Manner) -> str:
    """Run each test on the event loop that its manner is about."""
    return manner.loop


@pytest.fixture(autouse=True)
def _no_collector() -> Iterator[None]:
    """Let nothing be closed by the garbage collector but what nobody holds any more."""
    gc.collect()
    gc.freeze()  # what was there before the test need not be looked at again after it
    gc.disable()
    yield
    gc.enable()
    gc.collect()  # what was left open warns here, and fails the test that left it


Call = Callable[[], Coroutine[Any, Any, object]]


@coroutine
def step_by_step(
    call: Coroutine[Any, Any, object], number: int, cancel: Callable[[], object], late: bool
) -> Generator[Any, Any, None]:
    """Await the call, and cancel at its wait of that number (the first is 0)."""
    waits = 0
    resume: Callable[[Any], Any] = call.send
    value: Any = None
    while True:
        try:
            waited_for = resume(value)
        except StopIteration:
            return
        if waits == number and late and asyncio.isfuture(waited_for):
            waited_for.add_done_callback(lambda _: cancel())  # goes before the one that wakes the task
        elif waits == number:
            cancel()
        waits += 1
        try:
            value, resume = (yield waited_for), call.send
        except BaseException as error:  # noqa: BLE001 - the call's affair
            value, resume = error, call.throw


async def cancelled_at(number: int, call: Call, manner: Manner) -> bool:
    """Make the call and cancel it at its wait of that number; return whether it came so far."""
    with anyio.fail_after(PATIENCE):
        if manner.by == "scope":
            with anyio.CancelScope() as scope:
                await step_by_step(call(), number, scope.cancel, late=False)
            return scope.cancel_called
        asked: list[bool] = []

        async def task() -> None:
            await step_by_step(call(), number, cancel, manner.late)

        def cancel() -> None:
            asked.append(running.cancel())

        running = asyncio.create_task(task())
        await asyncio.wait([running])
        if not running.cancelled():
            running.result()
        return bool(asked)


async def cancelled_among(order: Sequence[Call], call: Call, number: int, manner: Manner) -> bool:
    """Make all the calls, begun in this order, and cancel one of them as `cancelled_at` does."""
    came_so_far: list[bool] = []

    async def cancelled() -> None:
        came_so_far.append(await cancelled_at(number, call, manner))

    async with anyio.create_task_group() as group:
        for each in order:
            group.start_soon(cancelled if each is call else each)
            await checkpoint()
    return came_so_far[0]


async def at_every_wait(manner: Manner, once: Callable[[int], Awaitable[bool]]) -> None:
    """Go through all the waits; `once` says whether the call had a wait of that number."""
    number = 0
    while await once(number):
        number += 1
    assert number > 1, "the call never waited"


async def check_clean(client: AsyncKMSClient, *servers: ScriptedServer) -> None:
    """Check that no lock is held, that all capacity is free, and that only idle connections are open."""
    assert isinstance(client._driver, AsyncDriver)
    state = client._driver._loop_state()
    assert not any(lock.locked() for lock in state.locks.values())
    idle = 0
    for sender in state.routes._senders.values():
        assert sender._capacity.value == pools.MAX_CONNECTIONS
        idle += sum(map(len, sender._idle._idle.values()))
    lines = [line for server in servers for line in server.lines]
    with anyio.fail_after(PATIENCE):
        while sum(not line.done.is_set() for line in lines) > idle:  # noqa: ASYNC110 - threads, of many lines
            await anyio.sleep(0.001)


async def check_usable(client: AsyncKMSClient) -> None:
    """Check that the next call succeeds."""
    with anyio.fail_after(PATIENCE):
        assert (await client.get_key_last_usage(KEY_ID)).verdict is UsageVerdict.USED


async def check_left(server: ScriptedServer) -> None:
    """Check that every connection has ended."""
    for line in list(server.lines):
        assert await anyio.to_thread.run_sync(line.done.wait, PATIENCE)


def environ_of(server: ScriptedServer) -> dict[str, str]:
    return {"AWS_REGION": "us-east-2", "AWS_ENDPOINT_URL": server.url}


@asynccontextmanager
async def client_of(server: ScriptedServer, environ: Any = KEYS, **options: Any) -> AsyncIterator[AsyncKMSClient]:
    """Make a client of the server; in the end all its connections have ended."""
    async with AsyncKMSClient(environ={**environ_of(server), **environ}, random=lambda: 1.0, **options) as client:
        yield client
    await check_left(server)


async def rest(_: float) -> None:
    """Wait for no time, at several places."""
    for _turn in range(3):
        await checkpoint()


class TestConnections:
    """A call that is cancelled while it connects, sends or reads."""

    @pytest.fixture(params=["http", "https"])
    def server(self, request: pytest.FixtureRequest) -> Iterator[ScriptedServer]:
        context = self.tls.server if request.param == "https" else None
        with ScriptedServer(replying(answer()), ssl_context=context) as server:
            yield server

    @pytest.fixture
    def environ(self, tmp_path: Path) -> dict[str, str]:
        self.tls.write_root(str(tmp_path / "root.pem"))
        return {**KEYS, "AWS_CA_BUNDLE": str(tmp_path / "root.pem")}

    tls = TLS()

    @pytest.mark.anyio
    async def test_over_a_new_connection(
        self, manner: Manner, server: ScriptedServer, environ: dict[str, str]
    ) -> None:
        """Wherever a first call is cancelled, in the TLS handshake too, its connection ends with it."""

        async def once(number: int) -> bool:
            async with client_of(server, environ) as client:
                came_so_far = await cancelled_at(number, partial(client.get_key_last_usage, KEY_ID), manner)
                await check_clean(client, server)
                await check_usable(client)
            return came_so_far

        await at_every_wait(manner, once)

    @pytest.mark.anyio
    async def test_over_a_connection_that_was_used_before(
        self, manner: Manner, server: ScriptedServer, environ: dict[str, str]
    ) -> None:
        """Wherever a later call is cancelled, its connection is not used again, and none is lost."""
        async with client_of(server, environ) as client:

            async def once(number: int) -> bool:
                await check_usable(client)
                came_so_far = await cancelled_at(number, partial(client.get_key_last_usage, KEY_ID), manner)
                await check_clean(client, server)
                return came_so_far

            await at_every_wait(manner, once)
            await check_usable(client)

    @pytest.mark.parametrize("scheme", ["http", "https"])
    @pytest.mark.anyio
    async def test_through_a_proxy(
        self, manner: Manner, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, scheme: str
    ) -> None:
        """Wherever a call through a proxy is cancelled, over a new connection or a used one, none is lost."""
        self.tls.write_root(str(tmp_path / "root.pem"))
        script = replying(answer())
        with ScriptedServer(tunnelling(self.tls.server, script) if scheme == "https" else script) as proxy:
            for name, value in {f"{scheme.upper()}_PROXY": proxy.url, **KEYS}.items():
                monkeypatch.setenv(name, value)
            monkeypatch.setenv("AWS_CA_BUNDLE", str(tmp_path / "root.pem"))
            async with AsyncKMSClient(region="us-east-2", endpoint_url=f"{scheme}://localhost") as client:

                async def once(number: int) -> bool:
                    came_so_far = await cancelled_at(number, partial(client.get_key_last_usage, KEY_ID), manner)
                    await check_clean(client, proxy)
                    return came_so_far

                await at_every_wait(manner, once)
                await check_usable(client)
                await at_every_wait(manner, once)
            await check_left(proxy)

    @pytest.mark.anyio
    async def test_among_others_that_wait_for_a_place(
        self, manner: Manner, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Where there are more calls than connections, a cancelled one leaves its place to the next in line."""
        monkeypatch.setattr(pools, "MAX_CONNECTIONS", 1)
        with ScriptedServer(replying(answer())) as server:

            async def once(number: int) -> bool:
                async with client_of(server) as client:
                    call, other = partial(client.get_key_last_usage, KEY_ID), partial(check_usable, client)
                    came_so_far = await cancelled_among([other, call, other], call, number, manner)
                    await check_clean(client, server)
                return came_so_far

            await at_every_wait(manner, once)

    @UNCLOSED_GENERATORS
    @pytest.mark.anyio
    async def test_through_a_given_client(self, manner: Manner) -> None:
        """The pool of a given client is left with idle connections only, and no request in line.

        But where asyncio cancels a task that gives its connection back, httpx keeps counting it as busy; no shield
        of anyio's, which httpx has round it, holds against that. The client stays usable all the same.
        """
        with ScriptedServer(replying(answer())) as server:
            async with httpx.AsyncClient(trust_env=False) as http_client:
                client = AsyncKMSClient(environ={**environ_of(server), **KEYS}, http_client=http_client)

                async def once(number: int) -> bool:
                    call = partial(client.get_key_last_usage, KEY_ID)
                    came_so_far = await cancelled_at(number, call, manner)
                    pool: Any = http_client._transport
                    if manner.by == "scope":
                        assert all(known.is_idle() or known.is_closed() for known in pool._pool.connections)
                        assert pool._pool._requests == []
                    await check_usable(client)
                    return came_so_far

                await at_every_wait(manner, once)
            await check_left(server)

    @pytest.mark.anyio
    async def test_an_end_that_is_cancelled_closes_all_the_same(self, manner: Manner) -> None:
        """Where the block of a client is cancelled, the end of it closes every idle connection."""
        together = threading.Barrier(3)  # so that no call can use the connection of another

        def meeting(line: ServedConnection) -> None:
            while line.request() is not None:
                together.wait(PATIENCE)
                line.send(answer())

        with ScriptedServer(meeting) as server:
            with anyio.CancelScope() as scope:
                async with AsyncKMSClient(environ={**environ_of(server), **KEYS}) as client:
                    async with anyio.create_task_group() as group:
                        for _ in range(3):
                            group.start_soon(check_usable, client)
                    scope.cancel()
            assert server.connections == 3
            await check_left(server)


class Body(httpx.AsyncByteStream):
    """A body that comes in pieces, each after several waits; `open` holds those that were not closed."""

    def __init__(self, open_bodies: set["Body"]) -> None:
        self._open = open_bodies
        self._open.add(self)
        self._pieces = iter((USED[:5], USED[5:]))

    def __aiter__(self) -> "Body":
        return self

    async def __anext__(self) -> bytes:
        await rest(0)
        for piece in self._pieces:
            return piece
        raise StopAsyncIteration

    async def aclose(self) -> None:
        self._open.discard(self)
        await rest(0)


@UNCLOSED_GENERATORS
@pytest.mark.anyio
async def test_every_answer_of_a_given_client_is_closed(manner: Manner) -> None:
    """Whatever a given client sends through, an answer that was begun is closed when the call is cancelled."""
    open_bodies: set[Body] = set()

    async def handler(request: httpx.Request) -> httpx.Response:
        await rest(0)
        return httpx.Response(200, stream=Body(open_bodies))

    async with httpx.AsyncClient(transport=httpx.MockTransport(handler)) as http_client:
        client = AsyncKMSClient(region="us-east-2", environ=KEYS, http_client=http_client)

        async def once(number: int) -> bool:
            call = partial(client.get_key_last_usage, KEY_ID)
            came_so_far = await cancelled_at(number, call, manner)
            assert not open_bodies
            await check_usable(client)
            return came_so_far

        await at_every_wait(manner, once)


@pytest.mark.anyio
async def test_a_call_that_is_tried_again(manner: Manner) -> None:
    """Between its attempts too, or in the second one, a cancelled call leaves nothing behind."""
    with ScriptedServer(replying(answer(b"", 500), answer())) as server:

        async def once(number: int) -> bool:
            async with client_of(server, sleep=rest) as client:
                came_so_far = await cancelled_at(number, partial(client.get_key_last_usage, KEY_ID), manner)
                await check_clean(client, server)
                await check_usable(client)
            return came_so_far

        await at_every_wait(manner, once)


class TestCredentials:
    """Calls whose credentials are fetched first, by one for all."""

    @staticmethod
    def found() -> bytes:
        keys = {"AccessKeyId": "AKIA", "SecretAccessKey": "secret", "Token": "token"}
        end = datetime.now(UTC) + timedelta(hours=6)
        return answer(json.dumps({**keys, "Expiration": end.strftime("%Y-%m-%dT%H:%M:%SZ")}).encode())

    @pytest.fixture
    def server(self) -> Iterator[ScriptedServer]:
        with ScriptedServer(replying(answer())) as server:
            yield server

    @pytest.fixture
    def source(self) -> Iterator[ScriptedServer]:
        with ScriptedServer(replying(self.found())) as source:
            yield source

    @pytest.mark.anyio
    async def test_one_that_fetches(self, manner: Manner, server: ScriptedServer, source: ScriptedServer) -> None:
        """Wherever it is cancelled, the next call fetches what is missing."""

        async def once(number: int) -> bool:
            async with client_of(server, {"AWS_CONTAINER_CREDENTIALS_FULL_URI": source.url}) as client:
                came_so_far = await cancelled_at(number, client.resolve_credentials, manner)
                await check_clean(client, server, source)
                await check_usable(client)
            return came_so_far

        await at_every_wait(manner, once)

    @pytest.mark.parametrize("cancelled_first", [True, False], ids=["who fetches", "who waits"])
    @pytest.mark.anyio
    async def test_among_others(
        self, manner: Manner, server: ScriptedServer, source: ScriptedServer, cancelled_first: bool
    ) -> None:
        """Of calls that share one fetch any may be cancelled: the others get theirs, by two fetches at most."""

        async def once(number: int) -> bool:
            before = len(source.requests)
            async with client_of(server, {"AWS_CONTAINER_CREDENTIALS_FULL_URI": source.url}) as client:
                call, other = partial(client.get_key_last_usage, KEY_ID), partial(check_usable, client)
                order: list[Call] = [call, other, other] if cancelled_first else [other, call, other]
                came_so_far = await cancelled_among(order, call, number, manner)
                await check_clean(client, server, source)
            assert len(source.requests) - before <= 2
            return came_so_far

        await at_every_wait(manner, once)


@pytest.mark.anyio
async def test_a_call_that_waits_for_its_turn(manner: Manner) -> None:
    """A paced call that is cancelled before its turn gives it back: the next call waits no longer for it."""
    now = 1000.0

    async def pass_time(seconds: float) -> None:
        nonlocal now
        await rest(0)
        now += seconds

    with ScriptedServer(replying(answer())) as server:
        options = {"pacing": Pacing(rates={"GetKeyLastUsage": 5}), "clock": lambda: now, "sleep": pass_time}

        async def once(number: int) -> bool:
            nonlocal now
            async with client_of(server, **options) as client:
                await check_usable(client)
                began, sent = now, len(server.requests)
                came_so_far = await cancelled_at(number, partial(client.get_key_last_usage, KEY_ID), manner)
                turns = 2 if now > began else 1
                await check_clean(client, server)
                await check_usable(client)
                assert now - began == pytest.approx(turns * 0.2)
                assert len(server.requests) - sent <= turns
            return came_so_far

        await at_every_wait(manner, once)


@pytest.mark.anyio
async def test_a_server_that_says_nothing_is_left(manner: Manner) -> None:
    """Cancelling a call whose answer does not come ends its connection, and the client goes on over another."""
    with ScriptedServer(silent, replying(answer())) as server:
        async with client_of(server) as client:
            async with anyio.create_task_group() as group:
                group.start_soon(client.get_key_last_usage, KEY_ID)
                assert await anyio.to_thread.run_sync(server.asked.wait, PATIENCE)
                group.cancel_scope.cancel()
            await check_clean(client, server)
            await check_usable(client)
        assert server.connections == 2


@pytest.mark.anyio
async def test_a_call_cancelled_before_its_retry_sends_no_more(manner: Manner) -> None:
    """Cancelling a call that waits before its retry ends it there."""
    waiting = anyio.Event()

    async def wait(seconds: float) -> None:
        waiting.set()
        await anyio.sleep_forever()

    with ScriptedServer(replying(answer(b"", 500))) as server:
        async with client_of(server, sleep=wait) as client, anyio.create_task_group() as group:
            group.start_soon(client.get_key_last_usage, KEY_ID)
            with anyio.fail_after(PATIENCE):
                await waiting.wait()
            group.cancel_scope.cancel()
        assert len(server.requests) == 1
