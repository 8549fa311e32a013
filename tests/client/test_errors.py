"""The tree of errors: what it looks like, what each error says, and that it survives a pickle."""

import builtins
import copy
import inspect
import pickle
import re
from collections.abc import Callable

import pytest

from awskms_lite import errors
from awskms_lite.errors import KMSLiteError, ProtocolError, ServiceError, error_class

CLASSES = [cls for cls in vars(errors).values() if inspect.isclass(cls) and issubclass(cls, KMSLiteError)]
SERVICE = [cls for cls in CLASSES if issubclass(cls, ServiceError)]
MODELED = [cls for cls in SERVICE if cls is not ServiceError]
BELOW = [cls for cls in CLASSES if cls not in SERVICE]
DATE = "Mon, 21 Sep 2026 14:13:20 GMT"

# The lists of AWS's retry behaviour, and what the KMS and STS documentation call worth a retry.
THROTTLING = [
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "RequestThrottledException",
    "RequestThrottled",
    "TooManyRequestsException",
    "ProvisionedThroughputExceededException",
    "TransactionInProgressException",
    "RequestLimitExceeded",
    "BandwidthLimitExceeded",
    "SlowDown",
    "PriorRequestNotComplete",
    "EC2ThrottledException",
]
TRANSIENT = [
    "RequestTimeout",
    "RequestTimeoutException",
    "InternalError",
    "InternalFailure",
    "InternalServerError",
    "IDPCommunicationError",
    "DependencyTimeoutException",
    "KMSInternalException",
    "KeyUnavailableException",
    "ServiceException",
    "ServiceUnavailable",
    "ServiceUnavailableException",
]
# What AWS's documentation calls rejected although it may pass: the request was surely not executed.
REJECTED = ["KMSInternalException", "KeyUnavailableException"]
COMMON = [
    "AccessDeniedException",
    "ThrottlingException",
    "UnrecognizedClientException",
    "InvalidSignatureException",
    "ExpiredTokenException",
    "IncompleteSignatureException",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "RequestExpired",
    "ServiceUnavailable",
    "InternalFailure",
    "ValidationException",
    "ValidationError",
    "UnknownOperationException",
    "SerializationException",
    "OptInRequired",
    "NotAuthorized",
    "RequestTimeTooSkewed",
    "RequestInTheFuture",
    "SignatureDoesNotMatch",
    "AuthFailure",
]


def drawn() -> dict[str, tuple[str, str | None]]:
    """Read the tree in the module's docstring: each name with its parent and what it also is."""
    found: dict[str, tuple[str, str | None]] = {}
    path: list[tuple[int, str]] = []
    for line in (errors.__doc__ or "").splitlines():
        match = re.match(r"(?P<lead>[ |]*(\+-- )?)(?P<name>[A-Z]\w+(Error|Exception))\b(?P<rest>.*)", line)
        if match is None or (match["lead"].strip() == "" and path):
            continue
        path = [step for step in path if step[0] < len(match["lead"])]
        also = re.search(r"\(also (?:the |a )?(.*)\)", match["rest"])
        found[match["name"]] = (path[-1][1] if path else "", also and also[1])
        path.append((len(match["lead"]), match["name"]))
    return found


def full(cls: type[ServiceError], **changes: object) -> ServiceError:
    given = {"message": "Said so", "code": cls.__name__, "status_code": 418, "request_id": "r-1", "attempts": 2}
    given["members"] = {"Reason": "hunter2"}
    return cls(**{**given, "date": DATE, "retry_after": 1.5, **changes})  # type: ignore[arg-type]


def test_the_tree_is_as_drawn() -> None:
    """Every error above the service's own stands in the docstring's drawing, under its parent."""
    tree = drawn()
    leaves = {name for name, (parent, _) in tree.items() if parent == "ServiceError"}
    assert tree.keys() - leaves == {cls.__name__ for cls in [*BELOW, ServiceError]}
    assert leaves < {cls.__name__ for cls in MODELED}
    for name, (parent, _) in tree.items():
        bases = [base.__name__ for base in getattr(errors, name).__bases__]
        assert (parent or "Exception") in bases


