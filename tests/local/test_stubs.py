"""Answers that a test sets with `LocalKMS.answer`, through both clients and through one of the tests' own."""

import base64
import json
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from support.either_client import EitherClient
from support.local_client import OTHER_ACCOUNT, Client, client, last_usage
from support.servers import PATIENCE, WAYS, open_way
from support.threads import run_in_threads

from awskms_lite import Credentials
from awskms_lite.errors import (
    AccessDeniedException,
    KMSInternalException,
    NotFoundException,
    ServiceError,
    UnsupportedOperationException,
)
from awskms_lite.local import ApiError, Error, LocalKMS
from awskms_lite.models.keys import ListKeysResponse
from awskms_lite.models.signing import SignResponse, VerifyResponse

SIGNED = SignResponse(key_id="k", signature=b"\x00\xff", signing_algorithm="ECDSA_SHA_256")
VERIFIED = VerifyResponse(key_id="k", signature_valid=True, signing_algorithm="ECDSA_SHA_256")
NESTED: list[object] = []
for _ in range(100_000):  # deeper than any Python can write
    NESTED = [NESTED]
WIRE = {"KeyId": "k", "Signature": base64.b64encode(b"\x00\xff").decode(), "SigningAlgorithm": "ECDSA_SHA_256"}


@pytest.fixture(params=WAYS)
def either(request: pytest.FixtureRequest, kms: LocalKMS) -> Iterator[EitherClient]:
    with open_way(request.param) as way:
        yield EitherClient(way, kms)


def sign(either: EitherClient) -> Any:
    return either.sign("k", b"message", signing_algorithm="ECDSA_SHA_256")


@pytest.mark.parametrize("answer", [SIGNED, WIRE, lambda members: SIGNED, lambda members: WIRE])
def test_an_answer_takes_the_place_of_what_is_missing(kms: LocalKMS, either: EitherClient, answer: Any) -> None:
    """A model, a mapping and a function each answer one call of an operation that LocalKMS lacks, and no more."""
    kms.answer("Sign", answer)
    assert sign(either) == SIGNED
    with pytest.raises(UnsupportedOperationException, match="LocalKMS has no Sign"):
        sign(either)


@pytest.mark.parametrize(
    ("answer", "cls", "code", "text", "status"),
    [
        (NotFoundException, NotFoundException, "NotFoundException", "", 400),
        (NotFoundException("No key."), NotFoundException, "NotFoundException", "No key.", 400),
        (KMSInternalException(status_code=500), KMSInternalException, "KMSInternalException", "", 500),
        (ServiceError("No.", code="NewException", status_code=418), ServiceError, "NewException", "No.", 418),
        (ApiError("NewException", "No.", status=418), ServiceError, "NewException", "No.", 418),
        (lambda members: NotFoundException("No key."), NotFoundException, "NotFoundException", "No key.", 400),
        (lambda members: ApiError("NotFoundException"), NotFoundException, "NotFoundException", "", 400),
    ],
)
def test_an_answer_can_be_an_error(
    kms: LocalKMS, either: EitherClient, answer: Any, cls: type[ServiceError], code: str, text: str, status: int
) -> None:
    """A class or an instance of the client's errors, and one that the client does not know, is what is raised."""
    kms.answer("Sign", answer, times=None)
    with pytest.raises(ServiceError) as caught:
        sign(either)
    error = caught.value
    assert (type(error), error.code, error.message or "", error.status_code) == (cls, code, text, status)


@pytest.mark.parametrize("answer", [NotFoundException, NotFoundException(), ApiError("NotFoundException")])
def test_an_error_without_a_text_is_sent_without_one(kms: LocalKMS, call: Client, answer: Any) -> None:
    """The body has the code alone, as errors of KMS without a text have."""
    kms.answer("Sign", answer)
    assert call.error("Sign").body == {"__type": "NotFoundException"}


def test_a_function_sees_the_members_of_the_request(kms: LocalKMS, either: EitherClient) -> None:
    """It is called with the wire names, once for each call, and may use this very server meanwhile."""
    seen: list[Mapping[str, object]] = []

    def answer(members: Mapping[str, object]) -> Mapping[str, object]:
        seen.append(members)
        listed = client(kms)("ListKeys")["Keys"]
        return {
            "KeyId": members["KeyId"],
            "Signature": base64.b64encode(bytes([len(listed)])).decode(),
            "SigningAlgorithm": "ECDSA_SHA_256",
        }

    kms.answer("Sign", answer, times=2)
    kms.add_key()
    assert [sign(either).signature for _ in range(2)] == [b"\x01", b"\x01"]
    message = base64.b64encode(b"message").decode()
    assert seen == [{"KeyId": "k", "Message": message, "SigningAlgorithm": "ECDSA_SHA_256"}] * 2


