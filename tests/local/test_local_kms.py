"""LocalKMS itself: its lifetime, its settings, its use from many threads."""

import ssl
from typing import Any
from urllib.parse import urlsplit

import pytest
import trustme
from support.local_client import OTHER_ACCOUNT, Client, client, last_usage
from support.threads import run_in_threads

from awskms_lite.local import Error, LocalKMS


def test_it_starts_empty(call: Client) -> None:
    """A new LocalKMS has no keys."""
    assert call("ListKeys") == {"Keys": [], "Truncated": False}


def test_environ_leads_a_client_here(kms: LocalKMS) -> None:
    """The environment names the endpoint, the region and the keys of the default account."""
    assert kms.environ == {
        "AWS_ACCESS_KEY_ID": kms.credentials.access_key_id,
        "AWS_SECRET_ACCESS_KEY": kms.credentials.secret_access_key,
        "AWS_ACCOUNT_ID": "111122223333",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": kms.endpoint_url,
    }
    assert kms.credentials == kms.credentials_for("111122223333")
    assert repr(kms) == f"<LocalKMS {kms.endpoint_url}>"


def test_region_account_and_port_can_be_chosen() -> None:
    """Keys and credentials follow the region and the account given, the socket the port."""
    with LocalKMS() as other:
        port = urlsplit(other.endpoint_url).port
    assert port
    with LocalKMS(region="eu-west-3", account_id=OTHER_ACCOUNT, port=port) as kms:
        assert kms.endpoint_url == f"http://127.0.0.1:{port}"
        assert kms.region == "eu-west-3"
        assert kms.add_key().startswith(f"arn:aws:kms:eu-west-3:{OTHER_ACCOUNT}:key/")
        assert kms.credentials.account_id == OTHER_ACCOUNT


def test_a_port_that_is_taken_is_an_error(kms: LocalKMS) -> None:
    """A second server on the same port raises OSError and leaves nothing open."""
    with pytest.raises(OSError, match="in use"):
        LocalKMS(port=urlsplit(kms.endpoint_url).port or 0).start()


def test_the_lifetime_has_a_start_and_one_end() -> None:
    """Before the start there is no URL, after the end no new start; doing either twice changes nothing."""
    kms = LocalKMS()
    with pytest.raises(RuntimeError, match="not started"):
        _ = kms.endpoint_url
    assert repr(kms) == "<LocalKMS not started>"
    arn = kms.add_key()
    assert kms.start() is kms
    url = kms.endpoint_url
    assert kms.start().endpoint_url == url
    assert client(kms)("DescribeKey", KeyId=arn)["KeyMetadata"]["Arn"] == arn
    kms.close()
    kms.close()
    assert kms.endpoint_url == url
    with pytest.raises(RuntimeError, match="closed"):
        kms.start()


def test_closing_without_a_start_is_harmless() -> None:
    """A LocalKMS that never listened has nothing to end."""
    LocalKMS().close()


@pytest.mark.parametrize("account_id", ["", "12345", "11112222333x", "1111222233334", "\u0661" * 12])
def test_an_account_id_has_twelve_digits(account_id: str) -> None:
    """Anything else is refused at once, wherever an account is named."""
    with pytest.raises(ValueError, match="12 digits"):
        LocalKMS(account_id=account_id)
    with pytest.raises(ValueError, match="12 digits"):
        LocalKMS().credentials_for(account_id)


def test_with_a_context_it_speaks_tls_as_localhost() -> None:
    """With an SSL context the URL is https://localhost, and a certificate of that name is good for it."""
    authority = trustme.CA()
    context, trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert("localhost").configure_cert(context)
    authority.configure_trust(trusting)
    with LocalKMS(ssl_context=context) as kms:
        assert kms.endpoint_url.startswith("https://localhost:")
        arn = kms.add_key()
        call = Client(kms, kms.region, kms.credentials, trusting)
        assert call("GetKeyLastUsage", KeyId=arn)["KeyLastUsage"] == {}


@pytest.mark.parametrize(
    "tell",
    [
        lambda kms: kms.set_quota("ListKeys", "5"),
        lambda kms: kms.set_quota("ListKeys", True),
        lambda kms: kms.set_quota("ListKeys", 5, burst="5"),
        lambda kms: kms.set_quota(["ListKeys"], 5),
        lambda kms: kms.inject_fault(Error("A"), probability="0.5"),
        lambda kms: kms.inject_fault(Error("A"), operation=["ListKeys"]),
        lambda kms: kms.deny(["ListKeys"]),
        lambda kms: kms.deny(None, key=5),
        lambda kms: kms.deny(None, account_id=111122223333),
        lambda kms: kms.disable_region(5),
        lambda kms: kms.credentials_for(111122223333),
    ],
)
def test_an_argument_of_another_type_changes_nothing(kms: LocalKMS, call: Client, tell: Any) -> None:
    """It is a ValueError, and the server goes on as before."""
    with pytest.raises(ValueError, match=r"is not a str|is not a rate|allows no call|is not a probability"):
        tell(kms)
    assert call("ListKeys")["Keys"] == []


def test_many_threads_use_one_server(kms: LocalKMS, call: Client) -> None:
    """Keys added and used from many threads at once are all there, and every call succeeds."""
    used: list[str] = []

    def work() -> None:
        arn = kms.add_key()
        for _ in range(5):
            call("Encrypt", KeyId=arn, Plaintext="eA==")
        used.append(last_usage(call, arn)["Operation"])

    run_in_threads(work, 16)
    assert used == ["Encrypt"] * 16
    assert len(call("ListKeys")["Keys"]) == 16
