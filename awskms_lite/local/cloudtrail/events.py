"""An event of CloudTrail: what is kept of a call, and the record that is made of it when it is asked for.

Sources: "CloudTrail record contents" and "CloudTrail userIdentity element" in the CloudTrail user guide; "Logging
AWS KMS API calls with AWS CloudTrail" in the KMS developer guide, with its examples of each operation's record.
"""

import json
from collections.abc import Mapping
from time import gmtime
from typing import NamedTuple, cast

from ..auth.principals import Caller
from ..kms.keys import Key

EVENT_SOURCE = "kms.amazonaws.com"
INTERNAL = "AWS Internal"  # what KMS does by itself is invoked by this
KEY_TYPE = "AWS::KMS::Key"

_READING = (
    "Decapsulate", "Decrypt", "Derive", "Describe", "Encapsulate", "Encrypt", "Generate", "Get", "List",
    "ReEncrypt", "Sign", "Verify",
)  # fmt: skip
# Maps whose names are the caller's own.
_FREE_MAPS = frozenset(
    {
        "EncryptionContext", "EncryptionContextEquals", "EncryptionContextSubset", "SourceEncryptionContext",
        "DestinationEncryptionContext",
    }
)  # fmt: skip
_DATES = frozenset({"CreationDate", "DeletionDate", "ValidTo"})
_DEEPEST = 8  # levels of nesting; KeyMetadata has five
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class Event(NamedTuple):
    """One event, as it is kept. Times are milliseconds since 1970 UTC.

    `account_id` is whose history it is in: the caller's, or that of the keys' owner. `caller` is None for a
    service of AWS, which `invoked_by` names; it is KMS itself if that is `INTERNAL`. `parameters`, `response` and
    `additional` go by their wire names. `number` is the event's place among those of one time.
    """

    time: int
    number: int
    event_id: str
    account_id: str
    region: str
    name: str
    request_id: str
    caller: Caller | None
    keys: tuple[Key, ...]
    parameters: Mapping[str, object] | None = None
    response: Mapping[str, object] | None = None
    additional: Mapping[str, object] | None = None
    error_code: str | None = None
    error_message: str | None = None
    invoked_by: str | None = None
    user_agent: str = ""
    shared_id: str | None = None

    @property
    def is_read_only(self) -> bool:
        """Whether the operation changes nothing, which cryptographic operations do not."""
        return self.name.startswith(_READING)

    @property
    def username(self) -> str | None:
        """The name of the caller, None for a service of AWS and in the history of another account."""
        return None if self.caller is None or self.caller.account_id != self.account_id else self.caller.name

    @property
    def access_key_id(self) -> str | None:
        """The access key id of the caller, None if there is no `username`."""
        return None if self.caller is None or self.username is None else self.caller.access_key_id

    @property
    def resources(self) -> list[tuple[str, str]]:
        """The type and name of each resource: the keys by their ARN, by their id too if the caller gave that."""
        names = [(KEY_TYPE, key.arn) for key in self.keys]
        given = (self.parameters or {}).get("KeyId")
        return names + [(KEY_TYPE, key.key_id) for key in self.keys if key.key_id == given]

    def is_about(self, name: str) -> bool:
        """Return whether a resource has this name."""
        return any(name.endswith(key.key_id) for key in self.keys) and name in [name for _, name in self.resources]


