"""The recipes for tokens and grants, which LocalKMS lacks, against moto."""

import json
from base64 import urlsafe_b64decode
from collections.abc import Iterator

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePublicNumbers
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from moto.server import ThreadedMotoServer
from recipes import grant_manager, jwt_signer

from awskms_lite import KMSClient

ROLE = "arn:aws:iam::123456789012:role/reader"
OTHER_ROLE = "arn:aws:iam::123456789012:role/writer"


@pytest.fixture(scope="module")
def kms() -> Iterator[KMSClient]:
    """Run moto in a thread, and a client of it."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    environ = {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_REGION": "us-east-2",
        "AWS_ACCESS_KEY_ID": "AKIA111122223333TEST",
        "AWS_SECRET_ACCESS_KEY": "secret/of/the/TESTS+0123456789abcdefghij",
    }
    with KMSClient(environ=environ) as kms:
        yield kms
    server.stop()


def decode(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def number(text: str) -> int:
    return int.from_bytes(decode(text), "big")


def test_a_signed_token(kms: KMSClient) -> None:
    """The token is of three parts, and the published key verifies it."""
    arn = jwt_signer.create_key(kms, "alias/jwt")
    token = jwt_signer.sign_token(kms, "alias/jwt", {"sub": "17"})
    header, claims, signature = token.split(".")
    assert json.loads(decode(header)) == {"alg": "ES256", "typ": "JWT", "kid": "alias/jwt"}
    assert json.loads(decode(claims)) == {"sub": "17"}
    jwk = jwt_signer.public_jwk(kms, arn)
    assert (jwk["kty"], jwk["crv"], jwk["kid"]) == ("EC", "P-256", arn)
    public = EllipticCurvePublicNumbers(number(jwk["x"]), number(jwk["y"]), SECP256R1()).public_key()
    r, s = decode(signature)[:32], decode(signature)[32:]
    der = encode_dss_signature(int.from_bytes(r, "big"), int.from_bytes(s, "big"))
    public.verify(der, f"{header}.{claims}".encode(), ECDSA(SHA256()))


def test_a_grant_manager(kms: KMSClient) -> None:
    """Grants of two roles are told apart, are in the overview, and end by either side."""
    key = kms.create_key().key_metadata.arn
    grant_id, token = grant_manager.lend(kms, key, ROLE, "42")
    grant_manager.lend(kms, key, ROLE, "43")
    grant_manager.lend(kms, key, OTHER_ROLE, "44")
    assert grant_id in [grant.grant_id for grant in grant_manager.lent(kms, key, ROLE)]
    lines = grant_manager.overview(kms, key).splitlines()
    assert f"{ROLE}: Decrypt, GenerateDataKey for {{'tenant': '43'}}" in lines
    grant_manager.hand_back(kms, token)
    assert grant_id not in [grant.grant_id for grant in grant_manager.lent(kms, key, ROLE)]
    assert grant_manager.take_back(kms, key, ROLE) == 1
    assert [grant.grantee_principal for grant in kms.iter_list_grants(key)] == [OTHER_ROLE]
