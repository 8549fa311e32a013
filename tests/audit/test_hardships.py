"""An audit in hard circumstances: nothing incomplete passes for complete, and nothing that was read is lost."""

import asyncio
import gc
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import pytest
from support.audit_data import ACCOUNT, UNPACED, arn_of, days, facts
from support.servers import PATIENCE

from awskms_lite import Credentials, Pacing, RetryPolicy
from awskms_lite.audit import AsyncAudit, KeyFilter, Target, audit, audit_async, executor
from awskms_lite.audit.checkpoint import Checkpoint
from awskms_lite.errors import ClosedError, ConfigurationError, CredentialsError
from awskms_lite.local import Drip, Error, Latency, LocalKMS, Reset, Unavailable

OTHER = "999988887777"
ROLE = f"arn:aws:iam::{OTHER}:role/Audit"
LASTING = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_ENDPOINT_URL")


@pytest.fixture
def kms() -> Iterator[LocalKMS]:
    with LocalKMS(region="us-east-2") as server:
        yield server


def add_old(kms: LocalKMS, **members: Any) -> str:
    now = datetime.now(UTC)
    return kms.add_key(**{"created": now - days(900), "tracking_start": now - days(200), **members})


def without_account(kms: LocalKMS, account_id: str = ACCOUNT) -> dict[str, str]:
    """Return the environment of plain keys, which do not tell whose they are."""
    keys = kms.credentials_for(account_id)
    environ = {name: kms.environ[name] for name in LASTING}
    return {**environ, "AWS_ACCESS_KEY_ID": keys.access_key_id, "AWS_SECRET_ACCESS_KEY": keys.secret_access_key}


class TestCredentials:
    def test_nobody_knows_the_caller(self, kms: LocalKMS) -> None:
        """Where home answers nothing of use, regions that do not know the caller are refused, not disabled."""
        add_old(kms)
        kms.inject_fault(Error("KMSInternalException", status=500), times=3)
        stranger = Credentials("AKIDEXAMPLE", "secret")
        options: Any = {"environ": kms.environ, "credentials": stranger, "sleep": lambda _: None}
        with audit(all_regions=True, **options) as records:
            assert list(records) == []
            summary = records.summary
        assert {report.status for report in summary.targets} == {"refused"}
        assert (summary.complete, summary.coverage) == (False, 0.0)

    @pytest.mark.parametrize("regions", [None, ["us-east-2", "eu-west-1"]])
    def test_credentials_of_no_use(self, kms: LocalKMS, regions: list[str] | None) -> None:
        """A signature that is refused everywhere is an error of the whole audit."""
        wrong = Credentials(kms.credentials.access_key_id, "wrong")
        with (
            audit(regions=regions, environ=kms.environ, credentials=wrong) as records,
            pytest.raises(CredentialsError, match="InvalidSignatureException"),
        ):
            next(records)

    def test_home_does_not_answer(self, kms: LocalKMS) -> None:
        """A network that is away as all regions are tried is told of each region, and raises nothing."""
        kms.inject_fault(Reset("before"))
        pauses: list[float] = []
        with audit(all_regions=True, environ=kms.environ, sleep=pauses.append, random=lambda: 0.0) as records:
            assert list(records) == []
            assert {report.status for report in records.summary.targets} == {"failed"}

    def test_a_session_that_cannot_be_renewed_at_once(self, kms: LocalKMS) -> None:
        """STS that is away for a while costs no key, as the audit begins and in its midst."""
        keys = {add_old(kms, account_id=OTHER) for _ in range(5)}
        kms.inject_fault(Unavailable(), operation="AssumeRole", times=4)
        pauses: list[float] = []
        options: Any = {"environ": kms.environ, "pacing": UNPACED, "sleep": pauses.append, "random": lambda: 0.0}
        with audit(role_arns=[ROLE], **options) as records:
            assert {record.arn for record in records} == keys
            assert records.summary.complete
        assert 1 in pauses


