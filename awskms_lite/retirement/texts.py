"""What a retirement says: every longer text, in one place.

The words are about what happens, what nobody can see, and what takes it back. Where AWS's documents leave
something open, they say so. Sources: "Deleting AWS KMS keys" and "Special considerations when deleting keys" in
the AWS KMS Developer Guide; "Encryption at rest" of DynamoDB and of RDS in their guides.
"""

from collections.abc import Mapping

from .path import Next
from .records import Step

CLOCKED: Mapping[str, str] = {
    "dynamodb": "DynamoDB archives a table whose key it cannot reach for more than seven days. Enabling the key "
    "does not bring the table back: restore the backup that DynamoDB makes of it.",
    "rds": "RDS stops an instance about two hours after it notices that its key is out of reach, and keeps it "
    "recoverable for seven days. A read replica, and an instance that has one, is never recoverable: for these no "
    "number of days is safe. An instance without backups goes on until its volume is next detached. Enabling the "
    "key starts none of them: StartDBInstance or StartDBCluster does, and after the seven days only a restore.",
}
"""By service: what happens to data whose key is out of reach."""

RESTART: Mapping[str, str] = {
    "dynamodb": "DynamoDB: if the key was unusable for over seven days, tables under it are archived: restore "
    "their backups.",
    "rds": "RDS: enabling the key starts no instance. StartDBInstance or StartDBCluster starts what has stopped "
    "within seven days; after that, restore it.",
}
"""By service: what has to be started again after a key was enabled."""
RESTART_ANYTHING = (
    "Enabling the key starts nothing that has stopped without it: look at the jobs, volumes, tables and instances "
    "that needed it. An RDS instance needs StartDBInstance or StartDBCluster."
)

UNSEEN = (
    "What nobody can see: data keys that programs hold in memory, public keys used outside KMS, and ciphertexts "
    "that nobody has read for long, as in backups, archives and snapshots. CloudTrail records refused uses in "
    "some cases only, and those from another account in that account alone. Where no finding is listed, nothing "
    "was found; that does not mean that nobody needs the key."
)
"""The limits of every look at a key."""

DISABLE_MEANS = (
    "DisableKey: from then on everybody who needs the key is refused. EnableKey makes it usable again at once, "
    "but does not undo what has broken meanwhile."
)
SCHEDULE_MEANS = (
    "ScheduleKeyDeletion: the key stays unusable, and KMS deletes it when the days are over. Until then the "
    "deletion can be cancelled. After it nobody can decrypt what was encrypted under the key, and AWS cannot "
    "either."
)
EMPTY_WATCH = "CloudTrail shows no refused use, which is no proof: refused uses are recorded in some cases only."
ASKED_AGAIN = (
    "DynamoDB or RDS depends on it, so its deletion needs a consent of its own: accept service_use in a run after "
    "the one that recorded this stop."
)
DISABLED_BEFORE = "An earlier run disabled it, and was ended before it could record that: the next run does."
RECORDED_NEXT = "The next run records that."
NOTHING_GOES_ON = "Nothing goes on by itself."

NO_STEP_IN: Mapping[str, str] = {
    "Updating": "KMS is updating the key, and no step works meanwhile: run the same command again later.",
}
NO_DISABLE_IN: Mapping[str, str] = {
    "Disabled": "It is disabled already, so it begins with the watch.",
    "PendingImport": "It waits for its key material and cannot be used, nor disabled: it begins with the watch.",
    "Creating": "It is being created, so it cannot be used, nor disabled: it begins with the watch.",
}
"""By state: why there is no DisableKey."""
UNAVAILABLE = (
    "Its custom key store is not connected, so its state stays Unavailable whatever is done; what was done shows "
    "when the store is connected again."
)
"""About a key in that state."""

IS_DELETED = "It is deleted. Nobody can bring it back."
STOPPED: Mapping[Next, str] = {
    Next.REFUSED_USE: "Somebody has tried to use it since it became unusable, so it is needed. Take it back "
    "first, and then find out who that is.",
    Next.WANTED_BACK: "Somebody has made it usable, or cancelled its deletion, outside of this retirement, and "
    "had a reason. Taking it back enables it if need be, and ends its retirement.",
    Next.UNDO_UNFINISHED: "Taking it back was begun and did not come to its end: run that again.",
}
"""By what has stopped the path of a key."""
WAY_BACK_TAKEN = (
    "Its key policy does not certainly let anybody cancel its deletion any more. Put the policy right "
    "(PutKeyPolicy works on a key that is pending deletion), or take the key back while that is possible."
)

UNDO: Mapping[Step, str] = {
    Step.CANCEL: "CancelKeyDeletion: its deletion is cancelled, and it is left disabled.",
    Step.ENABLE: "EnableKey: everybody who may use it can use it again.",
    Step.VERIFY: "DescribeKey: see that it is enabled.",
}
"""By step: what taking a key back does."""
NOTHING_TO_TAKE_BACK = (
    "KMS does not know the key in this account and region. Nobody can bring back a key that was deleted."
)
IS_BACK: Mapping[str, str] = {
    "Enabled": "It is enabled, and can be used again.",
    "Unavailable": "Its deletion is cancelled and EnableKey was sent. It can be used when its custom key store is "
    "connected again.",
    "PendingImport": "Its deletion is cancelled. It can be used when its key material is imported again.",
}
"""By state: what taking a key back has come to."""
