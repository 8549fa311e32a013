"""GetKeyLastUsage as AWS describes it, statement by statement.

Each test's docstring is one statement of AWS's own descriptions of the operation (the API reference, the
announcement, three SDKs' manuals), in our words. Most tests go through the client, over a server that is a plain
function; a few ask the models or the row of the operation.
"""

import inspect
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from attrs import evolve
from support.docstrings import declared_errors

from awskms_lite import (
    AccessDeniedException,
    AsyncKMSClient,
    Credentials,
    DependencyTimeoutException,
    GetKeyLastUsageRequest,
    GetKeyLastUsageResponse,
    InvalidArnException,
    KeyLastUsageData,
    KeyLastUsageTrackingOperation,
    KMSClient,
    KMSInternalException,
    NotFoundException,
    ParameterError,
    ProtocolError,
    ServiceError,
    UsageVerdict,
    from_wire,
    to_wire,
)
from awskms_lite.cli import main
from awskms_lite.local import LocalKMS
from awskms_lite.operations.usage import GET_KEY_LAST_USAGE

KEY = "1234abcd-12ab-34cd-56ef-1234567890ab"
ARN = f"arn:aws:kms:us-east-2:111122223333:key/{KEY}"
USED_AT = datetime(2026, 6, 1, 14, 30, 0, 7000, tzinfo=UTC)
TRACKED = datetime(2026, 4, 27, 12, 0, 0, 123000, tzinfo=UTC)
USE: dict[str, Any] = {
    "Operation": "Decrypt",
    "Timestamp": 1780324200.007,
    "CloudTrailEventId": "5f0c2a3e-8b1d-4f6a-9e7c-1d2b3a4c5d6e",
    "KmsRequestId": "c4a1f9b2-7e3d-4a58-b6c0-9d8e7f6a5b4c",
}
FULL: dict[str, Any] = {
    "KeyId": KEY,
    "KeyLastUsage": USE,
    "TrackingStartDate": 1777291200.123,
    "KeyCreationDate": 1714219200,
}
DECLARED = [
    (DependencyTimeoutException, 500),
    (InvalidArnException, 400),
    (KMSInternalException, 500),
    (NotFoundException, 400),
]
OPERATIONS = [
    "Decrypt",
    "DeriveSharedSecret",
    "Encrypt",
    "GenerateDataKey",
    "GenerateDataKeyPair",
    "GenerateDataKeyPairWithoutPlaintext",
    "GenerateDataKeyWithoutPlaintext",
    "GenerateMac",
    "ReEncrypt",
    "Sign",
    "Verify",
    "VerifyMac",
]
OPERATIONS_SINCE = ["Encapsulate", "Decapsulate"]
WIRE_NAMES = {
    "key_id": "KeyId",
    "key_last_usage": "KeyLastUsage",
    "tracking_start_date": "TrackingStartDate",
    "key_creation_date": "KeyCreationDate",
}


class KMS:
    """Returns the answers it was made with, in order and the last one for good, and keeps what it was sent."""

    def __init__(self, *answers: dict[str, Any], status: int = 200) -> None:
        self.requests: list[httpx.Request] = []
        self.waits: list[float] = []
        self._answers = answers
        self._status = status

    def __call__(self, request: httpx.Request) -> httpx.Response:
        answer = self._answers[min(len(self.requests), len(self._answers) - 1)]
        self.requests.append(request)
        return httpx.Response(self._status if "__type" in answer else 200, json=answer)

    def options(self) -> dict[str, Any]:
        return {
            "region": "us-east-2",
            "credentials": Credentials("AKIDEXAMPLE", "secret"),
            "environ": {},
            "random": lambda: 1.0,
        }

    def ask(self, key_id: str = KEY) -> GetKeyLastUsageResponse:
        with httpx.Client(transport=httpx.MockTransport(self)) as http_client:
            client = KMSClient(http_client=http_client, sleep=self.waits.append, **self.options())
            return client.get_key_last_usage(key_id)

    async def ask_async(self, key_id: str = KEY) -> GetKeyLastUsageResponse:
        async def sleep(seconds: float) -> None:
            self.waits.append(seconds)

        async with httpx.AsyncClient(transport=httpx.MockTransport(self)) as http_client:
            client = AsyncKMSClient(http_client=http_client, sleep=sleep, **self.options())
            return await client.get_key_last_usage(key_id)


def refusing(cls: type[ServiceError], status: int, message: str = "no") -> KMS:
    return KMS({"__type": cls.__name__, "message": message}, status=status)


# What the operation gives.


