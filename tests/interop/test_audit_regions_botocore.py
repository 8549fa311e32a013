"""The built-in list of regions beside botocore's two: those of its endpoints, and those of its partitions."""

import pytest
from botocore.loaders import create_loader
from botocore.session import Session

from awskms_lite.audit import known_regions

SESSION = Session()
LOADER = create_loader()
PARTITIONS = {part["id"]: part for part in LOADER.load_data("partitions")["partitions"]}


@pytest.mark.parametrize("partition", SESSION.get_available_partitions())
def test_no_region_of_kms_is_missing(partition: str) -> None:
    """Every region where botocore knows a KMS is tried, in each partition."""
    theirs = SESSION.get_available_regions("kms", partition)
    assert theirs
    assert set(theirs) <= set(known_regions(theirs[0]))


@pytest.mark.parametrize("partition", PARTITIONS)
def test_no_region_of_a_partition_is_missing(partition: str) -> None:
    """Every region of a partition is tried, those without a known KMS too; its global one is no place."""
    theirs = {region for region in PARTITIONS[partition]["regions"] if not region.endswith("-global")}
    assert theirs
    assert theirs <= set(known_regions(min(theirs)))