def test_answers_are_used_in_the_order_in_which_they_were_set(kms: LocalKMS, call: Client) -> None:
    """Each as often as it says, those of another operation untouched, and then LocalKMS answers by itself."""
    kms.answer("ListKeys", {"Number": 1}, times=2)
    kms.answer("ListKeys", {"Number": 2})
    kms.answer("ListAliases", {"Number": 3}, times=None)
    assert [call("ListKeys").get("Number") for _ in range(4)] == [1, 1, 2, None]
    assert [call("ListAliases")["Number"] for _ in range(3)] == [3, 3, 3]


def test_answers_can_be_removed(kms: LocalKMS, call: Client) -> None:
    """After `clear_answers` LocalKMS answers by itself; `clear_faults` leaves them."""
    kms.answer("ListKeys", {"Number": 1}, times=None)
    kms.clear_faults()
    assert call("ListKeys") == {"Number": 1}
    kms.clear_answers()
    assert call("ListKeys") == {"Keys": [], "Truncated": False}


def test_an_answer_is_sent_as_it_was_when_it_was_set(kms: LocalKMS, call: Client) -> None:
    """Names that KMS does not have go out too, and what becomes of the mapping later does not matter."""
    answer = {"Novelty": {"Depth": [1.5, None, True]}}
    kms.answer("ListKeys", answer)
    answer["Novelty"]["Depth"].clear()
    assert call("ListKeys") == {"Novelty": {"Depth": [1.5, None, True]}}


def test_nothing_is_carried_out_if_an_answer_is_set(kms: LocalKMS, call: Client) -> None:
    """No key is made and no use recorded."""
    key = kms.add_key()
    kms.answer("CreateKey", {})
    kms.answer("Encrypt", {"CiphertextBlob": "eA=="})
    assert call("CreateKey") == {}
    assert call("Encrypt", KeyId=key, Plaintext="eA==") == {"CiphertextBlob": "eA=="}
    assert len(call("ListKeys")["Keys"]) == 1
    assert last_usage(call, key) == {}


def test_a_call_is_counted_whoever_answers(kms: LocalKMS, call: Client) -> None:
    """An answer, and an error given as one, is asked for and answered; a fault comes first, and leaves it."""
    kms.answer("Sign", WIRE)
    kms.answer("Sign", NotFoundException)
    kms.inject_fault(Error("KMSInternalException"), times=1)
    assert call.error("Sign").error == "KMSInternalException"
    assert call("Sign") == WIRE
    assert call.error("Sign").error == "NotFoundException"
    assert (kms.stats.asked, kms.stats.answered) == ({"Sign": 3}, {"Sign": 2})
    assert kms.stats.faults == {"Error": 1}


def test_an_answer_is_for_those_who_may_call(kms: LocalKMS, call: Client) -> None:
    """A wrong signature, a disabled region, a quota and a denial come first, and leave the answer for others."""
    kms.answer("Sign", WIRE, times=2)
    wrong = Client(kms, kms.region, Credentials(kms.credentials.access_key_id, "wrong"))
    assert wrong.error("Sign").error == "InvalidSignatureException"
    kms.disable_region("eu-west-1")
    assert client(kms, region="eu-west-1").error("Sign").error == "UnrecognizedClientException"
    kms.deny("Sign", account_id=OTHER_ACCOUNT)
    assert client(kms, account_id=OTHER_ACCOUNT).error("Sign").error == "AccessDeniedException"
    kms.set_quota("Sign", 0.001)
    assert call("Sign") == WIRE
    assert call.error("Sign").error == "ThrottlingException"
    kms.set_quota("Sign", None)
    assert call("Sign") == WIRE


def test_a_key_that_is_denied_is_denied_by_each_of_its_names(kms: LocalKMS, call: Client) -> None:
    """By id, ARN and alias; a key that does not exist can be answered for, and denied, too."""
    key, missing = kms.add_key(aliases=["alias/mine"]), "1234abcd-12ab-34cd-56ef-1234567890ab"
    kms.answer("Sign", WIRE, times=6)
    names = [key, key.rpartition("/")[2], "alias/mine", "arn:aws:kms:us-east-1:111122223333:alias/mine", missing]
    assert [call("Sign", KeyId=name) for name in names] == [WIRE] * 5
    kms.deny("Sign", key=key)
    kms.deny("Sign", key=missing)
    assert [call.error("Sign", KeyId=name).error for name in names] == ["AccessDeniedException"] * 5
    assert call("Sign", KeyId=kms.add_key()) == WIRE


