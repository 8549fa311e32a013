"""Many calls through many faults: `make soak`.

Two soaks, each in three ways: threads that share a client, and tasks that do under asyncio and under trio. The
KMS that they ask runs in a process of its own, and 5 % of what it is asked meet a fault.

    faults that pass    over http, 10 attempts a call: every call gets its answer
    all faults          over https, 3 attempts as by default, and one call in 20 makes a key: every call gets its
                        answer, or ends in an error that the fault matrix names for something that happened

Each key has a last use of its own, so that an answer to another call is seen. Pauses take a tenth of their time,
which shortens the soak and changes nothing else. After a fifth of its calls a client has all that it needs: from
then on neither memory nor sockets grow. Prints what happened; exits 0, or 1 where not all is as it should be.
"""

import argparse
import faulthandler
import multiprocessing
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple

import anyio
from support.fault_cases import CREATE, READ, Fault, count_keys
from support.fault_matrix import MATRIX
from support.servers import TLS, WAYS
from support.soak_ledger import Book, Course, Job, footing, growth, wrongs

from awskms_lite import AsyncKMSClient, KMSClient, RetryPolicy
from awskms_lite.errors import KMSLiteError
from awskms_lite.local import HandshakeFailure, LocalKMS, Stats

ALARM = 300
"""Seconds after which the soak counts as hung: it shows its stacks and ends."""
SHARE = 0.05
KEYS = 500
WORKERS = 16
TIMEOUTS = {"connect_timeout": 0.3, "read_timeout": 0.5}
"""In seconds: short of what the slow faults take, and long enough for a busy machine."""


class Plan(NamedTuple):
    """One soak; `create_every` tells which calls make a key, 0 for none."""

    name: str
    faults: frozenset[Fault]
    retry: RetryPolicy | None
    secure: bool
    create_every: int
    always_right: bool


HANDSHAKE = HandshakeFailure()
ALL = frozenset(fault for row in MATRIX for fault in row.met.faults)
PASSING = frozenset(fault for row in MATRIX if row.read.error is None for fault in row.met.faults) - {HANDSHAKE}
PLANS = (
    Plan("faults that pass", PASSING, RetryPolicy(max_attempts=10), False, 0, always_right=True),
    Plan("all faults", ALL, None, True, 20, always_right=False),
)


def serve(plan: Plan, seed: int, root: str, pipe: Connection) -> None:
    """Be the KMS, in a process of its own: tell where it is, then at the first word what it saw, then end."""
    tls = TLS()
    tls.write_root(root)
    requests = sorted(plan.faults - {HANDSHAKE}, key=repr)
    with LocalKMS(seed=seed, ssl_context=tls.server if plan.secure else None) as kms, suppress(EOFError):
        for fault in requests:  # together they strike SHARE of all requests
            kms.inject_fault(fault, probability=1 - (1 - SHARE) ** (1 / len(requests)))
        if HANDSHAKE in plan.faults:
            kms.inject_fault(HANDSHAKE, probability=SHARE)
        uses = [datetime(2026, 5, 1, tzinfo=UTC) + timedelta(seconds=number) for number in range(KEYS)]
        pipe.send((dict(kms.environ), [Job(READ, kms.add_key(last_usage=use), use) for use in uses]))
        pipe.recv()
        kms.clear_faults()
        pipe.send(kms.stats)
        pipe.recv()


class Served(NamedTuple):
    """The KMS in the other process."""

    pipe: Connection
    environ: dict[str, str]
    reads: list[Job]

    def jobs(self, numbers: range, create_every: int) -> Iterator[Job]:
        """Return calls, each to whoever asks next; `map` lets many threads ask."""
        return map(partial(self._job, create_every), numbers)

    def _job(self, create_every: int, number: int) -> Job:
        if create_every and number % create_every == 0:
            return Job(CREATE, f"key {number}")
        return self.reads[number % KEYS]

    def end(self) -> tuple[Stats, int]:
        """Clear all faults; return what the KMS saw, and how many keys were made."""
        self.pipe.send("how was it?")
        stats: Stats = self.pipe.recv()
        with KMSClient(environ=self.environ) as client:
            return stats, count_keys(client) - KEYS


