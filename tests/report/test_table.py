"""The table, in the form that fits a terminal, and text in columns."""

import io
import re
from collections.abc import Sequence
from typing import Any

import pytest
from support.audit_data import ACCOUNT, KEY_ID, NOW, SET_ID, days, facts, used

from awskms_lite.audit import Failure, KeyFacts, KeyUsageRecord, KeyUser, judge
from awskms_lite.audit.serialize import to_members
from awskms_lite.layout import cut, display_width, wrap
from awskms_lite.report import ReportContext
from awskms_lite.report.order import DEFAULT_ORDER, Order
from awskms_lite.report.table import TableWriter

DENIED = Failure("AccessDeniedException", "denied", "request-7", "GetKeyLastUsage")
IDLE = facts(last_usage=used(days(120)))
LEAVING = facts(key_id="3234abcd-12ab-34cd-56ef-1234567890ab", state="PendingDeletion")


def table(
    records: Sequence[KeyUsageRecord],
    width: int | None,
    *,
    colour: bool = False,
    order: Order = DEFAULT_ORDER,
    idle_days: int = 90,
) -> str:
    """Return the table of these keys, for a terminal of so many columns or for none."""
    stream = io.StringIO()
    writer = TableWriter(stream, width=width, colour=colour, order=order)
    for record in records:
        writer.add(record, to_members(record))
    writer.end(ReportContext(ended_at=NOW, idle_days=idle_days))
    return stream.getvalue()


def judged(*keys: KeyFacts) -> list[KeyUsageRecord]:
    return [judge(key, 90) for key in keys]


LONG = facts(aliases=("alias/orders-of-the-shop", f"alias/{'x' * 60}"), last_usage=used(days(120)))
OWNED = facts(key_id="4" + KEY_ID[1:], owner="shop-team", last_usage=used(days(120)))
OTHER_ACCOUNT = facts(key_id="5" + KEY_ID[1:], account_id="444455556666")
OTHER_REGION = facts(key_id="6" + KEY_ID[1:], region="ap-northeast-1")
WIDE = facts(key_id="2" + KEY_ID[1:], description="鍵の説明がここにあります" * 6)


