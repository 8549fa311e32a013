"""What the contenders have in common: the call that all of them make, and ways to make many of it."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from itertools import repeat
from typing import TypeAlias

Batch: TypeAlias = Callable[[int], object]
"""Makes so many calls."""

KEY_ID = "1234abcd-12ab-34cd-56ef-1234567890ab"
QUESTION = b'{"KeyId":"1234abcd-12ab-34cd-56ef-1234567890ab"}'
TARGET = "TrentService.GetKeyLastUsage"
URL = "https://kms.us-east-2.amazonaws.com"
"""Where signers believe that they send to; nothing is sent."""
KEYS = ("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
AT_A_TIME = 50


def each(call: Callable[[], object]) -> Batch:
    """Return what makes one call after the other."""

    def batch(calls: int) -> None:
        for _ in repeat(None, calls):
            call()

    return batch


async def at_a_time(call: Callable[[], Awaitable[object]], calls: int) -> None:
    """Make so many calls, always AT_A_TIME under way."""
    await in_workers([call] * AT_A_TIME, calls)


async def in_workers(ways: list[Callable[[], Awaitable[object]]], calls: int) -> None:
    """Make so many calls, with one worker for each way to make one."""
    left: Iterator[int] = iter(range(calls))

    async def worker(call: Callable[[], Awaitable[object]]) -> None:
        for _ in left:
            await call()

    await asyncio.gather(*(worker(call) for call in ways))
