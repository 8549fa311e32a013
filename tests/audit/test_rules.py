"""The verdicts of an audit, each by its rule, with reasons and advice that go no further than they may."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, strategies as st
from support.audit_data import NOW, SET_ID, arn_of, days, facts, used

from awskms_lite.audit import AuditVerdict, Failure, KeyFacts, KeyUsageRecord, judge
from awskms_lite.audit.records import facts_of
from awskms_lite.audit.rules import needs_usage
from awskms_lite.errors import ParameterError
from awskms_lite.models.keys import KeyState
from awskms_lite.models.usage import KeyLastUsageData

MILLISECOND = timedelta(milliseconds=1)
NOT_FOUND = Failure("NotFoundException", "Key 'x' does not exist.", "req-1", "DescribeKey")


@pytest.mark.parametrize(
    ("members", "verdict", "idle_days"),
    [
        ({"last_usage": used(days(3))}, "in_use", 3),
        ({"last_usage": used(days(90) - MILLISECOND)}, "in_use", 89),
        ({"last_usage": used(days(90))}, "idle", 90),
        ({"last_usage": used(days(-1))}, "in_use", 0),
        ({"last_usage": KeyLastUsageData(operation="Decrypt")}, "in_use", 0),
        ({"created": NOW - days(90), "tracking_start": NOW - days(90)}, "never_used", 90),
        ({"created": NOW - days(89), "tracking_start": NOW - days(89)}, "too_new", 89),
        ({"created": NOW - days(200), "tracking_start": NOW - days(200) + MILLISECOND}, "no_record", 199),
        ({}, "no_record", 200),
        ({"tracking_start": None}, "no_record", None),
        ({"created": None}, "no_record", 200),
        ({"state": "PendingDeletion", "deletion_date": NOW + days(9)}, "pending_deletion", None),
        ({"state": "PendingReplicaDeletion"}, "pending_deletion", None),
        ({"manager": "AWS"}, "aws_managed", None),
        ({"manager": "AWS", "state": "PendingDeletion"}, "aws_managed", None),
        ({"shared": True, "manager": "AWS"}, "other_account", None),
        ({"shared": True, "error": NOT_FOUND}, "other_account", None),
        ({"error": NOT_FOUND, "last_usage": used(days(1))}, "unreadable", None),
        ({"error": NOT_FOUND, "manager": None, "aliases": ("alias/aws/ebs",)}, "aws_managed", None),
        ({"error": NOT_FOUND, "manager": None, "aliases": ("alias/awsome",)}, "unreadable", None),
    ],
)
def test_the_verdict(members: Mapping[str, Any], verdict: str, idle_days: int | None) -> None:
    """Each rule at its edge: whole days, full milliseconds, and who comes before whom."""
    record = judge(facts(**members), 90)
    assert (record.verdict, record.idle_days) == (verdict, idle_days)


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({"last_usage": used(days(3), "ReEncrypt")}, ["ReEncrypt", "2026-11-25", "Keep it"]),
        ({"last_usage": used(days(200))}, ["disable it", "DisabledException", "EBS volume"]),
        ({"last_usage": used(days(200)), "state": "Disabled"}, ["It is disabled: watch CloudTrail"]),
        ({"usage": "SIGN_VERIFY"}, ["public key may be in use outside KMS"]),
        ({"origin": "EXTERNAL"}, ["imported"]),
        ({"origin": "EXTERNAL_KEY_STORE"}, ["external key manager stays behind"]),
        ({}, ["tracking began on 2026-05-12", "created on 2024-06-11", "Look into CloudTrail"]),
        ({"tracking_start": None}, ["does not tell since when"]),
        ({"created": NOW - days(9), "tracking_start": NOW - days(9)}, ["in 81 days", "an hour"]),
        ({"state": "PendingImport"}, ["waits for its key material"]),
        ({"state": "Unavailable"}, ["custom key store is not connected"]),
        ({"state": "PendingDeletion", "deletion_date": NOW + days(9)}, ["2026-12-07", "CancelKeyDeletion"]),
        ({"state": "PendingReplicaDeletion"}, ["last replica"]),
        ({"error": NOT_FOUND}, ["DescribeKey failed with NotFoundException: Key 'x' does not exist", "req-1"]),
        ({"error": Failure("TimeoutError", "No answer.")}, ["TimeoutError: No answer", "audit it again"]),
        ({"shared": True}, ["account 111122223333", "Ask its owner"]),
    ],
)
def test_reasons_and_advice(members: Mapping[str, Any], words: list[str]) -> None:
    """What a verdict rests on is said with its dates, and what to do next with what it depends on."""
    record = judge(facts(**members), 90)
    told = " ".join((*record.reasons, record.advice))
    assert [word for word in words if word not in told] == []


def member_of_set(region: str, role: str = "REPLICA", **members: Any) -> KeyFacts:
    """Return one of three keys of a set, in us-east-2 (the primary), eu-west-1 and ap-south-1."""
    regions = ("us-east-2", "eu-west-1", "ap-south-1")
    related = tuple(arn_of(SET_ID, other) for other in regions if other != region)
    return facts(key_id=SET_ID, region=region, multi_region_role=role, related_arns=related, **members)


class TestMultiRegionSets:
    def test_a_set_is_in_use_where_any_of_its_keys_is(self) -> None:
        """The most recent use of the set counts for each of its keys, and the reason names where it was."""
        primary, replica = (
            member_of_set("us-east-2", "PRIMARY"),
            member_of_set("eu-west-1", last_usage=used(days(4))),
        )
        record = judge(primary, 90, [replica])
        assert (record.verdict, record.idle_days, record.last_usage) == ("in_use", 4, None)
        assert record.reasons == ("Last use: Decrypt on 2026-11-24 by the key of its set in eu-west-1.",)

    def test_an_older_use_of_another_key_changes_nothing(self) -> None:
        """A key's own use, where it is the latest, is what it is judged by."""
        own, other = (member_of_set("eu-west-1", last_usage=used(days(ago))) for ago in (100, 150))
        record = judge(own, 90, [other])
        assert (record.verdict, record.idle_days) == ("idle", 100)

    def test_keys_that_were_not_read_are_named(self) -> None:
        """Where the set is not seen whole, an idle key's reasons say which regions are missing."""
        record = judge(member_of_set("eu-west-1", last_usage=used(days(100))), 90, [member_of_set("ap-south-1")])
        assert record.reasons[-1].endswith("nothing is known about the set's use in us-east-2.")

    def test_a_key_that_is_leaving_was_not_asked_about(self) -> None:
        """One whose deletion is scheduled is judged without its use, so that of the set stays unknown."""
        leaving = member_of_set("ap-south-1", state="PendingDeletion")
        record = judge(member_of_set("eu-west-1"), 90, [leaving, member_of_set("us-east-2", "PRIMARY")])
        assert record.reasons[-1].endswith("nothing is known about the set's use in ap-south-1.")

    def test_nothing_is_missing_from_a_set_in_use(self) -> None:
        """What other regions would add could not change the verdict, so nothing is said of them."""
        assert len(judge(member_of_set("eu-west-1", last_usage=used(days(1))), 90).reasons) == 1

    def test_the_primary_goes_last(self) -> None:
        """The advice for a primary names the replicas that go before it."""
        record = judge(member_of_set("us-east-2", "PRIMARY", last_usage=used(days(100))), 90)
        assert "its replicas (eu-west-1, ap-south-1) go before it" in record.advice


