"""Multi-Region sets: their keys wait for each other, and for nobody else."""

from support.audit_data import ACCOUNT, SET_ID, arn_of, facts

from awskms_lite.audit.multi_region import Group, Member, MultiRegionGroups
from awskms_lite.audit.targets import Target

EAST, WEST = Target("us-east-2"), Target("eu-west-1")
ROLE = "arn:aws:iam::111122223333:role/Audit"


def key(target: Target, *others: str, key_id: str = SET_ID) -> Member[Target]:
    related = tuple(arn_of(key_id, region) for region in others)
    return Member(target.caller, facts(key_id=key_id, region=target.region, related_arns=related), target)


def unread(*targets: Target) -> MultiRegionGroups[Target]:
    return MultiRegionGroups((target.caller, target.region) for target in targets)


def regions(groups: list[Group[Target]]) -> list[list[str]]:
    return [[member.facts.region for member in group] for group in groups]


def test_a_key_of_one_region_passes_at_once() -> None:
    """Most keys belong to no set, and wait for nothing."""
    single = Member("", facts(), EAST)
    assert unread(EAST, WEST).add(single) == [[single]]


def test_a_set_waits_until_all_of_it_is_read() -> None:
    """The keys of a set come together, when the last of them is read."""
    sets = unread(EAST, WEST)
    assert sets.add(key(EAST, "eu-west-1")) == []
    assert regions(sets.add(key(WEST, "us-east-2"))) == [["us-east-2", "eu-west-1"]]


def test_a_region_that_is_not_audited_is_not_waited_for() -> None:
    """A set whose other keys are elsewhere is judged as far as it is seen."""
    assert regions(unread(EAST).add(key(EAST, "eu-west-1"))) == [["us-east-2"]]


def test_a_region_of_another_caller_is_not_waited_for() -> None:
    """The same region of another account has no key of this set."""
    sets = unread(EAST, Target("eu-west-1", ROLE))
    assert regions(sets.add(key(EAST, "eu-west-1"))) == [["us-east-2"]]


def test_the_end_of_a_target_frees_who_waited_for_it() -> None:
    """A key that never comes, refused or left out, holds nobody back longer than its target is read."""
    sets = unread(EAST, WEST)
    sets.add(key(EAST, "eu-west-1"))
    assert regions(sets.finish("", WEST.region)) == [["us-east-2"]]
    assert sets.finish("", EAST.region) == []


def test_a_key_that_could_not_be_described_belongs_to_its_set() -> None:
    """It knows no others, but the others know of it."""
    sets = unread(EAST, WEST)
    assert regions(sets.add(key(WEST))) == [["eu-west-1"]]
    assert sets.add(key(EAST, "eu-west-1")) == []
    assert regions(sets.finish("", WEST.region)) == [["us-east-2"]]


def test_what_is_left_comes_at_the_end() -> None:
    """A stop loses none of those that waited."""
    sets = unread(EAST, WEST)
    sets.add(key(EAST, "eu-west-1"))
    assert regions(sets.finish_all()) == [["us-east-2"]]
    assert sets.finish_all() == []


def test_a_file_may_hold_any_region() -> None:
    """Where nothing tells what is still to come, a set is complete at the end only, and other keys at once."""
    groups = MultiRegionGroups[None](None)
    single = Member(ACCOUNT, facts(), None)
    assert groups.add(single) == [[single]]
    assert groups.add(Member(ACCOUNT, facts(key_id=SET_ID), None)) == []
    assert groups.add(Member("444455556666", facts(key_id=SET_ID), None)) == []
    assert [len(group) for group in groups.finish_all()] == [1, 1]
