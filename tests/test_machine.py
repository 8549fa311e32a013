"""Files, programs and ids, on this machine for real."""

import stat
import subprocess
import sys
import traceback
import uuid
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import pytest

from awskms_lite import machine
from awskms_lite.errors import ConfigurationError, TimeoutError
from awskms_lite.steps import Output

ECHO = "import sys; sys.stdout.write('|'.join(sys.argv[1:])); sys.exit(3)"


class TestNewId:
    """Naming something as nobody else does."""

    def test_it_is_a_random_uuid(self) -> None:
        """The standard library reads it as one of version 4, in the usual spelling."""
        for text in (machine.new_id() for _ in range(200)):
            read = uuid.UUID(text)
            assert (str(read), read.version, read.variant) == (text, 4, uuid.RFC_4122)

    def test_every_digit_that_may_vary_does(self) -> None:
        """All but the version are drawn: every digit takes each of its values, and no two ids are alike."""
        ids = [machine.new_id() for _ in range(2000)]
        assert len(set(ids)) == 2000
        values = [len(set(column)) for column in zip(*(text.replace("-", "") for text in ids), strict=True)]
        assert values == [16] * 12 + [1] + [16] * 3 + [4] + [16] * 15

    def test_it_does_not_load_what_it_replaces(self) -> None:
        """The module for such ids is slow to import, and a call has one made."""
        script = "import sys; from awskms_lite.machine import new_id; new_id(); sys.exit('uuid' in sys.modules)"
        subprocess.run([sys.executable, "-c", script], check=True)


class TestRead:
    """Reading a file."""

    def test_the_bytes_are_given(self, tmp_path: Path) -> None:
        """What stands in the file comes as it is."""
        (tmp_path / "f").write_bytes(b"\xff\r\n")
        assert machine.read_file(tmp_path / "f") == b"\xff\r\n"

    def test_a_missing_file_is_none(self, tmp_path: Path) -> None:
        """A file that is not there, or whose directory is a file, is no error."""
        (tmp_path / "f").touch()
        assert machine.read_file(tmp_path / "missing") is None
        assert machine.read_file(tmp_path / "f" / "below") is None

    @pytest.mark.parametrize("name", ["", "nul\0"])
    def test_what_cannot_be_read_is_an_error(self, tmp_path: Path, name: str) -> None:
        """A directory in a file's place, and a name that is none, say the path and what to check."""
        with pytest.raises(
            ConfigurationError, match=r"cannot be read \(.+\): check the path and its permissions"
        ) as e:
            machine.read_file(tmp_path / name)
        assert str(tmp_path) in str(e.value)
        assert e.value.__cause__ is not None


class TestWrite:
    """Replacing a file."""

    def test_a_file_is_replaced_and_its_owners_alone(self, tmp_path: Path) -> None:
        """The new content is there, nobody else may read it, and nothing else is left in the directory."""
        path = tmp_path / "login.json"
        path.write_bytes(b"old")
        path.chmod(0o644)
        machine.write_file(path, b"new")
        assert path.read_bytes() == b"new"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert list(tmp_path.iterdir()) == [path]

    def test_without_a_directory_it_is_an_error(self, tmp_path: Path) -> None:
        """Where the file cannot be made, the text says the path and what to check."""
        with pytest.raises(ConfigurationError, match=r"cannot be written .*: check its directory and permissions"):
            machine.write_file(tmp_path / "none" / "f", b"")

    def test_what_cannot_be_replaced_stays_whole(self, tmp_path: Path) -> None:
        """Where the last step fails, what was there is there still, and no half-written file is left."""
        path = tmp_path / "f"
        (path / "inside").mkdir(parents=True)
        with pytest.raises(ConfigurationError, match="cannot be written"):
            machine.write_file(path, b"new")
        assert list(tmp_path.iterdir()) == [path]
        assert (path / "inside").is_dir()


def run(argv: tuple[str, ...], timeout: float = 30, environ: Mapping[str, str] = MappingProxyType({})) -> Output:
    return machine.run_program(argv, timeout, environ)


async def run_async(
    argv: tuple[str, ...], timeout: float = 30, environ: Mapping[str, str] = MappingProxyType({})
) -> Output:
    return await machine.run_program_async(argv, timeout, environ)


