"""What an audit tells of a key: what was read, and what it was judged to mean."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, cast

from attrs import Attribute, field, fields, frozen

from ..models.usage import KeyLastUsageData


class AuditVerdict(StrEnum):
    """What an audit says of a key. None of them is leave to delete it."""

    IN_USE = "in_use"
    """Used within the idle window."""
    IDLE = "idle"
    """Used since tracking began, but longer ago than the idle window."""
    NEVER_USED = "never_used"
    """Not used since it was created, and tracking covers its whole life."""
    NO_RECORD = "no_record"
    """Not used since tracking began, but the key is older."""
    TOO_NEW = "too_new"
    """Not used since it was created, which is less than the idle window ago."""
    PENDING_DELETION = "pending_deletion"
    """Its deletion is scheduled."""
    AWS_MANAGED = "aws_managed"
    """AWS manages it for a service; it cannot be deleted."""
    OTHER_ACCOUNT = "other_account"
    """Another account's, shared with this one; only its owner may ask for its use."""
    UNREADABLE = "unreadable"
    """What it takes to judge it could not be read; the record's `error` says why."""


@frozen
class Failure:
    """Why something could not be read: AWS's code or our error's name, the text, the request id, the operation."""

    code: str
    message: str
    request_id: str | None = None
    operation: str | None = None


def region_of(arn: str) -> str:
    """Return the region in an ARN; the whole text if it is no ARN."""
    parts = arn.split(":")
    return parts[3] if len(parts) > 5 else arn


@frozen(kw_only=True)
class KeyFacts:
    """What was read of one key.

    `account_id` is the owner's; `shared` says that this is not the audited account. `state`, `manager`,
    `spec`, `usage`, `origin` and `multi_region_role` are KMS's words, None where they could not be
    read; `related_arns` are the other keys of a multi-Region set. Times are aware UTC datetimes: `checked_at` is
    when the key was read, by the service's clock, and `created` is as GetKeyLastUsage has it where that was asked.
    `last_usage` is None where KMS has recorded none since `tracking_start`. `aliases` are None where they could
    not be listed, `tags` where they were not asked for. `audited_account_id` is the account that was audited,
    which is another than the owner's for a `shared` key; None where nothing tells it.
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


@frozen(kw_only=True)
class KeyUsageRecord(KeyFacts):
    """One key of an audit: what was read of it, what that means, why, and what to do next.

    `idle_days` are the whole days since the last use of the key, or of its multi-Region set where all of it was
    audited together; where there was none, since its creation or, for an older key, since tracking began: as the
    IAM condition key kms:TrailingDaysWithoutKeyUsage counts them. None where nothing is known. `unread_regions`
    are those of its multi-Region set of which nothing is known, though a use there would change the verdict.
    `reasons` and `advice` are sentences for people.
    """

    verdict: AuditVerdict
    idle_days: int | None = None
    unread_regions: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    advice: str = ""


_FACTS = tuple(attribute.name for attribute in cast("Iterable[Attribute[Any]]", fields(KeyFacts)))


def facts_of(facts: KeyFacts) -> dict[str, Any]:
    """Return the members of `KeyFacts` that any record has, as arguments for another one."""
    return {name: getattr(facts, name) for name in _FACTS}
