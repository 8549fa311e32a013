"""Retirements against a LocalKMS, by a client of any kind."""

import json
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

from support.servers import Way

from awskms_lite import Pacing, retirement
from awskms_lite.local import LocalKMS
from awskms_lite.pacing import QUOTAS
from awskms_lite.retirement import KeyResult, Step
from awskms_lite.steps import Flow

T = TypeVar("T")

REGION = "us-east-2"
UNPACED = Pacing(dict.fromkeys(QUOTAS, 1000000.0))
"""As fast as the machine goes: nothing of what is tested with it depends on time."""
WATCH = timedelta(days=5, minutes=21)
"""As long as a watch of five days takes, late events included."""

ACTS = {"DisableKey": Step.DISABLE, "ScheduleKeyDeletion": Step.SCHEDULE, "CancelKeyDeletion": Step.CANCEL}
"""The acts that the tests count, and their steps."""


def old_key(kms: LocalKMS, **members: Any) -> str:
    """Add a key that nobody has used for long; return its ARN."""
    now = datetime.now(UTC)
    past: dict[str, Any] = {
        "created": now - timedelta(days=1100),
        "tracking_start": now - timedelta(days=200),
        "last_usage": now - timedelta(days=140),
    }
    return kms.add_key(**{**past, **members})


@contextmanager
def local_kms() -> Iterator[LocalKMS]:
    with LocalKMS(region=REGION) as server:
        yield server


class Retirer:
    """Retires keys of a LocalKMS with a ledger, by one way to call; every method takes one key, or returns one."""

    def __init__(self, way: Way, kms: LocalKMS, ledger: Path, **options: Any) -> None:
        start = time.time()
        given = {"environ": kms.environ, "pacing": UNPACED, "clock": lambda: start, **options}
        self._way = way
        self.kms = kms
        self.client = way.client(**given).client
        self.ledger = ledger

    def call(self, name: str, *args: Any, **options: Any) -> tuple[KeyResult, ...]:
        """Call a function of the package, its asynchronous form for an asynchronous client."""
        function = getattr(retirement, name if self._way.is_sync else f"{name}_async")
        results: tuple[KeyResult, ...] = self._way.run(partial(function, self.client, *args, **options))
        return results

    def check(self, key: str, **options: Any) -> KeyResult:
        (result,) = self.call("check", [key], **{"ledger": self.ledger, **options})
        return result

    def advance(self, key: str, **options: Any) -> KeyResult:
        (result,) = self.call("advance", [key], **{"ledger": self.ledger, **options})
        return result

    def undo(self, key: str, **options: Any) -> KeyResult:
        (result,) = self.call("undo", [key], **{"ledger": self.ledger, **options})
        return result

    def status(self, **options: Any) -> KeyResult:
        (result,) = self.call("status", ledger=self.ledger, **options)
        return result

    def state(self, key: str) -> str:
        """Return the state that KMS has a key in."""
        return str(self.do("describe_key", key).key_metadata.key_state)

    def do(self, method: str, *args: Any, **members: Any) -> Any:
        """Call a method of the client."""
        return self._way.run(partial(getattr(self.client, method), *args, **members))

    def run(self, flow: Flow[T]) -> T:
        """Run a flow by the client's driver."""
        result: T = self._way.run(self.client._driver.run, flow)
        return result

    def lines(self) -> list[str]:
        """Return the steps and phases of the ledger, in order."""
        members = [json.loads(line) for line in self.ledger.read_text().splitlines()]
        return [f"{line['step']} {line['phase']}" for line in members]


class Cut(BaseException):
    """Ends a run in the middle, as Ctrl-C does."""


def cut_at(flow: Flow[Any], number: int) -> Generator[Any, Any, Any]:
    """Run a flow up to its so-manieth step, which is carried out, and end it before its result comes back."""
    outcome: Any = None
    for taken in count(1):
        try:
            step = flow.send(outcome)
        except StopIteration as end:
            return end.value
        outcome = yield step
        if taken == number:
            flow.close()
            raise Cut
    raise AssertionError("a flow has an end")
