"""Credentials of an EC2 instance's role: from the instance metadata service, version 2.

Three requests, never through a proxy: for a session token, the role's name and the role's credentials. If nothing
answers the first, this is not an EC2 instance. Sources: "IMDS credential provider" in the AWS SDKs and Tools
Reference Guide, and "Use IMDSv2" in the EC2 User Guide.
"""

import re
from collections.abc import Callable
from typing import NamedTuple

from ..endpoints import validated_custom_url
from ..errors import (
    ConfigurationError,
    ConnectError,
    CredentialsError,
    ProtocolError,
    TimeoutError,
    TransportError,
)
from ..identity import Credentials
from ..quoting import shown
from ..settings import Settings
from ..steps import Flow, Request, Response
from .source import (
    ATTEMPTS,
    NotConfigured,
    Resolved,
    fetch,
    is_transient,
    read_object,
    read_time,
    send_repeatedly,
    validated,
)

SOURCE = "EC2 instance metadata"
DISABLED = "AWS_EC2_METADATA_DISABLED"
ENDPOINT, MODE = "AWS_EC2_METADATA_SERVICE_ENDPOINT", "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE"
TIMEOUT_SECONDS, NUM_ATTEMPTS = "AWS_METADATA_SERVICE_TIMEOUT", "AWS_METADATA_SERVICE_NUM_ATTEMPTS"
TIMEOUT = 1.0
"""Seconds for one attempt: the service is on the host, and elsewhere than on EC2 nobody answers at all."""
_NUMBER = re.compile(r"[0-9]{1,5}(\.[0-9]{1,9})?")
_WHOLE_NUMBER = re.compile(r"[0-9]{1,5}")

_BY_MODE = {"ipv4": "http://169.254.169.254", "ipv6": "http://[fd00:ec2::254]"}
_TOKEN_PATH = "/latest/api/token"  # noqa: S105 - a path
_ROLE_PATH = "/latest/meta-data/iam/security-credentials/"
_TOKEN_LIFETIME = ("x-aws-ec2-metadata-token-ttl-seconds", "21600")  # 6 hours, the longest there is
_TOKEN_HEADER = "x-aws-ec2-metadata-token"  # noqa: S105 - a header's name
_TOKEN = re.compile(r"[!-~]{1,4096}")
_ROLE = re.compile(r"(?!\.+\Z)[A-Za-z0-9_+=,.@-]{1,128}")  # not dots alone, which would change the path
_CODE = re.compile(r"[A-Za-z]{1,64}")


class _Service(NamedTuple):
    """The metadata service, the seconds that one attempt may take, and the number of attempts."""

    endpoint: str
    timeout: float
    attempts: int


def load(settings: Settings, random: Callable[[], float]) -> Flow[Resolved]:
    """Return the credentials of the instance's role, which stay in use until the service has newer ones.

    Return `NotConfigured` if the service is switched off, does not answer, or has no role. Raise
    `ConfigurationError` for an invalid endpoint, mode, timeout or number of attempts, and `CredentialsError` if
    the service answers without credentials.
    """
    if settings.environ.get(DISABLED, "").strip().lower() == "true":
        return NotConfigured(f"{DISABLED} is true")
    service = _service(settings)
    token = yield from _fetch_token(service, random)
    if isinstance(token, NotConfigured):
        return token
    url = service.endpoint + _ROLE_PATH
    response, token = yield from _get(url, service, token, random)
    role = _read_role(response, url)
    if isinstance(role, NotConfigured):
        return role
    response, _ = yield from _get(url + role, service, token, random)
    if response.status == 404:
        return _no_role(service.endpoint)
    if response.status != 200:
        raise CredentialsError(_refusal(response, url + role))
    try:
        return _read_credentials(response.body, url + role)
    except CredentialsError as error:
        raise CredentialsError(f"{error} Check the role, and which server answers there.") from error


def _service(settings: Settings) -> _Service:
    timeout = _number(settings, TIMEOUT_SECONDS, "metadata_service_timeout", _NUMBER, "seconds, more than 0")
    attempts = _number(settings, NUM_ATTEMPTS, "metadata_service_num_attempts", _WHOLE_NUMBER, "1 or more")
    return _Service(_endpoint(settings), timeout or TIMEOUT, int(attempts or ATTEMPTS))


def _number(settings: Settings, variable: str, name: str, form: re.Pattern[str], takes: str) -> float | None:
    text = settings.setting(variable, name)
    if text is None:
        return None
    if not form.fullmatch(text.value) or not float(text.value):
        raise ConfigurationError(f"{SOURCE}: {text.source} is {shown(text.value)}: set it to a number ({takes}).")
    return float(text.value)


