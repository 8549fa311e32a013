"""`cloudtrail=True`: who used a key, whether it was used after all, and who is refused one, from a CloudTrail."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any

import anyio
import pytest
from support.audit_data import UNPACED, days

from awskms_lite import KMSClient, Pacing
from awskms_lite.audit import AuditSummary, KeyUsageRecord, audit, audit_async
from awskms_lite.audit.clients import clients_by_options
from awskms_lite.audit.targets import Target
from awskms_lite.local import Error, LocalKMS

Run = Callable[..., tuple[dict[str, KeyUsageRecord], AuditSummary]]
ROLE = "arn:aws:iam::111122223333:role/App"
SESSION = "arn:aws:sts::111122223333:assumed-role/App/i-0123"
CONTEXT = {"aws:s3:arn": "arn:aws:s3:::orders"}


@pytest.fixture
def kms() -> Iterator[LocalKMS]:
    with LocalKMS(region="us-east-2") as server:
        yield server


@pytest.fixture(params=["sync", "asyncio", "trio"])
def run(request: pytest.FixtureRequest, kms: LocalKMS) -> Run:
    """Return what runs an audit with CloudTrail to its end, and returns its records and summary."""
    defaults: dict[str, Any] = {"environ": kms.environ, "pacing": UNPACED, "cloudtrail": True}

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


def add_old(kms: LocalKMS, **members: Any) -> str:
    """Add a key that is older than tracking."""
    now = datetime.now(UTC)
    return kms.add_key(**{"created": now - days(900), "tracking_start": now - days(200), **members})


def ago(number: float) -> datetime:
    return datetime.now(UTC).replace(microsecond=0) - days(number)


def disable(kms: LocalKMS, arn: str) -> None:
    with KMSClient(environ=kms.environ) as client:
        client.disable_key(arn)


def told(record: KeyUsageRecord) -> str:
    return " ".join(record.reasons)


class TestLastUser:
    """Who made the last use."""

    def test_a_key_in_use(self, run: Run, kms: LocalKMS) -> None:
        """The event of its last use tells by whom, through which service and for what."""
        arn, used = add_old(kms), ago(3)
        event_id = kms.use(
            arn, at=used, principal=SESSION, invoked_by="s3.amazonaws.com", encryption_context=CONTEXT
        )
        records, summary = run()
        record = records[arn]
        user = record.last_user
        assert user is not None
        assert (user.principal_arn, user.session_name, user.invoked_by) == (ROLE, "i-0123", "s3.amazonaws.com")
        assert (user.event_id, user.event_time, user.encryption_context) == (event_id, used, CONTEXT)
        assert (record.verdict, record.recent_uses, record.failed_uses) == ("in_use", None, None)
        assert f"The last use was made by {ROLE} in the session i-0123 through s3.amazonaws.com" in told(record)
        assert "aws:s3:arn=arn:aws:s3:::orders" in told(record)
        assert (summary.lookups, summary.complete) == (1, True)

    def test_a_use_that_is_too_old(self, run: Run, kms: LocalKMS) -> None:
        """It is said that CloudTrail has forgotten it, and CloudTrail is not asked for it."""
        arn = add_old(kms, last_usage=ago(91))
        records, summary = run(idle_days=365)
        assert (records[arn].verdict, records[arn].last_user, summary.lookups) == ("in_use", None, 0)
        assert "CloudTrail's event history keeps 90 days, and it is older" in told(records[arn])

    def test_an_event_that_is_not_there_yet(self, run: Run, kms: LocalKMS) -> None:
        """It is said that it may come."""
        arn = add_old(kms)
        kms.set_event_delay(timedelta(minutes=5))
        kms.use(arn)
        records, summary = run()
        assert (records[arn].last_user, summary.complete) == (None, True)
        assert "some minutes to get there" in told(records[arn])

    def test_by_default_nobody_asks(self, run: Run, kms: LocalKMS) -> None:
        """Without the option there is neither a request nor a word about CloudTrail's answers."""
        arn = add_old(kms, last_usage=ago(3))
        records, summary = run(cloudtrail=False)
        assert (records[arn].last_user, records[arn].cloudtrail_checked_at) == (None, None)
        assert (summary.lookups, kms.stats.asked["LookupEvents"]) == (0, 0)
        assert len(records[arn].reasons) == 1


