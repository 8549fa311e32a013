"""The clocks of LocalKMS: moved on by `advance`, looked up when they are used, and never a reason to refuse."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
import time_machine
from freezegun import freeze_time
from hypothesis import given, strategies as st
from support.local_client import Client, client, last_usage
from support.local_sts import ask
from support.raw_connection import RawConnection

from awskms_lite import KMSClient, RetryPolicy
from awskms_lite.audit import audit
from awskms_lite.local import Latency, LocalKMS
from awskms_lite.local.clock import KeyClock, ServerClock

DAY = timedelta(days=1)
OFF = timedelta(minutes=6)  # more than a signature's five minutes
PATIENCES = [RetryPolicy(), RetryPolicy(max_attempts=1)]

Sign = Callable[[datetime], tuple[int, str]]


@pytest.fixture
def sign(kms: LocalKMS) -> Sign:
    """Return a function that sends a request signed at a given time, and returns the status and the error code."""

    def sign(moment: datetime) -> tuple[int, str]:
        answer = ask(kms, {"Action": "GetCallerIdentity", "Version": "2011-06-15"}, now=moment)
        return answer.status, answer.texts.get("ErrorResponse/Error/Code", "")

    return sign


def date_of(call: Client) -> datetime:
    return parsedate_to_datetime(call.send("ListKeys", b"{}").headers["Date"])


def is_now(moment: datetime, ahead: timedelta = timedelta(0)) -> bool:
    return abs(moment - datetime.now(UTC) - ahead) < timedelta(minutes=1)


# advance


def test_the_date_follows_the_clock_that_is_moved_on(kms: LocalKMS, call: Client) -> None:
    """What the server says is what its keys live by, step after step, and off by the skew besides."""
    assert is_now(date_of(call))
    kms.advance(100 * DAY)
    kms.advance(20 * DAY)
    assert is_now(date_of(call), 120 * DAY)
    created = call("CreateKey")["KeyMetadata"]["CreationDate"]
    assert is_now(datetime.fromtimestamp(created, UTC), 120 * DAY)
    kms.skew(-DAY)
    assert is_now(date_of(call), 119 * DAY)


@pytest.mark.parametrize("days", [0, 100])
def test_an_audit_judges_by_the_clock_that_is_moved_on(kms: LocalKMS, days: int) -> None:
    """A key that was added before grows old with it; without, it is too new to be judged."""
    kms.add_key()
    kms.advance(days * DAY)
    (report,) = audit(environ=kms.environ)
    assert report.verdict == ("never_used" if days else "too_new")


def test_a_signature_is_fresh_by_every_clock_there_was(kms: LocalKMS, sign: Sign) -> None:
    """The real time, the new time and every time in between that a Date header had are accepted."""
    real = datetime.now(UTC)
    kms.advance(100 * DAY)
    kms.advance(30 * DAY)
    for told in (timedelta(0), 100 * DAY, 130 * DAY):
        assert sign(real + told) == (200, "")
        for moment in (real + told - OFF, real + told + OFF):
            assert sign(moment) == (403, "SignatureDoesNotMatch")
    assert sign(real + 50 * DAY) == (403, "SignatureDoesNotMatch")


def test_a_skew_puts_every_one_of_these_clocks_off(kms: LocalKMS, sign: Sign) -> None:
    """A wrong clock stays one that has to be made up for, whatever it was moved."""
    real = datetime.now(UTC)
    kms.advance(100 * DAY)
    kms.skew(timedelta(hours=2))
    assert [sign(real + ahead)[0] for ahead in (timedelta(0), 100 * DAY)] == [403, 403]
    assert [sign(real + ahead + timedelta(hours=2))[0] for ahead in (timedelta(0), 100 * DAY)] == [200, 200]


@pytest.mark.parametrize("retry", PATIENCES, ids=["patient", "once"])
def test_our_client_goes_on_whatever_is_advanced(kms: LocalKMS, retry: RetryPolicy) -> None:
    """No step costs a call, nor does it when the client has set its own clock by the server's in between."""
    key = kms.add_key()
    with KMSClient(environ=kms.environ, retry=retry) as local:
        for _ in range(3):
            assert local.get_key_last_usage(key).verdict == "never_used"
            kms.advance(100 * DAY)
    assert kms.stats.asked == {"GetKeyLastUsage": 3}


