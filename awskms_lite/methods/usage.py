"""The method for the use of keys."""

from __future__ import annotations

from datetime import timedelta

from .. import models
from ..loading import loading
from .binding import Invocation, Methods, operation


class UsageMethods(Methods):
    """When a key was last used."""

    @operation
    def get_key_last_usage(
        self, key_id: str, *, timeout: float | timedelta | None = None
    ) -> Invocation[models.GetKeyLastUsageResponse]:
        """Return when and how a key was last used for a successful cryptographic operation.

        `key_id` is a key id or a key ARN of this client's region; aliases are refused, and so are keys of other
        accounts. A use can take up to an hour to show, and the answer alone is no reason to delete a key: see
        `UsageVerdict`. KMS allows 5 such calls a second for an account and region.

        Permission: `kms:GetKeyLastUsage`, in the key's policy.

        Raises `DependencyTimeoutException`, `InvalidArnException`, `KMSInternalException`,
        `NotFoundException`.
        """
        with loading:
            from ..operations.usage import GET_KEY_LAST_USAGE

        return self._call(GET_KEY_LAST_USAGE, timeout, key_id=key_id)
