"""awsJson1.1: every wire example in `fixtures/`, and what no list of examples can cover."""

import base64
import copy
import json
import pickle
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from attrs import NOTHING, asdict, fields
from hypothesis import example, given, strategies as st
from support.model_samples import least

from awskms_lite import errors, to_wire
from awskms_lite.errors import ProtocolError, ServiceError
from awskms_lite.models.keys import KeyMetadata
from awskms_lite.models.members import KMSResponse, ResponseMetadata
from awskms_lite.models.usage import GetKeyLastUsageRequest, GetKeyLastUsageResponse
from awskms_lite.operations import Operation
from awskms_lite.operations.all import ALL_OPERATIONS
from awskms_lite.operations.keys import DESCRIBE_KEY
from awskms_lite.operations.tags import TAG_RESOURCE
from awskms_lite.operations.usage import GET_KEY_LAST_USAGE
from awskms_lite.protocol import decode, decode_error, encode, target
from awskms_lite.steps import Response

FIXTURES = Path(__file__).parent.parent.parent / "fixtures"
MEMBERS = {"doc", "status", "headers", "expected"}
KEY = "1234abcd-12ab-34cd-56ef-1234567890ab"


class Example(NamedTuple):
    """One answer as it comes over the wire, and what it must be read as."""

    name: str
    status: int
    headers: dict[str, str]
    body: bytes
    expected: dict[str, Any]

    def response(self) -> Response:
        """Return the answer as a driver hands it over, header names in lower case."""
        return Response(self.status, {name.lower(): value for name, value in self.headers.items()}, self.body)


def load(path: Path) -> Example:
    held = json.loads(path.read_text(encoding="utf-8"))
    assert held.keys() - {"body", "body_base64"} == MEMBERS, path
    assert len(held) == len(MEMBERS) + 1, f"{path} needs one body"
    assert held["doc"], path
    body = held["body"].encode() if "body" in held else base64.b64decode(held["body_base64"], validate=True)
    return Example(path.stem, held["status"], held["headers"], body, held["expected"])


EXAMPLES = [load(path) for path in sorted(FIXTURES.glob("*.json"))]


def examples(kind: str) -> pytest.MarkDecorator:
    chosen = [sample for sample in EXAMPLES if kind in sample.expected]
    return pytest.mark.parametrize("sample", chosen, ids=[sample.name for sample in chosen])


def read(response: Response, attempts: int = 1) -> GetKeyLastUsageResponse:
    return decode(GET_KEY_LAST_USAGE, response, attempts=attempts)


