"""What a soak is judged by: the calls and what became of them, what the process has, and the rules for both."""

import ctypes
import gc
import os
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple

from support.fault_cases import CREATE, READ
from support.fault_matrix import MATRIX

from awskms_lite.errors import KMSLiteError
from awskms_lite.local import Stats

LEAST_SHARE = 0.035
"""Of all requests, how many must meet a fault for a soak to prove anything; 5 % are to, give or take chance."""
GROWTH_IN_BLOCKS = 3000
"""Blocks of Python's memory that a warm client may still take; one lost in every call comes to far more."""
GROWTH_IN_BYTES = 2 * 1024 * 1024
"""What its process may grow by: pages that are in use in part stay whole."""


class Ending(NamedTuple):
    """How a call ended: in the right answer (None), or in an error that may say that the outcome is unknown."""

    operation: str
    error: type[KMSLiteError] | None
    unknown: bool = False

    def __str__(self) -> str:
        what = "right" if self.error is None else self.error.__name__
        return f"{self.operation}: {what}{', outcome unknown' if self.unknown else ''}"


class Job(NamedTuple):
    """A call to make: about a key, last used as no other was, or for a new one of a description of its own."""

    operation: str
    subject: str
    used: datetime | None = None

    def ask(self, client: Any) -> Any:
        """Make the call; what an asynchronous client gives is to be awaited."""
        return (
            client.create_key(description=self.subject)
            if self.operation == CREATE
            else client.get_key_last_usage(self.subject)
        )

    def is_answered_by(self, answer: Any) -> bool:
        """Return whether the answer is this call's own."""
        if self.operation == CREATE:
            return bool(answer.key_metadata.description == self.subject)
        return answer.key_last_usage is not None and answer.key_last_usage.timestamp == self.used


class Book:
    """What became of the calls of one soak. Safe among threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self.endings: Counter[Ending] = Counter()
        self.mixed_up = 0
        """Answers that were not the call's own."""

    def answered(self, job: Job, answer: Any) -> None:
        with self._lock:
            if job.is_answered_by(answer):
                self.endings[Ending(job.operation, None)] += 1
            else:
                self.mixed_up += 1

    def failed(self, job: Job, error: KMSLiteError) -> None:
        with self._lock:
            self.endings[Ending(job.operation, type(error), error.outcome_unknown)] += 1


def named_by_the_matrix() -> Mapping[Ending, set[str]]:
    """Return the faults that each ending may come of, by the names that the stats have for them."""
    named: defaultdict[Ending, set[str]] = defaultdict(set)
    for row in MATRIX:
        faults = {type(fault).__name__ for fault in row.met.faults}
        if len(faults) == 1:  # of several it would not say which
            named[Ending(READ, row.read.error, row.read.unknown)] |= faults
            named[Ending(CREATE, row.create.error, row.create.unknown)] |= faults
    return named


def wrongs(book: Book, stats: Stats, *, calls: int, made: int, always_right: bool) -> Iterator[str]:
    """Return what is wrong with a soak of so many calls that made so many keys."""
    asked, struck = sum(stats.asked.values()), sum(stats.faults.values())
    if struck < LEAST_SHARE * asked:
        yield f"only {struck} of {asked} requests met a fault"
    if book.mixed_up:
        yield f"{book.mixed_up} answers were not the call's own"
    if (ended := book.endings.total() + book.mixed_up) != calls:
        yield f"{ended} of {calls} calls came to an end"
    named = named_by_the_matrix()
    for ending, times in book.endings.items():
        if ending.error is None:
            continue
        if always_right:
            yield f"{ending}, where each call should get its answer"
        if times > sum(stats.faults[fault] for fault in named.get(ending, ())):
            yield f"{ending} ({times}): more than the faults that the matrix names for it"
    sure = book.endings[Ending(CREATE, None)]
    unsure = sum(times for ending, times in book.endings.items() if ending.operation == CREATE and ending.unknown)
    if not sure <= made <= sure + unsure:
        yield f"{made} keys were made, where {sure} calls say that they made one, and {unsure} do not know"


class Footing(NamedTuple):
    """What the process has: blocks of Python's memory and, where /proc tells, bytes in all and sockets."""

    blocks: int
    resident: int | None = None
    sockets: int | None = None


def footing() -> Footing:
    """Return what the process has once garbage is collected and free memory is back with the system."""
    gc.collect()
    statm, descriptors = Path("/proc/self/statm"), Path("/proc/self/fd")
    if not statm.exists():
        return Footing(sys.getallocatedblocks())
    with suppress(
        AttributeError
    ):  # glibc keeps much of it until it is asked; others do not, and have no such name
        ctypes.CDLL(None).malloc_trim(0)
    pages = int(statm.read_text(encoding="ascii").split()[1])
    sockets = 0
    for descriptor in descriptors.iterdir():
        with suppress(FileNotFoundError):  # the one that lists them is listed too
            sockets += str(descriptor.readlink()).startswith("socket:")
    return Footing(sys.getallocatedblocks(), pages * os.sysconf("SC_PAGESIZE"), sockets)


class Course(NamedTuple):
    """What the process had before a client was made, when it was warm, at the end, and when it was closed."""

    before: Footing
    warm: Footing
    end: Footing
    after: Footing


def growth(course: Course, *, workers: int) -> Iterator[str]:
    """Return what grew over a course that should not have."""
    before, warm, end, after = course
    if end.blocks - warm.blocks > GROWTH_IN_BLOCKS:
        yield f"Python's memory grew by {end.blocks - warm.blocks} blocks"
    if warm.resident is not None and end.resident is not None and end.resident - warm.resident > GROWTH_IN_BYTES:
        yield f"the process grew by {end.resident - warm.resident} bytes"
    if before.sockets is None or end.sockets is None:
        return
    if end.sockets - before.sockets > workers:
        yield f"{end.sockets - before.sockets} sockets for {workers} calls at a time"
    if after.sockets != before.sockets:
        yield f"{after.sockets} sockets where there were {before.sockets} before"
