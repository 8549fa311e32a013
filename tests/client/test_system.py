"""Files, programs and ids, on this machine for real."""

import errno
import os
import pty
import select
import stat
import subprocess
import sys
import traceback
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from threading import Event, Thread, current_thread, enumerate as enumerate_threads
from types import MappingProxyType
from typing import Any

import anyio
import pytest

from awskms_lite import AsyncKMSClient, KMSClient, system
from awskms_lite.errors import ConfigurationError, TimeoutError
from awskms_lite.steps import Output

ECHO = "import sys; sys.stdout.write('|'.join(sys.argv[1:])); sys.exit(3)"


class TestNewId:
    """Naming something as nobody else does."""

    def test_it_is_a_random_uuid(self) -> None:
        """The standard library reads it as one of version 4, in the usual spelling."""
        for text in (system.new_id() for _ in range(200)):
            read = uuid.UUID(text)
            assert (str(read), read.version, read.variant) == (text, 4, uuid.RFC_4122)

    def test_every_digit_that_may_vary_does(self) -> None:
        """All but the version are drawn: every digit takes each of its values, and no two ids are alike."""
        ids = [system.new_id() for _ in range(2000)]
        assert len(set(ids)) == 2000
        values = [len(set(column)) for column in zip(*(text.replace("-", "") for text in ids), strict=True)]
        assert values == [16] * 12 + [1] + [16] * 3 + [4] + [16] * 15

    def test_it_does_not_load_what_it_replaces(self) -> None:
        """The module for such ids is slow to import, and a call has one made."""
        script = "import sys; from awskms_lite.system import new_id; new_id(); sys.exit('uuid' in sys.modules)"
        subprocess.run([sys.executable, "-c", script], check=True)


class TestRead:
    """Reading a file."""

    def test_the_bytes_are_given(self, tmp_path: Path) -> None:
        """What stands in the file comes as it is."""
        (tmp_path / "f").write_bytes(b"\xff\r\n")
        assert system.read_file(tmp_path / "f") == b"\xff\r\n"

    def test_a_missing_file_is_none(self, tmp_path: Path) -> None:
        """A file that is not there, or whose directory is a file, is no error."""
        (tmp_path / "f").touch()
        assert system.read_file(tmp_path / "missing") is None
        assert system.read_file(tmp_path / "f" / "below") is None

    @pytest.mark.parametrize("name", ["", "nul\0"])
    def test_what_cannot_be_read_is_an_error(self, tmp_path: Path, name: str) -> None:
        """A directory in a file's place, and a name that is none, say the path and what to check."""
        with pytest.raises(
            ConfigurationError, match=r"cannot be read \(.+\): check the path and its permissions"
        ) as e:
            system.read_file(tmp_path / name)
        assert str(tmp_path) in str(e.value)
        assert e.value.__cause__ is not None


class Feeder(Thread):
    """Opens a FIFO for writing, which waits for a reader, and writes to it; closes it when it is let go."""

    def __init__(self, path: Path, *chunks: bytes, holding: bool = False) -> None:
        super().__init__(daemon=True)
        self._path, self._chunks = path, chunks
        self.let_go = Event()
        if not holding:
            self.let_go.set()
        self.start()

    def run(self) -> None:
        with self._path.open("wb", buffering=0) as fifo:
            for chunk in self._chunks:
                fifo.write(chunk)
            self.let_go.wait()


