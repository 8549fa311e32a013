"""What an audit reads: one target is one account in one region; and what became of each.

The list of regions is that of "AWS Regions" in the AWS General Reference, with those that AWS's SDKs know beside
it, as of November 2026. A region on it that is not open yet has a host that does not resolve. Only `all_regions`
depends on the list: a region that is not on it can be audited by its name.
"""

import re
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import NamedTuple

from attrs import field, frozen

from ..endpoints import partition_of
from ..errors import ParameterError
from .records import Failure

REGIONS_AS_OF = "2026-11"

_ROLE_ARN = re.compile(r"arn:[a-z-]+:iam::[0-9]{12}:role/[!-~]+")
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


class Target(NamedTuple):
    """One account in one region: names only, so that it can be sent to another process or machine.

    The account is that of `role_arn`; without a role it is that of the credentials of `profile`.
    """

    region: str
    role_arn: str | None = None
    profile: str | None = None

    @property
    def caller(self) -> str:
        """Return who calls KMS there; the targets of one caller share credentials and multi-Region sets."""
        return self.role_arn or self.profile or ""

    @property
    def account_id(self) -> str | None:
        """Return the account if the role's ARN names it, None otherwise."""
        return None if self.role_arn is None else account_of_role(self.role_arn)

    def __str__(self) -> str:
        return f"{self.region} as {self.caller}" if self.caller else self.region


class TargetStatus(StrEnum):
    """What became of a target."""

    READ = "read"
    """Its keys were listed."""
    EMPTY = "empty"
    """It was listed and has no keys."""
    NOT_ENABLED = "not_enabled"
    """KMS knows the caller in other regions and not here: the account has not enabled the region, or KMS accepts
    the session token only in other regions (`TargetReport.token_refused`)."""
    NOT_OPEN = "not_open"
    """The region's host does not resolve, another region's does, and the region was not named by the caller."""
    REFUSED = "refused"
    """The caller may not list the keys, or the role could not be assumed."""
    FAILED = "failed"
    """The keys could not be listed, or not to the end, for another reason."""
    NOT_STARTED = "not_started"
    """The audit was stopped before this target."""


@frozen(kw_only=True)
class TargetReport:
    """One target in the summary: counts of keys, and in `failures` what could not be listed.

    `account_name` is None if the account has no name that is known.
    `named` is False for a region of the built-in list that the caller did not name. `token_refused` is True if KMS
    does not know the caller here, who has a session token: a token of STS's global endpoint is refused in regions
    that an account has to enable.
    """

    target: Target
    status: TargetStatus
    named: bool = True
    account_id: str | None = None
    account_name: str | None = field(default=None, repr=False)
    listed: int = 0
    reported: int = 0
    evaluated: int = 0
    failures: tuple[Failure, ...] = ()
    token_refused: bool = False

    @property
    def possibly_incomplete(self) -> bool:
        """Return whether there may be keys that were not listed."""
        if self.status is TargetStatus.NOT_ENABLED:
            return self.named
        return self.status in (TargetStatus.REFUSED, TargetStatus.FAILED, TargetStatus.NOT_STARTED)

    @property
    def is_partial(self) -> bool:
        """Return whether anything could not be listed, keys or their aliases."""
        return self.possibly_incomplete or (bool(self.failures) and not self.is_unavailable)

    @property
    def is_unavailable(self) -> bool:
        """Return whether the account has no keys here because the region is not enabled or not open."""
        return self.status in (TargetStatus.NOT_ENABLED, TargetStatus.NOT_OPEN)


def make_targets(
    regions: Sequence[str], role_arns: Iterable[str], profile: str | None, *, own_account: bool = False
) -> list[Target]:
    """Return every region of every role's account, each once.

    Those of the caller's own account come first, if `own_account` is true or there are no roles. Raise
    `ParameterError` for a role ARN that is invalid, and for two roles of one account.
    """
    callers = [Target("", role_arn, profile) for role_arn in _distinct_roles(role_arns)]
    if own_account or not callers:
        callers.insert(0, Target("", None, profile))
    return list(dict.fromkeys(caller._replace(region=region) for caller in callers for region in regions))


def known_regions(home: str) -> Sequence[str]:
    """Return the regions of the partition of `home`, which comes first whether it is on the list or not."""
    return tuple(dict.fromkeys((home, *_REGIONS[partition_of(home).name])))


def _distinct_roles(role_arns: Iterable[str]) -> list[str]:
    """Return each role once; raise `ParameterError` for two of one account: its keys would be reported twice."""
    by_account: dict[str, str] = {}
    for role_arn in role_arns:
        other = by_account.setdefault(account_of_role(validated_role_arn(role_arn)), role_arn)
        if other != role_arn:
            raise ParameterError(f"{other} and {role_arn} are roles of one account. Name only one of them.")
    return list(by_account.values())


def validated_role_arn(role_arn: str) -> str:
    """Return the ARN of a role as it is; raise `ParameterError` if it is invalid."""
    if not isinstance(role_arn, str) or not _ROLE_ARN.fullmatch(role_arn):
        raise ParameterError(
            f"{role_arn!r:.200} is not the ARN of a role: pass one like 'arn:aws:iam::111122223333:role/Audit'."
        )
    return role_arn


def account_of_role(role_arn: str) -> str:
    """Return the account id in the ARN of a role."""
    return role_arn.split(":")[4]
