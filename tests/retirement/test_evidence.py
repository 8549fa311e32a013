"""What is read of CloudTrail's event history: how far back, and what of it is known."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from support.flow_world import World
from support.retirement_data import ACCOUNT, ARN, NOW, case, days, usage

from awskms_lite import Credentials, KMSClient
from awskms_lite.call import beside
from awskms_lite.errors import ConnectError
from awskms_lite.operations import CLOUDTRAIL
from awskms_lite.retirement.callers import Connection
from awskms_lite.retirement.evidence import read_trail
from awskms_lite.retirement.findings import find
from awskms_lite.retirement.records import Severity
from awskms_lite.retirement.trail import Trail
from awskms_lite.steps import Response

URL = "https://cloudtrail.us-east-2.amazonaws.com"
NO_EVENTS: dict[str, Any] = {"Events": []}


@pytest.fixture
def connection() -> Iterator[Connection]:
    credentials = Credentials("AKIA111122223333TEST", "secret/of/the/TESTS+0123456789abcdefghij")
    with KMSClient(
        region="us-east-2", credentials=credentials, environ={}, clock=NOW.timestamp, random=lambda: 0.0
    ) as client:
        client.resolve_credentials()
        state = client._state
        yield Connection(state, beside(state, CLOUDTRAIL))


def use(ago: timedelta = timedelta(hours=1), listed: str | None = ARN, event_id: str = "event") -> dict[str, Any]:
    """Return a use of the key as LookupEvents lists it, under a name or none."""
    record = {"eventVersion": "1.11", "resources": [{"ARN": ARN, "accountId": ACCOUNT}]}
    return {
        "EventId": event_id,
        "EventName": "Decrypt",
        "EventTime": (NOW - ago).timestamp(),
        "Resources": [{"ResourceName": listed}] if listed else [],
        "CloudTrailEvent": json.dumps(record),
    }


def page(*events: dict[str, Any], token: str | None = None) -> Response:
    members: dict[str, Any] = {"Events": list(events)}
    if token is not None:
        members["NextToken"] = token
    return Response(200, {}, json.dumps(members).encode())


def read(connection: Connection, *answers: Any, **options: Any) -> tuple[Trail, World]:
    world = World(answers={("POST", URL): answers})
    since = options.pop("unusable_since", None)
    return world.play(read_trail(connection, ARN, since, **options)), world


def asked(world: World) -> list[dict[str, Any]]:
    """Return the requests that were sent to CloudTrail."""
    return [json.loads(request.body) for request in world.requests]


def test_the_event_of_the_last_use_is_looked_up_by_its_id(connection: Connection) -> None:
    """And shows whether uses are listed under the ARN of their key."""
    trail, world = read(connection, page(use()), page(), page(use()), usage=usage(3))
    assert trail.last_use is not None
    assert trail.is_indexed is True
    assert [request["LookupAttributes"][0] for request in asked(world)] == [
        {"AttributeKey": "EventId", "AttributeValue": "event"},
        {"AttributeKey": "EventSource", "AttributeValue": "kms.amazonaws.com"},
        {"AttributeKey": "ResourceName", "AttributeValue": ARN},
    ]


@pytest.mark.parametrize("found", [usage(91), usage(None), None])
def test_a_use_that_cannot_be_in_the_history_is_not_looked_up(connection: Connection, found: Any) -> None:
    """It reaches back 90 days."""
    trail, world = read(connection, page(), usage=found)
    assert trail.last_use is None
    assert [request["LookupAttributes"][0]["AttributeKey"] for request in asked(world)] == [
        "EventSource",
        "ResourceName",
    ]


@pytest.mark.parametrize(("listed", "expected"), [(ARN, True), (None, False), ("1234abcd", False)])
def test_each_account_is_looked_at_once(connection: Connection, listed: str | None, expected: bool) -> None:
    """By a use of any key, of which there may be none."""
    trail, _ = read(connection, page(use(listed=listed)), page())
    assert trail.is_indexed is expected
    again, world = read(connection, page())
    assert again.is_indexed is expected
    assert len(world.requests) == 1


def test_the_history_is_read_page_by_page(connection: Connection) -> None:
    """With the same times on each, back to 90 days."""
    trail, world = read(connection, page(), page(use(), token="2"), page(use(timedelta(hours=2))))
    assert len(trail.events) == 2
    assert trail.covers(NOW - days(90))
    first, second = asked(world)[1:]
    assert second == {**first, "NextToken": "2"}
    assert first["StartTime"] == (NOW - days(90)).timestamp()
    assert first["EndTime"] > NOW.timestamp()


def test_a_busy_key_is_read_to_a_thousand_events(connection: Connection) -> None:
    """What is before them is not known, and the trail says since when it is complete."""
    trail, world = read(connection, page(), page(use(days(2)), token="more"))
    assert len(world.requests) == 21
    assert trail.since == NOW - days(2) + timedelta(seconds=1)
    assert not trail.covers(NOW - days(2))


@pytest.mark.parametrize("first", [[], [use()]])
@pytest.mark.parametrize("unusable_since", [None, NOW - days(5)])
def test_empty_pages_without_an_end_tell_nothing(
    connection: Connection, first: list[dict[str, Any]], unusable_since: datetime | None
) -> None:
    """Nobody knows how far back such a history reaches, so it needs consent and is no mere note."""
    pages = (page(), page(*first, token="more"), page(token="more"))
    trail, _ = read(connection, *pages, unusable_since=unusable_since)
    assert "pages of LookupEvents have no end" in str(trail.problem)
    assert not trail.covers(NOW)
    finding = next(each for each in find(case(trail=trail)) if each.name == "cloudtrail_unknown")
    assert finding.severity is Severity.NEEDS_CONSENT


def test_a_watch_is_read_to_its_beginning(connection: Connection) -> None:
    """Beyond a thousand events, as far as need be."""
    busy = [page(use(timedelta(hours=number)), token="more") for number in range(1, 60)]
    trail, world = read(connection, page(), *busy, unusable_since=NOW - timedelta(hours=30))
    assert trail.covers(NOW - timedelta(hours=30))
    assert len(world.requests) == 32


def test_a_watch_without_an_end_is_given_up(connection: Connection) -> None:
    """Then it is not covered."""
    trail, world = read(connection, page(), page(use(), token="more"), unusable_since=NOW - days(5))
    assert len(world.requests) == 201
    assert not trail.covers(NOW - days(5))


def test_what_cannot_be_read_is_a_problem_of_the_trail(connection: Connection) -> None:
    """It is no error of the key's, and nothing of a half-read history counts."""
    trail, _ = read(connection, page(), page(use(), token="2"), ConnectError("nobody there"))
    assert trail.problem is not None
    assert "nobody there" in trail.problem
    assert trail.events == ()
    assert not trail.covers(NOW)
