"""Instance metadata, driven by hand: the three requests, where they go, and what each answer means."""

import json
import re
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, strategies as st
from support.flow_world import Answer, World

from awskms_lite.credentials import instance
from awskms_lite.credentials.source import ATTEMPTS, NotConfigured, Resolved
from awskms_lite.errors import (
    ConfigurationError,
    ConnectError,
    ConnectTimeoutError,
    CredentialsError,
    KMSLiteError,
    ProtocolError,
    TimeoutError,
)
from awskms_lite.identity import Credentials
from awskms_lite.settings import resolve_settings
from awskms_lite.steps import Request, Response, Send, Sleep

ENDPOINT, MODE = "AWS_EC2_METADATA_SERVICE_ENDPOINT", "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE"
FOUR, SIX = "http://169.254.169.254", "http://[fd00:ec2::254]"
ROLES = "/latest/meta-data/iam/security-credentials/"
TOKEN = Response(200, {}, b"imds-token==")
ROLE = Response(200, {}, b"Web-Role_1+=,.@")
KEYS: dict[str, Any] = {
    "Code": "Success",
    "LastUpdated": "2026-01-02T03:04:05Z",
    "Type": "AWS-HMAC",
    "AccessKeyId": "ASIAINSTANCE",
    "SecretAccessKey": "secret-of-the-instance",
    "Token": "token-of-the-instance",
    "Expiration": "2030-01-02T03:04:05Z",
}
SECRETS = ("imds-token", "secret-of-the-instance", "token-of-the-instance")
UNAUTHORIZED, UNAVAILABLE = Response(401, {}, b"imds-token"), Response(503, {}, b"imds-token")


def keys(**changes: Any) -> Response:
    return Response(200, {}, json.dumps({**KEYS, **changes}).encode())


def world(
    token: Answer | list[Answer] = TOKEN,
    role: Answer | list[Answer] = ROLE,
    credentials: Answer | list[Answer] | None = None,
    endpoint: str = FOUR,
) -> World:
    return World(
        answers={
            ("PUT", f"{endpoint}/latest/api/token"): token,
            ("GET", endpoint + ROLES): role,
            ("GET", f"{endpoint}{ROLES}Web-Role_1+=,.@"): keys() if credentials is None else credentials,
        }
    )


def load(world: World, environ: dict[str, str] | None = None, profile: dict[str, str] | None = None) -> Resolved:
    settings = resolve_settings(environ or {}, {"default": {**(profile or {})}}, region="us-east-2")
    return world.play(instance.load(settings, lambda: 1.0))


def reason(there: World, environ: dict[str, str] | None = None) -> str:
    """Return why the source was passed over."""
    found = load(there, environ)
    assert isinstance(found, NotConfigured)
    return found.reason


def refusal(there: World) -> str:
    """Return the text of the error that this ends in; it names the source and holds no secret."""
    with pytest.raises(CredentialsError) as caught:
        load(there)
    text = f"{caught.value}{caught.value.__cause__}"
    assert "EC2 instance metadata" in text
    assert not any(secret in text for secret in SECRETS)
    return str(caught.value)


def test_three_requests_give_credentials() -> None:
    """A token, the role's name, its credentials: never through a proxy, a second for each, no other step."""
    there = world()
    assert load(there) == Credentials(
        "ASIAINSTANCE",
        "secret-of-the-instance",
        "token-of-the-instance",
        expires_at=datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC),
        source="EC2 instance metadata",
        static_stability=True,
    )
    shown = [("x-aws-ec2-metadata-token", "imds-token==")]
    life = [("x-aws-ec2-metadata-token-ttl-seconds", "21600")]
    assert there.steps == [
        Send(Request("PUT", f"{FOUR}/latest/api/token", life), 1.0, direct=True),
        Send(Request("GET", FOUR + ROLES, shown), 1.0, direct=True),
        Send(Request("GET", f"{FOUR}{ROLES}Web-Role_1+=,.@", shown), 1.0, direct=True),
    ]


