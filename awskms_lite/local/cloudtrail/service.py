"""CloudTrail as a service: LookupEvents (CloudTrail API reference)."""

import base64
import hashlib
import json
from collections.abc import Callable, Iterator
from itertools import islice
from typing import NamedTuple, NoReturn

from ..auth.authorizer import Authorizer
from ..auth.permissions import Permissions
from ..auth.principals import Caller
from ..errors import ApiError
from ..http.json_service import members_of
from ..http.messages import MAX_BODY, Request
from ..kms.store import Store
from ..members import Members
from .events import EVENT_SOURCE, KEY_TYPE, Event, entry

LOOKUP_EVENTS = "LookupEvents"

_PAGE = 50  # events that a page has at most, and without MaxResults
_LONGEST_VALUE = 2000  # characters of a lookup attribute; these characters count twice
_COUNTED_TWICE = "_ ,\n"
_LATEST = 253_402_300_799  # seconds: the end of the year 9999

# Each lookup attribute, as a test of an event and the attribute's value.
_ATTRIBUTES: dict[str, Callable[[Event, str], bool]] = {
    "EventId": lambda event, value: event.event_id == value,
    "EventName": lambda event, value: event.name == value,
    "ReadOnly": lambda event, value: ("true" if event.is_read_only else "false") == value.lower(),
    "Username": lambda event, value: event.username == value,
    "ResourceType": lambda event, value: value == KEY_TYPE and bool(event.keys),
    "ResourceName": lambda event, value: event.is_about(value),
    "EventSource": lambda _, value: value == EVENT_SOURCE,
    "AccessKeyId": lambda event, value: event.access_key_id == value,
}


class Lookup(NamedTuple):
    """What a LookupEvents asks for: insights, of which there are none, or events; times are seconds since 1970."""

    insights: bool
    attribute: tuple[str, str] | None
    start: int | None
    end: int | None
    size: int

    def digest(self, caller: Caller) -> str:
        """Return a digest of the lookup and of the history that it is in."""
        text = json.dumps([caller.account_id, caller.region, *self])
        return hashlib.sha256(text.encode("ascii")).hexdigest()[:16]


class CloudTrail:
    """CloudTrail over the history of one store."""

    def __init__(self, store: Store, authorizer: Authorizer, permissions: Permissions) -> None:
        self._store = store
        self._authorizer = authorizer
        self._permissions = permissions

    def run(self, name: str, request: Request, _request_id: str) -> dict[str, object]:
        """Return the page of events that a LookupEvents asks for; raise `ApiError` if it is refused."""
        caller = self._authorizer.authorize(request, "cloudtrail", name)
        members = members_of(request)
        self._permissions.check(caller, "cloudtrail", name)
        lookup = _lookup(members)
        before = _place_in(members, lookup.digest(caller))
        with self._store.lock:
            self._store.catch_up()
        if lookup.insights:
            return {"Events": []}
        found = self._find(lookup, caller, before)
        events = list(islice(found, lookup.size))
        page: dict[str, object] = {"Events": [entry(event) for event in events]}
        if next(found, None) is not None:
            page["NextToken"] = _token(lookup.digest(caller), events[-1])
        return page

    def _find(self, lookup: Lookup, caller: Caller, before: tuple[int, int] | None) -> Iterator[Event]:
        events = self._store.trail.events(
            caller.account_id, caller.region, first=lookup.start, last=lookup.end, before=before
        )
        if lookup.attribute is None:
            return events
        key, value = lookup.attribute
        matches = _ATTRIBUTES[key]
        return (event for event in events if matches(event, value))


def _lookup(members: Members) -> Lookup:
    category = members.text("EventCategory", shortest=0, longest=256)
    if category not in (None, "insight"):
        raise ApiError("InvalidEventCategoryException", f"The event category {category} is not valid.")
    attribute = _attribute(members)
    start, end = members.time("StartTime", latest=_LATEST), members.time("EndTime", latest=_LATEST)
    if start is not None and end is not None and start > end:
        raise ApiError("InvalidTimeRangeException", "The start time is after the end time.")
    size = members.whole_number("MaxResults")
    if size is not None and not 1 <= size <= _PAGE:
        raise ApiError("InvalidMaxResultsException", f"The maximum number of results must be 1 to {_PAGE}.")
    return Lookup(category is not None, attribute, start, end, size or _PAGE)


def _attribute(members: Members) -> tuple[str, str] | None:
    attributes = members.structures("LookupAttributes")
    if not attributes:
        return None
    if len(attributes) > 1:
        _invalid_attribute("You can specify one lookup attribute only.")
    key = attributes[0].required_text("AttributeKey", shortest=0, longest=MAX_BODY)
    value = attributes[0].required_text("AttributeValue", shortest=0, longest=MAX_BODY)
    if key not in _ATTRIBUTES:
        _invalid_attribute(f"{key} is not a lookup attribute.")
    length = len(value) + sum(map(value.count, _COUNTED_TWICE))
    if not 1 <= length <= _LONGEST_VALUE:
        _invalid_attribute(f"The value of a lookup attribute has 1 to {_LONGEST_VALUE} characters.")
    return key, value


def _invalid_attribute(message: str) -> NoReturn:
    raise ApiError("InvalidLookupAttributesException", message)


def _token(digest: str, last: Event) -> str:
    return base64.b64encode(f"{digest} {last.time} {last.number}".encode("ascii")).decode("ascii")


def _place_in(members: Members, digest: str) -> tuple[int, int] | None:
    """Return the place of the last event of the page before, None for the first page.

    Raises `ApiError` for a token that this very lookup did not return.
    """
    token = members.text("NextToken", shortest=0, longest=4096)
    if token is None:
        return None
    try:
        given, time, number = base64.b64decode(token, validate=True).decode("ascii").split(" ")
        place = int(time), int(number)
    except ValueError:
        given, place = "", (0, 0)
    if given != digest:
        raise ApiError("InvalidNextTokenException", "The token is not valid for this request.")
    return place
