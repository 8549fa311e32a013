"""Multi-Region keys: KMS records the use of each key by itself, and an audit judges their set together. Pure.

The keys of a set share their id and their material, so what one of them encrypted the others can decrypt. A set
lies in one account.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Generic, NamedTuple, TypeAlias, TypeVar

from .records import KeyFacts, KeyUsageRecord, region_of
from .rules import judge

SourceT = TypeVar("SourceT")

_MULTI_REGION_PREFIX = "mrk-"
"""How the id of every multi-Region key begins, and of no other ("Multi-Region keys", AWS KMS Developer Guide)."""


class Member(NamedTuple, Generic[SourceT]):
    """A key that was read, whose it is (the keys of a set have one owner), and where it was read."""

    owner: str
    facts: KeyFacts
    source: SourceT


Group: TypeAlias = list[Member[SourceT]]
"""Keys to judge together: a single one, or those of a multi-Region set that were read."""


class MultiRegionGroups(Generic[SourceT]):
    """Holds a multi-Region key back until the others of its set were read, so no more than incomplete sets.

    `unread` are the regions of each owner that are still to be read; a key waits for nothing else. None means that
    keys of any region may still come, as in a file: every set waits for `finish_all`.
    """

    def __init__(self, unread: Iterable[tuple[str, str]] | None) -> None:
        self._unread = None if unread is None else set(unread)
        self._waiting: dict[tuple[str, str], Group[SourceT]] = {}

    def add(self, member: Member[SourceT]) -> list[Group[SourceT]]:
        """Add a key; return the groups that are complete by now."""
        if not member.facts.key_id.startswith(_MULTI_REGION_PREFIX):
            return [[member]]
        name = (member.owner, member.facts.key_id)
        self._waiting.setdefault(name, []).append(member)
        return self._pop_complete([name])

    def finish(self, owner: str, region: str) -> list[Group[SourceT]]:
        """Note that all keys of an owner's region were read; return the groups that are complete by now."""
        if self._unread is not None:
            self._unread.discard((owner, region))
        return self._pop_complete([name for name in self._waiting if name[0] == owner])

    def finish_all(self) -> list[Group[SourceT]]:
        """Note that no more keys will come; return the groups that are left."""
        left = list(self._waiting.values())
        self._waiting.clear()
        return left

    def _pop_complete(self, names: Iterable[tuple[str, str]]) -> list[Group[SourceT]]:
        return [self._waiting.pop(name) for name in names if not self._is_awaiting(name[0], self._waiting[name])]

    def _is_awaiting(self, owner: str, group: Group[SourceT]) -> bool:
        if self._unread is None:
            return True
        here = {member.facts.region for member in group}
        related = {region_of(arn) for member in group for arn in member.facts.related_arns}
        return any((owner, region) in self._unread for region in related - here)


def judge_group(
    group: Sequence[Member[SourceT]], idle_days: int, price: float
) -> Iterator[tuple[Member[SourceT], KeyUsageRecord]]:
    """Yield each key of a group with its record; a key that could not be read tells nothing about the others."""
    readable = [member.facts for member in group if member.facts.error is None]
    for member in group:
        related = [facts for facts in readable if facts.arn != member.facts.arn]
        yield member, judge(member.facts, idle_days, related, price)
