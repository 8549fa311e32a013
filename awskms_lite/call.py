"""The one loop of a call: credentials, sign, send, decide, decode.

Written once, as a flow; which driver runs it is none of its business.
"""

import logging
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any, NamedTuple, TypeVar

from . import errors
from ._version import __version__
from .credentials.chain import CredentialsCache
from .endpoints import check_key_region, read_custom_url, read_region, service_url
from .errors import ConfigurationError, KMSLiteError, ParameterError, ServiceError, TransportError
from .identity import Credentials
from .models.members import KMSResponse
from .operations import Operation
from .protocol import decode, encode, target
from .retry import RetryPolicy, delay, kind_of
from .settings import Settings
from .sigv4 import PostSigner
from .steps import Flow, Request, Response, send, sleep

ResponseT = TypeVar("ResponseT", bound=KMSResponse)

logger = logging.getLogger("awskms_lite")

# Sent and not signed: what proxies may rewrite. "identity" because KMS's answers are small, and because a
# compressed one could grow past the size limit unseen.
_UNSIGNED = [("Accept-Encoding", "identity"), ("User-Agent", f"awskms-lite/{__version__}")]


class Session(NamedTuple):
    """What the calls of one client share."""

    region: str
    endpoint_url: str
    credentials: CredentialsCache
    signer: PostSigner
    retry: RetryPolicy
    timeout: float | None
    clock: Callable[[], float]
    random: Callable[[], float]


def open_session(
    settings: Settings,
    *,
    credentials: Credentials | None,
    retry: RetryPolicy | None,
    timeout: float | None,
    environ: Mapping[str, str],
    clock: Callable[[], float],
    random: Callable[[], float],
) -> Session:
    """Make what a client's calls will share.

    Raises `ConfigurationError` for options that are at odds, and `ParameterError` for those of a wrong kind.
    """
    region, fips = read_region(settings.region)
    fips = fips or settings.use_fips_endpoint
    if settings.endpoint_url is None:
        url = service_url("kms", region, fips=fips, dualstack=settings.use_dualstack_endpoint)
    elif fips or settings.use_dualstack_endpoint:
        raise ConfigurationError(
            f"A custom endpoint ({settings.endpoint_origin}) goes with neither FIPS nor dual-stack: "
            "leave the endpoint to the region, or name the FIPS or dual-stack host in the URL."
        )
    else:
        url = read_custom_url(settings.endpoint_url, name=settings.endpoint_origin)
    if not isinstance(credentials, Credentials | None):
        raise ParameterError(f"credentials must be awskms_lite.Credentials, not {type(credentials).__name__}.")
    return Session(
        region=region,
        endpoint_url=url,
        credentials=CredentialsCache(credentials, environ),
        signer=PostSigner(url, region=region, service="kms"),
        retry=retry or RetryPolicy(),
        timeout=checked_timeout("timeout", timeout),
        clock=clock,
        random=random,
    )


def checked_timeout(name: str, seconds: float | None) -> float | None:
    """Give the seconds back; raises `ParameterError` for what is not a positive number."""
    if seconds is None or (isinstance(seconds, int | float) and 0 < seconds < float("inf")):
        return seconds
    raise ParameterError(f"{name} is {seconds!r}: pass a positive number of seconds, or None.")


def call(
    session: Session, operation: Operation[Any, ResponseT], request: Any, timeout: float | None = None
) -> Flow[ResponseT]:
    """Make one call, retries and waits included, and give the model of its answer.

    `timeout` (seconds) bounds the whole call; the session's own where it is None. A retry that could not
    end in time is not begun: the error of the attempt before goes up. Raises whatever `KMSLiteError` the last
    attempt ended in.
    """
    check_key_region(request.key_id, session.region)
    body = encode(request)
    payload_hash = sha256(body).hexdigest()
    timeout = session.timeout if timeout is None else checked_timeout("timeout", timeout)
    deadline = None if timeout is None else session.clock() + timeout
    attempt = 0
    while True:
        attempt += 1
        credentials = yield from session.credentials.get()
        now = session.clock()
        headers = session.signer.headers(credentials, target(operation), payload_hash, now)
        signed = Request("POST", session.endpoint_url, headers + _UNSIGNED, body)
        try:
            response = yield from _attempt(session, operation, signed, now, deadline)
            return decode(operation, response, attempts=attempt)
        except (ServiceError, TransportError) as error:
            wait = _wait_before_retry(session, operation, error, attempt)
            if wait is None or (deadline is not None and session.clock() + wait >= deadline):
                raise
        yield from sleep(wait)


def _attempt(
    session: Session, operation: Operation[Any, Any], request: Request, now: float, deadline: float | None
) -> Flow[Response]:
    """Send once, within what is left of the call's time, and leave one line in the log."""
    remaining = None if deadline is None else deadline - now
    if remaining is not None and remaining <= 0:
        raise errors.TimeoutError(f"No time was left to send {operation.name}: allow a longer timeout.")
    outcome, request_id = "no answer", None
    try:
        response = yield from send(request, remaining)
        outcome, request_id = f"HTTP {response.status}", response.headers.get("x-amzn-requestid")
        return response
    finally:
        if logger.isEnabledFor(logging.DEBUG):
            took = 1000 * (session.clock() - now)
            host = session.endpoint_url.partition("://")[2]
            logger.debug("%s to %s: %s, request id %s, %.1f ms", operation.name, host, outcome, request_id, took)


def _wait_before_retry(
    session: Session, operation: Operation[Any, Any], error: KMSLiteError, attempt: int
) -> float | None:
    """Give the seconds to wait before the next attempt, None where there is to be none."""
    kind = kind_of(error, replay_safe=operation.replay_safe)
    if kind == "final" or attempt >= session.retry.max_attempts:
        return None
    return delay(kind, attempt - 1, session.random)
