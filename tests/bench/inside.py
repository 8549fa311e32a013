"""What can be measured inside one process: `python inside.py NAME ROUNDS` prints the samples as JSON.

The contenders take turns, a batch each, so that a busy moment of the machine meets all of them. A sample is
the mean of a batch, in seconds a call.
"""

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable
from hashlib import sha256
from itertools import repeat
from time import perf_counter, process_time, time
from typing import Any, TypeAlias

import httpx
from server import BODY

from awskms_lite import AsyncKMSClient, Credentials, KMSClient, __version__
from awskms_lite.operations.usage import GET_KEY_LAST_USAGE
from awskms_lite.protocol import decode
from awskms_lite.sigv4 import PostSigner
from awskms_lite.steps import Response

Samples: TypeAlias = dict[str, dict[str, list[float]]]
"""Contender, then "wall" or "cpu", then the samples in the order they were taken."""
Batch: TypeAlias = Callable[[int], object]

KEY_ID = "1234abcd-12ab-34cd-56ef-1234567890ab"
QUESTION = json.dumps({"KeyId": KEY_ID}, separators=(",", ":")).encode()
TARGET = "TrentService.GetKeyLastUsage"
AT_A_TIME = 50


def each(call: Callable[[], object]) -> Batch:
    def batch(calls: int) -> None:
        for _ in repeat(None, calls):
            call()

    return batch


def in_turns(contenders: dict[str, Batch], rounds: int, calls: int) -> Samples:
    samples: Samples = {name: {"wall": [], "cpu": []} for name in contenders}
    for batch in contenders.values():
        batch(calls)
    for _ in range(rounds):
        for name, batch in contenders.items():
            wall, cpu = perf_counter(), process_time()
            batch(calls)
            samples[name]["wall"].append((perf_counter() - wall) / calls)
            samples[name]["cpu"].append((process_time() - cpu) / calls)
    return samples


def ready_request() -> httpx.Request:
    """Return the request that our client sends, byte by byte but for the signature's time."""
    url = os.environ["AWS_ENDPOINT_URL"]
    signer = PostSigner(url, region=os.environ["AWS_REGION"], service="kms")
    keys = Credentials(os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"])
    headers = [
        *signer.headers(keys, TARGET, sha256(QUESTION).hexdigest(), time()),
        ("Accept-Encoding", "identity"),
        ("User-Agent", f"awskms-lite/{__version__}"),
    ]
    timeout = httpx.Timeout(10).as_dict()
    return httpx.Request("POST", url, headers=headers, content=QUESTION, extensions={"timeout": timeout})


def botocore_client() -> Any:
    from botocore.session import Session

    return Session().create_client("kms")


def warm(rounds: int) -> Samples:
    """One call after another, over a connection that is there already."""
    theirs = botocore_client()
    request = ready_request()
    with KMSClient() as ours, httpx.Client() as bare:
        return in_turns(
            {
                "ours": each(lambda: ours.get_key_last_usage(KEY_ID)),
                "httpx.Client.send": each(lambda: bare.send(request)),
                "botocore": each(lambda: theirs.get_key_last_usage(KeyId=KEY_ID)),
            },
            rounds,
            calls=100,
        )


def sign(rounds: int) -> Samples:
    """From a body to the headers of a request."""
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials as TheirCredentials

    url, keys = "https://kms.us-east-2.amazonaws.com", ("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
    signer, credentials = PostSigner(url, region="us-east-2", service="kms"), Credentials(*keys)
    other = SigV4Auth(TheirCredentials(*keys), "kms", "us-east-2")
    request = AWSRequest(
        "POST", url, {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": TARGET}, QUESTION
    )
    return in_turns(
        {
            "ours": each(lambda: signer.headers(credentials, TARGET, sha256(QUESTION).hexdigest(), time())),
            "botocore": each(lambda: other.add_auth(request)),
        },
        rounds,
        calls=500,
    )


def decoding(rounds: int) -> Samples:
    """From a response's bytes to what the caller gets."""
    from botocore.parsers import JSONParser
    from botocore.session import Session

    headers = {"x-amzn-requestid": "9d3f6c1a-7b2e-4c58-8f10-2a6b4d5e7c90", "content-type": "application/json"}
    response = Response(200, headers, BODY)
    theirs = {"status_code": 200, "headers": headers, "body": BODY}
    shape = Session().get_service_model("kms").operation_model("GetKeyLastUsage").output_shape
    parser = JSONParser()
    return in_turns(
        {
            "ours": each(lambda: decode(GET_KEY_LAST_USAGE, response, attempts=1)),
            "botocore": each(lambda: parser.parse(theirs, shape)),
        },
        rounds,
        calls=500,
    )


class Nothing:
    def method(self) -> None:
        pass


def credentials(rounds: int) -> Samples:
    """Credentials that were found before: asked for by a caller, and by the flow of a call."""
    with KMSClient() as kms:
        kms.resolve_credentials()
        return in_turns(
            {
                "ours": each(kms.resolve_credentials),
                "within a call": each(kms._state.credentials.current),
                "empty method": each(Nothing().method),
            },
            rounds,
            calls=20_000,
        )


async def at_a_time(call: Callable[[], Awaitable[object]], calls: int) -> None:
    """Make so many calls, always so many under way."""
    left = iter(range(calls))

    async def worker() -> None:
        for _ in left:
            await call()

    await asyncio.gather(*(worker() for _ in range(AT_A_TIME)))


def together(rounds: int) -> Samples:
    """Many calls at a time, under asyncio."""
    request = ready_request()
    with asyncio.Runner() as runner:
        ours, bare = AsyncKMSClient(), httpx.AsyncClient()
        contenders: dict[str, Batch] = {
            "ours": lambda calls: runner.run(at_a_time(lambda: ours.get_key_last_usage(KEY_ID), calls)),
            "one httpx.AsyncClient": lambda calls: runner.run(at_a_time(lambda: bare.send(request), calls)),
        }
        try:
            return in_turns(contenders, rounds, calls=10 * AT_A_TIME)
        finally:
            runner.run(ours.aclose())
            runner.run(bare.aclose())


BENCHES = {"warm": warm, "sign": sign, "decode": decoding, "credentials": credentials, "together": together}

if __name__ == "__main__":
    json.dump(BENCHES[sys.argv[1]](int(sys.argv[2])), sys.stdout)
