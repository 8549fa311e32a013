"""Processes that make one call each, from their start to their end: how long they take, and how much memory."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Thread
from time import perf_counter
from types import MappingProxyType
from typing import NamedTuple

from rivals import HERE, Samples, is_installed, python_of
from serving import serving

EXPECTED = ("Decrypt 2026-05-28T20:26:40.456+00:00", "Decrypt 2026-05-28T20:26:40.456000+00:00")
AWS_ROOT = '# Label: "Amazon Root CA 1"\n'
END = "-----END CERTIFICATE-----\n"
PERIOD, SHARE = 0.1, 0.1
"""Seconds, and the part of them for which a process that is held back may have a CPU."""


class Start(NamedTuple):
    """How a contender's process is started: its code, the environment it is installed in, variables of its own."""

    code: str
    rival: str | None = None
    environ: Mapping[str, str] = MappingProxyType({})


NO_BYTECODE = {"PYTHONPYCACHEPREFIX": "/no/such/folder", "PYTHONDONTWRITEBYTECODE": "1"}
STARTS = {
    "ours": Start("import cold_ours"),
    "ours, asyncio": Start("import cold_ours_async"),
    "ours, no bytecode": Start("import cold_ours", environ=NO_BYTECODE),
    "floor": Start("import cold_floor; cold_floor.ask()"),
    "floor, no TLS roots": Start(
        "import cold_floor, ssl; cold_floor.ask(verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))"
    ),
    "botocore": Start("import cold_botocore"),
    "botocore, no bytecode": Start("import cold_botocore", environ=NO_BYTECODE),
    "boto3": Start("import cold_boto3", "boto3"),
    "capo-kms": Start("import cold_capo", "capo"),
    "aiobotocore": Start("import cold_aiobotocore", "aiobotocore"),
    "capo-kms, asyncio": Start("import cold_capo_async", "capo"),
}


class Held(NamedTuple):
    """How a process is kept to a part of a CPU: what comes before its command, and what is done once it runs."""

    before: tuple[str, ...] = ()
    meanwhile: Callable[[int, Event], None] | None = None


FREE = Held()


def plain(*names: str) -> Callable[[int, dict[str, str]], Samples]:
    """Return what starts the contenders in turns; their calls go over plain HTTP."""
    return lambda rounds, environ: _in_turns(names, rounds, environ)


def over_tls(*names: str, named: bool = False, slow: bool = False) -> Callable[[int, dict[str, str]], Samples]:
    """Return what starts the contenders in turns; their calls go over TLS.

    The server's root is one of certifi's 130: where certifi's file is looked for, there is one in which it stands
    in place of "Amazon Root CA 1". `named`: that file is not found by itself, but named by AWS_CA_BUNDLE and
    SSL_CERT_FILE. `slow`: each process has a tenth of a CPU.
    """

    def measure(rounds: int, environ: dict[str, str]) -> Samples:
        if not is_installed("trustme"):
            raise RuntimeError("the server needs a certificate, and trustme is not installed: use `make bench`")
        with TemporaryDirectory() as name:
            folder = Path(name)
            subprocess.run([python_of("trustme"), str(HERE / "certificates.py"), name], check=True)
            bundle = str(_certifi_with(folder / "root.pem", folder / "certifi"))
            trust = {"AWS_CA_BUNDLE": bundle, "SSL_CERT_FILE": bundle} if named else {"PYTHONPATH": name}
            with serving("--tls", folder / "server.pem") as port, _held(slow) as held:
                there = {**environ, **trust, "AWS_ENDPOINT_URL": f"https://127.0.0.1:{port}"}
                return _in_turns(names, rounds, there, held, {"SSL_CERT_FILE": bundle})

    return measure


def _certifi_with(root: Path, package: Path) -> Path:
    """Make a package `certifi` whose file has another root in place of Amazon's first; return that file."""
    import certifi

    before, label, after = Path(certifi.where()).read_text(encoding="ascii").partition(AWS_ROOT)
    if not label:
        raise RuntimeError(f"certifi's file has no line {AWS_ROOT!r}")
    package.mkdir()
    file = package / "cacert.pem"
    file.write_text(before + label + root.read_text(encoding="ascii") + after.partition(END)[2], encoding="ascii")
    (package / "__init__.py").write_text(f"def where():\n    return {str(file)!r}\n", encoding="utf-8")
    return file


