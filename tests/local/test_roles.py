"""The sessions of roles: what their credentials open at KMS, and that no token can be made up."""

import base64
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given, strategies as st
from support.local_sts import FORM, OTHER_ACCOUNT, ROLE, SESSION, ask

from awskms_lite import (
    AccessDeniedException,
    Credentials,
    ExpiredTokenException,
    KMSClient,
    UnrecognizedClientException,
)
from awskms_lite.local import LocalKMS
from awskms_lite.local.auth.principals import signer_of
from awskms_lite.local.auth.roles import Role, Session, credentials_of, parse_role, session_of

Connect = Callable[[Credentials], KMSClient]

MADE = credentials_of(Session(Role("aws", OTHER_ACCOUNT, "audit/", "KeyReader"), "nightly", 250_000_000_000))
TOKEN = str(MADE.session_token)
IAM = "abcXYZ019_+=,.@-"


@pytest.fixture
def connect(kms: LocalKMS) -> Iterator[Connect]:
    """Return a maker of clients that sign with the given credentials and sleep through no wait."""
    clients: list[KMSClient] = []

    def connect(credentials: Credentials) -> KMSClient:
        credentials = evolve(credentials, expires_at=None)  # or the client itself would refuse to use old ones
        clients.append(KMSClient(environ=kms.environ, credentials=credentials, sleep=lambda seconds: None))
        return clients[-1]

    yield connect
    for client in clients:
        client.close()


def test_a_session_belongs_to_the_account_of_its_role(kms: LocalKMS, connect: Connect) -> None:
    """It sees the keys of the account of its role, not those of the account that assumed the role."""
    kms.add_key()
    arn = kms.add_key(account_id=OTHER_ACCOUNT)
    client = connect(ask(kms).credentials)
    assert [entry.key_arn for entry in client.iter_list_keys()] == [arn]
    made = client.create_key().key_metadata
    assert made is not None
    assert made.aws_account_id == OTHER_ACCOUNT


def test_errors_name_the_assumed_role(kms: LocalKMS, connect: Connect) -> None:
    """Who is refused is the session: over another account's key, and over one that AWS manages."""
    client = connect(ask(kms).credentials)
    for arn in (kms.add_key(), kms.add_key(account_id=OTHER_ACCOUNT, manager="AWS")):
        with pytest.raises(AccessDeniedException, match="not authorized to perform: kms:DisableKey on ") as caught:
            client.disable_key(arn)
        assert str(caught.value.message).startswith(f"User: {SESSION} is not authorized")


def test_a_session_ends_by_the_servers_clock(kms: LocalKMS, connect: Connect) -> None:
    """A moment before its expiry a session is good, at its expiry it is expired: at KMS and at STS."""
    session = ask(kms, FORM | {"DurationSeconds": "900"}).credentials
    assert connect(session).list_keys().keys == ()
    kms.skew(timedelta(minutes=14))
    assert ask(kms, credentials=session, now=datetime.now(UTC) + timedelta(minutes=14)).status == 200
    kms.skew(timedelta(minutes=15))
    with pytest.raises(ExpiredTokenException, match="The security token included in the request is expired"):
        connect(session).list_keys()
    answer = ask(kms, credentials=session, now=datetime.now(UTC) + timedelta(minutes=15))
    assert answer.error == (403, "ExpiredToken", "The security token included in the request is expired")
    kms.skew(timedelta(0))
    assert connect(session).list_keys().keys == ()


def test_the_keys_clock_ends_no_session(kms: LocalKMS, connect: Connect) -> None:
    """Credentials live by real time, whatever the keys live by."""
    session = ask(kms).credentials
    kms.advance(timedelta(days=365))
    assert connect(session).list_keys().keys == ()


def test_a_session_is_valid_at_any_server(kms: LocalKMS, connect: Connect) -> None:
    """No server stores it: one that knows nothing of the assumption takes it."""
    with LocalKMS() as other:
        session = ask(other).credentials
    assert connect(session).list_keys().keys == ()


@pytest.mark.parametrize(
    "change",
    [
        {"session_token": None},
        {"session_token": TOKEN[:-4]},
        {"session_token": TOKEN + "AAAA"},
        {"session_token": TOKEN.lower()},
        {"session_token": "x"},
        {"session_token": base64.b64encode(b"x" * 32 + b"2000000000 nightly " + ROLE.encode()).decode()},
        {"access_key_id": "ASIA111122223333LITE"},
        {"access_key_id": "ASIAIOSFODNN7EXAMPLE"},
    ],
)
def test_what_does_not_belong_together_is_not_recognized(connect: Connect, change: dict[str, Any]) -> None:
    """A token is good whole, for its own access key alone, and a temporary key is nothing without one."""
    assert connect(MADE).list_keys().keys == ()
    with pytest.raises(UnrecognizedClientException, match="security token included in the request is invalid"):
        connect(evolve(MADE, **change)).list_keys()


@pytest.mark.parametrize("token", [TOKEN, "made/up=="])
def test_a_lasting_key_takes_any_token(kms: LocalKMS, connect: Connect, token: str) -> None:
    """With the keys of an account a token has to be signed, and is looked at no further."""
    assert connect(evolve(kms.credentials, session_token=token)).list_keys().keys == ()


@given(place=st.integers(0, len(TOKEN) - 1), letter=st.sampled_from("AZaz09+/= \t\n\x00é"))
def test_an_altered_token_is_no_token(place: int, letter: str) -> None:
    """No letter of a token can be another, not even where base64 would not mind."""
    altered = TOKEN[:place] + letter + TOKEN[place + 1 :]
    assert (session_of(altered.encode("latin-1")) is None) == (altered != TOKEN)


@given(token=st.binary(max_size=100) | st.text("AZaz09+/=").map(str.encode))
def test_a_made_up_token_is_no_token(token: bytes) -> None:
    """Whatever comes in the place of a token is taken for what it is."""
    assert session_of(token) is None
    assert signer_of(MADE.access_key_id, token) is None


@given(
    path=st.lists(st.text("aZ09!~/@", min_size=1), max_size=3),
    name=st.text(IAM, min_size=1, max_size=64),
    session=st.text(IAM, min_size=2, max_size=64),
    expires_at=st.integers(0, 10**10),
)
def test_a_token_contains_its_session(path: list[str], name: str, session: str, expires_at: int) -> None:
    """Role, name and expiry come back from the token, and the secret is of that token alone."""
    role = Role("aws", OTHER_ACCOUNT, "".join(f"{part}/" for part in path), name)
    made = Session(role, session, expires_at)
    credentials = credentials_of(made)
    token = str(credentials.session_token).encode("ascii")
    assert parse_role(role.arn) == role
    assert session_of(token) == made
    signer = signer_of(credentials.access_key_id, token)
    assert signer is not None
    assert (signer.secret, signer.account_id, signer.session) == (
        credentials.secret_access_key,
        OTHER_ACCOUNT,
        made,
    )
    later = credentials_of(made._replace(expires_at=expires_at + 1))
    assert later.secret_access_key != credentials.secret_access_key
