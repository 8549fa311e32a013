"""AWS Signature Version 4, by hand and without I/O.

A signature is made in stages, each a function of its own, so that a wrong one names the stage that failed:

    canonical request     method, path, query, headers and payload hash, in the one spelling both sides agree on
    string to sign        algorithm, time stamp, credential scope, hash of the canonical request
    signing key           four HMACs over day, region and service, valid for a day and cached that long
    signature             one more HMAC; it goes into the headers (`sign`) or into the URL (`presign`)

The rules are those of "Create a signed AWS API request" in the IAM User Guide; where that page leaves a
choice, AWS's own C library decides. The session token is always part of what is signed. `PostSigner` makes
the same signature for the one shape that calls to KMS have, many times faster. Nothing here reads a clock:
the time is an argument.
"""

from datetime import datetime

from ..errors import ParameterError
from ..identity import Credentials
from ..steps import Request
from .canonical import (
    added_headers,
    assemble,
    canonical_headers,
    check_unsigned,
    extend_query,
)
from .post import PostSigner
from .signature import (
    ALGORITHM,
    authorization,
    hash_canonical,
    signature,
    stamp_and_scope,
)

__all__ = ["PostSigner", "Request", "canonical_request", "presign", "sign", "string_to_sign"]

_MAX_EXPIRES = 604_800  # seconds, a week: AWS refuses more


def canonical_request(
    request: Request,
    *,
    credentials: Credentials,
    region: str,
    service: str,
    now: datetime,
    normalize_path: bool = True,
    sign_body: bool = False,
) -> str:
    """Return the canonical request: the text whose hash is signed.

    It has the headers that `sign` would add, whether they are there yet or not. A URL that `presign` made is
    recognized by its parameters: no header is added then, and the signature is left out. `now` is an aware
    datetime. Without `normalize_path` the path keeps its dots and doubled slashes; with `sign_body` the
    payload's hash is sent as a header too. Raise `ParameterError` if the request cannot be signed.
    """
    stamp, _ = stamp_and_scope(credentials, region, service, now)
    added = added_headers(request, credentials.session_token, stamp, sign_body)
    return assemble(request, canonical_headers(request, added), normalize_path)


def string_to_sign(
    request: Request,
    *,
    credentials: Credentials,
    region: str,
    service: str,
    now: datetime,
    normalize_path: bool = True,
    sign_body: bool = False,
) -> str:
    """Return the string to sign; the arguments and errors are those of `canonical_request`."""
    stamp, scope = stamp_and_scope(credentials, region, service, now)
    added = added_headers(request, credentials.session_token, stamp, sign_body)
    canonical = assemble(request, canonical_headers(request, added), normalize_path)
    return hash_canonical(canonical, stamp, scope)


def sign(
    request: Request,
    *,
    credentials: Credentials,
    region: str,
    service: str,
    now: datetime,
    normalize_path: bool = True,
    sign_body: bool = False,
) -> Request:
    """Return the request with its signature appended to the headers; all else stays as it is.

    It adds X-Amz-Security-Token (if there is a token), X-Amz-Date, x-amz-content-sha256 (with `sign_body`) and
    Authorization. A request that is signed already is refused, because it would be unclear which signature counts.
    The caller's own x-amz-content-sha256 is kept and used as the payload hash (UNSIGNED-PAYLOAD, for example).
    The arguments and errors are those of `canonical_request`.
    """
    check_unsigned(request, credentials.session_token)
    stamp, scope = stamp_and_scope(credentials, region, service, now)
    added = added_headers(request, credentials.session_token, stamp, sign_body)
    headers = canonical_headers(request, added)
    text = hash_canonical(assemble(request, headers, normalize_path), stamp, scope)
    proof = authorization(credentials, scope, headers) + signature(credentials, region, service, text)
    return request._replace(headers=[*request.headers, *added, ("Authorization", proof)])


def presign(
    request: Request,
    *,
    credentials: Credentials,
    region: str,
    service: str,
    now: datetime,
    expires_in: int,
    normalize_path: bool = True,
    sign_body: bool = False,  # noqa: ARG001 - see the docstring
) -> Request:
    """Return the request with its signature appended to the URL, valid for `expires_in` seconds (1 to 604800).

    The headers stay as they are and must be sent unchanged. `sign_body` makes no difference here: every signature
    covers the payload's hash, and no header is added for it. The arguments and errors are those of `sign`.
    """
    check_unsigned(request, credentials.session_token)
    if type(expires_in) is not int or not 1 <= expires_in <= _MAX_EXPIRES:
        raise ParameterError(f"expires_in is invalid: pass whole seconds from 1 to {_MAX_EXPIRES} (a week).")
    stamp, scope = stamp_and_scope(credentials, region, service, now)
    headers = canonical_headers(request, [])
    parameters = {
        "X-Amz-Algorithm": ALGORITHM,
        "X-Amz-Credential": f"{credentials.access_key_id}/{scope}",
        "X-Amz-Date": stamp,
        "X-Amz-SignedHeaders": ";".join(headers),
        "X-Amz-Expires": str(expires_in),
    }
    if credentials.session_token:
        parameters["X-Amz-Security-Token"] = credentials.session_token
    unsigned = request._replace(url=extend_query(request.url, parameters))
    text = hash_canonical(assemble(unsigned, headers, normalize_path), stamp, scope)
    proof = signature(credentials, region, service, text)
    return request._replace(url=f"{unsigned.url}&X-Amz-Signature={proof}")
