"""The configuration of a Lambda function: decrypted at the cold start, and kept for the calls after it."""

import os
from base64 import b64decode
from functools import cache
from typing import Any

from awskms_lite import KMSClient


@cache
def secret(name: str) -> str:
    """Return an environment variable that the console's encryption helpers have encrypted."""
    with KMSClient(timeout=5) as kms:
        opened = kms.decrypt(
            b64decode(os.environ[name]),
            encryption_context={"LambdaFunctionName": os.environ["AWS_LAMBDA_FUNCTION_NAME"]},
        )
    return opened.plaintext.decode()


def handler(event: dict[str, Any], _: object) -> dict[str, Any]:
    return {"statusCode": 200, "authorized": event.get("token") == secret("API_TOKEN")}
