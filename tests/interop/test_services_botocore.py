"""The services beside KMS, held against the installed botocore: hosts, wire forms, answers and errors.

Where we mean to differ: what the services refuse though the service models allow it is refused before it is sent,
and an absent list and an empty one are the same to us.
"""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import botocore.session
import pytest
from botocore.endpoint_provider import EndpointProvider
from botocore.loaders import Loader
from botocore.parsers import create_parser
from botocore.serialize import create_serializer
from hypothesis import given, strategies as st
from support.docstrings import declared_errors

from awskms_lite import from_wire, to_wire
from awskms_lite.audit.organization import _UNUSABLE, LIST_ACCOUNTS, ListAccountsRequest, ListAccountsResponse
from awskms_lite.call import beside, create_state
from awskms_lite.errors import error_class
from awskms_lite.models.events import (
    Event,
    LookupAttribute,
    LookupAttributeKey,
    LookupEventsRequest,
    LookupEventsResponse,
)
from awskms_lite.operations import CLOUDTRAIL, KMS, ORGANIZATIONS, Operation, Service
from awskms_lite.operations.events import LOOKUP_EVENTS
from awskms_lite.protocol import decode, target
from awskms_lite.settings import resolve_settings
from awskms_lite.steps import Response

SESSION = botocore.session.Session()
LOADER = Loader(include_default_search_paths=False, extra_search_paths=[Loader.BUILTIN_DATA_PATH])
PARTITIONS: list[dict[str, Any]] = LOADER.load_data("partitions")["partitions"]
REGIONS = sorted(name for partition in PARTITIONS for name in partition["regions"] if not name.endswith("-global"))
RULES = {
    name: EndpointProvider(LOADER.load_service_model(name, "endpoint-rule-set-1"), LOADER.load_data("partitions"))
    for name in ("kms", "cloudtrail", "organizations")
}
SERIALIZER = create_serializer("json", include_validation=True)
PARSER = create_parser("json")
OPERATIONS: list[Operation[Any, Any]] = [LOOKUP_EVENTS, LIST_ACCOUNTS]

by_name = pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)


def modeled(operation: Operation[Any, Any]) -> Any:
    return SESSION.get_service_model(operation.service.name).operation_model(operation.name)


@pytest.mark.parametrize("service", [KMS, CLOUDTRAIL, ORGANIZATIONS], ids=lambda service: service.name)
@pytest.mark.parametrize("fips", ["false", "true"])
@pytest.mark.parametrize("dualstack", ["false", "true"])
def test_the_endpoint_is_the_rules_endpoint(service: Service, fips: str, dualstack: str) -> None:
    """Each region has the URL of AWS's own rules, whatever the flags, and is what a call is signed for."""
    for region in REGIONS:
        environ = {
            "AWS_REGION": region,
            "AWS_USE_FIPS_ENDPOINT": fips,
            "AWS_USE_DUALSTACK_ENDPOINT": dualstack,
        }
        state = create_state(
            resolve_settings(environ, {}),
            credentials=None,
            retry=None,
            pacing=None,
            timeout=None,
            mfa=None,
            clock=lambda: 0.0,
            timer=lambda: 0.0,
            random=lambda: 0.0,
            new_id=lambda: "",
        )
        theirs = RULES[service.name].resolve_endpoint(
            Region=region, UseFIPS=fips == "true", UseDualStack=dualstack == "true"
        )
        ours = beside(state, service)
        assert ours.endpoint_url == theirs.url, region
        scope = (theirs.properties.get("authSchemes") or [{}])[0]
        assert ours.signer.region == scope.get("signingRegion", region)


@by_name
def test_a_call_is_addressed_as_modeled(operation: Operation[Any, Any]) -> None:
    """The target and the name in signatures are those of the service model."""
    model = modeled(operation)
    prefix = model.service_model.metadata["targetPrefix"]
    assert target(operation) == f"{prefix}.{operation.name}"
    assert operation.service.name == model.service_model.signing_name
    assert model.service_model.metadata["jsonVersion"] == "1.1"


