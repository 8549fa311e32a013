"""The awsJson1.1 protocol (Smithy), which KMS, CloudTrail and Organizations speak."""

import json
from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import cast
from uuid import uuid4

from ..errors import ApiError
from ..members import Members
from .messages import Request, Response
from .service_call import ServiceCall

Run = Callable[[str, Request, str], Mapping[str, object] | ApiError]
"""What carries an operation out, by its name, the request and the request id; it may also raise `ApiError`."""


class JsonService:
    """One service: its operations by name, and what carries them out."""

    def __init__(self, operations: Collection[str], run: Run) -> None:
        self._operations = operations
        self._run = run

    def parse(self, request: Request, name: str) -> ServiceCall:
        """Return the request as a call of one operation, or as one that is refused; raise nothing."""
        if request.method != "POST" or request.path != "/":
            return _unknown_operation(404)
        if name not in self._operations:
            return _unknown_operation(400)
        return ServiceCall(name, partial(self._answer, name, request), refuse)

    def _answer(self, name: str, request: Request) -> Response:
        request_id = str(uuid4())
        try:
            outcome = self._run(name, request, request_id)
        except ApiError as error:
            outcome = error
        if isinstance(outcome, ApiError):
            return refuse(outcome, request_id)
        return Response(200, json.dumps(outcome).encode("ascii"), request_id)


def _unknown_operation(status: int) -> ServiceCall:
    error = ApiError("UnknownOperationException", status=status)
    return ServiceCall(None, partial(refuse, error, str(uuid4())), refuse)


def refuse(error: ApiError, request_id: str) -> Response:
    """Return the error as a response."""
    return Response(error.status, json.dumps(error.body()).encode("ascii"), request_id, code=error.code)


def members_of(request: Request) -> Members:
    """Return the members in a request's body; raise `ApiError` if it is not a JSON object."""
    try:
        document: object = json.loads(request.body)
    except (ValueError, RecursionError) as error:
        raise ApiError("SerializationException", "The body is not JSON.") from error
    if not isinstance(document, dict):
        raise ApiError("SerializationException", "The body is not a JSON object.")
    return Members(cast(dict[str, object], document))