class TestOutages:
    @pytest.mark.parametrize(
        "fault", [Unavailable(503), Error("KMSInternalException", status=500), Reset("before")]
    )
    @pytest.mark.parametrize("operation", ["DescribeKey", "GetKeyLastUsage"])
    def test_an_outage_of_some_seconds(self, kms: LocalKMS, fault: Any, operation: str) -> None:
        """Whatever kind of no answer it is, keys wait until it is over."""
        keys = {add_old(kms) for _ in range(60)}
        kms.inject_fault(fault, operation=operation)

        def on_pause(seconds: float) -> None:
            if seconds == 5:
                kms.clear_faults()

        options: Any = {"environ": kms.environ, "pacing": UNPACED, "sleep": on_pause, "random": lambda: 0.0}
        with audit(**options) as records:
            assert {record.arn for record in records} == keys
            assert records.summary.complete

    @pytest.mark.parametrize("operation", ["DescribeKey", "ListResourceTags", "GetKeyLastUsage"])
    def test_failures_here_and_there_are_no_outage(self, kms: LocalKMS, operation: str) -> None:
        """Only keys in a row without an answer end a round; others are read once more, each by itself."""
        for _ in range(120):
            add_old(kms, tags={"team": "shop"})
        kms.inject_fault(Reset("before"), operation=operation, probability=0.25)
        pauses: list[float] = []
        options: Any = {"environ": kms.environ, "pacing": UNPACED, "sleep": pauses.append}
        once = RetryPolicy(max_attempts=1)
        with audit(keys=KeyFilter(tags=["team"]), retry=once, **options) as records:
            assert len({record.arn for record in records}) == 120
            summary = records.summary
        assert 5 not in pauses  # the pause after an outage
        assert summary.reported - summary.evaluated < 10


class TestPacing:
    @pytest.mark.parametrize("operation", ["DescribeKey", "GetKeyLastUsage"])
    def test_a_timeout_shorter_than_the_wait(self, kms: LocalKMS, operation: str) -> None:
        """No operation's pace makes a question run out of time before it is asked."""
        keys = {add_old(kms) for _ in range(12)}
        pacing = Pacing({"GetKeyLastUsage": 1e6, operation: 20})
        with audit(environ=kms.environ, pacing=pacing, timeout=0.15) as records:
            assert {record.arn for record in records if record.error is None} == keys

    def test_a_clock_that_stands_still(self, kms: LocalKMS) -> None:
        """A test's clock and sleep do not keep an audit from its end."""
        for _ in range(12):
            add_old(kms)
        now = datetime.now(UTC).timestamp()
        with audit(environ=kms.environ, clock=lambda: now, sleep=lambda _: None, timeout=5) as records:
            assert len(list(records)) == 12

    def test_no_pacing(self, kms: LocalKMS) -> None:
        """None means none, as it does for a client."""
        for _ in range(12):
            add_old(kms)
        with audit(environ=kms.environ, pacing=None) as records:
            assert len(list(records)) == 12
            assert records.progress.rate == 0
        assert kms.stats.faults == {}

    def test_throttling_is_counted_once(self, kms: LocalKMS) -> None:
        """Whatever the retry mode, an answer that was throttled is one."""
        add_old(kms)
        kms.inject_fault(Error("ThrottlingException"), operation="GetKeyLastUsage", times=1)
        retry = RetryPolicy(mode="adaptive")
        with audit(retry=retry, random=lambda: 0.0, environ=kms.environ, pacing=UNPACED) as records:
            assert len(list(records)) == 1
        assert records.summary.throttled == 1


