"""The main job, shown: the last use of some keys of a local KMS, the audit of an account, and what to do about it.

Starts the embedded KMS, seeds a key for every verdict there is, runs the real commands against it over the socket,
prints what they print, and exits 0 exactly when the outcome is the seeded one.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from awskms_lite.cli.audit.outputs import FORMATS
from awskms_lite.local import LocalKMS

NOW = datetime.now(UTC)
MISSING = "00000000-0000-0000-0000-000000000000"
OTHER_ACCOUNT = "444455556666"


def main() -> int:
    """Run the demonstration; return 0 if every key got the verdict it was seeded for, and the plan is right."""
    with LocalKMS(region="us-east-2") as server:
        by_verdict = seed(server)
        print(f"A local KMS listens on {server.endpoint_url} and holds {len(by_verdict)} keys.\n")
        environ = {**os.environ, **server.environ}
        right = show_usage(by_verdict, environ) and show_audit(by_verdict, environ)
        print(f"\n{'Every' if right else 'Wrong: not every'} key got the verdict it was seeded for.")
        written = show_reports(environ)
        planned = show_plan(by_verdict, environ)
    print(f"\nThe plan of a retirement {'is' if planned else 'is not'} as seeded, and changed nothing.")
    return 0 if right and written and planned else 1


def seed(server: LocalKMS) -> dict[str, str]:
    """Make a key for every verdict of an audit; return their ARNs by verdict."""
    old: Any = {"created": NOW - timedelta(days=1100), "tracking_start": NOW - timedelta(days=200)}
    keys = {
        "in_use": server.add_key(**old, last_usage=NOW - timedelta(days=3), aliases=["alias/orders"]),
        "idle": server.add_key(**old, last_usage=NOW - timedelta(days=140), aliases=["alias/old-shop"]),
        "never_used": server.add_key(created=NOW - timedelta(days=120), aliases=["alias/forgotten"]),
        "no_record": server.add_key(**old, aliases=["alias/archive"]),
        "too_new": server.add_key(created=NOW - timedelta(days=30), aliases=["alias/new-shop"]),
        "pending_deletion": server.add_key(**old, state="PendingDeletion", aliases=["alias/test"]),
        "aws_managed": server.add_key(**old, manager="AWS", aliases=["alias/aws/s3"]),
        "other_account": server.add_key(**old, account_id=OTHER_ACCOUNT, shared_with=["111122223333"]),
        "unreadable": server.add_key(**old, aliases=["alias/vault"]),
    }
    server.deny("GetKeyLastUsage", key=keys["unreadable"])
    return keys


def show_usage(keys: Mapping[str, str], environ: Mapping[str, str]) -> bool:
    """Show `awskms-lite usage`; return whether its answers are those that were seeded."""
    expected = {
        key_id(keys["in_use"]): "used",
        key_id(keys["never_used"]): "never_used",
        key_id(keys["no_record"]): "no_record",
        MISSING: "NotFoundException",
    }
    command = [sys.executable, "-m", "awskms_lite", "usage", *expected]
    print("$ awskms-lite usage KEY KEY KEY KEY", flush=True)
    table = subprocess.run(command, env=environ, check=False)
    answers = quietly([*command, "--output", "json"], environ)
    found = {row["Key"]: row.get("Verdict") or row["Error"]["Code"] for row in json.loads(answers.stdout)}
    return found == expected and table.returncode == answers.returncode == 1


def show_audit(keys: Mapping[str, str], environ: Mapping[str, str]) -> bool:
    """Show `awskms-lite audit`; return whether every key of the account got the verdict it was seeded for."""
    command = [sys.executable, "-m", "awskms_lite", "audit"]
    print("\n$ awskms-lite audit", flush=True)
    table = subprocess.run(command, env=environ, check=False)
    lines = quietly([*command, "--output", "jsonl"], environ)
    found = {record["arn"]: record["verdict"] for record in map(json.loads, lines.stdout.splitlines())}
    not_whole = table.returncode == lines.returncode == 3  # one key is unreadable
    return found == {arn: verdict for verdict, arn in keys.items()} and not_whole


def show_reports(environ: Mapping[str, str]) -> bool:
    """Write the audit in every format to a folder, and name the files; return whether all are there."""
    folder = Path(tempfile.mkdtemp(prefix="awskms-lite-"))
    files = {name: folder / f"keys.{'txt' if name == 'table' else name}" for name in FORMATS}
    outputs = [word for name, file in files.items() for word in ("--output", f"{name}:{file}")]
    quietly([sys.executable, "-m", "awskms_lite", "audit", *outputs], environ)
    print("\n$ awskms-lite audit --output FORMAT:FILE ...\nThe same audit in every format:", flush=True)
    for name, file in files.items():
        print(f"  {name:5}  {file}")
    return all(file.is_file() and file.stat().st_size for file in files.values())


def show_plan(keys: Mapping[str, str], environ: Mapping[str, str]) -> bool:
    """Show `awskms-lite retire`; return whether nothing but consent stands against it, and nothing was changed."""
    names = [keys["idle"], keys["in_use"]]
    command = [sys.executable, "-m", "awskms_lite", "retire", *names]
    print("\n$ awskms-lite retire IDLE IN_USE", flush=True)
    table = subprocess.run(command, env=environ, check=False)
    plans = json.loads(quietly([*command, "--output", "json"], environ).stdout)
    found = [(plan["key_arn"], plan["state"], plan["needed"]) for plan in plans]
    return found == [(names[0], "Enabled", []), (names[1], "Enabled", ["recent_use"])] and table.returncode == 1


def quietly(command: list[str], environ: Mapping[str, str]) -> subprocess.CompletedProcess[bytes]:
    """Run a command for what it prints to standard output."""
    return subprocess.run(command, env=environ, check=False, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)


def key_id(arn: str) -> str:
    """Return the key id in a key's ARN."""
    return arn.rpartition("/")[2]


if __name__ == "__main__":
    try:
        code = main()
        sys.stdout.flush()
    except BrokenPipeError:  # as `| head` leaves behind
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python's last flush would fail too
        code = 141
    sys.exit(code)
