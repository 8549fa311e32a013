"""An audit whose targets are read by an executor's workers."""

import multiprocessing
import pickle
from collections.abc import Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import anyio
import pytest
from support.audit_data import UNPACED, days

from awskms_lite import Credentials
from awskms_lite.audit import (
    AuditVerdict,
    Failure,
    KeyFilter,
    Target,
    TargetStatus,
    audit,
    audit_async,
    executor,
)
from awskms_lite.audit.executor import WorkItem, WorkReport, read_work_item
from awskms_lite.audit.progress import AuditProgress, TargetProgress
from awskms_lite.errors import CredentialsError, ParameterError
from awskms_lite.local import Error, LocalKMS

ACCOUNTS = [f"{number:012}" for number in range(1, 111)]  # ten more than are read at a time


def roles(accounts: list[str]) -> list[str]:
    return [f"arn:aws:iam::{account}:role/Audit" for account in accounts]


@pytest.fixture
def kms(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalKMS]:
    """Yield a KMS that this process and its workers find by their environment."""
    with LocalKMS(region="us-east-2") as server:
        for name, value in server.environ.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        yield server


def add_key(kms: LocalKMS, **members: Any) -> str:
    now = datetime.now(UTC)
    return kms.add_key(**{"created": now - days(900), "tracking_start": now - days(200), **members})


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # which Python sees that we have threads
@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="there is no fork here")
def test_processes_that_are_forked(kms: LocalKMS) -> None:
    """Workers that are forked in the midst of an event loop begin one of their own."""
    keys = {add_key(kms, account_id=account) for account in ACCOUNTS[:3]}
    with ProcessPoolExecutor(2, multiprocessing.get_context("fork")) as pool:
        with audit(role_arns=roles(ACCOUNTS[:3]), executor=pool, pacing=UNPACED) as records:
            assert {record.arn for record in records} == keys
        assert records.summary.complete


def test_many_accounts_by_processes(kms: LocalKMS) -> None:
    """A process pool reads more accounts than are read at a time; each key is there, as if by one process."""
    expected: dict[str, AuditVerdict] = {}
    for account in ACCOUNTS:
        expected[add_key(kms, account_id=account)] = AuditVerdict.NO_RECORD
        expected[add_key(kms, account_id=account, manager="AWS")] = AuditVerdict.AWS_MANAGED
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:
        with audit(role_arns=roles(ACCOUNTS), executor=pool, pacing=UNPACED) as records:
            assert {record.arn: record.verdict for record in records} == expected
        summary = records.summary
    assert (summary.listed, summary.evaluated, summary.usage_calls, summary.complete) == (220, 220, 110, True)
    assert [report.account_id for report in summary.targets] == ACCOUNTS
    assert kms.stats.asked["AssumeRole"] == 110


@pytest.mark.anyio
async def test_from_an_event_loop(kms: LocalKMS) -> None:
    """The asynchronous audit waits for workers too, and other tasks go on meanwhile."""
    keys = {add_key(kms, account_id=account) for account in ACCOUNTS[:4]}
    found: set[str] = set()
    with ThreadPoolExecutor(2) as pool:
        async with audit_async(role_arns=roles(ACCOUNTS[:4]), executor=pool, pacing=UNPACED) as records:
            async for record in records:
                found.add(record.arn)
                await anyio.lowlevel.checkpoint()
    assert found == keys


def test_no_failure_of_a_target_is_replaced_by_a_later_one(kms: LocalKMS, monkeypatch: pytest.MonkeyPatch) -> None:
    """What one work item could not list stays missing, though the next item of the target lists it."""
    monkeypatch.setattr(executor, "_KEYS_PER_ITEM", 2)
    keys = {add_key(kms, aliases=[f"alias/{number}"]) for number in range(4)}
    kms.inject_fault(Error("ValidationException"), operation="ListAliases", times=1)
    with ThreadPoolExecutor(1) as pool, audit(executor=pool, pacing=UNPACED) as records:
        found = list(records)
    assert {record.arn for record in found} == keys
    assert sorted(record.aliases is None for record in found) == [False, False, True, True]
    (report,) = records.summary.targets
    assert [(failure.operation, failure.code) for failure in report.failures] == [
        ("ListAliases", "ValidationException")
    ]
    assert not records.summary.complete