class TestCheckpoints:
    @pytest.mark.parametrize("denied", [False, True])
    def test_an_account_that_nothing_tells(self, kms: LocalKMS, tmp_path: Path, denied: bool) -> None:
        """Answers of another account are not given out where no listing tells whose account this is."""
        add_old(kms)
        options: Any = {"pacing": UNPACED, "checkpoint": tmp_path / "c"}
        with audit(environ=without_account(kms), **options) as before:
            assert len(list(before)) == 1
        if denied:
            kms.deny("ListKeys")
        with audit(environ=without_account(kms, OTHER), **options) as after:
            assert list(after) == []
        assert not after.summary.complete

    @pytest.mark.parametrize("name", ["", ":memory:", "file:x?mode=memory"])
    def test_names_that_are_no_files(self, kms: LocalKMS, name: str) -> None:
        """What SQLite would take for something else than a file is refused: it would keep nothing."""
        with pytest.raises(ConfigurationError, match="name of a file"):
            audit(environ=kms.environ, checkpoint=name)

    def test_the_order_of_words_is_no_other_filter(self, tmp_path: Path) -> None:
        """A filter is what it selects."""
        Checkpoint(tmp_path / "c", KeyFilter(states=["Enabled", "Disabled"])).close()
        Checkpoint(tmp_path / "c", KeyFilter(states=["Disabled", "Enabled", "Enabled"])).close()

    def test_two_that_begin_at_once(self, tmp_path: Path) -> None:
        """Of runs that open a new file together exactly one gets it."""
        together = threading.Barrier(4)

        def begin(path: Path) -> Checkpoint | None:
            together.wait(10)
            try:
                return Checkpoint(path, KeyFilter())
            except ConfigurationError:
                return None

        with ThreadPoolExecutor(4) as pool:
            for number in range(10):
                opened = [each for each in pool.map(begin, [tmp_path / f"c{number}"] * 4) if each is not None]
                assert len(opened) == 1
                opened[0].close()

    def test_letters_that_are_half_a_pair(self, tmp_path: Path) -> None:
        """A description that is no good Unicode is kept as it came."""
        key = facts(description="half \ud83d of a pair")
        with closing(Checkpoint(tmp_path / "c", KeyFilter())) as checkpoint:
            checkpoint.add(Target("us-east-2"), arn_of(), key)
            (answer,) = checkpoint.answers(Target("us-east-2"))
        assert answer.facts == key

    def test_kept_before_it_is_given(self, kms: LocalKMS, tmp_path: Path) -> None:
        """Whoever has a record finds it in the checkpoint: a kill at that moment loses nothing."""
        for _ in range(3):
            add_old(kms, manager="AWS")
        with audit(environ=kms.environ, checkpoint=tmp_path / "c") as records:
            checkpoint = records._audit._engine._checkpoint
            assert checkpoint is not None
            given = records._audit._engine.queue
            put, kept = given.put, []

            def note(record: Any) -> None:
                kept.append(record.arn in checkpoint.arns(Target("us-east-2")))
                put(record)

            given.put = note  # type: ignore[method-assign]
            list(records)
        assert kept == [True] * 3


class TestLeaving:
    """Who leaves an audit, in whatever way, finds its files closed, and the checkpoint free for the next run."""

    @staticmethod
    def begin(kms: LocalKMS, path: Path) -> AsyncAudit:
        """Begin an audit whose second key takes long."""
        add_old(kms, manager="AWS")
        add_old(kms)
        kms.inject_fault(Drip(60), operation="GetKeyLastUsage")
        return audit_async(environ=kms.environ, checkpoint=path / "c", ordered=False)

    @pytest.mark.anyio
    async def test_cancelled_in_its_midst(self, kms: LocalKMS, tmp_path: Path) -> None:
        """A scope that is cancelled ends the wait for the end of nothing."""
        with anyio.CancelScope() as scope:
            async with self.begin(kms, tmp_path) as records:
                await anext(records)
                scope.cancel()
                await anext(records)
        assert scope.cancelled_caught
        Checkpoint(tmp_path / "c", KeyFilter()).close()

    @pytest.mark.parametrize("times", [1, 2, 3])
    def test_cancelled_by_asyncio_itself(self, kms: LocalKMS, tmp_path: Path, times: int) -> None:
        """However often and however fast a task is cancelled."""

        async def read(begun: asyncio.Event) -> None:
            async with self.begin(kms, tmp_path) as records:
                await anext(records)
                begun.set()
                await anext(records)

        async def main() -> None:
            begun = asyncio.Event()
            task = asyncio.create_task(read(begun))
            await begun.wait()
            for _ in range(times):
                task.cancel()
                await asyncio.sleep(0)
            with pytest.raises(asyncio.CancelledError):
                await task
            Checkpoint(tmp_path / "c", KeyFilter()).close()

        asyncio.run(main())

    @pytest.mark.anyio
    async def test_closed_before_it_began(self, kms: LocalKMS, tmp_path: Path) -> None:
        """What nobody iterated over has nothing open, and opens nothing any more."""
        records = self.begin(kms, tmp_path)
        async with records:
            pass
        assert [record async for record in records] == []
        Checkpoint(tmp_path / "c", KeyFilter()).close()


