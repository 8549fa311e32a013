"""Long-term credentials: the access keys that the embedded KMS knows.

Every possible account has one access key of a user and one of its root, and none is stored: the access key id
contains the account, `AKIA` + the 12 digits + `LITE` or `ROOT`, and the secret is computed from the id. So a test
can use any account, and two processes agree on the keys without talking to each other. These secrets protect
nothing.
"""

import base64
import hmac
import re

from awskms_lite.identity import Credentials

from ..arguments import check_text

_REGION = re.compile(r"[a-zA-Z](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?")
_ACCOUNT_ID = re.compile(r"[0-9]{12}")


def validated_account_id(account_id: str) -> str:
    """Return the account id; raise `ValueError` unless it has 12 digits."""
    check_text("account_id", account_id)
    if not _ACCOUNT_ID.fullmatch(account_id):
        raise ValueError(f"{account_id!r} is not an AWS account id: pass 12 digits")
    return account_id


def validated_region(region: str) -> str:
    """Return the region; raise `ValueError` if its name could not be part of an ARN."""
    check_text("region", region)
    if not _REGION.fullmatch(region):
        raise ValueError(f"{region!r} is not a region: pass a name like 'us-east-1'")
    return region


def access_key_id_of(account_id: str, *, root: bool = False) -> str:
    """Return the access key id of the account's user, or of its root."""
    return f"AKIA{account_id}{'ROOT' if root else 'LITE'}"


def credentials_for(account_id: str, *, root: bool = False) -> Credentials:
    """Return credentials of the account's user or root; raise `ValueError` unless the account id has 12 digits."""
    access_key_id = access_key_id_of(validated_account_id(account_id), root=root)
    return Credentials(access_key_id, secret_of(access_key_id), account_id=account_id, source="LocalKMS")


def secret_of(text: str) -> str:
    """Return the secret for an access key id, or for an access key id followed by a session token."""
    return base64.b64encode(keyed_digest(text)[:30]).decode("ascii")  # 40 characters, as AWS's secrets have


def keyed_digest(text: str) -> bytes:
    """Return the HMAC-SHA256 of the text under this server's fixed key, which is no secret."""
    return hmac.digest(b"awskms_lite.local", text.encode("utf-8"), "sha256")
