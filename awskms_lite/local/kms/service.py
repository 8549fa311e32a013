"""KMS as a service: the awsJson1.1 protocol (Smithy) over the table of operations."""

import json
from functools import lru_cache, partial
from typing import cast
from uuid import uuid4

from ..auth.authorizer import Authorizer
from ..auth.denials import Denials
from ..errors import ApiError
from ..http.messages import Request, Response
from ..http.service_call import ServiceCall
from ..members import Members
from .call import Call, Operation
from .operations import OPERATIONS
from .store import Store
from .stubs import Outcome, Stubs

_TARGET_PREFIX = "TrentService."


class Kms:
    """KMS over one store: authorizes the caller of an operation, then runs its handler, or a stub in its place."""

    def __init__(self, store: Store, authorizer: Authorizer, denials: Denials, stubs: Stubs) -> None:
        self._store = store
        self._authorizer = authorizer
        self._denials = denials
        self._stubs = stubs

    def parse(self, request: Request) -> ServiceCall:
        """Return the request as a call of one operation, or as one that is refused; raise nothing."""
        try:
            operation = _operation_of(request)
        except ApiError as error:
            return ServiceCall(None, partial(self.refuse, error, str(uuid4())), self.refuse)
        return ServiceCall(operation.name, partial(self._answer, operation, request), self.refuse)

    @staticmethod
    def refuse(error: ApiError, request_id: str) -> Response:
        """Return the error as KMS sends it."""
        body = json.dumps(error.body()).encode("ascii")
        return Response(error.status, body, request_id, code=error.code)

    def _answer(self, operation: Operation, request: Request) -> Response:
        request_id = str(uuid4())
        try:
            outcome = self._run(operation, request, request_id)
        except ApiError as error:
            outcome = error
        if isinstance(outcome, ApiError):
            return self.refuse(outcome, request_id)
        return Response(200, json.dumps(outcome).encode("ascii"), request_id)

    def _run(self, operation: Operation, request: Request, request_id: str) -> Outcome:
        caller = self._authorizer.authorize(request, "kms", operation.name)
        call = Call(operation, _members(request.body), caller, request_id, self._store, self._denials)
        call.check_permitted()
        outcome = self._use_stub(call)
        if outcome is not None:
            return outcome
        if operation.handler is None:
            raise ApiError(
                "UnsupportedOperationException",
                f"LocalKMS has no {operation.name}, which KMS has: set its answer with LocalKMS.answer().",
            )
        with self._store.lock:
            self._store.catch_up()
            return operation.handler(call)

    def _use_stub(self, call: Call) -> Outcome | None:
        """Return what a stub answers, None if there is none; raise `ApiError` if the call is denied."""
        name = call.operation.name
        if name not in self._stubs:
            return None
        with self._store.lock:
            call.check_named_key_permitted()
        respond = self._stubs.take(name)  # None if another thread has used the last stub since
        return None if respond is None else respond(call.members.to_dict())


def _operation_of(request: Request) -> Operation:
    """Return the operation that the request names; raise `ApiError` if KMS has none of that name."""
    if request.method != "POST" or request.path != "/":
        raise ApiError("UnknownOperationException", status=404)
    targets = request.values("x-amz-target")
    operation = _operation_named(targets[0]) if len(targets) == 1 else None
    if operation is None:
        raise ApiError("UnknownOperationException")
    return operation


@lru_cache(maxsize=128)
def _operation_named(target: bytes) -> Operation | None:
    prefix, point, name = target.decode("latin-1").partition(".")
    return OPERATIONS.get(name) if prefix + point == _TARGET_PREFIX else None


def _members(body: bytes) -> Members:
    try:
        document: object = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise ApiError("SerializationException", "The body is not JSON.") from error
    if not isinstance(document, dict):
        raise ApiError("SerializationException", "The body is not a JSON object.")
    return Members(cast(dict[str, object], document))
