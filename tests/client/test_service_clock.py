"""The service's time: when an answer sets the clock, how it is read, and calls of a machine whose clock is wrong.

The service here counts by a clock of its own and refuses what is signed five minutes off, as AWS does.
"""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from email.utils import formatdate
from pathlib import Path
from threading import Barrier
from typing import Any

import httpx
import pytest
from hypothesis import given, strategies as st
from support.servers import CREDENTIALS, KEY_ID, PATIENCE, USED, Caller, Way

from awskms_lite.client import KMSClient
from awskms_lite.errors import (
    ConnectError,
    CredentialsError,
    InvalidSignatureException,
    KMSLiteError,
    ServiceError,
    TimeoutError,
    error_class,
)
from awskms_lite.retry import RetryPolicy
from awskms_lite.service_clock import ServiceClock, read_date

NOW = 1_790_000_000.0
HOUR = 3600.0
DEFINITE = ["RequestTimeTooSkewed", "RequestExpired", "RequestInTheFuture"]
AMBIGUOUS = ["InvalidSignatureException", "SignatureDoesNotMatch", "AuthFailure"]
FAR_OFF = [7 * HOUR, -7 * HOUR, 400 * 24 * HOUR, -400 * 24 * HOUR]


def refusal(code: str, theirs: float | None) -> ServiceError:
    """Return an error that was answered at this time of the service's."""
    date = None if theirs is None else formatdate(theirs, usegmt=True)
    return error_class(code)(code=code, status_code=403, date=date)


class TestTold:
    """The time that a service last told, by which its own times are counted."""

    @pytest.mark.parametrize("date", [None, "", "yesterday", formatdate(NOW + 100, usegmt=True), "\x00"])
    def test_it_is_our_own_unless_the_service_says_otherwise(self, date: str | None) -> None:
        """Before any answer, without a date, and where the two agree within minutes."""
        clock = ServiceClock(lambda: NOW)
        assert clock.reported_time() == NOW
        clock.note_date(date)
        assert clock.reported_time() == NOW

    @pytest.mark.parametrize("off", FAR_OFF)
    def test_it_follows_the_last_answer_and_signs_nothing(self, off: float) -> None:
        """Told by a far-off service it goes on from there, until another answer; the clock itself stays.

        A Date header counts whole seconds and leaves the fraction out.
        """
        ours = [NOW]
        clock = ServiceClock(lambda: ours[0])
        clock.note_date(formatdate(NOW + off, usegmt=True))
        ours[0] += 10
        assert (clock.reported_time(), clock(), clock.offset) == (NOW + off + 10.999, NOW + 10, 0.0)
        clock.note_date(formatdate(ours[0], usegmt=True))
        assert clock.reported_time() == clock() == NOW + 10

    def test_a_date_beyond_all_services_is_not_believed(self) -> None:
        """As for a refusal's: a year that no service has come to."""
        clock = ServiceClock(lambda: NOW)
        clock.note_date("Fri, 01 Jan 2199 00:00:00 GMT")
        assert clock.reported_time() == NOW

    @pytest.mark.parametrize("off", [-200, 0, 200, *FAR_OFF])
    def test_the_date_itself_is_never_late(self, off: float) -> None:
        """However little our clock differs; without a valid date it is our clock."""
        ours = [NOW]
        clock = ServiceClock(lambda: ours[0])
        assert clock.dated_time() == NOW
        clock.note_date(formatdate(NOW + off, usegmt=True))
        ours[0] += 10
        assert clock.dated_time() == NOW + off + 10
        ours[0] -= 60  # set back meanwhile
        assert clock.dated_time() == NOW + off
        for date in ("yesterday", "Fri, 01 Jan 2199 00:00:00 GMT"):
            clock.note_date(date)
            assert clock.dated_time() == clock()

    def test_a_clock_that_was_corrected_agrees_with_its_service(self) -> None:
        """Then there is no difference between what is told and what is signed."""
        clock = ServiceClock(lambda: NOW)
        clock.correct_skew(refusal(DEFINITE[0], NOW + 7 * HOUR), NOW)
        clock.note_date(formatdate(NOW + 7 * HOUR + 2, usegmt=True))
        assert clock.reported_time() == clock() == NOW + 7 * HOUR


