"""One audit, or the bare requests of one, in a process of its own: `python audits.py NAME ARGUMENT` prints JSON.

    paced REGIONS      with the quotas of KMS, as `audit` does by itself
    unpaced FILE       as fast as it goes, with a checkpoint unless FILE is empty
    bare CONCURRENCY   the requests of an audit, by a loop over our own connections and nothing else

"wall" is in seconds from before the first request to the last answer, "throttled" in answers.
"""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Iterator
from hashlib import sha256
from time import perf_counter, time
from typing import Any

from awskms_lite import Credentials, Pacing
from awskms_lite.audit import audit_async
from awskms_lite.sigv4 import PostSigner, Request
from awskms_lite.steps import Response, Send
from awskms_lite.transport import NEVER, AsyncConnectionPool, TrustedRoots, resolve_timeouts

UNPACED = Pacing(dict.fromkeys(("DescribeKey", "GetKeyLastUsage", "ListAliases", "ListKeys"), 1000000.0))


async def timed_audit(**options: Any) -> dict[str, float]:
    begin, reported = perf_counter(), 0
    async with audit_async(**options) as records:
        async for _ in records:
            reported += 1
    wall, summary = perf_counter() - begin, records.summary
    if not summary.complete or reported != summary.listed:
        raise RuntimeError(f"incomplete: {summary}")
    return {"wall": wall, "throttled": summary.throttled, "keys": reported}


async def paced(regions: str) -> dict[str, float]:
    return await timed_audit(regions=[f"r-{number}" for number in range(int(regions))])


async def unpaced(checkpoint: str) -> dict[str, float]:
    return await timed_audit(pacing=UNPACED, checkpoint=checkpoint or None)


def as_it_is(response: Response) -> Response:
    return response


class Bare:
    """Requests over connections of ours, signed, read from JSON, and nothing else."""

    def __init__(self, connections: AsyncConnectionPool) -> None:
        self._url, self._connections = os.environ["AWS_ENDPOINT_URL"], connections
        self._signer = PostSigner(self._url, region=os.environ["AWS_REGION"], service="kms")
        self._keys = Credentials(os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"])

    async def ask(self, operation: str, **members: object) -> dict[str, Any]:
        body = json.dumps(members).encode()
        digest = sha256(body).hexdigest()
        headers = self._signer.headers(self._keys, f"TrentService.{operation}", digest, time())
        request = Send(Request("POST", self._url, headers, body))
        response = await self._connections.send(request, as_it_is, NEVER)
        answer: dict[str, Any] = json.loads(response.body)
        if response.status != 200:
            raise RuntimeError(answer)
        return answer

    async def pages(self, operation: str, items: str, limit: int) -> AsyncIterator[Any]:
        marker: dict[str, str] = {}
        while True:
            page = await self.ask(operation, Limit=limit, **marker)
            for item in page[items]:
                yield item
            if not page["Truncated"]:
                break
            marker = {"Marker": page["NextMarker"]}


async def bare(concurrency: str) -> dict[str, float]:
    begin, answered = perf_counter(), 0
    connections = AsyncConnectionPool(TrustedRoots(False, None), resolve_timeouts(None, None, None))
    try:
        requests = Bare(connections)
        keys = [entry["KeyId"] async for entry in requests.pages("ListKeys", "Keys", 1000)]
        aliases = requests.pages("ListAliases", "Aliases", 100)
        names = {
            alias["TargetKeyId"] async for alias in aliases if "TargetKeyId" in alias
        }  # some of AWS's have none

        async def worker(todo: Iterator[str]) -> None:
            nonlocal answered
            for key in todo:
                await requests.ask("DescribeKey", KeyId=key)
                await requests.ask("GetKeyLastUsage", KeyId=key)
                answered += 1

        todo = iter(keys)
        await asyncio.gather(*(worker(todo) for _ in range(int(concurrency))))
    finally:
        await connections.aclose()
    if answered != len(names):
        raise RuntimeError(f"{answered} answers for {len(names)} keys")
    return {"wall": perf_counter() - begin, "keys": answered}


if __name__ == "__main__":
    json.dump(
        asyncio.run({"paced": paced, "unpaced": unpaced, "bare": bare}[sys.argv[1]](sys.argv[2])), sys.stdout
    )