def _endpoint(settings: Settings) -> str:
    """Return the URL to ask: the configured endpoint, else that of the mode."""
    mode = settings.setting(MODE, "ec2_metadata_service_endpoint_mode")
    if mode is not None and mode.value.lower() not in _BY_MODE:  # wrong even if an endpoint is set beside it
        raise ConfigurationError(
            f"{SOURCE}: the endpoint mode ({mode.source}) is {shown(mode.value)}: set it to IPv4 or IPv6."
        )
    endpoint = settings.setting(ENDPOINT, "ec2_metadata_service_endpoint")
    if endpoint is not None:
        return validated_custom_url(endpoint.value, name=f"The endpoint of {SOURCE} ({endpoint.source})")
    return _BY_MODE[mode.value.lower() if mode is not None else "ipv4"]


def _fetch_token(service: _Service, random: Callable[[], float]) -> Flow[str | NotConfigured]:
    """Return a session token, or why there is no metadata service."""
    request = Request("PUT", service.endpoint + _TOKEN_PATH, [_TOKEN_LIFETIME])
    try:
        response = yield from send_repeatedly(
            request, random, timeout=service.timeout, direct=True, again=_may_pass, attempts=service.attempts
        )
    except (TransportError, ProtocolError) as error:
        why = f"{service.endpoint}: {type(error).__name__}"
        return NotConfigured(f"not on an EC2 instance, or its metadata cannot be reached ({why})")
    return _read_token(response, request.url)


def _may_pass(outcome: Response | TransportError | ProtocolError) -> bool:
    """Return whether to ask for a token once more; a refused connection means that there is no such service."""
    if isinstance(outcome, Response):
        return outcome.status == 401 or is_transient(outcome)
    return not isinstance(outcome, ConnectError) or isinstance(outcome, TimeoutError)


def _read_token(response: Response, url: str) -> str | NotConfigured:
    if response.status == 401 or is_transient(response):
        raise CredentialsError(f"{_answered(url, response)}: try again later.")
    if response.status in (403, 404, 405):
        return NotConfigured(
            f"{_answered(url, response)}: it refuses a session token, which is required; check the instance's "
            "metadata options, and whether a proxy or an agent answers in its place"
        )
    if response.status != 200:
        return NotConfigured(f"{_answered(url, response)}: that is not the instance metadata service")
    token = response.body.decode("latin-1").strip()
    if not _TOKEN.fullmatch(token):
        raise CredentialsError(
            f"{_answered(url, response)}, but without a token: check which server answers there."
        )
    return token


def _get(url: str, service: _Service, token: str, random: Callable[[], float]) -> Flow[tuple[Response, str]]:
    """Return a response and the token for the next request; a refused token is replaced a few times."""
    renewals = 0
    while True:
        request = Request("GET", url, [(_TOKEN_HEADER, token)])
        response = yield from fetch(
            request,
            f"{SOURCE} ({url})",
            random,
            timeout=service.timeout,
            direct=True,
            attempts=service.attempts,
        )
        renewals += 1
        if response.status != 401 or renewals == service.attempts:
            return response, token
        fresh = yield from _fetch_token(service, random)
        if isinstance(fresh, NotConfigured):
            raise CredentialsError(
                f"{SOURCE}: the session token is refused, and no other can be had: {fresh.reason}."
            )
        token = fresh


def _read_role(response: Response, url: str) -> str | NotConfigured:
    """Return the name of the role: the first line, if it can stand in a path."""
    if response.status == 404:
        return _no_role(url)
    if response.status != 200:
        raise CredentialsError(_refusal(response, url))
    role = response.body.decode("latin-1").strip().partition("\n")[0].rstrip()
    if not role:
        return _no_role(url)
    if not _ROLE.fullmatch(role):
        raise CredentialsError(
            f"{_answered(url, response)}, but without the name of a role: check which server answers there."
        )
    return role


def _no_role(where: str) -> NotConfigured:
    return NotConfigured(f"no role is attached to this instance ({where})")


def _read_credentials(body: bytes, url: str) -> Credentials:
    named = f"{SOURCE} ({url})"
    found = read_object(body, named)
    code: object = found.get("Code", "Success")
    if code != "Success":
        said = f" ({code})" if isinstance(code, str) and _CODE.fullmatch(code) else ""
        raise CredentialsError(
            f"{named} has no credentials for the role{said}: its trust policy must let EC2 assume it."
        )
    account = found.get("AccountId")
    return validated(
        Credentials(
            access_key_id=found.get("AccessKeyId", ""),
            secret_access_key=found.get("SecretAccessKey", ""),
            session_token=found.get("Token") or "",  # temporary credentials are refused without one
            account_id=account if isinstance(account, str) and account else None,
            expires_at=read_time(found.get("Expiration"), named),
            source=SOURCE,
            static_stability=True,
        )
    )


def _answered(url: str, response: Response) -> str:
    return f"{SOURCE} ({url}) answered with HTTP {response.status}"


def _refusal(response: Response, url: str) -> str:
    if response.status == 401 or is_transient(response):
        return f"{_answered(url, response)}: try again later."
    return f"{_answered(url, response)}: check the instance's metadata options."
