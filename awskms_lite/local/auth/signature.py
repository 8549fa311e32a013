"""The verification of Signature Version 4, as a service does it.

The signature is recomputed from the raw request after AWS's description ("Create a signed AWS API request"). No
code is shared with the client's signer, so that a mistake in one is not hidden by the same mistake in the other.
Order and texts of the checks are AWS's: date, host, algorithm, scope, access key, signature.
"""

import hashlib
import hmac
import re
from calendar import timegm
from collections.abc import Callable
from functools import lru_cache
from time import gmtime, strftime, strptime
from typing import NamedTuple, NoReturn
from urllib.parse import quote, unquote_to_bytes

from ..errors import ApiError
from ..http.messages import Request

MAX_SKEW = 5 * 60  # seconds that a signature is valid, before and after its date, as at AWS
UNRECOGNIZED = "The security token included in the request is invalid."

_ALGORITHM = "AWS4-HMAC-SHA256"
_PARAMETERS = ("Credential", "Signature", "SignedHeaders")
_REGION = re.compile(r"(?![0-9]+$)[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?")  # a host label
_ISO_BASIC = "%Y%m%dT%H%M%SZ"
_HTTP_DATE = "%a, %d %b %Y %H:%M:%S GMT"
_UNRESERVED = "-_.~"


class Scope(NamedTuple):
    """The parts of a credential: `AKID/20150830/us-east-1/kms/aws4_request`."""

    access_key_id: str
    date: str
    region: str
    service: str
    terminator: str


class Authorization(NamedTuple):
    """The parts of the Authorization header, not checked yet."""

    algorithm: str
    credential: str
    signed_headers: list[str]
    signature: str


def verify(
    request: Request, *, now: Callable[[float], float], service: str, secret_for: Callable[[str], str | None]
) -> Scope:
    """Return the scope of a request that is signed correctly for `service`; otherwise raise `ApiError`.

    `now` returns the time to compare a request of this date with, both in seconds since 1970. `secret_for` returns
    the secret of an access key id, None if the id is unknown, and checks the session token, if there is one; here
    it only has to be signed.
    """
    authorization = _parse_authorization(request)
    dated = _date(request)
    timestamp = _iso(dated)
    _check_age(timestamp, now(dated))
    _check_signed_headers(request, authorization.signed_headers)
    if authorization.algorithm != _ALGORITHM:
        _incomplete(f"Unsupported AWS 'algorithm': '{authorization.algorithm}' (only {_ALGORITHM} for now).")
    scope = _parse_credential(authorization.credential)
    _check_scope(scope, timestamp, service)
    secret = secret_for(scope.access_key_id)
    if secret is None:
        raise ApiError("UnrecognizedClientException", UNRECOGNIZED)
    text = string_to_sign(canonical_request(request, authorization.signed_headers), timestamp, scope)
    expected = hmac.digest(_signing_key(secret, *scope[1:4]), text, "sha256").hex()
    if not hmac.compare_digest(expected.encode("ascii"), authorization.signature.encode("latin-1")):
        _invalid(
            "The request signature we calculated does not match the signature you provided. Check your AWS "
            "Secret Access Key and signing method. Consult the service documentation for details."
        )
    return scope


def canonical_request(request: Request, signed_headers: list[str]) -> bytes:
    """Return the canonical request over the raw path, query, headers and body."""
    names = sorted(set(signed_headers))
    lines = [request.method.encode("ascii"), _canonical_path(request.path), _canonical_query(request.query)]
    for name in names:
        # bytes.split knows ASCII white space only, so the bytes of UTF-8 text stay whole.
        value = b",".join([b" ".join(value.split()) for value in request.values(name)])
        lines.append(name.encode("latin-1") + b":" + value)
    lines += (
        b"",
        ";".join(names).encode("latin-1"),
        hashlib.sha256(request.body).hexdigest().encode("ascii"),
    )
    return b"\n".join(lines)


def string_to_sign(canonical: bytes, timestamp: str, scope: Scope) -> bytes:
    """Return the string to sign; `timestamp` is ISO 8601 basic, UTC."""
    digest = hashlib.sha256(canonical).hexdigest()
    return f"{_ALGORITHM}\n{timestamp}\n{'/'.join(scope[1:])}\n{digest}".encode("latin-1")


@lru_cache(maxsize=256)
def _signing_key(secret: str, date: str, region: str, service: str) -> bytes:
    key = b"AWS4" + secret.encode("utf-8")
    for part in (date, region, service, "aws4_request"):
        key = hmac.digest(key, part.encode("latin-1"), "sha256")
    return key


def _canonical_path(path: str) -> bytes:
    """Return the path normalized and URI-encoded a second time, as for all services but S3."""
    if path == "/":
        return b"/"
    segments: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            del segments[-1:]
        elif segment not in ("", "."):
            segments.append(segment)
    slash = "/" if segments and path.endswith(("/", "/.", "/..")) else ""
    return quote(f"/{'/'.join(segments)}{slash}", safe="/" + _UNRESERVED).encode("ascii")


