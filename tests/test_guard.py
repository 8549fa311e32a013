"""A guard over keys in use: what its statements deny, and which keys it protects for how long."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, strategies as st
from support.audit_data import NOW, UNPACED, days, facts, used

from awskms_lite import KMSClient
from awskms_lite.audit import Failure, audit
from awskms_lite.errors import AccessDeniedException, ConfigurationError, ParameterError
from awskms_lite.guard import MAX_KEY_POLICY, MAX_SCP, GuardStatus, guard_statements, protection
from awskms_lite.local import LocalKMS
from awskms_lite.models.usage import KeyLastUsageData
from awskms_lite.permissions import Statement, check_size, policy_document

ADMIN = "arn:aws:iam::*:role/KeyAdmin"
ROOT = "arn:aws:iam::*:root"


MINUTE = timedelta(minutes=1)
"""Times are a minute off the edges of days, which pass while a test runs."""


def policy_of(found: list[Statement]) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(policy_document(found))
    return document


def statements(**options: Any) -> dict[str, dict[str, Any]]:
    found = guard_statements(options.pop("days", 365), "aws", **options)
    return {each.sid: each.members for each in found}


class TestStatements:
    """What a guard denies."""

    @pytest.mark.parametrize("as_key_policy", [False, True])
    def test_keys_in_use(self, as_key_policy: bool) -> None:
        """Disabling and scheduling are denied to everybody by the days, which a policy has as text."""
        statement = statements(days=90, as_key_policy=as_key_policy)["KeepKeysInUse"]
        assert statement["Effect"] == "Deny"
        assert statement["Action"] == ["kms:DisableKey", "kms:ScheduleKeyDeletion"]
        assert statement["Condition"] == {"NumericLessThanEquals": {"kms:TrailingDaysWithoutKeyUsage": "90"}}

    def test_short_waiting_periods(self) -> None:
        """Nobody schedules a deletion for less than thirty days."""
        statement = statements()["KeepLongWaitingPeriods"]
        assert statement["Action"] == ["kms:ScheduleKeyDeletion"]
        assert statement["Condition"] == {"NumericLessThan": {"kms:ScheduleKeyDeletionPendingWindowInDays": "30"}}

    @pytest.mark.parametrize("as_key_policy", [False, True])
    @pytest.mark.parametrize("admins", [(), (ADMIN,), (ADMIN, ADMIN, ROOT)])
    def test_key_policies_can_always_be_changed_by_somebody(
        self, as_key_policy: bool, admins: tuple[str, ...]
    ) -> None:
        """It is denied by principal, and never to the root user: else a key could be out of everybody's reach."""
        for sid, statement in statements(admins=admins, as_key_policy=as_key_policy).items():
            if "kms:PutKeyPolicy" in statement["Action"]:
                assert sid == "KeepKeyPolicies"
                allowed = statement["Condition"]["ArnNotLike"]["aws:PrincipalArn"]
                assert allowed == [ROOT, ADMIN] if admins else [ROOT]

    def test_a_key_policy_names_its_principals(self) -> None:
        """Its statements need one, and those of a service control policy must have none."""
        assert {each.get("Principal") for each in statements(as_key_policy=True).values()} == {"*"}
        assert not any("Principal" in each for each in statements().values())

    def test_another_partition(self) -> None:
        """Its root users have ARNs of their own."""
        found = guard_statements(365, "aws-us-gov")[-1].members["Condition"]
        assert found == {"ArnNotLike": {"aws:PrincipalArn": ["arn:aws-us-gov:iam::*:root"]}}

    def test_every_statement_is_explained(self) -> None:
        """In a sentence without its end, with the days and the principals."""
        texts = [each.explanation for each in guard_statements(1, "aws", admins=[ADMIN])]
        assert all(text and not text.endswith(".") for text in texts)
        assert "while 1 day or less have passed" in texts[0]
        assert ADMIN in texts[2]

    @pytest.mark.parametrize("as_key_policy", [False, True])
    def test_what_aws_takes(self, as_key_policy: bool) -> None:
        """It is JSON, and as short as it has to be; too many principals are refused."""
        limit = MAX_KEY_POLICY if as_key_policy else MAX_SCP
        document = policy_document(guard_statements(365, "aws", as_key_policy=as_key_policy))
        assert json.loads(document)["Version"] == "2012-10-17"
        check_size(document, limit, "it")
        many = [f"arn:aws:iam::111122223333:role/{number:064}" for number in range(400)]
        with pytest.raises(ConfigurationError, match="name fewer principals"):
            check_size(policy_document(guard_statements(365, "aws", admins=many)), limit, "it")

    @pytest.mark.parametrize("number", [0, -1, 36_501, 1.5, True, "365", None])
    def test_wrong_days(self, number: Any) -> None:
        """Whole days, from one on."""
        with pytest.raises(ParameterError, match="whole number of days"):
            guard_statements(number, "aws")
        with pytest.raises(ParameterError, match="whole number of days"):
            protection(facts(), number, NOW)

    @pytest.mark.parametrize(
        "principal",
        [
            "*", "", "arn:aws:iam::*:role/*", "arn:aws:iam::*:*", "arn:aws:iam::*:role/**", "KeyAdmin", None,
            "arn:aws:sts::111122223333:assumed-role/KeyAdmin/x", 'arn:aws:iam::*:role/A"', "arn:aws:iam::1:role/A",
        ],
    )  # fmt: skip
    def test_wrong_principals(self, principal: Any) -> None:
        """One that stands for everybody would leave key policies unguarded; a session is none."""
        with pytest.raises(ParameterError, match="is no principal"):
            guard_statements(365, "aws", admins=[principal])


