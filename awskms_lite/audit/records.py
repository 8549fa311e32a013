"""What an audit tells about a key: what was read, and what it means."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple, cast

from attrs import Attribute, field, fields, frozen

from ..costs import MonthlyCost
from ..models.usage import KeyLastUsageData
from ..verdicts import AuditVerdict


@frozen
class Failure:
    """Why something could not be read: AWS's code or our error's name, the text, the request id, the operation."""

    code: str
    message: str
    request_id: str | None = None
    operation: str | None = None


@frozen(kw_only=True)
class KeyUser:
    """Who used a key, and for what, as CloudTrail recorded it.

    `principal_arn` is the role behind a session, whose name is in `session_name`; `invoked_by` is the AWS service
    that used the key for it. All but the event's id and its time (aware UTC) are None if the event lacks them.
    """

    principal_arn: str | None = None
    session_name: str | None = None
    invoked_by: str | None = None
    source_ip: str | None = None
    user_agent: str | None = None
    event_id: str
    event_time: datetime
    encryption_context: Mapping[str, str] | None = field(default=None, hash=False)


@frozen(kw_only=True)
class KeyUses:
    """Uses of a key that CloudTrail recorded since a moment.

    `at_least` is True if there may be more, because not every page was read. `last` is the time of the latest one,
    None if there is none; `users` are the principals or AWS services behind them, each once.
    """

    count: int
    at_least: bool = False
    since: datetime
    last: datetime | None = None
    users: tuple[str, ...] = ()


def region_of(arn: str) -> str:
    """Return the region in an ARN; the whole text if it is no ARN."""
    parts = arn.split(":")
    return parts[3] if len(parts) > 5 else arn


@frozen(kw_only=True)
class KeyFacts:
    """What was read about one key.

    `account_id` is the owner's; `shared` is True if that is not the audited account. `state`, `manager`, `spec`,
    `usage`, `origin` and `multi_region_role` are KMS's words, None if they could not be read; `related_arns` are
    the other keys of a multi-Region set. Times are aware UTC datetimes: `checked_at` is when the key was read, by
    the service's clock, and `created` is that of GetKeyLastUsage if that was called. `last_usage` is None if KMS
    has recorded no use since `tracking_start`. `aliases` are None if they could not be listed, `tags` if they were
    not requested. `audited_account_id` is the account that was audited, which is not the owner's for a `shared`
    key; None if it is unknown. `owner` is who answers for the key, and `account_name` the name of
    the account whose key it is; None if they are unknown.

    `rotations` is how often the key's material was rotated, None if that was not requested; the rest is None
    unless CloudTrail was asked, at `cloudtrail_checked_at`, and its event history has it: `last_user` made the
    last use, `recent_uses` are those that were found although KMS knows none within the idle window,
    `failed_uses` those that were refused because the key is disabled or about to be deleted, and `created_by` is
    the principal that created it.
    """

    key_id: str
    arn: str
    account_id: str
    audited_account_id: str | None = None
    region: str
    shared: bool = False
    aliases: tuple[str, ...] | None = ()
    description: str | None = None
    state: str | None = None
    manager: str | None = None
    spec: str | None = None
    usage: str | None = None
    origin: str | None = None
    multi_region_role: str | None = None
    related_arns: tuple[str, ...] = ()
    created: datetime | None = None
    deletion_date: datetime | None = None
    tracking_start: datetime | None = None
    last_usage: KeyLastUsageData | None = None
    tags: Mapping[str, str] | None = field(default=None, hash=False)
    checked_at: datetime
    error: Failure | None = None
    rotations: int | None = None
    last_user: KeyUser | None = None
    recent_uses: KeyUses | None = None
    failed_uses: KeyUses | None = None
    owner: str | None = None
    account_name: str | None = None
    cloudtrail_checked_at: datetime | None = None
    created_by: str | None = None


@frozen(kw_only=True)
class KeyUsageRecord(KeyFacts):
    """One key of an audit: what was read about it, what that means, why, and what to do next.

    `idle_days` are the whole days since the last use of the key, or of its multi-Region set if all of it was
    audited together; if there was none, since its creation or, for an older key, since tracking began: as the
    IAM condition key kms:TrailingDaysWithoutKeyUsage counts them. None if nothing is known. `unread_regions` are
    those of its multi-Region set about which nothing is known, though a use there would change the verdict.
    `reasons` and `advice` are sentences for people. `monthly_cost` is what the key costs in US dollars a month, at
    least that if `monthly_cost_is_minimum`; None if another account pays, or nothing is known.
    """

    verdict: AuditVerdict
    idle_days: int | None = None
    unread_regions: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    advice: str = ""
    monthly_cost: float | None = None
    monthly_cost_is_minimum: bool = False

    @property
    def cost(self) -> MonthlyCost:
        """Return the monthly cost, with whether it is a minimum."""
        return MonthlyCost(self.monthly_cost, self.monthly_cost_is_minimum)


class Answer(NamedTuple):
    """What was read of a key, by its ARN; the facts are None if the filter leaves the key out."""

    arn: str
    facts: KeyFacts | None


_FACTS = tuple(attribute.name for attribute in cast("Iterable[Attribute[Any]]", fields(KeyFacts)))


def facts_of(facts: KeyFacts) -> dict[str, Any]:
    """Return the members of `KeyFacts` that any record has, as arguments for another one."""
    return {name: getattr(facts, name) for name in _FACTS}
