"""Two reports compared: which keys changed, and how. Pure.

A report has the keys of the accounts and regions that could be listed. So a key that only one report has was made
or deleted meanwhile only if the other report has any key of its account and region; else nobody may have looked.
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from ..costs import NOTHING, CostTotal, MonthlyCost, monthly_cost
from ..verdicts import UNUSED

if TYPE_CHECKING:
    from ..audit import KeyUsageRecord

CHANGES: Mapping[str, str] = {
    "newly_idle": "had a use in the idle window, or was too new, and has none now",
    "used_again": "had no use in the idle window and has one now",
    "state_changed": "is in another state",
    "new": "is in the new report only",
    "gone": "is in the old report only",
    "newly_unreadable": "could be read and cannot be now: it may be in use",
    "newly_readable": "could not be read and can be now",
    "only_new_audited": "is in the new report only, as are all keys of its account and region",
    "only_old_audited": "is in the old report only, as are all keys of its account and region: it may still exist",
}
"""What can be said of a key, in the order in which it is told. A key may have changed in several ways."""


class KeyStatus(NamedTuple):
    """What is compared of a key, and what names it to people."""

    arn: str
    key_id: str
    place: tuple[str, str]
    """The account that was audited, and the region."""
    account_id: str
    verdict: str
    state: str | None
    idle_days: int | None
    cost: MonthlyCost
    owner: str | None
    name: str

    @classmethod
    def of(cls, record: "KeyUsageRecord") -> "KeyStatus":
        """Return what is compared of a record; a cost that an older version did not write is made up for."""
        return cls(
            arn=record.arn,
            key_id=record.key_id,
            place=(record.audited_account_id or record.account_id, record.region),
            account_id=record.account_id,
            verdict=record.verdict.value,
            state=record.state,
            idle_days=record.idle_days,
            cost=monthly_cost(record) if record.monthly_cost is None else record.cost,
            owner=record.owner,
            name=" ".join(record.aliases or ()) or " ".join((record.description or "").split()),
        )


class Change(NamedTuple):
    """A key that changed: as it was, and as it is; None in a report that does not have it."""

    old: KeyStatus | None
    new: KeyStatus | None

    @property
    def key(self) -> KeyStatus:
        """Return the key as it was known last."""
        key = self.new or self.old
        assert key is not None
        return key


class Side(NamedTuple):
    """One of the two reports: how many keys it has, and what they cost."""

    keys: int
    cost: CostTotal


class Comparison(NamedTuple):
    """The changes by their kinds, each sorted by account, region and key id; and both reports."""

    changes: Mapping[str, list[Change]]
    old: Side
    new: Side

    @property
    def cost_difference(self) -> MonthlyCost:
        """Return by how much the cost rose, in US dollars a month; a minimum if one of the two is."""
        return MonthlyCost(
            self.new.cost.usd - self.old.cost.usd, self.old.cost.is_minimum or self.new.cost.is_minimum
        )


def compare(old: Iterable["KeyUsageRecord"], new: Iterable["KeyUsageRecord"]) -> Comparison:
    """Compare two reports; of a key that is twice in one, the later record counts."""
    before = {record.arn: KeyStatus.of(record) for record in old}
    after = {record.arn: KeyStatus.of(record) for record in new}
    changes: dict[str, list[Change]] = {kind: [] for kind in CHANGES}
    places_before = {key.place for key in before.values()}
    places_after = {key.place for key in after.values()}
    for key in after.values():
        known = before.get(key.arn)
        if known is None:
            changes["new" if key.place in places_before else "only_new_audited"].append(Change(None, key))
            continue
        for kind in _kinds(known, key):
            changes[kind].append(Change(known, key))
    for key in before.values():
        if key.arn not in after:
            changes["gone" if key.place in places_after else "only_old_audited"].append(Change(key, None))
    for found in changes.values():
        found.sort(key=lambda change: (*change.key.place, change.key.key_id))
    return Comparison(changes, _side(before.values()), _side(after.values()))


def _kinds(old: KeyStatus, new: KeyStatus) -> Iterable[str]:
    """Yield how a key changed that both reports have."""
    could, can = old.verdict != "unreadable", new.verdict != "unreadable"
    if could and not can:
        yield "newly_unreadable"
    elif can and not could:
        yield "newly_readable"
    elif new.verdict in UNUSED and old.verdict not in UNUSED:
        yield "newly_idle"
    elif old.verdict in UNUSED and new.verdict == "in_use":
        yield "used_again"
    if None not in (old.state, new.state) and old.state != new.state:
        yield "state_changed"


def _side(keys: Iterable[KeyStatus]) -> Side:
    count, cost = 0, NOTHING
    for key in keys:
        count += 1
        if key.verdict != "other_account":
            cost = cost.plus(key.cost)
    return Side(count, cost)
