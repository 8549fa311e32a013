"""The demonstration that `make demo` runs, and what `make` makes for it."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from awskms_lite.cli.audit.outputs import FORMATS

DEMO = Path(__file__).with_name("demo.py")


def test_the_demonstration_ends_as_it_was_seeded(tmp_path: Path) -> None:
    """In an environment with nothing in it the demonstration shows each verdict of both commands, and exits 0."""
    shown = subprocess.run(
        [sys.executable, DEMO],
        env={"PATH": os.defpath, "HOME": str(tmp_path), "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert shown.returncode == 0, shown.stdout + shown.stderr
    usage, _, audit = shown.stdout.partition("$ awskms-lite audit\n")
    verdicts = [row[36:].split("  ")[1].strip() for row in usage.partition("KEY  ")[2].splitlines()[1:5]]
    assert verdicts == ["used", "never used", "no record", "error: NotFoundException"]
    heading, *rows = audit.splitlines()[:10]
    assert heading.startswith("KEY ")
    column = heading.index("VERDICT")
    assert sorted(row[column:].partition("  ")[0] for row in rows) == [
        "AWS managed",
        "idle",
        "in use",
        "never used",
        "no record",
        "other account",
        "pending deletion",
        "too new",
        "unreadable",
    ]
    assert "Every key got the verdict it was seeded for." in shown.stdout
    assert "NotFoundException" in shown.stderr
    assert "9 keys listed = 9 reported" in shown.stderr
    files = {name: re.search(rf"^  {name} +(/.*)$", shown.stdout, re.MULTILINE) for name in FORMATS}
    assert [name for name, file in files.items() if file is None or not Path(file[1]).stat().st_size] == []


@pytest.mark.parametrize("lines", [0, 1])
def test_a_reader_that_goes_away_sees_no_traceback(tmp_path: Path, lines: int) -> None:
    """`make demo | head -1` ends it early, with 141 as other commands do, and with no word about itself."""
    with subprocess.Popen(
        [sys.executable, DEMO], env={"PATH": os.defpath, "HOME": str(tmp_path)}, stdout=-1, stderr=-1
    ) as demo:
        assert demo.stdout is not None
        assert demo.stderr is not None
        for _ in range(lines):
            demo.stdout.readline()
        demo.stdout.close()
        said = demo.stderr.read()
    assert demo.returncode == 141, said
    assert b"Traceback" not in said
    assert b"BrokenPipe" not in said


FAKE = """#!/bin/sh
# A Python that writes down what it is asked; an environment that it makes holds one that is whole.
echo "$@" >> "$LOG"
case "$*" in
    "-m venv"*)
        shift $(($# - 1))
        mkdir -p "$1/bin"
        printf '#!/bin/sh\\n' > "$1/bin/python"
        chmod +x "$1/bin/python" ;;
esac
"""


@pytest.mark.skipif(shutil.which("make") is None, reason="there is no make here")
@pytest.mark.parametrize(
    ("left", "made_anew"), [(None, True), ("#!/bin/sh\nexit 1\n", True), ("#!/bin/sh\n", False)]
)
def test_a_half_made_environment_is_made_anew(tmp_path: Path, left: str | None, made_anew: bool) -> None:
    """Without pip, as Debian leaves one where ensurepip is missing, it is no good; a whole one is kept."""
    fake, venv, log = tmp_path / "python", tmp_path / "venv", tmp_path / "log"
    fake.write_text(FAKE)
    fake.chmod(0o755)
    if left is not None:
        (venv / "bin").mkdir(parents=True)
        (venv / "bin" / "python").write_text(left)
        (venv / "bin" / "python").chmod(0o755)
    ended = subprocess.run(
        ["make", f"PYTHON={fake}", f"VENV={venv}", f"{venv}/.base"],
        cwd=DEMO.parent.parent,
        env={"PATH": os.defpath, "LOG": str(log)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ended.returncode == 0, ended.stderr
    assert (f"-m venv --clear {venv}" in log.read_text().splitlines()) == made_anew
    assert ended.stderr.splitlines() == [f"Installing what awskms-lite needs into {venv} ..."]
