"""The checkpoint of an audit: what it keeps, and what it refuses."""

import os
import sqlite3
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st
from support.audit_data import ACCOUNT, arn_of, days, facts, used

from awskms_lite.audit import Failure, KeyFilter, Target
from awskms_lite.audit.checkpoint import Checkpoint
from awskms_lite.audit.records import Answer
from awskms_lite.audit.serialize import from_ascii, to_ascii, to_line
from awskms_lite.errors import CheckpointError, ConfigurationError

HERE = Target("us-east-2")
EVERY = KeyFilter()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "audit.db"


@pytest.fixture
def checkpoint(path: Path) -> Iterator[Checkpoint]:
    with closing(Checkpoint(path, EVERY)) as opened:
        yield opened


class TestFile:
    """The file itself."""

    def test_only_its_owner_may_read_it(self, path: Path) -> None:
        """It is made so, whatever the process's mask is, and so is what SQLite puts beside it."""
        mask = os.umask(0)
        try:
            with closing(Checkpoint(path, EVERY)) as made:
                made.add(HERE, arn_of(), None)
                modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
        finally:
            os.umask(mask)
        assert len(modes) > 1
        assert set(modes.values()) == {0o600}

    def test_it_is_nobody_elses_from_the_beginning(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """It is not made readable and then mended: as SQLite opens it, it is there and its owner's alone."""
        seen: list[int] = []
        real: Any = sqlite3.connect

        def connect(name: str, *args: Any, **options: Any) -> Any:
            seen.append(stat.S_IMODE(Path(name).stat().st_mode))
            return real(name, *args, **options)

        monkeypatch.setattr(sqlite3, "connect", connect)
        Checkpoint(path, EVERY).close()
        assert seen == [0o600]

    @pytest.mark.skipif(os.name != "posix", reason="there are no such modes elsewhere")
    @pytest.mark.parametrize("empty", [False, True])
    def test_one_that_others_may_read_becomes_its_owners(self, path: Path, empty: bool) -> None:
        """However it was created, so are the files beside it, from the beginning."""
        if empty:
            path.touch()
        else:
            Checkpoint(path, EVERY).close()
        path.chmod(0o644)
        with closing(Checkpoint(path, EVERY)) as checkpoint:
            checkpoint.add(HERE, arn_of(), facts())
            modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
        assert len(modes) > 1
        assert set(modes.values()) == {0o600}

    @pytest.mark.skipif(os.name != "posix", reason="there are no such modes elsewhere")
    def test_a_file_of_something_else_keeps_its_mode(self, path: Path) -> None:
        """What is refused is left as it is."""
        with closing(sqlite3.connect(path)) as other:
            other.execute("CREATE TABLE theirs (x)")
        path.chmod(0o644)
        with pytest.raises(ConfigurationError, match="another program"):
            Checkpoint(path, EVERY)
        assert stat.S_IMODE(path.stat().st_mode) == 0o644

    def test_a_second_look_leaves_the_first_its_lock(self, path: Path, checkpoint: Checkpoint) -> None:
        """To fail to open it within the same process takes nothing from who has it: another process fails too."""
        with pytest.raises(ConfigurationError, match="locked"):
            Checkpoint(path, EVERY)
        script = "import sqlite3, sys; sqlite3.connect(sys.argv[1], timeout=0).execute('SELECT * FROM filter')"
        ended = subprocess.run(
            [sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=False
        )
        assert "locked" in ended.stderr


class TestAnswers:
    def test_what_was_answered_is_there_again(self, path: Path) -> None:
        """A key comes back as it was read, and one that the filter left out as that, target by target."""
        key = facts(last_usage=used(days(3)), aliases=("alias/ä",), tags={"a": "b"})
        with closing(Checkpoint(path, EVERY)) as before:
            before.add(HERE, key.arn, key)
            before.add(HERE, arn_of("left-out"), None)
            before.add(Target("eu-west-1"), arn_of(region="eu-west-1"), facts(region="eu-west-1"))
        with closing(Checkpoint(path, EVERY)) as after:
            assert list(after.answers(HERE)) == [Answer(key.arn, key), Answer(arn_of("left-out"), None)]
            assert after.arns(HERE) == [key.arn, arn_of("left-out")]
            assert list(after.answers(Target("us-east-2", profile="other"))) == []

    def test_an_error_is_no_answer(self, checkpoint: Checkpoint) -> None:
        """What could not be read is asked for again by the next run."""
        checkpoint.add(HERE, arn_of(), facts(error=Failure("TimeoutError", "no answer")))
        assert list(checkpoint.answers(HERE)) == []

    def test_an_answer_is_there_after_a_kill(self, path: Path, checkpoint: Checkpoint) -> None:
        """Each answer is committed by itself: a copy of the files as they are at any moment holds it."""
        for number in range(3):
            checkpoint.add(HERE, arn_of(str(number)), None)
            for file in path.parent.glob("audit.db*"):
                (path.parent / f"copy{number}{file.name}").write_bytes(file.read_bytes())
            with closing(Checkpoint(path.parent / f"copy{number}audit.db", EVERY)) as copy:
                assert len(copy.arns(HERE)) == number + 1

    def test_many_answers_come_in_pages(self, checkpoint: Checkpoint) -> None:
        """Each of a thousand comes once, and those that are added meanwhile do no harm."""
        arns = [arn_of(f"{number:04}") for number in range(1000)]
        for arn in arns:
            checkpoint.add(HERE, arn, None)
        seen: list[str] = []
        for answer in checkpoint.answers(HERE):
            seen.append(answer.arn)
            checkpoint.add(Target("eu-west-1"), answer.arn, None)
        assert seen == arns


class TestRefused:
    @pytest.mark.parametrize("new", [True, False])
    def test_one_that_another_run_has(self, path: Path, new: bool) -> None:
        """Two runs do not share a file, and the second is told what to do."""
        if not new:
            Checkpoint(path, EVERY).close()
        with (
            closing(Checkpoint(path, EVERY)),
            pytest.raises(ConfigurationError, match=r"locked.*[Ww]ait for the other run"),
        ):
            Checkpoint(path, EVERY)

    def test_a_file_that_is_no_database(self, path: Path) -> None:
        """A file of something else is left as it is."""
        path.write_text("key_id,verdict\n" * 100)
        with pytest.raises(ConfigurationError, match="not a database"):
            Checkpoint(path, EVERY)
        assert path.read_text() == "key_id,verdict\n" * 100

    def test_a_database_of_something_else(self, path: Path) -> None:
        """A database that this package did not make is left as it is."""
        with closing(sqlite3.connect(path)) as other:
            other.execute("CREATE TABLE keys (name TEXT)")
        before = path.read_bytes()
        with pytest.raises(ConfigurationError, match="the database of another program"):
            Checkpoint(path, EVERY)
        assert path.read_bytes() == before

    @pytest.mark.parametrize("version", [0, 2])
    def test_another_format(self, path: Path, version: int) -> None:
        """An older format, or a newer one, is named, with the one that is read."""
        Checkpoint(path, EVERY).close()
        with closing(sqlite3.connect(path)) as other:
            other.execute(f"PRAGMA user_version = {version}")
        with pytest.raises(ConfigurationError, match=f"format {version}.*reads 1.*[Nn]ame another file"):
            Checkpoint(path, EVERY)

    def test_another_filter(self, path: Path) -> None:
        """What one filter left out another may want, so a file belongs to one."""
        Checkpoint(path, KeyFilter(states=["Enabled"])).close()
        with pytest.raises(ConfigurationError, match=r"made for keys with states Enabled, .* for all keys"):
            Checkpoint(path, EVERY)
        Checkpoint(path, KeyFilter(states=["Enabled"])).close()

    def test_a_place_that_cannot_be_written(self, tmp_path: Path) -> None:
        """A directory that is not there is named before anything is asked."""
        with pytest.raises(ConfigurationError, match="unable to open"):
            Checkpoint(tmp_path / "missing" / "audit.db", EVERY)

    def test_another_account(self, path: Path) -> None:
        """Answers of one account are not mixed with those of another under the same name."""
        with closing(Checkpoint(path, EVERY)) as checkpoint:
            checkpoint.bind("", ACCOUNT)
            checkpoint.bind("prod", "444455556666")
        with closing(Checkpoint(path, EVERY)) as checkpoint:
            checkpoint.bind("", ACCOUNT)
            with pytest.raises(ConfigurationError, match=f"account {ACCOUNT}.*444455556666.*[Nn]ame another file"):
                checkpoint.bind("", "444455556666")

    def test_a_page_that_is_broken(self, path: Path) -> None:
        """A file that was damaged is an error of this package too, when it is read."""
        with closing(Checkpoint(path, EVERY)) as checkpoint:
            for number in range(300):
                checkpoint.add(HERE, arn_of(f"{number}"), facts())
        content = bytearray(path.read_bytes())
        content[20_000:] = b"x" * (len(content) - 20_000)  # behind what is read at the beginning
        path.write_bytes(content)
        with closing(Checkpoint(path, EVERY)) as checkpoint, pytest.raises(CheckpointError, match="malformed"):
            list(checkpoint.answers(HERE))

    def test_a_write_that_fails(self, path: Path) -> None:
        """A disk that is full is an error that says what is kept and how to go on."""
        with closing(Checkpoint(path, EVERY)) as checkpoint:
            checkpoint._connection.execute("PRAGMA max_page_count = 1")
            kept = 0

            def fill() -> None:
                nonlocal kept
                while kept < 10_000:
                    checkpoint.add(HERE, arn_of(f"{kept}"), facts(description="x" * 1000))
                    kept += 1

            with pytest.raises(CheckpointError, match=r"full.*stays good.*run the audit again"):
                fill()
        with closing(Checkpoint(path, EVERY)) as checkpoint:
            assert len(list(checkpoint.answers(HERE))) == kept

    @pytest.mark.skipif(os.name != "posix", reason="there are no such modes elsewhere")
    def test_it_is_for_its_owner_only(self, path: Path) -> None:
        """What it tells of an account is nobody else's business, and so it is with the files beside it."""
        with closing(Checkpoint(path, EVERY)) as checkpoint:
            checkpoint.add(HERE, arn_of(), facts())
            modes = {file.name: file.stat().st_mode & 0o777 for file in path.parent.iterdir()}
        assert modes["audit.db"] == 0o600
        assert set(modes.values()) == {0o600}


HALF = "arn:aws:kms:us-east-2:111122223333:key/\ud800"


class TestTextOfTheService:
    """Whatever a service names things by, it is no matter to the database."""

    @pytest.mark.parametrize(
        "arn", [HALF, 'arn:"\\', "arn:\0", "arn:é", "arn:\U0001f511", "a'); DROP TABLE answer"]
    )
    def test_names_of_any_letters(self, path: Path, arn: str) -> None:
        """A key is kept under its name and found under it, even one that no encoding holds."""
        target = Target("us-east-2", profile="prod\udce9")
        with closing(Checkpoint(path, EVERY)) as before:
            before.bind(target.caller, "\udfff")
            before.add(target, arn, facts(arn=arn))
            before.add(target, f"{arn}x", None)
        with closing(Checkpoint(path, EVERY)) as after:
            after.bind(target.caller, "\udfff")
            assert list(after.answers(target)) == [Answer(arn, facts(arn=arn)), Answer(f"{arn}x", None)]
            assert after.arns(target) == [arn, f"{arn}x"]

    @given(st.text(st.characters(), max_size=40))
    def test_ascii_and_back(self, text: str) -> None:
        """Any text comes back from what is kept of it, and no two are kept alike."""
        kept = to_ascii(text)
        assert kept.isascii()
        assert from_ascii(kept) == text

    def test_real_names_are_kept_as_they_are(self) -> None:
        """So a checkpoint can be looked into."""
        assert to_ascii(arn_of()) == arn_of()


SECRET = "TOP-SECRET-ROW"
DAMAGES = {
    "no JSON": f"UPDATE answer SET facts = '{SECRET}'",
    "no record": f"""UPDATE answer SET facts = '{{"key_id":"{SECRET}"}}'""",
    "no time": f"UPDATE answer SET facts = replace(facts, '2026-', '{SECRET}')",
    "no text": f"UPDATE answer SET facts = CAST('{SECRET}' AS BLOB)",
    "no UTF-8": f"UPDATE answer SET facts = CAST(CAST('{SECRET}' AS BLOB) || x'FFFE' AS TEXT)",
    "a number": "UPDATE answer SET facts = 7",
    "another key's": f"UPDATE answer SET arn = '{SECRET}'",
    "an ARN that is no text": "UPDATE answer SET arn = x'00ff'",
    "an ARN that was not escaped": "UPDATE answer SET arn = 'é'",
    "no table of answers": "DROP TABLE answer",
    "another table of answers": "ALTER TABLE answer RENAME COLUMN facts TO other",
    "no accounts": "DROP TABLE caller",
    "no account": f"UPDATE caller SET account_id = '{SECRET}'",
    "an account of few digits": "UPDATE caller SET account_id = '123'",
    "an account of letters": f"UPDATE caller SET account_id = '{SECRET[:12]}'",
    "an account that is a number": "UPDATE caller SET account_id = x'31'",
    "no filter": "DELETE FROM filter",
    "a filter that is no JSON": f"UPDATE filter SET words = '{SECRET}'",
    "a filter of something else": f"""UPDATE filter SET words = '{{"names":["{SECRET}"]}}'""",
    "no table of filters": "DROP TABLE filter",
}


def every_text(error: BaseException) -> str:
    """Return all that an error says, down its chain."""
    told = f"{error!s}{error!r}{error.args}{vars(error)}"
    return told + "".join(every_text(link) for link in (error.__cause__, error.__context__) if link is not None)


def use(path: Path) -> list[Answer]:
    """Do all that a run does with a checkpoint that it takes up."""
    with closing(Checkpoint(path, EVERY)) as checkpoint:
        checkpoint.bind("", ACCOUNT)
        checkpoint.arns(HERE)
        checkpoint.count()
        return list(checkpoint.answers(HERE))


class TestDamage:
    @pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
    def test_a_row_that_is_not_as_it_was_written(self, path: Path, damage: str) -> None:
        """It is named as damaged, with what to do, and nothing of what it holds is shown."""
        with closing(Checkpoint(path, EVERY)) as checkpoint:
            checkpoint.bind("", ACCOUNT)
            checkpoint.add(HERE, arn_of(), facts())
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute(damage)
        with pytest.raises(CheckpointError, match=r"audit\.db is damaged: .*Remove it, or name another") as caught:
            use(path)
        assert SECRET not in every_text(caught.value)

    @settings(max_examples=100, deadline=None)
    @given(st.data())
    def test_bytes_that_changed(self, data: st.DataObject) -> None:
        """Whatever happens to a file, it is used as it was or refused by name; a traceback is no answer."""
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory) / "audit.db"
            with closing(Checkpoint(path, EVERY)) as checkpoint:
                checkpoint.bind("", ACCOUNT)
                for number in range(30):
                    checkpoint.add(HERE, arn_of(f"{number}"), facts(key_id=f"{number}", description=SECRET))
            content = bytearray(path.read_bytes())
            at = data.draw(st.integers(0, len(content)))
            with_what = data.draw(st.binary(min_size=1, max_size=2000))
            content[at : at + len(with_what)] = with_what
            path.write_bytes(content[: data.draw(st.sampled_from([len(content), at]))])
            refused: list[CheckpointError | ConfigurationError] = []
            try:
                use(path)
            except (CheckpointError, ConfigurationError) as error:
                refused.append(error)
            assert all("audit.db" in str(error) and SECRET not in every_text(error) for error in refused)


def test_a_checkpoint_of_format_1_is_read_on(path: Path) -> None:
    """What an earlier version wrote, statement by statement, is continued; so none of this may change."""
    key = facts(aliases=("alias/a",))
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript(
            "PRAGMA application_id = 1263358796; PRAGMA user_version = 1;"
            "CREATE TABLE filter (words TEXT NOT NULL);"
            "CREATE TABLE caller (name TEXT PRIMARY KEY, account_id TEXT NOT NULL) WITHOUT ROWID;"
            "CREATE TABLE answer (caller, region, arn, facts TEXT, PRIMARY KEY (caller, region, arn)) "
            "WITHOUT ROWID;"
        )
        words = '{"managers": [], "states": [], "aliases": [], "tags": []}'
        connection.execute("INSERT INTO filter VALUES (?)", (words,))
        connection.execute("INSERT INTO caller VALUES ('', ?)", (ACCOUNT,))
        row = ("", HERE.region, key.arn, to_line(key, ascii_only=True))
        connection.execute("INSERT INTO answer VALUES (?, ?, ?, ?)", row)
    assert use(path) == [Answer(key.arn, key)]


def test_a_commit_waits_for_no_disk(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A write-ahead log that the system may write when it likes: a kill loses nothing, and a commit is quick."""
    opened: list[sqlite3.Connection] = []
    real: Any = sqlite3.connect

    def connect(*args: Any, **options: Any) -> Any:
        opened.append(real(*args, **options))
        return opened[0]

    monkeypatch.setattr(sqlite3, "connect", connect)
    with closing(Checkpoint(path, EVERY)):
        asked = (opened[0].execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous"))
        assert list(asked) == ["wal", 1]


def test_a_file_that_another_run_has_is_tried_for_half_a_second(
    path: Path, checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Eight times, each after a pause that is drawn: of runs that begin together one gets it."""
    slept: list[float] = []
    monkeypatch.setattr("time.sleep", slept.append)
    monkeypatch.setattr("random.random", lambda: 0.5)
    with pytest.raises(ConfigurationError, match="locked"):
        Checkpoint(path, EVERY)
    assert slept == [0.025] * 7


@pytest.mark.parametrize("name", ["", ":memory:", "file:audit.db"])
def test_what_sqlite_takes_for_no_file_is_refused(name: str) -> None:
    """A checkpoint that is gone with the process would be none."""
    with pytest.raises(ConfigurationError, match="has to be the name of a file"):
        Checkpoint(name, EVERY)
