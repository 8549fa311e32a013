"""`awskms-lite audit` as a process: terminals, progress, signals, closed pipes and full disks."""

import errno
import fcntl
import json
import os
import pty
import re
import resource
import select
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from support.audit_data import facts, used
from support.servers import PATIENCE

from awskms_lite.audit import KeyUsageRecord, Progress, judge
from awskms_lite.audit.serialize import from_line, to_line
from awskms_lite.cli.audit.outputs import FORMATS
from awskms_lite.cli.audit.progress import duration, progress_text, repeated, shown_progress
from awskms_lite.cli.interruption import Interruption
from awskms_lite.local import LocalKMS

COMMAND = [sys.executable, "-m", "awskms_lite", "audit"]
LEAVING, ASKED = 3, 40
PIPE = 65536  # bytes that one holds at the most


@pytest.fixture
def kms(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalKMS]:
    """Run an embedded KMS with keys enough for seconds, and have the environment lead there."""
    with LocalKMS(region="us-east-2") as server:
        for name, value in server.environ.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("TERM", "xterm")
        yield server


def add_many(kms: LocalKMS) -> None:
    """Add keys that take 8 seconds to ask about, and some that need no asking."""
    for _ in range(ASKED):
        kms.add_key(created=datetime.now(UTC) - timedelta(days=300))
    for _ in range(LEAVING):
        kms.add_key(state="PendingDeletion")


@contextmanager
def started(*arguments: str, **options: Any) -> Iterator[subprocess.Popen[bytes]]:
    """Start the command, and end it by force if it outlives the test's patience."""
    # A copy, since readline may have put the COLUMNS of another terminal into what a child else inherits.
    environ = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
    with subprocess.Popen([*COMMAND, *arguments], env=environ, **options) as process:
        guard = threading.Timer(6 * PATIENCE, process.kill)
        guard.start()
        try:
            yield process
        finally:
            guard.cancel()
            process.kill()


def wait_until(condition: Callable[[], object]) -> None:
    """Look until it is so."""
    end = time.monotonic() + PATIENCE
    pause = threading.Event()
    while not condition():
        assert time.monotonic() < end, "it does not come"
        pause.wait(0.01)


