"""How long things may take: the deadline that a call is held to, and the timeouts of an attempt."""

from collections.abc import Awaitable
from datetime import timedelta
from math import inf
from typing import Any, NamedTuple, TypeAlias, TypeVar

import anyio

from ..settings import validated_timeout
from ..steps import Send
from ..system import monotonic

T = TypeVar("T")

CONNECT_TIMEOUT = 3.0
"""Seconds to connect, and as many for TLS: a SYN that is lost is sent again after one second, then after two."""
READ_TIMEOUT = 10.0
"""Seconds for each read and write: KMS answers within milliseconds, so after as long no answer will come."""

Phases: TypeAlias = dict[str, float | None]
"""Seconds for each phase of an attempt, under httpx's names (connect, read, write, pool); None for no bound."""


class DeadlineExceeded(Exception):
    """A deadline has passed. This ends an attempt or a whole flow, and no flow is ever told of it.

    `may_have_executed` says that a request was under way then that changes something.
    """

    def __init__(self, *, may_have_executed: bool = False) -> None:
        super().__init__()
        self.may_have_executed = may_have_executed


class Deadline:
    """The moment by which something must be over, by a clock that nobody sets; without an argument there is none.

    A timeout is resolved into a deadline once, and whoever waits for something asks the deadline how long: so many
    waits in a row, or a peer that sends byte by byte, take no longer together than one of them may.
    """

    __slots__ = ("_at",)

    def __init__(self, at: float = inf) -> None:
        self._at = at

    @property
    def is_never(self) -> bool:
        """Whether there is no deadline."""
        return self._at == inf

    def within(self, seconds: float | None) -> "Deadline":
        """Return the deadline so many seconds from now, or this one if it is earlier or `seconds` is None."""
        if seconds is None:
            return self
        at = monotonic() + seconds
        return self if self._at <= at else Deadline(at)

    def remaining(self) -> float:
        """Return the seconds that are left: 0 once it has passed, infinity if there is no deadline."""
        return max(0.0, self._at - monotonic())

    def has_passed(self) -> bool:
        """Return whether there is no time left."""
        return monotonic() >= self._at

    def check(self) -> None:
        """Raise `DeadlineExceeded` if no time is left."""
        if monotonic() >= self._at:
            raise DeadlineExceeded

    def limit(self, seconds: float) -> float:
        """Return the seconds that a wait which begins now may take: `seconds`, or what is left if that is less.

        Raise `DeadlineExceeded` if no time is left.
        """
        self.check()
        return min(seconds, self.remaining())

    def timeout(self, seconds: float | None) -> float | None:
        """Return a timeout for what begins now, as `limit` does; None is no timeout."""
        if self._at == inf:
            return seconds
        left = self._at - monotonic()
        if left <= 0:
            raise DeadlineExceeded
        return left if seconds is None or left < seconds else seconds

    async def wait_for(self, awaitable: Awaitable[T]) -> T:
        """Return what the awaitable returns. Once the deadline passes cancel it and raise `DeadlineExceeded`."""
        if self._at == inf:
            return await awaitable
        with anyio.move_on_after(self.remaining()):
            return await awaitable
        raise DeadlineExceeded


NEVER = Deadline()


class Timeouts(NamedTuple):
    """What bounds every attempt of a client, in seconds; None for no bound."""

    phases: Phases
    attempt: float | None
    """For all phases together, however an answer is spread."""

    def deadline(self, step: Send, deadline: Deadline) -> Deadline:
        """Return the deadline of an attempt that begins now and is part of what `deadline` bounds."""
        limit = self.attempt
        if step.timeout is not None and (limit is None or step.timeout < limit):
            limit = step.timeout
        return deadline.within(limit)


def resolve_timeouts(
    http_client: Any, connect_timeout: float | timedelta | None, read_timeout: float | timedelta | None
) -> Timeouts:
    """Return the timeouts of a client: those of the caller, else those of the `http_client` given, else ours.

    A given client's timeouts keep httpx's meaning: they bound each read, and not an attempt. Raise
    `ParameterError` for a timeout that is not a positive number of seconds.
    """
    own: Phases = {"connect": CONNECT_TIMEOUT, "read": READ_TIMEOUT, "write": READ_TIMEOUT, "pool": None}
    given: Any = getattr(http_client, "timeout", None)
    phases: Phases = given.as_dict() if hasattr(given, "as_dict") else own
    if connect_timeout is not None:
        phases["connect"] = validated_timeout("connect_timeout", connect_timeout)
    if read_timeout is not None:
        phases["read"] = phases["write"] = validated_timeout("read_timeout", read_timeout)
    connect, read = phases["connect"], phases["read"]
    if http_client is not None or connect is None or read is None:
        return Timeouts(phases, None)
    return Timeouts(phases, connect + read)
