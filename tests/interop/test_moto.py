"""Both clients against moto, an imitation of KMS that many test suites use and that knows nothing of ours.

It runs in a process of its own, over a real socket. What it lacks is left out here: key pairs for use outside
KMS, shared secrets, custom key stores, and the last usage of a key. It takes a wrong signature for an answer.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any, NamedTuple

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256, SHA384
from cryptography.hazmat.primitives.serialization import load_der_public_key
from support.either_client import EitherClient
from support.servers import WAYS, Way, open_way

from awskms_lite import errors
from awskms_lite.models.grants import GrantConstraints
from awskms_lite.models.tags import Tag

SERVE = """
import logging, sys
from moto.server import ThreadedMotoServer

logging.getLogger("werkzeug").setLevel("ERROR")
server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
server.start()
print(server.get_host_and_port()[1], flush=True)
sys.stdin.read()
"""
MESSAGE = b"\x00 a message \xff"
CONTEXT = {"tenant": "42", "purpose": "backup"}
ROLE = "arn:aws:iam::123456789012:role/reader"
UNKNOWN = "1234abcd-12ab-34cd-56ef-1234567890ab"


class Moto(NamedTuple):
    """Where moto listens."""

    url: str

    @property
    def environ(self) -> dict[str, str]:
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_REGION": "us-east-2",
            "AWS_ACCESS_KEY_ID": "AKIA111122223333TEST",
            "AWS_SECRET_ACCESS_KEY": "secret/of/the/TESTS+0123456789abcdefghij",
        }


@pytest.fixture(scope="module")
def moto() -> Iterator[Moto]:
    """Run moto until its input ends."""
    with subprocess.Popen(
        [sys.executable, "-c", SERVE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        port = server.stdout.readline().strip()
        assert port.isdecimal(), "moto does not start: its own words are on standard error"
        yield Moto(f"http://127.0.0.1:{port}")


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest, moto: Moto) -> Iterator[Way]:
    """Have moto forget what was before."""
    httpx.post(f"{moto.url}/moto-api/reset", trust_env=False).raise_for_status()
    with open_way(request.param) as way:
        yield way


@pytest.fixture
def kms(way: Way, moto: Moto) -> EitherClient:
    return EitherClient(way, moto)


def new_key(kms: EitherClient, **members: Any) -> str:
    arn: str = kms.create_key(**members).key_metadata.arn
    return arn


# Keys.


def test_the_life_of_a_key(kms: EitherClient) -> None:
    """A key is made, described, disabled, enabled, scheduled for deletion and saved from it."""
    made = kms.create_key(description="for the tests").key_metadata
    assert (made.key_state, made.key_spec, made.description) == ("Enabled", "SYMMETRIC_DEFAULT", "for the tests")
    assert kms.describe_key(made.key_id).key_metadata == made
    kms.update_key_description(made.key_id, "for more of them")
    assert kms.describe_key(made.arn).key_metadata.description == "for more of them"
    kms.disable_key(made.key_id)
    assert kms.wait_until_key_state(made.key_id, "Disabled").enabled is False
    kms.enable_key(made.key_id)
    assert kms.wait_until_enabled(made.key_id).enabled is True
    scheduled = kms.schedule_key_deletion(made.key_id, pending_window_in_days=7)
    doomed = kms.describe_key(made.key_id).key_metadata
    assert (doomed.key_state, doomed.deletion_date) == ("PendingDeletion", scheduled.deletion_date)
    assert (doomed.deletion_date - made.creation_date).days == 7
    kms.cancel_key_deletion(made.key_id)
    assert kms.describe_key(made.key_id).key_metadata.key_state == "Disabled"


def test_keys_are_listed(kms: EitherClient) -> None:
    """Each key that was made is in the list of them."""
    made = {new_key(kms) for _ in range(3)}
    assert {entry.key_arn for entry in kms.take(kms.iter_list_keys(page_size=2))} == made


def test_a_key_that_is_not_there(kms: EitherClient) -> None:
    """An unknown key is a NotFoundException, whatever was asked of it."""
    for method in (kms.describe_key, kms.get_public_key, kms.get_key_rotation_status):
        with pytest.raises(errors.NotFoundException, match=UNKNOWN):
            method(UNKNOWN)


def test_a_replica_in_another_region(kms: EitherClient, way: Way, moto: Moto) -> None:
    """A client of another region finds the replica there, under the same id."""
    primary = kms.create_key(multi_region=True).key_metadata
    made = kms.replicate_key(primary.key_id, "eu-west-1").replica_key_metadata
    found = EitherClient(way, moto, region="eu-west-1").wait_until_replica_ready(primary.key_id)
    assert found.key_id == made.key_id == primary.key_id
    assert found.arn == primary.arn.replace("us-east-2", "eu-west-1")


# Aliases, tags, policies, grants, rotation.


def test_aliases(kms: EitherClient) -> None:
    """An alias stands for a key, then for another, and then it is no more."""
    first, second = new_key(kms), new_key(kms)
    kms.create_alias("alias/app", first)
    assert kms.describe_key("alias/app").key_metadata.arn == first
    kms.update_alias("alias/app", second)
    assert kms.describe_key("alias/app").key_metadata.arn == second
    (entry,) = kms.take(kms.iter_list_aliases(key_id=second))
    assert (entry.alias_name, entry.target_key_id) == ("alias/app", second.rpartition("/")[2])
    kms.delete_alias("alias/app")
    assert kms.take(kms.iter_list_aliases(key_id=second)) == []


def test_tags(kms: EitherClient) -> None:
    """Tags are there from the beginning, or later, with a new value, and no more when they are taken."""
    key = new_key(kms, tags=[Tag(tag_key="stage", tag_value="test"), Tag(tag_key="old", tag_value="")])
    kms.tag_resource(key, [Tag(tag_key="stage", tag_value="live"), Tag(tag_key="é", tag_value="ü")])
    kms.untag_resource(key, ["old", "never there"])
    tags = {tag.tag_key: tag.tag_value for tag in kms.take(kms.iter_list_resource_tags(key))}
    assert tags == {"stage": "live", "é": "ü"}


def test_policies(kms: EitherClient) -> None:
    """A key's policy is the document that was put there."""
    key = new_key(kms)
    assert json.loads(kms.get_key_policy(key, policy_name="default").policy)["Statement"]
    document = json.dumps({"Version": "2012-10-17", "Statement": []})
    kms.put_key_policy(key, document, policy_name="default")
    assert kms.get_key_policy(key, policy_name="default").policy == document
    assert kms.take(kms.iter_list_key_policies(key)) == ["default"]


