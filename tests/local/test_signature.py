"""The embedded KMS's check of signatures, held against AWS's published example and a signer of its own."""

import hashlib
import hmac
import re
from collections.abc import Callable
from urllib.parse import quote

import pytest

from awskms_lite.local.auth.signature import Scope, canonical_request, verify
from awskms_lite.local.errors import ApiError
from awskms_lite.local.http.messages import Request

AKID = "AKIDEXAMPLE"
SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
NOW = 1440938160  # 2015-08-30T12:36:00Z
HOST = {"host": [b"kms.us-east-1.amazonaws.com"]}
DATED = {**HOST, "x-amz-date": [b"20150830T123600Z"]}


def secret_for(access_key_id: str) -> str | None:
    return SECRET if access_key_id == AKID else None


def check(request: Request, *, now: float = NOW, service: str = "kms") -> Scope:
    return verify(request, now=lambda dated: now, service=service, secret_for=secret_for)


def signed(
    headers: dict[str, list[bytes]] = DATED,
    *,
    names: str = "host;x-amz-date",
    canonical_head: str = "POST\n/\n\n",
    path: str = "/",
    query: str = "",
    body: bytes = b"{}",
    scope: str = "20150830/us-east-1/kms/aws4_request",
    date: str = "20150830T123600Z",
    secret: str = SECRET,
) -> Request:
    """Sign step by step from AWS's description, with the canonical path and query spelled by the test."""
    lines = "".join(f"{name}:{b','.join(headers[name]).decode()}\n" for name in names.split(";"))
    canonical = f"{canonical_head}{lines}\n{names}\n{hashlib.sha256(body).hexdigest()}"
    text = f"AWS4-HMAC-SHA256\n{date}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = b"AWS4" + secret.encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.digest(key, text.encode(), "sha256").hex()
    authorization = f"AWS4-HMAC-SHA256 Credential={AKID}/{scope}, SignedHeaders={names}, Signature={signature}"
    return Request("POST", path, query, {**headers, "authorization": [authorization.encode()]}, body)


def authorized(value: str, headers: dict[str, list[bytes]] = DATED) -> Request:
    return Request("POST", "/", "", {**headers, "authorization": [value.encode("latin-1")]}, b"{}")


def test_the_published_iam_example_is_accepted() -> None:
    """AWS's own worked example verifies, down to its published signature."""
    names = "content-type;host;x-amz-date"
    signature = "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"
    headers = {
        "content-type": [b"application/x-www-form-urlencoded; charset=utf-8"],
        "host": [b"iam.amazonaws.com"],
        "x-amz-date": [b"20150830T123600Z"],
        "authorization": [
            f"AWS4-HMAC-SHA256 Credential={AKID}/20150830/us-east-1/iam/aws4_request, "
            f"SignedHeaders={names}, Signature={signature}".encode()
        ],
    }
    request = Request("GET", "/", "Action=ListUsers&Version=2010-05-08", headers)
    scope = check(request, service="iam")
    assert scope == Scope(AKID, "20150830", "us-east-1", "iam", "aws4_request")
    digest = hashlib.sha256(canonical_request(request, names.split(";"))).hexdigest()
    assert digest == "f536975d06c0309214f805bb90ccff089219ecd68b2577efef23edd43b7e1a59"


def test_a_signed_request_gives_its_scope() -> None:
    """The region of a call is the one in its scope."""
    request = signed(scope="20150830/ap-south-2/kms/aws4_request")
    assert check(request).region == "ap-south-2"


@pytest.mark.parametrize(
    ("path", "canonical"),
    [
        ("/", "/"),
        ("//a///b", "/a/b"),
        ("/a/./b/../c", "/a/c"),
        ("/../..", "/"),
        ("/a/b/", "/a/b/"),
        ("/a/..", "/"),
        ("/a/b/.", "/a/b/"),
        ("/a%20b", "/a%2520b"),
        ("/-_.~/x:y", "/-_.~/x%3Ay"),
    ],
)
def test_paths_are_normalized_and_encoded_twice(path: str, canonical: str) -> None:
    """Dot segments and double slashes go, and what was encoded on the wire is encoded once more."""
    check(signed(path=path, canonical_head=f"POST\n{canonical}\n\n"))


@pytest.mark.parametrize(
    ("query", "canonical"),
    [
        ("b=2&a=1", "a=1&b=2"),
        ("a=2&a=1", "a=1&a=2"),
        ("flag", "flag="),
        ("a=b=c", "a=b%3Dc"),
        ("a=%7e%2f&&", "a=~%2F"),
        ("x=" + quote("ü"), "x=%C3%BC"),
    ],
)
def test_queries_are_sorted_and_encoded_anew(query: str, canonical: str) -> None:
    """The query is sorted by name and value, each in the one canonical encoding."""
    check(signed(query=query, canonical_head=f"POST\n/\n{canonical}\n"))


