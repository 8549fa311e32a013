"""The default chain: where credentials are searched for, in which order, and the error if there are none.

    1. given to the client            4. web identity (a token file and a role, as on EKS)
    2. environment variables          5. container (ECS, EKS Pod Identity)
    3. the profile                    6. the EC2 instance

A profile that is passed as an argument goes first and replaces 2 and 4: the environment may hold the credentials
of another identity. Each source is imported only when it is asked. Source: "Understand the credential provider
chain" in the AWS SDKs and Tools Reference Guide.
"""

from collections.abc import Callable, Iterator
from typing import TypeAlias

from ..errors import CredentialsError
from ..identity import Credentials
from ..loading import loading
from ..service_clock import ServiceClock
from ..settings import Settings
from ..steps import Flow
from .source import NotConfigured, Resolved, validated

AskForCode: TypeAlias = Callable[[str], str]
"""Asks a person for a code: from the serial number of an MFA device to the code that it shows."""


def given(credentials: Credentials) -> Flow[Credentials]:
    """Return the credentials that were passed to the client; raise `CredentialsError` if they are malformed."""
    yield from ()
    return validated(credentials)


def find(
    settings: Settings, *, clock: ServiceClock, random: Callable[[], float], mfa: AskForCode | None
) -> Flow[Credentials]:
    """Ask the sources in order and return the first credentials.

    Raise what a configured but broken source raises, and `CredentialsError`, with the reason of each source, if
    none is configured.
    """
    reasons: list[str] = []
    for name, load in _sources(settings, clock, random, mfa):
        found = yield from load
        if isinstance(found, Credentials):
            return validated(found)
        reasons.append(f"\n  {name}: {found.reason}")
    raise CredentialsError(
        f"No credentials found. These sources were searched:{''.join(reasons)}\nSet up one of them, or pass "
        f"credentials=Credentials(...).{settings.notes.missed(settings.profile.value)}"
    )


def _sources(
    settings: Settings, clock: ServiceClock, random: Callable[[], float], mfa: AskForCode | None
) -> Iterator[tuple[str, Flow[Resolved]]]:
    """Yield the sources in order; the next is imported when it is its turn."""
    if settings.profile.source == "profile":
        yield _profile(settings, clock, random, mfa)
        yield (
            "environment variables, web identity",
            _nothing("not asked, because a profile was passed as an argument"),
        )
    else:
        with loading:
            from . import environment

        yield environment.SOURCE, environment.load(settings.environ, clock)
        yield _profile(settings, clock, random, mfa)
        with loading:
            from . import web_identity

        yield web_identity.SOURCE, web_identity.load(settings, clock, random)
    with loading:
        from . import container

    yield container.SOURCE, container.load(settings.environ, random)
    with loading:
        from . import instance

    yield instance.SOURCE, instance.load(settings, random)


def _profile(
    settings: Settings, clock: ServiceClock, random: Callable[[], float], mfa: AskForCode | None
) -> tuple[str, Flow[Resolved]]:
    name = f"profile {settings.profile.value}"
    if not settings.section and settings.profile.source == "default":
        return name, _nothing("the shared files have no section of this name")
    with loading:
        from . import profile

    return name, profile.load(settings, clock, random, mfa)


def _nothing(reason: str) -> Flow[Resolved]:
    yield from ()
    return NotConfigured(reason)
