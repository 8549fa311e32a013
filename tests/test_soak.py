"""The soak, short; and its rules, each shown to bite."""

import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest
from soak import ALL, PASSING, PLANS, work
from support.fault_cases import CREATE, READ
from support.model_samples import least
from support.soak_ledger import (
    GROWTH_IN_BLOCKS,
    GROWTH_IN_BYTES,
    Book,
    Course,
    Ending,
    Footing,
    Job,
    footing,
    growth,
    wrongs,
)

from awskms_lite import KMSClient
from awskms_lite.errors import ClosedError, ProtocolError, TransportError
from awskms_lite.local import Error, Garbage, HandshakeFailure, Stats, Unavailable
from awskms_lite.models import CreateKeyResponse, KeyMetadata
from awskms_lite.models.usage import GetKeyLastUsageResponse, KeyLastUsageData

USED, LATER = datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 5, 2, tzinfo=UTC)
READ_JOB = Job(READ, "a", USED)


def test_a_short_soak(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thousand calls through faults end as they should, and nothing grows."""
    monkeypatch.delenv("PYTHONPATH")  # which hides trio
    script = Path(__file__).with_name("soak.py")
    command = [sys.executable, str(script), "--calls", "1000"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert " 500 GetKeyLastUsage: right\n" in ended.stdout


def test_the_faults_come_from_the_matrix() -> None:
    """Those that pass are the ones that a call that reads outlives; and the other soak knows all."""
    assert {Error("ThrottlingException"), Unavailable(503)} < PASSING < ALL
    assert not {Garbage("body"), HandshakeFailure()} & PASSING
    assert {Garbage("body"), HandshakeFailure()} < ALL
    assert [plan.faults for plan in PLANS] == [PASSING, ALL]


class Client:
    """Answers for every key with the same last use, or fails."""

    def __init__(self, used: datetime = USED, error: Exception | None = None) -> None:
        self._used = used
        self._error = error

    def get_key_last_usage(self, key_id: str) -> GetKeyLastUsageResponse:
        if self._error is not None:
            raise self._error
        return GetKeyLastUsageResponse(key_id=key_id, key_last_usage=KeyLastUsageData(timestamp=self._used))


def worked(client: Client, *jobs: Job) -> Book:
    book = Book()
    work(cast(KMSClient, client), iter(jobs), book)
    return book


def test_an_answer_to_another_call_is_seen() -> None:
    """The last use of another key is no answer, though the key id is right."""
    book = worked(Client(), Job(READ, "a", USED), Job(READ, "b", LATER))
    assert (book.endings, book.mixed_up) == ({Ending(READ, None): 1}, 1)


@pytest.mark.parametrize(
    ("job", "answer"),
    [
        (Job(READ, "a", USED), GetKeyLastUsageResponse()),
        (Job(READ, "a", USED), GetKeyLastUsageResponse(key_last_usage=KeyLastUsageData(timestamp=LATER))),
        (Job(CREATE, "a"), CreateKeyResponse(key_metadata=least(KeyMetadata, description="b"))),
    ],
)
def test_an_empty_or_foreign_answer_is_none(job: Job, answer: object) -> None:
    """What says nothing, or speaks of another key, does not answer the call."""
    assert not job.is_answered_by(answer)


def test_an_error_is_noted_with_what_it_leaves_open() -> None:
    """An error counts by its class, and by whether the outcome is unknown."""
    error = TransportError("broke off")
    error.outcome_unknown = True
    assert worked(Client(error=error), READ_JOB).endings == {Ending(READ, TransportError, unknown=True): 1}


def test_any_other_exception_ends_the_soak() -> None:
    """What is no error of ours is not counted but raised."""
    with pytest.raises(ZeroDivisionError):
        worked(Client(error=ZeroDivisionError()), READ_JOB)


ENDINGS = {
    Ending(READ, None): 80,
    Ending(READ, ProtocolError): 2,
    Ending(CREATE, None): 5,
    Ending(CREATE, TransportError, unknown=True): 3,
}
STRUCK = {"Garbage": 2, "Reset": 3}


def judged(
    *,
    more: Ending | None = None,
    mixed_up: int = 0,
    struck: Mapping[str, int] = STRUCK,
    calls: int = 90,
    made: int = 6,
    always_right: bool = False,
) -> str:
    """Return what is wrong with a soak of 90 calls that is as it should be, but for what is told."""
    book = Book()
    book.endings.update(ENDINGS)
    if more is not None:
        book.endings[more] += 1
        calls += 1
    book.mixed_up = mixed_up
    stats = Stats(connections=9, asked={READ: 82, CREATE: 8}, answered={}, faults=Counter(struck))
    return "; ".join(wrongs(book, stats, calls=calls, made=made, always_right=always_right))


@pytest.mark.parametrize("made", [5, 8])
def test_a_soak_as_it_should_be(made: int) -> None:
    """All calls ended, errors have their faults, and each key made is one that a call knows of or is unsure of."""
    assert judged(made=made) == ""


@pytest.mark.parametrize(
    ("wrong", "telling"),
    [
        ({"mixed_up": 1}, "1 answers were not the call's own; 91 of 90 calls"),
        ({"calls": 91}, "90 of 91 calls came to an end"),
        ({"made": 4}, "4 keys were made, where 5 calls say that they made one, and 3 do not know"),
        ({"made": 9}, "9 keys were made"),
        ({"struck": {"Garbage": 2}}, "only 2 of 90 requests met a fault"),
        ({"struck": {"Garbage": 1, "Reset": 3}}, "GetKeyLastUsage: ProtocolError (2): more"),
        ({"more": Ending(READ, ClosedError)}, "GetKeyLastUsage: ClosedError (1): more"),
        (
            {"more": Ending(READ, TransportError, True)},
            "GetKeyLastUsage: TransportError, outcome unknown (1): more",
        ),
        ({"more": Ending(CREATE, TransportError)}, "CreateKey: TransportError (1): more"),
        ({"always_right": True}, "GetKeyLastUsage: ProtocolError, where each call should get its answer"),
    ],
)
def test_each_wrong_is_told(wrong: dict[str, Any], telling: str) -> None:
    """A call lost or mixed up, a key too many or too few, an error without its fault: nothing is passed over."""
    assert telling in judged(**wrong)


WARM = Footing(blocks=100_000, resident=50_000_000, sockets=12)
BEFORE = WARM._replace(sockets=2)


def grown(*, end: Footing = WARM, after: Footing = BEFORE) -> str:
    """Return what grew over a course where nothing did, but for what is told."""
    return "; ".join(growth(Course(BEFORE, WARM, end, after), workers=16))


def test_what_comes_and_goes_is_no_growth() -> None:
    """A connection for each worker, some blocks and some pages are allowed."""
    most = Footing(100_000 + GROWTH_IN_BLOCKS, 50_000_000 + GROWTH_IN_BYTES, 18)
    assert grown(end=most) == ""


def test_without_proc_the_blocks_are_judged() -> None:
    """Where the system does not tell of bytes and sockets, Python's own memory is still watched."""
    warm, end, nothing = Footing(100_000), Footing(200_000), Footing(100_000)
    assert (
        "; ".join(growth(Course(nothing, warm, end, nothing), workers=16))
        == "Python's memory grew by 100000 blocks"
    )


@pytest.mark.parametrize(
    ("wrong", "telling"),
    [
        ({"end": WARM._replace(blocks=103_001)}, "Python's memory grew by 3001 blocks"),
        ({"end": WARM._replace(resident=60_000_000)}, "the process grew by 10000000 bytes"),
        ({"end": WARM._replace(sockets=19)}, "17 sockets for 16 calls at a time"),
        ({"after": BEFORE._replace(sockets=3)}, "3 sockets where there were 2 before"),
    ],
)
def test_each_growth_is_told(wrong: dict[str, Footing], telling: str) -> None:
    """Memory that is not given back, a socket for no worker, one left open: nothing is passed over."""
    assert grown(**wrong) == telling


def test_the_footing_is_the_processes_own() -> None:
    """Blocks that are held are counted, and so is a socket, where /proc tells."""
    before = footing()
    held = [[number] for number in range(1000)]
    with socket.socket():
        after = footing()
    assert after.blocks - before.blocks > len(held)
    if before.sockets is not None and after.sockets is not None:
        assert after.sockets == before.sockets + 1
