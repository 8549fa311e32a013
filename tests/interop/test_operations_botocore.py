"""All of KMS beside the service model of the installed botocore: what there is, and what goes over the wire.

Nothing here is listed by hand except the differences by design:

- What KMS always sends is required in our responses; the service model requires nothing of them.
- The answer to a request with a recipient, an attested environment, is a response of its own.
- We keep `PendingWindowInDays` to 7 to 30, as KMS does; the service model says 1 to 365.
- We hide import tokens and grant tokens too, which the service model does not mark as sensitive.
- An absent list and an empty one are the same to us: `()`; so are False and the absence of what is False for most
  (`FALSE_IF_ABSENT`).
- What the API reference refuses though the service model allows it is refused before it is sent: alias names
  without "alias/", neither or both of two ways to say something, a missing ciphertext.
- The response of GetKeyLastUsage, the one that every cold start waits for, carries no bounds; nothing checks them.
"""

import json
import re
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import partial
from types import NoneType, UnionType
from typing import Annotated, Any, NamedTuple, Union, get_args, get_origin

import botocore.session
import httpx
import pytest
from attrs import NOTHING, fields, has
from botocore import xform_name
from botocore.model import ListShape, MapShape, OperationModel, Shape, StringShape, StructureShape
from botocore.parsers import create_parser
from botocore.serialize import create_serializer
from hypothesis import given, settings as hypothesis_settings, strategies as st
from support.docstrings import declared_errors
from support.model_samples import CONFLICTING, NEEDED, answer_to, least

from awskms_lite import Credentials, KMSClient, RetryPolicy, ServiceError, from_wire, to_dict, to_wire
from awskms_lite.models.members import KMSResponse
from awskms_lite.models.recipients import RecipientInfo
from awskms_lite.models.requests import Bounds
from awskms_lite.models.signing import VerifyMacResponse, VerifyResponse
from awskms_lite.operations import Operation
from awskms_lite.operations.all import ALL_OPERATIONS
from awskms_lite.protocol import decode
from awskms_lite.steps import Response

SESSION = botocore.session.Session()
MODEL = SESSION.get_service_model("kms")
PAGINATORS: dict[str, Any] = SESSION.get_component("data_loader").load_service_model("kms", "paginators-1")
SERIALIZER = create_serializer("json", include_validation=True)
PARSER = create_parser("json")
CREDENTIALS = Credentials("AKIA111122223333TEST", "secret/of/the/TESTS+0123456789abcdefghij")

BOUNDS_OF_OURS = {("ScheduleKeyDeletion", "request.PendingWindowInDays"): Bounds(7, 30)}
SENSITIVE_TO_US = ("ImportToken", "GrantToken", "GrantTokens")
PLAIN_TYPES: dict[str, type] = {
    "string": str,
    "integer": int,
    "boolean": bool,
    "blob": bytes,
    "timestamp": datetime,
    "map": Mapping,
    "list": Sequence,
}

few = hypothesis_settings(max_examples=20)


class Member(NamedTuple):
    """What either side says of a member."""

    kind: type | str
    required: bool
    bounds: Bounds | None
    sensitive: bool
    values: frozenset[str]
    """Those of an enum, nothing for other members."""


def modeled(operation: Operation[Any, Any]) -> OperationModel:
    return MODEL.operation_model(operation.name)


def by_name(operation: Operation[Any, Any]) -> str:
    return operation.name


OF_KMS = [operation for operation in ALL_OPERATIONS if operation.service.name == "kms"]
every_operation = pytest.mark.parametrize("operation", OF_KMS, ids=by_name)


# What there is.


