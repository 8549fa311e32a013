"""Retirements from end to end, against a KMS whose clock moves, by each kind of client."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from support.retirement_data import days
from support.retiring import REGION, UNPACED, WATCH, Retirer, local_kms, old_key
from support.servers import WAYS, Way, open_way

from awskms_lite import AsyncKMSClient, KMSClient, Pacing, retirement
from awskms_lite.errors import (
    AccessDeniedException,
    ConfigurationError,
    DisabledException,
    LedgerError,
    ParameterError,
    ServiceError,
)
from awskms_lite.local import ApiError, Error, LocalKMS, Reset
from awskms_lite.permissions import retire_permissions
from awskms_lite.retirement import KeyResult, Outcome, Phase, Severity, Step, read_ledger
from awskms_lite.retirement.callers import identify
from awskms_lite.retirement.ledger import Ledger
from awskms_lite.retirement.looks import Run
from awskms_lite.retirement.records import Rules
from awskms_lite.retirement.undo import undo_key

ACCOUNT = "111122223333"
OTHER = "444455556666"
ROLE = f"arn:aws:iam::{OTHER}:role/Retire"
ROOT = f"arn:aws:iam::{ACCOUNT}:root"


@pytest.fixture
def kms() -> Iterator[LocalKMS]:
    with local_kms() as server:
        yield server


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> Iterator[Way]:
    with open_way(request.param) as opened:
        yield opened


@pytest.fixture
def any_retirer(way: Way, kms: LocalKMS, tmp_path: Path) -> Retirer:
    """Return one for each kind of client."""
    return Retirer(way, kms, tmp_path / "retire.jsonl")


@pytest.fixture
def retirer(kms: LocalKMS, tmp_path: Path) -> Iterator[Retirer]:
    """Yield one with a synchronous client."""
    with open_way("sync") as opened:
        yield Retirer(opened, kms, tmp_path / "retire.jsonl")


def use(retirer: Retirer, key: str) -> None:
    """Try to use a key that cannot be used."""
    with pytest.raises((DisabledException, ServiceError)):
        retirer.do("encrypt", key, b"text")


def disabled(retirer: Retirer, **members: Any) -> str:
    """Return a key that the retirer has disabled."""
    key = old_key(retirer.kms, **members)
    assert retirer.advance(key).outcome is Outcome.DONE
    return key


def scheduled(retirer: Retirer, **members: Any) -> str:
    """Return a key whose deletion the retirer has scheduled."""
    key = disabled(retirer, **members)
    retirer.kms.advance(WATCH)
    assert retirer.advance(key).outcome is Outcome.DONE
    return key


def names(result: Any, severity: Severity = Severity.NEEDS_CONSENT) -> list[str]:
    return [finding.name for finding in result.findings if finding.severity is severity]


class TestPath:
    """From a look to the deletion, and back."""

    def test_the_whole_path(self, any_retirer: Retirer) -> None:
        """Look, disable, watch, look again, schedule, watch: a step for each call, and none before it is due."""
        retirer, kms = any_retirer, any_retirer.kms
        key = old_key(kms, aliases=["alias/old"])
        look = retirer.check(key, ledger=None)
        assert (look.outcome, look.step, look.state, look.due) == (Outcome.READY, Step.DISABLE, "Enabled", None)
        assert not retirer.ledger.exists()
        assert retirer.state(key) == "Enabled"
        first = retirer.advance(key)
        assert (first.outcome, first.step, first.state) == (Outcome.DONE, Step.DISABLE, "Disabled")
        assert first.request_id is not None
        assert retirer.state(key) == "Disabled"
        for _ in range(2):
            watched = retirer.advance(key)
            assert (watched.outcome, watched.step) == (Outcome.WAITING, Step.WATCH)
            assert watched.due is not None
            assert abs(watched.due - datetime.now(UTC) - timedelta(days=5, minutes=20)) < timedelta(minutes=2)
        kms.advance(timedelta(days=5))
        assert retirer.advance(key).outcome is Outcome.WAITING  # events of the last minutes may come late
        kms.advance(timedelta(minutes=21))
        assert retirer.check(key).step is Step.SCHEDULE
        assert retirer.state(key) == "Disabled"
        second = retirer.advance(key)
        assert (second.outcome, second.step, second.state) == (Outcome.DONE, Step.SCHEDULE, "PendingDeletion")
        metadata = retirer.do("describe_key", key).key_metadata
        assert second.due == metadata.deletion_date
        assert metadata.deletion_date - datetime.now(UTC) > timedelta(days=35)
        kms.advance(timedelta(days=29))
        assert retirer.advance(key).outcome is Outcome.WAITING
        assert retirer.status().due == metadata.deletion_date
        kms.advance(timedelta(days=2))
        for _ in range(2):
            gone = retirer.advance(key)
            assert (gone.outcome, gone.state, gone.stage) == (Outcome.FINISHED, "Deleted", "deleted")
        assert retirer.lines() == [
            "plan done",
            "disable intent",
            "disable done",
            "plan done",
            "watch done",
            "schedule intent",
            "schedule done",
            "watch done",
        ]
        assert {entry.account_id for entry in read_ledger(retirer.ledger)} == {ACCOUNT}
        assert retirer.undo(key).outcome is Outcome.BLOCKED

    def test_a_use_of_the_disabled_key_stops_it(self, any_retirer: Retirer) -> None:
        """Who and when is told by every run after it; nothing goes on until it is taken back."""
        retirer, kms = any_retirer, any_retirer.kms
        key = disabled(retirer)
        kms.advance(timedelta(days=2))
        use(retirer, key)
        for look in (retirer.check(key), retirer.status(), retirer.advance(key), retirer.advance(key)):
            assert look.outcome is Outcome.STOPPED
            assert look.step is None
            (line,) = look.evidence
            assert "Encrypt by arn:aws:iam::111122223333:user/local" in line
        kms.advance(timedelta(days=100))
        assert (
            retirer.advance(key).outcome is Outcome.STOPPED
        )  # the event is out of the history, and in the ledger
        assert retirer.state(key) == "Disabled"
        assert retirer.lines()[3:] == ["watch failed"]
        back = retirer.undo(key)
        assert (back.outcome, back.state) == (Outcome.DONE, "Enabled")
        assert retirer.lines()[4:] == ["enable intent", "enable done", "verify done"]
        retirer.do("encrypt", key, b"text")

    def test_a_use_while_the_deletion_is_pending_stops_it(self, any_retirer: Retirer) -> None:
        """And taking it back cancels the deletion and enables the key."""
        retirer = any_retirer
        key = scheduled(retirer)
        use(retirer, key)
        assert retirer.advance(key).outcome is Outcome.STOPPED
        dry = retirer.undo(key, dry_run=True)
        assert (dry.outcome, dry.step) == (Outcome.READY, Step.CANCEL)
        assert retirer.state(key) == "PendingDeletion"
        assert retirer.undo(key).outcome is Outcome.DONE
        assert retirer.state(key) == "Enabled"
        assert retirer.lines()[-5:] == [
            "cancel intent",
            "cancel done",
            "enable intent",
            "enable done",
            "verify done",
        ]

    def test_a_key_that_was_taken_back_needs_consent(self, retirer: Retirer) -> None:
        """The same command does not begin again by itself; a new path has its own consent."""
        key = scheduled(retirer)
        retirer.undo(key)
        assert retirer.status().stage == "taken back"
        again = retirer.advance(key)
        assert (again.outcome, again.needed) == (Outcome.BLOCKED, ("taken_back",))
        assert retirer.state(key) == "Enabled"
        assert retirer.advance(key, accept=["taken_back"]).outcome is Outcome.DONE
        assert retirer.state(key) == "Disabled"

    def test_the_policy_for_it_permits_each_call_and_no_other(self, retirer: Retirer) -> None:
        """What the whole path and the way back call, and what `retire_permissions` allows, are the same."""
        retirer.undo(scheduled(retirer))
        called = set(retirer.kms.stats.asked) - {"GetCallerIdentity"}  # which needs no permission
        allowed: set[str] = set()
        for statement in retire_permissions("aws"):
            actions = statement.members["Action"]
            allowed.update([actions] if isinstance(actions, str) else actions)
        assert {action.partition(":")[2] for action in allowed} == called

    def test_another_machine_goes_on_with_the_file(self, retirer: Retirer, tmp_path: Path) -> None:
        """The ledger is all that a later run needs."""
        key = disabled(retirer)
        retirer.kms.advance(WATCH)
        copy = tmp_path / "elsewhere.jsonl"
        copy.write_bytes(retirer.ledger.read_bytes())
        with open_way("sync") as way:
            other = Retirer(way, retirer.kms, copy)
            assert other.advance(key).step is Step.SCHEDULE

    def test_the_undo_of_a_key_without_a_history(self, retirer: Retirer) -> None:
        """A lost ledger is no reason not to take a key back."""
        key = scheduled(retirer)
        retirer.ledger.unlink()
        assert retirer.undo(key).outcome is Outcome.DONE
        assert retirer.state(key) == "Enabled"

    def test_an_undo_of_a_usable_key_only_looks(self, retirer: Retirer) -> None:
        """It may be run twice."""
        key = disabled(retirer)
        retirer.undo(key)
        before = retirer.kms.stats.asked["EnableKey"]
        assert retirer.undo(key).outcome is Outcome.DONE
        assert retirer.kms.stats.asked["EnableKey"] == before

    def test_results_come_as_soon_as_they_are_there(self, any_retirer: Retirer) -> None:
        """One after another, and all of them at the end; a key that is named twice counts once."""
        kms, seen = any_retirer.kms, list[str]()
        keys = [old_key(kms) for _ in range(3)]
        short = keys[0].rpartition("/")[2]
        results = any_retirer.call("check", [*keys, short], on_result=lambda result: seen.append(result.key_arn))
        assert seen == keys == [result.key_arn for result in results]


class TestOthers:
    """What somebody else does meanwhile."""

    def test_a_key_that_was_enabled_is_wanted_back(self, any_retirer: Retirer) -> None:
        """Nothing goes on, and who it was is told."""
        key = disabled(any_retirer)
        any_retirer.kms.advance(timedelta(hours=1))
        any_retirer.do("enable_key", key)
        found = any_retirer.advance(key)
        assert (found.outcome, found.stage) == (Outcome.STOPPED, "stopped: made usable again")
        assert "EnableKey by" in found.evidence[0]
        assert any_retirer.undo(key).outcome is Outcome.DONE
        assert any_retirer.check(key).needed == ("taken_back",)

    def test_a_key_that_was_enabled_and_disabled_again_is_too(self, retirer: Retirer) -> None:
        """Its state shows nothing of it, and CloudTrail does."""
        key = disabled(retirer)
        retirer.kms.advance(timedelta(hours=1))
        retirer.do("enable_key", key)
        retirer.do("disable_key", key)
        retirer.kms.advance(WATCH)
        assert retirer.advance(key).stage == "stopped: made usable again"
        assert retirer.state(key) == "Disabled"

    def test_a_deletion_that_was_cancelled_is_not_scheduled_again(self, retirer: Retirer) -> None:
        """Whoever cancelled it wants the key."""
        key = scheduled(retirer)
        retirer.kms.advance(timedelta(hours=1))
        retirer.do("cancel_key_deletion", key)
        for _ in range(2):
            assert retirer.advance(key).stage == "stopped: made usable again"
        retirer.do("schedule_key_deletion", key)
        assert retirer.advance(key).stage == "stopped: made usable again"

    def test_a_way_back_that_is_taken_away_stops_it(self, retirer: Retirer) -> None:
        """PutKeyPolicy works on a key that is pending deletion; who it was is told."""
        key = scheduled(retirer)
        retirer.kms.advance(timedelta(hours=1))
        policy: dict[str, Any] = {
            "Version": "2012-10-17",
            "Statement": {"Effect": "Allow", "Principal": {"AWS": ROOT}, "Action": _but_cancel(), "Resource": "*"},
        }
        retirer.do("put_key_policy", key, policy)
        found = retirer.advance(key)
        assert (found.outcome, found.stage) == (Outcome.STOPPED, "stopped: the way back is closing")
        assert names(found) == ["way_back_closed"]
        assert "PutKeyPolicy by" in found.evidence[0]
        retirer.do("put_key_policy", key, {**policy, "Statement": {**policy["Statement"], "Action": "kms:*"}})
        assert retirer.advance(key).outcome is Outcome.WAITING

    def test_a_deletion_that_somebody_else_scheduled_is_recorded(self, retirer: Retirer) -> None:
        """It is watched like one of our own."""
        key = disabled(retirer)
        retirer.kms.advance(timedelta(hours=1))
        retirer.do("schedule_key_deletion", key, pending_window_in_days=7)
        assert retirer.advance(key).outcome is Outcome.DONE
        assert retirer.lines()[-1] == "schedule skipped"
        assert retirer.advance(key).outcome is Outcome.WAITING

    def test_a_key_that_changes_between_the_look_and_the_act_is_left_alone(self, retirer: Retirer) -> None:
        """It is looked at once more behind the line that announces the act."""
        key = disabled(retirer)
        retirer.kms.advance(WATCH)
        look = retirer.check(key)
        assert look.outcome is Outcome.READY
        answer = retirer.do("describe_key", key)
        retirer.do("enable_key", key)
        retirer.kms.answer("DescribeKey", answer)  # what the look sees is out of date
        retirer.kms.set_event_delay(timedelta(minutes=15))
        found = retirer.advance(key)
        assert found.outcome is Outcome.UNCERTAIN
        assert "has become Enabled meanwhile" in found.texts[-1]
        assert retirer.lines()[-2:] == ["schedule intent", "schedule failed"]
        assert retirer.state(key) == "Enabled"

    @pytest.mark.parametrize("method", ["disable_key", "schedule_key_deletion"])
    def test_an_act_that_is_done_already_is_not_sent(self, any_retirer: Retirer, method: str) -> None:
        """Somebody was faster, between the look and the act."""
        key = old_key(any_retirer.kms) if method == "disable_key" else disabled(any_retirer)
        any_retirer.kms.advance(WATCH)
        answer = any_retirer.do("describe_key", key)
        any_retirer.do(method, key)
        operation = {"disable_key": "DisableKey", "schedule_key_deletion": "ScheduleKeyDeletion"}[method]
        before = any_retirer.kms.stats.asked[operation]
        any_retirer.kms.answer("DescribeKey", answer)  # what the look sees is out of date
        assert any_retirer.advance(key).outcome is Outcome.DONE
        assert any_retirer.kms.stats.asked[operation] == before
        assert any_retirer.lines()[-1].endswith(" skipped")
        assert any_retirer.advance(key).outcome is Outcome.WAITING


def _but_cancel() -> list[str]:
    return ["kms:PutKeyPolicy", "kms:GetKeyPolicy", "kms:DescribeKey", "kms:EnableKey", "kms:List*", "kms:Get*"]


class TestStates:
    """Keys that are not simply enabled."""

    def test_a_disabled_key_begins_with_the_watch(self, any_retirer: Retirer) -> None:
        """From the time of disabling in CloudTrail; a second look is taken before anything is scheduled."""
        kms, key = any_retirer.kms, old_key(any_retirer.kms)
        any_retirer.do("disable_key", key)
        kms.advance(WATCH)
        began = any_retirer.advance(key)
        assert (began.outcome, began.step, began.state) == (Outcome.DONE, Step.WATCH, "Disabled")
        assert any_retirer.lines() == ["plan done", "disable skipped"]
        assert any_retirer.advance(key).step is Step.SCHEDULE
        assert any_retirer.state(key) == "PendingDeletion"

    def test_without_an_event_the_watch_begins_now(self, retirer: Retirer) -> None:
        """Nobody knows since when it is disabled."""
        key = old_key(retirer.kms, state="Disabled")
        retirer.advance(key)
        assert retirer.advance(key).outcome is Outcome.WAITING
        retirer.kms.advance(WATCH)
        assert retirer.advance(key).step is Step.SCHEDULE

    def test_an_event_of_an_earlier_time_does_not_count(self, retirer: Retirer) -> None:
        """The key was enabled since, and the event of its latest disabling is not in the history yet."""
        key = old_key(retirer.kms)
        retirer.do("disable_key", key)
        retirer.kms.advance(timedelta(days=10))
        retirer.do("enable_key", key)
        retirer.kms.advance(timedelta(days=10))
        retirer.kms.set_event_delay(timedelta(minutes=15))
        retirer.do("disable_key", key)
        retirer.advance(key)
        assert retirer.advance(key).outcome is Outcome.WAITING

    def test_a_repaired_watch_begins_at_the_act_and_not_before(self, retirer: Retirer) -> None:
        """It was disabled once before, and neither what enabled it nor the act itself is in the history yet."""
        key = old_key(retirer.kms)
        retirer.do("disable_key", key)
        retirer.kms.advance(timedelta(days=10))
        retirer.kms.set_event_delay(timedelta(minutes=15))
        retirer.do("enable_key", key)
        retirer.kms.inject_fault(Reset("before"), times=3, operation="DisableKey")
        assert retirer.advance(key).outcome is Outcome.UNCERTAIN
        retirer.do("disable_key", key)  # as if the answer alone had been lost
        assert retirer.advance(key).outcome is Outcome.DONE
        assert retirer.advance(key).outcome is Outcome.WAITING

    def test_a_use_that_was_refused_before_stops_it_at_once(self, retirer: Retirer) -> None:
        """Somebody misses it already."""
        key = old_key(retirer.kms)
        retirer.do("disable_key", key)
        retirer.kms.advance(timedelta(days=1))
        use(retirer, key)
        assert retirer.check(key, ledger=None).outcome is Outcome.STOPPED
        assert retirer.advance(key).outcome is Outcome.STOPPED

    @pytest.mark.parametrize("state", ["PendingImport", "Creating"])
    def test_a_key_that_cannot_be_disabled_is_watched_and_scheduled(self, retirer: Retirer, state: str) -> None:
        """No DisableKey is sent, which would fail."""
        key = old_key(retirer.kms, state=state)
        origin = ["imported_material"] if state == "PendingImport" else []
        began = retirer.advance(key, accept=origin)
        assert (began.outcome, began.step, began.state) == (Outcome.DONE, Step.WATCH, state)
        retirer.kms.advance(WATCH)
        assert retirer.advance(key).state == "PendingDeletion"
        assert retirer.kms.stats.asked["DisableKey"] == 0

    def test_an_unavailable_key_never_shows_that_it_is_disabled(self, retirer: Retirer) -> None:
        """DisableKey works, and nothing waits for its state."""
        key = old_key(retirer.kms, state="Unavailable")
        consent = ["custom_key_store"] if "custom_key_store" in retirer.check(key).needed else []
        assert retirer.advance(key, accept=consent).outcome is Outcome.DONE
        assert retirer.kms.stats.asked["DisableKey"] == 1
        assert retirer.advance(key).outcome is Outcome.WAITING
        retirer.kms.advance(WATCH)
        assert retirer.advance(key).state == "PendingDeletion"

    def test_a_key_that_is_being_updated_waits(self, retirer: Retirer) -> None:
        """All acts would fail."""
        key = old_key(retirer.kms, state="Updating")
        found = retirer.advance(key)
        assert (found.outcome, found.step) == (Outcome.WAITING, None)
        assert retirer.lines() == []

    def test_a_key_that_is_pending_deletion_is_watched(self, any_retirer: Retirer) -> None:
        """Without a history too; a refused use stops it, and it can be taken back."""
        key = old_key(any_retirer.kms)
        any_retirer.do("schedule_key_deletion", key, pending_window_in_days=10)
        assert any_retirer.check(key, ledger=None).stage == "deletion scheduled, not recorded"
        assert any_retirer.advance(key).outcome is Outcome.DONE
        assert any_retirer.advance(key).outcome is Outcome.WAITING
        use(any_retirer, key)
        assert any_retirer.advance(key).outcome is Outcome.STOPPED
        any_retirer.undo(key)
        assert any_retirer.state(key) == "Enabled"

    def test_a_primary_with_replicas_waits_for_consent(self, retirer: Retirer) -> None:
        """With it the primary is scheduled, without a date until its replicas are gone."""
        primary = old_key(retirer.kms, multi_region=True)
        replica = old_key(retirer.kms, replica_of=primary, region="eu-west-1")
        assert retirer.advance(primary).needed == ("replicas",)
        assert retirer.advance(primary, accept=["replicas"]).outcome is Outcome.DONE
        retirer.kms.advance(WATCH)
        found = retirer.advance(primary, pending_days=7)
        assert (found.outcome, found.state, found.due) == (Outcome.DONE, "PendingReplicaDeletion", None)
        assert retirer.advance(primary).outcome is Outcome.WAITING
        assert retirer.check(replica, ledger=None).outcome is Outcome.READY
        retirer.undo(primary)
        assert retirer.state(primary) == "Enabled"

    def test_the_use_of_a_replica_counts_for_its_primary(self, retirer: Retirer) -> None:
        """What one key of a set encrypted, each of them can decrypt."""
        primary = old_key(retirer.kms, multi_region=True)
        recent = datetime.now(UTC) - timedelta(days=1)
        old_key(retirer.kms, replica_of=primary, region="eu-west-1", last_usage=recent)
        assert retirer.check(primary).needed == ("recent_use", "replicas")


class TestFindings:
    """What stands against a step, seen in a KMS and not made up."""

    @pytest.mark.parametrize(
        ("members", "expected"),
        [
            ({"last_usage": datetime.now(UTC) - days(3)}, ["recent_use"]),
            ({"created": datetime.now(UTC) - days(3), "tracking_start": None, "last_usage": None}, ["too_new"]),
            ({"origin": "AWS_CLOUDHSM"}, ["custom_key_store"]),
            ({"spec": "RSA_2048"}, ["asymmetric_public_key"]),
        ],
    )  # fmt: skip
    def test_consent_is_by_name(self, retirer: Retirer, members: dict[str, Any], expected: list[str]) -> None:
        """Without it nothing is done; with it the step is taken, and the consent holds for the later ones."""
        key = old_key(retirer.kms, **members)
        state = retirer.state(key)
        blocked = retirer.advance(key)
        assert (blocked.outcome, list(blocked.needed)) == (Outcome.BLOCKED, expected)
        assert retirer.state(key) == state
        assert retirer.advance(key).outcome is Outcome.BLOCKED
        assert retirer.lines() == ["plan failed"]  # once, however often it is asked
        assert retirer.advance(key, accept=expected).outcome is Outcome.DONE
        retirer.kms.advance(WATCH)
        assert retirer.advance(key).step is Step.SCHEDULE
        assert read_ledger(retirer.ledger)[-1].accepted == tuple(expected)

    def test_grants(self, any_retirer: Retirer) -> None:
        """Live ones, with their grantee and constraints, and the table that they name."""
        key = old_key(any_retirer.kms)
        any_retirer.do(
            "create_grant",
            key,
            operations=["Decrypt", "GenerateDataKey"],
            grantee_principal=ROOT,
            constraints={"encryption_context_subset": {"aws:ebs:id": "vol-0abc"}},
        )
        found = any_retirer.advance(key)
        assert found.needed == ("service_use", "grants")
        assert any("vol-0abc" in line for finding in found.findings for line in finding.evidence)

    def test_who_used_it_last_is_told(self, any_retirer: Retirer) -> None:
        """By the event behind the last use."""
        key = old_key(any_retirer.kms, last_usage=None)
        any_retirer.kms.use(
            key,
            "Decrypt",
            at=datetime.now(UTC) - timedelta(days=20),
            principal="arn:aws:iam::111122223333:role/app",
            invoked_by="s3.amazonaws.com",
            encryption_context={"aws:s3:arn": "arn:aws:s3:::orders"},
        )
        found = any_retirer.check(key)
        assert found.needed == ("recent_use", "service_use")
        (recent,) = [finding for finding in found.findings if finding.name == "recent_use"]
        assert "role/app" in recent.evidence[0]
        assert "through s3.amazonaws.com" in recent.evidence[0]

    def test_the_deletion_asks_again_for_a_table(self, retirer: Retirer) -> None:
        """A consent from before the watch does not hold, nor does one from the run that asks."""
        key = old_key(retirer.kms)
        constraints = {"encryption_context_subset": {"aws:dynamodb:tableName": "orders"}}
        retirer.do("create_grant", key, operations=["Decrypt"], grantee_principal=ROOT, constraints=constraints)
        consent = ["service_use", "grants"]
        assert retirer.advance(key, accept=consent).outcome is Outcome.DONE
        retirer.kms.advance(WATCH)
        for accept in ([], consent):
            if accept:  # the stop was not recorded yet
                retirer.ledger.write_text("\n".join(retirer.ledger.read_text().splitlines()[:-1]) + "\n")
            stopped = retirer.advance(key, accept=accept)
            assert (stopped.outcome, stopped.needed) == (Outcome.BLOCKED, ("service_use",))
            assert retirer.state(key) == "Disabled"
        assert retirer.advance(key).needed == ("service_use",)
        assert retirer.advance(key, accept=consent).step is Step.SCHEDULE
        assert retirer.state(key) == "PendingDeletion"
        back = retirer.undo(key)
        assert any("restore their backups" in text for text in back.texts)

    def test_a_way_back_that_is_closed(self, retirer: Retirer) -> None:
        """By the key's real policy."""
        key = old_key(retirer.kms)
        statement = {"Effect": "Allow", "Principal": {"AWS": ROOT}, "Action": [*_but_cancel(), "kms:DisableKey"]}
        retirer.do("put_key_policy", key, {"Version": "2012-10-17", "Statement": {**statement, "Resource": "*"}})
        assert retirer.advance(key).needed == ("way_back_closed",)

    @pytest.mark.parametrize("kind", ["policy", "scp"])
    def test_a_guard_refuses(self, retirer: Retirer, kind: str) -> None:
        """Seen beforehand in a key policy; in a service control policy by AWS's refusal, which names it."""
        key = old_key(retirer.kms)
        denial = {
            "Effect": "Deny",
            "Action": ["kms:DisableKey", "kms:ScheduleKeyDeletion"],
            "Resource": "*",
            "Condition": {"NumericLessThanEquals": {"kms:TrailingDaysWithoutKeyUsage": "365"}},
        }
        if kind == "policy":
            everything = {"Effect": "Allow", "Principal": {"AWS": ROOT}, "Action": "kms:*", "Resource": "*"}
            statements = [everything, {**denial, "Principal": "*"}]
            retirer.do("put_key_policy", key, {"Version": "2012-10-17", "Statement": statements})
            assert retirer.advance(key).needed == ("guarded",)
        else:
            retirer.kms.set_scp({"Version": "2012-10-17", "Statement": [denial]})
        found = retirer.advance(key, accept=["guarded"])
        assert found.outcome is Outcome.BLOCKED
        assert "AWS refused it" in found.findings[-1].text
        assert found.findings[-1].name == "guarded"
        assert retirer.lines()[-2:] == ["disable intent", "disable failed"]
        assert retirer.state(key) == "Enabled"

    def test_keys_that_cannot_be_retired(self, any_retirer: Retirer) -> None:
        """AWS's own, another account's, and those that cannot be read or found: each with its reason."""
        kms = any_retirer.kms
        managed, foreign = old_key(kms, manager="AWS"), old_key(kms, account_id=OTHER)
        missing = foreign.replace(OTHER, ACCOUNT)
        for key, name, outcome in (
            (managed, "aws_managed", Outcome.BLOCKED),
            (foreign, "other_account", Outcome.BLOCKED),
            (missing, "unreadable", Outcome.UNCERTAIN),
        ):
            found = any_retirer.advance(key)
            assert (found.outcome, names(found, Severity.BLOCKS)) == (outcome, [name])
        assert any_retirer.lines() == []

    @pytest.mark.parametrize(
        "operation",
        ["DescribeKey", "GetKeyLastUsage", "ListAliases", "ListResourceTags", "ListGrants", "GetKeyPolicy"],
    )
    def test_what_cannot_be_read_blocks(self, retirer: Retirer, operation: str) -> None:
        """Nothing is certain about the key then."""
        key = old_key(retirer.kms)
        retirer.kms.deny(operation)
        found = retirer.advance(key)
        assert (found.outcome, names(found, Severity.BLOCKS)) == (Outcome.UNCERTAIN, ["unreadable"])
        assert "AccessDeniedException" in found.findings[0].text
        retirer.kms.allow()
        assert retirer.state(key) == "Enabled"

    def test_a_replica_whose_region_cannot_be_read_blocks(self, retirer: Retirer) -> None:
        """A use there would be one of the set's."""
        primary = old_key(retirer.kms, multi_region=True)
        old_key(retirer.kms, replica_of=primary, region="eu-west-1")
        retirer.kms.deny("GetKeyLastUsage", region="eu-west-1")
        assert retirer.check(primary).outcome is Outcome.UNCERTAIN


