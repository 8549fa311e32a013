"""The definition of an operation of KMS, and one authenticated call of it, which looks up its keys."""

from collections.abc import Callable, Collection, Mapping
from typing import NamedTuple, NoReturn

from ..arns import ARN, KEY_ID, partition_of, resource_arn
from ..auth.denials import Denials
from ..auth.principals import Caller
from ..errors import ApiError
from ..members import Members
from .keys import Alias, Key
from .states import ANY, check_state
from .store import Store

_KEY_ID_LENGTH = 2048  # characters at most in a KeyId (API reference)


class Operation(NamedTuple):
    """The definition of one operation.

    `handler` returns the members of the response, and is None if LocalKMS does not have the operation. `key` is
    the member that names the key, empty if the operation has no key. `states` are the key states in which it
    works. `writes` is whether AWS's access level for it is not Read or List ("Actions, resources, and condition
    keys for AWS KMS", Service Authorization Reference): no account can call these on an AWS managed key.
    `takes_alias` is whether the key may be named by an alias, and not only by its id or ARN. `open_to_sharers` is
    whether accounts that AWS RAM shares the key with can call it too.
    """

    name: str
    handler: "Callable[[Call], dict[str, object]] | None" = None
    key: str = "KeyId"
    states: Collection[str] = ANY
    writes: bool = True
    takes_alias: bool = False
    open_to_sharers: bool = False


class Call(NamedTuple):
    """One call of an operation. Its handler runs while `store.lock` is held.

    `time` is when the call came, in milliseconds since 1970. `keys` are the keys that it found so far, and
    `event_ids` has the id of its event in the history of each account.
    """

    operation: Operation
    members: Members
    caller: Caller
    request_id: str
    store: Store
    denials: Denials
    time: int
    keys: list[Key]
    event_ids: Mapping[str, str]

    @property
    def account_id(self) -> str:
        """The caller's account."""
        return self.caller.account_id

    @property
    def region(self) -> str:
        """The region that the call is for."""
        return self.caller.region

    def key(self, member: str = "") -> Key:
        """Return the key named by the operation's own member, or by another one, checked for the operation.

        Raises `ApiError` as `find` and `checked` do.
        """
        return self.checked(self.named_key(member))

    def named_key(self, member: str = "") -> Key:
        """Return the key that a required member names, in any state; raise `ApiError` as `find` does."""
        return self.find(self.members.required_text(member or self.operation.key, longest=_KEY_ID_LENGTH))

    def checked(self, key: Key) -> Key:
        """Return the key itself; raise `ApiError` if its manager or state does not allow the operation."""
        if key.manager == "AWS" and self.operation.writes:
            self.deny(key.arn)
        check_state(key, self.operation.states)
        return key

    def find(self, identifier: str) -> Key:
        """Return the key of a key id, key ARN or, if the operation takes aliases, alias name or alias ARN.

        Raises `ApiError`: NotFoundException, InvalidArnException, and AccessDeniedException if the call is denied
        or the key is another account's. Key policies are not evaluated, so other accounts have no access, except
        that they may describe a key that is shared with them.
        """
        takes_alias = self.operation.takes_alias
        if identifier.startswith("arn:"):
            arn = identifier
            owner, identifier = self._local_part(arn)
            if owner != self.account_id:
                return self._shared_key(arn, owner, identifier)
        if identifier.startswith("alias/") and takes_alias:
            return self.permitted(self.alias(identifier).key)
        if not KEY_ID.fullmatch(identifier):
            raise ApiError("NotFoundException", f"Invalid keyId '{identifier}'")
        key = self.store.find(self.account_id, self.region, identifier)
        if key is None:
            raise ApiError("NotFoundException", f"Key '{self.arn(f'key/{identifier}')}' does not exist")
        return self.permitted(key)

    def alias(self, name: str) -> Alias:
        """Return the alias of this name; raise `ApiError` if there is none."""
        alias = self.store.find_alias(self.account_id, self.region, name)
        if alias is None:
            raise ApiError("NotFoundException", f"Alias {self.arn(name)} is not found.")
        return alias

    def arn(self, resource: str) -> str:
        """Return the ARN that a resource of the caller's account and region has."""
        return resource_arn(self.region, self.account_id, resource)

    def check_permitted(self) -> None:
        """Raise `ApiError` if a denial refuses the operation for every key."""
        if self.denials.matches(self.operation.name, self.caller):
            self.deny(self._resource())

    def check_named_key_permitted(self) -> None:
        """Raise `ApiError` if a denial refuses the operation with the key that it names, which need not exist."""
        arn = self._resource()
        alias = self.store.find_alias(self.account_id, self.region, arn.removeprefix(self.arn("")))
        if alias is not None:
            arn = alias.key.arn
        self._note(arn)
        if self.denials.matches(self.operation.name, self.caller, arn):
            self.deny(arn)

    def permitted(self, key: Key) -> Key:
        """Return the key itself; raise `ApiError` if a denial refuses the operation with it."""
        self.keys.append(key)
        if self.denials.matches(self.operation.name, self.caller, key.arn):
            self.deny(key.arn)
        return key

    def deny(self, resource: str) -> NoReturn:
        """Refuse the operation as one that no key policy allows the caller."""
        raise ApiError("AccessDeniedException", denial(self.caller, f"kms:{self.operation.name}", resource))

    def _local_part(self, arn: str) -> tuple[str, str]:
        """Return the account in an ARN of the caller's region, and the key id or alias name in it."""
        match = ARN.fullmatch(arn)
        is_misplaced = match is not None and match[4] == "alias" and not self.operation.takes_alias
        if match is None or is_misplaced or match[1] != partition_of(self.region):
            raise ApiError("InvalidArnException", f"Invalid arn {arn}")
        _, region, account_id, resource_type, name = match.groups()
        if region != self.region:
            raise ApiError("NotFoundException", f"Invalid arn {region}")  # KMS names only the region
        return account_id, name if resource_type == "key" else f"alias/{name}"

    def _shared_key(self, arn: str, owner: str, key_id: str) -> Key:
        key = self.store.find(owner, self.region, key_id) if self.operation.open_to_sharers else None
        if key is None or self.account_id not in key.shared_with:
            self.deny(arn)
        return self.permitted(key)

    def _note(self, arn: str) -> None:
        """Count the key with this ARN among the keys of the call, if there is one."""
        match = ARN.fullmatch(arn)
        key = self.store.find(match[3], match[2], match[5]) if match else None
        if key is not None:
            self.keys.append(key)

    def _resource(self) -> str:
        """Return the resource for an AccessDeniedException, as far as it is known without looking up any key."""
        name = self.members.text("KeyId", longest=_KEY_ID_LENGTH)
        if name is None or name.startswith("arn:"):
            return name or "*"
        return self.arn(name if name.startswith("alias/") else f"key/{name}")


def denial(caller: Caller, action: str, resource: str) -> str:
    """Return KMS's text for an action that no key policy allows the caller."""
    return (
        f"User: {caller.arn} is not authorized to perform: {action} on resource: {resource} "
        f"because no resource-based policy allows the {action} action"
    )
