"""Retire keys: look, disable, watch, look again, schedule the deletion, watch. And take it back.

    from awskms_lite import KMSClient, retirement

    with KMSClient() as kms:
        for plan in retirement.check(kms, ["1234abcd-12ab-34cd-56ef-1234567890ab"]):
            print(plan.key_arn, plan.outcome, *plan.texts)
            for finding in plan.findings:
                print(finding.name, finding.severity, finding.text, *finding.evidence)
        retirement.advance(kms, [plan.key_arn], ledger="retirement.jsonl", accept=["grants"])

The path of a key, a step for each call of `advance`, and none before it is due:

    check ──> DisableKey ──> watch for days ──> check ──> ScheduleKeyDeletion ──> watch until the date ──> deleted
      │                          │                │                                   │
      │                          └── a use was refused, or somebody wanted it back ───┴──> stopped
      └── findings that nobody has accepted: nothing is done            undo: CancelKeyDeletion, EnableKey, look

Everything that is done has a line in the ledger, a file, before it is sent to KMS. So another machine can go on
with the file, and a run that was ended anywhere is continued by the next. Only `undo` leads away from a stopped
path.

The modules, from what is read to what is told: `callers` and `evidence` read KMS and CloudTrail; `key_policy`,
`trail`, `dependents` and `findings` say what that means; `path` decides what comes next; `looks` puts these
together; `ledger` and `lines` are the file; `acts` and `undo` are the steps; `results` and `texts` are what
callers get. `runs` goes through the keys. All are flows or pure functions, so `check` and `check_async` cannot
differ.
"""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, TypeVar

from ..errors import ParameterError
from ..loading import Unloaded, loading
from ..steps import Flow
from .ledger import read_ledger
from .records import (
    ALWAYS_BLOCK,
    DEFAULT_IDLE_DAYS,
    DEFAULT_PENDING_DAYS,
    DEFAULT_WATCH_DAYS,
    NEED_CONSENT,
    Entry,
    Finding,
    KeyResult,
    Outcome,
    Phase,
    Rules,
    Severity,
    Step,
)
from .runs import Job, LedgerPath, OnResult

if TYPE_CHECKING:
    from ..async_client import AsyncKMSClient
    from ..client import KMSClient
else:  # loaded by whoever evaluates the annotations, as `typing.get_type_hints` does
    AsyncKMSClient, KMSClient = Unloaded("AsyncKMSClient"), Unloaded("KMSClient")

T = TypeVar("T")

__all__ = [
    "ALWAYS_BLOCK",
    "NEED_CONSENT",
    "Entry",
    "Finding",
    "KeyResult",
    "Outcome",
    "Phase",
    "Severity",
    "Step",
    "advance",
    "advance_async",
    "check",
    "check_async",
    "read_ledger",
    "status",
    "status_async",
    "undo",
    "undo_async",
]


def check(
    client: "KMSClient",
    keys: Sequence[str],
    *,
    ledger: LedgerPath | None = None,
    idle_days: int = DEFAULT_IDLE_DAYS,
    watch_days: int = DEFAULT_WATCH_DAYS,
    pending_days: int = DEFAULT_PENDING_DAYS,
    accept: Collection[str] = (),
    role_arns: Sequence[str] = (),
    on_result: OnResult | None = None,
) -> tuple[KeyResult, ...]:
    """Look at keys and return what the next step of each would be; nothing is changed.

    - `keys`: key ids of the client's account and region, or key ARNs of any region.
    - `ledger`: the file of a retirement that has begun; without one each key is looked at as it is.
    - `idle_days`: a use within so many days is a finding. `watch_days` (1 to 30): how long a disabled key is
      watched. `pending_days` (7 to 30): how long before its deletion that is scheduled.
    - `accept`: names of findings that somebody has decided to accept (`NEED_CONSENT`).
    - `role_arns`: roles to assume, one for each other account that keys are of.
    - `on_result`: called with the result of each key as soon as it is there.

    The client's own rate limits apply, KMS's quotas if it has none; CloudTrail is asked twice a second at most.

    Raise `ParameterError` for an alias, and for invalid arguments; `CredentialsError` if there are no credentials;
    `LedgerError` if the ledger cannot be read; `ConfigurationError` if it is of another account; and whatever
    `sts:GetCallerIdentity` fails with. All other errors are in the results.
    """
    rules = Rules(idle_days=idle_days, watch_days=watch_days, pending_days=pending_days, accept=accept)
    job = Job(client=client, keys=keys, rules=rules, role_arns=role_arns, on_result=on_result)
    return _run(client, job.check(ledger))


async def check_async(
    client: "AsyncKMSClient",
    keys: Sequence[str],
    *,
    ledger: LedgerPath | None = None,
    idle_days: int = DEFAULT_IDLE_DAYS,
    watch_days: int = DEFAULT_WATCH_DAYS,
    pending_days: int = DEFAULT_PENDING_DAYS,
    accept: Collection[str] = (),
    role_arns: Sequence[str] = (),
    on_result: OnResult | None = None,
) -> tuple[KeyResult, ...]:
    """Look at keys, as `check` does, with an asynchronous client."""
    rules = Rules(idle_days=idle_days, watch_days=watch_days, pending_days=pending_days, accept=accept)
    job = Job(client=client, keys=keys, rules=rules, role_arns=role_arns, on_result=on_result)
    return await _run_async(client, job.check(ledger))


