"""What the command reads besides AWS: a file of accounts, and reports of earlier audits."""

import re
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import BinaryIO

from ...errors import ConfigurationError, ParameterError

_COMMENT = re.compile(r"(^|\s)#.*")
_ACCOUNT_ID = re.compile(r"[0-9]{12}")


def read_lines(name: str) -> Iterator[bytes]:
    """Give the lines of a file, or of standard input for "-"; raises `ConfigurationError`."""
    try:
        with _opened(name) as source:
            yield from source
    except OSError as error:
        raise ConfigurationError(f"{name or repr(name)} cannot be read: {error.strerror}.") from error


def _opened(name: str) -> AbstractContextManager[BinaryIO]:
    if name != "-":
        return Path(name).open("rb")
    if sys.stdin is None:
        raise ConfigurationError("There is no standard input: name a file.")
    return nullcontext(sys.stdin.buffer)


def read_roles(name: str) -> list[str]:
    """Give the role ARNs of a file; raises `ConfigurationError` for a line that is none, and for no line."""
    roles: list[str] = []
    for number, line in enumerate(read_lines(name), 1):
        try:
            text = _COMMENT.sub("", line.decode("utf-8-sig")).strip()
            if text:
                roles.append(_role(text))
        except ValueError as error:  # no UTF-8, or no ARN of a role
            raise ConfigurationError(f"{name}, line {number}: {error}") from None
    if not roles:  # or the caller's own account would be audited in place of those that were meant
        raise ConfigurationError(f"{name} names no role: give each account to audit a line with a role's ARN.")
    return roles


def _role(text: str) -> str:
    from ...audit.places import check_role_arn

    if _ACCOUNT_ID.fullmatch(text):
        raise ParameterError(
            f"{text} is an account id: name a role in that account to assume, as 'arn:aws:iam::{text}:role/Audit'."
        )
    return check_role_arn(text)
