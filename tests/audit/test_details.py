"""What an audit reads about keys beyond their last use: rotations; and what is missing if that fails."""

import json
import pickle
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import anyio
import pytest
from support.audit_data import NOW, UNPACED, days, facts, used

from awskms_lite import KMSClient, Pacing
from awskms_lite.audit import (
    AuditSummary,
    KeyFilter,
    KeyUsageRecord,
    Target,
    TargetStatus,
    audit,
    audit_async,
)
from awskms_lite.audit.details import DetailOptions
from awskms_lite.audit.executor import WorkItem
from awskms_lite.audit.progress import TargetProgress
from awskms_lite.local import Error, LocalKMS
from awskms_lite.pacing import RateLimiters

Run = Callable[..., tuple[dict[str, KeyUsageRecord], AuditSummary]]


@pytest.fixture
def kms() -> Iterator[LocalKMS]:
    with LocalKMS(region="us-east-2") as server:
        yield server


@pytest.fixture(params=["sync", "asyncio", "trio"])
def run(request: pytest.FixtureRequest, kms: LocalKMS) -> Run:
    """Return what runs an audit to its end without a pause, and returns its records by ARN and its summary."""
    defaults: dict[str, Any] = {"environ": kms.environ, "pacing": UNPACED}

    async def pause(_: float) -> None:
        await anyio.lowlevel.checkpoint()

    async def run_async(options: dict[str, Any]) -> tuple[dict[str, KeyUsageRecord], AuditSummary]:
        async with audit_async(**{**defaults, "sleep": pause, **options}) as records:
            return {record.arn: record async for record in records}, records.summary

    def run_any(**options: Any) -> tuple[dict[str, KeyUsageRecord], AuditSummary]:
        if request.param != "sync":
            return anyio.run(run_async, options, backend=request.param)
        with audit(**{**defaults, "sleep": lambda _: None, **options}) as records:
            return {record.arn: record for record in records}, records.summary

    return run_any


def rotate(kms: LocalKMS, arn: str, times: int) -> None:
    with KMSClient(environ=kms.environ) as client:
        for _ in range(times):
            client.rotate_key_on_demand(arn)


class TestRotations:
    """`rotations=True`."""

    def test_costs_are_exact(self, run: Run, kms: LocalKMS) -> None:
        """The first two rotations of a key are billed; a key that cannot be rotated costs the base price."""
        expected: dict[str, float] = {}
        for times in (0, 1, 2, 4):
            arn = kms.add_key()
            rotate(kms, arn, times)
            expected[arn] = 1.0 + min(times, 2)
        asymmetric = kms.add_key(spec="RSA_2048")
        records, summary = run(rotations=True)
        costs = {arn: record.cost for arn, record in records.items()}
        assert costs == {**{arn: (usd, False) for arn, usd in expected.items()}, asymmetric: (1.0, False)}
        assert (records[asymmetric].rotations, summary.complete) == (0, True)
        assert sum(total.usd for total in summary.costs.values()) == 10.0

    def test_they_are_asked_for_only_if_they_cost_something(self, run: Run, kms: LocalKMS) -> None:
        """Keys of AWS, of other accounts, and such as are about to be deleted have none that anybody pays for."""
        kms.add_key(manager="AWS", aliases=["alias/aws/s3"])
        kms.add_key(state="PendingDeletion")
        kms.add_key(account_id="444455556666", shared_with=["111122223333"])
        paid = kms.add_key(state="Disabled")
        records, _ = run(rotations=True)
        assert {arn for arn, record in records.items() if record.rotations is not None} == {paid}
        assert kms.stats.asked["ListKeyRotations"] == 1

    def test_unless_they_are_wanted_nobody_asks(self, run: Run, kms: LocalKMS) -> None:
        """By default the cost is a minimum."""
        arn = kms.add_key()
        records, summary = run()
        assert (records[arn].cost, records[arn].rotations) == ((1.0, True), None)
        assert (kms.stats.asked["ListKeyRotations"], summary.complete) == (0, True)

    def test_a_refusal_is_named_and_no_verdict_suffers(self, run: Run, kms: LocalKMS) -> None:
        """The target has the failure, once; the other keys have their rotations."""
        keys = [kms.add_key() for _ in range(4)]
        for arn in keys[:2]:
            kms.deny("ListKeyRotations", key=arn)
        records, summary = run(rotations=True)
        assert {record.verdict for record in records.values()} == {"too_new"}
        assert [records[arn].rotations for arn in keys] == [None, None, 0, 0]
        ((failure,),) = [report.failures for report in summary.targets]
        assert (failure.operation, failure.code) == ("ListKeyRotations", "AccessDeniedException")
        assert (summary.complete, summary.coverage, summary.evaluated) == (False, 1.0, 4)

    def test_a_short_failure_costs_nothing(self, run: Run, kms: LocalKMS) -> None:
        """It is asked again, beyond the retries of a call."""
        arn = kms.add_key()
        kms.inject_fault(Error("KMSInternalException", status=500), operation="ListKeyRotations", times=4)
        records, summary = run(rotations=True)
        assert (records[arn].rotations, summary.complete) == (0, True)

    def test_a_lasting_failure_is_given_up(self, run: Run, kms: LocalKMS) -> None:
        """It is not waited for with each key: after a few the others are not tried."""
        for _ in range(40):
            kms.add_key()
        kms.inject_fault(Error("KMSInternalException", status=500), operation="ListKeyRotations")
        records, summary = run(rotations=True)
        assert ({record.rotations for record in records.values()}, summary.complete) == ({None}, False)
        assert (
            3 <= kms.stats.asked["ListKeyRotations"] / 9 <= 3 + 8
        )  # three attempts of three; eight keys at a time


