"""The one loop of a call: credentials, sign, send, decide, decode.

Written once, as a flow; which driver runs it is none of its business.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from hashlib import sha256
from math import inf
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, TypeVar
from urllib.parse import quote

from attrs import evolve

from .credentials import chain
from .credentials.cache import CredentialsCache
from .endpoints import check_key_region
from .errors import (
    ExpiredTokenException,
    KMSLiteError,
    ParameterError,
    ProtocolError,
    ServiceError,
    TransportError,
)
from .identity import Credentials
from .loading import loading
from .models.members import KMSResponse
from .operations import Operation
from .protocol import decode, encode, target
from .retry import Attempts, RetryPolicy, RetryQuota, may_have_executed
from .service_clock import ServiceClock
from .settings import Setting, Settings
from .sigv4 import PostSigner
from .steps import Flow, Request, Response, send, send_and_read, sleep

if TYPE_CHECKING:
    from .pacing import Pace, Paces, Pacing

ResponseT = TypeVar("ResponseT", bound=KMSResponse)
Turn: TypeAlias = "tuple[Pace, int]"

_VISIBLE = "".join(map(chr, range(0x20, 0x7F)))


class ClientState(NamedTuple):
    """What the calls of one client share."""

    settings: Settings
    region: str
    endpoint_url: str
    credentials: CredentialsCache
    signer: PostSigner
    retry: RetryPolicy
    quota: RetryQuota
    paces: "Paces | None"
    timeout: float | None
    timer: Callable[[], float]
    service_clock: ServiceClock
    random: Callable[[], float]
    new_id: Callable[[], str]


def create_state(
    settings: Settings,
    *,
    credentials: Credentials | CredentialsCache | None,
    retry: RetryPolicy | None,
    pacing: "Pacing | None",
    timeout: float | None,
    mfa: Callable[[str], str] | None,
    clock: Callable[[], float],
    timer: Callable[[], float],
    random: Callable[[], float],
    new_id: Callable[[], str],
) -> ClientState:
    """Make what a client's calls will share.

    `credentials` may be a cache that sessions of several regions share. `clock` gives seconds since 1970, and
    `timer` seconds by a clock that nobody sets; `new_id` gives each call the UUID that names it to the service.
    Raises `ConfigurationError` for options that are at odds, and `ParameterError` for those of a wrong kind.
    """
    url, region = settings.service_endpoint("kms", "kms")
    if not isinstance(credentials, Credentials | CredentialsCache | None):
        raise ParameterError(f"credentials must be awskms_lite.Credentials, not {type(credentials).__name__}.")
    if not isinstance(retry, RetryPolicy | None):
        raise ParameterError(f"retry must be awskms_lite.RetryPolicy, not {type(retry).__name__}.")
    if retry is not None:  # for STS too
        mode, attempts = Setting(retry.mode, "retry"), Setting(retry.max_attempts, "retry")
        settings = evolve(settings, retry_mode=mode, max_attempts=attempts)
    retry = RetryPolicy(settings.retry_mode.value, settings.max_attempts.value)
    service_clock = ServiceClock(clock)
    if not isinstance(credentials, CredentialsCache):
        search = partial(chain.find, settings, clock=service_clock, random=random, mfa=mfa)
        find = search if credentials is None else partial(chain.given, credentials)
        check_clock = partial(_check_clock, Request("GET", f"{url}/", settings.unsigned_headers), service_clock)
        credentials = CredentialsCache(find, service_clock, random, check_clock)
    return ClientState(
        settings=settings,
        region=region,
        endpoint_url=url,
        credentials=credentials,
        signer=PostSigner(url, region=region, service="kms"),
        retry=retry,
        quota=RetryQuota(),
        paces=_paces(pacing, adaptive=retry.mode == "adaptive"),
        timeout=timeout,
        timer=timer,
        service_clock=service_clock,
        random=random,
        new_id=new_id,
    )


def _paces(pacing: "Pacing | None", *, adaptive: bool) -> "Paces | None":
    if pacing is None and not adaptive:
        return None
    with loading:
        from .pacing import Paces, Pacing  # most clients have no need of it

    if not isinstance(pacing, Pacing | None):
        raise ParameterError(f"pacing must be awskms_lite.Pacing, not {type(pacing).__name__}.")
    return Paces(pacing, adaptive=adaptive)


def _check_clock(request: Request, service_clock: ServiceClock) -> Flow[None]:
    """Set the clock by KMS's where it is far off: KMS answers a request without a signature too, and dates it."""
    then = service_clock()
    try:
        response = yield from send(request)
    except (TransportError, ProtocolError):
        return
    service_clock.correct_by_date(response.headers.get("date"), then)


