"""Our clients beside botocore's: the same question on the wire, the same answer and the same error out of it.

Where the two differ by design, a test says so, and why:

- We write JSON without blanks, botocore with; the body is signed either way.
- We leave a usage without a known member out; botocore shows it as an empty dict.
- We refuse key ids that KMS would refuse; botocore sends them and shows KMS's error.
- We read an error's code and text wherever the protocol puts them; see `DIFFERENT`.
"""

import io
import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import time
from typing import Any, NamedTuple
from unittest.mock import patch
from uuid import UUID

import anyio
import botocore.config
import botocore.exceptions
import botocore.session
import httpx
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.parsers import JSONParser
from hypothesis import example, given, strategies as st

from awskms_lite import (
    AsyncKMSClient,
    Credentials,
    GetKeyLastUsageResponse,
    KMSClient,
    ParameterError,
    RetryPolicy,
    ServiceError,
)
from awskms_lite.local import LocalKMS
from awskms_lite.operations.usage import GET_KEY_LAST_USAGE
from awskms_lite.protocol import decode, decode_error
from awskms_lite.steps import Response

KEY_ID = "1234abcd-12ab-34cd-56ef-1234567890ab"
LAUNCH = datetime(2026, 4, 27, 12, 0, 0, 123000, tzinfo=UTC)
USED = datetime(2026, 6, 1, 14, 30, 0, 7000, tzinfo=UTC)
NOW = datetime(2026, 6, 6, 10, 0, 0, tzinfo=UTC)
REQUEST_ID = "0f6a3c9e-5d1b-4b7a-9c58-2f4f6a1d7e30"
ONCE = botocore.config.Config(retries={"total_max_attempts": 1}, proxies={})

Ask = Callable[..., GetKeyLastUsageResponse]
Connect = Callable[..., Any]


@pytest.fixture
def kms() -> Iterator[LocalKMS]:
    with LocalKMS() as kms:
        yield kms


@pytest.fixture
def connect(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Connect]:
    """Yield a maker of botocore clients that see nothing of the caller's own configuration."""
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    clients: list[Any] = []

    def connect(credentials: Credentials, endpoint_url: str, region: str) -> Any:
        client = botocore.session.Session().create_client(
            "kms",
            region_name=region,
            endpoint_url=endpoint_url,
            aws_access_key_id=credentials.access_key_id,
            aws_secret_access_key=credentials.secret_access_key,
            aws_session_token=credentials.session_token,
            config=ONCE,
        )
        clients.append(client)
        return client

    yield connect
    for client in clients:
        client.close()


@pytest.fixture
def theirs(kms: LocalKMS, connect: Connect) -> Any:
    """Return botocore's client for the embedded KMS."""
    return connect(kms.credentials, kms.endpoint_url, kms.region)


@pytest.fixture(params=["sync", "asyncio", "trio"])
def ask(request: pytest.FixtureRequest) -> Ask:
    """Return each of our ways to call: it asks for a key with a client made from the options."""
    if request.param == "sync":

        def ask(key_id: str, **options: Any) -> GetKeyLastUsageResponse:
            with KMSClient(retry=RetryPolicy(max_attempts=1), **options) as client:
                return client.get_key_last_usage(key_id)

    else:

        def ask(key_id: str, **options: Any) -> GetKeyLastUsageResponse:
            async def main() -> GetKeyLastUsageResponse:
                async with AsyncKMSClient(retry=RetryPolicy(max_attempts=1), **options) as client:
                    return await client.get_key_last_usage(key_id)

            return anyio.run(main, backend=request.param)

    return ask


def members(usage: GetKeyLastUsageResponse) -> dict[str, Any]:
    """Return our answer in botocore's form: wire names, and no member that is absent."""
    used = usage.key_last_usage
    return present(
        {
            "KeyId": usage.key_id,
            "KeyLastUsage": used
            and present(
                {
                    "Operation": used.operation,
                    "Timestamp": used.timestamp,
                    "CloudTrailEventId": used.cloud_trail_event_id,
                    "KmsRequestId": used.kms_request_id,
                }
            ),
            "TrackingStartDate": usage.tracking_start_date,
            "KeyCreationDate": usage.key_creation_date,
        }
    )


