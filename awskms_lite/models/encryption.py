"""Encrypting and decrypting under a key: the models of their operations."""

from collections.abc import Sequence
from enum import StrEnum

from attrs import field, frozen

from .members import KMSResponse
from .recipients import RecipientInfo
from .requests import Ciphertext, EncryptionContext, GrantTokens, KeyId, KeyMaterialId, KMSRequest, Plaintext
from .specs import EncryptionAlgorithmSpec


class DryRunModifierType(StrEnum):
    """What a dry run passes over."""

    IGNORE_CIPHERTEXT = "IGNORE_CIPHERTEXT"
    """Check the permissions alone; no ciphertext is needed."""


@frozen(kw_only=True)
class EncryptRequest(KMSRequest):
    """What to encrypt, 1 to 4096 bytes, and the key; an asymmetric one takes less, and no context."""

    key_id: KeyId
    plaintext: Plaintext = field(repr=False)
    encryption_context: EncryptionContext | None = None
    grant_tokens: GrantTokens | None = field(default=None, repr=False)
    encryption_algorithm: EncryptionAlgorithmSpec | str | None = None
    dry_run: bool | None = None


@frozen(kw_only=True)
class EncryptResponse(KMSResponse):
    """The ciphertext; a symmetric one tells KMS which key it needs. `key_id` is the key's ARN."""

    ciphertext_blob: Ciphertext | None = None
    key_id: KeyId | None = None
    encryption_algorithm: EncryptionAlgorithmSpec | str | None = None


@frozen(kw_only=True)
class DecryptRequest(KMSRequest):
    """What to decrypt, with the context that it was encrypted with, to the letter.

    An asymmetric ciphertext needs its key and its algorithm named; a symmetric one names its key itself. Only
    a dry run that ignores the ciphertext goes without one.
    """

    ciphertext_blob: Ciphertext | None = None
    encryption_context: EncryptionContext | None = None
    grant_tokens: GrantTokens | None = field(default=None, repr=False)
    key_id: KeyId | None = None
    encryption_algorithm: EncryptionAlgorithmSpec | str | None = None
    recipient: RecipientInfo | None = None
    dry_run: bool | None = None
    dry_run_modifiers: Sequence[DryRunModifierType | str] | None = None


@frozen(kw_only=True)
class DecryptResponse(KMSResponse):
    """The plaintext, or, for an attested environment, `ciphertext_for_recipient` in its place."""

    key_id: KeyId | None = None
    plaintext: Plaintext | None = field(default=None, repr=False)
    encryption_algorithm: EncryptionAlgorithmSpec | str | None = None
    ciphertext_for_recipient: Ciphertext | None = None
    key_material_id: KeyMaterialId | None = None


@frozen(kw_only=True)
class ReEncryptRequest(KMSRequest):
    """What to decrypt and encrypt again within KMS: the source is as in `DecryptRequest`."""

    ciphertext_blob: Ciphertext | None = None
    source_encryption_context: EncryptionContext | None = None
    source_key_id: KeyId | None = None
    destination_key_id: KeyId
    destination_encryption_context: EncryptionContext | None = None
    source_encryption_algorithm: EncryptionAlgorithmSpec | str | None = None
    destination_encryption_algorithm: EncryptionAlgorithmSpec | str | None = None
    grant_tokens: GrantTokens | None = field(default=None, repr=False)
    dry_run: bool | None = None
    dry_run_modifiers: Sequence[DryRunModifierType | str] | None = None


@frozen(kw_only=True)
class ReEncryptResponse(KMSResponse):
    """The new ciphertext; `source_key_id` and `key_id` are the ARNs of the old key and of the new one."""

    ciphertext_blob: Ciphertext | None = None
    source_key_id: KeyId | None = None
    key_id: KeyId | None = None
    source_encryption_algorithm: EncryptionAlgorithmSpec | str | None = None
    destination_encryption_algorithm: EncryptionAlgorithmSpec | str | None = None
    source_key_material_id: KeyMaterialId | None = None
    destination_key_material_id: KeyMaterialId | None = None
