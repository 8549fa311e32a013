"""AWS Organizations as a service: ListAccounts, for the organization of one management account.

Source: ListAccounts and Account in the AWS Organizations API reference.
"""

import base64
import re
import threading
from hashlib import sha256

from attrs import frozen

from .arguments import check_text
from .arns import partition_of
from .auth.accounts import validated_account_id
from .auth.authorizer import Authorizer
from .auth.permissions import Permissions
from .auth.principals import Caller
from .errors import ApiError
from .http.json_service import members_of
from .http.messages import Request
from .members import Members

LIST_ACCOUNTS = "ListAccounts"

_PAGE = 20  # accounts that a page has at most, and without MaxResults
_STATE = re.compile(r"[A-Z]+(?:_[A-Z]+)*")
# The older member Status for each State; an account that is not activated yet has none.
_STATUSES = {
    "ACTIVE": "ACTIVE", "SUSPENDED": "SUSPENDED", "PENDING_CLOSURE": "PENDING_CLOSURE", "CLOSED": "SUSPENDED",
}  # fmt: skip
# The one region of each partition that requests are signed for.
_GLOBAL_REGIONS = {
    "aws": "us-east-1", "aws-cn": "cn-northwest-1", "aws-us-gov": "us-gov-west-1", "aws-eusc": "eusc-de-east-1",
    "aws-iso": "us-iso-east-1", "aws-iso-b": "us-isob-east-1", "aws-iso-e": "eu-isoe-west-1",
    "aws-iso-f": "us-isof-south-1",
}  # fmt: skip
_THROTTLED = "AWS Organizations can't complete your request because of too many requests. Try again later."


@frozen
class Account:
    """An account of the organization."""

    id: str
    name: str
    email: str
    state: str


class OrganizationsError(ApiError):
    """An error as Organizations sends it: the text in `Message`, and for invalid input a reason."""

    def __init__(self, code: str, message: str, reason: str | None = None) -> None:
        super().__init__(code, message)
        self._reason = reason

    def body(self) -> dict[str, object]:
        """Return the JSON members."""
        body: dict[str, object] = {"__type": self.code, "Message": self.message}
        return body if self._reason is None else body | {"Reason": self._reason}


class Organizations:
    """The organization of a management account, once it has another account. Thread-safe.

    With `empty_pages`, each page of accounts comes after an empty one, as it may at AWS.
    """

    def __init__(self, management_id: str, authorizer: Authorizer, permissions: Permissions) -> None:
        self._management_id = management_id
        self._authorizer = authorizer
        self._permissions = permissions
        self._lock = threading.Lock()
        self._accounts: dict[str, Account] = {}
        self.empty_pages = False

    def add(self, account: Account) -> None:
        """Add an account to the organization, or replace it; raise `ValueError` if it is invalid."""
        for name, value in (("name", account.name), ("email", account.email), ("state", account.state)):
            check_text(name, value)
        if not _STATE.fullmatch(account.state):
            raise ValueError(f"{account.state!r} is not an account's state: pass one like 'SUSPENDED'")
        with self._lock:
            if not self._accounts:
                self._accounts[self._management_id] = account_with(self._management_id, "Management")
            self._accounts[account.id] = account

    def run(self, name: str, request: Request, _request_id: str) -> dict[str, object]:
        """Return the page of accounts that a ListAccounts asks for; raise `ApiError` if it is refused."""
        caller = self._authorize(name, request)
        members = members_of(request)
        self._permissions.check(caller, "organizations", name)
        with self._lock:
            accounts = list(self._accounts.values())
        if caller.account_id not in [account.id for account in accounts]:
            raise OrganizationsError(
                "AWSOrganizationsNotInUseException", "Your account is not a member of an organization."
            )
        if caller.account_id != self._management_id:
            raise OrganizationsError(
                "AccessDeniedException", "You don't have permissions to access this resource."
            )
        return self._page(members, accounts, partition_of(caller.region))

    def _authorize(self, name: str, request: Request) -> Caller:
        try:
            caller = self._authorizer.authorize(request, "organizations", name)
        except ApiError as error:
            if error.code == "ThrottlingException":
                raise OrganizationsError("TooManyRequestsException", _THROTTLED) from error
            raise
        if caller.region != _GLOBAL_REGIONS.get(partition_of(caller.region)):
            raise ApiError(
                "InvalidSignatureException",
                f"Credential should be scoped to a valid region, not '{caller.region}'.",
            )
        return caller

    def _page(self, members: Members, accounts: list[Account], partition: str) -> dict[str, object]:
        size = members.whole_number("MaxResults")
        if size is not None and not 1 <= size <= _PAGE:
            bound = "MIN" if size < 1 else "MAX"
            raise OrganizationsError(
                "InvalidInputException", f"MaxResults must be 1 to {_PAGE}.", f"{bound}_VALUE_EXCEEDED"
            )
        start, was_empty = _place_in(members)
        if self.empty_pages and not was_empty:
            return {"Accounts": [], "NextToken": _token(start, was_empty=True)}
        end = start + (size or _PAGE)
        page: dict[str, object] = {
            "Accounts": [self._entry(account, partition) for account in accounts[start:end]]
        }
        return page | {"NextToken": _token(end, was_empty=False)} if end < len(accounts) else page

    def _entry(self, account: Account, partition: str) -> dict[str, object]:
        organization = f"o-{sha256(self._management_id.encode('ascii')).hexdigest()[:10]}"
        entry: dict[str, object] = {
            "Id": account.id,
            "Arn": f"arn:{partition}:organizations::{self._management_id}:account/{organization}/{account.id}",
            "Email": account.email,
            "Name": account.name,
            "State": account.state,
            "JoinedMethod": "INVITED" if account.id == self._management_id else "CREATED",
        }
        status = _STATUSES.get(account.state)
        return entry if status is None else entry | {"Status": status}


def account_with(
    account_id: str, name: str | None = None, email: str | None = None, state: str = "ACTIVE"
) -> Account:
    """Return an account, with a name and an address made up where none is given.

    Raises `ValueError` unless the account id has 12 digits.
    """
    return Account(
        validated_account_id(account_id),
        f"Account {account_id}" if name is None else name,
        f"aws+{account_id}@example.com" if email is None else email,
        state,
    )


def _token(place: int, *, was_empty: bool) -> str:
    return base64.b64encode(f"accounts {place} {was_empty:d}".encode("ascii")).decode("ascii")


def _place_in(members: Members) -> tuple[int, bool]:
    """Return where the page starts, and whether an empty one came before it; the first page has no token."""
    token = members.text("NextToken", shortest=0, longest=100_000)
    if token is None:
        return 0, False
    try:
        kind, place, was_empty = base64.b64decode(token, validate=True).decode("ascii").split(" ")
        if kind == "accounts":
            return int(place), was_empty == "1"
    except ValueError:
        pass
    raise OrganizationsError("InvalidInputException", "The token is not valid.", "INVALID_NEXT_TOKEN")
