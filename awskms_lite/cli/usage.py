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


class KeyResult(NamedTuple):
    """The result for one key: an answer or an error."""

    key: str
    answer: GetKeyLastUsageResponse | None
    error: KMSLiteError | None


def run(arguments: argparse.Namespace) -> int:
    """Look up each key, print the answers, and print each error on standard error; return the exit code."""
    results: list[KeyResult] = []
    try:
        results.extend(_ask(arguments))
    finally:  # what was answered before Ctrl-C is not lost
        if results:
            print(_as_json(results) if arguments.output == "json" else _as_table(results))
            for result in results:
                if result.error is not None:
                    print_error(f"{printable(result.key)}: {result.error}")
    return 1 if any(result.error is not None for result in results) else 0


def _ask(arguments: argparse.Namespace) -> Iterator[KeyResult]:
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
                yield KeyResult(key, None, _key_error(key))
                continue
            try:
                yield KeyResult(key, clients[regions[key]].get_key_last_usage(key), None)
            except (ConfigurationError, CredentialsError):
                raise
            except KMSLiteError as error:
                yield KeyResult(key, None, error)


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


def _as_json(results: Sequence[KeyResult]) -> str:
    """Return a JSON array in the order of the keys: the members of each answer under AWS's names, or its error."""
    return json.dumps([_wire_row(result) for result in results], indent=2)


def _wire_row(result: KeyResult) -> dict[str, Any]:
    if result.answer is not None:
        return {"Key": result.key, "Verdict": result.answer.verdict.value, **to_wire(result.answer)}
    error = result.error
    if isinstance(error, ServiceError):
        facts = {"Code": error.code, "Message": error.message or None, "RequestId": error.request_id}
    else:
        facts = {"Code": type(error).__name__, "Message": str(error), "RequestId": None}
    return {"Key": result.key, "Error": facts}


def _as_table(results: Sequence[KeyResult]) -> str:
    """Return a table, and below it what the verdicts in it mean."""
    rows = [_HEADINGS, *map(_table_row, results)]
    verdicts = {result.answer.verdict for result in results if result.answer is not None}
    meanings = [f"{label(verdict)}: {text}." for verdict, text in ANSWER_MEANINGS.items() if verdict in verdicts]
    if meanings:
        meanings.append(f"{NO_PERMISSION} Disable it first, and watch CloudTrail.")
    return "\n".join([columns(rows), *([""] if meanings else []), *meanings])


def _table_row(result: KeyResult) -> tuple[str, ...]:
    key, answer = printable(result.key), result.answer
    if answer is None:
        code = result.error.code if isinstance(result.error, ServiceError) else type(result.error).__name__
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
