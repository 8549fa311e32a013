"""botocore's CloudTrail client against that of the embedded KMS."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import botocore.config
import botocore.session
import pytest

from awskms_lite.local import LocalKMS

CONFIG = botocore.config.Config(retries={"total_max_attempts": 1}, proxies={})
DAY = timedelta(days=1)

Connect = Callable[[str], Any]


@pytest.fixture
def kms() -> Iterator[LocalKMS]:
    with LocalKMS() as kms:
        yield kms


@pytest.fixture
def connect(kms: LocalKMS, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Connect]:
    """Yield a maker of clients of a service from LocalKMS's environment alone."""
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    for name, value in kms.environ.items():
        monkeypatch.setenv(name, value)
    clients: list[Any] = []

    def connect(service: str) -> Any:
        clients.append(botocore.session.Session().create_client(service, config=CONFIG))
        return clients[-1]

    yield connect
    for client in clients:
        client.close()


def test_the_caller_behind_the_last_use_is_found(kms: LocalKMS, connect: Connect) -> None:
    """By the event id of GetKeyLastUsage, as botocore reads it."""
    key = kms.add_key()
    client = connect("kms")
    sealed = client.encrypt(KeyId=key, Plaintext=b"secret")
    used = client.get_key_last_usage(KeyId=key)["KeyLastUsage"]
    attribute = {"AttributeKey": "EventId", "AttributeValue": used["CloudTrailEventId"]}
    (event,) = connect("cloudtrail").lookup_events(LookupAttributes=[attribute])["Events"]
    record = json.loads(event["CloudTrailEvent"])
    assert (event["EventName"], event["Username"]) == ("Encrypt", "local")
    assert event["EventTime"] == used["Timestamp"].replace(microsecond=0)
    assert event["Resources"] == [{"ResourceType": "AWS::KMS::Key", "ResourceName": key}]
    assert record["requestID"] == sealed["ResponseMetadata"]["RequestId"]
    assert record["userAgent"].startswith("Botocore/")


def test_its_paginator_sees_every_event_once(kms: LocalKMS, connect: Connect) -> None:
    """With times and a page size, newest first."""
    now = datetime.now(UTC)
    key = kms.add_key(created=now - 10 * DAY)
    ids = [kms.use(key, at=now - timedelta(hours=hours)) for hours in range(7)]
    pages = list(
        connect("cloudtrail")
        .get_paginator("lookup_events")
        .paginate(
            LookupAttributes=[{"AttributeKey": "ResourceName", "AttributeValue": key}],
            StartTime=now - DAY,
            EndTime=now,
            PaginationConfig={"PageSize": 3},
        )
    )
    assert [[event["EventId"] for event in page["Events"]] for page in pages] == [ids[:3], ids[3:6], ids[6:]]


def test_its_errors_have_their_names(connect: Connect) -> None:
    """Each is the class that the client has for it."""
    client = connect("cloudtrail")
    now = datetime.now(UTC)
    with pytest.raises(client.exceptions.InvalidTimeRangeException):
        client.lookup_events(StartTime=now, EndTime=now - DAY)
    with pytest.raises(client.exceptions.InvalidNextTokenException):
        client.lookup_events(NextToken="nonsense")
    with pytest.raises(client.exceptions.InvalidLookupAttributesException):
        client.lookup_events(LookupAttributes=[{"AttributeKey": "Nonsense", "AttributeValue": "x"}])


def test_entries_have_the_members_of_the_model(kms: LocalKMS, connect: Connect) -> None:
    """No entry has a member that the model does not know."""
    kms.use(kms.add_key(), invoked_by="s3.amazonaws.com")
    client = connect("cloudtrail")
    shape = client.meta.service_model.operation_model("LookupEvents").output_shape.members["Events"].member
    (event,) = client.lookup_events()["Events"]
    assert event.keys() <= set(shape.members)
    assert isinstance(event["EventTime"], datetime)
