"""An audit of an organization: which accounts it reads, as whom, and what each is called."""

import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import anyio
import pytest
from support.audit_data import UNPACED

from awskms_lite import errors
from awskms_lite.audit import AuditSummary, KeyUsageRecord, SkippedAccount, TargetStatus, audit, audit_async
from awskms_lite.audit.organization import Account, check_role_name, choose_accounts
from awskms_lite.audit.serialize import to_members
from awskms_lite.errors import ConfigurationError, ParameterError, ProtocolError
from awskms_lite.local import Error, LocalKMS

OWN, SHOP, OLD, GONE, NEW, LEAVING = (f"{digit * 4}22223333" for digit in "134567")
Run = Callable[..., tuple[list[KeyUsageRecord], AuditSummary]]


@pytest.fixture
def kms() -> Iterator[LocalKMS]:
    """Run a KMS with an organization of accounts in every state, and a key in each."""
    with LocalKMS(region="us-east-2", account_id=OWN) as server:
        server.add_account(OWN, name="Management", email="root@example.com")
        server.add_account(SHOP, name="Shop")
        server.add_account(OLD, name="Old", state="SUSPENDED")
        server.add_account(GONE, name="Gone", state="CLOSED")
        server.add_account(NEW, name="New", state="PENDING_ACTIVATION")
        server.add_account(LEAVING, name="Leaving", state="PENDING_CLOSURE")
        for account in (OWN, SHOP, OLD, GONE, NEW, LEAVING):
            server.add_key(account_id=account, state="PendingDeletion")
        yield server


@pytest.fixture(params=["sync", "trio"])
def run(request: pytest.FixtureRequest, kms: LocalKMS) -> Run:
    """Return what runs an audit to its end, and returns its records and its summary."""
    defaults: dict[str, Any] = {"environ": kms.environ, "pacing": UNPACED, "organization": "Audit"}

    def run_sync(**options: Any) -> tuple[list[KeyUsageRecord], AuditSummary]:
        with audit(**{**defaults, **options}) as records:
            return list(records), records.summary

    async def run_async(options: Any) -> tuple[list[KeyUsageRecord], AuditSummary]:
        async with audit_async(**{**defaults, **options}) as records:
            return [record async for record in records], records.summary

    if request.param == "sync":
        return run_sync
    return lambda **options: anyio.run(run_async, options, backend=request.param)


def names(records: list[KeyUsageRecord]) -> dict[str, str | None]:
    return {record.account_id: record.account_name for record in records}


def test_every_account_that_can_be_used_is_audited(kms: LocalKMS, run: Run) -> None:
    """The caller's own account is read without a role, the others by theirs, and unusable ones are told apart."""
    records, summary = run()
    assert names(records) == {OWN: "Management", SHOP: "Shop", LEAVING: "Leaving"}
    assert all(to_members(record)["account_name"] == record.account_name for record in records)
    roles = [report.target.role_arn for report in summary.targets]
    assert roles == [None, f"arn:aws:iam::{SHOP}:role/Audit", f"arn:aws:iam::{LEAVING}:role/Audit"]
    assert summary.complete
    assert [(skipped.account_id, skipped.state, skipped.name) for skipped in summary.skipped_accounts] == [
        (OLD, "SUSPENDED", "Old"),
        (GONE, "CLOSED", "Gone"),
        (NEW, "PENDING_ACTIVATION", "New"),
    ]


def test_pages_are_turned_though_they_are_empty(kms: LocalKMS, run: Run) -> None:
    """A page without accounts is not the last one, and more accounts than a page holds are all there."""
    kms.set_empty_pages(enabled=True)
    more = [f"{number:012}" for number in range(800_000_000_000, 800_000_000_045)]
    for account in more:
        kms.add_account(account, state="CLOSED")
    _, summary = run()
    assert {skipped.account_id for skipped in summary.skipped_accounts} == {OLD, GONE, NEW, *more}
    assert kms.stats.asked["ListAccounts"] == 6