def members_of_shape(shape: Shape | None, path: str, required: bool = False) -> Iterator[tuple[str, Member]]:
    """Yield all members below a shape, by their paths."""
    if isinstance(shape, StructureShape):
        yield path, Member("structure", required, None, False, frozenset())
        for name, member in shape.members.items():
            yield from members_of_shape(member, f"{path}.{name}", name in shape.required_members)
    elif shape is not None:
        limits = shape.metadata
        bounds = Bounds(limits.get("min", 0), limits["max"]) if "max" in limits else None
        values = frozenset(shape.enum) if isinstance(shape, StringShape) else frozenset[str]()
        sensitive = bool(limits.get("sensitive"))
        yield path, Member(PLAIN_TYPES[shape.type_name], required, bounds, sensitive, values)
        if isinstance(shape, ListShape):
            yield from members_of_shape(shape.member, f"{path}[]", required=True)


def members_of_model(cls: type, path: str, required: bool = False) -> Iterator[tuple[str, Member]]:
    """Yield all members below one of our models, by the paths of their wire names."""
    yield path, Member("structure", required, None, False, frozenset())
    for attribute in fields(cls):
        if attribute.name != "metadata":
            name = wire_name(cls, attribute.name)
            required = attribute.default is NOTHING
            yield from members_of_kind(attribute.type, f"{path}.{name}", required, attribute.repr is False)


def members_of_kind(kind: Any, path: str, required: bool, sensitive: bool) -> Iterator[tuple[str, Member]]:
    plain, bounds, values = taken_apart(kind)
    if has(plain):
        yield from members_of_model(plain, path, required)
        return
    is_list = get_origin(plain) in (tuple, Sequence)
    shown = Sequence if is_list else get_origin(plain) or plain
    yield path, Member(shown, required, bounds, sensitive, values)
    if is_list:
        yield from members_of_kind(get_args(plain)[0], f"{path}[]", True, False)


def taken_apart(kind: Any) -> tuple[Any, Bounds | None, frozenset[str]]:
    """Return the type of an annotation, its bounds, and the values of its enum."""
    if get_origin(kind) in (Union, UnionType):
        kinds = [one for one in get_args(kind) if one is not NoneType]
        enums = [one for one in kinds if isinstance(one, type) and issubclass(one, StrEnum)]
        if enums:
            assert set(kinds) == {*enums, str}, "an enum is open to new values"
            return str, None, frozenset(map(str, enums[0]))
        (kind,) = kinds
    if get_origin(kind) is Annotated:
        plain, bounds, *_ = get_args(kind)
        return taken_apart(plain)[0], bounds, frozenset()
    return kind, None, frozenset()


def wire_name(cls: type, name: str) -> str:
    """Return botocore's name for a member of ours, by botocore's own rule for the names of Python."""
    candidates: set[str] = {
        member
        for shape_name in MODEL.shape_names
        if isinstance(shape := MODEL.shape_for(shape_name), StructureShape) and not shape.metadata.get("exception")
        for member in shape.members
        if xform_name(member) == name
    }
    assert len(candidates) == 1, f"{cls.__name__}.{name} is no member's name"
    return candidates.pop()


def test_every_operation_is_there() -> None:
    """The operations are those of the service model, each of them once."""
    ours = [operation.name for operation in OF_KMS]
    missing, unknown = set(MODEL.operation_names) - set(ours), set(ours) - set(MODEL.operation_names)
    assert (sorted(missing), sorted(unknown)) == ([], [])
    assert len(ours) == len(set(ours))


@every_operation
def test_requests_are_as_modeled(operation: Operation[Any, Any]) -> None:
    """A request has the members of the service model, with their types, requiredness, bounds and secrecy."""
    ours = dict(members_of_model(operation.request, "request"))
    theirs = dict(members_of_shape(modeled(operation).input_shape, "request"))
    if operation.name == "GetKeyLastUsage":  # its one member has a check of its own
        ours["request.KeyId"] = ours["request.KeyId"]._replace(bounds=theirs["request.KeyId"].bounds)
    assert ours == with_differences(operation, theirs)


