"""Credentials that a program prints: `credential_process` in a profile.

The program is started without a shell, so pipes and variables in the command have no effect; it inherits our
standard error. It prints one JSON object and nothing else:

    {"Version": 1, "AccessKeyId": "...", "SecretAccessKey": "...", "SessionToken": "...", "Expiration": "..."}

The token, `Expiration` (ISO 8601; without it they are never refreshed) and `AccountId` may be left out. No
error repeats the arguments of the command or what it printed: both may be secret. Source: "Process credential
provider" in the AWS SDKs and Tools Reference Guide.
"""

import os
import re
import shlex
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from ..errors import ConfigurationError, CredentialsError, TimeoutError
from ..identity import Credentials
from ..quoting import shown_program
from ..steps import Flow, run
from .source import read_object, read_time, validated

SOURCE = "credential_process"
TIMEOUT = 60.0
"""Seconds that the program may take; it may have to ask its user for a code."""

_BACKSLASHES_AND_NEXT = re.compile(r"(\\*)([^\\]|\Z)")


def load(
    command: str,
    profile: str,
    clock: Callable[[], float],
    environ: Mapping[str, str],
    *,
    account_id: str | None = None,
    windows: bool = os.name == "nt",
) -> Flow[Credentials]:
    """Run the command of a profile and return the credentials that it prints.

    `environ` is the program's environment, `account_id` the account if it prints none; `windows` selects the rules
    by which the command is split into words. Raise `CredentialsError`, which names the profile and the program.
    """
    argv = _split(command, profile, windows)
    name = f"{SOURCE} of the profile {profile!r} ({shown_program(argv[0])})"
    _check_variables(environ, name)
    try:
        output = yield from run(argv, TIMEOUT, environ)
    except (ConfigurationError, TimeoutError) as error:
        raise CredentialsError(f"{name} returned no credentials: {error}") from error
    if output.status != 0:
        raise CredentialsError(
            f"{name} failed with status {output.status}: run it by hand, or see what it wrote to standard error."
        )
    found = _read(output.stdout, name)
    return validated(
        Credentials(
            access_key_id=found["AccessKeyId"],
            secret_access_key=found["SecretAccessKey"],
            session_token=found.get("SessionToken") or None,
            account_id=_account(found) or account_id,
            expires_at=_expiry(found, name, clock()),
            source=f"{SOURCE}, profile {profile}",
        )
    )


def _check_variables(environ: Mapping[str, str], name: str) -> None:
    """Raise `CredentialsError` for a variable that no program can have; only a caller's `environ` may hold one."""
    for variable, value in environ.items():
        if not variable or "=" in variable or not (_is_passable(variable) and _is_passable(value)):
            raise CredentialsError(
                f"{name} cannot be started with the variable {variable!r}: it holds a NUL or half a character, "
                "or its name is invalid. Remove it from environ."
            )


def _is_passable(text: str) -> bool:
    try:
        return b"\0" not in os.fsencode(text)
    except UnicodeEncodeError:
        return False


def _split(command: str, profile: str, windows: bool) -> tuple[str, ...]:
    """Split a command into program and arguments, as the system's own start of a program would."""
    try:
        argv = _split_for_windows(command) if windows else shlex.split(command)
    except ValueError as error:
        argv, fault = [], f"is not a command ({error}): correct its quotes and backslashes"
    else:
        fault = "is blank or holds a NUL: name a program, or remove it"
    if not argv or not argv[0].strip() or "\0" in command:
        raise CredentialsError(f"{SOURCE} of the profile {profile!r} {fault}.")
    return tuple(argv)


def _split_for_windows(command: str) -> list[str]:
    """Split by the rules of Microsoft's C runtime ("Parsing C command-line arguments").

    Blanks separate, double quotes hold together. Backslashes stand for themselves but before a quote, where two
    are one and an odd one takes the quote's meaning away. Raise `ValueError` for a quote left open.
    """
    words: list[str] = []
    word: str | None = None
    quoted = False
    for backslashes, mark in _BACKSLASHES_AND_NEXT.findall(command):
        if mark == '"':
            word = (word or "") + "\\" * (len(backslashes) // 2)
            if len(backslashes) % 2:
                word += mark
            else:
                quoted = not quoted
            continue
        separates = mark in ("", " ", "\t") and not quoted
        text = backslashes if separates else backslashes + mark
        if text:
            word = (word or "") + text
        if separates and word is not None:
            words.append(word)
            word = None
    if quoted:
        raise ValueError("No closing quotation")
    return words


def _read(printed: bytes, name: str) -> dict[str, Any]:
    """Return the JSON object that the program printed.

    Raise `CredentialsError` without version 1 and both keys.
    """
    remedy = "Have it print the JSON of the credentials to standard output, and nothing else."
    if not printed.strip():
        raise CredentialsError(f"{name} printed nothing. {remedy}")
    try:
        found = read_object(printed, name)
    except CredentialsError as error:
        raise CredentialsError(f"{error} {remedy}") from error
    version = found.get("Version")
    if type(version) not in (int, float) or version != 1:
        raise CredentialsError(
            f"{name} printed a Version other than the number 1, which is the only one supported."
        )
    missing = [member for member in ("AccessKeyId", "SecretAccessKey") if not found.get(member)]
    if missing:
        raise CredentialsError(f"{name} printed no {' and no '.join(missing)}. {remedy}")
    return found


def _account(found: dict[str, Any]) -> str | None:
    account = found.get("AccountId")
    return account.strip() if isinstance(account, str) else None


def _expiry(found: dict[str, Any], name: str, now: float) -> datetime | None:
    if found.get("Expiration") is None:
        return None
    expiry = read_time(found["Expiration"], name)
    if expiry.timestamp() <= now:
        raise CredentialsError(
            f"{name} printed credentials that have expired already: have it get new ones, and check this "
            "machine's clock."
        )
    return expiry
