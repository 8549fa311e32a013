"""Short programs as users write them, run against LocalKMS.

Where it lacks an operation, the test answers with a key of its own: what is signed and wrapped is so in earnest.
The recipes for tokens and grants are tested in `interop`.
"""

import ast
import asyncio
import hashlib
import json
import threading
from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from recipes import (
    alias_manager,
    bulk_decrypt,
    envelope,
    ethereum,
    import_material,
    key_cleanup,
    lambda_config,
    orm_field,
    reencryption,
    replicas,
    rotation_report,
)

from awskms_lite import (
    AsyncKMSClient,
    DisabledException,
    GetPublicKeyResponse,
    InvalidCiphertextException,
    KMSClient,
    SignResponse,
    to_wire,
)
from awskms_lite.local import LocalKMS

CONTEXT = {"tenant": "42"}


@pytest.fixture
def kms(local_kms: LocalKMS) -> Iterator[KMSClient]:
    with KMSClient(environ=local_kms.environ) as kms:
        yield kms


def test_no_recipe_asserts_what_the_types_should_say() -> None:
    """Strict type checkers accept the recipes as they are: no assert tells them that a member is there."""
    recipes = [path for path in Path(__file__).parent.glob("*.py") if not path.name.startswith("test_")]
    nodes = [node for path in recipes for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))]
    assert len(recipes) == 13
    assert not [node for node in nodes if isinstance(node, ast.Assert)]


def test_envelope_encryption(kms: KMSClient, local_kms: LocalKMS) -> None:
    """A message beyond KMS's 4 KiB comes back, with the right context alone, and a changed one does not."""
    key, message = local_kms.add_key(), bytes(range(256)) * 1000
    sealed = envelope.seal(kms, key, message, CONTEXT)
    assert envelope.unseal(kms, key, sealed, CONTEXT) == message
    assert envelope.seal(kms, key, message, CONTEXT) != sealed
    with pytest.raises(InvalidCiphertextException):
        envelope.unseal(kms, key, sealed, {"tenant": "43"})
    with pytest.raises(InvalidTag):
        envelope.unseal(kms, key, sealed[:-1] + bytes([sealed[-1] ^ 1]), CONTEXT)


def test_an_orm_field(kms: KMSClient, local_kms: LocalKMS) -> None:
    """The row has the ciphertext alone, which is worth nothing in another row."""

    class Patient:
        diagnosis = orm_field.EncryptedText(kms, local_kms.add_key(), table="patients")

        def __init__(self, number: int) -> None:
            self.id = number
            self.row: dict[str, int | str | bytes | None] = {"id": number, "diagnosis": None}

    one, other = Patient(1), Patient(2)
    assert one.diagnosis is None
    one.diagnosis = "influenza"
    assert one.diagnosis == "influenza"
    assert "influenza" not in repr(one.row)
    other.row["diagnosis"] = one.row["diagnosis"]
    with pytest.raises(InvalidCiphertextException):
        _ = other.diagnosis
    one.diagnosis = None
    assert one.row["diagnosis"] is None


def test_an_ethereum_signature(kms: KMSClient, local_kms: LocalKMS) -> None:
    """Each signature is valid, has the lower s, and leads back to the public key by its recovery id."""
    private = ec.generate_private_key(ec.SECP256K1())
    public = private.public_key()
    der = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    key = local_kms.add_key(spec="ECC_SECG_P256K1")
    sent: list[tuple[object, object]] = []

    def sign(request: Mapping[str, object]) -> SignResponse:
        sent.append((request["MessageType"], request["SigningAlgorithm"]))
        signature = private.sign(b64decode(str(request["Message"])), ec.ECDSA(Prehashed(SHA256())))
        return SignResponse(key_id=key, signature=signature, signing_algorithm="ECDSA_SHA_256")

    local_kms.answer("GetPublicKey", GetPublicKeyResponse(key_id=key, public_key=der, key_usage="SIGN_VERIFY"))
    local_kms.answer("Sign", sign, times=None)
    point = ethereum.public_point(kms, key)
    parities: set[int] = set()
    for count in range(32):
        digest = hashlib.sha3_256(b"transaction %d" % count).digest()
        r, s, recovery_id = ethereum.sign_hash(kms, key, digest, point)
        assert 0 < s <= ethereum.N // 2
        public.verify(encode_dss_signature(r, s), digest, ec.ECDSA(Prehashed(SHA256())))
        assert recovered(digest, r, s, recovery_id) == point
        parities.add(recovery_id)
    assert parities == {0, 1}  # one alone is a matter of 1 in 2**31
    assert set(sent) == {("DIGEST", "ECDSA_SHA_256")}
    with pytest.raises(ValueError, match="not one of"):
        ethereum.sign_hash(kms, key, bytes(32), ethereum.G)