LIMITS = ("metadata_service_timeout", "metadata_service_num_attempts")


@pytest.mark.parametrize(
    ("environ", "profile", "timeout", "attempts"),
    [
        ({"AWS_METADATA_SERVICE_TIMEOUT": "5"}, {}, 5.0, ATTEMPTS),
        ({"AWS_METADATA_SERVICE_TIMEOUT": " 0.5 "}, {LIMITS[0]: "7"}, 0.5, ATTEMPTS),
        ({"AWS_METADATA_SERVICE_TIMEOUT": " "}, {LIMITS[0]: "7"}, 7.0, ATTEMPTS),
        ({"AWS_METADATA_SERVICE_NUM_ATTEMPTS": "1"}, {LIMITS[1]: "5"}, 1.0, 1),
        ({}, {LIMITS[1]: "5", LIMITS[0]: "2"}, 2.0, 5),
    ],
)
def test_time_and_number_of_attempts_can_be_set(
    environ: dict[str, str], profile: dict[str, str], timeout: float, attempts: int
) -> None:
    """Variable before profile; both hold for each of the three requests."""
    there = world(token=UNAVAILABLE)
    with pytest.raises(CredentialsError, match="try again later"):
        load(there, environ, profile)
    assert [step.timeout for step in there.steps if isinstance(step, Send)] == [timeout] * attempts
    there = world(credentials=UNAVAILABLE)
    with pytest.raises(CredentialsError, match="try again later"):
        load(there, environ, profile)
    assert [step.timeout for step in there.steps if isinstance(step, Send)] == [timeout] * (2 + attempts)


@pytest.mark.parametrize("value", ["0", "0.0", "-1", "one", "1e3", "nan", "inf", "1" * 400])
@pytest.mark.parametrize("name", LIMITS)
def test_a_limit_that_is_none_is_an_error(name: str, value: str) -> None:
    """The text says where it was set and what it takes; where the service is not asked nobody minds."""
    for environ, profile in (({f"AWS_{name.upper()}": value}, {}), ({}, {name: value})):
        there = world()
        with pytest.raises(ConfigurationError, match=rf"(?i){name}.* set it to a number \("):
            load(there, environ, profile)
        assert there.steps == []
        assert isinstance(load(there, {**environ, "AWS_EC2_METADATA_DISABLED": "true"}, profile), NotConfigured)
    with pytest.raises(ConfigurationError):
        load(world(), {"AWS_METADATA_SERVICE_NUM_ATTEMPTS": "1.5"})


@pytest.mark.parametrize("value", ["true", "True", " TRUE "])
def test_it_can_be_switched_off(value: str) -> None:
    """The variable says true, in any case: nothing is sent, and no other setting is looked at."""
    there = world()
    assert (
        reason(there, {"AWS_EC2_METADATA_DISABLED": value, MODE: "error"}) == "AWS_EC2_METADATA_DISABLED is true"
    )
    assert there.steps == []


@pytest.mark.parametrize("value", ["", "false", "1"])
def test_nothing_else_switches_it_off(value: str) -> None:
    """Any other value does nothing."""
    assert isinstance(load(world(), {"AWS_EC2_METADATA_DISABLED": value}), Credentials)


PROFILE_ENDPOINT, PROFILE_MODE = "ec2_metadata_service_endpoint", "ec2_metadata_service_endpoint_mode"