@every_operation
def test_responses_are_as_modeled(operation: Operation[Any, Any]) -> None:
    """A response has the members of the service model, with their types, bounds and secrecy.

    It requires what the service model does, and more: that is for the next test.
    """
    shape = modeled(operation).output_shape
    if shape is None or not shape.members:
        assert operation.response is KMSResponse
        return
    ours = dict(members_of_model(operation.response, "response"))
    if operation.for_recipient is not None:
        ours = {**dict(members_of_model(operation.for_recipient, "response")), **ours}
    theirs = dict(members_of_shape(shape, "response"))
    if operation.name == "GetKeyLastUsage":
        assert not any(member.required for member in ours.values())
        theirs = {path: member._replace(bounds=None) for path, member in theirs.items()}
    assert not {path for path, member in theirs.items() if member.required and not ours[path].required}
    theirs = {path: member._replace(required=ours[path].required) for path, member in theirs.items()}
    assert ours == with_differences(operation, theirs)


SOMETIMES = re.compile(
    r"(present|appears|included in the response|appears in the response) only|only present"
    r"|is omitted|is not present|null or empty|removes this field|this value is null"
)
"""How the documentation says that an answer may lack a member."""


def conditional(shape: StructureShape, path: str) -> Iterator[str]:
    """Yield the paths of the members below a shape that an answer may lack by the documentation."""
    for name, member in shape.members.items():
        here = f"{path}.{name}"
        if SOMETIMES.search(re.sub(r"<[^>]*>|\s+", " ", member.documentation)):
            yield here
        inner = member.member if isinstance(member, ListShape) else member
        if isinstance(inner, StructureShape):
            yield from conditional(inner, f"{here}[]" if isinstance(member, ListShape) else here)


@every_operation
def test_what_comes_sometimes_is_not_required(operation: Operation[Any, Any]) -> None:
    """What an answer has only under a condition, by the documentation, is optional in our response.

    The plaintext that an answer to a recipient lacks is the exception: that answer is another response.
    """
    shape = modeled(operation).output_shape
    if shape is None:
        return
    required = {path for path, member in members_of_model(operation.response, "response") if member.required}
    wrong = required & set(conditional(shape, "response"))
    plaintext = {"response.Plaintext", "response.PrivateKeyPlaintext", "response.SharedSecret"}
    assert wrong == (plaintext & required if operation.for_recipient is not None else set())


def with_differences(operation: Operation[Any, Any], theirs: Mapping[str, Member]) -> dict[str, Member]:
    changed = dict(theirs)
    for path, member in theirs.items():
        at = (operation.name, path)
        if at in BOUNDS_OF_OURS:
            changed[path] = member = member._replace(bounds=BOUNDS_OF_OURS[at])
        if path.rpartition(".")[2] in SENSITIVE_TO_US:
            assert not member.sensitive, "no difference any more"
            changed[path] = member._replace(sensitive=True)
    return changed


@every_operation
def test_the_errors_are_the_declared_ones(operation: Operation[Any, Any]) -> None:
    """A method names the errors that the service model declares, each once and in the order of the alphabet."""
    assert declared_errors(operation) == sorted(shape.name for shape in modeled(operation).error_shapes)


@every_operation
def test_pages_are_as_modeled(operation: Operation[Any, Any]) -> None:
    """What answers in pages, and which member holds a page's items, is as botocore's paginators have it."""
    theirs = PAGINATORS["pagination"].get(operation.name)
    if operation.items is None:
        assert theirs is None
    else:
        assert theirs == {
            "input_token": "Marker",
            "limit_key": "Limit",
            "more_results": "Truncated",
            "output_token": "NextMarker",
            "result_key": wire_name(operation.response, operation.items),
        }


# What goes over the wire.


