"""Credentials of a container's role: from the endpoint that ECS or EKS Pod Identity puts beside the container.

The environment says where to ask, and what to show there:

    AWS_CONTAINER_CREDENTIALS_RELATIVE_URI    a path on http://169.254.170.2; goes before the other
    AWS_CONTAINER_CREDENTIALS_FULL_URI        a whole URL: https, or http to a host of the list below
    AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE    a file with the value of `Authorization`; goes before the other
    AWS_CONTAINER_AUTHORIZATION_TOKEN         the value itself

Keys go over plain http only where they do not leave the machine. No error shows more of the URL than its host: on
ECS the path is as good as a password. Source: "Container credential provider" in the AWS SDKs and Tools Reference
Guide.
"""

import re
from collections.abc import Callable, Mapping
from ipaddress import AddressValueError, IPv4Address, IPv4Network, IPv6Address

from ..errors import ConfigurationError, CredentialsError
from ..identity import Credentials
from ..steps import Flow, Request, Response
from .source import NotConfigured, Resolved, checked, fetch, read_object, read_time
from .token_file import read_text

SOURCE = "container"
RELATIVE_URI, FULL_URI = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"
TOKEN_FILE, TOKEN = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "AWS_CONTAINER_AUTHORIZATION_TOKEN"
TIMEOUT = 2.0

_HOST = "http://169.254.170.2"
_LOOPBACK = IPv4Network("127.0.0.0/8")
_TRUSTED = (
    IPv4Address("169.254.170.2"),
    IPv4Address("169.254.170.23"),
    IPv6Address("fd00:ec2::23"),
    IPv6Address("::1"),
)
# Told apart here as the HTTP library tells it apart, or the host that was checked would not be the one asked: no
# user, no backslash, no escape and no zone in what names the host.
_URL = re.compile(
    r"(?P<origin>(?P<scheme>https?)://(?:\[(?P<six>[0-9a-f:.]+)\]|(?P<name>(?=[^/?:]{1,253}(?:[/?:]|\Z))"
    r"[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*))(?::(?P<port>[0-9]{1,5}))?)(?:[/?][!\"$-\[\]-~]*)?",
    re.ASCII | re.IGNORECASE,
)
_FOUR = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+")
_MAX_URL = 4096
_UNFIT = re.compile(r"[^ -~]")
_CODE = re.compile(r"[A-Za-z]{1,64}")


def load(environ: Mapping[str, str], random: Callable[[], float]) -> Flow[Resolved]:
    """Ask the endpoint that the environment names.

    Raises `ConfigurationError` for a URL that may not be asked, and `CredentialsError` for a token that cannot be
    shown and where no credentials come.
    """
    url = _read_url(environ)
    if url is None:
        return NotConfigured(f"neither {RELATIVE_URI} nor {FULL_URI} is set")
    token = yield from _read_token(environ)
    headers = [("Accept", "application/json"), ("Accept-Encoding", "identity")]
    if token:
        headers.append(("Authorization", token))
    named = f"{SOURCE} ({_parts(url)['origin']})"
    response = yield from fetch(Request("GET", url, headers), named, random, timeout=TIMEOUT, direct=True)
    if response.status != 200:
        raise CredentialsError(_refusal(response, named, token))
    try:
        return _read_credentials(response.body, named)
    except CredentialsError as error:
        raise CredentialsError(f"{error} Check what answers there.") from error


def _read_url(environ: Mapping[str, str]) -> str | None:
    """Give the URL to ask, None where no variable names one; raises `ConfigurationError` for an unfit one."""
    relative, full = environ.get(RELATIVE_URI, "").strip(), environ.get(FULL_URI, "").strip()
    if relative:
        url = _HOST + relative
        if not relative.startswith("/") or not _is_url(url):
            raise ConfigurationError(f"{RELATIVE_URI} is no path: it begins with / and holds no space.")
        return url
    if full and not _is_url(full):
        raise ConfigurationError(
            f"{FULL_URI} is no URL that can be asked: it is like http://localhost:8080/role, with no user, no "
            "fragment and no space."
        )
    if full and not _may_be_asked(full):
        raise ConfigurationError(
            f"{FULL_URI} leads to a foreign host over http, where anyone on the way could read the keys. Use "
            "https, or http to localhost, 127.0.0.0/8, [::1], 169.254.170.2, 169.254.170.23 or [fd00:ec2::23]."
        )
    return full or None


