"""What no account has here: grants and custom key stores. Tools ask for both, and are told that there are none."""

from .calls import Call
from .faults import Fault
from .paging import page

_PRINCIPAL = r"^[\w+=,.@:/-]+$"


def list_grants(call: Call) -> dict[str, object]:
    """List the grants of the key."""
    members = call.members
    members.text("GrantId", longest=128)
    grantee = members.text("GranteePrincipal", longest=256, pattern=_PRINCIPAL)
    if grantee is not None and "GranteeServicePrincipal" in members:
        raise Fault(
            "ValidationException",
            "You cannot specify GranteePrincipal and GranteeServicePrincipal in the same request.",
        )
    call.key()
    return _nothing(call, "Grants", default=50, largest=100)


def describe_custom_key_stores(call: Call) -> dict[str, object]:
    """Describe the custom key stores of the account and region; one that is named is not found."""
    store_id = call.members.text("CustomKeyStoreId", longest=64)
    name = call.members.text("CustomKeyStoreName", longest=256)
    if store_id is not None and name is not None:
        raise Fault(
            "ValidationException",
            "You cannot specify CustomKeyStoreId and CustomKeyStoreName in the same request.",
        )
    if store_id is not None or name is not None:
        raise Fault("CustomKeyStoreNotFoundException", f"Custom key store {store_id or name} is not found.")
    return _nothing(call, "CustomKeyStores", default=1000, largest=1000)


def _nothing(call: Call, member: str, *, default: int, largest: int) -> dict[str, object]:
    return page(call, member, (), place=str, wire=str, default=default, largest=largest)
