"""When a key was last used: the models of `GetKeyLastUsage`."""

from datetime import datetime
from enum import StrEnum

from attrs import field, frozen

from .members import KMSResponse, check_key_id


class KeyLastUsageTrackingOperation(StrEnum):
    """The cryptographic operations that count as a use of a key.

    AWS adds to them, so a response has the plain `str` if the operation is newer than this list.
    """

    DECAPSULATE = "Decapsulate"
    DECRYPT = "Decrypt"
    DERIVE_SHARED_SECRET = "DeriveSharedSecret"  # noqa: S105 - an operation's name
    ENCAPSULATE = "Encapsulate"
    ENCRYPT = "Encrypt"
    GENERATE_DATA_KEY = "GenerateDataKey"
    GENERATE_DATA_KEY_PAIR = "GenerateDataKeyPair"
    GENERATE_DATA_KEY_PAIR_WITHOUT_PLAINTEXT = "GenerateDataKeyPairWithoutPlaintext"
    GENERATE_DATA_KEY_WITHOUT_PLAINTEXT = "GenerateDataKeyWithoutPlaintext"
    GENERATE_MAC = "GenerateMac"
    RE_ENCRYPT = "ReEncrypt"
    SIGN = "Sign"
    VERIFY = "Verify"
    VERIFY_MAC = "VerifyMac"


class UsageVerdict(StrEnum):
    """What `GetKeyLastUsage` says about a key. None of the three, by itself, is a reason to delete it."""

    USED = "used"
    """Used since tracking began; `key_last_usage` has when and how."""
    NEVER_USED = "never_used"
    """Not used since it was created, and tracking covers its whole life."""
    NO_RECORD = "no_record"
    """Not used since tracking began, but the key is older: look into CloudTrail for the time before."""


@frozen
class GetKeyLastUsageRequest:
    """A key id or a key ARN; aliases are refused."""

    key_id: str = field(validator=check_key_id)


@frozen
class KeyLastUsageData:
    """The last successful cryptographic operation with a key, and where CloudTrail and KMS recorded it."""

    operation: KeyLastUsageTrackingOperation | str | None = None
    timestamp: datetime | None = None
    cloud_trail_event_id: str | None = None
    kms_request_id: str | None = None


_NO_USE = KeyLastUsageData()


def _none_if_empty(data: KeyLastUsageData | None) -> KeyLastUsageData | None:
    """Return None for an empty object: KMS says "no use" by that, by null, and by leaving the member out."""
    return None if data == _NO_USE else data


@frozen(kw_only=True)
class GetKeyLastUsageResponse(KMSResponse):
    """The last use of a key. Every member is optional on the wire; times are aware UTC, exact to the millisecond.

    `key_last_usage` is None if KMS has recorded no use since `tracking_start_date`, which is the later of
    the start of tracking and `key_creation_date`. A use can take up to an hour to show.
    """

    key_id: str | None = None
    key_last_usage: KeyLastUsageData | None = field(default=None, converter=_none_if_empty)
    tracking_start_date: datetime | None = None
    key_creation_date: datetime | None = None

    @property
    def verdict(self) -> UsageVerdict:
        """The verdict by the rules of the API reference; NO_RECORD if a date is missing."""
        if self.key_last_usage is not None:
            return UsageVerdict.USED
        created, tracked = self.key_creation_date, self.tracking_start_date
        if created is not None and tracked is not None and created >= tracked:
            return UsageVerdict.NEVER_USED
        return UsageVerdict.NO_RECORD
