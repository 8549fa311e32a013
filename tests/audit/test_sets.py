"""Multi-Region sets: their keys wait for each other, and for nobody else."""

from support.audit_data import SET_ID, arn_of, facts

from awskms_lite.audit.places import Place
from awskms_lite.audit.sets import Group, MultiRegionSets, Reading

EAST, WEST = Place("us-east-2"), Place("eu-west-1")
ROLE = "arn:aws:iam::111122223333:role/Audit"


def key(place: Place, *others: str, key_id: str = SET_ID) -> Reading:
    related = tuple(arn_of(key_id, region) for region in others)
    return Reading(place, facts(key_id=key_id, region=place.region, related_arns=related))


def regions(groups: list[Group]) -> list[list[str]]:
    return [[reading.facts.region for reading in group] for group in groups]


def test_a_key_of_one_region_passes_at_once() -> None:
    """Most keys belong to no set, and wait for nothing."""
    single = Reading(EAST, facts())
    assert MultiRegionSets([EAST, WEST]).add(single) == [[single]]


def test_a_set_waits_until_all_of_it_is_read() -> None:
    """The keys of a set come together, when the last of them is read."""
    sets = MultiRegionSets([EAST, WEST])
    assert sets.add(key(EAST, "eu-west-1")) == []
    assert regions(sets.add(key(WEST, "us-east-2"))) == [["us-east-2", "eu-west-1"]]


def test_a_region_that_is_not_audited_is_not_waited_for() -> None:
    """A set whose other keys are elsewhere is judged as far as it is seen."""
    assert regions(MultiRegionSets([EAST]).add(key(EAST, "eu-west-1"))) == [["us-east-2"]]


def test_a_region_of_another_caller_is_not_waited_for() -> None:
    """The same region of another account has no key of this set."""
    sets = MultiRegionSets([EAST, Place("eu-west-1", ROLE)])
    assert regions(sets.add(key(EAST, "eu-west-1"))) == [["us-east-2"]]


def test_the_end_of_a_place_frees_who_waited_for_it() -> None:
    """A key that never comes, refused or left out, holds nobody back longer than its place is read."""
    sets = MultiRegionSets([EAST, WEST])
    sets.add(key(EAST, "eu-west-1"))
    assert regions(sets.end(WEST)) == [["us-east-2"]]
    assert sets.end(EAST) == []


def test_a_key_that_could_not_be_described_belongs_to_its_set() -> None:
    """It knows no others, but the others know of it."""
    sets = MultiRegionSets([EAST, WEST])
    assert regions(sets.add(key(WEST))) == [["eu-west-1"]]
    assert sets.add(key(EAST, "eu-west-1")) == []
    assert regions(sets.end(WEST)) == [["us-east-2"]]


def test_what_is_left_comes_at_the_end() -> None:
    """A stop loses none of those that waited."""
    sets = MultiRegionSets([EAST, WEST])
    sets.add(key(EAST, "eu-west-1"))
    assert regions(sets.end_all()) == [["us-east-2"]]
    assert sets.end_all() == []