def test_an_account_without_the_role_is_named(kms: LocalKMS, run: Run) -> None:
    """A role that cannot be assumed leaves the audit incomplete, and the other accounts are read."""
    kms.deny("AssumeRole", account_id=SHOP)
    records, summary = run()
    assert names(records).keys() == {OWN, LEAVING}
    refused = [report for report in summary.targets if report.status is TargetStatus.REFUSED]
    assert [report.account_id for report in refused] == [SHOP]
    assert not summary.complete


def test_all_regions_of_all_accounts_are_read(kms: LocalKMS, run: Run) -> None:
    """Each account is read in each region."""
    kms.add_key(account_id=SHOP, region="eu-west-1", state="PendingDeletion")
    records, summary = run(regions=["us-east-2", "eu-west-1"])
    assert len(summary.targets) == 6
    assert sum(record.account_id == SHOP for record in records) == 2


def test_the_role_may_have_a_path(run: Run) -> None:
    """The path is a part of the role's ARN."""
    _, summary = run(organization="/security/audit/Reader")
    assert f"arn:aws:iam::{SHOP}:role/security/audit/Reader" in {
        report.target.role_arn for report in summary.targets
    }


def test_an_audit_of_an_organization_can_be_continued(kms: LocalKMS, run: Run, tmp_path: Path) -> None:
    """A checkpoint serves the accounts that it knows, whose names are those of today."""
    checkpoint = tmp_path / "audit.db"
    run(checkpoint=checkpoint)
    kms.add_account(SHOP, name="Shop, renamed")
    records, summary = run(checkpoint=checkpoint)
    assert summary.resumed == 3
    assert names(records)[SHOP] == "Shop, renamed"
    assert b"Shop" not in checkpoint.read_bytes()


def test_workers_read_an_organization_too(kms: LocalKMS, monkeypatch: pytest.MonkeyPatch) -> None:
    """The accounts are found here, and read by workers with credentials of their own."""
    for name, value in kms.environ.items():
        monkeypatch.setenv(name, value)
    with ThreadPoolExecutor(2) as executor, audit(organization="Audit", executor=executor) as run:
        assert names(list(run)) == {OWN: "Management", SHOP: "Shop", LEAVING: "Leaving"}
    assert run.summary.complete


@pytest.mark.parametrize("organization", ["Audit", None])
def test_names_can_be_given(kms: LocalKMS, run: Run, organization: str | None) -> None:
    """A name of the caller's own goes before the organization's, and is there without an organization too."""
    records, _ = run(organization=organization, account_names={OWN: "Ours"})
    assert names(records)[OWN] == "Ours"


def test_no_log_has_a_name(kms: LocalKMS, run: Run, caplog: pytest.LogCaptureFixture) -> None:
    """Names and addresses of accounts go into records, and into nothing that is logged or shown by `repr`."""
    for logger in (None, "awskms_lite", "httpcore"):
        caplog.set_level(logging.DEBUG, logger=logger)
    _, summary = run()
    logged = "\n".join(f"{record.getMessage()} {record.args!r}" for record in caplog.records)
    assert "ListAccounts" in logged
    for shown in (logged, repr(summary.skipped_accounts), repr(Account(id=OWN, name="Management"))):
        assert not any(name in shown for name in ("Management", "Shop", "Gone", "example.com"))


