"""The chain: where credentials are sought, in which order, and what is said when there are none.

    1. given to the client            4. web identity (a token file and a role, as on EKS)
    2. environment variables          5. container (ECS, EKS Pod Identity)
    3. the profile                    6. the EC2 instance

A profile that was given as an argument goes first and in place of 2 and 4: what the environment holds may be the
keys of another. Each source is imported only when it is asked. Source: "Understand the credential provider chain"
in the AWS SDKs and Tools Reference Guide.
"""

from collections.abc import Callable, Iterator

from ..errors import CredentialsError
from ..identity import Credentials
from ..loading import loading
from ..service_clock import ServiceClock
from ..settings import Settings
from ..steps import Flow
from .source import NotConfigured, Resolved, checked

Ask = Callable[[str], str]
"""What asks a person for a code: the serial number of an MFA device to the code that it shows."""


def given(credentials: Credentials) -> Flow[Credentials]:
    """Give the credentials that the client was given; raises `CredentialsError` for malformed ones."""
    yield from ()
    return checked(credentials)


def find(
    settings: Settings, *, clock: ServiceClock, random: Callable[[], float], mfa: Ask | None
) -> Flow[Credentials]:
    """Ask the sources in order; give the first credentials.

    Raises what a source that is set up and broken raises, and `CredentialsError`, naming each source and why
    it was passed over, where none has any.
    """
    reasons: list[str] = []
    for name, load in _sources(settings, clock, random, mfa):
        found = yield from load
        if isinstance(found, Credentials):
            return checked(found)
        reasons.append(f"\n  {name}: {found.reason}")
    raise CredentialsError(
        f"No credentials. These places were searched:{''.join(reasons)}\nSet up one of them, or pass "
        f"credentials=Credentials(...).{settings.notes.missed(settings.profile.value)}"
    )


def _sources(
    settings: Settings, clock: ServiceClock, random: Callable[[], float], mfa: Ask | None
) -> Iterator[tuple[str, Flow[Resolved]]]:
    """Give the sources one by one; the next is imported when it is its turn."""
    if settings.profile.source == "profile":
        yield _profile(settings, clock, random, mfa)
        yield "environment variables, web identity", _nothing("not asked, for a profile was given as an argument")
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
    settings: Settings, clock: ServiceClock, random: Callable[[], float], mfa: Ask | None
) -> tuple[str, Flow[Resolved]]:
    name = f"profile {settings.profile.value}"
    if not settings.section and settings.profile.source == "default":
        return name, _nothing("the shared files hold nothing under this name")
    with loading:
        from . import profile

    return name, profile.load(settings, clock, random, mfa)


def _nothing(reason: str) -> Flow[Resolved]:
    yield from ()
    return NotConfigured(reason)
