"""`awskms-lite policy`: JSON on standard output and nothing else, and everything about it on standard error."""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from support.audit_data import facts

from awskms_lite.audit import KeyFacts, judge
from awskms_lite.audit.serialize import to_line
from awskms_lite.cli import main
from awskms_lite.models.usage import KeyLastUsageData

ADMIN = "arn:aws:iam::*:role/KeyAdmin"


def policy(*arguments: str) -> int:
    return main(["policy", *arguments])


def printed(out: str) -> dict[str, dict[str, Any]]:
    """Return the statements of the policy that is all of standard output, by their Sid."""
    document = json.loads(out)
    assert list(document) == ["Version", "Statement"]
    return {statement["Sid"]: statement for statement in document["Statement"]}


@pytest.mark.parametrize(
    "arguments",
    [
        ["audit"],
        ["audit", "--cloudtrail", "--rotations", "--tags", "--organization", "--role-name", "Audit"],
        ["retire"],
        ["retire", "--role-name", "Retire"],
        ["guard"],
        ["guard", "--days", "90", "--scp"],
        ["guard", "--key-policy", "--admin", ADMIN],
    ],
)
def test_each_statement_is_explained(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    """On standard error, a line for each and what is to be known of all."""
    assert policy(*arguments) == 0
    out, err = capsys.readouterr()
    sids = list(printed(out))
    lines = err.splitlines()
    assert [line.partition(":")[0] for line in lines[: len(sids)]] == sids
    assert len(lines) > len(sids)
    assert all(line.endswith(".") for line in lines)


def test_any_role_is_more_than_the_least(capsys: pytest.CaptureFixture[str]) -> None:
    """So it says what narrows the policy of an organization's audit."""
    for arguments, is_wide in (
        (["--organization"], True),
        (["--organization", "--role-name", "Audit"], False),
        ([], False),
    ):
        assert policy("audit", *arguments) == 0
        out, err = capsys.readouterr()
        statement = printed(out).get("AssumeRoles", {"Resource": ""})
        assert statement["Resource"].endswith("role/*") is is_wide
        assert ("with --role-name NAME" in " ".join(err.split())) is is_wide


def test_options_of_the_audit(capsys: pytest.CaptureFixture[str]) -> None:
    """Each adds what it needs."""
    policy("audit")
    least = printed(capsys.readouterr().out)
    policy("audit", "--rotations", "--tags", "--cloudtrail", "--role-name", "Audit")
    more = printed(capsys.readouterr().out)
    assert least["ReadKeys"]["Action"] == ["kms:DescribeKey", "kms:GetKeyLastUsage"]
    assert set(more["ReadKeys"]["Action"]) - set(least["ReadKeys"]["Action"]) == {
        "kms:ListKeyRotations", "kms:ListResourceTags",
    }  # fmt: skip
    assert set(more) - set(least) == {"ReadEvents", "AssumeRoles"}
    assert more["AssumeRoles"]["Resource"] == "arn:aws:iam::*:role/Audit"


@pytest.mark.parametrize(
    "option", ["--tag", "--tag=team=shop", "--tags", "--with-tags", "--owner-tag=team", "--owner-tag"]
)
def test_the_options_about_tags_have_the_names_of_the_audit(
    capsys: pytest.CaptureFixture[str], option: str
) -> None:
    """Whatever reads tags there can be repeated here, with its value or without."""
    assert policy("audit", option) == 0
    assert "kms:ListResourceTags" in printed(capsys.readouterr().out)["ReadKeys"]["Action"]


@pytest.mark.parametrize(
    ("environ", "arguments", "partition"),
    [
        ({}, [], "aws"),
        ({"AWS_REGION": "us-gov-west-1"}, [], "aws-us-gov"),
        ({"AWS_DEFAULT_REGION": "cn-north-1"}, [], "aws-cn"),
        ({"AWS_REGION": "us-gov-west-1"}, ["--region", "eusc-de-east-1"], "aws-eusc"),
    ],
)
def test_the_partition_is_that_of_the_region(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    environ: dict[str, str],
    arguments: list[str],
    partition: str,
) -> None:
    """ARNs begin with it; without a region it is the commercial one."""
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    assert policy("audit", *arguments) == 0
    assert printed(capsys.readouterr().out)["ReadKeys"]["Resource"].startswith(f"arn:{partition}:kms:")


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ([], "required: POLICY"),
        (["guard", "--days", "0"], "'0' is no number of days: pass a whole one from 1 to 36500"),
        (["guard", "--days", "-5"], "no number of days"),
        (["guard", "--days", "nan"], "no number of days"),
        (["guard", "--days", "9" * 5000], "no number of days"),
        (["guard", "--scp", "--key-policy"], "not allowed with argument --scp"),
        (["guard", "--admin", "*"], "'*' is no principal"),
        (["audit", "--role-name", "arn:aws:iam::1:role/A"], "is not the name of a role"),
    ],
)
def test_wrong_use(capsys: pytest.CaptureFixture[str], arguments: list[str], text: str) -> None:
    """It is 2, and nothing is printed that could be taken for a policy."""
    with pytest.raises(SystemExit, match="2"):
        policy(*arguments)
    out, err = capsys.readouterr()
    assert (out, text in err) == ("", True)


