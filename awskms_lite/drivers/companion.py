"""A driver for what an event loop in another thread does with a synchronous client's settings."""

import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import anyio
import anyio.to_thread

from ..steps import Exclusive, exclusive
from ..transport import Deadline
from .asynchronous import AsyncDriver
from .synchronous import Driver, SharedDriver


class CompanionDriver(AsyncDriver):
    """Runs flows under asyncio as a synchronous driver does: by its `http_client`, timeouts and trusted roots.

    Without an `http_client` it has connections of its own. What is exclusive the synchronous driver runs, in a
    thread: credentials that are shared are searched for once, whichever of the two needs them first.
    """

    def __init__(self, driver: Driver | SharedDriver) -> None:
        self._owner = driver.owner if isinstance(driver, SharedDriver) else driver
        super().__init__(**self._owner.options, sleep=async_sleep(self._owner.sleep), in_threads=True)

    async def _run_exclusive(self, step: Exclusive, deadline: Deadline) -> Any:
        run = partial(self._owner.run, exclusive(step.flow, wait=step.wait, key=step.key))
        return await deadline.wait_for(anyio.to_thread.run_sync(run, abandon_on_cancel=True))


def async_sleep(sleep: Callable[[float], None]) -> Callable[[float], Awaitable[None]]:
    """Return a sleep that is awaited: a function of the caller's own is called in a thread."""

    async def sleep_in_thread(seconds: float) -> None:
        await anyio.to_thread.run_sync(sleep, seconds, abandon_on_cancel=True)

    return anyio.sleep if sleep is time.sleep else sleep_in_thread  # hundreds may wait, and threads are few
