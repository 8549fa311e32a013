"""Who is let in: a caller with a sound signature, in a region that is enabled, within the quota."""

from collections.abc import Callable
from functools import partial
from typing import cast

from .callers import Caller, Signer, signer_of
from .faults import Fault
from .messages import Request
from .quotas import Quotas
from .signature import UNRECOGNIZED, verify


class Gate:
    """What every request passes, whichever service it is for; `now` is real time in seconds since 1970."""

    def __init__(self, quotas: Quotas, now: Callable[[], float]) -> None:
        self._quotas = quotas
        self._now = now
        self.disabled_regions: set[str] = set()

    def admit(self, request: Request, service: str, operation: str) -> Caller:
        """Give who asks for the operation of a service, by its signing name.

        Raises `Fault`, under the names that errors have at KMS: those of `verify`, ExpiredTokenException,
        UnrecognizedClientException for a region that is not enabled, ThrottlingException.
        """
        now = self._now()
        tokens = request.values("x-amz-security-token")
        token = b",".join(tokens) if tokens else None
        scope = verify(request, now=now, service=service, secret_for=partial(_secret_for, token, now))
        if scope.region in self.disabled_regions:
            raise Fault("UnrecognizedClientException", UNRECOGNIZED)
        # What has a secret has a signer.
        _, account_id, session = cast(Signer, signer_of(scope.access_key_id, token))
        if not self._quotas.take(account_id, scope.region, operation):
            raise Fault("ThrottlingException", "Rate exceeded")
        return Caller(account_id, scope.region, session)


def _secret_for(token: bytes | None, now: float, access_key_id: str) -> str | None:
    signer = signer_of(access_key_id, token)
    if signer is None:
        return None
    if signer.session is not None and signer.session.expires_at <= now:
        raise Fault("ExpiredTokenException", "The security token included in the request is expired")
    return signer.secret
