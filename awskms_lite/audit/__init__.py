"""Every key of an account, with a verdict for each: no key is left out.

    from awskms_lite.audit import audit

    with audit(regions=["us-east-2", "eu-west-1"]) as run:
        for record in run:
            print(record.arn, record.verdict, record.idle_days)
    assert run.summary.complete

Keys are listed and described first, which is fast. Only keys whose verdict depends on it are looked up with
GetKeyLastUsage, at the 5 calls a second that KMS allows in each account and region. What cannot be read is a
record too, with its error.
"""

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from typing import TYPE_CHECKING, Unpack

from ..costs import PRICE, CostTotal
from ..loading import Unloaded
from ..verdicts import AuditVerdict
from .clients import ClientOptions
from .engine import Plan
from .filters import KeyFilter
from .iterators import AsyncAudit, Audit
from .organization import SkippedAccount
from .progress import AuditSummary, Progress
from .records import Failure, KeyFacts, KeyUsageRecord, KeyUser, KeyUses
from .rules import judge
from .targets import REGIONS_AS_OF, Target, TargetReport, TargetStatus, known_regions

if TYPE_CHECKING:
    from ..async_client import AsyncKMSClient
    from ..client import KMSClient
else:  # loaded by whoever evaluates the annotations, as `typing.get_type_hints` does
    AsyncKMSClient, KMSClient = Unloaded("AsyncKMSClient"), Unloaded("KMSClient")

__all__ = [
    "REGIONS_AS_OF",
    "AsyncAudit",
    "Audit",
    "AuditSummary",
    "AuditVerdict",
    "ClientOptions",
    "CostTotal",
    "Failure",
    "KeyFacts",
    "KeyFilter",
    "KeyUsageRecord",
    "KeyUser",
    "KeyUses",
    "Progress",
    "SkippedAccount",
    "Target",
    "TargetReport",
    "TargetStatus",
    "audit",
    "audit_async",
    "judge",
    "known_regions",
]


def audit(
    *,
    regions: Sequence[str] | None = None,
    role_arns: Sequence[str] = (),
    organization: str | None = None,
    account_names: Mapping[str, str] | None = None,
    idle_days: int = 90,
    price: float = PRICE,
    rotations: bool = False,
    cloudtrail: bool = False,
    with_tags: bool = False,
    owner_tags: Sequence[str] = (),
    checkpoint: str | os.PathLike[str] | None = None,
    ordered: bool = False,
    executor: Executor | None = None,
    all_regions: bool = False,
    keys: KeyFilter | None = None,
    client: "KMSClient | None" = None,
    **client_options: Unpack[ClientOptions],
) -> Audit:
    """Audit every key of these accounts in these regions; return an iterator of `KeyUsageRecord`.

    - `regions`: names of regions; None for the client's own. `all_regions` reads those of a built-in list, the
      client's own first.
    - `role_arns`: roles to assume, one in each account to audit; without any, the caller's own account is audited.
    - `organization`: the name of a role, with its path if it has one, to assume in every account of the caller's
      organization, in place of `role_arns`; the caller must be of the management account, or of a delegated
      administrator's. The caller's own account is audited without a role.
    - `account_names`: names for the records, by account id; those of an organization are there without.
    - `idle_days`: a key that was not used for so many whole days is idle.
    - `price`: what a key, or a rotation that is billed, costs a month, in US dollars.
    - `rotations`: count the rotations of each key that costs something, without which its cost is a minimum.
    - `cloudtrail`: ask CloudTrail who made the last use of each key, whether those that seem unused were used
      after all, and who was refused a key that is disabled or about to be deleted; at the 2 requests a second that
      it allows in each account and region.
    - `with_tags`: read the tags of each reported key; `owner_tags` are the keys of tags, the first of which that a
      key has names its `owner` in the records. With `cloudtrail`, a key that is younger than 90 days is otherwise
      of who created it.
    - `keys`: a `KeyFilter`; all keys by default.
    - `checkpoint`: a file that keeps what was read, so that a run that was ended can be continued.
    - `ordered`: return the records at the end, by account, region and key id, instead of as they become known.
    - `executor`: any `concurrent.futures.Executor`, to read each account in each region in a worker of its own.
      The workers find their own credentials: `credentials`, `environ`, `http_client` and the like cannot be given.
    - `client`: a `KMSClient` whose settings, credentials and `http_client` to use in all regions, in place of the
      options below. It can be used meanwhile, and stays open.
    - the rest are options of `KMSClient`; `pacing` is on by default, by KMS's quotas, and `timeout` is for each
      call.

    The iterator's `summary` counts the keys and has each target (an account in a region) with what became of it,
    `progress` is how far it has come, and `stop()` ends it early without losing what was read.

    Raise `ConfigurationError` and `ParameterError` at once. The iterator raises `CredentialsError` if there are no
    credentials, `ConfigurationError` for a checkpoint of another account, and `CheckpointError` if it cannot be
    written. Every other error is in the records and in the summary.
    """
    plan = Plan(
        regions=regions,
        all_regions=all_regions,
        role_arns=role_arns,
        organization=organization,
        account_names=account_names or {},
        idle_days=idle_days,
        price=price,
        rotations=rotations,
        cloudtrail=cloudtrail,
        with_tags=with_tags,
        owner_tags=owner_tags,
        keys=keys or KeyFilter(),
        checkpoint=checkpoint,
        ordered=ordered,
        executor=executor,
        client=client,
    )
    return Audit(plan, client_options)


def audit_async(
    *,
    regions: Sequence[str] | None = None,
    role_arns: Sequence[str] = (),
    organization: str | None = None,
    account_names: Mapping[str, str] | None = None,
    idle_days: int = 90,
    price: float = PRICE,
    rotations: bool = False,
    cloudtrail: bool = False,
    with_tags: bool = False,
    owner_tags: Sequence[str] = (),
    checkpoint: str | os.PathLike[str] | None = None,
    ordered: bool = False,
    executor: Executor | None = None,
    all_regions: bool = False,
    keys: KeyFilter | None = None,
    client: "AsyncKMSClient | None" = None,
    **client_options: Unpack[ClientOptions],
) -> AsyncAudit:
    """Audit every key of these accounts in these regions; return an asynchronous iterator of `KeyUsageRecord`.

    For asyncio and trio. Arguments, errors and the iterator's attributes are those of `audit`, with an
    `AsyncKMSClient` as `client` or the options of one.
    """
    plan = Plan(
        regions=regions,
        all_regions=all_regions,
        role_arns=role_arns,
        organization=organization,
        account_names=account_names or {},
        idle_days=idle_days,
        price=price,
        rotations=rotations,
        cloudtrail=cloudtrail,
        with_tags=with_tags,
        owner_tags=owner_tags,
        keys=keys or KeyFilter(),
        checkpoint=checkpoint,
        ordered=ordered,
        executor=executor,
        client=client,
    )
    return AsyncAudit(plan, client_options)
