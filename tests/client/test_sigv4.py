"""Signature Version 4: every stage against the fixtures, and the fast path against the general one.

A fixture that fails in one stage only names that stage; the stages are in the order in which they build on
each other.
"""

import hashlib
import hmac
import json
import sys
import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given, strategies as st

from awskms_lite.errors import ParameterError
from awskms_lite.identity import Credentials
from awskms_lite.sigv4 import PostSigner, Request, canonical_request, presign, sign, string_to_sign
from awskms_lite.sigv4.canonical import (
    NEVER_SIGNED,
    canonical_headers,
    canonical_path,
    canonical_query,
    split_url,
)
from awskms_lite.sigv4.signature import signing_key

FIXTURES = Path(__file__).parent.parent.parent / "fixtures" / "sigv4"
EXAMPLES: dict[str, dict[str, Any]] = {
    path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(FIXTURES.glob("*.json"))
}
SIGNED_HEADERS = [name for name, example in EXAMPLES.items() if "added_headers" in example]
PRESIGNED = [name for name, example in EXAMPLES.items() if "signed_url" in example]

NOW = datetime(2026, 5, 17, 8, 9, 10, tzinfo=UTC)
SECRET = "ExampleSecretKey/ForTests+Only/0123456789"
TOKEN = "ExampleSessionToken//////wEaDGV4YW1wbGU="
KEYS = Credentials("AKIAIOSFODNN7SAMPLE", SECRET)
KEYS_WITH_TOKEN = Credentials("ASIAIOSFODNN7SAMPLE", SECRET, TOKEN)
URL = "https://kms.eu-central-1.amazonaws.com/"
PLAIN = Request("GET", URL, [])


def request_of(example: dict[str, Any]) -> Request:
    given = example["request"]
    return Request(given["method"], given["url"], given["headers"], given["body"].encode())


def options_of(example: dict[str, Any]) -> dict[str, Any]:
    return {
        "credentials": Credentials(**example["credentials"]),
        "now": datetime.fromisoformat(example["now"]),
        **{name: example[name] for name in ("region", "service", "normalize_path", "sign_body")},
    }


def options(**changes: Any) -> dict[str, Any]:
    return {"credentials": KEYS, "region": "eu-central-1", "service": "kms", "now": NOW} | changes


def added(signed: Request, request: Request) -> list[tuple[str, str]]:
    assert list(signed.headers[: len(request.headers)]) == list(request.headers)
    return list(signed.headers[len(request.headers) :])


def authorization(signed: Request) -> str:
    return dict(signed.headers)["Authorization"]


# The stages, one by one.


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_path_stage_agrees(name: str) -> None:
    """The canonical path is the example's."""
    example = EXAMPLES[name]
    path = split_url(example["request"]["url"])[1]
    assert canonical_path(path, example["normalize_path"]) == example["canonical_path"]


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_query_stage_agrees(name: str) -> None:
    """The canonical query is the example's, without the signature of a presigned url."""
    example = EXAMPLES[name]
    url = example.get("signed_url", example["request"]["url"])
    assert canonical_query(split_url(url)[2]) == example["canonical_query"]


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_headers_stage_agrees(name: str) -> None:
    """The canonical headers are the example's, in its order."""
    example = EXAMPLES[name]
    new = [pair for pair in example.get("added_headers", []) if pair[0] != "Authorization"]
    headers = canonical_headers(request_of(example), new)
    assert [list(pair) for pair in headers.items()] == example["canonical_headers"]


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_payload_stage_agrees(name: str) -> None:
    """The canonical request ends in the example's payload hash."""
    example = EXAMPLES[name]
    text = canonical_request(request_of(example), **options_of(example))
    assert text.rpartition("\n")[2] == example["payload_hash"]


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_canonical_request_agrees(name: str) -> None:
    """The canonical request is the example's; that of a presigned url is taken from the url itself."""
    example = EXAMPLES[name]
    request = request_of(example)
    request = request._replace(url=example.get("signed_url", request.url))
    assert canonical_request(request, **options_of(example)) == example["canonical_request"]


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_string_to_sign_agrees(name: str) -> None:
    """The string to sign is the example's."""
    example = EXAMPLES[name]
    request = request_of(example)
    request = request._replace(url=example.get("signed_url", request.url))
    assert string_to_sign(request, **options_of(example)) == example["string_to_sign"]


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_signing_key_agrees(name: str) -> None:
    """The signing key is the example's."""
    example = EXAMPLES[name]
    day = example["now"][:10].replace("-", "")
    secret = example["credentials"]["secret_access_key"]
    assert signing_key(secret, day, example["region"], example["service"]).hex() == example["signing_key"]


