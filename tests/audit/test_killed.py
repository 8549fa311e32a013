"""An audit that is killed at any moment and taken up again comes to the same as an unbroken one."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from threading import Event
from typing import Any

import pytest
from support.audit_data import UNPACED, days, seed_every_verdict

from awskms_lite.audit import KeyFilter, Target, audit
from awskms_lite.audit.checkpoint import Checkpoint
from awskms_lite.audit.serialize import to_members
from awskms_lite.local import Latency, LocalKMS

CHILD = """
import sys
from support.audit_data import UNPACED
from awskms_lite.audit import audit
from awskms_lite.audit.serialize import to_line

for record in audit(regions=["us-east-2", "eu-west-1"], checkpoint=sys.argv[1], pacing=UNPACED):
    print(to_line(record))
"""
REGIONS = ["us-east-2", "eu-west-1"]
KEYS = 60
PATIENCE = 30


@pytest.fixture
def kms() -> Iterator[LocalKMS]:
    """Yield a KMS with keys in two regions, some of them multi-Region, whose answers take their time."""
    now = datetime.now(UTC)
    with LocalKMS(region=REGIONS[0]) as server:
        seed_every_verdict(server)
        for number in range(KEYS // 3):
            last_usage = now - days(number * 5)
            primary = server.add_key(created=now - days(300), last_usage=last_usage, multi_region=True)
            server.add_key(created=now - days(300), replica_of=primary, region=REGIONS[1])
            server.add_key(created=now - days(300), region=REGIONS[1], last_usage=last_usage)
        server.inject_fault(Latency(0.02), operation="GetKeyLastUsage")
        yield server


def begin(kms: LocalKMS, checkpoint: Path) -> subprocess.Popen[str]:
    path = os.pathsep.join([os.environ["PYTHONPATH"], str(Path(__file__).parent.parent)])
    environ = {**kms.environ, "PYTHONPATH": path}
    command = [sys.executable, "-c", CHILD, str(checkpoint)]
    return subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True)


def kept(checkpoint: Path) -> set[str]:
    """Return the ARNs of the keys that the checkpoint has an answer for."""
    with closing(Checkpoint(checkpoint, KeyFilter())) as opened:
        return {arn for region in REGIONS for arn in opened.arns(Target(region))}


def settled(kms: LocalKMS, operation: str) -> int:
    """Return how often an operation was asked for, once the last requests of a killed process have arrived."""
    before = -1
    while (asked := kms.stats.asked[operation]) != before:
        before = asked
        Event().wait(0.1)
    return asked


def comparable(records: Iterator[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the records in one order, without the moments when they were read."""
    return sorted(({**record, "checked_at": None} for record in records), key=lambda record: record["arn"])


@pytest.mark.parametrize("seed", range(2))
def test_a_killed_audit_is_taken_up_again(kms: LocalKMS, tmp_path: Path, seed: int) -> None:
    """Killed at random moments, an audit loses no answer, asks for none twice, and reports the same in the end."""
    checkpoint, random, have = tmp_path / "audit.db", Random(seed), set[str]()
    for _ in range(3):
        before, more = kms.stats.asked["GetKeyLastUsage"], random.randrange(1, 15)
        with begin(kms, checkpoint) as child:
            for _ in range(PATIENCE * 500):
                if kms.stats.asked["GetKeyLastUsage"] >= before + more or child.poll() is not None:
                    break
                Event().wait(0.002)
            child.kill()
        now_there = kept(checkpoint) if checkpoint.exists() else set[str]()
        assert have <= now_there
        have = now_there
    described = settled(kms, "DescribeKey")
    with begin(kms, checkpoint) as child:
        told, _ = child.communicate(timeout=PATIENCE)
    assert child.returncode == 0
    kms.clear_faults()
    with audit(regions=REGIONS, environ=kms.environ, pacing=UNPACED) as unbroken:
        expected = [to_members(record) for record in unbroken]
    assert comparable(map(json.loads, told.splitlines())) == comparable(iter(expected))
    total = len(expected)
    assert kms.stats.asked["DescribeKey"] - described == 2 * total - len(have)
    assert 0 < len(have) <= total


def test_who_was_asked_for_is_not_asked_for_again(kms: LocalKMS, tmp_path: Path) -> None:
    """After a kill exactly those keys are asked about whose answers are not in the file."""
    checkpoint = tmp_path / "audit.db"
    with begin(kms, checkpoint) as child:
        assert child.stdout is not None
        child.stdout.readline()
        child.kill()
    have = kept(checkpoint)
    with audit(regions=REGIONS, environ=kms.environ, pacing=UNPACED, checkpoint=checkpoint) as records:
        by_use = {record.arn for record in records if record.tracking_start is not None}
        assert records.summary.resumed == len(have)
        assert records.summary.usage_calls == len(by_use - have)
