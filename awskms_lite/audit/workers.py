"""A place read in another process or on another machine: the unit of work of `audit(executor=...)`.

A unit carries names only. The worker finds its own credentials, as any client does, and what it has read travels
back; the parent alone judges, and writes the checkpoint.
"""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import anyio
from attrs import evolve, field, frozen

from ..errors import ParameterError
from .ledger import PlaceLedger
from .listing import Keys
from .places import Place
from .reading import read_place
from .records import KeyFacts
from .selection import KeyFilter
from .sessions import ClientOptions, NetworkOptions, Sessions

_KEYS_A_UNIT = 1500  # five minutes of questions: what a worker that dies, or a stop, can cost


@frozen
class Unit:
    """One place to read, or some keys of it, without those whose ARNs are in `answered`; no option is secret."""

    place: Place
    options: NetworkOptions
    wanted: KeyFilter
    answered: frozenset[str] = frozenset()
    is_first: bool = True

    def following(self, report: "UnitReport") -> "Unit":
        """Give the unit that goes on where this one ended; what could not be read is not read again."""
        answered = self.answered.union(arn for arn, _ in report.answers)
        return evolve(self, answered=answered, is_first=False)


@frozen
class UnitReport:
    """What came of a unit: the counts, each answer by its ARN, and how many keys are left to read.

    An answer is None where the filter left the key out.
    """

    ledger: PlaceLedger
    answers: list[tuple[str, KeyFacts | None]] = field(repr=False)
    left: int = 0


def network_options(options: ClientOptions) -> NetworkOptions:
    """Give the options that may travel; raise `ParameterError` for one that belongs to this process."""
    given = cast(Mapping[str, Any], options)
    for name in given:
        if name not in (*NetworkOptions.__annotations__, "region", "profile"):
            raise ParameterError(
                f"{name} stays in this process, and with an executor each worker finds its own: leave it out, and "
                "set the workers up by their environment."
            )
    kept = {name: value for name, value in given.items() if name in NetworkOptions.__annotations__}
    return cast(NetworkOptions, kept)


def read_unit(unit: Unit) -> UnitReport:
    """Read the place of a unit, in an event loop of its own.

    In a thread of its own too: a worker that was forked from a thread with an event loop thinks that it has one.
    """
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(anyio.run, _read, unit).result()


async def _read(unit: Unit) -> UnitReport:
    place, ledger = unit.place, PlaceLedger(unit.place)
    answers: list[tuple[str, KeyFacts | None]] = []
    left = 0

    async def leave_out(keys: Keys) -> None:
        nonlocal left
        for arn in unit.answered:
            ledger.listed += not keys.take(arn)
        left = keys.cut(_KEYS_A_UNIT)

    async def take(arn: str, facts: KeyFacts | None) -> None:
        if ledger.account_for(arn):
            answers.append((arn, facts))

    options = cast(ClientOptions, {**unit.options, "profile": place.profile})
    sessions = Sessions(options, [place.region], asynchronous=True)
    try:
        await read_place(sessions, ledger, unit.wanted, resume=leave_out, take=take)
    finally:
        await sessions.driver.aclose()
    return UnitReport(ledger.settled(), answers, left)
