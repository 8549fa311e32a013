"""The methods about grants."""

from __future__ import annotations

from collections.abc import Sequence

from .. import models
from ..loading import loading
from .binding import Invocation, Methods, Pages, listing, operation


class GrantMethods(Methods):
    """Permissions for a key that come and go without a change to its policy."""

    @operation
    def create_grant(
        self,
        key_id: str,
        *,
        operations: Sequence[models.GrantOperation | str],
        grantee_principal: str | None = None,
        grantee_service_principal: str | None = None,
        retiring_principal: str | None = None,
        retiring_service_principal: str | None = None,
        constraints: models.GrantConstraints | None = None,
        grant_tokens: Sequence[str] | None = None,
        name: str | None = None,
        dry_run: bool | None = None,
        timeout: float | None = None,
    ) -> Invocation[models.CreateGrantResponse]:
        """Let a principal, or a service of AWS, do some operations with a key.

        `key_id` is a key id or a key ARN, the ARN for a key of another account. The operations must fit the
        key. The grantee is either `grantee_principal`, an ARN, or `grantee_service_principal`, as in
        "backup.amazonaws.com", which needs a `source_arn` among the `constraints`, and somebody to retire the
        grant: `retiring_principal` or `retiring_service_principal`, never both.

        With a `name` (256 characters of a-z, A-Z, 0-9 and ":/_-") a request that was made before gives the
        same grant again; without one it makes another, so a call whose answer is lost is sent again only with
        one. Until all of KMS knows a grant, some minutes at most, it counts for those who pass on its
        `grant_token`, which is to be kept as a secret. `grant_tokens` are those that this very call needs.
        With `dry_run` nothing is done, and `DryRunOperationException` says that it could have been.

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

    @operation
    def retire_grant(
        self,
        *,
        grant_token: str | None = None,
        key_id: str | None = None,
        grant_id: str | None = None,
        dry_run: bool | None = None,
        timeout: float | None = None,
    ) -> Invocation[models.KMSResponse]:
        """End a grant that is needed no more, as the one whom it serves or who was named to retire it.

        Name it by its `grant_token`, or by its `grant_id` and the ARN of its key (`key_id`). It may still count
        for some minutes. With `dry_run` nothing is done, and `DryRunOperationException` says that it could have
        been. A call whose answer is lost is not sent again: the second would find no such grant.

        Permission: the grant gives it, to its retiring principal, and to its grantee where it permits
        RetireGrant; the key's own account may too, and those to whom it leaves that by `kms:RetireGrant`.

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
        self, key_id: str, grant_id: str, *, dry_run: bool | None = None, timeout: float | None = None
    ) -> Invocation[models.KMSResponse]:
        """Take back a grant: what only it permitted is permitted no more, within some minutes.

        `key_id` is a key id or a key ARN, the ARN for a key of another account. With `dry_run` nothing is done,
        and `DryRunOperationException` says that it could have been. A call whose answer is lost is not sent
        again: the second would find no such grant.

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
        timeout: float | None = None,
    ) -> Invocation[models.ListGrantsResponse]:
        """Give a page of a key's grants: all of them, or the one with an id, or those of one grantee.

        `key_id` is a key id or a key ARN, the ARN for a key of another account. Only services of AWS can ask by
        `grantee_service_principal`. `limit` bounds the page: KMS takes 1 to 100, and gives 50 where it is None.
        Where the page is `truncated`, its `next_marker` is the `marker` of the next.

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
        limit: int | None = None,
        marker: str | None = None,
        timeout: float | None = None,
    ) -> Pages[models.GrantListEntry]:
        """Go through all that `list_grants` lists, page by page as they are needed.

        `limit` and `timeout` are for each page. `marker` is where to begin: that of a listing which was left, and
        which begins with the page in hand.
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
            limit=limit,
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
        timeout: float | None = None,
    ) -> Invocation[models.ListGrantsResponse]:
        """Give a page of the grants of this region that a principal of this account was named to retire.

        `retiring_principal` is an ARN; only services of AWS can ask by `retiring_service_principal`. Grants for
        keys of other accounts are among them. `limit` bounds the page: KMS takes 1 to 100, and gives 50 where
        it is None. Where the page is `truncated`, its `next_marker` is the `marker` of the next.

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
        limit: int | None = None,
        marker: str | None = None,
        timeout: float | None = None,
    ) -> Pages[models.GrantListEntry]:
        """Go through all that `list_retirable_grants` lists, page by page as they are needed.

        `limit` and `timeout` are for each page. `marker` is where to begin: that of a listing which was left, and
        which begins with the page in hand.
        """
        with loading:
            from ..operations.grants import LIST_RETIRABLE_GRANTS

        return self._pages(
            LIST_RETIRABLE_GRANTS,
            timeout,
            retiring_principal=retiring_principal,
            retiring_service_principal=retiring_service_principal,
            limit=limit,
            marker=marker,
        )
