"""What the tests of the retirement share: entries of a ledger, events, and what is read of a key."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from awskms_lite.models.events import Event, ListedResource
from awskms_lite.models.keys import KeyMetadata
from awskms_lite.models.usage import GetKeyLastUsageResponse, KeyLastUsageData
from awskms_lite.retirement.evidence import Evidence
from awskms_lite.retirement.findings import Case
from awskms_lite.retirement.key_policy import Parties
from awskms_lite.retirement.path import History
from awskms_lite.retirement.records import Entry, Finding, Phase, Rules, Severity, Step
from awskms_lite.retirement.trail import Trail

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
ACCOUNT = "111122223333"
KEY_ID = "1234abcd-12ab-34cd-56ef-1234567890ab"
ARN = f"arn:aws:kms:us-east-2:{ACCOUNT}:key/{KEY_ID}"
CALLER = f"arn:aws:sts::{ACCOUNT}:assumed-role/Retire/night"
ROOT = f"arn:aws:iam::{ACCOUNT}:root"


def days(number: float) -> timedelta:
    return timedelta(days=number)


def entry(step: Step, phase: Phase, **members: Any) -> Entry:
    """Return a line about the key, of now but for what the members say."""
    known = {"time": NOW, "key_arn": ARN, "account_id": ACCOUNT, "caller_arn": CALLER}
    return Entry(step=step, phase=phase, **{**known, **members})


def disabled(ago: float, watch: float = 5, state: str = "Disabled") -> Entry:
    """Return the line of a key that was disabled so many days ago."""
    since = NOW - days(ago)
    due = since + days(watch) + timedelta(minutes=20)
    return entry(Step.DISABLE, Phase.DONE, time=since, since=since, due=due, state=state)


def scheduled(in_days: float | None = 30, **members: Any) -> Entry:
    """Return the line of a key whose deletion is due in so many days."""
    due = None if in_days is None else NOW + days(in_days)
    return entry(Step.SCHEDULE, Phase.DONE, due=due, state="PendingDeletion", **members)


def policy(*statements: dict[str, Any]) -> str:
    """Return a key policy; the account may do everything if no statement is given."""
    everything = {"Effect": "Allow", "Principal": {"AWS": ROOT}, "Action": "kms:*", "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements) or [everything]})


def event(name: str = "Decrypt", *, ago: timedelta = timedelta(hours=1), arn: str = ARN, **record: Any) -> Event:
    """Return an event of the key's, as LookupEvents lists it; `record` are members of the record inside."""
    time = NOW - ago
    members = {
        "eventVersion": "1.11",
        "userIdentity": {"type": "AssumedRole", "arn": CALLER, "accountId": ACCOUNT},
        "eventName": name,
        "resources": [{"ARN": arn, "accountId": ACCOUNT}],
        **record,
    }
    return Event(
        event_id=f"{name}-{time:%d%H%M%S}",
        event_name=name,
        event_time=time,
        listed_resources=(ListedResource(resource_name=arn),),
        raw=json.dumps(members),
    )


def unreadable_event(name: str = "Decrypt") -> Event:
    return Event(event_id="broken", event_name=name, event_time=NOW, raw="{")


def trail(*events: Event, **members: Any) -> Trail:
    """Return a history of 90 days with these events, the latest first."""
    known = {"since": NOW - days(90), "until": NOW, "is_indexed": True}
    return Trail(events=events, **{**known, **members})


def usage(ago: float | None = None, *, created: float = 900, tracked: float = 200) -> GetKeyLastUsageResponse:
    """Return when the key was last used, in days before now; None if it was not."""
    last = None if ago is None else KeyLastUsageData("Decrypt", NOW - days(ago), "event", "request")
    return GetKeyLastUsageResponse(
        key_id=KEY_ID,
        key_last_usage=last,
        key_creation_date=NOW - days(created),
        tracking_start_date=NOW - days(min(created, tracked)),
    )


def metadata(**members: Any) -> KeyMetadata:
    known: dict[str, Any] = {
        "aws_account_id": ACCOUNT,
        "key_id": KEY_ID,
        "arn": ARN,
        "creation_date": NOW - days(900),
        "enabled": True,
        "description": "",
        "key_state": "Enabled",
        "origin": "AWS_KMS",
        "key_manager": "CUSTOMER",
        "key_spec": "SYMMETRIC_DEFAULT",
        "key_usage": "ENCRYPT_DECRYPT",
    }
    return KeyMetadata(**{**known, **members})


def case(**members: Any) -> Case:
    """Return an old key that nobody has used for long, but for what the members say of it."""
    read = {
        "read_at": NOW,
        "metadata": metadata(),
        "usage": usage(),
        "aliases": (),
        "tags": {},
        "grants": (),
        "policy": policy(),
        "related": (),
        "trail": trail(),
    }
    other = {
        "parties": Parties(ACCOUNT, CALLER),
        "rules": Rules(),
        "history": History(),
        "action": "DisableKey",
    }
    evidence = Evidence(**{name: members.pop(name, value) for name, value in read.items()})
    return Case(evidence=evidence, **{**other, **members})


def note(name: str = "aliases") -> Finding:
    return Finding(name, Severity.NOTE, "some text", ("a line",))