class TestRefusals:
    """What keeps an organization from being listed."""

    def test_an_account_of_no_organization(self, run: Run) -> None:
        """An account that belongs to none is told so, and what to do."""
        with (
            LocalKMS(region="us-east-2") as alone,
            pytest.raises(errors.AWSOrganizationsNotInUseException) as caught,
        ):
            run(environ=alone.environ)
        assert "ListAccounts" in str(caught.value)
        assert "name the accounts one by one" in str(caught.value)

    def test_a_member_that_is_no_delegate(self, kms: LocalKMS, run: Run) -> None:
        """Only the management account and its delegates may list the accounts."""
        kms.deny("ListAccounts")
        with pytest.raises(errors.AccessDeniedException, match="the management account or a delegated one"):
            run()

    def test_a_failure_that_passes(self, kms: LocalKMS, run: Run) -> None:
        """The listing is repeated as any call is."""
        kms.inject_fault(Error("TooManyRequestsException"), operation="ListAccounts", times=1)
        records, summary = run()
        assert len(records) == 3
        assert summary.complete

    def test_a_failure_that_stays(self, kms: LocalKMS, run: Run) -> None:
        """An audit that does not know its accounts reads none."""
        kms.inject_fault(Error("ServiceException"), operation="ListAccounts")
        with pytest.raises(errors.ServiceException):
            run()
        assert "ListKeys" not in kms.stats.asked

    def test_roles_beside_an_organization(self, run: Run) -> None:
        """The roles are either found or named."""
        with pytest.raises(ParameterError, match="role_arns cannot be combined with organization"):
            run(role_arns=[f"arn:aws:iam::{SHOP}:role/Audit"])

    @pytest.mark.parametrize(
        "name", ["", "a b", "Ä", "x" * 65, "arn:aws:iam::111122223333:role/Audit", "a/", 5, True]
    )
    def test_what_is_no_name_of_a_role(self, name: Any) -> None:
        """A name that no role has is refused before anything is sent."""
        with pytest.raises(ParameterError, match="is not the name of a role"):
            check_role_name(name)


def chosen(*accounts: Account, own: str = OWN, region: str = "us-east-1") -> Any:
    return choose_accounts(accounts, "Audit", region=region, own_id=own)


class TestChooseAccounts:
    """Which accounts are audited."""

    @pytest.mark.parametrize(
        ("state", "status", "usable"),
        [
            ("ACTIVE", None, True),
            ("PENDING_CLOSURE", "PENDING_CLOSURE", True),
            ("SUSPENDED", "SUSPENDED", False),
            ("CLOSED", "SUSPENDED", False),
            ("PENDING_ACTIVATION", None, False),
            (None, "ACTIVE", True),
            (None, "SUSPENDED", False),
            ("ACTIVE", "SUSPENDED", True),
            (None, None, True),
            ("NEWER_THAN_THIS", None, True),
        ],
    )
    def test_by_state(self, state: str | None, status: str | None, usable: bool) -> None:
        """The state decides, else the older status; what is not known is tried."""
        found = chosen(Account(id=OWN), Account(id=SHOP, state=state, status=status, name="Shop"))
        assert found.role_arns == ((f"arn:aws:iam::{SHOP}:role/Audit",) if usable else ())
        skipped = SkippedAccount(account_id=SHOP, state=state or status or "", name="Shop")
        assert found.skipped == (() if usable else (skipped,))
        assert found.names == {SHOP: "Shop"}

    def test_by_partition(self) -> None:
        """The roles are of the partition that the audit is in."""
        assert chosen(Account(id=SHOP), region="cn-north-1").role_arns == (f"arn:aws-cn:iam::{SHOP}:role/Audit",)

    def test_a_delegate_is_audited_as_itself(self) -> None:
        """The caller's own account needs no role; where it is not listed, it is not audited."""
        assert chosen(Account(id=OWN), Account(id=SHOP), own=SHOP).has_own
        assert not chosen(Account(id=OWN), own=SHOP).has_own

    def test_an_organization_without_a_usable_account(self) -> None:
        """An audit of nothing must not pass for one that found nothing."""
        for accounts in ((), (Account(id=OWN, state="CLOSED"),)):
            with pytest.raises(ConfigurationError, match="has no account that can be audited"):
                chosen(*accounts)

    @pytest.mark.parametrize("account_id", [None, "", "1234", "11112222333٣", "1111222233334"])
    def test_an_id_that_is_none(self, account_id: str | None) -> None:
        """An id becomes a part of an ARN, so it is checked."""
        with pytest.raises(ProtocolError, match="without an id of 12 digits"):
            chosen(Account(id=account_id))
