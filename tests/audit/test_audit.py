"""An audit from end to end, against a local KMS: every key a record, whatever goes wrong."""

import gc
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from operator import attrgetter
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from support.audit_data import UNPACED, days, seed_every_verdict

from awskms_lite import Credentials
from awskms_lite.audit import (
    AuditSummary,
    AuditVerdict,
    KeyFilter,
    KeyUsageRecord,
    audit,
    audit_async,
    engine,
    inventory,
)
from awskms_lite.audit.serialize import to_line
from awskms_lite.errors import CheckpointError, ConfigurationError, CredentialsError, ParameterError
from awskms_lite.local import Drip, Error, Garbage, HangUp, LocalKMS, Reset, Truncated, Unavailable

Run = Callable[..., tuple[list[KeyUsageRecord], AuditSummary]]
ROLES = [f"arn:aws:iam::{account}:role/Audit" for account in ("222233334444", "333344445555", "444455556666")]


@pytest.fixture
def kms() -> Iterator[LocalKMS]:
    with LocalKMS(region="us-east-2") as server:
        yield server


@pytest.fixture(params=["sync", "trio"])
def run(request: pytest.FixtureRequest, kms: LocalKMS) -> Run:
    """Return what runs an audit to its end, over asyncio and trio, and returns its records and summary.

    With `on_pause` it rests by calling that.
    """
    defaults: dict[str, Any] = {"environ": kms.environ, "pacing": UNPACED}

    def run_sync(on_pause: Any = None, **options: Any) -> tuple[list[KeyUsageRecord], AuditSummary]:
        resting = {} if on_pause is None else {"sleep": on_pause}
        with audit(**{**defaults, **resting, **options}) as records:
            return list(records), records.summary

    async def run_async(options: Any) -> tuple[list[KeyUsageRecord], AuditSummary]:
        on_pause = options.pop("on_pause", None)

        async def pause(seconds: float) -> None:
            on_pause(seconds)

        resting = {} if on_pause is None else {"sleep": pause}
        async with audit_async(**{**defaults, **resting, **options}) as records:
            return [record async for record in records], records.summary

    if request.param == "sync":
        return run_sync
    return lambda **options: anyio.run(run_async, options, backend=request.param)


def add_old(kms: LocalKMS, **members: Any) -> str:
    """Add a key that is older than tracking, and never used since."""
    now = datetime.now(UTC)
    return kms.add_key(**{"created": now - days(900), "tracking_start": now - days(200), **members})


def verdicts(records: list[KeyUsageRecord]) -> dict[str, AuditVerdict]:
    return {record.arn: record.verdict for record in records}


