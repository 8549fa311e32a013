"""A small client of the tests' own for the STS of LocalKMS: signed forms over a real socket, XML read."""

import http.client
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple
from urllib.parse import urlencode, urlsplit
from xml.etree import ElementTree as ET

from awskms_lite import Credentials
from awskms_lite.local import LocalKMS
from awskms_lite.local.auth.roles import Role, Session, credentials_of
from awskms_lite.sigv4 import Request, sign

OTHER_ACCOUNT = "444455556666"
ROLE = f"arn:aws:iam::{OTHER_ACCOUNT}:role/audit/KeyReader"
SESSION = f"arn:aws:sts::{OTHER_ACCOUNT}:assumed-role/KeyReader/nightly"
FORM = {"Action": "AssumeRole", "Version": "2011-06-15", "RoleArn": ROLE, "RoleSessionName": "nightly"}
NAMESPACE = "{https://sts.amazonaws.com/doc/2011-06-15/}"
FORM_TYPE = "application/x-www-form-urlencoded; charset=utf-8"


class Answer(NamedTuple):
    """One answer: the status, the headers, and the texts of its XML by the path of their elements."""

    status: int
    headers: http.client.HTTPMessage
    texts: dict[str, str]

    @property
    def error(self) -> tuple[int, str, str]:
        """The status, code and message of an error."""
        return (
            self.status,
            self.texts["ErrorResponse/Error/Code"],
            self.texts.get("ErrorResponse/Error/Message", ""),
        )

    @property
    def credentials(self) -> Credentials:
        """The credentials of an answer that is no error."""
        assert self.status == 200, self
        part = "AssumeRoleResponse/AssumeRoleResult/Credentials/"
        access_key_id, secret, token, expiration = (
            self.texts[part + name] for name in ("AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration")
        )
        expires_at = datetime.strptime(expiration, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
        return Credentials(access_key_id, secret, token, expires_at=expires_at)


def ask(
    kms: LocalKMS,
    form: Mapping[str, str] | bytes = FORM,
    *,
    credentials: Credentials | None = None,
    region: str = "us-east-1",
    service: str = "sts",
    now: datetime | None = None,
    method: str = "POST",
    path: str = "/",
) -> Answer:
    """Send one signed form; `now` is the client's idea of the time."""
    body = form if isinstance(form, bytes) else urlencode(form).encode()
    host = urlsplit(kms.endpoint_url).netloc
    signed = sign(
        Request(method, kms.endpoint_url + path, [("Host", host), ("Content-Type", FORM_TYPE)], body),
        credentials=credentials or kms.credentials,
        region=region,
        service=service,
        now=now or datetime.now(UTC),
    )
    return send(kms, signed.headers, body, method=method, path=path)


def send(
    kms: LocalKMS, headers: Sequence[tuple[str, str]], body: bytes, *, method: str = "POST", path: str = "/"
) -> Answer:
    """Send one request as it is."""
    connection = http.client.HTTPConnection(urlsplit(kms.endpoint_url).netloc, timeout=10)
    try:
        connection.request(method, path, body, dict(headers))
        response = connection.getresponse()
        texts: dict[str, str] = {}
        read(ET.fromstring(response.read()), "", texts)
        return Answer(response.status, response.headers, texts)
    finally:
        connection.close()


def read(element: ET.Element, path: str, texts: dict[str, str]) -> None:
    """Add the texts below an element, all of STS's namespace, to `texts`."""
    assert element.tag.startswith(NAMESPACE), element.tag
    path += element.tag.removeprefix(NAMESPACE)
    if not len(element):
        texts[path] = element.text or ""
    for child in element:
        read(child, f"{path}/", texts)


def session_credentials(account_id: str = "111122223333") -> Credentials:
    """Return credentials of a session in the account, for good, without asking any server for them."""
    return credentials_of(Session(Role("aws", account_id, "", "Tester"), "tests", 250_000_000_000))