class TestCloudTrail:
    """An event history that is denied, throttled, late or empty."""

    def test_denied_before_disabling_it_needs_consent(self, any_retirer: Retirer) -> None:
        """Who uses the key stays unknown, and so will be who misses it."""
        key = old_key(any_retirer.kms)
        any_retirer.kms.deny("LookupEvents")
        assert any_retirer.advance(key).needed == ("cloudtrail_unknown",)
        assert any_retirer.advance(key, accept=["cloudtrail_unknown"]).outcome is Outcome.DONE
        assert any_retirer.advance(key).outcome is Outcome.WAITING

    def test_denied_during_the_watch_it_is_not_certain(self, retirer: Retirer) -> None:
        """A watch that nobody saw is none: no deletion is scheduled after it."""
        key = disabled(retirer)
        retirer.kms.deny("LookupEvents")
        assert retirer.advance(key).outcome is Outcome.UNCERTAIN
        assert retirer.status().outcome is Outcome.UNCERTAIN
        retirer.kms.advance(WATCH)
        assert retirer.advance(key).needed == ("cloudtrail_unknown",)
        retirer.kms.allow()
        assert retirer.advance(key).step is Step.SCHEDULE

    def test_throttled_it_is_asked_again(self, retirer: Retirer) -> None:
        """As often as any call is."""
        key = old_key(retirer.kms)
        retirer.kms.inject_fault(Error("ThrottlingException"), times=2, operation="LookupEvents")
        assert retirer.advance(key).outcome is Outcome.DONE

    def test_an_event_that_comes_late_is_seen_before_the_watch_ends(self, retirer: Retirer) -> None:
        """The watch lasts as long as events may be late."""
        key = disabled(retirer)
        retirer.kms.set_event_delay(timedelta(minutes=15))
        retirer.kms.advance(timedelta(days=4, hours=23, minutes=58))
        use(retirer, key)
        retirer.kms.advance(timedelta(minutes=5))
        assert retirer.advance(key).outcome is Outcome.WAITING
        retirer.kms.advance(timedelta(minutes=20))
        assert retirer.advance(key).outcome is Outcome.STOPPED

    def test_a_busy_key_is_read_as_far_back_as_the_watch(self, retirer: Retirer) -> None:
        """Inventories read it often; a refused use among thousands of events is found."""
        key = disabled(retirer)
        use(retirer, key)
        for _ in range(60):
            retirer.do("describe_key", key)
        retirer.kms.advance(WATCH)
        assert retirer.advance(key).outcome is Outcome.STOPPED


