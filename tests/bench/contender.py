"""One contender in a process of its own: `python contender.py MODULE NAME`.

For each line of its standard input, a number of calls, it makes so many and prints as JSON how long one took, in
seconds by the clock and of the CPU.
"""

import json
import sys
from importlib import import_module
from time import perf_counter, process_time


def main() -> None:
    module, name = sys.argv[1:]
    with getattr(import_module(module), name)() as batch:
        for line in sys.stdin:
            calls, wall, cpu = int(line), perf_counter(), process_time()
            batch(calls)
            taken = {"wall": (perf_counter() - wall) / calls, "cpu": (process_time() - cpu) / calls}
            print(json.dumps(taken), flush=True)


if __name__ == "__main__":
    main()
