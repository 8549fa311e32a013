"""KMS as a service: authorizes the caller of an operation, runs its handler, and records the call."""

from collections import defaultdict

from ..auth.authorizer import Authorizer
from ..auth.permissions import Permissions
from ..errors import ApiError
from ..http.json_service import members_of
from ..http.messages import Request
from .call import Call
from .operations import OPERATIONS
from .recording import record_call
from .store import Store
from .stubs import Outcome, Stubs


class Kms:
    """KMS over one store."""

    def __init__(self, store: Store, authorizer: Authorizer, permissions: Permissions, stubs: Stubs) -> None:
        self._store = store
        self._authorizer = authorizer
        self._permissions = permissions
        self._stubs = stubs

    def run(self, name: str, request: Request, request_id: str) -> Outcome:
        """Return the outcome of an operation; it is an event if the caller is known and not throttled."""
        caller = self._authorizer.authorize(request, "kms", name)
        call = Call(
            OPERATIONS[name],
            members_of(request),
            caller,
            request_id,
            self._store,
            self._permissions,
            self._store.clock.now(),
            [],
            defaultdict(self._store.trail.new_id),
        )
        try:
            outcome = self._carry_out(call)
        except ApiError as error:
            outcome = error
        record_call(call, outcome, _user_agent(request))
        return outcome

    def _carry_out(self, call: Call) -> Outcome:
        operation = call.operation
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


def _user_agent(request: Request) -> str:
    return b",".join(request.values("user-agent")).decode("latin-1")
