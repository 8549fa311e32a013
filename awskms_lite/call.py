"""The one loop of a call: credentials, sign, send, decide, decode.

Written once, as a flow that either driver runs.
"""

from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial
from hashlib import sha256
from math import inf
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeAlias, TypeVar
from urllib.parse import quote

from attrs import evolve

from .credentials import chain
from .credentials.cache import CredentialsCache
from .endpoints import check_key_region, parse_region
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
from .operations import KMS, Operation, Service
from .protocol import decode, encode, target
from .retry import Attempts, RetryPolicy, RetryQuota, may_have_executed
from .service_clock import ServiceClock
from .settings import Setting, Settings, validated_timeout
from .sigv4 import PostSigner
from .steps import Flow, Request, Response, Send, send, sleep

if TYPE_CHECKING:
    from .credentials.role import GivenCredentials
    from .pacing import Pacing, RateLimiter, RateLimiters
    from .sts import CallerIdentity

ResponseT = TypeVar("ResponseT", bound=KMSResponse)
Slot: TypeAlias = "tuple[RateLimiter, int]"

_VISIBLE = "".join(map(chr, range(0x20, 0x7F)))


class ClientState(NamedTuple):
    """What the calls of one client share."""

    service: Service
    settings: Settings
    region: str
    endpoint_url: str
    credentials: CredentialsCache
    signer: PostSigner
    retry: RetryPolicy
    quota: RetryQuota
    pacing: "Pacing | None"
    rate_limiters: "RateLimiters | None"
    timeout: float | None
    timer: Callable[[], float]
    service_clock: ServiceClock
    random: Callable[[], float]
    new_id: Callable[[], str]


def create_state(
    settings: Settings,
    *,
    service: Service = KMS,
    credentials: "GivenCredentials | CredentialsCache | None",
    retry: RetryPolicy | None,
    pacing: "Pacing | None",
    timeout: float | timedelta | None,
    mfa: Callable[[str], str] | None,
    clock: Callable[[], float],
    timer: Callable[[], float],
    random: Callable[[], float],
    new_id: Callable[[], str],
) -> ClientState:
    """Make what a client's calls will share.

    `credentials` may be a cache that clients of several regions share. `clock` gives seconds since 1970, and
    `timer` seconds by a monotonic clock; `new_id` gives each call the UUID that identifies it to the service.
    Raises `ConfigurationError` for options that contradict each other, and `ParameterError` for wrong types.
    """
    url, region = settings.service_endpoint(service.name, service.name)
    if not isinstance(retry, RetryPolicy | None):
        raise ParameterError(f"retry must be awskms_lite.RetryPolicy, not {type(retry).__name__}.")
    if retry is not None:  # for STS too
        mode, attempts = Setting(retry.mode, "retry"), Setting(retry.max_attempts, "retry")
        settings = evolve(settings, retry_mode=mode, max_attempts=attempts)
    retry = RetryPolicy(settings.retry_mode.value, settings.max_attempts.value)
    service_clock = ServiceClock(clock)
    if not isinstance(credentials, CredentialsCache):
        search = partial(chain.find, settings, clock=service_clock, random=random, mfa=mfa)
        check_clock = partial(_check_clock, Request("GET", f"{url}/", settings.unsigned_headers), service_clock)
        new_cache = partial(CredentialsCache, clock=service_clock, random=random, check_clock=check_clock)
        if credentials is None:
            credentials = new_cache(search)
        elif isinstance(credentials, Credentials):
            credentials = new_cache(partial(chain.given, credentials))
        else:
            with loading:
                from .credentials.given import open_cache  # most clients search

            credentials = open_cache(credentials, settings, search, new_cache, clock=service_clock, random=random)
    return ClientState(
        service=service,
        settings=settings,
        region=region,
        endpoint_url=url,
        credentials=credentials,
        signer=PostSigner(url, region=region, service=service.name),
        retry=retry,
        quota=RetryQuota(),
        pacing=pacing,
        rate_limiters=_rate_limiters(service, pacing, retry),
        timeout=validated_timeout("timeout", timeout),
        timer=timer,
        service_clock=service_clock,
        random=random,
        new_id=new_id,
    )


def in_region(client: ClientState, region: str) -> ClientState:
    """Return what the calls to another region share: all of the client's own but the quotas, which are a region's.

    A region that was named with FIPS, as "fips-us-east-2", stands for FIPS in the others too. Raises
    `ConfigurationError` for an invalid region.
    """
    settings, before = client.settings, client.settings.region
    if parse_region(before.value)[1]:
        settings = evolve(settings, use_fips_endpoint=Setting(True, before.source))
    return beside(client._replace(settings=evolve(settings, region=Setting(region, "region"))), client.service)


