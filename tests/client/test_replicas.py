"""Multi-Region keys, through two clients of two regions of the local KMS."""

import pytest
from attrs import evolve
from support.either_client import EitherClient
from support.servers import Way

from awskms_lite.errors import (
    KMSLiteError,
    ParameterError,
)
from awskms_lite.local import Error, LocalKMS, Reset
from awskms_lite.models.keys import KeyState, MultiRegionKeyType
from awskms_lite.models.tags import Tag

HERE, THERE = "us-east-2", "eu-west-1"


@pytest.fixture
def here(way: Way, local: LocalKMS) -> EitherClient:
    return EitherClient(way, local)


@pytest.fixture
def there(way: Way, local: LocalKMS) -> EitherClient:
    return EitherClient(way, local, region=THERE)


@pytest.fixture
def primary(local: LocalKMS) -> str:
    return local.add_key(multi_region=True)


def kind(kms: EitherClient, key_id: str) -> str:
    shown: str = kms.describe_key(key_id).key_metadata.multi_region_configuration.multi_region_key_type
    return shown


def in_region(arn: str, region: str) -> str:
    return arn.replace(HERE, region)


def test_a_key_is_replicated(here: EitherClient, there: EitherClient, primary: str) -> None:
    """A replica has the key's id, a description and tags of its own, and both keys know of each other."""
    tags = [Tag(tag_key="stage", tag_value="spare")]
    made = here.replicate_key(primary, THERE, description="spare", tags=tags)
    replica = there.describe_key(in_region(primary, THERE)).key_metadata
    being_made = evolve(replica, key_state=KeyState.CREATING, enabled=False)
    assert (made.replica_key_metadata, made.replica_tags) == (being_made, tuple(tags))
    assert (replica.arn, replica.description) == (in_region(primary, THERE), "spare")
    assert made.replica_policy == there.get_key_policy(replica.key_id).policy
    family = here.describe_key(primary).key_metadata.multi_region_configuration
    assert (family.multi_region_key_type, family.primary_key.region) == (MultiRegionKeyType.PRIMARY, HERE)
    assert [key.arn for key in family.replica_keys] == [replica.arn]
    assert kind(there, replica.key_id) == MultiRegionKeyType.REPLICA


def test_a_replica_is_waited_for(
    here: EitherClient, there: EitherClient, primary: str, local: LocalKMS, way: Way
) -> None:
    """A client of the replica's region waits until that region knows it."""
    here.replicate_key(primary, THERE)
    local.inject_fault(Error("NotFoundException"), times=2, operation="DescribeKey")
    ready = there.wait_until_replica_ready(primary.rpartition("/")[2])
    assert (ready.arn, ready.key_state) == (in_region(primary, THERE), KeyState.ENABLED)
    assert way.pauses == [1, 2]


def test_a_client_asks_its_own_region(there: EitherClient, primary: str, local: LocalKMS) -> None:
    """The ARN of the key in another region is refused before it is sent: the replica has one of its own."""
    with pytest.raises(ParameterError, match=HERE):
        there.wait_until_replica_ready(primary)
    assert not local.stats.asked


def test_the_primary_moves(here: EitherClient, there: EitherClient, primary: str) -> None:
    """A replica becomes the primary, and the primary of before a replica."""
    here.replicate_key(primary, THERE)
    here.update_primary_region(primary, THERE)
    key_id = primary.rpartition("/")[2]
    assert (kind(here, key_id), kind(there, key_id)) == (MultiRegionKeyType.REPLICA, MultiRegionKeyType.PRIMARY)


@pytest.mark.parametrize(("name", "region"), [("replicate_key", "sa-east-1"), ("update_primary_region", THERE)])
def test_what_must_not_happen_twice_is_sent_once(
    here: EitherClient, there: EitherClient, primary: str, local: LocalKMS, name: str, region: str
) -> None:
    """A change that would find itself done is not repeated when its answer is lost; the error says so."""
    here.replicate_key(primary, THERE)
    local.inject_fault(Reset("during"), times=1)
    asked = sum(local.stats.asked.values())
    with pytest.raises(KMSLiteError, match="may have been executed") as caught:
        getattr(here, name)(primary, region)
    assert caught.value.outcome_unknown
    assert sum(local.stats.asked.values()) == asked + 1
