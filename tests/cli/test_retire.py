"""`awskms-lite retire`: what it prints, what it does, and how it ends."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from support.retirement_data import days
from support.retiring import REGION, WATCH, local_kms, old_key

from awskms_lite import KMSClient
from awskms_lite.cli import main
from awskms_lite.local import Error, Latency, LocalKMS
from awskms_lite.pacing import QUOTAS
from awskms_lite.retirement.ledger import Ledger, read_ledger
from awskms_lite.retirement.texts import UNSEEN
from awskms_lite.verdicts import MEANINGS

ACCOUNT = "111122223333"
OTHER = "444455556666"

Run = Callable[..., int]


@pytest.fixture
def kms(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalKMS]:
    """Yield a KMS that the environment leads to, whose quotas nobody waits for."""
    with local_kms() as server:
        for name, value in server.environ.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr("awskms_lite.pacing.QUOTAS", dict.fromkeys(QUOTAS, 1e6))
        yield server


@pytest.fixture
def ledger(tmp_path: Path) -> str:
    return str(tmp_path / "retire.jsonl")


def retire(*arguments: str) -> int:
    """Run the command; return its exit code, argparse's too."""
    try:
        return main(["retire", *arguments])
    except SystemExit as end:
        return int(end.code or 0)


def state(kms: LocalKMS, key: str) -> str:
    with KMSClient(environ=kms.environ, region=key.split(":")[3]) as client:
        return str(client.describe_key(key).key_metadata.key_state)


def use(kms: LocalKMS, key: str) -> None:
    """Let somebody try to use a disabled key."""
    kms.use(key, "Decrypt", error_code="DisabledException", principal=f"arn:aws:iam::{ACCOUNT}:role/app")


