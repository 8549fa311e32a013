"""Two reports compared: kinds of changes, and how they are written down."""

import json
from typing import Any

import pytest
from attrs import evolve
from markdown_it import MarkdownIt
from support.audit_data import ACCOUNT, KEY_ID, days, facts, used
from support.report_data import DENIED, OTHER, foreign_records

from awskms_lite.audit import KeyUsageRecord, judge
from awskms_lite.costs import MonthlyCost
from awskms_lite.layout import display_width
from awskms_lite.report.changes import as_json, markdown_lines, text_lines
from awskms_lite.report.comparison import CHANGES, compare

USED, IDLE = judge(facts(last_usage=used(days(3))), 90), judge(facts(last_usage=used(days(120))), 90)
TOO_NEW, NO_RECORD = judge(facts(created=facts().checked_at - days(5)), 90), judge(facts(), 90)
UNREADABLE = judge(facts(error=DENIED), 90)
DISABLED = judge(facts(last_usage=used(days(120)), state="Disabled"), 90)
LEAVING = judge(facts(state="PendingDeletion"), 90)
NEIGHBOUR = judge(facts(key_id="2" + KEY_ID[1:], arn="neighbour", last_usage=used(days(3))), 90)


def kinds(old: list[KeyUsageRecord], new: list[KeyUsageRecord]) -> dict[str, list[str]]:
    """Return the ARNs of what changed, without the kinds that no key has."""
    found: dict[str, list[str]] = as_json(compare(old, new))["changes"]
    return {kind: arns for kind, arns in found.items() if arns}


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (USED, USED, []),
        (USED, IDLE, ["newly_idle"]),
        (TOO_NEW, NO_RECORD, ["newly_idle"]),
        (NO_RECORD, IDLE, []),
        (IDLE, USED, ["used_again"]),
        (IDLE, DISABLED, ["state_changed"]),
        (USED, DISABLED, ["newly_idle", "state_changed"]),
        (DISABLED, LEAVING, ["state_changed"]),
        (LEAVING, USED, ["state_changed"]),
        (USED, UNREADABLE, ["newly_unreadable"]),
        (UNREADABLE, IDLE, ["newly_readable"]),
        (UNREADABLE, UNREADABLE, []),
    ],
)
def test_a_key_changes_in_these_ways(old: KeyUsageRecord, new: KeyUsageRecord, expected: list[str]) -> None:
    """What could not be read is neither idle nor used: nothing is known about it."""
    assert kinds([old], [new]) == {kind: [old.arn] for kind in expected}


def test_a_key_that_only_one_report_has() -> None:
    """It is new or gone if the other report looked there, and else only its audit is told."""
    other_region = evolve(NEIGHBOUR, arn="elsewhere", region="eu-west-1")
    other_account = evolve(NEIGHBOUR, arn="theirs", account_id=OTHER, audited_account_id=OTHER)
    shared = evolve(NEIGHBOUR, arn="shared", account_id=OTHER, audited_account_id=ACCOUNT, shared=True)
    assert kinds([USED], [USED, NEIGHBOUR]) == {"new": ["neighbour"]}
    assert kinds([USED, NEIGHBOUR], [USED]) == {"gone": ["neighbour"]}
    assert kinds([USED, shared], [USED]) == {"gone": ["shared"]}
    for each in (other_region, other_account):
        assert kinds([USED], [USED, each]) == {"only_new_audited": [each.arn]}
        assert kinds([USED, each], [USED]) == {"only_old_audited": [each.arn]}


def test_of_a_key_that_is_twice_in_a_report_the_later_record_counts() -> None:
    """A file may hold two runs."""
    assert kinds([USED, IDLE], [USED]) == {"used_again": [USED.arn]}


def test_keys_are_told_in_order() -> None:
    """By account, region and key id."""
    records = [evolve(NEIGHBOUR, arn=name, key_id=name) for name in "cab"]
    assert kinds([USED], [USED, *records]) == {"new": ["a", "b", "c"]}


