"""Credentials from the environment's variables."""

from collections.abc import Mapping

from ..errors import CredentialsError
from ..identity import Credentials
from ..steps import Flow
from .source import Found, PassedOver

KEY, SECRET, TOKEN = "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"
SOURCE = "environment variables"


def load(environ: Mapping[str, str]) -> Flow[Found]:
    """Read the variables that hold keys; a blank one counts as missing.

    Raises `CredentialsError` where one half of the pair is missing.
    """
    yield from ()  # a flow like every source, though it asks nothing of the world
    key, secret = environ.get(KEY, "").strip(), environ.get(SECRET, "").strip()
    if not key and not secret:
        return PassedOver(f"{KEY} and {SECRET} are not set")
    if not key or not secret:
        present, missing = (KEY, SECRET) if key else (SECRET, KEY)
        raise CredentialsError(
            f"{present} is set and {missing} is not: set both, or neither to look for credentials elsewhere."
        )
    return Credentials(
        access_key_id=key,
        secret_access_key=secret,
        session_token=environ.get(TOKEN, "").strip() or None,
        account_id=environ.get("AWS_ACCOUNT_ID", "").strip() or None,
        source=SOURCE,
    )
