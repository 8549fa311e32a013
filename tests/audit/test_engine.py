"""The states of an audit, and the three ways to end it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest
from support.audit_data import UNPACED

from awskms_lite.audit import AsyncAudit, audit, audit_async
from awskms_lite.audit.collector import Collector
from awskms_lite.audit.engine import State
from awskms_lite.audit.event_loop import loop_caller
from awskms_lite.audit.record_queue import RecordQueue
from awskms_lite.local import Drip, LocalKMS

pytestmark = pytest.mark.anyio


@pytest.fixture
def kms() -> Iterator[LocalKMS]:
    with LocalKMS(region="us-east-2") as server:
        yield server


def state_of(records: AsyncAudit) -> State:
    return records._engine.state


async def test_it_goes_forward_only(kms: LocalKMS) -> None:
    """Each way to end it goes further than the one before, and none goes back."""
    kms.add_key(manager="AWS")
    kms.add_key()
    kms.inject_fault(Drip(60), operation="GetKeyLastUsage")
    records = audit_async(environ=kms.environ)
    assert state_of(records) is State.NEW
    await records.wait()
    assert state_of(records) is State.RUNNING
    engine = records._engine
    engine.stop()
    assert state_of(records) is State.STOPPING
    engine.cancel()
    assert state_of(records) is State.CANCELLED
    engine.stop()
    assert state_of(records) is State.CANCELLED
    await records.aclose()
    assert state_of(records) is State.CLOSED
    engine.stop()
    engine.cancel()
    assert state_of(records) is State.CLOSED
    assert [record async for record in records] == []


async def test_what_never_started_is_closed_at_once(kms: LocalKMS) -> None:
    """There is nothing to wait for, and nothing is requested any more."""
    kms.add_key()
    records = audit_async(environ=kms.environ)
    records.cancel()
    assert state_of(records) is State.CLOSED
    assert [record async for record in records] == []
    assert records.summary.stopped
    assert kms.stats.asked == {}


async def test_an_audit_that_ends_by_itself_was_not_stopped(kms: LocalKMS) -> None:
    """It is closed as soon as the last record is there, which may be taken later."""
    kms.add_key(manager="AWS")
    records = audit_async(environ=kms.environ, pacing=UNPACED)
    await records.wait()
    assert records._engine._closed is not None
    with anyio.fail_after(30):
        await records._engine._closed.wait()
    records.stop()
    assert len([record async for record in records]) == 1
    assert (records.summary.stopped, records.summary.complete) == (False, True)


async def test_a_stop_as_it_starts(kms: LocalKMS, monkeypatch: pytest.MonkeyPatch) -> None:
    """A signal may come at any moment of the start: it is not lost, and nothing is requested."""
    kms.add_key()
    records = audit_async(environ=kms.environ)

    def interrupted() -> Any:
        records.stop()
        return loop_caller()

    monkeypatch.setattr("awskms_lite.audit.iterators.loop_caller", interrupted)
    assert [record async for record in records] == []
    assert (records.summary.stopped, kms.stats.asked) == (True, {})


async def test_what_was_read_is_kept_though_nobody_took_it_yet(
    kms: LocalKMS, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stop between an answer and the engine's next step loses none: each is kept, and a record."""
    arns = {kms.add_key(manager="AWS") for _ in range(3)}
    arrived: list[str] = []
    all_arrived = anyio.Event()
    add = Collector._add

    def note(collector: Collector, arn: str, facts: Any) -> None:
        add(collector, arn, facts)
        arrived.append(arn)
        if len(arrived) == len(arns):
            all_arrived.set()

    async def never(_: Collector) -> None:
        await anyio.sleep_forever()

    monkeypatch.setattr(Collector, "_add", note)
    monkeypatch.setattr(Collector, "__anext__", never)
    async with audit_async(environ=kms.environ, checkpoint=tmp_path / "c") as records:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(records.wait)
            with anyio.fail_after(30):
                await all_arrived.wait()
            records.stop()
        found = {record.arn async for record in records}
    assert found == arns
    monkeypatch.undo()
    asked = kms.stats.asked["DescribeKey"]
    async with audit_async(environ=kms.environ, checkpoint=tmp_path / "c") as records:
        assert {record.arn async for record in records} == arns
    assert kms.stats.asked["DescribeKey"] == asked


def test_to_look_takes_nothing(kms: LocalKMS) -> None:
    """Whether a record is ready can be asked as often as one likes."""
    arns = {kms.add_key(manager="AWS") for _ in range(2)}
    with audit(environ=kms.environ, pacing=UNPACED) as records:
        assert not records.ready
        found = {next(records).arn}
        for _ in range(3):
            _ = records.ready
        found.update(record.arn for record in records)
    assert found == arns
    assert not records.ready


async def test_a_queue_that_is_discarded_holds_nobody_back(kms: LocalKMS) -> None:
    """Who waits for room goes on, and what is put in later is dropped."""
    ((record,), queue) = ([each async for each in one_record(kms)], RecordQueue(1))
    queue.put(record)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(queue.wait_for_room)
        await anyio.lowlevel.checkpoint()
        queue.discard()
    queue.put(record)
    await queue.wait()
    assert (len(queue), queue.take()) == (0, None)


def one_record(kms: LocalKMS) -> AsyncAudit:
    kms.add_key(manager="AWS")
    return audit_async(environ=kms.environ, pacing=UNPACED)
