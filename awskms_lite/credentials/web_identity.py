"""Credentials of a role that trusts an identity provider, for a token of that provider, as on EKS (IRSA).

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
from .source import NotConfigured, Resolved, validated
from .token_file import read_text

SOURCE = "web identity"
TOKEN_FILE, ROLE = "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN"
_FORBIDDEN = re.compile(r"[^!-~]")


def load(settings: Settings, clock: ServiceClock, random: Callable[[], float]) -> Flow[Resolved]:
    """Assume the role that the environment names, with the token that it names.

    Raise `CredentialsError` for a token file without a role, and if the role cannot be assumed.
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
    """Return the credentials of a role for the token in a file; other arguments as in `sts.assume_role`.

    Raise `CredentialsError`, which repeats nothing of the token, if there is no token or STS refuses it.
    """
    token = (yield from read_text(token_file, source)).strip()
    if _FORBIDDEN.search(token):
        raise CredentialsError(
            f"{source}: the token file {token_file} holds more than a token, such as a line end or a space "
            "within. It must hold one token and nothing else."
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
    return validated(found)
