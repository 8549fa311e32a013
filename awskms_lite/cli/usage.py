"""`awskms-lite usage KEY...`: the last use of each key, as a table or as JSON."""

import argparse
import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import datetime
from typing import Any, NamedTuple

from ..converter import to_wire
from ..errors import ConfigurationError, CredentialsError, KMSLiteError, ParameterError, ServiceError
from ..models.usage import GetKeyLastUsageRequest, GetKeyLastUsageResponse
from ..quoting import printable
from ..verdicts import ANSWER_MEANINGS, NO_PERMISSION, label
from .mfa import ask_for_code
from .text import columns, print_error

_HEADINGS = ("KEY", "VERDICT", "LAST USED (UTC)", "OPERATION", "TRACKED SINCE (UTC)")


class Outcome(NamedTuple):
    """The result for one key: an answer or an error."""

    key: str
    answer: GetKeyLastUsageResponse | None
    error: KMSLiteError | None


def add_command(commands: Any, shared: argparse.ArgumentParser) -> None:
    """Add the command and its options to the parser."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "usage",
        parents=[shared],
        help="ask when and how keys were last used",
        description="Ask KMS when and how each key was last used, at the 5 keys per second that KMS allows.",
        epilog="Example: awskms-lite usage --region us-east-2 1234abcd-12ab-34cd-56ef-1234567890ab",
    )
    parser.add_argument("keys", metavar="KEY", nargs="+", help="a key id or a key ARN; aliases are not taken")
    parser.add_argument("--output", choices=("table", "json"), default="table", help="default: table")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Look up each key, print the answers, and print each error on standard error; return the exit code."""
    outcomes: list[Outcome] = []
    try:
        outcomes.extend(_ask(arguments))
    finally:  # what was answered before Ctrl-C is not lost
        if outcomes:
            print(_as_json(outcomes) if arguments.output == "json" else _as_table(outcomes))
            for outcome in outcomes:
                if outcome.error is not None:
                    print_error(f"{printable(outcome.key)}: {outcome.error}")
    return 1 if any(outcome.error is not None for outcome in outcomes) else 0


def _ask(arguments: argparse.Namespace) -> Iterator[Outcome]:
    """Yield the result for each key in order, with one client for each region."""
    from ..client import KMSClient
    from ..pacing import Pacing

    with ExitStack() as stack:
        clients: dict[str | None, KMSClient] = {}
        valid = [key for key in arguments.keys if _key_error(key) is None]
        regions = {key: arguments.region or _region_of(key) for key in valid}
        for region in dict.fromkeys(regions.values()):  # all first: wrong configuration shows before any call
            client = KMSClient(
                region=region,
                profile=arguments.profile,
                endpoint_url=arguments.endpoint_url,
                pacing=Pacing(burst=5),
                mfa=ask_for_code,
            )
            clients[region] = stack.enter_context(client)
        for key in arguments.keys:
            if key not in regions:
                yield Outcome(key, None, _key_error(key))
                continue
            try:
                yield Outcome(key, clients[regions[key]].get_key_last_usage(key), None)
            except (ConfigurationError, CredentialsError):
                raise
            except KMSLiteError as error:
                yield Outcome(key, None, error)


def _key_error(key: str) -> ParameterError | None:
    """Return why a key is invalid, before any request is made; None if it is valid."""
    try:
        GetKeyLastUsageRequest(key)
    except ParameterError as error:
        return error
    return None


def _region_of(key: str) -> str | None:
    """Return the region in an ARN; None for a key id, which has none."""
    return key.split(":")[3] if key.startswith("arn:") else None


def _as_json(outcomes: Sequence[Outcome]) -> str:
    """Return a JSON array in the order of the keys: the members of each answer under AWS's names, or its error."""
    return json.dumps([_wire_row(outcome) for outcome in outcomes], indent=2)


def _wire_row(outcome: Outcome) -> dict[str, Any]:
    if outcome.answer is not None:
        return {"Key": outcome.key, "Verdict": outcome.answer.verdict.value, **to_wire(outcome.answer)}
    error = outcome.error
    if isinstance(error, ServiceError):
        facts = {"Code": error.code, "Message": error.message or None, "RequestId": error.request_id}
    else:
        facts = {"Code": type(error).__name__, "Message": str(error), "RequestId": None}
    return {"Key": outcome.key, "Error": facts}


def _as_table(outcomes: Sequence[Outcome]) -> str:
    """Return a table, and below it what the verdicts in it mean."""
    rows = [_HEADINGS, *map(_table_row, outcomes)]
    verdicts = {outcome.answer.verdict for outcome in outcomes if outcome.answer is not None}
    meanings = [f"{label(verdict)}: {text}." for verdict, text in ANSWER_MEANINGS.items() if verdict in verdicts]
    if meanings:
        meanings.append(f"{NO_PERMISSION} Disable it first, and watch CloudTrail.")
    return "\n".join([columns(rows), *([""] if meanings else []), *meanings])


def _table_row(outcome: Outcome) -> tuple[str, ...]:
    key, answer = printable(outcome.key), outcome.answer
    if answer is None:
        code = outcome.error.code if isinstance(outcome.error, ServiceError) else type(outcome.error).__name__
        return key, f"error: {printable(code)}", "-", "-", "-"
    used = answer.key_last_usage
    return (
        key,
        label(answer.verdict),
        _moment(used.timestamp if used else None),
        printable(used.operation or "-") if used else "-",
        _moment(answer.tracking_start_date),
    )


def _moment(when: datetime | None) -> str:
    return "-" if when is None else f"{when:%Y-%m-%d %H:%M:%S}"