def _is_url(url: str) -> bool:
    """Say whether a URL is whole and plain, and its host a name or an address in the usual spelling."""
    match = _URL.fullmatch(url)
    if match is None or len(url) > _MAX_URL or int(match["port"] or 1) not in range(1, 65536):
        return False
    is_address = match["name"] is None or _FOUR.fullmatch(match["name"])
    return not is_address or _address(match) is not None


def _may_be_asked(url: str) -> bool:
    """Say whether keys may come from this URL, one that `_is_url`."""
    match = _parts(url)
    if match["scheme"].lower() == "https" or (match["name"] or "").lower() == "localhost":
        return True
    address = _address(match)
    return address in _TRUSTED or (isinstance(address, IPv4Address) and address in _LOOPBACK)


def _parts(url: str) -> re.Match[str]:
    match = _URL.fullmatch(url)
    assert match is not None  # it was read by `_read_url`
    return match


def _address(match: re.Match[str]) -> IPv4Address | IPv6Address | None:
    """Give the address in a URL; a name is none, and so is an unusual spelling: 127.1, 0x7f.1, 017.0.0.1."""
    try:
        return IPv6Address(match["six"]) if match["name"] is None else IPv4Address(match["name"])
    except AddressValueError:
        return None


def _read_token(environ: Mapping[str, str]) -> Flow[str]:
    """Give the value of `Authorization`, empty where there is to be none.

    It is not trimmed of line ends: one that has any is refused, wherever it stands, as the AWS SDKs do.
    """
    path, token = environ.get(TOKEN_FILE, "").strip(), environ.get(TOKEN, "")
    origin = TOKEN
    if path:
        token, origin = (yield from read_text(path, SOURCE)), f"{TOKEN_FILE} ({path})"
    if not token.strip():
        return ""
    token = token.strip(" ")
    if _UNFIT.search(token):
        raise CredentialsError(
            f"{SOURCE}: the token of {origin} holds a line end, or another character that a header cannot have. "
            "Write it anew, with no line end behind it."
        )
    return token


def _refusal(response: Response, named: str, token: str) -> str:
    """Say what the endpoint answered, by its code and without its text, and what to do."""
    try:
        code: object = read_object(response.body, named).get("code")
    except CredentialsError:
        code = None
    fit = isinstance(code, str) and _CODE.fullmatch(code) and not (token and code in token)
    answered = f"{named} answered with HTTP {response.status}" + (f" ({code})" if fit else "")
    if response.status == 429 or response.status >= 500:
        return f"{answered}: try again later, and look at the agent that answers there."
    if response.status in (401, 403):
        if not token:
            return f"{answered}: it was asked without a token: set {TOKEN_FILE} or {TOKEN} if it wants one."
        return f"{answered}: check the token of {TOKEN_FILE} or {TOKEN}, and that the task or pod has a role."
    return f"{answered}: check the URL, and that the task or pod has a role."


def _read_credentials(body: bytes, named: str) -> Credentials:
    found = read_object(body, named)
    token, expiration, account = found.get("Token"), found.get("Expiration"), found.get("AccountId")
    if not expiration and token:
        raise CredentialsError(f"{named} gave a token that has no Expiration.")
    return checked(
        Credentials(
            access_key_id=found.get("AccessKeyId", ""),
            secret_access_key=found.get("SecretAccessKey", ""),
            session_token=token or None,
            account_id=account if isinstance(account, str) and account else None,
            expires_at=read_time(expiration, named) if expiration else None,
            source=SOURCE,
        )
    )
