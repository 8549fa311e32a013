"""A small client of the tests' own for LocalKMS: signed calls over a real socket, and nothing of the library."""

import base64
import hashlib
import hmac
import http.client
import json
import ssl
import time
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from awskms_lite.identity import Credentials
from awskms_lite.local import LocalKMS

OTHER_ACCOUNT = "444455556666"

# A key policy that leaves everything to whoever there is, in letters of its own.
OPEN_POLICY = (
    '{"Version": "2012-10-17",\n\t"Statement": '
    '{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}}'
)


class Answer(NamedTuple):
    """One answer: the status, the headers and the decoded body."""

    status: int
    headers: http.client.HTTPMessage
    body: dict[str, Any]

    @property
    def error(self) -> str:
        assert self.status >= 400, self
        return str(self.body["__type"])

    @property
    def message(self) -> str:
        return str(self.body.get("message"))


class Client:
    """Signs and sends single calls, after AWS's description of Signature Version 4."""

    def __init__(
        self,
        kms: LocalKMS,
        region: str,
        credentials: Credentials,
        context: ssl.SSLContext | None = None,
        *,
        service: str = "kms",
        target: str = "TrentService",
    ) -> None:
        self.host = urlsplit(kms.endpoint_url).netloc
        self.region = region
        self.credentials = credentials
        self.context = context
        self.service = service
        self.target = target

    def __call__(self, operation: str, **members: object) -> dict[str, Any]:
        """Return the body of an answer that is no error."""
        answer = self.send(operation, json.dumps(members).encode())
        assert answer.status == 200, answer
        return answer.body

    def error(self, operation: str, **members: object) -> Answer:
        answer = self.send(operation, json.dumps(members).encode())
        assert answer.status == 400, answer
        return answer

    def send(self, operation: str, body: bytes, *, method: str = "POST", path: str = "/") -> Answer:
        target = operation if "." in operation else f"{self.target}.{operation}"
        headers = self._signed(method, path, target, body)
        if self.context is None:
            connection = http.client.HTTPConnection(self.host, timeout=10)
        else:
            connection = http.client.HTTPSConnection(self.host, timeout=10, context=self.context)
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            return Answer(response.status, response.headers, json.loads(response.read()))
        finally:
            connection.close()

    def now(self) -> float:
        """Return the client's idea of the time."""
        return time.time()

    def _signed(self, method: str, path: str, target: str, body: bytes) -> dict[str, str]:
        date = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(self.now()))
        headers = {"host": self.host, "x-amz-date": date, "x-amz-target": target}
        if self.credentials.session_token:
            headers["x-amz-security-token"] = self.credentials.session_token
        headers = dict(sorted(headers.items()))
        names = ";".join(headers)
        lines = "".join(f"{name}:{value}\n" for name, value in headers.items())
        canonical = f"{method}\n{path}\n\n{lines}\n{names}\n{hashlib.sha256(body).hexdigest()}"
        scope = f"{date[:8]}/{self.region}/{self.service}/aws4_request"
        text = f"AWS4-HMAC-SHA256\n{date}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
        key = b"AWS4" + self.credentials.secret_access_key.encode()
        for part in scope.split("/"):
            key = hmac.digest(key, part.encode(), "sha256")
        headers["authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={self.credentials.access_key_id}/{scope}, "
            f"SignedHeaders={names}, Signature={hmac.digest(key, text.encode(), 'sha256').hex()}"
        )
        return headers


def client(kms: LocalKMS, *, region: str = "us-east-1", account_id: str = "111122223333") -> Client:
    return Client(kms, region, kms.credentials_for(account_id))


def trail(
    kms: LocalKMS,
    *,
    region: str = "us-east-1",
    account_id: str = "111122223333",
    credentials: Credentials | None = None,
) -> Client:
    """Return a client of CloudTrail."""
    return Client(
        kms,
        region,
        credentials or kms.credentials_for(account_id),
        service="cloudtrail",
        target="com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101",
    )


def records(
    look: Client, key: str | None = None, value: str | None = None, **members: object
) -> list[dict[str, Any]]:
    """Return the records of the events that a lookup finds, newest first, at most a page of them."""
    attributes = {} if key is None else {"LookupAttributes": [{"AttributeKey": key, "AttributeValue": value}]}
    return [
        json.loads(event["CloudTrailEvent"]) for event in look("LookupEvents", **attributes, **members)["Events"]
    ]


def b64(blob: bytes) -> str:
    return base64.b64encode(blob).decode()


def last_usage(call: Client, key: str) -> dict[str, Any]:
    usage = call("GetKeyLastUsage", KeyId=key)["KeyLastUsage"]
    assert isinstance(usage, dict)
    return usage


def listed(call: Client, operation: str, member: str, **members: object) -> list[Any]:
    """Return the items of all pages of a list operation, of which there are a hundred at most."""
    items: list[Any] = []
    page = call(operation, **members)
    for _ in range(100):
        items += page[member]
        if not page["Truncated"]:
            assert "NextMarker" not in page, page
            return items
        page = call(operation, Marker=page["NextMarker"], **members)
    raise AssertionError(f"{operation} has no end")