@pytest.mark.parametrize("name", SIGNED_HEADERS)
def test_sign_only_appends_the_added_headers(name: str) -> None:
    """A signed request is the request with the example's headers appended, and nothing else differs."""
    example = EXAMPLES[name]
    request = request_of(example)
    signed = sign(request, **options_of(example))
    assert [list(pair) for pair in added(signed, request)] == example["added_headers"]
    assert (signed.method, signed.url, signed.body) == (request.method, request.url, request.body)


@pytest.mark.parametrize("name", PRESIGNED)
def test_presign_only_extends_the_url(name: str) -> None:
    """A presigned request is the request with the example's url, and nothing else differs."""
    example = EXAMPLES[name]
    request = request_of(example)
    signed = presign(request, expires_in=example["expires_in"], **options_of(example))
    assert signed == request._replace(url=example["signed_url"])


def test_aws_published_example_is_met() -> None:
    """The signature of the IAM User Guide's own example comes out."""
    example = EXAMPLES["iam-example-of-the-user-guide"]
    expected = "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"
    assert authorization(sign(request_of(example), **options_of(example))).endswith(f"Signature={expected}")


def test_a_signed_request_keeps_its_canonical_request() -> None:
    """The canonical request is the same before and after signing, so that a signature can be checked."""
    how = options(credentials=KEYS_WITH_TOKEN, sign_body=True)
    assert canonical_request(sign(PLAIN, **how), **how) == canonical_request(PLAIN, **how)


def test_the_time_is_taken_to_utc() -> None:
    """The same instant in another zone makes the same signature."""
    elsewhere = NOW.astimezone(timezone(timedelta(hours=-11)))
    assert sign(PLAIN, **options(now=elsewhere)) == sign(PLAIN, **options())


def test_an_empty_token_is_none() -> None:
    """A session token of no length is neither sent nor signed."""
    empty = Credentials(KEYS.access_key_id, SECRET, "")
    assert sign(PLAIN, **options(credentials=empty)) == sign(PLAIN, **options())
    assert presign(PLAIN, **options(credentials=empty), expires_in=9) == presign(PLAIN, **options(), expires_in=9)


# Properties of the general signer.

NAMES = st.from_regex(r"[a-zA-Z][a-zA-Z0-9-]{0,12}", fullmatch=True).filter(
    lambda name: name.lower() not in ("authorization", "x-amz-date", "x-amz-security-token")
)
VALUES = st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=20)
HEADERS = st.lists(st.tuples(NAMES, VALUES), max_size=6, unique_by=lambda pair: pair[0].lower())


@given(headers=HEADERS, data=st.data())
def test_the_order_of_headers_makes_no_difference(headers: list[tuple[str, str]], data: st.DataObject) -> None:
    """Headers of different names may be sent in any order."""
    shuffled = data.draw(st.permutations(headers))
    first = sign(PLAIN._replace(headers=headers), **options())
    assert authorization(sign(PLAIN._replace(headers=shuffled), **options())) == authorization(first)


