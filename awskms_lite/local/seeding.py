"""Keys with a past, as a test or a demonstration wants them."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TypeAlias

from .store import DELETION_WINDOW_DAYS, KEY_STATES, Key, Usage, milliseconds

LastUsage: TypeAlias = datetime | Mapping[str, object] | None

# Each member of KMS's KeyLastUsageData, and where it goes.
_MEMBERS = {
    "Operation": "operation", "Timestamp": "timestamp", "CloudTrailEventId": "cloud_trail_event_id",
    "KmsRequestId": "kms_request_id",
}  # fmt: skip
_WINDOW = timedelta(days=DELETION_WINDOW_DAYS) // timedelta(milliseconds=1)


def seeded_key(
    *,
    account_id: str,
    region: str,
    now: int,
    created: datetime | None,
    tracking_start: datetime | None,
    last_usage: LastUsage,
    state: str,
) -> Key:
    """Give a key with this past; `now` is the key clock's, in milliseconds. Raises `ValueError`."""
    if state not in KEY_STATES:
        raise ValueError(f"{state!r} is no key state of KMS: it has {', '.join(KEY_STATES)}")
    usage = _usage(last_usage, now)
    born = now if usage is None else min(now, usage.timestamp)  # nothing is used before it is made
    creation_date = born if created is None else milliseconds(created)
    return Key(
        account_id,
        region,
        creation_date,
        creation_date if tracking_start is None else milliseconds(tracking_start),
        state=state,
        deletion_date=now + _WINDOW if state == "PendingDeletion" else None,
        last_usage=usage,
    )


def _usage(last_usage: LastUsage, now: int) -> Usage | None:
    if last_usage is None:
        return None
    if isinstance(last_usage, datetime):
        return Usage("Decrypt", milliseconds(last_usage))
    unknown = [name for name in last_usage if name not in _MEMBERS]
    if unknown:
        raise ValueError(f"last_usage has no member {unknown[0]!r}: it has {', '.join(_MEMBERS)}")
    timestamp = last_usage.get("Timestamp")
    if timestamp is not None and not isinstance(timestamp, datetime):
        raise ValueError(f"last_usage's Timestamp is an aware datetime, not {timestamp!r}")
    texts = {"operation": "Decrypt"}
    for name, value in last_usage.items():
        if isinstance(value, str):
            texts[_MEMBERS[name]] = value
        elif name != "Timestamp":
            raise ValueError(f"last_usage's {name} is a string, not {value!r}")
    return Usage(timestamp=now if timestamp is None else milliseconds(timestamp), **texts)
