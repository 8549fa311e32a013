"""Bring your own key: create a key without material, and import 256 bits of your own."""

from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from awskms_lite import KMSClient


def create_with_material(kms: KMSClient, material: bytes, valid_to: datetime | None = None) -> str:
    """Create a key with this material, which is deleted at `valid_to`; return its ARN once it can be used."""
    arn = kms.create_key(origin="EXTERNAL", description="our own material").key_metadata.arn
    import_material(kms, arn, material, valid_to)
    return kms.wait_until_enabled(arn, timeout=60).arn


def import_material(kms: KMSClient, key_arn: str, material: bytes, valid_to: datetime | None = None) -> None:
    """Import material into a key, for the first time or again."""
    parameters = kms.get_parameters_for_import(
        key_arn, wrapping_algorithm="RSAES_OAEP_SHA_256", wrapping_key_spec="RSA_4096"
    )
    wrapping_key = load_der_public_key(parameters.public_key)
    if not isinstance(wrapping_key, RSAPublicKey):
        raise TypeError("the wrapping key is no RSA key")
    kms.import_key_material(
        key_arn,
        import_token=parameters.import_token,
        encrypted_key_material=wrapping_key.encrypt(material, OAEP(MGF1(SHA256()), SHA256(), None)),
        expiration_model="KEY_MATERIAL_EXPIRES" if valid_to else "KEY_MATERIAL_DOES_NOT_EXPIRE",
        valid_to=valid_to,
    )
