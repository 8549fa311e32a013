"""`awskms-lite audit --output FORMAT[:FILE]`: several reports from one run, and files that are whole or absent."""

import csv
import json
import os
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.audit_data import days, facts, used
from support.servers import PATIENCE

from awskms_lite.audit import KeyFacts, judge
from awskms_lite.audit.serialize import to_line
from awskms_lite.cli import main
from awskms_lite.cli.audit.outputs import OutputFile
from awskms_lite.local import LocalKMS
from awskms_lite.report.csv import COLUMNS, SHORT_COLUMNS

KEYS = (
    facts(last_usage=used(days(120)), description="Schlüssel 鍵"),
    facts(key_id="2234abcd-12ab-34cd-56ef-1234567890ab"),
)
NO_ROOM = "No space left on device"


@pytest.fixture
def source(tmp_path: Path) -> str:
    """Return the name of a report with two keys."""
    return save(tmp_path / "source.jsonl", *KEYS)


def save(file: Path, *keys: KeyFacts) -> str:
    file.write_text("".join(f"{to_line(judge(key, 90))}\n" for key in keys), encoding="utf-8")
    return str(file)


def judge_again(source: str, *outputs: str) -> int:
    return main(["audit", "--from", source, *(word for each in outputs for word in ("--output", each))])


def left(folder: Path) -> list[str]:
    """Return what is in a folder, hidden files included, beside the source."""
    return sorted(path.name for path in folder.iterdir() if path.name != "source.jsonl")