class TestVerdicts:
    def test_a_key_of_every_verdict(self, run: Run, kms: LocalKMS) -> None:
        """Each key gets the verdict it was seeded for, and the summary counts them all."""
        expected = seed_every_verdict(kms)
        records, summary = run()
        assert verdicts(records) == expected
        assert (summary.listed, summary.reported, summary.evaluated, summary.usage_calls) == (7, 7, 7, 5)
        assert summary.verdicts == dict.fromkeys(expected.values(), 1)
        assert (summary.complete, summary.coverage) == (True, 1.0)

    def test_who_is_judged_by_description_is_not_asked_about(self, run: Run, kms: LocalKMS) -> None:
        """The five calls a second are spent on keys whose verdict depends on them."""
        for _ in range(3):
            add_old(kms, manager="AWS")
            add_old(kms, state="PendingDeletion")
        add_old(kms, multi_region=True, state="PendingReplicaDeletion")
        _, summary = run()
        assert (summary.evaluated, summary.usage_calls) == (7, 0)
        assert kms.stats.asked["GetKeyLastUsage"] == 0

    def test_what_a_record_tells(self, run: Run, kms: LocalKMS) -> None:
        """A record holds all that is known of the key, the place of the last use in CloudTrail included."""
        now = datetime.now(UTC).replace(microsecond=0)
        usage = {"Operation": "Sign", "Timestamp": now - days(5), "CloudTrailEventId": "e", "KmsRequestId": "r"}
        arn = add_old(
            kms, last_usage=usage, spec="RSA_2048", aliases=["alias/b", "alias/a"], description="orders",
            state="Disabled", created=now - days(900), tracking_start=now - days(200),
        )  # fmt: skip
        ((record,), _) = run()
        assert (record.arn, record.key_id, record.region) == (arn, arn.rpartition("/")[2], "us-east-2")
        assert (record.account_id, record.aliases) == ("111122223333", ("alias/a", "alias/b"))
        assert (record.description, record.state, record.manager) == ("orders", "Disabled", "CUSTOMER")
        assert (record.spec, record.usage, record.origin) == ("RSA_2048", "ENCRYPT_DECRYPT", "AWS_KMS")
        assert (record.created, record.tracking_start) == (now - days(900), now - days(200))
        last = record.last_usage
        assert last is not None
        assert (last.operation, last.timestamp) == ("Sign", now - days(5))
        assert (last.cloud_trail_event_id, last.kms_request_id) == ("e", "r")
        assert (record.idle_days, record.verdict, record.error) == (5, "in_use", None)

    def test_the_window_is_the_callers(self, run: Run, kms: LocalKMS) -> None:
        """What is idle after a week is in use within a year."""
        add_old(kms, last_usage=datetime.now(UTC) - days(30))
        found = [run(idle_days=window)[0][0].verdict for window in (7, 30, 31, 365)]
        assert found == ["idle", "idle", "in_use", "in_use"]

    def test_a_set_is_judged_together(self, run: Run, kms: LocalKMS) -> None:
        """A primary that is idle is in use where its replica is, if both regions are audited."""
        primary = add_old(kms, multi_region=True)
        replica = add_old(kms, replica_of=primary, region="eu-west-1", last_usage=datetime.now(UTC) - days(3))
        alone, _ = run()
        assert verdicts(alone) == {primary: "no_record"}
        assert "nothing is known about the set's use in eu-west-1" in alone[0].reasons[-1]
        together, _ = run(regions=["us-east-2", "eu-west-1"])
        assert verdicts(together) == {primary: "in_use", replica: "in_use"}
        assert {record.multi_region_role for record in together} == {"PRIMARY", "REPLICA"}

    def test_keys_that_others_share(self, run: Run, kms: LocalKMS) -> None:
        """They are listed too, and not asked about: only their owner may."""
        own = add_old(kms)
        shared = add_old(kms, account_id="444455556666", shared_with=["111122223333"])
        records, summary = run()
        assert verdicts(records) == {own: "no_record", shared: "other_account"}
        assert {record.account_id for record in records} == {"111122223333", "444455556666"}
        assert (summary.listed, summary.evaluated, summary.usage_calls) == (2, 2, 1)


class TestOrder:
    def test_records_in_order(self, run: Run, kms: LocalKMS) -> None:
        """On request the records come by account, region and key id, in every run alike."""
        for number in range(30):
            region = ("us-east-2", "eu-west-1")[number % 2]
            add_old(kms, region=region, manager=("AWS", "CUSTOMER")[number % 3 % 2])
        records, summary = run(regions=["us-east-2", "eu-west-1"], ordered=True)
        places = [(record.account_id, record.region, record.key_id) for record in records]
        assert places == sorted(places)
        assert (len(records), summary.complete) == (30, True)


class TestFilter:
    def test_only_what_is_wanted_is_asked_about(self, run: Run, kms: LocalKMS) -> None:
        """Keys that the filter leaves out cost no question, and are counted."""
        wanted = add_old(kms, aliases=["alias/prod-a"], tags={"team": "shop"})
        add_old(kms, aliases=["alias/prod-b"], tags={"team": "data"})
        add_old(kms, aliases=["alias/prod-c"], tags={"team": "shop"}, state="Disabled")
        add_old(kms, aliases=["alias/test"], tags={"team": "shop"})
        add_old(kms, aliases=["alias/aws/s3"], manager="AWS")
        keys = KeyFilter(aliases=["prod-*"], states=["Enabled"], managers=["CUSTOMER"], tags=["team=shop"])
        records, summary = run(keys=keys)
        assert verdicts(records) == {wanted: "no_record"}
        assert (summary.listed, summary.filtered, summary.reported, summary.usage_calls) == (5, 4, 1, 1)
        assert (summary.complete, summary.coverage) == (True, 1.0)
        assert records[0].tags == {"team": "shop"}

    def test_tags_that_cannot_be_read(self, run: Run, kms: LocalKMS) -> None:
        """A key of which nobody can tell whether it is wanted is a record with the error, not a gap."""
        add_old(kms)
        kms.deny("ListResourceTags")
        ((record,), summary) = run(keys=KeyFilter(tags=["team"]))
        assert (record.verdict, record.state) == ("unreadable", "Enabled")
        assert record.error is not None
        assert (record.error.operation, record.error.code) == ("ListResourceTags", "AccessDeniedException")
        assert not summary.complete

    @pytest.mark.parametrize("options", [{}, {"all_regions": True}])
    def test_aliases_that_cannot_be_listed(self, run: Run, kms: LocalKMS, options: dict[str, Any]) -> None:
        """Where nobody can tell which keys have an alias, none is left out for having none."""
        add_old(kms, aliases=["alias/prod-a"])
        add_old(kms, state="Disabled")
        kms.deny("ListAliases")
        ((record,), summary) = run(keys=KeyFilter(aliases=["prod-*"], states=["Enabled"]), **options)
        assert (record.verdict, record.error and record.error.operation) == ("unreadable", "ListAliases")
        assert (summary.listed, summary.filtered, summary.complete) == (2, 1, False)