class TestNames:
    """How keys may be named."""

    def test_an_alias_is_refused_and_its_key_named(self, any_retirer: Retirer) -> None:
        """It may be pointed to another key between two runs; nothing is done for any key."""
        key, other = old_key(any_retirer.kms, aliases=["alias/old"]), old_key(any_retirer.kms)
        for alias in ("alias/old", key.rpartition(":")[0] + ":alias/old"):
            with pytest.raises(ParameterError, match=f"is an alias.*name its key, {key}"):
                any_retirer.call("advance", [other, alias], ledger=any_retirer.ledger)
        with pytest.raises(ParameterError, match="none that is known here"):
            any_retirer.check("alias/other")
        with pytest.raises(ParameterError, match="none that is known here"):
            any_retirer.check(f"arn:aws:kms:{REGION}:{OTHER}:alias/old")
        with pytest.raises(ParameterError, match="none that is known here"):
            any_retirer.check("alias/aws/rds")  # to describe it would make a key
        assert any_retirer.state(other) == "Enabled"

    def test_a_key_of_another_region_is_found_by_its_arn(self, any_retirer: Retirer) -> None:
        """A bare id is one of the client's own region."""
        key = old_key(any_retirer.kms, region="eu-west-1")
        assert any_retirer.advance(key).outcome is Outcome.DONE
        assert any_retirer.check(key.rpartition("/")[2], ledger=None).outcome is Outcome.UNCERTAIN
        near = old_key(any_retirer.kms)
        assert any_retirer.check(near.rpartition("/")[2]).key_arn == near

    def test_a_role_retires_the_keys_of_its_account(self, any_retirer: Retirer) -> None:
        """One role for each account; the ledger says who did it."""
        mine, theirs = old_key(any_retirer.kms), old_key(any_retirer.kms, account_id=OTHER)
        results = any_retirer.call("advance", [mine, theirs], ledger=any_retirer.ledger, role_arns=[ROLE])
        assert [result.outcome for result in results] == [Outcome.DONE, Outcome.DONE]
        callers = {entry.account_id: entry.caller_arn for entry in read_ledger(any_retirer.ledger)}
        assert callers[ACCOUNT] == f"arn:aws:iam::{ACCOUNT}:user/local"
        assert str(callers[OTHER]).startswith(f"arn:aws:sts::{OTHER}:assumed-role/Retire/")
        with pytest.raises(ConfigurationError, match=f"is of account {OTHER}"):
            any_retirer.call("status", ledger=any_retirer.ledger)

    def test_two_roles_of_one_account_are_refused(self, retirer: Retirer) -> None:
        """Which of them is to act would be left to chance."""
        roles = [ROLE, f"arn:aws:iam::{OTHER}:role/Other"]
        with pytest.raises(ParameterError, match="roles are of one account"):
            retirer.call("check", [old_key(retirer.kms)], role_arns=roles)

    @pytest.mark.parametrize("keys", [[], "1234", [""], ["arn:aws:s3:::bucket"], [7]])
    def test_what_names_no_key_is_refused(self, retirer: Retirer, keys: Any) -> None:
        """Before anything is sent."""
        with pytest.raises(ParameterError):
            retirer.call("check", keys)
        assert not retirer.kms.stats.asked

    def test_the_other_kind_of_client_is_refused(self, kms: LocalKMS) -> None:
        """Each function takes one kind."""
        client: Any = AsyncKMSClient(environ=kms.environ)
        with pytest.raises(ParameterError, match="must be of the class KMSClient, not AsyncKMSClient"):
            retirement.check(client, ["1234"])


