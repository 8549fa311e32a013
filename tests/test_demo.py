"""The demonstration that `make demo` runs."""

import os
import subprocess
import sys
from pathlib import Path

DEMO = Path(__file__).with_name("demo.py")


def test_the_demonstration_ends_as_it_was_seeded(tmp_path: Path) -> None:
    """In an environment with nothing in it the demonstration shows each verdict and the one error, and exits 0."""
    shown = subprocess.run(
        [sys.executable, DEMO],
        env={"PATH": os.defpath, "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert shown.returncode == 0, shown.stdout + shown.stderr
    rows = shown.stdout.partition("KEY  ")[2].splitlines()[1:]
    verdicts = [row[36:].split("  ")[1].strip() for row in rows[:4]]
    assert verdicts == ["used", "never used", "no record", "error: NotFoundException"]
    assert "Every key got the verdict it was seeded for." in shown.stdout
    assert "NotFoundException" in shown.stderr
