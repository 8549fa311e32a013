"""The flow of a call, driven by hand: no event loop, no socket, no clock but the test's own."""

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from email.utils import formatdate
from typing import Any, ClassVar
from weakref import WeakKeyDictionary

import httpx
import pytest
from attrs import frozen
from support.flow_world import World, answered
from support.servers import CREDENTIALS, KEY_ID, USED

from awskms_lite import sigv4
from awskms_lite._version import __version__
from awskms_lite.call import ClientState, call, create_state
from awskms_lite.client import KMSClient
from awskms_lite.credentials.cache import CredentialsCache
from awskms_lite.errors import (
    AccessDeniedException,
    ClosedError,
    ConfigurationError,
    ConnectError,
    ConnectTimeoutError,
    CredentialsError,
    ExpiredTokenException,
    KMSInternalException,
    KMSLiteError,
    LimitExceededException,
    NotFoundException,
    ParameterError,
    ProtocolError,
    RequestExpired,
    ServiceError,
    ThrottlingException,
    TimeoutError,
    TransportError,
)
from awskms_lite.identity import Credentials
from awskms_lite.models.aliases import CreateAliasRequest, ListAliasesRequest
from awskms_lite.models.members import KMSResponse
from awskms_lite.models.usage import GetKeyLastUsageRequest, GetKeyLastUsageResponse, UsageVerdict
from awskms_lite.operations.usage import GET_KEY_LAST_USAGE
from awskms_lite.pacing import Pacing
from awskms_lite.retry import RetryPolicy
from awskms_lite.settings import resolve_settings
from awskms_lite.steps import Exclusive, Flow, Request, Response, Send, Sleep

NOW = 1_790_000_000.25
REQUEST = GetKeyLastUsageRequest(KEY_ID)
WITH_TOKEN = Credentials("ASIA111122223333TEST", "another/secret/of/the/TESTS", "token/of/the/TESTS")
ONCE = RetryPolicy(max_attempts=1)
STS = "https://sts.us-east-2.amazonaws.com"
FROM_WEB_IDENTITY = {"AWS_WEB_IDENTITY_TOKEN_FILE": "/token", "AWS_ROLE_ARN": "arn:aws:iam::111122223333:role/r"}
ANSWER = Response(200, {"x-amzn-requestid": "id-1"}, USED)
BROKEN = TransportError("broke off")
SAFE, UNSAFE = GET_KEY_LAST_USAGE, GET_KEY_LAST_USAGE._replace(idempotent=False, mutating=True)


FOREIGN = f"arn:aws:kms:eu-west-1:111122223333:key/{KEY_ID}"


@frozen(kw_only=True)
class TwoKeys:
    """A request that names two keys, as ReEncrypt does."""

    source_key_id: str | None
    destination_key_id: str


def failure(status: int, code: str | None = None, headers: Mapping[str, str] | None = None) -> Response:
    body = b"" if code is None else json.dumps({"__type": code}).encode()
    return Response(status, {"x-amzn-requestid": "id-2", **(headers or {})}, body)


THROTTLED = failure(400, "ThrottlingException")


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


def session(
    *,
    credentials: Credentials | None = CREDENTIALS,
    timeout: float | None = None,
    attempts: int = 3,
    retry: RetryPolicy | None = None,
    clock: Callable[[], float] = lambda: NOW,
    timer: Callable[[], float] | None = None,
    random: Callable[[], float] = lambda: 1.0,
    environ: dict[str, str] | None = None,
    pacing: Pacing | None = None,
    new_id: Callable[[], str] = lambda: "call-1",
    **options: Any,
) -> ClientState:
    environ = {
        "AWS_REGION": "us-east-2",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_MAX_ATTEMPTS": str(attempts),
        **(environ or {}),
    }
    return create_state(
        resolve_settings(environ, {}, **options),
        credentials=credentials,
        retry=retry,
        pacing=pacing,
        timeout=timeout,
        mfa=None,
        clock=clock,
        timer=timer or clock,
        random=random,
        new_id=new_id,
    )


def ended(flow: Flow[Any]) -> object:
    """Run a flow that asks nothing of the world to its end."""
    try:
        step = flow.send(None)
    except StopIteration as end:
        return end.value
    raise AssertionError(f"the search asks for {step}")


def begin(flow: Flow[GetKeyLastUsageResponse]) -> Send:
    """Give the first Send of a flow; its search for credentials asks nothing of the world here."""
    step = flow.send(None)
    while isinstance(step, Exclusive):
        try:
            found = ended(step.flow)
        except KMSLiteError as error:
            step = flow.throw(error)
        else:
            step = flow.send(found)
    assert isinstance(step, Send)
    _sending[flow] = step
    return step


_sending: WeakKeyDictionary[Flow[GetKeyLastUsageResponse], Send] = WeakKeyDictionary()
"""What each flow waits for the answer of."""


