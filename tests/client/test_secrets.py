"""That nothing secret leaves by a repr, a log line or an error, whichever operation it goes through.

What is secret is what the models mark so. Each operation is sent all that it takes, with a word in every such
place, and answered in the same way; then all that anybody can print is searched for that word.
"""

import json
import re
from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, get_args, get_origin

import pytest
from attrs import fields, has
from support.model_samples import CONFLICTING, bounds_of, example, plain
from support.servers import ScriptedServer, ServedConnection, Way, answer
from support.shown import shown_by

from awskms_lite import Credentials, to_wire
from awskms_lite.errors import KMSLiteError
from awskms_lite.operations import Operation
from awskms_lite.operations.all import ALL_OPERATIONS
from awskms_lite.retry import RetryPolicy

WORD = "opensesame" * 7
ENCODED = b64encode(WORD.encode())[:12]
FORMS = ("opensesame", ENCODED.decode())
CREDENTIALS = Credentials("AKIA111122223333TEST", "secret/of/the/TESTS+0123456789abcdefghij")

# What has to be marked in whatever model it stands.
SECRET_NAMES = {
    "grant_token",
    "grant_tokens",
    "import_token",
    "key_store_password",
    "message",
    "plaintext",
    "private_key_plaintext",
    "raw_secret_access_key",
    "shared_secret",
}


def shows(text: str) -> bool:
    return any(form in text for form in FORMS)


def parts(kind: Any) -> tuple[Any, bool]:
    """Return the type of a member, or that of its items, and whether it is a list."""
    kind = plain(kind)
    is_list = get_origin(kind) in (tuple, Sequence)
    return (plain(get_args(kind)[0]) if is_list else kind), is_list


def models(cls: type) -> Iterator[type]:
    """Yield a model and those within it."""
    yield cls
    for member in fields(cls):
        inner, _ = parts(member.type)
        if has(inner):
            yield from models(inner)


def telling(cls: type) -> Any:
    """Make a model that has all that it can have, the word for each member that is marked."""
    left_out = {"metadata", "recipient", *CONFLICTING.get(cls.__name__, ())}  # to a recipient no secret is told
    return cls(
        **{member.name: told(member) for member in fields(cls) if member.init and member.name not in left_out}
    )


def told(member: Any) -> Any:
    kind, is_list = parts(member.type)
    if has(kind):
        value = telling(kind)
    elif member.repr is not False:
        value = example(kind if is_list else member.type)
    else:
        bounds = bounds_of(member.type)
        word = WORD if bounds is None or is_list else WORD[: bounds.high]
        value = word.encode() if kind is bytes else word
    return (value,) if is_list else value


def body_of(model: object) -> str:
    return json.dumps(to_wire(model))


SECRETIVE = [
    row
    for row in ALL_OPERATIONS
    if row.service.name == "kms" and shows(body_of(telling(row.request)) + body_of(telling(row.response)))
]
ANSWERS = {row.name: body_of(telling(row.response)).encode() for row in SECRETIVE}


LAST = {"Connection": "close"}

# What comes back, from the right body and the request.
REPLIES: dict[str, Callable[[bytes, bytes], bytes]] = {
    "right": lambda body, _: answer(body, headers=LAST),
    "no JSON": lambda body, _: answer(body[:-1], headers=LAST),
    "of wrong types": lambda body, _: answer(of_wrong_types(body), headers=LAST),
    "no base64": lambda body, _: answer(body.replace(ENCODED, ENCODED + b"!"), headers=LAST),
    "refused, the request repeated": lambda _, sent: answer(repeating(sent), 400, headers=LAST),
    "refused": lambda body, _: answer(body, 400, headers=LAST),
    "longer than announced": lambda body, _: answer(body, length=len(body) - 1, headers=LAST),
    "cut off": lambda body, _: answer(body, length=len(body) + 1, headers=LAST),
}


def of_wrong_types(body: bytes) -> bytes:
    return json.dumps({name: [[value]] for name, value in json.loads(body).items()}).encode()


def repeating(sent: bytes) -> bytes:
    """Return an error whose text has the whole body of the request in it, as some validators' have."""
    body = sent.partition(b"\r\n\r\n")[2].decode()
    return json.dumps({"__type": "ValidationException", "message": f"Value {body} is not valid."}).encode()


def replying_by_operation(reply: Callable[[bytes, bytes], bytes]) -> Callable[[ServedConnection], None]:
    """Answer the one request of a connection, by the operation that it names."""

    def script(line: ServedConnection) -> None:
        sent = line.request() or b""
        found = re.search(rb"TrentService\.(\w+)", sent)
        assert found is not None
        line.send(reply(ANSWERS[found[1].decode()], sent))

    return script


def method_of(client: Any, operation: Operation[Any, Any]) -> Callable[..., Any]:
    method: Callable[..., Any] = getattr(client, re.sub(r"(?<=[a-z])(?=[A-Z])", "_", operation.name).lower())
    return method


def members_of(model: Any) -> dict[str, Any]:
    return {member.name: getattr(model, member.name) for member in fields(type(model))}


@pytest.mark.parametrize("operation", ALL_OPERATIONS, ids=lambda row: row.name)
def test_what_gives_access_is_marked(operation: Operation[Any, Any]) -> None:
    """Plaintexts, messages, private keys, shared secrets, tokens and passwords are marked in every model."""
    for model in {*models(operation.request), *models(operation.response)}:
        named = {member.name for member in fields(model)} & SECRET_NAMES
        assert named <= {member.name for member in fields(model) if member.repr is False}


@pytest.mark.parametrize("reply", REPLIES)
def test_no_secret_leaves_by_a_log_or_an_error(way: Way, logged: Callable[[], str], reply: str) -> None:
    """Whatever becomes of a call, its request, its answer, its log lines and its error show no secret."""
    with ScriptedServer(replying_by_operation(REPLIES[reply])) as server:
        client = way.client(
            region="us-east-2",
            environ={},
            endpoint_url=server.url,
            credentials=CREDENTIALS,
            retry=RetryPolicy(max_attempts=1),
        ).client
        errors: list[KMSLiteError] = []
        for operation in SECRETIVE:
            outcome, error, request = None, None, telling(operation.request)
            try:
                outcome = way.run(partial(method_of(client, operation), **members_of(request)))
            except KMSLiteError as raised:
                errors.append(error := raised)
            assert not shows(f"{request!r}\n{outcome!r}\n{shown_by(error)}"), operation.name
            assert reply != "right" or outcome == telling(operation.response), operation.name
    assert bool(errors) is (reply != "right")
    assert shows(repr(server.requests))
    text = logged()
    assert all(row.name in text for row in SECRETIVE)
    assert not shows(text)
