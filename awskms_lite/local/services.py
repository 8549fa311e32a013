"""The services behind the socket.

The X-Amz-Target of a request names KMS, CloudTrail or Organizations; a form without one is for STS.
"""

from . import sts
from .arguments import check_text
from .cloudtrail.service import LOOKUP_EVENTS, CloudTrail
from .http.json_service import JsonService
from .http.messages import Request
from .http.service_call import ServiceCall
from .kms.operations import OPERATIONS
from .kms.service import Kms
from .organizations import LIST_ACCOUNTS, Organizations
from .sts import Sts

_KMS = b"TrentService"
_CLOUDTRAIL = b"com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101"
_ORGANIZATIONS = b"AWSOrganizationsV20161128"
_OTHER_OPERATIONS = (*sts.OPERATIONS, LOOKUP_EVENTS, LIST_ACCOUNTS)


class Services:
    """The services of one server."""

    def __init__(self, kms: Kms, sts: Sts, cloudtrail: CloudTrail, organizations: Organizations) -> None:
        self._sts = sts
        self._kms = JsonService(OPERATIONS, kms.run)
        self._by_target = {
            _KMS: self._kms,
            _CLOUDTRAIL: JsonService((LOOKUP_EVENTS,), cloudtrail.run),
            _ORGANIZATIONS: JsonService((LIST_ACCOUNTS,), organizations.run),
        }

    def parse(self, request: Request) -> ServiceCall:
        """Return the request as parsed by the service of its X-Amz-Target, or by STS for a form without one."""
        targets = request.values("x-amz-target")
        if not targets and sts.is_form(request):
            return self._sts.parse(request)
        prefix, _, name = targets[0].rpartition(b".") if len(targets) == 1 else (b"", b"", b"")
        service = self._by_target.get(prefix)
        if service is None:
            return self._kms.parse(request, "")  # which refuses it as an unknown operation
        return service.parse(request, name.decode("latin-1"))


def check_operation(operation: str) -> None:
    """Raise `ValueError` unless one of the services has an operation of this name."""
    if operation not in _OTHER_OPERATIONS:
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
