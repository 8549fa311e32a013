"""`awskms-lite policy`: the least IAM policies for the other commands, and a guard over keys that are in use.

Standard output has one policy as JSON and nothing else; standard error says what each statement is for. Exit
codes: 0, and 2 for wrong use, a report that cannot be read, and a policy that is longer than AWS takes.
"""

import argparse
from typing import Any

from ...errors import ParameterError
from ...verdicts import MAX_IDLE_DAYS

_EPILOG = """\
examples:
  awskms-lite policy audit --cloudtrail > audit-policy.json
  awskms-lite policy guard --admin 'arn:aws:iam::*:role/KeyAdmin' > scp.json
  awskms-lite policy guard --days 365 --from keys.jsonl

The policy goes to standard output, and what its statements are for to standard
error."""


def add_command(commands: Any) -> None:
    """Add the command and its sub-commands to the parser."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "policy",
        help="print the IAM policy that a command needs, or one that guards keys in use",
        description="Print a policy as JSON, without any request.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    region = argparse.ArgumentParser(add_help=False)
    region.add_argument(
        "--region",
        help="a region of the partition that ARNs are to name (default: AWS_REGION, then AWS_DEFAULT_REGION; "
        "without them the commercial regions)",
    )
    policies = parser.add_subparsers(title="policies", metavar="POLICY", required=True)
    _add_audit(policies, region)
    _add_retire(policies, region)
    _add_guard(policies, region)


def _add_audit(policies: Any, region: argparse.ArgumentParser) -> None:
    text = "the least IAM policy for an audit with these options of it"
    parser = policies.add_parser("audit", parents=[region], help=text, description=f"Print {text}.")
    parser.add_argument("--cloudtrail", action="store_true", help="what `audit --cloudtrail` needs")
    parser.add_argument("--rotations", action="store_true", help="what `audit --rotations` needs")
    parser.add_argument(
        "--tag",
        "--tags",
        "--with-tags",
        "--owner-tag",
        dest="tags",
        nargs="?",
        const=True,
        default=False,
        metavar="TAG",
        help="what these options of `audit` need, whichever tag that is",
    )
    parser.add_argument("--organization", action="store_true", help="what `audit --organization` needs")
    _add_role_name(parser, "the role to assume in each account (default with --organization: any role)")
    parser.set_defaults(run=_run_audit)


def _add_retire(policies: Any, region: argparse.ArgumentParser) -> None:
    text = "the least IAM policy for the retirement of keys, the way back included"
    parser = policies.add_parser("retire", parents=[region], help=text, description=f"Print {text}.")
    _add_role_name(parser, "the role to assume in other accounts")
    parser.set_defaults(run=_run_retire)


def _add_role_name(parser: argparse.ArgumentParser, text: str) -> None:
    parser.add_argument("--role-name", type=_role_name, metavar="NAME", help=text)


def _add_guard(policies: Any, region: argparse.ArgumentParser) -> None:
    parser = policies.add_parser(
        "guard",
        parents=[region],
        help="a policy that denies disabling and deleting keys that are in use",
        description="Print a policy that denies disabling a key, and scheduling its deletion, for some days after "
        "its last use, by the condition key kms:TrailingDaysWithoutKeyUsage.",
    )
    parser.add_argument(
        "--days", type=_days, default=365, metavar="N", help="protect a key for N days after its last use (365)"
    )
    kinds = parser.add_mutually_exclusive_group()
    kinds.add_argument("--scp", action="store_true", help="a service control policy, for whole accounts (default)")
    kinds.add_argument("--key-policy", action="store_true", help="statements to add to a key's own policy")
    parser.add_argument(
        "--admin",
        action="append",
        type=_principal,
        metavar="ARN",
        default=[],
        help="a role or user that may change key policies, * in it for any account; give it again for more "
        "(default: only the root user)",
    )
    parser.add_argument(
        "--from",
        dest="source",
        metavar="FILE",
        help="also show which keys of an audit's report (--output jsonl or json) the guard protects today, on "
        "standard error; - reads standard input",
    )
    parser.set_defaults(run=_run_guard)


def _run_audit(arguments: argparse.Namespace) -> int:
    from .documents import print_audit_policy

    return print_audit_policy(arguments)


def _run_retire(arguments: argparse.Namespace) -> int:
    from .documents import print_retire_policy

    return print_retire_policy(arguments)


def _run_guard(arguments: argparse.Namespace) -> int:
    from .documents import print_guard

    return print_guard(arguments)


def _days(text: str) -> int:
    if not text.isdecimal() or len(text) > len(str(MAX_IDLE_DAYS)) or not 1 <= int(text) <= MAX_IDLE_DAYS:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no number of days: pass a whole one from 1 to {MAX_IDLE_DAYS}"
        )
    return int(text)


def _principal(text: str) -> str:
    from ...permissions import check_principal

    try:
        check_principal(text)
    except ParameterError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return text


def _role_name(text: str) -> str:
    from ...permissions import check_role_name

    try:
        check_role_name(text)
    except ParameterError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return text
