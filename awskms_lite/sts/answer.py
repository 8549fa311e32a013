"""The answers of STS: from XML to credentials, an identity or an error, and from an error to a message.

An error has STS's own message without what the request held: STS answers a refused signature with the request's
headers, one to a line, so only the first line is kept, and every secret in it is redacted. Sources: "AWS Query
protocol" in the Smithy documentation, and "Common Errors" in the AWS STS API reference.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from ..errors import KMSLiteError, ProtocolError, ServiceError, error_class
from ..identity import Credentials
from ..loading import loading
from ..quoting import printable, redact
from ..retry import read_retry_after
from ..service_clock import read_iso_time
from ..steps import Response

_MAX_ANSWER = 64 * 1024  # bytes, several times the longest answer of STS
_MAX_TEXT = 500  # characters of a message: the rest of a page is no help
_CODE = re.compile(r"[A-Za-z][A-Za-z0-9.]{0,99}")
_ASSUMED_ROLE = re.compile(r"arn:[a-z0-9-]+:sts::([0-9]+):")
_PARTS = ("Credentials", "AssumedRoleUser", "GetCallerIdentityResult", "Error")
"""The elements that the answers of these operations have their texts in."""
_REMEDIES = {
    "InvalidIdentityToken": "Check that the account has an identity provider for the token's issuer and audience.",
    "IDPRejectedClaim": "Check that the token is one of the provider that the role trusts, and still valid.",
    "RegionDisabledException": "Let the account use STS in this region, or name another region.",
}


class CallerIdentity(NamedTuple):
    """Whose credentials are: the account, the ARN of the user, the role's session or the account, and its id."""

    account_id: str
    arn: str
    user_id: str


def read_credentials(response: Response, source: str) -> Credentials:
    """Return the credentials in a success, with the account of the role's ARN.

    Raise `ProtocolError`, which repeats none of it, if there are none.
    """
    parts = _read_xml(response.body)
    keys = parts["Credentials"]
    missing = [name for name in ("AccessKeyId", "SecretAccessKey", "SessionToken") if not keys.get(name)]
    if missing:
        raise ProtocolError(f"The answer (HTTP {response.status}) lacks {', '.join(missing)}.")
    account = _ASSUMED_ROLE.match(parts["AssumedRoleUser"].get("Arn", ""))
    return Credentials(
        access_key_id=keys["AccessKeyId"],
        secret_access_key=keys["SecretAccessKey"],
        session_token=keys["SessionToken"],
        account_id=account[1] if account else None,
        expires_at=_read_time(keys.get("Expiration", "")),
        source=source,
    )


def read_identity(response: Response) -> CallerIdentity:
    """Return the identity in a success; raise `ProtocolError`, which repeats none of it, if it is not whole."""
    found = _read_xml(response.body)["GetCallerIdentityResult"]
    missing = [name for name in ("Account", "Arn", "UserId") if not found.get(name)]
    if missing:
        raise ProtocolError(f"The answer (HTTP {response.status}) lacks {', '.join(missing)}.")
    return CallerIdentity(found["Account"], found["Arn"], found["UserId"])


def read_error(response: Response, attempts: int, secrets: Sequence[str]) -> ServiceError:
    """Return the error of an answer, by its status if its body has no code; never raise.

    `secrets` are the secrets of the request, which are redacted.
    """
    try:
        found = _read_xml(response.body)["Error"]
    except ProtocolError:
        found = {}
    code = found.get("Code", "")
    code = code if _CODE.fullmatch(code) and code not in secrets else str(response.status)
    return error_class("IDPCommunicationError" if _is_passing(code, found.get("Message", "")) else code)(
        _first_line(found.get("Message", ""), secrets),
        code=code,
        status_code=response.status,
        request_id=redact(response.headers.get("x-amzn-requestid", ""), secrets) or None,
        attempts=attempts,
        date=response.headers.get("date"),
        retry_after=read_retry_after(response.headers),
    )


def _is_passing(code: str, message: str) -> bool:
    """Return whether STS could not reach the provider's keys: it says so by a code that is final otherwise."""
    return code == "InvalidIdentityToken" and "retrieve verification key" in message.lower()


def describe(error: KMSLiteError) -> str:
    """Return what went wrong and what to do."""
    if isinstance(error, ProtocolError):
        return f"{error} Check the endpoint, and that no proxy rewrites its answers."
    if not isinstance(error, ServiceError):
        return str(error)
    said = f"{error.code}: {error.message}" if error.message else error.code
    facts = [f"HTTP {error.status_code}"]
    if error.request_id:
        facts.append(f"request id {error.request_id}")
    if error.attempts > 1:
        facts.append(f"{error.attempts} attempts")
    return f"{said} ({', '.join(facts)}). {_remedy(error)}"


def _remedy(error: ServiceError) -> str:
    known = error.remedy if error.retryable else _REMEDIES.get(error.code) or error.remedy
    if known:
        return known
    if error.retryable:
        return "This may pass: try again later."
    if error.code.isdecimal():
        return "No error code: a proxy or another server may have answered. Check the endpoint."
    return "Look the code up in the AWS STS API reference."


def _read_xml(body: bytes) -> dict[str, dict[str, str]]:
    """Return the texts directly below each of `_PARTS`, without namespaces.

    Raise `ProtocolError`, which repeats nothing, for a body that is not XML, is too long, or has a document type,
    which could define entities: no answer of STS has one.
    """
    with loading:
        from xml.etree import ElementTree as ET  # only a role needs it

    if len(body) > _MAX_ANSWER:
        raise ProtocolError(f"The answer is over {_MAX_ANSWER} bytes long, unlike any answer of STS.")
    try:
        text = body.decode()  # parsed as text, so that no declared encoding hides a document type
        root = None if "<!doctype" in text.lower() else ET.fromstring(text)  # noqa: S314 - it holds no document type
        fault = "has a document type, unlike any answer of STS"
    except (UnicodeDecodeError, ET.ParseError):
        root, fault = None, f"is not XML ({len(body)} bytes)"
    if root is None:  # raised here, because the exceptions above may hold the whole answer
        raise ProtocolError(f"The answer {fault}.")
    found: dict[str, dict[str, str]] = {name: {} for name in _PARTS}
    for element in root.iter():
        part = found.get(_local(element.tag))
        if part is not None:
            part.update((_local(child.tag), (child.text or "").strip()) for child in element)
    return found


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


def _read_time(text: str) -> datetime:
    moment = read_iso_time(text)
    if moment is None:
        raise ProtocolError("The answer's Expiration is missing, or no ISO 8601 time.")
    return moment


def _first_line(text: str, secrets: Sequence[str]) -> str:
    """Return the first line of a text with its secrets redacted; an MFA code is one, and has six digits."""
    line = next(iter(text.strip().splitlines()), "")
    return printable(redact(line, secrets, shortest=6))[:_MAX_TEXT].rstrip()
