"""Credentials of `aws login`: where they are looked for, what makes them usable, and what is said if not."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, strategies as st
from support.flow_world import World

from awskms_lite.credentials import login
from awskms_lite.errors import ConfigurationError, CredentialsError, KMSLiteError
from awskms_lite.identity import Credentials
from awskms_lite.settings import resolve_settings
from awskms_lite.steps import Read

NOW = 1_790_000_000.0
SESSION = "arn:aws:iam::111122223333:user/Admin"
NAME = "15ad6a9800868e2ba5939d78849f67465e0f8392752060b3bfa16b8e10b47063.json"
KEYS: dict[str, Any] = {
    "accessKeyId": "ASIALOGIN",
    "secretAccessKey": "secret-of-the-login",
    "sessionToken": "token-of-the-login",
    "accountId": "111122223333",
    "expiresAt": "2030-01-02T03:04:05Z",
}
LEFT: dict[str, Any] = {
    "accessToken": KEYS,
    "tokenType": "aws_sigv4",
    "refreshToken": "refresh-of-the-login",
    "clientId": "arn:aws:signin:::devtools/same-device",
    "dpopKey": "private-key-of-the-login",
}
SECRETS = ("secret-of-the-login", "token-of-the-login", "refresh-of-the-login", "private-key-of-the-login")


def load(content: object, environ: dict[str, str] | None = None, path: str | None = None) -> Credentials:
    environ = {"HOME": "/home/me"} if environ is None else environ
    path = path or f"/home/me/.aws/login/cache/{NAME}"
    if not isinstance(content, bytes | KMSLiteError):
        content = json.dumps(content).encode()
    settings = resolve_settings(environ, {}, region="us-east-2")
    return World(files={path: content}).play(login.load(settings, SESSION, "dev", lambda: NOW))


def refusal(content: object) -> str:
    """Return the text of the error that this ends in, which holds no secret and says how to log in."""
    with pytest.raises(CredentialsError) as caught:
        load(content)
    text = str(caught.value)
    assert not any(secret in text for secret in SECRETS)
    assert text.endswith("`aws login --profile dev`.")
    return text


def test_the_keys_that_the_login_left_are_used() -> None:
    """One step reads the file of the session, and its keys are used until they end."""
    settings = resolve_settings({"HOME": "/home/me"}, {}, region="us-east-2")
    flow = login.load(settings, SESSION, "dev", lambda: NOW)
    assert flow.send(None) == Read(f"/home/me/.aws/login/cache/{NAME}")
    with pytest.raises(StopIteration) as caught:
        flow.send(json.dumps(LEFT).encode())
    assert caught.value.value == Credentials(
        "ASIALOGIN",
        "secret-of-the-login",
        "token-of-the-login",
        account_id="111122223333",
        expires_at=datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC),
        source="aws login, profile dev",
    )


@pytest.mark.parametrize(
    ("given", "directory"),
    [("/var/cache", "/var/cache"), ("~/logins", "/home/me/logins"), (" ", "/home/me/.aws/login/cache")],
)
def test_the_directory_can_be_moved(given: str, directory: str) -> None:
    """The variable names another directory, where `~` is the home directory; blank counts as missing."""
    environ = {"HOME": "/home/me", "AWS_LOGIN_CACHE_DIRECTORY": given}
    assert load(LEFT, environ, f"{directory}/{NAME}").access_key_id == "ASIALOGIN"


def test_without_a_home_directory_the_variable_is_asked_for() -> None:
    """Where neither home nor variable say where to look, the error names both."""
    with pytest.raises(ConfigurationError, match="set HOME, or AWS_LOGIN_CACHE_DIRECTORY"):
        load(LEFT, {})
    assert load(LEFT, {"AWS_LOGIN_CACHE_DIRECTORY": "/logins"}, f"/logins/{NAME}").access_key_id == "ASIALOGIN"


def test_no_login_is_an_error() -> None:
    """Without the file nobody is logged in: the text names the path."""
    with pytest.raises(CredentialsError, match=f"not logged in.*{NAME}.*`aws login --profile dev`"):
        load(LEFT, path="/elsewhere")


def test_a_file_that_cannot_be_read_is_an_error() -> None:
    """What the machine says about the file goes up as it is."""
    with pytest.raises(ConfigurationError, match="no permission"):
        load(ConfigurationError("no permission"))


def test_expired_keys_are_an_error_that_says_who_renews_them() -> None:
    """Keys cannot be renewed here; any command of the AWS CLI does, or else a new login."""
    text = refusal({**LEFT, "accessToken": {**KEYS, "expiresAt": "2020-01-02T03:04:05Z"}})
    assert "expired at 2020-01-02T03:04:05Z" in text
    assert "`aws sts get-caller-identity --profile dev`" in text


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"token-of-the-login", "not JSON"),
        (b"\xff", "not JSON"),
        ([LEFT], "a JSON list"),
        ({}, "holds no accessToken"),
        ({**LEFT, "accessToken": "token-of-the-login"}, "holds no accessToken"),
        ({**LEFT, "accessToken": {**KEYS, "expiresAt": None}}, "ISO 8601"),
        ({**LEFT, "accessToken": {**KEYS, "accessKeyId": ""}}, "access key id"),
        ({**LEFT, "accessToken": {**KEYS, "secretAccessKey": "secret-of-the-login\n"}}, "secret access key"),
        ({**LEFT, "accessToken": {**KEYS, "sessionToken": None}}, "session token"),
    ],
)
def test_a_file_of_another_kind_is_an_error(content: object, told: str) -> None:
    """A file that is not what `aws login` writes is refused, and its content not repeated."""
    assert told in refusal(content)


def test_a_missing_session_token_is_an_error() -> None:
    """Keys of a login are nothing without their session token."""
    keys = {name: value for name, value in KEYS.items() if name != "sessionToken"}
    assert "session token" in refusal({**LEFT, "accessToken": keys})


def test_the_account_may_be_missing() -> None:
    """Keys without an account are good enough for KMS."""
    assert load({**LEFT, "accessToken": {**KEYS, "accountId": 17}}).account_id is None


@given(st.binary() | st.dictionaries(st.sampled_from(list(KEYS)), st.text() | st.integers() | st.none()))
def test_any_file_gives_credentials_or_one_of_our_errors(content: bytes | dict[str, object]) -> None:
    """No content of the file gets anything but credentials or a `KMSLiteError` out of the source."""
    try:
        found = load(content if isinstance(content, bytes) else {"accessToken": {**KEYS, **content}})
    except KMSLiteError:
        return
    assert isinstance(found, Credentials)