class TestInterruption:
    """Ctrl-C while KMS is asked."""

    def interrupted(self, kms: LocalKMS, *arguments: str, number: int = signal.SIGINT) -> tuple[int, bytes, str]:
        """Run the command until some keys were answered, send it a signal, and give what it makes of that."""
        before = kms.stats.answered["GetKeyLastUsage"]
        with started(*arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            wait_until(lambda: kms.stats.answered["DescribeKey"] >= LEAVING + ASKED)
            wait_until(lambda: kms.stats.answered["GetKeyLastUsage"] >= before + 5)  # it may lag behind by some
            process.send_signal(number)
            out, err = process.communicate(timeout=PATIENCE)
        return process.returncode, out, err.decode()

    @pytest.mark.parametrize("output", ["table", "json", "jsonl", "csv"])
    def test_what_was_read_is_reported(self, kms: LocalKMS, output: str) -> None:
        """The first Ctrl-C ends it with 130, a whole report of what was read, and how to go on."""
        add_many(kms)
        code, out, err = self.interrupted(kms, "--output", output)
        assert code == 130
        match = re.search(
            r"was interrupted: (\d+) of the 43 keys listed so far were read\. .*; with --checkpoint FILE",
            err,
        )
        assert match, err
        reported = int(match[1])
        assert LEAVING + 2 <= reported < LEAVING + ASKED
        assert f"43 keys listed = {reported} reported + {43 - reported} not read\n" in err
        rows = len(json.loads(out)) if output == "json" else len(out.partition(b"\n\n")[0].splitlines())
        assert rows == reported + (output in ("table", "csv"))
        assert "Traceback" not in err

    def test_a_checkpoint_goes_on(self, kms: LocalKMS, tmp_path: Path) -> None:
        """With --checkpoint it says what the file holds, and the same command again asks for none of that."""
        add_many(kms)
        kept = str(tmp_path / "kept")
        code, out, err = self.interrupted(kms, "--output", "jsonl", "--checkpoint", kept)
        held = len(out.splitlines())
        assert code == 130
        assert f"Run the same command again; the checkpoint {kept} keeps the {held} answers." in err
        code, out, err = self.interrupted(kms, "--output", "jsonl", "--checkpoint", kept)
        assert f"\n{held} taken from the checkpoint, read from " in err
        assert len(out.splitlines()) > held

    def test_sigterm_is_like_it(self, kms: LocalKMS) -> None:
        """Whoever ends the container gets the report too, and 143."""
        add_many(kms)
        code, out, _ = self.interrupted(kms, "--output", "jsonl", number=signal.SIGTERM)
        assert code == 143
        assert len(out.splitlines()) >= LEAVING + 2

    def test_sighup_is_like_it(self, kms: LocalKMS) -> None:
        """Whoever closes the terminal finds the table in the file all the same, and 129."""
        add_many(kms)
        code, out, err = self.interrupted(kms, number=signal.SIGHUP)
        assert code == 129
        assert len(out.partition(b"\n\n")[0].splitlines()) >= 2  # the headings, and what was read
        assert "was interrupted" in err

    @pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="a process of Linux tells what it catches")
    def test_the_second_ends_it_at_once(self, kms: LocalKMS) -> None:
        """Where the report has no reader to take it, a second Ctrl-C ends the process all the same."""
        for _ in range(15):
            kms.add_key(state="PendingDeletion", description="x" * 8192)
        reader, writer = os.pipe()
        with os.fdopen(reader, "rb"), started(stdout=writer, stderr=subprocess.PIPE) as process:
            os.close(writer)
            wait_until(lambda: waiting(reader) > PIPE // 2)
            process.send_signal(signal.SIGINT)
            wait_until(lambda: not catches(process.pid, signal.SIGTERM))
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=PATIENCE)
        assert (process.returncode, err) == (130, b"awskms-lite: interrupted\n")

    def test_a_signal_that_is_to_be_ignored_stays_ignored(self) -> None:
        """Whoever starts it with nohup, or behind another, means that."""
        stopped: list[None] = []
        before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
        try:
            with Interruption(lambda: stopped.append(None)) as interruption:
                signal.raise_signal(signal.SIGTERM)
            assert (interruption.number, stopped) == (None, [])
        finally:
            signal.signal(signal.SIGTERM, before)

    def test_the_first_stops_and_the_second_is_as_ever(self) -> None:
        """After the first, and after the end, signals do what they did before."""
        stopped: list[None] = []
        before = signal.getsignal(signal.SIGTERM)
        with Interruption(lambda: stopped.append(None)) as interruption:
            signal.raise_signal(signal.SIGINT)
            assert (interruption.number, stopped) == (signal.SIGINT, [None])
            with pytest.raises(KeyboardInterrupt):
                signal.raise_signal(signal.SIGINT)
        with Interruption(lambda: None):
            assert signal.getsignal(signal.SIGTERM) != before
        assert signal.getsignal(signal.SIGTERM) == before

    def test_another_thread_than_the_main_one_has_no_say(self) -> None:
        """Called from there, the command runs and leaves signals alone."""
        before = signal.getsignal(signal.SIGINT)
        during: list[object] = []

        def enter() -> None:
            with Interruption(lambda: None):
                during.append(signal.getsignal(signal.SIGINT))

        thread = threading.Thread(target=enter)
        thread.start()
        thread.join(PATIENCE)
        assert during == [before]


def waiting(pipe: int) -> int:
    """Return how many bytes a pipe holds."""
    number: int = struct.unpack("i", fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)))[0]
    return number


def catches(pid: int, number: int) -> bool:
    """Return whether a process has a handler of its own for a signal (`man proc_pid_status`)."""
    match = re.search(r"SigCgt:\s*([0-9a-f]+)", Path(f"/proc/{pid}/status").read_text())
    assert match
    return bool(int(match[1], 16) >> (number - 1) & 1)


