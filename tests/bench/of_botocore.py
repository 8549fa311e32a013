"""The same with botocore, for contender.py."""

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.parsers import JSONParser
from botocore.session import Session
from calls import KEY_ID, KEYS, QUESTION, TARGET, URL, Batch, each
from server import BODY


@contextmanager
def warm() -> Iterator[Batch]:
    kms = Session().create_client("kms")
    yield each(lambda: kms.get_key_last_usage(KeyId=KEY_ID))


@contextmanager
def sign() -> Iterator[Batch]:
    signer = SigV4Auth(Credentials(*KEYS), "kms", "us-east-2")
    headers = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": TARGET}
    request = AWSRequest("POST", URL, headers, QUESTION)
    yield each(lambda: signer.add_auth(request))


@contextmanager
def decode() -> Iterator[Batch]:
    shape = Session().get_service_model("kms").operation_model("GetKeyLastUsage").output_shape
    parser = JSONParser()
    headers = {"x-amzn-requestid": "9d3f6c1a-7b2e-4c58-8f10-2a6b4d5e7c90", "content-type": "application/json"}
    response = {"status_code": 200, "headers": headers, "body": BODY}
    yield each(lambda: parser.parse(response, shape))