def test_an_error_is_also_what_the_drawing_says() -> None:
    """An error that is also another, a builtin one perhaps, can be caught as that."""
    also = {name: other for name, (_, other) in drawn().items() if other}
    assert also == {
        "ClosedError": "RuntimeError",
        "ParameterError": "ValueError",
        "TimeoutError": "builtin one",
        "ConnectTimeoutError": "ConnectError",
    }
    assert issubclass(errors.ClosedError, RuntimeError)
    assert issubclass(errors.ParameterError, ValueError)
    assert issubclass(errors.TimeoutError, builtins.TimeoutError)
    assert issubclass(errors.ConnectTimeoutError, errors.ConnectError)


@pytest.mark.parametrize("cls", CLASSES)
def test_every_error_is_one_of_ours_and_described(cls: type[KMSLiteError]) -> None:
    """One `except KMSLiteError` catches them all, and each class has a docstring of its own."""
    assert issubclass(cls, KMSLiteError)
    assert cls.__module__ == "awskms_lite.errors"
    assert cls.__doc__
    assert not any(cls.__doc__ == base.__doc__ for base in cls.__bases__)


@pytest.mark.parametrize("duplicate", [pickle.dumps, copy.copy, copy.deepcopy])
@pytest.mark.parametrize("cls", SERVICE)
def test_a_service_error_survives_a_pickle(cls: type[ServiceError], duplicate: Callable[[object], object]) -> None:
    """An error that crosses to another process or is copied keeps its class and all that it knows."""
    error = full(cls, code="Other" if cls is ServiceError else cls.__name__)
    again = duplicate(error)
    if isinstance(again, bytes):
        again = pickle.loads(again)
    assert type(again) is cls
    assert vars(again) == vars(error) != {}
    assert (str(again), repr(again)) == (str(error), repr(error))


@pytest.mark.parametrize("cls", BELOW)
def test_every_other_error_survives_a_pickle(cls: type[KMSLiteError]) -> None:
    """The errors without an answer cross to another process too."""
    error = cls("what, and what to do")
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is cls
    assert (str(again), again.args) == ("what, and what to do", ("what, and what to do",))
    assert vars(again) == vars(error)


@pytest.mark.parametrize("cls", CLASSES)
def test_an_unknown_outcome_is_said_and_survives_a_pickle(cls: type[KMSLiteError]) -> None:
    """Who gets such an error, in whichever process, is told that the call may have been executed."""
    error = cls("what, and what to do.")
    plain = str(error)
    assert not error.outcome_unknown
    error.outcome_unknown = True
    again = pickle.loads(pickle.dumps(error))
    assert again.outcome_unknown
    for each in (error, again):
        said = str(each).removeprefix(plain)
        assert said == " The request may have been executed: check that before you make the call again."
    assert not cls("another").outcome_unknown


def test_a_protocol_error_keeps_where_it_came_from() -> None:
    """The status and the request id of an unreadable answer survive a pickle; both may be unknown."""
    again = pickle.loads(pickle.dumps(ProtocolError("no JSON", status_code=200, request_id="r-1")))
    assert (again.status_code, again.request_id) == (200, "r-1")
    assert (ProtocolError("x").status_code, ProtocolError("x").request_id) == (None, None)


@pytest.mark.parametrize("cls", MODELED)
def test_a_service_error_says_what_happened_and_what_to_do(cls: type[ServiceError]) -> None:
    """The text begins with AWS's code and words, has what support asks for, and ends in a piece of advice."""
    text = str(full(cls))
    start = f"{cls.__name__}: Said so (HTTP 418, request id r-1, 2 attempts). "
    assert text.startswith(start)
    advice = text.removeprefix(start)
    assert re.fullmatch(r"[A-Z].{10,}\.", advice), advice
    assert "Look the code up" not in advice


@pytest.mark.parametrize(
    ("code", "status", "advice"),
    [
        ("KeyOnHoliday", 400, "Look the code up in the AWS KMS API reference."),
        ("KeyOnHoliday", 429, "pace the client"),
        ("KeyOnHoliday", 503, "try again later"),
        ("403", 403, "a proxy or another server may have answered. Check the endpoint."),
        ("502", 502, "a proxy or another server may have answered. Check the endpoint."),
    ],
)
def test_an_unknown_error_says_what_to_do_too(code: str, status: int, advice: str) -> None:
    """A code nobody has heard of, or none, still gets advice that fits its status."""
    assert advice in str(ServiceError(code=code, status_code=status))


