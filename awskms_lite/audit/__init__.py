"""Every key of an account, and a verdict for each: never a gap.

    from awskms_lite.audit import audit

    with audit(regions=["us-east-2", "eu-west-1"]) as run:
        for record in run:
            print(record.arn, record.verdict, record.idle_days)
    assert run.summary.whole

Keys are listed and described first, which is fast, and only those whose verdict depends on it are asked about, at
the 5 a second that KMS allows in each account and region. What cannot be read is a record too, with its error.
"""

import os
from collections.abc import Sequence
from concurrent.futures import Executor
from typing import Unpack

from .engine import Plan
from .places import Place, PlaceReport, PlaceStatus
from .records import AuditVerdict, Failure, KeyFacts, KeyUsageRecord
from .regions import REGIONS_AS_OF, all_regions
from .rules import judge
from .runs import AsyncAudit, Audit
from .selection import KeyFilter
from .sessions import ClientOptions
from .summary import AuditSummary, Progress

__all__ = [
    "REGIONS_AS_OF",
    "AsyncAudit",
    "Audit",
    "AuditSummary",
    "AuditVerdict",
    "ClientOptions",
    "Failure",
    "KeyFacts",
    "KeyFilter",
    "KeyUsageRecord",
    "Place",
    "PlaceReport",
    "PlaceStatus",
    "Progress",
    "all_regions",
    "audit",
    "audit_async",
    "judge",
]


def audit(
    *,
    regions: Sequence[str] | None = None,
    role_arns: Sequence[str] = (),
    idle_days: int = 90,
    checkpoint: str | os.PathLike[str] | None = None,
    ordered: bool = False,
    executor: Executor | None = None,
    all_regions: bool = False,
    keys: KeyFilter | None = None,
    **client_options: Unpack[ClientOptions],
) -> Audit:
    """Audit every key of these accounts in these regions; give an iterator of `KeyUsageRecord`.

    - `regions`: by name; the client's own where it is None. `all_regions` tries those of a built-in list, the
      client's own first.
    - `role_arns`: roles to assume, one in each account to audit; the caller's own account where there are none.
    - `idle_days`: a key that was not used for so many whole days is idle.
    - `keys`: a `KeyFilter`; all keys by default.
    - `checkpoint`: a file that keeps what was read, so that a run that was ended goes on where it was.
    - `ordered`: give the records at the end, by account, region and key id, instead of as they become known.
    - `executor`: any `concurrent.futures.Executor`, to read each account in each region in a worker of its own.
      The workers find their own credentials: `credentials`, `environ`, `http_client` and the like cannot be given.
    - the rest are options of `KMSClient`; `pacing` is on by default, by KMS's quotas, and `timeout` is for each
      question.

    The iterator's `summary` counts the keys and names every place with what became of it, `progress` tells how far
    it is, and `stop()` ends it early without losing what was read.

    Raises `ConfigurationError` and `ParameterError` at once; from the iterator `CredentialsError` where there are
    no credentials, `ConfigurationError` for a checkpoint of another account, and `CheckpointError` where it cannot
    be written. All else that goes wrong is in the records and in the summary.
    """
    plan = Plan(
        regions=regions,
        all_regions=all_regions,
        role_arns=role_arns,
        idle_days=idle_days,
        keys=keys or KeyFilter(),
        checkpoint=checkpoint,
        ordered=ordered,
        executor=executor,
    )
    return Audit(plan, client_options)


def audit_async(
    *,
    regions: Sequence[str] | None = None,
    role_arns: Sequence[str] = (),
    idle_days: int = 90,
    checkpoint: str | os.PathLike[str] | None = None,
    ordered: bool = False,
    executor: Executor | None = None,
    all_regions: bool = False,
    keys: KeyFilter | None = None,
    **client_options: Unpack[ClientOptions],
) -> AsyncAudit:
    """Audit every key of these accounts in these regions; give an asynchronous iterator of `KeyUsageRecord`.

    For asyncio and trio. The arguments, the errors and what the iterator tells are those of `audit`, with options
    of `AsyncKMSClient`.
    """
    plan = Plan(
        regions=regions,
        all_regions=all_regions,
        role_arns=role_arns,
        idle_days=idle_days,
        keys=keys or KeyFilter(),
        checkpoint=checkpoint,
        ordered=ordered,
        executor=executor,
    )
    return AsyncAudit(plan, client_options)
