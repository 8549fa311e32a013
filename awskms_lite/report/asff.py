"""ASFF: one JSON array of findings in the AWS Security Finding Format, as BatchImportFindings takes them.

A call takes 100 findings and 240 KB at most, of one account and one region: whoever imports them splits the array.
Security Hub deletes findings that are not updated for 90 days. Source: "AWS Security Finding Format (ASFF)" and
"BatchImportFindings" in the AWS Security Hub User Guide and API Reference.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TextIO

from .findings import CONTROL, PRODUCT, VERSION, finding, partition_name
from .json import JSONWriter

if TYPE_CHECKING:
    from ..audit import KeyUsageRecord
    from . import ReportContext

# Characters that Security Hub takes at most.
_MAX_TITLE, _MAX_DESCRIPTION, _MAX_ADVICE, _MAX_ID = 256, 1024, 512, 512


class ASFFWriter:
    """Writes the array as the records come."""

    def __init__(self, stream: TextIO) -> None:
        self._array = JSONWriter(stream)

    def add(self, record: "KeyUsageRecord", members: Mapping[str, Any]) -> None:
        """Write the finding about the key."""
        self._array.add_element(asff_finding(record, members))

    def end(self, context: "ReportContext") -> None:
        """Close the array."""
        self._array.end(context)


def asff_finding(record: "KeyUsageRecord", members: Mapping[str, Any]) -> dict[str, Any]:
    """Return the finding about a key as a JSON object; the account is the one that was audited."""
    found = finding(record)
    account = record.audited_account_id or record.account_id
    partition = partition_name(record.region)
    return {
        "SchemaVersion": "2018-10-08",
        "Id": found.uid[:_MAX_ID],
        "ProductArn": f"arn:{partition}:securityhub:{record.region}:{account}:product/{account}/default",
        "GeneratorId": f"{PRODUCT}/{CONTROL}",
        "AwsAccountId": account,
        "CreatedAt": members["checked_at"],
        "UpdatedAt": members["checked_at"],
        "Title": found.title[:_MAX_TITLE],
        "Description": _cut(found.description, _MAX_DESCRIPTION),
        **_remediation(found.advice),
        "ProductFields": _product_fields(members),
        "Resources": [_resource(record, partition)],
        "FindingProviderFields": {
            "Severity": {"Label": found.severity},
            "Types": ["Software and Configuration Checks/AWS Security Best Practices"],
        },
        "Compliance": {"Status": found.status},
        "RecordState": "ACTIVE",
    }


def _remediation(advice: str) -> dict[str, Any]:
    return {"Remediation": {"Recommendation": {"Text": _cut(advice, _MAX_ADVICE)}}} if advice.strip() else {}


def _product_fields(members: Mapping[str, Any]) -> dict[str, str]:
    """Return what the format has no place for, as the texts that it takes."""
    used: Mapping[str, Any] = members["last_usage"] or {}
    values: dict[str, object] = {
        "Version": VERSION,
        "Verdict": members["verdict"],
        "IdleDays": members["idle_days"],
        "LastUsage": used.get("timestamp"),
        "LastOperation": used.get("operation"),
        "MonthlyCost": members["monthly_cost"],
        "Owner": members["owner"],
    }
    return {f"{PRODUCT}/{name}": str(value) for name, value in values.items() if _is_text(value)}


def _resource(record: "KeyUsageRecord", partition: str) -> dict[str, Any]:
    details = {
        "AWSAccountId": record.account_id,
        "KeyId": record.key_id,
        "KeyManager": record.manager,
        "KeyState": record.state,
        "Origin": record.origin,
        "Description": record.description,
    }
    tags = {key: value for key, value in (record.tags or {}).items() if _is_text(key) and _is_text(value)}
    return {
        "Type": "AwsKmsKey",
        "Id": record.arn,
        "Partition": partition,
        "Region": record.region,
        **({"Tags": tags} if tags else {}),
        "Details": {"AwsKmsKey": {name: value for name, value in details.items() if _is_text(value)}},
    }


def _is_text(value: object) -> bool:
    """Return whether a value is more than blanks, which Security Hub refuses."""
    return value is not None and bool(str(value).strip())


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…"