def values(shape: Shape, *, new: bool = False, ours: type | None = None) -> st.SearchStrategy[Any]:
    """Draw what botocore takes for a shape; `new` says whether an enum may have values newer than the model.

    What is required in `ours`, our model of the shape, is always there.
    """
    low, high = shape.metadata.get("min", 0), shape.metadata.get("max", 10**9)
    if isinstance(shape, StructureShape):
        kinds = {} if ours is None else {attribute.name: attribute for attribute in fields(ours)}
        drawn: dict[str, st.SearchStrategy[Any]] = {}
        always = set(shape.required_members)
        for name, member in shape.members.items():
            attribute = kinds.get(xform_name(name))
            drawn[name] = values(member, new=new, ours=attribute and model_in(attribute.type))
            if attribute is not None and attribute.default is NOTHING:
                always.add(name)
        if ours in ALWAYS_TRUE:
            drawn[ALWAYS_TRUE[ours]] = st.just(value=True)
        required = {name: drawn.pop(name) for name in sorted(always)}
        return st.fixed_dictionaries(required, optional=drawn)
    if isinstance(shape, ListShape):
        return st.lists(values(shape.member, new=new, ours=ours), min_size=low, max_size=min(high, low + 2))
    if isinstance(shape, MapShape):
        return st.dictionaries(st.text("aé:", max_size=4), st.text("aé\n", max_size=4), max_size=2)
    if isinstance(shape, StringShape):
        free = st.text('aZ09-é"\\', min_size=low, max_size=min(high, low + 6))
        known = st.sampled_from(shape.enum) if shape.enum else st.nothing()
        return known | (free if new or not shape.enum else st.nothing())
    simple: dict[str, st.SearchStrategy[Any]] = {
        "integer": st.integers(low, high),
        "boolean": st.booleans(),
        "blob": st.binary(min_size=low, max_size=min(high, low + 6)),
        "timestamp": st.integers(0, 4_000_000_000_000).map(
            lambda milliseconds: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)
        ),
    }
    return simple[shape.type_name]


ALWAYS_TRUE: dict[Any, str] = {VerifyResponse: "SignatureValid", VerifyMacResponse: "MacValid"}
"""What is no answer but an error unless it is true."""


def model_in(kind: Any) -> type | None:
    """Return the model of a structure, or of the items of a list."""
    plain = taken_apart(kind)[0]
    if get_origin(plain) in (tuple, Sequence):
        plain = taken_apart(get_args(plain)[0])[0]
    return plain if has(plain) else None


def ours(kind: Any, shape: Shape, value: Any) -> Any:
    """Return our form of what botocore takes: the same values, with models in place of the dicts of structures."""
    plain = taken_apart(kind)[0]
    if isinstance(shape, StructureShape):
        return plain(**arguments(plain, shape, value))
    if isinstance(shape, ListShape):
        return [ours(get_args(plain)[0], shape.member, item) for item in value]
    return value


def arguments(cls: type, shape: StructureShape, value: Mapping[str, Any]) -> dict[str, Any]:
    kinds = {attribute.name: attribute.type for attribute in fields(cls)}
    return {
        xform_name(name): ours(kinds[xform_name(name)], shape.members[name], member)
        for name, member in value.items()
    }


def theirs(model: object, shape: StructureShape) -> dict[str, Any]:
    """Return botocore's form of one of our answers: by wire name, and without what is absent or empty."""
    members = [(name, getattr(model, xform_name(name), None), member) for name, member in shape.members.items()]
    shown = {name: shown_as(value, member) for name, value, member in members}
    return without_absent(shown)


FALSE_IF_ABSENT = ("Truncated", "MultiRegion")


def without_absent(members: Mapping[str, Any]) -> dict[str, Any]:
    """Return what botocore or we read, without what is as good as absent."""
    return {
        name: value
        for name, value in members.items()
        if value not in (None, []) and not (name in FALSE_IF_ABSENT and value is False)
    }


def shown_as(value: Any, shape: Shape) -> Any:
    if value is None:
        return None
    if isinstance(shape, StructureShape):
        return theirs(value, shape)
    return [shown_as(item, shape.member) for item in value] if isinstance(shape, ListShape) else value