class TestReadWithinItsTime:
    """Reading what may never come to an end: a FIFO, a device, a file system that hangs."""

    @pytest.fixture
    def fifo(self, tmp_path: Path) -> Path:
        path = tmp_path / "fifo"
        os.mkfifo(path)
        return path

    @pytest.mark.parametrize("chunks", [(b"tok", b"en"), (), (b"x" * 300_000,)])
    def test_a_fifo_is_read_to_its_end(self, fifo: Path, chunks: tuple[bytes, ...]) -> None:
        """What an agent writes there is had whole, whether it comes before the reader or after it."""
        Feeder(fifo, *chunks)
        assert system.read_file(fifo, 30) == b"".join(chunks)

    def test_a_process_substitution_is_read_to_its_end(self) -> None:
        """A pipe has no name, but the shell gives it one, and what was written to it is had."""
        ours, theirs = os.pipe()
        os.write(theirs, b"[default]")
        os.close(theirs)
        assert system.read_file(Path(f"/dev/fd/{ours}"), 30) == b"[default]"
        os.close(ours)

    def test_a_fifo_that_nobody_writes_to_is_an_error(self, fifo: Path) -> None:
        """The text names the file, the time and where to look, and no thread is left waiting."""
        with pytest.raises(
            ConfigurationError, match=r"fifo was not read to its end within 0\.05 s: see why nobody"
        ):
            system.read_file(fifo, 0.05)
        for thread in enumerate_threads():
            if thread is not current_thread() and "_read_into" in repr(thread.name):
                thread.join(30)
                assert not thread.is_alive()

    def test_a_fifo_that_is_not_closed_is_an_error(self, fifo: Path) -> None:
        """A writer that stops in the middle is waited for no longer than one that never comes."""
        feeder = Feeder(fifo, b"half a tok", holding=True)
        with pytest.raises(ConfigurationError, match="not read to its end") as caught:
            system.read_file(fifo, 0.05)
        feeder.let_go.set()
        assert "half" not in str(caught.value)

    def test_who_gave_up_takes_nothing_from_the_next(self, fifo: Path) -> None:
        """What is written after the time of one reader is had by the next: none is left behind to take it."""
        with pytest.raises(ConfigurationError):
            system.read_file(fifo, 0.01)
        Feeder(fifo, b"token")
        assert system.read_file(fifo, 30) == b"token"

    @pytest.mark.skipif(not Path("/dev/zero").exists(), reason="there is no endless device here")
    def test_what_has_no_end_is_an_error(self) -> None:
        """It is read until it is longer than any such file, and no longer."""
        with pytest.raises(ConfigurationError, match=r"/dev/zero cannot be read \(it is longer than \d+ bytes\)"):
            system.read_file(Path("/dev/zero"), 30)

    def test_a_file_system_that_hangs_is_left_behind(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        """Where even opening a file does not come back, its reader does."""
        released = Event()

        def hang(*_: object) -> int:
            released.wait()
            raise OSError(errno.EIO, "it came back")

        monkeypatch.setattr(os, "open", hang)
        with pytest.raises(ConfigurationError, match="or why its file system does not answer"):
            system.read_file(tmp_path / "token", 0.05)
        released.set()

    def test_without_threads_it_reads_all_the_same(self, monkeypatch: pytest.MonkeyPatch, fifo: Path) -> None:
        """Where no thread can be had, a FIFO keeps to its time still."""

        def refuse(thread: Thread) -> None:
            raise RuntimeError("can't start new thread")

        monkeypatch.setattr(Thread, "start", refuse)
        (fifo.parent / "f").write_bytes(b"content")
        assert system.read_file(fifo.parent / "f") == b"content"
        with pytest.raises(ConfigurationError, match="not read to its end"):
            system.read_file(fifo, 0.05)

    @pytest.mark.parametrize("variable", ["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"])
    @pytest.mark.parametrize("client", [KMSClient, AsyncKMSClient])
    def test_making_a_client_takes_no_longer(
        self, monkeypatch: pytest.MonkeyPatch, fifo: Path, variable: str, client: type[KMSClient | AsyncKMSClient]
    ) -> None:
        """The shared files are read as a client is made, which has no timeout: there the default counts."""
        monkeypatch.setattr(system, "FILE_TIMEOUT", 0.05)
        environ = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull, variable: str(fifo)}
        client(region="us-east-1", environ=environ)  # whoever needs nothing of it does not miss it
        with pytest.raises(ConfigurationError, match="not read to its end"):
            client(region="us-east-1", environ=environ, profile="wanted")
        monkeypatch.undo()
        Feeder(fifo, b"[profile wanted]\n" if variable == "AWS_CONFIG_FILE" else b"[wanted]\n")
        client(region="us-east-1", environ=environ, profile="wanted")


