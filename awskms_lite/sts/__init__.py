"""STS: the credentials of a role (AssumeRole, AssumeRoleWithWebIdentity), and whose credentials are.

The query protocol: a form goes out, XML comes back (`answer`). AssumeRoleWithWebIdentity shows the token of an
identity provider; AssumeRole and GetCallerIdentity are signed. Source: these operations in the STS API reference.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import TypeVar
from urllib.parse import urlencode

from ..errors import CredentialsError, ParameterError, ProtocolError, ServiceError, TransportError
from ..identity import Credentials
from ..quoting import shown
from ..retry import Attempts, Outcome, RetryPolicy, RetryQuota, send_until_final
from ..service_clock import ServiceClock
from ..settings import Settings
from ..sigv4 import sign
from ..steps import CLOSE, Flow, Request, Response
from .answer import CallerIdentity, describe, read_credentials, read_error, read_identity

__all__ = ["SESSION_NAME", "CallerIdentity", "assume_role", "assume_role_with_web_identity", "caller_identity"]

T = TypeVar("T")

_VERSION = "2011-06-15"
_GET_CALLER_IDENTITY = "GetCallerIdentity"
_HEADERS = [("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")]
_SESSION_NAME_VARIABLE = "AWS_ROLE_SESSION_NAME"
SESSION_NAME = re.compile(r"[A-Za-z0-9_+=,.@-]{2,64}")
"""What may name the session of a role (AWS STS API reference, AssumeRole)."""


def assume_role(
    role_arn: str,
    *,
    settings: Settings,
    credentials: Credentials,
    clock: ServiceClock,
    random: Callable[[], float],
    source: str,
    session_name: str | None = None,
    duration: int | None = None,
    external_id: str | None = None,
    policy: str | None = None,
    serial_number: str | None = None,
    token_code: str | None = None,
) -> Flow[Credentials]:
    """Return the credentials of a role, assumed with other credentials.

    `source` names their origin for people to read; `duration` is in seconds; `policy` is a session policy as JSON;
    `serial_number` and `token_code` are those of an MFA device. The session is named by `session_name`, else by
    AWS_ROLE_SESSION_NAME, else after the time. Raise `CredentialsError`, with its cause chained, if the role
    cannot be assumed, and `ConfigurationError` for an invalid region or endpoint.
    """
    form = {
        "Action": "AssumeRole",
        "RoleArn": role_arn,
        "RoleSessionName": _read_session_name(session_name, settings, clock, source),
        "DurationSeconds": None if duration is None else str(duration),
        "ExternalId": external_id,
        "Policy": policy,
        "SerialNumber": serial_number,
        "TokenCode": token_code,
    }
    return (yield from _assume(form, credentials, settings, clock, random, source))


def assume_role_with_web_identity(
    role_arn: str,
    *,
    token: str,
    settings: Settings,
    clock: ServiceClock,
    random: Callable[[], float],
    source: str,
    session_name: str | None = None,
) -> Flow[Credentials]:
    """Return the credentials of a role, assumed with the token of an identity provider and without a signature.

    The other arguments and the errors are those of `assume_role`.
    """
    form: dict[str, str | None] = {
        "Action": "AssumeRoleWithWebIdentity",
        "RoleArn": role_arn,
        "RoleSessionName": _read_session_name(session_name, settings, clock, source),
        "WebIdentityToken": token,
    }
    return (yield from _assume(form, None, settings, clock, random, source))


def caller_identity(
    *, settings: Settings, credentials: Credentials, clock: ServiceClock, random: Callable[[], float]
) -> Flow[CallerIdentity]:
    """Return whose the credentials are. No permission is needed, and no policy can deny it.

    Raise the `ServiceError`, `TransportError` or `ProtocolError` that the call ended in, and `ConfigurationError`
    for an invalid region or endpoint.
    """
    form = {"Action": _GET_CALLER_IDENTITY}
    try:
        return (yield from _exchange_form(form, credentials, settings, clock, random, read_identity))
    except ServiceError as error:
        error.operation, error.service = _GET_CALLER_IDENTITY, "STS"
        raise
    except ProtocolError as error:
        reason = describe(error)
    raise ProtocolError(f"The answer to {_GET_CALLER_IDENTITY} cannot be read. {reason}")


def _read_session_name(given: str | None, settings: Settings, clock: ServiceClock, source: str) -> str:
    name = given or settings.variable(_SESSION_NAME_VARIABLE) or f"awskms-lite-{int(clock())}"
    if not SESSION_NAME.fullmatch(name):
        raise CredentialsError(
            f"{source}: {shown(name)} is not a valid session name: set role_session_name or "
            f"{_SESSION_NAME_VARIABLE} to 2 to 64 letters, digits and any of _+=,.@-"
        )
    return name


def _assume(
    form: dict[str, str | None],
    caller: Credentials | None,
    settings: Settings,
    clock: ServiceClock,
    random: Callable[[], float],
    source: str,
) -> Flow[Credentials]:
    """Return the credentials of a role; raise a `CredentialsError` for whatever the exchange fails with."""
    read = partial(read_credentials, source=source)
    try:
        return (yield from _exchange_form(form, caller, settings, clock, random, read))
    except (ServiceError, TransportError, ProtocolError, ParameterError) as error:
        url, _ = settings.service_endpoint("sts", "sts")
        raise CredentialsError(
            f"{source}: the role {form['RoleArn']} cannot be assumed ({form['Action']} at {url}). "
            f"{describe(error)}"
        ) from error


def _exchange_form(
    form: Mapping[str, str | None],
    caller: Credentials | None,
    settings: Settings,
    clock: ServiceClock,
    random: Callable[[], float],
    read: Callable[[Response], T],
) -> Flow[T]:
    """Send a form, signed if there is a caller, and return what `read` makes of the answer."""
    url, region = settings.service_endpoint("sts", "sts")
    filled = {"Version": _VERSION, **{name: value for name, value in form.items() if value}}
    request = Request("POST", url, _HEADERS, urlencode(filled, errors="replace").encode())
    secrets = [form.get("WebIdentityToken"), form.get("TokenCode")]
    if caller is not None:
        secrets += [caller.secret_access_key, caller.session_token]

    def prepare(now: float) -> Request:
        if caller is None:
            return request
        date = datetime.fromtimestamp(now, UTC)
        return sign(request, credentials=caller, region=region, service="sts", now=date)

    attempts = Attempts(
        RetryPolicy(max_attempts=settings.max_attempts.value),
        RetryQuota(),
        random,
        idempotent=not form.get("TokenCode"),  # STS takes an MFA code once
    )
    hidden = [text for text in secrets if text]
    return read((yield from _send_form(prepare, attempts, clock, settings.unsigned_headers, hidden)))


def _send_form(
    prepare: Callable[[float], Request],
    attempts: Attempts,
    clock: ServiceClock,
    unsigned: Sequence[tuple[str, str]],
    secrets: Sequence[str],
) -> Flow[Response]:
    """Send until there is a success, as often as any call is sent; each attempt is prepared for its time.

    Raise the `ServiceError`, `TransportError` or `ProtocolError` of the last attempt.
    """
    signed_at = 0.0

    def prepare_now() -> Request:
        nonlocal signed_at
        signed_at = clock()
        request = prepare(signed_at)
        return request._replace(headers=[*request.headers, *unsigned, CLOSE])

    def wait_after(outcome: Outcome) -> float | None:
        if isinstance(outcome, ProtocolError) or _is_success(outcome):
            return None
        error = read_error(outcome, attempts.number, secrets) if isinstance(outcome, Response) else outcome
        return attempts.begin_next(error, clock_corrected=clock.correct_skew(error, signed_at))

    response = yield from send_until_final(prepare_now, wait_after)
    if not _is_success(response):
        raise read_error(response, attempts.number, secrets)
    return response


def _is_success(outcome: Outcome) -> bool:
    return isinstance(outcome, Response) and 200 <= outcome.status < 300