def answer(body: bytes, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(status, headers or {}, body)


def plain(model: GetKeyLastUsageResponse) -> dict[str, Any]:
    """Return a model as the fixtures write it."""

    def value(_: object, __: object, member: object) -> object:
        return member.isoformat(timespec="milliseconds") if isinstance(member, datetime) else member

    members = asdict(model, filter=lambda attribute, _: attribute.name != "metadata", value_serializer=value)
    return {**members, "verdict": model.verdict}


def test_every_example_says_what_to_expect_in_exactly_one_way() -> None:
    """Each file of examples is read by exactly one of the tests below, and there are files for each of them."""
    kinds = [sample.expected.keys() - {"request_id"} for sample in EXAMPLES]
    assert all(len(kind) == 1 for kind in kinds)
    assert set().union(*kinds) == {"model", "error", "unreadable"}
    assert all("request_id" in sample.expected for sample in EXAMPLES)


@examples("model")
def test_an_answer_becomes_a_model(sample: Example) -> None:
    """A success becomes its model, with the request id, the status and the attempts beside it."""
    model = read(sample.response(), attempts=2)
    assert plain(model) == sample.expected["model"]
    assert model.metadata == ResponseMetadata(sample.expected["request_id"], sample.status, 2)


@examples("error")
def test_an_error_becomes_its_class(sample: Example) -> None:
    """An error becomes the class of its code, with the text, the status and the request id."""
    error = decode_error(sample.status, sample.headers, sample.body)
    text = error.message or None  # the samples, which other languages share, say null
    seen = {"class": type(error).__name__, "code": error.code, "message": text, "kind": error.category}
    assert seen == sample.expected["error"]
    assert type(error) is getattr(errors, sample.expected["error"]["class"])
    assert (error.status_code, error.request_id) == (sample.status, sample.expected["request_id"])


@examples("error")
def test_a_call_raises_the_error(sample: Example) -> None:
    """What `decode_error` gives is what a call raises, with its operation and the attempts that were made."""
    with pytest.raises(ServiceError) as caught:
        read(sample.response(), attempts=3)
    expected = decode_error(sample.status, sample.headers, sample.body)
    assert type(caught.value) is type(expected)
    assert vars(caught.value) == {**vars(expected), "attempts": 3, "operation": "GetKeyLastUsage"}
    assert "(GetKeyLastUsage, HTTP" in str(caught.value)


@examples("unreadable")
def test_a_success_that_cannot_be_read_is_a_protocol_error(sample: Example) -> None:
    """A success that is not awsJson1.1 is an error that says why and what to check, and quotes none of it."""
    with pytest.raises(ProtocolError) as caught:
        read(sample.response())
    text = str(caught.value)
    assert sample.expected["unreadable"] in text
    assert "GetKeyLastUsage" in text
    assert "Check that the endpoint is KMS" in text
    assert caught.value.status_code == sample.status
    assert caught.value.request_id == sample.expected["request_id"]
    assert f"request id {caught.value.request_id}" in text


@pytest.mark.parametrize("body", [b"", b"{}", b"null", b'{"New":1}'])
def test_an_operation_may_have_nothing_to_tell(body: bytes) -> None:
    """Where an operation has no output, nothing, an empty object and null are all the same success."""
    response = decode(TAG_RESOURCE, answer(body), attempts=1)
    assert type(response) is KMSResponse
    assert response.metadata.status_code == 200


@pytest.mark.parametrize("body", [b"<html>", b"[]", b"true", b"nul"])
def test_having_nothing_to_tell_is_no_excuse(body: bytes) -> None:
    """An operation without output is not taken for done when something that is not KMS answers."""
    with pytest.raises(ProtocolError, match="The answer to TagResource cannot be read"):
        decode(TAG_RESOURCE, answer(body), attempts=1)


REQUIRED = [
    (operation, member)
    for operation in ALL_OPERATIONS
    for member in fields(operation.response)
    if member.default is NOTHING and member.name not in ("signature_valid", "mac_valid")
]


@pytest.mark.parametrize("null", [False, True], ids=["absent", "null"])
@pytest.mark.parametrize(
    ("operation", "member"), REQUIRED, ids=[f"{operation.name}-{member.name}" for operation, member in REQUIRED]
)
def test_a_required_member_that_is_missing_is_named(
    operation: Operation[Any, Any], member: Any, null: bool
) -> None:
    """An answer without what KMS always sends is no answer; the error names the member and the operation."""
    members = to_wire(least(operation.response))
    name = "".join(map(str.capitalize, member.name.split("_")))
    del members[name]
    if null:
        members[name] = None
    with pytest.raises(
        ProtocolError, match=rf"{operation.name}.*the required member '{name}' is missing \(HTTP 200"
    ):
        decode(operation, answer(json.dumps(members).encode()), attempts=1)


def test_a_required_member_within_is_named() -> None:
    """A structure within an answer names the member that it lacks, and itself."""
    metadata = to_wire(least(KeyMetadata))
    del metadata["Arn"]
    body = json.dumps({"KeyMetadata": metadata}).encode()
    with pytest.raises(ProtocolError, match=r"DescribeKey.* KeyMetadata: the required member 'Arn' is missing"):
        decode(DESCRIBE_KEY, answer(body), attempts=1)


def test_the_target_names_the_operation() -> None:
    """KMS finds the operation in a header, under its service's old name."""
    assert target(GET_KEY_LAST_USAGE) == "TrentService.GetKeyLastUsage"


def test_a_request_becomes_one_compact_object() -> None:
    """A request's body is one JSON object under the wire names, without a blank."""
    assert encode(GetKeyLastUsageRequest(KEY)) == b'{"KeyId":"%s"}' % KEY.encode()


def test_a_request_is_ascii_whatever_it_holds() -> None:
    """Letters beyond ASCII, quotes and surrogates are escaped, so that the body is always valid JSON."""
    key_id = 'clé"\\\U0001f511\udc80'
    body = encode(GetKeyLastUsageRequest(key_id))
    assert body.isascii()
    assert json.loads(body) == {"KeyId": key_id}


@pytest.mark.parametrize("spell", [str, str.lower, str.upper])
def test_an_error_keeps_the_date_and_the_pause_that_is_asked_for(spell: Callable[[str], str]) -> None:
    """Both come out of the headers, in any case; the pause is told in milliseconds."""
    date = "Mon, 21 Sep 2026 14:13:20 GMT"
    headers = {spell("Date"): date, spell("x-amz-Retry-After"): "1500"}
    error = decode_error(400, headers, b'{"__type":"ThrottlingException"}')
    assert (error.date, error.retry_after) == (date, 1.5)


@pytest.mark.parametrize("headers", [{}, {"x-amz-retry-after": "-1500"}, {"Retry-After": "2"}])
def test_an_error_that_asks_for_no_pause_has_none(headers: dict[str, str]) -> None:
    """A pause that is none is no reason for another error."""
    assert decode_error(400, headers, b"").retry_after is None


TOO_MUCH = {
    "nested arrays": b'{"KeyId":' + b"[" * 100_000,
    "nested objects": b'{"KeyId":' * 100_000,
    "nested unknown members": b'{"New":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "more digits than Python reads": b'{"TrackingStartDate":' + b"7" * 5000 + b"}",
    "digits beyond a double, negative": b'{"TrackingStartDate":-' + b"7" * 400 + b"}",
    "digits beyond any date": b'{"TrackingStartDate":' + b"7" * 300 + b"}",
    "a double beyond any date": b'{"TrackingStartDate":-1e308}',
}


@pytest.mark.parametrize("body", TOO_MUCH.values(), ids=TOO_MUCH)
def test_a_hostile_success_is_a_protocol_error(body: bytes) -> None:
    """Depth and size meant to break a parser end in the same typed error as anything unreadable."""
    with pytest.raises(ProtocolError) as caught:
        read(answer(body))
    assert caught.value.__cause__ is None
    assert "777" not in str(caught.value)


@pytest.mark.parametrize("body", TOO_MUCH.values(), ids=TOO_MUCH)
def test_a_hostile_error_is_still_an_error_with_its_status(body: bytes) -> None:
    """An error's body may be anything at all: the status is left."""
    error = decode_error(500, {}, body)
    assert (type(error), error.code, error.category) == (ServiceError, "500", "transient")


SECRETS = {"plaintext": "c2VjcmV0", "text": "hunter2", "key": KEY}
SPOILED = {
    "text around it": "%s {",
    "a key id that is no string": '{"KeyId":["%s"]}',
    "a time that is a string": '{"KeyCreationDate":"%s"}',
    "a use that is a string": '{"KeyLastUsage":"%s"}',
    "a name without a value": '{"KeyId":"x","%s"',
    "a use with a broken member": '{"KeyLastUsage":{"Timestamp":{"%s":1}}}',
    "a constant beside it": '{"KeyId":"%s","x":-Infinity}',
}


@pytest.mark.parametrize("secret", SECRETS.values(), ids=SECRETS)
@pytest.mark.parametrize("body", SPOILED.values(), ids=SPOILED)
def test_an_unreadable_body_is_never_repeated(body: str, secret: str) -> None:
    """A body may hold plaintext, so no text, repr, argument or chained error of ours holds any of it."""
    with pytest.raises(ProtocolError) as caught:
        read(answer((body % secret).encode()))
    error = caught.value
    assert error.__context__ is None
    for text in (str(error), repr(error), repr(error.args), repr(vars(error))):
        assert secret not in text


TOKEN = "FwoGZXIvYXdzEXAMPLE+SESSION/TOKEN=="
SIGNATURE = "fe5f80f77d5fa3beca038a248ff027d0445342fe2855ddc963176630326f1024"
CANONICAL = f"POST\n/\n\nhost:kms.us-east-2.amazonaws.com\nx-amz-security-token:{TOKEN}\n\nhost\n{SIGNATURE}"
STRING_TO_SIGN = f"AWS4-HMAC-SHA256\n20260606T100000Z\n20260606/us-east-2/kms/aws4_request\n{SIGNATURE}"
SAID = "The request signature we calculated does not match the signature you provided."
ECHOES = {
    "both strings": f"\n\nThe Canonical String for this request should have been\n'{CANONICAL}'\n\n"
    f"The String-to-Sign should have been\n'{STRING_TO_SIGN}'\n",
    "the canonical string": f" The Canonical String for this request should have been '{CANONICAL}'",
    "the string to sign first": f"\nThe String-to-Sign should have been\n'{STRING_TO_SIGN}'\n\n"
    f"The Canonical String for this request should have been\n'{CANONICAL}'",
    "the header": f" Authorization=AWS4-HMAC-SHA256 Signature={SIGNATURE}, X-Amz-Security-Token={TOKEN}",
    "a hash of the header": f" (Hashed with SHA-256 and encoded with Base64) Authorization={TOKEN}{SIGNATURE}",
}


@pytest.mark.parametrize("member", ["message", "Message", "errorMessage"])
@pytest.mark.parametrize("code", ["InvalidSignatureException", "SignatureDoesNotMatch", "SomethingNewer"])
@pytest.mark.parametrize("echo", ECHOES.values(), ids=ECHOES)
def test_an_echoed_request_never_reaches_the_error(echo: str, code: str, member: str) -> None:
    """A refused signature comes with the request repeated, session token included; only AWS's own words stay."""
    body = json.dumps({"__type": code, member: SAID + echo}).encode()
    error = decode_error(403, {}, body)
    assert error.message == SAID
    for shown in (error, copy.deepcopy(error)):
        for text in (str(shown), repr(shown), repr(shown.args), repr(vars(shown))):
            assert TOKEN not in text
            assert SIGNATURE not in text
    assert TOKEN.encode() not in pickle.dumps(error)


def test_a_text_that_is_nothing_but_the_echo_is_none() -> None:
    """Where only the repeated request was sent as the text, there is no text."""
    body = json.dumps({"message": f"The Canonical String for this request should have been\n'{CANONICAL}'"})
    assert decode_error(403, {}, body.encode()).message == ""


@pytest.mark.parametrize("status", [300, 304, 307, 399, 400, 404, 499, 500, 599, 199, 100])
def test_everything_but_a_2xx_is_an_error(status: int) -> None:
    """Only a status from 200 to 299 is a success; what its body looks like makes no difference."""
    with pytest.raises(ServiceError) as caught:
        read(answer(b'{"KeyId":"x"}', status))
    assert (caught.value.status_code, caught.value.code) == (status, str(status))


@pytest.mark.parametrize("status", [200, 201, 204, 299])
def test_any_2xx_is_a_success(status: int) -> None:
    """A status from 200 to 299 is a success, even beside a header that names an error."""
    model = read(answer(b'{"KeyId":"x"}', status, {"x-amzn-errortype": "NotFoundException"}))
    assert (model.key_id, model.metadata.status_code) == ("x", status)


# Small alphabets on purpose: enough to hit the seams of codes and texts, and quick to draw from.
TEXT = st.text("aZ9:#. /é\n\udc80", max_size=12)
TIMES = ["KeyCreationDate", "Timestamp", "TrackingStartDate"]
STRINGS = ["CloudTrailEventId", "KeyId", "KmsRequestId", "Operation"]
OF_ERRORS = ["__type", "code", "message", "Message", "errorMessage"]
NAMES = st.sampled_from(["KeyLastUsage", "New", *TIMES, *STRINGS, *OF_ERRORS])
HUGE = st.sampled_from([10**308, 10**400, -(10**309)])
JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.floats()
    | st.integers()
    | st.sampled_from([10**308, 10**400, -(10**309)])
    | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=8,
)
BODIES = (
    st.binary(max_size=40)
    | st.dictionaries(NAMES, JSON_VALUES, max_size=6).map(lambda value: json.dumps(value).encode())
    | JSON_VALUES.map(lambda value: json.dumps(value, ensure_ascii=True).encode()[:-1])
)
HEADERS = st.dictionaries(
    st.sampled_from(["x-amzn-errortype", "X-Amzn-ErrorType", "x-amzn-requestid", "x-amz-retry-after", "date", ""]),
    TEXT | st.sampled_from(["NotFoundException", "a#ThrottlingException:http://b#c"]),
    max_size=3,
)


@given(status=st.integers(100, 599), headers=HEADERS, body=BODIES)
@example(status=200, headers={}, body=b'{"KeyCreationDate":1' + b"0" * 400 + b"}")
def test_any_answer_is_a_model_or_a_typed_error(status: int, headers: dict[str, str], body: bytes) -> None:
    """Whatever bytes come with whatever status: a model, a service error or a protocol error, nothing else."""
    outcome: GetKeyLastUsageResponse | ProtocolError | ServiceError
    try:
        outcome = read(answer(body, status, headers))
    except (ProtocolError, ServiceError) as error:
        outcome = error
    success = 200 <= status < 300
    assert isinstance(outcome, GetKeyLastUsageResponse | ProtocolError if success else ServiceError)
    assert str(outcome)


@given(status=st.integers(100, 599), headers=HEADERS, body=BODIES)
def test_reading_an_error_never_fails(status: int, headers: dict[str, str], body: bytes) -> None:
    """Whatever an error looks like, there is an error with a code, its status and a text that can be shown."""
    error = decode_error(status, headers, body)
    assert error.status_code == status
    assert error.code == error.code.strip() != ""
    assert ":" not in error.code
    assert "#" not in error.code
    assert error.message.strip() or not error.message
    assert str(error).startswith(error.code)


@pytest.mark.parametrize("text", ["message", "Message", "errorMessage"])
def test_an_error_keeps_what_else_its_answer_said(text: str) -> None:
    """Members beside the code and the text stay with the error, as they came."""
    body = json.dumps({"__type": "a#Novel", text: "Said so", "Reason": "r", "More": {"a": [1]}, "code": "Other"})
    error = decode_error(400, {}, body.encode())
    assert (error.code, error.message) == ("Novel", "Said so")
    assert error.members == {"Reason": "r", "More": {"a": [1]}}


def test_what_names_no_error_is_not_kept() -> None:
    """The body of an answer without a code may be anything, a plaintext even, so nothing of it stays."""
    body = b'{"Plaintext":"c2VjcmV0"}'
    assert decode_error(500, {}, body).members == {}
    assert decode_error(500, {"x-amzn-errortype": "Novel"}, body).members == {"Plaintext": "c2VjcmV0"}
