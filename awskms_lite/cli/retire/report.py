"""What `awskms-lite retire` prints: each key as soon as it is known, and a summary at the end."""

import argparse
import io
import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from shlex import quote
from types import TracebackType
from typing import Any, Self

from ...layout import wrap
from ...quoting import printable
from ...retirement import ALWAYS_BLOCK, Finding, KeyResult, Outcome, Severity
from ...retirement.lines import finding_members, to_time
from ...retirement.texts import UNSEEN
from ...verdicts import label
from ..text import print_stderr, terminal_width
from .overview import OverviewRow, headline, is_only_recorded, overview_lines, overview_row

_INDENT = 16
"""Columns before a text of the table: as many as the longest word in front of it, and a blank."""
_LABELS = {
    Outcome.READY: "ready for the next step",
    Outcome.DONE: "taken a step further",
    Outcome.WAITING: "with nothing due yet",
    Outcome.FINISHED: "with nothing more to do",
    Outcome.BLOCKED: "held up by findings",
    Outcome.STOPPED: "stopped",
    Outcome.UNCERTAIN: "uncertain",
}
"""For the counts of the summary."""
_UNDO_LABELS = {
    Outcome.READY: "to be taken back",
    Outcome.DONE: "taken back",
    Outcome.FINISHED: "with nothing to take back",
    Outcome.BLOCKED: "that cannot be taken back",
}
"""Instead of those, with --undo."""
_SEVERITIES = {Severity.BLOCKS: "blocks", Severity.NEEDS_CONSENT: "needs consent", Severity.NOTE: "note"}
_RULES = (("idle_days", 90), ("watch_days", 5), ("pending_days", 30))
"""The options of the rules, and their defaults, for commands that are shown."""


