"""Events of CloudTrail's history: the models of `LookupEvents`.

An event comes as a few members and as a record, a JSON text with all that CloudTrail knows. Whether a call failed,
and who made it, is in the record alone. Sources: LookupEvents in the CloudTrail API reference; "CloudTrail record
contents" and "CloudTrail userIdentity element" in the AWS CloudTrail User Guide.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal, TypeAlias, TypeGuard, cast

from attrs import field, frozen

from ..errors import ParameterError, ProtocolError
from .members import KMSResponse
from .requests import Bounds, KMSRequest

_MAJOR_VERSION = "1"
"""Of `eventVersion`: a record of another one may mean something else by the same names."""
_MAX_RECORD = 1024 * 1024
"""Characters: four times what CloudTrail allows an event."""
_MAX_DEPTH = 64
"""Levels of objects and arrays: no call to AWS has a tenth of it, and what is deeper cannot be written again."""
_MAX_VALUE = 2000
"""Characters of an attribute's value, of which some count double."""
_COUNTED_TWICE = "_ ,\n"
_KEY = re.compile(r"arn:[^:]*:kms:[^:]*:[^:]*:key/.+|(?:mrk-)?[0-9a-f-]{32,36}", re.IGNORECASE)
_SERVICE_DOMAINS = (".amazonaws.com", ".amazonaws.com.cn")
"""What the names of AWS services end in, as in "s3.amazonaws.com"; no address of a caller does."""


class LookupAttributeKey(StrEnum):
    """What to look events up by. The name of a resource may be its ARN."""

    EVENT_ID = "EventId"
    EVENT_NAME = "EventName"
    READ_ONLY = "ReadOnly"
    USERNAME = "Username"
    RESOURCE_TYPE = "ResourceType"
    RESOURCE_NAME = "ResourceName"
    EVENT_SOURCE = "EventSource"
    ACCESS_KEY_ID = "AccessKeyId"


LookupAttributeKeyLike: TypeAlias = (
    LookupAttributeKey
    | Literal[
        "EventId",
        "EventName",
        "ReadOnly",
        "Username",
        "ResourceType",
        "ResourceName",
        "EventSource",
        "AccessKeyId",
    ]
    | str
)
"""A member of `LookupAttributeKey`, its value, or a value that is newer than both."""


def _not_too_long(name: str, value: str) -> str:
    counted = len(value) + sum(map(value.count, _COUNTED_TWICE))
    if counted > _MAX_VALUE:
        raise ParameterError(
            f"{name} counts as {counted} characters, because an underscore, a space, a comma and a line end count "
            f"twice: pass {_MAX_VALUE} at most."
        )
    return value


@frozen(kw_only=True)
class LookupAttribute:
    """What the events to look up have in common."""

    attribute_key: LookupAttributeKey | str
    attribute_value: Annotated[str, Bounds(1, _MAX_VALUE), _not_too_long]


def attributes_of(key: LookupAttributeKeyLike | None, value: str | None) -> tuple[LookupAttribute, ...] | None:
    """Return the attribute to look events up by, None if there is none; raise `ParameterError` for half of one."""
    if key is None and value is None:
        return None
    if key is None or value is None:
        raise ParameterError("attribute_key and attribute_value go together: pass both of them, or neither.")
    return (LookupAttribute(attribute_key=key, attribute_value=value),)


def _whole_second(moment: datetime | None) -> datetime | None:
    """Return the second that a time is in: CloudTrail dates events by seconds, and reads no fractions."""
    return moment.replace(microsecond=0) if isinstance(moment, datetime) else moment


@frozen(kw_only=True)
class LookupEventsRequest(KMSRequest):
    """Which events to look up: by one attribute at most, from a time to a time, both inclusive.

    A `next_token` is valid only beside the members that it was returned for.
    """

    lookup_attributes: Annotated[Sequence[LookupAttribute], Bounds(0, 1)] | None = None
    start_time: datetime | None = field(default=None, converter=_whole_second)
    end_time: datetime | None = field(default=None, converter=_whole_second)
    max_results: Annotated[int, Bounds(1, 50)] | None = None
    next_token: str | None = None

    def _check_combination(self) -> None:
        if self.start_time is not None and self.end_time is not None and self.start_time > self.end_time:
            raise ParameterError("start_time is after end_time: pass the earlier of the two as start_time.")


@frozen(kw_only=True)
class ListedResource:
    """A resource as LookupEvents lists it beside a record: a key may be there by its id, its ARN, or both."""

    resource_type: str | None = None
    resource_name: str | None = None


@frozen(kw_only=True)
class EventResource:
    """A resource that the record of an event names, and the account that owns it."""

    arn: str | None = None
    account_id: str | None = None
    type: str | None = None


@frozen(kw_only=True)
class EventError:
    """Why the record of an event cannot be read; `reason` repeats nothing of it."""

    reason: str

    def __str__(self) -> str:
        """Return the reason."""
        return self.reason


