"""The ARNs of KMS: their patterns, and the partition of each region."""

import re
from functools import lru_cache

KEY_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|mrk-[0-9a-f]{32}", re.IGNORECASE)
ARN = re.compile(r"arn:([a-z-]+):kms:([a-zA-Z0-9-]+):([0-9]{12}):(key|alias)/(.+)", re.DOTALL)

_PARTITIONS = {
    "cn-": "aws-cn", "us-gov-": "aws-us-gov", "eusc-": "aws-eusc", "us-iso-": "aws-iso",
    "us-isob-": "aws-iso-b", "eu-isoe-": "aws-iso-e", "us-isof-": "aws-iso-f",
}  # fmt: skip


@lru_cache(maxsize=256)
def partition_of(region: str) -> str:
    """Return the partition in the ARNs of this region."""
    return next((name for prefix, name in _PARTITIONS.items() if region.startswith(prefix)), "aws")


def resource_arn(region: str, account_id: str, resource: str) -> str:
    """Return the ARN of a resource, which is `key/` and an id, or an alias name."""
    return f"arn:{partition_of(region)}:kms:{region}:{account_id}:{resource}"
