"""What can be said about the use of a key: the verdicts, and every text about them, in one place.

Plain text, which the records, the command's report and its `--help` share without loading the audit. The rules are
those of the AWS KMS Developer Guide ("Determine past usage of a KMS key", "Deleting AWS KMS keys"). No advice goes
further than the next step that can be undone.
"""

from collections.abc import Mapping
from enum import StrEnum


class AuditVerdict(StrEnum):
    """What an audit concludes about a key. No verdict is permission to delete it."""

    IN_USE = "in_use"
    """Used within the idle window."""
    IDLE = "idle"
    """Used since tracking began, but longer ago than the idle window."""
    NEVER_USED = "never_used"
    """Not used since it was created, and tracking covers its whole life."""
    NO_RECORD = "no_record"
    """Not used since tracking began, but the key is older."""
    TOO_NEW = "too_new"
    """Not used since it was created, which is less than the idle window ago."""
    PENDING_DELETION = "pending_deletion"
    """Its deletion is scheduled."""
    AWS_MANAGED = "aws_managed"
    """AWS manages it for a service; it cannot be deleted."""
    OTHER_ACCOUNT = "other_account"
    """Another account owns it and shares it with this one; only the owner may ask for its use."""
    UNREADABLE = "unreadable"
    """What the verdict depends on could not be read; the record's `error` is the reason."""


UNUSED = (AuditVerdict.IDLE, AuditVerdict.NEVER_USED, AuditVerdict.NO_RECORD)
"""The verdicts on keys without a use in the idle window, which may be retired once it is known who needs them."""

MAX_IDLE_DAYS = 36_500
"""The longest idle window: a century, since anything longer is a mistake."""


def label(verdict: str) -> str:
    """Return a verdict as people write it."""
    return verdict.replace("aws_", "AWS ").replace("_", " ")


NO_PERMISSION = "No verdict alone is permission to delete a key."

NEXT_STEP = (
    "Before an unused key goes, find its owner and what depends on it; then disable it, and watch CloudTrail for "
    "DisabledException. Enabling it again undoes that for the key, but not what it has broken meanwhile: "
    "DynamoDB, for example, archives a table whose key it cannot reach for more than seven days."
)
"""What to do about a key with any of the verdicts of `UNUSED`."""

MEANINGS: Mapping[str, str] = {
    "in_use": "used less than {days} ago. Keep it; if it is disabled, whoever needs it is refused now.",
    "idle": "used since tracking began, but not for {days} or more; a key for rare events, a restore for "
    "example, looks idle too.",
    "never_used": "not used since it was created, {days} ago or more; a use can take up to an hour to show.",
    "no_record": "not used since tracking began, but the key is older: look into CloudTrail for the time before.",
    "too_new": "not used yet, and created less than {days} ago. Audit it again later.",
    "pending_deletion": "its deletion is scheduled. Until then CancelKeyDeletion brings it back, disabled, and "
    "EnableKey makes it usable again; watch CloudTrail for refused uses: DisabledException or "
    "KMSInvalidStateException.",
    "aws_managed": "AWS manages it for one of its services; it cannot be deleted. There is nothing to do.",
    "other_account": "another account shares it with this one. Ask its owner, or audit that account through a "
    "role in it (--role-arn).",
    "unreadable": "nothing is known about its use. Fix what the error says, then audit it again.",
}
"""By verdict of an audit, in the order of `AuditVerdict`; `{days}` stands for the idle window, as in "90 days"."""


def in_days(number: int) -> str:
    """Return a number of days in words."""
    return "1 day" if number == 1 else f"{number:,} days"


def meaning(verdict: str, idle_days: int) -> str:
    """Return what a verdict means, as a sentence or two."""
    return MEANINGS[verdict].format(days=in_days(idle_days))


ANSWER_MEANINGS: Mapping[str, str] = {
    "used": "used since tracking began; keys that depend on rare events may look idle",
    "never_used": "not used since it was created; a use can take up to an hour to show",
    "no_record": "not used since tracking began, but the key is older: look into CloudTrail",
}
"""By verdict of a single answer of GetKeyLastUsage, which knows no idle window."""

STATES: Mapping[str, str] = {
    "Disabled": "it is disabled",
    "PendingImport": "it waits for its key material and cannot be used (PendingImport)",
    "Unavailable": "its custom key store is not connected (Unavailable)",
    "Creating": "it is being created (Creating): audit it again later",
    "Updating": "it is being updated (Updating): audit it again later",
}
"""By key state: a reason that belongs to any verdict."""

KEEP = "Keep it."
USED_BUT_NOT_ENABLED: Mapping[str, str] = {
    "Disabled": "Find its owner: it was used not long ago and is disabled, so whoever needs it is refused now, "
    "and what depends on it may break for good. EnableKey makes it usable again.",
    "PendingImport": "Find its owner: it was used not long ago and cannot be used until its key material is "
    "imported again.",
    "Unavailable": "Find its owner: it was used not long ago and cannot be used until its custom key store is "
    "connected again.",
    "Creating": "Audit it again once it is created.",
    "Updating": "Audit it again once it is updated.",
}
"""By key state: advice for a key in use."""

