"""The asynchronous clients, for asyncio and trio: their settings and their lifetime, and the client of KMS.

The operations are methods of its base classes, a module a subject, in `methods`.
"""

import os
import random as _random
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from types import TracebackType
from typing import TYPE_CHECKING, ClassVar, NoReturn, Self

import anyio

from .call import create_state, in_region
from .drivers.asynchronous import AsyncDriver, AsyncSharedDriver
from .drivers.driver_base import renew_after_fork
from .errors import ParameterError
from .identity import Credentials
from .loading import Unloaded
from .methods.aliases import AliasMethods
from .methods.binding import AsyncMethods, Methods
from .methods.custom_key_stores import CustomKeyStoreMethods
from .methods.data_keys import DataKeyMethods
from .methods.encryption import EncryptionMethods
from .methods.grants import GrantMethods
from .methods.importing import ImportMethods
from .methods.keys import KeyMethods
from .methods.policies import PolicyMethods
from .methods.replicas import ReplicaMethods
from .methods.rotation import RotationMethods
from .methods.shared_secrets import SharedSecretMethods
from .methods.signing import SigningMethods
from .methods.tags import TagMethods
from .methods.usage import UsageMethods
from .operations import KMS, Service
from .retry import RetryPolicy
from .settings import load_files, resolve_settings
from .system import monotonic, new_id, now, read_file
from .transport import AsyncHTTPClient  # noqa: TC001 - for `typing.get_type_hints`

if TYPE_CHECKING:
    from .credentials.role import AssumeRole
    from .pacing import Pacing
else:  # loaded by whoever evaluates the annotations, as `typing.get_type_hints` does
    AssumeRole, Pacing = Unloaded("AssumeRole"), Unloaded("Pacing")


class AsyncClient(Methods, AsyncMethods):
    """The options, the properties and the lifetime of an asynchronous client, whichever its service."""

    _service: ClassVar[Service]
    _counterpart: ClassVar[str]
    """The name of the synchronous client of the same service."""

    def __init__(
        self,
        *,
        region: str | None = None,
        credentials: "Credentials | Callable[[], Credentials | Awaitable[Credentials]] | AssumeRole | None" = None,
        profile: str | None = None,
        endpoint_url: str | None = None,
        use_fips_endpoint: bool | None = None,
        use_dualstack_endpoint: bool | None = None,
        retry: RetryPolicy | None = None,
        pacing: "Pacing | None" = None,
        timeout: float | timedelta | None = None,
        connect_timeout: float | timedelta | None = None,
        read_timeout: float | timedelta | None = None,
        http_client: "AsyncHTTPClient | None" = None,
        mfa: Callable[[str], str] | None = None,
        app_id: str | None = None,
        environ: Mapping[str, str] | None = None,
        clock: Callable[[], float] | None = None,
        sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
        random: Callable[[], float] = _random.random,
    ) -> None:
        environ = os.environ if environ is None else environ
        settings = resolve_settings(
            environ,
            *load_files(environ, read_file),
            profile=profile,
            region=region,
            endpoint_url=endpoint_url,
            use_fips_endpoint=use_fips_endpoint,
            use_dualstack_endpoint=use_dualstack_endpoint,
            app_id=app_id,
            service=self._service.name,
        )
        self._state = create_state(
            settings,
            service=self._service,
            credentials=credentials,
            retry=retry,
            pacing=pacing,
            timeout=timeout,
            mfa=mfa,
            clock=clock or now,
            timer=clock or monotonic,
            random=random,
            new_id=new_id,
        )
        renew_after_fork(self._state.quota, self._state.rate_limiters)
        self._driver = AsyncDriver(
            http_client,
            connect_timeout=connect_timeout,
            read_timeout=read_timeout,
            sleep=sleep,
            trust_env=environ is os.environ,
            ca_bundle=settings.ca_bundle and settings.ca_bundle.value,
        )

    @property
    def region(self) -> str:
        """The region of this client."""
        return self._state.region

    @property
    def endpoint_url(self) -> str:
        """The URL that requests go to, without a slash at the end."""
        return self._state.endpoint_url

    async def resolve_credentials(self, *, timeout: float | timedelta | None = None) -> Credentials:
        """Return the credentials that calls are signed with; raise `CredentialsError` if there are none.

        `timeout` (seconds) bounds the search in place of the client's own.
        """
        self._driver.check_open()
        cache = self._state.credentials
        current = cache.current()
        return await self._driver.run(cache.get(), self._seconds(timeout)) if current is None else current

    def in_region(self, region: str) -> Self:
        """Return a client for another region, which shares the credentials, settings and connections of this one.

        A custom endpoint stays. Retry quota and rate limits are its own, as quotas are those of a region. To close
        this client closes the other one too; to close the other closes nothing else. Raise `ConfigurationError`
        for an invalid region.
        """
        other = object.__new__(type(self))
        vars(other).update(
            vars(self), _state=in_region(self._state, region), _driver=AsyncSharedDriver(self._driver)
        )
        renew_after_fork(other._state.quota, other._state.rate_limiters)
        return other

    async def aclose(self) -> None:
        """Close the connections of this event loop; a second time does nothing. Your `http_client` stays open."""
        await self._driver.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    def __enter__(self) -> NoReturn:
        raise ParameterError(
            f"{type(self).__name__} is asynchronous: use `async with`, or {self._counterpart} with `with`."
        )

    def __exit__(self, *_: object) -> None:
        """Never reached: `__enter__` raises."""

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            f"{type(self).__name__} cannot be pickled or copied, because it holds connections and locks: "
            "make a client of its own in each process, with the same arguments. Threads and tasks may share one."
        )

    def __repr__(self) -> str:
        return f"{type(self).__name__}(region={self.region!r}, endpoint_url={self.endpoint_url!r})"


