"""Answers made to mislead: headers with two readings, heads without end, echoes of secrets, odd letters."""

import gc
import json
import logging
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from hypothesis import given, strategies as st
from support.servers import (
    CREDENTIALS,
    KEY_ID,
    PATIENCE,
    USED,
    Script,
    ScriptedServer,
    ServedConnection,
    Way,
    answer,
    error_body,
    open_way,
    replying,
)
from support.shown import chain, shown_by

from awskms_lite import errors
from awskms_lite.identity import Credentials
from awskms_lite.protocol import decode_error
from awskms_lite.quoting import REDACTED, printable, redact, shown
from awskms_lite.retry import RetryPolicy

ONCE = RetryPolicy(max_attempts=1)
TOKEN = "ToKeN/of+the=hostile/answers0123456789=="
SIGNED = Credentials("AKIA111122223333TEST", "secret/of/the/hostile+answers/0123456789", TOKEN)
PLAINTEXT = "VG9wIHNlY3JldCBwbGFpbnRleHQgb2YgdGhlIHRlc3Rz"
ODD = "id-\x1b[31m\x1c-\x85-\u2028\r\n2026-01-01 all is well"


@pytest.fixture(params=["own", "given"])
def client_of(request: pytest.FixtureRequest, way: Way) -> Callable[..., Any]:
    """Return a function that makes a client of a server: over connections of its own, or a given client."""

    def make(server: ScriptedServer, **options: Any) -> Any:
        if request.param == "given":
            options["http_client"] = way.http_client(trust_env=False)
        given = {"region": "us-east-2", "credentials": SIGNED, "environ": {}, "retry": ONCE, **options}
        return way.client(endpoint_url=server.url, **given)

    return make