@frozen(kw_only=True)
class Event:
    """A call to AWS, or what an AWS service did by itself, as CloudTrail recorded it.

    Everything from `error_code` on is read from `raw`, the record as JSON. If that cannot be done, `error` says
    why, and it is not known whether the call failed: all other members of the record are None or empty.

    - `error_code`, `error_message`: None for a call that succeeded.
    - `principal_arn`: who called, the role behind a session; for an identity without an ARN there are
      `principal_id` and `principal_account_id`, as for the caller from another account (`identity_type`
      "AWSAccount"). An AWS service may have neither, and be in `invoked_by` alone.
    - `invoked_by`: the AWS service that made the call, as in "s3.amazonaws.com".
    - `source_ip`: an IP address, the name of a service, or "AWS Internal".
    - `resources`: those that the record names, each once; LookupEvents finds it by `listed_resources`.
    - `request_parameters`, and of them `encryption_context`: None if the record has no object there.

    `repr` and `to_dict` leave `raw` out, as they do with secrets.
    """

    event_id: str | None = None
    event_name: str | None = None
    event_time: datetime | None = None
    event_source: str | None = None
    username: str | None = None
    access_key_id: str | None = None
    listed_read_only: str | None = field(default=None, metadata={"wire": "ReadOnly"})
    listed_resources: tuple[ListedResource, ...] = field(default=(), metadata={"wire": "Resources"})
    raw: str | None = field(default=None, repr=False, metadata={"wire": "CloudTrailEvent"})

    error_code: str | None = field(init=False, default=None, eq=False)
    error_message: str | None = field(init=False, default=None, eq=False)
    identity_type: str | None = field(init=False, default=None, eq=False)
    principal_arn: str | None = field(init=False, default=None, eq=False)
    principal_id: str | None = field(init=False, default=None, eq=False)
    principal_account_id: str | None = field(init=False, default=None, eq=False)
    session_name: str | None = field(init=False, default=None, eq=False)
    invoked_by: str | None = field(init=False, default=None, eq=False)
    source_ip: str | None = field(init=False, default=None, eq=False)
    user_agent: str | None = field(init=False, default=None, eq=False)
    read_only: bool | None = field(init=False, default=None, eq=False)
    request_parameters: Mapping[str, Any] | None = field(init=False, default=None, eq=False)
    encryption_context: Mapping[str, str] | None = field(init=False, default=None, eq=False)
    resources: tuple[EventResource, ...] = field(init=False, default=(), eq=False)
    error: EventError | None = field(init=False, default=None, eq=False)

    def __attrs_post_init__(self) -> None:
        members: dict[str, object]
        try:
            members = _read_record(self.raw)
        except ProtocolError as error:
            reason = f"The record of this event (CloudTrailEvent) cannot be read: {error}."
            members = {"error": EventError(reason=reason)}
        if members.get("read_only") is None:
            members["read_only"] = {"true": True, "false": False}.get(self.listed_read_only or "")
        for name, value in members.items():
            object.__setattr__(self, name, value)  # frozen, but nobody's yet

    def concerns(self, key_arn: str) -> bool:
        """Return whether an event that the history lists under a key is about it, as far as its record tells.

        Its resources tell; else the key that was asked for, else what the history lists it under. An alias names a
        key only at its time, so it tells nothing. A record that names no key at all counts: it is listed there.
        """
        named = (
            set(filter(_is_key, (resource.arn for resource in self.resources)))
            or set(filter(_is_key, [(self.request_parameters or {}).get("keyId")]))
            or set(filter(_is_key, (resource.resource_name for resource in self.listed_resources)))
        )
        # A bare id is one of this account and region, as the history is.
        return not named or not named.isdisjoint((key_arn, key_arn.rpartition("/")[2]))


def _is_key(name: object) -> TypeGuard[str]:
    """Return whether a name is the ARN or the id of a key, as far as its form tells."""
    return isinstance(name, str) and _KEY.fullmatch(name) is not None


@frozen(kw_only=True)
class LookupEventsResponse(KMSResponse):
    """A page of events, the latest first; without a `next_token` it is the last one, and it may be empty."""

    events: tuple[Event, ...] = ()
    next_token: str | None = None


def _read_record(raw: str | None) -> dict[str, object]:
    """Return the members of an event that its record has; raise `ProtocolError` if it cannot be read.

    Members that are not known are ignored. Of those that are read, one of another type makes the whole record
    unreadable: a code of an error that is no text must not pass for a success.
    """
    record = _parse(raw)
    if (_text(record, "eventVersion") or _MAJOR_VERSION).partition(".")[0] != _MAJOR_VERSION:
        raise ProtocolError(f"its eventVersion is not {_MAJOR_VERSION}.x, so its members may mean something else")
    parameters = _object_or_none(record.get("requestParameters"))
    source_ip = _text(record, "sourceIPAddress")
    identity = _read_identity(_object(record, "userIdentity"))
    if identity["invoked_by"] is None and (source_ip or "").endswith(_SERVICE_DOMAINS):
        identity["invoked_by"] = source_ip
    read_only = record.get("readOnly")
    return {
        **identity,
        "error_code": _text(record, "errorCode"),
        "error_message": _text(record, "errorMessage"),
        "source_ip": source_ip,
        "user_agent": _text(record, "userAgent"),
        "read_only": read_only if isinstance(read_only, bool) else None,
        "request_parameters": parameters,
        "encryption_context": _texts_or_none((parameters or {}).get("encryptionContext")),
        "resources": _read_resources(record),
    }


