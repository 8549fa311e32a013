"""The methods for key policies."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from .. import models
from ..loading import loading
from .binding import Invocation, Methods, Pages, listing, operation


class PolicyMethods(Methods):
    """Key policies: who may do what with a key."""

    @operation
    def get_key_policy(
        self, key_id: str, *, policy_name: str | None = None, timeout: float | timedelta | None = None
    ) -> Invocation[models.GetKeyPolicyResponse]:
        """Return a key's policy, a JSON document.

        `key_id` is a key id or a key ARN of this account and region. `policy_name` is "default" if it is None;
        "AWS_RAM" is the policy that shares the key with other accounts, and raises `NotFoundException` for a key
        that is not shared.

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
        policy: str | Mapping[str, Any],
        *,
        policy_name: str | None = None,
        bypass_policy_lockout_safety_check: bool | None = None,
        timeout: float | timedelta | None = None,
    ) -> Invocation[models.KMSResponse]:
        """Replace a key's policy, as a whole.

        `key_id` is a key id or a key ARN of this account and region. `policy` is a JSON document, as text or as a
        mapping; the quota is 32,768 bytes. "default" is the only `policy_name` that can be put. KMS refuses a
        policy that would prevent the caller from changing it again, unless `bypass_policy_lockout_safety_check` is
        true: such a locked key needs AWS Support, and the call is not sent again when its answer is lost, since
        the policy of the first could deny the second. KMS may take some minutes until the change is known
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
        timeout: float | timedelta | None = None,
    ) -> Invocation[models.ListKeyPoliciesResponse]:
        """Return a page of the names of a key's policies: "default", and "AWS_RAM" for a key that is shared.

        `key_id` is a key id or a key ARN of this account and region. `limit` bounds the page: KMS takes 1 to 1000,
        and returns 100 if it is None. If the page is `truncated`, its `next_marker` is the `marker` of the next.

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
        page_size: int | None = None,
        max_items: int | None = None,
        marker: str | None = None,
        timeout: float | timedelta | None = None,
    ) -> Pages[str]:
        """Return an iterator over all that `list_key_policies` lists, page by page.

        `page_size` bounds the items of a page, as `limit` of `list_key_policies` does, and `max_items` the items
        of the iterator, which then asks for no further page. `timeout` is for each page. `marker` is where to
        begin: the `marker` of an iterator that was not used up, which leads to the page in hand.
        """
        with loading:
            from ..operations.policies import LIST_KEY_POLICIES

        return self._pages(
            LIST_KEY_POLICIES, timeout, key_id=key_id, page_size=page_size, max_items=max_items, marker=marker
        )