class TestRecentUses:
    """Uses of keys that seem unused."""

    def test_none(self, run: Run, kms: LocalKMS) -> None:
        """That nothing was found is said, and that it is no proof."""
        arn = add_old(kms)
        records, _ = run()
        uses = records[arn].recent_uses
        assert uses is not None
        assert (uses.count, uses.at_least, uses.last, uses.users) == (0, False, None, ())
        assert abs(uses.since - ago(90)) < timedelta(minutes=5)
        assert (records[arn].verdict, records[arn].failed_uses) == ("no_record", None)
        assert "CloudTrail shows no successful use of it since" in told(records[arn])
        assert "that is no proof" in told(records[arn])

    def test_uses_that_kms_did_not_track(self, run: Run, kms: LocalKMS) -> None:
        """The verdict stays, and the advice is to keep the key."""
        arn = add_old(kms, tracking_start=ago(10))
        last = ago(20)
        for moment in (ago(40), ago(30), last):
            kms.use(arn, "GenerateDataKey", at=moment, principal=SESSION)
        kms.use(arn, at=ago(100))  # beyond the history
        kms.use(arn, at=ago(15), error_code="AccessDeniedException")
        records, _ = run()
        uses = records[arn].recent_uses
        assert uses is not None
        assert (uses.count, uses.at_least, uses.last, uses.users) == (3, False, last, (ROLE,))
        assert records[arn].verdict == "no_record"
        assert records[arn].advice.startswith(f"Keep it: CloudTrail has a use on {last:%Y-%m-%d}")
        assert "CloudTrail has 3 uses of it since" in told(records[arn])

    def test_an_idle_key_with_a_short_window(self, run: Run, kms: LocalKMS) -> None:
        """Its uses before the window are found, and say nothing against the verdict."""
        arn = add_old(kms)
        kms.use(arn, at=ago(45), principal=SESSION)
        record = run(idle_days=30)[0][arn]
        assert record.recent_uses is not None
        assert record.last_user is not None
        assert (record.verdict, record.recent_uses.count, record.last_user.principal_arn) == ("idle", 1, ROLE)
        assert not record.advice.startswith("Keep")

    def test_other_keys_uses_are_not_its_own(self, run: Run, kms: LocalKMS) -> None:
        """Each key has its own."""
        busy, idle = add_old(kms), add_old(kms)
        kms.use(busy)
        records, _ = run()
        uses = records[idle].recent_uses
        assert uses is not None
        assert uses.count == 0

    def test_whom_nobody_asks_about(self, run: Run, kms: LocalKMS) -> None:
        """Keys of AWS, of other accounts and new ones cost no request."""
        add_old(kms, manager="AWS")
        kms.add_key()
        kms.add_key(account_id="444455556666", shared_with=["111122223333"])
        records, summary = run()
        assert ({record.recent_uses for record in records.values()}, summary.lookups) == ({None}, 0)


class TestFailedUses:
    """Uses of keys that are disabled or about to be deleted."""

    def test_a_disabled_key_in_demand(self, run: Run, kms: LocalKMS) -> None:
        """Who was refused since it was disabled, how often and when; the verdict stays, the advice says it."""
        arn = add_old(kms)
        kms.use(arn, at=ago(5), principal=SESSION, error_code="AccessDeniedException")
        disable(kms, arn)
        for principal in (SESSION, "arn:aws:iam::111122223333:user/ann", SESSION):
            kms.use(arn, error_code="DisabledException", principal=principal)
        records, summary = run()
        record = records[arn]
        uses = record.failed_uses
        assert uses is not None
        assert uses.last is not None
        assert (uses.count, uses.at_least, set(uses.users)) == (
            3,
            False,
            {ROLE, "arn:aws:iam::111122223333:user/ann"},
        )
        assert datetime.now(UTC) - uses.since < timedelta(minutes=5)
        assert (record.verdict, summary.complete) == ("no_record", True)
        assert record.advice.startswith("It is in demand: 3 uses of it were refused since ")
        assert ROLE in record.advice
        assert "EnableKey" in record.advice

    @pytest.mark.parametrize("code", ["DisabledException", "KMSInvalidStateException"])
    def test_a_key_that_is_about_to_be_deleted(self, run: Run, kms: LocalKMS, code: str) -> None:
        """Either code counts; it was asked about by its description alone."""
        arn = add_old(kms)
        with KMSClient(environ=kms.environ) as client:
            client.schedule_key_deletion(arn, pending_window_in_days=7)
        kms.use(arn, error_code=code, principal=SESSION)
        record = run()[0][arn]
        assert record.failed_uses is not None
        assert (record.verdict, record.failed_uses.count, record.recent_uses) == ("pending_deletion", 1, None)
        assert "It is in demand: 1 use of it was refused" in record.advice
        assert "CancelKeyDeletion" in record.advice

    def test_nobody_misses_it(self, run: Run, kms: LocalKMS) -> None:
        """That is said, and that it is no proof."""
        arn = add_old(kms)
        disable(kms, arn)
        record = run()[0][arn]
        assert record.failed_uses is not None
        assert (record.failed_uses.count, record.failed_uses.users) == (0, ())
        assert "CloudTrail shows no refused use of it since" in told(record)
        assert "in demand" not in record.advice

    def test_what_was_refused_before_it_was_enabled_last(self, run: Run, kms: LocalKMS) -> None:
        """Refusals of an earlier time do not count."""
        arn = add_old(kms)
        disable(kms, arn)
        kms.use(arn, error_code="DisabledException")
        with KMSClient(environ=kms.environ) as client:
            client.enable_key(arn)
        disable(kms, arn)
        record = run()[0][arn]
        assert record.failed_uses is not None
        assert record.failed_uses.count == 0