def give(flow: Flow[GetKeyLastUsageResponse], outcome: Response | Exception | None) -> object:
    """Give the flow an outcome; give its next step, or what it ends with."""
    result: object = outcome
    try:
        if isinstance(outcome, Response):
            result = answered(_sending[flow], outcome)
        step = flow.throw(result) if isinstance(result, Exception) else flow.send(result)
    except StopIteration as end:
        return end.value
    if isinstance(step, Send):
        _sending[flow] = step
    return step


def play(flow: Flow[GetKeyLastUsageResponse], *outcomes: Response | Exception) -> Iterator[float]:
    """Answer each Send with the next outcome; give the seconds of each Sleep."""
    step: object = begin(flow)
    rest = list(outcomes)
    while not isinstance(step, GetKeyLastUsageResponse):
        if isinstance(step, Sleep):
            yield step.seconds
            step = give(flow, None)
        else:
            assert isinstance(step, Send)
            step = give(flow, rest.pop(0))
    assert not rest


def waits_before_failure(
    flow: Flow[GetKeyLastUsageResponse], *outcomes: Response | Exception
) -> tuple[list[float], KMSLiteError]:
    """Play; give what the flow waited for, and the error that it ended in."""
    waits: list[float] = []
    try:
        for seconds in play(flow, *outcomes):
            waits.append(seconds)  # noqa: PERF402 - the waits before the error count
    except KMSLiteError as error:
        return waits, error
    raise AssertionError("the call succeeded")


@pytest.mark.parametrize("credentials", [CREDENTIALS, WITH_TOKEN])
def test_the_first_step_sends_a_signed_request(credentials: Credentials) -> None:
    """A call begins by sending the one request that the public signer would sign, and names itself."""
    unsigned = Request(
        "POST",
        "https://kms.us-east-2.amazonaws.com",
        [
            ("Host", "kms.us-east-2.amazonaws.com"),
            ("Content-Type", "application/x-amz-json-1.1"),
            ("X-Amz-Target", "TrentService.GetKeyLastUsage"),
        ],
        b'{"KeyId":"%s"}' % KEY_ID.encode(),
    )
    now = datetime.fromtimestamp(NOW, UTC)
    signed = sigv4.sign(unsigned, credentials=credentials, region="us-east-2", service="kms", now=now)
    step = begin(call(session(credentials=credentials), SAFE, REQUEST))
    assert step.timeout is None
    assert step.request._replace(headers=()) == unsigned._replace(headers=())
    extra = [
        ("Accept-Encoding", "identity"),
        ("User-Agent", f"awskms-lite/{__version__}"),
        ("amz-sdk-invocation-id", "call-1"),
        ("amz-sdk-request", "attempt=1; max=3"),
    ]
    assert sorted(step.request.headers) == sorted([*signed.headers, *extra])


def test_the_request_goes_to_the_custom_endpoint() -> None:
    """A custom endpoint is the URL and the signed host, port included."""
    flow = call(session(endpoint_url="http://127.0.0.1:8080/"), SAFE, REQUEST)
    request = begin(flow).request
    assert request.url == "http://127.0.0.1:8080"
    assert ("Host", "127.0.0.1:8080") in request.headers


def test_an_answer_ends_the_call() -> None:
    """An answer is decoded, and says which request and attempt brought it."""
    flow = call(session(), SAFE, REQUEST)
    begin(flow)
    response = give(flow, ANSWER)
    assert isinstance(response, GetKeyLastUsageResponse)
    assert response.verdict is UsageVerdict.USED
    metadata = response.metadata
    assert (metadata.request_id, metadata.status_code, metadata.attempts) == ("id-1", 200, 1)


@pytest.mark.parametrize(
    ("outcome", "first"),
    [
        (failure(500), 0.05),
        (failure(502), 0.05),
        (failure(503, "DependencyTimeoutException"), 0.05),
        (failure(400, "KMSInternalException"), 0.05),
        (failure(500, "NeverHeardOfException"), 0.05),
        (BROKEN, 0.05),
        (ConnectError("refused"), 0.05),
        (TimeoutError("late"), 0.05),
        (THROTTLED, 1.0),
        (failure(429), 1.0),
        (failure(503, "SlowDown"), 1.0),
    ],
)
def test_trouble_that_passes_is_waited_out(outcome: Response | Exception, first: float) -> None:
    """After trouble that may pass the call waits, twice as long the second time, and is sent again."""
    flow = call(session(), SAFE, REQUEST)
    assert list(play(flow, outcome, outcome, ANSWER)) == [first, 2 * first]


def test_the_wait_is_drawn_below_the_ceiling() -> None:
    """The wait is the drawn part of a ceiling that doubles up to 20 s, applied before the draw."""
    flow = call(session(attempts=8, random=lambda: 0.5), SAFE, REQUEST)
    assert list(play(flow, *[THROTTLED] * 7, ANSWER)) == [0.5, 1, 2, 4, 8, 10, 10]


