"""Events: what each kind of record is read as, what of a record is not believed, and what a lookup may ask for."""

import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from attrs import fields

from awskms_lite import from_wire, to_dict, to_wire
from awskms_lite.errors import ParameterError
from awskms_lite.models.events import (
    Event,
    EventResource,
    ListedResource,
    LookupAttribute,
    LookupEventsRequest,
    LookupEventsResponse,
)

FOLDER = Path(__file__).parent.parent.parent / "fixtures" / "events"
FROM_RECORD = [member.name for member in fields(Event) if not member.init]
SECOND = datetime(2026, 6, 1, 14, 30, tzinfo=UTC)


def examples() -> list[Any]:
    return [
        pytest.param(json.loads(path.read_text("utf-8")), id=path.stem) for path in sorted(FOLDER.glob("*.json"))
    ]


def wire(example: dict[str, Any]) -> dict[str, Any]:
    """Return an example's event as LookupEvents answers it."""
    record = {"CloudTrailEvent": json.dumps(example["record"])} if "record" in example else {}
    return {**example["event"], **record}


def expected(example: dict[str, Any]) -> dict[str, Any]:
    """Return the members that an example's record must be read as; those that are not named are None or empty."""
    members: dict[str, Any] = {**dict.fromkeys(FROM_RECORD), "resources": (), **example["expected"]}
    members["resources"] = tuple(EventResource(**resource) for resource in members["resources"])
    return members


@pytest.mark.parametrize("example", examples())
def test_a_record_is_read(example: dict[str, Any]) -> None:
    """Every kind of record, and every way in which one is malformed, is read as its example says."""
    event = from_wire(Event, wire(example))
    read = {name: getattr(event, name) for name in FROM_RECORD}
    wanted, error = expected(example), read.pop("error")
    reason = wanted.pop("error")
    assert read == wanted
    assert (error is None) is (reason is None)
    if reason is not None:
        assert f"The record of this event (CloudTrailEvent) cannot be read: {reason}" in str(error)
        assert "SENTINEL" not in f"{error} {error!r}"


@pytest.mark.parametrize("example", examples())
def test_an_event_is_kept_as_it_came(example: dict[str, Any]) -> None:
    """What CloudTrail lists beside a record stands as it came, and so does the record."""
    event = from_wire(Event, wire(example))
    assert to_wire(event) == wire(example)
    assert from_wire(Event, to_wire(event)) == event
    assert hash(event) == hash(from_wire(Event, wire(example)))
    json.dumps(to_dict(event))


def test_a_malformed_record_does_not_harm_the_page() -> None:
    """The events before and after a malformed one are read, and it is an event like any other."""
    good = {"EventId": "a", "CloudTrailEvent": '{"errorCode":"DisabledException"}'}
    page = from_wire(LookupEventsResponse, {"Events": [good, {"EventId": "b", "CloudTrailEvent": "{"}, good]})
    assert [event.event_id for event in page.events] == ["a", "b", "a"]
    assert [event.error is None for event in page.events] == [True, False, True]
    assert [event.error_code for event in page.events] == ["DisabledException", None, "DisabledException"]
    assert page.next_token is None


def test_what_is_listed_beside_a_record_has_names_of_its_own() -> None:
    """An event is found by the resources that CloudTrail lists, which may be null, and not by the record's."""
    event = from_wire(
        Event, {"EventTime": 1780324200.0, "Resources": [{"ResourceType": None, "ResourceName": "x"}, {}]}
    )
    assert event.event_time == SECOND
    assert event.listed_resources == (ListedResource(resource_name="x"), ListedResource())
    assert event.resources == ()


def test_the_text_of_a_record_is_not_shown() -> None:
    """The repr and the plain form of an event have the members, and not the text that they were read from."""
    event = Event(raw='{"requestParameters":null,"other":"SENTINEL"}')
    assert "SENTINEL" not in repr(event)
    assert "raw" not in to_dict(event)
    assert "SENTINEL" in to_dict(event, secrets=True)["raw"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[" * 100_000, "it is nested deeper than 64 levels"),
        ('{"a":' * 100_000, "it is nested deeper than 64 levels"),
        ('{"a":' + "1" * 5000 + "}", "it holds a number out of range"),
    ],
    ids=["arrays", "objects", "digits"],
)
def test_a_record_that_python_cannot_read_is_an_error(text: str, reason: str) -> None:
    """What exhausts the parser is an error like any other."""
    error = Event(raw=text).error
    assert error is not None
    assert error.reason.endswith(f"cannot be read: {reason}.")


