"""botocore's own STS client against the embedded one, and its KMS client with what it gets there."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import botocore.auth
import botocore.config
import botocore.exceptions
import botocore.session
import pytest

from awskms_lite.local import Error, LocalKMS

OTHER_ACCOUNT = "444455556666"
ROLE = f"arn:aws:iam::{OTHER_ACCOUNT}:role/audit/KeyReader"
SESSION = f"arn:aws:sts::{OTHER_ACCOUNT}:assumed-role/KeyReader/nightly"
CONFIG = botocore.config.Config(retries={"total_max_attempts": 1}, proxies={})

Connect = Callable[..., Any]


@pytest.fixture
def kms() -> Iterator[LocalKMS]:
    with LocalKMS() as kms:
        yield kms


@pytest.fixture
def connect(kms: LocalKMS, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Connect]:
    """Yield a maker of clients from LocalKMS's environment alone, or with the Credentials of an answer in it."""
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    for name, value in kms.environ.items():
        monkeypatch.setenv(name, value)
    clients: list[Any] = []

    def connect(service: str, credentials: Any = None, region: str | None = None) -> Any:
        given: dict[str, str] = {}
        if credentials is not None:
            given = {
                "aws_access_key_id": credentials["AccessKeyId"],
                "aws_secret_access_key": credentials["SecretAccessKey"],
                "aws_session_token": credentials["SessionToken"],
            }
        session = botocore.session.Session()
        clients.append(session.create_client(service, region_name=region, config=CONFIG, **given))
        return clients[-1]

    yield connect
    for client in clients:
        client.close()


def assume(sts: Any, **members: object) -> Any:
    return sts.assume_role(**{"RoleArn": ROLE, "RoleSessionName": "nightly"} | members)


def test_a_caller_is_told_who_it_is(connect: Connect) -> None:
    """The identity of an account's keys, and of a session, as botocore reads it."""
    own = connect("sts").get_caller_identity()
    assert (own["Account"], own["Arn"]) == ("111122223333", "arn:aws:iam::111122223333:user/local")
    made = assume(connect("sts"))
    there = connect("sts", made["Credentials"]).get_caller_identity()
    assert (there["Account"], there["Arn"]) == (OTHER_ACCOUNT, SESSION)
    assert there["UserId"] == made["AssumedRoleUser"]["AssumedRoleId"]


def test_a_session_goes_on_after_an_advance(kms: LocalKMS, connect: Connect) -> None:
    """One that began before, and one that begins after, for a client that keeps its own clock."""
    before = assume(connect("sts"))["Credentials"]
    kms.advance(timedelta(days=100))
    after = assume(connect("sts"))["Credentials"]
    for credentials in (before, after):
        assert connect("kms", credentials).list_keys()["Keys"] == []


def refused(call: Callable[..., Any], *args: object, **members: object) -> tuple[int, str, str]:
    """Return the status, code and message of the error that the call fails with."""
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(*args, **members)
    response = caught.value.response
    error = response["Error"]
    return response["ResponseMetadata"]["HTTPStatusCode"], error["Code"], error.get("Message", "")


def test_what_sts_gives_opens_kms(kms: LocalKMS, connect: Connect) -> None:
    """Every part of the answer is read, and the KMS client is the role's with it."""
    arn = kms.add_key(account_id=OTHER_ACCOUNT)
    before = datetime.now(UTC).replace(microsecond=0)
    answer = assume(connect("sts"), DurationSeconds=900, ExternalId="12345", Tags=[{"Key": "a", "Value": "b"}])
    assert answer["AssumedRoleUser"]["Arn"] == SESSION
    assert answer["AssumedRoleUser"]["AssumedRoleId"].endswith(":nightly")
    expiration = answer["Credentials"]["Expiration"]
    assert before <= expiration - timedelta(seconds=900) <= datetime.now(UTC)
    client = connect("kms", answer["Credentials"])
    assert client.get_key_last_usage(KeyId=arn)["KeyLastUsage"] == {}
    assert [key["KeyArn"] for key in client.list_keys()["Keys"]] == [arn]
    status, code, message = refused(client.describe_key, KeyId=kms.add_key())
    assert (status, code) == (400, "AccessDeniedException")
    assert message.startswith(f"User: {SESSION} is not authorized to perform: kms:DescribeKey on resource: ")


def test_a_role_assumes_a_role(connect: Connect) -> None:
    """Role chaining works, for an hour at most."""
    first = assume(connect("sts"), DurationSeconds=43200)["Credentials"]
    sts = connect("sts", first, region="eu-west-1")
    second = assume(sts, RoleArn="arn:aws:iam::777788889999:role/Next")["Credentials"]
    assert connect("kms", second).create_key()["KeyMetadata"]["AWSAccountId"] == "777788889999"
    assert refused(assume, sts, DurationSeconds=3601)[:2] == (400, "ValidationError")


