"""Authorization: a caller needs a valid signature, an enabled region, and a quota that is not exhausted."""

from functools import partial
from typing import cast

from ..clock import ServerClock
from ..errors import ApiError
from ..http.messages import Request
from .principals import Caller, Signer, signer_of
from .quotas import Quotas
from .signature import UNRECOGNIZED, verify


class Authorizer:
    """Authorizes the requests for both services."""

    def __init__(self, quotas: Quotas, clock: ServerClock) -> None:
        self._quotas = quotas
        self._clock = clock
        self.disabled_regions: set[str] = set()

    def authorize(self, request: Request, service: str, operation: str) -> Caller:
        """Return the caller of an operation; `service` is the service's signing name.

        Raises `ApiError` with KMS's error codes: those of `verify`, ExpiredTokenException,
        UnrecognizedClientException for a disabled region, ThrottlingException.
        """
        tokens = request.values("x-amz-security-token")
        token = b",".join(tokens) if tokens else None
        secret_for = partial(_secret_for, token, self._clock.unadvanced())
        scope = verify(request, now=self._clock.nearest, service=service, secret_for=secret_for)
        if scope.region in self.disabled_regions:
            raise ApiError("UnrecognizedClientException", UNRECOGNIZED)
        # `verify` found a secret, so there is a signer.
        _, account_id, session, user = cast(Signer, signer_of(scope.access_key_id, token))
        if not self._quotas.take(account_id, scope.region, operation):
            raise ApiError("ThrottlingException", "Rate exceeded")
        return Caller(account_id, scope.region, session, scope.access_key_id, user)


def _secret_for(token: bytes | None, now: float, access_key_id: str) -> str | None:
    signer = signer_of(access_key_id, token)
    if signer is None:
        return None
    if signer.session is not None and signer.session.expires_at <= now:
        raise ApiError("ExpiredTokenException", "The security token included in the request is expired")
    return signer.secret
