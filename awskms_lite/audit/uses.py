"""What the events of CloudTrail tell about a key: who used it, how often, and who was refused. Pure.

Sources: "Logging AWS KMS API calls with AWS CloudTrail" in the AWS KMS Developer Guide, and "Working with
CloudTrail event history" in the CloudTrail User Guide. No page shows the record of a refused use, so its text
decides nothing where its code is enough.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from attrs import define, field

from ..models.events import Event
from ..models.usage import KeyLastUsageTrackingOperation
from ..pacing import OPERATIONS
from .records import KeyFacts, KeyUser, KeyUses

HISTORY = timedelta(days=90)
"""How far back CloudTrail's event history goes."""

_USES = frozenset(map(str, KeyLastUsageTrackingOperation))
_BY_KMS = frozenset({"DeleteExpiredKeyMaterial", "DeleteKey", "RotateKey", "SynchronizeMultiRegionKey"})
"""What KMS does with keys by itself, and records as events."""
_OTHERS = (OPERATIONS | _BY_KMS) - _USES
"""What is no use of a key. An operation that is newer than this list counts as one: AWS has added such before."""
_SOURCE = "kms.amazonaws.com"
_BEGINS_REFUSAL = ("DisableKey", "ScheduleKeyDeletion")
_ENDS_REFUSAL = "EnableKey"
_UNUSABLE = ("Disabled", "PendingDeletion", "PendingReplicaDeletion")
_CUSTOM_STORES = ("AWS_CLOUDHSM", "EXTERNAL_KEY_STORE")
_UNUSABLE_WORDS = ("disabled", "pending deletion")
"""In the text of a KMSInvalidStateException that comes from the key's state, and not from its custom key store."""


def is_unusable(facts: KeyFacts) -> bool:
    """Return whether every use of a key is refused because it is disabled or about to be deleted."""
    return facts.state in _UNUSABLE


def has_event_of_last_use(facts: KeyFacts) -> bool:
    """Return whether the event of a key's last use has an id, and can still be in the event history."""
    used = facts.last_usage
    if used is None or used.cloud_trail_event_id is None:
        return False
    return used.timestamp is None or used.timestamp > facts.checked_at - HISTORY


def has_event_of_creation(facts: KeyFacts) -> bool:
    """Return whether the event of a key's creation can still be in the event history."""
    return facts.created is not None and facts.created > facts.checked_at - HISTORY


def creators_of(events: Iterable[Event]) -> Iterator[tuple[str, str]]:
    """Yield the ARN of each key that was created, and who did that."""
    for event in events:
        creator = event.principal_arn or event.invoked_by
        if event.error is None and event.error_code is None and creator is not None:
            yield from ((arn, creator) for arn in arns_of(event))


def user_of(event: Event, arn: str, event_id: str) -> KeyUser | None:
    """Return who made the use with this event id; None if the event is another one, or cannot be read."""
    if event.error is not None or event.event_id != event_id or event.event_time is None:
        return None
    if not event.concerns(arn):
        return None
    return KeyUser(
        principal_arn=event.principal_arn,
        session_name=event.session_name,
        invoked_by=event.invoked_by,
        source_ip=event.source_ip,
        user_agent=event.user_agent,
        event_id=event_id,
        event_time=event.event_time,
        encryption_context=event.encryption_context,
    )


def arns_of(event: Event) -> set[str]:
    """Return the ARNs of the keys that an event is about."""
    return {resource.arn for resource in event.resources if resource.arn is not None}


def is_listed_by_arn(event: Event) -> bool | None:
    """Return whether a search for its key's ARN finds a use; None if the event is no use, or names no key."""
    named = arns_of(event)
    if not _is_use(event) or event.error is not None or not named:
        return None
    return not named.isdisjoint(resource.resource_name for resource in event.listed_resources)


def _is_use(event: Event) -> bool:
    return event.event_name not in _OTHERS and event.event_source in (_SOURCE, None)


def _name_of_user(event: Event) -> str:
    """Return who made a call, as far as the event tells: a principal, a service, or another account."""
    return event.principal_arn or event.invoked_by or event.principal_account_id or "unknown"


@define
class _Count:
    """Events that were counted, whose latest comes first."""

    number: int = 0
    last: datetime | None = None
    users: dict[str, None] = field(factory=dict[str, None])

    def add(self, event: Event) -> None:
        self.number += 1
        self.last = self.last or event.event_time
        self.users[_name_of_user(event)] = None

    def uses(self, since: datetime, *, at_least: bool) -> KeyUses:
        return KeyUses(count=self.number, at_least=at_least, since=since, last=self.last, users=tuple(self.users))


class KeyEvents:
    """The events of one key as they are read, the latest first, from a time back to the beginning of a period.

    Reading may end early: `was_enabled` is True once an event is from before the key became unusable.
    """

    def __init__(self, facts: KeyFacts, begin: datetime) -> None:
        self._arn = facts.arn
        self._is_in_custom_store = facts.origin in _CUSTOM_STORES
        self._begin = begin
        self._oldest: datetime | None = None
        self._unusable_since: datetime | None = None
        self._recent, self._failed = _Count(), _Count()
        self._has_unreadable = False
        self.was_enabled = False

    @property
    def found(self) -> bool:
        """Return whether any use was found, refused or not."""
        return self._recent.number + self._failed.number > 0

    def add(self, events: Iterable[Event]) -> None:
        """Take the events of the next page."""
        for event in events:
            self._oldest = event.event_time or self._oldest
            if event.error is not None:
                self._has_unreadable = self._has_unreadable or _is_use(event)
            elif event.concerns(self._arn):
                self._add(event)

    def _add(self, event: Event) -> None:
        if event.error_code is None:
            if _is_use(event):
                self._recent.add(event)
            elif event.event_name in _BEGINS_REFUSAL and not self.was_enabled:
                self._unusable_since = event.event_time
            elif event.event_name == _ENDS_REFUSAL:
                self.was_enabled = True
        elif _is_use(event) and not self.was_enabled and self._is_refusal(event):
            self._failed.add(event)

    def _is_refusal(self, event: Event) -> bool:
        """Return whether a use failed because this key was disabled or about to be deleted.

        Either code may stand for a key whose deletion is scheduled; a custom key store's own failures have one of
        them too. The text of a ReEncrypt that failed may name its other key.
        """
        text = event.error_message or ""
        others = arns_of(event) - {self._arn}
        if self._arn not in text and any(other in text for other in others):
            return False
        if event.error_code == "KMSInvalidStateException":
            return not self._is_in_custom_store or any(words in text for words in _UNUSABLE_WORDS)
        return event.error_code == "DisabledException"

    def recent_uses(self, *, complete: bool) -> KeyUses:
        """Return the successful uses; `complete` means that all events of the period were read."""
        since = self._begin if complete else self._oldest or self._begin
        return self._recent.uses(since, at_least=not complete or self._has_unreadable)

    def failed_uses(self, *, complete: bool) -> KeyUses:
        """Return the refused uses since the key became unusable, or since the beginning of what was read."""
        complete = complete or self.was_enabled
        known = self._unusable_since if complete else self._oldest
        return self._failed.uses(known or self._begin, at_least=not complete or self._has_unreadable)
