"""What the embedded KMS holds: the keys, their aliases, and the clock that their life follows."""

import heapq
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count

from .keys import Alias, Key

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)

Place = tuple[str, str]  # account id and region


def milliseconds(moment: datetime) -> int:
    """Give whole milliseconds since 1970 UTC; raise `ValueError` for a moment without a time zone."""
    if moment.utcoffset() is None:
        raise ValueError(f"{moment!r} has no time zone: pass an aware datetime, as datetime.now(UTC) gives")
    return (moment - _EPOCH) // _MILLISECOND


class KeyClock:
    """The time of the keys: real time, moved on by whatever was asked for."""

    def __init__(self, real_time: Callable[[], float] = time.time) -> None:
        self._real_time = real_time
        self._ahead = 0

    def now(self) -> int:
        """Give the key time, in milliseconds since 1970 UTC."""
        return int(self._real_time() * 1000) + self._ahead

    def advance(self, delta: timedelta) -> None:
        """Move the key time on; raise `ValueError` for a step back."""
        if delta < timedelta(0):
            raise ValueError("the key clock only goes forward")
        self._ahead += delta // _MILLISECOND


class Store:
    """The keys and aliases of every account and region, behind one lock.

    Whoever reads or changes keys holds `lock` meanwhile, and first calls `catch_up`: what the passing of time does
    to keys is done then, moment by moment. An answer takes microseconds, so one lock is enough.
    """

    def __init__(self, clock: KeyClock) -> None:
        self.clock = clock
        self.lock = threading.RLock()
        self._keys: dict[Place, dict[str, Key]] = {}
        self._aliases: dict[Place, dict[str, Alias]] = {}
        self._agenda: list[tuple[int, int, Callable[[int], None]]] = []
        self._numbers = count(1)

    def at(self, moment: int, action: Callable[[int], None]) -> None:
        """Have `action(moment)` called once the key clock has come to the moment; it cannot be taken back."""
        heapq.heappush(self._agenda, (moment, next(self._numbers), action))

    def catch_up(self) -> None:
        """Do what has fallen due, in the order of time, whatever that brings with it included."""
        now = self.clock.now()
        while self._agenda and self._agenda[0][0] <= now:
            moment, _, action = heapq.heappop(self._agenda)
            action(moment)

    def add(self, key: Key) -> Key:
        """Take the key in; give it back."""
        key.sequence = next(self._numbers)
        self._keys.setdefault((key.account_id, key.region), {})[key.key_id] = key
        return key

    def remove(self, key: Key) -> None:
        """Let go of the key and of all its aliases."""
        place = (key.account_id, key.region)
        del self._keys[place][key.key_id]
        aliases = self._aliases.get(place, {})
        self._aliases[place] = {name: alias for name, alias in aliases.items() if alias.key is not key}

    def find(self, account_id: str, region: str, key_id: str) -> Key | None:
        """Give the key of this id in this account and region, None where there is none or it is deleted."""
        return self._keys.get((account_id, region), {}).get(key_id)

    def keys(self, account_id: str, region: str) -> list[Key]:
        """Give the account's keys in this region, oldest first."""
        return list(self._keys.get((account_id, region), {}).values())

    def related(self, key: Key) -> list[Key]:
        """Give all keys of a multi-Region key, this one among them, by their region."""
        keys = [keys[key.key_id] for keys in self._keys.values() if key.key_id in keys]
        return sorted(keys, key=lambda key: key.region)

    def add_alias(self, alias: Alias) -> None:
        """Take in an alias, or put it in the place of the one of its name."""
        self._aliases.setdefault((alias.key.account_id, alias.key.region), {})[alias.name] = alias

    def remove_alias(self, alias: Alias) -> None:
        """Let go of the alias."""
        del self._aliases[alias.key.account_id, alias.key.region][alias.name]

    def find_alias(self, account_id: str, region: str, name: str) -> Alias | None:
        """Give the alias of this name in this account and region, None where there is none."""
        return self._aliases.get((account_id, region), {}).get(name)

    def aliases(self, account_id: str, region: str) -> list[Alias]:
        """Give the account's aliases in this region, by their name."""
        aliases = self._aliases.get((account_id, region), {})
        return [aliases[name] for name in sorted(aliases)]