def _canonical_query(query: str) -> bytes:
    if not query:
        return b""
    pairs = (part.partition("=") for part in query.split("&") if part)
    encoded = sorted((_encode(name), _encode(value)) for name, _, value in pairs)
    return "&".join(f"{name}={value}" for name, value in encoded).encode("ascii")


def _encode(text: str) -> str:
    return quote(unquote_to_bytes(text), safe=_UNRESERVED)


def _parse_authorization(request: Request) -> Authorization:
    headers = request.values("authorization")
    if not any(headers):
        raise ApiError("MissingAuthenticationTokenException", "Missing Authentication Token")
    if len(headers) > 1:
        _incomplete("The request has more than one Authorization header.")
    algorithm, _, rest = headers[0].decode("latin-1").partition(" ")
    parameters: dict[str, str] = {}
    for part in filter(None, (part.strip() for part in rest.split(","))):
        name, equals, value = part.partition("=")
        if not equals:
            _incomplete(f"'{name}' not a valid key=value pair (missing equal-sign) in Authorization header.")
        if name in parameters:
            _incomplete(f"'{name}' is given twice in Authorization header.")
        parameters[name] = value
    missing = [
        f"Authorization header requires '{name}' parameter." for name in _PARAMETERS if not parameters.get(name)
    ]
    if not request.values("x-amz-date") and not request.values("date"):
        missing.append("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.")
    if missing:
        _incomplete(" ".join(missing))
    credential, signature, signed_headers = (parameters[name] for name in _PARAMETERS)
    return Authorization(algorithm, credential, signed_headers.lower().split(";"), signature)


def _date(request: Request) -> int:
    """Return the request's date, in seconds since 1970; `X-Amz-Date` goes before `Date`."""
    given = (request.values("x-amz-date") or request.values("date"))[0].decode("latin-1")
    seconds = _parse_date(given)
    if seconds is None:
        _incomplete(
            f"Date must be in ISO-8601 'basic format'. Got '{given}'. See http://en.wikipedia.org/wiki/ISO_8601"
        )
    return seconds


@lru_cache(maxsize=16)  # strptime takes longer than all the hashing, and many requests share a second
def _parse_date(given: str) -> int | None:
    for form in (_ISO_BASIC, _HTTP_DATE):
        try:
            seconds = timegm(strptime(given, form))
        except ValueError:
            continue
        if form is _HTTP_DATE or _iso(seconds) == given:  # strptime also takes digits too few
            return seconds
    return None


def _check_age(timestamp: str, now: float) -> None:
    # Both in the one format, whose order as text is the order in time.
    seconds = int(now)
    if timestamp < (earliest := _iso(seconds - MAX_SKEW)):
        _invalid(f"Signature expired: {timestamp} is now earlier than {earliest} ({_iso(seconds)} - 5 min.)")
    if timestamp > (latest := _iso(seconds + MAX_SKEW)):
        _invalid(f"Signature not yet current: {timestamp} is still later than {latest} ({_iso(seconds)} + 5 min.)")


def _check_signed_headers(request: Request, signed_headers: list[str]) -> None:
    if "host" not in signed_headers:
        _invalid("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.")
    date = "x-amz-date" if "x-amz-date" in request.headers else "date"
    for name in request.headers:
        if (name.startswith("x-amz-") or name == date) and name not in signed_headers:
            _invalid(f"'{name}' must be a 'SignedHeader' in the AWS Authorization.")
    for name in signed_headers:
        if name not in request.headers:
            _incomplete(f"'{name}' is named as a SignedHeader, but it does not exist in the HTTP request.")


def _parse_credential(credential: str) -> Scope:
    parts = credential.split("/")
    if len(parts) != 5:
        _incomplete(
            "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, "
            f"got '{credential}'"
        )
    return Scope(*parts)


def _check_scope(scope: Scope, timestamp: str, service: str) -> None:
    wrong: list[str] = []
    if not _REGION.fullmatch(scope.region):
        wrong.append(f"Credential should be scoped to a valid region, not '{scope.region}'.")
    if scope.service != service:
        wrong.append(f"Credential should be scoped to correct service: '{service}'.")
    if scope.terminator != "aws4_request":
        wrong.append(
            f"Credential should be scoped with a valid terminator: 'aws4_request', not '{scope.terminator}'."
        )
    if scope.date != timestamp[:8]:
        wrong.append(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
            f"'{scope.date}' != '{timestamp[:8]}', from '{timestamp}'."
        )
    if wrong:
        _invalid(" ".join(wrong))


@lru_cache(maxsize=64)
def _iso(seconds: int) -> str:
    return strftime(_ISO_BASIC, gmtime(seconds))


def _incomplete(message: str) -> NoReturn:
    raise ApiError("IncompleteSignatureException", message)


def _invalid(message: str) -> NoReturn:
    raise ApiError("InvalidSignatureException", message)
