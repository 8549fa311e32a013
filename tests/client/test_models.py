"""Requests and responses: what a request refuses, and what a response says."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from attrs import evolve, fields
from hypothesis import given, strategies as st

from awskms_lite.errors import ParameterError
from awskms_lite.models.members import ResponseMetadata
from awskms_lite.models.usage import (
    GetKeyLastUsageRequest,
    GetKeyLastUsageResponse,
    KeyLastUsageData,
    KeyLastUsageTrackingOperation,
    UsageVerdict,
)

KEY = "1234abcd-12ab-34cd-56ef-1234567890ab"
ARN = f"arn:aws:kms:us-east-2:111122223333:key/{KEY}"
TRACKED = datetime(2026, 4, 27, 12, 0, 0, 123000, tzinfo=UTC)
INSTEAD = "pass a key id like '1234abcd-12ab-34cd-56ef-1234567890ab', or the key's ARN"

GOOD_KEY_IDS = {
    "a key id": KEY,
    "a multi-Region key id": "mrk-1234abcd12ab34cd56ef1234567890ab",
    "a key ARN": ARN,
    "a multi-Region key ARN": "arn:aws:kms:us-east-2:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab",
    "a key ARN of another partition": f"arn:aws-us-gov:kms:us-gov-west-1:111122223333:key/{KEY}",
    "a key ARN of a numbered partition": f"arn:aws-iso-b:kms:us-isob-east-1:111122223333:key/{KEY}",
    "one character": "x",
    "as many as there may be": "x" * 2048,
    "a form that may come one day": "key of 2030/ä",
}
BAD_KEY_IDS: dict[str, tuple[Any, str]] = {
    "None": (None, "must be a str, not NoneType"),
    "bytes": (KEY.encode(), "must be a str, not bytes"),
    "a number": (1234, "must be a str, not int"),
    "a list": ([KEY], "must be a str, not list"),
    "empty": ("", "has 0 characters, not 1 to 2048"),
    "too long": ("x" * 2049, "has 2049 characters, not 1 to 2048"),
    "a line end": (KEY + "\n", "holds a control character"),
    "a carriage return": (KEY + "\r", "holds a control character"),
    "a NUL": ("\0" + KEY, "holds a control character"),
    "a delete": (KEY + "\x7f", "holds a control character"),
    "a C1 control": (KEY + "\x85", "holds a control character"),
    "an ARN with a line end": (ARN + "\n", "holds a control character"),
    "an alias name": ("alias/app", "is an alias, which this operation does not take"),
    "an AWS managed alias": ("alias/aws/ebs", "is an alias"),
    "an alias ARN": ("arn:aws:kms:us-east-2:111122223333:alias/app", "is an alias"),
    "an alias ARN of another partition": ("arn:aws-cn:kms:cn-north-1:111122223333:alias/app", "is an alias"),
    "an ARN of another service": ("arn:aws:s3:::bucket", "is an ARN, but not of a KMS key"),
    "an ARN of a role": ("arn:aws:iam::111122223333:role/app", "is an ARN, but not of a KMS key"),
    "an ARN of a key of another service": (f"arn:aws:foo:us-east-2:111122223333:key/{KEY}", "not of a KMS key"),
    "an ARN of a custom key store": ("arn:aws:kms:us-east-2:111122223333:cks/cks-1", "not of a KMS key"),
    "an ARN without a region": (f"arn:aws:kms::111122223333:key/{KEY}", "not of a KMS key"),
    "an ARN without an account": (f"arn:aws:kms:us-east-2::key/{KEY}", "not of a KMS key"),
    "an ARN with a short account": (f"arn:aws:kms:us-east-2:11112222333:key/{KEY}", "not of a KMS key"),
    "an ARN with a long account": (f"arn:aws:kms:us-east-2:1111222233334:key/{KEY}", "not of a KMS key"),
    "an ARN with other digits": (f"arn:aws:kms:us-east-2:11112222333\u0663:key/{KEY}", "not of a KMS key"),
    "an ARN without a partition": (f"arn::kms:us-east-2:111122223333:key/{KEY}", "not of a KMS key"),
    "an ARN without a key": ("arn:aws:kms:us-east-2:111122223333:key/", "not of a KMS key"),
    "an ARN with more behind it": (f"{ARN}/x", "not of a KMS key"),
    "an ARN with a part too many": (f"{ARN}:x", "not of a KMS key"),
    "an ARN cut off": ("arn:aws:kms:us-east-2", "not of a KMS key"),
    "only its first word": ("arn:", "not of a KMS key"),
}


@pytest.mark.parametrize("key_id", GOOD_KEY_IDS.values(), ids=GOOD_KEY_IDS)
def test_a_key_id_or_a_key_arn_is_taken(key_id: str) -> None:
    """Key ids and key ARNs pass as they are; what a key id looks like is KMS's to say."""
    assert GetKeyLastUsageRequest(key_id).key_id == key_id
    assert GetKeyLastUsageRequest(key_id=key_id) == GetKeyLastUsageRequest(key_id)


