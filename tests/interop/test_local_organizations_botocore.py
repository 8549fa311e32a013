"""botocore's Organizations client against that of the embedded KMS."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import botocore.config
import botocore.session
import pytest

from awskms_lite.local import LocalKMS


@pytest.fixture
def kms() -> Iterator[LocalKMS]:
    with LocalKMS(region="eu-west-1") as kms:
        yield kms


@pytest.fixture
def client(kms: LocalKMS, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Yield a client from LocalKMS's environment alone, which signs for the global region of the partition."""
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    for name, value in kms.environ.items():
        monkeypatch.setenv(name, value)
    config = botocore.config.Config(retries={"total_max_attempts": 1}, proxies={})
    client = botocore.session.Session().create_client("organizations", region_name="us-east-1", config=config)
    yield client
    client.close()


def test_its_paginator_sees_every_account(kms: LocalKMS, client: Any) -> None:
    """Once, over empty pages too, with no member that the model does not know."""
    for number in range(1, 45):
        kms.add_account(f"{number:012}", name=f"Account {number}", state="SUSPENDED" if number == 7 else "ACTIVE")
    kms.set_empty_pages(enabled=True)
    found = [account for page in client.get_paginator("list_accounts").paginate() for account in page["Accounts"]]
    assert [account["Id"] for account in found] == ["111122223333", *(f"{number:012}" for number in range(1, 45))]
    assert (found[7]["Name"], found[7]["State"], found[7]["Status"]) == ("Account 7", "SUSPENDED", "SUSPENDED")
    shape = client.meta.service_model.shape_for("Account")
    assert found[7].keys() <= set(shape.members)
    assert found[7]["State"] in shape.members["State"].enum


def test_its_errors_have_their_names(kms: LocalKMS, client: Any) -> None:
    """Each is the class that the client has for it."""
    with pytest.raises(client.exceptions.AWSOrganizationsNotInUseException, match="not a member"):
        client.list_accounts()
    kms.add_account("444455556666")
    with pytest.raises(client.exceptions.InvalidInputException) as caught:
        client.list_accounts(NextToken="nonsense")
    assert caught.value.response["Reason"] == "INVALID_NEXT_TOKEN"
    kms.set_quota("ListAccounts", 0.001)
    client.list_accounts()
    with pytest.raises(client.exceptions.TooManyRequestsException):
        client.list_accounts()
