"""The command `awskms-lite`: its arguments and its exit codes.

0    every key was answered
1    some key failed; each is named on standard error
2    wrong use or configuration
130  interrupted
141  the reader of the output went away
"""

import argparse
import os
import sys
from collections.abc import Sequence

from .._version import __version__
from ..errors import ConfigurationError, CredentialsError
from . import local, usage


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command with these arguments, the process's own by default, and give its exit code."""
    arguments = _parser().parse_args(argv)
    try:
        code: int = arguments.run(arguments)
        sys.stdout.flush()
    except (ConfigurationError, CredentialsError) as error:
        print(f"awskms-lite: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("awskms-lite: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # Python flushes standard output once more at its end, which would fail again, and loudly.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="awskms-lite",
        description="Find out when and how AWS KMS keys were last used.",
        epilog="Exit codes: 0 all answered; 1 some key failed; 2 wrong use or configuration; 130 interrupted.",
    )
    parser.add_argument("--version", action="version", version=f"awskms-lite {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    usage.add_command(commands)
    local.add_command(commands)
    return parser