@contextmanager
def served(plan: Plan, seed: int) -> Iterator[Served]:
    """Let another process be the KMS."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    with tempfile.TemporaryDirectory() as directory, ours:
        root = str(Path(directory) / "root.pem")
        process = context.Process(target=serve, args=(plan, seed, root, theirs), daemon=True)
        process.start()
        theirs.close()
        environ, reads = ours.recv()
        yield Served(ours, {**environ, "AWS_CA_BUNDLE": root}, reads)
        ours.close()
        process.join()


def work(client: KMSClient, jobs: Iterator[Job], book: Book) -> None:
    """Make calls until none is left."""
    for job in jobs:
        try:
            book.answered(job, job.ask(client))
        except KMSLiteError as error:
            book.failed(job, error)


async def work_async(client: AsyncKMSClient, jobs: Iterator[Job], book: Book) -> None:
    """Make calls until none is left."""
    for job in jobs:
        try:
            book.answered(job, await job.ask(client))
        except KMSLiteError as error:
            book.failed(job, error)


def go(phases: Sequence[Iterator[Job]], book: Book, **options: Any) -> Course:
    """Make the calls of both phases from threads."""
    stations = [footing()]
    with (
        KMSClient(sleep=lambda seconds: time.sleep(seconds / 10), **options) as client,
        ThreadPoolExecutor(WORKERS) as pool,
    ):
        for jobs in phases:
            for ended in [pool.submit(work, client, jobs, book) for _ in range(WORKERS)]:
                ended.result()
            stations.append(footing())
    before, warm, end = stations
    return Course(before, warm, end, footing())


async def go_async(phases: Sequence[Iterator[Job]], book: Book, **options: Any) -> Course:
    """Make the calls of both phases from tasks."""
    stations = [footing()]
    async with AsyncKMSClient(sleep=lambda seconds: anyio.sleep(seconds / 10), **options) as client:
        for jobs in phases:
            async with anyio.create_task_group() as tasks:
                for _ in range(WORKERS):
                    tasks.start_soon(work_async, client, jobs, book)
            stations.append(footing())
    await anyio.sleep(0.1)  # asyncio closes a socket a turn later
    before, warm, end = stations
    return Course(before, warm, end, footing())


def soak(plan: Plan, calls: int, seed: int) -> list[str]:
    """Go through one soak and print what happened; return what is wrong."""
    print(f"\n{plan.name}:", flush=True)
    book, begun, found = Book(), 0, list[str]()
    with served(plan, seed) as kms:
        options: dict[str, Any] = {"environ": kms.environ, "retry": plan.retry, **TIMEOUTS}
        for way, part in zip(WAYS, (calls - calls // 4 * 2, calls // 4, calls // 4), strict=True):
            warm, end = begun + part // 5, begun + part
            phases = [kms.jobs(numbers, plan.create_every) for numbers in (range(begun, warm), range(warm, end))]
            began = time.monotonic()
            if way == "sync":
                course = go(phases, book, **options)
            else:
                course = anyio.run(partial(go_async, **options), phases, book, backend=way)
            show_course(way, part, time.monotonic() - began, course)
            found += [f"{way}: {complaint}" for complaint in growth(course, workers=WORKERS)]
            begun = end
        stats, made = kms.end()
    show_book(book, stats, made)
    return [*found, *wrongs(book, stats, calls=calls, made=made, always_right=plan.always_right)]


def show_course(way: str, calls: int, seconds: float, course: Course) -> None:
    """Print how fast it went, and what the process had when warm, at the end and after."""
    _, warm, end, after = course
    print(
        f"  {way:8}{calls:7,} calls in {seconds:5.1f} s, {calls / seconds:5,.0f}/s;"
        f" Python's blocks {warm.blocks:,} -> {end.blocks:,};"
        f" resident {mebibytes(warm.resident)} -> {mebibytes(end.resident)} MiB;"
        f" sockets {warm.sockets} -> {end.sockets}, {after.sockets} after",
        flush=True,
    )


def mebibytes(count: int | None) -> str:
    return "unknown" if count is None else f"{count / 1024 / 1024:.1f}"


def show_book(book: Book, stats: Stats, made: int) -> None:
    """Print what the KMS saw, and how the calls ended."""
    asked, struck = sum(stats.asked.values()), sum(stats.faults.values())
    print(f"  {asked:,} requests over {stats.connections:,} connections; {made:,} keys made")
    faults = ", ".join(f"{name} {times:,}" for name, times in sorted(stats.faults.items()))
    print(f"  {struck:,} faults, {struck / asked:.1%}: {faults}")
    for ending, times in sorted(book.endings.items(), key=str):
        print(f"  {times:8,} {ending}")


def main() -> int:
    """Go through both soaks; return 0 if all was as it should be."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=100_000, help="in both soaks together (default: 100,000)")
    parser.add_argument("--seed", type=int, default=0, help="decides which requests meet which faults")
    arguments = parser.parse_args()
    faulthandler.dump_traceback_later(ALARM, exit=True)
    found = [
        f"{plan.name}: {wrong}" for plan in PLANS for wrong in soak(plan, arguments.calls // 2, arguments.seed)
    ]
    faulthandler.cancel_dump_traceback_later()
    print("", *found or ["All calls ended as they should, and nothing grew."], sep="\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