@by_name
def test_the_errors_are_those_declared(operation: Operation[Any, Any]) -> None:
    """Each error of the service model has a class, and a method's docstring names those and no other."""
    theirs = sorted(shape.name for shape in modeled(operation).error_shapes)
    assert all(error_class(name).__name__ == name for name in theirs)
    assert operation is LIST_ACCOUNTS or declared_errors(operation) == theirs


def test_the_states_of_accounts_are_those_modeled() -> None:
    """Every state that the service model has is either used or skipped by name."""
    shape = SESSION.get_service_model("organizations").shape_for("AccountState")
    assert set(shape.enum) == {*_UNUSABLE, "ACTIVE", "PENDING_CLOSURE"}
    assert SESSION.get_service_model("organizations").shape_for("MaxResults").metadata["max"] == (
        LIST_ACCOUNTS.pages.largest
    )


def test_the_attributes_are_those_modeled() -> None:
    """Events can be looked up by what the service model has."""
    shape = SESSION.get_service_model("cloudtrail").shape_for("LookupAttributeKey")
    assert {str(key) for key in LookupAttributeKey} == set(shape.enum)
    sizes = SESSION.get_service_model("cloudtrail").shape_for("MaxResults").metadata
    assert (sizes["min"], sizes["max"], LOOKUP_EVENTS.pages.largest) == (1, 50, 50)


TIMES = st.integers(0, 4_000_000_000_000_000).map(
    lambda microseconds: datetime.fromtimestamp(0, UTC) + timedelta(microseconds=microseconds)
)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
REQUESTS = st.builds(
    lambda start, length, **members: LookupEventsRequest(
        start_time=start, end_time=start and start + length, **members
    ),
    start=st.none() | TIMES,
    length=st.timedeltas(timedelta(0), timedelta(days=90)),
    lookup_attributes=st.none()
    | st.lists(
        st.builds(
            LookupAttribute,
            attribute_key=st.sampled_from(LookupAttributeKey),
            attribute_value=TEXTS.filter(bool),
        ),
        max_size=1,
    ),
    max_results=st.none() | st.integers(1, 50),
    next_token=st.none() | TEXTS,
)


@given(REQUESTS)
def test_a_request_is_written_as_botocore_writes_it(request: LookupEventsRequest) -> None:
    """What is looked up goes over the wire as botocore sends it."""
    attributes = [
        {"AttributeKey": str(one.attribute_key), "AttributeValue": one.attribute_value}
        for one in request.lookup_attributes or ()
    ]
    members = {
        "LookupAttributes": None if request.lookup_attributes is None else attributes,
        "StartTime": request.start_time,
        "EndTime": request.end_time,
        "MaxResults": request.max_results,
        "NextToken": request.next_token,
    }
    given_members = {name: value for name, value in members.items() if value is not None}
    theirs = SERIALIZER.serialize_to_request(given_members, modeled(LOOKUP_EVENTS))
    assert to_wire(request) == json.loads(theirs["body"])
    assert theirs["headers"]["X-Amz-Target"] == target(LOOKUP_EVENTS)


def some(**members: Any) -> Any:
    """Return the objects that have some of these members, null ones and unknown ones among them."""
    optional = {name: values | st.none() for name, values in members.items()}
    return st.fixed_dictionaries({}, optional={**optional, "Unknown": TEXTS})


RECORDS = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | TEXTS,
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(["eventVersion", "errorCode", "userIdentity", "arn", "resources", "ARN", "readOnly"]),
            inner,
        )
    ),
    max_leaves=8,
)
ANSWERS = some(
    Events=st.lists(
        some(
            EventId=TEXTS,
            EventName=TEXTS,
            ReadOnly=st.sampled_from(["true", "false", "other"]),
            AccessKeyId=TEXTS,
            EventTime=st.integers(0, 4_000_000_000) | st.integers(0, 4_000_000_000_000).map(lambda ms: ms / 1000),
            EventSource=TEXTS,
            Username=TEXTS,
            Resources=st.lists(some(ResourceType=TEXTS, ResourceName=TEXTS), max_size=3),
            CloudTrailEvent=TEXTS | RECORDS.map(json.dumps),
        ),
        max_size=3,
    ),
    NextToken=TEXTS,
)


