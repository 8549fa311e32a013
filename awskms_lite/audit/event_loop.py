"""A task that goes on between two steps of an iteration, under asyncio and trio.

A task group would have to stay open across the `yield`s of a generator, which neither library supports (PEP 789).
So the task belongs to the event loop, as a task of asyncio or a system task of trio. It must not raise: under trio
that would end the whole program.
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
    _tasks.add(task)  # asyncio itself keeps only weak references to its tasks
    task.add_done_callback(_tasks.discard)


def loop_caller() -> Callable[[Callable[[], object]], None]:
    """Return a function that has another one called in the running event loop, soon, from any thread.

    A signal handler may use it too. It does nothing once the loop has ended.
    """
    token: Any = anyio.lowlevel.current_token()
    native: Any = getattr(token, "native_token", token)
    schedule: Callable[[Callable[[], object]], object] = (
        native.run_sync_soon if hasattr(native, "run_sync_soon") else native.call_soon_threadsafe
    )

    def call_in_loop(function: Callable[[], object]) -> None:
        with suppress(RuntimeError):  # the loop has ended
            schedule(function)

    return call_in_loop
