"""The two nearest sources of credentials: given to the client, and the environment's variables."""

from datetime import UTC, datetime
from typing import Any, TypeVar

import pytest

from awskms_lite.credentials import environment
from awskms_lite.credentials.chain import given
from awskms_lite.credentials.source import NotConfigured
from awskms_lite.errors import CredentialsError
from awskms_lite.identity import Credentials
from awskms_lite.steps import Flow

T = TypeVar("T")
NOW = 1_790_000_000.0

GIVEN = Credentials("AKIAGIVEN", "secret-of-the-given")
PAIR = {"AWS_ACCESS_KEY_ID": "AKIAENVIRONMENT", "AWS_SECRET_ACCESS_KEY": "secret-of-the-environment"}


def ended(flow: Flow[T]) -> T:
    """Run a flow that asks nothing of the world to its end."""
    with pytest.raises(StopIteration) as caught:
        flow.send(None)
    value: T = caught.value.value
    return value


def test_the_environment_gives_a_pair() -> None:
    """Key id and secret are enough, and say where they came from."""
    found = ended(environment.load(PAIR, lambda: NOW))
    assert found == Credentials("AKIAENVIRONMENT", "secret-of-the-environment", source="environment variables")


def test_the_environment_gives_token_and_account() -> None:
    """Session token and account id are taken where they are set; white space around a value is none of it."""
    spaced = {name: f" {value}\n" for name, value in PAIR.items()}
    found = ended(
        environment.load(
            {**spaced, "AWS_SESSION_TOKEN": " token\n", "AWS_ACCOUNT_ID": "111122223333"}, lambda: NOW
        )
    )
    assert isinstance(found, Credentials)
    assert found.access_key_id == "AKIAENVIRONMENT"
    assert found.secret_access_key == "secret-of-the-environment"
    assert (found.session_token, found.account_id) == ("token", "111122223333")


@pytest.mark.parametrize("blank", ["", " ", "\t\n"])
def test_blank_counts_as_missing(blank: str) -> None:
    """A variable that is set to nothing is not set."""
    assert isinstance(ended(environment.load(dict.fromkeys(PAIR, blank), lambda: NOW)), NotConfigured)
    found = ended(environment.load({**PAIR, "AWS_SESSION_TOKEN": blank, "AWS_ACCOUNT_ID": blank}, lambda: NOW))
    assert isinstance(found, Credentials)
    assert (found.session_token, found.account_id) == (None, None)


@pytest.mark.parametrize("missing", PAIR)
@pytest.mark.parametrize("blank", [{}, " "])
def test_half_a_pair_is_an_error(missing: str, blank: Any) -> None:
    """One variable without the other is a mistake: the text names both, and not what they hold."""
    (present,) = PAIR.keys() - {missing}
    environ = {present: PAIR[present], **({missing: blank} if blank else {})}
    with pytest.raises(CredentialsError, match=f"^{present} is set and {missing} is not: set both") as caught:
        ended(environment.load(environ, lambda: NOW))
    assert PAIR[present] not in str(caught.value)


def test_the_older_name_of_the_token_is_read() -> None:
    """AWS_SECURITY_TOKEN is what older tools write; where both are set the newer one counts."""
    found = ended(environment.load({**PAIR, "AWS_SECURITY_TOKEN": " older "}, lambda: NOW))
    assert isinstance(found, Credentials)
    assert found.session_token == "older"
    both = {**PAIR, "AWS_SECURITY_TOKEN": "older", "AWS_SESSION_TOKEN": "newer"}
    found = ended(environment.load(both, lambda: NOW))
    assert isinstance(found, Credentials)
    assert found.session_token == "newer"


@pytest.mark.parametrize(
    ("text", "expires_at"),
    [
        ("2030-01-02T03:04:05Z", datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)),
        (" 2030-01-02T03:04:05z\n", datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("2030-01-02T05:04:05+02:00", datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)),
        (" ", None),
    ],
)
def test_the_environment_may_say_when_its_keys_end(text: str, expires_at: datetime | None) -> None:
    """AWS_CREDENTIAL_EXPIRATION is the end of the keys, in any form of ISO 8601; blank is missing."""
    found = ended(environment.load({**PAIR, "AWS_CREDENTIAL_EXPIRATION": text}, lambda: NOW))
    assert isinstance(found, Credentials)
    assert found.expires_at == expires_at


@pytest.mark.parametrize(
    ("text", "telling"),
    [
        ("2020-01-02T03:04:05Z", r"expired at 2020-01-02T03:04:05Z \(AWS_CREDENTIAL_EXPIRATION\)"),
        ("2026-09-21T14:13:20Z", "expired at 2026-09-21T14:13:20Z"),  # just now
        ("tomorrow", "AWS_CREDENTIAL_EXPIRATION: the expiry is not an ISO 8601 time"),
    ],
)
def test_keys_that_have_ended_are_an_error(text: str, telling: str) -> None:
    """An end that has passed, or that is no time, is told by the variable's name before anything is signed."""
    with pytest.raises(CredentialsError, match=telling):
        ended(environment.load({**PAIR, "AWS_CREDENTIAL_EXPIRATION": text}, lambda: NOW))
    assert isinstance(ended(environment.load({"AWS_CREDENTIAL_EXPIRATION": text}, lambda: NOW)), NotConfigured)


def test_a_token_alone_is_no_credentials() -> None:
    """A session token that belongs to nothing is passed over."""
    assert isinstance(ended(environment.load({"AWS_SESSION_TOKEN": "token"}, lambda: NOW)), NotConfigured)


def test_an_environment_without_keys_says_what_is_not_set() -> None:
    """Where there are none, the reason names both variables, for people to read."""
    passed = ended(environment.load({}, lambda: NOW))
    assert isinstance(passed, NotConfigured)
    assert all(name in passed.reason for name in PAIR)


def test_given_credentials_are_used_as_they_are() -> None:
    """Credentials given to the client are the ones it signs with."""
    assert ended(given(GIVEN)) is GIVEN


UNFIT = ["", "two words", "line\r\nX-Evil: 1", "line\n", "tab\t", "ümlaut", "nul\0", "del\x7f"]


@pytest.mark.parametrize("value", [*UNFIT, 17, b"bytes"])
@pytest.mark.parametrize("member", ["access_key_id", "secret_access_key", "session_token"])
def test_a_part_that_could_not_stand_in_a_header_is_refused(member: str, value: Any) -> None:
    """Given credentials with a stray character are refused; the text names the part, not the value."""
    parts: dict[str, Any] = {"access_key_id": "AKIA", "secret_access_key": "secret", member: value}
    with pytest.raises(CredentialsError, match=f"{member.replace('_', ' ')} .*set it again") as caught:
        ended(given(Credentials(**parts)))
    if value:
        assert str(value) not in str(caught.value)
        assert repr(value) not in str(caught.value)
