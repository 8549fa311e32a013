"""botocore's own client against the embedded KMS: if AWS's SDK is content, the embedded KMS is AWS enough."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from uuid import UUID

import botocore.auth
import botocore.config
import botocore.exceptions
import botocore.session
import pytest

from awskms_lite.local import LocalKMS
from awskms_lite.local.kms.operations import OPERATIONS
from awskms_lite.local.kms.specs import ALGORITHMS

LAUNCH = datetime(2026, 4, 27, 12, 0, 0, 123000, tzinfo=UTC)
USED = datetime(2026, 6, 1, 14, 30, 0, 7000, tzinfo=UTC)

POLICY = json.dumps(
    {"Statement": [{"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "kms:*", "Resource": "*"}]}
)

Connect = Callable[..., Any]


@pytest.fixture
def kms() -> Iterator[LocalKMS]:
    with LocalKMS() as kms:
        yield kms


@pytest.fixture
def connect(kms: LocalKMS, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Connect]:
    """Yield a maker of clients that see nothing of the caller's own configuration."""
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    clients: list[Any] = []

    def connect(secret: str | None = None, region: str | None = None, account_id: str | None = None) -> Any:
        credentials = kms.credentials_for(account_id) if account_id else kms.credentials
        client = botocore.session.Session().create_client(
            "kms",
            region_name=region or kms.region,
            endpoint_url=kms.endpoint_url,
            aws_access_key_id=credentials.access_key_id,
            aws_secret_access_key=secret or credentials.secret_access_key,
            config=botocore.config.Config(retries={"total_max_attempts": 1}, proxies={}),
        )
        clients.append(client)
        return client

    yield connect
    for client in clients:
        client.close()


@pytest.fixture
def client(connect: Connect) -> Any:
    return connect()


def error_of(call: Callable[..., Any], **members: object) -> dict[str, str]:
    """Return the error that the call fails with, and hold its status to KMS's 400."""
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(**members)
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    error: dict[str, str] = caught.value.response["Error"]
    return error


