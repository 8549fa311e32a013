"""The benches of the audit: each contender in a process of its own, against a local KMS in another.

Only the standard library is imported here, since a child's peak memory begins with that of its parent.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

HERE = Path(__file__).parent
QUOTA = "5"  # KMS's own for GetKeyLastUsage
AT_A_TIME = (2, 4, 8)
"""How many requests at a time the bare loop is tried with; httpcore's pool gets slow beyond ten."""


def audit_at_quota(_: int, environ: dict[str, str]) -> dict[str, dict[str, list[float]]]:
    """Audit 200 keys at 5 a second."""
    with _serving(environ, 200, 1, QUOTA) as there:
        return {"ours": _measured(there, "paced", "1"), "ideal": {"wall": [200 / int(QUOTA)]}}


def audit_regions(_: int, environ: dict[str, str]) -> dict[str, dict[str, list[float]]]:
    """Audit 100 keys of one region, and 100 keys in each of fifty."""
    with _serving(environ, 100, 50, QUOTA) as there:
        return {"ours": _measured(there, "paced", "50"), "one region": _measured(there, "paced", "1")}


def audit_unpaced(_: int, environ: dict[str, str]) -> dict[str, dict[str, list[float]]]:
    """Audit 10,000 keys as fast as it goes, in turns with the bare loop at its best."""
    with _serving(environ, 10_000, 1) as there, TemporaryDirectory() as folder:
        ours, bare = _measured(there, "unpaced", ""), [_measured(there, "bare", str(n)) for n in AT_A_TIME]
        kept = _measured(there, "unpaced", str(Path(folder) / "audit.db"))
    best = min(bare, key=lambda samples: samples["wall"])
    return {name: _per_key(samples) for name, samples in (("ours", ours), ("bare loop", best), ("kept", kept))}


def audit_memory(_: int, environ: dict[str, str]) -> dict[str, dict[str, list[float]]]:
    """Audit 100 keys and 100,000, and compare what memory they take."""
    taken: list[float] = []
    for keys in (100, 100_000):
        with _serving(environ, keys, 1) as there:
            taken += _measured(there, "unpaced", "")["memory"]
    return {"ours": {"memory": [taken[1] - taken[0]]}, "100 keys": {"memory": [taken[0]]}}


def _per_key(samples: dict[str, list[float]]) -> dict[str, list[float]]:
    return {"wall": [wall / keys for wall, keys in zip(samples["wall"], samples["keys"], strict=True)]}


def _measured(environ: dict[str, str], *arguments: str) -> dict[str, list[float]]:
    """Run one contender; give what it tells, and its peak memory in kilobytes."""
    command = [sys.executable, str(HERE / "audits.py"), *arguments]
    process = subprocess.Popen(command, env=environ, stdout=subprocess.PIPE)
    assert process.stdout is not None
    told = process.stdout.read()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stdout.close()
    if process.returncode:
        raise RuntimeError(f"{command} ended with {process.returncode}")
    memory = used.ru_maxrss / (1024 if sys.platform == "darwin" else 1)
    return {name: [value] for name, value in {**json.loads(told), "memory": memory}.items()}


@contextmanager
def _serving(environ: dict[str, str], *arguments: object) -> Iterator[dict[str, str]]:
    """Run a local KMS with so many keys; give the environment in which it is found."""
    command = [sys.executable, str(HERE / "audit_server.py"), *map(str, arguments)]
    with subprocess.Popen(command, env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        assert server.stdout is not None
        try:
            yield {**environ, **json.loads(server.stdout.readline())}
        finally:
            server.terminate()
