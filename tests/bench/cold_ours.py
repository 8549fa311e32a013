"""A process that makes one call, with awskms_lite."""

from awskms_lite import KMSClient

with KMSClient() as kms:
    usage = kms.get_key_last_usage("1234abcd-12ab-34cd-56ef-1234567890ab").key_last_usage
if usage is not None and usage.timestamp is not None:
    print(usage.operation, usage.timestamp.isoformat(timespec="milliseconds"))