class Report:
    """Prints results, and counts what they came to.

    `left_out` are the keys of an audit's report that were not chosen: their verdicts, by ARN.
    """

    def __init__(self, arguments: argparse.Namespace, left_out: Mapping[str, str]) -> None:
        self._arguments = arguments
        self._left_out = left_out
        self._is_json = arguments.output == "json"
        self._width = terminal_width(sys.stdout)
        self._outcomes: Counter[Outcome] = Counter()
        self._before = "[\n"
        self._overview: list[OverviewRow] = []
        stream: object = sys.stdout
        if self._is_json and isinstance(stream, io.TextIOWrapper):  # read as UTF-8 in any locale
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the array of JSON, whatever ended the run, so that what was done can be read."""
        if not self._is_json or isinstance(error, OSError):
            return
        for arn, verdict in self._left_out.items():
            self._print_json({"key_arn": arn, "outcome": "left_out", "verdict": verdict})
        print("[]" if self._before == "[\n" else "\n]", flush=True)

    def add(self, result: KeyResult) -> None:
        """Print the next result at once: the one after it may take seconds."""
        self._outcomes[result.outcome] += 1
        if self._is_json:
            self._print_json(self._members(result))
        else:
            self._overview.append(overview_row(result))
            for line in self._lines(result):
                print(printable(line))
            print(flush=True)

    def finish(self, blocking: Sequence[str]) -> int:
        """Print the summary on standard error, and return the exit code.

        `blocking` are the names in --accept of findings that cannot be accepted.
        """
        for line in overview_lines(self._overview):
            print(printable(line))
        for line in self._summary(blocking):
            print_stderr("\n".join(wrap(line, self._width or 10_000)))
        return 1 if blocking else self._exit_code()

    def _exit_code(self) -> int:
        if self._outcomes[Outcome.UNCERTAIN]:
            return 3
        stands = self._outcomes[Outcome.STOPPED] or (
            self._outcomes[Outcome.BLOCKED] and not self._arguments.status
        )
        return 1 if stands else 0

    def _print_json(self, members: dict[str, Any]) -> None:
        line = json.dumps(members)
        print(self._before + line, end="", flush=True)
        self._before = ",\n"

    def _members(self, result: KeyResult) -> dict[str, Any]:
        return {
            "key_arn": result.key_arn,
            "name": result.name,
            "outcome": result.outcome.value,
            "stage": result.stage,
            "state": result.state,
            "step": None if result.step is None else result.step.value,
            "due": to_time(result.due),
            "findings": [finding_members(finding) for finding in result.findings],
            "needed": list(result.needed),
            "accepted": list(result.accepted),
            "evidence": list(result.evidence),
            "texts": list(result.texts),
            "request_id": result.request_id,
            "next_command": self._next_command(result),
            "undo_command": self._undo_command(result),
        }

    def _lines(self, result: KeyResult) -> Iterator[str]:
        yield result.key_arn
        state = "" if result.state is None else f" ({result.state})"
        yield f"  {result.stage}{state}{headline(result)}"
        shows_names = any(finding.name == "aliases" for finding in self._shown(result))
        if result.name is not None and not shows_names:
            yield from self._item("known as", result.name)
        for text in result.evidence:
            yield from self._item("seen", text)
        for finding in self._shown(result):
            yield from self._finding(result, finding)
        word = "next" if result.outcome in (Outcome.READY, Outcome.BLOCKED) else ""
        for text in result.texts:
            yield from self._item(word, text)
            word = ""
        does = "to accept it" if result.needed else "to record it" if is_only_recorded(result) else "to do it"
        commands = ((does, self._next_command(result)), ("to undo it", self._undo_command(result)))
        for word, command in commands:
            if command is not None:
                yield f"  {word:{_INDENT - 2}}{command}"  # not wrapped, so that it can be copied

    def _shown(self, result: KeyResult) -> list[Finding]:
        """Return the findings that are printed: behind a step the notes were read before it."""
        is_done = result.outcome is Outcome.DONE
        return [each for each in result.findings if not is_done or each.severity is not Severity.NOTE]

    def _finding(self, result: KeyResult, finding: Finding) -> Iterator[str]:
        accepted = finding.severity is Severity.NEEDS_CONSENT and finding.name not in result.needed
        word = "accepted" if accepted else _SEVERITIES[finding.severity]
        yield from self._item(word, f"{finding.name}: {finding.text}")
        for line in finding.evidence:
            yield from self._item("", f"- {line}")

    def _item(self, word: str, text: str) -> Iterator[str]:
        width = 10_000 if self._width is None else max(self._width - _INDENT, 20)
        for line in wrap(text, width):
            yield f"  {word:{_INDENT - 2}}{line}"
            word = ""

    def _next_command(self, result: KeyResult) -> str | None:
        """Return the command that takes the next step, None if there is none to take."""
        if result.outcome not in (Outcome.READY, Outcome.BLOCKED) or _is_blocked_for_good(result):
            return None
        if self._arguments.undo:
            return None if result.step is None else self._command(result, "--undo", "--yes")
        rules = [
            f"--{name.replace('_', '-')} {getattr(self._arguments, name)}"
            for name, default in _RULES
            if getattr(self._arguments, name) != default
        ]
        accept = list(dict.fromkeys((*self._arguments.accept, *result.needed)))
        consent = [f"--accept {','.join(accept)}"] if accept else []
        return self._command(result, *rules, *consent, "--yes")

    def _undo_command(self, result: KeyResult) -> str | None:
        """Return the command that takes a key back, None if there is nothing to take back."""
        if self._arguments.undo or result.state in (None, "Deleted") or _is_blocked_for_good(result):
            return None
        if self._arguments.status and result.state == "Enabled" and result.outcome is not Outcome.STOPPED:
            return None
        return self._command(result, "--undo", "--yes")

    def _command(self, result: KeyResult, *options: str) -> str:
        named = [("--profile", self._arguments.profile), ("--endpoint-url", self._arguments.endpoint_url)]
        named += [("--role-arn", role_arn) for role_arn in self._arguments.role_arn or ()]
        named.append(("--ledger", self._arguments.ledger or "retire.jsonl"))
        given = [f"{name} {quote(value)}" for name, value in named if value is not None]
        return " ".join(["awskms-lite retire", result.key_arn, *given, *options])

    def _summary(self, blocking: Sequence[str]) -> Iterator[str]:
        left_out = Counter(self._left_out.values())
        total = self._outcomes.total()
        labels = _LABELS | (_UNDO_LABELS if self._arguments.undo else {})
        counts = ", ".join(f"{count} {labels[outcome]}" for outcome, count in sorted(self._outcomes.items()))
        yield f"{_keys(total)}{': ' if counts else ''}{counts}"
        if left_out:
            others = ", ".join(f"{count} {label(verdict)}" for verdict, count in sorted(left_out.items()))
            yield f"{_keys(left_out.total())} of the report left out by --verdict: {others}"
        for name in blocking:
            yield f"--accept {name} changes nothing: this finding always blocks. Leave it out."
        if not self._arguments.yes or not (self._outcomes[Outcome.DONE] or self._outcomes[Outcome.UNCERTAIN]):
            yield "Nothing was changed."
        looked = self._outcomes[Outcome.READY] + self._outcomes[Outcome.BLOCKED] + self._outcomes[Outcome.DONE]
        if looked and not self._arguments.status and not self._arguments.undo:
            yield UNSEEN


def _is_blocked_for_good(result: KeyResult) -> bool:
    return any(finding.name in ALWAYS_BLOCK for finding in result.findings)


def _keys(count: int) -> str:
    return "1 key" if count == 1 else f"{count} keys"