class TestNothingIsLost:
    @pytest.mark.parametrize("operation", ["DescribeKey", "GetKeyLastUsage"])
    def test_keys_that_may_not_be_read(self, run: Run, kms: LocalKMS, operation: str) -> None:
        """A denied key is a record with code, text and request id, and the others are judged."""
        keys = [add_old(kms) for _ in range(4)]
        for arn in keys[:2]:
            kms.deny(operation, key=arn)
        records, summary = run()
        assert verdicts(records) == dict(zip(keys, ["unreadable"] * 2 + ["no_record"] * 2, strict=True))
        failures = [record.error for record in records if record.error is not None]
        assert len(failures) == 2
        for failure in failures:
            assert (failure.code, failure.operation) == ("AccessDeniedException", operation)
            assert f"kms:{operation}" in failure.message
            assert len(failure.request_id or "") == 36
        assert (summary.listed, summary.reported, summary.evaluated) == (4, 4, 2)
        assert (summary.complete, summary.coverage) == (False, 0.5)

    def test_a_key_that_is_gone(self, run: Run, kms: LocalKMS) -> None:
        """One that was listed and is deleted before it is described is a record that says so."""
        add_old(kms)
        kms.inject_fault(Error("NotFoundException", "it does not exist"), operation="DescribeKey")
        ((record,), summary) = run()
        assert (record.verdict, record.error and record.error.code) == ("unreadable", "NotFoundException")
        assert (summary.listed, summary.reported, summary.evaluated) == (1, 1, 0)

    def test_faults_of_every_kind(self, run: Run, kms: LocalKMS) -> None:
        """With a fifth of all requests spoilt, every key that is listed is reported, and every one is judged."""
        expected = {add_old(kms, aliases=[f"alias/{number}"]): "no_record" for number in range(120)}
        for fault in (
            Error("ThrottlingException"), Error("KMSInternalException", status=500), Unavailable(), Truncated(),
            Reset("during"), Garbage("body"), HangUp(), Reset("after"), Drip(0.001, 400),
        ):  # fmt: skip
            kms.inject_fault(fault, probability=0.025)
        records, summary = run(random=lambda: 0.0, on_pause=lambda _: None)
        assert verdicts(records) == expected
        assert (summary.listed, summary.reported, summary.evaluated) == (120, 120, 120)
        assert summary.complete
        assert sum(kms.stats.faults.values()) > 20

    def test_a_fault_that_outlasts_all_rounds(self, run: Run, kms: LocalKMS) -> None:
        """Where KMS throttles for good, each key is reported with that error, asked for in several rounds."""
        for _ in range(3):
            add_old(kms)
        kms.inject_fault(Error("ThrottlingException"), operation="GetKeyLastUsage")
        records, summary = run(random=lambda: 0.0)
        assert [record.error and record.error.code for record in records] == ["ThrottlingException"] * 3
        assert (summary.listed, summary.reported, summary.evaluated) == (3, 3, 0)
        assert summary.throttled == kms.stats.asked["GetKeyLastUsage"] == 3 * 3 * 100  # keys, rounds, attempts

    @pytest.mark.parametrize("operation", ["DescribeKey", "GetKeyLastUsage"])
    def test_a_target_that_answers_no_more(self, run: Run, kms: LocalKMS, operation: str) -> None:
        """After twenty keys without an answer the others are not asked for, in three rounds; none is lost."""
        for _ in range(200):
            add_old(kms)
        kms.inject_fault(Reset("before"), operation=operation)
        pauses: list[float] = []
        records, summary = run(random=lambda: 0.0, on_pause=pauses.append)
        assert [pause for pause in pauses if pause >= 1] == [5, 30]
        failures = [record.error for record in records]
        assert {(failure and failure.code, failure and failure.operation) for failure in failures} == {
            ("TransportError", operation)
        }
        assert (summary.listed, summary.reported, summary.evaluated) == (200, 200, 0)
        assert kms.stats.asked[operation] < 3 * 3 * 50

    def test_an_outage_that_ends(self, run: Run, kms: LocalKMS) -> None:
        """A network that is away for some seconds costs a pause, and no key."""
        expected = {add_old(kms): "no_record" for _ in range(100)}
        kms.inject_fault(Reset("before"), skip=40)
        pauses: list[float] = []

        def on_pause(seconds: float) -> None:
            pauses.append(seconds)
            if seconds == 30:
                kms.clear_faults()

        records, summary = run(random=lambda: 0.0, on_pause=on_pause)
        assert verdicts(records) == expected
        assert summary.complete
        assert 30 in pauses


