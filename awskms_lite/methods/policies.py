"""The methods about key policies."""

from __future__ import annotations

from .. import models
from ..loading import loading
from .binding import Invocation, Methods, Pages, listing, operation


class PolicyMethods(Methods):
    """Key policies, which say who may do what with a key."""

    @operation
    def get_key_policy(
        self, key_id: str, *, policy_name: str | None = None, timeout: float | None = None
    ) -> Invocation[models.GetKeyPolicyResponse]:
        """Give a key's policy, a JSON document.

        `key_id` is a key id or a key ARN of this account and region. `policy_name` is "default" where it is
        None; "AWS_RAM" is the policy by which the key is shared with other accounts, a `NotFoundException`
        where it is not.

        Permission: `kms:GetKeyPolicy`, in the key's policy.

        Raises `DependencyTimeoutException`, `InvalidArnException`, `KMSInternalException`,
        `KMSInvalidStateException`, `NotFoundException`.
        """
        with loading:
            from ..operations.policies import GET_KEY_POLICY

        return self._call(GET_KEY_POLICY, timeout, key_id=key_id, policy_name=policy_name)

    @operation
    def put_key_policy(
        self,
        key_id: str,
        policy: str,
        *,
        policy_name: str | None = None,
        bypass_policy_lockout_safety_check: bool | None = None,
        timeout: float | None = None,
    ) -> Invocation[models.KMSResponse]:
        """Put another policy in the place of a key's, as a whole.

        `key_id` is a key id or a key ARN of this account and region. `policy` is a JSON document; by quota it
        has 32,768 bytes at most. "default" is the only `policy_name` that can be put. KMS refuses a policy that
        would keep the caller from changing it again, unless `bypass_policy_lockout_safety_check` is true: a
        key so locked needs AWS Support, and such a call is not sent again when its answer is lost, since the
        second could be refused by the first one's policy. KMS may take some minutes until the change is known
        everywhere.

        Permission: `kms:PutKeyPolicy`, in the key's policy.

        Raises `DependencyTimeoutException`, `InvalidArnException`, `KMSInternalException`,
        `KMSInvalidStateException`, `LimitExceededException`, `MalformedPolicyDocumentException`,
        `NotFoundException`, `UnsupportedOperationException`.
        """
        with loading:
            from ..operations.policies import PUT_KEY_POLICY

        return self._call(
            PUT_KEY_POLICY,
            timeout,
            key_id=key_id,
            policy=policy,
            policy_name=policy_name,
            bypass_policy_lockout_safety_check=bypass_policy_lockout_safety_check,
        )

    @operation
    def list_key_policies(
        self,
        key_id: str,
        *,
        limit: int | None = None,
        marker: str | None = None,
        timeout: float | None = None,
    ) -> Invocation[models.ListKeyPoliciesResponse]:
        """Give a page of the names of a key's policies: "default", and "AWS_RAM" for a key that is shared.

        `key_id` is a key id or a key ARN of this account and region. `limit` bounds the page: KMS takes 1 to
        1000, and gives 100 where it is None. Where the page is `truncated`, its `next_marker` is the `marker`
        of the next.

        Permission: `kms:ListKeyPolicies`, in the key's policy.

        Raises `DependencyTimeoutException`, `InvalidArnException`, `KMSInternalException`,
        `KMSInvalidStateException`, `NotFoundException`.
        """
        with loading:
            from ..operations.policies import LIST_KEY_POLICIES

        return self._call(LIST_KEY_POLICIES, timeout, key_id=key_id, limit=limit, marker=marker)

    @listing
    def iter_list_key_policies(
        self,
        key_id: str,
        *,
        limit: int | None = None,
        marker: str | None = None,
        timeout: float | None = None,
    ) -> Pages[str]:
        """Go through all that `list_key_policies` lists, page by page as they are needed.

        `limit` and `timeout` are for each page. `marker` is where to begin: that of a listing which was left, and
        which begins with the page in hand.
        """
        with loading:
            from ..operations.policies import LIST_KEY_POLICIES

        return self._pages(LIST_KEY_POLICIES, timeout, key_id=key_id, limit=limit, marker=marker)
