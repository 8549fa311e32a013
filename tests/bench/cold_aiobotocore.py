"""A process that makes the same call with aiobotocore."""

import asyncio
from datetime import UTC

from aiobotocore.session import AioSession


async def main() -> None:
    async with AioSession().create_client("kms") as kms:
        usage = (await kms.get_key_last_usage(KeyId="1234abcd-12ab-34cd-56ef-1234567890ab"))["KeyLastUsage"]
    print(usage["Operation"], usage["Timestamp"].astimezone(UTC).isoformat(timespec="milliseconds"))


asyncio.run(main())