class TestCheckpoint:
    """A checkpoint of a run that wanted less."""

    def test_only_what_is_missing_is_asked(self, run: Run, kms: LocalKMS, tmp_path: Path) -> None:
        """The run that wants more asks for that, and the next one for nothing."""
        now = datetime.now(UTC)
        arns = [kms.add_key(created=now - days(300)) for _ in range(3)]
        expected = dict.fromkeys(arns, 0)
        options: dict[str, Any] = {"checkpoint": tmp_path / "audit.db"}
        assert {record.rotations for record in run(**options)[0].values()} == {None}
        for _ in range(2):
            records, summary = run(rotations=True, **options)
            assert {arn: record.rotations for arn, record in records.items()} == expected
            assert {record.verdict for record in records.values()} == {"never_used"}
            assert (summary.resumed, summary.usage_calls, summary.complete) == (3, 0, True)
        assert [kms.stats.asked[name] for name in ("GetKeyLastUsage", "ListKeyRotations")] == [3, 3]

    def test_one_of_an_older_version(self, run: Run, kms: LocalKMS, tmp_path: Path) -> None:
        """Its answers lack the members that are new; they are read on, and what is missing is asked."""
        arn = kms.add_key(created=datetime.now(UTC) - days(300))
        run(checkpoint=tmp_path / "audit.db")
        newer = ("rotations", "last_user", "recent_uses", "failed_uses", "cloudtrail_checked_at")
        with closing(sqlite3.connect(tmp_path / "audit.db", isolation_level=None)) as file:
            ((line,),) = file.execute("SELECT facts FROM answer").fetchall()
            older = {name: member for name, member in json.loads(line).items() if name not in newer}
            file.execute("UPDATE answer SET facts = ?", (json.dumps(older),))
        for wanted in (False, True):
            records, summary = run(checkpoint=tmp_path / "audit.db", rotations=wanted)
            assert records[arn].rotations == (0 if wanted else None)
            assert (summary.resumed, summary.usage_calls, summary.complete) == (1, 0, True)

    def test_a_key_that_is_gone(self, run: Run, kms: LocalKMS, tmp_path: Path) -> None:
        """It has a record, with what was read of it."""
        arn = kms.add_key()
        run(checkpoint=tmp_path / "audit.db")
        kms.advance(days(1))
        with KMSClient(environ=kms.environ, clock=lambda: datetime.now(UTC).timestamp() + 86400) as client:
            client.schedule_key_deletion(arn, pending_window_in_days=7)
        kms.advance(days(9))
        records, summary = run(checkpoint=tmp_path / "audit.db", rotations=True)
        assert (list(records), summary.complete) == ([arn], True)

    def test_refused_again(self, run: Run, kms: LocalKMS, tmp_path: Path) -> None:
        """What is refused is not forgotten: each run asks again."""
        arn = kms.add_key()
        kms.deny("ListKeyRotations")
        for _ in range(2):
            records, summary = run(checkpoint=tmp_path / "audit.db", rotations=True)
            assert (records[arn].rotations, summary.complete) == (None, False)
        kms.allow()
        records, summary = run(checkpoint=tmp_path / "audit.db", rotations=True)
        assert (records[arn].rotations, summary.complete) == (0, True)
        assert kms.stats.asked["GetKeyLastUsage"] == 1


