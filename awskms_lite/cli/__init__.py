"""The command `awskms-lite`: its arguments and exit codes.

0    every key was answered
1    some key failed, each named on standard error; or an audit found a verdict of --fail-on
2    wrong use or configuration
3    an audit that is incomplete; `audit` has the details
129  ended by SIGHUP in an audit
130  interrupted
141  the reader of the output went away
143  ended by SIGTERM in an audit
"""

import argparse
import io
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from typing import NoReturn

from .._version import __version__
from ..errors import ConfigurationError, CredentialsError, KMSLiteError
from ..quoting import printable
from . import audit, doctor, local, usage
from .text import log_on_stderr, print_error, silence_broken_streams, silence_output


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command with these arguments, the process's own by default, and return its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a character that it cannot show is no reason to fail
    try:
        return _run(argv)
    finally:
        silence_broken_streams()


def _run(argv: Sequence[str] | None) -> int:
    arguments = _parser().parse_args(argv)
    try:
        with log_on_stderr() if arguments.debug else nullcontext():
            code: int = arguments.run(arguments)
        if sys.stdout is not None:
            sys.stdout.flush()
    except (ConfigurationError, CredentialsError) as error:
        print_error(str(error))
        return 2
    except KeyboardInterrupt:
        print_error("interrupted")
        return 130
    except BrokenPipeError:
        silence_output()
        return 141
    except KMSLiteError as error:
        print_error(str(error))
        return 1
    except OSError as error:
        silence_output()
        print_error(f"the output cannot be written: {error.strerror}")
        return 1
    return code


class _Parser(argparse.ArgumentParser):
    """A parser whose messages show arguments without what a terminal would act on; so do its commands'."""

    def error(self, message: str) -> NoReturn:
        super().error(printable(message))


def _parser() -> argparse.ArgumentParser:
    connection = argparse.ArgumentParser(add_help=False)
    connection.add_argument(
        "--profile", help="a profile of the shared files (default: AWS_PROFILE, else 'default')"
    )
    connection.add_argument(
        "--endpoint-url", metavar="URL", help="send requests to this endpoint, a local KMS for example"
    )
    region = argparse.ArgumentParser(add_help=False)
    region.add_argument(
        "--region", help="the region (default: that of a key's ARN if one is given, AWS_REGION, the profile's)"
    )
    shared = argparse.ArgumentParser(add_help=False, parents=[region, connection])
    parser = _Parser(
        prog="awskms-lite",
        description="Find out when and how AWS KMS keys were last used.",
        epilog="Exit codes: 0 all answered; 1 some key failed; 2 wrong use or configuration; 3 an audit is "
        "incomplete; 130 interrupted; 141 nobody reads the output.",
    )
    parser.add_argument("--version", action="version", version=f"awskms-lite {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    usage.add_command(commands, shared)
    audit.add_command(commands, connection)
    doctor.add_command(commands, shared)
    local.add_command(commands)
    for command in (parser, *commands.choices.values()):  # before the command's name, and behind it
        default = False if command is parser else argparse.SUPPRESS
        text = "log requests and their results on standard error; never a secret"
        command.add_argument("-v", "--debug", action="store_true", default=default, help=text)
    return parser