def test_each_attempt_is_signed_anew() -> None:
    """A retry carries the date of its own second and another signature, over the same body."""
    clock = Clock()
    flow = call(session(clock=clock), SAFE, REQUEST)
    first = begin(flow).request
    clock.now += 5
    assert isinstance(give(flow, failure(500)), Sleep)
    second = give(flow, None)
    assert isinstance(second, Send)
    before, after = dict(first.headers), dict(second.request.headers)
    assert before["X-Amz-Date"] < after["X-Amz-Date"]
    assert before["Authorization"] != after["Authorization"]
    assert first.body == second.request.body


@pytest.mark.parametrize("attempts", [1, 2, 3, 5])
def test_attempts_are_counted_and_bounded(attempts: int) -> None:
    """A call is sent `max_attempts` times in all, and its error says how often that was."""
    flow = call(session(attempts=attempts), SAFE, REQUEST)
    waits, error = waits_before_failure(flow, *[failure(500, "KMSInternalException")] * attempts)
    assert len(waits) == attempts - 1
    assert isinstance(error, KMSInternalException)
    assert (error.attempts, error.request_id, error.status_code) == (attempts, "id-2", 500)
    assert (f"{attempts} attempts" in str(error)) is (attempts > 1)


def test_a_success_after_retries_counts_them() -> None:
    """The answer of the third attempt says so."""
    flow = call(session(), SAFE, REQUEST)
    begin(flow)
    for outcome in (BROKEN, None, THROTTLED, None):
        give(flow, outcome)
    response = give(flow, ANSWER)
    assert isinstance(response, GetKeyLastUsageResponse)
    assert response.metadata.attempts == 3


@pytest.mark.parametrize(
    ("outcome", "error"),
    [
        (failure(400, "NotFoundException"), NotFoundException),
        (failure(400, "AccessDeniedException"), AccessDeniedException),
        (failure(400, "LimitExceededException"), LimitExceededException),
        (failure(400, "NeverHeardOfException"), ServiceError),
        (failure(403), ServiceError),
        (failure(301), ServiceError),
        (Response(200, {}, b'{"KeyId":'), ProtocolError),
        (ClosedError("closed"), ClosedError),
        (ConfigurationError("proxy"), ConfigurationError),
        (ProtocolError("too long"), ProtocolError),
    ],
)
def test_trouble_that_stays_ends_the_call(outcome: Response | Exception, error: type[Exception]) -> None:
    """What a second attempt cannot mend goes up at once."""
    waits, raised = waits_before_failure(call(session(), SAFE, REQUEST), outcome)
    assert waits == []
    assert type(raised) is error


@pytest.mark.parametrize(
    ("outcome", "again"),
    [
        (BROKEN, False),
        (TimeoutError("late"), False),
        (ConnectError("refused"), True),
        (ConnectTimeoutError("late"), True),
        (failure(500), False),
        (failure(503, "ServiceUnavailable"), False),
        (failure(503, "DependencyTimeoutException"), False),
        (failure(500, "KMSInternalException"), True),
        (failure(500, "KeyUnavailableException"), True),
        (failure(429), True),
        (THROTTLED, True),
    ],
)
def test_a_call_that_may_have_acted_is_not_repeated(outcome: Response | Exception, again: bool) -> None:
    """Without replay safety only what surely did not act is sent again: it never left, or KMS refused it."""
    flow = call(session(), UNSAFE, REQUEST)
    if again:
        assert len(list(play(flow, outcome, ANSWER))) == 1
        return
    waits, error = waits_before_failure(flow, outcome)
    assert waits == []
    assert error.outcome_unknown
    assert str(error).endswith("may have been executed: check that before you make the call again.")


@pytest.mark.parametrize(
    "outcome",
    [
        ConnectError("refused"),
        ConnectTimeoutError("late"),
        THROTTLED,
        failure(500, "KMSInternalException"),
        failure(400, "AccessDeniedException"),
        ParameterError("no"),
    ],
)
def test_a_call_that_surely_did_not_act_says_nothing_of_it(outcome: Response | Exception) -> None:
    """Where it never left or was refused to the last, its end is known."""
    _, error = waits_before_failure(call(session(attempts=1), UNSAFE, REQUEST), outcome)
    assert not error.outcome_unknown
    assert "executed" not in str(error)


@pytest.mark.parametrize("last", [BROKEN, ProtocolError("too long"), failure(504)])
def test_the_last_attempt_decides_what_is_known(last: Response | Exception) -> None:
    """A call that was refused first and lost later may have been executed."""
    waits, error = waits_before_failure(call(session(), UNSAFE, REQUEST), THROTTLED, last)
    assert waits == [1.0]
    assert error.outcome_unknown


@pytest.mark.parametrize("outcome", [BROKEN, failure(504), ProtocolError("too long")])
def test_a_call_that_only_reads_has_no_unknown_outcome(outcome: Response | Exception) -> None:
    """Who may simply ask again need not look."""
    _, error = waits_before_failure(call(session(attempts=1), SAFE, REQUEST), outcome)
    assert not error.outcome_unknown


