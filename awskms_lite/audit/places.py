"""Where an audit looks: the unit of its work, and what became of it."""

import re
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import NamedTuple

from attrs import frozen

from ..errors import ParameterError
from .records import Failure

_ROLE_ARN = re.compile(r"arn:[a-z-]+:iam::[0-9]{12}:role/[!-~]+")

REFUSAL_HINT = (
    "It may also be the session token: one of the global endpoint of STS is refused in regions that have to be "
    "enabled. Get one from a regional endpoint (AWS_STS_REGIONAL_ENDPOINTS=regional in older tools)."
)
"""What else it can mean that KMS does not know a caller who has a session token."""


class Place(NamedTuple):
    """One account in one region: names only, so that it can travel to another process or machine.

    The account is that of `role_arn`, or of whoever `profile` stands for where that is None.
    """

    region: str
    role_arn: str | None = None
    profile: str | None = None

    @property
    def caller(self) -> str:
        """Who asks there; the places of one caller share their credentials, and their multi-Region sets."""
        return self.role_arn or self.profile or ""

    @property
    def account_id(self) -> str | None:
        """The account, where the name of the role tells it."""
        return None if self.role_arn is None else account_of_role(self.role_arn)

    def __str__(self) -> str:
        """Give it for people."""
        return f"{self.region} as {self.caller}" if self.caller else self.region


class PlaceStatus(StrEnum):
    """What became of a place."""

    READ = "read"
    """Its keys were listed."""
    EMPTY = "empty"
    """It was listed, and has no keys."""
    NOT_ENABLED = "not_enabled"
    """KMS knows the caller in other regions and not here: the account has not enabled the region, or the session
    token is one that is good elsewhere only (`PlaceReport.token_refused`)."""
    NOT_OPEN = "not_open"
    """The region's host does not resolve while another's does, and nobody named the region."""
    REFUSED = "refused"
    """The caller may not list its keys, or the role could not be assumed."""
    FAILED = "failed"
    """It could not be listed, or not to the end, for another reason."""
    UNTRIED = "untried"
    """The audit was stopped before it came to it."""


@frozen
class PlaceReport:
    """One place in the summary: the counts are keys, and `failures` what could not be listed there.

    `named` says that somebody named the region; it is False for one of the list of all regions. `token_refused`
    says that KMS does not know the caller here, who has a session token: one of STS's global endpoint is refused
    in regions that have to be enabled.
    """

    place: Place
    status: PlaceStatus
    named: bool = True
    account_id: str | None = None
    listed: int = 0
    reported: int = 0
    judged: int = 0
    failures: tuple[Failure, ...] = ()
    token_refused: bool = False

    @property
    def unlisted(self) -> bool:
        """Whether there may be keys that were not listed."""
        if self.status is PlaceStatus.NOT_ENABLED:
            return self.named
        return self.status in (PlaceStatus.REFUSED, PlaceStatus.FAILED, PlaceStatus.UNTRIED)

    @property
    def is_partial(self) -> bool:
        """Whether anything of it could not be listed, names of keys included."""
        return self.unlisted or (bool(self.failures) and not self.is_no_place)

    @property
    def is_no_place(self) -> bool:
        """Whether the account has no keys here because the region is not enabled or not open."""
        return self.status in (PlaceStatus.NOT_ENABLED, PlaceStatus.NOT_OPEN)


def places(regions: Sequence[str], role_arns: Iterable[str], profile: str | None) -> list[Place]:
    """Give every place of these roles' accounts, or of the caller's own where there are none, once each."""
    callers = [Place("", role_arn, profile) for role_arn in _roles(role_arns)] or [Place("", None, profile)]
    every = [caller._replace(region=region) for caller in callers for region in regions]
    return list(dict.fromkeys(every))


def _roles(role_arns: Iterable[str]) -> list[str]:
    """Give the roles, each once; raise `ParameterError` for two of one account: its keys would be there twice."""
    by_account: dict[str, str] = {}
    for role_arn in role_arns:
        other = by_account.setdefault(account_of_role(check_role_arn(role_arn)), role_arn)
        if other != role_arn:
            raise ParameterError(f"{other} and {role_arn} are roles of one account: name one of them.")
    return list(by_account.values())


def check_role_arn(role_arn: str) -> str:
    """Give the ARN of a role back; raise `ParameterError` where it is none."""
    if not isinstance(role_arn, str) or not _ROLE_ARN.fullmatch(role_arn):
        raise ParameterError(
            f"{role_arn!r:.200} is not the ARN of a role: pass one like 'arn:aws:iam::111122223333:role/Audit'."
        )
    return role_arn


def account_of_role(role_arn: str) -> str:
    """Give the account that a role is in."""
    return role_arn.split(":")[4]