@given(headers=HEADERS, name=st.sampled_from(sorted(NEVER_SIGNED - {"authorization"})), value=VALUES)
def test_unsigned_headers_make_no_difference(headers: list[tuple[str, str]], name: str, value: str) -> None:
    """What proxies and tracers change can be changed after signing, and by any case of its name."""
    more = [*headers, (name.title(), value)]
    first = sign(PLAIN._replace(headers=headers), **options())
    assert authorization(sign(PLAIN._replace(headers=more), **options())) == authorization(first)


@given(
    request=st.builds(
        Request,
        st.sampled_from(["GET", "post", "DELETE"]),
        st.text(st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="#")).map(
            lambda tail: f"{URL}{tail}"
        ),
        HEADERS,
        st.binary(max_size=30),
    ),
    token=st.sampled_from([None, TOKEN]),
    normalize=st.booleans(),
    expires_in=st.integers(1, 604_800),
)
def test_a_presigned_url_carries_its_own_proof(
    request: Request, token: str | None, normalize: bool, expires_in: int
) -> None:
    """Whoever has the url and the secret can compute its signature again."""
    how = options(credentials=Credentials("AKID", SECRET, token), normalize_path=normalize)
    signed = presign(request, expires_in=expires_in, **how)
    key = signing_key(SECRET, "20260517", "eu-central-1", "kms")
    proof = hmac.digest(key, string_to_sign(signed, **how).encode(), "sha256").hex()
    assert signed.url.startswith(request.url)
    assert signed.url.endswith(f"&X-Amz-Signature={proof}")


# The signing key's cache.


def test_the_signing_key_is_kept_for_its_secret_day_region_and_service() -> None:
    """A second signature with the same four derives no key; a change of any of them derives one."""
    signing_key.cache_clear()
    sign(PLAIN, **options())
    sign(PLAIN._replace(method="PUT"), **options(now=NOW + timedelta(hours=3)))
    presign(PLAIN, expires_in=60, **options())
    assert signing_key.cache_info().misses == 1
    for change in (
        {"credentials": Credentials("AKID", f"{SECRET}2")},
        {"now": NOW + timedelta(days=1)},
        {"region": "us-east-1"},
        {"service": "sts"},
    ):
        before = signing_key.cache_info().misses
        sign(PLAIN, **options(**change))
        assert signing_key.cache_info().misses == before + 1


def test_the_cache_of_keys_is_bounded() -> None:
    """However many regions are signed for, the cache keeps a fixed number of keys."""
    size = signing_key.cache_info().maxsize
    assert size is not None
    for number in range(size + 10):
        sign(PLAIN, **options(region=f"region-{number}"))
    assert signing_key.cache_info().currsize == size


# The fast path.

LABELS = st.from_regex(r"[a-zA-Z0-9]([a-zA-Z0-9-]{0,10}[a-zA-Z0-9])?", fullmatch=True)
HOSTS = st.lists(LABELS, min_size=1, max_size=4).map(".".join) | st.just("[::1]") | st.just("127.0.0.1")
PORTS = st.just("") | st.sampled_from([":80", ":443"]) | st.integers(1, 65535).map(":{}".format)
PATHS = st.sampled_from(["", "/", "/kms", "/a//b/../c d/", "/ü%2F"])
URLS = st.tuples(st.sampled_from(["http://", "https://", "HTTPS://"]), HOSTS, PORTS, PATHS).map("".join)
VISIBLE = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=40)
SCOPE_PARTS = VISIBLE.filter(lambda part: not set(part) & set("/,"))
CREDENTIALS = st.builds(Credentials, SCOPE_PARTS, VISIBLE, st.none() | VISIBLE)
EPOCHS = st.floats(0, 253_402_300_799, allow_nan=False) | st.integers(0, 253_402_300_799)


def generally(url: str, headers: Sequence[tuple[str, str]], body: bytes, now: float, **how: Any) -> Request:
    then = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=int(now))
    return sign(Request("POST", url, headers, body), now=then, **how)


