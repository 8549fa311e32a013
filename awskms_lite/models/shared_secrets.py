"""Secrets that two parties come to share: the models of their operations."""

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
    """The ML-KEM key to wrap a new secret for."""

    key_id: KeyId
    encapsulation_algorithm: EncapsulationAlgorithmSpec | str
    grant_tokens: GrantTokens | None = field(default=None, repr=False)
    dry_run: bool | None = None


@frozen(kw_only=True)
class EncapsulateResponse(KMSResponse):
    """A new secret of 32 bytes, and its wrapped form, 768, 1088 or 1568 bytes by the key's spec."""

    key_id: KeyId
    shared_secret: Plaintext = field(repr=False)
    shared_secret_ciphertext_blob: Ciphertext
    encapsulation_algorithm: EncapsulationAlgorithmSpec | str


@frozen(kw_only=True)
class DecapsulateRequest(KMSRequest):
    """A wrapped secret, and the ML-KEM key that it was wrapped for."""

    key_id: KeyId
    shared_secret_ciphertext_blob: Ciphertext
    encapsulation_algorithm: EncapsulationAlgorithmSpec | str
    grant_tokens: GrantTokens | None = field(default=None, repr=False)
    dry_run: bool | None = None


@frozen(kw_only=True)
class DecapsulateResponse(KMSResponse):
    """A secret of 32 bytes: the one that was wrapped, or, from a forged or foreign wrapping, another."""

    key_id: KeyId
    shared_secret: Plaintext = field(repr=False)
    encapsulation_algorithm: EncapsulationAlgorithmSpec | str