def raw(headers: list[tuple[str, str]], body: bytes = USED, status: int = 200) -> bytes:
    """Return the bytes of an answer with just these headers."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers)
    return f"HTTP/1.1 {status} Scripted\r\n{lines}\r\n".encode("latin-1") + body


LENGTH = ("Content-Length", str(len(USED)))


class TestRepeatedHeaders:
    """Every header is read once, as the list that all its lines make."""

    @pytest.mark.parametrize(
        "codings",
        [
            ["gzip"],
            ["gzip, gzip", "identity"],
            ["identity", "gzip"],
            ["identity, gzip"],
            ["GZIP", "Identity"],
            ["br", ""],
            ["x-unheard-of"],
        ],
    )
    def test_an_encoding_in_whichever_line_is_refused(
        self, client_of: Callable[..., Any], codings: list[str]
    ) -> None:
        """Nothing is unpacked, wherever the encoding stands: a success is refused, an error goes by its status."""
        told = [LENGTH, *(("Content-Encoding", coding) for coding in codings)]
        with ScriptedServer(replying(raw(told)), replying(raw(told, status=503))) as server:
            client = client_of(server)
            with pytest.raises(errors.ProtocolError, match="compressed"):
                client.get_key_last_usage(KEY_ID)
            with pytest.raises(errors.ServiceError) as caught:
                client.get_key_last_usage(KEY_ID)
            assert (caught.value.code, caught.value.message) == ("503", "")

    @pytest.mark.parametrize("codings", [["identity"], ["identity", "identity"], ["Identity, identity"], [""]])
    def test_identity_is_no_encoding(self, client_of: Callable[..., Any], codings: list[str]) -> None:
        """However often it is said that nothing was done to the body, it is read."""
        told = [LENGTH, *(("Content-Encoding", coding) for coding in codings)]
        with ScriptedServer(replying(raw(told))) as server:
            assert client_of(server).get_key_last_usage(KEY_ID).key_id == KEY_ID

    def test_a_length_beside_chunks_is_refused(self, client_of: Callable[..., Any]) -> None:
        """Two ways to tell where an answer ends are one too many (RFC 9112, 6.3)."""
        chunked = b"%x\r\n%s\r\n0\r\n\r\n" % (len(USED), USED)
        script = replying(raw([("Transfer-Encoding", "chunked"), LENGTH], chunked))
        with ScriptedServer(script) as server, pytest.raises(errors.ProtocolError, match="in two ways"):
            client_of(server).get_key_last_usage(KEY_ID)

    @pytest.mark.parametrize("lengths", [["5", "6"], ["-5"], ["5x"], ["\u0665"]])
    def test_lengths_that_are_none_are_refused(self, lengths: list[str]) -> None:
        """A client whose library passes them on is held to the same rule."""
        headers = [("Content-Length", length.encode()) for length in lengths]

        def told(_: httpx.Request) -> httpx.Response:
            return httpx.Response(200, headers=[(name.encode(), value) for name, value in headers], content=USED)

        with open_way("sync") as way:
            http_client = way.http_client(transport=httpx.MockTransport(told))
            options = {"region": "us-east-2", "credentials": SIGNED, "environ": {}, "http_client": http_client}
            with pytest.raises(errors.ProtocolError, match="length in two ways"):
                way.client(**options).get_key_last_usage(KEY_ID)

    def test_two_dates_set_no_clock(self, client_of: Callable[..., Any]) -> None:
        """Of two different times neither is believed, so the refusal stays one."""
        body = error_body("InvalidSignatureException")
        dates = [("Date", "Mon, 01 Jan 2024 00:00:00 GMT"), ("Date", "Tue, 01 Jan 2030 00:00:00 GMT")]
        told = raw([("Content-Length", str(len(body))), *dates], body, 400)
        with ScriptedServer(replying(told)) as server:
            with pytest.raises(errors.InvalidSignatureException):
                client_of(server, retry=RetryPolicy()).get_key_last_usage(KEY_ID)
            assert len(server.requests) == 1


def interim(number: int, then: bytes = b"") -> Script:
    """Send so many interim answers, and then something."""

    def script(line: ServedConnection) -> None:
        while line.request() is not None:
            line.send(b"HTTP/1.1 100 Continue\r\n\r\n" * number + then)

    return script


def storming(piece: bytes) -> Script:
    """Send the same piece until the client leaves."""

    def script(line: ServedConnection) -> None:
        line.request()
        while line.pause(0) and line.send(piece):
            pass

    return script


class TestHeadsWithoutEnd:
    """What comes before an answer is bounded, in number, in bytes and in time."""

    @pytest.mark.parametrize(
        "piece",
        [
            b"HTTP/1.1 100 Continue\r\n\r\n" * 50,
            b"HTTP/1.1 102 Processing\r\nX-Pad: " + b"x" * 2000 + b"\r\n\r\n",
            b"HTTP/1.1 100 Continue\n\n" * 200,
            b"X-Header: more\r\n" * 100,
        ],
    )
    @pytest.mark.parametrize("timeout", [None, PATIENCE])
    def test_a_flood_ends_the_call(self, way: Way, piece: bytes, timeout: float | None) -> None:
        """However it is made, a flood before the answer is an error at once, with a timeout and without one."""
        with ScriptedServer(storming(piece)) as server:
            options = {"region": "us-east-2", "credentials": SIGNED, "environ": {}, "retry": ONCE}
            client = way.client(endpoint_url=server.url, **options)
            with pytest.raises((errors.ProtocolError, errors.TransportError)):
                client.get_key_last_usage(KEY_ID, timeout=timeout)
            assert server.lines[0].ended_by_client.wait(PATIENCE)

    @pytest.mark.parametrize("number", [1, 8])
    def test_a_few_interim_answers_are_passed_over(self, way: Way, number: int) -> None:
        """What a proxy may send before an answer does no harm, and the connection is used again."""
        with ScriptedServer(interim(number, answer())) as server:
            options = {"region": "us-east-2", "credentials": SIGNED, "environ": {}, "retry": ONCE}
            client = way.client(endpoint_url=server.url, **options)
            for _ in range(2):
                assert client.get_key_last_usage(KEY_ID).key_id == KEY_ID
            assert server.connections == 1

    def test_one_more_is_too_many(self, way: Way) -> None:
        """The bound is the bound: the ninth ends the call."""
        with ScriptedServer(interim(9, answer())) as server:
            options = {"region": "us-east-2", "credentials": SIGNED, "environ": {}, "retry": ONCE}
            with pytest.raises(errors.ProtocolError, match="came without end"):
                way.client(endpoint_url=server.url, **options).get_key_last_usage(KEY_ID)


VERIFY = {"message": b"m", "signature": b"s", "signing_algorithm": "ECDSA_SHA_256"}
VERIFIED = {"KeyId": KEY_ID, "SigningAlgorithm": "ECDSA_SHA_256"}
MAC_VERIFIED = {"KeyId": KEY_ID, "MacAlgorithm": "HMAC_SHA_256"}
CHECKED: list[tuple[str, dict[str, Any], dict[str, Any], type[Exception] | None]] = [
    *(
        ("verify", VERIFY, told, expected)
        for told, expected in (
            ({**VERIFIED, "SignatureValid": True}, None),
            ({**VERIFIED, "SignatureValid": False}, errors.KMSInvalidSignatureException),
            (VERIFIED, errors.KMSInvalidSignatureException),
            ({**VERIFIED, "SignatureValid": None}, errors.KMSInvalidSignatureException),
            ({**VERIFIED, "SignatureValid": "true"}, errors.ProtocolError),
            ({"SignatureValid": False}, errors.KMSInvalidSignatureException),
            ({"SignatureValid": False, "KeyId": 1}, errors.KMSInvalidSignatureException),
            ({}, errors.KMSInvalidSignatureException),
            ({"SignatureValid": True}, errors.ProtocolError),
        )
    ),
    *(
        ("verify_mac", {"message": b"m", "mac": b"s", "mac_algorithm": "HMAC_SHA_256"}, told, expected)
        for told, expected in (
            ({**MAC_VERIFIED, "MacValid": True}, None),
            ({**MAC_VERIFIED, "MacValid": False}, errors.KMSInvalidMacException),
            (MAC_VERIFIED, errors.KMSInvalidMacException),
            ({"MacValid": False}, errors.KMSInvalidMacException),
            ({}, errors.KMSInvalidMacException),
            ({"MacValid": True}, errors.ProtocolError),
        )
    ),
]


@pytest.mark.parametrize(("name", "arguments", "told", "expected"), CHECKED)
def test_what_a_caller_stakes_security_on_is_looked_at(
    way: Way, name: str, arguments: dict[str, Any], told: dict[str, Any], expected: type[Exception] | None
) -> None:
    """An answer that does not say so is no valid signature, whatever its status."""
    http_client = way.http_client(transport=httpx.MockTransport(lambda _: httpx.Response(200, json=told)))
    options = {"region": "us-east-2", "credentials": SIGNED, "environ": {}, "http_client": http_client}
    client = way.client(**options).client

    def call() -> Any:
        return getattr(client, name)(KEY_ID, **arguments)

    if expected is None:
        assert way.run(call) is not None
    else:
        with pytest.raises(expected):
            way.run(call)


GARBAGE = {
    "a body in place of a head": json.dumps({"Plaintext": PLAINTEXT}).encode() + b"\r\n\r\n",
    "a body in place of headers": b"HTTP/1.1 200 OK\r\n"
    + json.dumps({"Plaintext": PLAINTEXT}).encode()
    + b"\r\n\r\n",
    "a body in a header": f"HTTP/1.1 200 OK\r\nX: a\x00{PLAINTEXT}\r\n\r\n".encode(),
    "a body in place of a length": f"HTTP/1.1 200 OK\r\nContent-Length: {PLAINTEXT}\r\n\r\n".encode(),
    "a body in place of a chunk": f"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{PLAINTEXT}\r\n".encode(),
    "a body in a coding": f"HTTP/1.1 200 OK\r\nTransfer-Encoding: {PLAINTEXT}\r\n\r\n".encode(),
    "a body behind a short one": raw([("Content-Length", "5")], json.dumps({"Plaintext": PLAINTEXT}).encode()),
    "a reason": f"HTTP/1.1 502 {PLAINTEXT}\r\nContent-Length: 0\r\n\r\n".encode(),
}


@pytest.mark.parametrize("script", GARBAGE.values(), ids=GARBAGE)
def test_no_error_repeats_the_bytes_that_came(client_of: Callable[..., Any], script: bytes) -> None:
    """The libraries below quote what they cannot read; none of that is in an error of ours, nor behind one."""
    with ScriptedServer(replying(script)) as server:
        with pytest.raises(errors.KMSLiteError) as caught:
            client_of(server).get_key_last_usage(KEY_ID)
        assert PLAINTEXT[8:24] not in shown_by(caught.value)
    gc.collect()
    gc.freeze()  # so that the next time has only its own to collect


ECHOES: dict[str, Callable[[str], str]] = {
    "as it is": lambda secret: f"it says {secret} there",
    "in a header": lambda secret: f"x-amz-security-token:{secret}",
    "in a canonical string": lambda secret: f"canonical string: {secret}\nhost:kms",
    "percent-encoded": lambda secret: f"token={quote(secret, safe='')}&x=1",
    "percent-encoded in small letters": lambda secret: f"token={quote(secret, safe='').lower()}",
    "percent-encoded twice": lambda secret: quote(quote(secret, safe=""), safe=""),
    "escaped as JSON": lambda secret: json.dumps({"t": secret}).replace("/", "\\/"),
    "in escapes of JSON": lambda secret: "".join(f"\\u{ord(c):04x}" for c in secret),
    "in entities of HTML": lambda secret: "".join(f"&#{ord(c)};" for c in secret),
    "twice": lambda secret: secret + secret,
}


@pytest.mark.parametrize("secret", [TOKEN, SIGNED.secret_access_key])
@pytest.mark.parametrize("echo", ECHOES.values(), ids=ECHOES)
@pytest.mark.parametrize("place", ["message", "Message", "__type", "Reason", "deep"])
def test_a_secret_that_is_repeated_is_shown_by_nothing(
    echo: Callable[[str], str], secret: str, place: str
) -> None:
    """Whatever a server repeats of the request's secrets, in whichever form and member, no error shows it."""
    told: dict[str, Any] = {"__type": "InvalidSignatureException", place: echo(secret)}
    if place == "deep":
        told = {"__type": "X", "Details": [{echo(secret): [echo(secret)]}]}
    handler = httpx.MockTransport(lambda _: httpx.Response(400, json=told, headers={"x-amzn-RequestId": secret}))
    with open_way("sync") as way:
        options = {"region": "us-east-2", "credentials": SIGNED, "environ": {}, "retry": ONCE}
        client = way.client(**options, http_client=way.http_client(transport=handler))
        with pytest.raises(errors.ServiceError) as caught:
            client.get_key_last_usage(KEY_ID)
    shown = shown_by(caught.value)
    for form in {secret, quote(secret, safe=""), quote(secret, safe="").lower(), secret.lower()}:
        assert form not in shown
    assert secret not in json.dumps(dict(caught.value.members))


