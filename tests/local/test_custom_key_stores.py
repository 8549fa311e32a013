"""DescribeCustomKeyStores of LocalKMS, which has no custom key stores."""

from support.local_client import Client


def test_there_are_no_custom_key_stores(call: Client) -> None:
    """The list of all is empty, and none is found by its id or name."""
    assert call("DescribeCustomKeyStores", Limit=1000) == {"CustomKeyStores": [], "Truncated": False}
    for name in ("CustomKeyStoreId", "CustomKeyStoreName"):
        answer = call.error("DescribeCustomKeyStores", **{name: "cks-1"})
        assert answer.error == "CustomKeyStoreNotFoundException"
    both = {"CustomKeyStoreId": "cks-1", "CustomKeyStoreName": "mine"}
    assert call.error("DescribeCustomKeyStores", **both).error == "ValidationException"
    assert call.error("DescribeCustomKeyStores", Limit=1001).error == "ValidationException"
