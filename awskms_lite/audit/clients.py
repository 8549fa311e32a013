"""The clients of an audit: one for each target, over one driver; the regions of an account share credentials."""

import os
import random as _random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import TypedDict, TypeVar

import anyio
import anyio.to_thread

from ..call import ClientState, create_state
from ..credentials import role
from ..credentials.cache import CredentialsCache
from ..credentials.role import AssumeRole, GivenCredentials
from ..drivers.asynchronous import AsyncDriver
from ..endpoints import parse_region
from ..errors import ConfigurationError, ParameterError
from ..identity import Credentials
from ..methods.aliases import AliasMethods
from ..methods.binding import AsyncMethods, Invocation
from ..methods.keys import KeyMethods
from ..methods.tags import TagMethods
from ..methods.usage import UsageMethods
from ..pacing import Pacing, RateLimiter, RateLimiters
from ..retry import RetryPolicy
from ..settings import Settings, load_files, resolve_settings
from ..system import monotonic, new_id, now, read_file
from ..transport import AsyncHTTPClient, HTTPClient  # noqa: TC001 - for `typing.get_type_hints`
from .targets import Target

T = TypeVar("T")


class NetworkOptions(TypedDict, total=False):
    """Where requests go and how long they may take: options without secrets, which can be sent to a worker."""

    endpoint_url: str | None
    use_fips_endpoint: bool | None
    use_dualstack_endpoint: bool | None
    retry: RetryPolicy | None
    pacing: Pacing | None
    timeout: float | None
    connect_timeout: float | None
    read_timeout: float | None
    app_id: str | None


class ClientOptions(NetworkOptions, total=False):
    """The options of a client, as `KMSClient` and `AsyncKMSClient` have them."""

    region: str | None
    profile: str | None
    credentials: GivenCredentials | None
    http_client: "HTTPClient | AsyncHTTPClient | None"
    mfa: Callable[[str], str] | None
    environ: Mapping[str, str] | None
    clock: Callable[[], float] | None
    sleep: Callable[[float], None] | Callable[[float], Awaitable[None]]
    random: Callable[[], float]


def check_options(options: Mapping[str, object]) -> None:
    """Raise `TypeError` for an option that no client has."""
    for name in options:
        if name not in ClientOptions.__annotations__:
            raise TypeError(f"an audit has no option {name!r}: it has its own, and those of a client")


class TargetClient(AliasMethods, KeyMethods, TagMethods, UsageMethods, AsyncMethods):
    """A client of one target: the methods of `AsyncKMSClient` that an audit uses, over the shared driver."""

    def __init__(self, state: ClientState, driver: AsyncDriver, sleep: Callable[[float], Awaitable[None]]) -> None:
        self._state = state
        self._driver = driver
        self.sleep = sleep

    @property
    def region(self) -> str:
        """Return the region that requests go to."""
        return self._state.region

    @property
    def rate_limiters(self) -> RateLimiters | None:
        """Return the rate limiters of this client; None if it has none."""
        return self._state.rate_limiters

    async def resolve_credentials(self) -> Credentials:
        """Return the credentials, assuming the target's role if need be; raise `CredentialsError`."""
        return await self._driver.run(self._state.credentials.get())

    def now(self) -> datetime:
        """Return the time by the service's clock."""
        return datetime.fromtimestamp(self._state.service_clock.reported_time(), UTC)

    async def _run(self, invocation: Invocation[T]) -> T:
        if invocation.operation is not None:
            await self._await_rate_limit(invocation.operation)
        return await super()._run(invocation)

    async def _await_rate_limit(self, operation: str) -> None:
        """Wait here for most of a wait that is longer than the call's own timeout, which includes the wait."""
        timeout, limiters, timer = self._state.timeout, self._state.rate_limiters, self._state.timer
        if timeout is None or limiters is None:
            return
        now = timer()
        while (early := _queue_delay(limiters.for_operation(operation), now) - timeout / 2) > 0:
            await self.sleep(early)
            before, now = now, timer()
            if now == before:  # the clock of a test, which stands still
                break


def _queue_delay(limiters: Sequence[RateLimiter], now: float) -> float:
    """Return the seconds until all of these rate limiters would let a call through."""
    return max((limiter.queue_delay(now) for limiter in limiters), default=0.0)


