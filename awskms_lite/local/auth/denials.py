"""Denials: calls that are refused whatever else allows them, as by an explicit Deny in an IAM policy."""

import threading

from attrs import frozen

from ..arguments import check_text
from ..arns import ARN, KEY_ID
from .principals import Caller


@frozen
class Denial:
    """One denial, of the calls that meet all its conditions; None is no condition.

    `key` is a key id or key ARN, `account_id` the caller's account, or for AssumeRole the role's. Raises
    `ValueError` if `key` is neither an id nor an ARN.
    """

    operation: str | None
    key: str | None
    region: str | None
    account_id: str | None

    def __attrs_post_init__(self) -> None:
        if self.key is None:
            return
        check_text("key", self.key)
        match = ARN.fullmatch(self.key)
        if not KEY_ID.fullmatch(match[5] if match and match[4] == "key" else self.key):
            raise ValueError(f"{self.key!r} is not a key: pass a key id or key ARN")

    def matches(self, operation: str, account_id: str, region: str, key_arn: str | None) -> bool:
        """Return whether this denies the call; `key_arn` is None while the call's key is not known."""
        return (
            self.operation in (None, operation)
            and self.account_id in (None, account_id)
            and self.region in (None, region)
            and (self.key is None or (key_arn is not None and self.key in (key_arn, key_arn.rpartition("/")[2])))
        )


class Denials:
    """All denials; none at first. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._denials: tuple[Denial, ...] = ()

    def add(self, denial: Denial) -> None:
        """Add a denial."""
        with self._lock:
            self._denials = (*self._denials, denial)

    def clear(self) -> None:
        """Remove every denial."""
        with self._lock:
            self._denials = ()

    def matches(self, operation: str, caller: Caller, key_arn: str | None = None, *, account_id: str = "") -> bool:
        """Return whether a denial refuses the call; `account_id` stands in for the caller's own."""
        if not self._denials:  # the usual case, checked twice in a call
            return False
        return any(
            denial.matches(operation, account_id or caller.account_id, caller.region, key_arn)
            for denial in self._denials
        )
