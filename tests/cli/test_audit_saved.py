"""`awskms-lite audit --from FILE`: saved reports judged anew, with no network."""

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from support.audit_data import NOW, SET_ID, arn_of, days, facts, used

from awskms_lite.audit import AuditVerdict, Failure, KeyFacts, KeyUsageRecord, KeyUses, judge
from awskms_lite.audit.serialize import from_line, to_line
from awskms_lite.cli import main

DENIED = Failure("AccessDeniedException", "denied", "request-7", "GetKeyLastUsage")
IDLE = facts(last_usage=used(days(120)))
RECENT = facts(key_id="2234abcd-12ab-34cd-56ef-1234567890ab", last_usage=used(days(3), "Encrypt"))
LEAVING = facts(key_id="3234abcd-12ab-34cd-56ef-1234567890ab", state="PendingDeletion")

Saving = Callable[..., str]


@pytest.fixture
def saved(tmp_path: Path) -> Saving:
    """Return what saves records for a window of 90 days, and returns the file's name."""

    def save(*keys: KeyFacts) -> str:
        file = tmp_path / "keys.jsonl"
        file.write_text("".join(f"{to_line(judge(key, 90))}\n" for key in keys), encoding="utf-8")
        return str(file)

    return save


def judge_again(name: str, *arguments: str) -> int:
    return main(["audit", "--from", name, *arguments])


def written(key: KeyFacts) -> str:
    """Return the line of a key's record as the command writes it."""
    return to_line(judge(key, 90)).replace("\u2028", "\\u2028")


def told(out: str) -> dict[str, KeyUsageRecord]:
    """Return the records of a report, by ARN."""
    return {record.arn: record for record in (from_line(KeyUsageRecord, line) for line in out.splitlines())}


