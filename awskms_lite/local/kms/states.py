"""The states of a key in which an operation works.

From the table "Key states of AWS KMS keys" of the KMS developer guide.
"""

from collections.abc import Collection

from ..errors import ApiError
from .keys import KEY_STATES, Key

ANY = KEY_STATES
ENABLED = ("Enabled",)
USABLE = ("Enabled", "Updating")
GRANTABLE = (*USABLE, "Unavailable")
SWITCHABLE = ("Enabled", "Disabled", "Unavailable")
DELETABLE = (*SWITCHABLE, "PendingImport", "Creating")
CHANGEABLE = (*DELETABLE, "Updating")
PENDING_DELETION = ("PendingDeletion", "PendingReplicaDeletion")


def check_state(key: Key, states: Collection[str]) -> None:
    """Check that the key is in one of the states.

    Raises `ApiError`: DisabledException for a disabled key that would have to be enabled first,
    KMSInvalidStateException for any other state.
    """
    if key.state in states:
        return
    if states == PENDING_DELETION:
        raise ApiError("KMSInvalidStateException", f"{key.arn} is not pending deletion.")
    if key.state == "Disabled":
        raise ApiError("DisabledException", f"{key.arn} is disabled.")
    raise ApiError("KMSInvalidStateException", f"{key.arn} is {in_words(key.state)}.")


def in_words(state: str) -> str:
    """Return a key state in small letters, as in KMS's texts: `pending deletion`."""
    return "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in state).strip()