def plain(event: Event) -> dict[str, Any]:
    """Return an event as botocore returns one."""
    members = {
        "EventId": event.event_id,
        "EventName": event.event_name,
        "ReadOnly": event.listed_read_only,
        "AccessKeyId": event.access_key_id,
        "EventTime": event.event_time,
        "EventSource": event.event_source,
        "Username": event.username,
        "Resources": [
            without_none(ResourceType=one.resource_type, ResourceName=one.resource_name)
            for one in event.listed_resources
        ]
        or None,
        "CloudTrailEvent": event.raw,
    }
    return without_none(**members)


def without_none(**members: object) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}


@given(ANSWERS)
def test_an_answer_is_read_as_botocore_reads_it(answer: dict[str, Any]) -> None:
    """Every answer has the events and the token that botocore finds in it, whatever is in their records."""
    body = json.dumps(answer).encode()
    theirs = PARSER.parse({"status_code": 200, "headers": {}, "body": body}, modeled(LOOKUP_EVENTS).output_shape)
    ours: LookupEventsResponse = decode(LOOKUP_EVENTS, Response(200, {}, body), attempts=1)
    events = [{name: value for name, value in event.items() if value != []} for event in theirs.get("Events", ())]
    for event in events:
        if "EventTime" in event:
            event["EventTime"] = to_the_millisecond(event["EventTime"])
    assert [plain(event) for event in ours.events] == events
    assert ours.next_token == theirs.get("NextToken")
    assert from_wire(LookupEventsResponse, to_wire(ours)) == ours


@given(max_results=st.none() | st.integers(1, 20), next_token=st.none() | TEXTS)
def test_accounts_are_asked_for_as_botocore_does(max_results: int | None, next_token: str | None) -> None:
    """A page of accounts is asked for in botocore's form."""
    members = without_none(MaxResults=max_results, NextToken=next_token)
    theirs = SERIALIZER.serialize_to_request(members, modeled(LIST_ACCOUNTS))
    assert to_wire(ListAccountsRequest(max_results=max_results, next_token=next_token)) == json.loads(
        theirs["body"]
    )
    assert theirs["headers"]["X-Amz-Target"] == target(LIST_ACCOUNTS)


ACCOUNTS = some(
    Accounts=st.lists(some(Id=TEXTS, Name=TEXTS, Email=TEXTS, State=TEXTS, Status=TEXTS), max_size=3),
    NextToken=TEXTS,
)


@given(ACCOUNTS)
def test_accounts_are_read_as_botocore_reads_them(answer: dict[str, Any]) -> None:
    """Every page of accounts has those that botocore finds in it, and the same token."""
    body = json.dumps(answer).encode()
    theirs = PARSER.parse({"status_code": 200, "headers": {}, "body": body}, modeled(LIST_ACCOUNTS).output_shape)
    ours: ListAccountsResponse = decode(LIST_ACCOUNTS, Response(200, {}, body), attempts=1)
    found = [(one.id, one.name, one.state, one.status) for one in ours.accounts]
    assert found == [
        tuple(one.get(name) for name in ("Id", "Name", "State", "Status")) for one in theirs.get("Accounts", ())
    ]
    assert ours.next_token == theirs.get("NextToken")


def to_the_millisecond(moment: datetime) -> datetime:
    """Return what the wire has of a time: botocore reads a float to the microsecond."""
    rounded = moment.astimezone(UTC) + timedelta(microseconds=500)
    return rounded.replace(microsecond=rounded.microsecond // 1000 * 1000)