OLD = {"created": NOW - days(900), "tracking_start": NOW - days(200)}


class TestProtection:
    """Which keys a guard protects."""

    @pytest.mark.parametrize(
        ("members", "since"),
        [
            ({"last_usage": used(days(3))}, NOW - days(3)),
            ({"last_usage": used(days(200))}, NOW - days(200)),
            ({"created": NOW - days(90), "tracking_start": NOW - days(90)}, NOW - days(90)),
            ({"created": NOW - days(80), "tracking_start": NOW - days(200)}, NOW - days(80)),
            ({"created": NOW - days(900), "tracking_start": NOW - days(200)}, NOW - days(200)),
            ({"created": None, "tracking_start": NOW - days(200)}, NOW - days(200)),
            ({"state": "Disabled", "last_usage": used(days(3))}, NOW - days(3)),
            ({"last_usage": KeyLastUsageData("Decrypt")}, NOW),
        ],
    )
    def test_until_when(self, members: dict[str, Any], since: datetime) -> None:
        """It counts from the last use, else from the creation or the beginning of tracking, in whole days."""
        until = since + days(101)
        found = protection(facts(**members), 100, NOW)
        assert found.until == until
        assert found.status is (GuardStatus.PROTECTED if until > NOW else GuardStatus.UNPROTECTED)

    @given(st.timedeltas(timedelta(0), days(400)), st.integers(1, 365))
    def test_the_condition_itself(self, passed: timedelta, number: int) -> None:
        """It is the comparison that the policy makes: whole days, rounded down, less than or equal."""
        found = protection(facts(last_usage=used(passed)), number, NOW)
        assert (found.status is GuardStatus.PROTECTED) == (passed.days <= number)

    def test_a_key_on_its_first_day(self) -> None:
        """One that was never used is protected from its creation on."""
        new = facts(created=NOW, tracking_start=NOW)
        assert protection(new, 1, NOW).status is GuardStatus.PROTECTED

    def test_each_key_of_a_set_counts_by_itself(self) -> None:
        """A use of another key of the set protects none but that."""
        key = facts(**OLD, multi_region_role="PRIMARY", related_arns=("arn:aws:kms:eu-west-1:1:key/mrk-1",))
        assert protection(key, 100, NOW).status is GuardStatus.UNPROTECTED

    def test_time_passes_after_the_audit(self) -> None:
        """What was protected when it was read need not be so today."""
        key = facts(last_usage=used(days(99)))
        assert protection(key, 100, NOW).status is GuardStatus.PROTECTED
        assert protection(key, 100, NOW + days(2)).status is GuardStatus.UNPROTECTED

    @pytest.mark.parametrize(
        ("members", "status"),
        [
            ({"manager": "AWS"}, GuardStatus.NOT_CONCERNED),
            ({"shared": True}, GuardStatus.NOT_CONCERNED),
            ({"state": "PendingDeletion"}, GuardStatus.NOT_CONCERNED),
            ({"error": Failure("AccessDeniedException", "no")}, GuardStatus.UNKNOWN),
            ({"tracking_start": None}, GuardStatus.UNKNOWN),
        ],
    )
    def test_others(self, members: dict[str, Any], status: GuardStatus) -> None:
        """Nothing is claimed about keys that it does not concern, or of which too little is known."""
        found = protection(facts(**members), 100, NOW)
        assert (found.status, found.until, bool(found.reason)) == (status, None, True)


