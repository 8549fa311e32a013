"""What came of the command: what it says in the end, and its exit code."""

import sys
from collections.abc import Sequence
from typing import NamedTuple

from ...errors import ConfigurationError, CredentialsError, KMSLiteError, ParameterError
from ..text import complain, note
from ..wrapping import width_of, wrap
from .conclusion import matched
from .report import Report


class Outcome(NamedTuple):
    """A report that was written, the lines of its conclusion, and what it lacks.

    `signal` is the one that interrupted it, `error` what ended it too early, and `unmatched` what to say of
    filters that matched no key; None where nothing did.
    """

    report: Report
    lines: Sequence[str]
    whole: bool
    signal: int | None = None
    error: KMSLiteError | None = None
    unmatched: str | None = None


def conclude(outcome: Outcome, fail_on: Sequence[str]) -> int:
    """Say what came of it on standard error, and give the exit code."""
    found = matched(outcome.report, fail_on)
    code = _exit_code(outcome, matched=found is not None)
    lines = list(outcome.lines)
    if code == 3 and not outcome.whole:
        lines.append("not whole: a key that was not read may be in use, so mend that and audit again")
    elif code == 1 and found is not None:
        lines.append(found)
    if outcome.unmatched is not None:
        lines.append(outcome.unmatched)
    width = width_of(sys.stderr)
    for line in lines:
        note("\n".join(_fitted(line, width)))
    if outcome.report.unwritable is not None:
        complain(f"the report cannot be written: {outcome.report.unwritable}")
    if outcome.error is not None:
        complain(str(outcome.error))
    return code


def _exit_code(outcome: Outcome, *, matched: bool) -> int:
    """Give the code of what weighs most."""
    if isinstance(outcome.error, ConfigurationError | CredentialsError | ParameterError):
        return 2
    if outcome.signal is not None:
        return 128 + outcome.signal
    if outcome.error is not None or outcome.report.unwritable is not None or not outcome.whole:
        return 3
    if outcome.unmatched is not None:
        return 2
    return 1 if matched else 0


def _fitted(line: str, width: int | None) -> list[str]:
    """Break a line where the terminal ends, and keep its indent."""
    if width is None:
        return [line]
    indent = " " * (len(line) - len(line.lstrip()))
    return [indent + piece for piece in wrap(line, width - len(indent))]
