"""Whom an audit asks, and as whom: a driver for all, credentials that regions share, a session for each place."""

import os
import random as _random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import TypedDict, TypeVar

import anyio
import anyio.to_thread
from attrs import frozen

from ..call import ClientState, create_state
from ..credentials import role
from ..credentials.cache import CredentialsCache
from ..drivers.asynchronous import AsyncDriver
from ..endpoints import read_region
from ..errors import ConfigurationError, ParameterError
from ..identity import Credentials
from ..methods.aliases import AliasMethods
from ..methods.binding import AsyncMethods, Invocation
from ..methods.keys import KeyMethods
from ..methods.tags import TagMethods
from ..methods.usage import UsageMethods
from ..pacing import Pacing, RateLimiter
from ..retry import RetryPolicy
from ..settings import Settings, SharedFiles, load_files, resolve_settings
from ..system import monotonic, new_id, now, read_file
from ..transport import AsyncHTTPClient, HTTPClient
from .places import Place

T = TypeVar("T")


class NetworkOptions(TypedDict, total=False):
    """Where a client's requests go and how long they may take: nothing here is secret."""

    endpoint_url: str | None
    use_fips_endpoint: bool | None
    use_dualstack_endpoint: bool | None
    retry: RetryPolicy | None
    pacing: Pacing | None
    timeout: float | None
    connect_timeout: float | None
    read_timeout: float | None


class ClientOptions(NetworkOptions, total=False):
    """The options of a client, as `KMSClient` and `AsyncKMSClient` have them."""

    region: str | None
    profile: str | None
    credentials: Credentials | None
    http_client: HTTPClient | AsyncHTTPClient | None
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


@frozen(eq=False, repr=False)
class _Surroundings:
    """What settings are made from, region by region."""

    environ: Mapping[str, str]
    files: SharedFiles
    options: ClientOptions

    def resolve_settings(self, region: str | None) -> Settings:
        return resolve_settings(
            self.environ,
            *self.files,
            region=region,
            profile=self.options.get("profile"),
            endpoint_url=self.options.get("endpoint_url"),
            use_fips_endpoint=self.options.get("use_fips_endpoint"),
            use_dualstack_endpoint=self.options.get("use_dualstack_endpoint"),
        )


class Asker(AliasMethods, KeyMethods, TagMethods, UsageMethods, AsyncMethods):
    """Asks KMS in one place: the methods of `AsyncKMSClient` that an audit has use for, over the shared driver."""

    def __init__(
        self, session: ClientState, driver: AsyncDriver, rest: Callable[[float], Awaitable[None]]
    ) -> None:
        self._state = session
        self._driver = driver
        self.rest = rest

    @property
    def session(self) -> ClientState:
        """What the calls share."""
        return self._state

    async def _run(self, invocation: Invocation[T]) -> T:
        if invocation.operation is not None:
            await self._come_near(invocation.operation)
        return await super()._run(invocation)

    async def _come_near(self, operation: str) -> None:
        """Wait until the turn to ask is near, where a call's timeout would not outlast the whole wait."""
        timeout, paces, timer = self._state.timeout, self._state.rate_limiters, self._state.timer
        if timeout is None or paces is None:
            return
        now = timer()
        while (early := _backlog(paces.for_operation(operation), now) - timeout / 2) > 0:
            await self.rest(early)
            before, now = now, timer()
            if now == before:  # a test's, which stands still
                break

    def now(self) -> datetime:
        """Give the time by the service's clock."""
        return datetime.fromtimestamp(self._state.service_clock.reported_time(), UTC)


def _backlog(paces: Sequence[RateLimiter], now: float) -> float:
    return max((pace.queue_delay(now) for pace in paces), default=0.0)


class Sessions:
    """Makes the sessions of one audit, which begin and end with the driver.

    `regions` are those that were asked for: the first one is the home where neither an option, nor the environment
    nor the profile names one. `asynchronous` says of which kind a given `http_client` and `sleep` are. Raises
    `ConfigurationError` and `ParameterError` as a client's constructor does.
    """

    def __init__(self, options: ClientOptions, regions: Sequence[str], *, asynchronous: bool) -> None:
        environ = options.get("environ")
        self._clock = options.get("clock") or now
        self._timer = options.get("clock") or monotonic
        self._random = options.get("random", _random.random)
        environ = os.environ if environ is None else environ
        self._around = _Surroundings(environ, load_files(environ, read_file), options)
        self._home = self._settle_home(regions)
        sleep = options.get("sleep", anyio.sleep)
        self._rest = _asynchronous(sleep, asynchronous=asynchronous or "sleep" not in options)
        self.driver = AsyncDriver(
            options.get("http_client"),
            connect_timeout=options.get("connect_timeout"),
            read_timeout=options.get("read_timeout"),
            timeout=options.get("timeout"),
            sleep=self._rest,
            trust_env=environ is os.environ,
            ca_bundle=self._home.ca_bundle and self._home.ca_bundle.value,
            in_threads=not asynchronous,
        )
        self.home = Asker(self._open(self._home, options.get("credentials")), self.driver, self._rest)
        self._roles: dict[str, CredentialsCache] = {}

    def _settle_home(self, regions: Sequence[str]) -> Settings:
        try:
            return self._around.resolve_settings(self._around.options.get("region"))
        except ConfigurationError:
            if not regions:
                raise
        return self._around.resolve_settings(regions[0])

    @property
    def profile(self) -> str | None:
        """The profile that was named to the audit."""
        return self._around.options.get("profile")

    @property
    def base(self) -> CredentialsCache:
        """The caller's own credentials, with which roles are assumed."""
        return self.home.session.credentials

    def open(self, place: Place) -> Asker:
        """Give what asks in a place; the places of one caller share their credentials."""
        settings = self._around.resolve_settings(place.region)
        credentials = self.base if place.role_arn is None else self._role(place.role_arn)
        return Asker(self._open(settings, credentials), self.driver, self._rest)

    def _role(self, role_arn: str) -> CredentialsCache:
        if role_arn not in self._roles:
            clock = self.home.session.service_clock
            find = partial(role.assume, role_arn, self.base, self._home, clock=clock, random=self._random)
            self._roles[role_arn] = CredentialsCache(find, clock, self._random)
        return self._roles[role_arn]

    def _open(self, settings: Settings, credentials: Credentials | CredentialsCache | None) -> ClientState:
        options = self._around.options
        return create_state(
            settings,
            credentials=credentials,
            retry=options.get("retry"),
            pacing=options.get("pacing", Pacing()),
            timeout=options.get("timeout"),
            mfa=options.get("mfa"),
            clock=self._clock,
            timer=self._timer,
            random=self._random,
            new_id=new_id,
        )


def check_regions(regions: Sequence[str]) -> list[str]:
    """Give the names of regions back, each once; raises `ConfigurationError` and `ParameterError`."""
    for region in regions:
        _, is_fips = read_region(region)
        if is_fips:
            raise ParameterError(f"{region!r} asks for FIPS: name the region, and pass use_fips_endpoint=True.")
    return list(dict.fromkeys(regions))


def _asynchronous(
    sleep: Callable[[float], None] | Callable[[float], Awaitable[None]], *, asynchronous: bool
) -> Callable[[float], Awaitable[None]]:
    """Give a function that is awaited, whichever kind was given."""

    async def rest(seconds: float) -> None:
        await anyio.to_thread.run_sync(sleep, seconds, abandon_on_cancel=True)

    return sleep if asynchronous else rest  # type: ignore[return-value]