FIRST, LAST = datetime(2020, 1, 1), datetime(2026, 11, 28)  # noqa: DTZ001 - hypothesis adds the time zone
moments = st.datetimes(FIRST, LAST, timezones=st.just(UTC))
anything = st.builds(
    facts,
    shared=st.booleans(),
    aliases=st.just(()) | st.just(("alias/aws/s3",)),
    state=st.sampled_from([*KeyState, "Newer", None]),
    manager=st.sampled_from(["AWS", "CUSTOMER", None]),
    usage=st.sampled_from(["ENCRYPT_DECRYPT", "SIGN_VERIFY", "NEWER", None]),
    origin=st.sampled_from(["AWS_KMS", "EXTERNAL", "NEWER", None]),
    multi_region_role=st.sampled_from(["PRIMARY", "REPLICA", None]),
    related_arns=st.just(()) | st.just((arn_of(SET_ID, "eu-west-1"),)),
    created=moments | st.none(),
    tracking_start=moments | st.none(),
    deletion_date=moments | st.none(),
    last_usage=st.builds(KeyLastUsageData, st.just("Decrypt"), moments | st.none()) | st.none(),
    error=st.just(NOT_FOUND) | st.none(),
)


@pytest.mark.parametrize("window", [0, -1, 36_501, 1.5, True, None])
def test_what_is_no_window(window: Any) -> None:
    """A window is a whole number of days, up to a hundred years."""
    with pytest.raises(ParameterError, match="idle_days"):
        judge(facts(), window)


