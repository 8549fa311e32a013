"""Grants: ListGrants. There are none in LocalKMS, but tools list them."""

from ..errors import ApiError
from .call import Call
from .paging import page

_PRINCIPAL = r"^[\w+=,.@:/-]+$"


def list_grants(call: Call) -> dict[str, object]:
    """List the grants of the key."""
    members = call.members
    members.text("GrantId", longest=128)
    grantee = members.text("GranteePrincipal", longest=256, pattern=_PRINCIPAL)
    if grantee is not None and "GranteeServicePrincipal" in members:
        raise ApiError(
            "ValidationException",
            "You cannot specify GranteePrincipal and GranteeServicePrincipal in the same request.",
        )
    call.key()
    return page(call, "Grants", (), sort_key=str, wire=str, default=50, largest=100)
