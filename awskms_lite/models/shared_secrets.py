"""Shared secrets of two parties: the models of their operations."""

from attrs import field, frozen

from .members import KMSResponse
from .recipients import RecipientInfo
from .requests import Ciphertext, GrantTokens, KeyId, KMSRequest, Plaintext, PublicKey
from .specs import EncapsulationAlgorithmSpec, KeyAgreementAlgorithmSpec, OriginType


@frozen(kw_only=True)
class DeriveSharedSecretRequest(KMSRequest):
    """The other party's public key (DER, RFC 5280), and the key for key agreement on this side."""

    key_id: KeyId
    key_agreement_algorithm: KeyAgreementAlgorithmSpec | str
    public_key: PublicKey
    grant_tokens: GrantTokens | None = field(default=None, repr=False)
    dry_run: bool | None = None
    recipient: RecipientInfo | None = None


@frozen(kw_only=True)
class DeriveSharedSecretResponse(KMSResponse):
    """The raw shared secret."""

    key_id: KeyId
    shared_secret: Plaintext = field(repr=False)
    key_agreement_algorithm: KeyAgreementAlgorithmSpec | str
    key_origin: OriginType | str


@frozen(kw_only=True)
class DeriveSharedSecretForRecipientResponse(KMSResponse):
    """The raw shared secret, encrypted to the public key of the attested environment that asked for it."""

    key_id: KeyId
    ciphertext_for_recipient: Ciphertext
    key_agreement_algorithm: KeyAgreementAlgorithmSpec | str
    key_origin: OriginType | str


@frozen(kw_only=True)
class EncapsulateRequest(KMSRequest):
    """The ML-KEM key to encapsulate a new shared secret for."""

    key_id: KeyId
    encapsulation_algorithm: EncapsulationAlgorithmSpec | str
    grant_tokens: GrantTokens | None = field(default=None, repr=False)
    dry_run: bool | None = None


@frozen(kw_only=True)
class EncapsulateResponse(KMSResponse):
    """A new shared secret of 32 bytes, and its ciphertext, 768, 1088 or 1568 bytes by the key's spec."""

    key_id: KeyId
    shared_secret: Plaintext = field(repr=False)
    shared_secret_ciphertext_blob: Ciphertext
    encapsulation_algorithm: EncapsulationAlgorithmSpec | str


@frozen(kw_only=True)
class DecapsulateRequest(KMSRequest):
    """An encapsulated shared secret, and the ML-KEM key that it was encapsulated for."""

    key_id: KeyId
    shared_secret_ciphertext_blob: Ciphertext
    encapsulation_algorithm: EncapsulationAlgorithmSpec | str
    grant_tokens: GrantTokens | None = field(default=None, repr=False)
    dry_run: bool | None = None


@frozen(kw_only=True)
class DecapsulateResponse(KMSResponse):
    """A shared secret of 32 bytes: the right one, or, for a forged or foreign ciphertext, another."""

    key_id: KeyId
    shared_secret: Plaintext = field(repr=False)
    encapsulation_algorithm: EncapsulationAlgorithmSpec | str
