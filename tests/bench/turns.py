"""Contenders that make batches of calls in turns, each in a process of its own."""

import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import pairwise
from typing import NamedTuple

from rivals import HERE, Samples, is_installed, python_of
from serving import serving

REPEATS = 5
"""How often the processes are started anew: each has its own layout of memory, which is worth some percent."""


class Contender(NamedTuple):
    """A function of a module, and the environment that it is installed in."""

    module: str
    function: str
    rival: str | None = None


def in_turns(
    contenders: dict[str, Contender], calls: int, delay: float | None = None
) -> Callable[[int, dict[str, str]], Samples]:
    """Return what lets each contender make `calls` calls a round; with a delay, from a server that is so slow."""

    def measure(rounds: int, environ: dict[str, str]) -> Samples:
        present = {name: each for name, each in contenders.items() if is_installed(each.rival)}
        samples: Samples = {name: {"wall": [], "cpu": []} for name in present}
        with ExitStack() as stack:
            if delay is not None:
                port = stack.enter_context(serving("--delay", delay))
                environ = {**environ, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}"}
            ends = [rounds * number // REPEATS for number in range(REPEATS + 1)]
            for begin, end in pairwise(ends):
                if end > begin:
                    _measure(present, end - begin, calls, environ, samples)
        return samples

    return measure


def _measure(
    contenders: dict[str, Contender], rounds: int, calls: int, environ: dict[str, str], samples: Samples
) -> None:
    with ExitStack() as stack:
        running = {name: stack.enter_context(_started(each, environ)) for name, each in contenders.items()}
        for make in running.values():
            make(calls)
        for _ in range(rounds):
            for name, make in running.items():
                for metric, value in make(calls).items():
                    samples[name][metric].append(value)


@contextmanager
def _started(contender: Contender, environ: dict[str, str]) -> Iterator[Callable[[int], dict[str, float]]]:
    """Start a contender; yield what lets it make so many calls, and returns what one took."""
    command = [python_of(contender.rival), str(HERE / "contender.py"), contender.module, contender.function]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, env=environ, stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        to, of = process.stdin, process.stdout

        def make(calls: int) -> dict[str, float]:
            print(calls, file=to, flush=True)
            line = of.readline()
            if not line:
                raise RuntimeError(f"{command} ended with {process.wait()}")
            taken: dict[str, float] = json.loads(line)
            return taken

        yield make
        to.close()
