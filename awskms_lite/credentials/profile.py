"""Credentials that a profile of the shared files leads to: its own keys, or a way to get some.

A profile may hold several of these; the first one counts:

    role_arn with web_identity_token_file                AssumeRoleWithWebIdentity
    role_arn with source_profile or credential_source    AssumeRole, with the credentials of another
    sso_session, or sso_start_url and the like           IAM Identity Center
    aws_access_key_id and aws_secret_access_key          the keys themselves
    login_session                                        `aws login`
    credential_process                                   a program's answer

A line about credentials that is passed over for a character in its name, or spelt with other marks (`role-arn`),
is an error: without it the profile would lead to other credentials than it says. Source: "Assume role credential
provider" and its neighbours in the AWS SDKs and Tools Reference Guide.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from ..config import plain
from ..errors import ConfigurationError, CredentialsError
from ..identity import Credentials
from ..loading import loading
from ..quoting import shown
from ..service_clock import ServiceClock
from ..settings import Settings, has_profile
from ..steps import Flow
from .source import NotConfigured, Resolved, checked

_KEY, _SECRET = "aws_access_key_id", "aws_secret_access_key"
_TOKENS = ("aws_session_token", "aws_security_token")  # the second is the older name; some tools write both
_LEADING = (
    *("role_arn", "source_profile", "credential_source", "web_identity_token_file"),
    *("sso_session", "sso_start_url", "sso_region", "sso_account_id", "sso_role_name"),
    *(_KEY, _SECRET, "login_session", "credential_process"),
)
_READ = (*_LEADING, *_TOKENS, "external_id", "mfa_serial", "duration_seconds", "role_session_name")
_BY_PLAIN_NAME = {plain(name): name for name in _READ}
_SHORT_FOR = {"accesskey": _KEY, "accesskeyid": _KEY, "secretkey": _SECRET, "secretaccesskey": _SECRET}
_ALIKE = 0.8  # from this ratio on two names are taken for one with a slip in it: `role_arm`, `source_profil`
_SHOWN = 8  # so many profiles of a circle are named


class _Means(NamedTuple):
    """What a profile may need on the way, handed down from the client."""

    settings: Settings
    clock: ServiceClock
    random: Callable[[], float]
    mfa: Callable[[str], str] | None

    def text(self, profile: str, name: str) -> str | None:
        """Return a property of a profile."""
        return self.settings.text(profile, name)

    def has_keys(self, profile: str) -> bool:
        """Return whether a profile has keys of its own, or half of them."""
        return bool(self.text(profile, _KEY) or self.text(profile, _SECRET))


def load(
    settings: Settings,
    clock: ServiceClock,
    random: Callable[[], float],
    mfa: Callable[[str], str] | None,
) -> Flow[Resolved]:
    """Give the credentials that the selected profile leads to.

    Raises `CredentialsError` or `ConfigurationError` for one that leads somewhere and does not arrive.
    """
    means = _Means(settings, clock, random, mfa)
    name = settings.profile.value
    found: Resolved
    roles: dict[str, str] = {}  # each profile whose role is to be assumed, and whose credentials do it
    while True:
        _check_profile(means, name, [*roles])
        if roles and means.has_keys(name):
            found = _own_keys(means, name)  # a source's own keys go before a role of its own
            break
        if not means.text(name, "role_arn") or means.text(name, "web_identity_token_file"):
            found = yield from _direct(means, name)
            break
        source_profile, kind = _base(means, name)
        roles[name] = source_profile or str(kind)
        if source_profile is None:
            found = yield from _from_kind(means, str(kind), name)
            break
        name = source_profile
    for user, base in reversed(roles.items()):
        found = yield from _assume_role(means, user, base, found)
    if isinstance(found, NotConfigured) and settings.profile.source != "default":
        _check_meaning(settings)
    return found


def _check_profile(means: _Means, name: str, users: Sequence[str]) -> None:
    """Raise `CredentialsError` for a profile that cannot be followed; `users` are those that lead to it."""
    settings = means.settings
    if users and not has_profile(settings.sections, name):
        raise CredentialsError(
            f"The profile {users[-1]!r} has source_profile = {shown(name, quoted=False)}, which is not there: "
            f"add it, or name another.{settings.notes.missed(name)}"
        )
    named = not users and settings.profile.source != "default"
    oversight = next(_oversights(settings, name, named=named), None)
    if oversight is not None:
        raise CredentialsError(f"The profile {name!r} is not used without one of its lines: {oversight}. Mend it.")
    if name in users and not means.has_keys(name):
        raise CredentialsError(
            f"The profiles {_shown([*users, name])} lead back to themselves by source_profile: end the chain with "
            "one that has keys."
        )


def _shown(names: Sequence[str]) -> str:
    if len(names) > _SHOWN:
        names = [*names[: _SHOWN // 2], "...", *names[-_SHOWN // 2 :]]
    return " -> ".join(names)


def _oversights(settings: Settings, name: str, *, named: bool) -> Iterator[str]:
    """Yield where a line about credentials stands that is passed over, or spelt with other marks.

    In a profile that was named so is a role that is blank, whatever else it holds: its keys are not the role's.
    """
    if named and "role_arn" in settings.sections[name] and not settings.text(name, "role_arn"):
        yield f"{_place(settings, name, 'role_arn')}: role_arn has no value"
    for note in settings.notes.omissions:
        if note.section == name and note.lead in _BY_PLAIN_NAME:
            yield f"{note.place} looks like {_BY_PLAIN_NAME[note.lead]}, and {note.reason}"
    for own in settings.sections.get(name, {}):
        meant = _BY_PLAIN_NAME.get(plain(own.partition(":")[0]))
        if meant is not None and meant != own:
            yield f"{_place(settings, name, own)} looks like {meant}, and is not spelt so"


def _check_meaning(settings: Settings) -> None:
    """Raise an error where a profile that was named means to have credentials, and none of its lines leads to any.

    To go on to other sources would sign with an identity nobody meant.
    """
    name = settings.profile.value
    for own, value in settings.sections.get(name, {}).items():
        place = f"The profile {name!r} leads to no credentials: {_place(settings, name, own)}"
        if own in (*_LEADING, *_TOKENS):
            raise CredentialsError(
                f"{place}: {own} {'is not enough' if value else 'has no value'}. Mend it, or take it out."
            )
        if meant := _meant(own):
            raise CredentialsError(f"{place} looks like {meant}, and is not spelt so. Mend it, or take it out.")
    if settings.profile.source != "profile":
        return
    if settings.notes.unread:
        raise ConfigurationError(
            f"{settings.notes.unread[0]} The profile {name!r} may have credentials there; it has none elsewhere."
        )
    passed_over = [
        n for n in settings.notes.omissions if n.lead is None and plain(n.section).endswith(plain(name))
    ]
    if passed_over:
        raise CredentialsError(
            f"The profile {name!r} has no credentials, but for a section that does not count.\n"
            f"  {passed_over[0]}\nMend it, or take it out."
        )


def _meant(name: str) -> str | None:
    """Return the property that a name is a slip for, None for one that means something else."""
    with loading:
        from difflib import get_close_matches

        from ..reference import PROPERTIES

    if name in PROPERTIES:
        return None
    if plain(name) in _SHORT_FOR:
        return _SHORT_FOR[plain(name)]
    found = get_close_matches(plain(name), map(plain, _LEADING), 1, _ALIKE)
    return _BY_PLAIN_NAME[found[0]] if found else None


def _place(settings: Settings, section: str, name: str) -> str:
    return settings.notes.places.get(section, {}).get(name, "a line of it")


def _base(means: _Means, name: str) -> tuple[str | None, str | None]:
    """Return the `source_profile` of a role or its `credential_source`, and None for the other."""
    source_profile, kind = means.text(name, "source_profile"), means.text(name, "credential_source")
    if bool(source_profile) == bool(kind):
        raise CredentialsError(
            f"The profile {name!r} has role_arn with {'both' if kind else 'neither'} of source_profile and "
            "credential_source: it needs one of them, to say whose credentials assume the role."
        )
    return source_profile, kind


def _direct(means: _Means, name: str) -> Flow[Resolved]:
    """Get credentials in a way that needs none of another profile."""
    settings = means.settings
    token_file, command = means.text(name, "web_identity_token_file"), means.text(name, "credential_process")
    if token_file:
        return (yield from _web_identity(means, name, token_file))
    if any(
        own.startswith("sso_") for own in settings.sections.get(name, {})
    ):  # else there is no need to import it
        with loading:
            from . import sso

        if sso.applies(settings, name):
            return (yield from sso.load(settings, name, means.clock, means.random))
    if means.has_keys(name):
        return _own_keys(means, name)
    if session := means.text(name, "login_session"):
        with loading:
            from . import login

        return (yield from login.load(settings, session, name, means.clock))
    if command:
        with loading:
            from . import process

        return (
            yield from process.load(
                command, name, means.clock, settings.environ, account_id=means.text(name, "aws_account_id")
            )
        )
    return NotConfigured("it says nothing about credentials")


def _web_identity(means: _Means, name: str, token_file: str) -> Flow[Credentials]:
    with loading:
        from . import web_identity

    role_arn = means.text(name, "role_arn")
    if not role_arn:
        raise CredentialsError(f"The profile {name!r} has web_identity_token_file and no role_arn: add the role.")
    return (
        yield from web_identity.exchange(
            means.settings,
            token_file,
            role_arn,
            means.clock,
            means.random,
            session_name=means.text(name, "role_session_name"),
            source=f"profile {name}",
        )
    )


def _assume_role(means: _Means, name: str, base: str, found: Resolved) -> Flow[Credentials]:
    """Assume the profile's role with credentials that were found where it points."""
    if isinstance(found, NotConfigured):
        raise CredentialsError(
            f"The profile {name!r} assumes a role with credentials from {base}, and there are none: "
            f"{found.reason}."
        )
    with loading:
        from .. import sts

    serial = means.text(name, "mfa_serial")
    return (
        yield from sts.assume_role(
            str(means.text(name, "role_arn")),
            settings=means.settings,
            credentials=checked(found),
            clock=means.clock,
            random=means.random,
            source=f"profile {name}",
            session_name=means.text(name, "role_session_name"),
            duration=_duration(means, name),
            external_id=means.text(name, "external_id"),
            serial_number=serial,
            token_code=_mfa_code(means, serial, name) if serial else None,
        )
    )


