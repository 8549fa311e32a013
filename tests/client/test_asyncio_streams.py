"""Connections of asyncio: the first address that answers, and what waits, ends and fails as httpcore expects."""

import asyncio
import socket
import ssl
from collections.abc import Callable
from typing import Any, cast

import anyio
import httpcore
import pytest

from awskms_lite.transport import asyncio_streams
from awskms_lite.transport.asyncio_streams import AsyncioBackend, AsyncioStream

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    """Run these tests under asyncio alone."""
    return "asyncio"


class Wire:
    """Stands for asyncio's transport: notes what is written, and how reading pauses and goes on."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.pauses: list[str] = []
        self.is_aborted = False

    def write(self, data: bytes) -> None:
        self.written.append(data)

    def pause_reading(self) -> None:
        self.pauses.append("pause")

    def resume_reading(self) -> None:
        self.pauses.append("resume")

    def abort(self) -> None:
        self.is_aborted = True


def connected() -> tuple[Any, Wire]:
    """Return a stream, and the wire that it is connected to."""
    stream, wire = AsyncioStream(), Wire()
    stream.connection_made(wire)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    return stream, wire


async def later(event: Callable[[], object]) -> None:
    """Let something happen once whoever started this waits."""
    event()


class TestReading:
    """What comes is there for the next read, whole and once."""

    async def test_what_came_before_is_read_at_once(self) -> None:
        """Bytes that nobody waited for are kept, and the connection shows that it has some."""
        stream, _ = connected()
        stream.data_received(b"one")
        assert stream.get_extra_info("is_readable")
        assert await stream.read(100, 0) == b"one"

    async def test_what_comes_later_is_waited_for(self) -> None:
        """A read returns as soon as something came."""
        stream, _ = connected()
        async with anyio.create_task_group() as group:
            group.start_soon(later, lambda: stream.data_received(b"late"))
            assert await stream.read(100, None) == b"late"

    async def test_a_flood_that_nobody_reads_waits_where_it_is(self) -> None:
        """Two parts are kept at most: then the server must wait until somebody reads."""
        stream, wire = connected()
        stream.data_received(b"one")
        assert wire.pauses == []
        stream.data_received(b"two")
        assert wire.pauses == ["pause"]
        assert await stream.read(100, 0) == b"onetwo"
        assert wire.pauses == ["pause", "resume"]

    async def test_nothing_in_time(self) -> None:
        """A read that takes too long ends in httpcore's error for that, and the next one may succeed."""
        stream, _ = connected()
        with pytest.raises(httpcore.ReadTimeout):
            await stream.read(100, 0)
        stream.data_received(b"after all")
        assert await stream.read(100, 0) == b"after all"

    async def test_the_end_comes_after_what_was_sent(self) -> None:
        """Once the server has ended the connection there is nothing more to read, and that shows at once."""
        stream, _ = connected()
        stream.data_received(b"last")
        stream.eof_received()
        assert await stream.read(100, 0) == b"last"
        assert stream.get_extra_info("is_readable")
        assert await stream.read(100, 0) == b""

    async def test_a_reset_is_no_end(self) -> None:
        """A connection that breaks off fails the read that waits for it, with the system's reason."""
        stream, _ = connected()
        reset = ConnectionResetError(104, "reset")
        async with anyio.create_task_group() as group:
            group.start_soon(later, lambda: stream.connection_lost(reset))
            with pytest.raises(httpcore.ReadError) as caught:
                await stream.read(100, None)
        assert caught.value.__cause__ is reset

    async def test_a_cancelled_read_takes_nothing(self) -> None:
        """What comes to a read that nobody waits for any more is the next one's."""
        stream, _ = connected()
        with anyio.move_on_after(0):
            await stream.read(100, None)
        stream.data_received(b"next")
        assert await stream.read(100, 0) == b"next"


