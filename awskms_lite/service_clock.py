"""The service's time: our clock, set right once the service has shown that it is wrong.

A signature is good for five minutes, so a container whose clock is off cannot make a single call. Source: "Clock
skew" as the AWS SDKs correct it.
"""

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache

from .errors import KMSLiteError, ServiceError
from .loading import loading

_ALWAYS = ("RequestTimeTooSkewed", "RequestExpired", "RequestInTheFuture")
_IF_FAR_APART = ("InvalidSignatureException", "SignatureDoesNotMatch", "AuthFailure")
_FAR = 240.0
_FRACTION = 0.999  # seconds that a Date header leaves out, at most: what began before it must not seem younger
_LATEST = 4_102_444_800.0  # 2100; no service is further on

logger = logging.getLogger("awskms_lite")


class ServiceClock:
    """Gives seconds since 1970 as the service counts them; one client's calls and credentials share it.

    `offset` is what our own clock lacks, in seconds. For how long something took, ask our own clock: this one
    may be set in between.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self.offset = 0.0
        self._heard: tuple[str | None, float] = (None, 0.0)

    def __call__(self) -> float:
        """Return the time."""
        return self._clock() + self.offset

    def note_date(self, date: str | None) -> None:
        """Note the Date header of an accepted request, for `reported_time`; no signature uses it."""
        self._heard = date, self._clock()

    def reported_time(self) -> float:
        """Return the time that the service itself last told, this clock's where the two agree within minutes.

        What is counted from the service's own times, such as the age of a key, is counted to this one: a service
        for tests may take a signature by either of two clocks.
        """
        date, heard_at = self._heard
        theirs = read_date(date)
        if theirs is None or theirs > _LATEST or abs(theirs - heard_at - self.offset) < _FAR:
            return self()
        return theirs + _FRACTION + self._clock() - heard_at

    def correct_skew(self, error: KMSLiteError, then: float) -> bool:
        """Set the clock by the answer's date, where the clock is why the call was refused; say whether it is.

        `then` is what this clock said for the request: another call may have set it since.
        """
        if not isinstance(error, ServiceError) or error.code not in _ALWAYS + _IF_FAR_APART:
            return False
        return self.correct_by_date(error.date, then, 0.0 if error.code in _ALWAYS else _FAR)

    def correct_by_date(self, date: str | None, then: float, least: float = _FAR) -> bool:
        """Set the clock by a Date header, where it is so many seconds or more off; say whether it was."""
        theirs = read_date(date)
        if theirs is None or theirs > _LATEST or abs(theirs - then) < least:
            return False
        before, self.offset = self.offset, theirs - self._clock()
        if abs(self.offset - before) >= _FAR:
            side = "behind" if self.offset > 0 else "ahead of"
            said = "This machine's clock is %.0f s %s the service's, and is made up for: set it."
            logger.warning(said, abs(self.offset), side)
        return True


@lru_cache(maxsize=16)  # the answers of a second all have the same
def read_date(text: str | None) -> float | None:
    """Read a Date header as seconds since 1970; None where it is missing or none.

    All three forms count, the one without a time zone too (RFC 9110, 5.6.7).
    """
    with loading:
        from email.utils import parsedate_to_datetime  # slow to load, and hardly ever needed

    try:
        moment = parsedate_to_datetime(text or "")
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None


def read_iso_time(text: object) -> datetime | None:
    """Return the aware UTC datetime that an ISO 8601 text stands for; None for anything else.

    A text without an offset is in UTC, and its `Z` may be a small letter (RFC 3339, 5.6).
    """
    if not isinstance(text, str):
        return None
    try:
        moment = datetime.fromisoformat(text.removesuffix("z") + "Z" if text.endswith("z") else text)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
