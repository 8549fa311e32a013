"""The login to IAM Identity Center that `aws sso login` keeps in a file, and its renewal.

The file is in `~/.aws/sso/cache`, named by the SHA-1 of the session's name or, in the older way without a session,
of the start URL. The token of a session is renewed shortly before its expiry if the file holds a refresh token and
a client registration that is still valid. Otherwise the user has to log in again.
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
"""Seconds before its expiry from which on a token is renewed, as the AWS SDKs do."""

_ISSUER = f"The token service of {SOURCE}"
_RENEWAL = ("clientId", "clientSecret", "refreshToken")
_CODE_MEMBERS = ("__type", "code", "error")
_SLOW_DOWN = ("slow_down", "SlowDownException")  # the code of OAuth (RFC 8628, 3.5), and AWS's name of it
_CODE = re.compile(r"[A-Za-z_]{1,64}")
_FORBIDDEN = re.compile(r"[^!-~]")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

logger = logging.getLogger("awskms_lite")


class Login(NamedTuple):
    """What the user logged in to; `session` is None in the older way."""

    profile: str
    session: str | None
    start_url: str
    region: str

    @property
    def name(self) -> str:
        """A name for people to read."""
        return f"the session {self.session!r}" if self.session else shown(self.start_url, quoted=False)

    @property
    def remedy(self) -> str:
        """How to log in."""
        return f"Log in again: `aws sso login --profile {self.profile}`."


def token(settings: Settings, login: Login, clock: Callable[[], float], random: Callable[[], float]) -> Flow[str]:
    """Return the token of the login, renewed if it is about to expire.

    Raise `CredentialsError` if there is no login or it has expired.
    """
    path = _cache_path(settings, login)
    content = yield from read(path)
    if content is None:
        raise CredentialsError(f"There is no login to {login.name}: {path} does not exist. {login.remedy}")
    cached, held, end = _read_cache(content, path, login)
    left = end.timestamp() - clock()
    if left <= RENEW_BEFORE and login.session and _can_renew(cached, clock()):
        try:
            return (yield from _renew(settings, login, path, cached, clock, random))
        except (CredentialsError, ProtocolError) as error:
            if left <= 0:
                raise CredentialsError(
                    f"The login to {login.name} has expired and could not be renewed: {error} {login.remedy}"
                ) from error
            logger.warning(
                "The login to %s could not be renewed and is used until it expires: %s", login.name, error
            )
    if left <= 0:
        raise CredentialsError(f"The login to {login.name} expired at {_iso(end)}. {login.remedy}")
    return held


def is_retryable(response: Response) -> bool:
    """Return whether the same request may succeed later, by the code of an answer and then by its status.

    The portal and the token service also throttle, and then may answer with status 400.
    """
    if response.status == 200:
        return False
    code = _error_code(response)
    throttled = code in _SLOW_DOWN or (code is not None and error_class(code).retry_category == "throttling")
    return throttled or response.status >= 500 or response.status == 429


def named_answer(response: Response, *secrets: str) -> str:
    """Return the service's error code and the HTTP status, or the status alone if there is no code.

    The `secrets` of the request are redacted, in case a server returns one as its code.
    """
    code = redact(_error_code(response) or "", secrets)
    return f"{code} (HTTP {response.status})" if code else f"HTTP {response.status}"


def _error_code(response: Response) -> str | None:
    try:
        answer = read_object(response.body, SOURCE)
    except CredentialsError:
        answer = {}  # perhaps the page of a proxy
    for given in (response.headers.get("x-amzn-errortype"), *(answer.get(name) for name in _CODE_MEMBERS)):
        code = given.partition(":")[0].rpartition("#")[2].strip() if isinstance(given, str) else ""
        if _CODE.fullmatch(code):
            return code
    return None


def _cache_path(settings: Settings, login: Login) -> str:
    home = home_directory(settings.environ)
    if home is None:
        raise ConfigurationError(f"There is no home directory to search for the login to {login.name}: set HOME.")
    name = sha1((login.session or login.start_url).encode(), usedforsecurity=False).hexdigest()
    return str(PurePath(home, ".aws", "sso", "cache", f"{name}.json"))


def _read_cache(content: bytes, path: str, login: Login) -> tuple[dict[str, Any], str, datetime]:
    """Return all of the login's file, its token and the token's expiry."""
    try:
        cached = read_object(content, path)
        end = _read_expiry(cached.get("expiresAt"), path)
    except CredentialsError as error:
        raise CredentialsError(f"{error} {login.remedy}") from error
    return cached, _validated_token(cached.get("accessToken"), f"{path} holds no accessToken. {login.remedy}"), end


def _can_renew(cached: dict[str, Any], now: float) -> bool:
    """Return whether the file holds a refresh token and a registration that is still valid."""
    if not all(isinstance(cached.get(name), str) and cached[name] for name in _RENEWAL):
        return False
    try:
        return _read_expiry(cached.get("registrationExpiresAt"), "The registration").timestamp() > now
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
    """Get a new token and replace the old one in the file; if that fails, use it once."""
    wanted = {"grantType": "refresh_token", **{name: cached[name] for name in _RENEWAL}}
    issuer, _ = settings.service_endpoint("oidc", "sso_oidc", login.region)
    headers = [("Content-Type", "application/json"), ("Accept-Encoding", "identity"), CLOSE]
    response = yield from fetch(
        Request("POST", f"{issuer}/token", headers, json.dumps(wanted).encode()),
        _ISSUER,
        random,
        is_retryable=is_retryable,
    )
    if response.status != 200:
        raise CredentialsError(f"{_ISSUER} answered with {named_answer(response, *wanted.values())}.")
    renewed = {**cached, **_read_renewed(response.body, clock())}
    try:
        yield from write(path, json.dumps(renewed).encode())
    except ConfigurationError as error:
        logger.warning(
            "The renewed login to %s could not be written to its file: %s", login.name, printable(str(error))
        )
    token: str = renewed["accessToken"]
    return token


def _read_renewed(body: bytes, now: float) -> dict[str, str]:
    """Return the members of the file that a renewal changes."""
    answer = read_object(body, _ISSUER)
    token = _validated_token(answer.get("accessToken"), f"{_ISSUER} returned no accessToken.")
    life, refresh_token = answer.get("expiresIn"), answer.get("refreshToken")
    if type(life) is not int or not 0 < life < 10**9:
        raise CredentialsError(f"{_ISSUER} returned no expiresIn, a number of seconds.")
    changed = {"accessToken": token, "expiresAt": _iso(_EPOCH + timedelta(seconds=now + life))}
    if isinstance(refresh_token, str) and refresh_token:
        changed["refreshToken"] = refresh_token  # otherwise the old one stays valid
    return changed


def _validated_token(value: object, otherwise: str) -> str:
    """Return a token that a header can hold; raise `CredentialsError` with the text for any other value."""
    if not isinstance(value, str) or not value or _FORBIDDEN.search(value):
        raise CredentialsError(otherwise)
    return value


def _read_expiry(text: object, source: str) -> datetime:
    """Return a time as the AWS CLI writes it; its older versions wrote UTC instead of Z."""
    return read_time(text.removesuffix("UTC").rstrip() if isinstance(text, str) else text, source)


def _iso(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
