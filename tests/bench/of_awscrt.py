"""The same with awscrt, for contender.py."""

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO

from awscrt.auth import AwsCredentialsProvider, AwsSigningConfig, aws_sign_request
from awscrt.http import HttpHeaders, HttpRequest
from calls import KEYS, QUESTION, TARGET, URL, Batch, each


@contextmanager
def sign() -> Iterator[Batch]:
    keys = AwsCredentialsProvider.new_static(*KEYS)
    host = URL.removeprefix("https://")

    def headers() -> None:
        named = [("Host", host), ("Content-Type", "application/x-amz-json-1.1"), ("X-Amz-Target", TARGET)]
        request = HttpRequest("POST", "/", HttpHeaders(named), BytesIO(QUESTION))
        config = AwsSigningConfig(credentials_provider=keys, region="us-east-2", service="kms")
        aws_sign_request(request, config).result()

    yield each(headers)
