"""The methods for grants."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import overload

from .. import models
from ..loading import loading
from .binding import Async, Awaited, Invocation, Methods, Pages, Sync, listing, operation, overloaded


class GrantMethods(Methods):
    """Grants: permissions for a key that are added and removed without a change to its policy."""

    @operation
    def create_grant(
        self,
        key_id: str,
        *,
        operations: Collection[models.GrantOperationLike],
        grantee_principal: str | None = None,
        grantee_service_principal: str | None = None,
        retiring_principal: str | None = None,
        retiring_service_principal: str | None = None,
        constraints: models.GrantConstraintsLike | None = None,
        grant_tokens: Collection[str] | None = None,
        name: str | None = None,
        dry_run: bool | None = None,
        timeout: float | timedelta | None = None,
    ) -> Invocation[models.CreateGrantResponse]:
        """Create a grant: allow a principal, or an AWS service, some operations with a key.

        `key_id` is a key id or a key ARN, the ARN for a key of another account. The operations must fit the key.
        The grantee is either `grantee_principal`, an ARN, or `grantee_service_principal`, as in
        "backup.amazonaws.com", which needs a `source_arn` among the `constraints`, and a principal that can retire
        the grant: `retiring_principal` or `retiring_service_principal`, not both. `constraints` are
        `GrantConstraints` or a mapping with the same names, or those of the API (`EncryptionContextSubset`).

        With a `name` (256 characters of a-z, A-Z, 0-9 and ":/_-") a repeated request returns the same grant;
        without one it creates another, so a call whose answer is lost is sent again only with a name. Until all of
        KMS knows the grant, some minutes at most, it applies to callers who pass its `grant_token`, which is a
        secret. `grant_tokens` are those that this call itself needs. With `dry_run`, a call that would succeed
        raises `DryRunOperationException` and does nothing.

        Permission: `kms:CreateGrant`, in the key's policy or in a grant.

        Raises `DependencyTimeoutException`, `DisabledException`, `DryRunOperationException`,
        `InvalidArnException`, `InvalidGrantTokenException`, `KMSInternalException`, `KMSInvalidStateException`,
        `LimitExceededException`, `NotFoundException`.
        """
        with loading:
            from ..operations.grants import CREATE_GRANT

        return self._call(
            CREATE_GRANT,
            timeout,
            key_id=key_id,
            operations=operations,
            grantee_principal=grantee_principal,
            grantee_service_principal=grantee_service_principal,
            retiring_principal=retiring_principal,
            retiring_service_principal=retiring_service_principal,
            constraints=constraints,
            grant_tokens=grant_tokens,
            name=name,
            dry_run=dry_run,
        )

    @overload
    def retire_grant(
        self: Sync,
        *,
        grant_token: str,
        key_id: None = None,
        grant_id: None = None,
        dry_run: bool | None = None,
        timeout: float | timedelta | None = None,
    ) -> models.KMSResponse: ...

    @overload
    def retire_grant(
        self: Async,
        *,
        grant_token: str,
        key_id: None = None,
        grant_id: None = None,
        dry_run: bool | None = None,
        timeout: float | timedelta | None = None,
    ) -> Awaited[models.KMSResponse]: ...

    @overload
    def retire_grant(
        self: Sync,
        *,
        grant_token: None = None,
        key_id: str,
        grant_id: str,
        dry_run: bool | None = None,
        timeout: float | timedelta | None = None,
    ) -> models.KMSResponse: ...

    @overload
    def retire_grant(
        self: Async,
        *,
        grant_token: None = None,
        key_id: str,
        grant_id: str,
        dry_run: bool | None = None,
        timeout: float | timedelta | None = None,
    ) -> Awaited[models.KMSResponse]: ...

    @overloaded
    def retire_grant(
        self,
        *,
        grant_token: str | None = None,
        key_id: str | None = None,
        grant_id: str | None = None,
        dry_run: bool | None = None,
        timeout: float | timedelta | None = None,
    ) -> Invocation[models.KMSResponse]:
        """Retire a grant that is no longer needed, as its grantee or its retiring principal.

        Pass either its `grant_token`, or its `grant_id` and the ARN of its key as `key_id`. It may still apply for
        some minutes. With `dry_run`, a call that would succeed raises `DryRunOperationException` and does nothing.
        A call whose answer is lost is not sent again: the second would find no such grant.

        Permission: the grant itself allows it, to its retiring principal, and to its grantee if it permits
        RetireGrant; so does `kms:RetireGrant` for principals of the key's account.

        Raises `DependencyTimeoutException`, `DryRunOperationException`, `InvalidArnException`,
        `InvalidGrantIdException`, `InvalidGrantTokenException`, `KMSInternalException`,
        `KMSInvalidStateException`, `NotFoundException`.
        """
        with loading:
            from ..operations.grants import RETIRE_GRANT

        return self._call(
            RETIRE_GRANT, timeout, grant_token=grant_token, key_id=key_id, grant_id=grant_id, dry_run=dry_run
        )

    @operation
    def revoke_grant(
        self, key_id: str, grant_id: str, *, dry_run: bool | None = None, timeout: float | timedelta | None = None
    ) -> Invocation[models.KMSResponse]:
        """Revoke a grant: what it alone permitted is denied, within some minutes.

        `key_id` is a key id or a key ARN, the ARN for a key of another account. With `dry_run`, a call that would
        succeed raises `DryRunOperationException` and does nothing. A call whose answer is lost is not sent again:
        the second would find no such grant.

        Permission: `kms:RevokeGrant`, in the key's policy.

        Raises `DependencyTimeoutException`, `DryRunOperationException`, `InvalidArnException`,
        `InvalidGrantIdException`, `KMSInternalException`, `KMSInvalidStateException`, `NotFoundException`.
        """
        with loading:
            from ..operations.grants import REVOKE_GRANT

        return self._call(REVOKE_GRANT, timeout, key_id=key_id, grant_id=grant_id, dry_run=dry_run)

    @operation
    def list_grants(
        self,
        key_id: str,
        *,
        grant_id: str | None = None,
        grantee_principal: str | None = None,
        grantee_service_principal: str | None = None,
        limit: int | None = None,
        marker: str | None = None,
        timeout: float | timedelta | None = None,
    ) -> Invocation[models.ListGrantsResponse]:
        """Return a page of a key's grants: all of them, or the one with an id, or those of one grantee.

        `key_id` is a key id or a key ARN, the ARN for a key of another account. Only AWS services can use
        `grantee_service_principal`. `limit` bounds the page: KMS takes 1 to 100, and returns 50 if it is None. If
        the page is `truncated`, its `next_marker` is the `marker` of the next.

        Permission: `kms:ListGrants`, in the key's policy.

        Raises `DependencyTimeoutException`, `InvalidArnException`, `InvalidGrantIdException`,
        `InvalidMarkerException`, `KMSInternalException`, `KMSInvalidStateException`, `NotFoundException`.
        """
        with loading:
            from ..operations.grants import LIST_GRANTS

        return self._call(
            LIST_GRANTS,
            timeout,
            key_id=key_id,
            grant_id=grant_id,
            grantee_principal=grantee_principal,
            grantee_service_principal=grantee_service_principal,
            limit=limit,
            marker=marker,
        )

    @listing
    def iter_list_grants(
        self,
        key_id: str,
        *,
        grant_id: str | None = None,
        grantee_principal: str | None = None,
        grantee_service_principal: str | None = None,
        page_size: int | None = None,
        max_items: int | None = None,
        marker: str | None = None,
        timeout: float | timedelta | None = None,
    ) -> Pages[models.GrantListEntry]:
        """Return an iterator over all that `list_grants` lists, page by page.

        `page_size` bounds the items of a page, as `limit` of `list_grants` does, and `max_items` the items of the
        iterator, which asks for no more pages than it needs. `timeout` is for each page. `marker` is where to
        begin: the `marker` of an iterator that was not used up, which leads to the page in hand.
        """
        with loading:
            from ..operations.grants import LIST_GRANTS

        return self._pages(
            LIST_GRANTS,
            timeout,
            key_id=key_id,
            grant_id=grant_id,
            grantee_principal=grantee_principal,
            grantee_service_principal=grantee_service_principal,
            page_size=page_size,
            max_items=max_items,
            marker=marker,
        )

    @operation
    def list_retirable_grants(
        self,
        *,
        retiring_principal: str | None = None,
        retiring_service_principal: str | None = None,
        limit: int | None = None,
        marker: str | None = None,
        timeout: float | timedelta | None = None,
    ) -> Invocation[models.ListGrantsResponse]:
        """Return a page of the grants of this region that a principal of this account may retire.

        `retiring_principal` is an ARN; only AWS services can use `retiring_service_principal`. Grants for keys of
        other accounts are included. `limit` bounds the page: KMS takes 1 to 100, and returns 50 if it is None. If
        the page is `truncated`, its `next_marker` is the `marker` of the next.

        Permission: `kms:ListRetirableGrants`, in an IAM policy.

        Raises `DependencyTimeoutException`, `InvalidArnException`, `InvalidMarkerException`,
        `KMSInternalException`, `NotFoundException`.
        """
        with loading:
            from ..operations.grants import LIST_RETIRABLE_GRANTS

        return self._call(
            LIST_RETIRABLE_GRANTS,
            timeout,
            retiring_principal=retiring_principal,
            retiring_service_principal=retiring_service_principal,
            limit=limit,
            marker=marker,
        )

    @listing
    def iter_list_retirable_grants(
        self,
        *,
        retiring_principal: str | None = None,
        retiring_service_principal: str | None = None,
        page_size: int | None = None,
        max_items: int | None = None,
        marker: str | None = None,
        timeout: float | timedelta | None = None,
    ) -> Pages[models.GrantListEntry]:
        """Return an iterator over all that `list_retirable_grants` lists, page by page.

        `page_size` bounds the items of a page, as `limit` of `list_retirable_grants` does, and `max_items` the
        items of the iterator, which then asks for no further page. `timeout` is for each page. `marker` is where
        to begin: the `marker` of an iterator that was not used up, which leads to the page in hand.
        """
        with loading:
            from ..operations.grants import LIST_RETIRABLE_GRANTS

        return self._pages(
            LIST_RETIRABLE_GRANTS,
            timeout,
            retiring_principal=retiring_principal,
            retiring_service_principal=retiring_service_principal,
            page_size=page_size,
            max_items=max_items,
            marker=marker,
        )
