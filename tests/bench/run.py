"""Speed and memory of awskms_lite beside its rivals and the bare libraries: `make bench`.

Every figure is taken in turns with the ones it is compared with (A B C A B C ...), and what counts is the ratio: a
slow or busy machine slows them all. "Floor" is the same job done with httpx, attrs and cattrs alone.
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
from importlib.metadata import version
from pathlib import Path
from typing import Any

from auditing import audit_at_quota, audit_memory, audit_regions, audit_unpaced
from rivals import HERE, Samples, is_installed, python_of, surroundings
from serving import serving
from starting import over_tls, plain
from table import HEAD, Bench, Row, as_json, compared, written
from turns import Contender, in_turns

AT_MOST_SECONDS = 1200
# Each would change what httpx and httpcore do: they ask for the first two at every call, and the others make httpx
# import a command line of its own.
UNWANTED = ("sniffio", "trio", "rich", "click")
# 1,000 calls against 200 a second; the burst is not counted on. Where others take half of it after 2.5 s, half of
# the calls are still to come then.
QUOTA, OTHERS = (200, 50), (100, 2.5)
PACKAGES = {
    "ours": ("awskms-lite", None),
    "botocore": ("botocore", None),
    "boto3": ("boto3", "boto3"),
    "aiobotocore": ("aiobotocore", "aiobotocore"),
    "capo-kms": ("capo-kms", "capo"),
}
STARTED = (("from start to end", "wall", "ms"), ("CPU time", "cpu", "ms"), ("peak memory", "memory", "MB"))
BEGIN, END = "<!-- what `make bench ARGS=--markdown=FILE` wrote begins -->", "<!-- and ends -->"


def against_quota(ideal: float, *quota: float) -> Callable[[int, dict[str, str]], Samples]:
    """Return what lets each contender make its calls once, against a server of its own with that quota."""

    def measure(_: int, environ: dict[str, str]) -> Samples:
        samples: Samples = {"ideal": {"wall": [ideal]}}
        for name in ("ours", "botocore standard", "botocore adaptive"):
            with serving(*quota) as port:
                there = {**environ, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}"}
                command = [sys.executable, str(HERE / "pacing.py"), name]
                told = subprocess.run(command, env=there, stdout=subprocess.PIPE, check=True).stdout
            samples[name] = {metric: [value] for metric, value in json.loads(told).items()}
        return samples

    return measure


def sizes(_: int, environ: dict[str, str]) -> Samples:
    """Look at what is installed."""
    return {
        name: {metric: [told[metric]] for metric in ("size", "distributions")}
        for name, told in installed(environ).items()
    }


def installed(environ: dict[str, str]) -> dict[str, Any]:
    """Return size, number of distributions and version of us and of each rival that is installed."""
    return {
        name: json.loads(
            subprocess.run(
                [python_of(rival), str(HERE / "size.py"), package],
                env=environ,
                stdout=subprocess.PIPE,
                check=True,
            ).stdout
        )
        for name, (package, rival) in PACKAGES.items()
        if is_installed(rival)
    }


def from_start_to_end(
    others: dict[str, float | None], memory: float | None = None, ours: str = "ours"
) -> list[Row]:
    """Return the lines of processes that make one call; `others` has the limit of the ratio to each in wall time.

    `memory` is the limit of our peak memory, in kilobytes.
    """
    rows = [
        Row("" if number else what, metric, unit, other, limit if metric == "wall" else None, ours=ours)
        for what, metric, unit in STARTED
        for number, (other, limit) in enumerate(others.items())
    ]
    if memory is not None:
        rows.append(Row("... the highest", "memory", "MB", ours, at_most=memory, ours=ours, plain=True))
    return rows


def one_call(others: dict[str, float | None]) -> list[Row]:
    """Return the lines of many calls; `others` has the limit of the ratio to each in wall time."""
    return [
        Row("" if number else what, metric, "us", other, limit if metric == "wall" else None)
        for what, metric in (("a call", "wall"), ("CPU time", "cpu"))
        for number, (other, limit) in enumerate(others.items())
    ]


def paced(time_limit: float | None, throttled_limit: float | None) -> list[Row]:
    """Return the lines of many calls against a quota; no call may fail."""
    rows = [Row("1,000 calls", "wall", "s", "ideal", at_most=time_limit)]
    for what, metric, unit, limit in (
        ("", "wall", "s", None),
        ("throttled requests", "throttled", "%", throttled_limit),
        ("failed calls", "failed", "", 0),
    ):
        standard = Row(what, metric, unit, "botocore standard", limit, plain=metric != "wall")
        rows += [standard, standard._replace(what="", other="botocore adaptive", at_most=None)]
    return rows


TOGETHER = {
    "ours": Contender("ours", "together"),
    "httpcore connections": Contender("bare", "httpcore_connections"),
    "aiobotocore": Contender("of_aiobotocore", "together", "aiobotocore"),
}
BENCHES = {
    "cold": Bench(
        "a process that makes one call, over HTTP",
        plain("ours", "floor", "floor, no TLS roots", "botocore"),
        from_start_to_end({"floor": None, "floor, no TLS roots": None, "botocore": 0.55}, memory=26 * 1024),
    ),
    "cold-tls": Bench(
        "... over TLS, trust as installed: certifi's 130 roots",
        over_tls("ours", "floor", "botocore", "boto3", "capo-kms"),
        from_start_to_end({"floor": 0.85, "botocore": 0.55, "boto3": None, "capo-kms": None}),
    ),
    "cold-bundle": Bench(
        "... over TLS, all 130 roots from AWS_CA_BUNDLE",
        over_tls("ours", "floor", "botocore", named=True),
        from_start_to_end({"floor": None, "botocore": None}),
    ),
    "cold-async": Bench(
        "... over TLS, with asyncio, trust as installed",
        over_tls("ours, asyncio", "aiobotocore", "capo-kms, asyncio"),
        from_start_to_end({"aiobotocore": None, "capo-kms, asyncio": None}, ours="ours, asyncio"),
    ),
    "cold-bytecode": Bench(
        "... over HTTP, without any bytecode file, beside the same with all",
        plain("ours", "ours, no bytecode", "botocore", "botocore, no bytecode"),
        [
            Row("CPU time", "cpu", "ms", "ours", ours="ours, no bytecode"),
            Row("botocore's CPU time", "cpu", "ms", "botocore", ours="botocore, no bytecode"),
        ],
        part=0.2,
    ),
    "cold-slow": Bench(
        "... over TLS, trust as installed, a tenth of a CPU",
        over_tls("ours", "botocore", slow=True),
        [Row("from start to end", "wall", "s", "botocore")],
        part=0.15,
    ),
    "size": Bench(
        "installed, without bytecode",
        sizes,
        [
            Row("size", "size", "MB", "botocore", at_most=3.5 * 1024, plain=True),
            *(Row("", "size", "MB", name, plain=True) for name in ("boto3", "aiobotocore", "capo-kms")),
            Row("distributions", "distributions", "", "botocore", at_most=10, plain=True),
            *(Row("", "distributions", "", name, plain=True) for name in ("boto3", "aiobotocore", "capo-kms")),
        ],
    ),
    "warm": Bench(
        "one more call",
        in_turns(
            {
                "ours": Contender("ours", "warm"),
                "httpx.Client.send": Contender("bare", "httpx_send"),
                "httpcore's pool": Contender("bare", "httpcore_pool"),
                "botocore": Contender("of_botocore", "warm"),
            },
            calls=100,
        ),
        one_call({"httpx.Client.send": 0.9, "httpcore's pool": None, "botocore": 0.33}),
    ),
    "threads": Bench(
        "... by eight threads that share a client",
        in_turns({"ours": Contender("ours", "threads"), "one thread": Contender("ours", "warm")}, calls=400),
        [Row("calls", "wall", "1/s", "one thread")],
        part=0.5,
    ),
    "together": Bench(
        "50 calls at a time, with asyncio",
        in_turns(TOGETHER, calls=500),
        one_call({"httpcore connections": None, "aiobotocore": 0.45}),
        part=0.5,
    ),
    "late": Bench(
        "... answered 10 ms late",
        in_turns(TOGETHER, calls=500, delay=0.01),
        one_call({"httpcore connections": None, "aiobotocore": 0.5}),
        part=0.5,
    ),
    "sign": Bench(
        "parts of a call",
        in_turns(
            {
                "ours": Contender("ours", "sign"),
                "by hand": Contender("bare", "sign"),
                "awscrt": Contender("of_awscrt", "sign", "awscrt"),
                "botocore": Contender("of_botocore", "sign"),
            },
            calls=500,
        ),
        [
            Row("signing", "wall", "us", "by hand"),
            Row("", "wall", "us", "awscrt"),
            Row("", "wall", "us", "botocore", at_most=0.06),
        ],
    ),
    "decode": Bench(
        "parts of a call",
        in_turns(
            {
                "ours": Contender("ours", "decode"),
                "by hand": Contender("bare", "decode_by_hand"),
                "cattrs' defaults": Contender("bare", "decode_by_cattrs"),
                "botocore": Contender("of_botocore", "decode"),
            },
            calls=500,
        ),
        [
            Row("decoding", "wall", "us", "by hand", at_most=1.27),
            Row("", "wall", "us", "cattrs' defaults"),
            Row("", "wall", "us", "botocore"),
        ],
    ),
    "credentials": Bench(
        "parts of a call",
        in_turns(
            {
                "ours": Contender("ours", "credentials"),
                "within a call": Contender("ours", "credentials_in_a_call"),
                "empty method": Contender("bare", "empty_method"),
            },
            calls=20_000,
        ),
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
            Row("throttled answers", "throttled", "", "ours", at_most=0, plain=True),
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
            Row("keys", "wall", "1/s", "bare loop", at_least=0.95),
            Row("keys, checkpoint", "wall", "1/s", "bare loop", ours="kept"),
        ],
    ),
    "audit-memory": Bench(
        "an audit of 20,000 keys, without quotas",
        audit_memory,
        [
            Row("memory, each key more", "memory", "B", "ours", at_most=0.64, plain=True),
            Row("peak memory, 100 keys", "memory", "MB", "100 keys", ours="100 keys", plain=True),
        ],
    ),
}


def head(environ: dict[str, str], rounds: int) -> Iterator[str]:
    """Yield what the figures were taken with."""
    rivals = {name: told["version"] for name, told in installed(environ).items() if name != "ours"}
    versions = {**{name: version(name) for name in ("httpx", "httpcore", "attrs", "cattrs")}, **rivals}
    listed = ", ".join(f"{name} {number}" for name, number in versions.items())
    yield f"Python {platform.python_version()} on {platform.machine()}, {os.cpu_count()} CPUs; {listed}."
    yield f"None of {', '.join(UNWANTED)} can be imported by what is measured here. {rounds} rounds; loopback."
    yield "The figures are medians; a ratio is ours / other, the median of the rounds."
    yield ""
    yield HEAD


def measured(
    options: argparse.Namespace, environ: dict[str, str], report: Callable[[str], None]
) -> dict[str, Any]:
    """Run the benches and report line by line; return the lines and the samples of each bench."""
    told: dict[str, Any] = {}
    title = ""
    for name, bench in BENCHES.items():
        if options.only and name not in options.only:
            continue
        if bench.title != title:
            title = bench.title
            report(title)
        samples = bench.measure(max(1, round(options.rounds * bench.part)), environ)
        lines = [line for row in bench.rows if (line := compared(row, samples)) is not None]
        for line in lines:
            report(written(line))
        told[name] = {"title": title, "lines": lines, "samples": samples}
    return told


def write_markdown(path: Path, lines: list[str]) -> None:
    """Put the table between its two marks on a page."""
    before, begin, rest = path.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise SystemExit(f"{path} has no place for the table: put the lines {BEGIN} and {END} there.")
    table = "\n".join(lines)
    path.write_text(f"{before}{begin}\n```\n{table}\n```\n{end}{after}", encoding="utf-8")


def parsed() -> argparse.Namespace:
    """Return the options; end where the environment would change what is measured."""
    parser = argparse.ArgumentParser(description="Measure awskms_lite beside its rivals and the bare libraries.")
    parser.add_argument("--rounds", type=int, default=30, help="turns that each contender gets (30)")
    parser.add_argument("--only", choices=BENCHES, action="append", help="run this bench alone, or with others")
    parser.add_argument("--check", action="store_true", help="exit 1 when a limit is not kept")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all lines and samples there too")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="put the table on this page too")
    options = parser.parse_args()
    if options.rounds < 1:
        parser.error("--rounds must be 1 or more")
    if options.markdown and options.only:
        parser.error("--markdown is for the whole table: leave out --only")
    present = [name for name in UNWANTED if importlib.util.find_spec(name)]
    if present:
        parser.error(f"{', '.join(present)} can be imported here, which changes httpx: use `make bench`")
    return options


def main() -> int:
    """Run the benches; return 1 where a limit is not kept and `--check` is given."""
    options = parsed()
    faulthandler.dump_traceback_later(AT_MOST_SECONDS, exit=True)
    lines: list[str] = []

    def report(line: str) -> None:
        print(line, flush=True)
        lines.append(line)

    with serving() as port:
        environ = {
            **surroundings(),
            "AWS_REGION": "us-east-2",
            "AWS_DEFAULT_REGION": "us-east-2",  # botocore does not know the other one
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
            "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
        }
        for line in head(environ, options.rounds):
            report(line)
        about = lines[:2]
        told = measured(options, environ, report)
    if options.json:
        benches = {
            name: {**bench, "lines": [as_json(line) for line in bench["lines"]]} for name, bench in told.items()
        }
        options.json.write_text(
            json.dumps({"about": about, "benches": benches}, indent=1) + "\n", encoding="utf-8"
        )
    if options.markdown:
        write_markdown(options.markdown, lines)
    over = [line for bench in told.values() for line in bench["lines"] if not line.is_kept]
    return 1 if options.check and over else 0


if __name__ == "__main__":
    sys.exit(main())
