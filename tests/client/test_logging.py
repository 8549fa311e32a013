"""What is logged, and that no secret leaves by a log line, a repr or an error.

The servers here are made to tempt: they send back what they were sent. Everything that any logger says at
DEBUG, httpx's and httpcore's included, is searched, with the text of each error, its causes and its pickle.
"""

import json
import logging
import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from support.servers import (
    KEY_ID,
    ScriptedServer,
    ServedConnection,
    Way,
    answer,
    error_body,
    replying,
    resetting,
)
from support.shown import shown_by

from awskms_lite import errors
from awskms_lite.identity import Credentials
from awskms_lite.local import LocalKMS
from awskms_lite.models.usage import GetKeyLastUsageRequest
from awskms_lite.retry import RetryPolicy
from awskms_lite.steps import Request, Response, Send

SECRET = "secret/of/the/logging/tests/0123456789ab"
TOKEN = "token/of/the/logging/tests/0123456789ab=="
BODY = "Qm9keS1vZi10aGUtdGVzdHM="
CREDENTIALS = Credentials("AKIA111122223333TEST", SECRET, TOKEN)
MARKED = json.dumps({"KeyId": KEY_ID, "Plaintext": BODY}).encode()


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name.startswith("awskms_lite")]


class Ticking:
    """A clock that goes on by an eighth of a second each time it is read."""

    def __init__(self) -> None:
        self.now = 1.79e9

    def __call__(self) -> float:
        self.now += 0.125
        return self.now


def outcomes(*given: httpx.Response | Exception) -> Callable[[httpx.Request], httpx.Response]:
    rest = list(given)

    def handler(request: httpx.Request) -> httpx.Response:
        outcome = rest.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    return handler


def in_memory(way: Way, *given: httpx.Response | Exception) -> Any:
    http_client = way.http_client(transport=httpx.MockTransport(outcomes(*given)))
    return way.client(
        region="us-east-2", environ={}, credentials=CREDENTIALS, http_client=http_client, clock=Ticking()
    )


def test_each_attempt_leaves_one_line(way: Way, caplog: pytest.LogCaptureFixture) -> None:
    """A line says operation, number, host, status, request id and duration of an attempt; another each wait."""
    caplog.set_level(logging.DEBUG, logger="awskms_lite")
    caller = in_memory(
        way,
        httpx.ConnectError("refused"),
        httpx.Response(500, headers={"x-amzn-RequestId": "id-1"}),
        httpx.Response(200, headers={"x-amzn-RequestId": "id-2"}, content=MARKED),
    )
    caller.get_key_last_usage(KEY_ID)
    found = lines(caplog)
    attempts, waits = found[::2], found[1::2]
    assert waits == ["Waiting 0.050 s", "Waiting 0.100 s"]
    told = (["no answer", "attempt=1; max=3"], ["500", "id-1", "attempt=2"], ["200", "id-2", "attempt=3"])
    for line, parts in zip(attempts, told, strict=True):
        for part in (*parts, "GetKeyLastUsage", "kms.us-east-2.amazonaws.com"):
            assert part in line
        assert re.search(r"\d+\.\d ms", line)
    assert {record.levelno for record in caplog.records if record.name == "awskms_lite"} == {logging.DEBUG}