class TestWrite:
    """Replacing a file."""

    @pytest.mark.parametrize("there", [True, False])
    def test_a_symbolic_link_stays(self, tmp_path: Path, there: bool) -> None:
        """What a link leads to is replaced, over several links and directories, or made where it is missing."""
        (tmp_path / "real").mkdir()
        target, middle, path = tmp_path / "real" / "login.json", tmp_path / "middle", tmp_path / "login.json"
        middle.symlink_to(Path("real") / "login.json")
        path.symlink_to(middle)
        if there:
            target.write_bytes(b"old")
        system.write_file(path, b"new")
        assert (path.readlink(), middle.readlink()) == (middle, Path("real") / "login.json")
        assert (target.read_bytes(), stat.S_IMODE(target.stat().st_mode)) == (b"new", 0o600)
        assert list(target.parent.iterdir()) == [target]

    @pytest.mark.parametrize("interrupt", [KeyboardInterrupt, SystemExit, MemoryError, OSError])
    def test_an_interrupt_leaves_nothing(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, interrupt: type[BaseException]
    ) -> None:
        """Whatever strikes in the middle, the old file is whole and no other one holds the secret."""
        path = tmp_path / "login.json"
        path.write_bytes(b"old")

        def strike(*_: object) -> None:
            raise interrupt

        monkeypatch.setattr(os, "replace", strike)
        with pytest.raises(ConfigurationError if interrupt is OSError else interrupt):
            system.write_file(path, b"secret")
        assert [(file.name, file.read_bytes()) for file in tmp_path.iterdir()] == [("login.json", b"old")]

    def test_a_file_is_replaced_and_its_owners_alone(self, tmp_path: Path) -> None:
        """The new content is there, nobody else may read it, and nothing else is left in the directory."""
        path = tmp_path / "login.json"
        path.write_bytes(b"old")
        path.chmod(0o644)
        system.write_file(path, b"new")
        assert path.read_bytes() == b"new"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert list(tmp_path.iterdir()) == [path]

    def test_without_a_directory_it_is_an_error(self, tmp_path: Path) -> None:
        """Where the file cannot be made, the text says the path and what to check."""
        with pytest.raises(ConfigurationError, match=r"cannot be written .*: check its directory and permissions"):
            system.write_file(tmp_path / "none" / "f", b"")

    def test_what_cannot_be_replaced_stays_whole(self, tmp_path: Path) -> None:
        """Where the last step fails, what was there is there still, and no half-written file is left."""
        path = tmp_path / "f"
        (path / "inside").mkdir(parents=True)
        with pytest.raises(ConfigurationError, match="cannot be written"):
            system.write_file(path, b"new")
        assert list(tmp_path.iterdir()) == [path]
        assert (path / "inside").is_dir()


def run(argv: tuple[str, ...], timeout: float = 30, environ: Mapping[str, str] = MappingProxyType({})) -> Output:
    return system.run_program(argv, timeout, environ)


async def run_async(
    argv: tuple[str, ...], timeout: float = 30, environ: Mapping[str, str] = MappingProxyType({})
) -> Output:
    return await system.run_program_async(argv, timeout, environ)


