"""What the tests of the audit share: keys as facts, and keys of a local KMS with every verdict."""

from datetime import UTC, datetime, timedelta
from typing import Any

from awskms_lite import Pacing
from awskms_lite.audit import AuditVerdict, KeyFacts
from awskms_lite.local import LocalKMS
from awskms_lite.models.usage import KeyLastUsageData

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
ACCOUNT = "111122223333"
KEY_ID = "1234abcd-12ab-34cd-56ef-1234567890ab"
SET_ID = "mrk-1234abcd12ab34cd56ef1234567890ab"
UNPACED = Pacing(
    dict.fromkeys(
        ("GetKeyLastUsage", "DescribeKey", "ListKeys", "ListAliases", "ListKeyRotations", "LookupEvents"),
        1000000.0,
    )
)
"""As fast as the machine goes: nothing of what is tested with it depends on time."""


def days(number: float) -> timedelta:
    return timedelta(days=number)


def arn_of(key_id: str = KEY_ID, region: str = "us-east-2", account_id: str = ACCOUNT) -> str:
    return f"arn:aws:kms:{region}:{account_id}:key/{key_id}"


def used(ago: timedelta, operation: str = "Decrypt") -> KeyLastUsageData:
    return KeyLastUsageData(operation, NOW - ago, "event", "request")


def facts(**members: Any) -> KeyFacts:
    """Return an old customer key of which no use is known, but for what the members say."""
    region, key_id = members.get("region", "us-east-2"), members.get("key_id", KEY_ID)
    known = {
        "key_id": key_id,
        "arn": arn_of(key_id, region),
        "account_id": ACCOUNT,
        "region": region,
        "state": "Enabled",
        "manager": "CUSTOMER",
        "spec": "SYMMETRIC_DEFAULT",
        "usage": "ENCRYPT_DECRYPT",
        "origin": "AWS_KMS",
        "created": NOW - days(900),
        "tracking_start": NOW - days(200),
        "checked_at": NOW,
    }
    return KeyFacts(**{**known, **members})


def seed_every_verdict(kms: LocalKMS) -> dict[str, AuditVerdict]:
    """Add a key for each verdict that needs nothing but a key; return what to expect, by ARN."""
    now = datetime.now(UTC)
    old: Any = {"created": now - days(900), "tracking_start": now - days(200)}
    return {
        kms.add_key(**old, last_usage=now - days(3)): AuditVerdict.IN_USE,
        kms.add_key(**old, last_usage=now - days(120)): AuditVerdict.IDLE,
        kms.add_key(created=now - days(150)): AuditVerdict.NEVER_USED,
        kms.add_key(created=now - days(10)): AuditVerdict.TOO_NEW,
        kms.add_key(**old): AuditVerdict.NO_RECORD,
        kms.add_key(**old, state="PendingDeletion"): AuditVerdict.PENDING_DELETION,
        kms.add_key(**old, manager="AWS", aliases=["alias/aws/s3"]): AuditVerdict.AWS_MANAGED,
    }
