"""The servers of the benches, each in a process of its own."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rivals import HERE, surroundings


@contextmanager
def serving(*arguments: object) -> Iterator[str]:
    """Run the server that has one answer; yield its port."""
    with _running("server.py", arguments) as told:
        yield told


@contextmanager
def serving_keys(environ: dict[str, str], *arguments: object) -> Iterator[dict[str, str]]:
    """Run a local KMS with so many keys; yield the environment in which it is found."""
    with _running("audit_server.py", arguments) as told:
        yield {**environ, **json.loads(told)}


@contextmanager
def _running(script: str, arguments: tuple[object, ...]) -> Iterator[str]:
    command = [sys.executable, str(HERE / script), *map(str, arguments)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, env=surroundings(), stdin=pipe, stdout=pipe, text=True) as server:
        assert server.stdout is not None
        try:
            yield server.stdout.readline().strip()
        finally:
            server.terminate()