def test_it_tells_the_last_use() -> None:
    """The answer names the operation, the time and the CloudTrail event of the last successful use."""
    usage = KMS(FULL).ask()
    assert usage.key_last_usage == KeyLastUsageData(
        operation=KeyLastUsageTrackingOperation.DECRYPT,
        timestamp=USED_AT,
        cloud_trail_event_id=USE["CloudTrailEventId"],
        kms_request_id=USE["KmsRequestId"],
    )


def test_a_use_means_used() -> None:
    """Where the use is present, the key has been used since tracking started, whatever the two dates are."""
    for creation in (FULL["KeyCreationDate"], FULL["TrackingStartDate"], None):
        assert KMS({**FULL, "KeyCreationDate": creation}).ask().verdict is UsageVerdict.USED


@pytest.mark.parametrize(
    ("milliseconds", "verdict"),
    [
        (86_400_000, UsageVerdict.NEVER_USED),
        (1, UsageVerdict.NEVER_USED),
        (0, UsageVerdict.NEVER_USED),
        (-1, UsageVerdict.NO_RECORD),
        (-86_400_000, UsageVerdict.NO_RECORD),
    ],
)
def test_an_unused_key_is_judged_by_its_age(milliseconds: int, verdict: UsageVerdict) -> None:
    """Without a use: created on or after the start of tracking means never used, a moment before no record."""
    created = round(TRACKED.timestamp() * 1000 + milliseconds) / 1000
    usage = KMS({**FULL, "KeyLastUsage": {}, "KeyCreationDate": created}).ask()
    assert usage.key_creation_date == TRACKED + timedelta(milliseconds=milliseconds)
    assert usage.verdict is verdict