def recovered(digest: bytes, r: int, s: int, recovery_id: int) -> ethereum.Point | None:
    """Return the public key of a signature (SEC 1, section 4.1.6)."""
    y = pow(r**3 + 7, (ethereum.P + 1) // 4, ethereum.P)
    there = r, y if y & 1 == recovery_id else ethereum.P - y
    inverse = pow(r, -1, ethereum.N)
    minus = -int.from_bytes(digest, "big") * inverse % ethereum.N
    return ethereum.add(ethereum.multiply(there, s * inverse % ethereum.N), ethereum.multiply(ethereum.G, minus))


def test_a_rotation_report(kms: KMSClient, local_kms: LocalKMS) -> None:
    """Each key that could rotate is in the report once; others are not."""
    yearly, slow, never = local_kms.add_key(), local_kms.add_key(), local_kms.add_key(description="orders")
    local_kms.add_key(spec="RSA_2048")
    local_kms.add_key(manager="AWS", aliases=["alias/aws/s3"])
    kms.enable_key_rotation(yearly)
    kms.enable_key_rotation(slow, rotation_period_in_days=1000)
    kms.rotate_key_on_demand(never)
    records = {record["key_id"]: record for record in map(json.loads, rotation_report.report(kms).splitlines())}
    assert {key: record["ok"] for key, record in records.items()} == {yearly: True, slow: False, never: False}
    assert records[slow]["rotation_period_in_days"] == 1000
    assert datetime.fromisoformat(records[yearly]["next_rotation_date"]) > datetime.now(UTC) + timedelta(360)
    assert (records[never]["rotations"], records[never]["description"]) == (1, "orders")


def test_an_alias_manager(kms: KMSClient) -> None:
    """An alias moves from key to key, what the old one encrypted can still be read, and surplus ones go."""
    assert alias_manager.current(kms, "alias/orders") is None
    nothing, first = alias_manager.renew(kms, "alias/orders")
    sealed = kms.encrypt("alias/orders", b"old").ciphertext_blob
    old, second = alias_manager.renew(kms, "alias/orders")
    assert (nothing, old, alias_manager.current(kms, "alias/orders")) == (None, first, second)
    assert kms.decrypt(sealed).plaintext == b"old"
    for name in ("alias/app/a", "alias/app/b", "alias/app/c"):
        alias_manager.point(kms, name, second)
    assert alias_manager.prune(kms, "alias/app/", keep=["alias/app/b"]) == ["alias/app/a", "alias/app/c"]
    names = [alias.alias_name for alias in kms.iter_list_aliases(key_id=second)]
    assert names == ["alias/app/b", "alias/orders"]


def test_key_clean_up(kms: KMSClient, local_kms: LocalKMS) -> None:
    """An unused key is disabled, not scheduled before its time, and every step can be taken back."""
    now = datetime.now(UTC)
    ago = now - timedelta(400)
    idle, never = local_kms.add_key(last_usage=ago), local_kms.add_key(created=ago)
    untracked = local_kms.add_key(created=ago, tracking_start=now - timedelta(100))
    used, new = local_kms.add_key(created=ago, last_usage=now - timedelta(5)), local_kms.add_key()
    assert set(key_cleanup.run(kms)) == {idle, never}
    with pytest.raises(DisabledException):
        kms.encrypt(idle, b"message")
    assert all(kms.encrypt(key, b"message") for key in (untracked, used, new))
    assert key_cleanup.schedule(kms, used, quiet_days=0, now=now) is None
    assert key_cleanup.schedule(kms, idle, quiet_days=30, now=now + timedelta(29)) is None
    deleted = key_cleanup.schedule(kms, idle, quiet_days=30, now=now + timedelta(31))
    assert deleted is not None
    assert abs(deleted - now - timedelta(30)) < timedelta(hours=1)
    for key in (idle, never):
        key_cleanup.take_back(kms, key)
        assert kms.encrypt(key, b"message").key_id == key
        assert list(kms.iter_list_resource_tags(key)) == []


def test_the_configuration_of_a_lambda_function(
    kms: KMSClient, local_kms: LocalKMS, monkeypatch: pytest.MonkeyPatch
) -> None:
    """KMS is asked at the cold start alone."""
    sealed = kms.encrypt(local_kms.add_key(), b"t0ken", encryption_context={"LambdaFunctionName": "authorizer"})
    environ = {**local_kms.environ, "AWS_LAMBDA_FUNCTION_NAME": "authorizer"}
    environ["API_TOKEN"] = b64encode(sealed.ciphertext_blob).decode()
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    lambda_config.secret.cache_clear()
    answers = [
        lambda_config.handler({"token": token}, None)["authorized"] for token in ("t0ken", "other", "t0ken")
    ]
    lambda_config.secret.cache_clear()
    assert answers == [True, False, True]
    assert local_kms.stats.asked["Decrypt"] == 1


def test_encrypting_a_folder_anew(kms: KMSClient, local_kms: LocalKMS, tmp_path: Path) -> None:
    """Each file gets the new key and keeps its context; what is none of the old key's stays, and is named."""
    old, new = local_kms.add_key(), local_kms.add_key()
    for name in ("a", "b"):
        sealed = kms.encrypt(old, name.encode(), encryption_context={"name": name})
        (tmp_path / f"{name}.kms").write_bytes(sealed.ciphertext_blob)
    (tmp_path / "c.kms").write_bytes((tmp_path / "a.kms").read_bytes())
    moved = reencryption.move(kms, tmp_path, old, new)
    assert moved == (2, {"c.kms": "InvalidCiphertextException"})
    for name in ("a", "b"):
        opened = kms.decrypt(
            (tmp_path / f"{name}.kms").read_bytes(), key_id=new, encryption_context={"name": name}
        )
        assert opened.plaintext == name.encode()
    (tmp_path / "c.kms").unlink()
    assert reencryption.move(kms, tmp_path, old, new) == (
        0,
        dict.fromkeys(("a.kms", "b.kms"), "IncorrectKeyException"),
    )
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".kms", ".kms"]