class TestListings:
    def test_a_listing_that_is_refused(self, run: Run, kms: LocalKMS) -> None:
        """An account whose keys may not be listed is no empty account."""
        add_old(kms)
        kms.deny("ListKeys", region="us-east-2")
        records, summary = run()
        assert (records, summary.complete, summary.coverage) == ([], False, 0.0)
        (report,) = summary.targets
        assert (report.status, report.failures[0].code) == ("refused", "AccessDeniedException")
        assert report.failures[0].operation == "ListKeys"

    def test_a_listing_that_breaks_off(self, kms: LocalKMS, monkeypatch: pytest.MonkeyPatch) -> None:
        """What was listed until then is audited, and the summary says that there is more."""
        monkeypatch.setattr(inventory, "_KEYS_PER_PAGE", 10)
        for _ in range(11):
            add_old(kms, manager="AWS")
        kms.inject_fault(Error("KMSInternalException", status=500), operation="ListKeys", skip=1)
        pauses: list[float] = []
        options: Any = {"environ": kms.environ, "pacing": UNPACED, "sleep": pauses.append, "random": lambda: 0.0}
        with audit(**options) as records:
            assert len(list(records)) == 10
            summary = records.summary
        assert [pause for pause in pauses if pause >= 1] == [1, 5] * 2  # for the shared keys too
        assert summary.listed == summary.evaluated == 10
        assert (summary.targets[0].status, summary.complete) == ("failed", False)

    def test_aliases_that_may_not_be_listed(self, run: Run, kms: LocalKMS) -> None:
        """The keys are judged without their names, and the summary says what is missing."""
        add_old(kms, aliases=["alias/a"])
        kms.deny("ListAliases")
        ((record,), summary) = run()
        assert (record.verdict, record.aliases) == ("no_record", None)
        assert (summary.evaluated, summary.coverage, summary.complete) == (1, 1.0, False)
        assert summary.targets[0].failures[0].operation == "ListAliases"

    def test_pages_turn(self, kms: LocalKMS, monkeypatch: pytest.MonkeyPatch) -> None:
        """More keys than a page of either listing holds are all there, each with its alias."""
        monkeypatch.setattr(inventory, "_KEYS_PER_PAGE", 10)
        monkeypatch.setattr(inventory, "_ALIASES_PER_PAGE", 10)
        expected = {add_old(kms, manager="AWS", aliases=[f"alias/{n}"]): f"alias/{n}" for n in range(31)}
        with audit(environ=kms.environ, pacing=UNPACED) as records:
            assert {record.arn: ", ".join(record.aliases or ()) for record in records} == expected
        assert records.summary.listed == 31
        assert kms.stats.asked["ListKeys"] >= 4 <= kms.stats.asked["ListAliases"]


class TestRegions:
    def test_regions_side_by_side(self, run: Run, kms: LocalKMS) -> None:
        """Each region is read, an empty one is called so, and each has its report in the summary."""
        arn = add_old(kms, region="eu-west-1")
        records, summary = run(regions=["us-east-2", "eu-west-1"])
        assert verdicts(records) == {arn: "no_record"}
        assert [(report.target.region, report.status) for report in summary.targets] == [
            ("us-east-2", "empty"),
            ("eu-west-1", "read"),
        ]
        assert summary.complete

    def test_all_regions(self, run: Run, kms: LocalKMS) -> None:
        """Of the built-in list every region is named: read, empty, not enabled, or refused and not covered."""
        add_old(kms)
        add_old(kms, region="sa-east-1")
        kms.disable_region("af-south-1")
        kms.deny("ListKeys", region="eu-west-1")
        records, summary = run(all_regions=True)
        assert [record.region for record in sorted(records, key=lambda r: r.region)] == ["sa-east-1", "us-east-2"]
        found = {report.target.region: report.status for report in summary.targets}
        assert summary.targets[0].target.region == "us-east-2"
        assert (found["us-east-2"], found["sa-east-1"], found["eu-north-1"]) == ("read", "read", "empty")
        assert (found["af-south-1"], found["eu-west-1"]) == ("not_enabled", "refused")
        assert len(found) > 30
        assert (summary.complete, 0.9 < summary.coverage < 1) == (False, True)
        kms.allow()
        assert run(all_regions=True)[1].complete

    def test_a_named_region_that_is_not_enabled(self, run: Run, kms: LocalKMS) -> None:
        """Who names it wants it read: the audit is incomplete, and says what AWS said."""
        add_old(kms)
        kms.disable_region("af-south-1")
        _, summary = run(regions=["us-east-2", "af-south-1"])
        away = summary.targets[1]
        assert (away.status, away.failures[0].code) == ("not_enabled", "UnrecognizedClientException")
        assert (summary.complete, summary.coverage) == (False, 0.5)

    def test_bad_credentials_are_found_at_home(self, run: Run, kms: LocalKMS) -> None:
        """Keys that nobody knows are no thirty regions that are not enabled."""
        with pytest.raises(CredentialsError, match="does not know the credentials in us-east-2"):
            run(all_regions=True, credentials=Credentials("AKIDEXAMPLE", "secret"))
        assert kms.stats.asked == {"ListKeys": 1}