@pytest.mark.parametrize(
    ("environ", "profile", "endpoint"),
    [
        ({}, {}, FOUR),
        ({MODE: "IPv4"}, {}, FOUR),
        ({MODE: "ipv6"}, {}, SIX),
        ({MODE: " IPV6 "}, {}, SIX),
        ({}, {PROFILE_MODE: "IPv6"}, SIX),
        ({MODE: "IPv6"}, {PROFILE_MODE: "IPv4"}, SIX),
        ({MODE: "IPv4"}, {PROFILE_MODE: "error"}, FOUR),
        ({MODE: " "}, {PROFILE_MODE: "IPv6"}, SIX),
        ({ENDPOINT: "http://override:456"}, {}, "http://override:456"),
        ({ENDPOINT: "http://override:456/ "}, {}, "http://override:456"),
        ({ENDPOINT: "http://override:456/path"}, {}, "http://override:456/path"),
        ({}, {PROFILE_ENDPOINT: "http://override:456"}, "http://override:456"),
        ({ENDPOINT: "http://[::1]:1"}, {PROFILE_ENDPOINT: "http://override:456"}, "http://[::1]:1"),
        ({ENDPOINT: "http://override:456", MODE: "IPv6"}, {}, "http://override:456"),
        ({MODE: "IPv6"}, {PROFILE_ENDPOINT: "http://override:456"}, "http://override:456"),
        ({ENDPOINT: ""}, {PROFILE_ENDPOINT: "http://override:456", PROFILE_MODE: "IPv6"}, "http://override:456"),
    ],
)
def test_the_endpoint_follows_the_settings(
    environ: dict[str, str], profile: dict[str, str], endpoint: str
) -> None:
    """An endpoint goes before a mode, the environment before the profile, and blank counts as missing."""
    assert isinstance(load(world(endpoint=endpoint), environ, profile), Credentials)


@pytest.mark.parametrize("endpoint", [{}, {ENDPOINT: "http://override"}])
@pytest.mark.parametrize("mode", ["error", "IPv5", "true"])
def test_a_mode_that_is_none_is_refused(mode: str, endpoint: dict[str, str]) -> None:
    """There are two modes; another is a mistake, also where an endpoint makes it idle, and the text says where."""
    there = world()
    with pytest.raises(ConfigurationError, match=rf"\({MODE}\) is '{mode}': set it to IPv4 or IPv6"):
        load(there, {MODE: mode, **endpoint})
    with pytest.raises(ConfigurationError, match=rf"\({PROFILE_MODE} of the profile default\) is 'x'"):
        load(there, endpoint, {PROFILE_MODE: "x"})
    assert there.steps == []


@pytest.mark.parametrize("endpoint", ["override", "ftp://override", "http://user@override", "http://override?x"])
def test_an_endpoint_that_is_none_is_refused(endpoint: str) -> None:
    """So is an endpoint that is no plain URL, named by the variable that it stands in."""
    with pytest.raises(ConfigurationError, match=rf"The endpoint of EC2 instance metadata \({ENDPOINT}\)"):
        load(world(), {ENDPOINT: endpoint})


@pytest.mark.parametrize(
    "failure",
    [ConnectError("refused"), ConnectTimeoutError("late"), TimeoutError("late"), ProtocolError("too long")],
)
def test_where_nobody_answers_is_no_instance(failure: KMSLiteError) -> None:
    """Silence is the answer everywhere but on EC2: where nobody is there, at once, else after a few attempts."""
    there = world(token=failure)
    why = f"({FOUR}: {type(failure).__name__})"
    assert reason(there) == f"not on an EC2 instance, or its metadata cannot be reached {why}"
    assert len(there.requests) == (1 if type(failure) is ConnectError else ATTEMPTS)


@pytest.mark.parametrize(
    ("status", "why"),
    [
        (403, "refuses a session token.* check the instance's metadata options"),
        (404, "refuses a session token.* or an agent answers in its place"),
        (405, "refuses a session token"),
        (302, "not the instance metadata service"),
    ],
)
def test_a_token_that_is_refused_is_no_instance(status: int, why: str) -> None:
    """Metadata that gives no token is passed over and told as such, and so is whatever else answers there."""
    there = world(token=Response(status, {}, b""))
    assert f"answered with HTTP {status}: " in reason(there)
    assert re.search(why, reason(there))