def beside(client: ClientState, service: Service) -> ClientState:
    """Return what the calls to another service share: all of the client's but the quotas, which are a service's.

    The endpoint is that of the configuration, or of the region: an argument about endpoints is for the client's
    own service alone. Raises `ConfigurationError` for an invalid endpoint.
    """
    url, region = client.settings.service_endpoint(service.name, service.name)
    return client._replace(
        service=service,
        region=region,
        endpoint_url=url,
        signer=PostSigner(url, region=region, service=service.name),
        quota=RetryQuota(),
        rate_limiters=_rate_limiters(service, client.pacing, client.retry),
    )


def _rate_limiters(service: Service, pacing: "Pacing | None", retry: RetryPolicy) -> "RateLimiters | None":
    adaptive = retry.mode == "adaptive"
    if pacing is None and not service.paced and not adaptive:
        return None
    with loading:
        from .pacing import Pacing, RateLimiters  # most clients do not pace

    if not isinstance(pacing, Pacing | None):
        raise ParameterError(f"pacing must be awskms_lite.Pacing, not {type(pacing).__name__}.")
    if pacing is None and service.paced:
        pacing = Pacing()
    return RateLimiters(pacing, adaptive=adaptive)


def _check_clock(request: Request, service_clock: ServiceClock) -> Flow[None]:
    """Correct the clock by the service's if it is far off: a refusal of an unsigned request is dated too."""
    then = service_clock()
    try:
        response = yield from send(request)
    except (TransportError, ProtocolError):
        return
    service_clock.correct_by_date(response.headers.get("date"), then)


def call(
    client: ClientState, operation: Operation[Any, ResponseT], request: Any, timeout: float | None = None
) -> Flow[ResponseT]:
    """Make one call, with its retries and waits, and return the model of its answer.

    `timeout` (seconds) is what the driver allows the whole call, the client's own if it is None. A retry that
    cannot end in time is not begun: the error of the attempt before is raised. Raises whatever `KMSLiteError` the
    last attempt ended in.
    """
    _check_regions(request, client.region)
    return (yield from _Call(client, operation, request, timeout).run())  # made when the driver begins


def caller_identity(client: ClientState) -> Flow["CallerIdentity"]:
    """Return whose credentials a client's calls are signed with, by asking STS.

    Raises whatever `KMSLiteError` the search for credentials or the call ended in.
    """
    with loading:
        from . import sts  # few calls need it

    credentials = yield from client.credentials.get()
    return (
        yield from sts.caller_identity(
            settings=client.settings,
            credentials=credentials,
            clock=client.service_clock,
            random=client.random,
        )
    )