class TestFailures:
    """CloudTrail that cannot be read."""

    def test_it_is_refused(self, run: Run, kms: LocalKMS) -> None:
        """Every key has its verdict, the failure is the target's, and nobody asks for each key."""
        for _ in range(30):
            kms.use(add_old(kms))
        kms.deny("LookupEvents")
        records, summary = run()
        assert {record.verdict for record in records.values()} == {"in_use"}
        assert {record.cloudtrail_checked_at for record in records.values()} == {None}
        ((failure,),) = [report.failures for report in summary.targets]
        assert (failure.operation, failure.code) == ("LookupEvents", "AccessDeniedException")
        assert (summary.complete, summary.coverage, summary.lookups) == (False, 1.0, 0)
        assert kms.stats.asked["LookupEvents"] <= 8

    def test_it_fails_for_a_while(self, run: Run, kms: LocalKMS) -> None:
        """It is asked again, beyond the retries of a call."""
        arn = add_old(kms)
        kms.use(arn)
        kms.inject_fault(Error("InternalFailure", status=500), operation="LookupEvents", times=4)
        records, summary = run()
        assert records[arn].last_user is not None
        assert summary.complete

    def test_expired_credentials(self, run: Run, kms: LocalKMS) -> None:
        """What was read until then is reported, and that they expired is the target's failure."""
        for _ in range(20):
            kms.use(add_old(kms))
        kms.inject_fault(Error("ExpiredTokenException"), operation="LookupEvents")
        records, summary = run()
        ((failure,),) = [report.failures for report in summary.targets]
        assert (failure.operation, failure.code) == ("LookupEvents", "ExpiredTokenException")
        assert (len(records) > 0, summary.complete) == (True, False)
        assert {record.verdict for record in records.values()} == {"in_use"}

    def test_throttled(self, run: Run, kms: LocalKMS) -> None:
        """A quota that others use too costs time and no answer."""
        arns = [add_old(kms) for _ in range(5)]
        for arn in arns:
            kms.use(arn)
        kms.inject_fault(Error("ThrottlingException"), operation="LookupEvents", probability=0.5)
        records, summary = run()
        assert all(record.last_user is not None for record in records.values())
        assert (summary.complete, summary.throttled > 0) == (True, True)


