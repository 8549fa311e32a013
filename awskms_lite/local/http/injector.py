"""How the embedded KMS conducts itself: well, but where a rule strikes; and it counts what came and went."""

from collections.abc import Callable, Iterable

from ..errors import Fault
from ..services import THROTTLED, Service, Services
from .delivery import Step, Turn, deliver, refusal
from .faults import Error, HandshakeFailure, RequestFault, Reset, Unavailable
from .messages import Request, Response
from .rules import Rules
from .stats import Counts


class Conduct:
    """Stands between the sockets and the services, and lets most requests through as they are."""

    def __init__(self, services: Services, *, seed: int, now: Callable[[], float]) -> None:
        self._services = services
        self._now = now
        self.rules: Rules[RequestFault] = Rules(seed)
        self.handshake_rules: Rules[HandshakeFailure] = Rules(seed)
        self.counts = Counts()

    def __call__(self, request: Request) -> Response | Iterable[Step]:
        """Give the answer to the request, or the steps by which it goes wrong."""
        service = self._services.of(request)
        operation = _operation(service, request)
        if operation is not None:
            self.counts.ask(operation)
        fault = self.rules.strike(operation)
        if fault is not None:
            self.counts.strike(type(fault).__name__)
            return self._misbehave(fault, service, request)
        response = service(request)
        # Counted before it is sent, so that whoever has the answer finds it counted.
        if response.code in THROTTLED:
            self.counts.strike("Throttled")
        elif operation is not None:
            self.counts.answer(operation)
        return response

    def _misbehave(self, fault: RequestFault, service: Service, request: Request) -> Response | Iterable[Step]:
        if isinstance(fault, Error | Unavailable):
            return refusal(fault, service.refuse)
        if fault == Reset("before"):
            return [Turn.RESET]
        response = service(request)
        now, noise = self._now(), self.rules.noise
        return deliver(fault, response, now=now, keep_alive=request.keep_alive, noise=noise)

    def shakes_hands(self) -> bool:
        """Say whether a TLS handshake is to succeed; asked once for each."""
        fault = self.handshake_rules.strike()
        if fault is not None:
            self.counts.strike(type(fault).__name__)
        return fault is None


def _operation(service: Service, request: Request) -> str | None:
    try:
        return service.operation_of(request)
    except Fault:
        return None
