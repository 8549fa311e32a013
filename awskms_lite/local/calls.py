"""One authenticated call, and how it comes to the key it names."""

import re
from typing import NamedTuple

from .faults import Fault
from .keys import Alias, Key, partition_of, resource_arn
from .members import Members
from .states import check, deny
from .store import Store

_KEY_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|mrk-[0-9a-f]{32}", re.IGNORECASE)
_ARN = re.compile(r"arn:([a-z-]+):kms:([a-zA-Z0-9-]+):([0-9]{12}):(key|alias)/(.+)", re.DOTALL)

# Everywhere else a key goes by its id or ARN alone.
_TAKES_ALIASES = frozenset(
    (
        "Decrypt", "DescribeKey", "Encrypt", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext", "GenerateMac",
        "ReEncrypt", "VerifyMac",
    )
)  # fmt: skip


class Call(NamedTuple):
    """One call: who asks what, where. Answered while `store.lock` is held."""

    operation: str
    members: Members
    account_id: str
    region: str
    request_id: str
    store: Store

    def key(self, member: str = "KeyId") -> Key:
        """Give the key that a required member names, fit for the operation.

        Raises `Fault` as `find` and `checked` do.
        """
        return self.checked(self.find(self.members.required_text(member, longest=2048)))

    def checked(self, key: Key) -> Key:
        """Give the key back where its manager and state let the operation go on; else raise `Fault`."""
        check(self.operation, key)
        return key

    def find(self, identifier: str) -> Key:
        """Give the key of a key id, key ARN or, for the operations that take them, alias name or ARN.

        Raises `Fault`: NotFoundException, InvalidArnException, and AccessDeniedException for another account,
        since no key policy here lets others in.
        """
        takes_aliases = self.operation in _TAKES_ALIASES
        if identifier.startswith("arn:"):
            identifier = self._local_part(identifier, takes_aliases)
        if identifier.startswith("alias/") and takes_aliases:
            return self.alias(identifier).key
        if not _KEY_ID.fullmatch(identifier):
            raise Fault("NotFoundException", f"Invalid keyId '{identifier}'")
        key = self.store.find(self.account_id, self.region, identifier)
        if key is None:
            raise Fault("NotFoundException", f"Key '{self.arn(f'key/{identifier}')}' does not exist")
        return key

    def alias(self, name: str) -> Alias:
        """Give the alias of this name; raise `Fault` where there is none."""
        alias = self.store.find_alias(self.account_id, self.region, name)
        if alias is None:
            raise Fault("NotFoundException", f"Alias {self.arn(name)} is not found.")
        return alias

    def arn(self, resource: str) -> str:
        """Give the ARN that a resource of the caller's account and region has."""
        return resource_arn(self.region, self.account_id, resource)

    def _local_part(self, arn: str, takes_aliases: bool) -> str:
        """Give the key id or alias name in an ARN of the caller's account and region."""
        match = _ARN.fullmatch(arn)
        if match is None or match[1] != partition_of(self.region) or (match[4] == "alias" and not takes_aliases):
            raise Fault("InvalidArnException", f"Invalid arn {arn}")
        _, region, account_id, kind, name = match.groups()
        if region != self.region:
            raise Fault("NotFoundException", f"Invalid arn {region}")  # KMS says no more than this
        if account_id != self.account_id:
            deny(self.operation, self.account_id, arn)
        return name if kind == "key" else f"alias/{name}"
