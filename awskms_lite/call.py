"""The one loop of a call: credentials, sign, send, decide, decode.

Written once, as a flow; which driver runs it is none of its business.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from hashlib import sha256
from typing import Any, NamedTuple, TypeVar
from urllib.parse import quote

from ._version import __version__
from .credentials import chain
from .credentials.cache import CredentialsCache
from .endpoints import check_key_region
from .errors import ExpiredTokenException, KMSLiteError, ParameterError, ServiceError, TransportError
from .identity import Credentials
from .models.members import KMSResponse
from .operations import Operation
from .protocol import decode, encode, target
from .retry import RetryPolicy, delay, kind_of
from .settings import Settings
from .sigv4 import PostSigner
from .steps import Flow, Request, send, sleep

ResponseT = TypeVar("ResponseT", bound=KMSResponse)

# Sent and not signed: what proxies may rewrite. "identity" because KMS's answers are small, and because a
# compressed one could grow past the size limit unseen.
_UNSIGNED = [("Accept-Encoding", "identity"), ("User-Agent", f"awskms-lite/{__version__}")]

_VISIBLE = "".join(map(chr, range(0x20, 0x7F)))


class Session(NamedTuple):
    """What the calls of one client share."""

    settings: Settings
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
    mfa: Callable[[str], str] | None,
    clock: Callable[[], float],
    random: Callable[[], float],
) -> Session:
    """Make what a client's calls will share.

    Raises `ConfigurationError` for options that are at odds, and `ParameterError` for those of a wrong kind.
    """
    url, region = settings.address("kms", "kms")
    if not isinstance(credentials, Credentials | None):
        raise ParameterError(f"credentials must be awskms_lite.Credentials, not {type(credentials).__name__}.")
    if not isinstance(retry, RetryPolicy | None):
        raise ParameterError(f"retry must be awskms_lite.RetryPolicy, not {type(retry).__name__}.")
    if credentials is None:
        find = partial(chain.find, settings, clock=clock, random=random, mfa=mfa)
    else:
        find = partial(chain.given, credentials)
    return Session(
        settings=settings,
        region=region,
        endpoint_url=url,
        credentials=CredentialsCache(find, clock, random),
        signer=PostSigner(url, region=region, service="kms"),
        retry=retry or RetryPolicy(max_attempts=settings.max_attempts.value),
        timeout=timeout,
        clock=clock,
        random=random,
    )


def call(
    session: Session, operation: Operation[Any, ResponseT], request: Any, timeout: float | None = None
) -> Flow[ResponseT]:
    """Make one call, retries and waits included, and give the model of its answer.

    `timeout` (seconds) is what the driver allows the whole call, the session's own where it is None. A retry
    that could not end in time is not begun: the error of the attempt before goes up. Raises whatever
    `KMSLiteError` the last attempt ended in.
    """
    for key_id in _key_ids(request):
        check_key_region(key_id, session.region)
    body = encode(request)
    payload_hash = sha256(body).hexdigest()
    timeout = session.timeout if timeout is None else timeout
    deadline = None if timeout is None else session.clock() + timeout
    unsigned = [*_UNSIGNED, *_trace(session.settings.environ)]
    attempt, renewed = 0, False
    while True:
        attempt += 1
        credentials = session.credentials.current() or (yield from session.credentials.get())
        headers = session.signer.headers(credentials, target(operation), payload_hash, session.clock())
        signed = Request("POST", session.endpoint_url, headers + unsigned, body)
        try:
            response = yield from send(signed)
            return decode(operation, response, attempts=attempt)
        except ExpiredTokenException:
            if renewed or not (yield from _renew(session, credentials)):
                raise
            renewed = True
            continue
        except (ServiceError, TransportError) as error:
            wait = _wait_before_retry(session, error, attempt, replay_safe=operation.may_be_repeated(request))
            if wait is None or (deadline is not None and session.clock() + wait >= deadline):
                raise
        yield from sleep(wait)


def _key_ids(request: object) -> Iterator[str]:
    """Give the keys that a request names."""
    for name in ("key_id", "target_key_id", "source_key_id", "destination_key_id"):
        key_id: str | None = getattr(request, name, None)
        if key_id is not None:
            yield key_id


def _renew(session: Session, refused: Credentials) -> Flow[bool]:
    """Get credentials in place of some that KMS refused as expired; say whether there are others at all."""
    session.credentials.drop(refused)
    return (yield from session.credentials.get()) != refused


def _trace(environ: Mapping[str, str]) -> list[tuple[str, str]]:
    """Give the header that passes on a trace in AWS Lambda, for what calls what to be seen from the outside.

    Source: "Lambda recursive loop detection" in the AWS Lambda Developer Guide. Characters that cannot stand
    in a header are percent-encoded.
    """
    trace = environ.get("_X_AMZN_TRACE_ID", "").strip() if environ.get("AWS_LAMBDA_FUNCTION_NAME") else ""
    if not trace:
        return []
    return [("X-Amzn-Trace-Id", quote(trace, safe=_VISIBLE, errors="surrogateescape"))]


def _wait_before_retry(session: Session, error: KMSLiteError, attempt: int, *, replay_safe: bool) -> float | None:
    """Give the seconds to wait before the next attempt, None where there is to be none."""
    kind = kind_of(error, replay_safe=replay_safe)
    if kind == "final" or attempt >= session.retry.max_attempts:
        return None
    return delay(kind, attempt - 1, session.random)