class TestTrouble:
    """What goes wrong with the machine, the network and the permissions."""

    def test_a_clock_that_is_off_does_no_harm(self, kms: LocalKMS, tmp_path: Path) -> None:
        """Now is the service's time: a clock that is a year ahead ends no watch."""
        with open_way("sync") as way:
            start = datetime.now(UTC).timestamp() + 365 * 86400
            retirer = Retirer(way, kms, tmp_path / "retire.jsonl", clock=lambda: start)
            key = disabled(retirer)
            found = retirer.advance(key)
            assert found.outcome is Outcome.WAITING
            assert found.due is not None
            assert found.due < datetime.now(UTC) + timedelta(days=6)

    @pytest.mark.parametrize("operation", ["DisableKey", "ScheduleKeyDeletion"])
    def test_an_act_that_is_refused_changes_nothing(self, any_retirer: Retirer, operation: str) -> None:
        """It is recorded, and the same command tries again."""
        key = old_key(any_retirer.kms) if operation == "DisableKey" else disabled(any_retirer)
        any_retirer.kms.advance(WATCH)
        any_retirer.kms.answer(operation, AccessDeniedException("User is not authorized to perform this"))
        found = any_retirer.advance(key)
        assert found.outcome is Outcome.UNCERTAIN
        assert f"{operation} was refused, and nothing was changed" in found.texts[-1]
        assert any_retirer.lines()[-1].endswith(" failed")
        assert any_retirer.advance(key).outcome is Outcome.DONE

    @pytest.mark.parametrize(
        ("fault", "times"),  # as often as the call is tried
        [
            (Error("KMSInternalException", status=500), 3),
            (Error("AccessDeniedException"), 1),
            (Reset("before"), 3),
        ],
    )
    @pytest.mark.parametrize("operation", ["DisableKey", "ScheduleKeyDeletion"])
    def test_a_look_before_the_act_that_fails_is_that_keys_alone(
        self, any_retirer: Retirer, operation: str, fault: Any, times: int
    ) -> None:
        """Nothing is sent for it, the other keys go on, and the next run takes its step."""
        keys = [old_key(any_retirer.kms) if operation == "DisableKey" else disabled(any_retirer) for _ in range(3)]
        any_retirer.kms.advance(WATCH)
        any_retirer.kms.inject_fault(fault, operation="DescribeKey", skip=1, times=times)
        results = any_retirer.call("advance", keys, ledger=any_retirer.ledger)
        assert results[0].outcome is Outcome.UNCERTAIN
        assert f"{operation} was not sent" in results[0].texts[0]
        before = "Enabled" if operation == "DisableKey" else "Disabled"
        assert any_retirer.state(keys[0]) == before
        assert [each.outcome for each in results[1:]] == [Outcome.DONE, Outcome.DONE]
        assert any_retirer.advance(keys[0]).outcome is Outcome.DONE

    @pytest.mark.parametrize("when", ["before", "after"])
    @pytest.mark.parametrize("operation", ["DisableKey", "ScheduleKeyDeletion"])
    def test_an_act_without_an_answer_is_looked_up(self, any_retirer: Retirer, operation: str, when: Any) -> None:
        """Whether it was carried out is seen from KMS, at once or by the next run."""
        key = old_key(any_retirer.kms) if operation == "DisableKey" else disabled(any_retirer)
        any_retirer.kms.advance(WATCH)
        any_retirer.kms.inject_fault(Reset(when), times=3, operation=operation)
        found = any_retirer.advance(key)
        state = "Disabled" if operation == "DisableKey" else "PendingDeletion"
        if when == "before":
            assert found.outcome is Outcome.UNCERTAIN
            assert any_retirer.lines()[-1].endswith(" intent")
            any_retirer.kms.clear_faults()
            assert any_retirer.advance(key).outcome is Outcome.DONE
        else:
            assert found.outcome is Outcome.DONE
        assert any_retirer.state(key) == state
        assert any_retirer.lines()[-1].endswith(" done")

    @pytest.mark.parametrize("operation", ["CancelKeyDeletion", "EnableKey"])
    def test_an_undo_that_is_refused_goes_on_later(self, any_retirer: Retirer, operation: str) -> None:
        """Until then nothing else does."""
        key = scheduled(any_retirer)
        any_retirer.kms.deny(operation)
        found = any_retirer.undo(key)
        assert found.outcome is Outcome.UNCERTAIN
        assert "AccessDeniedException" in found.texts[-1]
        any_retirer.kms.allow()
        any_retirer.kms.advance(WATCH)
        assert any_retirer.advance(key).stage == "stopped: taking it back is unfinished"
        assert any_retirer.undo(key).outcome is Outcome.DONE
        assert any_retirer.state(key) == "Enabled"

    def test_an_undo_without_a_line_is_not_begun(self, retirer: Retirer) -> None:
        """A ledger that fails in the middle ends the run, and nothing is sent without a line."""
        key = scheduled(retirer)

        def full(_: int) -> None:
            raise OSError(28, "No space left on device")

        with Ledger(retirer.ledger, sync=full) as ledger:
            run = Run(callers=retirer.run(identify(retirer.client, ())), rules=Rules(), entries={})
            with pytest.raises(LedgerError, match="No space left"):
                retirer.run(undo_key(run, ledger, key))
        assert retirer.state(key) == "PendingDeletion"

    def test_enabling_beyond_the_quota_is_told(self, retirer: Retirer) -> None:
        """An account may have no room for one more enabled key."""
        key = disabled(retirer)
        retirer.kms.answer("EnableKey", ApiError("LimitExceededException", "too many keys"))
        found = retirer.undo(key)
        assert found.outcome is Outcome.UNCERTAIN
        assert "LimitExceededException" in found.texts[-1]
        assert retirer.lines()[-1] == "enable failed"

    def test_a_ledger_that_cannot_be_written_stops_everything(self, retirer: Retirer, tmp_path: Path) -> None:
        """No request that changes a key is sent."""
        key = old_key(retirer.kms)
        for ledger in (tmp_path, tmp_path / "missing" / "retire.jsonl"):
            with pytest.raises(LedgerError):
                retirer.advance(key, ledger=ledger)
        assert retirer.kms.stats.asked["DisableKey"] == 0

    def test_an_answer_about_another_key_is_not_believed(self, retirer: Retirer) -> None:
        """The keys of a multi-Region set have one id."""
        key = old_key(retirer.kms, multi_region=True)
        answer = retirer.do("describe_key", key)
        other = evolve(answer.key_metadata, arn=key.replace(REGION, "eu-west-1"))
        retirer.kms.answer("DescribeKey", evolve(answer, key_metadata=other))
        found = retirer.advance(key)
        assert found.outcome is Outcome.UNCERTAIN
        assert retirer.state(key) == "Enabled"

    def test_a_ledger_that_is_removed_ends_the_run(self, any_retirer: Retirer) -> None:
        """Before anything is done to the next key; what was done until then has been told."""
        keys = [old_key(any_retirer.kms) for _ in range(3)]
        told: list[KeyResult] = []

        def remove(result: KeyResult) -> None:
            told.append(result)
            any_retirer.ledger.unlink()

        with pytest.raises(LedgerError, match="was removed or replaced while this run used it"):
            any_retirer.call("advance", keys, ledger=any_retirer.ledger, on_result=remove)
        assert [result.outcome for result in told] == [Outcome.DONE]
        assert [any_retirer.state(key) for key in keys] == ["Disabled", "Enabled", "Enabled"]

    def test_the_status_of_a_missing_ledger_is_refused(self, any_retirer: Retirer) -> None:
        """It is no retirement of no keys."""
        with pytest.raises(LedgerError, match="does not exist"):
            any_retirer.status()
        assert not any_retirer.ledger.exists()

    def test_a_damaged_ledger_stops_everything(self, retirer: Retirer) -> None:
        """Whether keys are to be looked at, retired or taken back."""
        key = disabled(retirer)
        retirer.ledger.write_bytes(b"nonsense\n" + retirer.ledger.read_bytes())
        retirer.kms.advance(WATCH)
        for step in (retirer.check, retirer.advance, retirer.undo):
            with pytest.raises(LedgerError, match="damaged"):
                step(key)
        assert retirer.state(key) == "Disabled"

    def test_the_quotas_of_the_account_are_kept(self, kms: LocalKMS, tmp_path: Path) -> None:
        """By default two pages of events a second; no call is throttled on the way."""
        now = datetime.now(UTC).timestamp()
        passed = [0.0]

        def sleep(seconds: float) -> None:
            passed[0] += seconds

        keys = [old_key(kms) for _ in range(3)]
        with KMSClient(environ=kms.environ, clock=lambda: now + passed[0], sleep=sleep) as client:
            retirement.advance(client, keys, ledger=tmp_path / "retire.jsonl")
        lookups = kms.stats.asked["LookupEvents"]
        assert lookups >= 4
        assert passed[0] >= (lookups - 1) / 2 - 0.01
        assert Pacing() != UNPACED

    def test_entries_tell_phases_apart(self, retirer: Retirer) -> None:
        """Each act has its intent before it."""
        scheduled(retirer)
        entries = read_ledger(retirer.ledger)
        for step in (Step.DISABLE, Step.SCHEDULE):
            phases = [entry.phase for entry in entries if entry.step is step]
            assert phases == [Phase.INTENT, Phase.DONE]
