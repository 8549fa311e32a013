"""A process that makes the same call with botocore."""

from datetime import UTC

from botocore.session import Session

client = Session().create_client("kms")
usage = client.get_key_last_usage(KeyId="1234abcd-12ab-34cd-56ef-1234567890ab")["KeyLastUsage"]
print(usage["Operation"], usage["Timestamp"].astimezone(UTC).isoformat(timespec="milliseconds"))
