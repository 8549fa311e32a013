"""Make a picture of the HTML report for the documentation: `make screenshot`."""

import sys
import tempfile
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TESTS))

from support.chromium import chromium, screenshot, show  # noqa: E402 - after the path to it
from support.fleet import records, write_page  # noqa: E402

WIDTH, HEIGHT, SCALE = 1280, 1540, 0.8
"""Pixels of the page, all but the end of the table, and pixels of the picture for each."""
AT_MOST = 200_000
"""Bytes: the picture is cloned with the repository, for ever."""


def main(file: str) -> int:
    """Write the picture; return 1 if it has become too large."""
    with tempfile.TemporaryDirectory() as folder, chromium() as driver:
        page = write_page(Path(folder) / "report.html", records(500, accounts=5))
        show(driver, page, width=WIDTH, height=HEIGHT, scale=SCALE)
        image = screenshot(driver)
    Path(file).write_bytes(image)
    print(f"{file}: {len(image):,} bytes")
    return len(image) > AT_MOST


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
