"""Many calls against a quota, as quick as can be: `python pacing.py NAME` prints what came of them as JSON.

That is the seconds they took, how many failed, and which part of the requests was throttled. Who is not done after
`PATIENCE` seconds begins no further calls; those that were never made count as failed.
"""

import asyncio
import json
import os
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from time import perf_counter
from urllib.request import urlopen

from calls import AT_A_TIME, KEY_ID, at_a_time

from awskms_lite import AsyncKMSClient
from awskms_lite.errors import ThrottlingException
from awskms_lite.pacing import Pacing

CALLS = 1000
RATE = 200
PATIENCE = 15.0


class Tally:
    """Counts the calls that succeed, and says whether there is time for another."""

    def __init__(self) -> None:
        self.succeeded = 0
        self._begin = perf_counter()

    def seconds(self) -> float:
        return perf_counter() - self._begin

    def goes_on(self) -> bool:
        return self.seconds() < PATIENCE


async def ours() -> Tally:
    async with AsyncKMSClient(pacing=Pacing({"GetKeyLastUsage": RATE})) as kms:
        tally = Tally()

        async def call() -> None:
            if tally.goes_on():
                with suppress(ThrottlingException):
                    await kms.get_key_last_usage(KEY_ID)
                    tally.succeeded += 1

        await at_a_time(call, CALLS)
    return tally


def botocore(mode: str) -> Tally:
    from botocore.config import Config
    from botocore.exceptions import ClientError
    from botocore.session import Session

    config = Config(retries={"mode": mode}, max_pool_connections=AT_A_TIME)
    client = Session().create_client("kms", config=config)
    tally = Tally()

    def call(_: int) -> bool:
        if not tally.goes_on():
            return False
        try:
            client.get_key_last_usage(KeyId=KEY_ID)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ThrottlingException":
                raise
            return False
        return True

    with ThreadPoolExecutor(AT_A_TIME) as threads:
        tally.succeeded = sum(threads.map(call, range(CALLS)))
    return tally


CONTENDERS: dict[str, Callable[[], Tally]] = {
    "ours": lambda: asyncio.run(ours()),
    "botocore standard": lambda: botocore("standard"),
    "botocore adaptive": lambda: botocore("adaptive"),
}

if __name__ == "__main__":
    tally = CONTENDERS[sys.argv[1]]()
    seconds = tally.seconds()
    with urlopen(f"{os.environ['AWS_ENDPOINT_URL']}/counts") as told:
        counts = json.load(told)
    outcome = {
        "wall": seconds,
        "failed": CALLS - tally.succeeded,
        "throttled": counts["throttled"] / counts["all"],
    }
    json.dump(outcome, sys.stdout)