@given(
    url=URLS,
    credentials=CREDENTIALS,
    region=SCOPE_PARTS,
    service=SCOPE_PARTS,
    target=VISIBLE,
    body=st.binary(max_size=200),
    now=EPOCHS,
)
def test_the_fast_path_signs_as_the_general_one(
    url: str, credentials: Credentials, region: str, service: str, target: str, body: bytes, now: float
) -> None:
    """For any endpoint, credentials, scope, target, body and time, both ways give the same headers."""
    how = {"credentials": credentials, "region": region, "service": service}
    signer = PostSigner(url, region=region, service=service)
    fast = signer.headers(credentials, target, hashlib.sha256(body).hexdigest(), now)
    given_headers = [pair for pair in fast if pair[0] in ("Host", "Content-Type", "X-Amz-Target")]
    slow = generally(url, given_headers, body, now, **how)
    assert sorted(fast) == sorted(slow.headers)
    without_host = generally(url, given_headers[1:], body, now, **how)
    assert authorization(without_host) == authorization(slow)


@given(calls=st.lists(st.tuples(st.sampled_from([KEYS, KEYS_WITH_TOKEN]), EPOCHS), min_size=2, max_size=6))
def test_a_signer_follows_credentials_and_days(calls: list[tuple[Credentials, float]]) -> None:
    """What a signer keeps never outlives the credentials or the day it was made for."""
    signer = PostSigner(URL, region="eu-central-1", service="kms")
    for credentials, now in calls:
        fresh = PostSigner(URL, region="eu-central-1", service="kms")
        assert signer.headers(credentials, "A.B", "0" * 64, now) == fresh.headers(
            credentials, "A.B", "0" * 64, now
        )


def test_a_signer_derives_no_key_within_a_day() -> None:
    """Signing again on the same day with the same credentials does not even ask the cache of keys."""
    signer = PostSigner(URL, region="eu-central-1", service="kms")
    signer.headers(KEYS, "A.B", "0" * 64, 86_400.0)
    before = signing_key.cache_info()
    signer.headers(KEYS, "A.B", "0" * 64, 2 * 86_400 - 0.001)
    assert signing_key.cache_info() == before


def test_a_caller_may_change_the_headers() -> None:
    """Each call gets a list of its own."""
    signer = PostSigner(URL, region="eu-central-1", service="kms")
    first = signer.headers(KEYS, "A.B", "0" * 64, 1.0)
    expected = list(first)
    first.append(("Amz-Sdk-Request", "attempt=1"))
    assert signer.headers(KEYS, "A.B", "0" * 64, 1.0) == expected


def test_threads_may_share_a_signer() -> None:
    """Threads with credentials of their own get the signatures that these make, whatever the others do."""
    signer = PostSigner(URL, region="eu-central-1", service="kms")
    days = range(4)
    expected = {
        (keys.access_key_id, day): PostSigner(URL, region="eu-central-1", service="kms").headers(
            keys, "A.B", "0" * 64, day * 86_400.0
        )
        for keys in (KEYS, KEYS_WITH_TOKEN)
        for day in days
    }
    wrong: list[tuple[str, int]] = []

    def work(keys: Credentials) -> None:
        for turn in range(400):
            day = turn % len(days)
            if signer.headers(keys, "A.B", "0" * 64, day * 86_400.0) != expected[keys.access_key_id, day]:
                wrong.append((keys.access_key_id, day))

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=work, args=(keys,)) for keys in (KEYS, KEYS_WITH_TOKEN) * 2]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert wrong == []


