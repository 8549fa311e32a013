"""One key in several regions: replicate it, and read anywhere what was encrypted anywhere else."""

from collections.abc import Iterable
from contextlib import suppress

from awskms_lite import AlreadyExistsException, KMSClient


def create_everywhere(kms: KMSClient, alias: str, regions: Iterable[str]) -> dict[str, str]:
    """Create a multi-Region key with a replica and an alias in each region; return the ARNs by region."""
    primary = kms.create_key(multi_region=True, tags={"alias": alias}).key_metadata
    kms.create_alias(alias, primary.key_id)
    return {kms.region: primary.arn} | {region: replicate(kms, primary.arn, alias, region) for region in regions}


def replicate(kms: KMSClient, primary_arn: str, alias: str, region: str) -> str:
    """Create a replica and its alias, unless they exist; return its ARN once it can be used."""
    there = kms.in_region(region)
    with suppress(AlreadyExistsException):
        kms.replicate_key(primary_arn, region, tags={"alias": alias})
    replica = there.wait_until_replica_ready(primary_arn.rpartition("/")[2], timeout=120)
    with suppress(AlreadyExistsException):
        there.create_alias(alias, replica.key_id)
    return replica.arn


def replica_regions(kms: KMSClient, key_id: str) -> set[str]:
    """Return the regions that have a replica of a key."""
    configuration = kms.describe_key(key_id).key_metadata.multi_region_configuration
    return {replica.region for replica in configuration.replica_keys} if configuration else set()


def read_anywhere(kms: KMSClient, regions: Iterable[str], ciphertext: bytes) -> dict[str, bytes]:
    """Decrypt the same ciphertext in each region."""
    return {region: kms.in_region(region).decrypt(ciphertext).plaintext for region in regions}
