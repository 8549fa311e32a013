"""Who calls AWS in a retirement: the client's own credentials, and a role in each account that was named."""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from attrs import define, field, frozen

from ..call import ClientState, beside, caller_identity, in_region
from ..credentials import role
from ..credentials.cache import CredentialsCache
from ..credentials.role import AssumeRole
from ..endpoints import partition_of
from ..errors import ParameterError
from ..operations import CLOUDTRAIL
from ..pacing import Pacing
from ..steps import Flow

if TYPE_CHECKING:
    from ..async_client import AsyncKMSClient
    from ..client import KMSClient


@define
class Connection:
    """What the calls of one account and region share, with the rate limits of both services.

    `is_indexed` is whether the event history there lists uses under the ARN of their key, once that was looked at.
    """

    kms: ClientState
    cloudtrail: ClientState
    was_checked: bool = False
    is_indexed: bool | None = None


@frozen
class Caller:
    """Who calls in one account."""

    arn: str
    account_id: str
    state: ClientState
    _connections: dict[str, Connection] = field(factory=dict[str, Connection], repr=False)

    def connection(self, region: str) -> Connection:
        """Return the connection to a region, the same one each time."""
        if region not in self._connections:
            state = self.state if region == self.state.region else in_region(self.state, region)
            self._connections[region] = Connection(state, beside(state, CLOUDTRAIL))
        return self._connections[region]


class Callers:
    """The callers of a retirement, by account."""

    def __init__(self, callers: Sequence[Caller]) -> None:
        self.own = callers[0]
        self._by_account = {caller.account_id: caller for caller in callers}  # a role comes before the client

    @property
    def accounts(self) -> Sequence[str]:
        """Return the ids of all accounts."""
        return tuple(self._by_account)

    def of(self, account_id: str) -> Caller | None:
        """Return who calls in an account, None if nobody does."""
        return self._by_account.get(account_id)

    def arn_of(self, key: str) -> str:
        """Return the ARN of a key: a bare id is one of the client's own account and region."""
        if key.startswith("arn:"):
            return key
        region = self.own.state.region
        return f"arn:{partition_of(region).name}:kms:{region}:{self.own.account_id}:key/{key}"


def identify(client: "KMSClient | AsyncKMSClient", role_arns: Sequence[str]) -> Flow[Callers]:
    """Return who calls, by the client's credentials and by each role.

    Raise `CredentialsError` if there are no credentials or a role cannot be assumed, and `ParameterError` for two
    roles of one account.
    """
    home = client._state  # pyright: ignore[reportPrivateUsage] - of this package too
    if home.pacing is None:  # on by default: a retirement makes many calls, of which KMS allows few
        home = in_region(home._replace(pacing=Pacing()), home.region)
    states = [home, *(_assuming(home, role_arn) for role_arn in role_arns)]
    callers: list[Caller] = []
    for state in states:
        identity = yield from caller_identity(state)
        callers.append(Caller(identity.arn, identity.account_id, state))
    accounts = [caller.account_id for caller in callers[1:]]
    if len(set(accounts)) < len(accounts):
        raise ParameterError("Two of the roles are of one account: name one for each account.")
    return Callers(callers)


def _assuming(home: ClientState, role_arn: str) -> ClientState:
    """Return the state of calls with the credentials of a role."""
    clock, random = home.service_clock, home.random
    find = partial(
        role.assume,
        AssumeRole(role_arn),
        home.credentials,
        home.settings,
        clock=clock,
        random=random,
        source="the retirement",
    )
    return in_region(home, home.region)._replace(credentials=CredentialsCache(find, clock, random))
