"""Sign Ethereum's hashes: secp256k1, the lower of the two possible s (EIP-2), and the recovery id."""

from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import load_der_public_key

from awskms_lite import KMSClient

P = 2**256 - 2**32 - 977  # the field of secp256k1 (SEC 2, section 2.4.1)
N = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141  # the order of G
G = (
    0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798,
    0x483ADA7726A3C4655DA4FBFC0E1108A8FD17B448A68554199C47D08FFB10D4B8,
)
Point = tuple[int, int]


class Signature(NamedTuple):
    """A signature as a transaction has it; `recovery_id` is 0 or 1, the parity of the point that r stands for."""

    r: int
    s: int
    recovery_id: int


def add(a: Point | None, b: Point | None) -> Point | None:
    """Add two points of the curve; None is the point at infinity."""
    if a is None or b is None:
        return a or b
    (x1, y1), (x2, y2) = a, b
    if x1 == x2 and (y1 + y2) % P == 0:
        return None
    slope = 3 * x1 * x1 * pow(2 * y1, -1, P) if a == b else (y2 - y1) * pow(x2 - x1, -1, P)
    x3 = (slope * slope - x1 - x2) % P
    return x3, (slope * (x1 - x3) - y1) % P


def multiply(point: Point | None, factor: int) -> Point | None:
    product = None
    while factor:
        product = add(product, point) if factor & 1 else product
        point, factor = add(point, point), factor >> 1
    return product


def public_point(kms: KMSClient, key_id: str) -> Point:
    """Return the public key as a point; its address is the end of the Keccak-256 of both numbers."""
    public = load_der_public_key(kms.get_public_key(key_id).public_key)
    if not isinstance(public, EllipticCurvePublicKey):
        raise TypeError(f"{key_id} is no elliptic curve key")
    return public.public_numbers().x, public.public_numbers().y


def sign_hash(kms: KMSClient, key_id: str, digest: bytes, public: Point) -> Signature:
    """Sign the Keccak-256 hash of a transaction or a message."""
    signed = kms.sign(key_id, digest, message_type="DIGEST", signing_algorithm="ECDSA_SHA_256")
    r, s = decode_dss_signature(signed.signature)
    s = min(s, N - s)
    inverse = pow(s, -1, N)
    point = add(multiply(G, int.from_bytes(digest, "big") * inverse % N), multiply(public, r * inverse % N))
    if point is None or point[0] % N != r:
        raise ValueError(f"the signature is not one of {key_id}")
    return Signature(r, s, point[1] & 1)