class TestSetRight:
    """Which answers set the clock, and to what."""

    def test_before_any_answer_it_is_our_own_clock(self) -> None:
        """A clock that nobody has found wrong is right."""
        clock = ServiceClock(lambda: NOW)
        assert (clock(), clock.offset) == (NOW, 0.0)

    @pytest.mark.parametrize("code", DEFINITE)
    @pytest.mark.parametrize("off", [*FAR_OFF, 299.0, -1.0, 0.0])
    def test_a_code_that_means_the_clock_always_sets_it(self, code: str, off: float) -> None:
        """However far off it is: the service has said that this is why."""
        clock = ServiceClock(lambda: NOW)
        assert clock.correct_skew(refusal(code, NOW + off), NOW)
        assert (clock(), clock.offset) == (NOW + off, off)

    @pytest.mark.parametrize("code", AMBIGUOUS)
    @pytest.mark.parametrize("off", [*FAR_OFF, 240.0, -240.0, 239.0, -239.0, 0.0])
    def test_a_code_that_may_mean_it_counts_from_four_minutes_on(self, code: str, off: float) -> None:
        """A signature may be wrong for another reason: only clocks far apart make a second try worth it."""
        clock = ServiceClock(lambda: NOW)
        far = abs(off) >= 240
        assert clock.correct_skew(refusal(code, NOW + off), NOW) is far
        assert clock() == (NOW + off if far else NOW)

    @pytest.mark.parametrize("code", ["NotFoundException", "ThrottlingException", "ExpiredTokenException", "403"])
    def test_no_other_code_sets_it(self, code: str) -> None:
        """An answer to a request that was taken as fresh does not move the clock, however far its date is."""
        clock = ServiceClock(lambda: NOW)
        assert not clock.correct_skew(refusal(code, NOW + 7 * HOUR), NOW)
        assert clock.offset == 0.0

    @pytest.mark.parametrize("error", [ConnectError("no"), TimeoutError("late"), CredentialsError("none")])
    def test_what_is_no_answer_does_not_set_it(self, error: KMSLiteError) -> None:
        """Without an answer there is no time to go by."""
        assert not ServiceClock(lambda: NOW).correct_skew(error, NOW)

    @pytest.mark.parametrize("date", [None, "", "yesterday", "Thu, 99 Jan 2026 00:00:00 GMT"])
    @pytest.mark.parametrize("code", [*DEFINITE, *AMBIGUOUS])
    def test_an_answer_without_a_date_does_not_set_it(self, code: str, date: str | None) -> None:
        """To be told that the clock is wrong is of no use where nobody says what is right."""
        clock = ServiceClock(lambda: NOW)
        assert not clock.correct_skew(error_class(code)(code=code, date=date), NOW)
        assert clock.offset == 0.0

    @pytest.mark.parametrize("code", [*DEFINITE, *AMBIGUOUS])
    def test_calls_that_were_under_way_together_are_all_mended(self, code: str) -> None:
        """Who signed before another call set the clock is sent again too, and the offset counts once."""
        clock = ServiceClock(lambda: NOW)
        signed_at = [clock(), clock(), clock()]
        assert [clock.correct_skew(refusal(code, NOW + HOUR), then) for then in signed_at] == [True] * 3
        assert clock.offset == HOUR

    def test_a_later_answer_sets_it_anew(self) -> None:
        """A machine's own clock may be set in between: the offset is what the last answer showed."""
        now = [NOW]
        clock = ServiceClock(lambda: now[0])
        clock.correct_skew(refusal("RequestExpired", NOW + HOUR), clock())
        now[0] += HOUR
        assert clock.correct_skew(refusal("InvalidSignatureException", now[0]), clock())
        assert (clock(), clock.offset) == (now[0], 0.0)

    def test_a_slow_answer_does_not_count_as_an_offset(self) -> None:
        """The offset is between the answer's date and the clock as it came, not as the request went out."""
        now = [NOW]
        clock = ServiceClock(lambda: now[0])
        then = clock()
        now[0] += 10
        clock.correct_skew(refusal("RequestExpired", NOW + HOUR + 10), then)
        assert clock.offset == HOUR

    @pytest.mark.parametrize(("off", "far"), [(HOUR, True), (-240.0, True), (239.0, False), (0.0, False)])
    def test_any_dated_answer_may_set_it(self, off: float, far: bool) -> None:
        """Where the caller has a reason to doubt the clock, a date four minutes off is enough."""
        clock = ServiceClock(lambda: NOW)
        assert clock.correct_by_date(formatdate(NOW + off, usegmt=True), NOW) is far
        assert clock.offset == (off if far else 0.0)