def present(found: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in found.items() if value is not None}


def without_empty_usage(answer: dict[str, Any]) -> dict[str, Any]:
    """Return botocore's answer without its metadata, and without a usage that says nothing."""
    kept = {name: value for name, value in answer.items() if name != "ResponseMetadata"}
    if not kept.get("KeyLastUsage"):
        kept.pop("KeyLastUsage", None)
    return kept


# The same answers.


@pytest.mark.parametrize(
    ("past", "verdict"),
    [
        pytest.param(
            {
                "created": LAUNCH - timedelta(days=900),
                "tracking_start": LAUNCH,
                "last_usage": {
                    "Operation": "Sign",
                    "Timestamp": USED,
                    "CloudTrailEventId": "0c5b1d3e-8a52-4a5c-9b8e-3f2d1c0b9a87",
                    "KmsRequestId": "6f0b8f2e-53e0-4b5c-a4c9-5d7f0e1a2b3c",
                },
            },
            "used",
            id="used",
        ),
        pytest.param({"created": LAUNCH}, "never_used", id="never used"),
        pytest.param(
            {"created": LAUNCH - timedelta(milliseconds=1), "tracking_start": LAUNCH}, "no_record", id="no record"
        ),
        pytest.param({"created": LAUNCH, "last_usage": USED, "state": "Disabled"}, "used", id="disabled"),
    ],
)
@pytest.mark.parametrize("named", ["key id", "ARN"])
def test_both_give_the_same_answer(
    kms: LocalKMS, theirs: Any, ask: Ask, past: dict[str, Any], verdict: str, named: str
) -> None:
    """Member by member and to the millisecond, our answer is botocore's, whatever the key's past."""
    arn = kms.add_key(**past)
    key = arn if named == "ARN" else arn.rpartition("/")[2]
    ours, answer = ask(key, environ=kms.environ), theirs.get_key_last_usage(KeyId=key)
    assert members(ours) == without_empty_usage(answer)
    assert ours.key_creation_date == past["created"]
    assert ours.verdict == verdict


def test_both_tell_of_the_exchange(kms: LocalKMS, theirs: Any, ask: Ask) -> None:
    """Beside the answer stand the request id, the status and how often it was asked, as botocore has them."""
    arn = kms.add_key()
    ours = ask(arn, environ=kms.environ).metadata
    metadata = theirs.get_key_last_usage(KeyId=arn)["ResponseMetadata"]
    assert (ours.status_code, ours.attempts) == (metadata["HTTPStatusCode"], metadata["RetryAttempts"] + 1)
    assert UUID(ours.request_id) != UUID(metadata["RequestId"])  # each call has one of its own


# The same errors.


class Mishap(NamedTuple):
    """What goes wrong: with which key, which credentials and which clock."""

    code: str
    key: Callable[[LocalKMS], str] = lambda kms: kms.add_key()
    credentials: Callable[[LocalKMS], Credentials] = lambda kms: kms.credentials
    minutes_off: int = 0


def with_secret(kms: LocalKMS, secret: str) -> Credentials:
    return Credentials(kms.credentials.access_key_id, secret)


