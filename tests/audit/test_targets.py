"""Where an audit looks, and what it comes to."""

import pickle
import socket
from typing import Any, NoReturn

import httpx
import pytest

from awskms_lite import AsyncKMSClient, Credentials, KMSClient, RetryPolicy
from awskms_lite.audit import AuditSummary, Failure, Target, TargetReport, TargetStatus, audit, known_regions
from awskms_lite.audit.progress import AuditProgress
from awskms_lite.audit.targets import make_targets
from awskms_lite.cli.audit.summary import count_lines, target_lines
from awskms_lite.errors import ConnectError, ParameterError

ROLES = [f"arn:aws:iam::{account}:role/path/Audit" for account in ("111122223333", "444455556666")]


class TestTargets:
    def test_every_role_in_every_region_once(self) -> None:
        """Accounts times regions, in order, without repeats."""
        found = make_targets(["us-east-2", "eu-west-1", "us-east-2"], [*ROLES, ROLES[0]], None)
        assert [(target.role_arn, target.region) for target in found] == [
            (ROLES[0], "us-east-2"),
            (ROLES[0], "eu-west-1"),
            (ROLES[1], "us-east-2"),
            (ROLES[1], "eu-west-1"),
        ]

    def test_two_roles_of_one_account(self) -> None:
        """An account that is audited twice would have each key twice, and twice the questions."""
        with pytest.raises(ParameterError, match="roles of one account"):
            make_targets(["us-east-2"], [ROLES[0], ROLES[0].replace("Audit", "Other")], None)

    def test_the_callers_own_account_without_roles(self) -> None:
        """Who names no role audits the account that the credentials are of."""
        assert make_targets(["us-east-2"], [], "prod") == [Target("us-east-2", None, "prod")]

    @pytest.mark.parametrize(
        "wrong",
        ["111122223333", "arn:aws:iam::111122223333:user/a", "arn:aws:iam::1:role/a", "a", "", None],
    )
    def test_what_is_no_role(self, wrong: str) -> None:
        """An account id or a user is no role, and the error shows what one looks like."""
        with pytest.raises(ParameterError, match="arn:aws:iam::111122223333:role/Audit"):
            make_targets(["us-east-2"], [wrong], None)

    def test_a_target_travels(self) -> None:
        """It holds names only, so that it can be sent to a worker."""
        target = Target("us-east-2", ROLES[0], "prod")
        assert pickle.loads(pickle.dumps(target)) == target


class TestAllRegions:
    def test_home_comes_first(self) -> None:
        """The region that proves the credentials is the first, and each is there once."""
        found = known_regions("eu-west-1")
        assert found[0] == "eu-west-1"
        assert len(set(found)) == len(found) > 30

    def test_a_partition_has_its_own(self) -> None:
        """Credentials are good in one partition, so the others' regions are not tried."""
        assert set(known_regions("cn-north-1")) == {"cn-north-1", "cn-northwest-1"}

    def test_a_region_that_is_newer_than_the_list(self) -> None:
        """It is tried beside those that are known."""
        assert known_regions("eu-north-9")[0] == "eu-north-9"


def report(status: TargetStatus, listed: int = 0, *, named: bool = True, failed: bool = False) -> TargetReport:
    failures = (Failure("AccessDeniedException", "no"),) if failed else ()
    return TargetReport(
        target=Target("us-east-2"),
        status=status,
        named=named,
        listed=listed,
        reported=listed,
        evaluated=listed,
        failures=failures,
    )


def summary(*reports: TargetReport, filtered: int = 0, **members: Any) -> AuditSummary:
    listed = sum(report.listed for report in reports)
    counts: dict[str, Any] = {
        "listed": listed,
        "reported": listed - filtered,
        "evaluated": listed - filtered,
        "resumed": 0,
        "resumed_from": None,
        "usage_calls": 0,
        "throttled": 0,
        "stopped": False,
    }
    return AuditSummary(targets=reports, verdicts={}, filtered=filtered, **{**counts, **members})