def test_a_denial_reaches_the_client(kms: LocalKMS, either: EitherClient) -> None:
    """The error is the one of any denied call."""
    kms.answer("Sign", SIGNED)
    kms.deny("Sign")
    with pytest.raises(AccessDeniedException, match="kms:Sign"):
        sign(either)


def test_threads_share_the_answers(kms: LocalKMS, call: Client) -> None:
    """Of the calls of many threads exactly so many get the answer as was said."""
    kms.answer("ListKeys", {"Number": 1}, times=20)
    numbers: list[object] = []
    run_in_threads(lambda: numbers.extend(call("ListKeys").get("Number") for _ in range(5)), 8)
    assert (numbers.count(1), numbers.count(None)) == (20, 20)


@pytest.mark.parametrize(
    ("operation", "answer", "words"),
    [
        ("sign", SIGNED, "KMS has no operation 'sign': pass a name like 'GetKeyLastUsage'"),
        ("AssumeRole", {}, "KMS has no operation 'AssumeRole'"),
        (5, {}, "operation=5 is not a str"),
        ("Sign", VERIFIED, "Sign is not answered with a VerifyResponse: pass a SignResponse"),
        ("Sign", SignResponse, "type is not an answer for Sign: pass a SignResponse of awskms_lite.models"),
        ("Sign", None, "NoneType is not an answer for Sign"),
        ("Sign", ValueError("secret"), "ValueError is not an answer for Sign"),
        ("Sign", {"Signature": float("nan")}, "the answer for Sign is not JSON"),
        ("Sign", {"Signature": NESTED}, "the answer for Sign is not JSON"),
        ("Sign", {"Signature": b"secret"}, "the answer for Sign is not JSON: pass wire values, blobs in base64"),
    ],
)
def test_an_invalid_answer_is_refused(kms: LocalKMS, operation: Any, answer: Any, words: str) -> None:
    """It is a ValueError that says what to pass, and repeats no value; nothing is set."""
    with pytest.raises(ValueError, match=words) as caught:
        kms.answer(operation, answer)
    assert "secret" not in str(caught.value)
    assert caught.value.__context__ is None
    assert client(kms).error("Sign").error == "UnsupportedOperationException"


@pytest.mark.parametrize("times", [0, -1, 1.5, "2"])
def test_an_answer_is_given_a_number_of_times(kms: LocalKMS, times: Any) -> None:
    """A number that could never be is refused."""
    with pytest.raises(ValueError, match="pass a number from 1 up, or None for no end"):
        kms.answer("Sign", {}, times=times)


@pytest.mark.parametrize("answer", [lambda members: None, lambda members: VERIFIED])
def test_a_function_that_returns_no_answer_is_a_loud_mistake(
    kms: LocalKMS, call: Client, answer: Callable[[object], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client gets HTTP 500, the mistake is reported by the server's thread, and the server goes on."""
    reported: queue.Queue[threading.ExceptHookArgs] = queue.Queue()
    monkeypatch.setattr(threading, "excepthook", reported.put)
    kms.answer("Sign", answer)
    failed = call.send("Sign", json.dumps({}).encode())
    assert (failed.status, failed.error) == (500, "InternalFailure")
    assert "pass a" in str(reported.get(timeout=PATIENCE).exc_value)
    assert call("ListKeys")["Keys"] == []


def test_an_answer_comes_in_the_models_of_its_operation(kms: LocalKMS, either: EitherClient) -> None:
    """An operation that LocalKMS has can be answered for as well, and a page be made up."""
    page = ListKeysResponse(keys=(), truncated=True, next_marker="more")
    kms.answer("ListKeys", page)
    assert either.list_keys() == page
    assert either.list_keys().truncated is False


def test_no_model_is_loaded_before_one_is_given() -> None:
    """LocalKMS loads the client's converter only for an answer that is one of its models or errors."""
    code = """
import sys
from awskms_lite.local import ApiError, LocalKMS
local = LocalKMS()
local.answer("Sign", {})
local.answer("Sign", ApiError("NotFoundException"))
print(*[name for name in sys.modules if name.startswith("awskms_lite.") and ".local" not in name])
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert run.stdout.split() == ["awskms_lite.identity"]