class AsyncKMSClient(
    AliasMethods,
    CustomKeyStoreMethods,
    DataKeyMethods,
    EncryptionMethods,
    GrantMethods,
    ImportMethods,
    KeyMethods,
    PolicyMethods,
    ReplicaMethods,
    RotationMethods,
    SharedSecretMethods,
    SigningMethods,
    TagMethods,
    UsageMethods,
    AsyncClient,
):
    """A client for AWS KMS under asyncio and trio; tasks may share one, of one event loop after another too.

    Use it as an async context manager, or `aclose` it.

    Every argument is optional. What is not passed is read from the environment and then from the profile, by the
    names that the AWS SDKs use. Credentials are searched for in the environment, the profile, web identity, ECS
    and EKS, and EC2.

    - `region`, as in "us-east-2"; `profile`, a section of the shared files.
    - `credentials`, in place of any search: `Credentials`; a function, async or not, that returns them and is
      called again before they expire; or a role to assume, as `AssumeRole(role_arn)`.
    - `endpoint_url` (http or https), or `use_fips_endpoint` and `use_dualstack_endpoint`.
    - `retry`: a `RetryPolicy`, 3 attempts in all by default; `pacing`: a `Pacing` by KMS's quotas, off by default.
    - `timeout` bounds a whole call with its retries and waits, in seconds, None for no bound; `connect_timeout`
      (3 s by default) and `read_timeout` (10 s) bound the phases of one attempt.
    - `http_client`: an `httpx.AsyncClient` of your own for all traffic. It keeps its own timeouts unless the two
      above are given, and it stays open. Redirects are never followed.
    - `mfa`: a function that asks a person for the code of an MFA device, from its serial number, if a profile
      needs one. It is called in a thread, and the client waits for it: it must not use the client itself.
    - `app_id` names your program in the User-Agent, which CloudTrail shows.
    - `environ`: a mapping in place of `os.environ`. The proxy variables and SSL_CERT_FILE are honoured only
      when it is `os.environ` itself; AWS_CA_BUNDLE always.
    - `clock` (seconds since 1970), `sleep`, `random` (0 to 1): for tests.

    A process may fork with a client in it, even in the middle of a call: the child's calls use connections of
    its own. With an `http_client` that was used before, they raise `ClosedError`: make a new one in the child. A
    signal handler must not use a client: the call that it interrupts may hold a lock that it would need.

    Raises `ConfigurationError` if there is no region, or if options contradict each other.

    Each operation is a method; its `timeout` (seconds) replaces the client's own. All of them raise
    `ParameterError` before anything is sent, the errors they name and those that any call can meet, such as
    `AccessDeniedException` (`ServiceError`), `TransportError`, `ProtocolError`, `CredentialsError`, `ClosedError`.
    """

    _service = KMS
    _counterpart = "KMSClient"