class Clients:
    """Makes the clients of one audit; closing `driver` ends them all.

    Without a region in the options, the environment and the profile, the first of `regions` is the home region.
    `asynchronous` says of which kind a given `http_client` and `sleep` are. Raise `ConfigurationError` and
    `ParameterError` as a client's constructor does.
    """

    def __init__(self, options: ClientOptions, regions: Sequence[str], *, asynchronous: bool) -> None:
        environ = options.get("environ")
        self._options = options
        self._environ = os.environ if environ is None else environ
        self._files = load_files(self._environ, read_file)
        self._clock = options.get("clock") or now
        self._timer = options.get("clock") or monotonic
        self._random = options.get("random", _random.random)
        self._home_settings = self._resolve_home(regions)
        sleep = options.get("sleep", anyio.sleep)
        self._sleep = _async_sleep(sleep, asynchronous=asynchronous or "sleep" not in options)
        self.driver = AsyncDriver(
            options.get("http_client"),
            connect_timeout=options.get("connect_timeout"),
            read_timeout=options.get("read_timeout"),
            timeout=options.get("timeout"),
            sleep=self._sleep,
            trust_env=self._environ is os.environ,
            ca_bundle=self._home_settings.ca_bundle and self._home_settings.ca_bundle.value,
            in_threads=not asynchronous,
        )
        self._home_state = self._make_state(self._home_settings, options.get("credentials"))
        self.home = TargetClient(self._home_state, self.driver, self._sleep)
        self._roles: dict[str, CredentialsCache] = {}

    def _resolve_home(self, regions: Sequence[str]) -> Settings:
        try:
            return self._resolve_settings(self._options.get("region"))
        except ConfigurationError:
            if not regions:
                raise
        return self._resolve_settings(regions[0])

    def _resolve_settings(self, region: str | None) -> Settings:
        return resolve_settings(
            self._environ,
            *self._files,
            region=region,
            profile=self.profile,
            endpoint_url=self._options.get("endpoint_url"),
            use_fips_endpoint=self._options.get("use_fips_endpoint"),
            use_dualstack_endpoint=self._options.get("use_dualstack_endpoint"),
            app_id=self._options.get("app_id"),
        )

    @property
    def profile(self) -> str | None:
        """Return the profile that was given as an option."""
        return self._options.get("profile")

    def has_session_token(self) -> bool:
        """Return whether the caller's own credentials, as far as they were resolved, have a session token."""
        credentials = self._home_state.credentials.current()
        return credentials is not None and credentials.session_token is not None

    def open(self, target: Target) -> TargetClient:
        """Return a client of a target; the targets of one caller share their credentials."""
        settings = self._resolve_settings(target.region)
        own = self._home_state.credentials
        credentials = own if target.role_arn is None else self._assume(target.role_arn)
        return TargetClient(self._make_state(settings, credentials), self.driver, self._sleep)

    def _assume(self, role_arn: str) -> CredentialsCache:
        if role_arn not in self._roles:
            clock, base = self._home_state.service_clock, self._home_state.credentials
            find = partial(
                role.assume,
                AssumeRole(role_arn),
                base,
                self._home_settings,
                clock=clock,
                random=self._random,
                source="the audit",
            )
            self._roles[role_arn] = CredentialsCache(find, clock, self._random)
        return self._roles[role_arn]

    def _make_state(
        self,
        settings: Settings,
        credentials: GivenCredentials | CredentialsCache | None,
    ) -> ClientState:
        return create_state(
            settings,
            credentials=credentials,
            retry=self._options.get("retry"),
            pacing=self._options.get("pacing", Pacing()),
            timeout=self._options.get("timeout"),
            mfa=self._options.get("mfa"),
            clock=self._clock,
            timer=self._timer,
            random=self._random,
            new_id=new_id,
        )


def validated_regions(regions: Sequence[str]) -> list[str]:
    """Return each region once; raise `ConfigurationError` or `ParameterError` for an invalid name."""
    for region in regions:
        _, is_fips = parse_region(region)
        if is_fips:
            raise ParameterError(f"{region!r} asks for FIPS: name the region, and pass use_fips_endpoint=True.")
    return list(dict.fromkeys(regions))


def _async_sleep(
    sleep: Callable[[float], None] | Callable[[float], Awaitable[None]], *, asynchronous: bool
) -> Callable[[float], Awaitable[None]]:
    """Return a sleep that is awaited; a synchronous one is called in a thread."""

    async def sleep_in_thread(seconds: float) -> None:
        await anyio.to_thread.run_sync(sleep, seconds, abandon_on_cancel=True)

    return sleep if asynchronous else sleep_in_thread  # type: ignore[return-value]