@pytest.mark.parametrize(("operation", "mutating"), [(SAFE, False), (UNSAFE, True)])
def test_the_driver_is_told_what_may_act(operation: Any, mutating: bool) -> None:
    """Who cuts a call off has to know whether its request may be executed all the same."""
    assert begin(call(session(), operation, REQUEST)).mutating is mutating


def test_a_lost_answer_to_a_safe_call_is_asked_for_again() -> None:
    """GetKeyLastUsage only reads, so even a call that may have arrived is repeated."""
    assert GET_KEY_LAST_USAGE.idempotent
    assert list(play(call(session(), SAFE, REQUEST), BROKEN, ANSWER)) == [0.05]


def test_an_answer_may_ask_for_a_longer_wait() -> None:
    """A pause that KMS asks for is kept, of 5 s beyond the drawn one at most."""
    asking = [failure(500, headers={"x-amz-retry-after": text}) for text in ("3000", "60000")]
    assert list(play(call(session(), SAFE, REQUEST), *asking, ANSWER)) == [3.0, 5.1]


def test_the_calls_of_a_session_share_a_quota() -> None:
    """What the retries of one call take the next one lacks; without tokens the error goes up at once."""
    opened = session()
    opened.quota.tokens = 20
    assert list(play(call(opened, SAFE, REQUEST), BROKEN, THROTTLED, ANSWER)) == [0.05, 2.0]
    assert opened.quota.tokens == 6
    waits, error = waits_before_failure(call(opened, SAFE, REQUEST), BROKEN)
    assert (waits, error) == ([], BROKEN)
    assert list(play(call(opened, SAFE, REQUEST), ANSWER)) == []
    assert opened.quota.tokens == 7
    assert session().quota.tokens == 500


def test_every_attempt_names_the_call_and_its_own_number() -> None:
    """One id stands for a call, another for the next, and each attempt says which of how many it is."""
    ids = iter(["first", "second"])
    opened = session(attempts=2, new_id=lambda: next(ids))
    seen = []
    for name in ("first", "second"):
        flow = call(opened, SAFE, REQUEST)
        steps = [begin(flow), give(flow, BROKEN), give(flow, None)]
        give(flow, ANSWER)
        sent = [dict(step.request.headers) for step in steps if isinstance(step, Send)]
        seen += [(headers["amz-sdk-invocation-id"], headers["amz-sdk-request"]) for headers in sent]
        assert [headers["amz-sdk-invocation-id"] for headers in sent] == [name, name]
        assert not any("amz-sdk" in headers["Authorization"] for headers in sent)
    assert [count for _, count in seen] == ["attempt=1; max=2", "attempt=2; max=2"] * 2


@pytest.mark.parametrize(("timeout", "begun"), [(1.0, False), (0.5, False), (1.5, True)])
def test_a_retry_that_cannot_end_in_time_is_not_begun(timeout: float, begun: bool) -> None:
    """Where the wait alone would use up the time, the error of the attempt before goes up at once."""
    flow = call(session(timeout=timeout), SAFE, REQUEST)
    begin(flow)
    if begun:
        assert give(flow, THROTTLED) == Sleep(1.0)
    else:
        with pytest.raises(ThrottlingException):
            give(flow, THROTTLED)


class TestWrongClock:
    """A signature that is refused because our clock is wrong, step by step."""

    @staticmethod
    def refused(off: float, code: str = "InvalidSignatureException") -> Response:
        return failure(403, code, headers={"date": formatdate(NOW + off, usegmt=True)})

    @pytest.mark.parametrize("off", [5 * 3600, -5 * 3600])
    def test_the_next_attempt_is_signed_by_the_services_time(self, off: float) -> None:
        """It follows at once, takes what a retry after trouble does, and gives it back with the success."""
        opened = session()
        flow = call(opened, SAFE, REQUEST)
        first = begin(flow).request
        second = give(flow, self.refused(off))
        assert isinstance(second, Send)
        assert opened.quota.tokens == 486
        stamps = [dict(request.headers)["X-Amz-Date"] for request in (first, second.request)]
        before, after = (datetime.strptime(f"{stamp}+0000", "%Y%m%dT%H%M%SZ%z") for stamp in stamps)
        assert (after - before).total_seconds() == off
        give(flow, ANSWER)
        assert opened.quota.tokens == 500

    def test_a_call_that_must_not_act_twice_is_sent_again(self) -> None:
        """What was refused for its signature did not act."""
        assert list(play(call(session(), UNSAFE, REQUEST), self.refused(5 * 3600), ANSWER)) == []

    def test_a_wrong_key_is_not_tried_twice(self) -> None:
        """A signature that is refused though the clocks agree is refused for good, and the clock stays."""
        opened = session()
        _, error = waits_before_failure(call(opened, SAFE, REQUEST), self.refused(239))
        assert error.outcome_unknown is False
        assert (opened.service_clock.offset, opened.quota.tokens) == (0.0, 500)

    def test_a_wrong_key_and_a_wrong_clock_are_told_apart_by_the_second_attempt(self) -> None:
        """Once the clock is right, a refusal is final: no third attempt is wasted on it."""
        opened = session(attempts=9)
        waits, _ = waits_before_failure(call(opened, SAFE, REQUEST), self.refused(3600), self.refused(3600))
        assert waits == []
        assert opened.service_clock.offset == pytest.approx(3600, abs=1)

    def test_it_counts_as_an_attempt(self) -> None:
        """One attempt is one attempt, and an empty purse pays no more, but the clock is set all the same."""
        for opened in (session(attempts=1), session()):
            opened.quota.tokens = 13
            waits, error = waits_before_failure(call(opened, SAFE, REQUEST), self.refused(3600, "RequestExpired"))
            assert (waits, type(error)) == ([], RequestExpired)
            assert opened.quota.tokens == 13
            assert opened.service_clock.offset == pytest.approx(3600, abs=1)


