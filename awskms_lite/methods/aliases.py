"""The methods about aliases."""

from __future__ import annotations

from .. import models
from ..loading import loading
from .binding import Invocation, Methods, Pages, listing, operation


class AliasMethods(Methods):
    """Friendly names for keys: make, move, remove and list them."""

    @operation
    def create_alias(
        self, alias_name: str, target_key_id: str, *, timeout: float | None = None
    ) -> Invocation[models.KMSResponse]:
        """Give a key a friendly name, one more if it has one already.

        `alias_name` is "alias/" and up to 250 letters, digits, "/", "_" and "-"; names that begin with
        "alias/aws/" are AWS's own. `target_key_id` is the id or the ARN of a customer managed key of this
        account and region. KMS may take some minutes until the alias is known everywhere. A call whose answer
        is lost is not sent again: the second would find its own alias in the way.

        Permission: `kms:CreateAlias`, on the alias (IAM policy) and on the key (its own policy).

        Raises `AlreadyExistsException`, `DependencyTimeoutException`, `InvalidAliasNameException`,
        `KMSInternalException`, `KMSInvalidStateException`, `LimitExceededException`, `NotFoundException`.
        """
        with loading:
            from ..operations.aliases import CREATE_ALIAS

        return self._call(CREATE_ALIAS, timeout, alias_name=alias_name, target_key_id=target_key_id)

    @operation
    def update_alias(
        self, alias_name: str, target_key_id: str, *, timeout: float | None = None
    ) -> Invocation[models.KMSResponse]:
        """Let an alias stand for another key.

        The new key (its id or its ARN) and the old one are of the same account and region, of the same kind,
        symmetric, asymmetric or HMAC, and of the same key usage. What was encrypted under the old key by this
        alias still needs the old key. KMS may take some minutes until the change is known everywhere.

        Permission: `kms:UpdateAlias`, on the alias (IAM policy) and on both keys (their own policies).

        Raises `DependencyTimeoutException`, `KMSInternalException`, `KMSInvalidStateException`,
        `LimitExceededException`, `NotFoundException`.
        """
        with loading:
            from ..operations.aliases import UPDATE_ALIAS

        return self._call(UPDATE_ALIAS, timeout, alias_name=alias_name, target_key_id=target_key_id)

    @operation
    def delete_alias(self, alias_name: str, *, timeout: float | None = None) -> Invocation[models.KMSResponse]:
        """Remove an alias; the key behind it, and what it encrypted, stays as it is.

        An alias cannot be renamed: delete it and create another. A call whose answer is lost is not sent
        again: the second would find no such alias.

        Permission: `kms:DeleteAlias`, on the alias (IAM policy) and on the key (its own policy).

        Raises `DependencyTimeoutException`, `KMSInternalException`, `KMSInvalidStateException`,
        `NotFoundException`.
        """
        with loading:
            from ..operations.aliases import DELETE_ALIAS

        return self._call(DELETE_ALIAS, timeout, alias_name=alias_name)

    @operation
    def list_aliases(
        self,
        *,
        key_id: str | None = None,
        limit: int | None = None,
        marker: str | None = None,
        timeout: float | None = None,
    ) -> Invocation[models.ListAliasesResponse]:
        """Give a page of the aliases of this account and region, or of those of one key.

        `key_id` is a key id or a key ARN, no alias. `limit` bounds the page: KMS takes 1 to 100, and gives 50
        where it is None. Where the page is `truncated`, its `next_marker` is the `marker` of the next.
        AWS's own aliases are among them; one without a `target_key_id` has no key yet.

        Permission: `kms:ListAliases`, in an IAM policy.

        Raises `DependencyTimeoutException`, `InvalidArnException`, `InvalidMarkerException`,
        `KMSInternalException`, `NotFoundException`.
        """
        with loading:
            from ..operations.aliases import LIST_ALIASES

        return self._call(LIST_ALIASES, timeout, key_id=key_id, limit=limit, marker=marker)

    @listing
    def iter_list_aliases(
        self,
        *,
        key_id: str | None = None,
        limit: int | None = None,
        marker: str | None = None,
        timeout: float | None = None,
    ) -> Pages[models.AliasListEntry]:
        """Go through all that `list_aliases` lists, page by page as they are needed.

        `limit` and `timeout` are for each page. `marker` is where to begin: that of a listing which was left, and
        which begins with the page in hand.
        """
        with loading:
            from ..operations.aliases import LIST_ALIASES

        return self._pages(LIST_ALIASES, timeout, key_id=key_id, limit=limit, marker=marker)
