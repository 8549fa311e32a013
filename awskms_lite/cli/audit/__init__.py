"""`awskms-lite audit`: every key of an account or of many, with a verdict for each.

    options     the command line
    live        an audit of KMS; or `saved`, which judges the report of an earlier one again
    report      what goes to standard output: the table, JSON or CSV
    summary     what goes to standard error, and the exit code

Standard output has the report and nothing else. Exit codes:

0    every key was listed, read and reported
1    that too, and some key has a verdict that --fail-on names
2    wrong use or configuration, no usable credentials, or filters that match none of the keys (--allow-empty)
3    incomplete: a key could not be read, a listing failed, the audit ended early, or the report or the checkpoint
     could not be written
129  ended by SIGHUP, otherwise as 130
130  interrupted by Ctrl-C: what was read until then is reported
141  the reader of the output went away
143  ended by SIGTERM, otherwise as 130
"""

import argparse
from functools import partial
from typing import Any

from ...errors import ConfigurationError, CredentialsError, KMSLiteError, ParameterError
from ...verdicts import NO_PERMISSION
from ..text import print_error, silence_output
from .options import add_options, check_source_options
from .summary import SYSTEM_ERRORS, finish, interrupted_by

_DESCRIPTION = f"""\
List every key of an account in its regions, find out when each was last used,
and judge it. GetKeyLastUsage is called only for keys whose verdict depends on
it, at the 5 calls a second that KMS allows in each account and region.
{NO_PERMISSION}"""
_EPILOG = """\
examples:
  awskms-lite audit --region us-east-2 --region eu-west-1
  awskms-lite audit --all-regions --accounts roles.txt --checkpoint audit.db \\
      --output jsonl > keys.jsonl
  awskms-lite audit --organization --role-name Audit --all-regions \\
      --checkpoint audit.db --output html:keys.html
  awskms-lite audit --from keys.jsonl --idle-days 180 --fail-on idle,never_used

The report goes to standard output, and a summary to standard error.

verdicts:
  in_use            used within the last --idle-days
  idle              used since tracking began, but longer ago than that
  never_used        not used since it was created, and tracked all that time
  no_record         not used since tracking began, but the key is older
  too_new           not used yet, and younger than --idle-days
  pending_deletion  its deletion is scheduled
  aws_managed       AWS manages it for a service: it cannot be deleted
  other_account     another account owns it and shares it with this one
  unreadable        what the verdict depends on could not be read

exit codes:
  0    every key was listed, read and reported
  1    that too, and a key has a verdict that --fail-on names
  2    wrong use or configuration, no usable credentials, or filters that match
       none of the keys (--allow-empty)
  3    incomplete: a key could not be read, a listing failed, the audit ended
       early, or the report or the checkpoint could not be written
  130  interrupted by Ctrl-C: what was read is reported (SIGHUP: 129, SIGTERM:
       143); a second Ctrl-C ends it at once
  141  nobody reads the output"""


def add_command(commands: Any, connection: argparse.ArgumentParser) -> None:
    """Add the command and its options to the parser."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "audit",
        parents=[connection],
        help="audit the use of every key of an account, or of many",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,  # or an option that is added later could break a script
    )
    add_options(parser)
    parser.set_defaults(run=partial(run, parser))


def run(parser: argparse.ArgumentParser, arguments: argparse.Namespace) -> int:
    """Audit, or judge what an earlier audit saved; write the report and the summary, and return the exit code."""
    check_source_options(parser, arguments)
    try:
        return _run(arguments)
    except (ConfigurationError, CredentialsError, ParameterError) as error:
        print_error(str(error))
        return 2
    except KMSLiteError as error:
        print_error(str(error))
        return 3
    except BrokenPipeError:
        raise
    except SYSTEM_ERRORS as error:  # those of writing the report do not come here
        print_error(interrupted_by(error))
        return 3
    except KeyboardInterrupt:
        silence_output()  # or the process would wait at its end for a reader that may never come
        raise


def _run(arguments: argparse.Namespace) -> int:
    from .live import audit_live
    from .saved import judge_saved

    result = audit_live(arguments) if arguments.source is None else judge_saved(arguments)
    return finish(result, arguments.fail_on)
