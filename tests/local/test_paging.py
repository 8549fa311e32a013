"""Pages and their markers."""

import pytest
from support.local_client import Client, b64, client

from awskms_lite.local import LocalKMS


def test_a_key_added_between_pages_is_not_lost(kms: LocalKMS, call: Client) -> None:
    """A marker is a place in the list, not a copy of it."""
    kms.add_key()
    kms.add_key()
    page = call("ListKeys", Limit=1)
    late = kms.add_key()
    assert call("ListKeys", Marker=page["NextMarker"])["Keys"][-1]["KeyArn"] == late


@pytest.mark.parametrize("marker", ["nonsense", "é", b64(b"\xff"), b64(b"a/b/c"), b64(b"ListKeys 1 us-east-1 x")])
def test_a_marker_of_no_page_is_invalid(call: Client, marker: str) -> None:
    """What is no marker is InvalidMarkerException."""
    assert call.error("ListKeys", Marker=marker).error == "InvalidMarkerException"


def test_a_marker_is_good_where_it_was_made(kms: LocalKMS, call: Client) -> None:
    """A marker of one region or operation is invalid in another."""
    kms.add_key()
    kms.add_key()
    marker = call("ListKeys", Limit=1)["NextMarker"]
    assert call.error("ListAliases", Marker=marker).error == "InvalidMarkerException"
    assert client(kms, region="eu-west-1").error("ListKeys", Marker=marker).error == "InvalidMarkerException"