def test_the_failures_of_all_work_items_are_kept() -> None:
    """Each once: two items meet the same cause as often as they list."""
    target = Target("us-east-2")
    progress = AuditProgress([target], named=True)
    for operation in ("ListAliases", "ListKeys (shared keys)", "ListAliases"):
        failures = [Failure("AccessDeniedException", "no", operation, operation)]
        progress.merge(TargetProgress(target, status=TargetStatus.READ, failures=failures))
    (report,) = progress.summary().targets
    assert [failure.operation for failure in report.failures] == ["ListAliases", "ListKeys (shared keys)"]


class TestWorkItems:
    def test_a_work_item_travels_without_secrets(self, kms: LocalKMS) -> None:
        """What is sent to a worker are names and numbers; what comes back holds no credentials either."""
        add_key(kms, account_id=ACCOUNTS[0])
        unit = WorkItem(Target("us-east-2", roles(ACCOUNTS)[0], None), {"pacing": UNPACED}, KeyFilter())
        sent = pickle.dumps(unit)
        report = read_work_item(pickle.loads(sent))
        back = pickle.dumps(report)
        secret = kms.credentials.secret_access_key.encode()
        assert not [text for text in (secret, b"AKIA", b"ASIA") if text in sent + back]
        assert len(report.answers) == 1

    def test_a_worker_without_credentials(self, kms: LocalKMS, monkeypatch: pytest.MonkeyPatch) -> None:
        """It refuses its target, and says what it looked for."""
        monkeypatch.delenv("AWS_ACCESS_KEY_ID")
        monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
        with ThreadPoolExecutor(1) as pool, audit(executor=pool) as records:
            assert list(records) == []
            (report,) = records.summary.targets
        assert (report.status, report.failures[0].code) == ("refused", "CredentialsError")
        assert "No credentials" in report.failures[0].message
        assert not records.summary.complete
        assert kms.stats.asked == {}

    def test_all_regions_are_proved_at_home(self, kms: LocalKMS, monkeypatch: pytest.MonkeyPatch) -> None:
        """Before thirty units are sent out the parent makes sure that its credentials are known."""
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
        with (
            ThreadPoolExecutor(1) as pool,
            audit(executor=pool, all_regions=True) as records,
            pytest.raises(CredentialsError, match="us-east-2"),
        ):
            next(records)
        assert kms.stats.asked == {"ListKeys": 1}

    @pytest.mark.parametrize(
        "options",
        [
            {"credentials": Credentials("AKID", "secret")},
            {"environ": {}},
            {"http_client": None},
            {"sleep": None},
            {"clock": None},
            {"mfa": None},
        ],
    )
    def test_what_cannot_travel(self, kms: LocalKMS, options: dict[str, Any]) -> None:
        """Options that belong to this process are refused, by name."""
        with ThreadPoolExecutor(1) as pool, pytest.raises(ParameterError, match=f"{next(iter(options))} stays"):
            audit(executor=pool, **options)


class TestSets:
    def test_a_set_that_two_workers_read(self, kms: LocalKMS) -> None:
        """The parent brings the keys of a set together, whichever worker read them."""
        primary = add_key(kms, multi_region=True)
        replica = add_key(kms, replica_of=primary, region="eu-west-1", last_usage=datetime.now(UTC) - days(2))
        regions = ["us-east-2", "eu-west-1"]
        with ThreadPoolExecutor(2) as pool, audit(regions=regions, executor=pool, pacing=UNPACED) as records:
            found = {record.arn: record.verdict for record in records}
        assert found == {primary: "in_use", replica: "in_use"}


