"""`awskms-lite audit` proper: KMS asked about every key, and told what came of it."""

import argparse
import os
from contextlib import closing
from typing import TYPE_CHECKING, Any

from ...errors import ConfigurationError, KMSLiteError
from ..mfa import ask_for_code
from .conclusion import counts, failure_lines, keys, no_match, target_lines
from .machine import MACHINE_ERRORS, broken_off
from .options import filters_in_force, key_filter
from .outcome import Outcome
from .progress import shown_progress
from .report import Report
from .signals import Interruption
from .sources import read_roles

if TYPE_CHECKING:
    from ...audit import Audit, AuditSummary, KeyFilter
    from ...config import Sections
    from ...identity import Credentials


def audit_live(arguments: argparse.Namespace) -> Outcome:
    """Ask about every key; raises what kept it from reading any."""
    wanted = key_filter(arguments)
    report = Report(arguments)
    with _begin(arguments, wanted) as run, Interruption(run.stop) as interruption:
        error = _take(run, report)
        if error is not None and not report.verdicts:
            raise error
        report.end()
    summary = run.summary
    lines = [*counts(summary), *target_lines(summary, every=arguments.all_regions), *failure_lines(report)]
    number = interruption.number if summary.stopped else None  # one that came after the end changes nothing
    if number is not None or summary.expired:
        lines.append(_how_to_go_on(summary, arguments.checkpoint, wanted))
    unmatched = no_match(filters_in_force(arguments), summary.listed, summary.filtered)
    return Outcome(report, lines, whole=summary.complete, signal=number, error=error, unmatched=unmatched)


def _begin(arguments: argparse.Namespace, wanted: "KeyFilter") -> "Audit":
    from ...audit import audit

    roles = list(arguments.role_arn or ())
    if arguments.accounts is not None:
        roles += read_roles(arguments.accounts)
    return audit(
        regions=arguments.region,
        all_regions=arguments.all_regions,
        role_arns=roles,
        idle_days=arguments.idle_days,
        keys=wanted,
        checkpoint=arguments.checkpoint,
        profile=arguments.profile,
        endpoint_url=arguments.endpoint_url,
        credentials=_credentials(arguments),
        mfa=ask_for_code,
    )


def _credentials(arguments: argparse.Namespace) -> "Credentials | None":
    """Return the credentials of a profile that wants a code; None for any other, which an audit renews by itself.

    The code is asked for here, where Ctrl-C ends the command at once and no progress bar is in the way.
    """
    from ...client import KMSClient
    from ...settings import load_files, resolve_settings
    from ...system import read_file

    chosen: dict[str, Any] = {
        "profile": arguments.profile,
        "region": next(iter(arguments.region or ()), None),
        "endpoint_url": arguments.endpoint_url,
    }
    try:
        settings = resolve_settings(os.environ, *load_files(os.environ, read_file), **chosen)
    except ConfigurationError:
        return None  # for the audit to tell
    asked: list[str] = []

    def ask(serial: str) -> str:
        asked.append(serial)
        return ask_for_code(serial)

    if _wants_code(settings.sections, settings.profile.value):
        with KMSClient(**chosen, mfa=ask) as client:
            found = client.resolve_credentials()
            return found if asked else None
    return None


def _wants_code(sections: "Sections", name: object) -> bool:
    """Return whether a profile, or one that it leads to, assumes a role with the code of an MFA device."""
    seen: set[object] = set()
    while isinstance(name, str) and name in sections and name not in seen:
        if "mfa_serial" in sections[name]:
            return True
        seen.add(name)
        name = sections[name].get("source_profile")
    return False


def _take(run: "Audit", report: Report) -> KMSLiteError | None:
    """Hand the records on until there are no more, or nobody takes them; give what ended the audit too early."""
    with shown_progress(lambda: run.progress, streams=report.streams):
        try:
            for record in run:
                report.add(record, flush=not run.ready)
                if report.unwritable is not None:
                    break
        except KMSLiteError as error:
            return error
        except BrokenPipeError:
            raise
        except MACHINE_ERRORS as error:
            return KMSLiteError(broken_off(error))
    return None


def _how_to_go_on(summary: "AuditSummary", checkpoint: str | None, wanted: "KeyFilter") -> str:
    """Say how far an audit came that was interrupted or whose credentials expired, and how to go on."""
    read = summary.reported + summary.filtered
    what, renew = ("the credentials expired", "renew them and ") if summary.expired else ("interrupted", "")
    came = f"{what}: {read} of the {keys(summary.listed)} listed so far were read"
    if not summary.listed:
        came = "interrupted before any key was listed"
    if checkpoint is None:
        remedy = f"{renew}run the same command again; " if renew else ""
        return f"{came}; {remedy}with --checkpoint FILE the same command could go on from there the next time"
    held = _held(checkpoint, wanted)
    answers = "what was read" if held is None else "1 answer" if held == 1 else f"{held} answers"
    return f"{came}; to go on, {renew}run the same command again: {checkpoint} holds {answers}"


def _held(checkpoint: str, wanted: "KeyFilter") -> int | None:
    """Give how many answers a checkpoint holds; None where that cannot be told."""
    from ...audit.checkpoint import Checkpoint

    try:
        with closing(Checkpoint(checkpoint, wanted)) as kept:
            return kept.count()
    except ConfigurationError:  # another run has it by now
        return None
