"""OCSF: a Compliance Finding (class 2003) on each line.

The version of the Open Cybersecurity Schema Framework is 1.6.0. Each key has one finding, of the same
`finding_info.uid` in every audit. Times are milliseconds since 1970.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, TextIO

from .findings import CONTROL, CONTROL_TITLE, PRODUCT, VERSION, Finding, Severity, Status, finding, partition_name
from .jsonl import json_text

if TYPE_CHECKING:
    from ..audit import KeyUsageRecord
    from . import ReportContext

_CREATE = 1
_CLASS = {
    "category_uid": 2,
    "category_name": "Findings",
    "class_uid": 2003,
    "class_name": "Compliance Finding",
    "activity_id": _CREATE,
    "activity_name": "Create",
    "type_uid": 200300 + _CREATE,
    "type_name": "Compliance Finding: Create",
}
_METADATA = {
    "version": "1.6.0",
    "product": {"name": PRODUCT, "vendor_name": PRODUCT, "version": VERSION},
    "profiles": ["cloud"],
}
_SEVERITIES: dict[Severity, tuple[int, str]] = {
    "INFORMATIONAL": (1, "Informational"),
    "LOW": (2, "Low"),
    "MEDIUM": (3, "Medium"),
    "HIGH": (4, "High"),
}
_STATUSES: dict[Status, tuple[int, str]] = {
    "PASSED": (1, "Pass"),
    "WARNING": (2, "Warning"),
    "FAILED": (3, "Fail"),
    "NOT_AVAILABLE": (0, "Unknown"),
}
_NEW, _RESOLVED = (1, "New"), (4, "Resolved")
_AWS_ACCOUNT = 10

_UNMAPPED = (
    "verdict", "idle_days", "unread_regions", "monthly_cost", "monthly_cost_is_minimum", "last_usage", "last_user",
    "recent_uses", "failed_uses", "error",
)  # fmt: skip
"""Members of the record for which the schema has no place."""
_DATA = (
    "key_id", "aliases", "description", "state", "manager", "spec", "usage", "origin", "multi_region_role",
    "related_arns", "created", "created_by", "deletion_date", "tracking_start", "rotations",
)  # fmt: skip
"""Members of the record that describe the key."""


class OCSFWriter:
    """Writes a line for each record."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def add(self, record: "KeyUsageRecord", members: Mapping[str, Any]) -> None:
        """Write the finding about the key."""
        self._stream.write(f"{json_text(ocsf_finding(record, members))}\n")

    def end(self, context: "ReportContext") -> None:
        """Write nothing more."""


def ocsf_finding(record: "KeyUsageRecord", members: Mapping[str, Any]) -> dict[str, Any]:
    """Return the finding about a key as a JSON object."""
    found = finding(record)
    severity_id, severity = _SEVERITIES[found.severity]
    status_id, status = _RESOLVED if found.status == "PASSED" else _NEW
    time = _milliseconds(record.checked_at)
    return {
        **_CLASS,
        "metadata": _METADATA,
        "time": time,
        "severity_id": severity_id,
        "severity": severity,
        "status_id": status_id,
        "status": status,
        "message": found.title,
        "finding_info": {
            "uid": found.uid,
            "title": found.title,
            "desc": found.description,
            "last_seen_time": time,
            "product_uid": PRODUCT,
        },
        "compliance": _compliance(found),
        **({"remediation": {"desc": found.advice}} if found.advice else {}),
        "cloud": {
            "provider": "AWS",
            "region": record.region,
            "account": _account(record.audited_account_id or record.account_id, record),
        },
        "resources": [_resource(record, members)],
        "unmapped": _known(members, _UNMAPPED),
    }


def _compliance(found: Finding) -> dict[str, Any]:
    status_id, status = _STATUSES[found.status]
    return {
        "control": CONTROL,
        "desc": CONTROL_TITLE,
        "standards": [PRODUCT],
        "status_id": status_id,
        "status": status,
        "status_detail": found.description,
    }


def _resource(record: "KeyUsageRecord", members: Mapping[str, Any]) -> dict[str, Any]:
    owner = {} if record.owner is None else {"name": record.owner}
    tags = [{"name": name, "value": value} for name, value in (record.tags or {}).items()]
    return {
        "uid": record.arn,
        "name": next(iter(record.aliases or ()), record.key_id),
        "type": "AwsKmsKey",
        "region": record.region,
        "cloud_partition": partition_name(record.region),
        "owner": {**owner, "account": _account(record.account_id, record)},
        **({"tags": tags} if tags else {}),
        "data": _known(members, _DATA),
    }


def _account(account_id: str, record: "KeyUsageRecord") -> dict[str, Any]:
    """Return an account, with its name if it is the key's and known."""
    is_named = record.account_name is not None and account_id == record.account_id
    return {"uid": account_id, "type_id": _AWS_ACCOUNT, **({"name": record.account_name} if is_named else {})}


def _known(members: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: members[name] for name in names if members[name] not in (None, [], ())}


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
