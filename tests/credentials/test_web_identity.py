"""Web identity, driven by hand: the token file, the role, and what is wrong with either."""

from typing import Any
from urllib.parse import parse_qs

import pytest
from hypothesis import given, strategies as st
from support.flow_world import World

from awskms_lite.credentials import web_identity
from awskms_lite.credentials.source import NotConfigured, Resolved
from awskms_lite.errors import ConfigurationError, CredentialsError, KMSLiteError
from awskms_lite.identity import Credentials
from awskms_lite.service_clock import ServiceClock
from awskms_lite.settings import resolve_settings
from awskms_lite.steps import Read, Response, Send

NOW = 1_790_000_000.0
ROLE = "arn:aws:iam::111122223333:role/Pod"
PATH = "/var/run/secrets/token"
TOKEN = "header.payload-of.the_token"
ENVIRON = {"AWS_WEB_IDENTITY_TOKEN_FILE": PATH, "AWS_ROLE_ARN": ROLE}
STS = ("POST", "https://sts.us-east-2.amazonaws.com")
ANSWER = Response(
    200,
    {},
    b"<A><Credentials><AccessKeyId>ASIAPOD</AccessKeyId><SecretAccessKey>secret-of-the-pod</SecretAccessKey>"
    b"<SessionToken>token-of-the-pod</SessionToken><Expiration>2030-01-02T03:04:05Z</Expiration></Credentials>"
    b"<AssumedRoleUser><Arn>arn:aws:sts::111122223333:assumed-role/Pod/x</Arn></AssumedRoleUser></A>",
)


def world(
    content: bytes | KMSLiteError | None = b"header.payload-of.the_token", answer: Response = ANSWER
) -> World:
    return World(files={} if content is None else {PATH: content}, answers={STS: answer})


def load(world: World, environ: dict[str, str] | None = None) -> Resolved:
    settings = resolve_settings(ENVIRON if environ is None else environ, {}, region="us-east-2")
    return world.play(web_identity.load(settings, ServiceClock(lambda: NOW), lambda: 1.0))


def refusal(world: World, environ: dict[str, str] | None = None) -> str:
    """Return the text of the error that this ends in; it names the source and holds no token."""
    with pytest.raises(CredentialsError) as caught:
        load(world, environ)
    assert str(caught.value).startswith("web identity: ")
    assert TOKEN not in f"{caught.value}{caught.value.__cause__}"
    return str(caught.value)


def test_the_token_of_the_file_gets_the_role() -> None:
    """First the file is read, then its trimmed token goes to STS, unsigned."""
    there = world(f" {TOKEN}\r\n".encode())
    found = load(there)
    assert isinstance(found, Credentials)
    assert (found.access_key_id, found.account_id, found.source) == ("ASIAPOD", "111122223333", "web identity")
    read, send = there.steps
    assert read == Read(PATH)
    assert isinstance(send, Send)
    form = parse_qs(send.request.body.decode())
    assert (form["RoleArn"], form["WebIdentityToken"]) == ([ROLE], [TOKEN])
    assert form["RoleSessionName"] == ["awskms-lite-1790000000"]
    assert "Authorization" not in dict(send.request.headers)


def test_the_file_is_read_anew_each_time() -> None:
    """What renews the token renews it in the file, so nothing of it is kept."""
    there = world()
    load(there)
    there.files[PATH] = b"another.token"
    load(there)
    assert b"WebIdentityToken=another.token" in there.requests[-1].body


def test_the_environment_may_name_the_session() -> None:
    """AWS_ROLE_SESSION_NAME names the session."""
    there = world()
    load(there, {**ENVIRON, "AWS_ROLE_SESSION_NAME": "pod-7"})
    assert b"RoleSessionName=pod-7" in there.requests[0].body


@pytest.mark.parametrize("environ", [{}, {"AWS_ROLE_ARN": ROLE}, {**ENVIRON, "AWS_WEB_IDENTITY_TOKEN_FILE": " "}])
def test_without_a_token_file_it_is_passed_over(environ: dict[str, str]) -> None:
    """A role alone means nothing here, and blank counts as missing."""
    there = world()
    assert load(there, environ) == NotConfigured("AWS_WEB_IDENTITY_TOKEN_FILE is not set")
    assert there.steps == []


@pytest.mark.parametrize("role", [{}, {"AWS_ROLE_ARN": "\t"}])
def test_a_token_file_without_a_role_is_an_error(role: dict[str, str]) -> None:
    """Half a configuration is a mistake: the text names both variables."""
    text = refusal(world(), {"AWS_WEB_IDENTITY_TOKEN_FILE": PATH, **role})
    assert "AWS_WEB_IDENTITY_TOKEN_FILE is set and AWS_ROLE_ARN is not: set both" in text


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, f"the token file {PATH} does not exist"),
        (b"", f"the token file {PATH} is empty"),
        (b" \r\n", f"the token file {PATH} is empty"),
        (ConfigurationError(f"{PATH} cannot be read: check its permissions."), "check its permissions"),
        (f"{TOKEN}\r\nX-Evil: 1".encode(), "such as a line end or a space"),
        (f"{TOKEN}\n{TOKEN}".encode(), "such as a line end or a space"),
        (f"{TOKEN} {TOKEN}".encode(), "such as a line end or a space"),
        (f"{TOKEN}\0".encode(), "one token and nothing else"),
        (f"{TOKEN}\xe9".encode(), f"is not ASCII from byte {len(TOKEN)} on"),
        (TOKEN.encode("utf-16"), "is not ASCII from byte 0 on"),
    ],
)
def test_a_file_without_a_token_is_an_error(content: Any, why: str) -> None:
    """Missing, empty, unreadable, or more than a token: the text names the file, and nothing is sent."""
    there = world(content)
    assert why in refusal(there)
    assert there.requests == []


def test_a_role_that_is_refused_is_an_error() -> None:
    """An expired token ends in an error that names the role, STS's code and what to do."""
    body = f"<E><Error><Code>ExpiredToken</Code><Message>Token {TOKEN} expired</Message></Error></E>"
    text = refusal(world(answer=Response(400, {}, body.encode())))
    assert f"the role {ROLE} cannot be assumed" in text
    assert "ExpiredToken: Token *** expired (HTTP 400). Get new credentials" in text


def test_a_key_that_could_not_sign_is_an_error() -> None:
    """Keys with a stray character are not handed out."""
    answer = Response(200, {}, ANSWER.body.replace(b"ASIAPOD", b"ASIA POD"))
    with pytest.raises(CredentialsError, match=r"access key id \(web identity\)"):
        load(world(answer=answer))


def test_a_profile_may_name_all_of_it() -> None:
    """Token file, role, session name and source may be given instead of being read from variables."""
    settings = resolve_settings({"AWS_ROLE_SESSION_NAME": "unused"}, {}, region="us-east-2")
    there = World(
        files={"/token": TOKEN.encode()}, answers={("POST", "https://sts.us-east-2.amazonaws.com"): ANSWER}
    )
    flow = web_identity.exchange(
        settings,
        "/token",
        ROLE,
        ServiceClock(lambda: NOW),
        lambda: 1.0,
        session_name="me",
        source="profile pod",
    )
    assert there.play(flow).source == "profile pod"
    assert b"RoleSessionName=me" in there.requests[0].body


@given(st.binary(), st.binary())
def test_any_file_and_any_answer_end_in_an_error_of_ours(content: bytes, body: bytes) -> None:
    """Whatever stands in the file and whatever STS answers, no foreign exception comes out."""
    for file in (content, b"token"):
        with pytest.raises(KMSLiteError):
            load(world(file, Response(200, {}, body)))
