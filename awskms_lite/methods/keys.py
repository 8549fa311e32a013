"""The methods for keys and their lifecycle."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from .. import models
from ..loading import loading
from .binding import Invocation, Methods, Pages, listing, operation

if TYPE_CHECKING:
    from ..steps import Flow


class KeyMethods(Methods):
    """Keys: create, describe, list, enable, disable and delete them, and wait for their states."""

    @operation
    def create_key(
        self,
        *,
        key_spec: models.KeySpecLike | None = None,
        key_usage: models.KeyUsageTypeLike | None = None,
        description: str | None = None,
        policy: str | Mapping[str, Any] | None = None,
        bypass_policy_lockout_safety_check: bool | None = None,
        tags: models.TagsLike | None = None,
        multi_region: bool | None = None,
        origin: models.OriginTypeLike | None = None,
        custom_key_store_id: str | None = None,
        xks_key_id: str | None = None,
        customer_master_key_spec: models.CustomerMasterKeySpecLike | None = None,
        timeout: float | timedelta | None = None,
    ) -> Invocation[models.CreateKeyResponse]:
        """Create a key in this account and region; without arguments, a symmetric one for encryption.

        Any other `key_spec` needs a `key_usage`. None of `key_spec`, `key_usage`, `origin` and `multi_region` can
        be changed later. With the `origin` EXTERNAL the key waits for material to be imported; with AWS_CLOUDHSM
        or EXTERNAL_KEY_STORE it takes a `custom_key_store_id`, and the latter an `xks_key_id` too. `description`
        (up to 8192 characters) and `tags`, a mapping or `Tag` objects, show in logs. `policy` is a JSON document,
        as text or as a mapping; without one, IAM policies of the account decide. KMS refuses a policy that would
        prevent the caller from changing it again, unless `bypass_policy_lockout_safety_check` is true: such a
        locked key needs AWS Support. `customer_master_key_spec` is the older name of `key_spec`: pass one of the
        two at most.

        A call whose answer is lost is not sent again: the second would create another key. The error has
        `outcome_unknown` then; look with `list_keys`.

        Permission: `kms:CreateKey`, in an IAM policy, and `kms:TagResource` for `tags`; the account's first
        `multi_region` key needs `iam:CreateServiceLinkedRole` too.

        Raises `CloudHsmClusterInvalidConfigurationException`, `CustomKeyStoreInvalidStateException`,
        `CustomKeyStoreNotFoundException`, `DependencyTimeoutException`, `InvalidArnException`,
        `KMSInternalException`, `LimitExceededException`, `MalformedPolicyDocumentException`, `TagException`,
        `UnsupportedOperationException`, `XksKeyAlreadyInUseException`, `XksKeyInvalidConfigurationException`,
        `XksKeyNotFoundException`.
        """
        with loading:
            from ..operations.keys import CREATE_KEY

        return self._call(
            CREATE_KEY,
            timeout,
            key_spec=key_spec,
            key_usage=key_usage,
            description=description,
            policy=policy,
            bypass_policy_lockout_safety_check=bypass_policy_lockout_safety_check,
            tags=tags,
            multi_region=multi_region,
            origin=origin,
            custom_key_store_id=custom_key_store_id,
            xks_key_id=xks_key_id,
            customer_master_key_spec=customer_master_key_spec,
        )

    @operation
    def describe_key(
        self, key_id: str, *, grant_tokens: Collection[str] | None = None, timeout: float | timedelta | None = None
    ) -> Invocation[models.DescribeKeyResponse]:
        """Return the metadata of a key: its state, spec, usage, origin, dates and algorithms.

        `key_id` is a key id, a key ARN, an alias or an alias's ARN; for a key of another account it must be an
        ARN. Do not pass one of AWS's own aliases (alias/aws/...) that has no key yet: KMS would create the key.
        `grant_tokens` let a new grant apply before all of KMS knows it.

        Permission: `kms:DescribeKey`, in the key's policy.

        Raises `DependencyTimeoutException`, `InvalidArnException`, `KMSInternalException`,
        `NotFoundException`.
        """
        with loading:
            from ..operations.keys import DESCRIBE_KEY

        return self._call(DESCRIBE_KEY, timeout, key_id=key_id, grant_tokens=grant_tokens)

    @operation
    def resolve_key(self, key_id: str, *, timeout: float | timedelta | None = None) -> Invocation[str]:
        """Return the ARN of the key that an alias stands for, for operations that take no alias.

        `key_id` is an alias, an alias's ARN, which an alias of another account needs, a key id or a key ARN. It
        calls `describe_key`, so do not pass one of AWS's own aliases (alias/aws/...) that has no key yet. An alias
        can be associated with another key later: the ARN then stays that of the former key.

        Permission: `kms:DescribeKey`, in the key's policy.

        Raises `DependencyTimeoutException`, `InvalidArnException`, `KMSInternalException`,
        `NotFoundException`.
        """
        with loading:
            from ..operations.keys import DESCRIBE_KEY

        described = self._call(DESCRIBE_KEY, timeout, key_id=key_id)
        return Invocation(_arn_of(described.flow), described.timeout, described.operation)

    @operation
    def list_keys(
        self,
        *,
        resource_owners: Collection[models.ResourceOwnerTypeLike] | None = None,
        limit: int | None = None,
        marker: str | None = None,
        timeout: float | timedelta | None = None,
    ) -> Invocation[models.ListKeysResponse]:
        """Return a page of the keys of this account and region, AWS managed keys included.

        `resource_owners` is whose keys: SELF if it is None; OTHER_ACCOUNTS_VIA_RAM for those that other accounts
        share with this one, whose ARNs have their owners' account ids. `limit` bounds the page: KMS takes 1 to
        1000, and returns 100 if it is None. If the page is `truncated`, its `next_marker` is the `marker` of the
        next, for the same `resource_owners`.

        Permission: `kms:ListKeys`, in an IAM policy.

        Raises `DependencyTimeoutException`, `InvalidMarkerException`, `KMSInternalException`.
        """
        with loading:
            from ..operations.keys import LIST_KEYS

        return self._call(LIST_KEYS, timeout, resource_owners=resource_owners, limit=limit, marker=marker)

    @listing
    def iter_list_keys(
        self,
        *,
        resource_owners: Collection[models.ResourceOwnerTypeLike] | None = None,
        page_size: int | None = None,
        max_items: int | None = None,
        marker: str | None = None,
        timeout: float | timedelta | None = None,
    ) -> Pages[models.KeyListEntry]:
        """Return an iterator over all that `list_keys` lists, page by page.

        `page_size` bounds the items of a page, as `limit` of `list_keys` does, and `max_items` the items of the
        iterator, which asks for no more pages than it needs. `timeout` is for each page. `marker` is where to
        begin: the `marker` of an iterator that was not used up, which leads to the page in hand.
        """
        with loading:
            from ..operations.keys import LIST_KEYS

        return self._pages(
            LIST_KEYS,
            timeout,
            resource_owners=resource_owners,
            page_size=page_size,
            max_items=max_items,
            marker=marker,
        )

    @operation
    def update_key_description(
        self, key_id: str, description: str, *, timeout: float | timedelta | None = None
    ) -> Invocation[models.KMSResponse]:
        """Change the description of a customer managed key: 0 to 8192 characters, and no secrets.

        `key_id` is a key id or a key ARN of this account and region.

        Permission: `kms:UpdateKeyDescription`, in the key's policy.

        Raises `DependencyTimeoutException`, `InvalidArnException`, `KMSInternalException`,
        `KMSInvalidStateException`, `NotFoundException`.
        """
        with loading:
            from ..operations.keys import UPDATE_KEY_DESCRIPTION

        return self._call(UPDATE_KEY_DESCRIPTION, timeout, key_id=key_id, description=description)

    @operation
    def enable_key(
        self, key_id: str, *, timeout: float | timedelta | None = None
    ) -> Invocation[models.KMSResponse]:
        """Enable a key, so that it can be used again; an enabled key stays enabled.

        `key_id` is a key id or a key ARN of this account and region. KMS may take some minutes until the
        change is known everywhere.

        Permission: `kms:EnableKey`, in the key's policy.

        Raises `DependencyTimeoutException`, `InvalidArnException`, `KMSInternalException`,
        `KMSInvalidStateException`, `LimitExceededException`, `NotFoundException`.
        """
        with loading:
            from ..operations.keys import ENABLE_KEY

        return self._call(ENABLE_KEY, timeout, key_id=key_id)

    @operation
    def disable_key(
        self, key_id: str, *, timeout: float | timedelta | None = None
    ) -> Invocation[models.KMSResponse]:
        """Disable a key: until it is enabled, it cannot be used for cryptography, but nothing is lost.

        Disable a key before you schedule its deletion, to find out whether it is still needed: its callers get a
        `DisabledException`, which CloudTrail records. `key_id` is a key id or a key ARN of this account and
        region. KMS may take some minutes until the change is known everywhere.

        Permission: `kms:DisableKey`, in the key's policy.

        Raises `DependencyTimeoutException`, `InvalidArnException`, `KMSInternalException`,
        `KMSInvalidStateException`, `NotFoundException`.
        """
        with loading:
            from ..operations.keys import DISABLE_KEY

        return self._call(DISABLE_KEY, timeout, key_id=key_id)

    @operation
    def schedule_key_deletion(
        self, key_id: str, *, pending_window_in_days: int | None = None, timeout: float | timedelta | None = None
    ) -> Invocation[models.ScheduleKeyDeletionResponse]:
        """Schedule the deletion of a key in 7 to 30 days, 30 if `pending_window_in_days` is None.

        Until then it cannot be used, and `cancel_key_deletion` takes the deletion back. Afterwards everything that
        was encrypted under it is lost, and its aliases are deleted; only a replica of a multi-Region key, and an
        asymmetric or HMAC key with imported material, can be created again. The days of a multi-Region primary
        start when the last of its replicas is deleted. `key_id` is a key id or a key ARN of this account and
        region.

        A call whose answer is lost is not sent again: the second would find the key in the wrong state.
        Look with `describe_key`.

        Permission: `kms:ScheduleKeyDeletion`, in the key's policy.

        Raises `DependencyTimeoutException`, `InvalidArnException`, `KMSInternalException`,
        `KMSInvalidStateException`, `NotFoundException`.
        """
        with loading:
            from ..operations.keys import SCHEDULE_KEY_DELETION

        return self._call(
            SCHEDULE_KEY_DELETION, timeout, key_id=key_id, pending_window_in_days=pending_window_in_days
        )

    @operation
    def cancel_key_deletion(
        self, key_id: str, *, timeout: float | timedelta | None = None
    ) -> Invocation[models.CancelKeyDeletionResponse]:
        """Cancel the scheduled deletion of a key. It is disabled then: `enable_key` lets it be used again.

        `key_id` is a key id or a key ARN of this account and region. A call whose answer is lost is not sent
        again: the second would find the key in the wrong state. Look with `describe_key`.

        Permission: `kms:CancelKeyDeletion`, in the key's policy.

        Raises `DependencyTimeoutException`, `InvalidArnException`, `KMSInternalException`,
        `KMSInvalidStateException`, `NotFoundException`.
        """
        with loading:
            from ..operations.keys import CANCEL_KEY_DELETION

        return self._call(CANCEL_KEY_DELETION, timeout, key_id=key_id)

    @operation
    def wait_until_key_state(
        self, key_id: str, state: models.KeyStateLike, *, timeout: float | timedelta = 300.0
    ) -> Invocation[models.KeyMetadata]:
        """Wait until a key is in a state, and return its metadata.

        It calls `describe_key` at once and then with pauses from 1 to 16 s, for `timeout` (seconds or a timedelta)
        in all. Raises `StateError` if the state cannot come, as for a key whose deletion is scheduled,
        `TimeoutError`, and what `describe_key` raises.
        """
        with loading:
            from ..waiting import key_state, validated_wait

        seconds = validated_wait(timeout)
        return Invocation(key_state(self._state, key_id, state, seconds), seconds)

    @operation
    def wait_until_enabled(
        self, key_id: str, *, timeout: float | timedelta = 300.0
    ) -> Invocation[models.KeyMetadata]:
        """Wait until a key is enabled, as `wait_until_key_state` does."""
        with loading:
            from ..waiting import key_state, validated_wait

        seconds = validated_wait(timeout)
        return Invocation(key_state(self._state, key_id, "Enabled", seconds), seconds)

    @operation
    def wait_until_deleted(self, key_id: str, *, timeout: float | timedelta) -> Invocation[None]:
        """Wait until a key is deleted.

        Deletion comes 7 to 30 days after it was scheduled, and sometimes some hours later: so `timeout` (seconds
        or a timedelta) has no default. Raises `StateError` at once for a key whose deletion is not scheduled, and
        `NotFoundException` for one that does not exist at first, since a mistyped id, or a key of another region,
        looks the same. Otherwise as `wait_until_key_state`.
        """
        with loading:
            from ..waiting import key_deleted, validated_wait

        seconds = validated_wait(timeout)
        return Invocation(key_deleted(self._state, key_id, seconds), seconds)


def _arn_of(flow: Flow[models.DescribeKeyResponse]) -> Flow[str]:
    described = yield from flow
    return described.key_metadata.arn
