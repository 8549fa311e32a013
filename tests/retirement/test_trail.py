"""What CloudTrail's event history tells about a key."""

from datetime import timedelta
from typing import Any

import pytest
from support.retirement_data import ACCOUNT, ARN, CALLER, KEY_ID, NOW, days, event, trail, unreadable_event

from awskms_lite.models.events import Event, EventResource, ListedResource
from awskms_lite.retirement.trail import about, describe, described, lists_uses_by_arn, who

OTHER = ARN.replace("1234abcd", "99999999")
MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize("name", ["Decrypt", "Sign", "GenerateDataKeyPairWithoutPlaintext", "SomethingNew"])
def test_a_use_is_a_cryptographic_operation_or_one_that_is_newer(name: str) -> None:
    """The list grows, and a use must not be overlooked."""
    assert [each.event_name for each in trail(event(name)).uses()] == [name]


@pytest.mark.parametrize(
    "name", ["DescribeKey", "GetKeyLastUsage", "ListGrants", "DisableKey", "CreateGrant", "RotateKey", "DeleteKey"]
)
def test_management_is_no_use(name: str) -> None:
    """Nor is what KMS does by itself."""
    assert trail(event(name)).uses() == []


def test_a_failed_use_is_not_one_that_succeeded() -> None:
    """Only those without an error code are."""
    assert trail(event(errorCode="AccessDenied")).uses() == []


@pytest.mark.parametrize("code", ["DisabledException", "KMSInvalidStateException"])
@pytest.mark.parametrize("name", ["Decrypt", "SomethingNew", "CreateGrant", "GetPublicKey"])
def test_a_refused_use_has_either_code(name: str, code: str) -> None:
    """Creating a grant and getting the public key ask for the key too."""
    assert len(trail(event(name, errorCode=code)).refused_uses(NOW - days(1))) == 1


@pytest.mark.parametrize(
    ("name", "code"),
    [("Decrypt", "AccessDenied"), ("Decrypt", "ThrottlingException"), ("EnableKeyRotation", "DisabledException")],
)
def test_other_failures_are_not_refused_uses(name: str, code: str) -> None:
    """A caller without permission, and management of a disabled key."""
    assert trail(event(name, errorCode=code)).refused_uses(NOW - days(1)) == []


def test_refused_uses_count_from_when_the_key_became_unusable() -> None:
    """With two seconds to spare, since events have whole seconds."""
    since = NOW - MINUTE
    refused = [
        event(errorCode="DisabledException", ago=MINUTE + timedelta(seconds=seconds)) for seconds in (-5, 2, 3)
    ]
    assert trail(*refused).refused_uses(since) == refused[:2]


def test_acts_are_those_after_a_time() -> None:
    """The one that began the time is not among them, nor is one that failed."""
    since = NOW - MINUTE
    before, same, after = (event("EnableKey", ago=ago) for ago in (2 * MINUTE, MINUTE, timedelta(seconds=59)))
    failed = event("EnableKey", ago=timedelta(0), errorCode="AccessDenied")
    assert trail(failed, after, same, before).acts(since, "EnableKey") == [after]
    assert trail(after).acts(since, "CancelKeyDeletion") == []


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["DisableKey"], 0),
        (["CancelKeyDeletion", "DisableKey"], 0),
        (["EnableKey", "DisableKey"], None),
        ([], None),
    ],
)
def test_when_a_key_was_disabled(names: list[str], expected: int | None) -> None:
    """By the latest change; behind an EnableKey the one that disabled it is not in the history yet."""
    events = [event(name, ago=number * MINUTE) for number, name in enumerate(names)]
    found = trail(*events).disabled_at()
    assert found == (None if expected is None else events[expected].event_time)


def test_events_of_other_keys_are_left_out() -> None:
    """By the record's own resources, whatever the history listed them under."""
    mine, other = event(), event(arn=OTHER)
    broken = unreadable_event()
    assert list(about([mine, other, broken], ARN)) == [mine, broken]


