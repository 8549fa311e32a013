"""What is denied, whatever else would allow it: as a policy of AWS that says Deny."""

import threading

from attrs import frozen

from ..arguments import check_text
from ..arns import ARN, KEY_ID
from ..kms.keys import Key
from .principals import Caller

_ABOUT_NO_KEY = ("AssumeRole", "CreateKey", "DescribeCustomKeyStores", "GenerateRandom", "ListKeys")
_NEVER_DENIED = "GetCallerIdentity"


@frozen
class Denial:
    """One denial, of calls that meet every condition it has; None is no condition.

    `key` is a key id or key ARN, `account_id` the caller's account, for AssumeRole that of the role. Raises
    `ValueError` for a key that could be none, and for the one operation that no policy denies.
    """

    operation: str | None
    key: str | None
    region: str | None
    account_id: str | None

    def __attrs_post_init__(self) -> None:
        if self.operation == _NEVER_DENIED:
            raise ValueError(f"AWS answers {_NEVER_DENIED} whatever a policy denies: name another operation")
        if self.key is None:
            return
        if self.operation in _ABOUT_NO_KEY:
            raise ValueError(f"{self.operation} is about no key: leave `key` out")
        check_text("key", self.key)
        match = ARN.fullmatch(self.key)
        if not KEY_ID.fullmatch(match[5] if match and match[4] == "key" else self.key):
            raise ValueError(f"{self.key!r} is no key: pass a key id or key ARN")

    def concerns(self, operation: str, account_id: str, region: str, key: Key | None) -> bool:
        """Say whether this denies the call, as far as it is known which key it is about."""
        return (
            self.operation in (None, operation)
            and self.account_id in (None, account_id)
            and self.region in (None, region)
            and (self.key is None or (key is not None and self.key in (key.key_id, key.arn)))
        )


class Denials:
    """All that is denied, nothing at first. Safe among threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._denials: tuple[Denial, ...] = ()

    def add(self, denial: Denial) -> None:
        """Deny this too."""
        with self._lock:
            self._denials = (*self._denials, denial)

    def clear(self) -> None:
        """Deny nothing any more."""
        with self._lock:
            self._denials = ()

    def concern(self, operation: str, caller: Caller, key: Key | None = None, *, account_id: str = "") -> bool:
        """Say whether the caller is denied this; `account_id` stands in for the caller's own."""
        if not self._denials:  # nearly always, and asked twice in a call
            return False
        return any(
            denial.concerns(operation, account_id or caller.account_id, caller.region, key)
            for denial in self._denials
        )
