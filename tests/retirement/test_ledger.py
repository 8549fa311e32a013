"""The ledger: a file of lines that are on disk before what they announce, and one run at a time."""

import json
import os
import resource
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st
from support.retirement_data import ACCOUNT, ARN, NOW, days, entry, note

from awskms_lite.errors import ConfigurationError, LedgerError
from awskms_lite.retirement.ledger import Ledger, check_accounts, read_ledger
from awskms_lite.retirement.lines import from_line, is_torn, to_line
from awskms_lite.retirement.records import Entry, Finding, Phase, Severity, Step

FULL = Path("/dev/full")
FULL_ENTRY = entry(
    Step.WATCH,
    Phase.FAILED,
    findings=(Finding("tags", Severity.NOTE, 'a "text" \\ [', ("{", "]")), note()),
    accepted=("grants", "too_new"),
    due=NOW,
    text="ends \n so",
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "retire.jsonl"


def line(number: int = 1) -> Entry:
    return entry(Step.DISABLE, Phase.INTENT, time=NOW + days(number), state="Enabled")


def write(path: Path, *entries: Entry) -> None:
    with Ledger(path) as ledger:
        for each in entries:
            ledger.append(each)


class TestLines:
    """The form of a line, whose names stay."""

    def test_a_line_has_the_names_that_stay(self) -> None:
        """All of them, with null for what is not known."""
        full = entry(
            Step.SCHEDULE,
            Phase.DONE,
            request_id="req",
            findings=(note(),),
            accepted=("grants",),
            due=NOW + days(30),
        )
        members = json.loads(to_line(full))
        assert members == {
            "format": 1,
            "time": "2026-11-28T12:00:00.000Z",
            "key_arn": ARN,
            "step": "schedule",
            "phase": "done",
            "caller_arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/Retire/night",
            "account_id": ACCOUNT,
            "request_id": "req",
            "findings": [{"name": "aliases", "severity": "note", "text": "some text", "evidence": ["a line"]}],
            "accepted": ["grants"],
            "due": "2026-12-28T12:00:00.000Z",
            "since": None,
            "state": None,
            "text": None,
        }
        assert from_line(to_line(full).encode()) == full

    def test_members_that_are_newer_are_ignored(self) -> None:
        """Within the same format, a line may have more."""
        members = {**json.loads(to_line(line())), "reviewer": "ann"}
        assert from_line(json.dumps(members).encode()) == line()

    def test_times_are_in_utc(self) -> None:
        """Whatever zone they came in."""
        there = datetime(2026, 11, 28, 14, tzinfo=timezone(timedelta(hours=2)))
        assert '"time":"2026-11-28T12:00:00.000Z"' in to_line(entry(Step.PLAN, Phase.DONE, time=there))

    @given(
        st.sampled_from(Step),
        st.sampled_from(Phase),
        st.text(max_size=20),
        st.none() | st.text(max_size=20),
        st.integers(0, 10**9).map(lambda seconds: NOW + timedelta(seconds=seconds)),
        st.lists(
            st.builds(Finding, st.text(max_size=5), st.sampled_from(Severity), st.text(max_size=9)), max_size=2
        ),
    )
    def test_what_is_written_is_read(
        self, step: Step, phase: Phase, name: str, text: str | None, time: datetime, found: list[Finding]
    ) -> None:
        """Every entry comes back as it was, in one line, whatever its texts hold."""
        written = entry(step, phase, request_id=name, text=text, time=time, due=time, findings=tuple(found))
        assert to_line(written).count("\n") == 1
        assert from_line(to_line(written).encode()) == written

    @given(st.binary(max_size=60) | st.from_type(dict[str, int]).map(lambda found: json.dumps(found).encode()))
    def test_anything_else_is_refused(self, content: bytes) -> None:
        """With an error that repeats nothing of it."""
        with pytest.raises(ValueError, match=r"it lacks|no line that this command wrote"):
            from_line(content)


class TestFile:
    """The file itself."""

    def test_lines_are_kept_in_their_order(self, path: Path) -> None:
        """A later run reads what the earlier ones wrote."""
        write(path, line(1))
        write(path, line(2), line(3))
        with Ledger(path) as ledger:
            assert ledger.entries == [line(1), line(2), line(3)]
        assert read_ledger(path) == [line(1), line(2), line(3)]

    def test_only_its_owner_can_read_it(self, path: Path) -> None:
        """From the start, and also one that others could read."""
        write(path, line())
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        path.chmod(0o644)
        write(path, line())
        assert stat.S_IMODE(path.stat().st_mode) == 0o600

    def test_a_line_is_on_disk_before_append_returns(self, path: Path) -> None:
        """The whole line is in the file when it is flushed, and the name of a new file is flushed too."""
        flushed: list[str] = []

        def sync(descriptor: int) -> None:
            is_file = stat.S_ISREG(os.fstat(descriptor).st_mode)
            flushed.append(path.read_text() if is_file else "directory")
            os.fsync(descriptor)

        with Ledger(path, sync=sync) as ledger:
            assert flushed == ["directory"]
            ledger.append(line())
            assert flushed == ["directory", to_line(line())]

    def test_reading_creates_nothing(self, path: Path) -> None:
        """A plan with a ledger that is not there yet is a plan without one."""
        assert read_ledger(path) == []
        assert not path.exists()

    @pytest.mark.parametrize("name", ["", "missing/retire.jsonl", "nul\0"])
    def test_a_name_that_is_none_is_refused(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
    ) -> None:
        """A file that cannot be made is an error before anything is done."""
        monkeypatch.chdir(tmp_path)
        with pytest.raises(LedgerError, match=r"unable to open it.*Nothing was changed"):
            Ledger(name).open()

    def test_what_is_no_file_is_refused(self, tmp_path: Path) -> None:
        """A directory, or a device that would forget what it is given."""
        for name in (tmp_path, Path(os.devnull)):
            with pytest.raises(LedgerError, match="cannot be used"):
                Ledger(name).open()

    def test_a_closed_ledger_takes_no_line(self, path: Path) -> None:
        """A line that nobody waits for any more is not written into whatever file came next."""
        ledger = Ledger(path)
        with pytest.raises(LedgerError, match="closed"):
            ledger.append(line())
        for _ in range(2):
            ledger.close()
            for use in (ledger.open, partial(ledger.append, line())):
                with pytest.raises(LedgerError, match="closed"):
                    use()
        assert not path.exists()


class TestReplaced:
    """A file that somebody removes, replaces or writes to while a run uses it."""

    @pytest.mark.parametrize(
        "change",
        [
            Path.unlink,
            lambda path: path.rename(path.with_suffix(".old")),
            lambda path: shutil.copy(path, path.with_suffix(".new")) and path.with_suffix(".new").replace(path),
            lambda path: path.with_suffix(".x").symlink_to(path) or path.with_suffix(".x").replace(path),
            lambda path: path.write_bytes(b""),
            lambda path: path.write_bytes(path.read_bytes() + b"one line more\n"),
        ],
    )
    def test_no_line_is_added(self, path: Path, change: Callable[[Path], object]) -> None:
        """Nobody would find it again, or it would take another's place."""
        with Ledger(path) as ledger:
            ledger.append(line(1))
            change(path)
            before = path.read_bytes() if path.exists() else None
            for _ in range(2):
                with pytest.raises(LedgerError, match=r"was (removed or replaced|changed) while this run used it"):
                    ledger.append(line(2))
            assert (path.read_bytes() if path.exists() else None) == before
            assert ledger.entries == [line(1)]

    def test_a_link_to_the_file_is_no_change(self, path: Path) -> None:
        """Nor is a second name of it."""
        path.touch()
        link, name = path.with_suffix(".link"), path.with_suffix(".name")
        link.symlink_to(path)
        name.hardlink_to(path)
        write(link, line(1))
        write(name, line(2))
        assert read_ledger(path) == [line(1), line(2)]


class TestLock:
    """One run at a time."""

    def test_a_second_run_is_refused(self, path: Path) -> None:
        """Whether it would write or only read."""
        with Ledger(path):
            with pytest.raises(LedgerError, match=r"in use by another run.*Nothing was changed"):
                Ledger(path).open()
            with pytest.raises(LedgerError, match="in use by another run"):
                read_ledger(path)
        with Ledger(path):
            pass

    def test_another_process_is_refused_until_this_one_is_killed(self, path: Path) -> None:
        """The lock goes with its process, however that ends."""
        holder = """
import sys
from awskms_lite.retirement.ledger import Ledger

ledger = Ledger(sys.argv[1])
ledger.open()
print("held", flush=True)
input()
"""
        environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        with subprocess.Popen(
            [sys.executable, "-c", holder, path], stdin=-1, stdout=-1, env=environ, text=True
        ) as child:
            assert child.stdout is not None
            assert child.stdout.readline() == "held\n"
            with pytest.raises(LedgerError, match="in use"):
                Ledger(path).open()
            child.send_signal(signal.SIGKILL)
        with Ledger(path):
            pass


class TestDamage:
    """What a disk, a machine or an editor may have done to it."""

    @pytest.mark.parametrize("cut", range(1, len(to_line(line(2))) + 1, 7))
    def test_a_line_that_was_not_finished_is_removed(self, path: Path, cut: int) -> None:
        """It announced an act that was not begun: the next line takes its place."""
        write(path, line(1), line(2))
        content = path.read_bytes()
        path.write_bytes(content[:-cut])
        is_whole = cut == 1  # only the line's end is missing, as after some editors
        with Ledger(path) as ledger:
            assert ledger.entries == ([line(1), line(2)] if is_whole else [line(1)])
            ledger.append(line(3))
        assert read_ledger(path) == [*([line(1), line(2)] if is_whole else [line(1)]), line(3)]
        assert path.read_bytes().count(b"\n") == len(read_ledger(path))

    def test_zeros_at_the_end_are_removed(self, path: Path) -> None:
        """Some file systems leave them after a loss of power."""
        write(path, line(1))
        path.write_bytes(path.read_bytes() + bytes(100))
        assert read_ledger(path) == [line(1)]

    def test_the_beginning_of_a_line_is_known(self, path: Path) -> None:
        """Wherever it ends, in a file with other lines and in one without."""
        whole = to_line(FULL_ENTRY).encode().rstrip()
        for cut in range(len(whole)):
            assert is_torn(whole[:cut]), whole[:cut]
            for before in (b"", to_line(line()).encode()):
                path.write_bytes(before + whole[:cut])
                assert read_ledger(path) == [line()] * bool(before)
        assert not is_torn(whole)

    @pytest.mark.parametrize(
        "content",
        [
            b'{"this":"is a configuration in one line, without an end"}',
            b'{"this":"breaks o',
            b"name,value",
            b"[",
            b"\xff\xfe",
            b"\0x",
            b'{"format":1}',
            b'{"format":1,"time":7',
            b'{"format":1,"time":tru',
            b'{"format": 1, "time": "2026',
            b'{"format":true,"ti',
            b'{"format":2,"ti',
            b'{"time":"2026',
            to_line(line()).replace('"phase"', '"phase').encode()[:-1],
            to_line(line()).replace('"step"', '"stage"').encode()[:-1],
            to_line(line()).encode()[:-2] + b',"reviewer":"an',
            to_line(line()).replace('"disable"', '"destroy"').encode()[:-1],
            to_line(line()).replace('"format":1', '"format":2').encode()[:-1],
        ],
    )
    @pytest.mark.parametrize("before", [b"", to_line(line()).encode()])
    def test_what_is_not_the_beginning_of_a_line_is_no_ledger(
        self, path: Path, before: bytes, content: bytes
    ) -> None:
        """The file stays as it was, its permissions too: it may be somebody's only copy of something else."""
        path.write_bytes(before + content)
        path.chmod(0o644)
        for use in (Ledger(path).open, partial(read_ledger, path)):
            with pytest.raises(LedgerError, match=r"damaged|later format|has format 2"):
                use()
        assert path.read_bytes() == before + content
        assert stat.S_IMODE(path.stat().st_mode) == 0o644

    def test_a_file_of_zeros_is_no_ledger(self, path: Path) -> None:
        """There is no line before them that a ledger has written."""
        path.write_bytes(bytes(4096))
        with pytest.raises(LedgerError, match="damaged"):
            Ledger(path).open()
        assert path.read_bytes() == bytes(4096)

    @pytest.mark.parametrize(
        "key_arn",
        [
            "arn:x",
            "zzz",
            "alias/x",
            ARN.replace(":key/", ":alias/"),
            ARN + "\0",
            ARN + "\n",
            ARN.rpartition("/")[0] + "/$(touch x)",
            ARN.replace("us-east-2", "evil.example/x#"),
            ARN.replace("us-east-2", ""),
            ARN.replace(":kms:", ":s3:"),
            ARN.replace(ACCOUNT, "1111"),
            ARN.replace(ACCOUNT, "444455556666"),
        ],
    )
    def test_a_line_about_no_key_of_its_account_is_refused(self, path: Path, key_arn: str) -> None:
        """With its number: requests and commands are made of the ARN."""
        members = {**json.loads(to_line(line())), "key_arn": key_arn}
        path.write_text(to_line(line()) + json.dumps(members) + "\n")
        with pytest.raises(LedgerError, match="line 2: it is no line that this command wrote"):
            read_ledger(path)

    @pytest.mark.parametrize("name", ["time", "due", "since"])
    @pytest.mark.parametrize("value", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "1999-12-31T23:59:59Z"])
    def test_a_time_out_of_all_reason_is_refused(self, path: Path, name: str, value: str) -> None:
        """Nothing could be added to it, or taken away."""
        path.write_text(json.dumps({**json.loads(to_line(line())), name: value}) + "\n")
        with pytest.raises(LedgerError, match="line 1: it is no line that this command wrote"):
            read_ledger(path)

    @pytest.mark.parametrize(
        ("damage", "why"),
        [
            (b"{}\n", "line 2: it lacks 'format'"),
            (b"nonsense\n", "line 2: it is no line that this command wrote"),
            (b"\n", "line 2: it is no line"),
            (b"[1]\n", "line 2: it is no line"),
            (b"\xff\xfe\n", "line 2: it is no line"),
            (to_line(line()).replace('"disable"', '"destroy"').encode(), "line 2: it is no line"),
            (to_line(line()).replace('"time":"2026', '"time":"x').encode(), "line 2: it is no line"),
            (to_line(line()).replace('"format":1', '"format":"1"').encode(), "line 2: it is no line"),
            (to_line(line()).replace('"format":1', '"format":0').encode(), "line 2: it is no line"),
            (to_line(line()).replace(f'"{ARN}"', "null").encode(), "line 2: it is no line"),
        ],
    )
    def test_a_damaged_line_is_named(self, path: Path, damage: bytes, why: str) -> None:
        """By its number, and nothing goes on with a file of which a part cannot be read."""
        write(path, line())
        path.write_bytes(path.read_bytes() + damage + to_line(line(2)).encode())
        for use in (Ledger(path).open, partial(read_ledger, path)):
            with pytest.raises(LedgerError, match=why):
                use()
        path.write_bytes(b"")
        with Ledger(path):  # the lock of the refused file was let go
            pass

    def test_a_later_format_is_refused(self, path: Path) -> None:
        """Its lines may mean something else."""
        path.write_text(to_line(line()).replace('"format":1', '"format":2'))
        with pytest.raises(LedgerError, match="has format 2, and this version of awskms-lite reads 1"):
            Ledger(path).open()

    def test_the_ledger_of_another_account_is_refused(self, path: Path) -> None:
        """Its keys are not these credentials' to change."""
        check_accounts(path, [line()], [ACCOUNT, "444455556666"])
        with pytest.raises(ConfigurationError, match=f"is of account {ACCOUNT}.*are of 444455556666"):
            check_accounts(path, [line()], ["444455556666"])


