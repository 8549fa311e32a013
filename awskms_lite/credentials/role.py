"""A role that is assumed with other credentials, for a client that is given one and for an audit."""

import re
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any, TypeAlias, Union

from attrs import field, frozen

from .. import sts
from ..errors import ParameterError
from ..identity import Credentials
from ..models.requests import policy_text
from ..service_clock import ServiceClock
from ..settings import Settings
from ..steps import Flow
from .cache import CredentialsCache
from .source import validated

CredentialsFunction: TypeAlias = Callable[[], Credentials | Awaitable[Credentials]]

_ROLE_ARN = r"arn:[a-z0-9-]+:iam::[0-9]{12}:role/[!-~]+"
_DURATIONS = range(900, 43_201)  # seconds: what STS allows, 12 hours at most


def _check_arn(_: object, __: object, role_arn: Any) -> None:
    if not isinstance(role_arn, str) or not re.fullmatch(_ROLE_ARN, role_arn):
        raise ParameterError(
            f"role_arn is {role_arn!r}: pass the ARN of a role, such as arn:aws:iam::111122223333:role/Auditor."
        )


def _check_session_name(_: object, __: object, name: Any) -> None:
    if name is not None and not (isinstance(name, str) and sts.SESSION_NAME.fullmatch(name)):
        raise ParameterError(f"session_name is {name!r}: pass 2 to 64 letters, digits and any of _+=,.@-")


def _check_external_id(_: object, __: object, external_id: Any) -> None:
    if external_id is not None and (not isinstance(external_id, str) or not external_id):
        raise ParameterError("external_id must be a str that is not empty, or None.")


def _check_source(_: object, __: object, source: Any) -> None:
    check_given(source, name="source")


def _seconds(duration: "float | timedelta | None") -> int | None:
    seconds = duration.total_seconds() if isinstance(duration, timedelta) else duration
    if seconds is None:
        return None
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or seconds not in _DURATIONS:
        raise ParameterError(
            f"duration is {duration!r}: pass 900 to 43200 whole seconds, or a timedelta of as many."
        )
    return int(seconds)


def _policy_text(policy: "Mapping[str, Any] | str | None") -> str | None:
    if not isinstance(policy, str | Mapping | None):
        raise ParameterError(f"policy must be a mapping, JSON or None, not {type(policy).__name__}.")
    return policy_text(policy)


@frozen
class AssumeRole:
    """A role to assume, as the credentials of a client: `KMSClient(credentials=AssumeRole("arn:aws:iam::..."))`.

    The client assumes it at the first call, and again before the credentials of the role expire.

    - `session_name` names the session in CloudTrail. None: AWS_ROLE_SESSION_NAME, or else a name with the time.
    - `duration`: how long the credentials last, in seconds (900 to 43200) or as a `timedelta`. None: an hour.
    - `policy`: a session policy that restricts the role, as a mapping or as JSON.
    - `source`: whose credentials assume the role: `Credentials`, a function that returns them, another
      `AssumeRole`, or None for those that the client finds by its default search.

    Raise `ParameterError` for an argument that STS would refuse.
    """

    role_arn: str = field(validator=_check_arn)
    session_name: str | None = field(default=None, validator=_check_session_name, kw_only=True)
    external_id: str | None = field(default=None, validator=_check_external_id, kw_only=True, repr=False)
    duration: int | None = field(default=None, converter=_seconds, kw_only=True)
    policy: str | None = field(default=None, converter=_policy_text, kw_only=True, repr=False)
    source: Union[Credentials, CredentialsFunction, "AssumeRole", None] = field(
        default=None, validator=_check_source, kw_only=True, repr=False
    )


GivenCredentials: TypeAlias = Credentials | CredentialsFunction | AssumeRole
"""What a client takes as `credentials`."""


def check_given(credentials: object, *, name: str = "credentials") -> None:
    """Raise `ParameterError` for anything that cannot stand for credentials."""
    if not (isinstance(credentials, Credentials | AssumeRole | None) or callable(credentials)):
        raise ParameterError(
            f"{name} must be awskms_lite.Credentials, a function that returns them, or awskms_lite.AssumeRole, "
            f"not {type(credentials).__name__}."
        )


def assume(
    role: AssumeRole,
    base: CredentialsCache,
    settings: Settings,
    *,
    clock: ServiceClock,
    random: Callable[[], float],
    source: str = "AssumeRole",
) -> Flow[Credentials]:
    """Return the credentials of a role, assumed with those of `base`; `source` names their origin.

    Raise `CredentialsError` if there are none or the role cannot be assumed.
    """
    caller = base.current() or (yield from base.get())
    found = yield from sts.assume_role(
        role.role_arn,
        settings=settings,
        credentials=caller,
        clock=clock,
        random=random,
        source=source,
        session_name=role.session_name,
        duration=role.duration,
        external_id=role.external_id,
        policy=role.policy,
    )
    return validated(found)
