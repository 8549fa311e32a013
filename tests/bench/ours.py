"""What awskms_lite does, for contender.py."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from hashlib import sha256
from time import time

from calls import KEY_ID, KEYS, QUESTION, TARGET, URL, Batch, at_a_time, each
from server import BODY

from awskms_lite import AsyncKMSClient, Credentials, KMSClient
from awskms_lite.operations.usage import GET_KEY_LAST_USAGE
from awskms_lite.protocol import decode as decode_response
from awskms_lite.sigv4 import PostSigner
from awskms_lite.steps import Response

THREADS = 8


@contextmanager
def warm() -> Iterator[Batch]:
    with KMSClient() as kms:
        yield each(lambda: kms.get_key_last_usage(KEY_ID))


@contextmanager
def threads() -> Iterator[Batch]:
    with KMSClient() as kms, ThreadPoolExecutor(THREADS) as pool:
        work = each(lambda: kms.get_key_last_usage(KEY_ID))
        yield lambda calls: list(pool.map(work, [calls // THREADS] * THREADS))


@contextmanager
def together() -> Iterator[Batch]:
    with asyncio.Runner() as runner:
        kms = AsyncKMSClient()
        yield lambda calls: runner.run(at_a_time(lambda: kms.get_key_last_usage(KEY_ID), calls))
        runner.run(kms.aclose())


@contextmanager
def sign() -> Iterator[Batch]:
    signer, credentials = PostSigner(URL, region="us-east-2", service="kms"), Credentials(*KEYS)
    yield each(lambda: signer.headers(credentials, TARGET, sha256(QUESTION).hexdigest(), time()))


@contextmanager
def decode() -> Iterator[Batch]:
    headers = {"x-amzn-requestid": "9d3f6c1a-7b2e-4c58-8f10-2a6b4d5e7c90", "content-type": "application/json"}
    response = Response(200, headers, BODY)
    yield each(lambda: decode_response(GET_KEY_LAST_USAGE, response, attempts=1))


@contextmanager
def credentials() -> Iterator[Batch]:
    with KMSClient() as kms:
        yield each(kms.resolve_credentials)


@contextmanager
def credentials_in_a_call() -> Iterator[Batch]:
    with KMSClient() as kms:
        kms.resolve_credentials()
        yield each(kms._state.credentials.current)
