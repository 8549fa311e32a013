"""Speed and memory of awskms_lite beside botocore and the bare libraries: `make bench`.

Every figure is taken in turns with the ones it is compared with (A B C A B C ...), and what counts is the
ratio: a slow or busy machine slows them all. "Floor" is the same job done with httpx, attrs and cattrs alone.
Only the standard library is imported here, since a child's peak memory begins with that of its parent.
"""

import argparse
import faulthandler
import importlib.util
import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import NamedTuple, TypeAlias

from auditing import audit_at_quota, audit_memory, audit_regions, audit_unpaced

Samples: TypeAlias = dict[str, dict[str, list[float]]]
"""Contender, then what was measured, then the samples in the order they were taken."""

HERE = Path(__file__).parent
AT_MOST_SECONDS = 1200
REPEATS = 5
# Each would change what httpx does: it asks for the first two at every call, and the others make it import
# a command line of its own.
UNWANTED = ("sniffio", "trio", "rich", "click")
PROCESSES = {
    "ours": "import cold_ours",
    "floor": "import cold_floor; cold_floor.ask()",
    "floor, no TLS roots": (
        "import cold_floor, ssl; cold_floor.ask(verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))"
    ),
    "botocore": "import cold_botocore",
}
# 1,000 calls against 200 a second; the burst is not counted on. Where others take half of it after 2.5 s, half
# of the calls are still to come then.
QUOTA, OTHERS = ("200", "50"), ("100", "2.5")
EXPECTED = "Decrypt 2026-05-28T20:26:40.456+00:00\n"


class Row(NamedTuple):
    """A line of the table: what is compared, in which unit, and how far the ratio (ours / other) may go.

    A `plain` line has no ratio: its limit is for our own figure.
    """

    what: str
    metric: str
    unit: str
    other: str
    at_most: float | None = None
    at_least: float | None = None
    ours: str = "ours"
    plain: bool = False


class Bench(NamedTuple):
    """What is measured in one go, and the lines that come of it."""

    title: str
    measure: Callable[[int, dict[str, str]], Samples]
    rows: list[Row]


UNITS: dict[str, Callable[[float], str]] = {
    "ms": lambda seconds: f"{1e3 * seconds:.1f} ms",
    "us": lambda seconds: f"{1e6 * seconds:.1f} us",
    "ns": lambda seconds: f"{1e9 * seconds:.0f} ns",
    "MB": lambda kilobytes: f"{kilobytes / 1024:.1f} MB",
    "1/s": lambda seconds: f"{1 / seconds:,.0f} /s",
    "s": lambda seconds: f"{seconds:.2f} s",
    "%": lambda part: f"{100 * part:.1f}%",
    "calls": lambda number: f"{number:.0f}",
}


def cold(rounds: int, environ: dict[str, str]) -> Samples:
    """Start processes that make one call each, and wait for their end."""
    samples: Samples = {name: {"wall": [], "cpu": [], "memory": []} for name in PROCESSES}
    for code in PROCESSES.values():  # this also writes the bytecode files
        told = subprocess.run(
            [sys.executable, "-c", code], cwd=HERE, env=environ, stdout=subprocess.PIPE, text=True, check=True
        ).stdout
        if told != EXPECTED:
            raise RuntimeError(f"{code!r} printed {told!r}, not {EXPECTED!r}")
    for _ in range(rounds):
        for name, code in PROCESSES.items():
            begin = perf_counter()
            process = subprocess.Popen(
                [sys.executable, "-c", code], cwd=HERE, env=environ, stdout=subprocess.DEVNULL
            )
            _, status, used = os.wait4(process.pid, 0)
            wall = perf_counter() - begin
            process.returncode = os.waitstatus_to_exitcode(status)
            if process.returncode:
                raise RuntimeError(f"{code!r} ended with {process.returncode}")
            samples[name]["wall"].append(wall)
            samples[name]["cpu"].append(used.ru_utime + used.ru_stime)
            samples[name]["memory"].append(used.ru_maxrss / (1024 if sys.platform == "darwin" else 1))
    return samples