def test_costs_are_compared() -> None:
    """As far as they are known; a report of before there were costs has those of its keys."""
    old = [evolve(USED, monthly_cost=None), evolve(NEIGHBOUR, monthly_cost=3.0, monthly_cost_is_minimum=False)]
    assert compare(old, [USED]).cost_difference == MonthlyCost(-3.0, is_minimum=True)
    certain = [evolve(each, monthly_cost=1.5, monthly_cost_is_minimum=False) for each in (USED, NEIGHBOUR)]
    assert compare(certain[:1], certain).cost_difference == MonthlyCost(1.5)
    costs: Any = as_json(compare(certain[:1], certain))["monthly_cost"]
    assert costs == {"old": 1.5, "new": 3.0, "difference": 1.5, "is_minimum": False}
    shared = judge(facts(shared=True, arn="shared"), 90)
    assert compare([], [shared]).cost_difference == MonthlyCost(0.0)


def test_the_text_tells_what_was_and_what_is() -> None:
    """A line for each key under each kind, and the costs at the end."""
    lines = list(text_lines(compare([USED, NEIGHBOUR], [DISABLED]), None))
    assert lines[0] == "newly idle: 1 key. Each had a use in the idle window, or was too new, and has none now."
    assert lines[1].split() == ["KEY", "REGION", "BEFORE", "NOW", "DAYS", "COST", "NAME"]
    assert lines[2].split() == [KEY_ID, "us-east-2", "in", "use", "idle", "(Disabled)", "120", "$1+"]
    assert lines[4].startswith("state changed: 1 key.")
    assert lines[8].startswith("gone: 1 key.")
    assert lines[-1] == "Before: 2 keys, at least 2 USD a month. Now: 1 key, at least 1 USD a month, 1 USD less."
    assert next(text_lines(compare([USED], [USED]), 80)) == "No key has changed."


def test_accounts_and_owners_have_columns_where_they_tell_something() -> None:
    """Several accounts, or any owner."""
    keys = [evolve(NEIGHBOUR, arn="a", account_id=OTHER, owner="shop"), evolve(NEIGHBOUR, arn="b")]
    (_, heading, *_) = text_lines(compare([], keys), None)
    assert heading.split() == ["KEY", "REGION", "ACCOUNT", "BEFORE", "NOW", "DAYS", "COST", "OWNER", "NAME"]


@pytest.mark.parametrize("width", [60, 100])
def test_a_terminal_gets_no_longer_line(width: int) -> None:
    """Rows are cut, and a foreign text is shown as it can do no harm."""
    lines = list(text_lines(compare([], foreign_records()), width))
    assert all(line.isprintable() for line in lines)
    assert max(display_width(line) for line in lines if line.startswith("  ")) <= width


def test_markdown_has_a_table_for_each_kind() -> None:
    """A parser finds them, with no more of a foreign text than its characters."""
    records = [evolve(record, arn=record.key_id) for record in foreign_records()]
    text = "\n".join(markdown_lines(compare([USED], [IDLE, *records])))
    tokens = MarkdownIt("gfm-like").parse(text)
    titles = [tokens[at + 1].content for at, token in enumerate(tokens) if token.type == "heading_open"]
    assert titles == ["Changes in the use of AWS KMS keys", "Newly idle", "New"]
    inline = {child.type for token in tokens for child in token.children or ()}
    assert inline == {"text"}
    assert sum(token.type == "tr_open" for token in tokens) == 3 + 2 + 1 + len(records)
    assert "No key has changed." in "\n".join(markdown_lines(compare([USED], [USED])))


def test_long_tables_are_cut() -> None:
    """Markdown is for people; all ARNs are in the JSON."""
    records = [evolve(NEIGHBOUR, arn=str(at), key_id=str(at)) for at in range(30)]
    comparison = compare([USED], [USED, *records])
    assert "… and 10 more keys." in list(markdown_lines(comparison))
    assert len(json.loads(json.dumps(as_json(comparison)))["changes"]["new"]) == 30
    assert set(as_json(comparison)["changes"]) == set(CHANGES)