def entry(event: Event) -> dict[str, object]:
    """Return the event as LookupEvents lists it, with its record as a JSON text."""
    members: dict[str, object] = {
        "EventId": event.event_id,
        "EventName": event.name,
        "ReadOnly": "true" if event.is_read_only else "false",
        "AccessKeyId": event.access_key_id,
        "EventTime": float(event.time // 1000),
        "EventSource": EVENT_SOURCE,
        "Username": event.username,
        "Resources": [{"ResourceType": kind, "ResourceName": name} for kind, name in event.resources],
        "CloudTrailEvent": json.dumps(record(event), separators=(",", ":")),
    }
    return {name: value for name, value in members.items() if value is not None}


def record(event: Event) -> dict[str, object]:
    """Return the event's record: the members that AWS documents, in its order."""
    source = event.invoked_by
    members: dict[str, object] = {
        "eventVersion": "1.11",
        "userIdentity": _identity(event),
        "eventTime": _iso(event.time),
        "eventSource": EVENT_SOURCE,
        "eventName": event.name,
        "awsRegion": event.region,
        "sourceIPAddress": source or "127.0.0.1",
        "userAgent": source or event.user_agent,
    }
    if event.error_code is not None:
        members["errorCode"] = event.error_code
    if event.error_message is not None:
        members["errorMessage"] = event.error_message
    members["requestParameters"] = _camel(event.parameters) if event.parameters else None
    members["responseElements"] = _camel(event.response) if event.response else None
    if event.additional:
        members["additionalEventData"] = _camel(event.additional)
    if event.request_id:
        members["requestID"] = event.request_id
    members |= {
        "eventID": event.event_id,
        "readOnly": event.is_read_only,
        "resources": _resources(event),
        "eventType": "AwsServiceEvent" if event.invoked_by == INTERNAL else "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": event.account_id,
    }
    if event.shared_id is not None:
        members["sharedEventID"] = event.shared_id
    return members | {"eventCategory": "Management"}


def _identity(event: Event) -> dict[str, object]:
    caller = event.caller
    if event.invoked_by == INTERNAL:
        return {"accountId": event.account_id, "invokedBy": INTERNAL}
    if caller is None:
        return {"type": "AWSService", "invokedBy": event.invoked_by}
    if caller.account_id != event.account_id:
        identity: dict[str, object] = {
            "type": "AWSAccount",
            "principalId": caller.id,
            "accountId": caller.account_id,
        }
    else:
        identity = _own_identity(caller)
    return identity if event.invoked_by is None else identity | {"invokedBy": event.invoked_by}


def _own_identity(caller: Caller) -> dict[str, object]:
    """Return the identity of a caller of the account whose history it is."""
    identity: dict[str, object] = {
        "type": "IAMUser",
        "principalId": caller.id,
        "arn": caller.arn,
        "accountId": caller.account_id,
        "accessKeyId": caller.access_key_id,
    }
    if caller.is_root:
        return identity | {"type": "Root"}
    if caller.session is None:
        return identity | {"userName": caller.name}
    role = caller.session.role
    issuer = {
        "type": "Role",
        "principalId": role.id,
        "arn": role.arn,
        "accountId": role.account_id,
        "userName": role.name,
    }
    context = {"sessionIssuer": issuer, "attributes": {"mfaAuthenticated": "false"}}
    return identity | {"type": "AssumedRole", "sessionContext": context}


def _resources(event: Event) -> list[dict[str, str]]:
    """Return the record's resources: an alias that is created, changed or deleted, and the keys."""
    alias = (event.parameters or {}).get("AliasName")
    found: list[dict[str, str]] = []
    if isinstance(alias, str) and event.keys:
        stem = event.keys[0].arn.rpartition(":")[0]
        found.append({"accountId": event.keys[0].account_id, "ARN": f"{stem}:{alias}"})
    return found + [{"accountId": key.account_id, "type": KEY_TYPE, "ARN": key.arn} for key in event.keys]


def _camel(value: object, name: str = "", depth: int = 0) -> object:
    """Return a value with the names of its members as records have them: the first letter is small.

    What a caller nested deeper than any structure of KMS is left out.
    """
    if depth > _DEEPEST:
        return None
    if isinstance(value, Mapping):
        members = cast(Mapping[str, object], value)
        small = name not in _FREE_MAPS
        return {
            member[:1].lower() + member[1:] if small else member: _camel(part, member, depth + 1)
            for member, part in members.items()
        }
    if isinstance(value, list):
        return [_camel(part, depth=depth + 1) for part in cast(list[object], value)]
    if name in _DATES and isinstance(value, int | float):
        return _display_date(int(value))
    return value


def _iso(time: int) -> str:
    year, month, day, hour, minute, second, *_ = gmtime(time // 1000)
    return f"{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z"


def _display_date(seconds: int) -> str:
    """Return a date as records show it, such as `Nov 28, 2026 9:05:00 PM`."""
    year, month, day, hour, minute, second, *_ = gmtime(seconds)
    half = "AM" if hour < 12 else "PM"
    return f"{_MONTHS[month - 1]} {day}, {year} {hour % 12 or 12}:{minute:02}:{second:02} {half}"
