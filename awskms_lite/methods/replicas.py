"""The methods for replicas of multi-Region keys."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from .. import models
from ..loading import loading
from .binding import Invocation, Methods, operation


class ReplicaMethods(Methods):
    """Multi-Region keys: replicate them, change their primary, and wait for a replica."""

    @operation
    def replicate_key(
        self,
        key_id: str,
        replica_region: str,
        *,
        description: str | None = None,
        policy: str | Mapping[str, Any] | None = None,
        bypass_policy_lockout_safety_check: bool | None = None,
        tags: models.TagsLike | None = None,
        timeout: float | timedelta | None = None,
    ) -> Invocation[models.ReplicateKeyResponse]:
        """Create a replica of a multi-Region primary key in another region of its partition.

        `key_id` is the id or the ARN of the primary, in this client's region. The replica has the same id,
        material, spec, usage and rotation; `description`, `policy` and `tags` are its own, as in `create_key`. It
        is Creating for some seconds: `wait_until_replica_ready`, of a client of `replica_region`, waits for it.
        Imported material has to be imported into the replica too.

        A call whose answer is lost is not sent again: the second would find the replica of the first.

        Permission: `kms:ReplicateKey`, in the primary's policy; `kms:CreateKey`, and `kms:TagResource` for
        `tags`, in an IAM policy that holds in `replica_region`.

        Raises `AlreadyExistsException`, `DisabledException`, `InvalidArnException`, `KMSInternalException`,
        `KMSInvalidStateException`, `LimitExceededException`, `MalformedPolicyDocumentException`,
        `NotFoundException`, `TagException`, `UnsupportedOperationException`.
        """
        with loading:
            from ..operations.replicas import REPLICATE_KEY

        return self._call(
            REPLICATE_KEY,
            timeout,
            key_id=key_id,
            replica_region=replica_region,
            description=description,
            policy=policy,
            bypass_policy_lockout_safety_check=bypass_policy_lockout_safety_check,
            tags=tags,
        )

    @operation
    def update_primary_region(
        self, key_id: str, primary_region: str, *, timeout: float | timedelta | None = None
    ) -> Invocation[models.KMSResponse]:
        """Make the replica in another region the primary of a multi-Region key, and the primary a replica.

        `key_id` is the id or the ARN of the current primary, in this client's region; `primary_region` must have a
        replica already. Both keys are Updating for some seconds, in which they can be used but neither enabled nor
        disabled.

        A call whose answer is lost is not sent again: the second would find that the key is no primary.
        Look with `describe_key`.

        Permission: `kms:UpdatePrimaryRegion`, in the policies of both keys.

        Raises `DisabledException`, `InvalidArnException`, `KMSInternalException`, `KMSInvalidStateException`,
        `NotFoundException`, `UnsupportedOperationException`.
        """
        with loading:
            from ..operations.replicas import UPDATE_PRIMARY_REGION

        return self._call(UPDATE_PRIMARY_REGION, timeout, key_id=key_id, primary_region=primary_region)

    @operation
    def wait_until_replica_ready(
        self, key_id: str, *, timeout: float | timedelta = 300.0
    ) -> Invocation[models.KeyMetadata]:
        """Wait until a new replica of a multi-Region key is ready, and return its metadata.

        The client's region must be the replica's. As `wait_until_key_state`, but a key that is not found may still
        come; it is Enabled then, or PendingImport if its material has to be imported.
        """
        with loading:
            from ..waiting import replica_ready, validated_wait

        seconds = validated_wait(timeout)
        return Invocation(replica_ready(self._state, key_id, seconds), seconds)
