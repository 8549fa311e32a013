"""The main job, shown: some keys of a local KMS, and what `awskms-lite usage` says of each.

Starts the embedded KMS, seeds a key for every verdict and names one that does not exist, runs the real command
against it over the socket, prints what it prints, and exits 0 exactly when the outcome is the seeded one.
"""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta

from awskms_lite.local import LocalKMS

TRACKING_START = datetime.now(UTC) - timedelta(days=200)


def main() -> int:
    """Run the demonstration; give 0 where every key got the verdict it was seeded for."""
    with LocalKMS(region="us-east-2") as server:
        expected = seed(server)
        command = [sys.executable, "-m", "awskms_lite", "usage", *expected]
        environ = {**os.environ, **server.environ}
        print(f"A local KMS listens on {server.endpoint_url} and holds {len(expected) - 1} keys.\n")
        print("$ awskms-lite usage KEY KEY KEY KEY", flush=True)
        table = subprocess.run(command, env=environ, check=False)
        answers = subprocess.run(
            [*command, "--output", "json"],
            env=environ,
            check=False,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
    found = {row["Key"]: row.get("Verdict") or row["Error"]["Code"] for row in json.loads(answers.stdout)}
    as_seeded = found == expected and table.returncode == answers.returncode == 1
    print("\nEvery key got the verdict it was seeded for." if as_seeded else f"\nWrong: expected {expected}")
    return 0 if as_seeded else 1


def seed(server: LocalKMS) -> dict[str, str]:
    """Make a key for every verdict; give what to expect of each, by its id, and of one that does not exist."""
    now = datetime.now(UTC)
    old = TRACKING_START - timedelta(days=900)
    young = now - timedelta(days=30)
    arns = {
        server.add_key(created=old, tracking_start=TRACKING_START, last_usage=now - timedelta(days=3)): "used",
        server.add_key(created=young): "never_used",
        server.add_key(created=old, tracking_start=TRACKING_START): "no_record",
    }
    expected = {arn.rpartition("/")[2]: verdict for arn, verdict in arns.items()}
    return {**expected, "00000000-0000-0000-0000-000000000000": "NotFoundException"}


if __name__ == "__main__":
    sys.exit(main())