def _in_turns(
    names: tuple[str, ...],
    rounds: int,
    environ: dict[str, str],
    held: Held = FREE,
    system_roots: dict[str, str] | None = None,
) -> Samples:
    """Start processes, one after the other; `system_roots` is for those that take the system's roots."""
    starts = {name: STARTS[name] for name in names if is_installed(STARTS[name].rival)}
    environs = {
        name: {**environ, **start.environ, **((start.rival == "capo" and system_roots) or {})}
        for name, start in starts.items()
    }
    samples: Samples = {name: {"wall": [], "cpu": [], "memory": []} for name in starts}
    for name, start in starts.items():  # this also writes the bytecode files
        _check(start, environs[name])
    for _ in range(rounds):
        for name, start in starts.items():
            for metric, value in _measured(start, environs[name], held).items():
                samples[name][metric].append(value)
    return samples


def _check(start: Start, environ: dict[str, str]) -> None:
    command = [python_of(start.rival), "-c", start.code]
    told = subprocess.run(command, cwd=HERE, env=environ, stdout=subprocess.PIPE, text=True, check=True).stdout
    if told.strip() not in EXPECTED:
        raise RuntimeError(f"{start.code!r} printed {told!r}, not {EXPECTED[0]!r}")


def _measured(start: Start, environ: dict[str, str], held: Held) -> dict[str, float]:
    """Start one process and wait for its end; return its seconds and its peak memory in kilobytes."""
    ended, begin = Event(), perf_counter()
    command = [*held.before, python_of(start.rival), "-c", start.code]
    process = subprocess.Popen(command, cwd=HERE, env=environ, stdout=subprocess.DEVNULL)
    if held.meanwhile is not None:
        Thread(target=held.meanwhile, args=(process.pid, ended)).start()
    _, status, used = os.wait4(process.pid, 0)
    wall = perf_counter() - begin
    ended.set()
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{start.code!r} ended with {process.returncode}")
    memory = used.ru_maxrss / (1024 if sys.platform == "darwin" else 1)
    return {"wall": wall, "cpu": used.ru_utime + used.ru_stime, "memory": memory}


@contextmanager
def _held(slow: bool) -> Iterator[Held]:
    """Yield how to start a process: a slow one in a control group, or stopped again and again."""
    if not slow:
        yield FREE
        return
    group = _control_group()
    if group is None:
        yield Held(meanwhile=_stop_and_go)
        return
    try:
        yield Held(("/bin/sh", "-c", 'echo $$ > "$0/cgroup.procs" && exec "$@"', str(group)))
    finally:
        group.rmdir()


def _control_group() -> Path | None:
    """Make a control group with a tenth of a CPU, of version 2 or 1; return None where that is not allowed."""
    period, quota = int(PERIOD * 1e6), int(PERIOD * SHARE * 1e6)
    for parent, file, text in (
        ("/sys/fs/cgroup", "cpu.max", f"{quota} {period}"),
        ("/sys/fs/cgroup/cpu", "cpu.cfs_quota_us", str(quota)),
    ):
        group = Path(parent, f"awskms-lite-bench-{os.getpid()}")
        with suppress(OSError):
            group.mkdir()
            try:
                with (group / file).open("r+", encoding="ascii") as limit:
                    limit.write(text)
            except OSError:
                group.rmdir()
            else:
                return group
    return None


def _stop_and_go(pid: int, ended: Event) -> None:
    """Stop a process for nine tenths of each period."""
    from signal import SIGCONT, SIGSTOP

    with suppress(ProcessLookupError):
        while not ended.wait(PERIOD * SHARE):
            os.kill(pid, SIGSTOP)
            ended.wait(PERIOD * (1 - SHARE))
            os.kill(pid, SIGCONT)