@pytest.mark.parametrize(
    ("arn", "telling"),
    [
        (f"arn:aws:kms:eu-west-1:111122223333:key/{KEY_ID}", r"region='eu-west-1'"),
        (f"arn:aws-cn:kms:us-east-2:111122223333:key/{KEY_ID}", "copy the ARN"),
    ],
)
def test_a_key_of_elsewhere_is_refused_before_it_is_sent(arn: str, telling: str) -> None:
    """An ARN of another region or partition ends the call before any step, and the text says what to do."""
    with pytest.raises(ParameterError, match=telling):
        call(session(), SAFE, GetKeyLastUsageRequest(arn)).send(None)


@pytest.mark.parametrize(
    "request_",
    [
        CreateAliasRequest(alias_name="alias/a", target_key_id=FOREIGN),
        ListAliasesRequest(key_id=FOREIGN),
        TwoKeys(source_key_id=FOREIGN, destination_key_id=KEY_ID),
        TwoKeys(source_key_id=None, destination_key_id=FOREIGN),
    ],
    ids=lambda request: type(request).__name__,
)
def test_every_key_that_a_request_names_is_looked_at(request_: object) -> None:
    """Whichever member names a key of another region, the call ends before any step."""
    with pytest.raises(ParameterError, match=r"region='eu-west-1'"):
        call(session(), SAFE, request_).send(None)


def test_a_request_that_names_no_key_is_sent() -> None:
    """A request without a key, or with None in its place, belongs to no region but the client's."""
    for request in (ListAliasesRequest(), KMSResponse()):
        assert begin(call(session(), SAFE, request)).request.body == b"{}"


@pytest.mark.parametrize("named", [True, False])
def test_a_row_may_leave_it_to_the_request(named: bool) -> None:
    """Where a row asks the request, that says whether a call may be repeated."""
    row = SAFE._replace(idempotent=lambda request: request.key_id == (KEY_ID if named else "other"))
    flow = call(session(), row, REQUEST)
    begin(flow)
    if named:
        assert isinstance(give(flow, BROKEN), Sleep)
    else:
        with pytest.raises(TransportError):
            give(flow, BROKEN)


def test_a_key_of_another_account_is_sent() -> None:
    """Whether another account's key may be asked about is KMS's to say."""
    arn = f"arn:aws:kms:us-east-2:999988887777:key/{KEY_ID}"
    assert arn.encode() in begin(call(session(), SAFE, GetKeyLastUsageRequest(arn))).request.body


def test_missing_credentials_end_the_call() -> None:
    """Credentials are sought by the first call; where there are none nothing is sent."""
    with pytest.raises(CredentialsError, match="AWS_ACCESS_KEY_ID"):
        begin(call(session(credentials=None), SAFE, REQUEST))


def test_credentials_of_the_environment_sign() -> None:
    """Without credentials of its own the session signs with those of its environment."""
    environ = {"AWS_ACCESS_KEY_ID": "AKIAENVIRONMENT", "AWS_SECRET_ACCESS_KEY": "of-the-environment"}
    request = begin(call(session(credentials=None, environ=environ), SAFE, REQUEST)).request
    assert "Credential=AKIAENVIRONMENT/" in dict(request.headers)["Authorization"]


def test_a_call_can_be_dropped_at_any_step() -> None:
    """Closing the flow, as a cancelled driver does, ends it without a further step."""
    for outcomes in ((), (BROKEN,), (BROKEN, None)):
        flow = call(session(), SAFE, REQUEST)
        begin(flow)
        for outcome in outcomes:
            give(flow, outcome)
        flow.close()
        with pytest.raises(StopIteration):
            flow.send(None)


