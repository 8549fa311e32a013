"""Time that a test has frozen: clients, LocalKMS and the audit tell the frozen time, and wait by a real one."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
import time_machine
from freezegun import freeze_time
from support.either_client import EitherClient
from support.servers import WAYS, open_way

from awskms_lite import KMSClient, RetryPolicy
from awskms_lite.local import LocalKMS

pytestmark = pytest.mark.no_cover  # goes over lines again and again that other tests cover

THEN = datetime(2024, 1, 15, 12, tzinfo=UTC)

Freeze = Callable[[datetime], AbstractContextManager[Any]]
TOOLS: dict[str, Freeze] = {
    "freezegun": freeze_time,
    "freezegun, asyncio left alone": partial(freeze_time, real_asyncio=True),
    "time-machine": partial(time_machine.travel, tick=False),
}
every_tool = pytest.mark.parametrize("freeze", TOOLS.values(), ids=TOOLS)


@pytest.fixture
def server() -> Iterator[LocalKMS]:
    with LocalKMS() as server:
        yield server


def created(kms: Any) -> datetime:
    """Make a key; return when, as the server says."""
    moment: datetime = kms.create_key().key_metadata.creation_date
    return moment


@every_tool
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("made", ["before", "meanwhile"])
def test_the_first_request_is_fresh(server: LocalKMS, freeze: Freeze, way: str, made: str) -> None:
    """A client that is made before the time is frozen or after it signs by the clock that the server checks by."""
    with open_way(way) as opened:
        client = partial(EitherClient, opened, server)
        kms = client() if made == "before" else None
        with freeze(THEN):
            kms = kms or client()
            made_at = created(kms)
        later = created(kms)
    assert made_at == THEN
    assert later > THEN + timedelta(days=365)
    assert server.stats.asked == {"CreateKey": 2}


@every_tool
def test_each_clock_is_looked_up_when_it_is_used(server: LocalKMS, freeze: Freeze) -> None:
    """What freezes the time anew is seen by a client that is there, without a retry that sets its clock right."""
    with KMSClient(environ=server.environ, retry=RetryPolicy(max_attempts=1)) as kms:
        for days in (0, 1, 400):
            with freeze(THEN + timedelta(days=days)):
                assert created(kms) == THEN + timedelta(days=days)


AUDIT = """
import sys
from datetime import UTC, datetime
from functools import partial
import time_machine
from freezegun import freeze_time
from awskms_lite.audit import audit
from awskms_lite.local import Error, LocalKMS
from awskms_lite.pacing import Pacing

tool = freeze_time if sys.argv[1] == "freezegun" else partial(time_machine.travel, tick=False)
early = sys.argv[2] == "early"
if early:
    with tool(datetime(2024, 1, 15, tzinfo=UTC)):
        import awskms_lite.audit.iterators, awskms_lite.drivers
with LocalKMS() as server, tool(datetime(2024, 1, 15, tzinfo=UTC)):
    keys = [server.add_key() for _ in range(4)]
    server.inject_fault(Error("ThrottlingException"), operation="GetKeyLastUsage", times=2)
    pacing = Pacing({"GetKeyLastUsage": 20}, burst=1)
    with audit(environ=server.environ, idle_days=1, pacing=pacing) as run:
        records = list(run)
assert sorted(record.arn for record in records) == sorted(keys), records
assert {record.checked_at.date().isoformat() for record in records} == {"2024-01-15"}, records
assert not any(record.error for record in records), records
"""


@pytest.mark.parametrize("imported", ["early", "late"])
@pytest.mark.parametrize("tool", ["freezegun", "time-machine"])
def test_a_synchronous_audit_comes_to_its_end(tool: str, imported: str) -> None:
    """It waits for its turn and before its retries, by a clock that goes on, and judges by the frozen one."""
    command = [sys.executable, "-c", AUDIT, tool, imported]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 0, ended.stderr