class TestForms:
    """The forms of the table."""

    @pytest.mark.parametrize("columns", [20, 40, 60, 80, 100, 120, 160, 200])
    def test_no_line_is_longer_than_the_terminal(self, columns: int) -> None:
        """What is long is broken, and only descriptions and owners are cut."""
        out = table(judged(LONG, WIDE, LEAVING, OWNED, facts(error=DENIED)), columns)
        assert max(map(display_width, out.splitlines())) <= columns
        whole = "".join(out.split())
        for text in (KEY_ID, "x" * 60, "鍵の説明がここ", LEAVING.key_id, "$1+", "shop-team"):
            assert text in whole

    @pytest.mark.parametrize("keys", [(), (OTHER_ACCOUNT,), (OTHER_REGION,), (OTHER_ACCOUNT, OTHER_REGION)])
    def test_a_hundred_columns_hold_verdict_cost_and_owner_in_a_line(self, keys: tuple[KeyFacts, ...]) -> None:
        """Each key has them on its first line, with several accounts and regions too."""
        lines = table(judged(OWNED, *keys), 100).splitlines()
        (line,) = [line for line in lines if line.startswith(OWNED.key_id)]
        assert line.split()[-3:] == ["120", "$1+", "shop-team"]
        assert lines[0].startswith("KEY ")

    def test_a_narrow_terminal_has_short_lines(self) -> None:
        """Key, then verdict, place and cost, then the owner, the last use and the names; no headings."""
        key = facts(last_usage=used(days(120)), aliases=("alias/orders",))
        lines = table(judged(key, LEAVING, OWNED), 40).splitlines()
        assert lines[:9] == [
            KEY_ID,
            "  idle, 120 days, us-east-2, $1+",
            "  Decrypt 2026-07-31 12:00; alias/orders",
            OWNED.key_id,
            "  idle, 120 days, us-east-2, $1+",
            "  owner shop-team; Decrypt 2026-07-31",
            "  12:00",
            LEAVING.key_id,
            "  pending deletion, us-east-2, $0",
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

    @pytest.mark.parametrize("columns", [80, 100, 120])
    def test_many_aliases_have_lines_of_their_own(self, columns: int) -> None:
        """A narrow column would break them over many lines, and a note too."""
        aliases = tuple(f"alias/of-the-shop-{at}" for at in range(5))
        lines = table(judged(facts(aliases=aliases, state="Disabled")), columns).splitlines()
        assert lines[1].split()[-1] == ("$1+" if columns == 80 else "-")
        assert lines[2].startswith(f"  (Disabled) {aliases[0]} {aliases[1]}")
        assert lines.index("") <= 4

    @pytest.mark.parametrize("columns", [60, 80])
    def test_short_lines_have_headings_where_there_is_room(self, columns: int) -> None:
        """One for each line of a key, with what is in it."""
        lines = table(judged(OWNED, OTHER_ACCOUNT, OTHER_REGION), columns).splitlines()
        assert lines[:4] == [
            "KEY",
            "  VERDICT, IDLE, REGION, ACCOUNT, COST",
            "  OWNER; OPERATION, LAST USED (UTC); ALIASES OR DESCRIPTION",
            OWNED.key_id,
        ]
        coloured = table(judged(OWNED, OTHER_ACCOUNT), columns, colour=True).splitlines()
        assert coloured[0].startswith("\x1b[1mKEY")

    def test_what_is_below_a_key_has_a_heading(self) -> None:
        """Where its first line has no room for all."""
        lines = table(judged(OWNED, OTHER_ACCOUNT, OTHER_REGION), 100).splitlines()
        assert lines[0].startswith("KEY ")
        assert lines[1] == "  OPERATION, LAST USED (UTC); ALIASES OR DESCRIPTION"
        assert lines[3] == "  Decrypt 2026-07-31 12:00"

    @pytest.mark.parametrize(
        ("user", "shown"),
        [
            (
                {"principal_arn": f"arn:aws:iam::{ACCOUNT}:role/shop/Orders", "invoked_by": "s3.amazonaws.com"},
                "Orders",
            ),
            ({"principal_arn": f"arn:aws:iam::{ACCOUNT}:root"}, "root"),
            ({"invoked_by": "s3.amazonaws.com"}, "s3.amazonaws.com"),
            ({}, "-"),
        ],
    )
    def test_who_used_a_key_last_is_told(self, user: Any, shown: str) -> None:
        """Its role, or the service, without a terminal and where there is room; below the key on a narrow one."""
        made = KeyUser(event_id="1", event_time=NOW, **user)
        keys = judged(facts(last_usage=used(days(120)), last_user=made))
        assert ("LAST USER" in table(keys, None)) == ("LAST USER" in table(keys, 160)) == (shown != "-")
        if shown != "-":
            assert shown in table(keys, None).splitlines()[1].split()
            assert shown in table(keys, 160).splitlines()[1].split()
            assert f"Decrypt 2026-07-31 12:00 by {shown}" in table(keys, 70)

    @pytest.mark.parametrize("columns", [70, 100, 120, 160, None])
    def test_accounts_have_their_names(self, columns: int | None) -> None:
        """Beside the id, in every form; a table of one account has no column of it."""
        keys = judged(facts(account_name="The shop"), OTHER_ACCOUNT)
        out = table(keys, columns)
        assert out.count("The shop") == 1
        assert ("ACCOUNT NAME" in out) == (columns != 70)
        assert "The shop" not in table(keys[:1], columns)

    def test_a_description_is_cut_to_its_column(self) -> None:
        """It has one line, and an ellipsis tells that there is more."""
        heading, line, after, *_ = table(judged(WIDE), 120).splitlines()
        at = heading.index("ALIASES")
        assert display_width(line) <= 120
        assert line[at:] == f"{('鍵の説明がここにあります' * 6)[: len(line[at:]) - 1]}…"
        assert after == ""

    def test_without_a_terminal_a_key_is_a_line(self) -> None:
        """So that grep finds all of it: descriptions and owners are not cut, and no column is left out."""
        out = table(judged(LONG, WIDE, facts(owner="o" * 50)), None)
        lines = out.partition("\n\n")[0].splitlines()
        assert len(lines) == 4
        assert lines[0].split() == [
            *("KEY", "REGION", "VERDICT", "IDLE", "COST", "LAST", "USED", "(UTC)"),
            *("OPERATION", "OWNER", "ALIASES", "OR", "DESCRIPTION"),
        ]
        assert "o" * 50 in lines[2]
        assert lines[3].endswith("鍵の説明がここにあります" * 6)

    @pytest.mark.parametrize(
        ("columns", "headings"),
        [
            (77, "KEY VERDICT IDLE COST ALIASES"),
            (100, "KEY REGION VERDICT IDLE COST LAST USED ALIASES"),
            (120, "KEY REGION VERDICT IDLE COST LAST USED OPERATION ALIASES OR DESCRIPTION"),
        ],
    )
    def test_what_matters_least_is_left_out(self, columns: int, headings: str) -> None:
        """The operation, the date of the last use, and a region that all have."""
        assert " ".join(table(judged(LONG), columns).splitlines()[0].split()) == headings

    def test_rows_are_in_the_order_of_the_report(self) -> None:
        """In whatever order the records come; equal ones as they come."""
        ages = range(100, 200)
        keys = judged(*(facts(key_id=f"{age:036}", last_usage=used(days(age))) for age in ages))
        lines = table(keys, None).splitlines()[1:101]
        assert [line.split()[0] for line in lines] == [key.key_id for key in reversed(keys)]


class TestCells:
    """What the cells say."""

    @pytest.mark.parametrize(
        ("key", "cell"),
        [
            (facts(last_usage=used(days(3), "NewOperation")), "NewOperation"),
            (facts(description="of\nthe\x1b[2Jshop"), "of the\\x1b[2Jshop"),
            (facts(aliases=("alias/\x9b",)), "alias/\\x9b"),
            (facts(owner="\x1b[31m"), "\\x1b[31m"),
            (facts(state="Disabled", aliases=("alias/a",)), "(Disabled) alias/a"),
            (facts(state="PendingDeletion", deletion_date=NOW), "(until 2026-11-28)"),
        ],
    )
    def test_cells_say_what_there_is(self, key: KeyFacts, cell: str) -> None:
        """A newer operation of KMS is shown as it is, and what would command the terminal written out."""
        assert cell in table(judged(key), None)

    def test_the_error_is_left_to_the_summary(self) -> None:
        """A cell has no room for it."""
        (_, line, *_) = table(judged(facts(error=DENIED)), None).splitlines()
        assert "  unreadable  " in line
        assert "Denied" not in line

    def test_use_by_another_of_the_set_is_told(self) -> None:
        """A key that only others of its set keep in use says so beside its names."""
        other = facts(key_id=SET_ID, region="eu-west-1", last_usage=used(days(3)))
        record = judge(facts(key_id=SET_ID, related_arns=(other.arn,)), 90, [other])
        assert table([record], None).splitlines()[1].endswith("  (by its set)")

    def test_what_to_do_about_unused_keys_is_said_once(self) -> None:
        """Below the table, however many of their verdicts there are; and not if there is none."""
        keys = judged(IDLE, facts(), facts(created=NOW - days(150)), LEAVING)
        assert table(keys, None).count("DynamoDB") == 1
        assert "DynamoDB" not in table(judged(LEAVING), None)

    def test_a_day_is_one(self) -> None:
        """In the short lines and in what verdicts mean."""
        key = judge(facts(last_usage=used(days(1))), 1)
        assert "idle, 1 day, us-east-2" in table([key], 40)
        assert "not for 1 day or more" in " ".join(table([key], 40, idle_days=1).split())

    def test_colours_change_no_letter(self) -> None:
        """A terminal that wants them shows the same text, in each form."""
        keys = judged(LONG, LEAVING, OWNED, facts(error=DENIED), facts(last_usage=used(days(1))))
        for width in (40, 100, 200):
            plain, coloured = table(keys, width), table(keys, width, colour=True)
            assert "\x1b" not in plain
            assert re.sub(r"\x1b\[\d+m", "", coloured) == plain
            assert coloured.count("\x1b[33midle") == 2
            assert "\x1b[31munreadable" in coloured


class TestGroups:
    """Groups with their totals."""

    def test_a_group_has_its_totals(self) -> None:
        """Before its rows: keys, cost and verdicts."""
        keys = judged(OWNED, facts(owner="shop-team"), facts(key_id="z"))
        lines = table(keys, None, order=Order(group_by="owner")).splitlines()
        assert lines[1] == "owner shop-team: 2 keys, at least 2 USD a month: 1 idle, 1 no record"
        assert lines[4:6] == ["", "owner unknown: 1 key, at least 1 USD a month: 1 no record"]
        assert lines[6].startswith("z ")

    def test_a_group_is_an_account_with_its_name(self) -> None:
        """Its id alone tells people nothing; a foreign name stays a text."""
        keys = judged(facts(account_name="The \x1b[31mshop"), OTHER_ACCOUNT)
        lines = table(keys, None, order=Order(group_by="account")).splitlines()
        assert lines[1].startswith(f"account {ACCOUNT} (The \\x1b[31mshop): 1 key, ")
        assert "account 444455556666: 1 key, at least 1 USD a month: 1 no record" in lines

    def test_a_group_without_a_cost_names_none(self) -> None:
        """Another account pays for its keys; a verdict is named as people write it."""
        lines = table(judged(facts(shared=True)), None, order=Order(group_by="verdict")).splitlines()
        assert lines[1] == "verdict other account: 1 key"

    def test_a_long_heading_is_broken(self) -> None:
        """It is no wider than the terminal, and a foreign name stays a text."""
        keys = judged(facts(owner="\x1b[31m " + "x" * 100))
        lines = table(keys, 60, order=Order(group_by="owner")).splitlines()
        assert max(map(display_width, lines)) <= 60
        assert "\x1b" not in "".join(lines)


def test_an_empty_report_says_so() -> None:
    """In place of a table."""
    assert table([], 80) == "No key is in this report.\n"


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

    @pytest.mark.parametrize(
        ("text", "width", "shown"),
        [("", 5, ""), ("abcde", 5, "abcde"), ("abcdef", 5, "abcd…"), ("鍵鍵鍵", 5, "鍵鍵…"), ("鍵鍵鍵", 4, "鍵…")],
    )
    def test_a_text_is_cut_by_what_a_terminal_shows(self, text: str, width: int, shown: str) -> None:
        """An ellipsis stands for what has no room."""
        assert cut(text, width) == shown
