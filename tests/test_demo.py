"""The demonstration that `make demo` runs."""

import os
import re
import subprocess
import sys
from pathlib import Path

DEMO = Path(__file__).with_name("demo.py")


def test_the_demonstration_ends_as_it_was_seeded(tmp_path: Path) -> None:
    """In an environment with nothing in it the demonstration shows each verdict of both commands, and exits 0."""
    shown = subprocess.run(
        [sys.executable, DEMO],
        env={"PATH": os.defpath, "HOME": str(tmp_path)},
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
    assert sorted(re.sub(r" \([0-9-]+\)", "", row[column:].partition("  ")[0]) for row in rows) == [
        "AWS managed",
        "idle",
        "in use",
        "never used",
        "no record",
        "other account",
        "pending deletion",
        "too new",
        "unreadable (GetKeyLastUsage: AccessDeniedException)",
    ]
    assert "Every key got the verdict it was seeded for." in shown.stdout
    assert "NotFoundException" in shown.stderr
    assert "9 keys listed = 9 reported" in shown.stderr
