"""The arguments of `awskms-lite`; what a command needs is loaded when it runs, and not for its help."""

import argparse
import re
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from .._version import __version__
from ..quoting import printable
from . import audit, diff, policy, retire


class _Parser(argparse.ArgumentParser):
    """A parser whose errors fit on two lines, as do its commands', which are of this class too.

    They show arguments without what a terminal would act on.
    """

    _given: Sequence[str] = ()

    def parse_known_args(  # pyright: ignore[reportIncompatibleMethodOverride] - of overloads, one for each namespace
        self, args: Any = None, namespace: Any = None
    ) -> Any:
        """Parse the arguments; an unknown one is an error of the command that it was given to."""
        self._given = list(sys.argv[1:] if args is None else args)
        found, unknown = super().parse_known_args(args, namespace)
        if unknown:
            self.error(f"unrecognized arguments: {' '.join(unknown)}")
        return found, unknown

    def error(self, message: str) -> NoReturn:
        """Print a usage of one line and the message, and end with 2."""
        text = printable(f"{message}{self._hint(message)}")
        self.exit(2, f"usage: {self.prog} [options]; see --help\n{self.prog}: error: {text}\n")

    def _hint(self, message: str) -> str:
        """Return how to write a value that begins with a dash, which argparse takes for an option."""
        match = re.fullmatch(r"argument (?:-\w/)?(?P<option>--[\w-]+): expected one argument", message)
        if match is None or match["option"] not in self._given:
            return ""
        value = self._given[self._given.index(match["option"]) + 1 :][:1]
        is_dashed = value and value[0].startswith("-") and not value[0].startswith("--")
        return f" (a value that begins with a dash: {match['option']}={value[0]})" if is_dashed else ""


def make_parser() -> argparse.ArgumentParser:
    """Return the parser; the arguments that it parses have the function of the chosen command in `run`."""
    connection = argparse.ArgumentParser(add_help=False)
    connection.add_argument(
        "--profile", help="a profile of the shared files (default: AWS_PROFILE, else 'default')"
    )
    connection.add_argument(
        "--endpoint-url", metavar="URL", help="send requests to this endpoint, a local KMS for example"
    )
    parser = _Parser(
        prog="awskms-lite",
        description="Find out when and how AWS KMS keys were last used.",
        epilog="Exit codes: 0 all answered; 1 some key failed; 2 wrong use or configuration; 3 an audit is "
        "incomplete; 130 interrupted; 141 nobody reads the output.",
    )
    parser.add_argument("--version", action="version", version=f"awskms-lite {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_usage(commands, _with_region(connection, "of keys that are named by their ids"))
    audit.add_command(commands, connection)
    diff.add_command(commands)
    retire.add_command(commands, _with_region(connection, "of keys that are named by their ids"))
    policy.add_command(commands)
    _add_doctor(commands, _with_region(connection, "to try"))
    _add_local(commands)
    for command in (parser, *commands.choices.values()):  # before the command's name, and behind it
        default = False if command is parser else argparse.SUPPRESS
        text = "log requests and their results on standard error; never a secret"
        command.add_argument("-v", "--debug", action="store_true", default=default, help=text)
    return parser


def _with_region(connection: argparse.ArgumentParser, purpose: str) -> argparse.ArgumentParser:
    """Return a parser of the options of a connection and of the region."""
    shared = argparse.ArgumentParser(add_help=False, parents=[connection])
    shared.add_argument("--region", help=f"the region {purpose} (default: AWS_REGION, then the profile's)")
    return shared


def _add_usage(commands: Any, shared: argparse.ArgumentParser) -> None:
    parser: argparse.ArgumentParser = commands.add_parser(
        "usage",
        parents=[shared],
        help="ask when and how keys were last used",
        description="Ask KMS when and how each key was last used, at the 5 keys per second that KMS allows.",
        epilog="Example: awskms-lite usage --region us-east-2 1234abcd-12ab-34cd-56ef-1234567890ab",
    )
    parser.add_argument("keys", metavar="KEY", nargs="+", help="a key id or a key ARN; aliases are not taken")
    parser.add_argument("--output", choices=("table", "json"), default="table", help="default: table")
    parser.set_defaults(run=_run_usage)


def _run_usage(arguments: argparse.Namespace) -> int:
    from .usage import run

    return run(arguments)


def _add_doctor(commands: Any, shared: argparse.ArgumentParser) -> None:
    parser: argparse.ArgumentParser = commands.add_parser(
        "doctor",
        parents=[shared],
        help="show what a client would use, and whether KMS answers",
        description="Show region, endpoint, credentials, proxy and CA with where each comes from, then make one "
        "harmless signed call: GetKeyLastUsage of a key that does not exist. Secrets are never shown.",
        epilog="Exit codes: 0 KMS was reached and the call is permitted; 1 it was not; 2 wrong use or set-up.",
    )
    parser.add_argument("--output", choices=("text", "json"), default="text", help="default: text")
    parser.set_defaults(run=_run_doctor)


def _run_doctor(arguments: argparse.Namespace) -> int:
    from .doctor import run

    return run(arguments)


def _add_local(commands: Any) -> None:
    parser: argparse.ArgumentParser = commands.add_parser(
        "local",
        help="run a local KMS to test against",
        description="Run a KMS on loopback until interrupted, and print the variables that point a client at it. "
        "It verifies signatures and answers what docs/local.md lists. Keys live in memory: not for production.",
        epilog="The variables are printed as shell commands, for another shell to read. It starts without keys: "
        "create some with CreateKey, from the AWS CLI or any SDK.",
    )
    parser.add_argument("--port", type=_port, default=0, help="default: a free one")
    parser.add_argument("--region", default="us-east-1", help="default: us-east-1")
    parser.set_defaults(run=_run_local)


def _run_local(arguments: argparse.Namespace) -> int:
    from .local import run

    return run(arguments)


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port: pass a number from 0 (any free one) to 65535.")
    return int(text)
