"""An audit of a fleet by Dask: two worker processes, two hundred accounts of one local KMS."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from distributed import Client, LocalCluster

from awskms_lite import Pacing
from awskms_lite.audit import AuditVerdict, audit
from awskms_lite.local import LocalKMS

ACCOUNTS = [f"{number:012}" for number in range(1, 201)]
ROLES = [f"arn:aws:iam::{account}:role/Audit" for account in ACCOUNTS]
UNPACED = Pacing({"GetKeyLastUsage": 1e6})


@pytest.fixture
def kms(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalKMS]:
    """Yield a KMS that the workers find by the environment they are started in."""
    with LocalKMS(region="us-east-2") as server:
        for name, value in server.environ.items():
            monkeypatch.setenv(name, value)
        yield server


@pytest.fixture
def cluster(kms: LocalKMS, tmp_path: Path) -> Iterator[Client]:
    """Yield a client of two workers, each a process of one thread, on loopback."""
    with (
        LocalCluster(  # type: ignore[no-untyped-call]
            n_workers=2,
            threads_per_worker=1,
            processes=True,
            host="127.0.0.1",
            dashboard_address=None,
            local_directory=str(tmp_path),
            silence_logs=50,
        ) as workers,
        Client(workers) as client,  # type: ignore[no-untyped-call]
    ):
        yield client


@pytest.mark.filterwarnings("default")  # Dask's own
def test_two_hundred_accounts_by_dask(kms: LocalKMS, cluster: Client, tmp_path: Path) -> None:
    """Two workers read all accounts, with credentials of their own; only this process writes the checkpoint."""
    now, expected = datetime.now(UTC), dict[str, AuditVerdict]()
    for account in ACCOUNTS:
        key = kms.add_key(
            account_id=account, created=now - timedelta(days=900), last_usage=now - timedelta(days=9)
        )
        expected[key] = AuditVerdict.IN_USE
        expected[kms.add_key(account_id=account, manager="AWS")] = AuditVerdict.AWS_MANAGED
    options: Any = {"role_arns": ROLES, "pacing": UNPACED, "checkpoint": tmp_path / "audit.db"}
    executor = cluster.get_executor()  # type: ignore[no-untyped-call]
    with audit(executor=executor, **options) as records:
        assert {record.arn: record.verdict for record in records} == expected
    summary = records.summary
    assert (summary.listed, summary.evaluated, summary.usage_calls, summary.complete) == (400, 400, 200, True)
    assert [report.account_id for report in summary.targets] == ACCOUNTS
    with audit(**options) as again:
        assert {record.arn: record.verdict for record in again} == expected
    assert again.summary.resumed == 400
    assert kms.stats.asked["GetKeyLastUsage"] == 200
