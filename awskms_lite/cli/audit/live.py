"""`awskms-lite audit` itself: an audit of KMS, its report and its summary."""

import argparse
import os
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ...costs import total_lines
from ...errors import ConfigurationError, KMSLiteError
from ..interruption import Interruption
from ..mfa import ask_for_code
from .input_files import AccountRole, read_roles
from .options import filters_in_force, given_filters, key_filter
from .progress import shown_progress
from .report import Report
from .summary import (
    SYSTEM_ERRORS,
    AuditResult,
    athena_lines,
    count_lines,
    failure_lines,
    incomplete_line,
    interrupted_by,
    shown_lines,
    skipped_lines,
    target_lines,
    unmatched_line,
)

if TYPE_CHECKING:
    from ...audit import Audit, KeyFilter
    from ...config import Sections
    from ...identity import Credentials
    from ...report import ReportContext


def audit_live(arguments: argparse.Namespace) -> AuditResult:
    """Audit and write the report; raise what kept the audit from reading any key."""
    wanted = key_filter(arguments)
    with (
        Report(arguments) as report,
        _make_audit(arguments, wanted) as run,
        Interruption(run.stop) as interruption,
    ):
        error = _write_records(run, report)
        if error is not None and not report.verdicts:
            raise error  # there is nothing to report beside it
        summary = run.summary
        unmatched = unmatched_line(filters_in_force(arguments), summary.listed, summary.filtered)
        report.end(_context(arguments, run), is_known=summary.complete and unmatched is None)
    held = None if summary.complete or arguments.checkpoint is None else _held(arguments.checkpoint, wanted)
    return AuditResult(
        report,
        [
            *count_lines(summary),
            *shown_lines(report),
            *total_lines(summary.costs, summary.unused_cost, arguments.idle_days),
            *athena_lines(summary),
            *target_lines(summary, every=arguments.all_regions),
            *skipped_lines(summary),
            *failure_lines(report),
        ],
        incomplete=incomplete_line(summary, arguments.checkpoint, held),
        signal=interruption.number if summary.stopped else None,  # one that came after the end changes nothing
        error=error,
        unmatched=unmatched,
    )


def _context(arguments: argparse.Namespace, run: "Audit") -> "ReportContext":
    from ...report import ReportContext

    return ReportContext(
        ended_at=datetime.now(UTC),
        idle_days=arguments.idle_days,
        summary=run.summary,
        filters=tuple(given_filters(arguments)),
    )


def _make_audit(arguments: argparse.Namespace, wanted: "KeyFilter") -> "Audit":
    from ...audit import audit

    roles: list[AccountRole] = [AccountRole(role) for role in arguments.role_arn or ()]
    if arguments.accounts is not None:
        roles += read_roles(arguments.accounts)
    return audit(
        regions=arguments.region,
        all_regions=arguments.all_regions,
        role_arns=[role.arn for role in roles],
        organization=arguments.role_name,
        account_names={role.account_id: role.account_name for role in roles if role.account_name},
        idle_days=arguments.idle_days,
        price=arguments.price,
        rotations=arguments.rotations,
        cloudtrail=arguments.cloudtrail,
        with_tags=arguments.with_tags,
        owner_tags=arguments.owner_tag,
        keys=wanted,
        checkpoint=arguments.checkpoint,
        profile=arguments.profile,
        endpoint_url=arguments.endpoint_url,
        credentials=_credentials(arguments),
        mfa=ask_for_code,
    )


def _credentials(arguments: argparse.Namespace) -> "Credentials | None":
    """Return the credentials of a profile that asks for an MFA code; None for any other, which an audit resolves.

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
        return None  # the audit raises it again
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


def _write_records(run: "Audit", report: Report) -> KMSLiteError | None:
    """Write the records until there are no more, or nobody takes them; return what ended the audit early."""
    with shown_progress(lambda: run.progress, streams=report.streams):
        try:
            for record in run:
                report.add(record, flush=not run.ready)
                if report.is_over:
                    break
        except KMSLiteError as error:
            return error
        except BrokenPipeError:
            raise
        except SYSTEM_ERRORS as error:
            return KMSLiteError(interrupted_by(error))
    return None


def _held(checkpoint: str, wanted: "KeyFilter") -> int | None:
    """Return how many answers a checkpoint holds; None if it cannot be opened."""
    from ...audit.checkpoint import Checkpoint

    try:
        with closing(Checkpoint(checkpoint, wanted)) as opened:
            return opened.count()
    except KMSLiteError:  # another run has it by now, or it is damaged, which the audit has reported
        return None