@pytest.mark.parametrize(
    "mishap",
    [
        pytest.param(Mishap("NotFoundException", key=lambda _: KEY_ID), id="no such key"),
        pytest.param(
            Mishap("NotFoundException", key=lambda kms: kms.add_key().replace("/", f"/{KEY_ID}")[:-36]),
            id="no such ARN",
        ),
        pytest.param(Mishap("NotFoundException", key=lambda _: "no key id"), id="no key id at all"),
        pytest.param(
            Mishap("AccessDeniedException", key=lambda kms: kms.add_key(account_id="444455556666")),
            id="another account's key",
        ),
        pytest.param(
            Mishap("InvalidSignatureException", credentials=lambda kms: with_secret(kms, "another+secret")),
            id="wrong secret",
        ),
        pytest.param(
            Mishap("UnrecognizedClientException", credentials=lambda _: Credentials("AKIDEXAMPLE", "secret")),
            id="unknown access key",
        ),
        pytest.param(Mishap("InvalidSignatureException", minutes_off=-6), id="expired date"),
        pytest.param(Mishap("InvalidSignatureException", minutes_off=6), id="date ahead"),
    ],
)
def test_both_meet_the_same_error(kms: LocalKMS, connect: Connect, ask: Ask, mishap: Mishap) -> None:
    """What KMS refuses raises the same code, status and text here as there, each with its request id."""
    key, credentials = mishap.key(kms), mishap.credentials(kms)
    now = time() + 60 * mishap.minutes_off
    with pytest.raises(ServiceError) as ours:
        ask(key, environ=kms.environ, credentials=credentials, clock=lambda: now)
    client = connect(credentials, kms.endpoint_url, kms.region)
    with (
        patch("botocore.auth.get_current_datetime", return_value=datetime.fromtimestamp(now, UTC)),
        pytest.raises(botocore.exceptions.ClientError) as caught,
    ):
        client.get_key_last_usage(KeyId=key)
    theirs = caught.value.response
    assert ours.value.code == theirs["Error"]["Code"] == mishap.code
    assert type(ours.value).__name__ == mishap.code
    assert ours.value.status_code == theirs["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert UUID(ours.value.request_id) != UUID(theirs["ResponseMetadata"]["RequestId"])
    assert ours.value.message
    assert without_times(ours.value.message) == without_times(theirs["Error"]["Message"])


def without_times(text: str) -> str:
    """Return an error's text without the times it names: the two calls are not made in the same second."""
    return re.sub("[0-9]{8}T[0-9]{6}Z", "TIME", text)


@pytest.mark.parametrize(
    ("key", "code"),
    [
        pytest.param("alias/mine", "NotFoundException", id="alias"),
        pytest.param("arn:aws:kms:us-east-1:111122223333:alias/mine", "InvalidArnException", id="alias ARN"),
        pytest.param("arn:aws:kms:us-east-1:1111:key/x", "InvalidArnException", id="malformed ARN"),
        pytest.param(f"arn:aws-cn:kms:us-east-1:111122223333:key/{KEY_ID}", "InvalidArnException", id="partition"),
        pytest.param(f"arn:aws:kms:eu-west-1:111122223333:key/{KEY_ID}", "NotFoundException", id="region"),
    ],
)
def test_what_kms_would_refuse_is_refused_before(
    kms: LocalKMS, theirs: Any, ask: Ask, key: str, code: str
) -> None:
    """A key id that can only fail costs no call here: botocore asks, and gets KMS's error."""
    with pytest.raises(ParameterError):
        ask(key, environ=kms.environ)
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        theirs.get_key_last_usage(KeyId=key)
    assert caught.value.response["Error"]["Code"] == code


# The same question.


class Raw(io.BytesIO):
    """A body as botocore reads it."""

    def stream(self, *_: object) -> Iterator[bytes]:
        yield self.read()


def their_request(client: Any, body: bytes | None) -> AWSPreparedRequest:
    """Return what botocore would send, with this body in place of its own where there is one."""
    sent: list[AWSPreparedRequest] = []

    def replace(params: dict[str, Any], **_: object) -> None:
        params["body"] = params["body"] if body is None else body

    def keep(request: AWSPreparedRequest, **_: object) -> AWSResponse:
        sent.append(request)
        return AWSResponse(request.url, 200, {}, Raw(b"{}"))

    client.meta.events.register("before-call.kms.GetKeyLastUsage", replace)
    client.meta.events.register("before-send.kms.GetKeyLastUsage", keep)
    with patch("botocore.auth.get_current_datetime", return_value=NOW):
        client.get_key_last_usage(KeyId=KEY_ID)
    return sent[0]


def our_request(credentials: Credentials, endpoint_url: str, region: str) -> httpx.Request:
    sent: list[httpx.Request] = []

    def keep(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(200, content=b"{}")

    with (
        httpx.Client(transport=httpx.MockTransport(keep), trust_env=False) as http_client,
        KMSClient(
            credentials=credentials,
            endpoint_url=endpoint_url,
            region=region,
            http_client=http_client,
            environ={},
            clock=NOW.timestamp,
        ) as client,
    ):
        client.get_key_last_usage(KEY_ID)
    return sent[0]


QUESTIONS = pytest.mark.parametrize(
    "credentials",
    [
        pytest.param(Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"), id="keys"),
        pytest.param(
            Credentials("ASIAEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRf", "IQoJb3JpZ2luX2Vj+/=="), id="token"
        ),
    ],
)
PLACES = pytest.mark.parametrize(
    ("endpoint_url", "region"),
    [
        ("https://kms.us-east-2.amazonaws.com", "us-east-2"),
        ("https://kms.cn-north-1.amazonaws.com.cn", "cn-north-1"),
        ("http://127.0.0.1:4566", "eu-west-1"),
    ],
)


@QUESTIONS
@PLACES
def test_both_ask_the_same(connect: Connect, credentials: Credentials, endpoint_url: str, region: str) -> None:
    """Method, url, target and JSON of our request are botocore's; only the blanks in the JSON are not."""
    ours = our_request(credentials, endpoint_url, region)
    theirs = their_request(connect(credentials, endpoint_url, region), None)
    url = httpx.URL(theirs.url)
    assert (ours.method, ours.url.netloc, ours.url.raw_path) == (theirs.method, url.netloc, url.raw_path)
    for name in ("X-Amz-Target", "Content-Type", "X-Amz-Date"):
        assert ours.headers[name] == theirs.headers[name].decode()
    assert json.loads(ours.content) == json.loads(theirs.body) == {"KeyId": KEY_ID}
    assert ours.content == theirs.body.replace(b": ", b":")


@QUESTIONS
@PLACES
def test_both_sign_the_same(connect: Connect, credentials: Credentials, endpoint_url: str, region: str) -> None:
    """For the same body the signed headers are the same ones with the same values, signature included."""
    ours = our_request(credentials, endpoint_url, region)
    theirs = their_request(connect(credentials, endpoint_url, region), ours.content)
    authorization = ours.headers["Authorization"]
    assert authorization == theirs.headers["Authorization"].decode()
    signed = authorization.partition("SignedHeaders=")[2].partition(",")[0].split(";")
    assert ("x-amz-security-token" in signed) is (credentials.session_token is not None)
    for name in signed:
        # botocore leaves it to the connection to send the host.
        assert name == "host" or ours.headers[name] == theirs.headers[name].decode()


# The same reading of an answer.

OUTPUT = botocore.session.Session().get_service_model("kms").operation_model("GetKeyLastUsage").output_shape
MILLISECOND = timedelta(milliseconds=1)
TEXTS = st.text('abcXYZ019-:/._ "\\\n\x00é€😀', max_size=20)
# Seconds, spelled in each of the ways that JSON has; the "@" keeps them apart from the texts until then.
SPELLINGS = ["@{:.3f}", "@{!r}", "@{:.12E}", "@{:.15e}"]
TIMES = st.builds(
    lambda spelling, milliseconds: spelling.format(milliseconds / 1000),
    st.sampled_from(SPELLINGS),
    st.integers(-2_000_000_000_000, 250_000_000_000_000),  # the years 1906 to 9892
) | st.integers(0, 4_000_000_000).map("@{}".format)
OPERATIONS = st.sampled_from(["Decrypt", "GenerateDataKeyPairWithoutPlaintext", "NewerThanBoth", ""])
UNKNOWN = st.dictionaries(st.sampled_from(["New", "keyId", "Keys"]), st.none() | TEXTS | st.lists(TEXTS))


def answers(known: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[dict[str, Any]]:
    """Return objects with some of the known members, some of them null, and perhaps unknown ones."""
    optional = {name: st.none() | values for name, values in known.items()}
    return st.builds(lambda new, old: new | old, UNKNOWN, st.fixed_dictionaries({}, optional=optional))


USAGES = answers({"Operation": OPERATIONS, "Timestamp": TIMES, "CloudTrailEventId": TEXTS, "KmsRequestId": TEXTS})
ANSWERS = answers({
    "KeyId": TEXTS, "KeyLastUsage": USAGES, "TrackingStartDate": TIMES, "KeyCreationDate": TIMES,
})  # fmt: skip


def to_millisecond(value: Any) -> Any:
    """Round botocore's times, which have what is left of a float at the microsecond."""
    if isinstance(value, dict):
        return {name: to_millisecond(member) for name, member in value.items()}
    if isinstance(value, datetime):
        return LAUNCH + round((value - LAUNCH) / MILLISECOND) * MILLISECOND
    return value


@given(ANSWERS)
@example({"KeyLastUsage": {}, "KeyCreationDate": "@1.777300000123E9", "TrackingStartDate": "@1.777300000123E9"})
def test_both_read_the_same(answer: dict[str, Any]) -> None:
    """Any answer that fits the service model is read as botocore reads it: absent, null, unknown and newer."""
    body = re.sub('"@([^"]*)"', r"\1", json.dumps(answer, ensure_ascii=False)).encode()
    headers = {"x-amzn-requestid": REQUEST_ID}
    theirs = JSONParser().parse({"status_code": 200, "headers": headers, "body": body}, OUTPUT)
    ours = decode(GET_KEY_LAST_USAGE, Response(200, headers, body), attempts=1)
    assert members(ours) == to_millisecond(without_empty_usage(theirs))
    assert ours.metadata.request_id == theirs["ResponseMetadata"]["RequestId"]


# The same reading of an error.


def their_error(status: int, headers: dict[str, str], body: bytes) -> tuple[str, str]:
    """Return the code and the text that botocore finds."""
    parsed = JSONParser().parse({"status_code": status, "headers": headers, "body": body}, OUTPUT)
    return parsed["Error"]["Code"], parsed["Error"]["Message"]


def our_error(status: int, headers: dict[str, str], body: bytes) -> tuple[str, str]:
    """Return the code and the text that we find, no text as botocore has it."""
    error = decode_error(status, headers, body)
    return error.code, error.message or ""


@pytest.mark.parametrize(
    ("status", "body", "found"),
    [
        (400, b'{"__type":"NotFoundException","message":"gone"}', ("NotFoundException", "gone")),
        (404, b'{"__type":"NotFoundException"}', ("NotFoundException", "")),
        (400, b'{"__type":"AccessDeniedException","Message":"no"}', ("AccessDeniedException", "no")),
        (400, b'{"__type":"a.b#InvalidArnException","message":"x"}', ("InvalidArnException", "x")),
        (400, b'{"__type":"a#DisabledException:http://x/#y"}', ("DisabledException", "")),
        (400, b'{"__type":"BrandNewException","message":"new"}', ("BrandNewException", "new")),
        (500, b'{"__type":"KMSInternalException","message":"oops"}', ("KMSInternalException", "oops")),
        (503, b'{"__type":"DependencyTimeoutException"}', ("DependencyTimeoutException", "")),
        (400, b'{"message":"no code"}', ("400", "no code")),
        (302, b'{"message":"elsewhere"}', ("302", "elsewhere")),
        (400, b'{"__type":"X","message":"a","Message":"b"}', ("X", "a")),
        (403, b"{}", ("403", "")),
        (400, b"", ("400", "")),
    ],
)
def test_both_find_the_same_code_and_text(status: int, body: bytes, found: tuple[str, str]) -> None:
    """Where KMS puts its code and its text, both look for them."""
    assert our_error(status, {}, body) == their_error(status, {}, body) == found


@given(st.text("aZ.#:/ -", max_size=12))
@example("com.amazonaws.kms#NotFoundException:http://internal.amazon.com/#kms")
def test_both_cut_a_code_alike(kind: str) -> None:
    """Any `__type` yields the code that botocore takes from it; only a blank one gives way to the status."""
    body = json.dumps({"__type": kind}).encode()
    code, _ = their_error(400, {}, body)
    assert our_error(400, {}, body)[0] == (code.strip() or "400")


class Difference(NamedTuple):
    """An answer that is read differently by intent; `theirs` is an exception where botocore has no answer."""

    body: bytes
    ours: tuple[str, str]
    theirs: tuple[str, str] | type[Exception]
    status: int = 400
    headers: dict[str, str] = {}  # noqa: RUF012 - never changed


DIFFERENT = {
    "a header may hold the code, and goes before the body": Difference(
        b'{"__type":"Wrong"}', ("Right", ""), ("Wrong", ""), headers={"x-amzn-errortype": "Right:http://x/"}
    ),
    "the body's code may be called code": Difference(b'{"code":"a#Right"}', ("Right", ""), ("400", "")),
    "the text may be called errorMessage": Difference(b'{"errorMessage":"text"}', ("400", "text"), ("400", "")),
    "an empty text gives way to the next": Difference(
        b'{"message":"","Message":"text"}', ("400", "text"), ("400", "")
    ),
    "a null text is no text": Difference(b'{"message":null,"Message":"text"}', ("400", "text"), ("400", "")),
    "a text that is no string is no text": Difference(b'{"message":{"a":1}}', ("400", ""), ("400", "{'a': 1}")),
    "a code that is no string is no code": Difference(b'{"__type":7}', ("400", ""), TypeError),
    "a null code is no code": Difference(b'{"__type":null}', ("400", ""), ("", "")),
    "JSON need not be an object": Difference(b'["NotFoundException"]', ("400", ""), AttributeError),
    "a body need not be UTF-8": Difference(b"\xff", ("400", ""), UnicodeDecodeError),
    "a proxy's page is not the service's text": Difference(
        b"<p>Denied by proxy</p>", ("403", ""), ("403", "<p>Denied by proxy</p>"), status=403
    ),
    "a status is no text": Difference(b"", ("502", ""), ("502", "Bad Gateway"), status=502),
    "a refused signature's text repeats the request, token included": Difference(
        b'{"__type":"X","message":"Wrong.\\n\\nThe Canonical String for this request should have been\\n\'POST"}',
        ("X", "Wrong."),
        ("X", "Wrong.\n\nThe Canonical String for this request should have been\n'POST"),
    ),
}


@pytest.mark.parametrize("difference", DIFFERENT.values(), ids=DIFFERENT)
def test_where_we_differ_we_mean_to(difference: Difference) -> None:
    """Each difference from botocore in reading an error is the one written down, on both sides."""
    answer = difference.status, difference.headers, difference.body
    assert our_error(*answer) == difference.ours
    if isinstance(difference.theirs, tuple):
        code, text = their_error(*answer)
        assert (code, str(text or "")) == difference.theirs
    else:
        with pytest.raises(difference.theirs):
            their_error(*answer)


def test_a_request_id_is_found_by_both() -> None:
    """The request id of an error is the header's, for both."""
    headers = {"x-amzn-requestid": REQUEST_ID}
    theirs = JSONParser().parse({"status_code": 400, "headers": headers, "body": b"{}"}, OUTPUT)
    assert decode_error(400, headers, b"{}").request_id == theirs["ResponseMetadata"]["RequestId"] == REQUEST_ID
