"""The table, in the form that fits a terminal, and text in columns."""

import io
from collections.abc import Sequence
from typing import Any

import pytest
from support.audit_data import KEY_ID, NOW, SET_ID, days, facts, used

from awskms_lite.audit import Failure, KeyFacts, KeyUsageRecord, judge
from awskms_lite.audit.serialize import to_members
from awskms_lite.layout import display_width, wrap
from awskms_lite.report import ReportContext
from awskms_lite.report.table import TableWriter

DENIED = Failure("AccessDeniedException", "denied", "request-7", "GetKeyLastUsage")
IDLE = facts(last_usage=used(days(120)))
LEAVING = facts(key_id="3234abcd-12ab-34cd-56ef-1234567890ab", state="PendingDeletion")


def table(records: Sequence[KeyUsageRecord], width: int | None) -> str:
    """Return the table of these keys, for a terminal of so many columns or for none."""
    stream = io.StringIO()
    writer = TableWriter(stream, width=width)
    for record in records:
        writer.add(record, to_members(record))
    writer.end(ReportContext(ended_at=NOW, idle_days=90))
    return stream.getvalue()


def judged(*keys: KeyFacts) -> list[KeyUsageRecord]:
    return [judge(key, 90) for key in keys]


LONG = facts(aliases=("alias/orders-of-the-shop", f"alias/{'x' * 60}"), last_usage=used(days(120)))
WIDE = facts(key_id="2" + KEY_ID[1:], description="鍵の説明がここにあります" * 6)


class TestTable:
    """The forms of the table."""

    @pytest.mark.parametrize("columns", [20, 40, 80, 120, 160, 200])
    def test_no_line_is_longer_than_the_terminal(self, columns: int) -> None:
        """Whatever there is to say is broken, and nothing is cut off."""
        out = table(judged(LONG, WIDE, LEAVING, facts(error=DENIED)), columns)
        assert max(map(display_width, out.splitlines())) <= columns
        whole = "".join(out.split())
        for text in (KEY_ID, "x" * 60, "鍵の説明がここにあります" * 6, "Decrypt", "2026-07-31", LEAVING.key_id):
            assert text in whole

    def test_a_narrow_terminal_has_short_lines(self) -> None:
        """Key, then verdict and place, then the last use and the names; no headings."""
        key = facts(last_usage=used(days(120)), aliases=("alias/orders",))
        lines = table(judged(key, LEAVING), 40).splitlines()
        assert lines[:6] == [
            KEY_ID,
            "  idle, 120 days, us-east-2",
            "  Decrypt 2026-07-31 12:00; alias/orders",
            LEAVING.key_id,
            "  pending deletion, us-east-2",
            "",
        ]

    def test_a_narrow_terminal_names_several_accounts(self) -> None:
        """As the table has a column then."""
        out = table(judged(IDLE, facts(account_id="444455556666")), 40)
        assert "no record, 200 days, us-east-2, account 444455556666" in " ".join(out.split())

    def test_names_are_broken_within_their_column(self) -> None:
        """Where the table fits but for its last column, that goes on below itself."""
        heading, first, second, *_ = table(judged(LONG), 160).splitlines()
        at = heading.index("ALIASES")
        assert first[at:] == "alias/orders-of-the-shop"
        assert second[:at].isspace()
        assert second[at:].startswith("alias/xxx")

    def test_without_a_terminal_a_key_is_a_line(self) -> None:
        """So that grep finds all of it."""
        out = table(judged(LONG, WIDE), None)
        assert len(out.partition("\n\n")[0].splitlines()) == 3

    @pytest.mark.parametrize(
        ("key", "cell"),
        [
            (facts(last_usage=used(days(3), "NewOperation")), "NewOperation"),
            (facts(description="of\nthe\x1b[2Jshop"), "of the\\x1b[2Jshop"),
            (facts(aliases=("alias/\x9b",)), "alias/\\x9b"),
            (facts(error=Failure("Bad\x1b", "x")), "unreadable (Bad\\x1b)"),
        ],
    )
    def test_cells_say_what_there_is(self, key: KeyFacts, cell: str) -> None:
        """A newer operation of KMS is shown as it is, and what would command the terminal written out."""
        assert cell in table(judged(key), None)

    def test_use_by_another_of_the_set_is_told(self) -> None:
        """A key that only others of its set keep in use says so beside its verdict."""
        other = facts(key_id=SET_ID, region="eu-west-1", last_usage=used(days(3)))
        record = judge(facts(key_id=SET_ID, related_arns=(other.arn,)), 90, [other])
        assert "in use (by its set)" in table([record], None)


class TestWrapping:
    """Text in columns."""

    @pytest.mark.parametrize(
        ("text", "width", "lines"),
        [
            ("", 5, [""]),
            ("a bc def", 4, ["a bc", "def"]),
            ("abcdefgh ij", 4, ["abcd", "efgh", "ij"]),
            ("ab cdefghi", 4, ["ab", "cdef", "ghi"]),
            ("鍵鍵鍵", 4, ["鍵鍵", "鍵"]),
            ("e\u0301e\u0301e\u0301", 2, ["e\u0301e\u0301", "e\u0301"]),
        ],
    )
    def test_it_breaks_where_it_must(self, text: str, width: int, lines: Any) -> None:
        """At blanks, else within a word, by what a terminal shows and not by letters."""
        assert wrap(text, width) == lines
