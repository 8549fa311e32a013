"""Fault injection: a request gets its service's response, or a fault if a rule fires. Both are counted."""

from collections.abc import Callable, Iterable

from .delivery import ConnectionAction, DeliveryAction, deliver, refusal
from .fault_rules import FaultRules
from .faults import Error, HandshakeFailure, RequestFault, Reset, Unavailable
from .messages import Request, Response
from .service_call import THROTTLING_CODES, ServiceCall
from .stats import Counters


class FaultInjector:
    """Stands between the sockets and the services, and passes requests on unless a rule fires.

    `parse` returns a request as its service understands it; `now` returns the seconds since 1970 for Date headers.
    """

    def __init__(self, parse: Callable[[Request], ServiceCall], *, seed: int, now: Callable[[], float]) -> None:
        self._parse = parse
        self._now = now
        self.rules: FaultRules[RequestFault] = FaultRules(seed)
        self.handshake_rules: FaultRules[HandshakeFailure] = FaultRules(seed)
        self.counters = Counters()

    def __call__(self, request: Request) -> Response | Iterable[DeliveryAction]:
        """Return the response to the request, or the actions that deliver a faulty one."""
        call = self._parse(request)
        if call.operation is not None:
            self.counters.count_request(call.operation)
        fault = self.rules.fire(call.operation)
        if fault is not None:
            self.counters.count_fault(type(fault).__name__)
            return self._inject(fault, call, request)
        response = call.answer()
        # Counted before it is sent, so that a client that has the answer finds it counted.
        if response.code in THROTTLING_CODES:
            self.counters.count_fault("Throttled")
        elif call.operation is not None:
            self.counters.count_answer(call.operation)
        return response

    def _inject(
        self, fault: RequestFault, call: ServiceCall, request: Request
    ) -> Response | Iterable[DeliveryAction]:
        if isinstance(fault, Error | Unavailable):
            return refusal(fault, call.refuse)
        if fault == Reset("before"):
            return [ConnectionAction.RESET]
        return deliver(
            fault,
            call.answer(),
            now=self._now(),
            keep_alive=request.keep_alive,
            head_only=request.is_head,
            noise=self.rules.noise,
        )

    def accept_handshake(self) -> bool:
        """Return whether a TLS handshake is to succeed; called once for each."""
        fault = self.handshake_rules.fire()
        if fault is not None:
            self.counters.count_fault(type(fault).__name__)
        return fault is None
