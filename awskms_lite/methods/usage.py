"""The methods about the use of keys."""

from __future__ import annotations

from .. import models
from ..loading import loading
from .binding import Invocation, Methods, operation


class UsageMethods(Methods):
    """When a key was last used."""

    @operation
    def get_key_last_usage(
        self, key_id: str, *, timeout: float | None = None
    ) -> Invocation[models.GetKeyLastUsageResponse]:
        """Ask when and how a key was last used for a successful cryptographic operation.

        `key_id` is a key id or a key ARN of this client's region; aliases are refused, and so are keys of other
        accounts. A use can take up to an hour to show, and the answer alone is no leave to delete a key: see
        `UsageVerdict`. KMS allows 5 such calls a second for an account and region.

        Permission: `kms:GetKeyLastUsage`, in the key's policy.

        Raises `DependencyTimeoutException`, `InvalidArnException`, `KMSInternalException`,
        `NotFoundException`.
        """
        with loading:
            from ..operations.usage import GET_KEY_LAST_USAGE

        return self._call(GET_KEY_LAST_USAGE, timeout, key_id=key_id)
