"""The HTML page as it is written: what is in it, what is not, and that nothing of the data can become markup."""

import io
import json
import re
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from html.parser import HTMLParser
from typing import Any

import attrs
import pytest
from hypothesis import given, strategies as st
from support.audit_data import NOW, days, facts, used
from support.fleet import context, records, refused, summary

from awskms_lite.audit import KeyUsageRecord, KeyUser, KeyUses, SkippedAccount, judge
from awskms_lite.audit.serialize import to_members
from awskms_lite.report import ReportContext
from awskms_lite.report.html import HTMLWriter
from awskms_lite.verdicts import LIMITS

MOST_BYTES = 60_000
"""Of a page without its data."""
HOSTILE = "</script><!--<script>alert(1)</script>\u2028\u202e\x00\x1b[31m\ud800'\"&amp;"


class Page(HTMLParser):
    """A page as a browser takes it apart: its elements, and what is in its scripts and style sheets."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.raw: list[str] = []
        self.comments: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self.raw.append("")

    def handle_data(self, data: str) -> None:
        if self.cdata_elem:  # in a script or a style sheet
            self.raw[-1] += data

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)

    def contents(self, tag: str, **attributes: str) -> list[str]:
        found = zip(self.elements, self.raw, strict=True)
        return [raw for (name, its), raw in found if name == tag and attributes.items() <= its.items()]


def page_of(keys: Iterable[KeyUsageRecord], told: ReportContext | None = None) -> str:
    stream = io.StringIO()
    writer = HTMLWriter(stream)
    for record in keys:
        writer.add(record, to_members(record))
    writer.end(told or context(1))
    return stream.getvalue()


def rows_of(page: str) -> Iterator[dict[str, Any]]:
    """Yield the keys in a page's data, as its script reads them."""
    for block in Page(page).contents("script", type="application/json", **{"class": "keys"}):
        data = json.loads(block)
        for row in range(data["rows"]):
            yield {name: value_in(column, row) for name, column in data["columns"].items()}


def value_in(column: list[list[Any]], row: int) -> Any:
    values, *indices = column
    if indices:
        return values[indices[0][row]]
    return values[0] if len(values) == 1 else values[row]


def context_of(page: str) -> dict[str, Any]:
    (text,) = Page(page).contents("script", id="context")
    told: dict[str, Any] = json.loads(text)
    return told


def expected(record: KeyUsageRecord) -> dict[str, Any]:
    """Return a record as the page holds it, from what JSON lines hold of it."""
    members: dict[str, Any] = json.loads(json.dumps(to_members(record)))
    usage: Mapping[str, Any] = members.pop("last_usage") or {}
    for name in ("created", "deletion_date", "tracking_start", "checked_at", "cloudtrail_checked_at"):
        moment = getattr(record, name)
        members[name] = moment and int(moment.timestamp())
    members["last_used"] = record.last_usage and int((record.last_usage.timestamp or NOW).timestamp())
    members["last_operation"] = usage.get("operation")
    members["event_id"] = usage.get("cloud_trail_event_id")
    members["request_id"] = usage.get("kms_request_id")
    members["tags"] = members["tags"] and [[name, value] for name, value in members["tags"].items()]
    members.pop("shared")  # which the verdict tells
    return members


@pytest.mark.parametrize("number", [1, 2, 300, 2_000, 4_321])
def test_the_page_holds_all_members_of_all_keys(number: int) -> None:
    """What the page's script reads is what was written, in whichever blocks and columns."""
    keys = list(records(number))
    rows = list(rows_of(page_of(keys)))
    for row in rows:
        stem, arn = row.pop("arn_stem"), row["arn"]
        row["arn"] = arn if stem is None else stem + row["key_id"]
    assert [{name: row[name] for name in expected(keys[0])} for row in rows] == [expected(key) for key in keys]


def test_every_member_of_a_record_has_a_place() -> None:
    """A member that is added to the records later is not forgotten here."""
    (row,) = rows_of(page_of(records(1)))
    names = {field.name for field in attrs.fields(KeyUsageRecord)} - {"last_usage", "shared"}
    assert names <= set(row)


def test_an_arn_that_does_not_end_with_the_key_id_is_kept() -> None:
    """A saved report may hold anything as an ARN."""
    key = judge(facts(arn="whatever", key_id="k"), 90)
    (row,) = rows_of(page_of([key]))
    assert (row["arn"], row["arn_stem"]) == ("whatever", None)


def test_a_page_is_small_without_its_data() -> None:
    """A report of one key can be sent around as a mail's attachment."""
    page = page_of([])
    data = Page(page).contents("script", type="application/json")
    assert len(page.encode()) - sum(map(len, data)) < MOST_BYTES


def test_the_policy_allows_this_script_and_this_style_only() -> None:
    """Nothing may be loaded, and what is in the page is allowed by its hash."""
    page = Page(page_of(records(3)))
    (policy,) = [its["content"] for _, its in page.elements if its.get("http-equiv") == "Content-Security-Policy"]
    assert policy is not None
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    scripts = [
        raw for (name, its), raw in zip(page.elements, page.raw, strict=True) if name == "script" and not its
    ]
    assert rules["default-src"] == "'none'"
    assert [rules["script-src"]] == [f"'{digest(raw)}'" for raw in scripts]
    assert [rules["style-src"]] == [f"'{digest(raw)}'" for raw in page.contents("style")]
    assert rules["require-trusted-types-for"] == "'script'"
    assert not {"unsafe-inline", "unsafe-eval", "unsafe-hashes"} & set(re.findall(r"unsafe-\w+", policy))