def test_header_values_are_folded_and_joined() -> None:
    """Runs of white space become one space, duplicates are joined by commas, and other bytes stay as sent."""
    wire = {**DATED, "x-thing": [b"a   b", "\u00a0ü\u0085".encode()]}
    canonical = {**DATED, "x-thing": [b"a b", "\u00a0ü\u0085".encode()]}
    names = "host;x-amz-date;x-thing"
    authorization = signed(canonical, names=names).headers["authorization"]
    check(Request("POST", "/", "", {**wire, "authorization": authorization}, b"{}"))


def test_the_date_header_serves_where_there_is_no_x_amz_date() -> None:
    """An HTTP date is good enough, when it is signed."""
    headers = {**HOST, "date": [b"Sun, 30 Aug 2015 12:36:00 GMT"]}
    check(signed(headers, names="date;host"))


def test_a_signed_session_token_is_accepted() -> None:
    """A session token needs to be signed, and nothing more."""
    check(signed({**DATED, "x-amz-security-token": [b"token"]}, names="host;x-amz-date;x-amz-security-token"))


@pytest.mark.parametrize(
    "alter",
    [
        lambda request: request._replace(body=b"{ }"),
        lambda request: request._replace(method="PUT"),
        lambda request: request._replace(path="/x"),
        lambda request: request._replace(query="x=1"),
        lambda request: request._replace(headers={**request.headers, "host": [b"elsewhere"]}),
    ],
    ids=["body", "method", "path", "query", "header"],
)
def test_whatever_is_signed_cannot_be_altered(alter: Callable[[Request], Request]) -> None:
    """A change of body, method, path, query or signed header breaks the signature."""
    with pytest.raises(ApiError, match="signature we calculated does not match") as caught:
        check(alter(signed()))
    assert caught.value.code == "InvalidSignatureException"


def test_a_refusal_does_not_contain_the_right_signature() -> None:
    """A wrong secret is InvalidSignatureException, and the text holds no signature at all."""
    with pytest.raises(ApiError) as caught:
        check(signed(secret="wrong"))
    assert caught.value.code == "InvalidSignatureException"
    assert not re.search("[0-9a-f]{64}", str(caught.value.message))


@pytest.mark.parametrize("skew", [-300, -299.5, 0, 300, 300.9])
def test_five_minutes_are_fresh(skew: float) -> None:
    """A signature is good for five minutes before and after its date, the fifth included."""
    check(signed(), now=NOW + skew)


def test_an_old_signature_has_expired() -> None:
    """Beyond five minutes the text names both times, as AWS does."""
    with pytest.raises(ApiError) as caught:
        check(signed(), now=NOW + 301)
    assert caught.value.code == "InvalidSignatureException"
    assert caught.value.message == (
        "Signature expired: 20150830T123600Z is now earlier than 20150830T123601Z (20150830T124101Z - 5 min.)"
    )


def test_a_future_signature_is_not_yet_current() -> None:
    """More than five minutes ahead is refused too."""
    with pytest.raises(ApiError) as caught:
        check(signed(), now=NOW - 301)
    assert caught.value.code == "InvalidSignatureException"
    assert caught.value.message == (
        "Signature not yet current: 20150830T123600Z is still later than 20150830T123559Z "
        "(20150830T123059Z + 5 min.)"
    )


@pytest.mark.parametrize(
    ("scope", "text"),
    [
        ("20150830/us-east-1/sts/aws4_request", "Credential should be scoped to correct service: 'kms'."),
        ("20150830//kms/aws4_request", "Credential should be scoped to a valid region, not ''."),
        (
            "20150830/us_east/kms/aws4_request",
            "Credential should be scoped to a valid region, not 'us_east'.",
        ),
        ("20150830/123/kms/aws4_request", "Credential should be scoped to a valid region, not '123'."),
        (
            "20150830/us-east-1/kms/aws5",
            "Credential should be scoped with a valid terminator: 'aws4_request'",
        ),
        ("20150829/us-east-1/kms/aws4_request", "'20150829' != '20150830', from '20150830T123600Z'."),
    ],
)
def test_a_wrong_scope_is_named(scope: str, text: str) -> None:
    """Each wrong part of the scope has AWS's message."""
    with pytest.raises(ApiError) as caught:
        check(signed(scope=scope))
    assert caught.value.code == "InvalidSignatureException"
    assert text in str(caught.value.message)


@pytest.mark.parametrize("scope", ["20150830/us-east-1/kms", "20150830/us-east-1/kms/aws4_request/more"])
def test_a_scope_has_five_parts(scope: str) -> None:
    """A part too few or too many makes the credential incomplete."""
    with pytest.raises(ApiError, match="exactly 5 slash-delimited elements") as caught:
        check(signed(scope=scope))
    assert caught.value.code == "IncompleteSignatureException"