class TestOpening:
    @pytest.mark.anyio
    async def test_the_event_loop_goes_on_meanwhile(
        self, kms: LocalKMS, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A checkpoint on a slow disk, or one that another run still has, is opened in a thread."""
        opened_in: list[int] = []

        class Noted(Checkpoint):
            def __init__(self, path: Any, wanted: KeyFilter) -> None:
                opened_in.append(threading.get_ident())
                super().__init__(path, wanted)

        monkeypatch.setattr("awskms_lite.audit.engine.Checkpoint", Noted)
        add_old(kms, manager="AWS")
        async with audit_async(environ=kms.environ, checkpoint=tmp_path / "c") as records:
            assert len([record async for record in records]) == 1
        assert len(opened_in) == 1
        assert threading.get_ident() not in opened_in

    @pytest.mark.anyio
    async def test_one_that_cannot_be_used(self, kms: LocalKMS, tmp_path: Path) -> None:
        """It is an error of the first record, and nothing is asked before."""
        (tmp_path / "c").write_text("key_id,verdict\n" * 100)
        async with audit_async(environ=kms.environ, checkpoint=tmp_path / "c") as records:
            with pytest.raises(ConfigurationError, match="not a database"):
                await anext(records)
        assert kms.stats.asked == {}


class TestReaders:
    """Who takes the records may be interrupted at any moment."""

    def test_a_reader_that_gives_up_again_and_again(self, kms: LocalKMS) -> None:
        """Waiting that is cut short takes no record away, under asyncio's own timeouts too."""
        keys = {add_old(kms) for _ in range(40)}

        async def take() -> set[str]:
            found: set[str] = set()
            async with audit_async(environ=kms.environ, pacing=Pacing({"GetKeyLastUsage": 200})) as records:
                while True:
                    try:
                        found.add((await asyncio.wait_for(anext(records), 0.002)).arn)
                    except TimeoutError:
                        continue
                    except StopAsyncIteration:
                        return found

        assert asyncio.run(take()) == keys

    def test_ctrl_c_and_on(self, kms: LocalKMS, monkeypatch: pytest.MonkeyPatch) -> None:
        """Who catches KeyboardInterrupt and goes on iterating misses nothing, even of what came meanwhile."""
        keys = {add_old(kms) for _ in range(40)}
        turns = count()
        with audit(environ=kms.environ, pacing=Pacing({"GetKeyLastUsage": 200})) as records:
            found = {next(records).arn}
            loop = records._loop
            assert loop is not None
            call = loop.call

            def interrupted(function: Callable[[], Any]) -> Any:
                if next(turns) % 2:
                    return call(function)
                loop._portal.start_task_soon(function)
                raise KeyboardInterrupt

            monkeypatch.setattr(loop, "call", interrupted)
            while True:
                try:
                    record = next(records, None)
                except KeyboardInterrupt:
                    continue
                if record is None:
                    break
                found.add(record.arn)
        assert found == keys
        assert next(turns) > 2

    @pytest.mark.anyio
    async def test_a_stop_from_another_thread(self, kms: LocalKMS) -> None:
        """An asynchronous audit may be stopped from anywhere."""
        for _ in range(60):
            add_old(kms)
        async with audit_async(environ=kms.environ) as records:
            await anext(records)
            await anyio.to_thread.run_sync(records.stop)
            rest = [record async for record in records]
        assert records.summary.stopped
        assert len(rest) < 59

    @pytest.mark.anyio
    async def test_an_ordered_audit_that_is_closed_as_it_begins(self, kms: LocalKMS) -> None:
        """Nothing is asked of what was closed already."""
        add_old(kms)
        records = audit_async(environ=kms.environ, ordered=True)
        async with anyio.create_task_group() as group:
            group.start_soon(records.wait)
            await anyio.lowlevel.checkpoint()
            await records.aclose()
        assert [record async for record in records] == []

    @pytest.mark.anyio
    async def test_a_mistake_of_our_own_is_raised(self, kms: LocalKMS, monkeypatch: pytest.MonkeyPatch) -> None:
        """What nobody foresaw comes out of the iterator, under trio too, and ends no more than the audit."""
        add_old(kms, manager="AWS")

        def broken(*_: object) -> None:
            raise ZeroDivisionError("mistake")

        monkeypatch.setattr("awskms_lite.audit.multi_region.judge", broken)
        records = audit_async(environ=kms.environ)
        with pytest.raises(ZeroDivisionError, match="mistake"):
            await anext(records)
        assert [record async for record in records] == []

    def test_the_garbage_collector_in_the_audits_thread(self, kms: LocalKMS) -> None:
        """An audit that is let go by its own thread ends, and its thread with it."""
        add_old(kms)
        kms.inject_fault(Drip(10), operation="GetKeyLastUsage")
        add_old(kms, manager="AWS")
        records = audit(environ=kms.environ)
        next(records)
        loop = records._loop
        assert loop is not None

        async def collect() -> None:
            gc.collect()

        gc.disable()  # or the collector might run here
        try:
            cycle: list[Any] = [records]
            cycle.append(cycle)
            del records, cycle
            loop.call(collect)
        finally:
            gc.enable()
        loop._thread.join(10)
        assert not loop._thread.is_alive()

    @pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
    @pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # which Python sees that we have threads
    def test_a_forked_child(self, kms: LocalKMS) -> None:
        """A child of a process with an audit under way ends as any other: the thread is its parent's."""
        for _ in range(20):
            add_old(kms)
        with audit(environ=kms.environ) as records:
            next(records)
            child = os.fork()
            if child == 0:
                signal.alarm(10)
                records.close()
                os._exit(0)
            assert os.waitpid(child, 0)[1] == 0

    @pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
    @pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # which Python sees that we have threads
    def test_a_forked_child_that_reads_on(self, kms: LocalKMS) -> None:
        """It is told where the records are, and waits for nobody; the parent reads all of them."""
        keys = {add_old(kms) for _ in range(20)}
        kms.inject_fault(Latency(0.05), operation="GetKeyLastUsage")
        with audit(environ=kms.environ) as records:
            read = {next(records).arn}
            child = os.fork()
            if child == 0:
                signal.alarm(10)
                try:
                    for _ in records:
                        pass
                except ClosedError as error:
                    os._exit("parent process" not in str(error))
                os._exit(2)
            assert os.waitpid(child, 0)[1] == 0
            assert read | {record.arn for record in records} == keys

    def test_two_threads_that_begin_at_once(self, kms: LocalKMS) -> None:
        """One loop serves both, and each record goes to one of them."""
        keys = sorted(add_old(kms) for _ in range(20))
        with audit(environ=kms.environ) as records, ThreadPoolExecutor(2) as pool:
            together = threading.Barrier(2)

            def read() -> list[str]:
                together.wait(PATIENCE)
                return [record.arn for record in records]

            halves = [pool.submit(read) for _ in range(2)]
            assert sorted(halves[0].result() + halves[1].result()) == keys


class TestWorkers:
    @pytest.fixture
    def kms(self, kms: LocalKMS, monkeypatch: pytest.MonkeyPatch) -> LocalKMS:
        for name, value in kms.environ.items():
            monkeypatch.setenv(name, value)
        return kms

    def test_a_target_in_slices(self, kms: LocalKMS, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A target is read some keys at a time, none of them twice, and each slice is kept as it comes."""
        monkeypatch.setattr(executor, "_KEYS_PER_ITEM", 4)
        keys = {add_old(kms) for _ in range(18)}
        kms.deny("GetKeyLastUsage", key=min(keys))
        options: Any = {"pacing": UNPACED, "checkpoint": tmp_path / "c"}
        with ThreadPoolExecutor(2) as pool, audit(executor=pool, **options) as records:
            found = [record.arn for record in records]
            summary = records.summary
        assert (len(found), set(found)) == (18, keys)
        assert (summary.listed, summary.reported, summary.evaluated, summary.usage_calls) == (18, 18, 17, 17)
        assert kms.stats.asked["DescribeKey"] == kms.stats.asked["GetKeyLastUsage"] == 18

    def test_what_workers_read_before_a_stop(self, kms: LocalKMS) -> None:
        """Reports that are there are taken, those to come are not waited for, and nothing more is begun."""
        regions = [f"r-{number}" for number in range(8)]
        for region in regions:
            for _ in range(300):
                add_old(kms, region=region, manager="AWS")
        with ThreadPoolExecutor(1) as pool:
            with audit(regions=regions, executor=pool, pacing=UNPACED) as records:
                found = [next(records)]
                records.stop()
                found += records
                summary = records.summary
            assert len(found) == summary.reported
        read = [report for report in summary.targets if report.status != "not_started"]
        assert len(found) == 300 * len(read)
        assert 0 < kms.stats.asked["ListKeys"] < 16

    def test_a_stop_before_the_beginning(self, kms: LocalKMS) -> None:
        """No worker is given anything."""
        add_old(kms)
        with ThreadPoolExecutor(1) as pool, audit(executor=pool) as records:
            records.stop()
            assert list(records) == []
        assert kms.stats.asked == {}

    @pytest.mark.anyio
    async def test_an_executor_that_is_shut_down(self, kms: LocalKMS) -> None:
        """It reads no target, and each says why."""
        pool = ThreadPoolExecutor(1)
        pool.shutdown()
        async with audit_async(executor=pool, regions=["us-east-2", "eu-west-1"]) as records:
            assert [record async for record in records] == []
        failed = [(report.status, report.failures[0].code) for report in records.summary.targets]
        assert failed == [("failed", "RuntimeError")] * 2
