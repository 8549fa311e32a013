"""The inventory of a target: its keys, all listed before any of them is read, so that each is accounted for."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import anyio

from ..errors import ConnectError, KMSLiteError
from ..models.aliases import AliasListEntry
from ..models.keys import KeyListEntry, ResourceOwnerType
from .clients import RegionClient, TargetClient
from .failures import failure_of, is_transient, status_after
from .progress import TargetProgress
from .targets import TargetStatus

if TYPE_CHECKING:
    from .records import Failure

T = TypeVar("T")

_RETRY_DELAYS = (1.0, 5.0)  # seconds; each call has its own retries, and this outlasts a short outage beyond them
_KEYS_PER_PAGE, _ALIASES_PER_PAGE = 1000, 100  # the largest pages of KMS
_OPERATIONS = (
    "ListKeys", "ListAliases", "DescribeKey", "ListResourceTags", "GetKeyLastUsage", "ListKeyRotations",
)  # fmt: skip
"""The operations of KMS that an audit uses, whose throttled answers are counted."""
_ARN_COLONS = 5  # in any ARN; the account id stands before the last of them


class ListedKey(NamedTuple):
    """A key as it was listed: its name in a request, and its aliases."""

    name: str
    aliases: tuple[str, ...]


class Inventory:
    """The keys of a target, by their name in a request: the account's own by id, shared ones by ARN.

    Nothing but the name and the aliases is kept of a key, some 25 MB for 100,000 keys. `alias_error` is why the
    aliases are unknown, None if they are known.
    """

    def __init__(self, account_id: str | None) -> None:
        self.account_id = account_id
        self.alias_error: Failure | None = None
        self._prefix = "key/"
        self._aliases: dict[str, tuple[str, ...]] = {}

    def __len__(self) -> int:
        return len(self._aliases)

    def add(self, entry: KeyListEntry) -> None:
        """Add one of the account's own keys."""
        key_id, arn = entry.key_id or "", entry.key_arn or ""
        if not self._aliases and arn.count(":") >= _ARN_COLONS:
            self._prefix, self.account_id = arn.removesuffix(key_id), arn.split(":")[4]
        self._aliases.setdefault(key_id if arn in ("", self._prefix + key_id) else arn, ())

    def add_shared(self, entry: KeyListEntry) -> None:
        """Add a key of another account; the account's own are there already."""
        arn = entry.key_arn or ""
        if arn.count(":") >= _ARN_COLONS and arn.split(":")[4] != self.account_id:
            self._aliases.setdefault(arn, ())

    def add_alias(self, alias: AliasListEntry) -> None:
        """Add an alias to its key; one of a key that was created after the listing is left out with its key."""
        name, key = alias.alias_name, alias.target_key_id
        if name and key in self._aliases:
            self._aliases[key] += (name,)

    def arn(self, name: str) -> str:
        """Return the ARN of a key."""
        return name if name.startswith("arn:") else self._prefix + name

    def arns(self) -> Iterator[str]:
        """Return the ARNs of all keys."""
        return map(self.arn, self._aliases)

    def has(self, arn: str) -> bool:
        """Return whether a key is there, by its ARN."""
        return self._name(arn) in self._aliases

    def remove(self, arn: str) -> bool:
        """Remove a key by its ARN; return whether it was there."""
        return self._aliases.pop(self._name(arn), None) is not None

    def _name(self, arn: str) -> str:
        name = arn.removeprefix(self._prefix)
        return name if name in self._aliases else arn

    def truncate(self, size: int) -> int:
        """Keep the first keys, so many at most; return the number of those that were removed."""
        surplus = list(self._aliases)[size:]
        for name in surplus:
            del self._aliases[name]
        return len(surplus)

    def drain(self) -> Iterator[ListedKey]:
        """Yield each key with its aliases, in the order of the listing, and remove it."""
        for name in list(self._aliases):
            yield ListedKey(name, self._aliases.pop(name))


async def take_inventory(client: TargetClient, progress: TargetProgress) -> Inventory:
    """Return the keys of a target, from its credentials to the last page; what failed is noted in `progress`.

    If a listing breaks off, the keys that it returned until then are in the inventory.
    """
    role_arn = progress.target.role_arn
    credentials, error = await try_repeatedly(client, client.resolve_credentials)
    if credentials is None:
        assert error is not None
        progress.fail(failure_of(error, "AssumeRole" if role_arn else None), TargetStatus.REFUSED)
        return Inventory(None)
    progress.has_session_token = credentials.session_token is not None and role_arn is None
    progress.follow(client.rate_limiters, _OPERATIONS)
    inventory = Inventory(progress.account_id or credentials.account_id)
    error = await _list(client, client.iter_list_keys(page_size=_KEYS_PER_PAGE), inventory.add)
    if error is None or inventory:
        await _list_details(client, progress, inventory)
    if error is None:
        progress.status = TargetStatus.READ if inventory else TargetStatus.EMPTY
    else:
        progress.unresolved = isinstance(error, ConnectError) and error.unresolved and not inventory
        progress.fail(failure_of(error, "ListKeys"), status_after(error, listed=len(inventory)))
    progress.account_id = inventory.account_id
    progress.listed = len(inventory)
    progress.expect(inventory.arns())
    return inventory


async def _list_details(client: TargetClient, progress: TargetProgress, inventory: Inventory) -> None:
    """Add the keys of other accounts and the aliases; note in `progress` what could not be listed."""

    async def add(operation: str, listing: AsyncIterator[T], add_item: Callable[[T], None]) -> None:
        error = await _list(client, listing, add_item)
        if error is not None:
            progress.failures.append(failure_of(error, operation))

    others = [ResourceOwnerType.OTHER_ACCOUNTS_VIA_RAM]
    shared = client.iter_list_keys(resource_owners=others, page_size=_KEYS_PER_PAGE)
    aliases = client.iter_list_aliases(page_size=_ALIASES_PER_PAGE)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(add, "ListKeys (shared keys)", shared, inventory.add_shared)
        tasks.start_soon(add, "ListAliases", aliases, inventory.add_alias)
    failed = (failure for failure in progress.failures if failure.operation == "ListAliases")
    inventory.alias_error = next(failed, None)


async def _list(
    client: TargetClient, listing: AsyncIterator[T], add_item: Callable[[T], None]
) -> KMSLiteError | None:
    """Add all items of a listing; return the error that ends it early. A page that failed is requested again."""

    async def add_all() -> None:
        async for item in listing:
            add_item(item)

    _, error = await try_repeatedly(client, add_all)
    return error


async def try_repeatedly(
    client: RegionClient, attempt: Callable[[], Awaitable[T]]
) -> tuple[T | None, KMSLiteError | None]:
    """Return the result, or the error after up to three attempts with pauses; a lasting error is not retried."""
    for delay in (*_RETRY_DELAYS, None):
        try:
            return await attempt(), None
        except KMSLiteError as error:
            if delay is None or not is_transient(error):
                return None, error
            await client.sleep(delay)
    raise AssertionError("the last attempt returns")