def is_denied(client: KMSClient, arn: str) -> bool:
    """Return whether a guard keeps a key from being disabled."""
    try:
        client.disable_key(arn)
    except AccessDeniedException as error:
        return "with an explicit deny" in str(error)
    return False


class TestOnAService:
    """The guard in force, on a KMS that evaluates it by rules of its own."""

    @pytest.mark.parametrize("as_key_policy", [False, True])
    def test_it_denies_what_the_preview_says(self, as_key_policy: bool) -> None:
        """Each key can be disabled exactly if its protection says that it is not protected."""
        now = datetime.now(UTC)
        old: dict[str, Any] = {"created": now - days(900), "tracking_start": now - days(200)}
        with LocalKMS(region="us-east-2") as kms, KMSClient(environ=kms.environ) as client:
            keys = [
                *(kms.add_key(**old, last_usage=now - days(ago) + MINUTE) for ago in (1, 100, 101, 102, 190)),
                *(kms.add_key(created=now - days(ago) + MINUTE) for ago in (1, 100, 101, 102)),
                kms.add_key(**old),
                kms.add_key(created=now),
            ]
            policy = policy_of(guard_statements(100, "aws", as_key_policy=as_key_policy))
            for arn in keys if as_key_policy else ():
                allow_all = json.loads(client.get_key_policy(arn).policy or "")["Statement"]
                document = {**policy, "Statement": [*allow_all, *policy["Statement"]]}
                client.put_key_policy(arn, json.dumps(document), bypass_policy_lockout_safety_check=True)
            if not as_key_policy:
                kms.set_scp(json.dumps(policy))
            records = {record.arn: record for record in audit(environ=kms.environ, pacing=UNPACED)}
            found = {arn: protection(records[arn], 100, now).status for arn in keys}
            for arn in keys:
                status = GuardStatus.PROTECTED if is_denied(client, arn) else GuardStatus.UNPROTECTED
                assert found[arn] is status, records[arn]
            assert set(found.values()) == {GuardStatus.PROTECTED, GuardStatus.UNPROTECTED}

    def test_its_companions(self) -> None:
        """Short waiting periods are denied, and key policies to all but the principals that are named."""
        with LocalKMS(region="us-east-2") as kms, KMSClient(environ=kms.environ) as client:
            now = datetime.now(UTC)
            arn = kms.add_key(created=now - days(900), tracking_start=now - days(200))
            policy = client.get_key_policy(arn).policy or ""
            kms.set_scp(policy_document(guard_statements(100, "aws")))
            with pytest.raises(AccessDeniedException):
                client.put_key_policy(arn, policy)
            with pytest.raises(AccessDeniedException):
                client.schedule_key_deletion(arn, pending_window_in_days=29)
            me = "arn:aws:iam::*:user/local"
            kms.set_scp(policy_document(guard_statements(100, "aws", admins=[me])))
            client.put_key_policy(arn, policy)
            client.schedule_key_deletion(arn, pending_window_in_days=30)