def nested(
    argv: tuple[str, ...], asynchronous: bool, *, then: str = "", typed: str = "", stdin: int | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a program by the module under test in a process of its own, whose streams can be looked at."""
    call = (
        "anyio.run(system.run_program_async, argv, 30, {})" if asynchronous else "system.run_program(argv, 30, {})"
    )
    code = f"import sys, anyio; from awskms_lite import system; argv = {argv!r}; print({call}); {then}"
    command = [sys.executable, "-c", code]
    given: dict[str, Any] = {"input": typed} if stdin is None else {"stdin": stdin}
    return subprocess.run(command, **given, stdout=-1, stderr=-1, text=True, timeout=60, check=True)


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
            TimeoutError, match=r"did not end within 0\.05 s and was killed: run it by hand"
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

    ENDLESS = (sys.executable, "-c", "while True: print('line of the test' * 1000)", "--secret=of-the-test")

    def test_one_that_prints_without_end_is_killed(self) -> None:
        """What it prints is read up to a bound; the text says so, and quotes nothing of it."""
        with pytest.raises(ConfigurationError, match="printed more than 1048576 bytes and was killed") as caught:
            run(self.ENDLESS)
        assert "of-the-test" not in "".join(traceback.format_exception(caught.value))

    @pytest.mark.anyio
    async def test_one_that_prints_without_end_is_killed_when_asynchronous(self) -> None:
        """The asynchronous way kills it too."""
        with pytest.raises(ConfigurationError, match="printed more than 1048576 bytes and was killed") as caught:
            await run_async(self.ENDLESS)
        assert "of-the-test" not in "".join(traceback.format_exception(caught.value))

    def test_as_much_as_the_bound_is_read(self) -> None:
        """The bound is the bound."""
        argv = (sys.executable, "-c", f"print('x' * {system.MAX_OUTPUT}, end='')")
        assert run(argv) == Output(0, b"x" * system.MAX_OUTPUT)

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

    @pytest.mark.parametrize("asynchronous", [False, True])
    @pytest.mark.parametrize(
        ("argument", "environ"), [("of-the-test\0", {}), ("of-the-test\ud800", {}), ("", {"A": "of-the-test\0"})]
    )
    def test_one_that_cannot_be_given_its_words_is_an_error(
        self, asynchronous: bool, argument: str, environ: dict[str, str]
    ) -> None:
        """No program can have a NUL or half a surrogate pair among its words; the error repeats none of them."""
        argv = (sys.executable, "-c", "", argument)
        with pytest.raises(ConfigurationError, match=r"cannot be started \(an argument or a variable") as e:
            anyio.run(run_async, argv, 30, environ) if asynchronous else run(argv, environ=environ)
        assert "of-the-test" not in f"{e.value}{e.value.__cause__!r}{e.value.__context__!r}"


class TestEndingAProgram:
    """A program that is ended takes along what it has started."""

    @pytest.fixture
    def life(self, tmp_path: Path) -> Iterator["Life"]:
        life = Life(tmp_path / "fifo")
        yield life
        life.close()

    def test_all_that_it_started_ends_after_its_time(self, life: "Life") -> None:
        """A child of the program does not outlive its time."""
        for timeout in (0.3, 3, 30):  # as long as it takes a busy machine to start it
            with pytest.raises(TimeoutError, match="was killed"):
                run(life.argv, timeout)
            if life.has_begun():
                break
        assert life.has_ended()

    @pytest.mark.anyio
    async def test_all_that_it_started_ends_when_cancelled(self, life: "Life") -> None:
        """A child of the program does not outlive the task that wanted its answer."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(run_async, life.argv)
            await anyio.to_thread.run_sync(life.has_begun, 30)
            tasks.cancel_scope.cancel()
        assert life.has_ended()

    @pytest.mark.anyio
    async def test_what_outlives_its_program_ends_too(self, life: "Life") -> None:
        """A child that holds the output open, its parent long gone, is ended with the wait for it."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(run_async, life.argv_of_orphan)
            await anyio.to_thread.run_sync(life.has_begun, 30)
            tasks.cancel_scope.cancel()
        assert life.has_ended()


class Life:
    """A FIFO that a program's child writes to as it begins, and holds open until it ends."""

    def __init__(self, path: Path) -> None:
        os.mkfifo(path)
        self._reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        child = f"(echo begun; exec sleep 600) > {path} &"
        self.argv = ("/bin/sh", "-c", f"{child} wait")
        self.argv_of_orphan = ("/bin/sh", "-c", child.replace(">", "3>&1 >"))

    def _sees(self, seconds: float) -> bytes | None:
        """Return what comes within so many seconds: nothing at the end, None if there is neither."""
        waiting = select.poll()
        waiting.register(self._reader, select.POLLIN)
        return os.read(self._reader, 100) if waiting.poll(1000 * seconds) else None

    def has_begun(self, seconds: float = 0) -> bool:
        return self._sees(seconds) == b"begun\n"

    def has_ended(self) -> bool:
        return self._sees(30) == b""

    def close(self) -> None:
        os.close(self._reader)


@pytest.mark.parametrize("asynchronous", [False, True])
class TestOnATerminal:
    """Where our standard input is a terminal, a program can ask its user."""

    def nested(self, program: str, asynchronous: bool) -> list[str]:
        """Run a program as `nested` does, with a terminal on which a code is typed."""
        ours, theirs = pty.openpty()
        os.write(ours, b"123456\n")
        ended = nested((sys.executable, "-c", program), asynchronous, stdin=theirs)
        os.close(theirs)
        os.close(ours)
        return ended.stdout.splitlines()

    def test_a_program_reads_what_is_typed(self, asynchronous: bool) -> None:
        """It has our input."""
        program = "import sys; assert sys.stdin.isatty(); print(input() == '123456')"
        assert self.nested(program, asynchronous) == ["Output(status=0, 5 bytes)"]

    def test_a_program_is_in_our_group(self, asynchronous: bool) -> None:
        """In another group it would be stopped as soon as it reads; away from a terminal it has its own."""
        program = "import os, sys; sys.exit(os.getpgid(0) == os.getpgid(os.getppid()))"
        assert self.nested(program, asynchronous) == ["Output(status=1, 0 bytes)"]
        away = nested((sys.executable, "-c", program), asynchronous)
        assert away.stdout.splitlines() == ["Output(status=0, 0 bytes)"]
