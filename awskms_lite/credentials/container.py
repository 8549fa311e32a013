"""Credentials of a container's role: from the endpoint that ECS or EKS Pod Identity puts beside the container.

Environment variables hold the address and the authorization token:

    AWS_CONTAINER_CREDENTIALS_RELATIVE_URI    a path on http://169.254.170.2; takes precedence over the next
    AWS_CONTAINER_CREDENTIALS_FULL_URI        a whole URL: https, or http to a host that is allowed below
    AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE    a file with the value of `Authorization`; takes precedence
    AWS_CONTAINER_AUTHORIZATION_TOKEN         the value itself

Credentials travel over plain http only if they do not leave the machine. No error shows more of the URL than its
host: on ECS the path is as good as a password. Source: "Container credential provider" in the AWS SDKs and Tools
Reference Guide.
"""

import re
from collections.abc import Callable, Mapping
from ipaddress import AddressValueError, IPv4Address, IPv4Network, IPv6Address

from ..errors import ConfigurationError, CredentialsError
from ..identity import Credentials
from ..steps import Flow, Request, Response
from .source import NotConfigured, Resolved, fetch, is_transient, read_object, read_time, validated
from .token_file import read_text

SOURCE = "container"
RELATIVE_URI, FULL_URI = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"
TOKEN_FILE, TOKEN = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "AWS_CONTAINER_AUTHORIZATION_TOKEN"
TIMEOUT = 2.0
"""Seconds for one attempt: the endpoint is on this machine, and a search goes on to the instance after it."""

_HOST = "http://169.254.170.2"
_LOOPBACK = IPv4Network("127.0.0.0/8")
_TRUSTED = (
    IPv4Address("169.254.170.2"),
    IPv4Address("169.254.170.23"),
    IPv6Address("fd00:ec2::23"),
    IPv6Address("::1"),
)
# Parsed as strictly as the HTTP library does, or the host that is checked would not be the one that is asked: no
# user, backslash, escape or zone in the host.
_URL = re.compile(
    r"(?P<origin>(?P<scheme>https?)://(?:\[(?P<six>[0-9a-f:.]+)\]|(?P<name>(?=[^/?:]{1,253}(?:[/?:]|\Z))"
    r"[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*))(?::(?P<port>[0-9]{1,5}))?)(?:[/?][!\"$-\[\]-~]*)?",
    re.ASCII | re.IGNORECASE,
)
_DOTTED_NUMBERS = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+")
_MAX_URL = 4096  # characters
_FORBIDDEN = re.compile(r"[^ -~]")
_CODE = re.compile(r"[A-Za-z]{1,64}")


def load(environ: Mapping[str, str], random: Callable[[], float]) -> Flow[Resolved]:
    """Ask the endpoint that the environment names.

    Raise `ConfigurationError` for a URL that is not allowed, and `CredentialsError` for a token that no header can
    hold or if the endpoint returns no credentials.
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
        raise CredentialsError(f"{error} Check which server answers there.") from error


def _read_url(environ: Mapping[str, str]) -> str | None:
    """Return the URL to ask, None if no variable is set; raise `ConfigurationError` if it is not allowed."""
    relative, full = environ.get(RELATIVE_URI, "").strip(), environ.get(FULL_URI, "").strip()
    if relative:
        url = _HOST + relative
        if not relative.startswith("/") or not _is_url(url):
            raise ConfigurationError(f"{RELATIVE_URI} is not a path: it must begin with / and hold no space.")
        return url
    if full and not _is_url(full):
        raise ConfigurationError(
            f"{FULL_URI} is not a valid URL: set one like http://localhost:8080/role, with no user, fragment or "
            "space."
        )
    if full and not _is_trusted(full):
        raise ConfigurationError(
            f"{FULL_URI} names another machine over http, where anyone on the way could read the credentials. Use "
            "https, or http to localhost, 127.0.0.0/8, [::1], 169.254.170.2, 169.254.170.23 or [fd00:ec2::23]."
        )
    return full or None


def _is_url(url: str) -> bool:
    """Return whether a URL is complete and its host a name or an address in the usual spelling."""
    match = _URL.fullmatch(url)
    if match is None or len(url) > _MAX_URL or int(match["port"] or 1) not in range(1, 65536):
        return False
    is_address = match["name"] is None or _DOTTED_NUMBERS.fullmatch(match["name"])
    return not is_address or _address(match) is not None


def _is_trusted(url: str) -> bool:
    """Return whether credentials may come from this URL, for which `_is_url` is true."""
    match = _parts(url)
    if match["scheme"].lower() == "https" or (match["name"] or "").lower() == "localhost":
        return True
    address = _address(match)
    return address in _TRUSTED or (isinstance(address, IPv4Address) and address in _LOOPBACK)


def _parts(url: str) -> re.Match[str]:
    match = _URL.fullmatch(url)
    assert match is not None  # checked by `_read_url`
    return match


def _address(match: re.Match[str]) -> IPv4Address | IPv6Address | None:
    """Return the address in a URL, None for a name and for an unusual spelling: 127.1, 0x7f.1, 017.0.0.1."""
    try:
        return IPv6Address(match["six"]) if match["name"] is None else IPv4Address(match["name"])
    except AddressValueError:
        return None


def _read_token(environ: Mapping[str, str]) -> Flow[str]:
    """Return the value of `Authorization`, empty if no token is configured.

    Line ends are not trimmed: a token with one is refused, wherever it stands, as in the AWS SDKs.
    """
    path, token = environ.get(TOKEN_FILE, "").strip(), environ.get(TOKEN, "")
    source = TOKEN
    if path:
        token, source = (yield from read_text(path, SOURCE)), f"{TOKEN_FILE} ({path})"
    if not token.strip():
        return ""
    token = token.strip(" ")
    if _FORBIDDEN.search(token):
        raise CredentialsError(
            f"{SOURCE}: the token in {source} holds a line end, or another character that a header cannot hold. "
            "Set it again without a line end."
        )
    return token


def _refusal(response: Response, named: str, token: str) -> str:
    """Return what the endpoint answered, with its code but without its message, and what to do."""
    try:
        code: object = read_object(response.body, named).get("code")
    except CredentialsError:
        code = None
    is_code = isinstance(code, str) and _CODE.fullmatch(code) and not (token and code in token)
    answered = f"{named} answered with HTTP {response.status}" + (f" ({code})" if is_code else "")
    if is_transient(response):
        return f"{answered}: try again later, and check the agent that answers there."
    if response.status in (401, 403):
        if not token:
            return f"{answered}: the request had no token: set {TOKEN_FILE} or {TOKEN} if it wants one."
        return f"{answered}: check the token of {TOKEN_FILE} or {TOKEN}, and that the task or pod has a role."
    return f"{answered}: check the URL, and that the task or pod has a role."


def _read_credentials(body: bytes, named: str) -> Credentials:
    found = read_object(body, named)
    token, expiration, account = found.get("Token"), found.get("Expiration"), found.get("AccountId")
    if not expiration and token:
        raise CredentialsError(f"{named} returned a token without an Expiration.")
    return validated(
        Credentials(
            access_key_id=found.get("AccessKeyId", ""),
            secret_access_key=found.get("SecretAccessKey", ""),
            session_token=token or None,
            account_id=account if isinstance(account, str) and account else None,
            expires_at=read_time(expiration, named) if expiration else None,
            source=SOURCE,
        )
    )
