"""What became of targets and why something failed, in words for people: the summary's and the reports'."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from .. import errors

if TYPE_CHECKING:
    from ..audit import Failure

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


def explained(failure: "Failure") -> str:
    """Return why something failed, with the request id that AWS's support asks for, and what to do about it."""
    code = None if hasattr(errors, failure.code) and not failure.request_id and failure.message else failure.code
    text = ": ".join(filter(None, (failure.operation, code, failure.message)))
    if failure.request_id:
        text = f"{text.rstrip('.')} (request id {failure.request_id})"
    end = "" if text.endswith((".", ".)")) else "."
    return " ".join(f"{text}{end} {errors.error_class(failure.code).remedy}".split())