def nested(
    argv: tuple[str, ...], asynchronous: bool, *, then: str = "", typed: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run a program by the module under test in a process of its own, whose streams can be looked at."""
    call = (
        "anyio.run(machine.run_program_async, argv, 30, {})"
        if asynchronous
        else "machine.run_program(argv, 30, {})"
    )
    code = f"import sys, anyio; from awskms_lite import machine; argv = {argv!r}; print({call}); {then}"
    command = [sys.executable, "-c", code]
    return subprocess.run(command, input=typed, capture_output=True, text=True, timeout=60, check=True)


class TestRun:
    """Running a program, with plain calls and under both event loops."""

    ARGV = (sys.executable, "-c", ECHO, "$HOME", "a b", "; ls", "*")

    def test_status_and_output_are_given(self) -> None:
        """Arguments arrive as they are, with no shell between, and the status is the program's."""
        assert run(self.ARGV) == Output(3, b"$HOME|a b|; ls|*")

    @pytest.mark.anyio
    async def test_status_and_output_are_given_when_asynchronous(self) -> None:
        """The asynchronous way gives the same."""
        assert await run_async(self.ARGV) == Output(3, b"$HOME|a b|; ls|*")

    SHOW = (sys.executable, "-c", "import os; print(sorted({'HOME', 'PATH', 'MARK', 'STRAY'} & set(os.environ)))")

    @pytest.mark.parametrize(
        ("environ", "found"), [({}, b"['PATH']"), ({"MARK": "1", "HOME": "/x"}, b"['HOME', 'MARK', 'PATH']")]
    )
    def test_the_variables_are_those_that_were_handed_in(
        self, monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], found: bytes
    ) -> None:
        """A program sees the client's variables and PATH, and none else of this process."""
        monkeypatch.setenv("STRAY", "1")
        assert run(self.SHOW, environ=environ).stdout.strip() == found

    @pytest.mark.anyio
    async def test_the_variables_are_those_that_were_handed_in_when_asynchronous(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The asynchronous way hands in the same."""
        monkeypatch.setenv("STRAY", "1")
        found = await run_async(self.SHOW, environ={"MARK": "1"})
        assert found.stdout.strip() == b"['MARK', 'PATH']"

    @pytest.mark.parametrize("asynchronous", [False, True])
    def test_there_is_no_input(self, asynchronous: bool) -> None:
        """A program that reads finds the end at once, and takes nothing of our own input away."""
        inner = (sys.executable, "-c", "import sys; print(len(sys.stdin.read()))")
        ended = nested(inner, asynchronous, then="print(sys.stdin.read())", typed="for us")
        assert ended.stdout.splitlines() == ["Output(status=0, 2 bytes)", "for us"]

    @pytest.mark.parametrize("asynchronous", [False, True])
    def test_standard_error_is_left_alone(self, asynchronous: bool) -> None:
        """What a program says of itself goes where ours goes, and is no part of the output."""
        inner = (sys.executable, "-c", "import sys; sys.stderr.write('to people'); print(1)")
        ended = nested(inner, asynchronous)
        assert ended.stdout.strip() == "Output(status=0, 2 bytes)"
        assert "to people" in ended.stderr

    SLOW = (sys.executable, "-c", "import time; time.sleep(60)", "--secret=of-the-test")

    def test_one_that_takes_too_long_is_ended(self) -> None:
        """The text names the program and its time, and none of its arguments."""
        with pytest.raises(
            TimeoutError, match=r"did not end within 0\.05 s and was ended: run it by hand"
        ) as caught:
            run(self.SLOW, 0.05)
        assert sys.executable in str(caught.value)
        assert "of-the-test" not in "".join(traceback.format_exception(caught.value))

    @pytest.mark.anyio
    async def test_one_that_takes_too_long_is_ended_when_asynchronous(self) -> None:
        """The asynchronous way ends it too."""
        with pytest.raises(TimeoutError, match=r"did not end within 0\.05 s") as caught:
            await run_async(self.SLOW, 0.05)
        assert "of-the-test" not in "".join(traceback.format_exception(caught.value))

    MISSING = ("/no/such/program", "--secret=of-the-test")

    def test_one_that_is_not_there_is_an_error(self) -> None:
        """The text names the program and why, and none of its arguments."""
        with pytest.raises(
            ConfigurationError, match=r"/no/such/program cannot be started .*: check its path"
        ) as e:
            run(self.MISSING)
        assert "of-the-test" not in str(e.value)
        assert isinstance(e.value.__cause__, FileNotFoundError)

    @pytest.mark.anyio
    async def test_one_that_is_not_there_is_an_error_when_asynchronous(self) -> None:
        """The asynchronous way says the same."""
        with pytest.raises(ConfigurationError, match="/no/such/program cannot be started"):
            await run_async(self.MISSING)
