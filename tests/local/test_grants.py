"""ListGrants of LocalKMS, which has no grants."""

from typing import Any

import pytest
from support.local_client import OTHER_ACCOUNT, Client

from awskms_lite.local import LocalKMS

KEY = "stands for a key that is there"


def test_there_are_no_grants(kms: LocalKMS, call: Client) -> None:
    """Every key of the account has an empty list of them, whatever is asked for; another's is denied."""
    none = {"Grants": [], "Truncated": False}
    for key in (kms.add_key(), kms.add_key(state="PendingDeletion"), kms.add_key(manager="AWS")):
        assert call("ListGrants", KeyId=key) == none
        assert call("ListGrants", KeyId=key, GrantId="a" * 64, GranteePrincipal="me", Limit=1) == none
    there = kms.add_key(account_id=OTHER_ACCOUNT)
    assert call.error("ListGrants", KeyId=there).error == "AccessDeniedException"


@pytest.mark.parametrize(
    ("members", "error"),
    [
        ({}, "ValidationException"),
        ({"KeyId": "mrk-" + "0" * 32}, "NotFoundException"),
        ({"KeyId": KEY, "Limit": 101}, "ValidationException"),
        ({"KeyId": KEY, "Marker": "x"}, "InvalidMarkerException"),
        ({"KeyId": KEY, "GrantId": ""}, "ValidationException"),
        ({"KeyId": KEY, "GranteePrincipal": "a b"}, "ValidationException"),
        ({"KeyId": KEY, "GranteePrincipal": "a", "GranteeServicePrincipal": "b"}, "ValidationException"),
    ],
)
def test_a_list_of_grants_is_of_a_key(kms: LocalKMS, call: Client, members: dict[str, Any], error: str) -> None:
    """What names no key, or no grants of one that there could be, is refused."""
    given = {name: kms.add_key() if value is KEY else value for name, value in members.items()}
    assert call.error("ListGrants", **given).error == error
