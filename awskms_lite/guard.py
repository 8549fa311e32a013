"""A guard over keys that are in use: policies against disabling and deleting them, and what these protect. Pure.

The guard stands on the condition key kms:TrailingDaysWithoutKeyUsage of kms:DisableKey and
kms:ScheduleKeyDeletion: the whole days, rounded down, since a key's last use; without a use since its creation if
tracking covers its whole life, else since tracking began. Source: "AWS KMS condition keys" in the AWS KMS
Developer Guide, which documents it for key policies and IAM policies. Each key of a multi-Region set counts by
itself.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from attrs import frozen

from .audit import AuditVerdict, KeyFacts, judge
from .errors import ParameterError
from .permissions import Statement, check_principal
from .verdicts import MAX_IDLE_DAYS

MAX_SCP = 5120
"""Characters of a service control policy ("Quotas for AWS Organizations")."""
MAX_KEY_POLICY = 32_768
"""Bytes of a key policy ("Resource quotas" in the AWS KMS Developer Guide)."""
LONGEST_WINDOW = 30
"""Days: the longest waiting period of ScheduleKeyDeletion."""
LIMITS = (
    "A use can take an hour to count, each key of a multi-Region set counts by itself, and what is done outside "
    "KMS does not count: data keys and public keys that are used elsewhere, ciphertexts that nobody reads."
)

_GUARDED = ["kms:DisableKey", "kms:ScheduleKeyDeletion"]


def guard_statements(
    days: int, partition: str, *, admins: Sequence[str] = (), as_key_policy: bool = False
) -> list[Statement]:
    """Return the statements of a guard that protects a key for so many days after its last use.

    `admins` are the ARNs of roles and users, `*` for any account or part of a name, that may change key policies;
    the root user of each account always may, or a policy that nobody can change could be the result. Raise
    `ParameterError` for invalid days and principals.
    """
    check_days(days)
    for principal in admins:
        check_principal(principal)
    allowed = list(dict.fromkeys([f"arn:{partition}:iam::*:root", *admins]))
    names = ", ".join(admins) if admins else "nobody else; name the roles that may with --admin, or leave this out"
    statements = [
        _deny(
            "KeepKeysInUse",
            _GUARDED,
            {"NumericLessThanEquals": {"kms:TrailingDaysWithoutKeyUsage": str(days)}},
            f"nobody, not even an administrator, disables a key or schedules its deletion while "
            f"{_day_count(days)} or less have passed since its last use",
        ),
        _deny(
            "KeepLongWaitingPeriods",
            ["kms:ScheduleKeyDeletion"],
            {"NumericLessThan": {"kms:ScheduleKeyDeletionPendingWindowInDays": str(LONGEST_WINDOW)}},
            f"no deletion waits for less than {LONGEST_WINDOW} days, in which it can be cancelled",
        ),
        _deny(
            "KeepKeyPolicies",
            ["kms:PutKeyPolicy"],
            {"ArnNotLike": {"aws:PrincipalArn": allowed}},
            "a key's policy decides who may use, save and delete it, and a guard within it could be taken out: it "
            f"is changed by the account's root user and {names}",
        ),
    ]
    return [_for_everybody(each) for each in statements] if as_key_policy else statements


def _deny(sid: str, actions: list[str], condition: dict[str, Any], text: str) -> Statement:
    members = {"Sid": sid, "Effect": "Deny", "Action": actions, "Resource": "*", "Condition": condition}
    return Statement(members, text)


def _for_everybody(statement: Statement) -> Statement:
    """Return a statement as a key policy has it, where each names its principal."""
    sid, effect, *others = statement.members.items()
    return statement._replace(members=dict([sid, effect, ("Principal", "*"), *others]))


def check_days(days: int) -> None:
    """Raise `ParameterError` if it is no whole number of days from 1 to `MAX_IDLE_DAYS`."""
    if isinstance(days, bool) or not isinstance(days, int) or not 1 <= days <= MAX_IDLE_DAYS:
        raise ParameterError(f"days is {days!r}: pass a whole number of days, from 1 to {MAX_IDLE_DAYS:,}.")


class GuardStatus(StrEnum):
    """Whether a guard protects a key."""

    PROTECTED = "protected"
    UNPROTECTED = "unprotected"
    UNKNOWN = "unknown"
    NOT_CONCERNED = "not concerned"


@frozen
class Protection:
    """Whether a guard protects a key at a moment, why, and the moment at which that ends or ended, if it does."""

    status: GuardStatus
    reason: str
    until: datetime | None = None


_NOT_CONCERNED = {
    AuditVerdict.AWS_MANAGED: "AWS manages it: nobody can disable or delete it",
    AuditVerdict.OTHER_ACCOUNT: "another account owns it, whose guards are its own",
    AuditVerdict.PENDING_DELETION: "its deletion is scheduled, and a guard does not cancel that",
}


def protection(facts: KeyFacts, days: int, now: datetime) -> Protection:
    """Return whether a guard of so many days protects a key now, if it was not used since it was read."""
    check_days(days)
    verdict = judge(facts, days).verdict
    if verdict in _NOT_CONCERNED:
        return Protection(GuardStatus.NOT_CONCERNED, _NOT_CONCERNED[verdict])
    if verdict is AuditVerdict.UNREADABLE:
        return Protection(GuardStatus.UNKNOWN, "its last use could not be read")
    since, reason = _unused_since(facts)
    if since is None:
        return Protection(GuardStatus.UNKNOWN, reason)
    until = since + timedelta(days + 1)  # the days are rounded down
    return Protection(GuardStatus.PROTECTED if now < until else GuardStatus.UNPROTECTED, reason, until)


def _unused_since(facts: KeyFacts) -> tuple[datetime | None, str]:
    """Return the moment from which the condition key counts, and what happened then."""
    if facts.last_usage is not None:
        used = facts.last_usage.timestamp
        if used is None:
            return facts.checked_at, "used, at a time that KMS does not tell, before it was read"
        return used, f"last used on {used:%Y-%m-%d}"
    created, tracked = facts.created, facts.tracking_start
    if tracked is None:
        return None, "not used, and KMS does not tell since when"
    if created is not None and created >= tracked:
        return created, f"not used since it was created on {created:%Y-%m-%d}"
    return tracked, f"not used since tracking began on {tracked:%Y-%m-%d}"


def _day_count(days: int) -> str:
    return "1 day" if days == 1 else f"{days} days"
