"""The credentials: what they hold, and that their secrets stay in."""

from datetime import UTC, datetime

import pytest
from attrs import evolve
from attrs.exceptions import FrozenInstanceError

from awskms_lite.identity import Credentials

SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
TOKEN = "FwoGZXIvYXdzEXAMPLETOKEN"
FULL = Credentials("AKIDEXAMPLE", SECRET, TOKEN, "111122223333", datetime(2026, 6, 1, tzinfo=UTC), "the test")


def test_two_parts_are_enough() -> None:
    """Long-lived keys have no token and no end, and nobody has said whose account it is."""
    credentials = Credentials("AKIDEXAMPLE", SECRET)
    assert (credentials.access_key_id, credentials.secret_access_key) == ("AKIDEXAMPLE", SECRET)
    assert (credentials.session_token, credentials.account_id, credentials.expires_at) == (None, None, None)
    assert credentials.source


@pytest.mark.parametrize("show", [repr, str, "{}".format, lambda value: f"{[value]!r}"])
def test_only_the_access_key_id_is_shown(show: object) -> None:
    """No way of showing credentials gives the secret or the token away."""
    text = show(FULL)  # type: ignore[operator]
    assert "Credentials(access_key_id='AKIDEXAMPLE')" in text
    assert SECRET not in text
    assert TOKEN not in text


def test_credentials_do_not_change() -> None:
    """A thread that signs never sees half of a refresh: new credentials are a new object."""
    with pytest.raises(FrozenInstanceError):
        FULL.session_token = None  # type: ignore[misc]


def test_equal_parts_are_equal_credentials() -> None:
    """Credentials compare and hash by what they hold, the secret included."""
    assert evolve(FULL) == FULL
    assert hash(evolve(FULL)) == hash(FULL)
    assert evolve(FULL, secret_access_key="other") != FULL
    assert evolve(FULL, session_token=None) != FULL
