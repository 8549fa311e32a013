"""A task beside the caller's own, under asyncio and trio, which goes on between two steps of an iteration.

A task group would have to stay open across the `yield`s of a generator, and neither library can bear that
(PEP 789). So the task belongs to the event loop, as one of asyncio or a system task of trio.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any


def spawn(function: Callable[[], Coroutine[Any, Any, None]]) -> Awaitable[None] | None:
    """Start a task in the running event loop.

    Give what raises the task's exception when it is awaited; under trio there is nothing to await, since the
    exception of a system task ends the whole run.
    """
    trio: Any = sys.modules.get("trio")
    if trio is not None and trio.lowlevel.in_trio_run():
        trio.lowlevel.spawn_system_task(function)
        return None
    return asyncio.get_running_loop().create_task(function())