class TestRoles:
    def test_accounts_by_their_roles(self, run: Run, kms: LocalKMS) -> None:
        """Each role's account is audited, and the caller's own is not."""
        add_old(kms)
        expected = {add_old(kms, account_id=role.split(":")[4]): "no_record" for role in ROLES}
        records, summary = run(role_arns=ROLES)
        assert verdicts(records) == expected
        assert [report.account_id for report in summary.targets] == [role.split(":")[4] for role in ROLES]
        assert summary.complete

    def test_a_role_is_assumed_once_for_all_regions(self, run: Run, kms: LocalKMS) -> None:
        """The regions of an account share its credentials."""
        run(role_arns=ROLES[:2], regions=["us-east-2", "eu-west-1", "ap-south-1"])
        assert kms.stats.asked["AssumeRole"] == 2

    def test_a_role_that_cannot_be_assumed(self, run: Run, kms: LocalKMS) -> None:
        """Its account is refused in each region, and the others go on."""
        expected = {add_old(kms, account_id=role.split(":")[4]): "no_record" for role in ROLES[1:]}
        kms.deny("AssumeRole", account_id="222233334444")
        records, summary = run(role_arns=ROLES, regions=["us-east-2", "eu-west-1"])
        assert verdicts(records) == expected
        statuses = Counter((report.target.caller, str(report.status)) for report in summary.targets)
        assert statuses[ROLES[0], "refused"] == 2
        assert not summary.complete
        refused = summary.targets[0]
        assert refused.failures[0].operation == "AssumeRole"
        assert ROLES[0] in refused.failures[0].message


