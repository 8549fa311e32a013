"""Records as lines: nothing lost on the way, and names that stay."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, strategies as st
from support.audit_data import NOW, days, facts, used

from awskms_lite.audit import AuditVerdict, Failure, KeyFacts, KeyUsageRecord, KeyUser, KeyUses, judge
from awskms_lite.audit.serialize import from_line, to_line
from awskms_lite.errors import ParameterError
from awskms_lite.models.usage import KeyLastUsageData, KeyLastUsageTrackingOperation

MEMBERS = [
    "key_id", "arn", "account_id", "audited_account_id", "region", "shared", "aliases", "description", "state",
    "manager", "spec", "usage", "origin", "multi_region_role", "related_arns", "created", "deletion_date",
    "tracking_start", "last_usage", "tags", "checked_at", "error", "rotations", "last_user", "recent_uses",
    "failed_uses", "owner", "account_name", "cloudtrail_checked_at", "created_by", "verdict", "idle_days",
    "unread_regions", "reasons", "advice", "monthly_cost", "monthly_cost_is_minimum",
]  # fmt: skip
text = st.text(st.characters(codec="utf-8"), max_size=30)
moments = st.datetimes(datetime(1980, 1, 1), datetime(2100, 1, 1)).map(  # noqa: DTZ001 - hypothesis wants them so
    lambda moment: moment.replace(microsecond=moment.microsecond // 1000 * 1000, tzinfo=UTC)
)
operations = st.sampled_from(list(KeyLastUsageTrackingOperation)) | text | st.none()
uses = st.builds(
    KeyUses,
    count=st.integers(0),
    at_least=st.booleans(),
    since=moments,
    last=moments | st.none(),
    users=st.lists(text).map(tuple),
)
keys = st.builds(
    facts,
    shared=st.booleans(),
    aliases=st.lists(text).map(tuple),
    description=text | st.none(),
    state=text | st.none(),
    created=moments | st.none(),
    tracking_start=moments | st.none(),
    last_usage=st.builds(KeyLastUsageData, operations, moments | st.none(), text, text) | st.none(),
    tags=st.dictionaries(text, text) | st.none(),
    checked_at=moments,
    error=st.builds(Failure, text, text, text | st.none(), text | st.none()) | st.none(),
    rotations=st.integers(0, 100) | st.none(),
    last_user=st.builds(
        KeyUser,
        principal_arn=text | st.none(),
        invoked_by=text | st.none(),
        event_id=text,
        event_time=moments,
        encryption_context=st.dictionaries(text, text) | st.none(),
    )
    | st.none(),
    recent_uses=uses | st.none(),
    failed_uses=uses | st.none(),
    cloudtrail_checked_at=moments | st.none(),
)


@given(keys)
def test_a_line_gives_back_what_was_written(key: KeyFacts) -> None:
    """A record and its facts come back equal from a line of JSON, which has no line end in it."""
    record = judge(key, 90)
    line = to_line(record)
    assert "\n" not in line
    assert from_line(KeyUsageRecord, line) == record
    assert from_line(KeyFacts, line) == key
    assert from_line(KeyFacts, to_line(key)) == key


def test_the_names_are_these() -> None:
    """Scripts rely on the names in a line, and on what times look like."""
    written = json.loads(to_line(judge(facts(last_usage=used(days(3))), 90)))
    assert list(written) == MEMBERS
    assert written["checked_at"] == "2026-11-28T12:00:00.000Z"
    assert written["last_usage"] == {
        "operation": "Decrypt",
        "timestamp": "2026-11-25T12:00:00.000Z",
        "cloud_trail_event_id": "event",
        "kms_request_id": "request",
    }


def test_members_that_are_newer_are_passed_over() -> None:
    """A file of a later version can be read as far as it is understood."""
    line = json.dumps({**json.loads(to_line(facts())), "newer": 1})
    assert from_line(KeyFacts, line) == facts()


def test_a_time_of_another_zone_is_the_same_time() -> None:
    """Times are given in UTC, whatever they were read in."""
    members = json.loads(to_line(facts()))
    line = json.dumps({**members, "checked_at": "2026-11-28T14:00:00+02:00"})
    read = from_line(KeyFacts, line).checked_at
    assert (read, read.utcoffset()) == (NOW, timedelta(0))


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("", "not JSON"),
        ("{", "not JSON"),
        ("[]", "an object was expected, not a JSON list"),
        ("7", "an object was expected, not a JSON int"),
        ("{}", "lacks 'key_id'"),
        (json.dumps({**json.loads(to_line(facts())), "arn": 7}), "a string was expected"),
        (json.dumps({**json.loads(to_line(facts())), "checked_at": "today"}), "isoformat"),
        (json.dumps({**json.loads(to_line(facts())), "last_usage": "today"}), "an object was expected"),
        ("[" * 100_000, "no record of an audit"),
        (json.dumps({**json.loads(to_line(facts())), "aliases": "abc"}), "an array was expected"),
        (json.dumps({**json.loads(to_line(facts())), "checked_at": "0001-01-01T00:00:00+14:00"}), "out of range"),
    ],
)
def test_what_is_no_record(line: str, why: str) -> None:
    """Anything else is one kind of error, which says why."""
    with pytest.raises(ParameterError, match=why):
        from_line(KeyFacts, line)


def test_every_verdict_is_a_plain_string() -> None:
    """The verdicts in lines and cells are the words of the contract."""
    assert [str(verdict) for verdict in AuditVerdict] == [
        "in_use", "idle", "never_used", "no_record", "too_new", "pending_deletion", "aws_managed", "other_account",
        "unreadable",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "name", ["shared", "state", "manager", "created", "tracking_start", "last_usage", "error"]
)
def test_a_member_that_a_verdict_depends_on_must_be_there(name: str) -> None:
    """Without its last use a key in use would be judged as one that nobody uses: a lost member is damage."""
    members = json.loads(to_line(facts()))
    del members[name]
    with pytest.raises(ParameterError, match=f"lacks '{name}'"):
        from_line(KeyFacts, json.dumps(members))


def test_what_is_neither_true_nor_false_is_refused() -> None:
    """A text stands for no yes or no: "false" would be taken for true."""
    members = {**json.loads(to_line(facts())), "shared": "false"}
    with pytest.raises(ParameterError, match="true or false was expected"):
        from_line(KeyFacts, json.dumps(members))