def test_no_record_points_to_cloudtrail(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A key without a record may have been used before tracking began; who asks is sent to CloudTrail's logs."""
    with LocalKMS() as server:
        for name, value in server.environ.items():
            monkeypatch.setenv(name, value)
        arn = server.add_key(created=TRACKED - timedelta(days=1), tracking_start=TRACKED)
        assert main(["usage", arn]) == 0
    out = capsys.readouterr().out
    assert "no record" in out
    assert "look into CloudTrail" in out


@pytest.mark.parametrize("answer", [{"KeyLastUsage": {}}, {"KeyLastUsage": None}, {}])
def test_an_unused_key_has_an_empty_use(answer: dict[str, Any]) -> None:
    """For a key not used since tracking began the use is an empty object; null and nothing mean the same."""
    usage = KMS({**{name: FULL[name] for name in FULL if name != "KeyLastUsage"}, **answer}).ask()
    assert usage.key_last_usage is None
    assert usage.verdict is UsageVerdict.NO_RECORD


@pytest.mark.parametrize("region", ["us-east-2", "eu-west-1"])
def test_each_key_of_a_multi_region_set_is_asked_in_its_region(region: str) -> None:
    """Primary and replicas track their use on their own, so an ARN is never asked about in another region."""
    arn = f"arn:aws:kms:{region}:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab"
    server = KMS({**FULL, "KeyId": arn})
    if region == "us-east-2":
        assert server.ask(arn).verdict is UsageVerdict.USED
    else:
        with pytest.raises(ParameterError, match="region='eu-west-1'"):
            server.ask(arn)
    assert len(server.requests) == (region == "us-east-2")


def test_re_encrypt_is_told_with_the_owners_event() -> None:
    """ReEncrypt counts for both of its keys, each with the event id of its own owner, given as it came."""
    events = ["source-owner-event", "destination-owner-event"]
    keys = ["source", "destination"]
    uses = [{"Operation": "ReEncrypt", "CloudTrailEventId": event} for event in events]
    server = KMS(*({**FULL, "KeyId": key, "KeyLastUsage": use} for key, use in zip(keys, uses, strict=True)))
    seen = [server.ask(key_id).key_last_usage for key_id in keys]
    assert seen == [KeyLastUsageData(KeyLastUsageTrackingOperation.RE_ENCRYPT, None, event) for event in events]


@pytest.mark.parametrize("client", [KMSClient, AsyncKMSClient])
def test_the_answer_alone_is_no_reason_to_delete(client: type) -> None:
    """The last use must not be the only reason to delete a key, and the method's help says so."""
    text = " ".join((inspect.getdoc(client.get_key_last_usage) or "").split())  # type: ignore[attr-defined]
    assert "alone is no reason to delete a key" in text
    assert "reason to delete" in (UsageVerdict.__doc__ or "")


@pytest.mark.parametrize("account", ["111122223333", "999999999999"])
def test_a_key_of_another_account_is_for_kms_to_refuse(account: str) -> None:
    """The operation does not work across accounts: the ARN is sent as it is, and KMS's refusal comes back."""
    arn = f"arn:aws:kms:us-east-2:{account}:key/{KEY}"
    server = refusing(AccessDeniedException, 400)
    with pytest.raises(AccessDeniedException):
        server.ask(arn)
    assert json.loads(server.requests[0].content) == {"KeyId": arn}


def test_the_key_policy_must_allow_it() -> None:
    """The permission is kms:GetKeyLastUsage in the key's policy; a refusal gives AWS's reason and the remedy."""
    reason = "not authorized to perform: kms:GetKeyLastUsage because no resource-based policy allows it"
    server = KMS({"__type": "AccessDeniedException", "Message": reason}, status=400)
    with pytest.raises(AccessDeniedException) as caught:
        server.ask()
    assert caught.value.message == reason
    assert "Let the key policy" in str(caught.value)
    assert "`kms:GetKeyLastUsage`, in the key's policy" in (KMSClient.get_key_last_usage.__doc__ or "")
    assert len(server.requests) == 1


def test_nothing_is_remembered_from_call_to_call() -> None:
    """KMS is eventually consistent, so each call asks anew, and may learn of a use that an earlier one did not."""
    server = KMS({**FULL, "KeyLastUsage": {}}, FULL)
    assert [server.ask().verdict for _ in range(2)] == [UsageVerdict.NO_RECORD, UsageVerdict.USED]
    assert "up to an hour" in (KMSClient.get_key_last_usage.__doc__ or "")


# What is sent.


@pytest.mark.parametrize("key_id", [KEY, ARN])
def test_the_request_is_one_post(key_id: str) -> None:
    """A call is a POST to / with the operation in X-Amz-Target and one JSON object, KeyId, as its body."""
    server = KMS(FULL)
    server.ask(key_id)
    (request,) = server.requests
    assert (request.method, request.url.raw_path) == ("POST", b"/")
    assert request.url.host == "kms.us-east-2.amazonaws.com"
    assert request.headers["content-type"] == "application/x-amz-json-1.1"
    assert request.headers["x-amz-target"] == "TrentService.GetKeyLastUsage"
    assert json.loads(request.content) == {"KeyId": key_id}


def test_the_key_id_is_required() -> None:
    """KeyId is the one parameter, and there is no call without it."""
    assert list(inspect.signature(GetKeyLastUsageRequest).parameters) == ["key_id"]
    with pytest.raises(TypeError, match="key_id"):
        GetKeyLastUsageRequest()  # type: ignore[call-arg]


@pytest.mark.parametrize("length", [1, 2, 2047, 2048])
def test_a_key_id_has_1_to_2048_characters(length: int) -> None:
    """A KeyId of 1 to 2048 characters is sent."""
    server = KMS({**FULL, "KeyId": "k" * length})
    server.ask("k" * length)
    assert json.loads(server.requests[0].content) == {"KeyId": "k" * length}


@pytest.mark.parametrize("length", [0, 2049, 100_000])
def test_a_key_id_of_another_length_is_not_sent(length: int) -> None:
    """A KeyId that is empty or over 2048 characters long is refused before it is sent."""
    server = KMS(FULL)
    with pytest.raises(ParameterError, match=f"has {length} characters, not 1 to 2048"):
        server.ask("k" * length)
    assert not server.requests


@pytest.mark.parametrize("alias", ["alias/app", "alias/aws/ebs", "arn:aws:kms:us-east-2:111122223333:alias/app"])
def test_an_alias_is_not_sent(alias: str) -> None:
    """Aliases are not supported: they are refused before they are sent, with the calls that give the key."""
    server = KMS(FULL)
    with pytest.raises(ParameterError, match=r"an alias, .*the key's ARN; DescribeKey and ListAliases tell"):
        server.ask(alias)
    assert not server.requests


# What comes back.


def test_every_member_has_its_type() -> None:
    """Ids are strings, dates are times in UTC, the use is an object with an operation and a time of its own."""
    usage = KMS(FULL).ask()
    assert usage.key_id == KEY
    assert usage.tracking_start_date == TRACKED
    assert usage.key_creation_date == datetime(2024, 4, 27, 12, tzinfo=UTC)
    assert usage.key_last_usage is not None
    moments = [usage.tracking_start_date, usage.key_creation_date, usage.key_last_usage.timestamp]
    assert [moment and moment.utcoffset() for moment in moments] == [timedelta(0)] * 3


@pytest.mark.parametrize(("name", "wire_name"), WIRE_NAMES.items())
def test_every_member_is_optional(name: str, wire_name: str) -> None:
    """No member of the answer is required: one that is missing is None, and the others stay."""
    whole = KMS(FULL).ask()
    usage = KMS({key: value for key, value in FULL.items() if key != wire_name}).ask()
    assert getattr(whole, name) is not None
    assert usage == evolve(whole, **{name: None})  # type: ignore[arg-type]


@pytest.mark.parametrize("name", USE)
def test_every_member_of_the_use_is_optional(name: str) -> None:
    """A use may lack its operation, its time or an id, and is a use still."""
    wire = {key: value for key, value in USE.items() if key != name}
    usage = KMS({**FULL, "KeyLastUsage": wire}).ask()
    assert usage.verdict is UsageVerdict.USED
    assert to_wire(usage.key_last_usage) == wire


@pytest.mark.parametrize("key_id", [KEY, ARN, KEY.upper(), ARN.replace("us-east-2", "eu-west-1"), f"key/{KEY}"])
@pytest.mark.parametrize("asked", [KEY, ARN])
def test_the_key_is_named_as_kms_names_it(asked: str, key_id: str) -> None:
    """KeyId in the answer names the key that was asked for, not always in the form that it was asked with."""
    assert KMS({**FULL, "KeyId": key_id}).ask(asked).key_id == key_id


@pytest.mark.parametrize("key_id", ["mrk-1234abcd12ab34cd56ef1234567890ab", "k", "k" * 2048, f"{ARN}0", KEY[:-1]])
@pytest.mark.parametrize("asked", [KEY, ARN])
def test_an_answer_about_another_key_is_none(asked: str, key_id: str) -> None:
    """An answer that names another key belongs to another request: it is asked again, and never believed."""
    server = KMS({**FULL, "KeyId": key_id})
    with pytest.raises(ProtocolError, match="about another key") as caught:
        server.ask(asked)
    assert caught.value.mismatched
    assert len(server.requests) == 3
    assert KMS({**FULL, "KeyId": key_id}, FULL).ask(asked).key_id == FULL["KeyId"]


def test_tracking_starts_at_creation_for_newer_keys() -> None:
    """The start of tracking is the later of its launch and the key's creation, and is read, never assumed."""
    later = 1790000000.999
    usage = KMS({"KeyLastUsage": {}, "TrackingStartDate": later, "KeyCreationDate": later}).ask()
    assert usage.tracking_start_date == usage.key_creation_date == datetime.fromtimestamp(later, UTC)
    assert usage.verdict is UsageVerdict.NEVER_USED


@pytest.mark.parametrize("operation", [*OPERATIONS, *OPERATIONS_SINCE])
def test_the_operations_that_count(operation: str) -> None:
    """Twelve operations counted at launch, two more have come since, and each has its name here."""
    data = KMS({**FULL, "KeyLastUsage": {"Operation": operation}}).ask().key_last_usage
    assert data is not None
    assert isinstance(data.operation, KeyLastUsageTrackingOperation)
    assert data.operation == operation


def test_there_are_fourteen_operations() -> None:
    """No other operation is taken for one that counts."""
    assert {str(operation) for operation in KeyLastUsageTrackingOperation} == {*OPERATIONS, *OPERATIONS_SINCE}
    assert len(KeyLastUsageTrackingOperation) == 14


def test_an_operation_yet_to_come_is_kept() -> None:
    """The list of operations grows, so a value beyond it is kept as the string it is."""
    data = KMS({**FULL, "KeyLastUsage": {"Operation": "GenerateQuantumKey"}}).ask().key_last_usage
    assert data == KeyLastUsageData("GenerateQuantumKey")


def test_success_is_status_200() -> None:
    """A successful answer has HTTP status 200, which stands beside it with the attempts that it took."""
    usage = KMS(FULL).ask()
    assert (usage.metadata.status_code, usage.metadata.attempts) == (200, 1)


@pytest.mark.parametrize("members", [FULL, {}, {**FULL, "KeyLastUsage": {"Operation": "GenerateQuantumKey"}}])
def test_json_goes_both_ways(members: dict[str, Any]) -> None:
    """An answer can be written as the JSON it was read from, and read again."""
    usage = from_wire(GetKeyLastUsageResponse, members)
    assert to_wire(usage) == members
    assert (
        from_wire(GetKeyLastUsageResponse, json.loads(json.dumps(to_wire(usage)))) == usage == KMS(members).ask()
    )


def test_a_request_can_be_read_from_json_too() -> None:
    """A request can be made from its JSON, and written as it."""
    assert to_wire(from_wire(GetKeyLastUsageRequest, {"KeyId": ARN})) == {"KeyId": ARN}


# What may go wrong.


@pytest.mark.parametrize(
    ("cls", "status"), [*DECLARED, (DependencyTimeoutException, 503), (NotFoundException, 404)]
)
def test_the_declared_errors_are_raised(cls: type[ServiceError], status: int) -> None:
    """Each error that the operation declares is raised as its class, with its text, whatever the status."""
    server = refusing(cls, status, "Because of this")
    with pytest.raises(cls) as caught:
        server.ask()
    assert type(caught.value) is cls
    assert (caught.value.code, caught.value.status_code) == (cls.__name__, status)
    assert caught.value.message == "Because of this"


def test_the_operation_declares_four_errors() -> None:
    """The operation's own errors are these four and no others."""
    assert declared_errors(GET_KEY_LAST_USAGE) == [cls.__name__ for cls, _ in DECLARED]
    assert len(DECLARED) == 4


@pytest.mark.parametrize("cls", [DependencyTimeoutException, KMSInternalException])
def test_a_timeout_and_an_internal_error_can_be_retried(cls: type[ServiceError]) -> None:
    """The call may be sent again after a dependency's timeout or an internal error, and then succeed."""
    server = KMS({"__type": cls.__name__}, {"__type": cls.__name__}, FULL, status=500)
    assert server.ask().metadata.attempts == 3
    assert server.waits == pytest.approx([0.05, 0.1])
    assert GET_KEY_LAST_USAGE.idempotent


@pytest.mark.parametrize("cls", [InvalidArnException, NotFoundException])
def test_a_wrong_key_is_not_asked_for_again(cls: type[ServiceError]) -> None:
    """An ARN that is not valid and a key that is not there stay so: one attempt, and the error."""
    server = refusing(cls, 400)
    with pytest.raises(cls) as caught:
        server.ask()
    assert (caught.value.attempts, server.waits) == (1, [])


@pytest.mark.parametrize("message", ["Back on Monday", None])
@pytest.mark.parametrize(("status", "retryable"), [(400, False), (503, True)])
def test_an_unknown_error_falls_through(status: int, retryable: bool, message: str | None) -> None:
    """An error beyond the declared ones keeps its code, and its text if it has one."""
    server = KMS({"__type": "KeyOnHolidayException", "message": message}, status=status)
    with pytest.raises(ServiceError) as caught:
        server.ask()
    assert type(caught.value) is ServiceError
    assert (caught.value.code, caught.value.message) == ("KeyOnHolidayException", message or "")
    assert caught.value.retryable is retryable
    assert caught.value.attempts == (3 if retryable else 1)


@pytest.mark.parametrize(
    "code",
    ["AccessDeniedException", "ExpiredTokenException", "UnrecognizedClientException", "ValidationException"],
)
def test_the_errors_common_to_all_operations_can_come_too(code: str) -> None:
    """Besides its own errors the operation can meet the ones common to every call."""
    with pytest.raises(ServiceError) as caught:
        KMS({"__type": code, "message": "no"}, status=400).ask()
    assert type(caught.value).__name__ == code
    assert code not in declared_errors(GET_KEY_LAST_USAGE)


# The same from async code.


@pytest.mark.anyio
@pytest.mark.parametrize(
    "make",
    [
        lambda: KMS(FULL),
        lambda: KMS({**FULL, "KeyLastUsage": {}}),
        lambda: KMS({"__type": "KMSInternalException"}, FULL, status=500),
    ],
    ids=["used", "unused", "after a retry"],
)
async def test_async_code_gets_the_same_answer(make: Callable[[], KMS]) -> None:
    """Both clients send the same request, wait the same and give the same answer."""
    plain, concurrent = make(), make()
    usage, expected = await concurrent.ask_async(ARN), plain.ask(ARN)
    assert (usage, usage.metadata) == (expected, expected.metadata)
    assert concurrent.waits == plain.waits
    assert [request.content for request in concurrent.requests] == [request.content for request in plain.requests]


@pytest.mark.anyio
@pytest.mark.parametrize(("cls", "status"), DECLARED)
async def test_async_code_gets_the_same_errors(cls: type[ServiceError], status: int) -> None:
    """Both clients raise the same error, attempts included."""
    with pytest.raises(cls) as one:
        refusing(cls, status).ask()
    with pytest.raises(cls) as other:
        await refusing(cls, status).ask_async()
    assert vars(one.value) == vars(other.value)


@pytest.mark.anyio
async def test_async_code_cannot_send_an_alias_either() -> None:
    """The check of the key id is the request's own, so no client can go round it."""
    server = KMS(FULL)
    with pytest.raises(ParameterError, match="alias"):
        await server.ask_async("alias/app")
    assert not server.requests
