"""The summary in Markdown, as a parser of CommonMark with tables reads it."""

from collections.abc import Iterator, Sequence

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token
from support.audit_data import ACCOUNT, days, facts, used
from support.report_data import DENIED, FOREIGN, context, every_record, foreign_records, record, written

from awskms_lite.audit import Failure, KeyUsageRecord, judge
from awskms_lite.audit.targets import Target, TargetReport, TargetStatus
from awskms_lite.quoting import printable
from awskms_lite.report import ReportContext
from awskms_lite.report.markdown import MarkdownWriter, markdown_text

PARSER = MarkdownIt("gfm-like")  # with tables, HTML, and links without brackets


def text_of(token: Token) -> str:
    return "".join(child.content for child in token.children or ())


def tables(text: str) -> dict[str, list[dict[str, str]]]:
    """Return the rows of each table by the heading before it, as a parser finds them."""
    found: dict[str, list[dict[str, str]]] = {}
    title, rows = "", list[list[str]]()
    tokens = PARSER.parse(text)
    for at, token in enumerate(tokens):
        if token.type == "heading_open":
            title = text_of(tokens[at + 1])
        elif token.type == "table_open":
            rows = []
        elif token.type == "tr_open":
            rows.append([])
        elif token.type in ("th_open", "td_open"):
            rows[-1].append(text_of(tokens[at + 1]))
        elif token.type == "table_close":
            found[title] = [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]
    return found


def inline(text: str) -> Iterator[Token]:
    for token in PARSER.parse(text):
        yield from token.children or [token]


def summary(records: Sequence[KeyUsageRecord], told: ReportContext | None = None) -> str:
    return written(MarkdownWriter, records, told)


def test_figures_are_told_by_verdict() -> None:
    """How many keys, and what they cost; the sentence above says what matters."""
    text = summary(every_record())
    rows = tables(text)["Use of AWS KMS keys"]
    assert [(row["Verdict"], row["Keys"], row["USD a month"]) for row in rows[:3]] == [
        ("in use", "1", "$0"),
        ("idle", "1", "$1"),
        ("never used", "1", "$2"),
    ]
    assert len(rows) == 9
    assert "**Idle, never used, or without a record of a use: 3 of 9 keys.**" in text
    assert "\nThey cost 6 USD a month; all keys together cost 29 USD.\n" in text
    assert "Coverage: 88.8 %" in text


def test_accounts_and_owners_are_told() -> None:
    """Those with the most unused keys first; who has no owner is unknown."""
    found = tables(summary(every_record()))
    assert [(row["Account"], row["Keys"], row["Without a use"]) for row in found["By account"]] == [
        (ACCOUNT, "8", "3"),
        ("444455556666", "1", "0"),
    ]
    assert [(row["Owner"], row["Without a use"]) for row in found["By owner"]] == [("unknown", "2"), ("shop", "1")]
    assert [row["Keys"] for row in found["By owner"]] == ["5", "2"]  # AWS manages one, and another account one
    assert "By owner" not in tables(summary([judge(facts(), 90)]))


def test_a_cost_that_may_be_higher_is_told() -> None:
    """The figure has a plus, which is explained; of keys about which nothing is known there is none."""
    text = summary([record(monthly_cost=1.0), record(monthly_cost=2.5, monthly_cost_is_minimum=True)])
    assert tables(text)["By account"][0]["USD a month"] == "$3.50+"
    assert "A cost with a + may be higher" in text
    assert "They cost at least 3.50 USD a month" in text
    unknown = summary([judge(facts(manager=None, error=DENIED), 90)])
    assert tables(unknown)["By account"][0]["USD a month"] == "-"
    assert "$" not in unknown


def test_what_was_not_read_is_told_with_its_cause() -> None:
    """Targets and keys, each cause once, with an example and what to do."""
    refused = TargetReport(
        target=Target("eu-west-1"),
        status=TargetStatus.REFUSED,
        failures=(Failure("AccessDeniedException", "no", "request-1", "ListKeys"),),
    )
    records = [judge(facts(error=DENIED), 90)] * 3
    first, second = tables(summary(records, context(records, refused)))["What was not read"]
    assert first["What"] == "eu-west-1"
    assert first["Why"].startswith(
        "refused. ListKeys: AccessDeniedException: no (request id request-1). Let the key"
    )
    assert second["What"] == f"3 keys, as {records[0].arn}"
    assert "GetKeyLastUsage: AccessDeniedException: denied (request id request-7). Let the key" in second["Why"]
    assert "What was not read" not in tables(summary([judge(facts(), 90)]))


def test_the_next_steps_begin_with_what_is_idle_longest() -> None:
    """The first twenty keys that may be retired, and how many more there are; with what to do first."""
    records = [judge(facts(key_id=str(idle), last_usage=used(days(idle))), 90) for idle in range(80, 330)]
    text = summary(records)
    rows = tables(text)["Next steps"]
    assert [row["Key"] for row in rows] == [str(idle) for idle in range(329, 309, -1)]
    assert "\n… and 220 more keys.\n" in text
    assert "No verdict alone is permission to delete a key." in text
    assert "Next steps" not in tables(summary([judge(facts(last_usage=used(days(3))), 90)]))


def test_an_empty_account_is_told() -> None:
    """It has figures of nothing, and no table of accounts."""
    text = summary([])
    assert "use: 0 of 0 keys.**" in text
    assert list(tables(text)) == ["Use of AWS KMS keys"]


def test_a_report_says_what_it_is_of() -> None:
    """When, with which window, of which keys, and from which file."""
    told = ReportContext(ended_at=None, idle_days=1, filters=("--tag 'a|b'",), source="keys.jsonl")
    text = summary([], told)
    assert "A key is idle after 1 day without a use." in text
    said = [text_of(token) for token in PARSER.parse(text) if token.type == "inline"]
    assert "A key is idle after 1 day without a use. Keys: --tag 'a|b'. Judged from keys.jsonl." in said
    assert "Coverage" not in text


@pytest.mark.parametrize("text", FOREIGN)
def test_a_foreign_text_stays_a_text(text: str) -> None:
    """Whatever it says, a parser finds the same characters and nothing else, in a table and out of one."""
    shown = printable(" ".join(text.split()))
    for source in (f"x {markdown_text(text)}\n", f"| a | b |\n| --- | --- |\n| x | x {markdown_text(text)} |\n"):
        (*_, paragraph) = (token for token in PARSER.parse(source) if token.type == "inline")
        assert [token.type for token in paragraph.children or ()] == ["text"]
        assert text_of(paragraph) == f"x {shown}"


def test_a_report_of_foreign_texts_has_the_form_of_any_other() -> None:
    """No HTML, no link, no image, no code, and each cell where it belongs."""
    text = summary(foreign_records())
    types = {token.type for token in inline(text)}
    assert not types & {"html_inline", "html_block", "link_open", "image", "code_inline", "fence", "code_block"}
    rows = tables(text)["Next steps"]
    owners = {printable(" ".join(text.split())) for text in FOREIGN}
    assert {row["Owner"] for row in rows} <= owners
    assert len(rows) == sum(each.error is None for each in foreign_records())
    assert text.replace("\n", "").isprintable()
