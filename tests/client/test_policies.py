"""Key policies, through both clients against the local KMS."""

import json

import pytest
from support.either_client import EitherClient

from awskms_lite.errors import KMSLiteError
from awskms_lite.local import LocalKMS, Reset

STATEMENT = {"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "kms:*", "Resource": "*"}
POLICY = json.dumps({"Version": "2012-10-17", "Statement": [STATEMENT]}, indent=1)


@pytest.fixture
def key(local: LocalKMS) -> str:
    return local.add_key()


def test_a_policy_is_put_and_given_back(kms: EitherClient, key: str) -> None:
    """A key has a policy from the start; the one that is put in its place is given back to the letter."""
    before = kms.get_key_policy(key)
    assert json.loads(before.policy)["Statement"]
    kms.put_key_policy(key, POLICY)
    after = kms.get_key_policy(key, policy_name="default")
    assert (after.policy, after.policy_name) == (POLICY, before.policy_name) == (POLICY, "default")


def test_a_new_key_takes_a_policy(kms: EitherClient) -> None:
    """A key can be made with its policy."""
    made = kms.create_key(policy=POLICY, bypass_policy_lockout_safety_check=True).key_metadata
    assert kms.get_key_policy(made.key_id).policy == POLICY


def test_the_names_of_policies_are_listed(kms: EitherClient, key: str) -> None:
    """A listing gives the names that `get_key_policy` takes."""
    assert kms.list_key_policies(key, limit=1).policy_names == ("default",)
    assert kms.take(kms.iter_list_key_policies(key)) == ["default"]


def test_a_policy_whose_answer_is_lost_is_put_again(kms: EitherClient, key: str, local: LocalKMS) -> None:
    """A policy that leaves the caller in may be put twice."""
    local.inject_fault(Reset("during"), times=1)
    assert kms.put_key_policy(key, POLICY).metadata.attempts == 2


def test_a_policy_that_may_lock_out_is_put_once(kms: EitherClient, key: str, local: LocalKMS) -> None:
    """A policy that may shut the caller out is not put again, since that may be forbidden by now."""
    local.inject_fault(Reset("during"), times=1)
    with pytest.raises(KMSLiteError, match="may have been executed") as caught:
        kms.put_key_policy(key, POLICY, bypass_policy_lockout_safety_check=True)
    assert caught.value.outcome_unknown
    assert local.stats.asked["PutKeyPolicy"] == 1
    assert kms.get_key_policy(key).policy == POLICY