class TestQuoting:
    """What may be quoted of a text from elsewhere."""

    @given(st.text(alphabet="abc/+=%\\\"'<é", min_size=8, max_size=20), st.text(max_size=20), st.text(max_size=20))
    def test_no_secret_is_left(self, secret: str, before: str, after: str) -> None:
        """Whatever stands around it, and whichever of the known forms it has, a secret goes."""
        for form in (secret, quote(secret, safe=""), json.dumps(secret)[1:-1]):
            assert secret not in redact(f"{before}{form}{after}", [secret])

    def test_the_rest_stays(self) -> None:
        """What stands around a secret is told all the same."""
        assert redact(f"The token {TOKEN} has expired.", [TOKEN]) == f"The token {REDACTED} has expired."
        assert redact("nothing of it", [TOKEN, "", "short"]) == "nothing of it"

    def test_a_value_is_shown_that_holds_nothing_else(self) -> None:
        """A short word, or several, is; what assigns something, or is long enough for a key, is not."""
        assert [shown(value) for value in ("us-esat-1", "my prod", "")] == ["'us-esat-1'", "'my prod'", "''"]
        for value in (f"us-east-1 aws_secret_access_key = {TOKEN}", "a" * 40, "x\ny", "key=x"):
            assert shown(value) == f"a value of {len(value)} characters"

    @given(st.text())
    def test_nothing_unprintable_is_left(self, text: str) -> None:
        """No letter moves a cursor, begins a line or turns the direction of writing; plain texts stay."""
        assert printable(text).isprintable()
        assert printable(text) == text or not text.isprintable()