class TestWriting:
    """A write is done once the network took most of it."""

    async def test_a_full_network_is_waited_for(self) -> None:
        """While the network takes no more, a write waits."""
        stream, wire = connected()
        stream.pause_writing()
        async with anyio.create_task_group() as group:
            group.start_soon(later, stream.resume_writing)
            await stream.write(b"much", None)
        assert wire.written == [b"much"]

    async def test_a_network_that_stays_full(self) -> None:
        """A write that takes too long ends in httpcore's error for that."""
        stream, _ = connected()
        stream.pause_writing()
        with pytest.raises(httpcore.WriteTimeout):
            await stream.write(b"much", 0)

    async def test_an_ended_connection_takes_nothing(self) -> None:
        """What is written to a connection that has ended fails, and is not lost in silence."""
        stream, wire = connected()
        stream.connection_lost(None)
        with pytest.raises(httpcore.WriteError):
            await stream.write(b"more", 0)
        assert wire.written == []


class TestConnecting:
    """Of several addresses the first that answers is used (RFC 8305)."""

    @staticmethod
    async def connect(monkeypatch: pytest.MonkeyPatch, **addresses: object) -> Any:
        """Connect where each address hangs (None), fails (an error), or answers (a stream).

        A pair of a stream and an event answers when the last address is tried.
        """

        async def connect_one(address: str, _: int) -> object:
            outcome = addresses[address]
            if outcome is None:
                await anyio.sleep_forever()
            if isinstance(outcome, tuple):
                outcome, answers = cast("tuple[object, asyncio.Event]", outcome)
                if address == [*addresses][-1]:
                    answers.set()
                with anyio.CancelScope(shield=True):  # both are past the point where they could be cancelled
                    await answers.wait()
            if isinstance(outcome, Exception):
                raise outcome
            return outcome

        found = [(0, 0, 0, "", (address, 443)) for address in addresses]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **options: found)
        monkeypatch.setattr(asyncio_streams, "_connect", connect_one)
        monkeypatch.setattr(asyncio_streams, "_HEAD_START", 0.01)
        return await AsyncioBackend().connect_tcp("kms.test", 443, 60.0)

    async def test_an_address_that_hangs(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """An address that does not answer is not waited for until the timeout: the next one is tried beside it."""
        there, _ = connected()
        assert await self.connect(monkeypatch, hangs=None, answers=there) is there

    async def test_an_address_that_fails(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """An address that refuses is followed by the next one at once."""
        there, _ = connected()
        assert await self.connect(monkeypatch, refuses=OSError(111, "refused"), answers=there) is there

    async def test_two_that_answer_at_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Where two addresses answer at the same moment, one connection is used and the other closed."""
        (one, wire), (other, other_wire) = connected(), connected()
        answers = asyncio.Event()
        assert await self.connect(monkeypatch, first=(one, answers), second=(other, answers)) is other
        assert (wire.is_aborted, other_wire.is_aborted) == (True, False)

    async def test_tls_over_a_connection_that_has_ended(self) -> None:
        """A handshake with nobody fails at once, and is not waited for."""
        stream, _ = connected()
        stream.connection_lost(None)
        with pytest.raises(httpcore.ConnectError):
            await stream.start_tls(ssl.create_default_context(), "kms.test", 60.0)

    @pytest.mark.parametrize("count", [1, 3])
    async def test_no_address_answers(self, monkeypatch: pytest.MonkeyPatch, count: int) -> None:
        """Where all addresses fail, the error of the last is the reason."""
        failures = {f"address{n}": OSError(111, f"refused {n}") for n in range(count)}
        with pytest.raises(httpcore.ConnectError) as caught:
            await self.connect(monkeypatch, **failures)
        assert caught.value.__cause__ is failures[f"address{count - 1}"]

    async def test_a_name_that_no_host_can_have(self) -> None:
        """A label longer than a name may be is a failure to connect like any other."""
        with pytest.raises(httpcore.ConnectError):
            await AsyncioBackend().connect_tcp("a" * 64 + ".test", 443, 60.0)
