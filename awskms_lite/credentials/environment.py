"""Credentials from the environment's variables."""

from collections.abc import Callable, Mapping
from datetime import datetime

from ..errors import CredentialsError
from ..identity import Credentials
from ..steps import Flow
from .source import NotConfigured, Resolved, read_time

KEY, SECRET = "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"
TOKEN, OLDER_TOKEN = "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN"
EXPIRATION = "AWS_CREDENTIAL_EXPIRATION"
SOURCE = "environment variables"


def load(environ: Mapping[str, str], clock: Callable[[], float]) -> Flow[Resolved]:
    """Return the credentials in the environment variables; a blank variable counts as missing.

    Raise `CredentialsError` if one half of the pair is missing, or if the credentials have expired.
    """
    yield from ()  # a flow like every source, although it needs no step
    key, secret = _text(environ, KEY), _text(environ, SECRET)
    if not key and not secret:
        return NotConfigured(f"{KEY} and {SECRET} are not set")
    if not key or not secret:
        present, missing = (KEY, SECRET) if key else (SECRET, KEY)
        raise CredentialsError(
            f"{present} is set and {missing} is not: set both, or neither to look for credentials elsewhere."
        )
    return Credentials(
        access_key_id=key,
        secret_access_key=secret,
        session_token=_text(environ, TOKEN) or _text(environ, OLDER_TOKEN) or None,
        account_id=_text(environ, "AWS_ACCOUNT_ID") or None,
        expires_at=_read_end(_text(environ, EXPIRATION), clock()),
        source=SOURCE,
    )


def _read_end(text: str, now: float) -> datetime | None:
    if not text:
        return None
    end = read_time(text, EXPIRATION)
    if end.timestamp() <= now:
        raise CredentialsError(
            f"The credentials in the environment expired at {end:%Y-%m-%dT%H:%M:%SZ} ({EXPIRATION}): set new ones."
        )
    return end


def _text(environ: Mapping[str, str], name: str) -> str:
    return environ.get(name, "").strip()
