"""Our signer beside botocore's: the same canonical request, string to sign and signature for any request.

Where botocore differs by design, the strategies keep away from it:

- It signs a url's query as it stands, only sorted; we encode each part anew, as the IAM User Guide wants. So
  queries come in their canonical encoding, without empty parts.
- It re-reads the query when it presigns: of parameters with one name it keeps the first, and a name or value
  is decoded as a form, where a plus sign is a space. So names are unique there.
- It splits urls as a browser does, which drops tabs, line breaks and leading blanks; we refuse those.
- It folds every kind of Unicode white space in a header's value; we fold spaces and tabs, all that HTTP has.
  So values are ASCII, and on one line: folded lines are a single value to it, several to AWS's own suite.
- A `Date` header makes it leave out X-Amz-Date, and it replaces signatures that it finds; we never see a
  `Date` differently from other headers, and refuse what was signed before.
- It signs proxy headers other than the two that HTTP still defines; we sign none.
- It moves a form in the body of a presigned request into the query. So presigned bodies are empty.
- It always normalises paths, except for S3; there is no other side for `normalize_path=False`.
"""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, cast
from unittest.mock import patch
from urllib.parse import parse_qsl, quote, urlsplit

import pytest
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotocoreCredentials
from hypothesis import given, strategies as st

from awskms_lite.identity import Credentials
from awskms_lite.sigv4 import PostSigner, Request, canonical_request, presign, sign, string_to_sign

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:botocore")

LABELS = st.from_regex(r"[a-zA-Z0-9]([a-zA-Z0-9-]{0,10}[a-zA-Z0-9])?", fullmatch=True)
HOSTS = st.lists(LABELS, min_size=1, max_size=4).map(".".join) | st.just("[::1]") | st.just("127.0.0.1")
PORTS = st.just("") | st.sampled_from([":80", ":443"]) | st.integers(1, 65535).map(":{}".format)
SEGMENTS = st.text(st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="?#/\\"), max_size=8)
PATHS = st.just("") | st.lists(SEGMENTS | st.sampled_from([".", "..", "%2F", ""]), max_size=6).map(
    lambda segments: "/" + "/".join(segments)
)
PARTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8).map(lambda part: quote(part, safe=""))
PARAMETERS = st.tuples(PARTS, PARTS).filter(lambda pair: not pair[0].lower().startswith("x-amz-"))
ORIGINS = st.tuples(st.sampled_from(["http://", "https://"]), HOSTS, PORTS).map("".join)
NAMES = st.from_regex(r"[a-zA-Z][a-zA-Z0-9_-]{0,12}", fullmatch=True).filter(
    lambda name: name.lower() not in ("authorization", "date") and not name.lower().startswith(("x-amz", "proxy"))
)
UNSIGNED = st.sampled_from([
    "Connection", "Expect", "Keep-Alive", "Proxy-Authorization", "TE", "Trailer", "Transfer-Encoding",
    "Upgrade", "User-Agent", "X-Amzn-Trace-Id", "traceparent", "tracestate", "baggage",
])  # fmt: skip
VALUES = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E) | st.just("\t"), max_size=20)
HEADERS = st.lists(st.tuples(NAMES | UNSIGNED | st.just("host"), VALUES), max_size=8)
VISIBLE = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=40)
SCOPE_PARTS = VISIBLE.filter(lambda part: not set(part) & set("/,"))
CREDENTIALS = st.builds(Credentials, SCOPE_PARTS, VISIBLE, st.none() | VISIBLE)
TIMES = st.datetimes(datetime(1970, 1, 1), datetime(9999, 12, 31)).map(  # noqa: DTZ001 - hypothesis wants naive bounds
    lambda moment: moment.replace(tzinfo=UTC)
)


def with_query(origin: str, path: str, parameters: Sequence[tuple[str, str]]) -> str:
    query = "&".join("=".join(pair) for pair in parameters)
    return origin + (path or "/" if query else path) + (f"?{query}" if query else "")