READ, EMPTY = report(TargetStatus.READ, 10), report(TargetStatus.EMPTY)
REFUSED = report(TargetStatus.REFUSED, failed=True)


class TestSummary:
    @pytest.mark.parametrize(
        ("complete", "coverage", "of"),
        [
            (True, 1.0, summary(READ, EMPTY)),
            (True, 1.0, summary(EMPTY)),
            (False, 0.9, summary(READ, evaluated=9)),
            (True, 1.0, summary(READ, filtered=4)),
            (False, 0.5, summary(READ, REFUSED)),
            (False, 0.0, summary(REFUSED)),
            (True, 1.0, summary(READ, report(TargetStatus.NOT_ENABLED, named=False, failed=True))),
            (False, 0.5, summary(READ, report(TargetStatus.NOT_ENABLED, failed=True))),
            (True, 1.0, summary(READ, report(TargetStatus.NOT_OPEN, named=False, failed=True))),
            (False, 1.0, summary(report(TargetStatus.FAILED, 10, failed=True))),
            (False, 1.0, summary(report(TargetStatus.READ, 10, failed=True))),
            (False, 1.0, summary(report(TargetStatus.READ, 10, named=False, failed=True))),
            (False, 0.5, summary(READ, report(TargetStatus.NOT_STARTED))),
            (False, 1.0, summary(READ, stopped=True)),
        ],
    )
    def test_complete_and_coverage(self, complete: bool, coverage: float, of: AuditSummary) -> None:
        """What was not evaluated lowers the coverage; what may be missing, even unknown, makes it incomplete."""
        assert (of.complete, of.coverage) == (complete, coverage)

    def test_a_key_without_a_record_is_noticed(self) -> None:
        """Listed and reported are counted apart, so that a gap would show."""
        assert not summary(READ, reported=9, evaluated=9).complete

    @pytest.mark.parametrize(
        ("at_home", "code", "status"),
        [
            (TargetStatus.READ, None, "not_enabled"),
            (TargetStatus.EMPTY, None, "not_enabled"),
            (TargetStatus.REFUSED, "AccessDeniedException", "not_enabled"),
            (TargetStatus.REFUSED, "UnrecognizedClientException", "refused"),
            (TargetStatus.FAILED, "KMSInternalException", "refused"),
        ],
    )
    def test_not_enabled_is_who_is_known_elsewhere(
        self, at_home: TargetStatus, code: str | None, status: str
    ) -> None:
        """AWS answers alike where a region is not enabled and where nobody knows the keys: others decide."""
        home, away = Target("us-east-2"), Target("af-south-1")
        progress = AuditProgress([home, away], named=True)
        progress[home].status = at_home
        if code is not None:
            progress[home].fail(Failure(code, "no"), at_home)
        progress[away].fail(Failure("UnrecognizedClientException", "invalid token"), TargetStatus.REFUSED)
        assert progress.summary().targets[1].status == status

    @pytest.mark.parametrize("named", [True, False])
    @pytest.mark.parametrize(
        ("elsewhere", "status"),
        [(TargetStatus.READ, "not_open"), (TargetStatus.EMPTY, "not_open"), (TargetStatus.FAILED, "failed")],
    )
    def test_not_open_is_what_does_not_resolve_while_another_does(
        self, elsewhere: TargetStatus, status: str, named: bool
    ) -> None:
        """Without any network nothing resolves; and a region that somebody named is a gap in any case."""
        home, away = Target("us-east-2"), Target("me-west-1")
        progress = AuditProgress([home, away], named=named)
        progress[home].status = elsewhere
        progress[away].fail(Failure("ConnectError", "no such host"), TargetStatus.FAILED)
        progress[away].unresolved = True
        (_, found) = progress.summary().targets
        assert found.status == ("failed" if named else status)
        assert found.is_partial == (found.status == "failed")


