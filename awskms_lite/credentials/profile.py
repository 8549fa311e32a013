"""Credentials that a profile of the shared files leads to: its own keys, or a way to get some.

A profile may hold several of these; the first one counts:

    role_arn with web_identity_token_file                AssumeRoleWithWebIdentity
    role_arn with source_profile or credential_source    AssumeRole, with the credentials of another
    sso_session, or sso_start_url and the like           IAM Identity Center
    aws_access_key_id and aws_secret_access_key          the keys themselves
    login_session                                        `aws login`
    credential_process                                   a program's answer

Source: "Assume role credential provider" and its neighbours in the AWS SDKs and Tools Reference Guide.
"""

import re
from collections.abc import Callable
from typing import NamedTuple

from ..config import Section
from ..errors import CredentialsError
from ..identity import Credentials
from ..loading import loading
from ..service_clock import ServiceClock
from ..settings import Settings
from ..steps import Flow
from .source import Found, PassedOver, checked

_KEY, _SECRET, _TOKEN = "aws_access_key_id", "aws_secret_access_key", "aws_session_token"


class _Means(NamedTuple):
    """What a profile may need on the way, handed down from the client."""

    settings: Settings
    clock: ServiceClock
    random: Callable[[], float]
    mfa: Callable[[str], str] | None


def load(
    settings: Settings,
    clock: ServiceClock,
    random: Callable[[], float],
    mfa: Callable[[str], str] | None,
) -> Flow[Found]:
    """Give the credentials that the selected profile leads to.

    Raises `CredentialsError` or `ConfigurationError` for one that leads somewhere and does not arrive.
    """
    return (yield from _resolve(_Means(settings, clock, random, mfa), settings.profile.value, ()))


def _resolve(means: _Means, name: str, users: tuple[str, ...]) -> Flow[Found]:
    """Follow one profile; `users` are those that lead here by `source_profile`, the selected one first."""
    section = means.settings.sections.get(name)
    if section is None:
        raise CredentialsError(
            f"The profile {users[-1]!r} has source_profile = {name}, which is not there: add it, or name another."
        )
    if users and (_text(section, _KEY) or _text(section, _SECRET)):
        return _own_keys(section, name)  # a source's own keys go before a role of its own
    if name in users:
        raise CredentialsError(
            f"The profiles {' -> '.join((*users, name))} lead back to themselves by source_profile: end the chain "
            "with one that has keys."
        )
    if _text(section, "role_arn") and not _text(section, "web_identity_token_file"):
        return (yield from _assume_role(means, section, name, users))
    return (yield from _direct(means, section, name))


def _direct(means: _Means, section: Section, name: str) -> Flow[Found]:
    """Get credentials in a way that needs none of another profile."""
    token_file, command = _text(section, "web_identity_token_file"), _text(section, "credential_process")
    if token_file:
        return (yield from _web_identity(means, section, name, token_file))
    if any(own.startswith("sso_") for own in section):  # else there is no need to import it
        with loading:
            from . import sso

        if sso.applies(section):
            return (yield from sso.load(means.settings, section, name, means.clock, means.random))
    if _text(section, _KEY) or _text(section, _SECRET):
        return _own_keys(section, name)
    if session := _text(section, "login_session"):
        with loading:
            from . import login

        return (yield from login.load(means.settings, session, name, means.clock))
    if command:
        with loading:
            from . import process

        return (
            yield from process.load(
                command, name, means.clock, means.settings.environ, account_id=_text(section, "aws_account_id")
            )
        )
    return PassedOver("it says nothing about credentials")


def _web_identity(means: _Means, section: Section, name: str, token_file: str) -> Flow[Credentials]:
    with loading:
        from . import web_identity

    role_arn = _text(section, "role_arn")
    if not role_arn:
        raise CredentialsError(f"The profile {name!r} has web_identity_token_file and no role_arn: add the role.")
    return (
        yield from web_identity.exchange(
            means.settings,
            token_file,
            role_arn,
            means.clock,
            means.random,
            session_name=_text(section, "role_session_name"),
            source=f"profile {name}",
        )
    )


def _assume_role(means: _Means, section: Section, name: str, users: tuple[str, ...]) -> Flow[Credentials]:
    """Assume the profile's role with the credentials that it points at."""
    source_profile, kind = _text(section, "source_profile"), _text(section, "credential_source")
    if bool(source_profile) == bool(kind):
        raise CredentialsError(
            f"The profile {name!r} has role_arn with {'both' if kind else 'neither'} of source_profile and "
            "credential_source: it needs one of them, to say whose credentials assume the role."
        )
    if source_profile:
        found = yield from _resolve(means, source_profile, (*users, name))
    else:
        found = yield from _from_kind(means, str(kind), name)
    if isinstance(found, PassedOver):
        raise CredentialsError(
            f"The profile {name!r} assumes a role with credentials from {source_profile or kind}, and there are "
            f"none: {found.reason}."
        )
    with loading:
        from .. import sts

    serial = _text(section, "mfa_serial")
    return (
        yield from sts.assume_role(
            str(_text(section, "role_arn")),
            settings=means.settings,
            credentials=checked(found),
            clock=means.clock,
            random=means.random,
            source=f"profile {name}",
            session_name=_text(section, "role_session_name"),
            duration=_duration(section, name),
            external_id=_text(section, "external_id"),
            serial_number=serial,
            token_code=_mfa_code(means, serial, name) if serial else None,
        )
    )


def _from_kind(means: _Means, kind: str, name: str) -> Flow[Found]:
    """Get credentials from where `credential_source` says."""
    if kind == "Environment":
        with loading:
            from . import environment

        return (yield from environment.load(means.settings.environ))
    if kind == "EcsContainer":
        with loading:
            from . import container

        return (yield from container.load(means.settings.environ, means.random))
    if kind == "Ec2InstanceMetadata":
        with loading:
            from . import instance

        return (yield from instance.load(means.settings, means.random))
    raise CredentialsError(
        f"The profile {name!r} has credential_source = {kind}: it takes Environment, EcsContainer or "
        "Ec2InstanceMetadata."
    )


def _duration(section: Section, name: str) -> int | None:
    text = _text(section, "duration_seconds")
    if text is None:
        return None
    if not re.fullmatch("[0-9]{3,5}", text) or not 900 <= int(text) <= 43_200:
        raise CredentialsError(f"The profile {name!r} has duration_seconds = {text}: it takes 900 to 43200.")
    return int(text)


def _mfa_code(means: _Means, serial: str, name: str) -> str:
    if means.mfa is None:
        raise CredentialsError(
            f"The profile {name!r} wants a code of the MFA device {serial}: pass mfa=, a function to ask for it."
        )
    code: object = means.mfa(serial)
    if not isinstance(code, str) or not re.fullmatch("[0-9]{6}", code.strip()):
        raise CredentialsError(f"What was given for the MFA device {serial} is no code: it has six digits.")
    return code.strip()


def _own_keys(section: Section, name: str) -> Credentials:
    key, secret = _text(section, _KEY), _text(section, _SECRET)
    if not key or not secret:
        missing = _SECRET if key else _KEY
        raise CredentialsError(f"The profile {name!r} has half a pair of keys: add {missing}, or take both out.")
    return Credentials(
        access_key_id=key,
        secret_access_key=secret,
        session_token=_text(section, _TOKEN),
        account_id=_text(section, "aws_account_id"),
        source=f"profile {name}",
    )


def _text(section: Section, name: str) -> str | None:
    value = section.get(name)
    return value if isinstance(value, str) and value else None