@pytest.mark.parametrize("trouble", [UNAUTHORIZED, UNAVAILABLE, Response(429, {}, b"")])
def test_a_token_is_asked_for_again(trouble: Response) -> None:
    """A trouble that passes is tried again after a short wait, three times in all."""
    there = world(token=[trouble, trouble, TOKEN])
    assert isinstance(load(there), Credentials)
    assert [step.seconds for step in there.steps if isinstance(step, Sleep)] == [0.05, 0.1]
    there = world(token=trouble)
    assert f"answered with HTTP {trouble.status}: try again later" in refusal(there)
    assert len(there.requests) == 3


@pytest.mark.parametrize("body", [b"", b"\n", b"two words", b"line\r\nX-Evil: 1", b"\xff", b"a" * 5000])
def test_a_token_that_could_not_stand_in_a_header_is_refused(body: bytes) -> None:
    """What is no token is not sent on."""
    there = world(token=Response(200, {}, body))
    assert "but without a token" in refusal(there)
    assert len(there.requests) == 1


@pytest.mark.parametrize("role", [Response(404, {}, b"<html>"), Response(200, {}, b""), Response(200, {}, b" \n")])
def test_no_role_is_no_source(role: Response) -> None:
    """An instance without a role is passed over."""
    assert "no role is attached to this instance" in reason(world(role=role))


def test_a_role_that_has_gone_is_no_source() -> None:
    """So is one whose role was taken away meanwhile."""
    assert "no role is attached to this instance" in reason(world(credentials=Response(404, {}, b"")))


def test_the_first_line_names_the_role() -> None:
    """What follows the first line does not count, nor does white space."""
    assert isinstance(load(world(role=Response(200, {}, b" Web-Role_1+=,.@ \r\nOther\n"))), Credentials)


@pytest.mark.parametrize(
    "name",
    [b"..", b".", b"a/b", b"../../user-data", b"a?b", b"a#b", b"a%2fb", b"a b", b"<html>", b"\xff", b"r" * 129],
)
def test_a_name_that_leads_elsewhere_is_refused(name: bytes) -> None:
    """The name becomes part of a path, so nothing but the letters of a role's name may stand in it."""
    there = world(role=Response(200, {}, name))
    assert "but without the name of a role" in refusal(there)
    assert len(there.requests) == 2


def test_a_trouble_on_the_way_is_tried_again() -> None:
    """Failures of the server and broken connections are tried again with the same token."""
    there = world(role=[UNAVAILABLE, TimeoutError("late"), ROLE], credentials=[ConnectError("gone"), keys()])
    assert isinstance(load(there), Credentials)
    assert [request.method for request in there.requests].count("PUT") == 1
    assert [step.seconds for step in there.steps if isinstance(step, Sleep)] == [0.05, 0.1, 0.05]


def test_a_token_that_has_expired_is_replaced() -> None:
    """After a 401 there is a new token, which the requests that follow use too."""
    there = world(token=[TOKEN, Response(200, {}, b"imds-token-2")], role=[UNAUTHORIZED, ROLE])
    assert isinstance(load(there), Credentials)
    shown = [dict(request.headers).get("x-aws-ec2-metadata-token") for request in there.requests]
    assert shown == [None, "imds-token==", None, "imds-token-2", "imds-token-2"]


def test_a_token_that_expires_at_the_end_is_replaced_there() -> None:
    """The role's name is not asked for again."""
    there = world(credentials=[UNAUTHORIZED, keys()])
    assert isinstance(load(there), Credentials)
    assert [request.method for request in there.requests] == ["PUT", "GET", "GET", "PUT", "GET"]


@pytest.mark.parametrize("step", ["role", "credentials"])
def test_tokens_that_are_all_refused_are_an_error(step: str) -> None:
    """The third refusal is the last."""
    there = world(role=UNAUTHORIZED) if step == "role" else world(credentials=UNAUTHORIZED)
    assert "answered with HTTP 401: try again later" in refusal(there)
    assert [request.method for request in there.requests].count("PUT") == 3


