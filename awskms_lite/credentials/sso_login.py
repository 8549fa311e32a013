"""The login to IAM Identity Center that `aws sso login` leaves in a file, and its renewal.

The file lies in `~/.aws/sso/cache`, named by the SHA-1 of the session's name or, for the older way without a
session, of the start URL. The token of a session is renewed shortly before its end, where the login left the
means: a refresh token, and the registration of a client that still holds. Else somebody has to log in again.
Sources: "IAM Identity Center credential provider" in the AWS SDKs and Tools Reference Guide, and CreateToken in
the IAM Identity Center OIDC API Reference.
"""

import json
import logging
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha1
from pathlib import PurePath
from typing import Any, NamedTuple

from ..config import home_directory
from ..errors import ConfigurationError, CredentialsError, ProtocolError, error_class
from ..quoting import printable, redact, shown
from ..settings import Settings
from ..steps import CLOSE, Flow, Request, Response, read, write
from .source import fetch, read_object, read_time

SOURCE = "IAM Identity Center"
RENEW_BEFORE = 5 * 60.0
"""Seconds before its end from which on a token is renewed."""

_ISSUER = f"The token service of {SOURCE}"
_MEANS = ("clientId", "clientSecret", "refreshToken")
_CODE_MEMBERS = ("__type", "code", "error")
_SLOWER = ("slow_down", "SlowDownException")  # how OAuth words it (RFC 8628, 3.5), and AWS's class of the same
_CODE = re.compile(r"[A-Za-z_]{1,64}")
_UNFIT = re.compile(r"[^!-~]")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

logger = logging.getLogger("awskms_lite")


class Login(NamedTuple):
    """What was logged in to; `session` is None for the older way."""

    profile: str
    session: str | None
    start_url: str
    region: str

    @property
    def name(self) -> str:
        """Name it for people to read."""
        return f"the session {self.session!r}" if self.session else shown(self.start_url, quoted=False)

    @property
    def remedy(self) -> str:
        """Say how to log in."""
        return f"Log in again: `aws sso login --profile {self.profile}`."


def token(settings: Settings, login: Login, clock: Callable[[], float], random: Callable[[], float]) -> Flow[str]:
    """Give the token of the login, renewed where it is about to end and can be."""
    path = _cache_path(settings, login)
    content = yield from read(path)
    if content is None:
        raise CredentialsError(f"There is no login to {login.name} ({path} is missing). {login.remedy}")
    cached, held, end = _read_cache(content, path, login)
    left = end.timestamp() - clock()
    if left <= RENEW_BEFORE and login.session and _can_renew(cached, clock()):
        try:
            return (yield from _renew(settings, login, path, cached, clock, random))
        except (CredentialsError, ProtocolError) as error:
            if left <= 0:
                raise CredentialsError(
                    f"The login to {login.name} has ended and could not be renewed: {error} {login.remedy}"
                ) from error
            logger.warning(
                "The login to %s could not be renewed, and is used until it ends: %s", login.name, error
            )
    if left <= 0:
        raise CredentialsError(f"The login to {login.name} ended at {_iso(end)}. {login.remedy}")
    return held


def is_passing(response: Response) -> bool:
    """Return whether a refusal may pass: by its code, and by its status where the code says nothing of it.

    The portal and the token service are throttled like any other, and then answer with a status of 400 too.
    """
    if response.status == 200:
        return False
    code = _error_code(response)
    throttled = code in _SLOWER or (code is not None and error_class(code).retry_category == "throttling")
    return throttled or response.status >= 500 or response.status == 429


def named_answer(response: Response, *secrets: str) -> str:
    """Return the service's error code and the HTTP status, or the status alone if there is no code.

    The `secrets` of the request are not repeated, should one stand in place of a code.
    """
    code = redact(_error_code(response) or "", secrets)
    return f"{code} (HTTP {response.status})" if code else f"HTTP {response.status}"


