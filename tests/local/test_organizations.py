"""Organizations of LocalKMS: who may list the accounts, and in which pages."""

from typing import Any

import pytest
from support.local_client import OTHER_ACCOUNT, Client

from awskms_lite.local import Error, LocalKMS

ACCOUNT = "111122223333"


def organizations(kms: LocalKMS, *, region: str = "us-east-1", account_id: str = ACCOUNT) -> Client:
    """Return a client of Organizations."""
    return Client(
        kms,
        region,
        kms.credentials_for(account_id),
        service="organizations",
        target="AWSOrganizationsV20161128",
    )


def pages(ask: Client, **members: object) -> list[list[str]]:
    """Return the account ids of each page, of which there are a hundred at most."""
    found: list[list[str]] = []
    token: dict[str, object] = {}
    for _ in range(100):
        page = ask("ListAccounts", **members, **token)
        found.append([account["Id"] for account in page["Accounts"]])
        if "NextToken" not in page:
            return found
        token = {"NextToken": page["NextToken"]}
    raise AssertionError("the list has no end")


def test_accounts_are_listed_as_they_were_added(kms: LocalKMS) -> None:
    """With the management account first, which has a name of its own; what is not given is made up."""
    kms.add_account(OTHER_ACCOUNT, name="Shop", email="shop@example.org", state="PENDING_CLOSURE")
    kms.add_account("777788889999")
    management, shop, other = organizations(kms)("ListAccounts")["Accounts"]
    arn = shop.pop("Arn")
    assert arn.startswith(f"arn:aws:organizations::{ACCOUNT}:account/o-")
    assert arn.endswith(f"/{OTHER_ACCOUNT}")
    assert shop == {
        "Id": OTHER_ACCOUNT,
        "Name": "Shop",
        "Email": "shop@example.org",
        "State": "PENDING_CLOSURE",
        "Status": "PENDING_CLOSURE",
        "JoinedMethod": "CREATED",
    }
    assert (management["Id"], management["State"]) == (ACCOUNT, "ACTIVE")
    assert other["Email"] == "aws+777788889999@example.com"
    kms.add_account(ACCOUNT, name="Head office")
    kms.add_account(OTHER_ACCOUNT, name="Shop", state="CLOSED")
    renamed, closed, _ = organizations(kms)("ListAccounts")["Accounts"]
    assert (renamed["Name"], closed["State"], closed["Status"]) == ("Head office", "CLOSED", "SUSPENDED")


@pytest.mark.parametrize(
    ("state", "status"), [("PENDING_ACTIVATION", None), ("SUSPENDED", "SUSPENDED"), ("BRAND_NEW", None)]
)
def test_an_account_has_a_state_and_perhaps_a_status(kms: LocalKMS, state: str, status: str | None) -> None:
    """A state that AWS may add has none."""
    kms.add_account(OTHER_ACCOUNT, state=state)
    account = organizations(kms)("ListAccounts")["Accounts"][1]
    assert (account["State"], account.get("Status")) == (state, status)


def test_accounts_come_in_pages(kms: LocalKMS) -> None:
    """20 at most; with an empty page before each if that is switched on."""
    ids = [ACCOUNT, *(f"{number:012}" for number in range(1, 45))]
    for account_id in ids[1:]:
        kms.add_account(account_id)
    ask = organizations(kms)
    assert [len(page) for page in pages(ask)] == [20, 20, 5]
    assert [account_id for page in pages(ask, MaxResults=7) for account_id in page] == ids
    kms.set_empty_pages(enabled=True)
    assert [len(page) for page in pages(ask)] == [0, 20, 0, 20, 0, 5]
    kms.set_empty_pages(enabled=False)
    assert [len(page) for page in pages(ask, MaxResults=20)] == [20, 20, 5]