# What cannot be signed.


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("/path", "whole"),
        ("kms.eu-central-1.amazonaws.com/", "whole"),
        ("//host/", "whole"),
        ("ftp://host/", "whole"),
        ("https:///path", "host"),
        ("https://:443/", "host"),
        ("https://[]/", "host"),
        ("https://[::1/", "host"),
        ("https://[::1]x:80/", "host"),
        ("https://::1/", "host"),
        ("https://ho st/", "host"),
        ("https://höst/", "host"),
        ("https://host:port/", "host"),
        ("https://host:8080x/", "host"),
        ("https://host\\evil/", "host"),
        ("https://user@host/", "user or password"),
        ("https://user:s3cr3t@host/", "user or password"),
        ("https://host/#top", "fragment"),
        ("https://host/?a=1#", "fragment"),
        ("https://host/a\r\nX-Evil: 1", "control"),
        ("https://host/\x00", "control"),
        ("https://host/\x7f", "control"),
        ("https://host/\ud800", "control"),
        (b"https://host/", "str"),
        (None, "str"),
    ],
)
def test_an_unfit_url_is_refused(url: object, reason: str) -> None:
    """A url that is relative, has no plain host, or could not be sent as it stands names its fault."""
    request = PLAIN._replace(url=cast(str, url))
    for refuse in (
        lambda: sign(request, **options()),
        lambda: presign(request, expires_in=60, **options()),
        lambda: canonical_request(request, **options()),
        lambda: PostSigner(request.url, region="eu-central-1", service="kms"),
    ):
        with pytest.raises(ParameterError, match=reason) as caught:
            refuse()
        assert "s3cr3t" not in str(caught.value)


@pytest.mark.parametrize("name", ["", "a b", "a:b", "a\r\nb", "ä", "(x)", b"x", None, 1])
def test_an_unfit_header_name_is_refused(name: object) -> None:
    """Only an HTTP token can name a header."""
    request = PLAIN._replace(headers=[(cast(str, name), "s3cr3t")])
    with pytest.raises(ParameterError, match="name") as caught:
        sign(request, **options())
    assert "s3cr3t" not in str(caught.value)


@pytest.mark.parametrize(
    "value", ["s3cr3t\r\nX-Evil: 1", "s3cr3t\n", "s3cr3t\r", "\x00s3cr3t", "\x7f", "\ud800", b"s3cr3t", None]
)
def test_an_unfit_header_value_is_refused(value: object) -> None:
    """A value that could smuggle in another header, or is no text, is refused without being shown."""
    request = PLAIN._replace(headers=[("X-Thing", cast(str, value))])
    with pytest.raises(ParameterError, match="X-Thing") as caught:
        canonical_request(request, **options())
    assert "s3cr3t" not in str(caught.value)


@pytest.mark.parametrize("method", ["", "GE T", "GET\r\n", None, b"GET"])
def test_an_unfit_method_is_refused(method: object) -> None:
    """Only an HTTP token can be a method."""
    with pytest.raises(ParameterError, match="method"):
        sign(PLAIN._replace(method=cast(str, method)), **options())


@pytest.mark.parametrize("body", ["text", None, bytearray(b"x")])
def test_a_body_that_is_not_bytes_is_refused(body: object) -> None:
    """The hash is of what is sent, so the caller must encode it."""
    with pytest.raises(ParameterError, match="bytes"):
        sign(PLAIN._replace(body=cast(bytes, body)), **options())


@pytest.mark.parametrize("now", [NOW.replace(tzinfo=None), NOW.timestamp(), None])
def test_a_time_without_a_zone_is_refused(now: object) -> None:
    """A naive time could be any instant of a day."""
    with pytest.raises(ParameterError, match="aware"):
        sign(PLAIN, **options(now=now))


@pytest.mark.parametrize("expires_in", [0, -1, 604_801, 1.5, True, None, "60"])
def test_an_unfit_expiry_is_refused(expires_in: object) -> None:
    """A presigned url is good for a second at least and a week at most."""
    with pytest.raises(ParameterError, match="expires_in"):
        presign(PLAIN, expires_in=cast(int, expires_in), **options())


@pytest.mark.parametrize("part", ["", "us/east", "us east", "us,east", "üs-east-1", "us\n", None, b"kms"])
@pytest.mark.parametrize("name", ["region", "service"])
def test_an_unfit_scope_is_refused(name: str, part: object) -> None:
    """A region or service stays within its part of the credential scope."""
    with pytest.raises(ParameterError, match=name):
        sign(PLAIN, **options(**{name: part}))
    scope = {"region": "us-east-1", "service": "kms"} | {name: cast(str, part)}
    with pytest.raises(ParameterError, match=name):
        PostSigner(URL, **scope)


