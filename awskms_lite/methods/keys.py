"""The methods about keys and their lives."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import Methods

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..models.keys import DescribeKeyResponse, KeyMetadata, KeyState


class KeyMethods(Methods):
    """What keys are, and waiting for what they become."""

    def describe_key(
        self, key_id: str, *, grant_tokens: Sequence[str] | None = None, timeout: float | None = None
    ) -> DescribeKeyResponse:
        """Tell what a key is: its state, spec, usage, origin, dates and algorithms.

        `key_id` is a key id, a key ARN, an alias or an alias's ARN; for a key of another account it must be an
        ARN. Do not ask for one of AWS's own aliases (alias/aws/...) that has no key yet: KMS creates the key
        then. `grant_tokens` make a new grant count before all of KMS knows it.

        Permission: `kms:DescribeKey`, in the key's policy.

        Raises `DependencyTimeoutException`, `InvalidArnException`, `KMSInternalException`,
        `NotFoundException`.
        """
        from ..operations.keys import DESCRIBE_KEY

        return self._call(DESCRIBE_KEY, timeout, key_id=key_id, grant_tokens=grant_tokens)

    def wait_until_key_state(self, key_id: str, state: KeyState | str, *, timeout: float = 300.0) -> KeyMetadata:
        """Wait until a key is in a state, and give what KMS tells of it then.

        It is asked for by `describe_key`, at first after a second, then ever more rarely, for `timeout`
        seconds in all. Raises `StateError` where the state cannot come, as for a key whose deletion is
        scheduled, `TimeoutError`, and what `describe_key` raises.
        """
        from ..waiting import key_state

        return self._run(key_state(self._session, key_id, state, timeout), timeout)

    def wait_until_enabled(self, key_id: str, *, timeout: float = 300.0) -> KeyMetadata:
        """Wait until a key is enabled, as `wait_until_key_state` does."""
        return self.wait_until_key_state(key_id, "Enabled", timeout=timeout)

    def wait_until_replica_ready(self, key_id: str, *, timeout: float = 300.0) -> KeyMetadata:
        """Wait until a new replica of a multi-Region key is enabled; this client's region is the replica's.

        As `wait_until_key_state`, but a key that is not found may still come.
        """
        from ..waiting import replica_ready

        return self._run(replica_ready(self._session, key_id, timeout), timeout)

    def wait_until_deleted(self, key_id: str, *, timeout: float) -> None:
        """Wait until there is no such key any more.

        Deletion comes 7 to 30 days after it was scheduled, and some hours later at times: so `timeout`
        (seconds) has no default. A key whose deletion is not scheduled is a `StateError` at once; else as
        `wait_until_key_state`.
        """
        from ..waiting import key_deleted

        self._run(key_deleted(self._session, key_id, timeout), timeout)
