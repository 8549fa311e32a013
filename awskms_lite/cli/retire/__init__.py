"""`awskms-lite retire`: take keys out of use in steps, each of which is looked at twice and can be taken back.

    options    its arguments, and which go together
    source     keys from the report of an audit
    report     what is printed

Standard output has the report, standard error the summary. Exit codes:

0    nothing stands against the next step, it was taken, or nothing is due yet
1    a finding, or a use that was refused, stands against it
2    wrong use or configuration, or no usable credentials
3    not certain: something could not be read or written, or a step was not carried out
129  ended by SIGHUP, otherwise as 130
130  interrupted: the ledger has what was done
141  the reader of the output went away
143  ended by SIGTERM, otherwise as 130
"""

import argparse
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from ...errors import ConfigurationError, CredentialsError, KMSLiteError, ParameterError
from ..interruption import Interruption, Stop
from ..text import print_error, silence_output
from .options import add_options, check_options

if TYPE_CHECKING:
    from ...client import KMSClient
    from ...retirement import KeyResult
    from .report import Report

_DESCRIPTION = """\
Retire keys that nobody needs: look at them, disable them, watch for days
whether somebody misses them, look again, schedule their deletion, and watch
until then. Without --yes nothing is changed. With it, one step is taken for
each key, if it is due and nothing stands against it; the same command later
takes the next one. Every step is recorded in the ledger, a file, before it is
taken."""
_EPILOG = """\
examples:
  awskms-lite retire KEY                                     look and plan
  awskms-lite retire KEY --ledger retire.jsonl --yes         take a step
  awskms-lite retire --from keys.jsonl --verdict idle,never_used
  awskms-lite retire --ledger retire.jsonl --status          where keys stand
  awskms-lite retire KEY --ledger retire.jsonl --undo --yes  take it back

exit codes:
  0    nothing stands against the next step, it was taken, or nothing is due yet
  1    a finding, or a use that was refused, stands against it
  2    wrong use or configuration, or no usable credentials
  3    not certain: something could not be read or written
  130  interrupted: the ledger has what was done, and the same command goes on
       (SIGHUP: 129, SIGTERM: 143); a second Ctrl-C ends it at once
  141  nobody reads the output"""


def add_command(commands: Any, shared: argparse.ArgumentParser) -> None:
    """Add the command and its options to the parser."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "retire",
        parents=[shared],
        help="take keys out of use, in steps that can be taken back",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,  # or an option that is added later could break a script
    )
    add_options(parser)
    parser.set_defaults(run=partial(run, parser))


def run(parser: argparse.ArgumentParser, arguments: argparse.Namespace) -> int:
    """Look at keys, take a step of each or take them back; print the report, and return the exit code."""
    check_options(parser, arguments)
    stop = Stop()
    with Interruption(stop) as interruption:
        try:
            return _run(arguments, stop)
        except KeyboardInterrupt:
            silence_output()
            print_error("interrupted: what was done is in the ledger, and the same command goes on")
            if interruption.number is None:
                raise
            return 128 + interruption.number


def _run(arguments: argparse.Namespace, stop: Stop) -> int:
    """Retire keys, and return the exit code for what that came to, its errors included."""
    try:
        return _retire(arguments, stop)
    except (ConfigurationError, CredentialsError, ParameterError) as error:
        print_error(str(error))
        return 2
    except KMSLiteError as error:
        print_error(str(error))
        return 3
    except BrokenPipeError:
        raise
    except OSError as error:
        silence_output()
        print_error(f"the report cannot be written: {error.strerror}. What was done is in the ledger (--status).")
        return 3


def _retire(arguments: argparse.Namespace, stop: Stop) -> int:
    from .report import Report

    blocking = _always_blocking(arguments)
    keys, left_out = _chosen_keys(arguments)
    with Report(arguments, left_out) as report:
        if keys or arguments.status:
            with stop.allowed(), _client(arguments, keys) as client:
                _go_through(client, keys, arguments, report, stop, changes=arguments.yes and not blocking)
    return report.finish(blocking)


def _always_blocking(arguments: argparse.Namespace) -> list[str]:
    """Return the names in --accept of findings that cannot be accepted, and leave them out of it.

    Accepting them changes nothing, so nothing is changed for any key.
    """
    from ...retirement import ALWAYS_BLOCK

    names: list[str] = arguments.accept
    arguments.accept = [name for name in names if name not in ALWAYS_BLOCK]
    return [name for name in dict.fromkeys(names) if name in ALWAYS_BLOCK]


def _chosen_keys(arguments: argparse.Namespace) -> tuple[Sequence[str], Mapping[str, str]]:
    """Return the keys, and the verdicts of those of a report that are left out, by ARN."""
    if arguments.source is None:
        return arguments.keys, {}
    from .source import read_keys

    return read_keys(arguments.source, arguments.verdict)


def _client(arguments: argparse.Namespace, keys: Sequence[str]) -> "KMSClient":
    """Return a client of the region in use; if none is configured, of that in the first ARN."""
    from ...client import KMSClient
    from ...pacing import Pacing
    from ..mfa import ask_for_code

    options: dict[str, Any] = {
        "profile": arguments.profile,
        "endpoint_url": arguments.endpoint_url,
        "pacing": Pacing(),
        "mfa": ask_for_code,
    }
    try:
        return KMSClient(region=arguments.region, **options)
    except ConfigurationError:
        region = next((key.split(":")[3] for key in _known_arns(arguments, keys) if key.count(":") > 4), None)
        if region is None or arguments.region is not None:
            raise
    return KMSClient(region=region, **options)


def _known_arns(arguments: argparse.Namespace, keys: Sequence[str]) -> Sequence[str]:
    from ...retirement import read_ledger

    if not arguments.status:
        return keys
    return [entry.key_arn for entry in read_ledger(arguments.ledger, must_exist=True)]


def _go_through(
    client: "KMSClient",
    keys: Sequence[str],
    arguments: argparse.Namespace,
    report: "Report",
    stop: Stop,
    *,
    changes: bool,
) -> "tuple[KeyResult, ...]":
    from ... import retirement

    def add(result: "KeyResult") -> None:
        with stop.allowed(is_allowed=False):  # a signal must not end it in the middle of JSON
            report.add(result)

    common: dict[str, Any] = {"role_arns": arguments.role_arn or (), "on_result": add}
    if arguments.status:
        return retirement.status(client, ledger=arguments.ledger, **common)
    if arguments.undo:
        return retirement.undo(client, keys, ledger=arguments.ledger, dry_run=not changes, **common)
    common |= {name: getattr(arguments, name) for name in ("idle_days", "watch_days", "pending_days", "accept")}
    act = retirement.advance if changes else retirement.check
    return act(client, keys, ledger=arguments.ledger, **common)
