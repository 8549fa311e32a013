"""Stubs: answers that a test sets in place of the embedded KMS's own.

A stub may be given as a model or an error of the client, so this module alone reads those, when it is given one.
"""

import json
import threading
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeAlias, cast

from attrs import define

from ..arguments import check_times
from ..errors import ApiError

if TYPE_CHECKING:
    from awskms_lite.errors import ServiceError
    from awskms_lite.models.members import KMSResponse

    Answer: TypeAlias = KMSResponse | Mapping[str, object] | ServiceError | type[ServiceError] | ApiError
    Stub: TypeAlias = Answer | Callable[[Mapping[str, object]], Answer]
else:  # no model is loaded for an annotation
    Answer = Stub = object

Outcome: TypeAlias = Mapping[str, object] | ApiError
"""The members of a response, or an error."""
Respond: TypeAlias = Callable[[Mapping[str, object]], Outcome]
"""What answers a call from its members, which go by their wire names."""


@define
class _QueuedStub:
    respond: Respond
    uses_left: int | None  # None: no end


class Stubs:
    """The stubs of every operation, none at first; each operation uses its own in order. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._queues: dict[str, deque[_QueuedStub]] = defaultdict(deque)

    def add(self, operation: str, stub: Stub, times: int | None) -> None:
        """Add a stub for the next `times` calls, None for all; raise `ValueError` if it is invalid."""
        check_times(times)
        respond = _respond_with(operation, stub)
        with self._lock:
            self._queues[operation].append(_QueuedStub(respond, times))

    def clear(self) -> None:
        """Remove every stub."""
        with self._lock:
            self._queues.clear()

    def __contains__(self, operation: str) -> bool:
        return bool(self._queues.get(operation))

    def take(self, operation: str) -> Respond | None:
        """Return what answers the next call of the operation, None if no stub does.

        It may run a function of the test's, which may call this server: call it without holding a lock.
        """
        with self._lock:
            queue = self._queues.get(operation)
            if not queue:
                return None
            stub = queue[0]
            if stub.uses_left is not None:
                stub.uses_left -= 1
                if stub.uses_left == 0:
                    queue.popleft()
            return stub.respond


def _respond_with(operation: str, stub: Stub) -> Respond:
    if callable(stub) and not isinstance(stub, type):  # a class of errors can be called too
        return lambda members: _outcome_of(operation, stub(members))
    outcome = _outcome_of(operation, cast(Answer, stub))
    return lambda _: outcome


def _outcome_of(operation: str, answer: Answer) -> Outcome:
    """Return what an answer says in wire terms; raise `ValueError` if KMS could not answer with it."""
    if isinstance(answer, ApiError):
        return answer
    if not isinstance(answer, Mapping):
        return _outcome_of_client_type(operation, answer)
    try:
        # The members are not checked against any model: a stub may play a newer KMS.
        members: dict[str, object] = json.loads(json.dumps(dict(answer), allow_nan=False))
    except (KeyError, TypeError, ValueError, RecursionError):
        pass
    else:
        return members
    # Raised here, where no value, which may be secret, is in the error's context.
    raise ValueError(
        f"the answer for {operation} is not JSON: pass wire values, blobs in base64 and times in seconds since "
        "1970, or a model of awskms_lite.models"
    )


def _outcome_of_client_type(operation: str, answer: object) -> Outcome:
    from awskms_lite.converter import to_wire
    from awskms_lite.errors import ServiceError
    from awskms_lite.models.members import KMSResponse

    if isinstance(answer, type) and issubclass(cast(type[object], answer), ServiceError):
        answer = cast(type[ServiceError], answer)()
    if isinstance(answer, ServiceError):
        return ApiError(answer.code, answer.message or None, status=answer.status_code)
    name = type(answer).__name__
    if not isinstance(answer, KMSResponse):
        raise ValueError(
            f"{name} is not an answer for {operation}: pass a {operation}Response of awskms_lite.models, a "
            "mapping of wire names, an error of awskms_lite.errors, or a function that returns one of these"
        )
    if name not in (f"{operation}Response", f"{operation}ForRecipientResponse"):
        raise ValueError(f"{operation} is not answered with a {name}: pass a {operation}Response")
    return to_wire(answer)