@pytest.mark.parametrize("second", [ConnectError("gone"), Response(403, {}, b"")])
def test_a_token_that_cannot_be_replaced_is_an_error(second: Answer) -> None:
    """A service that was there and has gone is no reason to look elsewhere."""
    there = world(token=[TOKEN, second], role=UNAUTHORIZED)
    assert "the session token is refused, and no other can be had: " in refusal(there)


@pytest.mark.parametrize("step", ["role", "credentials"])
@pytest.mark.parametrize(
    ("failure", "why"),
    [
        (Response(403, {}, b""), "answered with HTTP 403: check the instance's metadata options"),
        (UNAVAILABLE, "answered with HTTP 503: try again later"),
        (ConnectError("No connection."), "cannot be reached: No connection."),
    ],
)
def test_a_failure_after_the_token_is_an_error(step: str, failure: Answer, why: str) -> None:
    """This is EC2, so what fails from here on is broken, not absent."""
    assert why in refusal(world(role=failure) if step == "role" else world(credentials=failure))


@pytest.mark.parametrize(
    ("code", "said"),
    [("AssumeRoleUnauthorizedAccess", " (AssumeRoleUnauthorizedAccess)"), ("no code", ""), (7, "")],
)
def test_a_code_other_than_success_is_an_error(code: object, said: str) -> None:
    """The code is shown, and the keys that come along are not used."""
    assert f"no credentials for the role{said}: its trust policy must let EC2 assume it" in refusal(
        world(credentials=keys(Code=code))
    )


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"AccessKeyId": None}, "access key id"),
        ({"SecretAccessKey": ""}, "secret access key"),
        ({"Token": None}, "session token"),
        ({"Token": "token-of-the-instance\n"}, "session token"),
        ({"Expiration": None}, "not an ISO 8601 time"),
        ({"Expiration": "token-of-the-instance"}, "not an ISO 8601 time"),
    ],
)
def test_keys_that_are_none_are_an_error(changes: dict[str, Any], why: str) -> None:
    """A part that is missing or malformed is named, and not shown."""
    assert why in refusal(world(credentials=keys(**changes)))


@pytest.mark.parametrize("body", [b"", b"token-of-the-instance", b"[]", b"\xff", b"[" * 100_000])
def test_credentials_that_are_no_object_are_an_error(body: bytes) -> None:
    """Another format is refused, and not repeated."""
    assert "JSON" in refusal(world(credentials=Response(200, {}, body)))


@pytest.mark.parametrize(("account", "expected"), [("111122223333", "111122223333"), ("", None), (7, None)])
def test_an_account_is_taken_where_there_is_one(account: object, expected: str | None) -> None:
    """Newer metadata names the account."""
    found = load(world(credentials=keys(AccountId=account)))
    assert isinstance(found, Credentials)
    assert found.account_id == expected


def test_an_answer_without_a_code_is_a_success() -> None:
    """The code is only looked at where there is one."""
    body = json.dumps({name: value for name, value in KEYS.items() if name != "Code"}).encode()
    assert isinstance(load(world(credentials=Response(200, {}, body))), Credentials)


RESPONSES = st.builds(
    Response, st.sampled_from([200, 200, 401, 404, 500]), st.just({}), st.binary() | st.just(TOKEN.body)
)


@given(RESPONSES, RESPONSES, RESPONSES)
def test_any_answers_are_credentials_or_an_error_of_ours(token: Response, role: Response, body: Response) -> None:
    """Whatever answers there, no foreign exception comes out."""
    for there in (world(token, role, body), world(TOKEN, role, body), world(TOKEN, ROLE, body)):
        with suppress(KMSLiteError):
            assert isinstance(load(there), Credentials | NotConfigured)
