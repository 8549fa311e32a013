"""The clients of an audit: one for each target, over one driver; the regions of an account share credentials."""

import os
import random as _random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, TypedDict, TypeVar

import anyio

from ..call import ClientState, beside, caller_identity, create_state, in_region
from ..credentials import role
from ..credentials.cache import CredentialsCache
from ..credentials.role import AssumeRole, GivenCredentials
from ..drivers.asynchronous import AsyncDriver, AsyncSharedDriver
from ..drivers.companion import CompanionDriver, async_sleep
from ..drivers.synchronous import Driver, SharedDriver
from ..endpoints import parse_region
from ..errors import ConfigurationError, ParameterError
from ..identity import Credentials
from ..loading import loading
from ..methods.aliases import AliasMethods
from ..methods.binding import AsyncMethods, Invocation
from ..methods.events import EventMethods
from ..methods.keys import KeyMethods
from ..methods.rotation import RotationMethods
from ..methods.tags import TagMethods
from ..methods.usage import UsageMethods
from ..operations import CLOUDTRAIL, ORGANIZATIONS
from ..pacing import Pacing, RateLimiter, RateLimiters
from ..retry import RetryPolicy
from ..settings import Settings, load_files, resolve_settings
from ..system import monotonic, new_id, now, read_file
from ..transport import AsyncHTTPClient, HTTPClient  # noqa: TC001 - for `typing.get_type_hints`
from .organization import AccountMethods, OrganizationAccounts, choose_accounts
from .targets import Target

if TYPE_CHECKING:
    from ..async_client import AsyncKMSClient
    from ..client import KMSClient

T = TypeVar("T")


class NetworkOptions(TypedDict, total=False):
    """Where requests go and how long they may take: options without secrets, which can be sent to a worker."""

    endpoint_url: str | None
    use_fips_endpoint: bool | None
    use_dualstack_endpoint: bool | None
    retry: RetryPolicy | None
    pacing: Pacing | None
    timeout: float | timedelta | None
    connect_timeout: float | timedelta | None
    read_timeout: float | timedelta | None
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


def check_options(options: Mapping[str, object], client: object, *, asynchronous: bool) -> None:
    """Raise `TypeError` for an option that no client has.

    Raise `ParameterError` for a `client` of the wrong kind, and for options beside one.
    """
    for name in options:
        if name not in ClientOptions.__annotations__:
            raise TypeError(f"an audit has no option {name!r}: it has its own, and those of a client")
    if client is None:
        return
    _check_client(client, asynchronous=asynchronous)
    if options:
        name = next(iter(options))
        raise ParameterError(
            f"{name} cannot be combined with client, whose settings the audit uses: leave one of them out, or "
            f"make the client with this {name}."
        )


def _check_client(client: object, *, asynchronous: bool) -> None:
    with loading:
        from ..async_client import AsyncKMSClient
        from ..client import KMSClient
    wanted = AsyncKMSClient if asynchronous else KMSClient
    if isinstance(client, wanted):
        return
    remedy = f"make an {wanted.__name__}" if asynchronous else f"make a {wanted.__name__}"
    if isinstance(client, KMSClient | AsyncKMSClient):
        remedy += f", or pass this one to {'audit' if asynchronous else 'audit_async'}"
    raise ParameterError(f"client must be of the class {wanted.__name__}, not {type(client).__name__}: {remedy}.")


class RegionClient(AsyncMethods):
    """A client of one region over the shared driver."""

    def __init__(self, state: ClientState, driver: AsyncDriver | AsyncSharedDriver) -> None:
        self._state = state
        self._driver = driver
        self.sleep = driver.sleep

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
        return await self._driver.run(self._state.credentials.get(), self._state.timeout)

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


class TargetClient(AliasMethods, KeyMethods, RotationMethods, TagMethods, UsageMethods, RegionClient):
    """A client of one target: the methods of `AsyncKMSClient` that an audit uses."""

    @cached_property
    def cloudtrail(self) -> "TrailClient":
        """Return a client of CloudTrail for the same account and region."""
        return TrailClient(beside(self._state, CLOUDTRAIL), self._driver)


class TrailClient(EventMethods, RegionClient):
    """A client of the CloudTrail of one target."""


class OrganizationClient(AccountMethods, RegionClient):
    """A client of AWS Organizations for the caller's own account."""


