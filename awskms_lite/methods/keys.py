"""The methods about keys and their lives."""

from __future__ import annotations

from collections.abc import Sequence

from .. import models
from ..loading import loading
from .binding import Invocation, Methods, Pages, listing, operation


class KeyMethods(Methods):
    """Keys: make, describe, list, enable, disable and delete them, and wait for what they become."""

    @operation
    def create_key(
        self,
        *,
        key_spec: models.KeySpec | str | None = None,
        key_usage: models.KeyUsageType | str | None = None,
        description: str | None = None,
        policy: str | None = None,
        bypass_policy_lockout_safety_check: bool | None = None,
        tags: Sequence[models.Tag] | None = None,
        multi_region: bool | None = None,
        origin: models.OriginType | str | None = None,
        custom_key_store_id: str | None = None,
        xks_key_id: str | None = None,
        customer_master_key_spec: models.CustomerMasterKeySpec | str | None = None,
        timeout: float | None = None,
    ) -> Invocation[models.CreateKeyResponse]:
        """Make a key in this account and region; without arguments, a symmetric one for encryption.

        Any other `key_spec` needs a `key_usage`. Neither of them, nor `origin` or `multi_region`, can be changed
        later. With the `origin` EXTERNAL the key waits for material to be imported; with AWS_CLOUDHSM or
        EXTERNAL_KEY_STORE it takes a `custom_key_store_id`, and the latter an `xks_key_id` too.
        `description` (up to 8192 characters) and `tags` show in logs. `policy` is a JSON document; without one
        the account decides by its IAM policies. KMS refuses one that would keep the caller from changing it
        again, unless `bypass_policy_lockout_safety_check` is true: a key so locked needs AWS Support.
        `customer_master_key_spec` is the older name of `key_spec`: pass one of the two at most.

        A call whose answer is lost is not sent again: the second would make another key. The error says
        `outcome_unknown` then, and `list_keys` what there is.

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
        self, key_id: str, *, grant_tokens: Sequence[str] | None = None, timeout: float | None = None
    ) -> Invocation[models.DescribeKeyResponse]:
        """Tell what a key is: its state, spec, usage, origin, dates and algorithms.

        `key_id` is a key id, a key ARN, an alias or an alias's ARN; for a key of another account it must be an
        ARN. Do not ask for one of AWS's own aliases (alias/aws/...) that has no key yet: KMS creates the key
        then. `grant_tokens` make a new grant count before all of KMS knows it.

        Permission: `kms:DescribeKey`, in the key's policy.

        Raises `DependencyTimeoutException`, `InvalidArnException`, `KMSInternalException`,
        `NotFoundException`.
        """
        with loading:
            from ..operations.keys import DESCRIBE_KEY

        return self._call(DESCRIBE_KEY, timeout, key_id=key_id, grant_tokens=grant_tokens)

    @operation
    def list_keys(
        self,
        *,
        resource_owners: Sequence[models.ResourceOwnerType | str] | None = None,
        limit: int | None = None,
        marker: str | None = None,
        timeout: float | None = None,
    ) -> Invocation[models.ListKeysResponse]:
        """Give a page of the keys of this account and region, AWS's own among them.

        `resource_owners` says whose keys: SELF where it is None; with OTHER_ACCOUNTS_VIA_RAM those that other
        accounts share with this one, whose ARNs name their owners. `limit` bounds the page: KMS takes 1 to
        1000, and gives 100 where it is None. Where the page is `truncated`, its `next_marker` is the `marker`
        of the next, for the same `resource_owners`.

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
        resource_owners: Sequence[models.ResourceOwnerType | str] | None = None,
        limit: int | None = None,
        marker: str | None = None,
        timeout: float | None = None,
    ) -> Pages[models.KeyListEntry]:
        """Go through all that `list_keys` lists, page by page as they are needed.

        `limit` and `timeout` are for each page. `marker` is where to begin: that of a listing which was left, and
        which begins with the page in hand.
        """
        with loading:
            from ..operations.keys import LIST_KEYS

        return self._pages(LIST_KEYS, timeout, resource_owners=resource_owners, limit=limit, marker=marker)

    @operation
    def update_key_description(
        self, key_id: str, description: str, *, timeout: float | None = None
    ) -> Invocation[models.KMSResponse]:
        """Describe a customer managed key in other words: 0 to 8192 characters, no place for secrets.

        `key_id` is a key id or a key ARN of this account and region.

        Permission: `kms:UpdateKeyDescription`, in the key's policy.

        Raises `DependencyTimeoutException`, `InvalidArnException`, `KMSInternalException`,
        `KMSInvalidStateException`, `NotFoundException`.
        """
        with loading:
            from ..operations.keys import UPDATE_KEY_DESCRIPTION

        return self._call(UPDATE_KEY_DESCRIPTION, timeout, key_id=key_id, description=description)

    @operation
    def enable_key(self, key_id: str, *, timeout: float | None = None) -> Invocation[models.KMSResponse]:
        """Let a disabled key be used again; nothing happens to one that is enabled.

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
    def disable_key(self, key_id: str, *, timeout: float | None = None) -> Invocation[models.KMSResponse]:
        """Let a key not be used for cryptography until it is enabled; nothing is lost by that.

        It is the way to find out whether a key is still needed before its deletion is scheduled: who asks for
        it gets a `DisabledException`, which CloudTrail records. `key_id` is a key id or a key ARN of this
        account and region. KMS may take some minutes until the change is known everywhere.

        Permission: `kms:DisableKey`, in the key's policy.

        Raises `DependencyTimeoutException`, `InvalidArnException`, `KMSInternalException`,
        `KMSInvalidStateException`, `NotFoundException`.
        """
        with loading:
            from ..operations.keys import DISABLE_KEY

        return self._call(DISABLE_KEY, timeout, key_id=key_id)

    @operation
    def schedule_key_deletion(
        self, key_id: str, *, pending_window_in_days: int | None = None, timeout: float | None = None
    ) -> Invocation[models.ScheduleKeyDeletionResponse]:
        """Have a key deleted after 7 to 30 days, 30 where `pending_window_in_days` is None.

        Until then it cannot be used, and `cancel_key_deletion` keeps it. Afterwards all that was encrypted
        under it is lost, and its aliases are gone; only a replica of a multi-Region key, and an asymmetric or
        HMAC key with imported material, can be made anew. The days of a multi-Region primary begin when the
        last of its replicas is deleted. `key_id` is a key id or a key ARN of this account and region.

        A call whose answer is lost is not sent again: the second would find the key in the wrong state.
        `describe_key` tells then.

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
        self, key_id: str, *, timeout: float | None = None
    ) -> Invocation[models.CancelKeyDeletionResponse]:
        """Keep a key whose deletion is scheduled. It is disabled then: `enable_key` lets it be used again.

        `key_id` is a key id or a key ARN of this account and region. A call whose answer is lost is not sent
        again: the second would find the key in the wrong state. `describe_key` tells then.

        Permission: `kms:CancelKeyDeletion`, in the key's policy.

        Raises `DependencyTimeoutException`, `InvalidArnException`, `KMSInternalException`,
        `KMSInvalidStateException`, `NotFoundException`.
        """
        with loading:
            from ..operations.keys import CANCEL_KEY_DELETION

        return self._call(CANCEL_KEY_DELETION, timeout, key_id=key_id)

    @operation
    def wait_until_key_state(
        self, key_id: str, state: models.KeyState | str, *, timeout: float = 300.0
    ) -> Invocation[models.KeyMetadata]:
        """Wait until a key is in a state, and give what KMS tells of it then.

        It is asked for by `describe_key`, at once, after a second, then ever more rarely, for `timeout`
        seconds in all. Raises `StateError` where the state cannot come, as for a key whose deletion is
        scheduled, `TimeoutError`, and what `describe_key` raises.
        """
        with loading:
            from ..waiting import key_state

        return Invocation(key_state(self._state, key_id, state, timeout), timeout)

    @operation
    def wait_until_enabled(self, key_id: str, *, timeout: float = 300.0) -> Invocation[models.KeyMetadata]:
        """Wait until a key is enabled, as `wait_until_key_state` does."""
        with loading:
            from ..waiting import key_state

        return Invocation(key_state(self._state, key_id, "Enabled", timeout), timeout)

    @operation
    def wait_until_deleted(self, key_id: str, *, timeout: float) -> Invocation[None]:
        """Wait until there is no such key any more.

        Deletion comes 7 to 30 days after it was scheduled, and some hours later at times: so `timeout`
        (seconds) has no default. A key whose deletion is not scheduled is a `StateError` at once, and one that
        is not there to begin with a `NotFoundException`: so would be a mistaken id, or a key of another region.
        Else as `wait_until_key_state`.
        """
        with loading:
            from ..waiting import key_deleted

        return Invocation(key_deleted(self._state, key_id, timeout), timeout)