def test_the_text_leaves_out_what_is_not_known() -> None:
    """Without a message, a request id or a retry there is no empty place in the text."""
    error = errors.NotFoundException(status_code=400)
    assert str(error) == "NotFoundException (HTTP 400). Check the key id, the account and the region."
    assert (error.message, error.request_id, error.attempts) == ("", None, 1)


@pytest.mark.parametrize("cls", MODELED)
def test_the_code_is_the_name_of_the_class(cls: type[ServiceError]) -> None:
    """A class carries AWS's own name, so the code leads to it, and it is its own code where none is given."""
    assert error_class(cls.__name__) is cls
    assert cls().code == cls.__name__


@pytest.mark.parametrize("code", ["KeyOnHoliday", "notfoundexception", "ServiceError", "KMSLiteError", "500", ""])
def test_an_unknown_code_has_no_class_of_its_own(code: str) -> None:
    """A code that is no wire name, one of our own classes' names included, is a plain `ServiceError`."""
    assert error_class(code) is ServiceError


@pytest.mark.parametrize("code", sorted({*COMMON, *THROTTLING, *TRANSIENT}))
def test_the_errors_any_call_can_meet_have_classes(code: str) -> None:
    """The common errors of AWS have classes, not only those that KMS declares."""
    assert error_class(code) is getattr(errors, code)


@pytest.mark.parametrize("status", [200, 400, 403, 429, 500, 503])
@pytest.mark.parametrize("cls", MODELED)
def test_the_kind_follows_the_code_first(cls: type[ServiceError], status: int) -> None:
    """What waiting does is known by the code, whatever the status: AWS's own sources differ on statuses."""
    code = cls.__name__
    expected = "throttling" if code in THROTTLING else "transient" if code in TRANSIENT else "final"
    error = cls(status_code=status)
    assert error.category == expected
    assert error.retryable is (expected != "final")


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        *((status, "transient") for status in (500, 502, 503, 504)),
        *((status, "final") for status in (200, 301, 302, 400, 401, 403, 404, 413, 499, 501, 505, 599)),
        (429, "throttling"),
    ],
)
def test_an_unknown_code_is_judged_by_its_status(status: int, kind: str) -> None:
    """A code nobody here has heard of is throttling with 429, transient with 500, 502, 503 and 504, else final."""
    error = ServiceError(code="KeyOnHoliday", status_code=status)
    assert error.category == kind
    assert error.retryable is (kind != "final")


@pytest.mark.parametrize("cls", [ServiceError, *MODELED])
def test_what_was_rejected_is_known_by_the_code(cls: type[ServiceError]) -> None:
    """Of the errors that may pass, those whose documentation says so were not carried out."""
    assert cls.rejected is (cls.__name__ in REJECTED)


def test_what_the_answer_asks_for_is_kept() -> None:
    """The pause that an answer asks for, and its date, stay with the error; both may be unknown."""
    error = full(errors.ThrottlingException)
    assert (error.retry_after, error.date) == (1.5, DATE)
    assert (ServiceError().retry_after, ServiceError().date) == (None, None)


def test_a_used_up_resource_quota_is_final() -> None:
    """KMS means resources by LimitExceededException, not requests: waiting does not help."""
    error = errors.LimitExceededException("too many grants", status_code=400)
    assert not error.retryable
    assert "ask AWS for a higher quota" in str(error)


def test_what_else_an_answer_said_is_kept_and_not_shown() -> None:
    """The further members of an error's answer are there for who asks for them, and in no text."""
    error = errors.AccessDeniedException("no", members={"Reason": "hunter2", "More": [1]})
    assert error.members == {"Reason": "hunter2", "More": [1]}
    assert pickle.loads(pickle.dumps(error)).members == error.members
    for text in (str(error), repr(error), repr(error.args), repr(vars(error))):
        assert "hunter2" not in text
    assert "Reason, More" in repr(error.members)
    assert errors.AccessDeniedException("no").members == {}