class TestResuming:
    def test_nothing_is_asked_twice(self, run: Run, kms: LocalKMS, tmp_path: Path) -> None:
        """A second run with the same file gives the same records without a question about a key."""
        seed_every_verdict(kms)
        before, _ = run(checkpoint=tmp_path / "c", ordered=True)
        asked = kms.stats.asked
        again, summary = run(checkpoint=tmp_path / "c", ordered=True)
        assert again == before
        assert kms.stats.asked["GetKeyLastUsage"] == asked["GetKeyLastUsage"] == 5
        assert kms.stats.asked["DescribeKey"] == asked["DescribeKey"] == 7
        assert (summary.resumed, summary.listed, summary.complete) == (7, 7, True)
        assert summary.resumed_from == min(record.checked_at for record in before)

    def test_what_failed_is_asked_again(self, run: Run, kms: LocalKMS, tmp_path: Path) -> None:
        """Once a permission is mended, only the keys that lacked it are read."""
        keys = [add_old(kms) for _ in range(3)]
        kms.deny("GetKeyLastUsage", key=keys[0])
        run(checkpoint=tmp_path / "c")
        kms.allow()
        asked = kms.stats.asked["GetKeyLastUsage"]
        records, summary = run(checkpoint=tmp_path / "c")
        assert verdicts(records) == dict.fromkeys(keys, "no_record")
        assert (kms.stats.asked["GetKeyLastUsage"] - asked, summary.resumed) == (1, 2)

    def test_another_window(self, run: Run, kms: LocalKMS, tmp_path: Path) -> None:
        """The file holds facts: a run that goes on may judge them by another window."""
        add_old(kms, last_usage=datetime.now(UTC) - days(30))
        found = [run(checkpoint=tmp_path / "c", idle_days=window)[0][0].verdict for window in (90, 7)]
        assert found == ["in_use", "idle"]
        assert kms.stats.asked["GetKeyLastUsage"] == 1

    def test_keys_that_came_and_went(self, run: Run, kms: LocalKMS, tmp_path: Path) -> None:
        """A key that is new since is read, and one that is gone is reported as it was, and counted as listed."""
        leaving = add_old(kms, state="PendingDeletion")
        run(checkpoint=tmp_path / "c")
        kms.advance(days(31))
        new = add_old(kms)
        records, summary = run(checkpoint=tmp_path / "c")
        assert verdicts(records) == {leaving: "pending_deletion", new: "no_record"}
        assert (summary.listed, summary.reported, summary.complete) == (2, 2, True)

    def test_what_was_left_out_stays_so(self, run: Run, kms: LocalKMS, tmp_path: Path) -> None:
        """A key that the filter left out is not described again."""
        add_old(kms, state="Disabled")
        options: Any = {"checkpoint": tmp_path / "c", "keys": KeyFilter(states=["Enabled"])}
        assert [run(**options)[1].filtered for _ in range(2)] == [1, 1]
        assert kms.stats.asked["DescribeKey"] == 1

    def test_another_account(self, run: Run, kms: LocalKMS, tmp_path: Path) -> None:
        """Credentials of another account are noticed before any of its keys is asked about."""
        add_old(kms)
        add_old(kms, account_id="444455556666")
        run(checkpoint=tmp_path / "c")
        asked = kms.stats.asked["DescribeKey"]
        with pytest.raises(ConfigurationError, match="account 111122223333"):
            run(checkpoint=tmp_path / "c", credentials=kms.credentials_for("444455556666"))
        assert kms.stats.asked["DescribeKey"] == asked

    def test_sets_that_were_read_in_part(self, run: Run, kms: LocalKMS, tmp_path: Path) -> None:
        """A set is judged together where one of its keys comes from the file."""
        primary = add_old(kms, multi_region=True, last_usage=datetime.now(UTC) - days(3))
        replica = add_old(kms, replica_of=primary, region="eu-west-1")
        run(checkpoint=tmp_path / "c")
        records, _ = run(checkpoint=tmp_path / "c", regions=["us-east-2", "eu-west-1"])
        assert verdicts(records) == {primary: "in_use", replica: "in_use"}


class TestFullDisks:
    """What cannot be kept ends an audit, and what was read is given all the same."""

    @staticmethod
    def fill(records: Any, keeper: str) -> None:
        """Let the database that the engine keeps take no further page."""
        connection = attrgetter(f"{keeper}._connection")(records._audit._engine)
        connection.execute("PRAGMA max_page_count = 1")

    def test_a_checkpoint_that_is_full(self, kms: LocalKMS, tmp_path: Path) -> None:
        """The records that were read come, then the error; the file goes on where it ended."""
        for _ in range(300):
            add_old(kms, manager="AWS", description="x" * 500)
        options: Any = {"environ": kms.environ, "pacing": UNPACED, "checkpoint": tmp_path / "c"}
        with audit(**options) as records:
            self.fill(records, "_checkpoint")
            with pytest.raises(CheckpointError, match="stays good"):
                list(records)
            assert not records.summary.complete
            assert records.summary.reported > 0
        assert kms.stats.asked["DescribeKey"] < 300
        with audit(**options) as records:
            assert len(list(records)) == 300
        assert records.summary.complete

    def test_no_room_for_the_order(self, kms: LocalKMS) -> None:
        """Where records cannot be put in order, those that were read are given as they came, then the error."""
        for _ in range(100):
            add_old(kms, manager="AWS", description="x" * 500)
        found: set[str] = set()
        with audit(environ=kms.environ, pacing=UNPACED, ordered=True) as records:
            self.fill(records, "_sorted._lines")
            with pytest.raises(CheckpointError, match="TMPDIR"):
                found.update(record.arn for record in records)
            assert len(found) == records.summary.reported > 0