def test_the_expiration_of_a_session_is_relative_to_the_date_header(kms: LocalKMS) -> None:
    """Who goes by the Date finds a session of an hour, and one that began before an advance still lasts."""
    before = ask(kms).credentials
    kms.advance(100 * DAY)
    after = ask(kms)
    assert after.credentials.expires_at is not None
    left = after.credentials.expires_at - parsedate_to_datetime(after.headers["Date"])
    assert abs(left - timedelta(hours=1)) < timedelta(minutes=1)
    identity = {"Action": "GetCallerIdentity", "Version": "2011-06-15"}
    for credentials in (before, after.credentials):
        assert ask(kms, identity, credentials=credentials).status == 200
    kms.skew(timedelta(hours=1))
    for credentials in (before, after.credentials):
        refused = ask(kms, identity, credentials=credentials, now=datetime.now(UTC) + timedelta(hours=1))
        assert refused.error[:2] == (403, "ExpiredToken")


@pytest.mark.parametrize(
    ("step", "words"),
    [
        (timedelta(milliseconds=-1), "only goes forward"),
        (timedelta.max, "year 9899"),
        (30, r"30 is not a timedelta: pass one, such as timedelta\(days=30\)"),
        ("30 days", "not a timedelta: pass one"),
        (None, "not a timedelta: pass one"),
    ],
)
def test_an_invalid_step_moves_nothing(kms: LocalKMS, call: Client, step: Any, words: str) -> None:
    """It is a ValueError that says what to pass, and the clock stays as it was."""
    with pytest.raises(ValueError, match=words):
        kms.advance(step)
    assert is_now(date_of(call))


def test_the_clock_can_go_to_its_end(kms: LocalKMS, call: Client) -> None:
    """At the last moment there is, everything that counts time still answers."""
    key = kms.add_key(manager="AWS")
    kms.skew(3653 * DAY)
    kms.advance(datetime(9899, 12, 31, tzinfo=UTC) - datetime.now(UTC))
    assert date_of(Shifted(call)).year == 9910
    assert ask(kms, now=datetime.now(UTC) + 3653 * DAY).credentials.expires_at is not None
    assert Shifted(call)("DescribeKey", KeyId=key)["KeyMetadata"]["KeyState"] == "Enabled"


class Shifted(Client):
    """A client whose clock is ten years on, as the server's is that has this skew."""

    def __init__(self, other: Client) -> None:
        self.__dict__ |= other.__dict__

    def now(self) -> float:
        return time.time() + (3653 * DAY).total_seconds()


@given(
    steps=st.lists(st.timedeltas(timedelta(0), 300 * DAY), max_size=5),
    off=st.floats(-400, 400),
    number=st.integers(0, 5),
)
def test_the_nearest_clock_is_one_that_there_was(steps: list[timedelta], off: float, number: int) -> None:
    """Whatever the steps, each time that the clock has shown is nearest to itself, and none is nearer."""
    keys = KeyClock(lambda: 1_790_000_000.0)
    server = ServerClock(keys, lambda: 1_790_000_000.0)
    told = [server.now()]
    for step in steps:
        keys.advance(step)
        told.append(server.now())
    moment = told[min(number, len(steps))] + off
    assert server.nearest(moment) in told
    assert abs(server.nearest(moment) - moment) <= min(abs(now - moment) for now in told)


def test_a_use_after_an_advance_bears_the_new_time(kms: LocalKMS, call: Client) -> None:
    """After a year of key time a use is dated a year later, while what is signed today is still taken."""
    arn = kms.add_key()
    kms.advance(timedelta(days=365, milliseconds=5))
    call("Encrypt", KeyId=arn, Plaintext="eA==")
    answer = call("GetKeyLastUsage", KeyId=arn)
    year = 365 * 86400
    assert answer["KeyLastUsage"]["Timestamp"] - answer["KeyCreationDate"] > year
    assert abs(answer["KeyLastUsage"]["Timestamp"] - time.time() - year) < 60


