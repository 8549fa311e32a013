"""The regions there are, for an audit of all of them.

From "AWS Regions" in the AWS General Reference, and those that the SDKs know beside it, as of November 2026: one
that is not open yet is told by its host, which does not resolve. Nothing else depends on this list: a region that
is not in it is audited by its name.
"""

from collections.abc import Sequence

from ..endpoints import partition_of

REGIONS_AS_OF = "2026-11"

_REGIONS = {
    "aws": (
        "us-east-1", "us-east-2", "us-west-1", "us-west-2", "af-south-1", "ap-east-1", "ap-east-2",
        "ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-south-2", "ap-southeast-1",
        "ap-southeast-2", "ap-southeast-3", "ap-southeast-4", "ap-southeast-5", "ap-southeast-6",
        "ap-southeast-7", "ca-central-1", "ca-west-1", "eu-central-1", "eu-central-2", "eu-north-1",
        "eu-south-1", "eu-south-2", "eu-west-1", "eu-west-2", "eu-west-3", "il-central-1", "me-central-1",
        "me-south-1", "me-west-1", "mx-central-1", "sa-east-1", "sa-west-1",
    ),
    "aws-cn": ("cn-north-1", "cn-northwest-1"),
    "aws-us-gov": ("us-gov-east-1", "us-gov-west-1"),
    "aws-eusc": ("eusc-de-east-1",),
    "aws-iso": ("us-iso-east-1", "us-iso-west-1"),
    "aws-iso-b": ("us-isob-east-1", "us-isob-west-1"),
    "aws-iso-e": ("eu-isoe-west-1",),
    "aws-iso-f": ("us-isof-east-1", "us-isof-south-1"),
}  # fmt: skip


def all_regions(home: str) -> Sequence[str]:
    """Give the regions of the partition that a region lies in, itself first."""
    return tuple(dict.fromkeys((home, *_REGIONS[partition_of(home).name])))
