"""A process that makes one call with asyncio, with capo-kms, which reads no variable for the endpoint."""

import asyncio
import os

from capo_kms import AsyncKMSClient


async def main() -> None:
    async with AsyncKMSClient(endpoint=os.environ["AWS_ENDPOINT_URL"]) as kms:
        usage = (await kms.get_key_last_usage("1234abcd-12ab-34cd-56ef-1234567890ab"))["key_last_usage"]
    print(usage["operation"], usage["timestamp"].isoformat(timespec="milliseconds"))


asyncio.run(main())