# skew


@pytest.mark.parametrize("hours", [-2, 2])
def test_signatures_and_date_follow_the_servers_clock(
    kms: LocalKMS, connection: RawConnection, hours: int
) -> None:
    """What is signed now is refused, what is signed by the server's Date is taken."""
    kms.skew(timedelta(days=9))
    kms.skew(timedelta(hours=hours))
    answer = connection.call()
    assert answer.json["__type"] == "InvalidSignatureException"
    date = parsedate_to_datetime(answer.headers["date"])
    assert abs(date - datetime.now(UTC) - timedelta(hours=hours)) < timedelta(minutes=1)
    connection.ask(now=date)
    assert connection.answer().status == 200
    kms.skew(timedelta(0))
    assert connection.call().status == 200


def test_a_faulty_or_refused_answer_has_the_same_clock(kms: LocalKMS, connection: RawConnection) -> None:
    """The Date of a faulty answer, and of the refusal of a request that is not HTTP, is skewed as well."""
    kms.skew(timedelta(hours=-2))
    kms.inject_fault(Latency(0.001))
    late = connection.call()
    connection.sock.sendall(b"NO HTTP\r\n\r\n")
    for answer in (late, connection.answer()):
        date = parsedate_to_datetime(answer.headers["date"])
        assert abs(date - datetime.now(UTC) + timedelta(hours=2)) < timedelta(minutes=1)


def test_a_clock_is_not_off_by_ages() -> None:
    """Beyond ten years a skew is a ValueError, in both directions."""
    for days in (-4000, 4000):
        with pytest.raises(ValueError, match="pass ten years at most"):
            LocalKMS().skew(timedelta(days=days))


def test_the_keys_live_by_their_own_clock(kms: LocalKMS, connection: RawConnection) -> None:
    """A key that is made meanwhile is as young as ever."""
    kms.skew(timedelta(minutes=-4))
    created = connection.call("CreateKey").json["KeyMetadata"]["CreationDate"]
    assert abs(created - datetime.now(UTC).timestamp()) < 60


# Tools that take the clock over


FROZEN = datetime(2024, 1, 15, 12, tzinfo=UTC)
TOOLS = [
    pytest.param(lambda: freeze_time(FROZEN), id="freezegun"),
    pytest.param(lambda: time_machine.travel(FROZEN, tick=False), id="time-machine"),
]
Freeze = Callable[[], AbstractContextManager[Any]]


@pytest.mark.parametrize("freeze", TOOLS)
def test_a_frozen_test_is_answered(kms: LocalKMS, call: Client, freeze: Freeze) -> None:
    """A server that began before takes what is signed by the frozen clock, and keeps all its times by it."""
    with freeze():
        key = kms.add_key()
        assert date_of(call) == FROZEN
        assert call("DescribeKey", KeyId=key)["KeyMetadata"]["CreationDate"] == FROZEN.timestamp()
        call("Encrypt", KeyId=key, Plaintext="eA==")
        assert last_usage(call, key)["Timestamp"] == FROZEN.timestamp()
        expires_at = ask(kms, now=datetime.now(UTC)).credentials.expires_at
        assert expires_at == FROZEN + timedelta(hours=1)
        kms.advance(DAY)
        assert date_of(call) == FROZEN + DAY
    assert is_now(date_of(call), DAY)


@pytest.mark.parametrize("freeze", TOOLS)
def test_a_server_that_starts_in_a_frozen_test_goes_on_after_it(freeze: Freeze) -> None:
    """Nothing of the tool stays behind: the clock runs when the test is over, and quotas refill by it."""
    with freeze():
        kms = LocalKMS().start()
    with kms:
        call = client(kms)
        kms.set_quota("ListKeys", 1000)
        assert is_now(date_of(call))
