"""Credentials of a role that trusts an identity provider, for whoever holds a token of it, as on EKS (IRSA).

Source: "Assume role with web identity" in the AWS SDKs and Tools Reference Guide.
"""

import re
from collections.abc import Callable

from .. import sts
from ..errors import CredentialsError
from ..identity import Credentials
from ..service_clock import ServiceClock
from ..settings import Settings
from ..steps import Flow
from .source import NotConfigured, Resolved, checked
from .token_file import read_text

SOURCE = "web identity"
TOKEN_FILE, ROLE = "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN"
_UNFIT = re.compile(r"[^!-~]")


def load(settings: Settings, clock: ServiceClock, random: Callable[[], float]) -> Flow[Resolved]:
    """Assume the role that the environment names, with the token that it names.

    Raises `CredentialsError` for a token file without a role, and where the role is not to be had.
    """
    path, role_arn = settings.variable(TOKEN_FILE), settings.variable(ROLE)
    if not path:
        return NotConfigured(f"{TOKEN_FILE} is not set")
    if not role_arn:
        raise CredentialsError(f"{SOURCE}: {TOKEN_FILE} is set and {ROLE} is not: set both, or neither.")
    return (yield from exchange(settings, path, role_arn, clock, random))


def exchange(
    settings: Settings,
    token_file: str,
    role_arn: str,
    clock: ServiceClock,
    random: Callable[[], float],
    *,
    session_name: str | None = None,
    source: str = SOURCE,
) -> Flow[Credentials]:
    """Give the credentials of a role for the token in a file; the other arguments are those of `sts.assume_role`.

    Raises `CredentialsError`, which repeats nothing of the token, where one of the two is of no use.
    """
    token = (yield from read_text(token_file, source)).strip()
    if _UNFIT.search(token):
        raise CredentialsError(
            f"{source}: the token file {token_file} holds more than a token, a line end or a space perhaps. "
            "Let it hold one token and nothing else."
        )
    found = yield from sts.assume_role_with_web_identity(
        role_arn,
        token=token,
        settings=settings,
        clock=clock,
        random=random,
        source=source,
        session_name=session_name,
    )
    return checked(found)
