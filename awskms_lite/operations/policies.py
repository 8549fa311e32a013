"""The operations on key policies."""

from ..models.members import KMSResponse
from ..models.policies import (
    GetKeyPolicyRequest,
    GetKeyPolicyResponse,
    ListKeyPoliciesRequest,
    ListKeyPoliciesResponse,
    PutKeyPolicyRequest,
)
from . import Operation


def _keeps_the_caller_in(request: PutKeyPolicyRequest) -> bool:
    """Return whether the caller may put the policy a second time: KMS ensures it unless the check is bypassed."""
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
    idempotent=_keeps_the_caller_in,
)

LIST_KEY_POLICIES = Operation(
    name="ListKeyPolicies",
    request=ListKeyPoliciesRequest,
    response=ListKeyPoliciesResponse,
    idempotent=True,
    items="policy_names",
)
