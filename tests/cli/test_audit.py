"""`awskms-lite audit` as a function, against the embedded KMS: the report, the summary and the exit codes."""

import csv
import errno
import io
import json
import os
import shlex
import signal
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from support.audit_data import ACCOUNT, seed_every_verdict
from support.servers import PATIENCE

from awskms_lite import CheckpointError
from awskms_lite.audit import AuditVerdict, KeyUsageRecord, judge
from awskms_lite.audit.serialize import from_line
from awskms_lite.cli import main
from awskms_lite.local import Error, LocalKMS
from awskms_lite.models.keys import KeyState
from awskms_lite.report.csv import COLUMNS
from awskms_lite.verdicts import MEANINGS, label

OTHER = "444455556666"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/Audit"
OTHER_ROLE = f"arn:aws:iam::{OTHER}:role/Audit"


@pytest.fixture
def kms(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalKMS]:
    """Run an embedded KMS, and have the environment lead there."""
    with LocalKMS(region="us-east-2") as server:
        for name, value in server.environ.items():
            monkeypatch.setenv(name, value)
        yield server


def audit(*arguments: str) -> int:
    return main(["audit", *arguments])


def add_leaving(kms: LocalKMS, number: int, *, region: str = "us-east-2") -> list[str]:
    """Add keys that need not be asked about, which KMS lets us do 5 times a second only."""
    return [kms.add_key(state="PendingDeletion", region=region) for _ in range(number)]