@pytest.mark.parametrize(
    ("options", "url"),
    [
        ({}, "https://kms.us-east-2.amazonaws.com"),
        ({"region": "cn-north-1"}, "https://kms.cn-north-1.amazonaws.com.cn"),
        ({"use_fips_endpoint": True}, "https://kms-fips.us-east-2.amazonaws.com"),
        ({"region": "fips-us-east-2"}, "https://kms-fips.us-east-2.amazonaws.com"),
        ({"use_dualstack_endpoint": True}, "https://kms.us-east-2.api.aws"),
        ({"endpoint_url": "http://localhost:8080/kms/"}, "http://localhost:8080/kms"),
    ],
)
def test_options_settle_the_endpoint(options: dict[str, Any], url: str) -> None:
    """Region, FIPS, dual-stack or a URL of one's own: one of them says where requests go."""
    opened = session(**options)
    assert opened.endpoint_url == url
    assert begin(call(opened, SAFE, REQUEST)).request.url == url


@pytest.mark.parametrize(
    "options", [{"use_fips_endpoint": True}, {"use_dualstack_endpoint": True}, {"region": "us-east-2-fips"}]
)
def test_a_custom_endpoint_goes_with_neither_fips_nor_dualstack(options: dict[str, Any]) -> None:
    """Two answers to where requests go are a mistake in the set-up, and the text says how to choose."""
    with pytest.raises(ConfigurationError, match="cannot be combined with FIPS or dual-stack"):
        session(endpoint_url="https://kms.example.com", **options)


@pytest.mark.parametrize("credentials", [{"access_key_id": "AKIA"}, ("AKIA", "secret"), "AKIA:secret"])
def test_credentials_of_another_type_are_refused(credentials: Any) -> None:
    """Credentials that are none are refused at once, by their type and not by their content."""
    with pytest.raises(ParameterError, match=r"awskms_lite\.Credentials") as caught:
        session(credentials=credentials)
    assert "secret" not in str(caught.value)
    assert "AKIA" not in str(caught.value)


@pytest.mark.parametrize("retry", [3, "standard", {"max_attempts": 3}])
def test_a_retry_policy_of_another_type_is_refused(retry: Any) -> None:
    """A number of attempts alone is no policy; the text says what is."""
    with pytest.raises(ParameterError, match=r"retry must be awskms_lite\.RetryPolicy, not "):
        session(retry=retry)


@pytest.mark.parametrize("pacing", [5, True, {"GetKeyLastUsage": 5.0}])
def test_a_pacing_of_another_type_is_refused(pacing: Any) -> None:
    """Nor are rates alone a pacing."""
    with pytest.raises(ParameterError, match=r"pacing must be awskms_lite\.Pacing, not "):
        session(pacing=pacing)


@pytest.mark.parametrize(
    ("retry", "environ", "policy"),
    [
        (None, {}, RetryPolicy("standard", 3)),
        (None, {"AWS_RETRY_MODE": "adaptive", "AWS_MAX_ATTEMPTS": "7"}, RetryPolicy("adaptive", 7)),
        (RetryPolicy(), {"AWS_RETRY_MODE": "adaptive", "AWS_MAX_ATTEMPTS": "7"}, RetryPolicy("standard", 3)),
    ],
)
def test_the_policy_is_the_given_one_or_the_environments(
    retry: RetryPolicy | None, environ: dict[str, str], policy: RetryPolicy
) -> None:
    """A policy that is given goes before environment and profile as a whole."""
    opened = session(retry=retry, environ=environ)
    assert opened.retry == policy
    assert (opened.rate_limiters is not None) is (policy.mode == "adaptive")


@pytest.mark.parametrize("last", [BROKEN, ConnectError("refused"), failure(400, "AccessDeniedException")])
def test_a_change_that_may_be_done_is_told_whatever_comes_later(last: Response | KMSLiteError) -> None:
    """A change that is safe to repeat is repeated, and one lost answer is enough not to know."""
    changing = SAFE._replace(mutating=True)
    _, error = waits_before_failure(call(session(attempts=2), changing, REQUEST), BROKEN, last)
    assert error.outcome_unknown


def test_a_change_that_surely_was_not_made_is_no_riddle() -> None:
    """Where each attempt was refused, or did not leave, nothing was done."""
    changing = SAFE._replace(mutating=True)
    refused = THROTTLED, failure(400, "AccessDeniedException")
    _, error = waits_before_failure(call(session(), changing, REQUEST), ConnectError("refused"), *refused)
    assert not error.outcome_unknown


def test_the_policy_of_a_client_holds_for_sts_too() -> None:
    """What is given goes before environment and profile, for credentials as well."""
    opened = session(credentials=None, environ={**FROM_WEB_IDENTITY, "AWS_MAX_ATTEMPTS": "2"}, retry=ONCE)
    search = opened.credentials.get().send(None)
    assert isinstance(search, Exclusive)
    world = World(files={"/token": b"jwt"}, answers={("POST", STS): [failure(503), ANSWER]})
    with pytest.raises(CredentialsError):
        world.play(search.flow)
    assert [request.url for request in world.requests] == [STS]


