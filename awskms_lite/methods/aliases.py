"""The methods for aliases."""

from __future__ import annotations

from datetime import timedelta

from .. import models
from ..loading import loading
from .binding import Invocation, Methods, Pages, listing, operation


class AliasMethods(Methods):
    """Friendly names for keys: create, update, delete and list them."""

    @operation
    def create_alias(
        self, alias_name: str, target_key_id: str, *, timeout: float | timedelta | None = None
    ) -> Invocation[models.KMSResponse]:
        """Create an alias, a friendly name, for a key; a key can have several.

        `alias_name` is "alias/" and up to 250 letters, digits, "/", "_" and "-"; names that begin with
        "alias/aws/" are AWS's own. `target_key_id` is the id or the ARN of a customer managed key of this account
        and region. KMS may take some minutes until the alias is known everywhere. A call whose answer is lost is
        not sent again: the second would find the alias of the first.

        Permission: `kms:CreateAlias`, on the alias (IAM policy) and on the key (its own policy).

        Raises `AlreadyExistsException`, `DependencyTimeoutException`, `InvalidAliasNameException`,
        `KMSInternalException`, `KMSInvalidStateException`, `LimitExceededException`, `NotFoundException`.
        """
        with loading:
            from ..operations.aliases import CREATE_ALIAS

        return self._call(CREATE_ALIAS, timeout, alias_name=alias_name, target_key_id=target_key_id)

    @operation
    def update_alias(
        self, alias_name: str, target_key_id: str, *, timeout: float | timedelta | None = None
    ) -> Invocation[models.KMSResponse]:
        """Associate an alias with another key.

        `target_key_id` is the id or the ARN of the new key. It must have the same account, region, type
        (symmetric, asymmetric or HMAC) and key usage as the old one. What was encrypted with this alias under the
        old key still needs the old key. KMS may take some minutes until the change is known everywhere.

        Permission: `kms:UpdateAlias`, on the alias (IAM policy) and on both keys (their own policies).

        Raises `DependencyTimeoutException`, `KMSInternalException`, `KMSInvalidStateException`,
        `LimitExceededException`, `NotFoundException`.
        """
        with loading:
            from ..operations.aliases import UPDATE_ALIAS

        return self._call(UPDATE_ALIAS, timeout, alias_name=alias_name, target_key_id=target_key_id)

    @operation
    def delete_alias(
        self, alias_name: str, *, timeout: float | timedelta | None = None
    ) -> Invocation[models.KMSResponse]:
        """Delete an alias; its key stays as it is, and what was encrypted with it can still be decrypted.

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
        timeout: float | timedelta | None = None,
    ) -> Invocation[models.ListAliasesResponse]:
        """Return a page of the aliases of this account and region, or of those of one key.

        `key_id` is a key id or a key ARN. `limit` bounds the page: KMS takes 1 to 100, and returns 50 if it is
        None. If the page is `truncated`, its `next_marker` is the `marker` of the next. AWS's own aliases are
        among them; one without a `target_key_id` has no key yet.

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
        page_size: int | None = None,
        max_items: int | None = None,
        marker: str | None = None,
        timeout: float | timedelta | None = None,
    ) -> Pages[models.AliasListEntry]:
        """Return an iterator over all that `list_aliases` lists, page by page.

        `page_size` bounds the items of a page, as `limit` of `list_aliases` does, and `max_items` the items of the
        iterator, which asks for no more pages than it needs. `timeout` is for each page. `marker` is where to
        begin: the `marker` of an iterator that was not used up, which leads to the page in hand.
        """
        with loading:
            from ..operations.aliases import LIST_ALIASES

        return self._pages(
            LIST_ALIASES, timeout, key_id=key_id, page_size=page_size, max_items=max_items, marker=marker
        )