class TestReport:
    """What stands on standard output."""

    def test_every_verdict_has_its_rows_and_its_paragraph(
        self, kms: LocalKMS, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """The table has a row for each key, in order, and below it what each verdict means and what to do."""
        expected = seed_every_verdict(kms)
        assert audit() == 0
        out, err = capsys.readouterr()
        heading, *lines = out.splitlines()
        assert heading.split("  ")[0] == "KEY"
        rows = lines[: len(expected)]
        order = ["idle", "never_used", "no_record", "pending_deletion", "too_new", "in_use", "aws_managed"]
        by_id = {arn.rpartition("/")[2]: verdict for arn, verdict in expected.items()}
        assert [by_id[row.split()[0]] for row in rows] == order  # what there is something to do about comes first
        told = {row.split()[0]: row for row in rows}
        for arn, verdict in expected.items():
            assert f"  {label(verdict)} " in told[arn.rpartition("/")[2]]
        for verdict in expected.values():
            assert f"\n\n{label(verdict)}: " in out
        assert "deletable" not in out
        assert err.splitlines()[0] == f"{len(expected)} keys listed = {len(expected)} reported"
        assert "coverage 100 %: 1 in use, 1 idle, 1 never used, 1 no record, 1 too new, 1 pending deletion" in err
        assert "incomplete" not in err

    def test_lines_of_json_are_records(self, kms: LocalKMS, capsys: pytest.CaptureFixture[str]) -> None:
        """Each line of --output jsonl is a record that can be read back, and nothing else is there."""
        arns = add_leaving(kms, 3)
        assert audit("--output", "jsonl") == 0
        records = [from_line(KeyUsageRecord, line) for line in capsys.readouterr().out.splitlines()]
        assert sorted(record.arn for record in records) == sorted(arns)
        assert {record.verdict for record in records} == {AuditVerdict.PENDING_DELETION}

    @pytest.mark.parametrize("number", [0, 1, 3])
    def test_json_is_one_array(self, kms: LocalKMS, capsys: pytest.CaptureFixture[str], number: int) -> None:
        """--output json is an array of the same records, of none where there are none."""
        arns = add_leaving(kms, number)
        assert audit("--output", "json") == 0
        rows = json.loads(capsys.readouterr().out)
        assert sorted(row["arn"] for row in rows) == sorted(arns)

    @pytest.mark.parametrize("number", [0, 3])
    def test_csv_has_a_header_and_a_row_for_each_key(
        self, kms: LocalKMS, capsys: pytest.CaptureFixture[str], number: int
    ) -> None:
        """--output csv begins with the names of its columns, also where no key follows."""
        arns = add_leaving(kms, number)
        assert audit("--output", "csv") == 0
        header, *rows = csv.reader(io.StringIO(capsys.readouterr().out))
        assert header == list(COLUMNS)
        assert sorted(row[header.index("arn")] for row in rows) == sorted(arns)

    def test_cells_begin_no_formula(self, kms: LocalKMS, capsys: pytest.CaptureFixture[str]) -> None:
        """A description that a spreadsheet would carry out is a text to it."""
        kms.add_key(state="PendingDeletion", description='=HYPERLINK("http://x","y")')
        assert audit("--output", "csv") == 0
        (row,) = csv.DictReader(io.StringIO(capsys.readouterr().out))
        assert row["description"] == """'=HYPERLINK("http://x","y")"""

    @pytest.mark.parametrize("output", ["table", "json", "jsonl"])
    def test_nothing_of_aws_commands_the_terminal(
        self, kms: LocalKMS, capsys: pytest.CaptureFixture[str], output: str
    ) -> None:
        """What a description holds is shown written out, and JSON still says the same."""
        text = "\x1b[31mred \x9b2J \u202e \x7f \u2028 \U000e0041"
        kms.add_key(state="PendingDeletion", description=text)
        assert audit("--output", output) == 0
        out = capsys.readouterr().out
        assert all(character.isprintable() or character == "\n" for character in out)
        if output != "table":
            (row,) = [json.loads(out)] if output == "jsonl" else json.loads(out)
            assert row["description"] == text

    def test_the_account_is_named_where_there_are_several(
        self, kms: LocalKMS, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """A table of one account has no column for it; with a key that another shares there is one."""
        add_leaving(kms, 1)
        assert audit() == 0
        assert "ACCOUNT" not in capsys.readouterr().out
        kms.add_key(account_id=OTHER, shared_with=[ACCOUNT])
        assert audit() == 0
        out = capsys.readouterr().out
        assert "ACCOUNT" in out.splitlines()[0]
        assert f"{OTHER}  other account" in out


class TestTargets:
    """Where it looks, and what it says of that."""

    def test_several_regions_are_one_table(self, kms: LocalKMS, capsys: pytest.CaptureFixture[str]) -> None:
        """--region can be given again; the rows are in the order of regions, and one without keys is named."""
        add_leaving(kms, 1, region="us-west-2")
        add_leaving(kms, 2, region="eu-west-1")
        assert audit("--region", "us-west-2", "--region", "eu-west-1", "--region", "eu-west-3") == 0
        out, err = capsys.readouterr()
        assert [line.split()[1] for line in out.splitlines()[1:4]] == ["eu-west-1", "eu-west-1", "us-west-2"]
        assert "no keys: eu-west-3\n" in err

    def test_all_regions_are_each_named(self, kms: LocalKMS, capsys: pytest.CaptureFixture[str]) -> None:
        """--all-regions says of every region what became of it; one that is not enabled leaves it complete."""
        add_leaving(kms, 2)
        for region in ("af-south-1", "ap-east-1"):
            kms.disable_region(region)
        assert audit("--all-regions") == 0
        err = capsys.readouterr().err
        assert "read: us-east-2 (2)\n" in err
        assert "not enabled in the account: af-south-1, ap-east-1\n" in err
        (empty,) = [line for line in err.splitlines() if line.startswith("no keys: ")]
        assert len(empty.split(", ")) > 25

    def test_a_named_region_that_is_not_enabled_is_a_gap(
        self, kms: LocalKMS, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Somebody wanted to know about it, so the audit is incomplete, and what to do is said."""
        kms.disable_region("af-south-1")
        assert audit("--region", "us-east-2", "--region", "af-south-1") == 3
        err = capsys.readouterr().err
        assert "not enabled in the account: af-south-1\n  Enable the region" in err
        assert "The audit is incomplete: 1 of 2 targets could not be listed in full. Fix the cause" in err

    def test_a_refused_listing_is_told_once_for_all_its_regions(
        self, kms: LocalKMS, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Regions of one fate stand on one line, with an example of the reason, its request id and the remedy."""
        add_leaving(kms, 1)
        for region in ("eu-west-1", "eu-west-2"):
            kms.deny("ListKeys", region=region)
        assert audit("--region", "us-east-2", "--region", "eu-west-1", "--region", "eu-west-2") == 3
        lines = capsys.readouterr().err.splitlines()
        at = lines.index("refused: eu-west-1, eu-west-2")
        assert lines[at + 1].startswith("  ListKeys: AccessDeniedException: ")
        assert "request id" in lines[at + 1]
        assert "Let the key policy" in lines[at + 1]

    def test_missing_aliases_are_told(self, kms: LocalKMS, capsys: pytest.CaptureFixture[str]) -> None:
        """Where keys could be listed and aliases could not, the region is read without them: incomplete."""
        add_leaving(kms, 1)
        kms.deny("ListAliases")
        assert audit() == 3
        assert "read without ListAliases: us-east-2 (1)\n  ListAliases: AccessDenied" in capsys.readouterr().err

    def test_roles_are_accounts(self, kms: LocalKMS, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
        """Roles of --role-arn and of the lines of --accounts are assumed; who could not be is named."""
        add_leaving(kms, 1)
        kms.add_key(account_id=OTHER, state="PendingDeletion")
        kms.deny("AssumeRole", account_id="777788889999")
        refused = "arn:aws:iam::777788889999:role/Audit"
        file = tmp_path / "roles.txt"
        file.write_text(f"\ufeff# ours\n\n{OTHER_ROLE}  # the shop's\n  {refused}\n", encoding="utf-8")
        assert audit("--role-arn", ROLE, "--accounts", str(file)) == 3
        out, err = capsys.readouterr()
        assert f"  {ACCOUNT}  pending deletion" in out
        assert f"  {OTHER}  pending deletion" in out
        assert f"refused: us-east-2 as {refused}\n  AssumeRole: the audit: the role " in err

    def test_accounts_have_the_names_of_their_lines(
        self, kms: LocalKMS, capsys: pytest.CaptureFixture[str], tmp_path: Path
    ) -> None:
        """What stands behind a role in --accounts is its account's name, and is in the records."""
        kms.add_key(account_id=OTHER, state="PendingDeletion")
        kms.add_key(account_id="777788889999", state="PendingDeletion")
        file = tmp_path / "roles.txt"
        third = "arn:aws:iam::777788889999:role/Audit"
        file.write_text(f"{OTHER_ROLE}\t The shop  # and its tills\n{third}\n", encoding="utf-8")
        assert audit("--accounts", str(file), "--output", "jsonl") == 0
        records = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        assert {record["account_id"]: record["account_name"] for record in records} == {
            OTHER: "The shop",
            "777788889999": None,
        }

    def test_a_refused_account_has_its_name(
        self, kms: LocalKMS, capsys: pytest.CaptureFixture[str], tmp_path: Path
    ) -> None:
        """From the organization or from the file: an id alone tells people nothing."""
        kms.add_account(OTHER, name="Shop \x1b[31m")
        kms.deny("AssumeRole", account_id=OTHER)
        assert audit("--organization", "--role-name", "Audit") == 3
        refused = f"refused: us-east-2 as arn:aws:iam::{OTHER}:role/Audit (Shop \\x1b[31m)\n"
        assert refused in capsys.readouterr().err
        file = tmp_path / "roles.txt"
        file.write_text(f"{ROLE}\n{OTHER_ROLE} The shop\n", encoding="utf-8")
        assert audit("--accounts", str(file)) == 3
        assert f"refused: us-east-2 as {OTHER_ROLE} (The shop)\n" in capsys.readouterr().err

    def test_the_accounts_of_an_organization(self, kms: LocalKMS, capsys: pytest.CaptureFixture[str]) -> None:
        """--organization finds the accounts and their names, and those that cannot be audited are told apart."""
        kms.add_account(OTHER, name="Shop")
        kms.add_account("777788889999", name="Old \x1b[31m", state="SUSPENDED")
        kms.add_account("888899990000", name="Gone", state="CLOSED")
        kms.add_account("999900001111", name="Older", state="SUSPENDED")
        kms.add_key(account_id=OTHER, state="PendingDeletion")
        assert audit("--organization", "--role-name", "Audit", "--output", "jsonl") == 0
        out, err = capsys.readouterr()
        (record,) = map(json.loads, out.splitlines())
        assert (record["account_id"], record["account_name"]) == (OTHER, "Shop")
        assert "skipped, suspended: 777788889999 (Old \\x1b[31m), 999900001111 (Older)\n" in err
        assert "skipped, closed: 888899990000 (Gone)\n" in err

    def test_an_organization_that_cannot_be_listed(
        self, kms: LocalKMS, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Nothing is read, and the error says what to do."""
        assert audit("--organization", "--role-name", "Audit") == 3
        out, err = capsys.readouterr()
        assert out == ""
        assert "AWSOrganizationsNotInUseException" in err
        assert "name the accounts one by one" in err

    def test_roles_come_from_standard_input_too(
        self, kms: LocalKMS, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """--accounts - reads them from there."""
        kms.add_key(account_id=OTHER, state="PendingDeletion")
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(OTHER_ROLE.encode())))
        assert audit("--accounts", "-") == 0
        assert "1 key listed" in capsys.readouterr().err

    @pytest.mark.parametrize(
        "filters",
        [
            ["--alias", "prdo-*"],
            ["--manager", "AWS"],
            ["--state", "Disabled"],
            ["--tag", "team=data"],
            ["--manager", "CUSTOMER", "--tag", "it's", "--alias", "prod-*"],
        ],
    )
    @pytest.mark.parametrize("gate", [[], ["--fail-on", "idle,never_used"]])
    def test_filters_that_match_nothing_pass_no_gate(
        self, kms: LocalKMS, capsys: pytest.CaptureFixture[str], filters: list[str], gate: list[str]
    ) -> None:
        """A word that is misspelt would let everything through: it is named, unless nothing was expected."""
        kms.add_key(state="PendingDeletion", aliases=["alias/prod-a"], tags={"team": "shop"})
        assert audit("--region", "us-east-2", "--region", "eu-west-1", *filters, *gate) == 2
        err = capsys.readouterr().err
        assert f"no key matches {shlex.join(filters)}: 1 key left out" in err
        assert "coverage" not in err
        assert audit(*filters, *gate, "--allow-empty") == 0
        kms.deny("ListKeys", region="eu-west-1")
        assert audit("--region", "us-east-2", "--region", "eu-west-1", *filters, *gate) == 3

    @pytest.mark.parametrize("filters", [["--tag", "taem"], ["--state", "Unavailable"]])
    def test_a_key_of_which_a_match_is_unknown_passes_no_gate(
        self, kms: LocalKMS, capsys: pytest.CaptureFixture[str], filters: list[str]
    ) -> None:
        """A key that another account shares is reported, and counts as no match: nothing of it can be read."""
        kms.add_key(state="PendingDeletion", tags={"team": "shop"})
        shared = kms.add_key(account_id="444455556666", shared_with=["111122223333"])
        kms.deny("DescribeKey", key=shared)
        assert audit(*filters, "--fail-on", "idle,other_account", "--output", "jsonl") == 2
        out, err = capsys.readouterr()
        assert [json.loads(line)["arn"] for line in out.splitlines()] == [shared]
        assert f"no key matches {shlex.join(filters)}: 1 key left out, and of 1 key in the report it is" in err
        assert audit(*filters, "--fail-on", "idle", "--allow-empty") == 0
        assert audit("--tag", "team", "--fail-on", "idle") == 0

    def test_filters_where_there_is_nothing_to_match(self, kms: LocalKMS) -> None:
        """An account without keys is in good order, and so is a region without any match beside one with some."""
        assert audit("--alias", "prod-*", "--fail-on", "idle") == 0
        kms.add_key(state="PendingDeletion", aliases=["alias/prod-a"])
        kms.add_key(state="PendingDeletion", region="eu-west-1")
        assert audit("--region", "us-east-2", "--region", "eu-west-1", "--alias", "prod-*") == 0

    def test_keys_of_aws_have_no_tags(self, kms: LocalKMS, capsys: pytest.CaptureFixture[str]) -> None:
        """With --tag they are neither reported nor asked for what is refused there."""
        wanted = kms.add_key(state="PendingDeletion", tags={"team": "shop"})
        managed = kms.add_key(manager="AWS", aliases=["alias/aws/acm"])
        kms.deny("ListResourceTags", key=managed)
        assert audit("--tag", "team=shop", "--output", "jsonl") == 0
        out, err = capsys.readouterr()
        assert [json.loads(line)["arn"] for line in out.splitlines()] == [wanted]
        assert "1 left out by the filters" in err
        assert kms.stats.asked["ListResourceTags"] == 1

    def test_keys_are_chosen_by_filters(self, kms: LocalKMS, capsys: pytest.CaptureFixture[str]) -> None:
        """Each filter leaves keys out, its words in any capitals, and the summary counts what was left out."""
        add_leaving(kms, 1)
        kms.add_key(state="PendingDeletion", aliases=["alias/prod-a"], tags={"team": "shop"})
        kms.add_key(manager="AWS", aliases=["alias/aws/s3"])
        for arguments, reported in (
            (["--manager", "aws"], 1),
            (["--manager", "AWS", "--manager", "CUSTOMER"], 3),
            (["--state", "pendingdeletion"], 2),
            (["--alias", "prod-*"], 1),
            (["--alias", "prod-*", "--alias", "alias/aws/*"], 2),
            (["--tag", "team"], 1),
            (["--tag", "team=shop", "--manager", "CUSTOMER"], 1),
            (["--tag", "team=other", "--allow-empty"], 0),
        ):
            assert audit("--output", "jsonl", *arguments) == 0
            out, err = capsys.readouterr()
            assert len(out.splitlines()) == reported, arguments
            left_out = f" + {3 - reported} left out by the filters" if reported < 3 else ""
            assert err.startswith(f"3 keys listed = {reported} reported{left_out}\n"), arguments


class TestExitCodes:
    """What the exit code says, and what weighs more."""

    @pytest.mark.parametrize(
        ("arguments", "code"),
        [
            (["--fail-on", "pending_deletion"], 1),
            (["--fail-on", "idle,pending-deletion"], 1),
            (["--fail-on", "idle", "--fail-on", "PENDING_DELETION"], 1),
            (["--fail-on", "idle, never_used"], 0),
        ],
    )
    def test_a_verdict_may_fail(
        self, kms: LocalKMS, capsys: pytest.CaptureFixture[str], arguments: list[str], code: int
    ) -> None:
        """--fail-on makes it 1 where any key has one of its verdicts, and says which."""
        add_leaving(kms, 2)
        assert audit(*arguments) == code
        assert ("--fail-on: 2 pending deletion" in capsys.readouterr().err) == bool(code)

    def test_an_unreadable_key_makes_it_3(self, kms: LocalKMS, capsys: pytest.CaptureFixture[str]) -> None:
        """A key that nothing is known of is reported, told once for each cause, and goes before --fail-on."""
        add_leaving(kms, 1)
        keys = [kms.add_key(), kms.add_key()]
        for key in keys:
            kms.deny("DescribeKey", key=key)
            kms.deny("GetKeyLastUsage", key=key)
        assert audit("--fail-on", "pending_deletion") == 3
        out, err = capsys.readouterr()
        assert out.count("  unreadable  ") == 2
        assert "Denied" not in out
        assert "  DescribeKey: AccessDeniedException: " in err
        assert "coverage 33.3 %" in err
        assert (
            "The audit is incomplete: 2 of 3 keys could not be read. Fix the cause and run the same command again"
            "; with --checkpoint FILE each run continues where the one before ended. "
        ) in err
        lines = err.splitlines()
        (at,) = [number for number, line in enumerate(lines) if line.startswith("2 keys unreadable, as ")]
        assert any(key in lines[at] for key in keys)
        assert "request id" in lines[at + 1]

    def test_the_checkpoint_of_an_incomplete_audit_is_told(
        self, kms: LocalKMS, capsys: pytest.CaptureFixture[str], tmp_path: Path
    ) -> None:
        """What it keeps need not be read again: the same command completes the audit once the cause is fixed."""
        add_leaving(kms, 2)
        kms.deny("DescribeKey", key=kms.add_key(state="PendingDeletion"))
        arguments = ["--checkpoint", str(tmp_path / "kept")]
        assert audit(*arguments) == 3
        assert (
            "The audit is incomplete: 1 of 3 keys could not be read. Fix the cause and run the same command again"
            f"; the checkpoint {tmp_path / 'kept'} keeps the 2 answers. "
        ) in capsys.readouterr().err
        kms.allow()
        assert audit(*arguments) == 0
        assert "incomplete" not in capsys.readouterr().err

    def test_throttled_answers_are_counted(self, kms: LocalKMS, capsys: pytest.CaptureFixture[str]) -> None:
        """What KMS throttled is in the summary, and no key is lost by it."""
        add_leaving(kms, 2)
        kms.inject_fault(Error("ThrottlingException"), operation="DescribeKey", times=1)
        assert audit() == 0
        assert ", 1 throttled" in capsys.readouterr().err

    @pytest.mark.parametrize(
        ("unset", "arguments", "telling"),
        [
            (["AWS_REGION", "AWS_DEFAULT_REGION"], [], "No region"),
            (["AWS_SECRET_ACCESS_KEY"], [], "AWS_SECRET_ACCESS_KEY is not: set both"),
            (["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"], [], "No credentials"),
            ([], ["--endpoint-url", "ftp://host"], "is not an endpoint"),
            ([], ["--region", "no region"], "is not a region"),
            ([], ["--role-arn", ACCOUNT], "is not the ARN of a role"),
            ([], ["--organization", "--role-name", "a b"], "is not the name of a role"),
            ([], ["--profile", "none"], "There is no profile 'none'"),
            ([], ["--accounts", "/nonexistent"], "/nonexistent cannot be read: No such file"),
            ([], ["--accounts", os.devnull], "names no role"),
            ([], ["--checkpoint", "/nonexistent/x"], "The checkpoint /nonexistent/x cannot be used"),
        ],
    )
    def test_a_wrong_set_up_ends_with_2(
        self,
        kms: LocalKMS,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
        unset: list[str],
        arguments: list[str],
        telling: str,
    ) -> None:
        """What keeps it from reading anything is said in one place, and no report is begun."""
        monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        for name in unset:
            monkeypatch.delenv(name)
        assert audit("--output", "json", *arguments) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert err.startswith("awskms-lite: ")
        assert telling in err

    @pytest.mark.parametrize("option", ["--accounts", "--from"])
    def test_a_file_that_would_be_dropped_is_refused(
        self, capsys: pytest.CaptureFixture[str], option: str
    ) -> None:
        """Given twice, the first file would not be read, and nobody would hear of it."""
        with pytest.raises(SystemExit) as caught:
            audit(option, "a", option, "b")
        assert caught.value.code == 2
        assert f"argument {option}: given twice" in capsys.readouterr().err

    @pytest.mark.parametrize("option", ["--accounts", "--from"])
    @pytest.mark.parametrize(
        ("content", "told"),
        [
            (b"x" * (2**20 + 1), "line 1 is longer than 1,048,576 bytes"),
            (b"# roles\n" + b"\0" * 2**21, "line 2 is longer than"),
            (ROLE.encode("utf-16"), "is in UTF-16, as `>` writes it in Windows PowerShell: save it as UTF-8"),
            (ROLE.encode("utf-16-le"), "is in UTF-16"),
            (ROLE.encode("utf-16-be"), "is in UTF-16"),
        ],
        ids=["long", "zeros", "UTF-16", "UTF-16 LE", "UTF-16 BE"],
    )
    def test_what_is_no_text_of_ours(
        self, capsys: pytest.CaptureFixture[str], tmp_path: Path, option: str, content: bytes, told: str
    ) -> None:
        """It is named, and read no further than it takes to know."""
        if option == "--from":
            content = content.replace(b"# roles", b"       ")
        (tmp_path / "file").write_bytes(content)
        assert audit(option, str(tmp_path / "file")) == 2
        assert told in capsys.readouterr().err

    @pytest.mark.skipif(not Path("/dev/zero").exists(), reason="a file without end is a thing of Unix")
    def test_a_file_without_end(self, capsys: pytest.CaptureFixture[str]) -> None:
        """It takes no memory."""
        assert audit("--accounts", "/dev/zero") == 2
        assert "longer than" in capsys.readouterr().err

    @pytest.mark.parametrize(
        ("text", "telling"),
        [
            (f"{OTHER_ROLE}\n{OTHER}\n", f"line 2: {OTHER} is an account id: name a role in that account"),
            (f"{OTHER}\n", f"as 'arn:aws:iam::{OTHER}:role/Audit'"),
            (f"{OTHER_ROLE} {ROLE}\n", "line 1: two ARNs are on one line"),
            ("# one\n\narn:aws:iam::1:user/x\n", "line 3: 'arn:aws:iam::1:user/x' is not the ARN of a role"),
            ("\udcff\n", "line 1: 'utf-8' codec can't decode"),
        ],
    )
    def test_a_bad_line_of_accounts_is_named(
        self, kms: LocalKMS, capsys: pytest.CaptureFixture[str], tmp_path: Path, text: str, telling: str
    ) -> None:
        """File and line are named, and with an account id what is wanted in its place."""
        file = tmp_path / "roles.txt"
        file.write_text(text, encoding="utf-8", errors="surrogateescape")
        assert audit("--accounts", str(file)) == 2
        err = capsys.readouterr().err.replace("utf-8-sig", "utf-8")
        assert err.startswith(f"awskms-lite: {file}, line ")
        assert telling in err
        assert kms.stats.asked == {}

    @pytest.mark.parametrize(
        ("arguments", "telling"),
        [
            (["--region", "us-east-2", "--all-regions"], "not allowed with argument"),
            (["--idle-days", "0"], "'0' is no number of days: pass a whole one from 1 to 36500"),
            (["--idle-days", "1.5"], "no number of days"),
            (["--price", "-1"], "'-1' is no price: pass US dollars, from 0 to 1,000,000"),
            (["--price", "nan"], "no price"),
            (["--price", "inf"], "no price"),
            (["--price", "1e7"], "no price"),
            (["--price", "1 USD"], "no price"),
            (["--price", ""], "no price"),
            (["--idle-days", "9" * 5000], "no number of days"),
            (["--manager", "me"], "'me' is none of AWS, CUSTOMER"),
            (["--state", "Off"], "'Off' is none of "),
            (["--tag", ""], "is empty"),
            (["--alias", ""], "is empty"),
            (["--fail-on", "used"], "'used' is none of in_use, idle, "),
            (["--fail-on", "idle,"], "'' is none of"),
            (["--output", "xml"], "invalid choice: 'xml'"),
            (["--ordered"], "unrecognized arguments"),
            (["--account", ACCOUNT], "--account: chooses keys of --from FILE; name accounts to audit with --role"),
            (["--region", "us-east-2,"], "'us-east-2,' has an empty name in it"),
            (["--sort", "age"], "'age' is none of verdict, idle_days, cost, last_use, account, region"),
            (["--sort=--cost"], "'-cost' is none of "),
            (["--group-by", "tag"], "'tag' is none of account, region, verdict, owner, manager"),
            (["--verdict", "used"], "'used' is none of in_use, idle, "),
            (
                ["--from", "x", "--all-regions"],
                "--from: sends no requests, so it cannot be combined with --all-regions",
            ),
            (["--from", "x", "--role-arn", ROLE], "combined with --role-arn"),
            (["--from", "x", "--accounts", "y"], "combined with --accounts"),
            (["--from", "x", "--organization"], "combined with --organization"),
            (["--organization"], "argument --organization: needs --role-name"),
            (["--role-name", "Audit"], "argument --role-name: is for --organization"),
            (["--organization", "--role-name", "a", "--role-arn", ROLE], "cannot be combined with --role-arn"),
            (["--organization", "--role-name", "a", "--accounts", "x"], "cannot be combined with --accounts"),
            (["--from", "x", "--profile", "y"], "combined with --profile"),
            (["--from", "x", "--endpoint-url", "y"], "combined with --endpoint-url"),
            (["--from", "x", "--checkpoint", "y"], "combined with --checkpoint"),
        ],
    )
    def test_wrong_use_ends_with_2(
        self, capsys: pytest.CaptureFixture[str], arguments: list[str], telling: str
    ) -> None:
        """A command line that makes no sense is explained on standard error."""
        with pytest.raises(SystemExit) as caught:
            audit(*arguments)
        assert caught.value.code == 2
        out, err = capsys.readouterr()
        assert telling in err
        assert out == ""

    def test_a_checkpoint_of_another_account_ends_with_2(
        self, kms: LocalKMS, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
    ) -> None:
        """It says whose it is, and the report is not begun."""
        add_leaving(kms, 1)
        arguments = ["--output", "csv", "--checkpoint", str(tmp_path / "kept")]
        assert audit(*arguments) == 0
        other = kms.credentials_for(OTHER)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", other.access_key_id)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", other.secret_access_key)
        monkeypatch.setenv("AWS_ACCOUNT_ID", OTHER)
        capsys.readouterr()
        assert audit(*arguments) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert f"it is of account {ACCOUNT}" in err

    def test_a_checkpoint_is_gone_on_with(
        self, kms: LocalKMS, capsys: pytest.CaptureFixture[str], tmp_path: Path
    ) -> None:
        """A second run takes from it what it holds, whatever the order of the filters, and says so."""
        add_leaving(kms, 3)
        kept = ["--checkpoint", str(tmp_path / "kept"), "--output", "jsonl"]
        assert audit(*kept, "--state", "PendingDeletion", "--state", "Enabled") == 0
        described = kms.stats.asked["DescribeKey"]
        first = capsys.readouterr().out
        assert audit(*kept, "--state", "Enabled", "--state", "PendingDeletion") == 0
        out, err = capsys.readouterr()
        assert sorted(out.splitlines()) == sorted(first.splitlines())
        assert "3 taken from the checkpoint" in err
        assert kms.stats.asked["DescribeKey"] == described


class TestEnds:
    """Ends before the end; as a process in test_cli_audit_process."""

    def test_an_interruption_reports_what_was_read(
        self, kms: LocalKMS, capsys: pytest.CaptureFixture[str], tmp_path: Path
    ) -> None:
        """Ctrl-C ends it with 130, and the summary says what the checkpoint holds."""
        add_leaving(kms, 2)
        for _ in range(20):
            kms.add_key()
        kept = str(tmp_path / "kept")
        pause = threading.Event()

        def interrupt() -> None:
            end = time.monotonic() + PATIENCE
            while kms.stats.answered["GetKeyLastUsage"] < 2 and time.monotonic() < end:
                pause.wait(0.01)
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

        thread = threading.Thread(target=interrupt)
        thread.start()
        code = audit("--output", "jsonl", "--checkpoint", kept, "--fail-on", "pending_deletion")
        thread.join(PATIENCE)
        out, err = capsys.readouterr()
        held = len(out.splitlines())
        assert (code, 3 <= held < 22) == (130, True)
        assert f"The audit was interrupted: {held} of the 22 keys listed so far were read. Run the same" in err
        assert f"; the checkpoint {kept} keeps the {held} answers." in err

    @pytest.mark.parametrize("kept", [False, True])
    @pytest.mark.parametrize("operation", ["DescribeKey", "GetKeyLastUsage"])
    def test_a_token_that_expires_ends_it_as_an_interruption(
        self, kms: LocalKMS, capsys: pytest.CaptureFixture[str], tmp_path: Path, operation: str, kept: bool
    ) -> None:
        """What was read is kept, nothing is made of the rest, and the same command goes on with a new token."""
        old = datetime.now(UTC) - timedelta(days=900)
        arns = {kms.add_key(created=old) for _ in range(6)}
        kms.inject_fault(Error("ExpiredTokenException"), operation=operation, skip=2)
        checkpoint = ["--checkpoint", str(tmp_path / "kept")] if kept else []
        assert audit("--output", "jsonl", *checkpoint) == 3
        out, err = capsys.readouterr()
        read = [json.loads(line) for line in out.splitlines()]
        assert len(read) <= 2
        assert "unreadable" not in {record["verdict"] for record in read}
        assert f"The credentials expired: {len(read)} of the 6 keys listed so far were read. Renew them and" in err
        assert ("run the same command again; the checkpoint " in err) == kept
        assert ("run the same command again; with --checkpoint FILE" in err) == (not kept)
        kms.clear_faults()
        assert audit("--output", "jsonl", *checkpoint) == 0
        assert {json.loads(line)["arn"] for line in capsys.readouterr().out.splitlines()} == arns

    @pytest.mark.parametrize(
        ("error", "cause"),
        [
            (OSError(errno.EMFILE, "Too many open files"), "Too many open files"),
            (MemoryError(), "MemoryError"),
            (OSError(errno.EIO, "Input/output error"), "Input/output error"),
        ],
    )
    def test_a_machine_that_lacks_something(
        self,
        kms: LocalKMS,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
        error: Exception,
        cause: str,
    ) -> None:
        """In mid run it is 3, with the cause, and what was read is reported; so it is before the first key."""
        add_leaving(kms, 3)
        judged = count()

        def judge_some(*arguments: Any) -> KeyUsageRecord:
            if next(judged):
                raise error
            return judge(*arguments)

        monkeypatch.setattr("awskms_lite.audit.multi_region.judge", judge_some)
        for reported in (1, 0):
            assert audit("--output", "jsonl") == 3
            out, err = capsys.readouterr()
            assert len(out.splitlines()) == reported
            assert f"the audit broke off: {cause}. Fix that" in err
            assert "the output cannot be written" not in err

    def test_a_machine_without_a_thread_to_spare(
        self, kms: LocalKMS, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Nor is that the output's fault."""
        add_leaving(kms, 1)

        def refuse(_: threading.Thread) -> None:
            raise RuntimeError("can't start new thread")

        with monkeypatch.context() as patch:
            patch.setattr(threading.Thread, "start", refuse)
            assert audit("--output", "jsonl") == 3
        assert "the audit broke off: can't start new thread" in capsys.readouterr().err

    def test_a_reader_that_went_away_ends_it_with_141(
        self, kms: LocalKMS, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Quietly, and what is left to print goes nowhere."""
        add_leaving(kms, 1)
        reader, writer = os.pipe()
        os.close(reader)
        with os.fdopen(writer, "w") as stdout:
            monkeypatch.setattr(sys, "stdout", stdout)
            assert audit("--output", "jsonl") == 141
        assert capsys.readouterr().err == ""

    @pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has a device that is always full")
    @pytest.mark.parametrize("source", ["live", "saved"])
    def test_a_report_without_room_makes_it_3(
        self,
        kms: LocalKMS,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
        tmp_path: Path,
        source: str,
    ) -> None:
        """The first line that cannot be written ends it; the summary says why."""
        add_leaving(kms, 2)
        assert audit("--output", "jsonl") == 0
        (tmp_path / "keys.jsonl").write_text(capsys.readouterr().out)
        arguments = ["--from", str(tmp_path / "keys.jsonl")] if source == "saved" else []
        with Path("/dev/full").open("w") as stdout:
            monkeypatch.setattr(sys, "stdout", stdout)
            assert audit("--output", "jsonl", "--fail-on", "pending_deletion", *arguments) == 3
        assert "the report cannot be written: No space left on device" in capsys.readouterr().err

    def test_a_checkpoint_that_fails_before_any_key_makes_it_3(
        self, kms: LocalKMS, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
    ) -> None:
        """There is nothing to report, so only the error is said."""

        def fail(*_: object) -> None:
            raise CheckpointError("no room")

        add_leaving(kms, 1)
        monkeypatch.setattr("awskms_lite.audit.checkpoint.Checkpoint.bind", fail)
        assert audit("--output", "csv", "--checkpoint", str(tmp_path / "kept")) == 3
        assert capsys.readouterr() == ("", "awskms-lite: no room\n")


class TestHelp:
    """What the command says of itself."""

    def test_it_says_all(self, capsys: pytest.CaptureFixture[str]) -> None:
        """Options stand in groups; examples, exit codes and verdicts are there."""
        with pytest.raises(SystemExit) as caught:
            audit("--help")
        assert caught.value.code == 0
        out = capsys.readouterr().out
        parts = ("what to audit:", "how to judge:", "output:", "examples:", "exit codes:", "130", "141", *MEANINGS)
        assert all(part in out for part in parts)

    def test_every_verdict_has_its_paragraph(self) -> None:
        """The verdicts of the command are those of the audit, in their order."""
        assert list(MEANINGS) == [verdict.value for verdict in AuditVerdict]

    @pytest.mark.parametrize("state", list(KeyState))
    def test_every_state_of_kms_is_taken(self, kms: LocalKMS, state: str) -> None:
        """--state knows what KMS knows."""
        assert audit("--state", state.upper()) == 0


def test_an_idle_window_of_its_own_is_in_the_paragraphs(kms: LocalKMS, capsys: pytest.CaptureFixture[str]) -> None:
    """--idle-days decides the verdict, and the text below the table speaks of it."""
    kms.add_key(created=datetime.now(UTC) - timedelta(days=50))
    assert audit("--idle-days", "30") == 0
    assert "never used: not used since it was created, 30 days ago or more" in capsys.readouterr().out


class TestDetails:
    """--cloudtrail and --rotations."""

    def test_what_they_add(self, kms: LocalKMS, capsys: pytest.CaptureFixture[str]) -> None:
        """The records have users and exact costs, and the summary has the requests that CloudTrail answered."""
        arn = kms.add_key()
        kms.use(arn, invoked_by="s3.amazonaws.com")
        assert audit("--cloudtrail", "--rotations", "--output", "jsonl") == 0
        out, err = capsys.readouterr()
        record = from_line(KeyUsageRecord, out)
        assert record.last_user is not None
        assert (record.last_user.invoked_by, record.cost) == ("s3.amazonaws.com", (1.0, False))
        assert "CloudTrail answered 1 request " in err
        assert "the keys cost 1 USD a month: in use 1 USD\n" in err

    @pytest.mark.parametrize("cloudtrail", [False, True])
    def test_uses_of_long_ago(self, kms: LocalKMS, capsys: pytest.CaptureFixture[str], cloudtrail: bool) -> None:
        """Whoever asks CloudTrail about keys that seem unused is told how to ask about the time before."""
        now = datetime.now(UTC)
        kms.add_key(created=now - timedelta(900), tracking_start=now - timedelta(200))
        assert audit(*["--cloudtrail"] * cloudtrail) == 0
        err = capsys.readouterr().err
        assert ("SELECT eventtime, " in err, "'ReEncrypt'" in err) == (cloudtrail, cloudtrail)

    def test_a_key_in_demand(self, kms: LocalKMS, capsys: pytest.CaptureFixture[str]) -> None:
        """The table says so in the key's notes; the verdict stays."""
        arn = kms.add_key(state="Disabled")
        kms.use(arn, error_code="DisabledException")
        assert audit("--cloudtrail") == 0
        out = capsys.readouterr().out
        assert "  too new  " in out
        assert "  (Disabled, in demand)\n" in out

    def test_cloudtrail_is_refused(self, kms: LocalKMS, capsys: pytest.CaptureFixture[str]) -> None:
        """Every key is reported, and what was asked for and not got is named: 3, before 1."""
        kms.use(kms.add_key())
        kms.deny("LookupEvents")
        assert audit("--cloudtrail", "--fail-on", "in_use") == 3
        out, err = capsys.readouterr()
        assert "in use" in out
        assert "read without LookupEvents: us-east-2 (1)\n  LookupEvents: AccessDeniedException: " in err
        assert "The audit is incomplete: 1 of 1 targets could not be asked for all details. Fix the cause" in err
        assert "coverage 100 %" in err

    def test_rotations_are_refused(self, kms: LocalKMS, capsys: pytest.CaptureFixture[str]) -> None:
        """The cost is a minimum then, and the exit code 3."""
        kms.add_key()
        kms.deny("ListKeyRotations")
        assert audit("--rotations") == 3
        err = capsys.readouterr().err
        assert "read without ListKeyRotations: us-east-2 (1)" in err
        assert "the keys cost at least 1 USD a month" in err

    @pytest.mark.parametrize("option", ["--cloudtrail", "--rotations"])
    def test_a_saved_report_has_nobody_to_ask(self, capsys: pytest.CaptureFixture[str], option: str) -> None:
        """It is judged as it is."""
        with pytest.raises(SystemExit, match="2"):
            audit("--from", "keys.jsonl", option)
        assert f"sends no requests, so it cannot be combined with {option}" in capsys.readouterr().err
