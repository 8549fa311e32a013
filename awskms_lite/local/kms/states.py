"""What may be done to a key, by its state and its manager.

From the table "Key states of AWS KMS keys" of the KMS developer guide.
"""

from collections.abc import Collection, Mapping

from ..errors import Fault
from .keys import Key

_USABLE = ("Enabled", "Updating")
_SETTLED = ("Enabled",)
_SWITCHED = ("Enabled", "Disabled", "Unavailable")
_LEAVING = ("PendingDeletion", "PendingReplicaDeletion")
_STAYING = (*_SWITCHED, "PendingImport", "Creating", "Updating")

# The states in which an operation works; one that is not named here works in all.
STATES: Mapping[str, Collection[str]] = {
    "CancelKeyDeletion": _LEAVING,
    "CreateAlias": _STAYING,
    "Decrypt": _USABLE,
    "DisableKey": _SWITCHED,
    "DisableKeyRotation": _SETTLED,
    "EnableKey": _SWITCHED,
    "EnableKeyRotation": _SETTLED,
    "Encrypt": _USABLE,
    "GenerateDataKey": _USABLE,
    "GenerateDataKeyWithoutPlaintext": _USABLE,
    "GenerateMac": _USABLE,
    "ReEncrypt": _USABLE,
    "ReplicateKey": _SETTLED,
    "RotateKeyOnDemand": _SETTLED,
    "ScheduleKeyDeletion": (*_SWITCHED, "PendingImport"),
    "TagResource": _STAYING,
    "UntagResource": _STAYING,
    "UpdateAlias": _STAYING,
    "UpdateKeyDescription": _STAYING,
    "UpdatePrimaryRegion": _SETTLED,
    "VerifyMac": _USABLE,
}

# All that the policy of an AWS managed key leaves to its account; its use is for the AWS service it belongs to.
_READING = ("Describe", "Get", "List")


def is_open(operation: str, key: Key) -> bool:
    """Say whether the key's manager leaves the operation to the account."""
    return key.manager != "AWS" or operation.startswith(_READING)


def check(operation: str, key: Key) -> None:
    """Pass where the key's state lets the operation go on.

    Raises `Fault`: DisabledException for a key that would have to be enabled first, KMSInvalidStateException for
    any other state that is in the way.
    """
    states = STATES.get(operation, (key.state,))
    if key.state in states:
        return
    if operation == "CancelKeyDeletion":
        raise Fault("KMSInvalidStateException", f"{key.arn} is not pending deletion.")
    if key.state == "Disabled":
        raise Fault("DisabledException", f"{key.arn} is disabled.")
    words = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in key.state)
    raise Fault("KMSInvalidStateException", f"{key.arn} is{words}.")