class TestFullDisk:
    """A line that cannot be written."""

    def test_a_failing_flush_leaves_the_file_as_it_was(self, path: Path) -> None:
        """The error says what to do, and a later line can follow."""
        fails = True

        def sync(descriptor: int) -> None:
            if fails and stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise OSError(28, "No space left on device")

        with Ledger(path, sync=sync) as ledger:
            with pytest.raises(LedgerError, match=r"cannot be written: No space left on device. Make room"):
                ledger.append(line(1))
            assert path.read_bytes() == b""
            fails = False
            ledger.append(line(2))
            assert ledger.entries == [line(2)]
        assert read_ledger(path) == [line(2)]

    def test_a_line_that_does_not_fit_leaves_nothing(self, path: Path) -> None:
        """With a real limit on the size of files, in a process of its own: half a line is taken away again."""
        child = """
import resource, signal, sys
from support.retirement_data import entry
from awskms_lite.errors import LedgerError
from awskms_lite.retirement.ledger import Ledger
from awskms_lite.retirement.records import Phase, Step

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (700, 700))
with Ledger(sys.argv[1]) as ledger:
    ledger.append(entry(Step.PLAN, Phase.DONE))
    try:
        ledger.append(entry(Step.PLAN, Phase.DONE, text="x" * 1000))
    except LedgerError as error:
        print(error)
"""
        environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        shown = subprocess.run(
            [sys.executable, "-c", child, path], env=environ, capture_output=True, text=True, check=True
        ).stdout
        assert "cannot be written" in shown
        assert read_ledger(path) == [entry(Step.PLAN, Phase.DONE)]
        assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != 700

    @pytest.mark.skipif(not FULL.exists(), reason="there is no /dev/full here")
    def test_a_device_without_room_is_refused(self) -> None:
        """Before anything is done."""
        with pytest.raises(LedgerError, match=r"Nothing was changed|no regular file"):
            Ledger(FULL).open()


def test_a_ledger_is_used_by_keyword_or_position(path: Path) -> None:
    """As any path-like object."""
    kinds: list[Any] = [path, str(path)]
    for kind in kinds:
        with Ledger(kind):
            pass
        assert read_ledger(kind) == []
