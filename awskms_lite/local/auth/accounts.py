"""Whose the lasting keys are: which access keys the embedded KMS knows.

It knows one pair of keys for every account there could be, and stores none: the access key id spells the
account, `AKIA` + the 12 digits + `LITE`, and the secret follows from the id. So a test can make up accounts
as it needs them, and two processes agree on the keys without a word. These secrets protect nothing.
"""

import base64
import hmac
import re

from awskms_lite.identity import Credentials

from ..arguments import check_text

_REGION = re.compile(r"[a-zA-Z](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?")
_ACCOUNT_ID = re.compile(r"[0-9]{12}")


def check_account_id(account_id: str) -> str:
    """Give the account id back; raise `ValueError` where it is not 12 digits."""
    check_text("account_id", account_id)
    if not _ACCOUNT_ID.fullmatch(account_id):
        raise ValueError(f"an AWS account id has 12 digits, {account_id!r} is none")
    return account_id


def check_region(region: str) -> str:
    """Give the region back; raise `ValueError` where it could not be one: it becomes a part of ARNs."""
    check_text("region", region)
    if not _REGION.fullmatch(region):
        raise ValueError(f"{region!r} is no region: pass a name like 'us-east-1'")
    return region


def credentials_for(account_id: str) -> Credentials:
    """Give the account's keys; raise `ValueError` where the account id is not 12 digits."""
    access_key_id = f"AKIA{check_account_id(account_id)}LITE"
    return Credentials(access_key_id, secret_of(access_key_id), account_id=account_id, source="LocalKMS")


def secret_of(text: str) -> str:
    """Give the secret access key that follows from an access key id, with the session token if there is one."""
    return base64.b64encode(seal(text)[:30]).decode("ascii")  # 40 characters, as AWS's secrets have


def seal(text: str) -> bytes:
    """Give 32 bytes that only who runs this server could know, were it a secret how they are made."""
    return hmac.digest(b"awskms_lite.local", text.encode("utf-8"), "sha256")
