"""What CloudTrail's event history tells about a key: who used it, who was refused, and who changed it. Pure.

An empty history proves nothing. It reaches back 90 days, an event can come late, refused uses are recorded "in
some scenarios" only, and a use from another account that is refused is recorded in that account alone. That uses
are listed under the ARN of their key is common practice and not documented, so it is looked at on each account.
Sources: "Logging AWS KMS API calls with AWS CloudTrail" in the AWS KMS Developer Guide; LookupEvents in the
CloudTrail API reference.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from attrs import frozen

from ..models.events import Event
from ..models.usage import KeyLastUsageTrackingOperation
from ..pacing import OPERATIONS
from ..quoting import printable

HISTORY = timedelta(days=90)
"""How far back the event history reaches."""

_ASKS_FOR_USE = frozenset({*KeyLastUsageTrackingOperation, "CreateGrant", "GetPublicKey"})
"""What nobody calls without needing the key, if it is refused."""
_BY_KMS = frozenset({"DeleteExpiredKeyMaterial", "DeleteKey", "RotateKey", "SynchronizeMultiRegionKey"})
"""What KMS does with keys by itself."""
_MANAGEMENT = (OPERATIONS | _BY_KMS) - _ASKS_FOR_USE
"""What is no use of a key; an operation that is newer than this list counts as one."""
_NO_MATERIAL = ("CreateGrant", "GetPublicKey")
"""What succeeds without a use of the key's material."""
_CHANGES = ("CancelKeyDeletion", "DisableKey", "EnableKey", "PutKeyPolicy", "ScheduleKeyDeletion")
"""The changes of a key that a retirement asks about."""
_REFUSED = ("DisabledException", "KMSInvalidStateException")
"""What a use of a disabled key is refused with; one that is pending deletion is refused with either of them."""
_TOLERANCE = timedelta(seconds=2)
"""CloudTrail dates events by seconds, and a use may be refused before the act that caused it is answered."""
_MAX_SHOWN = 10
"""Events that are shown of each kind: the latest ones."""


@frozen(kw_only=True)
class Trail:
    """What was read of the event history of one key.

    `events` are about the key, the latest first, and complete from `since` to `until`, as far as CloudTrail lists
    them. `last_use` is the event behind the last use that KMS knows. `is_indexed` is whether uses are listed under
    the ARN of their key; None if there was no use to see it by. `problem` is why it could not be read, or not far
    enough; None if it could.
    """

    since: datetime
    until: datetime
    events: tuple[Event, ...] = ()
    last_use: Event | None = None
    is_indexed: bool | None = None
    problem: str | None = None

    def covers(self, since: datetime) -> bool:
        """Return whether it was read as far back as that."""
        return self.problem is None and self.since <= since

    def uses(self) -> list[Event]:
        """Return the uses that succeeded, the latest first."""
        return [event for event in self.events if _is_use(event) and event.error_code is None]

    def refused_uses(self, since: datetime) -> list[Event]:
        """Return the uses since a time that were refused because of the key's state, the latest first."""
        from_then = _from(since - _TOLERANCE)
        return [
            event
            for event in self.events
            if _asks_for_use(event) and event.error_code in _REFUSED and from_then(event)
        ]

    def unread(self) -> list[Event]:
        """Return the events that may be uses or changes of the key and whose records cannot be read."""
        return [
            event
            for event in self.events
            if event.error is not None and (_asks_for_use(event) or event.event_name in _CHANGES)
        ]

    def acts(self, since: datetime, *names: str) -> list[Event]:
        """Return the changes of the key after a time that succeeded, by their operations, the latest first."""
        after = since.replace(microsecond=0)
        return [
            event
            for event in self.events
            if event.event_name in names
            and event.error_code is None
            and event.error is None
            and event.event_time is not None
            and event.event_time > after
        ]

    def disabled_at(self) -> datetime | None:
        """Return since when a key that is disabled now has been so; None if the history does not show it.

        The latest change may not be in it yet: what comes behind an EnableKey is not known then.
        """
        changes = self.acts(self.since - _TOLERANCE, "DisableKey", "CancelKeyDeletion", "EnableKey")
        return changes[0].event_time if changes and changes[0].event_name != "EnableKey" else None

    def usable_until(self) -> datetime:
        """Return the latest time at which the key could be used, by what it was used for or made usable by.

        That is the time from which on the history was read if it shows none.
        """
        back = self.acts(self.since - _TOLERANCE, "EnableKey", "ImportKeyMaterial")
        last = () if self.last_use is None else (self.last_use,)
        times = [event.event_time for event in (*back, *self.uses(), *last) if event.event_time is not None]
        return max(times, default=self.since)

    def scheduled_at(self) -> datetime | None:
        """Return when the deletion of the key was scheduled last; None if the history does not show it."""
        changes = self.acts(self.since - _TOLERANCE, "ScheduleKeyDeletion")
        return changes[0].event_time if changes else None


def about(events: Iterable[Event], key_arn: str) -> Iterator[Event]:
    """Yield those of the events listed under a key that are about it, or whose records cannot be read."""
    return (event for event in events if event.error is not None or event.concerns(key_arn))


def lists_uses_by_arn(events: Iterable[Event]) -> bool | None:
    """Return whether the history lists uses under the ARN of their key; None if there is no use among these."""
    for event in events:
        if _is_use(event) and event.error_code is None:
            arns = {resource.arn for resource in event.resources if resource.arn is not None}
            if arns:
                return not arns.isdisjoint(each.resource_name for each in event.listed_resources)
    return None


def who(event: Event) -> str:
    """Return who made a call, through what, and from where."""
    parts = [event.principal_arn or event.principal_id or event.invoked_by or "an unnamed caller"]
    if event.principal_arn is None and event.principal_account_id is not None:
        parts.append(f"of account {event.principal_account_id}")
    if event.session_name is not None:
        parts.append(f"(session {event.session_name})")
    if event.invoked_by is not None and event.invoked_by != parts[0]:
        parts.append(f"through {event.invoked_by}")
    if event.source_ip not in (None, event.invoked_by):
        parts.append(f"from {event.source_ip}")
    return printable(" ".join(parts))


def describe(event: Event) -> str:
    """Return an event in one line: when, what, who, and how it ended."""
    when = "at an unknown time" if event.event_time is None else f"{event.event_time:%Y-%m-%d %H:%M:%S} UTC"
    ended = "" if event.error_code is None else f", refused with {event.error_code}"
    return printable(f"{when}: {event.event_name or 'an unnamed operation'} by {who(event)}{ended}")


def described(events: Sequence[Event]) -> tuple[str, ...]:
    """Return a line for each of the latest events, and one that counts the others."""
    lines = tuple(map(describe, events[:_MAX_SHOWN]))
    return lines if len(events) <= _MAX_SHOWN else (*lines, f"and {len(events) - _MAX_SHOWN} before")


def _is_use(event: Event) -> bool:
    return event.error is None and _asks_for_use(event) and event.event_name not in _NO_MATERIAL


def _asks_for_use(event: Event) -> bool:
    return event.event_name not in _MANAGEMENT


def _from(since: datetime) -> Callable[[Event], bool]:
    return lambda event: event.event_time is None or event.event_time >= since
