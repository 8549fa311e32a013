"""The operations on grants."""

from ..models.grants import (
    CreateGrantRequest,
    CreateGrantResponse,
    ListGrantsRequest,
    ListGrantsResponse,
    ListRetirableGrantsRequest,
    RetireGrantRequest,
    RevokeGrantRequest,
)
from ..models.members import KMSResponse
from . import Operation


def _is_named(request: CreateGrantRequest) -> bool:
    """Return whether a second request returns the grant of the first: without a name it creates another.

    The token is a new one each time, but all tokens of a grant are equivalent (API reference, CreateGrant, Name).
    """
    return request.name is not None


CREATE_GRANT = Operation(
    name="CreateGrant",
    request=CreateGrantRequest,
    response=CreateGrantResponse,
    mutating=True,
    idempotent=_is_named,
)

RETIRE_GRANT = Operation(
    name="RetireGrant",
    request=RetireGrantRequest,
    response=KMSResponse,
    mutating=True,
    idempotent=False,  # the second would be told that there is no such grant
)

REVOKE_GRANT = Operation(
    name="RevokeGrant",
    request=RevokeGrantRequest,
    response=KMSResponse,
    mutating=True,
    idempotent=False,  # the second would be told that there is no such grant
)

LIST_GRANTS = Operation(
    name="ListGrants",
    request=ListGrantsRequest,
    response=ListGrantsResponse,
    idempotent=True,
    items="grants",
    echoes=(("key_id", "grants.key_id"),),
)

LIST_RETIRABLE_GRANTS = Operation(
    name="ListRetirableGrants",
    request=ListRetirableGrantsRequest,
    response=ListGrantsResponse,
    idempotent=True,
    items="grants",
)