class TestSeveral:
    """One run, several reports."""

    def test_each_has_every_key(self, source: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """Standard output has the one without a file, and nothing else is left in the folder."""
        files = [f"{name}:{tmp_path / name}" for name in ("jsonl", "json", "csv")]
        assert judge_again(source, "table", *files) == 0
        out, _ = capsys.readouterr()
        assert out.count("-12ab-34cd-56ef-1234567890ab") == 2
        lines = [json.loads(line) for line in (tmp_path / "jsonl").read_text(encoding="utf-8").splitlines()]
        assert lines == json.loads((tmp_path / "json").read_text(encoding="utf-8"))
        with (tmp_path / "csv").open(encoding="utf-8-sig", newline="") as file:
            assert [row["key_id"] for row in csv.DictReader(file)] == [line["key_id"] for line in lines]
        assert left(tmp_path) == ["csv", "json", "jsonl"]

    def test_files_alone_leave_standard_output_empty(
        self, source: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """The table is the default only if no output is named."""
        assert judge_again(source, f"jsonl:{tmp_path / 'a'}") == 0
        assert capsys.readouterr().out == ""

    def test_a_dash_is_standard_output(self, source: str, capsys: pytest.CaptureFixture[str]) -> None:
        """As it is elsewhere."""
        assert judge_again(source, "jsonl:-") == 0
        assert len(capsys.readouterr().out.splitlines()) == 2

    def test_one_without_room_does_not_stop_the_others(
        self, source: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """It is named with the reason, and the run counts as incomplete."""
        if not Path("/dev/full").exists():
            pytest.skip("Linux has a device that is always full")
        assert judge_again(source, "jsonl:/dev/full", f"csv:{tmp_path / 'keys.csv'}") == 3
        assert f"the report /dev/full cannot be written: {NO_ROOM}" in capsys.readouterr().err
        assert left(tmp_path) == ["keys.csv"]

    def test_files_are_whole_if_nobody_reads_standard_output(self, source: str, tmp_path: Path) -> None:
        """`| head` ends the command with 141, after the other reports are in their places."""
        reader, writer = os.pipe()
        os.close(reader)
        file = tmp_path / "keys.jsonl"
        command = [sys.executable, "-m", "awskms_lite", "audit", "--from", source]
        ended = subprocess.run(
            [*command, "--output", "csv", "--output", f"jsonl:{file}"],
            stdout=writer, stderr=subprocess.PIPE, check=False, timeout=6 * PATIENCE,
        )  # fmt: skip
        os.close(writer)
        assert (ended.returncode, ended.stderr) == (141, b"")
        assert len(file.read_text(encoding="utf-8").splitlines()) == 2


class TestFiles:
    """In full or not at all."""

    def test_a_run_that_could_not_begin_leaves_the_old_file(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """What was there stays as it was, and nothing lies beside it."""
        (tmp_path / "source.jsonl").write_text("{\n")
        (tmp_path / "keys.csv").write_text("of yesterday")
        assert judge_again(str(tmp_path / "source.jsonl"), f"csv:{tmp_path / 'keys.csv'}") == 2
        assert (tmp_path / "keys.csv").read_text() == "of yesterday"
        assert left(tmp_path) == ["keys.csv"]

    def test_a_live_audit_that_could_not_begin_leaves_nothing(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Without a region, for example."""
        monkeypatch.chdir(tmp_path)
        assert main(["audit", "--output", "csv:keys.csv", "--output", "jsonl:keys.jsonl"]) == 2
        assert left(tmp_path) == []

    def test_a_file_gets_the_permissions_of_the_umask(self, source: str, tmp_path: Path) -> None:
        """As a shell's `>` would make it."""
        before = os.umask(0o027)
        try:
            assert judge_again(source, f"csv:{tmp_path / 'keys.csv'}") == 0
        finally:
            os.umask(before)
        assert stat.S_IMODE((tmp_path / "keys.csv").stat().st_mode) == 0o640

    def test_a_link_stays_one(self, source: str, tmp_path: Path) -> None:
        """The file that it leads to is replaced."""
        (tmp_path / "latest.csv").symlink_to("week.csv")
        assert judge_again(source, f"csv:{tmp_path / 'latest.csv'}") == 0
        assert (tmp_path / "latest.csv").is_symlink()
        assert (tmp_path / "week.csv").read_text(encoding="utf-8").count("\n") == 3

    def test_a_device_stays_one(self, source: str, tmp_path: Path) -> None:
        """It is written to and not replaced, and two formats may go there; so may they to a pipe."""
        assert judge_again(source, "csv:/dev/null", "jsonl:/dev/null") == 0
        assert not Path("/dev/null").is_file()
        pipe, read = tmp_path / "pipe", list[str]()
        os.mkfifo(pipe)
        thread = threading.Thread(target=lambda: read.append(pipe.read_text(encoding="utf-8")))
        thread.start()
        assert judge_again(source, f"jsonl:{pipe}") == 0
        thread.join(PATIENCE)
        assert len(read[0].splitlines()) == 2

    def test_a_report_may_replace_the_one_that_it_comes_from(self, source: str) -> None:
        """It is read to its end before."""
        before = Path(source).read_text(encoding="utf-8")
        assert judge_again(source, f"jsonl:{source}") == 0
        assert Path(source).read_text(encoding="utf-8") == before

    def test_what_was_not_published_is_removed(self, tmp_path: Path) -> None:
        """A second Ctrl-C leaves no half file behind."""
        file = OutputFile(str(tmp_path / "keys.csv"))
        file.stream.write("half")
        file.discard()
        assert left(tmp_path) == []

    @pytest.mark.parametrize(
        ("file", "telling"),
        [
            ("", "Is a directory"),
            ("missing/keys.csv", "No such file or directory"),
            ("source.jsonl/keys.csv", "Not a directory"),
        ],
    )
    def test_a_file_that_cannot_be_made_is_named(
        self, source: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], file: str, telling: str
    ) -> None:
        """Before anything is read, and no other file is left."""
        other = tmp_path / "other.jsonl"
        assert judge_again(source, f"jsonl:{other}", f"csv:{tmp_path / file}") == 2
        err = capsys.readouterr().err
        assert "cannot be written: " in err
        assert telling in err
        assert left(tmp_path) == []


class TestWrongUse:
    """What cannot be meant."""

    def test_two_on_standard_output(self, source: str, capsys: pytest.CaptureFixture[str]) -> None:
        """They would run into each other."""
        assert judge_again(source, "csv", "jsonl:-") == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert "--output csv and --output jsonl would both go to standard output" in err

    def test_two_in_one_file(self, source: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """However it is spelt, and through links."""
        (tmp_path / "here").symlink_to(tmp_path)
        for other in ("keys", "./keys", "here/keys", "here/here/keys"):
            assert judge_again(source, f"csv:{tmp_path / 'keys'}", f"jsonl:{tmp_path}/{other}") == 2
            assert "--output csv and --output jsonl name one file" in capsys.readouterr().err
        assert left(tmp_path) == ["here"]

    def test_the_checkpoint_is_no_report(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """It would be replaced, and hours of answers lost."""
        kept = str(tmp_path / "kept")
        assert main(["audit", "--region", "us-east-2", "--checkpoint", kept, "--output", f"csv:{kept}"]) == 2
        assert "--checkpoint and --output csv name one file" in capsys.readouterr().err
        assert left(tmp_path) == []

    @pytest.mark.parametrize("output", ["csv:", "xml", "xml:file", "", ":file"])
    def test_what_is_no_output(self, source: str, capsys: pytest.CaptureFixture[str], output: str) -> None:
        """It says which there are, or that a file's name is missing."""
        with pytest.raises(SystemExit) as caught:
            judge_again(source, output)
        assert caught.value.code == 2
        assert "argument --output: " in capsys.readouterr().err


class TestColumns:
    """The columns of CSV."""

    @pytest.mark.parametrize(
        ("words", "columns"),
        [
            ("short", SHORT_COLUMNS),
            ("all", COLUMNS),
            ("arn, Verdict,last_usage_timestamp", ("arn", "verdict", "last_usage_timestamp")),
        ],
    )
    def test_they_can_be_chosen(
        self, source: str, capsys: pytest.CaptureFixture[str], words: str, columns: tuple[str, ...]
    ) -> None:
        """By name, in that order, or as one of two sets."""
        assert main(["audit", "--from", source, "--output", "csv", "--columns", words]) == 0
        assert tuple(capsys.readouterr().out.splitlines()[0].split(",")) == columns

    def test_a_file_is_for_people_and_standard_output_for_programs(
        self, source: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """The file has the short set and a byte order mark; standard output has neither."""
        assert judge_again(source, "csv", f"jsonl:{tmp_path / 'a'}") == 0
        assert capsys.readouterr().out.startswith(f"{','.join(COLUMNS)}\n")
        assert judge_again(source, f"csv:{tmp_path / 'keys.csv'}") == 0
        text = (tmp_path / "keys.csv").read_text(encoding="utf-8")
        assert text.startswith(f"\ufeff{','.join(SHORT_COLUMNS)}\n")

    @pytest.mark.parametrize("words", ["", "nothing", "arn,,verdict", "arn,nothing", "all,arn"])
    def test_a_column_that_is_none_is_named(
        self, source: str, capsys: pytest.CaptureFixture[str], words: str
    ) -> None:
        """With those that may be meant, and where all of them are; 58 names would hide it."""
        with pytest.raises(SystemExit) as caught:
            main(["audit", "--from", source, "--output", "csv", "--columns", words])
        assert caught.value.code == 2
        err = capsys.readouterr().err
        assert "is no column" in err
        assert f"docs/audit.md lists all {len(COLUMNS)}" in err
        assert "account_name" not in err

    @pytest.mark.parametrize(
        ("word", "meant"), [("arm", "arn"), ("cost", "monthly_cost, monthly_cost_is_minimum"), ("Stat", "state")]
    )
    def test_a_column_that_may_be_meant_is_named(
        self, source: str, capsys: pytest.CaptureFixture[str], word: str, meant: str
    ) -> None:
        """One with another letter, and those that have the word in them."""
        with pytest.raises(SystemExit):
            main(["audit", "--from", source, "--output", "csv", "--columns", word])
        assert f"'{word}' is no column: perhaps {meant}" in capsys.readouterr().err


class TestNothingToReport:
    """A file of an earlier audit is not replaced by an empty one, unless it is certain that there is no key."""

    FORMATS = ("json", "jsonl", "csv", "table", "md", "html", "ocsf", "asff", "prom")

    @pytest.fixture
    def kms(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalKMS]:
        with LocalKMS() as server:
            for name, value in server.environ.items():
                monkeypatch.setenv(name, value)
            yield server

    def audit(self, folder: Path, *arguments: str) -> tuple[int, set[str]]:
        """Run the command with a file for each format; return its exit code, and the formats that it wrote."""
        files = {name: folder / f"keys.{name}" for name in self.FORMATS}
        for file in files.values():
            file.write_text("of yesterday")
        outputs = [word for name, file in files.items() for word in ("--output", f"{name}:{file}")]
        code = main(["audit", *arguments, *outputs])
        assert left(folder) == sorted(file.name for file in files.values())
        return code, {name for name, file in files.items() if file.read_text(encoding="utf-8") != "of yesterday"}

    @pytest.mark.parametrize(
        ("denied", "arguments", "expected"),
        [
            ("ListKeys", (), 3),
            ("AssumeRole", ("--role-arn", "arn:aws:iam::444455556666:role/Audit"), 3),
            (None, ("--alias", "nobody*"), 2),
        ],
    )
    def test_what_could_not_be_read_or_matched_leaves_the_files(
        self,
        kms: LocalKMS,
        tmp_path: Path,
        capsys: pytest.CaptureFixture[str],
        denied: str | None,
        arguments: tuple[str, ...],
        expected: int,
    ) -> None:
        """And standard error names them."""
        kms.add_key()
        if denied is not None:
            kms.deny(denied)
        assert self.audit(tmp_path, *arguments) == (expected, set())
        err = capsys.readouterr().err
        assert "There is no key to report, so nothing was written to" in err
        assert str(tmp_path / "keys.prom") in err

    def test_a_new_file_is_written(
        self, kms: LocalKMS, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """It takes nothing's place; so does standard output."""
        kms.deny("ListKeys")
        outputs = ("--output", f"jsonl:{tmp_path / 'new'}", "--output", "json")
        assert main(["audit", *outputs]) == 3
        out, err = capsys.readouterr()
        assert json.loads(out) == []
        assert left(tmp_path) == ["new"]
        assert "nothing was written" not in err

    def test_an_account_without_keys_is_reported(
        self, kms: LocalKMS, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """It was listed to its end."""
        assert self.audit(tmp_path) == (0, set(self.FORMATS))
        assert "nothing was written" not in capsys.readouterr().err

    def test_filters_that_may_match_nothing_are_reported(self, kms: LocalKMS, tmp_path: Path) -> None:
        """With --allow-empty that is what was expected."""
        kms.add_key()
        assert self.audit(tmp_path, "--alias", "nobody*", "--allow-empty") == (0, set(self.FORMATS))

    def test_keys_that_could_not_be_read_are_reported(self, kms: LocalKMS, tmp_path: Path) -> None:
        """Each with its error."""
        kms.add_key()
        kms.deny("DescribeKey")
        assert self.audit(tmp_path) == (3, set(self.FORMATS))

    def test_a_saved_report_that_nothing_matches_leaves_the_files(self, source: str, tmp_path: Path) -> None:
        """So too without any request."""
        assert self.audit(tmp_path, "--from", source, "--account", "999999999999") == (2, set())
        arguments = ("--from", source, "--account", "999999999999", "--allow-empty")
        assert self.audit(tmp_path, *arguments) == (0, set(self.FORMATS))
