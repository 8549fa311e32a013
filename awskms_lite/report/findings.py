"""What a verdict is to tools that collect findings: whether a key passes, how severe it is, and what to do."""

from functools import lru_cache
from typing import TYPE_CHECKING, Literal, NamedTuple

from .._version import __version__
from ..endpoints import partition_of
from ..verdicts import in_days, label

if TYPE_CHECKING:
    from ..audit import KeyUsageRecord

Status = Literal["PASSED", "WARNING", "FAILED", "NOT_AVAILABLE"]
Severity = Literal["INFORMATIONAL", "LOW", "MEDIUM", "HIGH"]

PRODUCT = "awskms-lite"
VERSION = __version__
CONTROL = "key-usage"
"""The one check that an audit makes of each key."""
CONTROL_TITLE = "AWS KMS keys are in use"


class Finding(NamedTuple):
    """The result of the check for one key."""

    uid: str
    """The same for the key in each audit, so that a later finding replaces an earlier one."""
    status: Status
    severity: Severity
    title: str
    description: str
    advice: str


_RESULTS: dict[str, tuple[Status, Severity]] = {
    "in_use": ("PASSED", "INFORMATIONAL"),
    "idle": ("FAILED", "LOW"),
    "never_used": ("FAILED", "LOW"),
    "no_record": ("WARNING", "LOW"),
    "too_new": ("PASSED", "INFORMATIONAL"),
    "pending_deletion": ("WARNING", "LOW"),
    "aws_managed": ("PASSED", "INFORMATIONAL"),
    "other_account": ("NOT_AVAILABLE", "INFORMATIONAL"),
    "unreadable": ("NOT_AVAILABLE", "LOW"),
}
"""By verdict. No unused key is severe: it costs a dollar, and what is severe is to delete the wrong one, or
to refuse one that is needed."""
_USED_BUT_REFUSED: tuple[Status, Severity] = ("WARNING", "MEDIUM")
"""A key that was used not long ago and cannot be used now: whoever needs it is refused."""
_IN_DEMAND: tuple[Status, Severity] = ("WARNING", "HIGH")
"""A key that cannot be used, and CloudTrail has uses that were refused: something is broken now."""


@lru_cache
def partition_name(region: str) -> str:
    """Return the name of the partition that a region belongs to."""
    return partition_of(region).name


def finding(record: "KeyUsageRecord") -> Finding:
    """Return the finding about a key."""
    verdict = record.verdict.value
    status, severity = _RESULTS[verdict]
    if record.in_demand:
        status, severity = _IN_DEMAND
    elif verdict == "in_use" and record.state not in ("Enabled", None):
        status, severity = _USED_BUT_REFUSED
    days = "" if record.idle_days is None else f", {in_days(record.idle_days)} without a use"
    demand = ", in demand" if record.in_demand else ""
    return Finding(
        uid=f"{record.arn}/{PRODUCT}/{CONTROL}",
        status=status,
        severity=severity,
        title=f"KMS key {record.key_id}: {label(verdict)}{'' if verdict == 'in_use' else days}{demand}",
        description=" ".join(record.reasons) or f"{label(verdict)}.",
        advice=record.advice,
    )
