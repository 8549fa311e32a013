"""Who calls: which access keys the embedded KMS knows.

It knows one pair of keys for every account there could be, and stores none: the access key id spells the
account, `AKIA` + the 12 digits + `LITE`, and the secret follows from the id. So a test can make up accounts
as it needs them, and two processes agree on the keys without a word. These secrets protect nothing.
"""

import base64
import hmac
import re
from functools import lru_cache

from awskms_lite.identity import Credentials

_REGION = re.compile(r"[a-zA-Z](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?")
_ACCOUNT_ID = re.compile(r"[0-9]{12}")
_ACCESS_KEY_ID = re.compile(r"AKIA([0-9]{12})LITE")


def check_account_id(account_id: str) -> str:
    """Give the account id back; raise `ValueError` where it is not 12 digits."""
    if not _ACCOUNT_ID.fullmatch(account_id):
        raise ValueError(f"an AWS account id has 12 digits, {account_id!r} is none")
    return account_id


def check_region(region: str) -> str:
    """Give the region back; raise `ValueError` where it could not be one: it becomes a part of ARNs."""
    if not _REGION.fullmatch(region):
        raise ValueError(f"{region!r} is no region: pass a name like 'us-east-1'")
    return region


def credentials_for(account_id: str) -> Credentials:
    """Give the account's keys; raise `ValueError` where the account id is not 12 digits."""
    access_key_id = f"AKIA{check_account_id(account_id)}LITE"
    return Credentials(access_key_id, _secret(access_key_id), account_id=account_id, source="LocalKMS")


def account_of(access_key_id: str) -> str | None:
    """Give the account that the access key id belongs to, None for a key of somewhere else."""
    match = _ACCESS_KEY_ID.fullmatch(access_key_id)
    return match[1] if match else None


def secret_for(access_key_id: str) -> str | None:
    """Give the secret access key that goes with the id, None for a key of somewhere else."""
    return _secret(access_key_id) if account_of(access_key_id) else None


@lru_cache(maxsize=256)
def _secret(access_key_id: str) -> str:
    digest = hmac.digest(b"awskms_lite.local", access_key_id.encode("ascii"), "sha256")
    return base64.b64encode(digest[:30]).decode("ascii")  # 40 characters, as AWS's secrets have
