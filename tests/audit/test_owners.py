"""Who answers for a key: by a tag, else by who created it; read by an audit, and from a saved report."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st
from support.audit_data import UNPACED, facts

from awskms_lite import KMSClient, ParameterError
from awskms_lite.audit import KeyFilter, KeyUsageRecord, audit, judge
from awskms_lite.audit.owners import with_owner
from awskms_lite.audit.serialize import to_line
from awskms_lite.cli import main
from awskms_lite.local import LocalKMS
from awskms_lite.models import Tag


@pytest.fixture
def kms(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalKMS]:
    with LocalKMS(region="us-east-2") as server:
        for name, value in server.environ.items():
            monkeypatch.setenv(name, value)
        yield server


def run(kms: LocalKMS, **options: Any) -> tuple[dict[str, KeyUsageRecord], Any]:
    """Return the records of an audit by their ARNs, and its summary."""
    with audit(environ=kms.environ, pacing=UNPACED, **options) as records:
        found = {record.arn: record for record in records}
    return found, records.summary


class TestRule:
    """Which of what is known names the owner."""

    @pytest.mark.parametrize(
        ("members", "tags", "owner"),
        [
            ({"tags": {"Team": "shop", "Owner": "ann"}}, ("Owner", "Team"), "ann"),
            ({"tags": {"Team": "shop", "Owner": "ann"}}, ("Team", "Owner"), "shop"),
            ({"tags": {"Team": " shop ", "Owner": "  "}}, ("Owner", "Team"), "shop"),
            ({"tags": {"owner": "ann"}}, ("Owner",), None),
            ({"tags": {"Owner": "ann"}, "created_by": "role"}, ("Owner",), "ann"),
            ({"tags": {}, "created_by": "role"}, ("Owner",), "role"),
            ({"tags": {}, "created_by": "role", "owner": "bob"}, ("Owner",), "role"),
            ({"tags": {}, "owner": "bob"}, ("Owner",), None),
            ({"owner": "bob"}, ("Owner",), "bob"),
            ({"tags": {"Owner": "ann"}, "owner": "bob", "created_by": "role"}, (), "bob"),
            ({"created_by": "role"}, (), "role"),
            ({}, (), None),
        ],
    )
    def test_the_first_tag_counts(self, members: Any, tags: tuple[str, ...], owner: str | None) -> None:
        """In the order of the names, and a blank one is none; what was known before stays if no tag is asked."""
        assert with_owner(facts(**members), tags).owner == owner

    @given(st.dictionaries(st.text(), st.text()), st.lists(st.text(min_size=1)))
    def test_an_owner_is_never_blank(self, tags: dict[str, str], names: list[str]) -> None:
        """Whatever the tags are."""
        owner = with_owner(facts(tags=tags), names).owner
        assert owner is None or owner.strip() == owner != ""


class TestAudit:
    """Tags and creators as an audit reads them."""

    def test_tags_are_read_for_all_reported_keys(self, kms: LocalKMS) -> None:
        """On request, and not for keys that cannot have any or are another account's."""
        tagged = kms.add_key(tags={"Team": "shop", "Owner": "ann"})
        bare, managed = kms.add_key(), kms.add_key(manager="AWS")
        shared = kms.add_key(account_id="444455556666", shared_with=["111122223333"])
        assert {record.tags for record in run(kms)[0].values()} == {None}
        assert kms.stats.asked["ListResourceTags"] == 0
        records, summary = run(kms, with_tags=True)
        assert records[tagged].tags == {"Team": "shop", "Owner": "ann"}
        assert (records[bare].tags, records[managed].tags, records[shared].tags) == ({}, None, None)
        assert {record.owner for record in records.values()} == {None}
        assert kms.stats.asked["ListResourceTags"] == 2
        assert summary.complete

    def test_a_tag_names_the_owner(self, kms: LocalKMS) -> None:
        """Naming one has tags read."""
        one, two = kms.add_key(tags={"Team": "shop", "Owner": "ann"}), kms.add_key(tags={"Team": "bank"})
        records, _ = run(kms, owner_tags=["Owner", "Team"])
        assert (records[one].owner, records[two].owner) == ("ann", "bank")

    def test_tags_that_a_filter_read_are_not_read_again(self, kms: LocalKMS) -> None:
        """One request for each key is enough."""
        kms.add_key(tags={"Team": "shop"})
        records, _ = run(kms, owner_tags=["Team"], keys=KeyFilter(tags=["Team"]))
        assert [record.owner for record in records.values()] == ["shop"]
        assert kms.stats.asked["ListResourceTags"] == 1

    def test_tags_that_are_refused_leave_the_verdict(self, kms: LocalKMS) -> None:
        """The key has one, without an owner; the audit is incomplete, and its target says why."""
        refused, other = kms.add_key(), kms.add_key(tags={"Owner": "ann"})
        kms.deny("ListResourceTags", key=refused)
        records, summary = run(kms, owner_tags=["Owner"])
        assert (records[refused].verdict, records[refused].owner, records[refused].error) == (
            "too_new",
            None,
            None,
        )
        assert records[other].owner == "ann"
        assert not summary.complete
        assert [failure.operation for failure in summary.targets[0].failures] == ["ListResourceTags"]

    def test_a_checkpoint_has_them_read_later(self, kms: LocalKMS, tmp_path: Path) -> None:
        """A run that wants owners reads only the tags of keys that an earlier run knew."""
        arn = kms.add_key(tags={"Owner": "ann"})
        run(kms, checkpoint=tmp_path / "kept")
        asked = kms.stats.asked["DescribeKey"]
        records, _ = run(kms, checkpoint=tmp_path / "kept", owner_tags=["Owner"])
        assert records[arn].owner == "ann"
        assert kms.stats.asked["DescribeKey"] == asked
        assert kms.stats.asked["ListResourceTags"] == 1

    def test_who_created_a_young_key_answers_for_it(self, kms: LocalKMS) -> None:
        """If CloudTrail is asked and no tag says more; one listing of creations serves all keys."""
        with KMSClient(environ=kms.environ) as client:
            made = [client.create_key().key_metadata.arn for _ in range(3)]
            tagged = client.create_key(tags=[Tag("Owner", "ann")]).key_metadata.arn
        seeded = kms.add_key()
        records, _ = run(kms, owner_tags=["Owner"], cloudtrail=True)
        creator = records[made[0] or ""].created_by
        assert creator is not None
        assert creator.startswith("arn:aws:iam::111122223333:")
        assert {records[arn or ""].owner for arn in made} == {creator}
        assert (records[tagged or ""].owner, records[seeded].owner) == ("ann", None)
        without, _ = run(kms, owner_tags=["Owner"])
        assert {without[arn or ""].owner for arn in made} == {None}

    @pytest.mark.parametrize("names", ["Owner", ["x" * 129], [""], [1]])
    def test_what_is_no_list_of_tag_keys(self, names: Any) -> None:
        """It is refused at once."""
        with pytest.raises(ParameterError, match="owner_tags"):
            audit(owner_tags=names)


