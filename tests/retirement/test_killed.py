"""Retirements that are ended at any point are continued by the next run, and nothing is done without a line."""

import os
import signal
import subprocess
import sys
from collections.abc import Generator, Iterator
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from support.retiring import ACTS, UNPACED, WATCH, Cut, Retirer, cut_at, local_kms, old_key
from support.servers import open_way

from awskms_lite import KMSClient
from awskms_lite.local import LocalKMS
from awskms_lite.retirement import Outcome, Phase, Step, read_ledger
from awskms_lite.retirement.records import EVENT_DELAY, Rules
from awskms_lite.retirement.runs import Job
from awskms_lite.steps import Flow

CHILD = """
import os, signal, sys

ledger, key, function, number, when = sys.argv[1:]
calls, fsync = 0, os.fsync

def counted(descriptor):
    global calls
    calls += 1
    if calls == int(number) and when == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    fsync(descriptor)
    if calls == int(number):
        os.kill(os.getpid(), signal.SIGKILL)

os.fsync = counted

from support.retiring import UNPACED
from awskms_lite import KMSClient, retirement

with KMSClient(pacing=UNPACED) as client:
    getattr(retirement, function)(client, [key], ledger=ledger)
"""


@pytest.fixture
def kms() -> Iterator[LocalKMS]:
    with local_kms() as server:
        yield server


@pytest.fixture
def retirer(kms: LocalKMS, tmp_path: Path) -> Iterator[Retirer]:
    with open_way("sync") as way:
        yield Retirer(way, kms, tmp_path / "retire.jsonl")


def run_to(kms: LocalKMS, ledger: Path, key: str, function: str, number: int, when: str) -> int:
    """Run a function in a process that is killed before or after the so-manieth flush; return how it ended."""
    environ = {**kms.environ, "PATH": os.defpath, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", CHILD, str(ledger), key, function, str(number), when]
    return subprocess.run(command, env=environ, check=False, timeout=60).returncode


def begin(retirer: Retirer, phase: str) -> str:
    """Return a key on whose path the phase comes next."""
    retirer.ledger.unlink(missing_ok=True)
    key = old_key(retirer.kms)
    if phase != "disable":
        retirer.advance(key)
        retirer.kms.advance(WATCH)
    if phase == "undo":
        retirer.advance(key)
    return key


def go_on(retirer: Retirer, key: str, phase: str) -> None:
    """Run again; an act that was announced and does not show has to wait for what CloudTrail tells late."""
    before = {operation: retirer.kms.stats.asked[operation] for operation in ACTS}
    result = retirer.undo(key) if phase == "undo" else retirer.advance(key)
    assert result.outcome in (Outcome.DONE, Outcome.WAITING)
    if result.stage == "an act is announced, and may have been sent":
        assert before == {operation: retirer.kms.stats.asked[operation] for operation in ACTS}
        retirer.kms.advance(EVENT_DELAY + timedelta(minutes=1))
        assert retirer.advance(key).outcome is Outcome.DONE


def check_announced(retirer: Retirer, before: dict[str, int]) -> None:
    """Check that no act was sent more often than the ledger has announced it, of one key and file."""
    entries = read_ledger(retirer.ledger)
    for operation, step in ACTS.items():
        sent = retirer.kms.stats.asked[operation] - before[operation]
        assert sent <= sum(entry.step is step and entry.phase is Phase.INTENT for entry in entries)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("phase", ["disable", "schedule", "undo"])
def test_a_kill_at_any_line_is_repaired(retirer: Retirer, phase: str, when: str) -> None:
    """Before or behind each flush of each step: the next run records what was done, and does what was not."""
    function = "undo" if phase == "undo" else "advance"
    wanted = {"disable": "Disabled", "schedule": "PendingDeletion", "undo": "Enabled"}[phase]
    for number in count(1):
        before = {operation: retirer.kms.stats.asked[operation] for operation in ACTS}
        key = begin(retirer, phase)
        ended = run_to(retirer.kms, retirer.ledger, key, function, number, when)
        check_announced(retirer, before)
        if phase == "undo" and ended:  # nothing but the undo goes on
            stopped = retirer.advance(key)
            assert stopped.outcome in (Outcome.STOPPED, Outcome.WAITING, Outcome.BLOCKED)
        go_on(retirer, key, phase)
        assert retirer.state(key) == wanted
        check_announced(retirer, before)
        entries = read_ledger(retirer.ledger)
        steps = [entry.step for entry in entries if entry.phase is not Phase.INTENT]
        assert {"disable": Step.DISABLE, "schedule": Step.SCHEDULE, "undo": Step.VERIFY}[phase] in steps
        if ended == 0:
            break
        assert ended == -signal.SIGKILL
    assert number >= 4  # as many as there are lines


@pytest.mark.parametrize("phase", ["disable", "schedule", "undo"])
def test_an_interrupt_at_any_step_is_repaired(retirer: Retirer, phase: str) -> None:
    """Behind each single request and line: what is open then is closed by the next run."""
    wanted = {"disable": "Disabled", "schedule": "PendingDeletion", "undo": "Enabled"}[phase]
    client = retirer.client
    for number in count(1):
        before = {operation: retirer.kms.stats.asked[operation] for operation in ACTS}
        key = begin(retirer, phase)
        job = Job(client=client, keys=[key], rules=Rules(), role_arns=(), on_result=None)
        flow = job.undo(retirer.ledger) if phase == "undo" else job.advance(retirer.ledger)
        is_over = False
        try:
            client._driver.run(cut_at(flow, number))
            is_over = True
        except Cut:
            pass
        check_announced(retirer, before)
        go_on(retirer, key, phase)
        assert retirer.state(key) == wanted
        check_announced(retirer, before)
        if is_over:
            break
    assert number > 10


def test_nothing_is_sent_before_its_line_is_on_disk(kms: LocalKMS, tmp_path: Path) -> None:
    """At the moment when a request that changes a key is sent, the ledger ends in its intent."""
    path, seen = tmp_path / "retire.jsonl", list[str]()

    def watched(flow: Flow[Any]) -> Generator[Any, Any, Any]:
        outcome: Any = None
        while True:
            try:
                step = flow.send(outcome)
            except StopIteration as end:
                return end.value
            if getattr(step, "mutating", False):
                last = read_lines(path)[-1]
                assert last.phase is Phase.INTENT
                assert ACTS.get(target(step), Step.ENABLE) is last.step
                seen.append(target(step))
            outcome = yield step

    with KMSClient(environ=kms.environ, pacing=UNPACED) as client:
        key = old_key(kms)
        job = Job(client=client, keys=[key], rules=Rules(), role_arns=(), on_result=None)
        client._driver.run(watched(job.advance(path)))
        kms.advance(WATCH)
        client._driver.run(watched(job.advance(path)))
        client._driver.run(watched(job.undo(path)))
    assert seen == ["DisableKey", "ScheduleKeyDeletion", "CancelKeyDeletion", "EnableKey"]


def read_lines(path: Path) -> list[Any]:
    """Return the entries of a ledger that a run has open."""
    from awskms_lite.retirement.lines import from_line

    return [from_line(line) for line in path.read_bytes().splitlines()]


def target(step: Any) -> str:
    """Return the operation that a request is for."""
    headers = {name.lower(): value for name, value in step.request.headers}
    return str(headers["x-amz-target"]).rpartition(".")[2]