@pytest.mark.parametrize(
    ("members", "error", "reason"),
    [
        ({"MaxResults": 0}, "InvalidInputException", "MIN_VALUE_EXCEEDED"),
        ({"MaxResults": 21}, "InvalidInputException", "MAX_VALUE_EXCEEDED"),
        ({"MaxResults": "1"}, "SerializationException", None),
        ({"NextToken": "x"}, "InvalidInputException", "INVALID_NEXT_TOKEN"),
        ({"NextToken": "eA=="}, "InvalidInputException", "INVALID_NEXT_TOKEN"),
        ({"NextToken": ""}, "InvalidInputException", "INVALID_NEXT_TOKEN"),
    ],
)
def test_an_invalid_request_is_refused(
    kms: LocalKMS, members: dict[str, Any], error: str, reason: str | None
) -> None:
    """With the error of Organizations and its reason."""
    kms.add_account(OTHER_ACCOUNT)
    answer = organizations(kms).error("ListAccounts", **members)
    assert (answer.error, answer.body.get("Reason")) == (error, reason)
    assert "Message" in answer.body or reason is None


def test_the_management_account_alone_lists(kms: LocalKMS) -> None:
    """A member is denied, and an account of no organization has none, which nobody has at first."""
    ask = organizations(kms)
    assert ask.error("ListAccounts").error == "AWSOrganizationsNotInUseException"
    kms.add_account(OTHER_ACCOUNT)
    assert len(ask("ListAccounts")["Accounts"]) == 2
    member = organizations(kms, account_id=OTHER_ACCOUNT).error("ListAccounts")
    assert (member.error, "Message" in member.body) == ("AccessDeniedException", True)
    stranger = organizations(kms, account_id="777788889999").error("ListAccounts")
    assert stranger.error == "AWSOrganizationsNotInUseException"


def test_a_request_is_signed_for_the_global_region(kms: LocalKMS) -> None:
    """Of its partition, and for the service."""
    kms.add_account(OTHER_ACCOUNT)
    assert organizations(kms, region="eu-west-1").error("ListAccounts").error == "InvalidSignatureException"
    assert organizations(kms, region="us-gov-east-1").error("ListAccounts").error == "InvalidSignatureException"
    there = organizations(kms, region="us-gov-west-1")("ListAccounts")["Accounts"]
    assert there[0]["Arn"].startswith("arn:aws-us-gov:organizations::")
    wrong = Client(kms, "us-east-1", kms.credentials, target="AWSOrganizationsV20161128")
    assert "correct service: 'organizations'" in wrong.error("ListAccounts").message
    assert organizations(kms).error("ListRoots").error == "UnknownOperationException"


def test_it_has_quotas_denials_and_faults(kms: LocalKMS) -> None:
    """As any operation; beyond a quota it is TooManyRequestsException."""
    kms.add_account(OTHER_ACCOUNT)
    ask = organizations(kms)
    kms.set_quota("ListAccounts", 0.001)
    ask("ListAccounts")
    throttled = ask.error("ListAccounts")
    assert (throttled.error, "Message" in throttled.body) == ("TooManyRequestsException", True)
    kms.set_quota("ListAccounts", None)
    kms.deny("ListAccounts")
    assert "perform: organizations:ListAccounts" in ask.error("ListAccounts").body["Message"]
    kms.allow()
    kms.set_scp({"Statement": {"Effect": "Deny", "Action": "organizations:*", "Resource": "*"}})
    assert ask.error("ListAccounts").body["Message"].endswith("service control policy")
    kms.set_scp(None)
    kms.inject_fault(Error("ServiceException", status=500), operation="ListAccounts", times=1)
    assert ask.send("ListAccounts", b"{}").status == 500
    assert kms.stats.asked == {"ListAccounts": 5}
    assert kms.stats.faults == {"Throttled": 1, "Error": 1}


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({"account_id": "1"}, "12 digits"),
        ({"name": 7}, "not a str"),
        ({"email": 7}, "not a str"),
        ({"state": 7}, "not a str"),
        ({"state": "active"}, "not an account's state"),
    ],
)
def test_an_invalid_account_is_refused(kms: LocalKMS, members: dict[str, Any], words: str) -> None:
    """A ValueError at once, and there is still no organization."""
    with pytest.raises(ValueError, match=words):
        kms.add_account(**{"account_id": OTHER_ACCOUNT, **members})
    assert organizations(kms).error("ListAccounts").error == "AWSOrganizationsNotInUseException"
