"""The benches of the audit: each contender in a process of its own, against a local KMS in another."""

import json
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from rivals import HERE, Samples
from serving import serving_keys

QUOTA = "5"  # KMS's own for GetKeyLastUsage
AT_A_TIME = (4, 8, 16, 32)
"""How many requests at a time the bare loop is tried with."""
KEYS, TRIED = 10_000, 1_000
"""How many keys are audited unpaced, and with how many the best number of requests at a time is found."""
FEW, MANY = 100, 20_000
TURNS = 2


def audit_at_quota(_: int, environ: dict[str, str]) -> Samples:
    """Audit 200 keys at 5 a second."""
    with serving_keys(environ, 200, 1, QUOTA) as there:
        return {"ours": _measured(there, "paced", "1"), "ideal": {"wall": [200 / int(QUOTA)]}}


def audit_regions(_: int, environ: dict[str, str]) -> Samples:
    """Audit 100 keys of one region, and 100 keys in each of fifty."""
    with serving_keys(environ, 100, 50, QUOTA) as there:
        return {"ours": _measured(there, "paced", "50"), "one region": _measured(there, "paced", "1")}


def audit_unpaced(_: int, environ: dict[str, str]) -> Samples:
    """Audit as fast as it goes, in turns with the bare loop at its best."""
    with serving_keys(environ, TRIED, 1) as there:
        best = min(AT_A_TIME, key=lambda number: _per_key(there, "bare", str(number)))
    samples: Samples = {name: {"wall": []} for name in ("ours", "bare loop", "kept")}
    with serving_keys(environ, KEYS, 1) as there:
        for _ in range(TURNS):
            with TemporaryDirectory() as folder:
                samples["ours"]["wall"].append(_per_key(there, "unpaced", ""))
                samples["bare loop"]["wall"].append(_per_key(there, "bare", str(best)))
                samples["kept"]["wall"].append(_per_key(there, "unpaced", str(Path(folder) / "audit.db")))
    return samples


def audit_memory(_: int, environ: dict[str, str]) -> Samples:
    """Audit few keys and many, and compare what memory they take."""
    taken: list[float] = []
    for keys in (FEW, MANY):
        with serving_keys(environ, keys, 1) as there:
            taken += _measured(there, "unpaced", "")["memory"]
    a_key = (taken[1] - taken[0]) / (MANY - FEW)
    return {"ours": {"memory": [a_key]}, "100 keys": {"memory": [taken[0]]}}


def _per_key(environ: dict[str, str], *arguments: str) -> float:
    """Return the seconds that a key takes."""
    told = _measured(environ, *arguments)
    return told["wall"][0] / told["keys"][0]


def _measured(environ: dict[str, str], *arguments: str) -> dict[str, list[float]]:
    """Run one contender; return what it tells, and its peak memory in kilobytes."""
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
