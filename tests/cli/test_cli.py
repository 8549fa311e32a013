"""The command, called as a function and as a process, against the embedded KMS."""

import importlib.metadata
import json
import os
import pty
import re
import shlex
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from queue import Queue
from typing import IO

import pytest
from support.servers import KEY_ID, PATIENCE, USED, ScriptedServer, ServedConnection, answer, replying

from awskms_lite import KMSClient, __version__
from awskms_lite.cli import main
from awskms_lite.local import LocalKMS
from awskms_lite.verdicts import MEANINGS

LAST_USE = datetime(2026, 5, 1, 12, 30, 15, 123000, tzinfo=UTC)
COMMAND = [sys.executable, "-m", "awskms_lite"]
COMMANDS = (
    *("", "usage", "audit", "diff", "retire", "policy audit", "policy retire", "policy guard", "doctor", "local"),
)
_NEEDED = {"usage": [KEY_ID], "diff": ["old", "new"]}
"""The arguments without which a command does not look at unknown ones."""
_NO_COMMAND = "the following arguments are required: COMMAND"


@pytest.fixture
def kms(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalKMS]:
    """Run an embedded KMS, and have the environment lead there."""
    with LocalKMS(region="us-east-2") as server:
        for name, value in server.environ.items():
            monkeypatch.setenv(name, value)
        yield server


@pytest.fixture
def keys(kms: LocalKMS) -> dict[str, str]:
    """Add a key of each verdict; give the ids by verdict."""
    old = LAST_USE - timedelta(days=900)
    arns = {
        "used": kms.add_key(created=old, tracking_start=old, last_usage=LAST_USE),
        "never_used": kms.add_key(created=LAST_USE),
        "no_record": kms.add_key(created=old, tracking_start=LAST_USE),
    }
    return {verdict: arn.rpartition("/")[2] for verdict, arn in arns.items()}


def usage(*arguments: str) -> int:
    return main(["usage", *arguments])