def advance(
    client: "KMSClient",
    keys: Sequence[str],
    *,
    ledger: LedgerPath,
    idle_days: int = DEFAULT_IDLE_DAYS,
    watch_days: int = DEFAULT_WATCH_DAYS,
    pending_days: int = DEFAULT_PENDING_DAYS,
    accept: Collection[str] = (),
    role_arns: Sequence[str] = (),
    on_result: OnResult | None = None,
) -> tuple[KeyResult, ...]:
    """Take the next step of each key if it is due and nothing stands against it: **it disables and deletes keys**.

    The same call, made again later, takes the next step. `ledger` is the file that every step is recorded in
    before it is taken; it is created if there is none. What was accepted stays accepted for the later steps of
    that key. The other arguments and the errors are those of `check`. `LedgerError` is raised as soon as a line
    cannot be written; nothing is sent without one.
    """
    rules = Rules(idle_days=idle_days, watch_days=watch_days, pending_days=pending_days, accept=accept)
    job = Job(client=client, keys=keys, rules=rules, role_arns=role_arns, on_result=on_result)
    return _run(client, job.advance(ledger))


async def advance_async(
    client: "AsyncKMSClient",
    keys: Sequence[str],
    *,
    ledger: LedgerPath,
    idle_days: int = DEFAULT_IDLE_DAYS,
    watch_days: int = DEFAULT_WATCH_DAYS,
    pending_days: int = DEFAULT_PENDING_DAYS,
    accept: Collection[str] = (),
    role_arns: Sequence[str] = (),
    on_result: OnResult | None = None,
) -> tuple[KeyResult, ...]:
    """Take the next step of each key, as `advance` does, with an asynchronous client."""
    rules = Rules(idle_days=idle_days, watch_days=watch_days, pending_days=pending_days, accept=accept)
    job = Job(client=client, keys=keys, rules=rules, role_arns=role_arns, on_result=on_result)
    return await _run_async(client, job.advance(ledger))


def undo(
    client: "KMSClient",
    keys: Sequence[str],
    *,
    ledger: LedgerPath,
    dry_run: bool = False,
    role_arns: Sequence[str] = (),
    on_result: OnResult | None = None,
) -> tuple[KeyResult, ...]:
    """Take the retirement of keys back: cancel their deletion if it is scheduled, enable them, and look.

    It goes by the state that KMS has each key in, whatever the ledger says, and its lines are added there. Run
    again, it goes on where it was ended. With `dry_run`, return what it would do, and change nothing. The results
    say what else has to be started again. The other arguments and the errors are those of `check`.
    """
    job = Job(client=client, keys=keys, rules=Rules(), role_arns=role_arns, on_result=on_result)
    return _run(client, job.check_undo(ledger) if dry_run else job.undo(ledger))


async def undo_async(
    client: "AsyncKMSClient",
    keys: Sequence[str],
    *,
    ledger: LedgerPath,
    dry_run: bool = False,
    role_arns: Sequence[str] = (),
    on_result: OnResult | None = None,
) -> tuple[KeyResult, ...]:
    """Take the retirement of keys back, as `undo` does, with an asynchronous client."""
    job = Job(client=client, keys=keys, rules=Rules(), role_arns=role_arns, on_result=on_result)
    return await _run_async(client, job.check_undo(ledger) if dry_run else job.undo(ledger))


def status(
    client: "KMSClient",
    *,
    ledger: LedgerPath,
    role_arns: Sequence[str] = (),
    on_result: OnResult | None = None,
) -> tuple[KeyResult, ...]:
    """Return where each key of a ledger stands, what is due when, and whether somebody misses it; change nothing.

    The arguments and the errors are those of `check`, and a ledger that does not exist is a `LedgerError`. Only
    refused uses are looked for, and no findings.
    """
    job = Job(client=client, rules=Rules(), role_arns=role_arns, on_result=on_result)
    return _run(client, job.status(ledger))


async def status_async(
    client: "AsyncKMSClient",
    *,
    ledger: LedgerPath,
    role_arns: Sequence[str] = (),
    on_result: OnResult | None = None,
) -> tuple[KeyResult, ...]:
    """Return where each key of a ledger stands, as `status` does, with an asynchronous client."""
    job = Job(client=client, rules=Rules(), role_arns=role_arns, on_result=on_result)
    return await _run_async(client, job.status(ledger))


def _run(client: "KMSClient", flow: Flow[T]) -> T:
    _check_client(client, asynchronous=False)
    return client._driver.run(flow)  # pyright: ignore[reportPrivateUsage] - of this package too


async def _run_async(client: "AsyncKMSClient", flow: Flow[T]) -> T:
    _check_client(client, asynchronous=True)
    return await client._driver.run(flow)  # pyright: ignore[reportPrivateUsage] - of this package too


def _check_client(client: object, *, asynchronous: bool) -> None:
    """Raise `ParameterError` for a client of the other kind, which would return or take a coroutine."""
    with loading:
        from ..async_client import AsyncKMSClient
        from ..client import KMSClient

    wanted = AsyncKMSClient if asynchronous else KMSClient
    if not isinstance(client, wanted):
        names = "check_async, advance_async" if isinstance(client, AsyncKMSClient) else "check, advance"
        raise ParameterError(
            f"client must be of the class {wanted.__name__}, not {type(client).__name__}: the functions for the "
            f"other kind are {names} and so on."
        )
