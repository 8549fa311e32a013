"""The accounts of an organization, as targets: AWS Organizations' ListAccounts, and a role in each account.

Source: ListAccounts and Account in the AWS Organizations API reference. Names and e-mail addresses of accounts are
personal data: the names go into reports, and neither goes into a log.
"""

import re
from collections.abc import Iterable
from typing import Annotated

from attrs import field, frozen

from ..endpoints import partition_of
from ..errors import ConfigurationError, ParameterError, ProtocolError
from ..methods.binding import Methods, Pages, listing
from ..models.members import KMSResponse
from ..models.requests import Bounds, KMSRequest
from ..operations import ORGANIZATIONS, Operation, PageMembers

_ROLE_NAME = re.compile(r"(?!arn:)/?(?:[!-.0-~]+/)*[A-Za-z0-9_+=,.@-]{1,64}")
_ACCOUNT_ID = re.compile(r"[0-9]{12}")
_UNUSABLE = ("SUSPENDED", "CLOSED", "PENDING_ACTIVATION")
"""The states of accounts in which nothing can be called; Organizations lists closed ones for 90 days."""


@frozen(kw_only=True)
class Account:
    """An account of an organization; `status` is what was told before there was a `state`, and may be missing."""

    id: str | None = None
    name: str | None = field(default=None, repr=False)
    state: str | None = None
    status: str | None = None


@frozen(kw_only=True)
class ListAccountsRequest(KMSRequest):
    """A page of accounts."""

    max_results: Annotated[int, Bounds(1, 20)] | None = None
    next_token: str | None = None


@frozen(kw_only=True)
class ListAccountsResponse(KMSResponse):
    """A page of accounts, which may be empty; without a `next_token` it is the last one."""

    accounts: tuple[Account, ...] = ()
    next_token: str | None = None


LIST_ACCOUNTS = Operation(
    name="ListAccounts",
    request=ListAccountsRequest,
    response=ListAccountsResponse,
    idempotent=True,
    items="accounts",
    service=ORGANIZATIONS,
    pages=PageMembers("max_results", "next_token", "next_token", truncated=None, largest=20, longest=100_000),
)


class AccountMethods(Methods):
    """The accounts of the caller's organization."""

    @listing
    def iter_list_accounts(self) -> "Pages[Account]":  # a text, as `binding` reads it
        """Return an iterator over all accounts; the caller must be of the management account, or a delegate."""
        return self._pages(LIST_ACCOUNTS, None, page_size=None, max_items=None)


@frozen(kw_only=True)
class SkippedAccount:
    """An account of an organization that cannot be audited, and the state it is in: "SUSPENDED" for example."""

    account_id: str
    state: str
    name: str | None = field(default=None, repr=False)


@frozen(kw_only=True)
class OrganizationAccounts:
    """The accounts to audit: by a role each, and the caller's own one without; the others are skipped.

    `names` has the name of each account, by its id.
    """

    role_arns: tuple[str, ...]
    has_own: bool
    skipped: tuple[SkippedAccount, ...]
    names: dict[str, str] = field(hash=False, repr=False)


def check_role_name(role_name: str) -> None:
    """Raise `ParameterError` for what cannot be the name of a role, with or without its path."""
    if not isinstance(role_name, str) or not _ROLE_NAME.fullmatch(role_name):
        raise ParameterError(
            f"{role_name!r:.200} is not the name of a role: pass the name that it has in every account, as in "
            "'Audit', with its path if it has one, as in 'security/Audit'."
        )


def choose_accounts(
    accounts: Iterable[Account], role_name: str, *, region: str, own_id: str
) -> OrganizationAccounts:
    """Return which accounts to audit, and how; `region` is one of their partition, `own_id` the caller's account.

    An account in a state that is not known is tried. Raise `ConfigurationError` if none can be audited.
    """
    partition = partition_of(region).name
    usable: list[str] = []
    skipped: list[SkippedAccount] = []
    names: dict[str, str] = {}
    for account in accounts:
        account_id, state = _validated_id(account), account.state or account.status
        names[account_id] = account.name or ""
        if state in _UNUSABLE:
            skipped.append(SkippedAccount(account_id=account_id, state=state, name=account.name))
        else:
            usable.append(account_id)
    if not usable:
        raise ConfigurationError("The organization has no account that can be audited: name the roles instead.")
    role = role_name.removeprefix("/")
    return OrganizationAccounts(
        role_arns=tuple(f"arn:{partition}:iam::{each}:role/{role}" for each in usable if each != own_id),
        has_own=own_id in usable,
        skipped=tuple(skipped),
        names={account_id: name for account_id, name in names.items() if name},
    )


def _validated_id(account: Account) -> str:
    if account.id is None or not _ACCOUNT_ID.fullmatch(account.id):
        raise ProtocolError("Organizations lists an account without an id of 12 digits: check the endpoint.")
    return account.id
