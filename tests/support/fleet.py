"""Records of a fleet of accounts, made up: the same for the same arguments."""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

from awskms_lite.audit import (
    AuditSummary,
    Failure,
    KeyFacts,
    KeyUsageRecord,
    KeyUser,
    KeyUses,
    Target,
    TargetReport,
    TargetStatus,
    judge,
)
from awskms_lite.audit.serialize import to_members
from awskms_lite.models.usage import KeyLastUsageData
from awskms_lite.report import ReportContext
from awskms_lite.report.html import HTMLWriter

from .audit_data import NOW

TRACKING = NOW - timedelta(days=212)
REGIONS = ("us-east-1", "eu-west-1", "eu-central-1", "us-west-2", "ap-southeast-2")
OWNERS = ("payments", "data-platform", "web", "identity", "search", "logistics", None)
SERVICES = (
    "orders",
    "invoices",
    "backups",
    "sessions",
    "exports",
    "tokens",
    "ledger",
    "mails",
    "images",
    "reports",
)
STAGES = ("prod", "staging", "dev", "test")
KINDS = {
    "in_use": 42, "idle": 9, "never_used": 5, "no_record": 6, "too_new": 3, "pending_deletion": 2,
    "aws_managed": 28, "other_account": 2, "unreadable": 2, "in_demand": 1,
}  # fmt: skip
"""How many of a hundred keys are of a kind."""


def records(number: int, *, accounts: int = 8) -> Iterator[KeyUsageRecord]:
    """Yield so many records of so many accounts."""
    random = Random(number)
    for kind in random.choices(list(KINDS), list(KINDS.values()), k=number):
        yield judge(_facts(random, kind, accounts), idle_days=90)


def write_page(file: Path, keys: int | Iterable[KeyUsageRecord], told: ReportContext | None = None) -> Path:
    """Write the HTML report of some records, or of so many made up; return its file."""
    every = list(records(keys) if isinstance(keys, int) else keys)
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = HTMLWriter(stream)
        for record in every:
            writer.add(record, to_members(record))
        writer.end(told or context(len(every)))
    return file


def context(number: int, **changes: Any) -> ReportContext:
    """Return what is to be told of a whole audit of so many keys, but for the changes in its summary."""
    return ReportContext(ended_at=NOW, idle_days=90, summary=summary(number, **changes))


def summary(number: int, **changes: Any) -> AuditSummary:
    targets = tuple(
        TargetReport(
            target=Target(region), status=TargetStatus.READ, account_id="111122223333", listed=number // 5
        )
        for region in REGIONS
    )
    known: dict[str, Any] = {
        "targets": targets,
        "verdicts": {},
        "listed": number,
        "filtered": 0,
        "reported": number,
        "evaluated": number,
        "resumed": 0,
        "resumed_from": None,
        "usage_calls": number,
        "throttled": 0,
        "stopped": False,
    }
    return AuditSummary(**{**known, **changes})


def refused(region: str = "sa-east-1") -> TargetReport:
    """Return a target that could not be listed."""
    failure = Failure(
        "AccessDeniedException",
        "User: arn:aws:iam::111122223333:user/audit is not authorized to perform: kms:ListKeys",
        "7f6c1f0e-5a0e-4a5c-9a55-0b1a2c3d4e5f",
        "ListKeys",
    )
    return TargetReport(target=Target(region), status=TargetStatus.REFUSED, failures=(failure,))


def _facts(random: Random, kind: str, accounts: int) -> KeyFacts:
    account = random.randrange(accounts)
    account_id = f"{111122223333 + account * 1111:012d}"
    region = random.choices(REGIONS, (5, 4, 2, 2, 1))[0]
    key_id = str(UUID(int=random.getrandbits(128), version=4))
    service, stage = random.choice(SERVICES), random.choice(STAGES)
    members: dict[str, Any] = {
        "key_id": key_id,
        "arn": f"arn:aws:kms:{region}:{account_id}:key/{key_id}",
        "account_id": account_id,
        "audited_account_id": account_id,
        "region": region,
        "aliases": () if random.random() < 0.1 else (f"alias/{stage}/{service}-{random.randrange(100)}",),
        "description": f"Encrypts {service} of {stage}",
        "state": "Enabled",
        "manager": "CUSTOMER",
        "spec": "SYMMETRIC_DEFAULT",
        "usage": "ENCRYPT_DECRYPT",
        "origin": "AWS_KMS",
        "created": NOW - timedelta(days=random.randrange(230, 2000)),
        "tracking_start": TRACKING,
        "owner": random.choice(OWNERS),
        "tags": {"team": random.choice(SERVICES), "stage": stage},
        "checked_at": NOW - timedelta(seconds=random.randrange(3600)),
        "rotations": random.choice((0, 0, 1, 2)),
    }
    return KeyFacts(**{**members, **_members_of_kind(random, kind, members)})


def _members_of_kind(random: Random, kind: str, known: dict[str, Any]) -> dict[str, Any]:
    if kind == "in_use":
        return _used(random, min(int(random.expovariate(1 / 9)), 89))
    if kind == "idle":
        return _used(random, random.randrange(90, 210))
    if kind in ("never_used", "too_new"):
        days = random.randrange(91, 210) if kind == "never_used" else random.randrange(90)
        return {"created": NOW - timedelta(days=days)}
    if kind == "pending_deletion":
        return {"state": "PendingDeletion", "deletion_date": NOW + timedelta(days=random.randrange(1, 30))}
    if kind == "aws_managed":
        return {"manager": "AWS", "aliases": (f"alias/aws/{random.choice(('s3', 'ebs', 'rds', 'lambda'))}",)}
    if kind == "other_account":
        return {"shared": True, "account_id": "999988887777", "aliases": (), "description": None}
    if kind == "unreadable":
        failure = Failure(
            "AccessDeniedException", "not authorized to perform: kms:GetKeyLastUsage", "9f0c", "GetKeyLastUsage"
        )
        return {"error": failure}
    if kind == "in_demand":
        since = NOW - timedelta(days=3)
        user = "arn:aws:iam::111122223333:role/nightly-export"
        uses = KeyUses(count=17, at_least=True, since=since, last=NOW - timedelta(hours=5), users=(user,))
        return {**_used(random, random.randrange(91, 200)), "state": "Disabled", "failed_uses": uses}
    return {}


def _used(random: Random, days: int) -> dict[str, Any]:
    at = NOW - timedelta(days=days, seconds=random.randrange(86400))
    operation = random.choice(("Decrypt", "GenerateDataKey", "Encrypt", "Sign"))
    event_id = str(UUID(int=random.getrandbits(128), version=4))
    user = KeyUser(
        principal_arn=f"arn:aws:iam::111122223333:role/{random.choice(SERVICES)}",
        session_name="task",
        invoked_by=random.choice((None, "s3.amazonaws.com", "dynamodb.amazonaws.com")),
        source_ip="192.0.2.17",
        event_id=event_id,
        event_time=at,
        encryption_context={"aws:s3:arn": f"arn:aws:s3:::{random.choice(SERVICES)}"},
    )
    request_id = str(UUID(int=random.getrandbits(128), version=4))
    return {
        "last_usage": KeyLastUsageData(operation, at, event_id, request_id),
        "last_user": user if days < 90 and random.random() < 0.5 else None,
    }
