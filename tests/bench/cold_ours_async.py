"""A process that makes one call with asyncio, with awskms_lite."""

import asyncio

from awskms_lite import AsyncKMSClient


async def main() -> None:
    async with AsyncKMSClient() as kms:
        usage = (await kms.get_key_last_usage("1234abcd-12ab-34cd-56ef-1234567890ab")).key_last_usage
    if usage is not None and usage.timestamp is not None:
        print(usage.operation, usage.timestamp.isoformat(timespec="milliseconds"))


asyncio.run(main())