def test_a_record_longer_than_any_is_not_parsed() -> None:
    """The length of a record is bounded."""
    assert Event(raw="{" + " " * 1_048_574 + "}").error is None
    error = Event(raw="{" + " " * 1_048_575 + "}").error
    assert error is not None
    assert "over 1048576 characters long" in error.reason


def test_a_request_has_its_wire_form() -> None:
    """A request is whole seconds, one attribute, and nothing that was not asked for."""
    request = LookupEventsRequest(
        lookup_attributes=[LookupAttribute(attribute_key="EventId", attribute_value="a")],
        start_time=SECOND.replace(microsecond=999_999),
        end_time=SECOND.astimezone(timezone(timedelta(hours=5, minutes=30)))
        + timedelta(seconds=1, microseconds=1),
        max_results=50,
        next_token="t",
    )
    assert to_wire(request) == {
        "LookupAttributes": [{"AttributeKey": "EventId", "AttributeValue": "a"}],
        "StartTime": 1780324200,
        "EndTime": 1780324201,
        "MaxResults": 50,
        "NextToken": "t",
    }
    assert all(type(value) is int for name, value in to_wire(request).items() if name.endswith("Time"))
    assert to_wire(LookupEventsRequest()) == {}


@pytest.mark.parametrize("counted_twice", ["_", " ", ",", "\n"])
def test_some_characters_of_a_value_count_twice(counted_twice: str) -> None:
    """A value of 2,000 characters is the longest, and some characters count double."""
    for fitting in ("x" * 2000, counted_twice * 1000, "x" * 1998 + counted_twice):
        assert LookupEventsRequest(lookup_attributes=[attribute(fitting)])
    for too_long in ("x" * 2001, counted_twice * 1000 + "x", "x" * 1999 + counted_twice):
        with pytest.raises(ParameterError, match=r"^lookup_attributes\[0\].attribute_value .*2000") as caught:
            LookupEventsRequest(lookup_attributes=[attribute(too_long)])
        assert "xx" not in str(caught.value)


def attribute(value: Any) -> LookupAttribute:
    return LookupAttribute(attribute_key="ResourceName", attribute_value=value)


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        (
            {"lookup_attributes": [attribute("a"), attribute("b")]},
            "lookup_attributes has a length of 2: pass 0 to 1",
        ),
        ({"lookup_attributes": [attribute("")]}, "has a length of 0"),
        ({"lookup_attributes": [attribute(None)]}, "attribute_value is required"),
        ({"lookup_attributes": [{"AttributeKey": "EventId"}]}, "must be a LookupAttribute, not dict"),
        ({"max_results": 0}, "max_results is 0: pass 1 to 50"),
        ({"max_results": 51}, "max_results is 51: pass 1 to 50"),
        ({"start_time": datetime(2026, 6, 1)}, "start_time has no time zone"),  # noqa: DTZ001 - the mistake
        ({"end_time": 1780324200}, "end_time must be an aware datetime, not int"),
        ({"start_time": SECOND + timedelta(seconds=1), "end_time": SECOND}, "start_time is after end_time"),
    ],
)
def test_what_cloudtrail_would_refuse_is_refused(members: dict[str, Any], reason: str) -> None:
    """A request that CloudTrail would refuse is not made, and the error says why."""
    with pytest.raises(ParameterError) as caught:
        LookupEventsRequest(**members)
    assert reason in str(caught.value)


def test_a_lookup_of_one_second_is_taken() -> None:
    """Both ends are inclusive, and fractions do not count."""
    request = LookupEventsRequest(start_time=SECOND.replace(microsecond=9), end_time=SECOND)
    assert request.start_time == request.end_time == SECOND