class TestOutput:
    """Where the report goes, and what if it cannot."""

    def test_lines_come_as_they_are_known(self, kms: LocalKMS) -> None:
        """Through a pipe too: the first lines are there while others are still asked for."""
        add_many(kms)
        with started("--output", "jsonl", stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            assert process.stdout is not None
            for _ in range(LEAVING + 2):
                from_line(KeyUsageRecord, process.stdout.readline())
            assert kms.stats.answered["GetKeyLastUsage"] < ASKED
            process.stdout.close()
            assert process.wait(PATIENCE) == 141

    @pytest.mark.parametrize("output", FORMATS)
    def test_a_reader_that_went_away_ends_it_quietly(self, kms: LocalKMS, output: str) -> None:
        """A closed pipe, as `| head` leaves behind, ends it with 141 and not a word."""
        kms.add_key(state="PendingDeletion")
        reader, writer = os.pipe()
        os.close(reader)
        with started("--output", output, stdout=writer, stderr=subprocess.PIPE) as process:
            os.close(writer)
            _, err = process.communicate(timeout=6 * PATIENCE)
        assert (process.returncode, err) == (141, b"")

    @pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has a device that is always full")
    @pytest.mark.parametrize("output", FORMATS)
    def test_a_full_disk_makes_it_3(self, kms: LocalKMS, output: str) -> None:
        """Where the report has no room it is incomplete; the summary is there, and says why."""
        kms.add_key(state="PendingDeletion")
        with Path("/dev/full").open("wb") as full:
            ended = subprocess.run(
                [*COMMAND, "--output", output], stdout=full, stderr=subprocess.PIPE, check=False, timeout=60
            )
        assert ended.returncode == 3
        lines = ended.stderr.decode().splitlines()
        assert lines[0] == "1 key listed = 1 reported"
        assert lines[-1] == f"awskms-lite: the report cannot be written: {os.strerror(errno.ENOSPC)}"

    def test_a_full_disk_under_the_checkpoint_makes_it_3(self, kms: LocalKMS, tmp_path: Path) -> None:
        """What was read is reported, the checkpoint stays good, and the error says how to go on."""
        for _ in range(200):
            kms.add_key(state="PendingDeletion", description="x" * 500)
        arguments = ["--output", "jsonl", "--checkpoint", str(tmp_path / "kept")]

        def limit() -> None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536))

        options: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "check": False}
        cut = subprocess.run([*COMMAND, *arguments], preexec_fn=limit, timeout=60, **options)
        err = cut.stderr.decode()
        assert cut.returncode == 3
        assert "cannot be used any more" in err.splitlines()[-1]
        assert "run the audit again with it to continue" in err
        assert cut.stdout.count(b"\n") >= 1
        whole = subprocess.run([*COMMAND, *arguments], timeout=60, **options)
        assert whole.returncode == 0
        assert whole.stdout.count(b"\n") == 200
        assert b" taken from the checkpoint" in whole.stderr

    def test_files_are_utf_8_in_any_locale(self, kms: LocalKMS) -> None:
        """JSON is read as that, whatever the letters of the terminal are."""
        kms.add_key(state="PendingDeletion", description="Schlüssel 鍵")
        environ = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
        for output in ("json", "jsonl", "csv"):
            ended = subprocess.run([*COMMAND, "--output", output], env=environ, capture_output=True, check=True)
            assert "Schlüssel 鍵" in ended.stdout.decode("utf-8")


class Terminal:
    """A terminal of so many columns, and what was written to it."""

    def __init__(self, stack: ExitStack, columns: int) -> None:
        self._ours, self.end = pty.openpty()
        stack.callback(os.close, self._ours)
        fcntl.ioctl(self.end, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))

    def shown(self) -> str:
        """Return all that is written until the last writer has left."""
        os.close(self.end)
        written = b""
        while select.select([self._ours], [], [], 6 * PATIENCE)[0]:
            try:
                piece = os.read(self._ours, 65536)
            except OSError:  # how Linux says that there is no writer any more
                break
            written += piece
        return written.decode().replace("\r\n", "\n")


@contextmanager
def terminal(columns: int) -> Iterator[Terminal]:
    with ExitStack() as stack:
        yield Terminal(stack, columns)