@given(anything, st.integers(1, 36_500))
def test_every_key_is_judged(key: KeyFacts, idle_days: int) -> None:
    """Whatever was read of a key, there is a verdict with a reason and an advice, and what was read is kept."""
    record = judge(key, idle_days)
    assert record.verdict in list(AuditVerdict)
    assert record.reasons
    assert all(reason.endswith(".") for reason in record.reasons)
    assert record.advice.endswith(".")
    assert isinstance(record, KeyUsageRecord)
    assert KeyFacts(**facts_of(record)) == key


@given(anything, st.integers(1, 4000))
def test_no_advice_is_leave_to_delete(key: KeyFacts, idle_days: int) -> None:
    """Deletion is never the next step: it comes behind disabling and watching, or is there already."""
    record = judge(key, idle_days)
    assert not re.search(r"(can|may|could|safe to) be deleted|deletable|safe to delete", record.advice)
    if "schedule" in record.advice:
        assert record.advice.index("DisabledException") < record.advice.index("schedule")


@given(anything, st.integers(1, 4000))
def test_who_is_asked(key: KeyFacts, idle_days: int) -> None:
    """A key is asked about exactly where its verdict rests on its use."""
    by_use = ("in_use", "idle", "never_used", "no_record", "too_new")
    assert needs_usage(key) == (judge(key, idle_days).verdict in by_use)


@given(anything, st.integers(1, 4000), st.integers(1, 4000))
def test_a_longer_window_makes_nothing_idle(key: KeyFacts, one: int, other: int) -> None:
    """What is in use or too new within some days is so within more of them."""
    short, long = (judge(key, window).verdict for window in sorted((one, other)))
    if short in ("in_use", "too_new"):
        assert long == short


@pytest.mark.parametrize("used_days_ago", [3, 200, None])
@pytest.mark.parametrize("state", [state.value for state in KeyState if state is not KeyState.ENABLED])
def test_no_key_that_cannot_be_used_is_simply_kept(state: str, used_days_ago: int | None) -> None:
    """Somebody may be in need of it, and disabling is no step where it cannot be done."""
    record = judge(facts(state=state, last_usage=used_days_ago and used(days(used_days_ago))), 90)
    assert "Keep it" not in record.advice
    assert ("disable it and watch" in record.advice) == (state == "Unavailable" and used_days_ago != 3)
    if state == "Disabled" and used_days_ago == 3:
        assert "EnableKey" in record.advice


def test_what_disabling_takes_with_it() -> None:
    """Enabling a key again does not mend what broke meanwhile, and the advice says so."""
    for state in ("Enabled", "Disabled"):
        advice = judge(facts(last_usage=used(days(200)), state=state), 90).advice
        assert "EnableKey undoes that for the key at once, but not what it has broken meanwhile" in advice
        assert "DynamoDB" in advice


def test_either_refusal_is_watched_for() -> None:
    """CloudTrail shows a use of a key that is pending deletion under one of two names."""
    advice = judge(facts(state="PendingDeletion"), 90).advice
    assert "DisabledException or KMSInvalidStateException" in advice


def test_a_day_is_one() -> None:
    """The advice for a key that is nearly old enough counts in words."""
    assert judge(facts(created=NOW - days(89)), 90).advice == "Audit it again in 1 day."
    assert judge(facts(created=NOW - days(88)), 90).advice == "Audit it again in 2 days."