def test_the_environment_is_enough(kms: LocalKMS, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client made from nothing but LocalKMS's environment finds it."""
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    for name, value in kms.environ.items():
        monkeypatch.setenv(name, value)
    client = botocore.session.Session().create_client("kms", config=botocore.config.Config(proxies={}))
    assert client.list_keys()["Keys"] == []
    client.close()


def test_get_key_last_usage(kms: LocalKMS, client: Any) -> None:
    """Every member of a used key is read, to the millisecond."""
    usage = {"Operation": "Sign", "Timestamp": USED, "CloudTrailEventId": "event", "KmsRequestId": "request"}
    arn = kms.add_key(created=LAUNCH - timedelta(days=900), tracking_start=LAUNCH, last_usage=usage)
    answer = client.get_key_last_usage(KeyId=arn)
    UUID(answer.pop("ResponseMetadata")["RequestId"])
    assert answer == {
        "KeyId": arn.rpartition("/")[2],
        "KeyLastUsage": usage,
        "TrackingStartDate": LAUNCH,
        "KeyCreationDate": LAUNCH - timedelta(days=900),
    }


def test_an_unused_key_is_empty(kms: LocalKMS, client: Any) -> None:
    """A key never used has an empty KeyLastUsage, not a missing one."""
    assert client.get_key_last_usage(KeyId=kms.add_key())["KeyLastUsage"] == {}


def test_create_and_describe(client: Any) -> None:
    """CreateKey and DescribeKey agree on the metadata."""
    made = client.create_key(Description="mine", Tags=[{"TagKey": "a", "TagValue": "b"}])["KeyMetadata"]
    assert client.describe_key(KeyId=made["Arn"])["KeyMetadata"] == made
    assert (made["KeyState"], made["KeyManager"], made["Description"]) == ("Enabled", "CUSTOMER", "mine")


def test_list_keys_with_its_paginator(kms: LocalKMS, client: Any) -> None:
    """The paginator, following the markers, sees every key once."""
    arns = [kms.add_key() for _ in range(7)]
    pages = client.get_paginator("list_keys").paginate(PaginationConfig={"PageSize": 3})
    assert [[key["KeyArn"] for key in page["Keys"]] for page in pages] == [arns[:3], arns[3:6], arns[6:]]


def test_encrypt_and_decrypt(kms: LocalKMS, client: Any) -> None:
    """What botocore encrypts it decrypts again, and both are recorded."""
    arn, context = kms.add_key(), {"purpose": "täst"}
    sealed = client.encrypt(KeyId=arn, Plaintext=b"plain", EncryptionContext=context)
    assert client.get_key_last_usage(KeyId=arn)["KeyLastUsage"]["Operation"] == "Encrypt"
    opened = client.decrypt(CiphertextBlob=sealed["CiphertextBlob"], EncryptionContext=context)
    assert (opened["Plaintext"], opened["KeyId"]) == (b"plain", arn)
    used = client.get_key_last_usage(KeyId=arn)["KeyLastUsage"]
    assert (used["Operation"], used["KmsRequestId"]) == ("Decrypt", opened["ResponseMetadata"]["RequestId"])


def test_generate_data_key(kms: LocalKMS, client: Any) -> None:
    """A data key decrypts to its plain half."""
    made = client.generate_data_key(KeyId=kms.add_key(), KeySpec="AES_256")
    assert len(made["Plaintext"]) == 32
    assert client.decrypt(CiphertextBlob=made["CiphertextBlob"])["Plaintext"] == made["Plaintext"]


def test_generate_and_verify_mac(client: Any) -> None:
    """A MAC verifies, and a wrong one is KMS's own error."""
    key = client.create_key(KeySpec="HMAC_512", KeyUsage="GENERATE_VERIFY_MAC")["KeyMetadata"]["KeyId"]
    members = {"KeyId": key, "Message": b"message", "MacAlgorithm": "HMAC_SHA_512"}
    mac = client.generate_mac(**members)["Mac"]
    assert client.verify_mac(Mac=mac, **members)["MacValid"] is True
    with pytest.raises(client.exceptions.KMSInvalidMacException):
        client.verify_mac(Mac=mac[::-1], **members)


def test_the_life_of_a_key(kms: LocalKMS, client: Any) -> None:
    """A key is made, named, tagged, disabled, sentenced, saved, and in the end gone, as botocore reads it."""
    key = client.create_key(Description="mine", Policy=POLICY)["KeyMetadata"]["KeyId"]
    client.create_alias(AliasName="alias/mine", TargetKeyId=key)
    client.tag_resource(KeyId=key, Tags=[{"TagKey": "team", "TagValue": "blue"}])
    assert client.list_aliases(KeyId=key)["Aliases"][0]["TargetKeyId"] == key
    assert client.list_resource_tags(KeyId=key)["Tags"] == [{"TagKey": "team", "TagValue": "blue"}]
    assert client.get_key_policy(KeyId=key)["Policy"] == POLICY
    client.disable_key(KeyId=key)
    with pytest.raises(client.exceptions.DisabledException, match="is disabled"):
        client.encrypt(KeyId="alias/mine", Plaintext=b"x")
    scheduled = client.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    assert timedelta(days=6.9) < scheduled["DeletionDate"] - datetime.now(UTC) < timedelta(days=7)
    with pytest.raises(client.exceptions.KMSInvalidStateException, match="is pending deletion"):
        client.enable_key(KeyId=key)
    client.cancel_key_deletion(KeyId=key)
    client.enable_key(KeyId=key)
    client.encrypt(KeyId="alias/mine", Plaintext=b"x")
    client.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    kms.advance(timedelta(days=7))
    with pytest.raises(client.exceptions.NotFoundException):
        client.describe_key(KeyId=key)
    assert [alias for alias in client.list_aliases()["Aliases"] if "TargetKeyId" in alias] == []


def test_rotation(kms: LocalKMS, client: Any) -> None:
    """Rotations come with the clock, and old ciphertexts open."""
    key = kms.add_key()
    blob = client.encrypt(KeyId=key, Plaintext=b"plain")["CiphertextBlob"]
    client.enable_key_rotation(KeyId=key, RotationPeriodInDays=90)
    planned = client.get_key_rotation_status(KeyId=key)["NextRotationDate"]
    kms.advance(timedelta(days=91))
    (rotation,) = client.list_key_rotations(KeyId=key)["Rotations"]
    assert (rotation["RotationDate"], rotation["RotationType"]) == (planned, "AUTOMATIC")
    assert client.decrypt(CiphertextBlob=blob)["Plaintext"] == b"plain"
    with pytest.raises(client.exceptions.UnsupportedOperationException):
        client.enable_key_rotation(KeyId=kms.add_key(spec="RSA_2048"))


def test_a_multi_region_key(connect: Connect, client: Any) -> None:
    """A replica decrypts what its primary encrypted, and takes its place."""
    there = connect(region="eu-west-1")
    key = client.create_key(MultiRegion=True)["KeyMetadata"]["KeyId"]
    replica = client.replicate_key(KeyId=key, ReplicaRegion="eu-west-1")["ReplicaKeyMetadata"]
    blob = client.encrypt(KeyId=key, Plaintext=b"plain")["CiphertextBlob"]
    assert there.decrypt(CiphertextBlob=blob)["KeyId"] == replica["Arn"]
    client.update_primary_region(KeyId=key, PrimaryRegion="eu-west-1")
    told = there.describe_key(KeyId=key)["KeyMetadata"]["MultiRegionConfiguration"]
    assert (told["MultiRegionKeyType"], told["PrimaryKey"]["Arn"]) == ("PRIMARY", replica["Arn"])


def test_each_list_has_its_paginator(kms: LocalKMS, client: Any) -> None:
    """Each paginator of botocore follows our markers to the end of its list."""
    key = kms.add_key(aliases=[f"alias/{n}" for n in range(5)], tags={str(n): "" for n in range(5)})
    for _ in range(5):
        client.rotate_key_on_demand(KeyId=key)
    for name, member in (
        ("list_aliases", "Aliases"), ("list_resource_tags", "Tags"), ("list_key_rotations", "Rotations"),
    ):  # fmt: skip
        pages = client.get_paginator(name).paginate(KeyId=key, PaginationConfig={"PageSize": 2})
        assert [len(page[member]) for page in pages] == [2, 2, 1]


def test_grants(kms: LocalKMS, client: Any, connect: Connect) -> None:
    """A grant is created, listed page by page, used, retired and revoked, as botocore reads it."""
    key, other = kms.add_key(), "arn:aws:iam::444455556666:root"
    there = connect(account_id="444455556666")
    members = {"KeyId": key, "GranteePrincipal": other, "RetiringPrincipal": other}
    made = [client.create_grant(Operations=["DescribeKey"], Name=f"grant/{n}", **members) for n in range(5)]
    pages = client.get_paginator("list_grants").paginate(KeyId=key, PaginationConfig={"PageSize": 2})
    listed = [grant for page in pages for grant in page["Grants"]]
    assert [grant["GrantId"] for grant in listed] == [each["GrantId"] for each in made]
    assert (listed[0]["Name"], listed[0]["IssuingAccount"]) == ("grant/0", "arn:aws:iam::111122223333:root")
    assert abs(listed[0]["CreationDate"] - datetime.now(UTC)) < timedelta(minutes=1)
    pages = there.get_paginator("list_retirable_grants").paginate(
        RetiringPrincipal=other, PaginationConfig={"PageSize": 2}
    )
    assert [len(page["Grants"]) for page in pages] == [2, 2, 1]
    assert there.describe_key(KeyId=key)["KeyMetadata"]["Arn"] == key
    there.retire_grant(GrantToken=made[0]["GrantToken"])
    there.retire_grant(KeyId=key, GrantId=made[1]["GrantId"])
    for each in made[2:]:
        client.revoke_grant(KeyId=key, GrantId=each["GrantId"])
    with pytest.raises(there.exceptions.ClientError, match="AccessDeniedException"):
        there.describe_key(KeyId=key)
    with pytest.raises(client.exceptions.InvalidGrantTokenException):
        client.retire_grant(GrantToken=made[0]["GrantToken"])
    with pytest.raises(client.exceptions.InvalidGrantIdException):
        client.revoke_grant(KeyId=key, GrantId="x")
    with pytest.raises(client.exceptions.InvalidArnException):
        client.create_grant(KeyId=key, GranteePrincipal="alice", Operations=["Decrypt"])


def test_a_policy_is_kept_to(kms: LocalKMS, client: Any) -> None:
    """A guard in a key policy, and over the account, reads as a denial of the service."""
    key = kms.add_key()
    guard = {
        "Effect": "Deny",
        "Action": "kms:DisableKey",
        "Resource": "*",
        "Condition": {"NumericLessThanEquals": {"kms:TrailingDaysWithoutKeyUsage": "90"}},
    }
    owner = json.loads(POLICY)["Statement"][0]
    policy = json.dumps({"Statement": [owner, {**guard, "Principal": "*"}]})
    client.put_key_policy(KeyId=key, Policy=policy)
    refused = error_of(client.disable_key, KeyId=key)
    assert refused["Code"] == "AccessDeniedException"
    assert refused["Message"].endswith("with an explicit deny in a resource-based policy")
    client.put_key_policy(KeyId=key, Policy=POLICY)
    kms.set_scp({"Version": "2012-10-17", "Statement": guard})
    assert error_of(client.disable_key, KeyId=key)["Message"].endswith("in a service control policy")
    kms.advance(timedelta(days=91))
    client.disable_key(KeyId=key)


def foreign(shape: Any, value: Any, path: str) -> Iterator[str]:
    """Yield each place of an answer that botocore's model of KMS has no member, or no enum value, for."""
    if shape.type_name == "structure":
        for name, member in value.items():
            if name not in shape.members:
                yield f"{path}.{name}"
            else:
                yield from foreign(shape.members[name], member, f"{path}.{name}")
        yield from (f"{path} without {name}" for name in shape.required_members if name not in value)
    elif shape.type_name == "list":
        for item in value:
            yield from foreign(shape.member, item, path)
    elif shape.type_name == "string" and shape.enum and value not in shape.enum:
        yield f"{path}: {value}"


def test_answers_have_the_members_of_the_model(kms: LocalKMS, client: Any) -> None:
    """Whatever is answered stands in botocore's model of KMS, name by name and value by value."""
    found: list[str] = []

    def check(operation_model: Any, response_dict: Any, **_: object) -> None:
        shape, body = operation_model.output_shape, json.loads(response_dict["body"])
        found.extend(foreign(shape, body, operation_model.name) if shape else [operation_model.name] * bool(body))

    client.meta.events.register("before-parse.kms.*", check)
    for spec in ALGORITHMS:
        client.describe_key(KeyId=kms.add_key(spec=spec))
    key = kms.add_key(multi_region=True, aliases=["alias/mine"], tags={"a": "b"})
    imported = kms.add_key(origin="EXTERNAL")
    client.replicate_key(KeyId=key, ReplicaRegion="eu-west-1", Tags=[{"TagKey": "a", "TagValue": "b"}])
    client.rotate_key_on_demand(KeyId=key)
    client.enable_key_rotation(KeyId=key)
    blob = client.encrypt(KeyId="alias/mine", Plaintext=b"x")["CiphertextBlob"]
    client.decrypt(CiphertextBlob=blob)
    client.re_encrypt(CiphertextBlob=blob, DestinationKeyId=key)
    client.generate_data_key(KeyId=key, KeySpec="AES_256")
    client.generate_data_key_without_plaintext(KeyId=key, KeySpec="AES_256")
    client.generate_random(NumberOfBytes=8)
    client.list_aliases(Limit=1)
    client.list_keys(Limit=1)
    client.create_grant(KeyId=key, GranteePrincipal="arn:aws:iam::444455556666:root", Operations=["Decrypt"])
    client.list_grants(KeyId=key)
    for target in (key, imported):
        client.get_key_last_usage(KeyId=target)
        client.list_resource_tags(KeyId=target)
        client.get_key_policy(KeyId=target)
        client.list_key_policies(KeyId=target)
        client.get_key_rotation_status(KeyId=target)
        client.list_key_rotations(KeyId=target, IncludeKeyMaterial="ALL_KEY_MATERIAL")
        client.schedule_key_deletion(KeyId=target)
        client.describe_key(KeyId=target)
        client.cancel_key_deletion(KeyId=target)
    # The members' documentation gives CustomerMasterKeySpec the value of KeySpec, the model fewer values.
    assert [place for place in found if "CustomerMasterKeySpec" not in place] == []


def test_every_operation_is_known(client: Any) -> None:
    """What LocalKMS has, and what it says KMS has besides, are together the operations of the model."""
    assert sorted(OPERATIONS) == sorted(client.meta.service_model.operation_names)


def test_the_key_of_each_operation_is_a_member_of_its_request(client: Any) -> None:
    """A definition names the member that the model has for the key; those about no key have no such member."""
    for operation in OPERATIONS.values():
        if operation.handler:
            members = client.meta.service_model.operation_model(operation.name).input_shape.members
            assert operation.key in members if operation.key else "KeyId" not in members


def test_keys_live_in_their_region_and_account(kms: LocalKMS, connect: Connect) -> None:
    """The scope's region and the access key's account decide what a client sees."""
    arn = kms.add_key(region="eu-west-1", account_id="444455556666")
    there = connect(region="eu-west-1", account_id="444455556666")
    assert there.get_key_last_usage(KeyId=arn)["KeyLastUsage"] == {}
    assert error_of(connect(region="eu-west-1").get_key_last_usage, KeyId=arn)["Code"] == "AccessDeniedException"
    away = error_of(connect(account_id="444455556666").get_key_last_usage, KeyId=arn)
    assert away == {"Code": "NotFoundException", "Message": "Invalid arn eu-west-1"}


def test_a_client_that_keeps_its_own_clock_goes_on_after_an_advance(kms: LocalKMS, client: Any) -> None:
    """Botocore signs by the machine's clock: before, after, and once it has seen what the server dates."""
    key = kms.add_key()
    for ahead in (0, 100, 200):
        answer = client.get_key_last_usage(KeyId=key)
        dated = parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"])
        assert abs(dated - datetime.now(UTC) - timedelta(days=ahead)) < timedelta(minutes=1)
        kms.advance(timedelta(days=100))
    assert client.create_key()["KeyMetadata"]["CreationDate"] - dated > timedelta(days=99)


def test_errors_have_their_names(kms: LocalKMS, client: Any) -> None:
    """Each error arrives as the class that the client has for it."""
    disabled = kms.add_key(state="Disabled")
    with pytest.raises(client.exceptions.NotFoundException, match="alias/mine"):
        client.get_key_last_usage(KeyId="alias/mine")
    with pytest.raises(client.exceptions.DisabledException, match="is disabled"):
        client.encrypt(KeyId=disabled, Plaintext=b"x")
    with pytest.raises(client.exceptions.InvalidCiphertextException):
        client.decrypt(CiphertextBlob=b"nonsense")
    with pytest.raises(client.exceptions.DryRunOperationException):
        client.encrypt(KeyId=kms.add_key(), Plaintext=b"x", DryRun=True)
    assert client.list_grants(KeyId=disabled)["Grants"] == []
    assert client.describe_custom_key_stores()["CustomKeyStores"] == []
    unsupported = error_of(client.get_public_key, KeyId=disabled)
    assert unsupported["Code"] == "UnsupportedOperationException"


def test_a_wrong_secret_is_refused(connect: Connect) -> None:
    """Signed with another secret, the call fails as it does at AWS."""
    error = error_of(connect(secret="wrong").list_keys)
    assert error["Code"] == "InvalidSignatureException"
    assert "does not match the signature you provided" in error["Message"]


@pytest.mark.parametrize(
    ("minutes", "text"), [(-6, "Signature expired: "), (6, "Signature not yet current: ")], ids=["slow", "fast"]
)
def test_a_wrong_clock_is_refused(client: Any, monkeypatch: pytest.MonkeyPatch, minutes: int, text: str) -> None:
    """A client whose clock is six minutes off is told so, both ways."""
    now = datetime.now(UTC).replace(tzinfo=None) + timedelta(minutes=minutes)
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda: now)
    error = error_of(client.list_keys)
    assert error["Code"] == "InvalidSignatureException"
    assert error["Message"].startswith(text)


def test_a_body_altered_on_the_way_is_refused(client: Any) -> None:
    """What is changed after signing breaks the signature."""

    def alter(request: Any, **_: object) -> None:
        request.body = b'{"Limit": 1000}'
        request.headers["Content-Length"] = str(len(request.body))

    client.meta.events.register("before-send.kms.ListKeys", alter)
    assert error_of(client.list_keys, Limit=10)["Code"] == "InvalidSignatureException"