class _Call(Generic[ResponseT]):
    """One call: what is the same for all its attempts, and what is known from those that were made."""

    def __init__(
        self, client: ClientState, operation: Operation[Any, ResponseT], request: Any, timeout: float | None
    ) -> None:
        self._client = client
        self._operation = operation
        self._request = request
        self._target = target(operation)
        self._body = encode(request)
        self._payload_hash = sha256(self._body).hexdigest()
        settings = client.settings
        invocation = ("amz-sdk-invocation-id", client.new_id())
        self._unsigned_headers = [*settings.unsigned_headers, invocation, *_trace(settings.environ)]
        self._secrets: list[str] = []
        self._limiters = client.rate_limiters.for_operation(operation.name) if client.rate_limiters else ()
        timeout = client.timeout if timeout is None else timeout
        self._deadline = inf if timeout is None else client.timer() + timeout
        self._attempts = Attempts(
            client.retry,
            client.quota,
            client.random,
            idempotent=operation.is_idempotent(request),
            paced=any(limiter.follows_quota for limiter in self._limiters),
        )
        self._signed_at = 0.0
        self._renewed = self._throttled = self._may_have_executed = False

    def run(self) -> Flow[ResponseT]:
        """Send until there is an answer, or an error that no retry helps against."""
        try:
            while True:
                slots = (yield from self._wait_for_slots()) if self._limiters else []
                credentials = self._client.credentials.current() or (yield from self._client.credentials.get())
                attempt = self._sign(credentials)
                try:
                    answer: ResponseT = yield attempt
                except KMSLiteError as error:
                    self._record_outcome(slots, error)
                    wait = yield from self._recover(error, credentials)
                    if wait is None:
                        raise
                    if wait:
                        yield from sleep(wait)
                else:
                    self._record_outcome(slots)
                    self._attempts.succeeded()
                    return answer
        except KMSLiteError as error:  # of the last attempt, or of what would have come before the next one
            error.outcome_unknown = self._operation.mutating and self._may_have_executed
            raise

    def _sign(self, credentials: Credentials) -> Send:
        """Return the next attempt, signed with the time of now."""
        self._signed_at = self._client.service_clock()
        headers = self._client.signer.headers(credentials, self._target, self._payload_hash, self._signed_at)
        signatures = [value.rpartition("Signature=")[2] for name, value in headers if name == "Authorization"]
        self._secrets = [credentials.secret_access_key, credentials.session_token or "", *signatures]
        count = f"attempt={self._attempts.number}; max={self._attempts.max_attempts}"
        headers = [*headers, *self._unsigned_headers, ("amz-sdk-request", count)]
        request = Request("POST", self._client.endpoint_url, headers, self._body)
        return Send(request, mutating=self._operation.mutating, read=self._read)

    def _read(self, response: Response) -> ResponseT:
        """Return the model of an answer that is believed, and note the time that it tells.

        No error quotes `self._secrets`: an answer may repeat what the request was signed with.
        """
        answer = decode(
            self._operation,
            response,
            attempts=self._attempts.number,
            request=self._request,
            secrets=self._secrets,
        )
        self._client.service_clock.note_date(response.headers.get("date"))
        return answer

    def _recover(self, error: KMSLiteError, credentials: Credentials) -> Flow[float | None]:
        """Begin another attempt if one may help: return the seconds to wait first, None if the error is final.

        Credentials that the service calls expired are renewed once, and the attempt with new ones is beyond what
        the policy allows. What a later attempt ends in does not undo what an earlier one may have executed.
        """
        if isinstance(error, ExpiredTokenException):
            if self._renewed or not (yield from _renew(self._client, credentials)):
                return None
            self._renewed = True
            self._attempts.begin_renewed()
            return 0.0
        self._may_have_executed = self._may_have_executed or may_have_executed(error)
        self._throttled = _is_throttled(error)
        clock_corrected = self._client.service_clock.correct_skew(error, self._signed_at)
        now = self._client.timer()
        queued = max((limiter.queue_delay(now) for limiter in self._limiters), default=0.0)
        wait = self._attempts.begin_next(
            error, clock_corrected=clock_corrected, left=self._deadline - now - queued
        )
        if wait is None and isinstance(error, TransportError):
            error.attempts = self._attempts.number
        return wait

    def _wait_for_slots(self) -> Flow[list[Slot]]:
        """Reserve a slot of each limiter, and wait until all are open.

        Raises `TimeoutError` at once if one does not open in time. Credentials come first, because the slots may
        have passed by the time that they are there. Slots that are not used, for whatever reason, are taken back.
        """
        if self._client.credentials.current() is None:
            yield from self._client.credentials.get()
        slots: list[Slot] = []
        ready = False
        try:
            for limiter in self._limiters:
                slots.append((limiter, limiter.reserve(self._client.timer(), retry=self._throttled)))
                yield from self._wait_for(*slots[-1])
            ready = True
        finally:
            if not ready:
                for limiter, slot in slots:
                    limiter.cancel(slot)
        return slots

    def _wait_for(self, limiter: "RateLimiter", slot: int) -> Flow[None]:
        now = self._client.timer()
        while wait := limiter.wait(slot, now, self._deadline):
            yield from sleep(wait)
            before, now = now, self._client.timer()
            if now == before:  # the clock of a test that stands still: the wait itself must do
                break

    def _record_outcome(self, slots: list[Slot], error: KMSLiteError | None = None) -> None:
        """Report the answer to the limiters; a request without an answer says nothing about quotas."""
        if slots and not isinstance(error, TransportError):
            for limiter, slot in slots:
                limiter.record_outcome(slot, throttled=_is_throttled(error), now=self._client.timer())


def _is_throttled(error: KMSLiteError | None) -> bool:
    return isinstance(error, ServiceError) and error.category == "throttling"


def _check_regions(request: object, region: str) -> None:
    """Raise `ParameterError` if a key that the request names is of another region."""
    for name in ("key_id", "target_key_id", "source_key_id", "destination_key_id"):
        key_id: str | None = getattr(request, name, None)
        if key_id is not None:
            check_key_region(key_id, region)


def _renew(client: ClientState, refused: Credentials) -> Flow[bool]:
    """Search for credentials in place of some that were called expired; return whether others were found."""
    client.credentials.drop(refused)
    return (yield from client.credentials.get()) != refused


def _trace(environ: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return the header that passes on a trace in AWS Lambda, by which AWS detects functions that call each other.

    Source: "Lambda recursive loop detection" in the AWS Lambda Developer Guide. Characters that a header cannot
    hold are percent-encoded; spaces at the ends are no part of the value.
    """
    trace = environ.get("_X_AMZN_TRACE_ID", "").strip(" ") if environ.get("AWS_LAMBDA_FUNCTION_NAME") else ""
    if not trace.strip():
        return []
    try:
        encoded = quote(trace, safe=_VISIBLE, errors="surrogateescape")
    except UnicodeEncodeError:  # a lone surrogate, which only an `environ=` of the caller's own can hold
        encoded = quote(trace, safe=_VISIBLE, errors="replace")
    return [("X-Amzn-Trace-Id", encoded)]
