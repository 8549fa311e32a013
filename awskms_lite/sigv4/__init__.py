"""AWS Signature Version 4, by hand and without I/O.

A signature is made in stages, each a function of its own, so that a wrong one names the stage that failed:

    canonical request     method, path, query, headers, payload hash, spelled the one way both sides agree on
    string to sign        algorithm, time stamp, credential scope, hash of the canonical request
    signing key           four HMACs over day, region and service, good for a day and kept that long
    signature             one more HMAC; it goes into the headers (`sign`) or into the url (`presign`)

The rules are those of "Create a signed AWS API request" in the IAM User Guide; where that page leaves a
choice, AWS's own C library decides. The session token is always part of what is signed. `PostSigner` makes
the same signature for the one shape that calls to KMS have, many times faster. Nothing here reads a clock:
the time is an argument.
"""

from datetime import datetime

from awskms_lite.errors import ParameterError
from awskms_lite.identity import Credentials
from awskms_lite.sigv4.canonical import (
    added_headers,
    assemble,
    canonical_headers,
    extend_query,
    refuse_signed,
)
from awskms_lite.sigv4.post import PostSigner
from awskms_lite.sigv4.signature import (
    ALGORITHM,
    authorization,
    hash_canonical,
    signature,
    stamp_and_scope,
)
from awskms_lite.steps import Request

__all__ = ["PostSigner", "Request", "canonical_request", "presign", "sign", "string_to_sign"]

MAX_EXPIRES = 604_800  # a week: AWS refuses more


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
    """Give the canonical request: the text whose hash is signed.

    It has the headers that `sign` would add, whether they are there yet or not. A url that `presign` made is
    known by its parameters: then no header is added, and the signature is left out. `now` is an aware
    datetime. Without `normalize_path` the path keeps its dots and doubled slashes; with `sign_body` the
    payload's hash is sent as a header too. Raises `ParameterError` for what cannot be signed.
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
    """Give the string to sign; arguments and errors are those of `canonical_request`."""
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
    """Give the request with its signature appended to the headers; all else stays as it is.

    Added are X-Amz-Security-Token (when there is a token), X-Amz-Date, x-amz-content-sha256 (with
    `sign_body`) and Authorization. A request that has been signed already is refused, since nobody could tell
    which signature counts. A caller's own x-amz-content-sha256 stays, and is the payload hash
    (UNSIGNED-PAYLOAD, for one). Arguments and errors are those of `canonical_request`.
    """
    refuse_signed(request, credentials.session_token)
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
    """Give the request with its signature appended to the url, good for `expires_in` seconds (1 to 604800).

    The headers stay as they are, and must be sent so. `sign_body` makes no difference here: every signature
    covers the payload's hash, and no header is added to show it. Arguments and errors are those of `sign`.
    """
    refuse_signed(request, credentials.session_token)
    if type(expires_in) is not int or not 1 <= expires_in <= MAX_EXPIRES:
        raise ParameterError(f"expires_in is not usable: pass whole seconds, 1 to {MAX_EXPIRES} (a week).")
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