def shown(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
    return found


class TestPlan:
    """Without --yes."""

    def test_a_plan_changes_nothing_and_says_what_would_happen(
        self, kms: LocalKMS, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """What is known, what nobody can see, the command that does it, and the one that undoes it."""
        key = old_key(kms, aliases=["alias/old-shop"], tags={"team": "shop"})
        assert retire(key) == 0
        out, err = capsys.readouterr()
        lines = out.splitlines()
        assert lines[0] == key
        assert lines[1] == "  usable (Enabled): nothing stands against DisableKey"
        assert "  note          aliases: Programs may use it by these names." in lines
        assert "                - team=shop" in lines
        assert any(line.startswith("  next          DisableKey: from then on everybody") for line in lines)
        assert f"  to do it      awskms-lite retire {key} --ledger retire.jsonl --yes" in lines
        assert f"  to undo it    awskms-lite retire {key} --ledger retire.jsonl --undo --yes" in lines
        assert err.splitlines() == ["1 key: 1 ready for the next step", "Nothing was changed.", UNSEEN]
        assert state(kms, key) == "Enabled"

    def test_findings_hold_it_up_and_are_named_in_the_command(
        self, kms: LocalKMS, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """With the options that were given, so that it can be copied."""
        key = old_key(kms, last_usage=datetime.now(UTC) - days(3))
        options = ["--watch-days", "10", "--idle-days", "60", "--endpoint-url", kms.endpoint_url]
        assert retire(key, *options) == 1
        out, err = capsys.readouterr()
        assert "  usable (Enabled): held up by recent_use, long_watch" in out
        assert "  needs consent recent_use: Somebody used it, or tried to, within 60 days." in out
        assert (
            f"awskms-lite retire {key} --endpoint-url {kms.endpoint_url} --ledger retire.jsonl --idle-days 60 "
            "--watch-days 10 --accept recent_use,long_watch --yes"
        ) in out
        assert "1 key: 1 held up by findings" in err

    def test_json_has_a_member_for_everything(self, kms: LocalKMS, capsys: pytest.CaptureFixture[str]) -> None:
        """An array, with an object for each key."""
        key, managed = old_key(kms), old_key(kms, manager="AWS")
        assert retire(key, managed, "--output", "json") == 1
        first, second = shown(capsys)
        assert list(first) == [
            *("key_arn", "name", "outcome", "stage", "state", "step", "due", "findings", "needed", "accepted"),
            *("evidence", "texts", "request_id", "next_command", "undo_command"),
        ]
        assert (first["key_arn"], first["outcome"], first["step"]) == (key, "ready", "disable")
        assert second["findings"][0]["name"] == "aws_managed"
        assert (second["next_command"], second["undo_command"]) == (None, None)

    def test_what_a_terminal_would_act_on_is_escaped(
        self, kms: LocalKMS, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Whoever may name a grant must not draw on the screen of whoever retires its key."""
        key = old_key(kms)
        grant = {"GrantId": "1", "KeyId": key, "GranteePrincipal": "\x1b[2Jnobody", "Operations": ["Decrypt"]}
        kms.answer("ListGrants", {"Grants": [grant], "Truncated": False})
        assert retire(key) == 1
        assert "\\x1b[2Jnobody" in capsys.readouterr().out

    def test_the_region_of_an_arn_is_enough(
        self, kms: LocalKMS, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, ledger: str
    ) -> None:
        """Nothing has to be configured for a key ARN; a bare id needs a region."""
        monkeypatch.delenv("AWS_REGION")
        monkeypatch.delenv("AWS_DEFAULT_REGION")
        key = old_key(kms)
        assert retire(key, "--ledger", ledger, "--yes") == 0
        assert retire("--ledger", ledger, "--status") == 0
        assert retire(key.rpartition("/")[2]) == 2
        assert retire(key.rpartition("/")[2], "--region", REGION) == 0


class TestOverview:
    """The table below the keys."""

    def test_it_names_each_key_its_next_step_and_what_holds_it_up(
        self, kms: LocalKMS, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """By their ids if they are of one place, and with what people call them."""
        free, held = old_key(kms, aliases=["alias/old-shop"]), old_key(kms, last_usage=datetime.now(UTC) - days(3))
        gone = old_key(kms, state="PendingDeletion", description="Backups of " + 50 * "x")
        managed = old_key(kms, manager="AWS")
        assert retire(free, held, gone, managed) == 1
        lines = capsys.readouterr().out.splitlines()[-5:]
        ids = [key.rpartition("/")[2] for key in (free, held, gone, managed)]
        cells = [re.split("  +", line) for line in lines]
        assert cells == [
            ["KEY", "NAME", "NEXT STEP", "HELD UP BY"],
            [ids[0], "alias/old-shop", "DisableKey", "-"],
            [ids[1], "-", "DisableKey", "recent_use"],
            [ids[2], "Backups of " + 28 * "x" + "…", "a line in the ledger", "-"],
            [ids[3], "-", "none", "aws_managed"],
        ]

    def test_keys_of_two_regions_have_their_arns(self, kms: LocalKMS, capsys: pytest.CaptureFixture[str]) -> None:
        """The keys of a multi-Region set have one id."""
        keys = old_key(kms), old_key(kms, region="eu-west-1")
        assert retire(*keys) == 0
        lines = capsys.readouterr().out.splitlines()
        assert [line.split()[0] for line in lines[-2:]] == list(keys)

    def test_one_key_and_json_have_none(self, kms: LocalKMS, capsys: pytest.CaptureFixture[str]) -> None:
        """The block of a single key says it all."""
        keys = old_key(kms), old_key(kms)
        assert retire(keys[0]) == 0
        assert "NEXT STEP" not in capsys.readouterr().out
        assert retire(*keys, "--output", "json") == 0
        assert len(shown(capsys)) == 2

    def test_a_status_says_when_and_what_stopped_it(
        self, kms: LocalKMS, capsys: pytest.CaptureFixture[str], ledger: str
    ) -> None:
        """With the aliases that the ledger has, behind a step too."""
        waits, stopped = old_key(kms, aliases=["alias/old-shop"]), old_key(kms)
        assert retire(waits, stopped, "--ledger", ledger, "--yes") == 0
        out = capsys.readouterr().out
        assert "  known as      alias/old-shop" in out.splitlines()
        assert re.search("alias/old-shop  wait until [0-9-]+ [0-9:]+ UTC  -\n", out)
        use(kms, stopped)
        assert retire("--ledger", ledger, "--status") == 1
        out = capsys.readouterr().out
        assert "  known as      alias/old-shop" in out.splitlines()
        assert re.search("alias/old-shop  wait until [0-9-]+ [0-9:]+ UTC  -\n", out)
        assert re.search("-  +take it back \\(--undo\\)  +a use was refused\n", out)


class TestSteps:
    """With --yes, and what comes after it."""

    def test_the_same_command_takes_each_step(
        self, kms: LocalKMS, capsys: pytest.CaptureFixture[str], ledger: str
    ) -> None:
        """Disable, watch, schedule, and deleted in the end; the status says where it stands."""
        key = old_key(kms)
        command = [key, "--ledger", ledger, "--yes", "--pending-days", "7"]
        assert retire(*command) == 0
        assert "  disabled, watched (Disabled): done" in capsys.readouterr().out
        assert retire(*command) == 0
        out, err = capsys.readouterr()
        assert "  watched (Disabled): nothing is due yet" in out
        assert err.splitlines() == ["1 key: 1 with nothing due yet", "Nothing was changed."]
        kms.advance(WATCH)
        assert retire(key, "--ledger", ledger) == 0
        out, _ = capsys.readouterr()
        assert "nothing stands against ScheduleKeyDeletion" in out
        assert "it will have been unusable for 7 days" in out
        assert state(kms, key) == "Disabled"
        assert retire(*command) == 0
        assert state(kms, key) == "PendingDeletion"
        capsys.readouterr()
        assert retire("--ledger", ledger, "--status") == 0
        assert "  deletion scheduled (PendingDeletion): nothing is due yet" in capsys.readouterr().out
        kms.advance(days(8))
        assert retire(*command) == 0
        assert "  deleted (Deleted): nothing more to do" in capsys.readouterr().out

    def test_a_refused_use_ends_with_1_and_says_who_and_how_to_undo_it(
        self, kms: LocalKMS, capsys: pytest.CaptureFixture[str], ledger: str
    ) -> None:
        """In the status too, and in each run until it is undone."""
        key = old_key(kms)
        assert retire(key, "--ledger", ledger, "--yes") == 0
        kms.advance(days(1))
        use(kms, key)
        undo = f"awskms-lite retire {key} --ledger {ledger} --undo --yes"
        for command in ([key], [key, "--yes"]):
            assert retire(*command, "--ledger", ledger) == 1
            out, _ = capsys.readouterr()
            assert "  stopped: a use was refused (Disabled)" in out
            assert f"Decrypt by arn:aws:iam::{ACCOUNT}:role/app" in out
            assert "Nothing goes on by itself." in out
            assert f"  to undo it    {undo}" in out
        assert retire("--ledger", ledger, "--status") == 1
        capsys.readouterr()
        assert retire(key, "--ledger", ledger, "--undo") == 0
        out, err = capsys.readouterr()
        assert "  to be taken back (Disabled): nothing stands against EnableKey" in out
        assert undo in out
        assert "Nothing was changed." in err
        assert state(kms, key) == "Disabled"
        assert retire(*undo.split()[2:]) == 0
        out, _ = capsys.readouterr()
        assert "  taken back (Enabled): done" in out
        assert "StartDBInstance or StartDBCluster" in out
        assert state(kms, key) == "Enabled"

    def test_a_key_that_was_never_retired_has_nothing_to_take_back(
        self, kms: LocalKMS, capsys: pytest.CaptureFixture[str], ledger: str
    ) -> None:
        """Nor one of which there was a plan only; nothing is written, and no command offered."""
        key = old_key(kms, last_usage=datetime.now(UTC) - days(3))
        for number_of_lines in (0, 1):
            for options in ([], ["--yes"]):
                assert retire(key, "--ledger", ledger, "--undo", *options) == 0
                out, err = capsys.readouterr()
                assert "  not retired (Enabled): nothing more to do" in out
                assert "There is nothing to take back" in out
                assert "awskms-lite retire" not in out
                assert err.splitlines() == ["1 key: 1 with nothing to take back", "Nothing was changed."]
            assert len(read_ledger(ledger)) == number_of_lines
            assert retire(key, "--ledger", ledger, "--yes") == 1
            capsys.readouterr()

    def test_a_deleted_key_is_offered_no_way_back(
        self, kms: LocalKMS, capsys: pytest.CaptureFixture[str], ledger: str
    ) -> None:
        """There is none, and no finding has to do with it."""
        key = old_key(kms, state="PendingDeletion")
        assert retire(key, "--ledger", ledger, "--yes") == 0
        kms.advance(days(32))
        capsys.readouterr()
        for options in ([], ["--yes"]):
            assert retire(key, "--ledger", ledger, "--undo", *options) == 1
            out, err = capsys.readouterr()
            assert "  gone (Deleted)" in out.splitlines()
            assert "awskms-lite retire" not in out
            assert err.startswith("1 key: 1 that cannot be taken back")
        assert retire("--ledger", ledger, "--status") == 0
        out = capsys.readouterr().out
        assert "  deleted, not recorded (Deleted): the next run records that" in out
        assert f"  to record it  awskms-lite retire {key} --ledger {ledger} --yes" in out

    def test_what_was_done_elsewhere_is_only_to_be_recorded(
        self, kms: LocalKMS, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """A deletion that is scheduled already is not scheduled again."""
        assert retire(old_key(kms, state="PendingDeletion")) == 0
        out = capsys.readouterr().out
        assert "  deletion scheduled, not recorded (PendingDeletion): the next run records that" in out
        assert "nothing stands against" not in out

    def test_the_status_of_a_key_that_was_taken_back_offers_nothing(
        self, kms: LocalKMS, capsys: pytest.CaptureFixture[str], ledger: str
    ) -> None:
        """Also after a try to retire it again, which lacked the consent."""
        key = old_key(kms)
        for options in ([], ["--undo"]):
            assert retire(key, "--ledger", ledger, "--yes", *options) == 0
        assert retire(key, "--ledger", ledger, "--yes") == 1
        capsys.readouterr()
        assert retire("--ledger", ledger, "--status") == 0
        out = capsys.readouterr().out
        assert "  taken back (Enabled): nothing more to do" in out
        assert "--accept" not in out
        assert retire("--ledger", ledger, "--status") == 0
        assert "  taken back (Enabled): nothing more to do" in capsys.readouterr().out

    def test_the_status_of_a_key_that_was_only_planned(
        self, kms: LocalKMS, capsys: pytest.CaptureFixture[str], ledger: str
    ) -> None:
        """It names what the plan has found; that is no failed use, so it ends with 0."""
        key = old_key(kms, last_usage=datetime.now(UTC) - days(3))
        assert retire(key, "--ledger", ledger, "--yes") == 1
        assert state(kms, key) == "Enabled"
        capsys.readouterr()
        assert retire("--ledger", ledger, "--status") == 0
        assert "  usable (Enabled): held up by recent_use" in capsys.readouterr().out

    def test_a_status_that_is_not_certain_ends_with_3(self, kms: LocalKMS, ledger: str) -> None:
        """CloudTrail may have refused uses that cannot be read."""
        assert retire(old_key(kms), "--ledger", ledger, "--yes") == 0
        kms.deny("LookupEvents")
        assert retire("--ledger", ledger, "--status") == 3

    def test_consent_is_kept(self, kms: LocalKMS, ledger: str) -> None:
        """It is given once, and holds for the later steps."""
        key = old_key(kms, last_usage=datetime.now(UTC) - days(3))
        assert retire(key, "--ledger", ledger, "--yes", "--accept", "recent_use") == 0
        kms.advance(WATCH)
        assert retire(key, "--ledger", ledger, "--yes") == 0
        assert state(kms, key) == "PendingDeletion"


class TestFrom:
    """Keys from the report of an audit."""

    def test_an_audit_is_followed_by_a_retirement(
        self, kms: LocalKMS, tmp_path: Path, capsys: pytest.CaptureFixture[str], ledger: str
    ) -> None:
        """Those of the verdicts that are named, and no other."""
        idle, used = old_key(kms), old_key(kms, last_usage=datetime.now(UTC))
        report = tmp_path / "keys.jsonl"
        assert main(["audit", "--output", f"jsonl:{report}"]) == 0
        capsys.readouterr()
        command = ["--from", str(report), "--verdict", "idle,never_used"]
        assert retire(*command) == 0
        assert state(kms, idle) == "Enabled"
        assert retire(*command, "--ledger", ledger, "--yes") == 0
        assert (state(kms, idle), state(kms, used)) == ("Disabled", "Enabled")
        assert "1 key of the report left out by --verdict: 1 in use" in capsys.readouterr().err
        kms.advance(WATCH)
        assert retire(*command, "--ledger", ledger, "--yes") == 0
        assert state(kms, idle) == "PendingDeletion"

    def test_fifty_keys_of_every_kind_and_none_is_lost(
        self, kms: LocalKMS, tmp_path: Path, capsys: pytest.CaptureFixture[str], ledger: str
    ) -> None:
        """Each comes back once, with what was done or its reason."""
        expected = seed_fifty(kms)
        report = tmp_path / "keys.jsonl"
        main(["audit", "--region", REGION, "--region", "eu-west-1", "--output", f"jsonl:{report}"])
        capsys.readouterr()
        kms.deny("GetKeyPolicy", key=next(arn for arn, reason in expected.items() if reason == "unreadable"))
        every = ",".join(MEANINGS)
        command = ["--from", str(report), "--verdict", every, "--ledger", ledger, "--output", "json"]
        assert retire(*command, "--yes") == 3
        records = shown(capsys)
        assert {record["key_arn"]: reason_of(record) for record in records} == expected
        assert len(records) == len(expected) == 50
        for arn, reason in expected.items():
            if reason == "done: disable":
                assert state(kms, arn) == "Disabled"
        kms.allow()
        chosen = [*command[:3], "idle", *command[4:]]
        assert retire(*chosen) in (0, 1)
        again = shown(capsys)
        assert {record["key_arn"] for record in again} == set(expected)
        assert {record["outcome"] for record in again} >= {"left_out"}

    def test_the_latest_record_of_a_key_counts(
        self, kms: LocalKMS, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """A file may hold several reports."""
        key = old_key(kms)
        report = tmp_path / "keys.jsonl"
        assert main(["audit", "--output", f"jsonl:{report}"]) == 0
        (record,) = map(json.loads, report.read_text().splitlines())
        later = {**record, "checked_at": "2099-01-01T00:00:00Z", "verdict": "in_use"}
        report.write_text(f"{json.dumps(later)}\n{json.dumps(record)}\n")
        capsys.readouterr()
        assert retire("--from", str(report), "--verdict", "idle") == 0
        assert key not in capsys.readouterr().out

    @pytest.mark.parametrize("content", ["", "nonsense\n", '{"arn": "x"}\n'])
    def test_a_file_that_is_no_report_is_refused(self, kms: LocalKMS, tmp_path: Path, content: str) -> None:
        """And one that is not there."""
        report = tmp_path / "keys.jsonl"
        assert retire("--from", str(report), "--verdict", "idle") == 2
        report.write_text(content)
        assert retire("--from", str(report), "--verdict", "idle") == 2


def reason_of(record: dict[str, Any]) -> str:
    """Return why nothing was done with a key, or what was done."""
    blocking = [finding["name"] for finding in record["findings"] if finding["severity"] == "blocks"]
    if blocking or record["needed"]:
        return "+".join(blocking or record["needed"])
    return f"{record['outcome']}: {record['step']}"


def seed_fifty(kms: LocalKMS) -> dict[str, str]:
    """Add keys of every kind; return what becomes of each."""
    now = datetime.now(UTC)
    expected: dict[str, str] = {}
    for number in range(20):
        expected[old_key(kms, region=REGION if number % 2 else "eu-west-1")] = "done: disable"
    for number in range(8):
        expected[old_key(kms, last_usage=now - days(number))] = "recent_use"
    for number in range(4):
        expected[old_key(kms, created=now - days(number), tracking_start=None, last_usage=None)] = "too_new"
    for _ in range(4):
        expected[old_key(kms, manager="AWS")] = "aws_managed"
    for _ in range(3):
        expected[old_key(kms, account_id=OTHER, shared_with=[ACCOUNT])] = "other_account"
    for _ in range(2):
        expected[old_key(kms, state="Disabled")] = "done: watch"
        expected[old_key(kms, state="PendingDeletion")] = "done: schedule"
    primary = old_key(kms, multi_region=True)
    expected[primary] = "replicas"
    expected[old_key(kms, replica_of=primary, region="eu-west-1")] = "done: disable"
    expected[old_key(kms, origin="EXTERNAL")] = "imported_material"
    expected[old_key(kms, origin="AWS_CLOUDHSM")] = "custom_key_store"
    expected[old_key(kms, spec="ECC_NIST_P256")] = "asymmetric_public_key"
    expected[old_key(kms, state="Updating")] = "waiting: None"
    expected[old_key(kms)] = "unreadable"
    return expected


class TestWrongUse:
    """What ends with 2, and changes nothing."""

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            (["KEY", "--yes"], "--yes needs --ledger FILE"),
            (["KEY", "--undo", "--yes"], "--yes needs --ledger FILE"),
            ([], "name the keys, or --from FILE"),
            (["KEY", "--from", "keys.jsonl", "--verdict", "idle"], "one of the two"),
            (["--from", "keys.jsonl"], "--from and --verdict go together"),
            (["KEY", "--verdict", "idle"], "--from and --verdict go together"),
            (["--from", "keys.jsonl", "--verdict", "unused"], "'unused' is none of in_use, idle"),
            (["--status"], "--status needs --ledger FILE"),
            (["--status", "--ledger", "F", "KEY"], "--status is about all keys of the ledger"),
            (["--status", "--ledger", "F", "--yes"], "--status is about all keys of the ledger"),
            (["KEY", "--undo", "--accept", "grants"], "--undo asks for no consent"),
            (["KEY", "--accept", "grant"], "'grant' is none of recent_use"),
            (["KEY", "--watch-days", "31"], "pass a whole one from 1 to 30"),
            (["KEY", "--watch-days", "0"], "pass a whole one from 1 to 30"),
            (["KEY", "--pending-days", "6"], "pass a whole one from 7 to 30"),
            (["KEY", "--pending-days", "7.5"], "pass a whole one from 7 to 30"),
            (["KEY", "--idle-days", "-1"], "pass a whole one from 1 to 36500"),
            (["arn:aws:s3:::bucket"], "not of a KMS key"),
            (["KEY\n"], "control character"),
        ],
    )
    def test_options_that_do_not_go_together(
        self, kms: LocalKMS, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
    ) -> None:
        """With a text that says what is wrong."""
        assert retire(*arguments) == 2
        assert words in capsys.readouterr().err
        assert kms.stats.asked["DisableKey"] == 0

    def test_an_alias_names_its_key(self, kms: LocalKMS, capsys: pytest.CaptureFixture[str], ledger: str) -> None:
        """Nothing is done for the other keys either."""
        key, other = old_key(kms, aliases=["alias/old"]), old_key(kms)
        assert retire(other, "alias/old", "--ledger", ledger, "--yes") == 2
        assert key in capsys.readouterr().err
        assert state(kms, other) == "Enabled"

    def test_a_ledger_of_another_account(
        self, kms: LocalKMS, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, ledger: str
    ) -> None:
        """Whoever runs it may have the wrong profile."""
        key = old_key(kms)
        assert retire(key, "--ledger", ledger, "--yes") == 0
        credentials = kms.credentials_for(OTHER)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", credentials.access_key_id)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", credentials.secret_access_key)
        for arguments in ([key, "--yes"], ["--status"], [key, "--undo", "--yes"]):
            assert retire(*arguments, "--ledger", ledger) == 2
            assert f"is of account {ACCOUNT}, and these credentials are of {OTHER}" in capsys.readouterr().err
        assert state(kms, key) == "Disabled"

    def test_without_credentials(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """As in every command."""
        monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        assert retire("1234", "--region", REGION) == 2

    @pytest.mark.parametrize("name", ["aws_managed", "other_account", "unreadable"])
    def test_what_always_blocks_cannot_be_accepted(
        self, kms: LocalKMS, capsys: pytest.CaptureFixture[str], ledger: str, name: str
    ) -> None:
        """It ends with 1, named, and nothing is done for any key."""
        managed, key = old_key(kms, manager="AWS"), old_key(kms)
        assert retire(managed, key, "--ledger", ledger, "--yes", "--accept", f"grants,{name}") == 1
        assert f"--accept {name} changes nothing: this finding always blocks" in capsys.readouterr().err
        assert state(kms, key) == "Enabled"
        assert not Path(ledger).exists()


class TestUncertain:
    """What ends with 3."""

    def test_keys_that_cannot_be_read(self, kms: LocalKMS, capsys: pytest.CaptureFixture[str]) -> None:
        """Denied, or not there; it takes precedence over findings."""
        key = old_key(kms)
        kms.deny("GetKeyLastUsage", key=key)
        assert retire(key, old_key(kms, manager="AWS")) == 3
        assert "unreadable: Something about it could not be read" in capsys.readouterr().out
        assert retire("11111111-2222-3333-4444-555555555555") == 3
        assert "KMS knows no such key in this account and region" in capsys.readouterr().out

    def test_a_foreign_key_is_no_uncertainty(self, kms: LocalKMS, capsys: pytest.CaptureFixture[str]) -> None:
        """It is certain that it cannot be retired from here."""
        assert retire(old_key(kms, account_id=OTHER)) == 1
        assert f"other_account: It belongs to account {OTHER}" in capsys.readouterr().out

    @pytest.mark.parametrize(
        ("content", "words"),
        [
            ("nonsense\n", "is damaged (line 1: it is no line that this command wrote)"),
            ('{"format": 2}\n', "has format 2, and this version of awskms-lite reads 1"),
        ],
    )
    def test_a_ledger_that_cannot_be_read(
        self, kms: LocalKMS, capsys: pytest.CaptureFixture[str], ledger: str, content: str, words: str
    ) -> None:
        """Nothing is done, whatever it was to be done with."""
        key = old_key(kms)
        Path(ledger).write_text(content)
        for arguments in ([key], [key, "--yes"], ["--status"], [key, "--undo", "--yes"]):
            assert retire(*arguments, "--ledger", ledger) == 3
            assert words in capsys.readouterr().err
        assert kms.stats.asked["DisableKey"] == 0

    @pytest.mark.parametrize("region", [True, False])
    def test_the_status_of_a_missing_ledger(
        self,
        kms: LocalKMS,
        capsys: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch,
        ledger: str,
        region: bool,
    ) -> None:
        """A mistyped name is not a retirement without keys."""
        if not region:
            monkeypatch.delenv("AWS_REGION")
        assert retire("--ledger", ledger, "--status") == 3
        assert "does not exist" in capsys.readouterr().err

    def test_the_other_keys_are_told_of(
        self, kms: LocalKMS, capsys: pytest.CaptureFixture[str], ledger: str
    ) -> None:
        """When KMS fails between the line of an act and the act itself."""
        keys = [old_key(kms) for _ in range(3)]
        kms.inject_fault(Error("KMSInternalException", status=500), operation="DescribeKey", skip=1, times=3)
        assert retire(*keys, "--ledger", ledger, "--yes", "--output", "json") == 3
        assert [each["outcome"] for each in shown(capsys)] == ["uncertain", "done", "done"]

    def test_a_second_run_is_refused(self, kms: LocalKMS, capsys: pytest.CaptureFixture[str], ledger: str) -> None:
        """While another one has the ledger."""
        key = old_key(kms)
        with Ledger(ledger):
            for arguments in ([key, "--yes"], [key, "--undo", "--yes"], ["--status"]):
                assert retire(*arguments, "--ledger", ledger) == 3
                assert "in use by another run" in capsys.readouterr().err
        assert state(kms, key) == "Enabled"

    @pytest.mark.parametrize("name", ["/dev/full", "missing/retire.jsonl", "."])
    def test_a_ledger_that_cannot_be_written(self, kms: LocalKMS, name: str) -> None:
        """Nothing is done without a line."""
        key = old_key(kms)
        assert retire(key, "--ledger", name, "--yes") == 3
        assert state(kms, key) == "Enabled"

    def test_a_report_that_cannot_be_written(self, kms: LocalKMS, ledger: str) -> None:
        """What was done is in the ledger, and the next run goes on."""
        key = old_key(kms)
        command = [sys.executable, "-m", "awskms_lite", "retire", key, "--ledger", ledger, "--yes"]
        environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        with open("/dev/full", "w") as full:  # noqa: PTH123 - a device
            ended = subprocess.run(command, env=environ, stdout=full, stderr=-1, check=False, text=True)
        assert ended.returncode == 3
        assert "cannot be written" in ended.stderr
        assert retire(key, "--ledger", ledger, "--yes") == 0
        assert state(kms, key) == "Disabled"

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
    def test_a_signal_leaves_a_whole_report(self, kms: LocalKMS, ledger: str, number: int) -> None:
        """It has the keys that are done, and the exit code tells which signal it was."""
        keys = [old_key(kms) for _ in range(4)]
        kms.inject_fault(Latency(60), operation="DisableKey", skip=2)
        command = [sys.executable, "-m", "awskms_lite", "retire", *keys, "--ledger", ledger, "--yes", "--output"]
        environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        with subprocess.Popen([*command, "json"], env=environ, stdout=-1, stderr=-1, text=True) as child:
            while not any(
                keys[2] in line and "intent" in line
                for line in (Path(ledger).read_text().splitlines() if Path(ledger).exists() else [])
            ):
                assert child.poll() is None
            child.send_signal(number)
            out, err = child.communicate(timeout=60)
        assert child.returncode == 128 + number
        assert [each["key_arn"] for each in json.loads(out)] == keys[:2]
        assert "the same command goes on" in err

    def test_ctrl_c_leaves_nothing_open(self, kms: LocalKMS, ledger: str) -> None:
        """It ends with 130, and the next run sees what was done."""
        key = old_key(kms)
        kms.inject_fault(Latency(5), operation="DisableKey")
        command = [sys.executable, "-m", "awskms_lite", "retire", key, "--ledger", ledger, "--yes"]
        environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        with subprocess.Popen(command, env=environ, stdout=-1, stderr=-1, text=True) as child:
            while "intent" not in (Path(ledger).read_text() if Path(ledger).exists() else ""):
                assert child.poll() is None
            child.send_signal(signal.SIGINT)
            _, err = child.communicate(timeout=60)
        assert child.returncode == 130
        assert "the same command goes on" in err
        kms.clear_faults()
        assert retire(key, "--ledger", ledger, "--yes") == 0
        kms.advance(timedelta(minutes=21))  # if nothing was sent, CloudTrail has had the time to show otherwise
        assert retire(key, "--ledger", ledger, "--yes") == 0
        assert state(kms, key) == "Disabled"


def test_the_help_shows_every_form(capsys: pytest.CaptureFixture[str]) -> None:
    """And the exit codes."""
    assert retire("--help") == 0
    out = capsys.readouterr().out
    for form in ("--from keys.jsonl --verdict idle,never_used", "--status", "--undo --yes", "exit codes:"):
        assert form in out


def test_time_goes_by_the_service(kms: LocalKMS, ledger: str) -> None:
    """The machine's clock has not moved, and the watch is over."""
    key = old_key(kms)
    assert retire(key, "--ledger", ledger, "--yes", "--watch-days", "1") == 0
    kms.advance(timedelta(days=1, minutes=21))
    assert retire(key, "--ledger", ledger, "--yes", "--watch-days", "1") == 0
    assert state(kms, key) == "PendingDeletion"