def test_too_many_principals(capsys: pytest.CaptureFixture[str]) -> None:
    """A policy that AWS would refuse is not printed."""
    admins = [f"--admin=arn:aws:iam::111122223333:role/{number:064}" for number in range(60)]
    assert policy("guard", *admins) == 2
    out, err = capsys.readouterr()
    assert (out, "a service control policy takes 5,120" in err) == ("", True)


def test_no_output(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A policy that nobody gets is no success."""
    monkeypatch.setattr("sys.stdout", None)
    assert policy("retire") == 2
    assert "Standard output is closed" in capsys.readouterr().err


def test_a_wrong_region(capsys: pytest.CaptureFixture[str]) -> None:
    """It is a mistake, and no commercial one."""
    assert policy("audit", "--region", "us east") == 2
    out, err = capsys.readouterr()
    assert (out, "is not a region" in err) == ("", True)


class TestPreview:
    """Which keys of a report a guard protects."""

    def saved(self, path: Path, *keys: KeyFacts) -> str:
        path.write_text("".join(f"{to_line(judge(key, 90))}\n" for key in keys), encoding="utf-8")
        return str(path)

    def used(self, ago: float, key_id: str) -> KeyFacts:
        usage = KeyLastUsageData("Decrypt", datetime.now(UTC) - timedelta(days=ago, hours=1))
        return facts(key_id=key_id, last_usage=usage)

    def test_today(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """Each key has a line: whether, until when and why; those that are not protected come first."""
        name = self.saved(
            tmp_path / "keys.jsonl",
            self.used(3, "1" * 8),
            self.used(120, "2" * 8),
            facts(key_id="3" * 8, manager="AWS"),
            facts(key_id="4" * 8, tracking_start=None),
        )
        assert policy("guard", "--days", "100", "--from", name) == 0
        out, err = capsys.readouterr()
        assert "KeepKeysInUse" in printed(out)
        assert re.search(
            r"^guard of 100 days, keys of .*: 1 unprotected, 1 unknown, 1 protected, 1 not", err, re.MULTILINE
        )
        rows = err[err.index("\nKEY ") :].split("\n")[2:]
        told = [" ".join(row.split()) for row in rows if row]
        today = datetime.now(UTC)
        until = f"{today - timedelta(days=3, hours=1) + timedelta(days=101):%Y-%m-%d}"
        ended = f"{today - timedelta(days=120, hours=1) + timedelta(days=101):%Y-%m-%d}"
        assert told[0].startswith(f"22222222 us-east-2 111122223333 unprotected ended {ended} last used on ")
        assert told[1].startswith("44444444 us-east-2 111122223333 unknown - ")
        assert told[2].startswith(f"11111111 us-east-2 111122223333 protected {until} (97 days) last used on ")
        assert told[3].startswith("33333333 us-east-2 111122223333 not concerned - AWS manages it")

    def test_no_key(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """An empty report is one."""
        name = tmp_path / "keys.json"
        name.write_text("[]\n")
        assert policy("guard", "--from", str(name)) == 0
        assert "there are none" in capsys.readouterr().err

    @pytest.mark.parametrize("text", ["", "no record\n", "[\n{}"])
    def test_no_report(self, tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str) -> None:
        """What is no report is refused with its name, and no policy is printed; neither is one for no file."""
        name = tmp_path / "keys.jsonl"
        for content in (text, None):
            name.unlink(missing_ok=True)
            if content is not None:
                name.write_text(content)
            assert policy("guard", "--from", str(name)) == 2
            out, err = capsys.readouterr()
            assert (out, str(name) in err) == ("", True)

    def test_nothing_of_a_report_commands_the_terminal(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """What a file names is shown written out."""
        name = self.saved(tmp_path / "keys.jsonl", facts(key_id="\x1b[31m", account_id="a\nb"))
        assert policy("guard", "--from", name) == 0
        assert "\x1b" not in capsys.readouterr().err
