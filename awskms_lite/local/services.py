"""The services behind the socket: KMS, and STS for requests that are forms."""

from . import sts
from .arguments import check_text
from .http.messages import Request
from .http.service_call import ServiceCall
from .kms.operations import OPERATIONS
from .kms.service import Kms
from .sts import Sts


class Services:
    """The services of one server."""

    def __init__(self, kms: Kms, sts: Sts) -> None:
        self._kms = kms
        self._sts = sts

    def parse(self, request: Request) -> ServiceCall:
        """Return the request as parsed by its service: STS for a form without an X-Amz-Target, else KMS."""
        is_sts = "x-amz-target" not in request.headers and sts.is_form(request)
        return (self._sts if is_sts else self._kms).parse(request)


def check_operation(operation: str) -> None:
    """Raise `ValueError` unless KMS or STS has an operation of this name."""
    if operation not in sts.OPERATIONS:
        check_kms_operation(operation)


def check_kms_operation(operation: str) -> None:
    """Raise `ValueError` unless KMS has an operation of this name."""
    check_text("operation", operation)
    if operation not in OPERATIONS:
        raise ValueError(f"KMS has no operation {operation!r}: pass a name like 'GetKeyLastUsage'")


def check_deniable(operation: str, *, with_key: bool) -> None:
    """Raise `ValueError` unless a policy can deny the operation, `with_key` for one key alone."""
    check_operation(operation)
    if operation == sts.GET_CALLER_IDENTITY:
        raise ValueError(
            f"{operation} cannot be denied, AWS answers it whatever a policy says: pass another operation"
        )
    if with_key and (operation not in OPERATIONS or not OPERATIONS[operation].key):
        raise ValueError(f"{operation} is not about a key: leave `key` out")
