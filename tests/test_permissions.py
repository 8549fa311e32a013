"""The least IAM policies: every operation that a command calls is allowed, and none more."""

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

import pytest
from support.audit_data import UNPACED, seed_every_verdict
from support.iam import allowed_actions, called_actions

from awskms_lite.audit import KeyFilter, audit
from awskms_lite.errors import ConfigurationError, ParameterError
from awskms_lite.local import LocalKMS
from awskms_lite.permissions import (
    MAX_IAM_POLICY,
    audit_permissions,
    check_role_name,
    check_size,
    policy_document,
    retire_permissions,
)

_NOT_LIMITED = {
    "kms:ListKeys", "kms:ListAliases", "cloudtrail:LookupEvents", "organizations:ListAccounts",
}  # fmt: skip
"""Actions that IAM evaluates without a key: a policy that names keys for one allows nothing."""


@pytest.fixture
def kms() -> Iterator[LocalKMS]:
    with LocalKMS(region="us-east-2") as server:
        yield server


@pytest.mark.parametrize("cloudtrail", [False, True])
@pytest.mark.parametrize("rotations", [False, True])
@pytest.mark.parametrize("tags", [False, True])
def test_an_audit_calls_what_its_policy_allows(
    kms: LocalKMS, cloudtrail: bool, rotations: bool, tags: bool
) -> None:
    """With each of its options, over keys of every verdict: no call is missing there, and none is too much."""
    seed_every_verdict(kms)
    kms.add_key(account_id="444455556666", shared_with=["111122223333"])
    keys = KeyFilter(tags=["team"]) if tags else KeyFilter()
    if tags:
        kms.use(kms.add_key(tags={"team": "shop"}))
    with audit(environ=kms.environ, pacing=UNPACED, cloudtrail=cloudtrail, rotations=rotations, keys=keys) as run:
        assert list(run)
        assert run.summary.complete
    assert allowed_actions(
        audit_permissions("aws", cloudtrail=cloudtrail, rotations=rotations, tags=tags)
    ) == called_actions(kms)


def test_an_audit_of_roles_assumes_them(kms: LocalKMS) -> None:
    """The caller needs that, and each role the rest."""
    role = "arn:aws:iam::444455556666:role/Audit"
    with audit(environ=kms.environ, pacing=UNPACED, role_arns=[role]) as run:
        list(run)
        assert run.summary.complete
    (assume,) = [each for each in audit_permissions("aws", role_name="Audit") if each.sid == "AssumeRoles"]
    assert "sts:AssumeRole" in called_actions(kms)
    assert fnmatchcase(role, assume.members["Resource"])


def test_an_organization_is_listed() -> None:
    """The accounts are listed, and a role is assumed in each."""
    more = allowed_actions(audit_permissions("aws", organization=True)) - allowed_actions(audit_permissions("aws"))
    assert more == {"organizations:ListAccounts", "sts:AssumeRole"}


def test_a_retirement_can_be_taken_back() -> None:
    """Whoever may disable a key and schedule its deletion may cancel that and enable it."""
    found = allowed_actions(retire_permissions("aws"))
    assert {"kms:DisableKey", "kms:ScheduleKeyDeletion", "kms:CancelKeyDeletion", "kms:EnableKey"} <= found
    assert allowed_actions(retire_permissions("aws", role_name="Retire")) - found == {"sts:AssumeRole"}
    assert not any(action.startswith(("kms:Put", "kms:Delete")) or "*" in action for action in found)


@pytest.mark.parametrize("partition", ["aws", "aws-cn"])
@pytest.mark.parametrize(
    "found",
    [
        lambda partition: audit_permissions(
            partition, cloudtrail=True, rotations=True, tags=True, organization=True
        ),
        retire_permissions,
    ],
)
def test_each_action_has_the_resource_that_it_is_about(partition: str, found: Any) -> None:
    """What is about an account is allowed on all resources, and what is about keys on keys alone."""
    statements = found(partition)
    for statement in statements:
        for action in statement.members["Action"]:
            resource = statement.members["Resource"]
            if action in _NOT_LIMITED:
                assert resource == "*"
            elif action.startswith("kms:"):
                assert resource == f"arn:{partition}:kms:*:*:key/*"
            else:
                assert (action, resource) == ("sts:AssumeRole", f"arn:{partition}:iam::*:role/*")
    assert len({each.sid for each in statements}) == len(statements)
    assert all(each.sid.isalnum() and each.explanation for each in statements)
    check_size(policy_document(statements), MAX_IAM_POLICY, "it")


def test_a_policy_that_is_too_long() -> None:
    """It is refused here, before AWS does."""
    with pytest.raises(ConfigurationError, match="6,145 characters, and a policy takes 6,144"):
        check_size("x" * 6145, MAX_IAM_POLICY, "a policy")


@pytest.mark.parametrize("name", ["", "*", "/", "a b", "arn:aws:iam::111122223333:role/A", 'A"', "A" * 513, None])
def test_wrong_role_names(name: Any) -> None:
    """What cannot be the name of a role is no part of a policy."""
    with pytest.raises(ParameterError, match="not the name of a role"):
        check_role_name(name)
    check_role_name("audit/Audit-1")
