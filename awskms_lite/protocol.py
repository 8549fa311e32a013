"""The awsJson1.1 protocol: an operation and a request to bytes, a response to a model or an error.

Source: "AWS JSON 1.1 protocol" in the Smithy documentation, and the KMS API reference, "Common Errors".
"""

import json
import re
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar, cast

from attrs import fields, has

from .converter import from_wire, to_wire
from .errors import InvalidCiphertextException, ProtocolError, ServiceError, error_class
from .models.members import KMSResponse, ResponseMetadata
from .operations import KMS, Operation
from .quoting import holds_any, printable, redact
from .retry import read_retry_after
from .steps import Response

RequestT = TypeVar("RequestT")
ResponseT = TypeVar("ResponseT", bound=KMSResponse)

_REQUEST_ID = "x-amzn-requestid"
_TEXTS = ("message", "Message", "errorMessage")
# A refused signature is answered with the request's own headers, session token included.
_ECHO = (
    r"The Canonical String for this request should have been|The String-to-Sign should have been"
    r"|Authorization=|\(Hashed with|['\"]?AWS4-[A-Z0-9-]+ Credential="
)
_CIPHERTEXTS = ("ciphertext_blob", "encrypted_key_material", "shared_secret_ciphertext_blob")
_BASE64 = rb"[A-Za-z0-9+/\s]{24,}={0,2}\s*"
"""Long enough that no ciphertext, which is random bytes, has only these characters by chance."""
_encode = json.JSONEncoder(separators=(",", ":")).encode


def _refuse_constant(name: str) -> None:
    raise ProtocolError(f"it holds {name}, which JSON does not have")


_decode = json.JSONDecoder(parse_constant=_refuse_constant).decode


def target(operation: Operation[Any, Any]) -> str:
    """Return the value of `X-Amz-Target`."""
    return f"{operation.service.target}.{operation.name}"


def encode(request: object) -> bytes:
    """Return the body for a request model."""
    return _encode(to_wire(request)).encode()


def decode(
    operation: Operation[RequestT, ResponseT],
    response: Response,
    *,
    attempts: int,
    request: RequestT | None = None,
    secrets: Sequence[str] = (),
) -> ResponseT:
    """Return the model that a response holds.

    Raise a `ServiceError` for a status that is not 2xx, and `ProtocolError` for a success that cannot be read,
    lacks a required member, or is about another key than the `request`. An empty body means an empty object; so
    does null, which some emulators send for an operation without output. No error repeats one of the `secrets` or
    a sensitive member of the `request`.
    """
    request_id = response.headers.get(_REQUEST_ID)
    if request_id is not None and holds_any(request_id, secrets):
        request_id = None
    if not 200 <= response.status < 300:
        hidden = [*secrets, *_sensitive_texts(request)]
        error = decode_error(response.status, response.headers, response.body, secrets=hidden)
        if isinstance(error, InvalidCiphertextException):
            _hint_at_base64(error, request)
        raise _about(operation, attempts, error)
    mismatched = False
    try:
        members = _members(operation, response.body)
        if operation.check is not None:
            operation.check(members)
        answer = from_wire(operation.response_to(request), members)
        if request is not None:
            mismatched = _is_about_another_key(operation.echoes, request, answer)
    except ServiceError as error:
        error.request_id = request_id
        raise _about(operation, attempts, error) from None
    except (ValueError, RecursionError, ProtocolError) as error:
        why = _why(error)
    else:
        if not mismatched:
            metadata = ResponseMetadata(request_id, response.status, attempts)
            object.__setattr__(answer, "metadata", metadata)  # frozen, but nobody's yet: `evolve` makes all anew
            return answer
        why = "it is about another key than the one that was asked for, so it belongs to another request"
    raise ProtocolError(  # out here because the exception above may hold the whole body
        f"The answer to {operation.name} cannot be read: {why} (HTTP {response.status}, {len(response.body)} "
        f"bytes, request id {request_id}). Check that the endpoint is {operation.service.title} and that no proxy "
        "rewrites its answers.",
        status_code=response.status,
        request_id=request_id,
        mismatched=mismatched,
    )


def _about(operation: Operation[Any, Any], attempts: int, error: ServiceError) -> ServiceError:
    error.attempts, error.operation = attempts, operation.name
    if operation.service is not KMS:
        error.service = operation.service.title
        error.remedy = dict(operation.service.remedies).get(error.code, error.remedy)
    return error


def _hint_at_base64(error: InvalidCiphertextException, request: object) -> None:
    """Set the remedy for a ciphertext that is base64 text: the API of KMS and its CLI show blobs so."""
    for name in _CIPHERTEXTS:
        blob: object = getattr(request, name, None)
        if isinstance(blob, bytes) and re.fullmatch(_BASE64, blob):
            error.remedy = f"{name} looks like base64 text: pass the bytes, base64.b64decode({name})."