class TestReadDate:
    """The Date header of an answer."""

    @pytest.fixture(autouse=True)
    def _far_from_greenwich(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        """Let the machine stand where local time is not UTC."""
        if not hasattr(time, "tzset"):
            pytest.skip("no time zone can be set for a process here")
        with monkeypatch.context() as patch:
            patch.setenv("TZ", "UTC-9")
            time.tzset()
            yield
        time.tzset()

    @pytest.mark.parametrize(
        "text",
        [
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
            "Sun, 06 Nov 1994 08:49:37 -0000",
            "Sun, 06 Nov 1994 09:49:37 +0100",
        ],
    )
    def test_all_three_forms_mean_the_same_second(self, text: str) -> None:
        """The two old forms of the RFC are read too, and without a zone it is UTC, wherever the machine stands."""
        assert read_date(text) == datetime(1994, 11, 6, 8, 49, 37, tzinfo=UTC).timestamp()

    @pytest.mark.parametrize(
        "text", [None, "", "now", "6", "Thu, 99 Jan 2026 00:00:00 GMT", "Thu, 01 Jan 99999 00:00:00 GMT"]
    )
    def test_what_is_no_date_is_none(self, text: str | None) -> None:
        """A missing and a malformed header are alike."""
        assert read_date(text) is None

    @given(st.text("0169 ,:+-()GMTSunNov", max_size=32))
    def test_no_text_breaks_it(self, text: str) -> None:
        """Whatever stands in the header: seconds, or None."""
        assert isinstance(read_date(text), float | None)


class Service:
    """KMS, STS and a container's agent behind one handler, with a clock of their own.

    `own` gives the machine's time, and `off` is what it lacks. `dated` says whether answers have a Date. Keys end
    after so many seconds of `life`.
    """

    def __init__(self, own: Callable[[], float], off: float, *, dated: bool = True, life: float = HOUR) -> None:
        self._own = own
        self._off = off
        self._dated = dated
        self._life = life
        self.seen: list[str] = []
        """Who was asked, in order, with a mark of what was refused for its date."""

    def __call__(self, request: httpx.Request) -> httpx.Response:
        name = request.url.host.partition(".")[0]
        signed_at = request.headers.get("x-amz-date")
        if request.method == "GET" and name == "kms":
            self.seen.append("kms, unsigned")
            answer = httpx.Response(403, json={"__type": "MissingAuthenticationTokenException"})
        elif signed_at is not None and abs(self._now() - read_stamp(signed_at)) > 300:
            self.seen.append(f"{name}, refused")
            answer = self._refusal(name)
        else:
            self.seen.append(name)
            answer = self._success(name)
        if self._dated:
            answer.headers["Date"] = formatdate(self._now(), usegmt=True)
        return answer

    def _now(self) -> float:
        return self._own() + self._off

    def _refusal(self, name: str) -> httpx.Response:
        if name == "sts":
            return httpx.Response(403, text="<E><Error><Code>SignatureDoesNotMatch</Code></Error></E>")
        return httpx.Response(400, json={"__type": "InvalidSignatureException", "message": "Signature expired"})

    def _success(self, name: str) -> httpx.Response:
        if name == "kms":
            return httpx.Response(200, content=USED)
        end = datetime.fromtimestamp(self._now() + self._life, UTC).isoformat()
        keys = {"AccessKeyId": "ASIAROLE", "SecretAccessKey": "s", "Expiration": end}
        if name == "sts":
            parts = "".join(f"<{name}>{text}</{name}>" for name, text in {**keys, "SessionToken": "t"}.items())
            return httpx.Response(200, text=f"<A><Credentials>{parts}</Credentials></A>")
        return httpx.Response(200, json={**keys, "Token": "t"})


def read_stamp(text: str) -> float:
    return datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()


@pytest.fixture
def role(tmp_path: Path) -> dict[str, Any]:
    """Return the options of a client whose keys are those of a role."""
    (tmp_path / "config").write_text("[default]\nrole_arn = arn:r\ncredential_source = Environment\n")
    environ = {"AWS_CONFIG_FILE": str(tmp_path / "config")}
    environ |= {"AWS_ACCESS_KEY_ID": "AKIABASE", "AWS_SECRET_ACCESS_KEY": "of-the-base"}
    return {"environ": environ, "profile": "default", "credentials": None}


CONTAINER: dict[str, Any] = {
    "environ": {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://localhost/role"},
    "credentials": None,
}


def client_of(
    way: Way,
    service: Callable[[httpx.Request], httpx.Response],
    clock: Callable[[], float] = lambda: NOW,
    **options: Any,
) -> Caller:
    """Make a client of this way, whose machine shows this time."""
    http_client = way.http_client(transport=httpx.MockTransport(service))
    given = {"environ": {}, "region": "us-east-2", "credentials": CREDENTIALS, **options}
    return way.client(http_client=http_client, clock=clock, **given)


@pytest.mark.parametrize("off", FAR_OFF)
class TestCalls:
    """Calls of a machine whose clock is hours or months off, in either direction."""

    def test_the_next_attempt_succeeds_and_later_calls_at_once(self, way: Way, off: float) -> None:
        """The first answer tells the time: the call is sent again without a wait, and the offset is kept."""
        service = Service(lambda: NOW, off)
        client = client_of(way, service)
        assert client.get_key_last_usage(KEY_ID).metadata.attempts == 2
        assert client.get_key_last_usage(KEY_ID).metadata.attempts == 1
        assert service.seen == ["kms, refused", "kms", "kms"]
        assert way.pauses == []

    def test_without_retries_the_next_call_succeeds(self, way: Way, off: float) -> None:
        """With one attempt the call fails, but what it has learnt is kept."""
        client = client_of(way, Service(lambda: NOW, off), retry=RetryPolicy(max_attempts=1))
        with pytest.raises(InvalidSignatureException, match="this machine's clock"):
            client.get_key_last_usage(KEY_ID)
        assert client.get_key_last_usage(KEY_ID).metadata.attempts == 1

    def test_without_a_date_the_refusal_goes_up(self, way: Way, off: float) -> None:
        """Where the answers tell no time, a second attempt would meet the same end."""
        service = Service(lambda: NOW, off, dated=False)
        with pytest.raises(InvalidSignatureException):
            client_of(way, service).get_key_last_usage(KEY_ID)
        assert service.seen == ["kms, refused"]

    @pytest.mark.parametrize(("timeout", "pauses"), [(3.0, ([2.0], [1.0, 2.0])), (1.5, ([], [1.0]))])
    def test_timeouts_follow_the_machines_own_clock(
        self, way: Way, off: float, timeout: float, pauses: tuple[list[float], ...]
    ) -> None:
        """A clock that is set by hours neither ends a call nor gives it more time: not this one, not the next."""
        service = Service(lambda: NOW, off)

        def handler(request: httpx.Request) -> httpx.Response:
            answer = service(request)
            return httpx.Response(429) if answer.is_success else answer

        client = client_of(way, handler)
        for expected in pauses:
            way.pauses.clear()
            with pytest.raises(ServiceError, match="HTTP 429"):
                client.get_key_last_usage(KEY_ID, timeout=timeout)
            assert way.pauses == expected

    def test_credentials_end_by_the_services_time(self, way: Way, off: float, role: dict[str, Any]) -> None:
        """A role's keys are renewed shortly before they end at STS, whatever the machine's clock says."""
        now = [NOW]
        service = Service(lambda: now[0], off)
        client = client_of(way, service, lambda: now[0], **role)
        for later in (0, HOUR - 16 * 60, 2 * 60):
            now[0] += later
            client.get_key_last_usage(KEY_ID)
        assert service.seen == ["sts, refused", "sts", "kms", "kms", "sts", "kms"]

    def test_what_sts_has_shown_serves_kms(self, way: Way, off: float, role: dict[str, Any]) -> None:
        """AssumeRole is sent again with the right date, and KMS gets the right one at once."""
        service = Service(lambda: NOW, off)
        assert client_of(way, service, **role).get_key_last_usage(KEY_ID).metadata.attempts == 1
        assert service.seen == ["sts, refused", "sts", "kms"]
        assert way.pauses == []


def test_keys_that_seem_to_have_ended_are_judged_by_the_services_time(way: Way) -> None:
    """A clock hours ahead makes fresh keys look old: before they are called expired KMS is asked for the time."""
    service = Service(lambda: NOW, -7 * HOUR)
    assert client_of(way, service, **CONTAINER).get_key_last_usage(KEY_ID).metadata.attempts == 1
    assert service.seen == ["localhost", "kms, unsigned", "kms"]


def test_keys_that_have_ended_are_an_error(way: Way) -> None:
    """Where KMS's time agrees, the keys are what is wrong, and no call is made."""
    service = Service(lambda: NOW, 0.0, life=-60.0)
    with pytest.raises(CredentialsError, match="have expired already"):
        client_of(way, service, **CONTAINER).get_key_last_usage(KEY_ID)
    assert service.seen == ["localhost", "kms, unsigned"]


def test_threads_that_begin_together_all_succeed() -> None:
    """Calls that were signed before the first answer came are all sent again, whichever sets the clock."""
    threads = 4
    service, together = Service(lambda: NOW, 7 * HOUR), Barrier(threads)

    def handler(request: httpx.Request) -> httpx.Response:
        answer = service(request)
        if not answer.is_success:
            together.wait(PATIENCE)
        return answer

    with (
        httpx.Client(transport=httpx.MockTransport(handler)) as http,
        KMSClient(
            environ={}, region="us-east-2", credentials=CREDENTIALS, clock=lambda: NOW, http_client=http
        ) as client,
        ThreadPoolExecutor(threads) as pool,
    ):
        answers = list(pool.map(client.get_key_last_usage, [KEY_ID] * threads))
    assert [answer.metadata.attempts for answer in answers] == [2] * threads