class TestCheckpoint:
    """What an earlier run read."""

    def test_made_without_cloudtrail(self, run: Run, kms: LocalKMS, tmp_path: Path) -> None:
        """The next run asks CloudTrail alone, and the one after that nobody."""
        arn, unused = add_old(kms), add_old(kms)
        kms.use(arn, principal=SESSION)
        assert run(checkpoint=tmp_path / "c", cloudtrail=False)[0][arn].last_user is None
        for asks in (True, False):
            records, summary = run(checkpoint=tmp_path / "c")
            user = records[arn].last_user
            assert user is not None
            assert user.principal_arn == ROLE
            uses = records[unused].recent_uses
            assert uses is not None
            assert (summary.lookups > 0, summary.usage_calls, summary.resumed) == (asks, 0, 2)

    def test_another_window(self, run: Run, kms: LocalKMS, tmp_path: Path) -> None:
        """A key that is idle now is searched for, and its user is not asked for again."""
        arn = add_old(kms)
        kms.use(arn, at=ago(45))
        assert run(checkpoint=tmp_path / "c")[1].lookups == 1
        records, summary = run(checkpoint=tmp_path / "c", idle_days=30)
        uses = records[arn].recent_uses
        assert uses is not None
        assert (uses.count, summary.lookups) == (1, 1)

    def test_refused_before(self, run: Run, kms: LocalKMS, tmp_path: Path) -> None:
        """Once it is allowed, it is asked about all keys."""
        arn = add_old(kms)
        kms.use(arn)
        kms.deny("LookupEvents")
        assert not run(checkpoint=tmp_path / "c")[1].complete
        kms.allow()
        records, summary = run(checkpoint=tmp_path / "c")
        assert (records[arn].last_user is not None, summary.complete, summary.usage_calls) == (True, True, 0)

    def test_stopped_amid_the_events(self, kms: LocalKMS, tmp_path: Path) -> None:
        """What KMS has answered is reported without its users, and is not asked for again."""
        for _ in range(40):
            kms.use(add_old(kms))
        options: dict[str, Any] = {"environ": kms.environ, "checkpoint": tmp_path / "c", "cloudtrail": True}
        slow = Pacing({**(UNPACED.rates or {}), "LookupEvents": 0.001})  # one at once, and no other in this test
        with audit(**options, pacing=slow) as first:
            begun = [next(first)]
            while first.summary.usage_calls < 40:
                Event().wait(0.01)
            assert first.progress.lookup_rate == 0.001
            assert (first.progress.seconds_left or 0) > 10_000
            first.stop()
            begun += first
        assert (len(begun), first.summary.complete) == (40, False)
        with audit(**options, pacing=UNPACED) as second:
            assert all(record.last_user is not None for record in second)
        assert (second.summary.complete, second.summary.usage_calls) == (True, 0)
        assert kms.stats.asked["GetKeyLastUsage"] == 40


class TestEverywhere:
    """In the forms that an audit has."""

    def test_each_region_has_its_own_trail(self, run: Run, kms: LocalKMS) -> None:
        """The keys of a multi-Region set have their users from their own regions."""
        primary = add_old(kms, multi_region=True)
        replica = add_old(kms, replica_of=primary, region="eu-west-1")
        kms.use(replica, principal=SESSION)
        records, _ = run(regions=["us-east-2", "eu-west-1"])
        assert records[replica].last_user is not None
        assert records[primary].last_user is None
        assert {record.verdict for record in records.values()} == {"in_use"}
        uses = records[primary].recent_uses
        assert uses is not None
        assert uses.count == 0

    def test_workers(self, run: Run, kms: LocalKMS, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        """The workers of an executor ask too, and what an earlier run left out."""
        arn = add_old(kms)
        kms.use(arn, principal=SESSION)
        for name, value in kms.environ.items():
            monkeypatch.setenv(name, value)
        for wanted in (False, True, True):
            with (
                ThreadPoolExecutor(1) as executor,
                audit(
                    executor=executor,
                    regions=["us-east-2"],
                    cloudtrail=wanted,
                    pacing=UNPACED,
                    checkpoint=tmp_path / "c",
                ) as records,
            ):
                (record,) = records
            assert ((record.last_user is not None), records.summary.complete) == (wanted, True)
        assert records.summary.lookups == 0

    def test_a_client_of_the_callers(self, kms: LocalKMS) -> None:
        """Its credentials and settings serve for CloudTrail too."""
        arn = add_old(kms)
        kms.use(arn, principal=SESSION)
        with KMSClient(environ=kms.environ, pacing=UNPACED) as client:
            (record,) = audit(client=client, cloudtrail=True)
            assert record.last_user is not None
            client.list_keys()

    def test_the_pace(self, kms: LocalKMS) -> None:
        """Each target has its own 2 requests a second."""
        clients = clients_by_options({"environ": kms.environ}, ["us-east-2"], asynchronous=True)
        for region in ("us-east-2", "eu-west-1"):
            limiters = clients.open(Target(region)).cloudtrail.rate_limiters
            assert limiters is not None
            assert [limiter.rate for limiter in limiters.for_operation("LookupEvents")] == [2.0]