@pytest.mark.parametrize("valid_to", [None, datetime(2100, 1, 1, tzinfo=UTC)])
def test_an_import_of_key_material(kms: KMSClient, local_kms: LocalKMS, valid_to: datetime | None) -> None:
    """The material arrives wrapped, with its token and its end, and the key is handed out when it is enabled.

    No emulator imports, so the test unwraps, and enables the key with the second look at it.
    """
    private = rsa.generate_private_key(65537, 2048)
    public = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    imported: dict[str, object] = {}

    def parameters(request: Mapping[str, object]) -> Mapping[str, object]:
        assert request["WrappingAlgorithm"] == "RSAES_OAEP_SHA_256"
        return {
            "KeyId": request["KeyId"],
            "ImportToken": b64encode(b"token").decode(),
            "PublicKey": b64encode(public).decode(),
            "ParametersValidTo": 4e9,
        }

    def receive(request: Mapping[str, object]) -> Mapping[str, object]:
        imported.update(request)
        local_kms.answer("DescribeKey", lambda _: {"KeyMetadata": {**described, "KeyState": "Enabled"}})
        return {"KeyId": request["KeyId"]}

    def create(request: Mapping[str, object]) -> Mapping[str, object]:
        assert request["Origin"] == "EXTERNAL"
        return {"KeyMetadata": described}

    template = kms.describe_key(local_kms.add_key(origin="EXTERNAL", state="PendingImport")).key_metadata
    described = to_wire(template)
    local_kms.answer("CreateKey", create)
    local_kms.answer("GetParametersForImport", parameters)
    local_kms.answer("ImportKeyMaterial", receive)
    material = bytes(range(32))
    assert import_material.create_with_material(kms, material, valid_to) == template.arn
    wrapped = b64decode(str(imported["EncryptedKeyMaterial"]))
    assert private.decrypt(wrapped, OAEP(MGF1(SHA256()), SHA256(), None)) == material
    assert (imported["KeyId"], imported["ImportToken"]) == (template.arn, b64encode(b"token").decode())
    assert imported.get("ValidTo") == (valid_to and valid_to.timestamp())


def test_replicas(kms: KMSClient) -> None:
    """A key is created in three regions, its replicas once, and each reads what the others wrote."""
    regions = ["eu-west-1", "ap-southeast-2"]
    arns = replicas.create_everywhere(kms, "alias/global", regions)
    assert list(arns) == [kms.region, *regions]
    assert len({arn.rpartition("/")[2] for arn in arns.values()}) == 1
    assert replicas.replicate(kms, arns[kms.region], "alias/global", regions[0]) == arns[regions[0]]
    assert replicas.replica_regions(kms, "alias/global") == set(regions)
    for region in arns:
        sealed = kms.in_region(region).encrypt("alias/global", b"hello").ciphertext_blob
        assert replicas.read_anywhere(kms, arns, sealed) == dict.fromkeys(arns, b"hello")


def test_fifty_decrypts_at_a_time(kms: KMSClient, local_kms: LocalKMS) -> None:
    """All plaintexts come in order, and fifty calls are under way at once and never more."""
    key = local_kms.add_key()
    numbers = [str(number).encode() for number in range(120)]
    blobs = [kms.encrypt(key, number, encryption_context=CONTEXT).ciphertext_blob for number in numbers]

    async def decrypt(blobs: list[bytes]) -> list[bytes]:
        async with AsyncKMSClient(environ=local_kms.environ) as client:
            return await bulk_decrypt.decrypt_all(client, blobs, CONTEXT)

    assert asyncio.run(decrypt(blobs)) == numbers

    full, under_way, most = threading.Barrier(bulk_decrypt.AT_A_TIME, timeout=30), set[object](), 0

    def answer(request: Mapping[str, object]) -> Mapping[str, object]:
        nonlocal most
        under_way.add(call := object())
        most = max(most, len(under_way))
        full.wait()
        under_way.remove(call)
        return {"KeyId": key, "Plaintext": request["CiphertextBlob"]}

    local_kms.answer("Decrypt", answer, times=None)
    assert asyncio.run(decrypt(numbers[:100])) == numbers[:100]
    assert most == bulk_decrypt.AT_A_TIME
