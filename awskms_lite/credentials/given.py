"""What a client is given in place of a search, other than credentials: a function, or a role to assume."""

from collections.abc import Callable
from functools import partial

from ..errors import CredentialsError
from ..identity import Credentials
from ..service_clock import ServiceClock
from ..settings import Settings
from ..steps import Flow, call
from . import chain
from .cache import CredentialsCache
from .role import AssumeRole, CredentialsFunction, GivenCredentials, assume, check_given
from .source import validated


def open_cache(
    given: GivenCredentials | None,
    settings: Settings,
    search: Callable[[], Flow[Credentials]],
    new_cache: Callable[[Callable[[], Flow[Credentials]]], CredentialsCache],
    *,
    clock: ServiceClock,
    random: Callable[[], float],
) -> CredentialsCache:
    """Return the cache of what a client was given, with one of its own for each role on the way.

    `search` makes the flow of the default search, `new_cache` a cache over a flow. Raise `ParameterError` for what
    cannot stand for credentials.
    """
    check_given(given)
    if given is None:
        return new_cache(search)
    if isinstance(given, Credentials):
        return new_cache(partial(chain.given, given))
    if isinstance(given, AssumeRole):
        base = open_cache(given.source, settings, search, new_cache, clock=clock, random=random)
        return new_cache(partial(assume, given, base, settings, clock=clock, random=random))
    return new_cache(partial(call_for_credentials, given))


def call_for_credentials(function: CredentialsFunction) -> Flow[Credentials]:
    """Return the credentials that a function returns; raise `CredentialsError` if it returns anything else."""
    found: object = yield from call(function)
    if not isinstance(found, Credentials):
        raise CredentialsError(
            f"The function for credentials returned {type(found).__name__}: let it return awskms_lite.Credentials."
        )
    return validated(found)