def _from_kind(means: _Means, kind: str, name: str) -> Flow[Resolved]:
    """Get credentials from where `credential_source` says."""
    if kind == "Environment":
        with loading:
            from . import environment

        return (yield from environment.load(means.settings.environ, means.clock))
    if kind == "EcsContainer":
        with loading:
            from . import container

        return (yield from container.load(means.settings.environ, means.random))
    if kind == "Ec2InstanceMetadata":
        with loading:
            from . import instance

        return (yield from instance.load(means.settings, means.random))
    raise CredentialsError(
        f"The profile {name!r} has credential_source = {shown(kind, quoted=False)}: it takes Environment, "
        "EcsContainer or Ec2InstanceMetadata."
    )


def _duration(means: _Means, name: str) -> int | None:
    text = means.text(name, "duration_seconds")
    if text is None:
        return None
    if not re.fullmatch("[0-9]{3,5}", text) or not 900 <= int(text) <= 43_200:
        raise CredentialsError(
            f"The profile {name!r} has duration_seconds = {shown(text, quoted=False)}: it takes 900 to 43200."
        )
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


def _own_keys(means: _Means, name: str) -> Credentials:
    key, secret = means.text(name, _KEY), means.text(name, _SECRET)
    if not key or not secret:
        missing = _SECRET if key else _KEY
        raise CredentialsError(f"The profile {name!r} has half a pair of keys: add {missing}, or take both out.")
    return Credentials(
        access_key_id=key,
        secret_access_key=secret,
        session_token=means.text(name, _TOKENS[0]) or means.text(name, _TOKENS[1]),
        account_id=means.text(name, "aws_account_id"),
        source=f"profile {name}",
    )