class TestCoverageLine:
    """What the command says of the coverage."""

    @pytest.mark.parametrize(
        ("of", "text"),
        [
            (summary(READ), "10 of 10 evaluated, coverage 100 %"),
            (summary(READ, REFUSED), "10 of 10 evaluated, 1 of 2 targets listed, coverage 50 %"),
            (
                summary(report(TargetStatus.FAILED, 10, failed=True)),
                "10 of 10 evaluated, coverage 100 % of the keys that were listed",
            ),
        ],
    )
    def test_a_listing_that_broke_off(self, of: AuditSummary, text: str) -> None:
        """Nobody knows how many keys it would have had: 100 % are those of the keys that it had."""
        assert list(count_lines(of))[1] == text


class TestTokens:
    """A session token of STS's global endpoint is refused where a region has to be enabled."""

    @staticmethod
    def run(*, named: bool, token: str | None) -> tuple[AuditSummary, list[str]]:
        """Audit a region that knows the caller beside one that does not; return what it came to, and in words."""

        def answer(request: httpx.Request) -> httpx.Response:
            if "af-south-1" in request.url.host:
                return httpx.Response(400, json={"__type": "UnrecognizedClientException", "message": "invalid"})
            if "us-east-2" not in request.url.host:
                raise httpx.ConnectError("no") from socket.gaierror(socket.EAI_NONAME, "no such host")
            return httpx.Response(200, json={"Keys": [], "Aliases": []})

        with audit(
            regions=["us-east-2", "af-south-1"] if named else None,
            all_regions=not named,
            credentials=Credentials("AKIDEXAMPLE", "secret", token),
            http_client=httpx.Client(transport=httpx.MockTransport(answer)),
            region="us-east-2",
            environ={},
            sleep=lambda _: None,
            random=lambda: 0.0,
        ) as run:
            assert list(run) == []
        return run.summary, list(target_lines(run.summary, every=not named))

    @pytest.mark.parametrize("token", ["global", None])
    def test_a_named_region(self, token: str | None) -> None:
        """It counts as not read, and with a token both causes are told."""
        summary, lines = self.run(named=True, token=token)
        assert not summary.complete
        assert "not enabled in the account: af-south-1" in lines
        told = " ".join(lines)
        assert "Enable the region in the account, or leave it out." in told
        assert ("one of the global endpoint of STS" in told) == (token is not None)

    @pytest.mark.parametrize("token", ["global", None])
    def test_all_regions(self, token: str | None) -> None:
        """There it is a note, or every audit would end as incomplete; so is a region that is not open."""
        summary, lines = self.run(named=False, token=token)
        assert (summary.complete, summary.coverage) == (True, 1.0)
        told = " ".join(lines)
        assert "not enabled in the account: af-south-1" in lines
        assert ("one of the global endpoint of STS" in told) == (token is not None)
        assert "not open: the host does not resolve: us-east-1, us-west-1" in told
        assert "Enable the region" not in told

    @pytest.mark.anyio
    async def test_a_host_that_does_not_resolve_by_our_own_connections(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Both clients' errors tell it from every other failure to connect."""
        codes = {socket.EAI_NONAME: True, socket.EAI_AGAIN: False}
        for code, expected in codes.items():

            def refuse(*_: object, code: int = code, **__: object) -> NoReturn:
                raise socket.gaierror(code, "no such host")

            monkeypatch.setattr(socket, "getaddrinfo", refuse)
            options: dict[str, Any] = {
                "region": "me-west-1",
                "credentials": Credentials("AKIDEXAMPLE", "secret"),
                "environ": {},
                "retry": RetryPolicy(max_attempts=1),
            }
            with KMSClient(**options) as kms, pytest.raises(ConnectError) as caught:
                kms.list_keys()
            assert caught.value.unresolved == expected
            async with AsyncKMSClient(**options) as kms_async:
                with pytest.raises(ConnectError) as caught:
                    await kms_async.list_keys()
            assert caught.value.unresolved == expected
