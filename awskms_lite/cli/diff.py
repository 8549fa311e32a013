"""`awskms-lite diff OLD NEW`: what changed between two reports of the audit."""

import argparse
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ..errors import ParameterError
from ..layout import wrap
from ..quoting import printable
from ..report.comparison import CHANGES
from .text import print_error, terminal_width

if TYPE_CHECKING:
    from ..report.comparison import Comparison


def _help_lines() -> Iterator[str]:
    for kind, meaning in CHANGES.items():
        first, *rest = wrap(meaning, 60)
        yield f"  {kind:17} {first}"
        yield from (f"{'':20}{line}" for line in rest)


_EPILOG = f"""\
kinds of changes:
{chr(10).join(_help_lines())}

A key that only one report has is gone or new only if the other report has any
key of its account and region: else nobody may have looked there. Both reports
should have been made with the same --idle-days.

exit codes:
  0    both reports were read
  1    that too, and a key has changed in a way that --fail-on names
  2    wrong use, or a file that cannot be read or is no report"""


def add_command(commands: Any) -> None:
    """Add the command and its options to the parser."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "diff",
        help="compare two reports of the audit",
        description="Compare two reports that the audit wrote with --output jsonl or json, by key.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("old", metavar="OLD", help="the earlier report; - reads standard input")
    parser.add_argument("new", metavar="NEW", help="the later report")
    parser.add_argument(
        "--output",
        choices=("table", "md", "json"),
        default="table",
        help="default: table; json has only the ARNs of keys that changed, the number of all keys and their costs",
    )
    parser.add_argument(
        "--fail-on",
        action="extend",
        type=_kinds,
        default=[],
        metavar="KIND",
        help="exit with 1 if any key changed so; several with commas",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Compare the reports, print the changes, and return the exit code."""
    from ..report.comparison import compare

    if arguments.old == arguments.new == "-":
        print_error("OLD and NEW are both standard input: name a file for one of them.")
        return 2
    try:
        comparison = compare(_records(arguments.old), _records(arguments.new))
    except ParameterError as error:
        print_error(str(error))
        return 2
    for line in _lines(comparison, arguments.output):
        print(line)
    failed = {kind: len(comparison.changes[kind]) for kind in arguments.fail_on if comparison.changes[kind]}
    if failed:
        print_error("--fail-on: " + ", ".join(f"{number} {kind}" for kind, number in failed.items()))
    return 1 if failed else 0


def _records(name: str) -> Any:
    from ..audit import KeyUsageRecord
    from .audit.input_files import read_records

    return read_records(name, KeyUsageRecord, may_be_empty=True)


def _lines(comparison: "Comparison", output: str) -> Iterator[str]:
    import json

    from ..report.changes import as_json, markdown_lines, text_lines

    if output == "json":
        return iter([json.dumps(as_json(comparison), indent=2)])
    if output == "md":
        return markdown_lines(comparison)
    return text_lines(comparison, terminal_width(sys.stdout))


def _kinds(text: str) -> list[str]:
    kinds = [word.strip().replace("-", "_").replace(" ", "_") for word in text.split(",")]
    for kind in kinds:
        if kind not in CHANGES:
            raise argparse.ArgumentTypeError(f"{printable(kind)!r} is none of {', '.join(CHANGES)}")
    return kinds
