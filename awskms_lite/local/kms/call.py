"""One authenticated call, and how it comes to the key it names."""

from typing import NamedTuple, NoReturn

from ..arns import ARN, KEY_ID, partition_of, resource_arn
from ..auth.denials import Denials
from ..auth.principals import Caller
from ..errors import Fault
from ..members import Members
from .keys import Alias, Key
from .states import check, is_open
from .store import Store

# Everywhere else a key goes by its id or ARN alone.
_TAKES_ALIASES = frozenset(
    (
        "Decrypt", "DescribeKey", "Encrypt", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext", "GenerateMac",
        "ReEncrypt", "VerifyMac",
    )
)  # fmt: skip

# All else about a key that is shared is for the account that has it.
_OPEN_TO_OTHERS = ("DescribeKey",)


class Call(NamedTuple):
    """One call: who asks what, where. Answered while `store.lock` is held."""

    operation: str
    members: Members
    caller: Caller
    request_id: str
    store: Store
    denials: Denials

    @property
    def account_id(self) -> str:
        """The caller's account."""
        return self.caller.account_id

    @property
    def region(self) -> str:
        """The region that the call is for."""
        return self.caller.region

    def key(self, member: str = "KeyId") -> Key:
        """Give the key that a required member names, fit for the operation.

        Raises `Fault` as `find` and `checked` do.
        """
        return self.checked(self.find(self.members.required_text(member, longest=2048)))

    def checked(self, key: Key) -> Key:
        """Give the key back where its manager and state let the operation go on; else raise `Fault`."""
        if not is_open(self.operation, key):
            self.deny(key.arn)
        check(self.operation, key)
        return key

    def find(self, identifier: str) -> Key:
        """Give the key of a key id, key ARN or, for the operations that take them, alias name or ARN.

        Raises `Fault`: NotFoundException, InvalidArnException, and AccessDeniedException for what is denied and
        for another account: no key policy here lets others in, who may describe a key that is shared with them.
        """
        takes_aliases = self.operation in _TAKES_ALIASES
        if identifier.startswith("arn:"):
            arn = identifier
            owner, identifier = self._local_part(arn, takes_aliases)
            if owner != self.account_id:
                return self._shared_key(arn, owner, identifier)
        if identifier.startswith("alias/") and takes_aliases:
            return self.permitted(self.alias(identifier).key)
        if not KEY_ID.fullmatch(identifier):
            raise Fault("NotFoundException", f"Invalid keyId '{identifier}'")
        key = self.store.find(self.account_id, self.region, identifier)
        if key is None:
            raise Fault("NotFoundException", f"Key '{self.arn(f'key/{identifier}')}' does not exist")
        return self.permitted(key)

    def alias(self, name: str) -> Alias:
        """Give the alias of this name; raise `Fault` where there is none."""
        alias = self.store.find_alias(self.account_id, self.region, name)
        if alias is None:
            raise Fault("NotFoundException", f"Alias {self.arn(name)} is not found.")
        return alias

    def arn(self, resource: str) -> str:
        """Give the ARN that a resource of the caller's account and region has."""
        return resource_arn(self.region, self.account_id, resource)

    def check_permitted(self) -> None:
        """Pass where nothing denies the operation whatever key it is about; else raise `Fault`."""
        if self.denials.concern(self.operation, self.caller):
            self.deny(self._resource())

    def permitted(self, key: Key) -> Key:
        """Give the key back where nothing denies the operation with it; else raise `Fault`."""
        if self.denials.concern(self.operation, self.caller, key):
            self.deny(key.arn)
        return key

    def deny(self, resource: str) -> NoReturn:
        """Refuse the operation as one that no key policy lets the caller do."""
        raise Fault(
            "AccessDeniedException",
            f"User: {self.caller.arn} is not authorized to perform: kms:{self.operation} on resource: {resource} "
            f"because no resource-based policy allows the kms:{self.operation} action",
        )

    def _local_part(self, arn: str, takes_aliases: bool) -> tuple[str, str]:
        """Give the account in an ARN of the caller's region, and the key id or alias name."""
        match = ARN.fullmatch(arn)
        if match is None or match[1] != partition_of(self.region) or (match[4] == "alias" and not takes_aliases):
            raise Fault("InvalidArnException", f"Invalid arn {arn}")
        _, region, account_id, kind, name = match.groups()
        if region != self.region:
            raise Fault("NotFoundException", f"Invalid arn {region}")  # KMS says no more than this
        return account_id, name if kind == "key" else f"alias/{name}"

    def _shared_key(self, arn: str, owner: str, key_id: str) -> Key:
        key = self.store.find(owner, self.region, key_id) if self.operation in _OPEN_TO_OTHERS else None
        if key is None or self.account_id not in key.shared_with:
            self.deny(arn)
        return self.permitted(key)

    def _resource(self) -> str:
        """Give the ARN of what the call is about, as far as that can be told without looking at any key."""
        name = self.members.text("KeyId", longest=2048)
        if name is None or name.startswith("arn:"):
            return name or "*"
        return self.arn(name if name.startswith("alias/") else f"key/{name}")