def test_grants(kms: EitherClient) -> None:
    """A grant is listed as it was given, for its key and for who may retire it, until it is revoked or retired."""
    key = new_key(kms)
    given: dict[str, Any] = {
        "operations": ["Decrypt", "DescribeKey"],
        "grantee_principal": ROLE,
        "retiring_principal": ROLE,
        "constraints": GrantConstraints(encryption_context_subset={"tenant": "42"}),
    }
    first, second = (kms.create_grant(key, name=name, **given) for name in ("first", "second"))
    assert first.grant_id != second.grant_id
    assert first.grant_token
    (entry,) = kms.list_grants(key, grant_id=first.grant_id).grants
    assert {name: getattr(entry, name) for name in given} == {**given, "operations": tuple(given["operations"])}
    retirable = kms.take(kms.iter_list_retirable_grants(retiring_principal=ROLE))
    assert {grant.name for grant in retirable} == {"first", "second"}
    kms.revoke_grant(key, first.grant_id)
    kms.retire_grant(grant_token=second.grant_token)
    assert kms.take(kms.iter_list_grants(key)) == []
    with pytest.raises(errors.NotFoundException):
        kms.revoke_grant(key, first.grant_id)


def test_rotation_and_its_pages(kms: EitherClient) -> None:
    """Rotation is switched on and off, and rotations on demand are listed, in pages of one."""
    key = new_key(kms)
    for switch, enabled in ((kms.enable_key_rotation, True), (kms.disable_key_rotation, False)):
        switch(key)
        assert kms.get_key_rotation_status(key).key_rotation_enabled is enabled
    for _ in range(3):
        kms.rotate_key_on_demand(key)
    whole = kms.list_key_rotations(key).rotations
    assert len(whole) == 3
    first = kms.list_key_rotations(key, limit=1)
    assert (first.rotations, first.truncated) == (whole[:1], True)
    assert tuple(kms.take(kms.iter_list_key_rotations(key, page_size=1))) == whole
    assert tuple(kms.take(kms.iter_list_key_rotations(key, marker=first.next_marker))) == whole[1:]


# Cryptography.


def test_encryption(kms: EitherClient) -> None:
    """What was encrypted is decrypted with the same context, and with no other."""
    key = new_key(kms)
    sealed = kms.encrypt(key, MESSAGE, encryption_context=CONTEXT)
    assert sealed.key_id == key
    opened = kms.decrypt(ciphertext_blob=sealed.ciphertext_blob, key_id=key, encryption_context=CONTEXT)
    assert (opened.plaintext, opened.key_id) == (MESSAGE, key)
    with pytest.raises(errors.InvalidCiphertextException):
        kms.decrypt(ciphertext_blob=sealed.ciphertext_blob, encryption_context={**CONTEXT, "tenant": "43"})