def test_pauses_follow_a_clock_that_nobody_sets() -> None:
    """Whether a retry ends in time is judged by the timer; the clock is for signatures."""
    times = iter([NOW, NOW + 7200.0])
    flow = call(session(clock=lambda: next(times, NOW), timer=lambda: 5.0, timeout=1.0), SAFE, REQUEST)
    assert list(play(flow, BROKEN, ANSWER)) == [0.05]


class TestExpiredToken:
    """Credentials that KMS refuses as expired."""

    EXPIRED = failure(400, "ExpiredTokenException")

    @staticmethod
    def opened(*found: Credentials | KMSLiteError) -> tuple[ClientState, list[Credentials | KMSLiteError]]:
        """Give a session whose search for credentials finds these, one after the other, and the list of them."""
        left = list(found)

        def find() -> Flow[Credentials]:
            yield from ()
            outcome = left.pop(0)
            if isinstance(outcome, KMSLiteError):
                raise outcome
            return outcome

        cache = CredentialsCache(find, lambda: NOW, lambda: 1.0)
        return session()._replace(credentials=cache), left

    @staticmethod
    def play(flow: Flow[GetKeyLastUsageResponse], *outcomes: Response) -> tuple[list[str], object]:
        """Answer the requests; give the keys that signed them, and what the call ended with."""
        signers: list[str] = []
        rest = list(outcomes)
        try:
            step = flow.send(None)
            while True:
                if isinstance(step, Exclusive):
                    try:
                        result: object = ended(step.flow)
                    except KMSLiteError as error:
                        step = flow.throw(error)
                        continue
                else:
                    assert isinstance(step, Send)
                    authorization = dict(step.request.headers)["Authorization"]
                    signers.append(authorization.partition("Credential=")[2].partition("/")[0])
                    result = answered(step, rest.pop(0))
                step = flow.throw(result) if isinstance(result, KMSLiteError) else flow.send(result)
        except StopIteration as end:
            return signers, end.value
        except KMSLiteError as error:
            return signers, error

    def test_other_keys_are_sought_and_the_call_is_sent_again(self) -> None:
        """The next attempt is signed with the new keys, at once, and the answer counts both."""
        opened, left = self.opened(WITH_TOKEN, CREDENTIALS)
        signers, answer = self.play(call(opened, SAFE, REQUEST), self.EXPIRED, ANSWER)
        assert signers == [WITH_TOKEN.access_key_id, CREDENTIALS.access_key_id]
        assert isinstance(answer, GetKeyLastUsageResponse)
        assert answer.metadata.attempts == 2
        assert left == []
        assert opened.credentials.current() is CREDENTIALS

    def test_it_is_tried_once_more_and_no_oftener(self) -> None:
        """New keys that are refused too end the call, though there would be others."""
        third = Credentials("ASIATHIRD", "s", "t")
        opened, left = self.opened(WITH_TOKEN, CREDENTIALS, third)
        signers, error = self.play(call(opened, SAFE, REQUEST), self.EXPIRED, self.EXPIRED)
        assert len(signers) == 2
        assert isinstance(error, ExpiredTokenException)
        assert error.attempts == 2
        assert left == [third]

    def test_the_renewal_takes_none_of_the_attempts(self) -> None:
        """It is counted to KMS and to the caller, and the policy's own retries are still to come."""
        opened, _ = self.opened(WITH_TOKEN, CREDENTIALS)
        flow = call(opened, SAFE, REQUEST)
        begin(flow)
        sent = give(flow, self.EXPIRED)
        while not isinstance(sent, Send):
            assert isinstance(sent, Exclusive)
            sent = flow.send(ended(sent.flow))
        assert dict(sent.request.headers)["amz-sdk-request"] == "attempt=2; max=4"
        waits: list[object] = []
        for _ in range(2):
            waits.append(give(flow, BROKEN))
            give(flow, None)
        assert waits == [Sleep(0.05), Sleep(0.1)]
        with pytest.raises(TransportError, match=r"\(4 attempts\.\)"):
            flow.throw(BROKEN)

    def test_the_same_keys_are_not_shown_again(self) -> None:
        """Where the search brings the keys that were refused, the refusal goes up."""
        opened, left = self.opened(WITH_TOKEN, WITH_TOKEN)
        signers, error = self.play(call(opened, SAFE, REQUEST), self.EXPIRED)
        assert signers == [WITH_TOKEN.access_key_id]
        assert isinstance(error, ExpiredTokenException)
        assert left == []

    def test_given_credentials_are_not_shown_again(self) -> None:
        """A client that was given its keys has no others."""
        signers, error = self.play(call(session(credentials=WITH_TOKEN), SAFE, REQUEST), self.EXPIRED)
        assert signers == [WITH_TOKEN.access_key_id]
        assert isinstance(error, ExpiredTokenException)

    def test_a_search_that_fails_ends_the_call(self) -> None:
        """Where no new keys are to be had, the text says why."""
        opened, _ = self.opened(WITH_TOKEN, CredentialsError("log in again"))
        signers, error = self.play(call(opened, SAFE, REQUEST), self.EXPIRED)
        assert signers == [WITH_TOKEN.access_key_id]
        assert isinstance(error, CredentialsError)
        assert str(error) == "log in again"

    def test_another_refusal_keeps_the_keys(self) -> None:
        """A key without permission is no reason to look for other keys."""
        opened, left = self.opened(WITH_TOKEN, CREDENTIALS)
        _, error = self.play(call(opened, SAFE, REQUEST), failure(400, "AccessDeniedException"))
        assert isinstance(error, AccessDeniedException)
        assert opened.credentials.current() is WITH_TOKEN
        assert left == [CREDENTIALS]


