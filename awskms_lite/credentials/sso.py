"""Credentials of a role in IAM Identity Center (formerly AWS SSO), for a profile with a login.

A profile names the portal in one of two ways, and the role by `sso_account_id` and `sso_role_name`:

    sso_session = NAME               and [sso-session NAME] holds sso_start_url and sso_region
    sso_start_url and sso_region     in the profile itself, the older way

The portal returns the role's credentials for the token of a login (`sso_login`). No error repeats a token, nor
more of an answer than its error code. Sources: "IAM Identity Center credential provider" in the AWS SDKs
and Tools Reference Guide, and GetRoleCredentials in the IAM Identity Center Portal API Reference.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, cast
from urllib.parse import quote

from ..endpoints import parse_region
from ..errors import ConfigurationError, CredentialsError
from ..identity import Credentials
from ..quoting import shown
from ..settings import Settings
from ..steps import CLOSE, Flow, Request, Response
from .source import fetch, read_object, validated
from .sso_login import SOURCE, Login, is_retryable, named_answer, token

_OF_PORTAL = ("sso_start_url", "sso_region")
_OF_ROLE = ("sso_account_id", "sso_role_name")
_PROPERTIES = ("sso_session", *_OF_PORTAL, *_OF_ROLE)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class _Role(NamedTuple):
    """The role that a profile names, and the login that it needs."""

    login: Login
    account_id: str
    name: str

    def __str__(self) -> str:
        return f"the role {self.name!r} of the account {self.account_id}"


def applies(settings: Settings, profile: str) -> bool:
    """Return whether a profile is about IAM Identity Center: any one of its properties is enough."""
    return any(settings.text(profile, name) for name in _PROPERTIES)


def load(
    settings: Settings, profile: str, clock: Callable[[], float], random: Callable[[], float]
) -> Flow[Credentials]:
    """Return the credentials of the role that a profile names.

    Raise `ConfigurationError` if the profile is incomplete or contradicts its session, and `CredentialsError` if
    there is no valid login or the portal refuses the role.
    """
    role = _read_role(settings, profile)
    shown = yield from token(settings, role.login, clock, random)
    query = f"account_id={quote(role.account_id, safe='')}&role_name={quote(role.name, safe='')}"
    portal, _ = settings.service_endpoint("portal.sso", "sso", role.login.region)
    headers = [("x-amz-sso_bearer_token", shown), ("Accept-Encoding", "identity"), CLOSE]
    response = yield from fetch(
        Request("GET", f"{portal}/federation/credentials?{query}", headers),
        _named(profile),
        random,
        is_retryable=is_retryable,
    )
    if response.status != 200:
        raise CredentialsError(_refusal(response, role, shown))
    return _read_credentials(response.body, role)


def _read_role(settings: Settings, profile: str) -> _Role:
    own = {name: value for name in _PROPERTIES if (value := settings.text(profile, name))}
    session = own.get("sso_session")
    if session:
        own |= _of_session(settings, own, session, profile)
    missing = [name for name in (*_OF_PORTAL, *_OF_ROLE) if name not in own]
    if missing:
        where = f", the first two in [sso-session {session}]" if session else ""
        raise ConfigurationError(
            f"The profile {profile!r} is set up for {SOURCE} and lacks {', '.join(missing)}. It takes "
            f"{', '.join((*_OF_PORTAL, *_OF_ROLE))}{where}: add what is missing, or take all of them out."
            f"{_passed_over(settings, session, missing)}"
        )
    parse_region(own["sso_region"])  # refuses an invalid one before anything is read
    login = Login(profile, session, own["sso_start_url"], own["sso_region"])
    return _Role(login, own["sso_account_id"], own["sso_role_name"])


def _passed_over(settings: Settings, session: str | None, missing: Sequence[str]) -> str:
    """Return the notes on ignored lines of a session's section that may explain the missing properties."""
    if session is None:
        return ""
    return "".join(dict.fromkeys(settings.notes.missed(f"sso-session {session}", name) for name in missing))


def _of_session(settings: Settings, own: dict[str, str], session: str, profile: str) -> dict[str, str]:
    """Return the portal's properties in the session's section.

    Raise `ConfigurationError` if the profile differs.
    """
    key = f"sso-session {session}"
    if key not in settings.sections:
        raise ConfigurationError(
            f"The profile {profile!r} refers to [{key}], which does not exist: add the section to "
            f"the config file, or name another.{settings.notes.missed(key)}"
        )
    found = {name: value for name in _OF_PORTAL if (value := settings.text(key, name))}
    for name, value in found.items():
        if own.get(name, value) != value:
            raise ConfigurationError(
                f"{name} is {shown(own[name])} in the profile {profile!r} and {shown(value)} in "
                f"[sso-session {session}]: remove it from the profile."
            )
    return found


def _read_credentials(body: bytes, role: _Role) -> Credentials:
    named = _named(role.login.profile)
    remedy = f"Check the endpoint, sso_region ({role.login.region}) and any proxy."
    try:
        keys: object = read_object(body, named).get("roleCredentials")
    except CredentialsError as error:
        raise CredentialsError(f"{error} {remedy}") from error
    found = cast(dict[str, Any], keys) if isinstance(keys, dict) else {}
    expiration = found.get("expiration")
    if type(expiration) is not int or not 0 < expiration < 10**14:
        raise CredentialsError(f"{named} returned no roleCredentials with an expiration in milliseconds. {remedy}")
    return validated(
        Credentials(
            access_key_id=found.get("accessKeyId", ""),
            secret_access_key=found.get("secretAccessKey", ""),
            session_token=found.get("sessionToken"),
            account_id=role.account_id,
            expires_at=_EPOCH + timedelta(milliseconds=expiration),
            source=f"{SOURCE}, profile {role.login.profile}",
        )
    )


def _refusal(response: Response, role: _Role, token: str) -> str:
    """Return what the portal answered, and what to do about it."""
    answered = f"{_named(role.login.profile)} answered with {named_answer(response, token)}"
    if is_retryable(response):
        return f"{answered}: {role} is unavailable for now. Try again later."
    if response.status == 401:
        return f"{answered}: the login to {role.login.name} is no longer valid. {role.login.remedy}"
    return f"{answered}: the portal refuses {role}. Check sso_account_id, sso_role_name and sso_region."


def _named(profile: str) -> str:
    return f"{SOURCE} (profile {profile!r})"
