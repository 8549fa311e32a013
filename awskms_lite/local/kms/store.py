"""The keys of the embedded KMS, their aliases, their clock, and the history of what happened to them."""

import heapq
import threading
from collections import defaultdict
from collections.abc import Callable, Sequence
from itertools import count
from operator import attrgetter

from ..arns import resource_arn
from ..clock import KeyClock
from ..cloudtrail.trail import Trail
from .keys import PREDEFINED_ALIASES, Alias, Grant, Key, PredefinedAlias
from .ordered_index import OrderedIndex

Location = tuple[str, str]  # account id and region


class Store:
    """The keys and aliases of every account and region, behind one lock.

    Hold `lock` to read or change keys, and call `catch_up` first: it does what has fallen due since, in order of
    time. An answer takes microseconds, so one lock is enough.
    """

    def __init__(self, clock: KeyClock) -> None:
        self.clock = clock
        self.trail = Trail(clock)
        self.lock = threading.RLock()
        self._keys: dict[Location, OrderedIndex[Key]] = defaultdict(_index_of_keys)
        self._shared: dict[Location, OrderedIndex[Key]] = defaultdict(_index_of_keys)
        self._aliases: dict[Location, OrderedIndex[Alias | PredefinedAlias]] = {}
        self._grants: dict[str, OrderedIndex[Grant]] = defaultdict(_index_of_grants)
        self._schedule: list[tuple[int, int, Callable[[int], None]]] = []
        self._numbers = count(1)

    def at(self, moment: int, action: Callable[[int], None]) -> None:
        """Schedule `action(moment)` for when the key clock reaches the moment; it cannot be cancelled."""
        heapq.heappush(self._schedule, (moment, next(self._numbers), action))

    def catch_up(self) -> None:
        """Run the actions that are due in order of time, including those that they schedule."""
        now = self.clock.now()
        while self._schedule and self._schedule[0][0] <= now:
            moment, _, action = heapq.heappop(self._schedule)
            action(moment)

    def add(self, key: Key) -> Key:
        """Add the key; return it."""
        key.sequence = next(self._numbers)
        self._keys[key.account_id, key.region].put(key.key_id, key)
        for account_id in key.shared_with:
            self._shared[account_id, key.region].put(key.arn, key)
        return key

    def remove(self, key: Key) -> None:
        """Remove the key with all its aliases and grants."""
        self._keys[key.account_id, key.region].remove(key.key_id)
        for account_id in key.shared_with:
            self._shared[account_id, key.region].remove(key.arn)
        for alias in list(key.aliases.values()):
            self.remove_alias(alias)
        for grant in list(key.grants.values()):
            self.remove_grant(key, grant)

    def find(self, account_id: str, region: str, key_id: str) -> Key | None:
        """Return the key of this id in this account and region, None if there is none or it is deleted."""
        return self._keys[account_id, region].find(key_id)

    def keys(self, account_id: str, region: str) -> Sequence[Key]:
        """Return the account's keys in this region, oldest first."""
        return self._keys[account_id, region].ordered()

    def shared_keys(self, account_id: str, region: str) -> Sequence[Key]:
        """Return the keys in this region that other accounts share with this one, oldest first."""
        return self._shared[account_id, region].ordered()

    def related(self, key: Key) -> list[Key]:
        """Return all keys of a multi-Region key, this one included, sorted by region."""
        found = (index.find(key.key_id) for index in self._keys.values())
        return sorted((key for key in found if key is not None), key=attrgetter("region"))

    def add_alias(self, alias: Alias) -> None:
        """Add an alias whose name is free or predefined by AWS."""
        self._aliases_in(alias.key.account_id, alias.key.region).put(alias.name, alias)
        alias.key.aliases[alias.name] = alias

    def redirect_alias(self, alias: Alias, key: Key) -> None:
        """Point the alias to another key of its account and region."""
        del alias.key.aliases[alias.name]
        alias.key = key
        key.aliases[alias.name] = alias

    def remove_alias(self, alias: Alias) -> None:
        """Remove the alias."""
        self._aliases_in(alias.key.account_id, alias.key.region).remove(alias.name)
        del alias.key.aliases[alias.name]

    def find_alias(self, account_id: str, region: str, name: str) -> Alias | None:
        """Return the alias of this name in this account and region, None if there is none or it has no key."""
        found = self._aliases_in(account_id, region).find(name)
        return found if isinstance(found, Alias) else None

    def is_predefined(self, account_id: str, region: str, name: str) -> bool:
        """Return whether this is a predefined alias whose AWS managed key has not been created yet."""
        return isinstance(self._aliases_in(account_id, region).find(name), PredefinedAlias)

    def aliases(self, account_id: str, region: str) -> Sequence[Alias | PredefinedAlias]:
        """Return the account's aliases in this region, sorted by name, AWS's predefined ones included."""
        return self._aliases_in(account_id, region).ordered()

    def aliases_of(self, key: Key) -> Sequence[Alias]:
        """Return the aliases of one key, sorted by name."""
        return sorted(key.aliases.values(), key=attrgetter("name"))

    def add_grant(self, key: Key, grant: Grant) -> None:
        """Add a grant for the key."""
        key.grants[grant.id] = grant
        self._grants[key.region].put(grant.id, grant)

    def remove_grant(self, key: Key, grant: Grant) -> None:
        """Remove the grant from the key."""
        del key.grants[grant.id]
        self._grants[key.region].remove(grant.id)

    def grants(self, region: str) -> Sequence[Grant]:
        """Return the grants for the keys of all accounts in this region, oldest first."""
        return self._grants[region].ordered()

    def next_number(self) -> int:
        """Return a number above that of everything before, for what is sorted by age."""
        return next(self._numbers)

    def _aliases_in(self, account_id: str, region: str) -> OrderedIndex[Alias | PredefinedAlias]:
        location = account_id, region
        if location not in self._aliases:
            index = self._aliases[location] = _index_of_aliases()
            for name in PREDEFINED_ALIASES:
                index.put(name, PredefinedAlias(name, resource_arn(region, account_id, name)))
        return self._aliases[location]


def _index_of_keys() -> OrderedIndex[Key]:
    return OrderedIndex(attrgetter("sequence"))


def _index_of_grants() -> OrderedIndex[Grant]:
    return OrderedIndex(attrgetter("sequence"))


def _index_of_aliases() -> OrderedIndex[Alias | PredefinedAlias]:
    return OrderedIndex(attrgetter("name"))
