"""A task beside the caller's own, under asyncio and trio, which goes on between two steps of an iteration.

A task group would have to stay open across the `yield`s of a generator, and neither library can bear that
(PEP 789). So the task belongs to the event loop, as one of asyncio or a system task of trio. It must raise
nothing: under trio that would end the whole program.
"""

import asyncio
import sys
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

import anyio.lowlevel

_tasks: set[asyncio.Task[None]] = set()


def spawn(function: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Start a task in the running event loop."""
    trio: Any = sys.modules.get("trio")
    if trio is not None and trio.lowlevel.in_trio_run():
        trio.lowlevel.spawn_system_task(function)
        return
    task = asyncio.get_running_loop().create_task(function())
    _tasks.add(task)  # asyncio itself holds its tasks but weakly
    task.add_done_callback(_tasks.discard)


def caller_in_loop() -> Callable[[Callable[[], object]], None]:
    """Give what has a function called in the running event loop before long, from any thread."""
    token: Any = anyio.lowlevel.current_token()
    native: Any = getattr(token, "native_token", token)
    hop: Callable[[Callable[[], object]], object] = (
        native.run_sync_soon if hasattr(native, "run_sync_soon") else native.call_soon_threadsafe
    )

    def soon(function: Callable[[], object]) -> None:
        with suppress(RuntimeError):  # the loop has ended
            hop(function)

    return soon
