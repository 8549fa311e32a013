"""An audit of a service that mixes up its answers: each is filed under the key asked about, or nowhere."""

import json
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
from support.audit_data import NOW, UNPACED, arn_of, facts
from support.model_samples import least
from support.servers import CREDENTIALS

from awskms_lite import to_wire
from awskms_lite.audit import Audit, Target, audit, judge
from awskms_lite.audit.collector import check_is_about
from awskms_lite.audit.progress import AuditProgress
from awskms_lite.errors import ProtocolError
from awskms_lite.models.keys import KeyMetadata
from awskms_lite.models.members import ResponseMetadata

IDS = [f"{number:08x}-12ab-34cd-56ef-1234567890ab" for number in range(6)]
ARNS = {arn_of(key_id) for key_id in IDS}
CROSSED = "DescribeKey", "GetKeyLastUsage"
Rename = Callable[[str, str], str]


class Service:
    """Answers an audit: keys of an even number were never used, the others just now. `name` crosses answers."""

    def __init__(self, name: Rename, ids: Sequence[str]) -> None:
        self._name = name
        self._ids = ids

    def __call__(self, request: httpx.Request) -> httpx.Response:
        operation = request.headers["x-amz-target"].rpartition(".")[2]
        asked = json.loads(request.content)
        return httpx.Response(200, content=json.dumps(self._answer(operation, asked)))

    def _answer(self, operation: str, asked: dict[str, Any]) -> dict[str, Any]:
        if operation == "ListKeys":
            own = "ResourceOwners" not in asked
            return {"Keys": [{"KeyId": name, "KeyArn": arn_of(name)} for name in self._ids] if own else []}
        if operation == "ListAliases":
            return {"Aliases": []}
        name = self._name(operation, asked["KeyId"].rpartition("/")[2])
        key_id = name.rpartition("/")[2].lower()
        if operation == "DescribeKey":
            described = {
                "KeyId": name,
                "Arn": arn_of(key_id),
                "KeyManager": "CUSTOMER",
                "KeyState": "Enabled",
                "CreationDate": 1.6e9,
                "Description": key_id,
            }
            return {"KeyMetadata": {**to_wire(least(KeyMetadata)), **described}}
        used = {"Operation": "Decrypt", "Timestamp": time.time()} if key_id in IDS[1::2] else {}
        return {"KeyId": name, "TrackingStartDate": 1.6e9, "KeyCreationDate": 1.6e9, "KeyLastUsage": used}


def audit_service(name: Rename, ids: Sequence[str] = IDS, **options: Any) -> Audit:
    http = httpx.Client(transport=httpx.MockTransport(Service(name, ids)))
    given: dict[str, Any] = {"region": "us-east-2", "credentials": CREDENTIALS, "environ": {}, "pacing": UNPACED}
    return audit(http_client=http, sleep=lambda _: None, **given, **options)


def swapped(operation: str, *, times: int | None) -> Rename:
    """Return what lets an operation answer about the first key where the fourth is meant, so many times."""
    answers: Counter[str] = Counter()

    def name(asked: str, key_id: str) -> str:
        if (asked, key_id) != (operation, IDS[3]):
            return key_id
        answers[key_id] += 1
        return IDS[0] if times is None or answers[key_id] <= times else key_id

    return name


def check_records(run: Audit, unread: set[str]) -> None:
    """Check that each key is there once, under its own name, with its own facts."""
    records = list(run)
    assert Counter(record.arn for record in records) == Counter(ARNS)
    for record in records:
        assert record.key_id == record.arn.rpartition("/")[2]
        if record.arn in unread:
            assert record.verdict == "unreadable"
            assert record.error is not None
            assert (record.error.code, record.error.operation in CROSSED) == ("ProtocolError", True)
        else:
            used = record.key_id in IDS[1::2]
            assert (record.verdict, record.description) == ("in_use" if used else "never_used", record.key_id)
    assert (run.summary.complete, run.summary.coverage == 1) == (not unread, not unread)


