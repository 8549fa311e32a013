"""Credentials from IAM Identity Center: the profile, the login and its renewal, and the role's keys."""

import json
import logging
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, strategies as st
from support.flow_world import World

from awskms_lite.config import parse_config
from awskms_lite.credentials import sso
from awskms_lite.errors import ConfigurationError, CredentialsError, KMSLiteError, ProtocolError, TransportError
from awskms_lite.identity import Credentials
from awskms_lite.settings import Settings, resolve_settings
from awskms_lite.steps import CLOSE, Read, Request, Response, Send, Sleep, Write

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
START_URL = "https://d-1234567890.awsapps.com/start"
LEGACY = f"""
[profile dev]
sso_start_url = {START_URL}
sso_region = eu-west-1
sso_account_id = 011122223333
sso_role_name = Reader
"""
SESSION = f"""
[profile dev]
sso_session = corp
sso_account_id = 011122223333
sso_role_name = Reader

[sso-session corp]
sso_start_url = {START_URL}
sso_region = eu-west-1
"""
LEGACY_FILE = "/home/me/.aws/sso/cache/7487b5b67d5fa1132cf33fa93ae51ef38cc37752.json"
SESSION_FILE = "/home/me/.aws/sso/cache/ee0bfd2552fbd840c02cc48b6e823320543c450f.json"
PORTAL = (
    "https://portal.sso.eu-west-1.amazonaws.com/federation/credentials?account_id=011122223333&role_name=Reader"
)
OIDC = "https://oidc.eu-west-1.amazonaws.com/token"
KEYS: dict[str, Any] = {
    "accessKeyId": "ASIASSO",
    "secretAccessKey": "secret-of-the-role",
    "sessionToken": "token-of-the-role",
    "expiration": 1_780_318_800_123,
}
SECRETS = (
    "secret-of-the-role",
    "token-of-the-role",
    "token-of-the-login",
    "new-token-of-the-login",
    "refresh-of-the-login",
    "client-secret",
)
FOUND = Credentials(
    "ASIASSO",
    "secret-of-the-role",
    "token-of-the-role",
    account_id="011122223333",
    expires_at=datetime(2026, 6, 1, 13, 0, 0, 123000, tzinfo=UTC),
    source="IAM Identity Center, profile dev",
)