def call(
    client: ClientState, operation: Operation[Any, ResponseT], request: Any, timeout: float | None = None
) -> Flow[ResponseT]:
    """Make one call, retries and waits included, and give the model of its answer.

    `timeout` (seconds) is what the driver allows the whole call, the client's own where it is None. A retry
    that could not end in time is not begun: the error of the attempt before goes up. Raises whatever
    `KMSLiteError` the last attempt ended in.
    """
    _check_regions(request, client.region)
    idempotent = operation.is_idempotent(request)
    body = encode(request)
    payload_hash = sha256(body).hexdigest()
    unsigned, trace = client.settings.unsigned_headers, _trace(client.settings.environ)
    named = [*unsigned, ("amz-sdk-invocation-id", client.new_id()), *trace]
    paces = () if client.paces is None else client.paces.of(operation.name)
    timeout = client.timeout if timeout is None else timeout
    deadline = inf if timeout is None else client.timer() + timeout
    paced = any(pace.knows_the_quota for pace in paces)
    attempts = Attempts(client.retry, client.quota, client.random, idempotent=idempotent, paced=paced)
    renewed = throttled = lost = False
    while True:
        if paces and client.credentials.current() is None:
            yield from client.credentials.get()  # first, since the turns may be over by the time there are some
        turns = yield from _take_turns(client, paces, deadline, throttled=throttled)
        credentials = client.credentials.current() or (yield from client.credentials.get())
        signed_at = client.service_clock()
        headers = client.signer.headers(credentials, target(operation), payload_hash, signed_at)
        count = ("amz-sdk-request", f"attempt={attempts.number}; max={attempts.most}")
        try:
            signed = Request("POST", client.endpoint_url, [*headers, *named, count], body)
            secrets = _secrets(credentials, headers)
            read = partial(_read, client, operation, request, attempts.number, secrets)
            answer = yield from send_and_read(signed, read, mutating=operation.mutating)
        except ExpiredTokenException as error:
            _learn(client, turns)
            if renewed or not (yield from _renew(client, credentials)):
                error.outcome_unknown = lost and operation.mutating
                raise
            renewed = True
            attempts.begin_renewed()
        except KMSLiteError as error:
            _learn(client, turns, error)
            lost = lost or may_have_executed(error)  # what a later attempt ends in takes none of it back
            clock_was_set = client.service_clock.correct_skew(error, signed_at)
            throttled = _is_throttled(error)
            left = deadline - client.timer() - _backlog(client, paces)
            wait = attempts.begin_next(error, clock_was_set=clock_was_set, left=left)
            if wait is None:
                if isinstance(error, TransportError):
                    error.attempts = attempts.number
                error.outcome_unknown = operation.mutating and lost
                raise
            if wait:
                yield from sleep(wait)
        else:
            _learn(client, turns)
            attempts.succeeded()
            return answer


def _read(
    client: ClientState,
    operation: Operation[Any, ResponseT],
    request: object,
    attempt: int,
    secrets: list[str],
    response: Response,
) -> ResponseT:
    """Return the model of an answer that is believed, and note the time that it tells."""
    answer = decode(operation, response, attempts=attempt, request=request, secrets=secrets)
    client.service_clock.note_date(response.headers.get("date"))
    return answer


def _secrets(credentials: Credentials, headers: Iterable[tuple[str, str]]) -> list[str]:
    """Return what a request was signed with, for an answer that repeats it: keys, token and signature."""
    signatures = [value.rpartition("Signature=")[2] for name, value in headers if name == "Authorization"]
    return [credentials.secret_access_key, credentials.session_token or "", *signatures]


def _take_turns(
    client: ClientState, paces: "tuple[Pace, ...]", deadline: float, *, throttled: bool
) -> Flow[list[Turn]]:
    """Wait until it is our turn to send by each of the paces, and give the turns.

    `throttled` says that it is to send a throttled request again. Raises `TimeoutError` at once where a turn
    does not come in time.
    """
    turns: list[Turn] = []
    came = False
    try:
        for pace in paces:
            turns.append((pace, pace.take(client.timer(), again=throttled)))
            yield from _wait_for(client, *turns[-1], deadline)
        came = True
    finally:
        if not came:
            for pace, turn in turns:
                pace.give_back(turn)
    return turns


def _wait_for(client: ClientState, pace: "Pace", turn: int, deadline: float) -> Flow[None]:
    now = client.timer()
    while wait := pace.wait(turn, now, deadline):
        yield from sleep(wait)
        before, now = now, client.timer()
        if now == before:  # a test's, which stands still: the wait itself must do
            break


def _backlog(client: ClientState, paces: "tuple[Pace, ...]") -> float:
    """Give the seconds until a turn that is taken now would come."""
    return max((pace.backlog(client.timer()) for pace in paces), default=0.0)


def _learn(client: ClientState, turns: list[Turn], error: KMSLiteError | None = None) -> None:
    """Tell the paces what became of a request; one that no answer came to says nothing about quotas."""
    if turns and not isinstance(error, TransportError):
        for pace, turn in turns:
            pace.learn(turn, throttled=_is_throttled(error), now=client.timer())


def _is_throttled(error: KMSLiteError | None) -> bool:
    return isinstance(error, ServiceError) and error.category == "throttling"


def _check_regions(request: object, region: str) -> None:
    """Raise `ParameterError` where a key that the request names is of another region."""
    for name in ("key_id", "target_key_id", "source_key_id", "destination_key_id"):
        key_id: str | None = getattr(request, name, None)
        if key_id is not None:
            check_key_region(key_id, region)


def _renew(client: ClientState, refused: Credentials) -> Flow[bool]:
    """Get credentials in place of some that KMS refused as expired; say whether there are others at all."""
    client.credentials.drop(refused)
    return (yield from client.credentials.get()) != refused


def _trace(environ: Mapping[str, str]) -> list[tuple[str, str]]:
    """Give the header that passes on a trace in AWS Lambda, for what calls what to be seen from the outside.

    Source: "Lambda recursive loop detection" in the AWS Lambda Developer Guide. Characters that cannot stand
    in a header are percent-encoded, at its ends too; spaces there belong to nothing.
    """
    trace = environ.get("_X_AMZN_TRACE_ID", "").strip(" ") if environ.get("AWS_LAMBDA_FUNCTION_NAME") else ""
    if not trace.strip():
        return []
    try:
        encoded = quote(trace, safe=_VISIBLE, errors="surrogateescape")
    except UnicodeEncodeError:  # half a character, which only an environ of the caller's own can hold
        encoded = quote(trace, safe=_VISIBLE, errors="replace")
    return [("X-Amzn-Trace-Id", encoded)]