class TestResuming:
    def test_workers_leave_out_what_is_answered(self, kms: LocalKMS, tmp_path: Path) -> None:
        """Workers take up a run of one process, and one process that of workers; no key is asked for twice."""
        keys = [add_key(kms, account_id=account) for account in ACCOUNTS[:3] for _ in range(2)]
        options: Any = {
            "role_arns": roles(ACCOUNTS[:3]),
            "pacing": UNPACED,
            "checkpoint": tmp_path / "c",
        }
        kms.deny("GetKeyLastUsage", key=keys[0])
        with audit(**options) as before:
            list(before)
        kms.allow()
        with ThreadPoolExecutor(2) as pool, audit(executor=pool, **options) as after:
            assert {record.arn: record.verdict for record in after} == dict.fromkeys(keys, "no_record")
        with audit(**options) as again:
            assert len(list(again)) == 6
        assert (after.summary.resumed, after.summary.usage_calls, after.summary.complete) == (5, 1, True)
        assert kms.stats.asked["GetKeyLastUsage"] == 7


class Failing(Executor):
    """Loses every second unit, as a worker does that is killed."""

    def __init__(self) -> None:
        self._units = 0

    def submit(self, *task: Any) -> Future[Any]:  # type: ignore[override]
        function, unit = task
        self._units += 1
        future: Future[WorkReport] = Future()
        if self._units % 2:
            future.set_exception(MemoryError("worker died"))
        else:
            with ThreadPoolExecutor(1) as pool:
                future = pool.submit(function, unit)
        return future


def test_a_work_item_that_is_cancelled(kms: LocalKMS) -> None:
    """An executor that cancels what it has not begun costs that target, and no other."""

    class Cancelling(ThreadPoolExecutor):
        """Cancels the second item that it is given."""

        items = 0

        def submit(self, /, *args: Any, **kwargs: Any) -> Future[Any]:
            self.items += 1
            if self.items != 2:
                return super().submit(*args, **kwargs)
            future: Future[Any] = Future()
            future.cancel()
            future.set_running_or_notify_cancel()
            return future

    keys = {add_key(kms, account_id=account) for account in ACCOUNTS[:3]}
    with Cancelling(1) as pool, audit(role_arns=roles(ACCOUNTS[:3]), executor=pool, pacing=UNPACED) as records:
        read = {record.arn for record in records}
        summary = records.summary
    assert read < keys
    assert len(read) == 2
    assert not summary.complete
    (failure,) = (failure for report in summary.targets for failure in report.failures)
    assert "cancelled" in failure.message


def test_a_worker_that_dies(kms: LocalKMS) -> None:
    """Its target has failed, with the reason, and the others go on."""
    keys = [add_key(kms, region=region) for region in ("us-east-2", "eu-west-1")]
    options: Any = {"regions": ["us-east-2", "eu-west-1"], "pacing": UNPACED}
    with audit(executor=Failing(), **options) as records:
        assert [record.arn for record in records] == keys[1:]
        lost = records.summary.targets[0]
    assert (lost.status, lost.failures[0].code) == ("failed", "MemoryError")
    assert "us-east-2" in lost.failures[0].message
    assert not records.summary.complete


def test_what_is_kept_of_a_worker_that_dies(kms: LocalKMS, tmp_path: Path) -> None:
    """What the checkpoint holds of its target is reported, if the role tells that it is of the same account."""
    keys = {add_key(kms, region=region, account_id=ACCOUNTS[0]) for region in ("us-east-2", "eu-west-1")}
    options: Any = {"regions": ["us-east-2", "eu-west-1"], "pacing": UNPACED, "checkpoint": tmp_path / "c"}
    with audit(role_arns=roles(ACCOUNTS[:1]), **options) as before:
        list(before)
    with audit(role_arns=roles(ACCOUNTS[:1]), executor=Failing(), **options) as after:
        assert {record.arn for record in after} == keys
    assert not after.summary.complete


def test_a_stop_takes_back_what_was_not_begun(kms: LocalKMS) -> None:
    """Work items that no worker has begun are cancelled, and their targets are called not started."""
    for account in ACCOUNTS[:50]:
        add_key(kms, account_id=account, manager="AWS")
    with ThreadPoolExecutor(1) as pool, audit(role_arns=roles(ACCOUNTS[:50]), executor=pool) as records:
        next(records)
        records.stop()
        found = 1 + len(list(records))
    statuses = [report.status for report in records.summary.targets]
    assert 0 < found < 50
    assert statuses.count("not_started") == 50 - statuses.count("read")  # type: ignore[arg-type]
    assert records.summary.stopped
