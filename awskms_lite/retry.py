"""What to do after an attempt failed, and how long to wait before the next: the standard mode of 2026.

Source: "Retry behavior" in the AWS SDKs and Tools Reference Guide. Pure: the random number is handed in.
"""

from collections.abc import Callable
from typing import Literal

from attrs import field, frozen

from .errors import ConfigurationError, ConnectError, Kind, KMSLiteError, ServiceError, TransportError

_BASE_DELAY = {"throttling": 1.0, "transient": 0.05}
_MAX_DELAY = 20.0


def _check_mode(_: object, __: object, mode: object) -> None:
    if mode != "standard":
        raise ConfigurationError(f"{mode!r} is not a retry mode: pass 'standard'.")


def _check_attempts(_: object, __: object, attempts: object) -> None:
    if not isinstance(attempts, int) or isinstance(attempts, bool) or attempts < 1:
        raise ConfigurationError(
            f"max_attempts is {attempts!r}: pass a whole number, 1 for no retry or more (3 by default)."
        )


@frozen
class RetryPolicy:
    """How often a call is sent: `max_attempts` in all, the first one included; 1 means no retry."""

    mode: Literal["standard"] = field(default="standard", validator=_check_mode)
    max_attempts: int = field(default=3, validator=_check_attempts)


def kind_of(error: KMSLiteError, *, replay_safe: bool) -> Kind:
    """Say whether the same call may be sent again after this error, and what kind of trouble it was.

    A call that is not safe to send twice is sent again only where the first one surely did not act: it never
    left, or KMS itself answered with an error.
    """
    if isinstance(error, ServiceError):
        return error.kind
    if isinstance(error, ConnectError) or (replay_safe and isinstance(error, TransportError)):
        return "transient"
    return "final"


def delay(kind: Literal["throttling", "transient"], retry: int, random: Callable[[], float]) -> float:
    """Give the seconds to wait before a retry (0 for the first): full jitter below a doubling ceiling.

    The ceiling starts at 1 s after throttling and at 50 ms after anything else, and ends at 20 s; it is
    applied before the jitter.
    """
    ceiling: float = min(_BASE_DELAY[kind] * 2 ** min(retry, 16), _MAX_DELAY)
    return random() * ceiling