def test_encrypting_anew(kms: EitherClient) -> None:
    """A ciphertext goes over from one key to another."""
    old, new = new_key(kms), new_key(kms)
    blob = kms.encrypt(old, MESSAGE, encryption_context=CONTEXT).ciphertext_blob
    moved = kms.re_encrypt(ciphertext_blob=blob, source_encryption_context=CONTEXT, destination_key_id=new)
    assert (moved.source_key_id, moved.key_id) == (old, new)
    assert kms.decrypt(ciphertext_blob=moved.ciphertext_blob).plaintext == MESSAGE


def test_data_keys(kms: EitherClient) -> None:
    """A data key is as long as was asked for, and decrypting gives it back; without plaintext there is none."""
    key = new_key(kms)
    made = kms.generate_data_key(key, key_spec="AES_256", encryption_context=CONTEXT)
    assert len(made.plaintext) == 32
    opened = kms.decrypt(ciphertext_blob=made.ciphertext_blob, encryption_context=CONTEXT)
    assert opened.plaintext == made.plaintext
    sealed = kms.generate_data_key_without_plaintext(key, number_of_bytes=24)
    assert len(kms.decrypt(ciphertext_blob=sealed.ciphertext_blob).plaintext) == 24
    assert len(kms.generate_random(number_of_bytes=99).plaintext) == 99


@pytest.mark.parametrize("bits", [224, 256, 384, 512])
def test_codes(kms: EitherClient, bits: int) -> None:
    """A code is right for its message, and an error for another."""
    key = new_key(kms, key_spec=f"HMAC_{bits}", key_usage="GENERATE_VERIFY_MAC")
    mac = kms.generate_mac(key, MESSAGE, mac_algorithm=f"HMAC_SHA_{bits}").mac
    assert len(mac) == bits // 8
    assert kms.verify_mac(key, MESSAGE, mac=mac, mac_algorithm=f"HMAC_SHA_{bits}").mac_valid
    with pytest.raises(errors.KMSInvalidMacException):
        kms.verify_mac(key, MESSAGE[1:], mac=mac, mac_algorithm=f"HMAC_SHA_{bits}")


@pytest.mark.parametrize(
    ("spec", "algorithm"),
    [
        ("RSA_2048", "RSASSA_PSS_SHA_256"),
        ("RSA_2048", "RSASSA_PKCS1_V1_5_SHA_256"),
        ("ECC_NIST_P256", "ECDSA_SHA_256"),
        ("ECC_NIST_P384", "ECDSA_SHA_384"),
        ("ECC_SECG_P256K1", "ECDSA_SHA_256"),
    ],
)
def test_signatures(kms: EitherClient, spec: str, algorithm: str) -> None:
    """A signature is right for its message, by KMS and by the public key alone, and for no other."""
    key = new_key(kms, key_spec=spec, key_usage="SIGN_VERIFY")
    signed = kms.sign(key, MESSAGE, signing_algorithm=algorithm)
    assert (signed.key_id, signed.signing_algorithm) == (key, algorithm)
    given = {"signature": signed.signature, "signing_algorithm": algorithm}
    assert kms.verify(key, MESSAGE, **given).signature_valid
    with pytest.raises(errors.KMSInvalidSignatureException):  # it answers 200 with False, unlike AWS
        kms.verify(key, MESSAGE[1:], **given)
    public = kms.get_public_key(key)
    assert (public.key_usage, public.customer_master_key_spec) == ("SIGN_VERIFY", spec)
    assert algorithm in public.signing_algorithms
    check_offline(public.public_key, signed.signature, algorithm)


def check_offline(public_key: bytes, signature: bytes, algorithm: str) -> None:
    """Raise where a signature is not that of the message."""
    loaded = load_der_public_key(public_key)
    if isinstance(loaded, ec.EllipticCurvePublicKey):
        loaded.verify(signature, MESSAGE, ec.ECDSA(SHA384() if algorithm.endswith("384") else SHA256()))
    else:
        assert isinstance(loaded, rsa.RSAPublicKey)
        scheme = (
            padding.PSS(padding.MGF1(SHA256()), padding.PSS.AUTO) if "PSS" in algorithm else padding.PKCS1v15()
        )
        loaded.verify(signature, MESSAGE, scheme, SHA256())
