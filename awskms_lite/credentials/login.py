"""Credentials of a console session: `login_session` in a profile, left behind by `aws login`.

`aws login` keeps short-lived keys in `~/.aws/login/cache`, in a file named by the SHA-256 of the session, and the
AWS CLI renews them there. To renew them takes a proof signed with an elliptic curve key (RFC 9449, ES256), for
which the standard library has no means: so they are only read again here whenever they are due, and used until
they expire. Source: "Login credentials provider" in the AWS SDKs and Tools Reference Guide.
"""

from collections.abc import Callable
from hashlib import sha256
from pathlib import PurePath
from typing import Any, cast

from ..config import expand_home
from ..errors import ConfigurationError, CredentialsError
from ..identity import Credentials
from ..settings import Settings
from ..steps import Flow, read
from .source import read_object, read_time, validated

SOURCE = "aws login"
DIRECTORY = "AWS_LOGIN_CACHE_DIRECTORY"


def load(settings: Settings, session: str, profile: str, clock: Callable[[], float]) -> Flow[Credentials]:
    """Return the credentials that `aws login` keeps for a session, the value of a profile's `login_session`.

    Raise `CredentialsError` if they are missing, unreadable or expired, and `ConfigurationError` if there is no
    home directory.
    """
    remedy = f"Run `aws login --profile {profile}`."
    path = _cache_path(settings, session)
    content = yield from read(path)
    if content is None:
        raise CredentialsError(f"The profile {profile!r} is not logged in: {path} does not exist. {remedy}")
    try:
        credentials = _read(content, path, profile)
    except CredentialsError as error:
        raise CredentialsError(f"{error} {remedy}") from error
    expiry = credentials.expires_at
    if expiry is not None and expiry.timestamp() <= clock():
        raise CredentialsError(
            f"The credentials of `aws login` for the profile {profile!r} expired at {expiry:%Y-%m-%dT%H:%M:%SZ}, "
            "and this client cannot renew them. Any command of the AWS CLI with this profile renews them "
            f"(`aws sts get-caller-identity --profile {profile}`) while the login is valid. After that: {remedy}"
        )
    return credentials


def _cache_path(settings: Settings, session: str) -> str:
    """Return the file of a session, in the directory of the variable or else below the home directory."""
    directory = expand_home(settings.variable(DIRECTORY) or "~/.aws/login/cache", settings.environ)
    if directory is None:
        raise ConfigurationError(
            f"There is no home directory to search for the credentials of `aws login`: set HOME, or "
            f"{DIRECTORY} to an absolute path."
        )
    return str(PurePath(directory, f"{sha256(session.strip().encode()).hexdigest()}.json"))


def _read(content: bytes, path: str, profile: str) -> Credentials:
    keys: object = read_object(content, path).get("accessToken")
    if not isinstance(keys, dict):
        raise CredentialsError(f"{path} holds no accessToken.")
    found = cast(dict[str, Any], keys)
    account = found.get("accountId")
    return validated(
        Credentials(
            access_key_id=found.get("accessKeyId", ""),
            secret_access_key=found.get("secretAccessKey", ""),
            session_token=found.get("sessionToken") or "",  # temporary credentials are refused without one
            account_id=account if isinstance(account, str) and account else None,
            expires_at=read_time(found.get("expiresAt"), path),
            source=f"{SOURCE}, profile {profile}",
        )
    )