class TestCommand:
    """--with-tags and --owner-tag."""

    def test_owners_stand_in_the_reports(self, kms: LocalKMS, capsys: pytest.CaptureFixture[str]) -> None:
        """In the table and in the records; the first name that a key has counts."""
        kms.add_key(tags={"Team": "shop"})
        assert main(["audit", "--owner-tag", "Owner", "--owner-tag", "Team"]) == 0
        assert capsys.readouterr().out.splitlines()[1].split()[-2:] == ["-", "shop"]
        assert main(["audit", "--with-tags", "--output", "jsonl"]) == 0
        record = json.loads(capsys.readouterr().out)
        assert (record["tags"], record["owner"]) == ({"Team": "shop"}, None)

    def test_a_saved_report_has_owners_by_its_tags(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """By other names than before, or as they were; without any tag that is told."""
        file = tmp_path / "keys.jsonl"
        file.write_text(to_line(judge(facts(tags={"Team": "shop"}, owner="ann"), 90)) + "\n")
        for options, owner in (([], "ann"), (["--owner-tag", "Team"], "shop")):
            assert main(["audit", "--from", str(file), "--output", "jsonl", *options]) == 0
            assert json.loads(capsys.readouterr().out)["owner"] == owner
        file.write_text(to_line(judge(facts(), 90)) + "\n")
        assert main(["audit", "--from", str(file), "--owner-tag", "Team"]) == 0
        assert "no key has tags in this report, so --owner-tag names no owner" in capsys.readouterr().err

    @pytest.mark.parametrize(
        "options", [["--owner-tag", ""], ["--owner-tag", "x" * 129], ["--from", "x", "--with-tags"]]
    )
    def test_wrong_use_ends_with_2(self, options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
        """A name that no tag can have, and a file whose tags cannot be read any more."""
        with pytest.raises(SystemExit) as caught:
            main(["audit", *options])
        assert caught.value.code == 2