@pytest.mark.parametrize(
    ("credentials", "reason"),
    [
        (Credentials("", SECRET), "access key id"),
        (Credentials("AKID\n", SECRET), "access key id"),
        (Credentials("AK/ID", SECRET), "access key id"),
        (Credentials("AKID", ""), "secret access key"),
        (Credentials("AKID", "s3cr3t\n"), "secret access key"),
        (Credentials("AKID", "s3cr3t\ud800"), "secret access key"),
        (Credentials("AKID", cast(str, None)), "secret access key"),
        (Credentials("AKID", SECRET, "s3cr3t token"), "session token"),
        (Credentials("AKID", SECRET, "s3cr3t\r\nX-Evil: 1"), "session token"),
    ],
)
def test_unfit_credentials_are_refused_unseen(credentials: Credentials, reason: str) -> None:
    """Credentials with stray characters are named by their kind, and their secrets stay unsaid."""
    signer = PostSigner(URL, region="eu-central-1", service="kms")
    for refuse in (
        lambda: sign(PLAIN, **options(credentials=credentials)),
        lambda: presign(PLAIN, expires_in=60, **options(credentials=credentials)),
        lambda: signer.headers(credentials, "A.B", "0" * 64, 0.0),
    ):
        with pytest.raises(ParameterError, match=reason) as caught:
            refuse()
        assert "s3cr3t" not in repr(caught.value)


@pytest.mark.parametrize(
    "request_",
    [
        PLAIN._replace(headers=[("authorization", "AWS4-HMAC-SHA256 ...")]),
        PLAIN._replace(headers=[("X-AMZ-DATE", "20260517T080910Z")]),
        PLAIN._replace(headers=[("x-amz-security-token", TOKEN)]),
        PLAIN._replace(url=f"{URL}?X-Amz-Signature=0"),
        PLAIN._replace(url=f"{URL}?a=1&x-amz-date=0"),
        PLAIN._replace(url=f"{URL}?X%2DAmz%2DAlgorithm"),
    ],
)
def test_a_request_is_not_signed_twice(request_: Request) -> None:
    """A request that holds a part of a signature is refused, whatever the case of its name."""
    how = options(credentials=KEYS_WITH_TOKEN)
    with pytest.raises(ParameterError, match="signed already"):
        sign(request_, **how)
    with pytest.raises(ParameterError, match="signed already"):
        presign(request_, expires_in=60, **how)


def test_an_endpoint_with_a_query_is_refused() -> None:
    """The fast path has no query to sign."""
    with pytest.raises(ParameterError, match="query"):
        PostSigner(f"{URL}?a=1", region="eu-central-1", service="kms")


# Secrets.


def test_no_secret_shows() -> None:
    """Neither a signer nor the cache of keys, nor a signed request, shows a secret or a token."""
    signer = PostSigner(URL, region="eu-central-1", service="kms")
    signer.headers(KEYS_WITH_TOKEN, "A.B", "0" * 64, 0.0)
    signed = sign(PLAIN, **options(credentials=KEYS_WITH_TOKEN))
    presigned = presign(PLAIN, expires_in=60, **options(credentials=KEYS_WITH_TOKEN))
    key = signing_key(SECRET, "19700101", "eu-central-1", "kms")
    shown = "".join(map(repr, (signer, signing_key, signing_key.cache_info(), signed, presigned)))
    shown += "".join(map(str, (signer, signed, presigned)))
    for secret in (SECRET, TOKEN, str(key), key.hex(), authorization(signed)[-64:], presigned.url[-64:]):
        assert secret not in shown
    assert SECRET not in f"{list(signed.headers)}{presigned.url}"
