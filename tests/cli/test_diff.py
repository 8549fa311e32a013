"""`awskms-lite diff OLD NEW`: its files, its outputs and its exit codes."""

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from support.audit_data import days, facts, used

from awskms_lite.audit import KeyUsageRecord, judge
from awskms_lite.audit.serialize import to_line, to_members
from awskms_lite.cli import main
from awskms_lite.report.comparison import CHANGES

USED, IDLE = judge(facts(last_usage=used(days(3))), 90), judge(facts(last_usage=used(days(120))), 90)
SINCE = (
    "monthly_cost",
    "monthly_cost_is_minimum",
    "rotations",
    "last_user",
    "recent_uses",
    "failed_uses",
    "owner",
)
"""Members that reports of the first version do not have."""

Saving = Callable[..., str]


@pytest.fixture
def save(tmp_path: Path) -> Saving:
    """Return what saves records under a name, and returns the file's."""

    def save(name: str, *records: KeyUsageRecord) -> str:
        file = tmp_path / name
        file.write_text("".join(f"{to_line(record)}\n" for record in records), encoding="utf-8")
        return str(file)

    return save


def diff(*arguments: str) -> int:
    return main(["diff", *arguments])


def test_json_names_the_keys_that_changed(save: Saving, capsys: pytest.CaptureFixture[str]) -> None:
    """By their ARNs, under every kind there is."""
    assert diff(save("old", USED), save("new", IDLE), "--output", "json") == 0
    changes = json.loads(capsys.readouterr().out)["changes"]
    assert changes == {**{kind: [] for kind in CHANGES}, "newly_idle": [USED.arn]}


@pytest.mark.parametrize(("output", "start"), [("table", "newly idle: 1 key."), ("md", "# Changes in the use")])
def test_people_get_text(save: Saving, capsys: pytest.CaptureFixture[str], output: str, start: str) -> None:
    """A table, or Markdown for a CI job's step summary."""
    assert diff(save("old", USED), save("new", IDLE), "--output", output) == 0
    out, err = capsys.readouterr()
    assert out.startswith(start)
    assert err == ""


@pytest.mark.parametrize(
    ("kinds", "code"), [("newly_idle", 1), ("gone,newly-idle", 1), ("gone", 0), ("gone,new", 0)]
)
def test_a_change_may_fail(save: Saving, capsys: pytest.CaptureFixture[str], kinds: str, code: int) -> None:
    """The kinds that may not happen are named, with how many keys there are."""
    assert diff(save("old", USED), save("new", IDLE), "--fail-on", kinds) == code
    assert capsys.readouterr().err == ("awskms-lite: --fail-on: 1 newly_idle\n" if code else "")


def test_a_report_of_the_first_version_is_read(
    save: Saving, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """New members may be missing; what a key costs is known all the same."""
    members = {name: value for name, value in to_members(USED).items() if name not in SINCE}
    (tmp_path / "old").write_text(json.dumps(members) + "\n")
    assert diff(str(tmp_path / "old"), save("new", USED)) == 0
    out = capsys.readouterr().out
    assert out.startswith("No key has changed.\n")
    assert "as much as before" in out


def test_an_array_and_standard_input_are_read(
    save: Saving, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What --output json wrote, and a pipe."""
    (tmp_path / "new").write_text(f"[\n{to_line(IDLE)}\n]\n")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(to_line(USED).encode())))
    assert diff("-", str(tmp_path / "new"), "--output", "json") == 0
    assert json.loads(capsys.readouterr().out)["changes"]["newly_idle"] == [USED.arn]


@pytest.mark.parametrize("damaged", ["old", "new"])
def test_a_damaged_line_is_named(
    save: Saving, tmp_path: Path, capsys: pytest.CaptureFixture[str], damaged: str
) -> None:
    """File and number, whichever of the two it is in; nothing is compared."""
    files = [save("old", USED), save("new", USED)]
    with (tmp_path / damaged).open("a") as file:
        file.write('{"key_id": "x"}\n')
    assert diff(*files) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"awskms-lite: {tmp_path / damaged}, line 2: That is no record of an audit: ")


def test_a_verdict_that_is_none_is_damage(
    tmp_path: Path, save: Saving, capsys: pytest.CaptureFixture[str]
) -> None:
    """Rather than to be passed over."""
    (tmp_path / "old").write_text(to_line(USED).replace('"in_use"', '"fine"') + "\n")
    assert diff(str(tmp_path / "old"), save("new", USED)) == 2
    assert "line 1: That is no record of an audit: 'fine' is not a valid AuditVerdict" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "telling"),
    [
        (["-", "-"], "OLD and NEW are both standard input"),
        (["/nonexistent", "-"], "/nonexistent cannot be read"),
    ],
)
def test_files_that_cannot_be_meant(
    arguments: list[str], telling: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is said which."""
    assert diff(*arguments) == 2
    assert telling in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["a"], ["a", "b", "--fail-on", "idle"], ["a", "b", "--output", "csv"]])
def test_wrong_use_ends_with_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """As with every command."""
    with pytest.raises(SystemExit) as caught:
        diff(*arguments)
    assert caught.value.code == 2


def test_an_account_without_keys_is_compared(save: Saving, capsys: pytest.CaptureFixture[str]) -> None:
    """Its report has no line. Keys that it does not have may still exist: they are not told to be gone."""
    assert diff(save("old", USED), save("new"), "--output", "json", "--fail-on", "gone") == 0
    report = json.loads(capsys.readouterr().out)
    assert report["keys"] == {"old": 1, "new": 0}
    assert report["changes"]["only_old_audited"] == [USED.arn]
    assert diff(save("old"), save("new")) == 0
    assert capsys.readouterr().out.startswith("No key has changed.\nBefore: 0 keys, 0 USD a month.")
