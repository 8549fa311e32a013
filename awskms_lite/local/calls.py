"""One authenticated call, and how it comes to the key it names."""

import re
from typing import NamedTuple, NoReturn

from .faults import Fault
from .members import Members
from .store import Key, Store, key_arn, partition_of

_KEY_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|mrk-[0-9a-f]{32}", re.IGNORECASE)
_ARN = re.compile(r"arn:([a-z-]+):kms:([a-zA-Z0-9-]+):([0-9]{12}):(key|alias)/(.+)", re.DOTALL)


class Call(NamedTuple):
    """One call: who asks what, where. Answered while `store.lock` is held."""

    operation: str
    members: Members
    account_id: str
    region: str
    request_id: str
    store: Store

    def key(self, identifier: str, *, aliases: bool = True) -> Key:
        """Give the key that a KeyId member names: a key id or key ARN of the caller's account and region.

        No alias is ever found, for there are none here; `aliases` False is for operations that take none.
        Raises `Fault`: NotFoundException, InvalidArnException, and AccessDeniedException for another account,
        since no key policy here lets others in.
        """
        if identifier.startswith("arn:"):
            return self._key_of_arn(identifier, aliases=aliases)
        if identifier.startswith("alias/") and aliases:
            _alias_not_found(key_arn(self.region, self.account_id, "").replace("key/", identifier))
        if not _KEY_ID.fullmatch(identifier):
            raise Fault("NotFoundException", f"Invalid keyId '{identifier}'")
        key = self.store.find(self.account_id, self.region, identifier)
        if key is None:
            arn = key_arn(self.region, self.account_id, identifier)
            raise Fault("NotFoundException", f"Key '{arn}' does not exist")
        return key

    def _key_of_arn(self, arn: str, *, aliases: bool) -> Key:
        match = _ARN.fullmatch(arn)
        if match is None or match[1] != partition_of(self.region) or (match[4] == "alias" and not aliases):
            raise Fault("InvalidArnException", f"Invalid arn {arn}")
        _, region, account_id, kind, name = match.groups()
        if region != self.region:
            raise Fault("NotFoundException", f"Invalid arn {region}")  # KMS says no more than this
        if account_id != self.account_id:
            self._deny(arn)
        if kind == "alias":
            _alias_not_found(arn)
        return self.key(name, aliases=False)

    def _deny(self, arn: str) -> NoReturn:
        user = f"arn:{partition_of(self.region)}:iam::{self.account_id}:user/local"
        raise Fault(
            "AccessDeniedException",
            f"User: {user} is not authorized to perform: kms:{self.operation} on resource: {arn} because no "
            f"resource-based policy allows the kms:{self.operation} action",
        )


def _alias_not_found(arn: str) -> NoReturn:
    raise Fault("NotFoundException", f"Alias {arn} is not found.")
