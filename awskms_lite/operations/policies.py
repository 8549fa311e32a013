"""The rows about key policies."""

from ..models.members import KMSResponse
from ..models.policies import (
    GetKeyPolicyRequest,
    GetKeyPolicyResponse,
    ListKeyPoliciesRequest,
    ListKeyPoliciesResponse,
    PutKeyPolicyRequest,
)
from . import Operation


def _leaves_us_in(request: PutKeyPolicyRequest) -> bool:
    """Say whether the caller may put a policy a second time, which KMS makes sure of unless told not to."""
    return not request.bypass_policy_lockout_safety_check


GET_KEY_POLICY = Operation(
    name="GetKeyPolicy",
    request=GetKeyPolicyRequest,
    response=GetKeyPolicyResponse,
    idempotent=True,
)

PUT_KEY_POLICY = Operation(
    name="PutKeyPolicy",
    request=PutKeyPolicyRequest,
    response=KMSResponse,
    mutating=True,
    idempotent=_leaves_us_in,
)

LIST_KEY_POLICIES = Operation(
    name="ListKeyPolicies",
    request=ListKeyPoliciesRequest,
    response=ListKeyPoliciesResponse,
    idempotent=True,
    items="policy_names",
)
