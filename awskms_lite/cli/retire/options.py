"""The options of `awskms-lite retire`, and which of them go together."""

import argparse
from typing import Any

from ...verdicts import MAX_IDLE_DAYS, MEANINGS


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add all options, in groups."""
    _add_keys(parser.add_argument_group("which keys"))
    _add_steps(parser.add_argument_group("what to do"))
    _add_rules(parser.add_argument_group("how carefully"))
    output = parser.add_argument_group("output")
    output.add_argument("--output", choices=("table", "json"), default="table", help="default: table")


def _add_keys(group: Any) -> None:
    group.add_argument(
        "keys",
        metavar="KEY",
        nargs="*",
        help="a key id of the region in use, or a key ARN of any; aliases are not taken",
    )
    group.add_argument(
        "--from",
        dest="source",
        metavar="FILE",
        help="take the keys of an audit's report (--output jsonl or json); - reads standard input",
    )
    group.add_argument(
        "--verdict",
        action="extend",
        type=_verdicts,
        metavar="VERDICT",
        help="with --from: which of them; several with commas: idle,never_used",
    )
    group.add_argument(
        "--role-arn",
        action="append",
        metavar="ARN",
        help="assume this role for the keys of its account; give it again for more accounts",
    )


def _add_steps(group: Any) -> None:
    group.add_argument(
        "--ledger", metavar="FILE", help="the file that every step is recorded in; keep it until the keys are gone"
    )
    group.add_argument("--yes", action="store_true", help="take the step that is due (needs --ledger)")
    group.add_argument(
        "--undo",
        action="store_true",
        help="take the keys back: cancel their deletion, enable them, and look (with --yes)",
    )
    group.add_argument(
        "--status", action="store_true", help="where each key of the ledger stands, and what is due when"
    )


def _add_rules(group: Any) -> None:
    group.add_argument(
        "--idle-days",
        type=_days(1, MAX_IDLE_DAYS),
        default=90,
        metavar="N",
        help="a use within N days is a finding (default: 90)",
    )
    group.add_argument(
        "--watch-days",
        type=_days(1, 30),
        default=5,
        metavar="N",
        help="watch a disabled key for N days, 1 to 30; over 6 needs --accept long_watch (default: 5)",
    )
    group.add_argument(
        "--pending-days",
        type=_days(7, 30),
        default=30,
        metavar="N",
        help="schedule the deletion N days ahead, 7 to 30 (default: 30)",
    )
    group.add_argument(
        "--accept",
        action="extend",
        type=_findings,
        default=[],
        metavar="FINDING",
        help="go on in spite of this finding; several with commas",
    )


def check_options(parser: argparse.ArgumentParser, arguments: argparse.Namespace) -> None:
    """End with 2 for options that do not go together."""
    problem = _problem(arguments)
    if problem is not None:
        parser.error(f"{problem} Nothing was changed.")


def _problem(arguments: argparse.Namespace) -> str | None:
    """Return what is wrong with the options, None if nothing is."""
    named = bool(arguments.keys) + (arguments.source is not None)
    if arguments.status:
        return _problem_of_status(arguments, named)
    if named != 1:
        return "name keys, or a report with --from: one of the two." if named else "name the keys, or --from FILE."
    if (arguments.source is None) != (arguments.verdict is None):
        return "--from and --verdict go together: name the verdicts of the keys to retire."
    if arguments.yes and arguments.ledger is None:
        return "--yes needs --ledger FILE: no step is taken without a line on disk before it."
    if arguments.undo and arguments.accept:
        return "--undo asks for no consent: leave --accept out."
    return None


def _problem_of_status(arguments: argparse.Namespace, named: int) -> str | None:
    if arguments.ledger is None:
        return "--status needs --ledger FILE."
    if named or arguments.yes or arguments.undo or arguments.accept:
        return "--status is about all keys of the ledger, and changes nothing: leave out KEY, --from and the like."
    return None


def _verdicts(text: str) -> list[str]:
    words = [word.strip().lower().replace("-", "_").replace(" ", "_") for word in text.split(",")]
    for word in words:
        if word not in MEANINGS:
            raise argparse.ArgumentTypeError(f"{word!r} is none of {', '.join(MEANINGS)}")
    return words


def _findings(text: str) -> list[str]:
    from ...retirement.records import ALWAYS_BLOCK, NEED_CONSENT

    words = [word.strip().lower().replace("-", "_") for word in text.split(",")]
    for word in words:
        if word not in (*NEED_CONSENT, *ALWAYS_BLOCK):
            raise argparse.ArgumentTypeError(f"{word!r} is none of {', '.join(NEED_CONSENT)}")
    return words


def _days(least: int, most: int) -> Any:
    def read(text: str) -> int:
        if not text.isdecimal() or len(text) > len(str(most)) or not least <= int(text) <= most:
            raise argparse.ArgumentTypeError(
                f"{text!r} is no number of days: pass a whole one from {least} to {most}"
            )
        return int(text)

    return read