def _sensitive_texts(model: object) -> Iterator[str]:
    """Yield what a request's sensitive members, those without `repr`, are on the wire: a blob is base64 there."""
    cls: Any = type(model)
    members: Iterable[Any] = fields(cls) if has(cls) else ()
    for member in members:
        value: object = getattr(model, member.name)
        if member.repr:
            yield from _sensitive_texts(value)
        elif isinstance(value, bytes):
            yield b64encode(value).decode()
        elif isinstance(value, str | tuple):
            yield from (value,) if isinstance(value, str) else cast("tuple[str, ...]", value)


def _is_about_another_key(echoes: Iterable[tuple[str, str]], request: object, answer: object) -> bool:
    """Return whether a key that the answer names is another than the one that the request named in its place.

    Key ids are compared, whether they come alone or in an ARN: KMS answers a key id with the ARN, or the other way
    round. An alias does not tell the id of its key.
    """
    for asked_for, answered in echoes:
        asked: str | None = getattr(request, asked_for)
        if asked is None or _is_alias(asked):
            continue
        for key in _members_at(answer, answered.split(".")):
            if key and key != asked and not _is_alias(key) and _key_id(key) != _key_id(asked):
                return True
    return False


def _members_at(value: Any, path: Sequence[str]) -> Iterator[str | None]:
    if value is None or not path:
        yield value
    elif isinstance(value, tuple):
        for item in cast("Iterable[Any]", value):
            yield from _members_at(item, path)
    else:
        yield from _members_at(getattr(value, path[0]), path[1:])


def _is_alias(key: str) -> bool:
    return key.startswith("alias/") or ":alias/" in key


def _key_id(key: str) -> str:
    return key.rpartition("/")[2].casefold()


def decode_error(
    status: int, headers: Mapping[str, str], body: bytes, *, secrets: Sequence[str] = ()
) -> ServiceError:
    """Return the error that an answer means, whatever its body holds; never raise.

    The code is the header `x-amzn-ErrorType`, else the body's `__type`, else its `code`, without a namespace
    before "#" and without what follows ":"; if there is none of them, it is the status. Header names may be in any
    case. The `secrets` of the request, which some servers repeat, are removed from everything, and characters that
    are not printable are escaped.
    """
    lower = {name.lower(): printable(redact(value, secrets)) for name, value in headers.items()}
    try:
        members = _read_object(body)
    except (ValueError, RecursionError, ProtocolError):
        members = {}
    found: tuple[object, ...] = (lower.get("x-amzn-errortype"), members.get("__type"), members.get("code"))
    found = tuple(redact(text, secrets) if isinstance(text, str) else None for text in found)
    code = next((plain for plain in map(_plain_code, found) if plain), None)
    texts = (members.get(name) for name in _TEXTS)
    message = next((text for text in texts if isinstance(text, str) and text), "")
    rest = {name: value for name, value in members.items() if name not in ("__type", "code", *_TEXTS)}
    if rest and holds_any(body.decode(errors="replace"), secrets):
        rest = {}  # wherever in there it stands
    return error_class(code or "")(
        printable(redact(re.split(_ECHO, message, maxsplit=1)[0].rstrip(), secrets)),
        code=code or str(status),
        status_code=status,
        request_id=lower.get(_REQUEST_ID),
        date=lower.get("date"),
        retry_after=read_retry_after(lower),
        members=rest if code else None,  # what names no error is a body of anything
    )


def _plain_code(code: object) -> str:
    return printable(code.partition(":")[0].rpartition("#")[2].strip()) if isinstance(code, str) else ""


def _members(operation: Operation[Any, Any], body: bytes) -> dict[str, Any]:
    is_null = operation.response is KMSResponse and body == b"null"
    return {} if is_null or not body else _read_object(body)


def _read_object(body: bytes) -> dict[str, Any]:
    value: object = _decode(body.decode())
    if not isinstance(value, dict):
        raise ProtocolError(f"it is a JSON {type(value).__name__}, not an object")
    return cast("dict[str, Any]", value)


def _why(error: Exception) -> str:
    """Return what is wrong with a body without repeating any of it: it may hold plaintext."""
    if isinstance(error, json.JSONDecodeError):
        return f"it is no JSON, from byte {error.pos} on"
    if isinstance(error, UnicodeDecodeError):
        return f"it is not UTF-8, from byte {error.start} on"
    if isinstance(error, ProtocolError):
        return str(error).removesuffix(".")
    return "it is nested too deeply" if isinstance(error, RecursionError) else "it holds a number out of range"
