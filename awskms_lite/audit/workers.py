"""A place read in another process or on another machine: the unit of work of `audit(executor=...)`.

A unit carries names only. The worker finds its own credentials, as any client does, and what it has read travels
back; the parent alone judges, and writes the checkpoint.
"""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import anyio
from attrs import field, frozen

from ..errors import ParameterError
from .ledger import PlaceLedger
from .listing import Keys
from .places import Place
from .reading import read_place
from .records import KeyFacts
from .selection import KeyFilter
from .sessions import ClientOptions, NetworkOptions, Sessions


@frozen
class Unit:
    """One place to read, without the keys whose ARNs are in `answered`; no option of `options` is secret."""

    place: Place
    options: NetworkOptions
    wanted: KeyFilter
    answered: frozenset[str] = frozenset()


@frozen
class UnitReport:
    """What came of a unit: the counts, and each answer by its ARN, None where the filter left the key out."""

    ledger: PlaceLedger
    answers: list[tuple[str, KeyFacts | None]] = field(repr=False)


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

    async def leave_out(keys: Keys) -> None:
        for arn in unit.answered:
            ledger.listed += not keys.take(arn)

    async def take(arn: str, facts: KeyFacts | None) -> None:
        answers.append((arn, facts))

    options = cast(ClientOptions, {**unit.options, "profile": place.profile})
    sessions = Sessions(options, [place.region], asynchronous=True)
    try:
        await read_place(sessions, ledger, unit.wanted, resume=leave_out, take=take)
    finally:
        await sessions.driver.aclose()
    return UnitReport(ledger.settled(), answers)
