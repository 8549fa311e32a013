"""What an audit comes to: keys counted, places named, and how far it has come."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from attrs import frozen

from .places import PlaceReport
from .records import EXPIRED, AuditVerdict

_ABOUT_A_KEY = ("DescribeKey", "ListResourceTags", "GetKeyLastUsage")


@frozen
class Progress:
    """How far an audit has come, in keys: `listed` grows until the last listing is there.

    `rate` is how many keys a second can be asked for at present, all places together, and `seconds_left` an
    estimate of what is left; None while it cannot be told.
    """

    listed: int
    reported: int
    throttled: int
    rate: float
    seconds_left: float | None


@frozen
class AuditSummary:
    """What an audit came to, or has come to so far.

    In keys: `listed` in all places, `left_out` by the filter, `reported` as records, of which `judged` are not
    unreadable and `resumed` came from the checkpoint, read at `resumed_from` or later. `asked` counts the answers
    to GetKeyLastUsage, `throttled` those of KMS to any question that asked for a slower pace. `places` has each
    place, in the order in which they were to be audited; `stopped` says that it was ended before its end.
    """

    places: Sequence[PlaceReport]
    verdicts: Mapping[AuditVerdict, int]
    listed: int
    left_out: int
    reported: int
    judged: int
    resumed: int
    resumed_from: datetime | None
    asked: int
    throttled: int
    stopped: bool

    @property
    def expired(self) -> bool:
        """Whether credentials were over in the midst of it, so that keys which were listed were not read."""
        failures = [failure for report in self.places for failure in report.failures]
        ended = any(failure.code in EXPIRED and failure.operation in _ABOUT_A_KEY for failure in failures)
        return ended and self.listed > self.reported + self.left_out

    @property
    def coverage(self) -> float:
        """Keys judged / keys listed, from 0 to 1, times places listed / places tried.

        Keys that the filter left out do not count, nor do regions that turned out not to be enabled or not to be
        open, unless they were named.
        """
        keys = self.listed - self.left_out
        tried = [report for report in self.places if report.unlisted or not report.is_no_place]
        unlisted = sum(report.unlisted and not report.listed for report in tried)
        return (self.judged / keys if keys else 1.0) * (1 - unlisted / len(tried) if tried else 1.0)

    @property
    def whole(self) -> bool:
        """Whether every place was listed to its end, every key of it was reported, and each of them was read."""
        return (
            not self.stopped
            and self.listed == self.reported + self.left_out
            and self.reported == self.judged
            and not any(report.is_partial for report in self.places)
        )
