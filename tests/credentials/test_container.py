"""The container's endpoint, driven by hand: which URLs may be asked, what is shown there, what may come back."""

import json
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import example, given, strategies as st
from support.flow_world import Answer, World

from awskms_lite.credentials import container
from awskms_lite.credentials.source import NotConfigured, Resolved
from awskms_lite.errors import ConfigurationError, ConnectError, CredentialsError, KMSLiteError, TimeoutError
from awskms_lite.identity import Credentials
from awskms_lite.steps import Read, Request, Response, Send, Sleep

RELATIVE, FULL = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"
TOKEN_FILE, TOKEN = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "AWS_CONTAINER_AUTHORIZATION_TOKEN"
URL = "http://169.254.170.2/v2/credentials/id-of-the-task"
TASK = {RELATIVE: "/v2/credentials/id-of-the-task"}
KEYS: dict[str, Any] = {
    "RoleArn": "arn:aws:iam::111122223333:role/Task",
    "AccessKeyId": "ASIATASK",
    "SecretAccessKey": "secret-of-the-task",
    "Token": "token-of-the-task",
    "Expiration": "2030-01-02T03:04:05Z",
    "AccountId": "111122223333",
}
SECRETS = ("secret-of-the-task", "token-of-the-task", "id-of-the-task", "Bearer", "shown")


def answer(keys: object = KEYS, status: int = 200) -> Response:
    return Response(status, {}, json.dumps(keys).encode())


def world(*answers: Answer, url: str = URL, **files: Any) -> World:
    return World(
        answers={("GET", url): answers or (answer(),)}, files={f"/{name}": text for name, text in files.items()}
    )


def load(world: World, environ: dict[str, str] | None = None) -> Resolved:
    return world.play(container.load(TASK if environ is None else environ, lambda: 1.0))


def asked(full_uri: str) -> bool:
    """Return whether a full URI is asked; one that is not is an error before anything is sent."""
    there = world(url=full_uri)
    with suppress(ConfigurationError):
        load(there, {FULL: full_uri})
    return [request.url for request in there.requests] == [full_uri]


def refusal(there: World, environ: dict[str, str] | None = None) -> str:
    """Return the text of the error that this ends in; it names the source and holds no secret."""
    with pytest.raises(CredentialsError) as caught:
        load(there, environ)
    text = str(caught.value)
    assert "container" in text
    assert not any(secret in f"{text}{caught.value.__cause__}" for secret in SECRETS)
    return text


def test_the_endpoint_gives_credentials() -> None:
    """One request, never through a proxy and soon given up, brings keys, account and expiry."""
    there = world()
    assert load(there) == Credentials(
        "ASIATASK",
        "secret-of-the-task",
        "token-of-the-task",
        account_id="111122223333",
        expires_at=datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC),
        source="container",
    )
    headers = [("Accept", "application/json"), ("Accept-Encoding", "identity")]
    assert there.steps == [Send(Request("GET", URL, headers), 2.0, direct=True)]


@pytest.mark.parametrize("environ", [{}, {RELATIVE: " ", FULL: ""}, {TOKEN: "shown"}])
def test_without_a_uri_it_is_passed_over(environ: dict[str, str]) -> None:
    """The source is not set up by anything else, and blank counts as missing."""
    assert load(World(), environ) == NotConfigured(f"neither {RELATIVE} nor {FULL} is set")


def test_the_relative_uri_goes_first() -> None:
    """With both, the full one is not even looked at; a query is part of the URI."""
    there = world(url="http://169.254.170.2/credentials?a=1&b=%2F")
    load(there, {RELATIVE: " /credentials?a=1&b=%2F ", FULL: "http://foreign.example/"})
    assert len(there.requests) == 1


@pytest.mark.parametrize(
    "uri",
    [
        "credentials",
        "@foreign.example/",
        ".foreign.example/",
        ":80@foreign.example",
        "/a b",
        "/a#b",
        "/a\r\nX: 1",
        "/ü",
    ],
)
def test_a_relative_uri_that_is_no_path_is_refused(uri: str) -> None:
    """It is put behind the host, so it has to begin with a slash or it would become part of it."""
    with pytest.raises(ConfigurationError, match=RELATIVE):
        load(World(), {RELATIVE: uri})


