"""The same with aiobotocore, for contender.py."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from aiobotocore.config import AioConfig
from aiobotocore.session import AioSession
from calls import AT_A_TIME, KEY_ID, Batch, at_a_time


@contextmanager
def together() -> Iterator[Batch]:
    with asyncio.Runner() as runner:
        opening = AioSession().create_client("kms", config=AioConfig(max_pool_connections=AT_A_TIME))
        kms = runner.run(opening.__aenter__())
        yield lambda calls: runner.run(at_a_time(lambda: kms.get_key_last_usage(KeyId=KEY_ID), calls))
        runner.run(opening.__aexit__(None, None, None))