@pytest.mark.parametrize("error", [httpx.ReadError("reset"), httpx.ReadTimeout("late")])
def test_an_attempt_without_an_answer_leaves_its_line(
    way: Way, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    """An attempt that brought no answer is logged as well as one that did."""
    caplog.set_level(logging.DEBUG, logger="awskms_lite")
    with pytest.raises(errors.TransportError):
        in_memory(way, *[error] * 3).get_key_last_usage(KEY_ID)
    assert [line.count("no answer") for line in lines(caplog)] == [1, 0, 1, 0, 1]


def test_nothing_is_logged_above_debug(way: Way, caplog: pytest.LogCaptureFixture) -> None:
    """Whoever does not ask for DEBUG hears nothing from this package, whatever happens."""
    caplog.set_level(logging.INFO)
    with pytest.raises(errors.ServiceError):
        in_memory(way, *[httpx.Response(500)] * 3).get_key_last_usage(KEY_ID)
    assert lines(caplog) == []


def proofs(requests: list[bytes]) -> list[str]:
    """Return the signatures that were sent, and the headers they stood in."""
    headers = [line for request in requests for line in request.split(b"\r\n") if b"Signature=" in line]
    values = [header.decode().partition(": ")[2] for header in headers]
    return [*values, *(value.partition("Signature=")[2] for value in values)]


def assert_hidden(text: str, *secrets: str) -> None:
    for secret in (SECRET, TOKEN, BODY, *secrets):
        assert secret
        assert secret not in text
        assert repr(secret)[1:-1] not in text


def canonical_echo(request: bytes) -> str:
    """Speak as AWS does of a signature that does not match: with the request's own headers."""
    head, _, _ = request.partition(b"\r\n\r\n")
    canonical = head.decode().replace("\r\n", "\n").lower()
    return (
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret "
        "Access Key and signing method.\n\nThe Canonical String for this request should have been\n"
        f"'{canonical}\nx-amz-security-token:{TOKEN}'\n\nThe String-to-Sign should have been\n'{canonical}'\n"
    )


def parameters_echo(request: bytes) -> str:
    """Speak as AWS does of an Authorization header that lacks a part."""
    value = proofs([request])[0]
    return f"Authorization header requires 'SignedHeaders' parameter. Authorization={value} token {TOKEN}"


def pairs_echo(request: bytes) -> str:
    """Speak as AWS does of an Authorization header whose parts are no pairs."""
    value = proofs([request])[0]
    return f"'{value}' not a valid key=value pair (missing equal-sign) in Authorization header: '{value}'."


def echoing(code: str, speak: Callable[[bytes], str]) -> Callable[[ServedConnection], None]:
    def script(line: ServedConnection) -> None:
        while (request := line.request()) is not None:
            line.send(answer(error_body(code, speak(request)), 400))

    return script


REPLIES: dict[str, Callable[[ServedConnection], None]] = {
    "success": replying(answer(MARKED)),
    "canonical string echoed": echoing("InvalidSignatureException", canonical_echo),
    "authorization echoed": echoing("IncompleteSignatureException", parameters_echo),
    "pairs echoed": echoing("IncompleteSignatureException", pairs_echo),
    "page of a proxy": replying(answer(f"<h1>{BODY}</h1>".encode(), 403)),
    "truncated JSON": replying(answer(MARKED[:-1])),
    "member of a wrong type": replying(answer(json.dumps({"KeyId": [BODY]}).encode())),
    "timestamp that is none": replying(answer(json.dumps({"KeyCreationDate": BODY}).encode())),
    "broken body": resetting(answer(MARKED, length=500)),
    "too long": replying(answer(BODY.encode() * 60_000)),
    "500": replying(answer(MARKED, 500)),
}


@pytest.mark.parametrize("reply", REPLIES)
@pytest.mark.parametrize("own", [True, False], ids=["own", "given"])
def test_no_secret_leaves_by_a_log_or_an_error(way: Way, logged: Callable[[], str], reply: str, own: bool) -> None:
    """Whatever a server answers, logs and errors show neither secret, token, signature nor the answer's body."""
    options = {} if own else {"http_client": way.http_client(trust_env=False)}
    with ScriptedServer(REPLIES[reply]) as server:
        caller = way.client(
            region="us-east-2", environ={}, endpoint_url=server.url, credentials=CREDENTIALS, **options
        )
        usage, error = None, None
        try:
            usage = caller.get_key_last_usage(KEY_ID)
        except errors.KMSLiteError as raised:
            error = raised
        sent = proofs(server.requests)
    assert len(sent) == 2 * len(server.requests) > 0
    assert (usage is not None) is (reply == "success")
    text = logged()
    assert "GetKeyLastUsage" in text
    assert "httpcore" in {record.partition(".")[0] for record in logging.root.manager.loggerDict}
    assert_hidden(f"{text}\n{shown_by(error)}\n{usage!r}\n{caller.client!r}", *sent)


@pytest.mark.parametrize("secret", [SECRET, None], ids=["wrong secret", "right secret"])
def test_no_secret_leaves_when_the_embedded_kms_answers(
    way: Way, logged: Callable[[], str], secret: str | None
) -> None:
    """A real signature with a session token, accepted or refused, shows nowhere."""
    with LocalKMS() as kms:
        own = kms.credentials
        used = Credentials(own.access_key_id, secret or own.secret_access_key, TOKEN)
        caller = way.client(environ=kms.environ, credentials=used)
        usage, error = None, None
        try:
            usage = caller.get_key_last_usage(kms.add_key())
        except errors.InvalidSignatureException as raised:
            error = raised
    assert (error is None) is (secret is None)
    shown = f"{logged()}\n{shown_by(error)}\n{usage!r}\n{used!r}\n{caller.resolve_credentials()!r}"
    assert_hidden(shown, own.secret_access_key)
    assert "Signature=" not in shown
    assert "AWS4-HMAC-SHA256" not in shown


@pytest.mark.parametrize("member", ["AWS_SESSION_TOKEN", "AWS_SECRET_ACCESS_KEY"])
def test_a_secret_that_cannot_be_sent_is_not_shown(way: Way, logged: Callable[[], str], member: str) -> None:
    """A value with a line end in it is refused without a trace of it."""
    environ = {"AWS_REGION": "us-east-2", "AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": SECRET}
    environ[member] = f"{TOKEN}\r\n{SECRET}"
    caller = way.client(environ=environ, retry=RetryPolicy(max_attempts=1))
    with pytest.raises(errors.CredentialsError) as caught:
        caller.get_key_last_usage(KEY_ID)
    assert_hidden(f"{logged()}\n{shown_by(caught.value)}\n{caller.client!r}")


@pytest.mark.parametrize(
    "value",
    [
        CREDENTIALS,
        Request("POST", f"https://h/?X-Amz-Signature={SECRET}", [("Authorization", TOKEN)], BODY.encode()),
        Send(Request("POST", f"https://h/?t={SECRET}", [("X-Amz-Security-Token", TOKEN)], BODY.encode()), 1.0),
        Response(200, {"set-cookie": TOKEN}, BODY.encode()),
        [CREDENTIALS, {"credentials": CREDENTIALS}],
    ],
)
@pytest.mark.parametrize("show", [repr, str, "{}".format, lambda value: f"{value!s:>9}"])
def test_what_holds_a_secret_does_not_show_it(value: object, show: Callable[[object], str]) -> None:
    """Credentials, requests and responses can be printed, alone and inside other things."""
    assert_hidden(show(value))


def test_a_model_shows_what_it_is_about() -> None:
    """A request's key is no secret: its repr is there to be read."""
    assert KEY_ID in repr(GetKeyLastUsageRequest(KEY_ID))
