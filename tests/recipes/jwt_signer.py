"""Sign JSON Web Tokens with ES256 (RFC 7518, section 3.4), and publish the key that verifies them."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import load_der_public_key

from awskms_lite import KMSClient


def base64url(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def create_key(kms: KMSClient, alias: str) -> str:
    """Create a key for ES256 under an alias; return its ARN."""
    key = kms.create_key(key_spec="ECC_NIST_P256", key_usage="SIGN_VERIFY", tags={"purpose": "jwt"}).key_metadata
    kms.create_alias(alias, key.key_id)
    return key.arn


def sign_token(kms: KMSClient, key_id: str, claims: Mapping[str, Any]) -> str:
    """Return a signed token; KMS signs in DER, a token has the two numbers side by side."""
    header = {"alg": "ES256", "typ": "JWT", "kid": key_id}
    content = ".".join(base64url(json.dumps(part).encode()) for part in (header, claims))
    signed = kms.sign(key_id, content.encode(), signing_algorithm="ECDSA_SHA_256")
    r, s = decode_dss_signature(signed.signature)
    return f"{content}.{base64url(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"


def public_jwk(kms: KMSClient, key_id: str) -> dict[str, str]:
    """Return the public key as a JSON Web Key."""
    public = load_der_public_key(kms.get_public_key(key_id).public_key)
    if not isinstance(public, EllipticCurvePublicKey):
        raise TypeError(f"{key_id} is no elliptic curve key")
    x, y = (
        base64url(number.to_bytes(32, "big")) for number in (public.public_numbers().x, public.public_numbers().y)
    )
    return {"kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": key_id, "x": x, "y": y}