@pytest.mark.parametrize("ordered", [False, True])
@pytest.mark.parametrize("kept", [False, True])
@pytest.mark.parametrize("operation", CROSSED)
class TestAnswersAboutAnotherKey:
    def test_once(self, operation: str, kept: bool, ordered: bool, tmp_path: Path) -> None:
        """The key is asked about once more, and nothing is known wrongly."""
        checkpoint = tmp_path / "c" if kept else None
        for _ in range(2):
            with audit_service(swapped(operation, times=1), checkpoint=checkpoint, ordered=ordered) as run:
                check_records(run, set())

    def test_always(self, operation: str, kept: bool, ordered: bool, tmp_path: Path) -> None:
        """The key is unreadable, and no other gets its answer; the next run reads it."""
        checkpoint = tmp_path / "c" if kept else None
        with audit_service(swapped(operation, times=None), checkpoint=checkpoint, ordered=ordered) as run:
            check_records(run, {arn_of(IDS[3])})
        with audit_service(swapped(operation, times=0), checkpoint=checkpoint, ordered=ordered) as run:
            check_records(run, set())


@pytest.mark.parametrize("form", [str, str.upper, arn_of, lambda key_id: arn_of(key_id).upper()])
@pytest.mark.parametrize("operation", CROSSED)
def test_the_same_key_in_other_words(operation: str, form: Callable[[str], str]) -> None:
    """An answer may name its key by id or ARN, in any case."""
    with audit_service(lambda asked, key_id: form(key_id) if asked == operation else key_id) as run:
        check_records(run, set())


MULTI_REGION = "mrk-1234abcd12ab34cd56ef1234567890ab"


@pytest.mark.parametrize(
    ("named", "is_same"),
    [
        (None, True),
        (MULTI_REGION, True),
        (arn_of(MULTI_REGION), True),
        (arn_of(MULTI_REGION, "eu-west-1"), False),
        (arn_of(MULTI_REGION, account_id="444455556666"), False),
        ("", False),
        (f"{MULTI_REGION}0", False),
        (f"alias/{MULTI_REGION[1:]}", False),
    ],
)
def test_which_key_an_answer_is_about(named: str | None, is_same: bool) -> None:
    """The keys of a multi-Region set share their id, and an ARN tells them apart; no name says nothing."""
    metadata = ResponseMetadata("request-7", 200, 1)
    if is_same:
        check_is_about(arn_of(MULTI_REGION), named, "DescribeKey", metadata)
        return
    with pytest.raises(ProtocolError, match=f"asked about {arn_of(MULTI_REGION)} and answered about") as caught:
        check_is_about(arn_of(MULTI_REGION), named, "DescribeKey", metadata)
    assert (caught.value.request_id, caught.value.status_code) == ("request-7", 200)


@pytest.mark.parametrize("ordered", [False, True])
@pytest.mark.parametrize("kept", [False, True])
def test_names_that_no_encoding_holds(kept: bool, ordered: bool, tmp_path: Path) -> None:
    """Half of a surrogate pair in a key's name, which JSON can write and UTF-8 cannot, is a name like another."""
    ids = ["a", "half-\ud800", "\udfff", "b"]
    checkpoint = tmp_path / "c" if kept else None
    for _ in range(2):
        with audit_service(lambda _, key_id: key_id, ids, checkpoint=checkpoint, ordered=ordered) as run:
            assert {record.key_id for record in run if record.error is None} == set(ids)
            assert run.summary.complete


class TestSets:
    """A run is complete if the keys listed are the keys reported, and not if their numbers happen to agree."""

    @pytest.mark.parametrize("reported", [["a", "b"], ["a", "a"], ["a", "c"], ["a"]])
    def test_records(self, reported: list[str]) -> None:
        """A key that comes twice, or was never listed, makes up for none that is missing."""
        target = Target("us-east-2")
        progress = AuditProgress([target], named=True)
        progress[target].listed = 2
        progress[target].expect(map(arn_of, "ab"))
        for name in reported:
            progress.add_record(target, judge(facts(key_id=name, checked_at=NOW), 90))
        summary = progress.summary()
        complete = reported == ["a", "b"]
        assert (summary.listed == summary.reported, summary.coverage == 1) == (complete, complete)

    @pytest.mark.parametrize("filtered", [["a", "b"], ["a", "a"], ["a", "c"]])
    def test_filtered_keys(self, filtered: list[str]) -> None:
        """So it is with those that the filter leaves out."""
        target = Target("us-east-2")
        progress = AuditProgress([target], named=True)
        progress[target].listed = 2
        progress[target].expect(map(arn_of, "ab"))
        for name in filtered:
            progress[target].add_filtered(arn_of(name))
        assert (progress.summary().filtered == 2) == (filtered == ["a", "b"])
