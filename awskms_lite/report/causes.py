"""What became of targets and why something failed, in words for people: the summary's and the reports'."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from .. import errors

if TYPE_CHECKING:
    from ..audit import Failure, SkippedAccount, TargetReport

STATUS_LABELS: Mapping[str, str] = {
    "read": "read",
    "empty": "no keys",
    "not_enabled": "not enabled in the account",
    "not_open": "not open: the host does not resolve",
    "refused": "refused",
    "failed": "failed",
    "not_started": "not started",
}
"""By `TargetStatus`, in the order of the summary."""


def with_name(identifier: str, name: str | None) -> str:
    """Return an account id or a role with the account's name behind it, if that is known."""
    return f"{identifier} ({name})" if name else identifier


def target_name(report: "TargetReport") -> str:
    """Return a target's region and caller, with the name of the account."""
    return with_name(str(report.target), report.account_name)


def skipped(account: "SkippedAccount") -> tuple[str, str]:
    """Return an account that was not audited, with its name, and why it was not."""
    return with_name(account.account_id, account.name), f"skipped, {account.state.lower().replace('_', ' ')}"


def explained(failure: "Failure") -> str:
    """Return why something failed, with the request id that AWS's support asks for, and what to do about it."""
    code = None if hasattr(errors, failure.code) and not failure.request_id and failure.message else failure.code
    text = ": ".join(filter(None, (failure.operation, code, failure.message)))
    if failure.request_id:
        text = f"{text.rstrip('.')} (request id {failure.request_id})"
    end = "" if text.endswith((".", ".)")) else "."
    return " ".join(f"{text}{end} {errors.error_class(failure.code).remedy}".split())