class TestStopping:
    """An audit that is left before its end."""

    def test_what_was_read_is_given(self, kms: LocalKMS, monkeypatch: pytest.MonkeyPatch) -> None:
        """After a stop the records of all that was read come, and then the end, in good order."""
        monkeypatch.setattr(engine, "_QUEUE_SIZE", 20)
        for _ in range(60):
            add_old(kms, manager="AWS")
        add_old(kms)
        kms.inject_fault(Drip(10), operation="GetKeyLastUsage")  # never done by itself
        with audit(environ=kms.environ) as records:
            found = [next(records) for _ in range(60)]
            records.stop()
            found += records
            summary = records.summary
        assert summary.stopped
        assert not summary.complete
        assert (summary.listed, summary.reported, len(found)) == (61, 60, 60)
        assert "awskms-lite audit" not in {thread.name for thread in threading.enumerate()}

    def test_a_stop_before_the_beginning(self, kms: LocalKMS) -> None:
        """Nothing is asked, and every target is called not started."""
        records = audit(environ=kms.environ)
        records.stop()
        assert list(records) == []
        assert [report.status for report in records.summary.targets] == ["not_started"]
        assert kms.stats.asked == {}

    def test_a_stop_after_the_end(self, kms: LocalKMS) -> None:
        """It changes nothing any more."""
        add_old(kms, manager="AWS")
        with audit(environ=kms.environ) as records:
            list(records)
            records.stop()
            assert records.summary.complete

    def test_a_closed_one_is_at_its_end(self, kms: LocalKMS) -> None:
        """A second close does nothing."""
        records = audit(environ=kms.environ)
        records.close()
        records.close()
        assert list(records) == []

    @pytest.mark.anyio
    async def test_an_iteration_that_is_left(self, kms: LocalKMS) -> None:
        """Who leaves the loop without a word leaves nothing behind that goes on asking."""
        for _ in range(50):
            add_old(kms)
        records = audit_async(environ=kms.environ)
        engine = records._engine
        async for _ in records:
            break
        del records
        gc.collect()
        assert engine._closed is not None
        with anyio.fail_after(10):
            await engine._closed.wait()
        assert kms.stats.asked["GetKeyLastUsage"] < 5

    @pytest.mark.anyio
    async def test_a_cancelled_iteration(self, kms: LocalKMS) -> None:
        """A cancelled consumer gets no record, and the audit can be closed."""
        add_old(kms)
        kms.inject_fault(Drip(10), operation="GetKeyLastUsage")
        async with audit_async(environ=kms.environ) as records:
            with anyio.move_on_after(0.05) as scope:
                await anext(records)
            assert scope.cancelled_caught
        assert [record async for record in records] == []

    def test_a_slow_reader_holds_the_audit_back(self, kms: LocalKMS, monkeypatch: pytest.MonkeyPatch) -> None:
        """Records are not piled up for who does not take them: some are read ahead, and no more."""
        monkeypatch.setattr(engine, "_QUEUE_SIZE", 20)
        for _ in range(100):
            add_old(kms, manager="AWS")
        with audit(environ=kms.environ, pacing=UNPACED) as records:
            next(records)
            queue = records._audit._engine.queue
            for _ in range(1000):
                if queue._emptied is not None:  # somebody waits for room
                    break
                threading.Event().wait(0.01)
            assert kms.stats.asked["DescribeKey"] < 60
            assert len(list(records)) == 99


class TestHTTPClients:
    def test_a_synchronous_client(self, kms: LocalKMS) -> None:
        """All traffic of a synchronous audit goes through the caller's client, which stays open."""
        seed_every_verdict(kms)
        asked: list[str] = []
        hooks: Any = {"request": [lambda request: asked.append(request.headers["x-amz-target"])]}
        with httpx.Client(event_hooks=hooks) as client:
            with audit(environ=kms.environ, pacing=UNPACED, http_client=client) as records:
                assert len(list(records)) == 7
            assert not client.is_closed
        assert len(asked) == sum(kms.stats.asked.values())

    @pytest.mark.anyio
    async def test_an_asynchronous_client(self, kms: LocalKMS) -> None:
        """All traffic of an asynchronous audit goes through the caller's client, in the caller's loop."""
        seed_every_verdict(kms)
        async with httpx.AsyncClient() as client:
            await client.get(kms.endpoint_url)  # so its connection belongs to this loop
            async with audit_async(environ=kms.environ, pacing=UNPACED, http_client=client) as records:
                assert len([record async for record in records]) == 7
            assert not client.is_closed

    def test_the_other_kind(self, kms: LocalKMS) -> None:
        """A client of the other kind is refused at once."""
        with pytest.raises(ParameterError, match=r"httpx\.Client"):
            audit(environ=kms.environ, http_client=httpx.AsyncClient())
        with pytest.raises(ParameterError, match=r"httpx\.AsyncClient"), httpx.Client() as client:
            audit_async(environ=kms.environ, http_client=client)

    def test_a_sleep_of_the_callers(self, kms: LocalKMS) -> None:
        """A synchronous audit rests by a synchronous function."""
        add_old(kms)
        kms.inject_fault(Error("ThrottlingException"), times=1)
        rests: list[float] = []
        with audit(environ=kms.environ, pacing=UNPACED, sleep=rests.append, random=lambda: 0.5) as records:
            assert len(list(records)) == 1
        assert 0.5 in rests