@pytest.mark.parametrize(
    "url",
    [
        "https://keys.example/credentials",
        "https://mypersonalsite",
        "https://192.0.2.1:8443/",
        "https://[2001:db8::1]/credentials",
        "HTTPS://Keys.Example/",
        "http://localhost:8080/credentials",
        "http://LocalHost",
        "http://localhost?role=x",
        "http://127.0.0.1/",
        "http://127.255.255.254:65535/get-credentials",
        "http://[::1]:8080/",
        "http://[0:0:0:0:0:0:0:1]/",
        "http://169.254.170.2/v2",
        "http://169.254.170.23/v1/credentials",
        "http://[fd00:ec2::23]/v1/credentials",
        "http://[FD00:0EC2:0::0:23]:80/v1/credentials",
    ],
)
def test_a_full_uri_that_may_be_asked(url: str) -> None:
    """Any host over https; over plain http this machine, and the addresses of ECS and EKS."""
    assert asked(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://keys.example/credentials",
        "http://192.168.10.120/",
        "http://169.254.169.254/latest",
        "http://169.254.170.24/",
        "http://169.254.171.2/",
        "http://128.0.0.1/",
        "http://0.0.0.0/",
        "http://[::]/",
        "http://[fd00:ec2::2]/",
        "http://[fd00:ec2::254]/",
        "http://[2001:db8::1]/",
        "http://localhost.foreign.example/",
        "http://127.0.0.1.foreign.example/",
        "http://169.254.170.2.foreign.example/",
        "http://foreign.example/localhost",
        "http://foreign.example?127.0.0.1",
        "http://[::ffff:127.0.0.1]/",
        "http://[::127.0.0.1]/",
        "http://2130706433/",
        "http://0x7f000001/",
        "http://127.1/",
        "http://0x7f.0.0.1/",
    ],
)
def test_a_foreign_host_over_http_is_refused(url: str) -> None:
    """Anyone on the way could read the keys; an unusual spelling of an address gets nobody in."""
    with pytest.raises(ConfigurationError, match=r"another machine over http.*Use https") as caught:
        load(World(), {FULL: url})
    assert url not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "/credentials",
        "localhost:8080/credentials",
        "ftp://localhost/",
        "file:///etc/passwd",
        "http:///credentials",
        "http:localhost",
        "http://localhost@foreign.example/",
        "http://localhost:80@foreign.example/",
        "http://user:pass@localhost/",
        "http://foreign.example\\@localhost/",
        "http://localhost\\.foreign.example/",
        "http://localhost#@foreign.example/",
        "http://localhost%2eforeign.example/",
        "http://localhost%00/",
        "http://127.0.0.1%23.foreign.example/",
        "http://[::1%25eth0]/",
        "http://[::1].foreign.example/",
        "http://[::1]foreign.example/",
        "http://[localhost]/",
        "http://[::::]/",
        "http://::1/",
        "http://127.0.0.01/",
        "http://0177.0.0.1/",
        "https://999.1.1.1/",
        "http://localhost:0/",
        "http://localhost:65536/",
        "http://localhost:port/",
        "http://localhost:/",
        "http://localhost./",
        "https://a..b/",
        "https://.../",
        f"https://{'a' * 64}.example/",
        f"https://{'a.' * 127}example/",
        f"http://localhost/{'a' * 4096}",
        "http://localho\u017ft/",
        "http://\u24d5oreign.example/",
        "http://local host/",
        "http://localhost/a b",
        "http://localhost/a\r\nX-Evil: 1",
        "http://localhost/\\..\\..",
    ],
)
def test_a_full_uri_that_is_none_is_refused(url: str) -> None:
    """What two readers could understand in two ways is asked by none; the text does not repeat it."""
    with pytest.raises(ConfigurationError, match=r"is not a valid URL: set one like http://localhost") as caught:
        load(World(), {FULL: url})
    assert url not in str(caught.value)


@given(st.text(":/@.[]\\#?%0127ahlost", max_size=30))
@example("localhost")
def test_no_spelling_leads_elsewhere(rest: str) -> None:
    """A URL that is asked over http has a host of the list, as the HTTP library reads it."""
    import httpx

    url = f"http://{rest}"
    if asked(url):
        host = httpx.URL(url).host
        assert host in ("localhost", "::1", "169.254.170.2") or host.startswith("127.")


def test_the_tokens_variable_is_shown() -> None:
    """The value is the whole header, scheme and space included."""
    there = world()
    load(there, {**TASK, TOKEN: " Bearer shown "})
    assert dict(there.requests[0].headers)["Authorization"] == "Bearer shown"


def test_the_tokens_file_goes_before_the_variable_and_is_read_anew() -> None:
    """What renews the token renews it in the file, so nothing of it is kept."""
    there = world(token=b"shown")
    environ = {**TASK, TOKEN: "unused", TOKEN_FILE: " /token "}
    load(there, environ)
    there.files["/token"] = b"shown next"
    load(there, environ)
    assert there.steps[0] == Read("/token")
    assert [dict(request.headers)["Authorization"] for request in there.requests] == ["shown", "shown next"]


@pytest.mark.parametrize("blank", ["", " ", "\r\n"])
def test_a_blank_token_is_none(blank: str) -> None:
    """A variable that is set to nothing is not set."""
    there = world()
    load(there, {**TASK, TOKEN: blank, TOKEN_FILE: blank})
    assert "Authorization" not in dict(there.requests[0].headers)


