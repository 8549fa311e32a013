"""Key policies, who may do what with a key: the models of their operations."""

from typing import Annotated, TypeAlias

from attrs import field, frozen

from .members import KMSResponse
from .requests import Bounds, KeyIdOrArn, KMSRequest, Limit, Marker, Policy, policy_text

PolicyName: TypeAlias = Annotated[str, Bounds(1, 128)]


@frozen(kw_only=True)
class GetKeyPolicyRequest(KMSRequest):
    """The key, and which of its policies to return, "default" if None."""

    key_id: KeyIdOrArn
    policy_name: PolicyName | None = None


@frozen(kw_only=True)
class GetKeyPolicyResponse(KMSResponse):
    """The policy, a JSON document."""

    policy: Policy
    policy_name: PolicyName | None = None


@frozen(kw_only=True)
class PutKeyPolicyRequest(KMSRequest):
    """The key, and the policy, a JSON document, that replaces its policy."""

    key_id: KeyIdOrArn
    policy_name: PolicyName | None = None
    policy: Policy = field(converter=policy_text)
    bypass_policy_lockout_safety_check: bool | None = None


@frozen(kw_only=True)
class ListKeyPoliciesRequest(KMSRequest):
    """The key whose policy names to list; `limit` bounds the page."""

    key_id: KeyIdOrArn
    limit: Limit | None = None
    marker: Marker | None = None


@frozen(kw_only=True)
class ListKeyPoliciesResponse(KMSResponse):
    """A page of names; if `truncated`, `next_marker` is the `marker` of the next page."""

    policy_names: tuple[PolicyName, ...] = ()
    next_marker: Marker | None = None
    truncated: bool = False