def digest(text: str) -> str:
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"


def test_the_page_names_nothing_outside_itself() -> None:
    """No address, no handler in an attribute, no style in one."""
    page = page_of(records(3))
    addresses = set(re.findall(r"(?:https?:)?//[\w.-]+\.\w+", page))
    attributes = {name for _, its in Page(page).elements for name in its}
    assert addresses == {"http://www.w3.org"}  # the name of SVG's elements, which is not loaded
    assert not {name for name in attributes if name.startswith("on") or name in ("style", "src", "srcset")}


def test_hostile_texts_stay_data() -> None:
    """A text that looks like the end of a script, or the begin of a comment, is a text of the JSON."""
    plain = [name for name, _ in Page(page_of(records(1))).elements]
    user = KeyUser(event_id=HOSTILE, event_time=NOW, principal_arn=HOSTILE, encryption_context={HOSTILE: HOSTILE})
    uses = KeyUses(count=1, since=NOW, users=(HOSTILE,))
    key = facts(
        key_id=HOSTILE, arn=HOSTILE, description=HOSTILE, aliases=(HOSTILE,), tags={HOSTILE: HOSTILE},
        region=HOSTILE, account_id=HOSTILE, last_usage=used(days(1), HOSTILE), last_user=user, failed_uses=uses,
    )  # fmt: skip
    told = context(1, targets=(refused(HOSTILE),))
    page = page_of([judge(key, 90)], told._replace(filters=(HOSTILE,), source=HOSTILE))
    taken = Page(page)
    (row,) = rows_of(page)
    assert [name for name, _ in taken.elements] == plain
    assert taken.comments == []
    assert all(raw.isascii() for raw in taken.contents("script", type="application/json"))
    assert (row["description"], row["aliases"], row["tags"]) == (HOSTILE, [HOSTILE], [[HOSTILE, HOSTILE]])
    assert context_of(page)["summary"]["unread"][0]["region"] == HOSTILE


@given(st.text(st.characters(), max_size=20))
def test_any_description_comes_back(text: str) -> None:
    """Whatever characters it has, lone surrogates among them."""
    (row,) = rows_of(page_of([judge(facts(description=text), 90)]))
    assert row["description"] == text


def test_the_sources_can_be_written_into_a_page() -> None:
    """The page's own script and style hold nothing that would end them early."""
    page = Page(page_of([]))
    for raw in (*page.contents("script"), *page.contents("style")):
        assert "<!--" not in raw
        assert "</" not in raw


def test_keys_are_written_as_they_come() -> None:
    """The writer holds a block of keys at a time, whatever their number."""
    stream = io.StringIO()
    writer = HTMLWriter(stream)
    keys = list(records(4_500))
    sizes = []
    for record in keys:
        writer.add(record, to_members(record))
        sizes.append(stream.tell())
    assert sizes[1_998] == 0
    assert 0 < sizes[1_999] == sizes[3_998] < sizes[3_999] == sizes[-1]


def test_the_page_knows_what_the_summary_knows() -> None:
    """Counts, coverage and each target that was not read, with its cause and what to do."""
    told = context(300, evaluated=290, filtered=7, targets=(*summary(300).targets, refused()))
    found = context_of(page_of(records(3), told))
    (target,) = found["summary"].pop("unread")
    assert found["summary"] == {
        "complete": False, "stopped": False, "coverage": pytest.approx(290 / 293 * 5 / 6), "listed": 300,
        "filtered": 7, "evaluated": 290, "targets": 6, "partial": 1,
    }  # fmt: skip
    assert (target["region"], target["status"]) == ("sa-east-1", "refused")
    assert target["text"].startswith("ListKeys: AccessDeniedException: User: ")
    assert "request id" in target["text"]
    assert target["text"].endswith("allow it to this principal.")
    assert (found["keys"], found["idle_days"], found["ended_at"]) == (3, 90, int(NOW.timestamp()))
    assert tuple(found["limits"]) == LIMITS


def test_accounts_that_were_not_read_have_their_names() -> None:
    """Beside the role that was refused, and of each account that was skipped, with the reason."""
    told = context(3, targets=(*summary(3).targets, attrs.evolve(refused(), account_name="Shop")))
    assert told.summary is not None
    skipped = SkippedAccount(account_id="777788889999", state="PENDING_ACTIVATION", name="Old")
    told = told._replace(summary=attrs.evolve(told.summary, skipped_accounts=(skipped,)))
    first, second = context_of(page_of(records(3), told))["summary"]["unread"]
    assert first["caller"].endswith(" (Shop)")
    assert (second["caller"], second["status"]) == ("777788889999 (Old)", "skipped, pending activation")


def test_a_saved_report_has_no_summary() -> None:
    """What the audit behind it could not list is not known, and neither is its end if it has no key."""
    found = context_of(page_of([], ReportContext(ended_at=None, idle_days=30, source="keys.jsonl")))
    assert (found["summary"], found["ended_at"], found["source"]) == (None, None, "keys.jsonl")