class TestJudging:
    """What becomes of the records."""

    @pytest.mark.parametrize(("idle_days", "verdict"), [("90", "idle"), ("121", "in_use"), ("120", "idle")])
    def test_another_window_makes_another_verdict(
        self, saved: Saving, capsys: pytest.CaptureFixture[str], idle_days: str, verdict: str
    ) -> None:
        """A key is judged as of when it was read, however long ago that is."""
        assert judge_again(saved(IDLE), "--output", "jsonl", "--idle-days", idle_days) == 0
        out, err = capsys.readouterr()
        (record,) = told(out).values()
        assert (record.verdict, record.idle_days, record.checked_at) == (verdict, 120, NOW)
        assert err.startswith("1 key read = 1 reported: 1 ")
        assert f"judged for {idle_days} idle days as of when each was read: 2026-11-28 (UTC)\n" in err

    def test_nothing_else_of_a_record_changes(self, saved: Saving, capsys: pytest.CaptureFixture[str]) -> None:
        """With the same window the report comes out as it went in."""
        name = saved(IDLE, RECENT, LEAVING)
        assert judge_again(name, "--output", "jsonl") == 0
        assert capsys.readouterr().out == Path(name).read_text(encoding="utf-8")

    def test_keys_of_a_set_are_judged_together(self, saved: Saving, capsys: pytest.CaptureFixture[str]) -> None:
        """Wherever they stand in the file: one that is in use keeps the others, but not another account's."""
        regions = ("us-east-2", "eu-west-1")
        related = [arn_of(SET_ID, region) for region in regions]
        one, two = (
            facts(key_id=SET_ID, region=region, related_arns=(related[1 - at],))
            for at, region in enumerate(regions)
        )
        two = facts(key_id=SET_ID, region="eu-west-1", related_arns=(related[0],), last_usage=used(days(3)))
        theirs = facts(key_id=SET_ID, account_id="444455556666", arn=arn_of(SET_ID, account_id="444455556666"))
        assert judge_again(saved(one, IDLE, theirs, two), "--output", "jsonl") == 0
        records = told(capsys.readouterr().out)
        assert [records[arn].verdict for arn in related] == [AuditVerdict.IN_USE] * 2
        assert records[theirs.arn].verdict == AuditVerdict.NO_RECORD
        assert "by the key of its set in eu-west-1" in records[one.arn].reasons[0]

    def test_a_set_is_known_whole_where_one_key_of_it_is_wanted(
        self, saved: Saving, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """A filter says what to report, not what to know."""
        related = [arn_of(SET_ID, region) for region in ("us-east-2", "eu-west-1")]
        one = facts(key_id=SET_ID, related_arns=(related[1],), aliases=("alias/prod",))
        two = facts(key_id=SET_ID, region="eu-west-1", related_arns=(related[0],), last_usage=used(days(3)))
        assert judge_again(saved(one, two), "--output", "jsonl", "--alias", "prod") == 0
        out, err = capsys.readouterr()
        assert [record.verdict for record in told(out).values()] == ["in_use"]
        assert err.startswith("2 keys read = 1 reported + 1 left out by the filters: 1 in use\n")

    def test_costs_are_those_of_the_price(self, saved: Saving, capsys: pytest.CaptureFixture[str]) -> None:
        """They are computed anew, of the keys that no filter leaves out, and the summary has their total."""
        name = saved(IDLE, facts(key_id="4234", rotations=1, last_usage=used(days(95))), RECENT, LEAVING)
        assert judge_again(name, "--price", "1.5", "--output", "jsonl") == 0
        out, err = capsys.readouterr()
        assert sorted(each.monthly_cost or 0.0 for each in told(out).values()) == [0.0, 1.5, 1.5, 3.0]
        assert "the keys cost at least 6 USD a month: in use at least 1.50 USD, idle at least 4.50 USD\n" in err
        assert "2 keys nobody used in 90 days cost at least 4.50 USD a month\n" in err
        assert judge_again(name, "--idle-days", "100") == 0
        out, err = capsys.readouterr()
        assert "1 key nobody used in 100 days costs at least 1 USD a month\n" in err
        assert "\n\n1 key nobody used in 100 days costs at least 1 USD a month.\n" in out
        assert judge_again(name, "--state", "PendingDeletion") == 0
        assert "cost" not in capsys.readouterr().err

    def test_a_report_without_costs(self, saved: Saving, capsys: pytest.CaptureFixture[str]) -> None:
        """One of a version that knew no costs gets them, by what it tells about the keys."""
        name = saved(IDLE, LEAVING)
        newer = ("rotations", "last_user", "recent_uses", "failed_uses", "monthly_cost", "monthly_cost_is_minimum")
        lines = [json.loads(line) for line in Path(name).read_text().splitlines()]
        older = [{key: member for key, member in line.items() if key not in newer} for line in lines]
        Path(name).write_text("".join(f"{json.dumps(line)}\n" for line in older))
        assert judge_again(name, "--output", "jsonl") == 0
        records = told(capsys.readouterr().out)
        assert [record.cost for record in records.values()] == [(1.0, True), (0.0, False)]

    def test_filters_and_fail_on_are_those_of_an_audit(
        self, saved: Saving, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """What is left out can fail nothing."""
        name = saved(IDLE, LEAVING)
        assert judge_again(name, "--fail-on", "idle") == 1
        assert judge_again(name, "--fail-on", "idle", "--state", "PendingDeletion") == 0
        assert "1 left out by the filters" in capsys.readouterr().err

    @pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
    @pytest.mark.parametrize("ends", [b"\n", b"\r\n"])
    def test_an_array_is_read_too(
        self, saved: Saving, capsys: pytest.CaptureFixture[str], tmp_path: Path, mark: bytes, ends: bytes
    ) -> None:
        """What --output json wrote holds the same records, whatever a description holds and whoever saved it."""
        keys = (facts(description="a\u2028b,]"), RECENT, LEAVING)
        assert judge_again(saved(*keys), "--output", "json") == 0
        array = tmp_path / "keys.json"
        array.write_bytes(mark + capsys.readouterr().out.encode().replace(b"\n", ends))
        assert judge_again(str(array), "--output", "jsonl") == 0
        out, err = capsys.readouterr()
        assert out == "".join(f"{line}\n" for line in map(written, keys))
        assert err.startswith("3 keys read = 3 reported")

    def test_an_array_that_is_not_ours(self, saved: Saving, capsys: pytest.CaptureFixture[str]) -> None:
        """One that was written anew by another tool is told what to do about it."""
        name = saved(IDLE)
        for array in (f"[{Path(name).read_text()}]", json.dumps([json.loads(Path(name).read_text())], indent=2)):
            Path(name).write_text(array)
            assert judge_again(name) == 2
            assert "jq -c '.[]'" in capsys.readouterr().err
            Path(name).write_text(f"{to_line(judge(IDLE, 90))}\n")

    def test_an_array_that_was_cut_short(self, saved: Saving, capsys: pytest.CaptureFixture[str]) -> None:
        """Without its end an array may lack any number of keys, so none is judged; an empty one is complete."""
        name = saved(facts(key_id="a"), facts(key_id="b"))
        judge_again(name, "--output", "json")
        whole = capsys.readouterr().out
        for lines in (1, 2, 3):
            Path(name).write_text("\n".join(whole.splitlines()[:lines]) + "\n")
            assert judge_again(name, "--fail-on", "idle") == 2
            assert "without the ] at its end" in capsys.readouterr().err
        Path(name).write_text("[]\n")
        assert judge_again(name, "--fail-on", "idle") == 0

    def test_filters_that_match_nothing(self, saved: Saving, capsys: pytest.CaptureFixture[str]) -> None:
        """They are as wrong here as in an audit."""
        name = saved(IDLE, LEAVING)
        assert judge_again(name, "--alias", "prdo-*", "--fail-on", "idle") == 2
        assert "no key matches --alias 'prdo-*': 2 keys left out" in capsys.readouterr().err
        assert judge_again(name, "--alias", "prdo-*", "--fail-on", "idle", "--allow-empty") == 0

    def test_keys_of_aws_have_no_tags(self, saved: Saving, capsys: pytest.CaptureFixture[str]) -> None:
        """A report that was made without --tag may hold some, as may an older one that was made with it."""
        name = saved(facts(manager="AWS"), facts(tags={"team": "shop"}))
        assert judge_again(name, "--output", "jsonl", "--tag", "team=shop") == 0
        assert "1 left out by the filters" in capsys.readouterr().err

    def test_an_unreadable_key_stays_one(self, saved: Saving, capsys: pytest.CaptureFixture[str]) -> None:
        """What could not be read is not made up, and the exit code is 3."""
        assert judge_again(saved(IDLE, facts(error=DENIED))) == 3
        out, err = capsys.readouterr()
        assert "  unreadable  " in out
        assert "GetKeyLastUsage: AccessDeniedException: denied (request id request-7). Let the key policy" in err

    def test_standard_input_is_read(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """--from - reads it, and empty lines are nothing."""
        line = to_line(judge(IDLE, 90)).encode()
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"\n" + line + b"\n\n" + line)))
        assert judge_again("-", "--output", "json") == 0
        assert [row["verdict"] for row in json.loads(capsys.readouterr().out)] == ["idle", "idle"]

    def test_tags_decide_where_they_were_read(self, saved: Saving, capsys: pytest.CaptureFixture[str]) -> None:
        """--tag chooses by them; a key whose reading failed is not lost by it."""
        name = saved(facts(tags={"team": "shop"}), facts(tags={}), facts(error=DENIED))
        assert judge_again(name, "--output", "jsonl", "--tag", "team=shop") == 3
        out = capsys.readouterr().out
        assert [json.loads(line)["verdict"] for line in out.splitlines()] == ["no_record", "unreadable"]

    def test_a_shared_key_matches_no_tag_for_certain(
        self, saved: Saving, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Only its owner may read its tags: it is reported, and a tag that no other key has ends with 2."""
        shared = facts(key_id=SET_ID, shared=True, account_id="444455556666")
        name = saved(facts(tags={"team": "shop"}), shared)
        assert judge_again(name, "--output", "jsonl", "--tag", "taem") == 2
        out, err = capsys.readouterr()
        assert list(told(out)) == [shared.arn]
        assert "no key matches --tag taem: 1 key left out, and of 1 key in the report it is unknown." in err
        assert judge_again(name, "--tag", "team") == 0

    def test_keys_in_demand_are_told(self, saved: Saving, capsys: pytest.CaptureFixture[str]) -> None:
        """In the summary too, the first ones by name; all of them, whatever --verdict shows."""
        uses = KeyUses(count=3, since=NOW - days(9), last=NOW - days(1), users=("a",))
        keys = [facts(key_id=f"{at:036}", state="PendingDeletion", failed_uses=uses) for at in range(7)]
        named = facts(state="Disabled", failed_uses=uses, aliases=("alias/orders",))
        assert judge_again(saved(IDLE, named, *keys), "--verdict", "idle") == 0
        err = capsys.readouterr().err
        assert f"8 keys that cannot be used are in demand: alias/orders ({named.arn}), {keys[0].arn}, " in err
        assert f"{keys[3].arn} and 3 more\n" in err
        assert judge_again(saved(IDLE, named)) == 0
        assert "1 key that cannot be used is in demand: alias/orders" in capsys.readouterr().err
        assert judge_again(saved(IDLE)) == 0
        assert "in demand" not in capsys.readouterr().err

    @pytest.mark.parametrize(
        ("terminals", "options", "times"),
        [
            (("stdout", "stderr"), [], 1),
            (("stdout", "stderr"), ["--verdict", "idle"], 2),
            (("stdout", "stderr"), ["--output", "csv"], 1),
            (("stdout",), [], 2),
            (("stderr",), [], 2),
        ],
    )
    def test_a_terminal_shows_the_costs_once(
        self,
        saved: Saving,
        capsys: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch,
        terminals: tuple[str, ...],
        options: list[str],
        times: int,
    ) -> None:
        """The table tells them, so the summary does not, unless they go to two places or are of other keys."""
        for name in terminals:
            monkeypatch.setattr(getattr(sys, name), "isatty", lambda: True)
        assert judge_again(saved(IDLE, RECENT), *options) == 0
        assert "".join(capsys.readouterr()).lower().count("the keys cost at least ") == times

    def test_tags_that_nobody_read_are_an_error(self, saved: Saving, capsys: pytest.CaptureFixture[str]) -> None:
        """Rather than to guess, it ends with 2 and says where tags come from."""
        assert judge_again(saved(facts(tags={}), IDLE), "--tag", "team") == 2
        err = capsys.readouterr().err
        assert ", line 2: The record has no tags" in err
        assert "made with --tag" in err

    def test_a_key_that_is_there_twice_is_told(self, saved: Saving, capsys: pytest.CaptureFixture[str]) -> None:
        """Two reports in one file are not taken for one account with more keys."""
        assert judge_again(saved(IDLE, RECENT, IDLE, IDLE), "--output", "jsonl") == 0
        out, err = capsys.readouterr()
        assert len(out.splitlines()) == 4
        assert "\n2 of them repeat a key: the file has more than one report in it" in err
        assert judge_again(saved(IDLE, RECENT)) == 0
        assert "repeat" not in capsys.readouterr().err


class TestBadFiles:
    """What is no report."""

    @pytest.mark.parametrize(
        ("line", "telling"),
        [
            ("{", "it is not JSON"),
            ("[]", "That is no record of an audit"),
            ("{}", "it lacks 'key_id'"),
            ('{"key_id":1}', "That is no record of an audit"),
            ("\udcff", "That is no record of an audit"),
        ],
    )
    def test_a_line_that_is_no_record_is_named(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str], line: str, telling: str
    ) -> None:
        """File, number and reason are said, the exit code is 2, and no table is made of the rest."""
        file = tmp_path / "keys.jsonl"
        file.write_text(f"{to_line(judge(IDLE, 90))}\n{line}\n", encoding="utf-8", errors="surrogateescape")
        assert judge_again(str(file)) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert err.startswith(f"awskms-lite: {file}, line 2: ")
        assert telling in err

    def test_a_file_that_is_not_there_is_named(self, capsys: pytest.CaptureFixture[str]) -> None:
        """It says which, and why it cannot be read."""
        assert judge_again("/nonexistent") == 2
        assert capsys.readouterr().err == "awskms-lite: /nonexistent cannot be read: No such file or directory.\n"

    def test_without_standard_input_it_says_so(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """A process without one is told to name a file."""
        monkeypatch.setattr(sys, "stdin", None)
        assert judge_again("-") == 2
        assert "no standard input" in capsys.readouterr().err


OTHER = "444455556666"
MANY = (
    facts(key_id="a", last_usage=used(days(120)), owner="shop"),
    facts(key_id="b", last_usage=used(days(150), "Sign"), account_id=OTHER, owner="shop"),
    facts(key_id="c", last_usage=used(days(3)), region="eu-west-1", owner="bank"),
    facts(key_id="d", manager="AWS", region="eu-west-1"),
    facts(key_id="e", state="PendingDeletion"),
    facts(key_id="f", error=DENIED, account_id=OTHER),
)


def ids(out: str) -> str:
    return "".join(json.loads(line)["key_id"] for line in out.splitlines())


class TestTriage:
    """Which keys are shown, and in which order."""

    @pytest.mark.parametrize(
        ("options", "expected"),
        [
            ([], "abcdef"),
            (["--sort", "verdict"], "bafecd"),
            (["--sort", "idle_days"], "cabfed"),
            (["--sort=-idle_days"], "bacfed"),
            (["--sort=-last_use"], "cabfed"),
            (["--sort", "last_use"], "bacfed"),
            (["--sort", "region"], "cdbafe"),
            (["--sort=-account"], "bfaecd"),
            (["--sort=-cost"], "bafced"),
            (["--sort", "cost"], "edbafc"),
            (["--group-by", "owner"], "cbafed"),
            (["--group-by", "manager", "--sort", "idle_days"], "dcabfe"),
            (["--group-by", "verdict", "--sort", "idle_days"], "abfecd"),
            (["--group-by", "region", "--sort=-idle_days"], "cdbafe"),
        ],
    )
    def test_the_order_can_be_chosen(
        self, saved: Saving, capsys: pytest.CaptureFixture[str], options: list[str], expected: str
    ) -> None:
        """What is unknown comes last in both directions, and equal keys by what there is to do about them."""
        assert judge_again(saved(*MANY), "--output", "jsonl", *options) == 3
        assert ids(capsys.readouterr().out) == expected

    def test_a_table_begins_with_what_there_is_something_to_do_about(
        self, saved: Saving, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """The longest idle first, and what AWS manages last."""
        assert judge_again(saved(*MANY)) == 3
        assert [line[0] for line in capsys.readouterr().out.splitlines()[1:7]] == list("bafecd")

    def test_groups_have_headings_with_totals(self, saved: Saving, capsys: pytest.CaptureFixture[str]) -> None:
        """In the table; who has no owner is in the last group."""
        assert judge_again(saved(*MANY), "--group-by", "owner") == 3
        headings = [line for line in capsys.readouterr().out.splitlines() if line.startswith("owner ")]
        assert headings == [
            "owner bank: 1 key, at least 1 USD a month: 1 in use",
            "owner shop: 2 keys, at least 2 USD a month: 2 idle",
            "owner unknown: 3 keys, at least 1 USD a month: 1 pending deletion, 1 AWS managed, 1 unreadable",
        ]

    def test_some_verdicts_can_be_shown(self, saved: Saving, capsys: pytest.CaptureFixture[str]) -> None:
        """Summary, --fail-on and exit code are those of all keys: a view hides no gap."""
        name = saved(*MANY)
        assert judge_again(name, "--output", "jsonl", "--verdict", "idle,never-used") == 3
        out, err = capsys.readouterr()
        assert ids(out) == "ab"
        assert err.startswith("6 keys read = 6 reported: 1 in use, 2 idle, ")
        assert "\n4 keys with other verdicts left out of the report by --verdict\n" in err
        assert judge_again(saved(*MANY[:5]), "--output", "jsonl", "--verdict", "in_use", "--fail-on", "idle") == 1
        assert judge_again(saved(*MANY[:3]), "--verdict", "too_new") == 0
        assert capsys.readouterr().out.endswith("No key is in this report.\n")

    @pytest.mark.parametrize(
        ("options", "expected"),
        [
            (["--region", "eu-west-1"], "cd"),
            (["--region", "eu-west-1,us-east-2"], "abcdef"),
            (["--region", "eu-west-1", "--region", "us-east-2"], "abcdef"),
            (["--account", OTHER], "bf"),
            (["--account", OTHER, "--region", "us-east-2", "--state", "Enabled"], "bf"),
        ],
    )
    def test_regions_and_accounts_are_filters_of_a_saved_report(
        self, saved: Saving, capsys: pytest.CaptureFixture[str], options: list[str], expected: str
    ) -> None:
        """As in a live audit they are what is read."""
        judge_again(saved(*MANY), "--output", "jsonl", *options)
        assert ids(capsys.readouterr().out) == expected

    def test_a_region_that_matches_nothing_is_named(
        self, saved: Saving, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """A misspelt one would pass every gate."""
        assert judge_again(saved(*MANY), "--region", "eu-west-9", "--account", "1", "--fail-on", "idle") == 2
        assert "no key matches --region eu-west-9 --account 1: 6 keys left out" in capsys.readouterr().err