@pytest.mark.parametrize(("key_id", "reason"), BAD_KEY_IDS.values(), ids=BAD_KEY_IDS)
def test_a_wrong_key_id_is_refused_with_the_remedy(key_id: Any, reason: str) -> None:
    """What KMS would refuse is refused before it is sent, with the reason and what to pass instead."""
    with pytest.raises(ParameterError) as caught:
        GetKeyLastUsageRequest(key_id)
    text = str(caught.value)
    assert text.startswith("key_id ")
    assert reason in text
    assert INSTEAD in text
    assert text.isprintable()


@pytest.mark.parametrize("alias", ["alias/app", "arn:aws:kms:us-east-2:111122223333:alias/app"])
def test_an_alias_is_refused_with_the_way_to_its_key(alias: str) -> None:
    """Who has an alias is told which calls give the key it stands for."""
    with pytest.raises(ParameterError, match="DescribeKey and ListAliases"):
        GetKeyLastUsageRequest(alias)


def test_a_long_key_id_is_not_repeated() -> None:
    """An argument of megabytes makes a short error."""
    with pytest.raises(ParameterError) as caught:
        GetKeyLastUsageRequest("x" * 10_000_000)
    assert len(str(caught.value)) < 500


def test_a_request_checks_itself_when_it_is_changed() -> None:
    """There is no way to a request with a wrong key id, not by way of a right one either."""
    with pytest.raises(ParameterError):
        evolve(GetKeyLastUsageRequest(KEY), key_id="alias/app")


@pytest.mark.parametrize(
    ("model", "member"),
    [
        (GetKeyLastUsageRequest(KEY), "key_id"),
        (KeyLastUsageData(), "timestamp"),
        (GetKeyLastUsageResponse(), "key_last_usage"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_models_do_not_change(model: object, member: str) -> None:
    """What was asked and what was answered stays as it is."""
    with pytest.raises(AttributeError):
        setattr(model, member, None)
    assert hash(model) == hash(evolve(model))  # type: ignore[misc]


def test_nothing_in_a_response_is_required() -> None:
    """A response may lack any member, all of them even."""
    response = GetKeyLastUsageResponse()
    assert [getattr(response, a.name) for a in fields(GetKeyLastUsageResponse) if a.name != "metadata"] == [
        None
    ] * 4
    assert KeyLastUsageData() == KeyLastUsageData(None, None, None, None)


def test_metadata_is_no_part_of_the_answer() -> None:
    """The same answer over two exchanges is equal, hashes the same and looks the same."""
    first = GetKeyLastUsageResponse(key_id=KEY, metadata=ResponseMetadata("r-1", 200, 1))
    second = GetKeyLastUsageResponse(key_id=KEY, metadata=ResponseMetadata("r-2", 200, 3))
    assert first == second
    assert hash(first) == hash(second)
    assert repr(first) == repr(second)
    assert first != GetKeyLastUsageResponse(key_id=ARN)
    assert (second.metadata.request_id, second.metadata.attempts) == ("r-2", 3)


def test_a_model_that_was_never_sent_has_no_metadata() -> None:
    """A response made by hand has metadata that says so."""
    assert GetKeyLastUsageResponse().metadata == ResponseMetadata(None, None, 0)


def test_a_use_without_members_is_no_use() -> None:
    """An empty use is the same as none, so there is one way to ask whether a key was used."""
    response = GetKeyLastUsageResponse(key_last_usage=KeyLastUsageData())
    assert response.key_last_usage is None
    assert response == GetKeyLastUsageResponse()


@pytest.mark.parametrize(
    "data",
    [
        KeyLastUsageData(operation=KeyLastUsageTrackingOperation.SIGN),
        KeyLastUsageData(operation="GenerateQuantumKey"),
        KeyLastUsageData(timestamp=TRACKED),
        KeyLastUsageData(cloud_trail_event_id="e"),
        KeyLastUsageData(kms_request_id="r"),
    ],
)
def test_any_member_of_a_use_means_used(data: KeyLastUsageData) -> None:
    """A use of which only one member is known is a use, whatever the dates say."""
    for created in (TRACKED - timedelta(days=1), TRACKED, None):
        response = GetKeyLastUsageResponse(
            key_last_usage=data, key_creation_date=created, tracking_start_date=TRACKED
        )
        assert response.key_last_usage == data
        assert response.verdict is UsageVerdict.USED


@given(
    created=st.none() | st.integers(-3, 3),
    tracked=st.none() | st.integers(-3, 3),
)
def test_never_used_takes_both_dates(created: int | None, tracked: int | None) -> None:
    """A key without a use was never used if tracking covers its whole life; else nothing is claimed."""

    def moment(milliseconds: int | None) -> datetime | None:
        return None if milliseconds is None else TRACKED + timedelta(milliseconds=milliseconds)

    response = GetKeyLastUsageResponse(key_creation_date=moment(created), tracking_start_date=moment(tracked))
    sure = created is not None and tracked is not None and created >= tracked
    assert response.verdict is (UsageVerdict.NEVER_USED if sure else UsageVerdict.NO_RECORD)


def test_the_names_of_the_enums_follow_their_values() -> None:
    """An enum member is named as AWS's value reads, so nobody has to look it up."""
    for operation in KeyLastUsageTrackingOperation:
        assert operation.name.replace("_", "").lower() == operation.value.lower()
        assert operation == operation.value == str(operation)
    assert {verdict.name: str(verdict) for verdict in UsageVerdict} == {
        "USED": "used",
        "NEVER_USED": "never_used",
        "NO_RECORD": "no_record",
    }
