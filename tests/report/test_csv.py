"""CSV: its columns, and cells that no spreadsheet takes for formulas."""

import csv
import io
import re
from itertools import dropwhile
from typing import Any

from hypothesis import given, strategies as st
from support.audit_data import NOW, days, facts, used

from awskms_lite.audit import Failure, KeyUsageRecord, KeyUser, KeyUses, judge
from awskms_lite.audit.serialize import to_members
from awskms_lite.report import ReportContext
from awskms_lite.report.csv import COLUMNS, CSVWriter, csv_row

text = st.text(st.characters(codec="utf-8"), max_size=30)


def cells_of(record: KeyUsageRecord) -> list[str]:
    return csv_row(to_members(record))


NESTED = ("last_usage", "error", "last_user", "recent_uses", "failed_uses")
EVERYTHING = judge(
    facts(
        last_usage=used(days(1)),
        error=Failure("A", "b", "c"),
        tags={"a": "b", "c": ""},
        last_user=KeyUser(event_id="1", event_time=NOW, encryption_context={"aws:s3:arn": "=1"}),
        recent_uses=KeyUses(count=2, since=NOW, users=("a", "b")),
        failed_uses=KeyUses(count=0, since=NOW),
    ),
    90,
)
FORMULAS = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
UNSEEN = '"\x7f\u200b\ufeff' + "".join(map(chr, range(0x20)))
"""What may stand before a formula without being seen, or without being taken for a part of it."""


class TestCSV:
    def test_there_is_a_column_for_each_member_and_part(self) -> None:
        """Nothing of a record is left out; every row has as many cells as the header."""
        members = to_members(EVERYTHING)
        parts = {
            f"{name}_{part}" if name in NESTED else name
            for name, value in members.items()
            for part in (value if name in NESTED else [name])
        }
        assert set(COLUMNS) == parts
        assert len(COLUMNS) == len(parts)
        for record in (EVERYTHING, judge(facts(), 90)):
            assert len(cells_of(record)) == len(COLUMNS)

    def test_the_columns_of_before_come_first(self) -> None:
        """A script may take the cells of a row by number: new columns are appended."""
        first = (
            "key_id,arn,account_id,audited_account_id,region,shared,aliases,description,state,manager,spec,usage,"
            "origin,multi_region_role,related_arns,created,deletion_date,tracking_start,last_usage_timestamp,"
            "last_usage_operation,last_usage_cloud_trail_event_id,last_usage_kms_request_id,tags,checked_at,"
            "error_code,error_message,error_request_id,error_operation,verdict,idle_days,unread_regions,reasons,"
            "advice,"
        )
        assert f"{','.join(COLUMNS)}".startswith(first)

    def test_cells(self) -> None:
        """Several values stand in one cell; what is not there is an empty one."""
        key = facts(aliases=("alias/a", "alias/b"), tags={"team": "shop"}, last_usage=used(days(3)))
        row = dict(zip(COLUMNS, cells_of(judge(key, 90)), strict=True))
        assert (row["aliases"], row["tags"], row["shared"]) == ("alias/a; alias/b", "team=shop", "false")
        assert row["last_usage_timestamp"] == "2026-11-25T12:00:00.000Z"
        assert (row["error_code"], row["deletion_date"], row["idle_days"]) == ("", "", "3")

    def test_reasons_are_sentences(self) -> None:
        """They follow each other as sentences do, and no semicolon stands behind a full stop."""
        record = judge(facts(state="Disabled"), 90)
        row = dict(zip(COLUMNS, cells_of(record), strict=True))
        assert len(record.reasons) > 1
        assert row["reasons"] == " ".join(record.reasons)

    @given(
        st.text(st.sampled_from('=+-@\t\r\n\x00;," \u00a0\ufeff\u200b\uff1d\uff0b\uff0d\uff20ab'), max_size=8),
        text,
        st.data(),
    )
    def test_no_cell_is_a_formula(self, start: str, rest: str, data: st.DataObject) -> None:
        """Whatever a description says, no spreadsheet reads a cell of it as a formula, and it is all there.

        Some part cells at semicolons, and take a quote that is not at a cell's beginning for the end of one.
        """
        name: Any = data.draw(st.sampled_from(["description", "aliases", "tags"]))
        value = start + rest
        member: Any = {"description": value, "aliases": (value,), "tags": {value: "x"}}[name]
        out = io.StringIO()
        csv.writer(out).writerow(cells_of(judge(facts(**{name: member}), 90)))
        (cells,) = csv.reader(io.StringIO(out.getvalue(), newline=""))
        parts = [part for cell in cells for part in re.split("[;,\t\r\n]", cell)]  # as some spreadsheets do
        parts += re.split("[;,\t\r\n]", out.getvalue())
        begins = ["".join(dropwhile(lambda char: char.isspace() or char in UNSEEN, part)) for part in parts]
        assert not [part for part in begins if part.startswith(FORMULAS)]
        assert not [cell for cell in cells if cell.startswith(("\t", "\r", "\n"))]
        assert value.replace("'", "") in cells[COLUMNS.index(name)].replace("'", "")

    @given(st.text("=+-@;,ab\"' \t1", max_size=12))
    def test_what_is_passed_over_fast_holds_no_formula(self, value: str) -> None:
        """A cell is changed exactly if the slow way would change it."""
        (cell,) = csv_row(to_members(judge(facts(description=value), 90)), ["description"])
        begins = [part.lstrip('" \t')[:1] for part in re.split("[;,\t]", cell)]
        assert not set(begins) & set("=+-@")

    def test_a_file_begins_with_a_mark(self) -> None:
        """Spreadsheets take UTF-8 without one for a code page; the header's first name is clean of it."""
        stream = io.StringIO()
        writer = CSVWriter(stream, ["key_id", "verdict"], mark=True)
        record = judge(facts(), 90)
        writer.add(record, to_members(record))
        writer.end(ReportContext(ended_at=NOW, idle_days=90))
        data = stream.getvalue().encode()
        assert data.startswith(b"\xef\xbb\xbfkey_id,verdict\n")
        (row,) = csv.DictReader(io.StringIO(data.decode("utf-8-sig")))
        assert row == {"key_id": record.key_id, "verdict": "no_record"}