def answer(value: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    return Response(status, headers or {}, body)


GRANTED = answer({"roleCredentials": KEYS})
RENEWED = {"accessToken": "new-token-of-the-login", "expiresIn": 28_800, "tokenType": "Bearer"}


def cached(left: float = 8 * 3600, **members: object) -> dict[str, object]:
    """Return what `aws sso login` leaves for a session, with so many seconds to go."""
    return {
        "startUrl": START_URL,
        "region": "eu-west-1",
        "accessToken": "token-of-the-login",
        "expiresAt": f"{NOW + timedelta(seconds=left):%Y-%m-%dT%H:%M:%SZ}",
        "clientId": "client",
        "clientSecret": "client-secret",
        "registrationExpiresAt": "2026-08-01T00:00:00Z",
        "refreshToken": "refresh-of-the-login",
        **members,
    }


def settings_of(config: str, environ: Mapping[str, str] | None = None, **options: Any) -> Settings:
    environ = {"HOME": "/home/me", **(environ or {})}
    return resolve_settings(environ, parse_config(config, "config"), profile="dev", region="us-west-2", **options)


def load(world: World, config: str = SESSION, **options: Any) -> Credentials:
    settings = settings_of(config, **options)
    return world.play(sso.load(settings, "dev", NOW.timestamp, lambda: 0.5))


def world_of(login: object, *, portal: object = GRANTED, oidc: object = None, **options: Any) -> World:
    """Return a world with one login, for both ways, and with what the two services answer."""
    content = login if isinstance(login, bytes | KMSLiteError) else json.dumps(login).encode()
    answers: dict[Any, Any] = {("GET", PORTAL): portal}
    if oidc is not None:
        answers["POST", OIDC] = oidc
    return World(files={LEGACY_FILE: content, SESSION_FILE: content}, answers=answers, **options)


def refusal(world: World, config: str = SESSION, **options: Any) -> str:
    """Return the text of the error that this ends in, which holds no secret."""
    with pytest.raises((CredentialsError, ConfigurationError)) as caught:
        load(world, config, **options)
    assert not any(secret in str(caught.value) for secret in SECRETS)
    return str(caught.value)


# The profile.


@pytest.mark.parametrize("name", ["sso_session", "sso_start_url", "sso_region", "sso_account_id", "sso_role_name"])
def test_any_property_makes_a_profile_one_of_identity_center(name: str) -> None:
    """One property is enough to say what a profile is meant for; a blank or nested one says nothing."""
    others = "region = eu-west-1\nsso_registration_scopes = sso:account:access\n"
    for text, applies in ((f"{name} = value", True), (f"{name} =", False), (f"{name} =\n nested = value", False)):
        assert sso.applies(settings_of(f"[profile dev]\n{others}{text}"), "dev") is applies


@pytest.mark.parametrize(
    ("line", "missing"),
    [
        ("sso_start_url", "sso_start_url"),
        ("sso_region", "sso_region"),
        ("sso_account_id", "sso_account_id"),
        ("sso_role_name", "sso_role_name"),
    ],
)
@pytest.mark.parametrize("config", [LEGACY, SESSION])
def test_what_is_missing_is_named(config: str, line: str, missing: str) -> None:
    """A profile that is not whole is refused before anything is asked for, and the text names what it lacks."""
    world = World()
    text = refusal(world, "\n".join(kept for kept in config.splitlines() if not kept.startswith(line)))
    assert f"profile 'dev' is set up for IAM Identity Center and lacks {missing}." in text
    assert ("[sso-session corp]" in text) == (config is SESSION)
    assert world.steps == []


def test_a_session_without_a_role_gives_no_credentials() -> None:
    """A profile that names a session alone could have a token and no keys: it lacks account and role."""
    config = "[profile dev]\nsso_session = corp\n" + SESSION[SESSION.index("[sso-session") :]
    assert "lacks sso_account_id, sso_role_name" in refusal(World(), config)


def test_a_session_that_is_not_there_is_an_error() -> None:
    """A reference to a missing section names both ends of it."""
    assert "profile 'dev' refers to [sso-session oops], which does not exist" in refusal(
        World(), "[profile dev]\nsso_session = oops\n"
    )


def test_what_profile_and_session_both_say_has_to_be_the_same() -> None:
    """A profile may repeat what its session says, for older tools, and not contradict it."""
    same = SESSION.replace("sso_session = corp", f"sso_session = corp\nsso_start_url = {START_URL}")
    assert load(world_of(cached()), same) == FOUND
    other = SESSION.replace("sso_session = corp", "sso_session = corp\nsso_region = eu-west-2")
    text = refusal(world_of(cached()), other)
    assert "sso_region is 'eu-west-2' in the profile 'dev' and 'eu-west-1' in [sso-session corp]" in text


@pytest.mark.parametrize("region", ["evil.example/", "-x", "a b"])
def test_a_region_that_is_no_host_label_is_refused(region: str) -> None:
    """The token is not sent to a host that somebody smuggled into the region."""
    assert "not a region" in refusal(World(), LEGACY.replace("eu-west-1", region))


# The login.


@pytest.mark.parametrize(("config", "path"), [(LEGACY, LEGACY_FILE), (SESSION, SESSION_FILE)])
def test_the_login_is_read_and_shown_to_the_portal(config: str, path: str) -> None:
    """Two steps: read the file that the session or the start URL names, and ask the portal for the role's keys."""
    settings = settings_of(config)
    flow = sso.load(settings, "dev", NOW.timestamp, lambda: 0.5)
    assert flow.send(None) == Read(path)
    headers = [("x-amz-sso_bearer_token", "token-of-the-login"), ("Accept-Encoding", "identity"), CLOSE]
    assert flow.send(json.dumps(cached()).encode()) == Send(Request("GET", PORTAL, headers))
    with pytest.raises(StopIteration) as caught:
        flow.send(GRANTED)
    assert caught.value.value == FOUND


@pytest.mark.parametrize("suffix", ["Z", "UTC", " UTC", "+00:00", ""])
def test_older_ways_to_write_the_end_are_read(suffix: str) -> None:
    """Older versions of the AWS CLI put UTC in place of the Z; a time without a zone is in UTC too."""
    assert load(world_of(cached(expiresAt=f"2026-06-01T12:00:01{suffix}")), LEGACY) == FOUND
    assert "expired at" in refusal(world_of(cached(expiresAt=f"2026-06-01T11:59:59{suffix}")), LEGACY)


@pytest.mark.parametrize(("config", "name"), [(LEGACY, START_URL), (SESSION, "the session 'corp'")])
def test_no_login_says_how_to_log_in(config: str, name: str) -> None:
    """Without the file nobody is logged in: the text names what to log in to, the path, and the command."""
    text = refusal(World(), config)
    assert f"There is no login to {name}: /home/me/.aws/sso/cache/" in text
    assert text.endswith("Log in again: `aws sso login --profile dev`.")


def test_a_missing_home_directory_is_an_error() -> None:
    """Without a home directory there is nowhere to look."""
    assert "set HOME" in refusal(world_of(cached()), environ={"HOME": " "})


def test_a_file_that_cannot_be_read_is_an_error() -> None:
    """What the machine says about the file goes up as it is."""
    assert refusal(world_of(ConfigurationError("no permission"))) == "no permission"


@pytest.mark.parametrize(
    ("login", "told"),
    [
        (b"token-of-the-login", "not JSON"),
        (b"\xff", "not JSON"),
        ([cached()], "a JSON list"),
        (cached(expiresAt="soon"), "ISO 8601"),
        (cached(expiresAt=None), "ISO 8601"),
        (cached(accessToken=""), "holds no accessToken"),
        (cached(accessToken=17), "holds no accessToken"),
        (cached(accessToken="token-of-the-login\r\nX-Evil: 1"), "holds no accessToken"),
    ],
)
def test_a_file_of_another_kind_is_an_error(login: object, told: str) -> None:
    """A file that is no login is refused, its content not repeated, and the path and the command named."""
    text = refusal(world_of(login))
    assert told in text
    assert SESSION_FILE in text
    assert text.endswith("Log in again: `aws sso login --profile dev`.")


def test_a_login_of_the_older_way_ends() -> None:
    """Without a session a token is never renewed, and one that has ended is not sent."""
    world = world_of(cached(0), oidc=answer(RENEWED))
    text = refusal(world, LEGACY)
    assert f"The login to {START_URL} expired at 2026-06-01T12:00:00Z. Log in again" in text
    assert world.requests == []
    assert load(world_of(cached(1), oidc=answer(RENEWED)), LEGACY) == FOUND


# Its renewal.


@pytest.mark.parametrize("left", [300, 1, 0, -7200])
def test_a_token_is_renewed_from_five_minutes_before_its_end(left: int) -> None:
    """The new token is shown to the portal and kept, with all else that the file held."""
    world = world_of(cached(left, other=[1]), oidc=answer(RENEWED))
    assert load(world) == FOUND
    renewal, request = world.requests
    assert (renewal.method, renewal.url) == ("POST", OIDC)
    assert dict(renewal.headers)["Content-Type"] == "application/json"
    assert json.loads(renewal.body) == {
        "grantType": "refresh_token",
        "clientId": "client",
        "clientSecret": "client-secret",
        "refreshToken": "refresh-of-the-login",
    }
    assert ("x-amz-sso_bearer_token", "new-token-of-the-login") in request.headers
    kept = json.loads(world.files[SESSION_FILE])  # type: ignore[arg-type]
    assert kept == cached(28_800, other=[1], accessToken="new-token-of-the-login")


def test_a_new_refresh_token_replaces_the_old_one() -> None:
    """Where the service gives another refresh token, that one is kept."""
    world = world_of(cached(0), oidc=answer({**RENEWED, "refreshToken": "next"}))
    load(world)
    assert b'"next"' in world.files[SESSION_FILE]  # type: ignore[operator]


def test_a_token_that_lasts_is_not_renewed() -> None:
    """Before the last five minutes the token is used as it is."""
    world = world_of(cached(301), oidc=answer(RENEWED))
    assert load(world) == FOUND
    assert [request.method for request in world.requests] == ["GET"]


@pytest.mark.parametrize(
    "members",
    [
        {"refreshToken": None},
        {"clientId": ""},
        {"clientSecret": 17},
        {"registrationExpiresAt": "2026-06-01T12:00:00Z"},
        {"registrationExpiresAt": "some day"},
        {"registrationExpiresAt": None},
    ],
)
def test_without_the_means_a_token_is_used_until_it_ends(members: dict[str, object]) -> None:
    """A renewal takes a refresh token and a registration that still holds; without, nothing is asked."""
    world = world_of(cached(60, **members), oidc=answer(RENEWED))
    assert load(world) == FOUND
    assert [request.method for request in world.requests] == ["GET"]
    text = refusal(world_of(cached(-60, **members), oidc=answer(RENEWED)))
    assert "The login to the session 'corp' expired at 2026-06-01T11:59:00Z." in text


BROKEN = TransportError("broke off")
FAILURES: list[tuple[object, str]] = [
    (answer({"error": "invalid_grant", "error_description": "client-secret"}, 400), "invalid_grant (HTTP 400)"),
    (answer({}, 400, {"x-amzn-errortype": "InvalidGrantException:http://x/"}), "InvalidGrantException (HTTP 400)"),
    (answer(b"", 500), "HTTP 500"),
    (answer(b"<html>", 403), "HTTP 403"),
    (answer(b"token-of-the-login"), "not JSON"),
    (answer({**RENEWED, "accessToken": None}), "no accessToken"),
    (answer({**RENEWED, "accessToken": "new-token-of-the-login\n"}), "no accessToken"),
    (answer({**RENEWED, "expiresIn": "28800"}), "no expiresIn"),
    (answer({**RENEWED, "expiresIn": True}), "no expiresIn"),
    (answer({**RENEWED, "expiresIn": -1}), "no expiresIn"),
    (answer({**RENEWED, "expiresIn": 10**400}), "no expiresIn"),
    (BROKEN, "cannot be reached: broke off"),
    (ProtocolError("too long"), "too long"),
]


@pytest.mark.parametrize(("outcome", "told"), FAILURES)
def test_a_failed_renewal_is_no_harm_while_the_token_lasts(
    outcome: object, told: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The token is used until it ends; the log says that it could not be renewed, without secrets."""
    with caplog.at_level(logging.WARNING, "awskms_lite"):
        assert load(world_of(cached(1), oidc=outcome)) == FOUND
    assert "The login to the session 'corp' could not be renewed" in caplog.text
    assert told in caplog.text
    assert not any(secret in caplog.text for secret in SECRETS)


@pytest.mark.parametrize(("outcome", "told"), FAILURES)
def test_a_failed_renewal_after_the_end_says_how_to_log_in(outcome: object, told: str) -> None:
    """Once the token has ended, the error holds the reason and the command, and chains the cause."""
    text = refusal(world_of(cached(0), oidc=outcome))
    assert text.startswith("The login to the session 'corp' has expired and could not be renewed: ")
    assert told in text
    assert text.endswith("Log in again: `aws sso login --profile dev`.")


def test_a_file_that_cannot_be_written_is_no_harm(caplog: pytest.LogCaptureFixture) -> None:
    """In a read-only home the renewed token serves this once, and the log says so."""
    world = world_of(cached(0), oidc=answer(RENEWED), read_only=True)
    with caplog.at_level(logging.WARNING, "awskms_lite"):
        assert load(world) == FOUND
    assert sum(isinstance(step, Write) for step in world.steps) == 1
    assert "could not be written to its file: the file cannot be written" in caplog.text


# The role's keys.


def test_account_and_role_are_quoted() -> None:
    """What the profile says about account and role cannot break out of the query."""
    config = LEGACY.replace("Reader", "A&b=c/d ü+").replace("011122223333", "01?#")
    url = PORTAL.partition("?")[0] + "?account_id=01%3F%23&role_name=A%26b%3Dc%2Fd%20%C3%BC%2B"
    world = World(files={LEGACY_FILE: json.dumps(cached()).encode()}, answers={("GET", url): GRANTED})
    assert load(world, config).account_id == "01?#"


@pytest.mark.parametrize(
    ("options", "hosts"),
    [
        (
            {"environ": {"AWS_USE_FIPS_ENDPOINT": "true"}},
            ("oidc-fips.eu-west-1.amazonaws.com", "portal.sso-fips.eu-west-1.amazonaws.com"),
        ),
        ({"use_dualstack_endpoint": True}, ("oidc.eu-west-1.api.aws", "portal.sso.eu-west-1.api.aws")),
        ({"environ": {"AWS_ENDPOINT_URL": "http://one:1/"}}, ("one:1", "one:1")),
        (
            {"environ": {"AWS_ENDPOINT_URL_SSO": "http://sso:1", "AWS_ENDPOINT_URL_SSO_OIDC": "http://oidc:2"}},
            ("oidc:2", "sso:1"),
        ),
    ],
)
def test_the_hosts_follow_the_settings(options: dict[str, Any], hosts: tuple[str, str]) -> None:
    """FIPS, dual-stack and custom endpoints hold for both services, in the region of the login."""
    world = world_of(cached(0, registrationExpiresAt="2027-01-01T00:00:00Z"))
    with pytest.raises(CredentialsError, match=r"cannot be reached"):
        load(world, **options)
    portal = world_of(cached())
    with pytest.raises(CredentialsError, match=r"IAM Identity Center \(profile 'dev'\) cannot be reached"):
        load(portal, **options)
    assert [each.requests[0].url.split("/")[2] for each in (world, portal)] == list(hosts)


THROTTLED = [
    answer({"__type": "TooManyRequestsException"}, 400),
    answer({"__type": "com.amazonaws#ThrottlingException"}, 400),
    answer({"code": "RequestLimitExceeded"}, 403),
    answer({"error": "slow_down"}, 400),
    answer(b"", 400, {"x-amzn-errortype": "Throttling:http://internal/"}),
    answer({"error": "SlowDownException"}, 401),
]


@pytest.mark.parametrize("throttled", THROTTLED)
def test_a_throttled_renewal_is_tried_again(throttled: object) -> None:
    """The token service says in the body that it is asked too often, with a status of 400."""
    renewed = answer({"accessToken": "new-token-of-the-login", "expiresIn": 3600})
    world = world_of(cached(0), oidc=[throttled, renewed])
    assert load(world) == FOUND
    assert [request.method for request in world.requests] == ["POST", "POST", "GET"]


def test_the_argument_for_fips_is_about_kms_alone() -> None:
    """What a client asks of KMS's hosts moves nobody else's."""
    assert load(world_of(cached()), use_fips_endpoint=True).access_key_id == load(world_of(cached())).access_key_id


def test_a_region_may_ask_for_fips() -> None:
    """A region written as FIPS means the plain one, and the FIPS hosts."""
    world = world_of(cached())
    with pytest.raises(CredentialsError):
        load(world, LEGACY.replace("eu-west-1", "fips-eu-west-1"))
    assert world.requests[0].url.startswith("https://portal.sso-fips.eu-west-1.amazonaws.com/")


@pytest.mark.parametrize("outage", [answer(b"", 503), answer(b"", 429), BROKEN, *THROTTLED])
def test_an_outage_is_tried_again(outage: object) -> None:
    """The portal is asked three times at most, with a pause between."""
    world = world_of(cached(), portal=[outage, outage, GRANTED])
    assert load(world) == FOUND
    assert [step for step in world.steps if isinstance(step, Sleep)] == [Sleep(0.025), Sleep(0.05)]
    refusal(world_of(cached(), portal=outage))


@pytest.mark.parametrize(
    ("outcome", "told"),
    [
        (
            answer({"message": "token-of-the-login", "__type": "com.amazonaws#UnauthorizedException"}, 401),
            "UnauthorizedException (HTTP 401): the login to the session 'corp' is no longer valid. Log in",
        ),
        (
            answer({"message": "No access"}, 403, {"x-amzn-errortype": "ForbiddenException:http://internal/"}),
            "ForbiddenException (HTTP 403): the portal refuses the role 'Reader' of the account 011122223333. C",
        ),
        (
            answer({"code": "ResourceNotFoundException"}, 404),
            "ResourceNotFoundException (HTTP 404): the portal refuses the role",
        ),
        (answer({"__type": "token-of-the-login"}, 400), "answered with HTTP 400: the portal refuses"),
        (
            answer({"__type": 17}, 400, {"x-amzn-errortype": "-"}),
            "answered with HTTP 400: the portal refuses",
        ),
        (answer(b"<html>", 302), "answered with HTTP 302: the portal refuses the role"),
        (answer(b"", 503), "answered with HTTP 503: the role 'Reader' of the account 011122223333 is unavailable"),
        (answer({"__type": "TooManyRequestsException"}, 429), "TooManyRequestsException (HTTP 429)"),
        (
            answer({"__type": "ThrottlingException"}, 400),
            "ThrottlingException (HTTP 400): the role 'Reader' of the account 011122223333 is unavailable for now",
        ),
        (answer(b"token-of-the-role"), "not JSON"),
        (answer([KEYS]), "a JSON list"),
        (answer({"roleCredentials": None}), "no roleCredentials"),
        (answer({"roleCredentials": {**KEYS, "expiration": "2030-01-01T00:00:00Z"}}), "milliseconds"),
        (answer({"roleCredentials": {**KEYS, "expiration": 1e12}}), "milliseconds"),
        (answer({"roleCredentials": {**KEYS, "expiration": 10**400}}), "milliseconds"),
        (answer({"roleCredentials": {**KEYS, "accessKeyId": None}}), "access key id"),
        (answer({"roleCredentials": {**KEYS, "secretAccessKey": 17}}), "secret access key"),
        (answer({"roleCredentials": {**KEYS, "sessionToken": "token-of-the-role\n"}}), "session token"),
        (BROKEN, "IAM Identity Center (profile 'dev') cannot be reached: broke off"),
    ],
)
def test_what_the_portal_refuses_is_an_error(outcome: object, told: str) -> None:
    """The error has the service's code and what to do, and nothing of what else was answered."""
    assert told in refusal(world_of(cached(), portal=outcome))


@given(
    portal=st.builds(Response, st.integers(200, 599), st.just({}), st.binary()),
    oidc=st.builds(Response, st.integers(200, 599), st.just({}), st.binary()),
    login=st.binary() | st.just(json.dumps(cached(0)).encode()) | st.just(json.dumps(cached()).encode()),
)
def test_any_answer_gives_credentials_or_one_of_our_errors(portal: Response, oidc: Response, login: bytes) -> None:
    """No file and no answer gets anything but credentials or a `KMSLiteError` out of the source."""
    try:
        found = load(world_of(login, portal=portal, oidc=oidc))
    except KMSLiteError:
        return
    assert isinstance(found, Credentials)


VALUES = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.text(), max_size=2)


@given(
    keys=st.dictionaries(st.sampled_from(list(KEYS)), VALUES),
    renewed=st.dictionaries(st.sampled_from([*RENEWED, "refreshToken"]), VALUES),
    login=st.dictionaries(st.sampled_from(list(cached())), VALUES),
)
def test_members_of_any_kind_give_credentials_or_one_of_our_errors(
    keys: dict[str, Any], renewed: dict[str, Any], login: dict[str, Any]
) -> None:
    """Whatever stands in the members, there are credentials or a `KMSLiteError`."""
    world = world_of(
        cached(0, **login),
        portal=answer({"roleCredentials": {**KEYS, **keys}}),
        oidc=answer({**RENEWED, **renewed}),
    )
    try:
        found = load(world)
    except KMSLiteError:
        return
    assert isinstance(found, Credentials)
