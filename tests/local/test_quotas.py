"""The quotas of LocalKMS: by themselves, on a clock that the test moves, and as a client meets them."""

import pytest
from hypothesis import given, strategies as st
from support.raw_connection import RawConnection
from support.threads import run_in_threads

from awskms_lite import Credentials
from awskms_lite.local import LocalKMS
from awskms_lite.local.auth.quotas import Bucket, Quotas

ACCOUNT, REGION = "111122223333", "us-east-1"


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def quotas(clock: Clock) -> Quotas:
    return Quotas(clock)


def taken(quotas: Quotas, count: int, *, account_id: str = ACCOUNT, region: str = REGION) -> int:
    """Return how many of so many calls come through."""
    return sum(quotas.take(account_id, region, "ListKeys") for _ in range(count))


@pytest.mark.parametrize(
    ("moments", "answers"),
    [
        ([0, 0, 0], [True, True, False]),
        ([0, 0, 0.125, 0.25], [True, True, False, True]),
        ([0, 0, 0.25, 0.25, 0.5], [True, True, True, False, True]),
        ([0, 0, 100, 100, 100], [True, True, True, True, False]),
        ([100, 0, 0, 0.25, 0.25], [True, True, False, True, False]),  # a clock that goes back takes nothing
    ],
)
def test_a_bucket_fills_with_time(moments: list[float], answers: list[bool]) -> None:
    """At 4 a second and 2 at most there is a token each quarter of a second, and never a third in store."""
    bucket = Bucket(rate=4, burst=2, now=0)
    assert [bucket.take(moment) for moment in moments] == answers


@given(
    rate=st.sampled_from([0.5, 1.0, 5.0]),
    burst=st.sampled_from([1.0, 2.5, 10.0]),
    pauses=st.lists(st.sampled_from([0.0, 0.01, 0.2, 1.0, 7.0]), max_size=40),
)
def test_a_bucket_never_gives_more_than_its_rate(rate: float, burst: float, pauses: list[float]) -> None:
    """In any span from the start no more comes through than the burst and what the rate adds to it."""
    bucket, now, given_out = Bucket(rate, burst, 0), 0.0, 0
    for pause in pauses:
        now += pause
        given_out += bucket.take(now)
        assert given_out <= burst + rate * now + 1e-6


def test_there_is_no_quota_at_first(quotas: Quotas) -> None:
    """Without a quota every call comes through, and with one for an operation every call of another."""
    assert taken(quotas, 1000) == 1000
    quotas.set("DescribeKey", 1)
    assert taken(quotas, 1000) == 1000


@pytest.mark.parametrize(("rate", "burst", "at_once"), [(5, None, 5), (0.2, None, 1), (5, 2, 2), (1, 9, 9)])
def test_a_quota_begins_full(quotas: Quotas, rate: float, burst: float | None, at_once: int) -> None:
    """As many calls as the burst come through at once: by default those of a second, one at least."""
    quotas.set("ListKeys", rate, burst)
    assert taken(quotas, 20) == at_once


def test_time_brings_calls_back(quotas: Quotas, clock: Clock) -> None:
    """After a second of rest the rate's number of calls come through again."""
    quotas.set("ListKeys", 4)
    assert taken(quotas, 10) == 4
    clock.now += 0.5
    assert taken(quotas, 10) == 2
    clock.now += 60
    assert taken(quotas, 10) == 4


def test_each_account_and_region_has_a_bucket(quotas: Quotas) -> None:
    """What one account uses up in one region is there for others, and elsewhere."""
    quotas.set("ListKeys", 3)
    assert taken(quotas, 10) == 3
    assert taken(quotas, 10, region="eu-west-1") == 3
    assert taken(quotas, 10, account_id="444455556666") == 3


def test_a_new_quota_begins_anew(quotas: Quotas) -> None:
    """Setting a quota again replaces it at once, in buckets that are full; None lifts it."""
    quotas.set("ListKeys", 3)
    assert taken(quotas, 10) == 3
    quotas.set("ListKeys", 2)
    assert taken(quotas, 10) == 2
    quotas.set("ListKeys", None)
    assert taken(quotas, 10) == 10


def test_threads_share_a_quota(quotas: Quotas) -> None:
    """Of the calls of many threads exactly the quota's number comes through."""
    quotas.set("ListKeys", 100)
    counts: list[int] = []
    run_in_threads(lambda: counts.append(taken(quotas, 50)), 8)
    assert sum(counts) == 100


# As a client meets them


def test_what_is_beyond_the_quota_is_throttled(kms: LocalKMS, connection: RawConnection) -> None:
    """Beyond its quota an operation is ThrottlingException, HTTP 400, and nothing is done."""
    kms.set_quota("CreateKey", 0.001, burst=2)
    assert connection.codes(2, "CreateKey") == ["", ""]
    answer = connection.call("CreateKey")
    assert (answer.status, answer.json) == (
        400, {"__type": "ThrottlingException", "message": "Rate exceeded"}
    )  # fmt: skip
    assert len(connection.call("ListKeys").json["Keys"]) == 2
    assert kms.stats.asked["CreateKey"] == 3
    assert kms.stats.answered["CreateKey"] == 2
    assert kms.stats.faults == {"Throttled": 1}


def test_a_quota_is_an_accounts_own_in_a_region(kms: LocalKMS, connection: RawConnection) -> None:
    """Another account, and the same account in another region, have quotas of their own."""
    kms.set_quota("ListKeys", 0.001)
    assert connection.codes(2) == ["", "ThrottlingException"]
    connection.region = "eu-west-1"
    assert connection.codes(2) == ["", "ThrottlingException"]
    connection.credentials = kms.credentials_for("444455556666")
    assert connection.codes(2) == ["", "ThrottlingException"]


def test_a_wrong_signature_is_not_throttled(kms: LocalKMS, connection: RawConnection) -> None:
    """A wrong signature is an error of its own, and does not count against the quota."""
    kms.set_quota("ListKeys", 0.001)
    known = kms.credentials
    connection.credentials = Credentials(known.access_key_id, "another-secret")
    assert connection.codes(2) == ["InvalidSignatureException"] * 2
    connection.credentials = known
    assert connection.codes(2) == ["", "ThrottlingException"]


def test_a_quota_can_be_lifted(kms: LocalKMS, connection: RawConnection) -> None:
    """None lifts the quota; `clear_faults`, which is about faults, does not."""
    kms.set_quota("ListKeys", 0.001)
    assert connection.codes(2) == ["", "ThrottlingException"]
    kms.clear_faults()
    assert connection.codes(1) == ["ThrottlingException"]
    kms.set_quota("ListKeys", None)
    assert connection.codes(3) == [""] * 3


@pytest.mark.parametrize(
    ("operation", "rate", "burst", "words"),
    [
        ("Nonsense", 1, None, "KMS has no operation"),
        ("ListKeys", 0, None, "or None for no quota"),
        ("ListKeys", float("inf"), None, "or None for no quota"),
        ("ListKeys", 1, 0.5, "from 1 up"),
    ],
)
def test_an_invalid_quota_is_refused(operation: str, rate: float, burst: float | None, words: str) -> None:
    """A wrong argument of `set_quota` is a ValueError that says what to pass."""
    with pytest.raises(ValueError, match=words):
        LocalKMS().set_quota(operation, rate, burst=burst)
