"""A process that makes the same call with capo-kms, which reads no variable for the endpoint."""

import os

from capo_kms import KMSClient

with KMSClient(endpoint=os.environ["AWS_ENDPOINT_URL"]) as kms:
    usage = kms.get_key_last_usage("1234abcd-12ab-34cd-56ef-1234567890ab")["key_last_usage"]
print(usage["operation"], usage["timestamp"].isoformat(timespec="milliseconds"))
