"""The keys of a place, listed before any of them is asked about, so that each one is accounted for."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import NamedTuple, TypeVar

import anyio

from ..errors import (
    AccessDeniedException,
    ConnectError,
    CredentialsError,
    KMSLiteError,
    NotAuthorized,
    OptInRequired,
    UnrecognizedClientException,
)
from ..models.aliases import AliasListEntry
from ..models.keys import KeyListEntry, ResourceOwnerType
from .ledger import PlaceLedger
from .places import PlaceStatus
from .records import Failure, failure_of, may_pass
from .sessions import Asker

T = TypeVar("T")

_PAUSES = (1.0, 5.0)
_REFUSALS = (AccessDeniedException, CredentialsError, NotAuthorized, OptInRequired, UnrecognizedClientException)
_KEYS_A_PAGE, _ALIASES_A_PAGE = 1000, 100  # the most that KMS gives


class Listed(NamedTuple):
    """A key as it was listed: what it is asked for by, and its aliases."""

    name: str
    aliases: tuple[str, ...]


class Keys:
    """The keys that were listed, by what names them in a request: the account's own by id, others by ARN.

    That and its aliases are all that is kept of each, some 25 MB for 100,000 keys. `nameless` says why the aliases
    are not known.
    """

    def __init__(self, account_id: str | None) -> None:
        self.account_id = account_id
        self.nameless: Failure | None = None
        self._prefix = "key/"
        self._aliases: dict[str, tuple[str, ...]] = {}

    def __len__(self) -> int:
        return len(self._aliases)

    def add(self, entry: KeyListEntry) -> None:
        """Take in one of the account's own keys."""
        key_id, arn = entry.key_id or "", entry.key_arn or ""
        if not self._aliases and arn.count(":") >= 5:
            self._prefix, self.account_id = arn.removesuffix(key_id), arn.split(":")[4]
        self._aliases.setdefault(key_id if arn in ("", self._prefix + key_id) else arn, ())

    def add_shared(self, entry: KeyListEntry) -> None:
        """Take in a key of another account; one of the account's own is there already."""
        arn = entry.key_arn or ""
        if arn.count(":") >= 5 and arn.split(":")[4] != self.account_id:
            self._aliases.setdefault(arn, ())

    def add_alias(self, alias: AliasListEntry) -> None:
        """Take in a name of one of these keys; one that was made since is passed over with its alias."""
        name, key = alias.alias_name, alias.target_key_id
        if name and key in self._aliases:
            self._aliases[key] += (name,)

    def arn(self, name: str) -> str:
        """Give the ARN of a key."""
        return name if name.startswith("arn:") else self._prefix + name

    def arns(self) -> Iterator[str]:
        """Return the ARNs of all keys."""
        return map(self.arn, self._aliases)

    def take(self, arn: str) -> bool:
        """Take a key out by its ARN; say whether it was there."""
        name = arn.removeprefix(self._prefix)
        name = name if name in self._aliases else arn
        return self._aliases.pop(name, None) is not None

    def cut(self, number: int) -> int:
        """Leave so many keys at the most, the first ones; give how many are left out."""
        surplus = list(self._aliases)[number:]
        for name in surplus:
            del self._aliases[name]
        return len(surplus)

    def drain(self) -> Iterator[Listed]:
        """Give each key with its aliases, in the order of the listing, and let go of it."""
        for name in list(self._aliases):
            yield Listed(name, self._aliases.pop(name))


async def list_keys(asker: Asker, ledger: PlaceLedger) -> Keys:
    """List the account's keys, those that others share with it, and the aliases; note in the ledger what failed.

    Where a listing breaks off, what it gave until then is there.
    """
    keys = Keys(ledger.account_id)
    error = await _take_all(asker, asker.iter_list_keys(page_size=_KEYS_A_PAGE), keys.add)
    if error is None or keys:
        others = [ResourceOwnerType.OTHER_ACCOUNTS_VIA_RAM]
        shared = asker.iter_list_keys(resource_owners=others, page_size=_KEYS_A_PAGE)
        aliases = asker.iter_list_aliases(page_size=_ALIASES_A_PAGE)
        async with anyio.create_task_group() as group:
            group.start_soon(_take_with, asker, ledger, "ListKeys (shared keys)", shared, keys.add_shared)
            group.start_soon(_take_with, asker, ledger, "ListAliases", aliases, keys.add_alias)
        keys.nameless = next((failure for failure in ledger.failures if failure.operation == "ListAliases"), None)
    if error is not None:
        refused = isinstance(error, _REFUSALS) and not keys
        ledger.unresolved = isinstance(error, ConnectError) and error.unresolved and not keys
        ledger.fail(failure_of(error, "ListKeys"), PlaceStatus.REFUSED if refused else PlaceStatus.FAILED)
    else:
        ledger.status = PlaceStatus.READ if keys else PlaceStatus.EMPTY
    ledger.account_id = keys.account_id
    return keys


async def _take_with(
    asker: Asker, ledger: PlaceLedger, operation: str, listing: AsyncIterator[T], take: Callable[[T], None]
) -> None:
    """Take in what goes with the keys, and note where it could not be had."""
    error = await _take_all(asker, listing, take)
    if error is not None:
        ledger.failures.append(failure_of(error, operation))


async def _take_all(asker: Asker, listing: AsyncIterator[T], take: Callable[[T], None]) -> KMSLiteError | None:
    """Take in all of a listing; give the error that ends it too early. A page that failed is asked for again."""

    async def go_on() -> None:
        async for item in listing:
            take(item)

    _, error = await patiently(asker, go_on)
    return error


async def patiently(asker: Asker, ask: Callable[[], Awaitable[T]]) -> tuple[T | None, KMSLiteError | None]:
    """Ask; where it fails and that may pass, again after a pause, and once more. Give the answer or the error."""
    for pause in (*_PAUSES, None):
        try:
            return await ask(), None
        except KMSLiteError as error:
            if pause is None or not may_pass(error):
                return None, error
            await asker.rest(pause)
    raise AssertionError("the last attempt returns")