def test_a_profile_with_a_role_works(kms: LocalKMS, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The chain of botocore assumes the role of a profile, at the endpoint that the environment names."""
    config = tmp_path / "config"
    config.write_text(
        f"[profile audit]\nrole_arn = {ROLE}\ncredential_source = Environment\nrole_session_name = nightly\n",
        encoding="utf-8",
    )
    for name, value in {**kms.environ, "AWS_CONFIG_FILE": str(config)}.items():
        monkeypatch.setenv(name, value)
    arn = kms.add_key(account_id=OTHER_ACCOUNT)
    session = botocore.session.Session(profile="audit")
    client = session.create_client("kms", config=CONFIG)
    assert [key["KeyArn"] for key in client.list_keys()["Keys"]] == [arn]
    client.close()
    assert kms.stats.answered == {"AssumeRole": 1, "ListKeys": 1}


def test_a_session_expires(kms: LocalKMS, connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    """After its time both services say so, each in its own word."""
    credentials = assume(connect("sts"))["Credentials"]
    kms.skew(timedelta(hours=1, minutes=1))
    later = datetime.now(UTC).replace(tzinfo=None) + timedelta(hours=1, minutes=1)
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda: later)
    assert refused(connect("kms", credentials).list_keys)[:2] == (400, "ExpiredTokenException")
    assert refused(assume, connect("sts", credentials))[:2] == (403, "ExpiredToken")


def test_an_altered_session_is_not_recognized(kms: LocalKMS, connect: Connect) -> None:
    """A token cut short is no token, at either service."""
    credentials = dict(assume(connect("sts"))["Credentials"])
    credentials["SessionToken"] = credentials["SessionToken"][:-8]
    assert refused(connect("kms", credentials).list_keys)[:2] == (400, "UnrecognizedClientException")
    assert refused(assume, connect("sts", credentials))[:2] == (403, "InvalidClientTokenId")


def test_errors_of_sts_have_their_names(kms: LocalKMS, connect: Connect) -> None:
    """Code, message and status of each error are found."""
    sts = connect("sts")
    assert refused(assume, sts, RoleArn="arn:aws:iam::1:role/KeyReader") == (
        400,
        "ValidationError",
        "Request ARN is invalid",
    )
    assert refused(sts.get_session_token)[:2] == (400, "InvalidAction")
    kms.deny("AssumeRole", account_id=OTHER_ACCOUNT)
    status, code, message = refused(assume, sts)
    assert (status, code) == (403, "AccessDenied")
    assert message.endswith(f"user/local is not authorized to perform: sts:AssumeRole on resource: {ROLE}")
    kms.allow()
    kms.disable_region("me-south-1")
    assert refused(assume, connect("sts", region="me-south-1"))[:2] == (403, "InvalidClientTokenId")
    kms.set_quota("AssumeRole", 0.001, burst=1)
    assume(sts)
    assert refused(assume, sts) == (400, "Throttling", "Rate exceeded")
    kms.inject_fault(Error("InternalFailure", "Oops.", status=500))
    assert refused(assume, sts) == (500, "InternalFailure", "Oops.")


def test_a_wrong_secret_is_refused(kms: LocalKMS, connect: Connect) -> None:
    """Signed with another secret, the call fails as it does at STS."""
    credentials = dict(assume(connect("sts"))["Credentials"], SecretAccessKey="wrong")
    assert refused(assume, connect("sts", credentials))[:2] == (403, "SignatureDoesNotMatch")


def test_shared_keys_are_listed_by_the_paginator(kms: LocalKMS, connect: Connect) -> None:
    """The paginator carries ResourceOwners along, and finds own and shared keys."""
    shared = [kms.add_key(account_id=OTHER_ACCOUNT, shared_with=["111122223333"]) for _ in range(3)]
    own = [kms.add_key() for _ in range(3)]
    client = connect("kms")
    pages = client.get_paginator("list_keys").paginate(
        ResourceOwners=["SELF", "OTHER_ACCOUNTS_VIA_RAM"], PaginationConfig={"PageSize": 2}
    )
    assert [key["KeyArn"] for page in pages for key in page["Keys"]] == own + shared
    assert client.describe_key(KeyId=shared[0])["KeyMetadata"]["AWSAccountId"] == OTHER_ACCOUNT
    assert refused(client.get_key_last_usage, KeyId=shared[0])[:2] == (400, "AccessDeniedException")
