"""The built-in list of regions beside botocore's."""

import pytest
from botocore.session import Session

from awskms_lite.audit import all_regions

SESSION = Session()


@pytest.mark.parametrize("partition", SESSION.get_available_partitions())
def test_no_region_of_kms_is_missing(partition: str) -> None:
    """Every region where botocore knows a KMS is tried, in each partition."""
    theirs = SESSION.get_available_regions("kms", partition)
    assert theirs
    assert set(theirs) <= set(all_regions(theirs[0]))
