"""Credentials of a profile in the shared files: its own keys, or a way to get some.

A profile may hold several of these; the first one is used:

    role_arn with web_identity_token_file                AssumeRoleWithWebIdentity
    role_arn with source_profile or credential_source    AssumeRole, with other credentials
    sso_session, or sso_start_url and the like           IAM Identity Center
    aws_access_key_id and aws_secret_access_key          the keys themselves
    login_session                                        `aws login`
    credential_process                                   the output of a program

A line about credentials that is ignored because of a character in its name, or spelt differently (`role-arn`), is
an error: without it the profile would mean another identity. Source: "Assume role credential
provider" and its neighbours in the AWS SDKs and Tools Reference Guide.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

from ..config import plain
from ..errors import ConfigurationError, CredentialsError
from ..identity import Credentials
from ..loading import loading
from ..quoting import shown
from ..service_clock import ServiceClock
from ..settings import Settings, has_profile
from ..steps import Flow, call
from .source import NotConfigured, Resolved, validated

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
_SIMILAR = 0.8  # the ratio from which on a name is taken for a misspelt other: `role_arm`, `source_profil`
_SHOWN_PROFILES = 8  # how many profiles of a circular chain an error names


class _Context(NamedTuple):
    """What the client passes down for the sources of a profile."""

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
    """Return the credentials of the selected profile, or `NotConfigured` if it says nothing about credentials.

    Raise `CredentialsError` or `ConfigurationError` if what it says leads to none.
    """
    context = _Context(settings, clock, random, mfa)
    name = settings.profile.value
    found: Resolved
    roles: dict[
        str, str
    ] = {}  # each profile whose role is to be assumed, and the source of the credentials for it
    while True:
        _check_profile(context, name, [*roles])
        if roles and context.has_keys(name):
            found = _own_keys(context, name)  # a source profile's own keys win over its role
            break
        if not context.text(name, "role_arn") or context.text(name, "web_identity_token_file"):
            found = yield from _direct(context, name)
            break
        source_profile, kind = _base(context, name)
        roles[name] = source_profile or str(kind)
        if source_profile is None:
            found = yield from _from_kind(context, str(kind), name)
            break
        name = source_profile
    for user, base in reversed(roles.items()):
        found = yield from _assume_role(context, user, base, found)
    if isinstance(found, NotConfigured) and settings.profile.source != "default":
        _check_intent(settings)
    return found


def _check_profile(context: _Context, name: str, users: Sequence[str]) -> None:
    """Raise `CredentialsError` if a profile cannot be used; `users` are the profiles that refer to it."""
    settings = context.settings
    if users and not has_profile(settings.sections, name):
        raise CredentialsError(
            f"The profile {users[-1]!r} has source_profile = {shown(name, quoted=False)}, which does not exist: "
            f"add it, or name another.{settings.notes.missed(name)}"
        )
    named = not users and settings.profile.source != "default"
    oversight = next(_oversights(settings, name, named=named), None)
    if oversight is not None:
        raise CredentialsError(
            f"The profile {name!r} would be used without one of its lines: {oversight}. Correct it."
        )
    if name in users and not context.has_keys(name):
        raise CredentialsError(
            f"The profiles {_shown([*users, name])} form a circle by source_profile: end the chain with a "
            "profile that has keys."
        )


def _shown(names: Sequence[str]) -> str:
    if len(names) > _SHOWN_PROFILES:
        names = [*names[: _SHOWN_PROFILES // 2], "...", *names[-_SHOWN_PROFILES // 2 :]]
    return " -> ".join(names)


def _oversights(settings: Settings, name: str, *, named: bool) -> Iterator[str]:
    """Yield the place of each line about credentials that is ignored or misspelt, and why.

    In a profile that was named, a blank role_arn is one too: the profile's keys are not the role's.
    """
    if named and "role_arn" in settings.sections[name] and not settings.text(name, "role_arn"):
        yield f"{_place(settings, name, 'role_arn')}: role_arn has no value"
    for note in settings.notes.omissions:
        if note.section == name and note.lead in _BY_PLAIN_NAME:
            yield f"{note.place} looks like {_BY_PLAIN_NAME[note.lead]}, but {note.reason}"
    for own in settings.sections.get(name, {}):
        meant = _BY_PLAIN_NAME.get(plain(own.partition(":")[0]))
        if meant is not None and meant != own:
            yield f"{_place(settings, name, own)} looks like {meant}, but is spelt differently"


def _check_intent(settings: Settings) -> None:
    """Raise an error if a profile that was named seems to be about credentials, although it has none.

    To go on to other sources would sign with an identity that nobody intended.
    """
    name = settings.profile.value
    for own, value in settings.sections.get(name, {}).items():
        place = f"The profile {name!r} has no credentials: {_place(settings, name, own)}"
        if own in (*_LEADING, *_TOKENS):
            raise CredentialsError(
                f"{place}: {own} {'is not enough' if value else 'has no value'}. Correct it, or remove it."
            )
        if meant := _meant(own):
            raise CredentialsError(
                f"{place} looks like {meant}, but is spelt differently. Correct it, or remove it."
            )
    if settings.profile.source != "profile":
        return
    if settings.notes.unread:
        raise ConfigurationError(
            f"{settings.notes.unread[0]} The profile {name!r} may have its credentials there."
        )
    ignored = [n for n in settings.notes.omissions if n.lead is None and plain(n.section).endswith(plain(name))]
    if ignored:
        raise CredentialsError(
            f"The profile {name!r} has no credentials except in a section that is ignored.\n"
            f"  {ignored[0]}\nCorrect it, or remove it."
        )


def _meant(name: str) -> str | None:
    """Return the property that a name is a misspelling of, None if it is another name."""
    with loading:
        from difflib import get_close_matches

        from ..reference import PROPERTIES

    if name in PROPERTIES:
        return None
    if plain(name) in _SHORT_FOR:
        return _SHORT_FOR[plain(name)]
    found = get_close_matches(plain(name), map(plain, _LEADING), 1, _SIMILAR)
    return _BY_PLAIN_NAME[found[0]] if found else None


def _place(settings: Settings, section: str, name: str) -> str:
    return settings.notes.places.get(section, {}).get(name, "one of its lines")


def _base(context: _Context, name: str) -> tuple[str | None, str | None]:
    """Return the `source_profile` of a role or its `credential_source`, and None for the other."""
    source_profile, kind = context.text(name, "source_profile"), context.text(name, "credential_source")
    if bool(source_profile) == bool(kind):
        raise CredentialsError(
            f"The profile {name!r} has role_arn with {'both' if kind else 'neither'} of source_profile and "
            "credential_source: set one of them, to say whose credentials assume the role."
        )
    return source_profile, kind


def _direct(context: _Context, name: str) -> Flow[Resolved]:
    """Return the credentials of a profile that needs no other profile."""
    settings = context.settings
    token_file, command = context.text(name, "web_identity_token_file"), context.text(name, "credential_process")
    if token_file:
        return (yield from _web_identity(context, name, token_file))
    if any(
        own.startswith("sso_") for own in settings.sections.get(name, {})
    ):  # else there is no need to import it
        with loading:
            from . import sso

        if sso.applies(settings, name):
            return (yield from sso.load(settings, name, context.clock, context.random))
    if context.has_keys(name):
        return _own_keys(context, name)
    if session := context.text(name, "login_session"):
        with loading:
            from . import login

        return (yield from login.load(settings, session, name, context.clock))
    if command:
        with loading:
            from . import process

        return (
            yield from process.load(
                command, name, context.clock, settings.environ, account_id=context.text(name, "aws_account_id")
            )
        )
    return NotConfigured("it says nothing about credentials")


def _web_identity(context: _Context, name: str, token_file: str) -> Flow[Credentials]:
    with loading:
        from . import web_identity

    role_arn = context.text(name, "role_arn")
    if not role_arn:
        raise CredentialsError(f"The profile {name!r} has web_identity_token_file and no role_arn: add the role.")
    return (
        yield from web_identity.exchange(
            context.settings,
            token_file,
            role_arn,
            context.clock,
            context.random,
            session_name=context.text(name, "role_session_name"),
            source=f"profile {name}",
        )
    )


def _assume_role(context: _Context, name: str, base: str, found: Resolved) -> Flow[Credentials]:
    """Assume the role of a profile with the credentials of its source."""
    if isinstance(found, NotConfigured):
        raise CredentialsError(
            f"The profile {name!r} assumes a role with the credentials of {base}, which has none: {found.reason}."
        )
    with loading:
        from .. import sts

    serial = context.text(name, "mfa_serial")
    token_code = (yield from _mfa_code(context, serial, name)) if serial else None
    return (
        yield from sts.assume_role(
            str(context.text(name, "role_arn")),
            settings=context.settings,
            credentials=validated(found),
            clock=context.clock,
            random=context.random,
            source=f"profile {name}",
            session_name=context.text(name, "role_session_name"),
            duration=_duration(context, name),
            external_id=context.text(name, "external_id"),
            serial_number=serial,
            token_code=token_code,
        )
    )


def _from_kind(context: _Context, kind: str, name: str) -> Flow[Resolved]:
    """Return the credentials of a `credential_source`."""
    if kind == "Environment":
        with loading:
            from . import environment

        return (yield from environment.load(context.settings.environ, context.clock))
    if kind == "EcsContainer":
        with loading:
            from . import container

        return (yield from container.load(context.settings.environ, context.random))
    if kind == "Ec2InstanceMetadata":
        with loading:
            from . import instance

        return (yield from instance.load(context.settings, context.random))
    raise CredentialsError(
        f"The profile {name!r} has credential_source = {shown(kind, quoted=False)}: it takes Environment, "
        "EcsContainer or Ec2InstanceMetadata."
    )


def _duration(context: _Context, name: str) -> int | None:
    text = context.text(name, "duration_seconds")
    if text is None:
        return None
    if not re.fullmatch("[0-9]{3,5}", text) or not 900 <= int(text) <= 43_200:
        raise CredentialsError(
            f"The profile {name!r} has duration_seconds = {shown(text, quoted=False)}: it takes 900 to 43200."
        )
    return int(text)


def _mfa_code(context: _Context, serial: str, name: str) -> Flow[str]:
    if context.mfa is None:
        raise CredentialsError(
            f"The profile {name!r} needs a code of the MFA device {serial}: pass mfa=, a function that "
            "asks for it."
        )
    code: object = yield from call(partial(context.mfa, serial))
    if not isinstance(code, str) or not re.fullmatch("[0-9]{6}", code.strip()):
        raise CredentialsError(f"The code for the MFA device {serial} is invalid: it has six digits.")
    return code.strip()


def _own_keys(context: _Context, name: str) -> Credentials:
    key, secret = context.text(name, _KEY), context.text(name, _SECRET)
    if not key or not secret:
        missing = _SECRET if key else _KEY
        raise CredentialsError(f"The profile {name!r} has half a pair of keys: add {missing}, or remove both.")
    return Credentials(
        access_key_id=key,
        secret_access_key=secret,
        session_token=context.text(name, _TOKENS[0]) or context.text(name, _TOKENS[1]),
        account_id=context.text(name, "aws_account_id"),
        source=f"profile {name}",
    )