class TestTable:
    """What people read."""

    def test_each_key_has_a_row_and_each_verdict_its_meaning(
        self, keys: dict[str, str], capsys: pytest.CaptureFixture[str]
    ) -> None:
        """The rows stand in the order of the keys, with verdict, time and operation; below is what they mean."""
        assert usage(*keys.values()) == 0
        out, err = capsys.readouterr()
        heading, used, never, no_record, blank, *meanings = out.splitlines()
        assert re.split(r"  +", heading) == [
            "KEY",
            "VERDICT",
            "LAST USED (UTC)",
            "OPERATION",
            "TRACKED SINCE (UTC)",
        ]
        tracked = "2026-05-01 12:30:15"
        old = "2023-11-13 12:30:15"
        assert re.split(r"  +", used) == [keys["used"], "used", tracked, "Decrypt", old]
        assert re.split(r"  +", never) == [keys["never_used"], "never used", "-", "-", tracked]
        assert re.split(r"  +", no_record) == [keys["no_record"], "no record", "-", "-", tracked]
        assert blank == ""
        assert [meaning.partition(":")[0] for meaning in meanings[:3]] == ["used", "never used", "no record"]
        assert "Disable it first" in meanings[3]
        assert err == ""

    def test_only_verdicts_that_occur_are_explained(
        self, keys: dict[str, str], capsys: pytest.CaptureFixture[str]
    ) -> None:
        """A table of unused keys does not speak of used ones."""
        assert usage(keys["never_used"]) == 0
        out = capsys.readouterr().out
        assert "never used: " in out
        assert "look into CloudTrail" not in out

    def test_a_table_without_answers_explains_nothing(
        self, kms: LocalKMS, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Where every key failed there is no verdict to explain."""
        assert usage(KEY_ID) == 1
        _, row = capsys.readouterr().out.splitlines()
        assert re.split(r"  +", row) == [KEY_ID, "error: NotFoundException", "-", "-", "-"]

    def test_an_answer_without_members_still_has_a_row(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """What KMS leaves out is a dash."""
        with ScriptedServer(replying(answer(b'{"KeyLastUsage":{"KmsRequestId":"id"}}'))) as server:
            set_credentials(monkeypatch)
            assert usage("--endpoint-url", server.url, "--region", "us-east-2", KEY_ID) == 0
        assert re.split(r"  +", capsys.readouterr().out.splitlines()[1]) == [KEY_ID, "used", "-", "-", "-"]


class TestJSON:
    """What machines read."""

    def test_answers_stand_under_the_names_of_the_wire(
        self, keys: dict[str, str], capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Each row is the key that was asked for, the verdict and KMS's own members."""
        assert usage("--output", "json", *keys.values()) == 0
        used, never, no_record = json.loads(capsys.readouterr().out)
        assert used["Key"] == used["KeyId"] == keys["used"]
        assert used["Verdict"] == "used"
        assert used["KeyLastUsage"]["Operation"] == "Decrypt"
        assert used["KeyLastUsage"]["Timestamp"] == LAST_USE.timestamp()
        assert {"CloudTrailEventId", "KmsRequestId"} < used["KeyLastUsage"].keys()
        assert (never["Verdict"], no_record["Verdict"]) == ("never_used", "no_record")
        assert "KeyLastUsage" not in never
        assert never["KeyCreationDate"] == never["TrackingStartDate"] == LAST_USE.timestamp()

    def test_failures_stand_among_the_answers(
        self, keys: dict[str, str], capsys: pytest.CaptureFixture[str]
    ) -> None:
        """A key that failed has its row too, with code, text and request id, in its place."""
        assert usage("--output", "json", KEY_ID, keys["used"], "alias/orders") == 1
        out, err = capsys.readouterr()
        missing, used, alias = json.loads(out)
        assert missing["Error"]["Code"] == "NotFoundException"
        assert KEY_ID in missing["Error"]["Message"]
        assert missing["Error"]["RequestId"] in err
        assert used["Verdict"] == "used"
        assert alias["Error"]["Code"] == "ParameterError"
        assert alias["Error"]["RequestId"] is None


def set_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIA111122223333TEST")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret-of-the-tests")


