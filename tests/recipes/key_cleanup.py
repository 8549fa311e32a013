"""Clean up unused keys in steps that can be taken back: disable, wait for complaints, schedule the deletion."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from awskms_lite import KMSClient

SINCE = "disabled-since"


def unused(kms: KMSClient, days: int, now: datetime) -> Iterator[str]:
    """Yield the enabled keys that KMS has seen no use of for so many days."""
    for entry in kms.iter_list_keys(page_size=1000):
        key = kms.describe_key(entry.key_arn).key_metadata
        if key.key_manager == "AWS" or key.key_state != "Enabled" or now - key.creation_date < timedelta(days):
            continue
        usage = kms.get_key_last_usage(key.arn)
        last = usage.key_last_usage.timestamp if usage.key_last_usage else None
        if usage.verdict == "never_used" or (last is not None and now - last >= timedelta(days)):
            yield key.arn


def disable(kms: KMSClient, key_arn: str, now: datetime) -> None:
    """Disable a key and note when: who still needs it gets a DisabledException now."""
    kms.disable_key(key_arn)
    kms.tag_resource(key_arn, {SINCE: now.isoformat()})


def schedule(kms: KMSClient, key_arn: str, quiet_days: int, now: datetime) -> datetime | None:
    """Schedule the deletion of a key that was disabled long enough ago; return when, None if it is too early."""
    tags = {tag.tag_key: tag.tag_value for tag in kms.iter_list_resource_tags(key_arn)}
    if SINCE not in tags or now - datetime.fromisoformat(tags[SINCE]) < timedelta(quiet_days):
        return None
    return kms.schedule_key_deletion(key_arn, pending_window_in_days=30).deletion_date


def take_back(kms: KMSClient, key_arn: str) -> None:
    """Make a key usable again, wherever it is on the way."""
    if kms.describe_key(key_arn).key_metadata.key_state == "PendingDeletion":
        kms.cancel_key_deletion(key_arn)
    kms.enable_key(key_arn)
    kms.untag_resource(key_arn, [SINCE])


def run(kms: KMSClient, days: int = 180) -> list[str]:
    """Disable all unused keys; return their ARNs."""
    now = datetime.now(UTC)
    keys = list(unused(kms, days, now))
    for key_arn in keys:
        disable(kms, key_arn, now)
    return keys
