"""The service's time: our clock, corrected once the service has shown that it is wrong.

A signature is valid for five minutes, so a container whose clock is off could not make a single call. Source:
"Clock skew" as the AWS SDKs correct it.
"""

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache

from .errors import KMSLiteError, ServiceError
from .loading import loading

_ALWAYS = ("RequestTimeTooSkewed", "RequestExpired", "RequestInTheFuture")
_IF_SKEWED = ("InvalidSignatureException", "SignatureDoesNotMatch", "AuthFailure")
_SKEW = 240.0  # seconds from which on a clock is corrected: less than the five minutes of a signature
_FRACTION = 0.999  # seconds that a Date header may leave out: a key's age must not seem too low
_LATEST = 4_102_444_800.0  # the year 2100: a later date is no service's

logger = logging.getLogger("awskms_lite")


class ServiceClock:
    """Returns the seconds since 1970 by the service's clock; a client's calls and credentials share it.

    `offset` is what has to be added to our own clock, in seconds. Durations are measured by our own clock, because
    this one may be corrected in between.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self.offset = 0.0
        self._reported: tuple[str | None, float] = (None, 0.0)

    def __call__(self) -> float:
        """Return the time in seconds since 1970."""
        return self._clock() + self.offset

    def note_date(self, date: str | None) -> None:
        """Remember the Date header of an accepted request for `reported_time`; no signature uses it."""
        self._reported = date, self._clock()

    def reported_time(self) -> float:
        """Return the time by the service's last Date header, or by this clock if the two agree within minutes.

        The age of a key, whose creation date is the service's, is counted to this time: a service for tests may
        have a clock of its own and still accept our signatures.
        """
        date, reported_at = self._reported
        theirs = read_date(date)
        if theirs is None or theirs > _LATEST or abs(theirs - reported_at - self.offset) < _SKEW:
            return self()
        return theirs + _FRACTION + self._clock() - reported_at

    def dated_time(self) -> float:
        """Return the time by the service's last Date header, or by this clock if there is none that is valid.

        It is up to a second early and never late, so an event of the service's that comes after it is dated so.
        """
        date, reported_at = self._reported
        theirs = read_date(date)
        return self() if theirs is None or theirs > _LATEST else theirs + max(self._clock() - reported_at, 0.0)

    def correct_skew(self, error: KMSLiteError, then: float) -> bool:
        """Correct the clock by the answer's date if the clock is why the call was refused; return whether it is.

        `then` is the time by this clock that the request was signed with: another call may have corrected it
        since.
        """
        if not isinstance(error, ServiceError) or error.code not in _ALWAYS + _IF_SKEWED:
            return False
        return self.correct_by_date(error.date, then, 0.0 if error.code in _ALWAYS else _SKEW)

    def correct_by_date(self, date: str | None, then: float, least: float = _SKEW) -> bool:
        """Correct the clock by a Date header if it is `least` seconds off or more; return whether it was."""
        theirs = read_date(date)
        if theirs is None or theirs > _LATEST or abs(theirs - then) < least:
            return False
        before, self.offset = self.offset, theirs - self._clock()
        if abs(self.offset - before) >= _SKEW:
            side = "behind" if self.offset > 0 else "ahead of"
            said = "This machine's clock is %.0f s %s the service's, whose time is used for signing: set it."
            logger.warning(said, abs(self.offset), side)
        return True


@lru_cache(maxsize=16)  # the answers of one second have the same
def read_date(text: str | None) -> float | None:
    """Return a Date header as seconds since 1970, None if it is missing or invalid.

    All three forms of RFC 9110, 5.6.7 are read, the one without a time zone too.
    """
    with loading:
        from email.utils import parsedate_to_datetime  # slow to load and rarely needed

    try:
        moment = parsedate_to_datetime(text or "")
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None


def read_iso_time(text: object) -> datetime | None:
    """Return the aware UTC datetime of an ISO 8601 text, None for anything else.

    A text without an offset is in UTC, and its `Z` may be a small letter (RFC 3339, 5.6).
    """
    if not isinstance(text, str):
        return None
    try:
        moment = datetime.fromisoformat(text.removesuffix("z") + "Z" if text.endswith("z") else text)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
