"""The definition of an operation of KMS, and one authenticated call of it, which looks up its keys."""

from collections.abc import Callable, Collection, Mapping
from typing import NamedTuple, NoReturn

from ..arns import ARN, KEY_ID, partition_of, resource_arn
from ..auth.permissions import Permissions, missing_permission
from ..auth.principals import Caller
from ..errors import ApiError
from ..members import Members
from .authorization import refusal
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
    `takes_alias` is whether the key may be named by an alias, and not only by its id or ARN. `cross_account` is
    whether it can be called for keys of other accounts, and `open_to_sharers` whether AWS RAM allows it for keys
    that it shares. `by_key_policy` is whether the key policy decides about it, and not IAM alone.
    """

    name: str
    handler: "Callable[[Call], dict[str, object]] | None" = None
    key: str = "KeyId"
    states: Collection[str] = ANY
    writes: bool = True
    takes_alias: bool = False
    cross_account: bool = False
    open_to_sharers: bool = False
    by_key_policy: bool = True


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
    permissions: Permissions
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

    @property
    def action(self) -> str:
        """The action of the operation in policies."""
        return f"kms:{self.operation.name}"

    def key(self, member: str = "", *, action: str = "") -> Key:
        """Return the key named by the operation's own member, or by another one, checked for the operation.

        `action` is what the caller must be allowed, if it is not the operation's own. Raises `ApiError` as `find`
        and `checked` do.
        """
        return self.checked(self.named_key(member, action=action))

    def named_key(self, member: str = "", *, action: str = "") -> Key:
        """Return the key that a required member names, in any state; raise `ApiError` as `find` does."""
        name = self.members.required_text(member or self.operation.key, longest=_KEY_ID_LENGTH)
        return self.find(name, action=action)

    def checked(self, key: Key) -> Key:
        """Return the key itself; raise `ApiError` if its manager or state does not allow the operation."""
        if key.manager == "AWS" and self.operation.writes:
            self.deny(key.arn)
        check_state(key, self.operation.states)
        return key

    def find(self, identifier: str, *, action: str = "") -> Key:
        """Return the key of a key id, key ARN or, if the operation takes aliases, alias name or alias ARN.

        Raises `ApiError`: NotFoundException, InvalidArnException, and AccessDeniedException if the caller is not
        allowed the action, by default the operation's own, on the key.
        """
        takes_alias = self.operation.takes_alias
        if identifier.startswith("arn:"):
            arn = identifier
            owner, identifier = self._local_part(arn)
            if owner != self.account_id:
                return self._key_of_other(arn, owner, identifier, action)
        if identifier.startswith("alias/") and takes_alias:
            return self.permitted(self.alias(identifier).key, action=action)
        if not KEY_ID.fullmatch(identifier):
            raise ApiError("NotFoundException", f"Invalid keyId '{identifier}'")
        key = self.store.find(self.account_id, self.region, identifier)
        if key is None:
            raise ApiError("NotFoundException", f"Key '{self.arn(f'key/{identifier}')}' does not exist")
        return self.permitted(key, action=action)

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
        """Raise `ApiError` if a denial, or for an operation without a key a policy, refuses the operation."""
        if self.permissions.denials.matches(self.operation.name, self.caller):
            resource = self._resource()
            self.keys.extend(filter(None, [self._known_key(resource)]))
            self.deny(resource)
        if not self.operation.key or not self.operation.by_key_policy:  # else it is decided when the key is known
            self.permissions.check_control(self.caller, self.action)

    def check_named_key_permitted(self) -> None:
        """Raise `ApiError` if the operation is refused with the key that it names, which need not exist."""
        arn = self._resource()
        key = self._known_key(arn)
        if key is not None:
            self.permitted(key)
        elif self.permissions.denials.matches(self.operation.name, self.caller, arn):
            self.deny(arn)

    def permitted(self, key: Key, *, action: str = "", shared: bool = False) -> Key:
        """Return the key itself; raise `ApiError` if the caller is not allowed the action on it.

        `shared` is whether AWS RAM allows it.
        """
        self.keys.append(key)
        if self.permissions.denials.matches(self.operation.name, self.caller, key.arn):
            self.deny(key.arn)
        if not self.operation.by_key_policy:
            return key
        action = action or self.action
        message = refusal(self.caller, action, key, self.members, self.time, self.permissions, shared=shared)
        if message is not None:
            raise ApiError("AccessDeniedException", message)
        return key

    def deny(self, resource: str) -> NoReturn:
        """Refuse the operation as one that no key policy allows the caller."""
        raise ApiError("AccessDeniedException", missing_permission(self.caller, self.action, resource))

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

    def _key_of_other(self, arn: str, owner: str, name: str, action: str) -> Key:
        """Return the key of another account; an operation that may not be called for one is denied."""
        alias = self.store.find_alias(owner, self.region, name)
        key = alias.key if alias is not None else self.store.find(owner, self.region, name)
        if key is None or not self.operation.cross_account:
            self.deny(arn)
        shared = self.operation.open_to_sharers and alias is None and self.account_id in key.shared_with
        return self.permitted(key, action=action, shared=shared)

    def _known_key(self, arn: str) -> Key | None:
        """Return the key with this ARN, or with an alias with this ARN, None if there is none."""
        match = ARN.fullmatch(arn)
        if match is None:
            return None
        _, region, account_id, kind, name = match.groups()
        if kind == "key":
            return self.store.find(account_id, region, name)
        alias = self.store.find_alias(account_id, region, f"alias/{name}")
        return None if alias is None else alias.key

    def _resource(self) -> str:
        """Return the resource for an AccessDeniedException, as far as it is known without looking up any key."""
        name = self.members.text("KeyId", longest=_KEY_ID_LENGTH)
        if name is None or name.startswith("arn:"):
            return name or "*"
        return self.arn(name if name.startswith("alias/") else f"key/{name}")
