"""What the embedded KMS holds: the keys, their last use, and the clock that their life follows.

Times are whole milliseconds since 1970 UTC throughout, as KMS keeps them, so that nothing is lost on the way
to the wire and back.
"""

import secrets
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from uuid import uuid4

from attrs import define, field, frozen

KEY_STATES = (
    "Creating", "Enabled", "Disabled", "PendingDeletion", "PendingImport", "PendingReplicaDeletion",
    "Unavailable", "Updating",
)  # fmt: skip
DELETION_WINDOW_DAYS = 30  # KMS's default between scheduling a deletion and the end

# Bytes of key material, and with it the usage: AWS makes an HMAC key as long as its hash's output.
HMAC_SPECS = {"HMAC_224": 28, "HMAC_256": 32, "HMAC_384": 48, "HMAC_512": 64}

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_PARTITIONS = {
    "cn-": "aws-cn", "us-gov-": "aws-us-gov", "eusc-": "aws-eusc", "us-iso-": "aws-iso",
    "us-isob-": "aws-iso-b", "eu-isoe-": "aws-iso-e", "us-isof-": "aws-iso-f",
}  # fmt: skip


def milliseconds(moment: datetime) -> int:
    """Give whole milliseconds since 1970 UTC; raise `ValueError` for a moment without a time zone."""
    if moment.utcoffset() is None:
        raise ValueError(f"{moment!r} has no time zone: pass an aware datetime, as datetime.now(UTC) gives")
    return (moment - _EPOCH) // _MILLISECOND


@lru_cache(maxsize=256)
def partition_of(region: str) -> str:
    """Give the partition that an ARN of this region begins with."""
    return next((name for prefix, name in _PARTITIONS.items() if region.startswith(prefix)), "aws")


class KeyClock:
    """The time of the keys: real time, moved on by whatever was asked for."""

    def __init__(self, real_time: Callable[[], float] = time.time) -> None:
        self._real_time = real_time
        self._ahead = 0

    def now(self) -> int:
        """Give the key time, in milliseconds since 1970 UTC."""
        return int(self._real_time() * 1000) + self._ahead

    def advance(self, delta: timedelta) -> None:
        """Move the key time on; raise `ValueError` for a step back."""
        if delta < timedelta(0):
            raise ValueError("the key clock only goes forward")
        self._ahead += delta // _MILLISECOND


@frozen
class Usage:
    """The last successful cryptographic operation with a key, as `GetKeyLastUsage` tells of it."""

    operation: str
    timestamp: int
    cloud_trail_event_id: str = field(factory=lambda: str(uuid4()))
    kms_request_id: str = field(factory=lambda: str(uuid4()))


@define(eq=False)
class Key:
    """One KMS key. Only `state`, `deletion_date` and `last_usage` ever change."""

    account_id: str
    region: str
    creation_date: int
    tracking_start_date: int
    spec: str = "SYMMETRIC_DEFAULT"
    state: str = "Enabled"
    description: str = ""
    deletion_date: int | None = None
    last_usage: Usage | None = None
    key_id: str = field(factory=lambda: str(uuid4()))
    sequence: int = 0
    material: bytes = field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        self.material = secrets.token_bytes(HMAC_SPECS.get(self.spec, 32))

    @property
    def arn(self) -> str:
        """The key ARN."""
        return key_arn(self.region, self.account_id, self.key_id)

    @property
    def usage(self) -> str:
        """What the key is for: KMS's KeyUsage."""
        return "GENERATE_VERIFY_MAC" if self.spec in HMAC_SPECS else "ENCRYPT_DECRYPT"

    @property
    def material_id(self) -> str:
        """The id of the key material: 64 hexadecimal digits that say nothing of the material itself."""
        return sha256(b"key material id" + self.key_id.encode("ascii")).hexdigest()


def key_arn(region: str, account_id: str, key_id: str) -> str:
    """Give the ARN that a key of this id would have."""
    return f"arn:{partition_of(region)}:kms:{region}:{account_id}:key/{key_id}"


class Store:
    """The keys of every account and region, behind one lock.

    Whoever reads or changes keys holds `lock` meanwhile; an answer takes microseconds, so one is enough.
    """

    def __init__(self, clock: KeyClock) -> None:
        self.clock = clock
        self.lock = threading.RLock()
        self._keys: dict[tuple[str, str], dict[str, Key]] = {}
        self._added = 0

    def add(self, key: Key) -> Key:
        """Take the key in; give it back."""
        self._added += 1
        key.sequence = self._added
        self._keys.setdefault((key.account_id, key.region), {})[key.key_id] = key
        return key

    def find(self, account_id: str, region: str, key_id: str) -> Key | None:
        """Give the key of this id in this account and region, None where there is none or it is deleted."""
        key = self._keys.get((account_id, region), {}).get(key_id)
        return None if key is None or self._is_gone(key) else key

    def keys(self, account_id: str, region: str, *, after: int = 0) -> list[Key]:
        """Give the account's keys in this region, oldest first, from the sequence number on."""
        keys = self._keys.get((account_id, region), {}).values()
        return [key for key in keys if key.sequence > after and not self._is_gone(key)]

    def _is_gone(self, key: Key) -> bool:
        return key.deletion_date is not None and key.deletion_date <= self.clock.now()