class TestFailures:
    """Exit codes, and what stands on standard error."""

    @pytest.mark.parametrize("output", ["table", "json"])
    def test_each_failed_key_is_named(
        self, keys: dict[str, str], capsys: pytest.CaptureFixture[str], output: str
    ) -> None:
        """One failed key makes the exit code 1; the others are answered, and standard error names the one."""
        assert usage("--output", output, keys["used"], KEY_ID, keys["no_record"]) == 1
        out, err = capsys.readouterr()
        assert keys["used"] in out
        assert keys["no_record"] in out
        (line,) = err.splitlines()
        assert line.startswith(f"awskms-lite: {KEY_ID}: NotFoundException: ")

    def test_a_refused_signature_is_a_failed_key(
        self, kms: LocalKMS, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """A wrong secret fails the key, and is not printed."""
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong-secret-of-the-tests")
        assert usage(kms.add_key()) == 1
        out, err = capsys.readouterr()
        assert "Check the secret access key" in err
        assert "wrong-secret-of-the-tests" not in out + err

    @pytest.mark.parametrize(
        ("unset", "arguments", "telling"),
        [
            (["AWS_REGION", "AWS_DEFAULT_REGION"], [KEY_ID], "No region"),
            (["AWS_SECRET_ACCESS_KEY"], [KEY_ID], "AWS_SECRET_ACCESS_KEY is not: set both"),
            (["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"], [KEY_ID], "No credentials"),
            ([], ["--endpoint-url", "ftp://host", KEY_ID], "is not an endpoint"),
            ([], ["--region", "no region", KEY_ID], "is not a region"),
        ],
    )
    def test_a_wrong_set_up_ends_with_2(
        self,
        kms: LocalKMS,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
        unset: Sequence[str],
        arguments: Sequence[str],
        telling: str,
    ) -> None:
        """What concerns every key ends the command with 2, and standard error says what to mend."""
        monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        for name in unset:
            monkeypatch.delenv(name)
        assert usage(*arguments) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert err.startswith("awskms-lite: ")
        assert telling in err
        assert "Traceback" not in err

    @pytest.mark.parametrize(
        ("arguments", "telling"),
        [
            ([], "COMMAND"),
            (["forget"], "invalid choice: 'forget'"),
            (["usage"], "KEY"),
            (["usage", "--output", "xml", KEY_ID], "invalid choice: 'xml'"),
            (["usage", "--verbose", KEY_ID], "unrecognized arguments"),
            (["local", "--port", "http"], "'http' is not a port"),
            (["local", "--port", "65536"], "pass a number from 0 (any free one) to 65535"),
            (["local", "--port", "-1"], "--port"),
        ],
    )
    def test_wrong_use_ends_with_2(
        self, capsys: pytest.CaptureFixture[str], arguments: list[str], telling: str
    ) -> None:
        """A command line that makes no sense is explained on standard error."""
        with pytest.raises(SystemExit) as caught:
            main(arguments)
        assert caught.value.code == 2
        out, err = capsys.readouterr()
        assert telling in err
        assert out == ""

    @pytest.mark.parametrize("output", ["table", "json"])
    @pytest.mark.parametrize(
        "key", ["\x1b]0;owned\x07", "\x9b31m", "alias/\x1b[2J", "arn:aws:kms:us-east-2:1:key/\r\x08\x7f\u202e"]
    )
    def test_control_characters_never_reach_the_terminal(
        self, kms: LocalKMS, capsys: pytest.CaptureFixture[str], output: str, key: str
    ) -> None:
        """A key that would command the terminal is shown written out, on both streams."""
        assert usage("--output", output, key) == 1
        for text in capsys.readouterr():
            assert text
            assert all(character.isprintable() or character == "\n" for character in text)

    @pytest.mark.parametrize("output", ["table", "json"])
    def test_control_characters_of_a_server_never_reach_the_terminal(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], output: str
    ) -> None:
        """What a server puts into its answers is shown written out too."""
        used = answer(b'{"KeyLastUsage":{"Operation":"\\u001b[31mDecrypt\\u009b\\u007f"}}')
        failed = answer(b'{"__type":"Bad\\u001b[31m","message":"\\u001b]0;owned\\u0007\\u007f"}', 400)
        set_credentials(monkeypatch)
        with ScriptedServer(replying(used, failed)) as server:
            arguments = ["--output", output, "--region", "us-east-2", "--endpoint-url", server.url]
            assert usage(*arguments, KEY_ID, KEY_ID) == 1
        for text in capsys.readouterr():
            assert "31m" in text or "owned" in text
            assert all(character.isprintable() or character == "\n" for character in text)

    def test_a_reader_that_went_away_ends_with_141(
        self, keys: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Where nobody reads any more the exit code is 141, and what is left to print goes nowhere."""
        reader, writer = os.pipe()
        os.close(reader)
        with os.fdopen(writer, "w") as stdout:
            monkeypatch.setattr(sys, "stdout", stdout)
            assert usage(*keys.values()) == 141
            print("more", flush=True)
        assert capsys.readouterr().err == ""

    def test_an_interruption_ends_with_130(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Ctrl-C while an answer is awaited ends the command with 130 and one line."""

        def interrupting(line: ServedConnection) -> None:
            if line.request() is not None:
                signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
                line.wait_for_end()

        set_credentials(monkeypatch)
        with ScriptedServer(interrupting) as server:
            assert usage("--endpoint-url", server.url, "--region", "us-east-2", KEY_ID) == 130
        assert capsys.readouterr().err == "awskms-lite: interrupted\n"


class TestRegions:
    """Where each key is asked about."""

    def test_the_region_comes_from_the_arn(
        self, kms: LocalKMS, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Keys of several regions are asked about in one go, each where its ARN says, with none set at all."""
        monkeypatch.delenv("AWS_REGION")
        monkeypatch.delenv("AWS_DEFAULT_REGION")
        arns = [kms.add_key(region=region) for region in ("eu-west-1", "us-west-2", "eu-west-1")]
        assert usage("--output", "json", *arns) == 0
        assert [row["Key"] for row in json.loads(capsys.readouterr().out)] == arns

    def test_the_arn_goes_before_the_environment(self, kms: LocalKMS) -> None:
        """An ARN of another region than AWS_REGION's is asked about in its own."""
        assert usage(kms.add_key(region="eu-west-1"), kms.add_key().rpartition("/")[2]) == 0

    def test_a_region_that_is_given_goes_before_the_arn(
        self, kms: LocalKMS, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """With --region an ARN of elsewhere is a failed key, and the text says which region it is in."""
        assert usage("--region", "us-west-2", kms.add_key(region="eu-west-1")) == 1
        assert "is in eu-west-1" in capsys.readouterr().err

    def test_a_region_is_asked_over_one_connection(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Keys of one region share a client; another region has its own."""
        arns = [f"arn:aws:kms:{region}:111122223333:key/{KEY_ID}" for region in ("eu-west-1", "us-west-2") * 2]
        set_credentials(monkeypatch)
        with ScriptedServer(replying(answer(USED))) as server:
            assert usage("--endpoint-url", server.url, *arns) == 0
            assert (len(server.requests), server.connections) == (4, 2)

    @pytest.mark.parametrize("key", ["arn:", "arn:aws", "arn:aws:kms", "arn:aws:kms::111122223333:key/x"])
    def test_an_arn_without_a_region_is_a_failed_key(
        self, kms: LocalKMS, capsys: pytest.CaptureFixture[str], key: str
    ) -> None:
        """A piece of an ARN names no region; the client of the environment's refuses it."""
        assert usage(key) == 1
        assert "not of a KMS key" in capsys.readouterr().err


class TestHelp:
    """What the command says of itself."""

    @pytest.mark.parametrize("command", COMMANDS)
    def test_help_fits_a_terminal_of_80_columns(
        self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, command: str
    ) -> None:
        """What argparse does not wrap, examples and lists, too."""
        monkeypatch.setenv("COLUMNS", "80")
        with pytest.raises(SystemExit):
            main([*command.split(), "--help"])
        assert [line for line in capsys.readouterr().out.splitlines() if len(line) > 80] == []

    @pytest.mark.parametrize("command", COMMANDS)
    def test_an_error_has_a_usage_of_one_line(self, capsys: pytest.CaptureFixture[str], command: str) -> None:
        """Of the command that does not know the argument; the whole usage takes up to eleven."""
        with pytest.raises(SystemExit) as caught:
            main([*command.split(), *_NEEDED.get(command, []), "--nothing"])
        assert caught.value.code == 2
        name = " ".join(["awskms-lite", *command.split()])
        assert capsys.readouterr().err.splitlines() == [
            f"usage: {name} [options]; see --help",
            f"{name}: error: {'unrecognized arguments: --nothing' if command else _NO_COMMAND}",
        ]

    def test_a_value_that_begins_with_a_dash_is_shown_with_its_option(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Python takes it for an option, and does not say how it is written."""
        for arguments, hint in (
            (["--sort", "-cost"], "--sort=-cost"),
            (["--sort", "--columns"], None),
            (["--sort"], None),
        ):
            with pytest.raises(SystemExit):
                main(["audit", *arguments])
            err = capsys.readouterr().err
            assert err.endswith(
                "argument --sort: expected one argument"
                + (f" (a value that begins with a dash: {hint})\n" if hint else "\n")
            )

    def test_each_command_says_what_its_region_is_for(self, capsys: pytest.CaptureFixture[str]) -> None:
        """And none of them what another's is for."""
        with pytest.raises(SystemExit):
            main(["retire", "--help"])
        text = " ".join(capsys.readouterr().out.split())
        assert "the region of keys that are named by their ids" in text
        assert "`usage`" not in text

    def test_the_help_of_the_audit_explains_each_verdict(self, capsys: pytest.CaptureFixture[str]) -> None:
        """A line each: they are in the examples and in every report."""
        with pytest.raises(SystemExit):
            main(["audit", "--help"])
        lines = capsys.readouterr().out.split("verdicts:\n")[1].split("\n\n")[0].splitlines()
        assert [line.split()[0] for line in lines] == list(MEANINGS)

    @pytest.mark.parametrize(
        ("arguments", "parts"),
        [
            (["--help"], ["usage", "local", "Exit codes: 0 all answered; 1 some key failed; 2 wrong use"]),
            (["usage", "--help"], ["KEY", "--region", "--endpoint-url", "--output", "aliases are not taken"]),
            (["local", "--help"], ["--port", "--region", "not for production"]),
            (["--version"], [f"awskms-lite {__version__}"]),
        ],
    )
    def test_help_is_printed(
        self, capsys: pytest.CaptureFixture[str], arguments: list[str], parts: list[str]
    ) -> None:
        """Help and version stand on standard output, and the exit code is 0."""
        with pytest.raises(SystemExit) as caught:
            main(arguments)
        assert caught.value.code == 0
        out, err = capsys.readouterr()
        words = " ".join(out.split())
        assert all(part in words for part in parts)
        assert err == ""

    def test_the_installed_command_is_this_one(self) -> None:
        """`awskms-lite` starts the same function."""
        (entry,) = importlib.metadata.entry_points(group="console_scripts", name="awskms-lite")
        assert entry.load() is main


def run(*arguments: str, stdout: int | IO[bytes] = subprocess.PIPE) -> subprocess.CompletedProcess[bytes]:
    """Run the command as a process of its own, in this test's environment."""
    return subprocess.run(
        [*COMMAND, *arguments], stdout=stdout, stderr=subprocess.PIPE, check=False, timeout=6 * PATIENCE
    )


class TestProcess:
    """The command as a process of its own."""

    def test_python_m_is_the_same_command(self, keys: dict[str, str]) -> None:
        """`python -m awskms_lite` answers, and its exit code is the command's."""
        answered = run("usage", "--output", "json", keys["used"], KEY_ID)
        assert answered.returncode == 1
        assert json.loads(answered.stdout)[0]["Verdict"] == "used"
        assert b"NotFoundException" in answered.stderr

    @pytest.mark.parametrize("arguments", [["usage"], ["usage", "--output", "json"]])
    def test_a_reader_that_went_away_ends_it_quietly(self, keys: dict[str, str], arguments: list[str]) -> None:
        """A closed pipe, as `| head` leaves behind, ends the command with 141 and not a word."""
        reader, writer = os.pipe()
        os.close(reader)
        with closing(os.fdopen(writer, "wb")) as pipe:
            ended = run(*arguments, keys["used"], stdout=pipe)
        assert (ended.returncode, ended.stderr) == (141, b"")


@pytest.mark.parametrize("command", [["usage", KEY_ID], ["doctor"], ["audit", "--output", "jsonl"]])
class TestCodeOfAnMFADevice:
    """A profile whose role wants a code: who sits at a terminal is asked for it."""

    SERIAL = "arn:aws:iam::111122223333:mfa/me"

    @pytest.fixture(autouse=True)
    def _profile(self, kms: LocalKMS, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        kms.add_key()
        keys = kms.credentials
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.delenv(name)
        (tmp_path / "config").write_text(
            "[profile inner]\nrole_arn = arn:aws:iam::111122223333:role/Reader\nsource_profile = base\n"
            f"mfa_serial = {self.SERIAL}\n"
            "[profile outer]\nrole_arn = arn:aws:iam::111122223333:role/Auditor\nsource_profile = inner\n"
            f"[profile base]\naws_access_key_id = {keys.access_key_id}\n"
            f"aws_secret_access_key = {keys.secret_access_key}\n"
        )
        monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
        monkeypatch.setenv("AWS_PROFILE", "outer")

    def test_it_is_asked_for_on_a_terminal(self, command: list[str]) -> None:
        """Once, by the device's serial number and without an echo; then all goes on."""
        ours, theirs = pty.openpty()
        with subprocess.Popen(
            [*COMMAND, *command], stdin=theirs, stdout=-1, stderr=-1, start_new_session=True
        ) as process:
            os.close(theirs)
            assert process.stderr is not None
            prompt = process.stderr.read(len(f"Code of the MFA device {self.SERIAL}: "))
            os.write(ours, b"908172\n")
            printed, said = process.communicate(timeout=6 * PATIENCE)
        os.close(ours)
        assert prompt.decode() == f"Code of the MFA device {self.SERIAL}: "
        assert process.returncode == (1 if command[0] == "usage" else 0), said
        assert b"MFA" not in said
        assert b"908172" not in printed + said

    def test_without_a_terminal_a_shell_user_is_told_what_to_do(self, command: list[str]) -> None:
        """The text is about the command and not about an argument of a function."""
        ended = subprocess.run([*COMMAND, *command], stdin=subprocess.DEVNULL, capture_output=True, check=False)
        said = (ended.stdout + ended.stderr).decode()
        assert ended.returncode == 2
        assert "MFA device" in said
        assert "no terminal to ask" in said
        assert "aws configure export-credentials" in said
        assert "mfa=" not in said


class TestStandardError:
    """A standard error that cannot be written to: the exit code is what it would be, and not Python's 120."""

    @pytest.fixture(autouse=True)
    def _buffered(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Let Python keep what it could not write, as it does by default."""
        monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)

    @staticmethod
    def full() -> IO[bytes]:
        return Path("/dev/full").open("wb")

    @staticmethod
    def hung_up() -> IO[bytes]:
        """Return a terminal that is gone, as after SIGHUP."""
        ours, theirs = pty.openpty()
        os.close(ours)
        return os.fdopen(theirs, "wb")

    @staticmethod
    def broken() -> IO[bytes]:
        reader, writer = os.pipe()
        os.close(reader)
        return os.fdopen(writer, "wb")

    @pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has a device that is always full")
    @pytest.mark.parametrize("stderr", ["full", "hung_up", "broken"])
    @pytest.mark.parametrize(
        ("arguments", "code"),
        [
            (["usage", "{used}"], 0),
            (["usage", "{used}", KEY_ID], 1),
            (["usage", "--no-such-option"], 2),
            (["usage", "--profile", "none", KEY_ID], 2),
            (["doctor"], 0),
            (["audit", "--output", "jsonl"], 0),
        ],
    )
    def test_it_changes_no_exit_code(
        self, keys: dict[str, str], stderr: str, arguments: list[str], code: int
    ) -> None:
        """Whatever was to be said there, at the end or before."""
        given = [argument.format_map(keys) for argument in arguments]
        with getattr(self, stderr)() as broken:
            ended = subprocess.run([*COMMAND, *given], stdout=-1, stderr=broken, check=False, timeout=6 * PATIENCE)
        assert ended.returncode == code

    def test_a_closed_one_changes_no_exit_code(self, keys: dict[str, str]) -> None:
        """Nor does one that was never there."""
        command = shlex.join([*COMMAND, "usage", keys["used"], KEY_ID])
        ended = subprocess.run(["/bin/sh", "-c", f"{command} 2>&-"], stdout=-1, check=False, timeout=6 * PATIENCE)
        assert ended.returncode == 1


EXPORT = re.compile(r"export (AWS_[A-Z_]+)=(\S+)\n")


class TestLocal:
    """The embedded KMS in the foreground."""

    @pytest.mark.parametrize("arguments", [[], ["--region", "eu-central-1"]])
    def test_it_says_how_to_be_used_and_serves_until_interrupted(self, arguments: list[str]) -> None:
        """It prints the variables to export, answers whoever uses them, and ends with 130 on Ctrl-C."""
        process = subprocess.Popen(
            [*COMMAND, "local", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        guard = threading.Timer(6 * PATIENCE, process.kill)
        guard.start()
        with process:
            assert process.stdout is not None
            environ: dict[str, str] = {}
            for line in process.stdout:
                if line.startswith("#"):
                    break
                match = EXPORT.fullmatch(line)
                assert match, line
                environ[match[1]] = match[2]
            try:
                assert environ["AWS_ENDPOINT_URL"] in line
                assert environ["AWS_REGION"] == (arguments[-1] if arguments else "us-east-1")
                with KMSClient(environ=environ) as client, pytest.raises(Exception, match="NotFoundException"):
                    client.get_key_last_usage(KEY_ID)
            finally:
                process.send_signal(signal.SIGINT)
                out, err = process.communicate(timeout=PATIENCE)
                guard.cancel()
        assert (process.returncode, out, err) == (130, "", "awskms-lite: interrupted\n")

    def test_it_listens_where_it_is_told_and_leaves_nothing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """It listens on the given port, and once interrupted the port is free and no thread is left."""
        printed: Queue[str] = Queue()

        class Telling(StringIO):
            def write(self, text: str) -> int:
                printed.put(text)
                return len(text)

        found: list[str] = []

        def use_then_interrupt() -> None:
            text = ""
            while "Ctrl-C" not in text:
                text += printed.get(timeout=PATIENCE)
            environ = dict(EXPORT.findall(text))
            try:
                with KMSClient(environ=environ) as client:
                    client.get_key_last_usage(KEY_ID)
            except Exception as error:  # noqa: BLE001 - compared below
                found.append(type(error).__name__)
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

        port = unused_port()
        user = threading.Thread(target=use_then_interrupt)
        monkeypatch.setattr(sys, "stdout", Telling())
        user.start()
        code = main(["local", "--port", str(port)])
        user.join(PATIENCE)
        assert (code, found) == (130, ["NotFoundException"])
        assert not [thread for thread in threading.enumerate() if thread.name.startswith("local-kms")]
        socket.create_server(("127.0.0.1", port)).close()

    def test_a_port_that_is_taken_is_told(self, capsys: pytest.CaptureFixture[str]) -> None:
        """A port in use ends the command with 2 and one line that names the port."""
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = str(taken.getsockname()[1])
            assert main(["local", "--port", port]) == 2
        err = capsys.readouterr().err
        assert err.startswith("awskms-lite: ")
        assert port in err
        assert len(err.splitlines()) == 1


def unused_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


@pytest.mark.parametrize(
    "arguments",
    [
        ["-v", "usage", KEY_ID],
        ["usage", "--debug", KEY_ID],
        ["audit", "-v", "--output", "jsonl"],
        ["--debug", "audit"],
        ["doctor", "-v"],
    ],
)
def test_what_is_sent_is_told_on_request(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    """With -v or --debug, before or behind the command's name, each attempt has a line, and no line a secret."""
    with LocalKMS(region="us-east-2") as kms:
        kms.add_key()
        for name, value in kms.environ.items():
            monkeypatch.setenv(name, value)
        main(arguments)
        main(arguments)
        with_debug = capsys.readouterr().err.splitlines()
        main([word for word in arguments if word not in ("-v", "--debug")])
    lines = [line for line in with_debug if line.startswith("awskms-lite: debug: ")]
    if "doctor" not in arguments:
        assert any(" request id " in line for line in lines)
    assert kms.credentials.secret_access_key not in "".join(with_debug)
    assert "debug:" not in capsys.readouterr().err


def test_every_command_can_tell_what_it_does(capsys: pytest.CaptureFixture[str]) -> None:
    """The local one too."""
    for command in ("usage", "audit", "doctor", "local"):
        with pytest.raises(SystemExit):
            main([command, "--help"])
        assert "-v, --debug" in capsys.readouterr().out