_WATCH = (
    "watch CloudTrail for DisabledException on it; only if nobody has missed it for long enough, schedule its "
    "deletion with a long waiting period."
)
_UNDO = (
    "EnableKey undoes that for the key at once, but not what it has broken meanwhile: DynamoDB, for example, "
    "archives a table whose key it cannot reach for more than seven days."
)
DISABLE = f"Find its owner and what depends on it. Then disable it and {_WATCH} {_UNDO}"
UNUSED_AND_NOT_ENABLED: Mapping[str, str] = {
    "Disabled": f"It is disabled: {_WATCH} {_UNDO}",
    "PendingImport": "Find its owner. It cannot be used or disabled while it waits for its key material.",
    "Creating": "Audit it again once it is created: until then it cannot be disabled.",
    "Updating": "Audit it again once it is updated: until then it cannot be disabled.",
}
"""By key state: advice for a key that is not in use; `DISABLE` for any other state."""

SEARCH_CLOUDTRAIL = "Look into CloudTrail for uses before tracking began."

EVENT_UNKNOWN = "who made the last use is unknown: KMS does not name its event in CloudTrail"
EVENT_TOO_OLD = "who made the last use is unknown: CloudTrail's event history keeps 90 days, and it is older"
EVENT_NOT_FOUND = (
    "who made the last use is unknown: its event is not in CloudTrail's event history, or not yet, as it takes "
    "some minutes to get there"
)
NO_SEARCH = (
    "CloudTrail was not searched for them, or cannot be, because its events in this account do not have "
    "the ARN of their key"
)
NO_USE_IS_NO_PROOF = "that is no proof, since AWS does not document that a search by a key's ARN finds its uses"
NO_REFUSAL_IS_NO_PROOF = (
    "that is no proof, since KMS logs refusals in some cases only, and those of another account's callers there"
)
NOT_TRACKED = "KMS's own record of its last use does not show, or not yet"
FIND_DEPENDENTS = "Find out what depends on it."
IN_DEMAND: Mapping[str, str] = {
    "Disabled": "Find out what depends on it; EnableKey makes it usable again.",
    "PendingDeletion": "Find out what depends on it before it is deleted: CancelKeyDeletion brings it back, "
    "disabled, and EnableKey makes it usable again.",
    "PendingReplicaDeletion": "Find out what depends on it before its last replica is deleted: CancelKeyDeletion "
    "brings it back, disabled, and EnableKey makes it usable again.",
}
"""By key state: advice for a key whose uses are refused, beside who misses it."""

_PUBLIC_KEY = "Its public key may be in use outside KMS, which leaves no trace."
USES_WITHOUT_TRACE: Mapping[str, str] = {
    "ENCRYPT_DECRYPT": "Data keys that are used outside KMS leave no trace, and an EBS volume asks for its key "
    "only when it is attached.",
    "SIGN_VERIFY": _PUBLIC_KEY,
    "KEY_AGREEMENT": _PUBLIC_KEY,
    "ENCAPSULATE_DECAPSULATE": _PUBLIC_KEY,
}
"""By key usage: what GetKeyLastUsage cannot see."""

MATERIAL_ELSEWHERE: Mapping[str, str] = {
    "EXTERNAL": "Its material was imported: make sure that a copy is kept.",
    "AWS_CLOUDHSM": "Its material in the CloudHSM cluster may stay behind when the key goes.",
    "EXTERNAL_KEY_STORE": "Its material in the external key manager stays behind when the key goes.",
}
"""By origin of the key material."""

ASK_OWNER = "Ask its owner, or audit that account through a role in it."
AWS_MANAGES = "AWS manages it for one of its services"
NOTHING_TO_DO = "Nothing: it cannot be deleted, and keeping it costs nothing."
CANCEL_DELETION = (
    "CancelKeyDeletion brings it back, disabled, and EnableKey makes it usable again. Watch CloudTrail for "
    "refused uses of it: DisabledException or KMSInvalidStateException."
)
READ_AGAIN = "Then audit it again: nothing is known about its use."
RETRY = "Fix that, or try again later."
"""What to do about an error that has no remedy of its own."""

LIMITS = (
    "Uses in the last hour: one can take that long to show.",
    'Uses before KMS began to track them (see a key\'s "tracked since"): CloudTrail may know them.',
    "What is done outside KMS: data keys that were handed out before, public keys that are used elsewhere.",
    "EBS volumes, which ask for their keys only when they are attached: an idle one may be attached tomorrow.",
    "Ciphertexts that nobody has read for years: backups, archives, snapshots.",
    "Failed calls: only successful ones count as a use.",
    "Keys of accounts and regions that were not audited, and keys made after their region was listed.",
)
"""What no audit can see, as sentences for the readers of a report."""