class Clients:
    """Makes the clients of one audit from the state of its home region; closing `driver` ends them all.

    `home` is the client of the home region.
    """

    def __init__(self, state: ClientState, driver: AsyncDriver | AsyncSharedDriver) -> None:
        self._home_state = state
        self.driver = driver
        self.home = TargetClient(state, driver)
        self._roles: dict[str, CredentialsCache] = {}

    @property
    def profile(self) -> str | None:
        """Return the profile that was given as an option; None if it came from elsewhere."""
        profile = self._home_state.settings.profile
        return profile.value if profile.source == "profile" else None

    def has_session_token(self) -> bool:
        """Return whether the caller's own credentials, as far as they were resolved, have a session token."""
        credentials = self._home_state.credentials.current()
        return credentials is not None and credentials.session_token is not None

    async def organization_accounts(self, role_name: str) -> OrganizationAccounts:
        """Return the accounts of the caller's organization, to be audited with a role of this name."""
        client = OrganizationClient(beside(self._home_state, ORGANIZATIONS), self.driver)
        accounts = [account async for account in client.iter_list_accounts()]
        own = await self.driver.run(caller_identity(self._home_state), self._home_state.timeout)
        return choose_accounts(accounts, role_name, region=client.region, own_id=own.account_id)

    def open(self, target: Target) -> TargetClient:
        """Return a client of a target; the targets of one caller share their credentials."""
        state = in_region(self._home_state, target.region)
        if target.role_arn is not None:
            state = state._replace(credentials=self._assume(target.role_arn))
        return TargetClient(state, self.driver)

    def _assume(self, role_arn: str) -> CredentialsCache:
        if role_arn not in self._roles:
            home = self._home_state
            clock, random = home.service_clock, home.random
            find = partial(
                role.assume,
                AssumeRole(role_arn),
                home.credentials,
                home.settings,
                clock=clock,
                random=random,
                source="the audit",
            )
            self._roles[role_arn] = CredentialsCache(find, clock, random)
        return self._roles[role_arn]


def open_clients(
    client: "KMSClient | AsyncKMSClient | None",
    options: ClientOptions,
    regions: Sequence[str],
    *,
    asynchronous: bool,
) -> Clients:
    """Return the clients of an audit, by the client that it was given or by its options."""
    return clients_by_options(options, regions, asynchronous=asynchronous) if client is None else _beside(client)


def clients_by_options(options: ClientOptions, regions: Sequence[str], *, asynchronous: bool) -> Clients:
    """Return the clients of an audit that has a client's options.

    Without a region in the options, the environment and the profile, the first of `regions` is the home region.
    `asynchronous` says of which kind a given `http_client` and `sleep` are. Raise `ConfigurationError` and
    `ParameterError` as a client's constructor does.
    """
    environ = options.get("environ")
    environ = os.environ if environ is None else environ
    settings = _home_settings(options, environ, regions)
    clock = options.get("clock")
    state = create_state(
        settings,
        credentials=options.get("credentials"),
        retry=options.get("retry"),
        pacing=options.get("pacing", Pacing()),
        timeout=options.get("timeout"),
        mfa=options.get("mfa"),
        clock=clock or now,
        timer=clock or monotonic,
        random=options.get("random", _random.random),
        new_id=new_id,
    )
    sleep: Any = options.get("sleep", anyio.sleep)
    driver = AsyncDriver(
        options.get("http_client"),
        connect_timeout=options.get("connect_timeout"),
        read_timeout=options.get("read_timeout"),
        sleep=sleep if asynchronous or "sleep" not in options else async_sleep(sleep),
        trust_env=environ is os.environ,
        ca_bundle=settings.ca_bundle and settings.ca_bundle.value,
        in_threads=not asynchronous,
    )
    return Clients(state, driver)


def _home_settings(options: ClientOptions, environ: Mapping[str, str], regions: Sequence[str]) -> Settings:
    resolve = partial(
        resolve_settings,
        environ,
        *load_files(environ, read_file),
        profile=options.get("profile"),
        endpoint_url=options.get("endpoint_url"),
        use_fips_endpoint=options.get("use_fips_endpoint"),
        use_dualstack_endpoint=options.get("use_dualstack_endpoint"),
        app_id=options.get("app_id"),
    )
    try:
        return resolve(region=options.get("region"))
    except ConfigurationError:
        if not regions:
            raise
    return resolve(region=regions[0])


def _beside(client: "KMSClient | AsyncKMSClient") -> Clients:
    """Return the clients of an audit that shares a client's settings, credentials, clock and `http_client`.

    An asynchronous client's connections too; they stay open. Raise `ClosedError` if the client is closed.
    """
    state, driver = client._state, client._driver  # pyright: ignore[reportPrivateUsage] - of this package too
    driver.check_open()
    pacing = Pacing() if state.pacing is None else state.pacing  # on by default: an audit makes many calls
    home = in_region(state._replace(pacing=pacing), state.region)
    beside = CompanionDriver(driver) if isinstance(driver, Driver | SharedDriver) else AsyncSharedDriver(driver)
    return Clients(home, beside)


def validated_regions(regions: Sequence[str]) -> list[str]:
    """Return each region once; raise `ConfigurationError` or `ParameterError` for an invalid name."""
    for region in regions:
        _, is_fips = parse_region(region)
        if is_fips:
            raise ParameterError(f"{region!r} asks for FIPS: name the region, and pass use_fips_endpoint=True.")
    return list(dict.fromkeys(regions))