class TestTerminal:
    """What stands on a terminal."""

    @pytest.mark.parametrize("columns", [40, 200])
    def test_the_table_has_the_form_that_fits(
        self, tmp_path: Path, columns: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """On a terminal it is as wide as that, and so is the summary."""
        monkeypatch.setenv("NO_COLOR", "1")
        file = tmp_path / "keys.jsonl"
        file.write_text(to_line(judge(facts(last_usage=used(timedelta(3))), 90)) + "\n")
        with terminal(columns) as screen, started("--from", str(file), stdout=screen.end, stderr=screen.end):
            lines = screen.shown().splitlines()
        assert max(map(len, lines)) <= columns
        assert ("REGION" in lines[0]) == (columns == 200)

    def test_a_bar_is_shown_while_it_runs_and_gone_before_the_report(
        self, kms: LocalKMS, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """With rich, on standard error: keys, rate and time left; the table begins on a clean line."""
        for _ in range(8):
            kms.add_key(created=datetime.now(UTC) - timedelta(days=300))
        monkeypatch.setenv("NO_COLOR", "1")
        with terminal(160) as screen, started(stdout=screen.end, stderr=screen.end) as process:
            shown = screen.shown()
            assert process.wait(PATIENCE) == 0
        bar, _, report = shown.partition("KEY  ")
        assert re.search(r"[1-8]/8 keys", bar)
        assert "5.0/s" in bar
        assert bar.endswith("\x1b[2K")  # erased
        assert "\x1b" not in report
        assert report.count("never used  ") == 8

    def test_a_report_that_streams_to_the_terminal_has_no_bar_in_it(self, kms: LocalKMS) -> None:
        """It is seen to grow; there every line is a record, and then comes the summary."""
        for _ in range(3):
            kms.add_key(created=datetime.now(UTC) - timedelta(days=300))
        with terminal(80) as screen, started("--output", "jsonl", stdout=screen.end, stderr=screen.end):
            shown = screen.shown()
        assert "\x1b" not in shown
        assert [json.loads(line)["verdict"] for line in shown.splitlines()[:3]] == ["never_used"] * 3

    @pytest.mark.parametrize("stream", ["stdout", "stderr"])
    def test_what_is_no_terminal_sees_no_bar(self, kms: LocalKMS, stream: str) -> None:
        """A report in a file holds no bar, and a log file neither."""
        for _ in range(3):
            kms.add_key(created=datetime.now(UTC) - timedelta(days=300))
        with terminal(80) as screen:
            streams: dict[str, Any] = {"stdout": screen.end, "stderr": screen.end, stream: subprocess.PIPE}
            with started("--output", "csv", **streams) as process:
                screen.shown()
                found = getattr(process, stream).read()
        assert b"\x1b" not in found


PROGRESS = Progress(listed=120, reported=30, throttled=2, rate=5.0, seconds_left=90.0)


class TestProgress:
    """How far it is, in words."""

    @pytest.mark.parametrize(
        ("progress", "text"),
        [
            (PROGRESS, "30/120 keys, 5.0/s, 1 min 30 s left, 2 throttled"),
            (Progress(120, 30, 0, 0.0, None), "30/120 keys"),
            (Progress(120, 30, 0, 5.0, 90.0, 2.0), "30/120 keys, 5.0/s, CloudTrail 2.0/s, 1 min 30 s left"),
            (Progress(0, 0, 0, 0.0, None), "listing the keys"),
        ],
    )
    def test_only_what_is_known_is_said(self, progress: Progress, text: str) -> None:
        """What is nothing, or not known, is left out."""
        assert progress_text(progress) == text

    @pytest.mark.parametrize(
        ("seconds", "text"),
        [(0.4, "0 s"), (59, "59 s"), (60, "1 min 0 s"), (3599.6, "1 h 0 min"), (7260, "2 h 1 min")],
    )
    def test_times_are_short(self, seconds: float, text: str) -> None:
        """Two units at most."""
        assert duration(seconds) == text

    @pytest.mark.parametrize(("term", "end"), [("xterm", "\r"), ("dumb", "\n")])
    def test_lines_stand_in_for_the_bar(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], term: str, end: str
    ) -> None:
        """Without rich a terminal gets a line at once, which is rewritten if the terminal can do that."""
        monkeypatch.setitem(sys.modules, "rich.console", None)
        monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
        monkeypatch.setenv("TERM", term)
        monkeypatch.setenv("COLUMNS", "80")
        looked = threading.Event()

        def look() -> Progress:
            looked.set()
            return PROGRESS

        with shown_progress(look, streams=False):
            assert looked.wait(PATIENCE)
        err = capsys.readouterr().err
        text = "awskms-lite: 30/120 keys, 5.0/s, 1 min 30 s left, 2 throttled"
        assert err.startswith(text + end)
        assert err.endswith(f"\r{' ' * len(text)}\r") == (term == "xterm")  # erased

    def test_nothing_is_left_of_it(self) -> None:
        """The thread that looks ends with the audit, and has looked more than once."""
        looks: list[None] = []
        seen = threading.Event()

        def look() -> None:
            looks.append(None)
            if len(looks) == 3:
                seen.set()

        with repeated(look, 0.001):
            assert seen.wait(PATIENCE)
        assert not [thread for thread in threading.enumerate() if thread.name == "awskms-lite progress"]
