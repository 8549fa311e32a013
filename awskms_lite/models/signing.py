"""Signatures, public keys and message authentication codes: the models of their operations."""

from enum import StrEnum
from typing import Literal, TypeAlias

from attrs import field, frozen

from .members import KMSResponse
from .requests import Ciphertext, GrantTokens, KeyId, KMSRequest, Plaintext, PublicKey
from .specs import (
    CustomerMasterKeySpec,
    EncapsulationAlgorithmSpec,
    EncryptionAlgorithmSpec,
    KeyAgreementAlgorithmSpec,
    KeySpec,
    KeyUsageType,
    MacAlgorithmSpec,
    SigningAlgorithmSpec,
)


class MessageType(StrEnum):
    """What the message of a signature is."""

    RAW = "RAW"
    """The message itself, which KMS hashes. This is the default."""
    DIGEST = "DIGEST"
    """The message's hash, by the hash function in the signing algorithm's name."""
    EXTERNAL_MU = "EXTERNAL_MU"
    """The 64-byte representative of a message in ML-DSA (FIPS 204)."""


MessageTypeLike: TypeAlias = MessageType | Literal["RAW", "DIGEST", "EXTERNAL_MU"] | str
"""A member of `MessageType`, its value, or a value that is newer than both."""


@frozen(kw_only=True)
class SignRequest(KMSRequest):
    """A message of 1 to 4096 bytes, or its digest, and the asymmetric key and the algorithm to sign it with."""

    key_id: KeyId
    message: Plaintext = field(repr=False)
    message_type: MessageType | str | None = None
    grant_tokens: GrantTokens | None = field(default=None, repr=False)
    signing_algorithm: SigningAlgorithmSpec | str
    dry_run: bool | None = None


@frozen(kw_only=True)
class SignResponse(KMSResponse):
    """The signature: of an RSA key as in RFC 8017, of an ECDSA key in DER (RFC 3279, section 2.2.3)."""

    key_id: KeyId
    signature: Ciphertext
    signing_algorithm: SigningAlgorithmSpec | str


@frozen(kw_only=True)
class VerifyRequest(KMSRequest):
    """A signature, and the message, the key and the algorithm to verify it with."""

    key_id: KeyId
    message: Plaintext = field(repr=False)
    message_type: MessageType | str | None = None
    signature: Ciphertext
    signing_algorithm: SigningAlgorithmSpec | str
    grant_tokens: GrantTokens | None = field(default=None, repr=False)
    dry_run: bool | None = None


@frozen(kw_only=True)
class VerifyResponse(KMSResponse):
    """The signature is valid: an invalid one raises `KMSInvalidSignatureException`."""

    key_id: KeyId
    signature_valid: bool
    signing_algorithm: SigningAlgorithmSpec | str


@frozen(kw_only=True)
class GetPublicKeyRequest(KMSRequest):
    """The asymmetric key whose public key to return."""

    key_id: KeyId
    grant_tokens: GrantTokens | None = field(default=None, repr=False)


@frozen(kw_only=True)
class GetPublicKeyResponse(KMSResponse):
    """A public key (DER, the SubjectPublicKeyInfo of RFC 5280), and what it may be used for.

    Use no other algorithms: KMS could not decrypt, verify or derive with the private key. Of the four lists the
    one of `key_usage` is filled.
    """

    key_id: KeyId
    public_key: PublicKey
    customer_master_key_spec: CustomerMasterKeySpec | str | None = None
    key_spec: KeySpec | str | None = None
    key_usage: KeyUsageType | str
    encryption_algorithms: tuple[EncryptionAlgorithmSpec | str, ...] = ()
    signing_algorithms: tuple[SigningAlgorithmSpec | str, ...] = ()
    key_agreement_algorithms: tuple[KeyAgreementAlgorithmSpec | str, ...] = ()
    encapsulation_algorithms: tuple[EncapsulationAlgorithmSpec | str, ...] = ()


@frozen(kw_only=True)
class GenerateMacRequest(KMSRequest):
    """A message of 1 to 4096 bytes, and the HMAC key and the algorithm to generate its HMAC with."""

    message: Plaintext = field(repr=False)
    key_id: KeyId
    mac_algorithm: MacAlgorithmSpec | str
    grant_tokens: GrantTokens | None = field(default=None, repr=False)
    dry_run: bool | None = None


@frozen(kw_only=True)
class GenerateMacResponse(KMSResponse):
    """The HMAC of the message, 28 to 64 bytes by its algorithm."""

    mac: Ciphertext
    mac_algorithm: MacAlgorithmSpec | str
    key_id: KeyId


@frozen(kw_only=True)
class VerifyMacRequest(KMSRequest):
    """An HMAC, and the message, the key and the algorithm to verify it with."""

    message: Plaintext = field(repr=False)
    key_id: KeyId
    mac_algorithm: MacAlgorithmSpec | str
    mac: Ciphertext
    grant_tokens: GrantTokens | None = field(default=None, repr=False)
    dry_run: bool | None = None


@frozen(kw_only=True)
class VerifyMacResponse(KMSResponse):
    """The HMAC is valid: an invalid one raises `KMSInvalidMacException`."""

    key_id: KeyId
    mac_valid: bool
    mac_algorithm: MacAlgorithmSpec | str
