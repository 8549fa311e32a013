"""The services behind the socket: KMS, and STS for what comes as a form."""

from typing import Protocol

from .arguments import check_text
from .errors import Fault
from .http.messages import Request, Response
from .kms.service import Kms, is_operation
from .sts import OPERATIONS as STS_OPERATIONS, Sts, is_form

# As KMS and as STS call it.
THROTTLED = ("ThrottlingException", "Throttling")


class Service(Protocol):
    """One of them, in the protocol that it speaks."""

    def __call__(self, request: Request) -> Response:
        """Give the answer to the request, whatever it asks."""
        ...

    def refuse(self, fault: Fault, request_id: str) -> Response:
        """Give the answer that tells of the fault."""
        ...

    def operation_of(self, request: Request) -> str:
        """Give the operation that the request names; raise `Fault` where there is none of that name."""
        ...


class Services:
    """The services of one server."""

    def __init__(self, kms: Kms, sts: Sts) -> None:
        self._kms = kms
        self._sts = sts

    def of(self, request: Request) -> Service:
        """Give the service that the request is for: KMS is whoever names an X-Amz-Target."""
        return self._sts if "x-amz-target" not in request.headers and is_form(request) else self._kms


def check_operation(operation: str) -> str:
    """Give the operation back; raise `ValueError` where there is none of that name."""
    check_text("operation", operation)
    if operation not in STS_OPERATIONS and not is_operation(operation):
        raise ValueError(f"KMS has no operation {operation!r}: pass a name like 'GetKeyLastUsage'")
    return operation