URLS = st.builds(with_query, ORIGINS, PATHS, st.lists(PARAMETERS, max_size=5))
URLS_OF_UNIQUE_NAMES = st.builds(
    with_query, ORIGINS, PATHS, st.lists(PARAMETERS, max_size=5, unique_by=lambda pair: pair[0])
)
METHODS = st.sampled_from(["GET", "POST", "put", "DELETE", "HEAD"])


def other_request(request: Request) -> Any:
    """Return botocore's request; set whole, its headers keep duplicates."""
    other = AWSRequest(method=request.method, url=request.url, data=request.body)
    for name, value in request.headers:
        other.headers.add_header(name, value)
    return other


def other_signer(kind: Any, credentials: Credentials, region: str, service: str, **more: Any) -> Any:
    keys = BotocoreCredentials(credentials.access_key_id, credentials.secret_access_key, credentials.session_token)
    return kind(keys, service, region, **more)


def sign_there(signer: Any, other: Any, now: datetime) -> None:
    with patch("botocore.auth.get_current_datetime", return_value=now):
        signer.add_auth(other)


@given(
    request=st.builds(Request, METHODS, URLS, HEADERS, st.binary(max_size=100)),
    credentials=CREDENTIALS,
    region=SCOPE_PARTS,
    service=SCOPE_PARTS,
    now=TIMES,
)
def test_any_request_is_signed_as_botocore_signs_it(
    request: Request, credentials: Credentials, region: str, service: str, now: datetime
) -> None:
    """Canonical request, string to sign and added headers are botocore's."""
    how: dict[str, Any] = {"credentials": credentials, "region": region, "service": service, "now": now}
    other = other_request(request)
    signer = other_signer(SigV4Auth, credentials, region, service)
    sign_there(signer, other, now)
    theirs = dict(other.headers.items())
    del other.headers["Authorization"]  # it would sign that too, now that it is there
    text = signer.canonical_request(other)
    assert canonical_request(request, **how) == text
    assert string_to_sign(request, **how) == signer.string_to_sign(other, text)
    for name, value in sign(request, **how).headers[len(request.headers) :]:
        assert theirs[name] == value


@given(
    request=st.builds(Request, METHODS, URLS_OF_UNIQUE_NAMES, HEADERS, st.just(b"")),
    credentials=CREDENTIALS,
    region=SCOPE_PARTS,
    service=SCOPE_PARTS,
    now=TIMES,
    expires_in=st.integers(1, 604_800),
)
def test_any_url_is_presigned_as_botocore_presigns_it(
    request: Request, credentials: Credentials, region: str, service: str, now: datetime, expires_in: int
) -> None:
    """The presigned query is botocore's, parameter by parameter, signature included."""
    other = other_request(request)
    signer = other_signer(SigV4QueryAuth, credentials, region, service, expires=expires_in)
    sign_there(signer, other, now)
    ours = presign(
        request, credentials=credentials, region=region, service=service, now=now, expires_in=expires_in
    )
    assert sorted(parameters_of(ours.url)) == sorted(parameters_of(cast(str, other.url)))


def parameters_of(url: str) -> list[tuple[str, str]]:
    return parse_qsl(urlsplit(url).query, keep_blank_values=True)


@given(
    origin=ORIGINS,
    path=st.sampled_from(["", "/", "/kms", "/a//b/../c d/"]),
    credentials=CREDENTIALS,
    region=SCOPE_PARTS,
    service=SCOPE_PARTS,
    target=VISIBLE,
    body=st.binary(max_size=100),
    now=TIMES,
)
def test_any_call_is_signed_as_botocore_signs_it(
    origin: str,
    path: str,
    credentials: Credentials,
    region: str,
    service: str,
    target: str,
    body: bytes,
    now: datetime,
) -> None:
    """The fast path's headers are those that botocore sends for the same call."""
    fast = PostSigner(origin + path, region=region, service=service).headers(
        credentials, target, hashlib.sha256(body).hexdigest(), now.timestamp()
    )
    headers = [pair for pair in fast if pair[0] in ("Content-Type", "X-Amz-Target")]
    other = other_request(Request("POST", origin + path, headers, body))
    sign_there(other_signer(SigV4Auth, credentials, region, service), other, now)
    assert sorted(pair for pair in fast if pair[0] != "Host") == sorted(other.headers.items())