def test_an_unknown_access_key_is_refused_before_the_signature_is_checked() -> None:
    """An access key of somewhere else is UnrecognizedClientException."""
    credential = "AKIAOTHER/20150830/us-east-1/kms/aws4_request"
    value = f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host;x-amz-date, Signature=0"
    with pytest.raises(ApiError) as caught:
        check(authorized(value))
    assert caught.value.code == "UnrecognizedClientException"
    assert caught.value.message == "The security token included in the request is invalid."


@pytest.mark.parametrize("headers", [DATED, {**DATED, "authorization": [b""]}])
def test_an_unsigned_request_lacks_its_token(headers: dict[str, list[bytes]]) -> None:
    """Without an Authorization header it is MissingAuthenticationTokenException."""
    with pytest.raises(ApiError) as caught:
        check(Request("POST", "/", "", headers, b"{}"))
    assert caught.value.code == "MissingAuthenticationTokenException"


COMPLETE = "Credential=a/20150830/us-east-1/kms/aws4_request, SignedHeaders=host;x-amz-date, Signature=00"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("Basic dXNlcg", "not a valid key=value pair"),
        ("AWS4-HMAC-SHA256", "requires 'Credential' parameter"),
        ("AWS4-HMAC-SHA256 Credential=a, SignedHeaders=host", "requires 'Signature' parameter"),
        ("AWS4-HMAC-SHA256 Credential=a, Signature=b", "requires 'SignedHeaders' parameter"),
        ("AWS4-HMAC-SHA256 SignedHeaders=host, Signature=b", "requires 'Credential' parameter"),
        (f"AWS4-HMAC-SHA256 {COMPLETE}, Signature=11", "'Signature' is given twice"),
        (f"AWS4-HMAC-SHA512 {COMPLETE}", "Unsupported AWS 'algorithm': 'AWS4-HMAC-SHA512'"),
        (
            f"AWS4-HMAC-SHA256 {COMPLETE.replace('host', 'host;x-other')}",
            "'x-other' is named as a SignedHeader",
        ),
    ],
)
def test_a_malformed_authorization_is_incomplete(value: str, text: str) -> None:
    """What lacks a part, repeats one or has none of the right shape is IncompleteSignatureException."""
    with pytest.raises(ApiError) as caught:
        check(authorized(value))
    assert caught.value.code == "IncompleteSignatureException"
    assert text in str(caught.value.message)


def test_two_authorization_headers_are_refused() -> None:
    """Nobody guesses which of two Authorization headers is meant."""
    request = signed()
    doubled = {**request.headers, "authorization": request.headers["authorization"] * 2}
    with pytest.raises(ApiError) as caught:
        check(request._replace(headers=doubled))
    assert caught.value.code == "IncompleteSignatureException"


def test_a_request_without_a_date_is_incomplete() -> None:
    """One of X-Amz-Date and Date must be there."""
    with pytest.raises(ApiError, match="existence of either a 'X-Amz-Date' or a 'Date' header") as caught:
        check(authorized(f"AWS4-HMAC-SHA256 {COMPLETE}", HOST))
    assert caught.value.code == "IncompleteSignatureException"


@pytest.mark.parametrize("date", ["2015-08-30T12:36:00Z", "20150830", "2015830T123600Z", "20151330T123600Z"])
def test_a_date_in_another_format_is_incomplete(date: str) -> None:
    """X-Amz-Date is ISO 8601 basic, all digits of it."""
    headers = {**HOST, "x-amz-date": [date.encode()]}
    with pytest.raises(ApiError, match="ISO-8601 'basic format'") as caught:
        check(authorized(f"AWS4-HMAC-SHA256 {COMPLETE}", headers))
    assert caught.value.code == "IncompleteSignatureException"


@pytest.mark.parametrize(
    ("headers", "names", "unsigned"),
    [
        (DATED, "x-amz-date", "'Host' or ':authority'"),
        (DATED, "host", "'x-amz-date'"),
        ({**DATED, "x-amz-target": [b"TrentService.ListKeys"]}, "host;x-amz-date", "'x-amz-target'"),
        ({**DATED, "x-amz-security-token": [b"token"]}, "host;x-amz-date", "'x-amz-security-token'"),
        ({**HOST, "date": [b"20150830T123600Z"]}, "host", "'date'"),
    ],
)
def test_what_must_be_signed_is_signed(headers: dict[str, list[bytes]], names: str, unsigned: str) -> None:
    """The host, the date and every x-amz header belong under the signature."""
    with pytest.raises(ApiError) as caught:
        check(signed(headers, names=names))
    assert caught.value.code == "InvalidSignatureException"
    assert caught.value.message == f"{unsigned} must be a 'SignedHeader' in the AWS Authorization."
