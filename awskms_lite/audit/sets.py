"""Multi-Region keys, brought together: each key of a set is tracked on its own, and none goes by itself. Pure."""

from collections.abc import Iterable
from typing import NamedTuple, TypeAlias

from .places import Place
from .records import KeyFacts, region_of


class Reading(NamedTuple):
    """What was read of a key, and in which place."""

    place: Place
    facts: KeyFacts


Group: TypeAlias = list[Reading]
"""Keys that are judged together: one key, or those of a multi-Region set that were read."""

_MULTI_REGION_ID = "mrk-"


class MultiRegionSets:
    """Holds a key of a set back until the others were read, as far as the same caller audits their regions.

    So no more is kept than the sets that were read in part.
    """

    def __init__(self, places: Iterable[Place]) -> None:
        self._unread = {(place.caller, place.region) for place in places}
        self._waiting: dict[tuple[str, str], Group] = {}

    def add(self, reading: Reading) -> list[Group]:
        """Take a key in; give what can be judged now."""
        if not reading.facts.key_id.startswith(_MULTI_REGION_ID):
            return [[reading]]
        name = (reading.place.caller, reading.facts.key_id)
        self._waiting.setdefault(name, []).append(reading)
        return self._complete([name])

    def end(self, place: Place) -> list[Group]:
        """Note that all of a place was read; give what can be judged now."""
        self._unread.discard((place.caller, place.region))
        return self._complete([name for name in self._waiting if name[0] == place.caller])

    def end_all(self) -> list[Group]:
        """Note that nothing more will come; give what is left."""
        left = list(self._waiting.values())
        self._waiting.clear()
        return left

    def _complete(self, names: Iterable[tuple[str, str]]) -> list[Group]:
        return [self._waiting.pop(name) for name in names if not self._is_awaited(name[0], self._waiting[name])]

    def _is_awaited(self, caller: str, group: Group) -> bool:
        here = {reading.facts.region for reading in group}
        related = {region_of(arn) for reading in group for arn in reading.facts.related_arns}
        return any((caller, region) in self._unread for region in related - here)
