"""The command `awskms-lite`: its arguments and exit codes.

0    every key was answered
1    some key failed, each named on standard error; an audit found a verdict of --fail-on; or something stands
     against retiring a key
2    wrong use or configuration
3    an audit that is incomplete, or a retirement that is not certain; `audit` and `retire` have the details
129  ended by SIGHUP in an audit or a retirement
130  interrupted
141  the reader of the output went away
143  ended by SIGTERM in an audit or a retirement
"""

import io
import sys
from collections.abc import Sequence
from contextlib import nullcontext

from ..errors import ConfigurationError, CredentialsError, KMSLiteError
from .parser import make_parser
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
    arguments = make_parser().parse_args(argv)
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
