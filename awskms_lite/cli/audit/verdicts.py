"""The verdicts in words: what each means, and what can safely be done next.

Plain text, so that `--help` need not load the audit itself; a test holds it against `AuditVerdict`.
"""

from collections.abc import Mapping

_NEXT = (
    "Find its owner and what depends on it; then disable it, and watch CloudTrail for DisabledException. Enabling "
    "it again takes that back for the key, but not what it has broken meanwhile: DynamoDB, for example, archives "
    "a table whose key it cannot reach for more than seven days."
)

MEANINGS: Mapping[str, str] = {
    "in_use": "used less than {days} days ago. Keep it; where it is disabled, whoever needs it is refused now.",
    "idle": "used since tracking began, but not for {days} days or more; a key for rare events, a restore for "
    f"example, looks idle too. {_NEXT}",
    "never_used": "not used since it was created, {days} days ago or more; a use can take up to an hour to show. "
    f"{_NEXT}",
    "no_record": "not used since tracking began, but the key is older: look into CloudTrail for the time before. "
    f"{_NEXT}",
    "too_new": "not used yet, and created less than {days} days ago. Audit it again later.",
    "pending_deletion": "its deletion is scheduled. Until then CancelKeyDeletion brings it back, disabled, and "
    "EnableKey makes it usable again; watch CloudTrail for refused uses: DisabledException or "
    "KMSInvalidStateException.",
    "aws_managed": "AWS manages it for one of its services; it cannot be deleted. Nothing is to be done.",
    "other_account": "another account shares it with this one. Ask its owner, or audit that account through a "
    "role in it (--role-arn).",
    "unreadable": "nothing is known of its use. Mend what the error says, then audit it again.",
}
"""By verdict; `{days}` stands for the idle window."""


def words(verdict: str) -> str:
    """Give a verdict as people write it."""
    return verdict.replace("aws_", "AWS ").replace("_", " ")


def meaning(verdict: str, idle_days: int) -> str:
    """Give the paragraph on a verdict."""
    return f"{words(verdict)}: {MEANINGS[verdict].format(days=idle_days)}"
