"""Custom key stores: DescribeCustomKeyStores. There are none in LocalKMS, but tools list them."""

from ..errors import ApiError
from .call import Call
from .paging import page


def describe_custom_key_stores(call: Call) -> dict[str, object]:
    """Describe the custom key stores of the account and region: none, and one that is named is not found."""
    store_id = call.members.text("CustomKeyStoreId", longest=64)
    name = call.members.text("CustomKeyStoreName", longest=256)
    if store_id is not None and name is not None:
        raise ApiError(
            "ValidationException",
            "You cannot specify CustomKeyStoreId and CustomKeyStoreName in the same request.",
        )
    if store_id is not None or name is not None:
        raise ApiError("CustomKeyStoreNotFoundException", f"Custom key store {store_id or name} is not found.")
    return page(call, "CustomKeyStores", (), sort_key=str, wire=str, default=1000, largest=1000)