@pytest.mark.parametrize(
    ("counts", "seconds"),
    [
        ({"details_needed": 10, "details_read": 4, "lookups": 8}, 6.0),  # 6 keys, 2 requests each, 2 a second
        ({"details_needed": 10, "details_read": 0}, 5.0),  # one request each, as far as is known
        ({"details_needed": 20, "details_read": 20, "lookups": 40}, 0.0),
        ({"details_needed": 5, "details_read": 5, "lookups": 5, "described": 10, "listed": 20}, 2.5),  # half of 10
        ({"details_needed": 0}, 0.0),
    ],
)
def test_the_time_that_cloudtrail_takes(counts: dict[str, int], seconds: float) -> None:
    """The keys that are left are taken to need as many requests as those before."""
    progress = TargetProgress(Target("us-east-2"), status=TargetStatus.READ)
    progress.follow(RateLimiters(Pacing(), adaptive=False), ["LookupEvents"])
    for name, number in {"listed": 20, "described": 20, **counts}.items():
        setattr(progress, name, number)
    assert progress.seconds_left() == seconds
    assert progress.lookup_rate == (2.0 if progress.details_read < progress.details_needed else 0.0)


def test_a_worker_gets_them_too() -> None:
    """What is wanted travels with a work item."""
    item = WorkItem(Target("us-east-2"), {}, KeyFilter(), details=DetailOptions(True, True, 30))
    assert pickle.loads(pickle.dumps(item)).details == DetailOptions(True, True, 30)


@pytest.mark.parametrize(
    ("members", "missing"),
    [
        ({}, True),
        ({"rotations": 0}, False),
        ({"manager": "AWS"}, False),
        ({"shared": True}, False),
        ({"state": "PendingDeletion"}, False),
        ({"manager": None}, False),
    ],
)
def test_which_rotations_are_missing(members: dict[str, Any], missing: bool) -> None:
    """Those of keys that cost something, if they are wanted."""
    assert DetailOptions(rotations=True).are_missing(facts(**members)) is missing
    assert not DetailOptions().are_missing(facts(**members))


@pytest.mark.parametrize(
    ("members", "missing"),
    [
        ({}, True),
        ({"cloudtrail_checked_at": NOW}, True),
        ({"last_usage": used(days(3))}, True),
        ({"last_usage": used(days(3)), "cloudtrail_checked_at": NOW}, False),
        ({"manager": "AWS"}, False),
        ({"shared": True}, False),
        ({"state": "PendingDeletion"}, True),
        ({"state": "PendingDeletion", "cloudtrail_checked_at": NOW}, False),
    ],
)
def test_which_users_are_missing(members: dict[str, Any], missing: bool) -> None:
    """Those of keys about which CloudTrail was not asked, and uses that another idle window did not ask for."""
    assert DetailOptions(cloudtrail=True).are_missing(facts(**members)) is missing
