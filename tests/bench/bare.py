"""The same with what awskms_lite is made of, or by hand, for contender.py: nothing can be much quicker."""

import asyncio
import hmac
import json
import os
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256
from time import gmtime, strftime, time
from typing import Any

import httpcore
import httpx
from calls import AT_A_TIME, KEYS, QUESTION, TARGET, Batch, each, in_workers
from cold_floor import Answer, Usage, converter
from server import BODY

from awskms_lite import Credentials, __version__
from awskms_lite.sigv4 import PostSigner


def ready_request() -> dict[str, Any]:
    """Return the request that our client sends, byte by byte but for the signature's time."""
    url = os.environ["AWS_ENDPOINT_URL"]
    signer = PostSigner(url, region=os.environ["AWS_REGION"], service="kms")
    headers = [
        *signer.headers(Credentials(*KEYS), TARGET, sha256(QUESTION).hexdigest(), time()),
        ("Accept-Encoding", "identity"),
        ("User-Agent", f"awskms-lite/{__version__}"),
    ]
    timeout = httpx.Timeout(10).as_dict()
    return {
        "method": "POST",
        "url": url,
        "headers": headers,
        "content": QUESTION,
        "extensions": {"timeout": timeout},
    }


@contextmanager
def httpx_send() -> Iterator[Batch]:
    with httpx.Client() as client:
        request = httpx.Request(**ready_request())
        yield each(lambda: client.send(request))


@contextmanager
def httpcore_pool() -> Iterator[Batch]:
    with httpcore.ConnectionPool() as pool:
        request = ready_request()
        yield each(lambda: pool.request(**request))


@contextmanager
def httpcore_connections() -> Iterator[Batch]:
    """As many connections as calls under way, and no pool."""
    request = ready_request()
    origin = httpcore.URL(request["url"]).origin

    async def opened(stack: AsyncExitStack) -> list[Callable[[], Any]]:
        connections = [httpcore.AsyncHTTPConnection(origin) for _ in range(AT_A_TIME)]
        return [partial((await stack.enter_async_context(each)).request, **request) for each in connections]

    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        ways = runner.run(opened(stack))
        yield lambda calls: runner.run(in_workers(ways, calls))
        runner.run(stack.aclose())


SIGNED = (
    "content-type:application/x-amz-json-1.1\nhost:kms.us-east-2.amazonaws.com\nx-amz-date:{}\nx-amz-target:"
    + TARGET
)
NAMES = "content-type;host;x-amz-date;x-amz-target"


@contextmanager
def sign() -> Iterator[Batch]:
    """Make the hashes that one request needs, of a text by hand; the key of the day is there already."""
    day = strftime("%Y%m%d", gmtime())
    key = f"AWS4{KEYS[1]}".encode()
    for part in (day, "us-east-2", "kms", "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    scope = f"{day}/us-east-2/kms/aws4_request"

    def headers() -> str:
        date = strftime("%Y%m%dT%H%M%SZ", gmtime(time()))
        canonical = f"POST\n/\n\n{SIGNED.format(date)}\n\n{NAMES}\n{sha256(QUESTION).hexdigest()}"
        to_sign = f"AWS4-HMAC-SHA256\n{date}\n{scope}\n{sha256(canonical.encode()).hexdigest()}"
        signature = hmac.digest(key, to_sign.encode(), "sha256").hex()
        return f"AWS4-HMAC-SHA256 Credential={KEYS[0]}/{scope}, SignedHeaders={NAMES}, Signature={signature}"

    yield each(headers)


def moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


@contextmanager
def decode_by_hand() -> Iterator[Batch]:
    def decode() -> Answer:
        told = json.loads(BODY)
        usage = told.get("KeyLastUsage")
        return Answer(
            told.get("KeyId"),
            usage
            and Usage(
                usage.get("Operation"),
                moment(usage.get("Timestamp")),
                usage.get("CloudTrailEventId"),
                usage.get("KmsRequestId"),
            ),
            moment(told.get("TrackingStartDate")),
            moment(told.get("KeyCreationDate")),
        )

    yield each(decode)


@contextmanager
def decode_by_cattrs() -> Iterator[Batch]:
    yield each(lambda: converter.structure(json.loads(BODY), Answer))


class Nothing:
    def method(self) -> None:
        pass


@contextmanager
def empty_method() -> Iterator[Batch]:
    yield each(Nothing().method)
