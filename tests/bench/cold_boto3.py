"""A process that makes the same call with boto3."""

from datetime import UTC

import boto3

usage = boto3.client("kms").get_key_last_usage(KeyId="1234abcd-12ab-34cd-56ef-1234567890ab")["KeyLastUsage"]
print(usage["Operation"], usage["Timestamp"].astimezone(UTC).isoformat(timespec="milliseconds"))