def _read_identity(identity: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members about who called; `DeleteKey`, which is an act of KMS, has none of them."""
    arn, principal_id = _text(identity, "arn"), _text(identity, "principalId")
    issuer = _object(_object(identity, "sessionContext"), "sessionIssuer")
    return {
        "identity_type": _text(identity, "type"),
        "principal_arn": _text(issuer, "arn") or arn,
        "principal_id": principal_id,
        "principal_account_id": _text(identity, "accountId"),
        "session_name": _session_name(arn or "", principal_id or ""),
        "invoked_by": _text(identity, "invokedBy"),
    }


def _session_name(arn: str, principal_id: str) -> str | None:
    """Return the name of a session, None if it is none.

    The ARN of one ends in `assumed-role/ROLE/SESSION` or `federated-user/SESSION`, its id in `:SESSION`.
    """
    resource = arn.split(":", 5)[-1]
    if resource.startswith(("assumed-role/", "federated-user/")):
        return resource.rpartition("/")[2] or None
    return None if arn else principal_id.partition(":")[2] or None


def _read_resources(record: Mapping[str, Any]) -> tuple[EventResource, ...]:
    """Return the resources of a record, each once, in their order."""
    items = record.get("resources")
    if items is None:
        return ()
    if not isinstance(items, list):
        raise ProtocolError(f"its resources are {_json_type(items)}, not an array")
    found: dict[EventResource, None] = {}
    for item in cast("Iterable[object]", items):
        resource = _object_or_none(item)
        if resource is None:
            raise ProtocolError(f"one of its resources is {_json_type(item)}, not an object")
        found[EventResource(**{name: _text(resource, wire) for name, wire in _RESOURCE_MEMBERS})] = None
    return tuple(found)


_RESOURCE_MEMBERS = (("arn", "ARN"), ("account_id", "accountId"), ("type", "type"))


def _parse(raw: str | None) -> dict[str, Any]:
    """Return the object that a JSON text holds; raise `ProtocolError` for anything else."""
    if raw is None:
        raise ProtocolError("there is none")
    if len(raw) > _MAX_RECORD:
        raise ProtocolError(f"it is over {_MAX_RECORD} characters long")
    try:
        record: object = json.loads(raw, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        reason = f"it is no JSON, from character {error.pos} on"
    except RecursionError:
        reason = f"it is nested deeper than {_MAX_DEPTH} levels"
    except ValueError:
        reason = "it holds a number out of range"
    else:
        if _is_deeper(record, _MAX_DEPTH):
            raise ProtocolError(f"it is nested deeper than {_MAX_DEPTH} levels")
        members = _object_or_none(record)
        if members is None:
            raise ProtocolError(f"it is {_json_type(record)}, not an object")
        return members
    raise ProtocolError(reason)  # out here because the exceptions above hold the text


def _refuse_constant(name: str) -> None:
    raise ProtocolError(f"it holds {name}, which JSON does not have")


def _is_deeper(value: object, levels: int) -> bool:
    """Return whether objects and arrays are nested in more levels than that; level by level, without recursion."""
    level: list[object] = [value]
    for _ in range(levels + 1):
        below: list[object] = []
        for one in level:
            if isinstance(one, dict):
                below.extend(cast("dict[str, object]", one).values())
            elif isinstance(one, list):
                below.extend(cast("list[object]", one))
        level = below
        if not level:
            return False
    return True


def _text(members: Mapping[str, Any], name: str) -> str | None:
    value: object = members.get(name)
    if value is not None and not isinstance(value, str):
        raise ProtocolError(f"its {name} is {_json_type(value)}, not a text")
    return value


def _object(members: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return an object within an object, an empty one if it is missing."""
    value: object = members.get(name)
    found = {} if value is None else _object_or_none(value)
    if found is None:
        raise ProtocolError(f"its {name} is {_json_type(value)}, not an object")
    return found


def _object_or_none(value: object) -> dict[str, Any] | None:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None


def _texts_or_none(value: object) -> dict[str, str] | None:
    found = _object_or_none(value)
    return found if found is not None and all(isinstance(each, str) for each in found.values()) else None


def _json_type(value: object) -> str:
    """Return what JSON calls a value: it may be secret, its type is not."""
    match value:
        case None:
            return "null"
        case bool():
            return "true or false"
        case str():
            return "a text"
        case dict():
            return "an object"
        case list():
            return "an array"
        case _:
            return "a number"
