"""The files that `awskms-lite audit` reads: role ARNs, and reports of earlier audits."""

import re
import sys
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, TypeVar

from ...errors import ConfigurationError, ParameterError

if TYPE_CHECKING:
    from ...audit import KeyFacts

FactsT = TypeVar("FactsT", bound="KeyFacts")

_MAX_LINE = 2**20
"""Bytes: the longest record, with 50 tags and all its texts, takes about a fifth of it."""
_REMEDY = "--from reads what --output jsonl or json wrote."
_ARRAY_REMEDY = f"{_REMEDY} An array that another tool has rewritten becomes lines with jq -c '.[]'."
_COMMENT = re.compile(r"(^|\s)#.*")
_ACCOUNT_ID = re.compile(r"[0-9]{12}")


def read_lines(name: str) -> Iterator[bytes]:
    """Yield the lines of a file, or of standard input for "-", without a byte order mark.

    Raise `ConfigurationError` if it cannot be read, is in UTF-16, or has a line longer than any record.
    """
    try:
        with _opened(name) as source:
            first = source.readline(_MAX_LINE + 1)
            _check_encoding(name, first)
            lines = chain([first.removeprefix(BOM_UTF8)], iter(lambda: source.readline(_MAX_LINE + 1), b""))
            for number, line in enumerate(lines, 1):
                if len(line) > _MAX_LINE:
                    raise ConfigurationError(
                        f"{name}, line {number} is longer than {_MAX_LINE:,} bytes, so it is neither a "
                        "list of roles nor a report."
                    )
                yield line
    except OSError as error:
        raise ConfigurationError(f"{name or repr(name)} cannot be read: {error.strerror}.") from error


def _check_encoding(name: str, first: bytes) -> None:
    """Raise `ConfigurationError` for UTF-16, recognised by its mark or by the zero byte of an ASCII letter."""
    if first.startswith((BOM_UTF16_LE, BOM_UTF16_BE)) or first[:2].count(0) == 1:
        raise ConfigurationError(
            f"{name} is in UTF-16, as `>` writes it in Windows PowerShell: save it as UTF-8, there with "
            "`| Out-File -Encoding utf8`."
        )


def _opened(name: str) -> AbstractContextManager[BinaryIO]:
    if name != "-":
        return Path(name).open("rb")
    if sys.stdin is None:
        raise ConfigurationError("There is no standard input: name a file.")
    return nullcontext(sys.stdin.buffer)


def read_records(
    name: str,
    cls: "type[FactsT]",
    check: "Callable[[FactsT], None]" = lambda _: None,
    *,
    may_be_empty: bool = False,
) -> "Iterator[FactsT]":
    """Yield the records of a report that --output jsonl or json wrote, as `cls`: a record or `KeyFacts`.

    Raise `ParameterError` for a line that is no record, or about which `check` raises that, for an array that
    breaks off, and for a file without a line unless it `may_be_empty`, as it is for an account without keys.
    """
    from ...audit.serialize import from_line

    for number, line, is_array in _elements(name, may_be_empty=may_be_empty):
        try:
            facts = from_line(cls, line)
            check(facts)
        except ParameterError as error:
            remedy = _ARRAY_REMEDY if is_array or line.startswith(b"[") else _REMEDY
            raise ParameterError(f"{name}, line {number}: {error} {remedy}") from None
        yield facts


def _elements(name: str, *, may_be_empty: bool) -> Iterator[tuple[int, bytes, bool]]:
    """Yield each line that should be a record, with its number, and whether it is part of an array."""
    count, is_array, is_closed = 0, False, False
    for number, whole_line in enumerate(read_lines(name), 1):
        line = whole_line.strip()
        if not count and not is_array and line in (b"[", b"[]"):
            is_array, is_closed = True, line == b"[]"
            continue
        if is_array:  # as --output json writes it, with a line for each element
            is_closed = is_closed or line == b"]"
            line = b"" if line == b"]" else line.removesuffix(b",")
        if line:
            count += 1
            yield number, line, is_array
    if is_array and not is_closed:
        raise ParameterError(
            f"{name} breaks off after {'1 key' if count == 1 else f'{count} keys'}, without the ] at its end: the "
            "audit that wrote it ended early. Make the report again."
        )
    if not count and not is_array and not may_be_empty:
        raise ParameterError(f"{name} has no record: {_REMEDY}")


class AccountRole(NamedTuple):
    """A role to assume in an account, by its ARN, and what people call that account."""

    arn: str
    account_name: str | None = None

    @property
    def account_id(self) -> str:
        """Return the account in the ARN, which is valid."""
        return self.arn.split(":")[4]


def read_roles(name: str) -> list[AccountRole]:
    """Return the roles of a file; raise `ConfigurationError` for an invalid line, and if there is none."""
    roles: list[AccountRole] = []
    for number, line in enumerate(read_lines(name), 1):
        try:
            text = _COMMENT.sub("", line.decode("utf-8-sig")).strip()
            if text:
                roles.append(_role(text))
        except ValueError as error:  # not UTF-8, or not the ARN of a role
            raise ConfigurationError(f"{name}, line {number}: {error}") from None
    if not roles:  # else the caller's own account would be audited instead
        raise ConfigurationError(f"{name} names no role: give each account to audit a line with a role's ARN.")
    return roles


def _role(text: str) -> AccountRole:
    from ...audit.targets import validated_role_arn

    arn, *rest = text.split(maxsplit=1)
    account_name = rest[0] if rest else None
    if _ACCOUNT_ID.fullmatch(arn):
        raise ParameterError(
            f"{arn} is an account id: name a role in that account to assume, as 'arn:aws:iam::{arn}:role/Audit'."
        )
    if account_name is not None and account_name.startswith("arn:"):
        raise ParameterError("two ARNs are on one line: give each role a line of its own.")
    return AccountRole(validated_role_arn(arn), account_name)