@pytest.mark.parametrize("resources", [None, [], [{"ARN": None}], [{"ARN": "arn:aws:s3:::bucket"}]])
@pytest.mark.parametrize(
    ("asked_for", "is_mine"),
    [
        (ARN, True),
        (KEY_ID, True),
        (OTHER, False),
        (OTHER.rpartition("/")[2], False),
        ("alias/shop", True),  # by what it is listed under
        (f"arn:aws:kms:us-east-2:{ACCOUNT}:alias/shop", True),
        (["no text"], True),
        (None, True),
    ],
)
def test_an_event_whose_resources_name_no_key(resources: object, asked_for: object, *, is_mine: bool) -> None:
    """It is about the key that was asked for, or about the one that it is listed under: no refusal is lost."""
    refused = event(resources=resources, requestParameters={"keyId": asked_for}, errorCode="DisabledException")
    assert list(about([refused], ARN)) == [refused] * is_mine
    assert len(trail(*about([refused], ARN)).refused_uses(NOW - days(1))) == is_mine


def test_an_event_that_names_no_key_counts_where_it_is_listed() -> None:
    """Resources, parameters and list may all be missing; one that is listed as another's is not about it."""
    bare = event(resources=None, requestParameters=None)
    unlisted, others = (
        Event(event_name="Decrypt", event_time=NOW, raw=bare.raw, listed_resources=listed)
        for listed in ((), (ListedResource(resource_name=OTHER),))
    )
    assert list(about([bare, unlisted, others], ARN)) == [bare, unlisted]


def test_records_that_cannot_be_read_are_known() -> None:
    """If they may be uses, or changes that a retirement asks about."""
    events = [unreadable_event(name) for name in ("Decrypt", "EnableKey", "DescribeKey")]
    assert [each.event_name for each in trail(*events).unread()] == ["Decrypt", "EnableKey"]
    assert trail(*events).uses() == []


def test_whether_uses_are_listed_by_the_arn_of_their_key() -> None:
    """It is looked at by a use: one that carries it, one that does not, and none at all."""
    listed = event()
    bare = Event(event_name="Decrypt", event_time=NOW, raw=listed.raw, listed_resources=())
    by_id = Event(
        event_name="Decrypt",
        event_time=NOW,
        raw=listed.raw,
        listed_resources=(ListedResource(resource_name="1234"),),
    )
    assert lists_uses_by_arn([event("DescribeKey"), listed]) is True
    assert lists_uses_by_arn([bare]) is False
    assert lists_uses_by_arn([by_id]) is False
    assert lists_uses_by_arn([event("DescribeKey"), event(errorCode="DisabledException")]) is None
    assert lists_uses_by_arn([event(resources=[])]) is None


def test_a_trail_covers_what_it_was_read_back_to() -> None:
    """Unless it could not be read."""
    assert trail().covers(NOW - days(90))
    assert not trail(since=NOW - days(3)).covers(NOW - days(4))
    assert not trail(problem="denied").covers(NOW)


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ({}, f"{CALLER} (session night)"),
        ({"sourceIPAddress": "10.0.0.1"}, f"{CALLER} (session night) from 10.0.0.1"),
        (
            {"userIdentity": {"type": "AssumedRole", "arn": CALLER, "invokedBy": "s3.amazonaws.com"}},
            f"{CALLER} (session night) through s3.amazonaws.com",
        ),
        (
            {"userIdentity": {"type": "AWSAccount", "principalId": "AROAX:me", "accountId": ACCOUNT}},
            f"AROAX:me of account {ACCOUNT} (session me)",
        ),
        ({"userIdentity": {"type": "AWSService", "invokedBy": "rds.amazonaws.com"}}, "rds.amazonaws.com"),
        ({"userIdentity": {}}, "an unnamed caller"),
    ],
)
def test_who_made_a_call(record: dict[str, Any], expected: str) -> None:
    """The role behind a session, the service, the address; whatever the record has."""
    assert who(event(**record)) == expected


def test_an_event_is_one_line() -> None:
    """With nothing in it that a terminal would act on."""
    refused = event(errorCode="DisabledException", userIdentity={"arn": "arn:aws:iam::1:role/\x1b[31m\n"})
    text = describe(refused)
    assert text.startswith("2026-11-28 11:00:00 UTC: Decrypt by arn:aws:iam::1:role/\\x1b[31m\\n")
    assert text.endswith(", refused with DisabledException")


def test_many_events_are_counted() -> None:
    """The latest are shown."""
    lines = described([event(ago=number * MINUTE) for number in range(12)])
    assert len(lines) == 11
    assert lines[-1] == "and 2 before"
    assert EventResource(arn=ARN, account_id=ACCOUNT) in event().resources