def inside(name: str) -> Callable[[int, dict[str, str]], Samples]:
    """Return what measures one of the benches of inside.py, in some processes of its own, one after the other.

    Each process has its own layout of memory, and with it its own ratio: they are some percent apart.
    """

    def measure(rounds: int, environ: dict[str, str]) -> Samples:
        samples: Samples = {}
        for share in filter(None, (rounds * (n + 1) // REPEATS - rounds * n // REPEATS for n in range(REPEATS))):
            command = [sys.executable, str(HERE / "inside.py"), name, str(share)]
            told = subprocess.run(command, env=environ, stdout=subprocess.PIPE, check=True).stdout
            for contender, metrics in json.loads(told).items():
                for metric, values in metrics.items():
                    samples.setdefault(contender, {}).setdefault(metric, []).extend(values)
        return samples

    return measure


def against_quota(ideal: float, *quota: str) -> Callable[[int, dict[str, str]], Samples]:
    """Return what lets each contender make its calls once, against a server of its own with that quota."""

    def measure(_: int, environ: dict[str, str]) -> Samples:
        samples: Samples = {"ideal": {"wall": [ideal]}}
        for name in ("ours", "botocore standard", "botocore adaptive"):
            with serving(surroundings(), *quota) as port:
                there = {**environ, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}"}
                command = [sys.executable, str(HERE / "pacing.py"), name]
                told = subprocess.run(command, env=there, stdout=subprocess.PIPE, check=True).stdout
            samples[name] = {metric: [value] for metric, value in json.loads(told).items()}
        return samples

    return measure


def paced(time_limit: float | None, throttled_limit: float | None) -> list[Row]:
    """Return the lines of many calls against a quota; no call may fail."""
    rows = [Row("1,000 calls", "wall", "s", "ideal", at_most=time_limit)]
    for what, metric, unit, limit in (
        ("", "wall", "s", None),
        ("throttled requests", "throttled", "%", throttled_limit),
        ("failed calls", "failed", "calls", 0),
    ):
        standard = Row(what, metric, unit, "botocore standard", limit, plain=metric != "wall")
        rows += [standard, standard._replace(what="", other="botocore adaptive", at_most=None)]
    return rows


BENCHES = {
    "cold": Bench(
        "a process that makes one call",
        cold,
        [
            Row("from start to end", "wall", "ms", "floor", at_most=1.08),
            Row("", "wall", "ms", "floor, no TLS roots"),
            Row("", "wall", "ms", "botocore"),
            Row("CPU time", "cpu", "ms", "floor"),
            Row("", "cpu", "ms", "floor, no TLS roots"),
            Row("", "cpu", "ms", "botocore"),
            Row("peak memory", "memory", "MB", "floor"),
            Row("", "memory", "MB", "botocore"),
        ],
    ),
    "warm": Bench(
        "one more call",
        inside("warm"),
        [
            Row("from start to end", "wall", "us", "httpx.Client.send", at_most=1.25),
            Row("", "wall", "us", "botocore"),
            Row("CPU time", "cpu", "us", "httpx.Client.send"),
            Row("", "cpu", "us", "botocore"),
        ],
    ),
    "together": Bench(
        "calls a second, 50 at a time (asyncio)",
        inside("together"),
        [Row("calls", "wall", "1/s", "one httpx.AsyncClient", at_least=2.0)],
    ),
    "sign": Bench(
        "parts of a call",
        inside("sign"),
        [Row("signing", "wall", "us", "botocore", at_most=0.2)],
    ),
    "decode": Bench("parts of a call", inside("decode"), [Row("decoding", "wall", "us", "botocore")]),
    "credentials": Bench(
        "parts of a call",
        inside("credentials"),
        [
            Row("resolve_credentials()", "wall", "ns", "empty method", at_most=10),
            Row("credentials in a call", "wall", "ns", "empty method", at_most=10, ours="within a call"),
        ],
    ),
    "pacing": Bench("a quota of 200 a second, 50 calls at a time", against_quota(5.0, *QUOTA), paced(1.05, 0.02)),
    "sharing": Bench(
        "... of which others take half after 2.5 s", against_quota(7.5, *QUOTA, *OTHERS), paced(None, None)
    ),
    "audit": Bench(
        "an audit, at 5 keys a second",
        audit_at_quota,
        [
            Row("200 keys", "wall", "s", "ideal", at_most=1.02),
            Row("throttled answers", "throttled", "calls", "ours", at_most=2, plain=True),
        ],
    ),
    "audit-regions": Bench(
        "an audit, at 5 keys a second",
        audit_regions,
        [Row("100 keys, 50 regions", "wall", "s", "one region", at_most=1.05)],
    ),
    "audit-unpaced": Bench(
        "an audit of 10,000 keys, without quotas",
        audit_unpaced,
        [
            Row("keys", "wall", "1/s", "bare loop", at_least=0.6),
            Row("keys, checkpoint", "wall", "1/s", "bare loop", ours="kept"),
        ],
    ),
    "audit-memory": Bench(
        "an audit of 100,000 keys, without quotas",
        audit_memory,
        [Row("memory above 100 keys", "memory", "MB", "100 keys", at_most=64 * 1024, plain=True)],
    ),
}


def show(row: Row, samples: Samples) -> bool:
    """Print a line of the table; say whether its limit is kept."""
    ours, other = samples[row.ours][row.metric], samples[row.other][row.metric]
    unit = UNITS[row.unit]
    if row.plain:
        measured, ratios, show_limit = max(ours), f"{'':14}", unit
    else:
        # Calls a second are the reciprocal of seconds a call, and so is their ratio.
        measured, best = (
            pick(other) / pick(ours) if row.unit == "1/s" else pick(ours) / pick(other) for pick in (median, min)
        )
        ratios, show_limit = f"{measured:>6.2f}{best:>8.2f}", "{:g}".format
    limit, kept = "", True
    if row.at_most is not None:
        limit, kept = f"<= {show_limit(row.at_most)}", measured <= row.at_most
    elif row.at_least is not None:
        limit, kept = f">= {show_limit(row.at_least)}", measured >= row.at_least
    figure = unit(median(ours)) if row.what else ""
    print(
        f"  {row.what:<22}{figure:>10}  {row.other + ' ' + unit(median(other)):<34}"
        f"{ratios}   {limit:<11}{('ok' if kept else 'OVER') if limit else ''}".rstrip(),
        flush=True,
    )
    return kept


@contextmanager
def serving(environ: dict[str, str], *quota: str) -> Iterator[int]:
    """Run the server, with a quota if one is given; give its port."""
    command = [sys.executable, str(HERE / "server.py"), *quota]
    with subprocess.Popen(command, env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        assert server.stdout is not None
        try:
            yield int(server.stdout.readline())
        finally:
            server.terminate()


def surroundings() -> dict[str, str]:
    """Return the environment of every process here: nothing of the caller's but where things are."""
    return {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR", "LANG") if name in os.environ}


def main() -> int:
    """Run the benches; give 1 where a limit is not kept and `--check` is given."""
    parser = argparse.ArgumentParser(description="Measure awskms_lite beside botocore and the bare libraries.")
    parser.add_argument("--rounds", type=int, default=40, help="turns that each contender gets (40)")
    parser.add_argument("--only", choices=BENCHES, action="append", help="run this bench alone, or with others")
    parser.add_argument("--check", action="store_true", help="exit 1 when a limit is not kept")
    options = parser.parse_args()
    if options.rounds < 1:
        parser.error("--rounds must be 1 or more")
    present = [name for name in UNWANTED if importlib.util.find_spec(name)]
    if present:
        print(
            f"{', '.join(present)} can be imported here, which changes httpx: use `make bench`.", file=sys.stderr
        )
        return 2
    faulthandler.dump_traceback_later(AT_MOST_SECONDS, exit=True)
    versions = ", ".join(f"{name} {version(name)}" for name in ("httpx", "attrs", "cattrs", "botocore"))
    print(f"Python {platform.python_version()} on {platform.machine()}, {os.cpu_count()} CPUs; {versions}.")
    print(f"None of {', '.join(UNWANTED)} can be imported here. {options.rounds} rounds; loopback HTTP.")
    print("The figures are medians; a ratio is ours / other, of the medians and of the best rounds.\n")
    print(f"  {'':<22}{'ours':>10}  {'other':<34}{'ratio':>6}{'best':>8}   limit")
    over = 0
    with serving(surroundings()) as port:
        environ = {
            **surroundings(),
            "AWS_REGION": "us-east-2",
            "AWS_DEFAULT_REGION": "us-east-2",  # botocore does not know the other one
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
            "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
        }
        title = ""
        for bench in (bench for name, bench in BENCHES.items() if not options.only or name in options.only):
            if bench.title != title:
                title = bench.title
                print(title, flush=True)
            samples = bench.measure(options.rounds, environ)
            over += sum(not show(row, samples) for row in bench.rows)
    return 1 if options.check and over else 0


if __name__ == "__main__":
    sys.exit(main())