@pytest.mark.parametrize(
    "token", ["shown\n", "shown\r\n", "shown\r\nX-Evil: 1", "\nshown", "shown\0", "sh\town", "shöwn"]
)
def test_a_token_that_could_not_stand_in_a_header_is_refused(token: str) -> None:
    """A line end anywhere in it, or another character of that kind: the text says where it stands and no more."""
    there = world()
    assert f"the token in {TOKEN} holds a line end" in refusal(there, {**TASK, TOKEN: token})
    assert there.steps == []


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "the token file /token does not exist"),
        (b"", "the token file /token is empty"),
        (b"\n", "the token file /token is empty"),
        (ConfigurationError("/token cannot be read: check its permissions."), "check its permissions"),
        (b"shown\n", f"the token in {TOKEN_FILE} (/token) holds a line end"),
        (b"shown\r\nX-Evil: 1", "holds a line end"),
        (b"shown\xff", "is not ASCII from byte 5 on"),
    ],
)
def test_a_file_without_a_token_is_an_error(content: Any, why: str) -> None:
    """Missing, empty, unreadable or with a line end: nothing is sent, though the variable holds a token."""
    there = world() if content is None else world(token=content)
    assert why in refusal(there, {**TASK, TOKEN_FILE: "/token", TOKEN: "unused"})
    assert there.requests == []


def test_a_trouble_that_passes_is_tried_again() -> None:
    """A failure of the server, throttling and a broken connection are tried again, three times in all."""
    there = world(answer({}, 500), TimeoutError("too late"), answer())
    assert isinstance(load(there), Credentials)
    assert [step.seconds for step in there.steps if isinstance(step, Sleep)] == [0.05, 0.1]
    there = world(answer({}, 429), answer({}, 503))
    assert "answered with HTTP 503: try again later" in refusal(there)
    assert len(there.requests) == 3


def test_an_endpoint_that_cannot_be_reached_is_an_error() -> None:
    """It was set up, so silence is no reason to look elsewhere; the failure is chained."""
    there = world(ConnectError("No connection. Check the endpoint."))
    assert "container (http://169.254.170.2) cannot be reached: No connection. Check the endpoint." in refusal(
        there
    )


@pytest.mark.parametrize(
    ("status", "environ", "remedy"),
    [
        (400, {}, "check the URL, and that the task or pod has a role"),
        (404, {TOKEN: "Bearer shown"}, "check the URL"),
        (302, {}, "check the URL"),
        (401, {}, "the request had no token"),
        (403, {TOKEN: "Bearer shown"}, f"check the token of {TOKEN_FILE} or {TOKEN}"),
    ],
)
def test_a_refusal_has_its_code_and_a_remedy(status: int, environ: dict[str, str], remedy: str) -> None:
    """The text has the status and the endpoint's code, but not its message: that may repeat what was shown."""
    text = refusal(
        world(answer({"code": "NoIdInRequest", "message": "Bearer shown"}, status)), {**TASK, **environ}
    )
    assert f"answered with HTTP {status} (NoIdInRequest): {remedy}" in text


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b'{"code":1}', b'{"code":"no code"}', b'{"code":"shown"}']
)
def test_a_code_that_is_none_is_not_shown(body: bytes) -> None:
    """What is no code, or part of the token, is left out."""
    text = refusal(world(Response(400, {}, body)), {**TASK, TOKEN: "Bearer shown"})
    assert "answered with HTTP 400: check" in text


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"AccessKeyId": None}, "access key id"),
        ({"AccessKeyId": ""}, "access key id"),
        ({"SecretAccessKey": 17}, "secret access key"),
        ({"Token": "token-of-the-task\r\nX-Evil: 1"}, "session token"),
        ({"Token": ["token-of-the-task"]}, "session token"),
        ({"Expiration": "token-of-the-task"}, "not an ISO 8601 time"),
        ({"Expiration": 1893456000}, "not an ISO 8601 time"),
        ({"Expiration": None}, "a token without an Expiration"),
    ],
)
def test_keys_that_are_none_are_an_error(changes: dict[str, Any], why: str) -> None:
    """A part that is missing or malformed is named, and not shown."""
    text = refusal(world(answer({**KEYS, **changes})))
    assert why in text
    assert text.endswith("Check which server answers there.")


@pytest.mark.parametrize("body", [b"", b"no JSON: token-of-the-task", b"[]", b"\xff", b"[" * 100_000, b'"x"'])
def test_a_success_that_is_no_object_is_an_error(body: bytes) -> None:
    """Another format is refused, and not repeated."""
    assert "JSON" in refusal(world(Response(200, {}, body)))


def test_keys_without_a_token_do_not_expire() -> None:
    """Plain keys need neither token nor expiry, and an account that is no text is left out."""
    plain = {name: KEYS[name] for name in ("AccessKeyId", "SecretAccessKey")}
    found = load(world(answer({**plain, "AccountId": 111122223333})))
    assert found == Credentials("ASIATASK", "secret-of-the-task", source="container")


@given(
    st.sampled_from([200, 400, 500]),
    st.binary()
    | st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.dictionaries(st.sampled_from([*KEYS, "code"]) | st.text(), inner) | st.lists(inner),
    ).map(lambda value: json.dumps(value).encode()),
)
def test_any_answer_is_credentials_or_an_error_of_ours(status: int, body: bytes) -> None:
    """Whatever the endpoint answers, no foreign exception comes out."""
    with suppress(KMSLiteError):
        assert isinstance(load(world(Response(status, {}, body))), Credentials)
