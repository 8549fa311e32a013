"""Attested environments, to which KMS encrypts the secret part of an answer."""

from enum import StrEnum
from typing import Annotated, Literal, TypeAlias

from attrs import frozen

from .requests import Bounds


class KeyEncryptionMechanism(StrEnum):
    """How the secret part of an answer is encrypted to an attested environment."""

    RSAES_OAEP_SHA_256 = "RSAES_OAEP_SHA_256"


KeyEncryptionMechanismLike: TypeAlias = KeyEncryptionMechanism | Literal["RSAES_OAEP_SHA_256"] | str
"""A member of `KeyEncryptionMechanism`, its value, or a value that is newer than both."""


@frozen(kw_only=True)
class RecipientInfo:
    """A Nitro enclave or a NitroTPM, by the document that attests it and holds its public key.

    KMS encrypts the secret part of its answer to that key, as `ciphertext_for_recipient`, and leaves the plaintext
    out.
    """

    key_encryption_algorithm: KeyEncryptionMechanism | str | None = None
    attestation_document: Annotated[bytes, Bounds(1, 262144)] | None = None