def _error_code(response: Response) -> str | None:
    try:
        answer = read_object(response.body, SOURCE)
    except CredentialsError:
        answer = {}  # a proxy's page, perhaps
    for given in (response.headers.get("x-amzn-errortype"), *(answer.get(name) for name in _CODE_MEMBERS)):
        code = given.partition(":")[0].rpartition("#")[2].strip() if isinstance(given, str) else ""
        if _CODE.fullmatch(code):
            return code
    return None


def _cache_path(settings: Settings, login: Login) -> str:
    home = home_directory(settings.environ)
    if home is None:
        raise ConfigurationError(f"There is no home directory to look for the login to {login.name} in: set HOME.")
    name = sha1((login.session or login.start_url).encode(), usedforsecurity=False).hexdigest()
    return str(PurePath(home, ".aws", "sso", "cache", f"{name}.json"))


def _read_cache(content: bytes, path: str, login: Login) -> tuple[dict[str, Any], str, datetime]:
    """Give the whole of what the login left, its token and the token's end."""
    try:
        cached = read_object(content, path)
        end = _read_end(cached.get("expiresAt"), path)
    except CredentialsError as error:
        raise CredentialsError(f"{error} {login.remedy}") from error
    return cached, _fit(cached.get("accessToken"), f"{path} holds no accessToken. {login.remedy}"), end


def _can_renew(cached: dict[str, Any], now: float) -> bool:
    """Say whether the login left a refresh token and a registration that still holds."""
    if not all(isinstance(cached.get(name), str) and cached[name] for name in _MEANS):
        return False
    try:
        return _read_end(cached.get("registrationExpiresAt"), "The registration").timestamp() > now
    except CredentialsError:
        return False


def _renew(
    settings: Settings,
    login: Login,
    path: str,
    cached: dict[str, Any],
    clock: Callable[[], float],
    random: Callable[[], float],
) -> Flow[str]:
    """Get a new token and put it where the old one was; where it cannot be written it serves this once."""
    wanted = {"grantType": "refresh_token", **{name: cached[name] for name in _MEANS}}
    issuer, _ = settings.service_endpoint("oidc", "sso_oidc", login.region)
    headers = [("Content-Type", "application/json"), ("Accept-Encoding", "identity"), CLOSE]
    response = yield from fetch(
        Request("POST", f"{issuer}/token", headers, json.dumps(wanted).encode()), _ISSUER, random, again=is_passing
    )
    if response.status != 200:
        raise CredentialsError(f"{_ISSUER} answered with {named_answer(response, *wanted.values())}.")
    renewed = {**cached, **_read_renewed(response.body, clock())}
    try:
        yield from write(path, json.dumps(renewed).encode())
    except ConfigurationError as error:
        logger.warning("The renewed login to %s could not be kept: %s", login.name, printable(str(error)))
    token: str = renewed["accessToken"]
    return token


def _read_renewed(body: bytes, now: float) -> dict[str, str]:
    """Give the members of the file that a renewal changes."""
    answer = read_object(body, _ISSUER)
    token = _fit(answer.get("accessToken"), f"{_ISSUER} gave no accessToken.")
    life, refresh_token = answer.get("expiresIn"), answer.get("refreshToken")
    if type(life) is not int or not 0 < life < 10**9:
        raise CredentialsError(f"{_ISSUER} gave no expiresIn, a number of seconds.")
    changed = {"accessToken": token, "expiresAt": _iso(_EPOCH + timedelta(seconds=now + life))}
    if isinstance(refresh_token, str) and refresh_token:
        changed["refreshToken"] = refresh_token  # else the one there is stays good
    return changed


def _fit(value: object, otherwise: str) -> str:
    """Give a token that can stand in a header; raises `CredentialsError` with the text for any other value."""
    if not isinstance(value, str) or not value or _UNFIT.search(value):
        raise CredentialsError(otherwise)
    return value


def _read_end(text: object, source: str) -> datetime:
    """Read a time as the AWS CLI writes it; its older versions put UTC in place of the Z."""
    return read_time(text.removesuffix("UTC").rstrip() if isinstance(text, str) else text, source)


def _iso(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