def test_no_secret_is_kept_or_told(kms: LocalKMS, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Keys, tokens and signatures are in no record, summary, log or checkpoint, refused roles included."""
    add_old(kms, account_id="222233334444")
    kms.deny("AssumeRole", account_id="333344445555")
    kms.deny("GetKeyLastUsage")
    sent: set[str] = {kms.credentials.secret_access_key}

    def note(request: httpx.Request) -> None:
        sent.add(request.headers.get("x-amz-security-token", kms.credentials.secret_access_key))
        sent.add(request.headers["authorization"].rpartition("Signature=")[2])

    hooks: Any = {"request": [note]}
    options: Any = {"environ": kms.environ, "pacing": UNPACED, "role_arns": ROLES[:2]}
    with (
        caplog.at_level("DEBUG"),
        httpx.Client(event_hooks=hooks) as client,
        audit(**options, http_client=client, checkpoint=tmp_path / "c") as records,
    ):
        found = list(records)
        kept = b"".join(path.read_bytes() for path in tmp_path.iterdir()).decode("latin-1")
    told = [caplog.text, kept, repr(records.summary), *map(repr, found), *map(to_line, found)]
    assert len(sent) > 5
    assert caplog.text
    assert not [secret for secret in sent for text in told if secret in text]


class TestArguments:
    @pytest.mark.parametrize(
        ("options", "error", "words"),
        [
            ({"idle_days": 0}, ParameterError, "idle_days is 0"),
            ({"idle_days": 1.5}, ParameterError, "idle_days"),
            ({"idle_days": True}, ParameterError, "idle_days"),
            ({"regions": "us-east-2"}, ParameterError, "list"),
            ({"regions": []}, ParameterError, "list"),
            ({"regions": ["us east"]}, ConfigurationError, "not a region"),
            ({"regions": ["fips-us-east-2"]}, ParameterError, "use_fips_endpoint"),
            ({"regions": ["us-east-2"], "all_regions": True}, ParameterError, "all_regions"),
            ({"role_arns": ROLES[0]}, ParameterError, "list"),
            ({"role_arns": ["222233334444"]}, ParameterError, "222233334444"),
            ({"profile": "missing"}, ConfigurationError, "missing"),
            ({"checkpoint": "/dev/null/x"}, ConfigurationError, "unable to open"),
            ({"timout": 3}, TypeError, "timout"),
        ],
    )
    def test_what_cannot_be(
        self, kms: LocalKMS, options: dict[str, Any], error: type[Exception], words: str
    ) -> None:
        """A wrong argument is refused before anything is asked, by both functions alike."""
        for function in (audit, audit_async):
            with pytest.raises(error, match=words):
                function(environ=kms.environ, **options)
        assert kms.stats.asked == {}

    def test_no_region(self) -> None:
        """Without any region there is nothing to audit; the first one that is named will do as home."""
        with pytest.raises(ConfigurationError, match="No region"):
            audit(environ={})
        audit(environ={}, regions=["us-east-2"]).close()

    def test_no_credentials(self, run: Run) -> None:
        """Who has none is told so by the first record."""
        environ = {"AWS_REGION": "us-east-2", "AWS_EC2_METADATA_DISABLED": "true"}
        with pytest.raises(CredentialsError, match="No credentials"):
            run(environ=environ)


def test_an_audit_paces_itself(kms: LocalKMS) -> None:
    """Without a word about pacing no call is throttled by KMS's own quota."""
    kms.set_quota("GetKeyLastUsage", 5, burst=1.5)
    for _ in range(6):
        add_old(kms)
    with audit(environ=kms.environ) as records:
        assert len(list(records)) == 6
    assert kms.stats.faults == {}


def test_a_timeout_is_for_the_answer(kms: LocalKMS) -> None:
    """A timeout that is shorter than the wait for a turn costs no key."""
    keys = {add_old(kms): "no_record" for _ in range(8)}
    with audit(environ=kms.environ, timeout=0.5) as records:
        assert verdicts(list(records)) == keys
    assert kms.stats.asked["GetKeyLastUsage"] == 8


def test_progress(kms: LocalKMS) -> None:
    """While it runs, an audit tells how far it is and how long it will take; at the end nothing is left."""
    for _ in range(12):
        add_old(kms)
    with audit(environ=kms.environ) as records:
        assert records.progress.listed == 0
        next(records)
        under_way = records.progress
        assert (under_way.listed, under_way.rate, under_way.throttled) == (12, 5.0, 0)
        assert 1 <= under_way.reported < 12
        assert under_way.seconds_left is not None
        assert 0 < under_way.seconds_left <= 12 / 5
        records.stop()
        with suppress(StopIteration):
            next(records)