def test_odd_letters_make_no_line_of_their_own(
    client_of: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    """A request id or a message with line ends and escapes stays on its line, in the log and in the error."""
    caplog.set_level(logging.DEBUG, logger="awskms_lite")
    body = error_body("NotFoundException", ODD)
    headers = [("Content-Length", str(len(body))), ("x-amzn-RequestId", "id-\x1b[31m\x1c-\x85")]
    script = replying(raw(headers, body, 400))
    with ScriptedServer(script) as server, pytest.raises(errors.NotFoundException) as caught:
        client_of(server).get_key_last_usage(KEY_ID)
    for text in (str(caught.value), caught.value.message, *caplog.messages):
        assert text.isprintable(), text
    assert "\\x1b[31m\\x1c-\\x85" in (caught.value.request_id or "")


def test_the_line_of_a_failed_call_names_the_error(
    client_of: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever reads the log alone knows which error an attempt ended in."""
    caplog.set_level(logging.DEBUG, logger="awskms_lite")
    script = replying(answer(error_body("NotFoundException"), 400))
    with ScriptedServer(script) as server, pytest.raises(errors.NotFoundException):
        client_of(server).get_key_last_usage(KEY_ID)
    (line,) = caplog.messages
    assert "HTTP 400" in line
    assert "NotFoundException" in line


class Foreign(Exception):
    """What another library raises."""


@pytest.mark.parametrize(
    "raised",
    [Foreign(TOKEN), OSError(104, TOKEN), RuntimeError(TOKEN), KeyError(TOKEN), EOFError(), TimeoutError()],
)
def test_whatever_a_given_client_raises_is_an_error_of_ours(way: Way, raised: Exception) -> None:
    """A client's own failure is a TransportError that names its class and holds nothing of it, and may pass."""

    def fail(_: httpx.Request) -> httpx.Response:
        raise raised

    http_client = way.http_client(transport=httpx.MockTransport(fail))
    options = {"region": "us-east-2", "credentials": CREDENTIALS, "environ": {}, "http_client": http_client}
    with pytest.raises(errors.TransportError, match=type(raised).__name__) as caught:
        way.client(**options).get_key_last_usage(KEY_ID)
    assert caught.value.attempts == 3
    assert TOKEN not in shown_by(caught.value)
    assert list(chain(caught.value)) == [caught.value]


def test_a_hook_that_reads_takes_no_answer_from_another(way: Way) -> None:
    """A given client may read an answer in a hook: then its connection serves others, and is left alone."""

    def echoing(line: ServedConnection) -> None:
        while (request := line.request()) is not None:
            line.send(answer(request.partition(b"\r\n\r\n")[2]))

    def read(response: httpx.Response) -> None:
        response.read()

    async def aread(response: httpx.Response) -> None:
        await response.aread()

    with ScriptedServer(echoing) as server:
        http_client = way.http_client(trust_env=False, event_hooks={"response": [read if way.is_sync else aread]})
        options = {"region": "us-east-2", "credentials": CREDENTIALS, "environ": {}, "http_client": http_client}
        client = way.client(endpoint_url=server.url, **options)
        for key in (KEY_ID, KEY_ID.replace("1", "2")):
            assert client.get_key_last_usage(key).key_id == key
        assert server.connections == 1


def test_a_request_id_that_is_empty_is_none(client_of: Callable[..., Any]) -> None:
    """Two answers without a request id are no copies of each other."""
    with ScriptedServer(replying(answer(headers={"x-amzn-RequestId": ""}))) as server:
        client = client_of(server)
        assert [client.get_key_last_usage(KEY_ID).key_id for _ in range(3)] == [KEY_ID] * 3


def test_a_large_error_costs_one_look(way: Way) -> None:
    """The members of an error are looked through as a whole: a server cannot make much work of many small ones."""
    told = {"__type": "ValidationException", "x": ["a"] * 100_000, "y": {TOKEN: 1}}
    for members, kept in ((told, {}), ({**told, "y": 1}, {"x": told["x"], "y": 1})):
        body = json.dumps(members).encode()
        error = decode_error(400, {}, body, secrets=[TOKEN, SIGNED.secret_access_key])
        assert dict(error.members) == kept


def test_an_assertion_of_a_test_goes_up_as_it_is(way: Way) -> None:
    """A mock that looks at its requests says itself what is wrong with one."""

    def look(_: httpx.Request) -> httpx.Response:
        raise AssertionError("this request was not expected")

    http_client = way.http_client(transport=httpx.MockTransport(look))
    options = {"region": "us-east-2", "credentials": CREDENTIALS, "environ": {}, "http_client": http_client}
    with pytest.raises(AssertionError, match="was not expected"):
        way.client(**options).get_key_last_usage(KEY_ID)


def test_metadata_through_a_given_client_says_so(way: Way) -> None:
    """Where a given client brings no credentials of a container, the error says how to go round its proxy."""
    http_client = way.http_client(transport=httpx.MockTransport(lambda _: httpx.Response(403)))
    environ = {"AWS_REGION": "us-east-2", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/keys"}
    with pytest.raises(errors.CredentialsError, match=r"mounts=.*169\.254\.170\.2.*NO_PROXY"):
        way.client(environ=environ, http_client=http_client).resolve_credentials()


def test_decode_error_takes_secrets_out_by_itself() -> None:
    """The public function does so for whoever has an answer in hand."""
    error = decode_error(400, {"X-Amzn-RequestId": f"r-{TOKEN}"}, error_body("X", f"no {TOKEN}"), secrets=[TOKEN])
    assert (error.message, error.request_id) == (f"no {REDACTED}", f"r-{REDACTED}")