class TestTrace:
    """The trace of AWS Lambda, which a function's calls pass on."""

    FUNCTION: ClassVar = {"AWS_LAMBDA_FUNCTION_NAME": "sweeper"}
    TRACE = "Root=1-67aa0c11-3f6a2b1c4d5e6f708192a3b4;Parent=0a1b2c3d4e5f6071;Sampled=1"

    @staticmethod
    def headers(environ: dict[str, str]) -> dict[str, str]:
        return dict(begin(call(session(environ=environ), SAFE, REQUEST)).request.headers)

    def test_a_program_is_named(self) -> None:
        """Who asks is told in the User-Agent, where AWS's logs show it."""
        headers = self.headers({"AWS_SDK_UA_APP_ID": "key sweep"})
        assert headers["User-Agent"] == f"awskms-lite/{__version__} app/key-sweep"

    @pytest.mark.parametrize(
        ("trace", "sent"),
        [
            (TRACE, TRACE),
            (' "(),/:;<=>?@[\\]{}|^`~% ', '"(),/:;<=>?@[\\]{}|^`~%'),
            ("a\r\nX-Evil: 1", "a%0D%0AX-Evil: 1"),
            ("a\tb\0c\x7fd", "a%09b%00c%7Fd"),
            ("é\u2028😀", "%C3%A9%E2%80%A8%F0%9F%98%80"),
            ("bytes \udcff\udc80", "bytes %FF%80"),
            ("half \ud800", "half ?"),
            (" \ta\n", "%09a%0A"),
            ("\x00\x1fa\x7f\x85 ", "%00%1Fa%7F%C2%85"),
        ],
    )
    def test_a_function_passes_its_trace_on(self, trace: str, sent: str) -> None:
        """What can stand in a header goes out as it is, without spaces round it; all else is encoded."""
        assert self.headers({**self.FUNCTION, "_X_AMZN_TRACE_ID": trace})["X-Amzn-Trace-Id"] == sent

    @pytest.mark.parametrize(
        "environ",
        [
            {},
            FUNCTION,
            {**FUNCTION, "_X_AMZN_TRACE_ID": ""},
            {**FUNCTION, "_X_AMZN_TRACE_ID": " \t"},
            {"_X_AMZN_TRACE_ID": TRACE},
            {"AWS_LAMBDA_FUNCTION_NAME": "", "_X_AMZN_TRACE_ID": TRACE},
        ],
    )
    def test_without_both_variables_there_is_none(self, environ: dict[str, str]) -> None:
        """Outside of a function, and without a trace, no such header is sent."""
        assert "X-Amzn-Trace-Id" not in self.headers(environ)

    def test_it_is_sent_and_not_signed(self) -> None:
        """What lies between may write its own part into the trace, so the signature does not cover it."""
        headers = self.headers({**self.FUNCTION, "_X_AMZN_TRACE_ID": self.TRACE})
        assert "x-amzn-trace-id" not in headers["Authorization"].lower()

    def test_every_attempt_has_it(self) -> None:
        """A retry belongs to the same trace."""
        flow = call(session(environ={**self.FUNCTION, "_X_AMZN_TRACE_ID": self.TRACE}), SAFE, REQUEST)
        begin(flow)
        give(flow, BROKEN)
        step = give(flow, None)
        assert isinstance(step, Send)
        assert dict(step.request.headers)["X-Amzn-Trace-Id"] == self.TRACE

    @pytest.mark.parametrize(
        ("own", "sent"),
        [({}, [TRACE]), ({"X-Amzn-Trace-Id": "Root=mine"}, ["Root=mine"]), ({"x-amzn-trace-id": ""}, [""])],
    )
    def test_a_header_of_the_callers_client_is_left_alone(self, own: dict[str, str], sent: list[str]) -> None:
        """A trace that the given http_client sends by itself goes out alone, in any spelling."""
        seen: list[str] = []

        def handler(request: httpx.Request) -> httpx.Response:
            seen.extend(request.headers.get_list("x-amzn-trace-id"))
            return httpx.Response(200, content=USED)

        environ = {**self.FUNCTION, "_X_AMZN_TRACE_ID": self.TRACE}
        with (
            httpx.Client(transport=httpx.MockTransport(handler), headers=own) as http,
            KMSClient(region="us-east-2", credentials=CREDENTIALS, environ=environ, http_client=http) as client,
        ):
            client.get_key_last_usage(KEY_ID)
        assert seen == sent
