"""What `awskms-lite policy` prints: a policy on standard output, and what it is for on standard error."""

import argparse
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ...endpoints import parse_region, partition_of
from ...errors import ConfigurationError, ParameterError
from ...layout import wrap
from ...permissions import Statement, audit_permissions, check_size, policy_document, retire_permissions
from ...quoting import printable
from ..audit.input_files import read_records
from ..text import columns, print_error, print_stderr, terminal_width

if TYPE_CHECKING:
    from ...audit import KeyFacts
    from ...guard import Protection

_KEYS_NEED = (
    "An IAM policy counts for keys whose policy lets their account use IAM; the policy of any other key has to "
    "name the role itself."
)
_ANY_ROLE = (
    "It allows to assume any role of any account. Name the role of `audit --organization` with --role-name NAME, "
    "and it allows that one alone."
)
_SCP_NOTES = (
    "An SCP does not bind the management account, nor roles that are linked to a service. AWS documents the "
    "condition key for key policies and IAM policies; that it works in an SCP was only tried, so try it in one "
    "account first."
)
_KEY_POLICY_NOTES = (
    "Add these statements to the policy that the key has: by themselves they allow nobody anything. KMS refuses a "
    "policy that its author could not change again, unless it is told to skip that check: do not."
)


def print_audit_policy(arguments: argparse.Namespace) -> int:
    """Print the policy of an audit."""
    statements = audit_permissions(
        _partition(arguments),
        cloudtrail=arguments.cloudtrail,
        rotations=arguments.rotations,
        tags=arguments.tags is not False,
        organization=arguments.organization,
        role_name=arguments.role_name,
    )
    is_wide = arguments.organization and arguments.role_name is None
    return _print_policy(statements, [_KEYS_NEED, *([_ANY_ROLE] if is_wide else [])])


def print_retire_policy(arguments: argparse.Namespace) -> int:
    """Print the policy of a retirement."""
    return _print_policy(retire_permissions(_partition(arguments), role_name=arguments.role_name), [_KEYS_NEED])


def print_guard(arguments: argparse.Namespace) -> int:
    """Print a guard, and which keys of a report it protects; raise `ConfigurationError` if it is too long."""
    from ...guard import LIMITS, MAX_KEY_POLICY, MAX_SCP, guard_statements

    statements = guard_statements(
        arguments.days, _partition(arguments), admins=arguments.admin, as_key_policy=arguments.key_policy
    )
    document = policy_document(statements)
    if arguments.key_policy:
        check_size(document, MAX_KEY_POLICY, "a key policy")
    else:
        check_size(document, MAX_SCP, "a service control policy")
    try:
        preview = [] if arguments.source is None else list(_preview(arguments))
    except ParameterError as error:
        print_error(str(error))
        return 2
    code = _print_policy(statements, [_KEY_POLICY_NOTES if arguments.key_policy else _SCP_NOTES, LIMITS])
    for line in preview:
        print_stderr(line)
    return code


def _partition(arguments: argparse.Namespace) -> str:
    """Return the partition of the region that is named, or is in the environment; else the commercial one."""
    names = (arguments.region, os.environ.get("AWS_REGION"), os.environ.get("AWS_DEFAULT_REGION"))
    region = next(filter(None, names), None)
    return "aws" if region is None else partition_of(parse_region(region)[0]).name


def _print_policy(statements: Sequence[Statement], notes: Iterable[str]) -> int:
    if sys.stdout is None:
        raise ConfigurationError("Standard output is closed, where the policy goes: open it.")
    print(policy_document(statements))
    width = terminal_width(sys.stderr)
    for text in (*(f"{each.sid}: {each.explanation}." for each in statements), *notes):
        print_stderr(text if width is None else "\n".join(wrap(text, width)))
    return 0


def _preview(arguments: argparse.Namespace) -> Iterator[str]:
    """Yield the lines about the keys of a report, those that are not protected first."""
    from ...audit import KeyFacts
    from ...guard import GuardStatus, protection

    now = datetime.now(UTC)
    records = read_records(arguments.source, KeyFacts)
    keys = [(facts, protection(facts, arguments.days, now)) for facts in records]
    order = [GuardStatus.UNPROTECTED, GuardStatus.UNKNOWN, GuardStatus.PROTECTED, GuardStatus.NOT_CONCERNED]
    keys.sort(key=lambda key: (order.index(key[1].status), key[0].account_id, key[0].region, key[0].key_id))
    yield ""
    counts = [(status, sum(found.status is status for _, found in keys)) for status in order]
    parts = ", ".join(f"{count} {status}" for status, count in counts if count)
    days = "1 day" if arguments.days == 1 else f"{arguments.days} days"
    yield f"guard of {days}, keys of {arguments.source} as of {now:%Y-%m-%d} (UTC): {parts or 'there are none'}"
    if keys:
        read = min(facts.checked_at for facts, _ in keys)
        yield f"their last uses are those of {read:%Y-%m-%d} or later; a use since then protects a key for longer"
        rows = [("KEY", "REGION", "ACCOUNT", "GUARD", "UNTIL", "WHY"), *(_row(*key, now) for key in keys)]
        yield from columns(rows).splitlines()


def _row(facts: "KeyFacts", found: "Protection", now: datetime) -> tuple[str, ...]:
    until = "-"
    if found.until is not None:
        left = (found.until - now).days
        until = f"{found.until:%Y-%m-%d} ({left} days)" if found.until > now else f"ended {found.until:%Y-%m-%d}"
    names = (facts.key_id, facts.region, facts.account_id or "-", str(found.status), until, found.reason)
    return tuple(map(printable, names))
