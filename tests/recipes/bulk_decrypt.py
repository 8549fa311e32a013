"""Decrypt many values at a time under asyncio, fifty calls under way, and keep their order."""

import asyncio
from collections.abc import Iterable, Mapping

from awskms_lite import AsyncKMSClient

AT_A_TIME = 50


async def decrypt_all(kms: AsyncKMSClient, blobs: Iterable[bytes], context: Mapping[str, str]) -> list[bytes]:
    """Return the plaintexts in the order of their ciphertexts; the first error cancels the rest."""
    limit = asyncio.Semaphore(AT_A_TIME)

    async def decrypt(blob: bytes) -> bytes:
        async with limit:
            return (await kms.decrypt(blob, encryption_context=context)).plaintext

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(decrypt(blob)) for blob in blobs]
    return [task.result() for task in tasks]
