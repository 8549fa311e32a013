"""A role that is assumed with the credentials of another cache, as an audit of many accounts does."""

from collections.abc import Callable

from .. import sts
from ..identity import Credentials
from ..service_clock import ServiceClock
from ..settings import Settings
from ..steps import Flow
from .cache import CredentialsCache


def assume(
    role_arn: str,
    base: CredentialsCache,
    settings: Settings,
    *,
    clock: ServiceClock,
    random: Callable[[], float],
) -> Flow[Credentials]:
    """Return the credentials of a role, assumed with those of `base`.

    Raise `CredentialsError` if there are none or the role cannot be assumed.
    """
    caller = base.current() or (yield from base.get())
    return (
        yield from sts.assume_role(
            role_arn,
            settings=settings,
            credentials=caller,
            clock=clock,
            random=random,
            source="the audit",
        )
    )