def without_empty(value: Any) -> Any:
    if isinstance(value, dict):
        return without_absent({name: without_empty(member) for name, member in value.items()})
    return [without_empty(item) for item in value] if isinstance(value, list) else value


def as_json(value: Any) -> Any:
    """Return the JSON of an answer: blobs in base64, and times in seconds."""
    if isinstance(value, dict):
        return {name: as_json(member) for name, member in value.items()}
    if isinstance(value, list):
        return [as_json(item) for item in value]
    if isinstance(value, bytes):
        return b64encode(value).decode()
    return value.timestamp() if isinstance(value, datetime) else value


def ask(operation: Operation[Any, Any], response: httpx.Response, **given: Any) -> tuple[httpx.Request, Any]:
    """Call the method of an operation; return the request that went out, and what it returned or raised."""
    requests: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return response

    with (
        httpx.Client(transport=httpx.MockTransport(answer)) as http_client,
        KMSClient(
            region="us-east-2",
            credentials=CREDENTIALS,
            environ={},
            http_client=http_client,
            retry=RetryPolicy(max_attempts=1),
        ) as client,
    ):
        try:
            outcome = getattr(client, xform_name(operation.name))(**given)
        except ServiceError as error:
            outcome = error
    (request,) = requests
    return request, outcome


def some_arguments(operation: Operation[Any, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Draw what an operation takes, in botocore's form."""
    shape = modeled(operation).input_shape
    drawn: st.SearchStrategy[dict[str, Any]] = values(shape)
    if operation.name == "ScheduleKeyDeletion":
        return drawn.filter(lambda given: 7 <= given.get("PendingWindowInDays", 30) <= 30)
    return drawn.map(partial(as_kms_takes_it, operation))


def as_kms_takes_it(operation: Operation[Any, Any], given: dict[str, Any]) -> dict[str, Any]:
    """Return drawn members with what the API reference wants besides the service model."""
    given = dict(given)
    if "AliasName" in given:
        given["AliasName"] = f"alias/{given['AliasName']}"[:256]
    needed, instead = (
        {
            wire_name(operation.request, name): value
            for name, value in table.get(f"{operation.name}Request", {}).items()
        }
        for table in (NEEDED, CONFLICTING)
    )
    if instead and len(given.keys() & instead.keys()) == len(instead):
        return {name: value for name, value in given.items() if name not in needed}
    if instead:
        given = {name: value for name, value in given.items() if name not in instead}
    return {**needed, **given}


@every_operation
def test_the_same_input_is_the_same_request(operation: Operation[Any, Any]) -> None:
    """For any input that the service model allows, body and headers say what botocore's say."""

    @few
    @given(some_arguments(operation))
    def check(given: dict[str, Any]) -> None:
        expected = SERIALIZER.serialize_to_request(given, modeled(operation))
        given_to_us = arguments(operation.request, modeled(operation).input_shape, given)
        answer = answer_to(operation, operation.request(**given_to_us))
        request, _ = ask(operation, httpx.Response(200, json=answer), **given_to_us)
        assert (request.method, request.url.path) == (expected["method"], expected["url_path"])
        assert json.loads(request.content) == json.loads(expected["body"])
        for name in ("X-Amz-Target", "Content-Type"):
            assert request.headers[name] == expected["headers"][name]

    check()


@every_operation
def test_the_same_answer_is_the_same_model(operation: Operation[Any, Any]) -> None:
    """For any answer that the service model allows, ours holds what botocore's holds, and nothing else."""
    shape = modeled(operation).output_shape

    @few
    @given(st.just({}) if shape is None else values(shape, new=True, ours=operation.response))
    def check(answer: dict[str, Any]) -> None:
        body = json.dumps(as_json(answer)).encode()
        parsed = PARSER.parse({"status_code": 200, "headers": {}, "body": body}, shape)
        parsed.pop("ResponseMetadata")
        model = decode(operation, Response(200, {}, body), attempts=1)
        assert type(model) is operation.response
        if shape is not None:
            expected = without_empty(parsed)
            if expected.get("KeyLastUsage") == {}:
                del expected["KeyLastUsage"]
            if operation.for_recipient is not None:
                expected.pop("CiphertextForRecipient", None)
            assert theirs(model, shape) == expected

    check()


def minimal(operation: Operation[Any, Any]) -> dict[str, Any]:
    """Return the least that a method must be called with."""
    shape = modeled(operation).input_shape
    least = {name: least_of(shape.members[name]) for name in shape.required_members}
    return arguments(operation.request, shape, as_kms_takes_it(operation, least))


def least_of(shape: Shape) -> Any:
    if isinstance(shape, StructureShape):
        return {name: least_of(shape.members[name]) for name in shape.required_members}
    if isinstance(shape, StringShape):
        return shape.enum[0] if shape.enum else "x" * shape.metadata.get("min", 1)
    empty: dict[str, Any] = {"list": [], "blob": b"x"}
    return empty[shape.type_name]


ERRORS = [(operation, code) for operation in OF_KMS for code in declared_errors(operation)]


@pytest.mark.parametrize(("operation", "code"), ERRORS, ids=[f"{row.name}-{code}" for row, code in ERRORS])
def test_the_same_error_is_the_same_error(operation: Operation[Any, Any], code: str) -> None:
    """Each declared error comes out under its name, with the text and the members it was sent with."""
    sent = {"__type": code, "message": "Said so", "Reason": ["more", 1]}
    body = json.dumps(sent).encode()
    parsed = PARSER.parse({"status_code": 400, "headers": {}, "body": body}, modeled(operation).output_shape)
    _, error = ask(operation, httpx.Response(400, content=body), **minimal(operation))
    assert type(error).__name__ == code
    assert (error.code, error.message) == (parsed["Error"]["Code"], parsed["Error"]["Message"])
    assert error.members == {"Reason": ["more", 1]}


@every_operation
def test_a_response_survives_the_way_there_and_back(operation: Operation[Any, Any]) -> None:
    """What a response holds is there again after its JSON has been written and read."""
    shape = modeled(operation).output_shape

    @few
    @given(st.just({}) if shape is None else values(shape, new=True, ours=operation.response))
    def check(answer: dict[str, Any]) -> None:
        model = from_wire(operation.response, as_json(answer))
        assert from_wire(type(model), json.loads(json.dumps(to_wire(model)))) == model
        shown = to_dict(model, secrets=True)
        assert json.loads(json.dumps(shown, allow_nan=False)) == shown

    check()


@every_operation
def test_an_answer_to_a_recipient_is_a_model_of_its_own(operation: Operation[Any, Any]) -> None:
    """Ours holds what botocore's holds of an answer to an attested environment, and no plaintext."""
    if operation.for_recipient is None:
        return
    shape = modeled(operation).output_shape
    request = least(operation.request, recipient=RecipientInfo())

    @few
    @given(values(shape, new=True, ours=operation.for_recipient))
    def check(answer: dict[str, Any]) -> None:
        answer.update(
            {name: "" for name in ("Plaintext", "PrivateKeyPlaintext", "SharedSecret") if name in answer}
        )
        if "KeyId" in answer and request.key_id is not None:
            answer["KeyId"] = request.key_id
        body = json.dumps(as_json(answer)).encode()
        parsed = PARSER.parse({"status_code": 200, "headers": {}, "body": body}, shape)
        model = decode(operation, Response(200, {}, body), attempts=1, request=request)
        assert type(model) is operation.for_recipient
        ours = {name: parsed[name] for name in theirs(model, shape)}
        assert theirs(model, shape) == ours
        assert "CiphertextForRecipient" in ours
        assert not ours.keys() & {"Plaintext", "PrivateKeyPlaintext", "SharedSecret"}

    check()
