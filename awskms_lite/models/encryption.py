"""Encrypting and decrypting under a key: the models of their operations."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Literal, TypeAlias

from attrs import field, frozen

from ..errors import ParameterError
from .members import KMSResponse
from .recipients import RecipientInfo
from .requests import Ciphertext, EncryptionContext, GrantTokens, KeyId, KeyMaterialId, KMSRequest, Plaintext
from .specs import EncryptionAlgorithmSpec


class DryRunModifierType(StrEnum):
    """What a dry run ignores."""

    IGNORE_CIPHERTEXT = "IGNORE_CIPHERTEXT"
    """Check only the permissions; no ciphertext is needed."""


DryRunModifierTypeLike: TypeAlias = DryRunModifierType | Literal["IGNORE_CIPHERTEXT"] | str
"""A member of `DryRunModifierType`, its value, or a value that is newer than both."""


@frozen(kw_only=True)
class EncryptRequest(KMSRequest):
    """A plaintext of 1 to 4096 bytes, and the key; an asymmetric one takes less, and no encryption context."""

    key_id: KeyId
    plaintext: Plaintext = field(repr=False)
    encryption_context: EncryptionContext | None = field(default=None, hash=False)
    grant_tokens: GrantTokens | None = field(default=None, repr=False)
    encryption_algorithm: EncryptionAlgorithmSpec | str | None = None
    dry_run: bool | None = None


@frozen(kw_only=True)
class EncryptResponse(KMSResponse):
    """The ciphertext; a symmetric one names its key. `key_id` is the key's ARN."""

    ciphertext_blob: Ciphertext
    key_id: KeyId
    encryption_algorithm: EncryptionAlgorithmSpec | str | None = None


def _check_ciphertext(blob: bytes | None, dry_run: bool | None, modifiers: Sequence[str] | None) -> None:
    ignored = dry_run and DryRunModifierType.IGNORE_CIPHERTEXT in (modifiers or ())
    if blob is None and not ignored:
        raise ParameterError(
            "ciphertext_blob is required, except with dry_run=True and dry_run_modifiers=['IGNORE_CIPHERTEXT']."
        )


@frozen(kw_only=True)
class DecryptRequest(KMSRequest):
    """A ciphertext, and the same encryption context as it was encrypted with.

    An asymmetric ciphertext needs `key_id` and `encryption_algorithm`; a symmetric one names its key itself. Only
    a dry run with IGNORE_CIPHERTEXT needs no ciphertext.
    """

    ciphertext_blob: Ciphertext | None = None
    encryption_context: EncryptionContext | None = field(default=None, hash=False)
    grant_tokens: GrantTokens | None = field(default=None, repr=False)
    key_id: KeyId | None = None
    encryption_algorithm: EncryptionAlgorithmSpec | str | None = None
    recipient: RecipientInfo | None = None
    dry_run: bool | None = None
    dry_run_modifiers: Sequence[DryRunModifierType | str] | None = None

    def _check_combination(self) -> None:
        _check_ciphertext(self.ciphertext_blob, self.dry_run, self.dry_run_modifiers)


@frozen(kw_only=True)
class DecryptResponse(KMSResponse):
    """The plaintext. `key_id` is the ARN of the key that decrypted; a symmetric one has a `key_material_id`."""

    key_id: KeyId
    plaintext: Plaintext = field(repr=False)
    encryption_algorithm: EncryptionAlgorithmSpec | str | None = None
    key_material_id: KeyMaterialId | None = None


@frozen(kw_only=True)
class DecryptForRecipientResponse(KMSResponse):
    """The plaintext, encrypted to the public key of the attested environment that asked for it."""

    key_id: KeyId
    ciphertext_for_recipient: Ciphertext
    encryption_algorithm: EncryptionAlgorithmSpec | str | None = None


@frozen(kw_only=True)
class ReEncryptRequest(KMSRequest):
    """A ciphertext to decrypt and encrypt again within KMS: the source is as in `DecryptRequest`."""

    ciphertext_blob: Ciphertext | None = None
    source_encryption_context: EncryptionContext | None = field(default=None, hash=False)
    source_key_id: KeyId | None = None
    destination_key_id: KeyId
    destination_encryption_context: EncryptionContext | None = field(default=None, hash=False)
    source_encryption_algorithm: EncryptionAlgorithmSpec | str | None = None
    destination_encryption_algorithm: EncryptionAlgorithmSpec | str | None = None
    grant_tokens: GrantTokens | None = field(default=None, repr=False)
    dry_run: bool | None = None
    dry_run_modifiers: Sequence[DryRunModifierType | str] | None = None

    def _check_combination(self) -> None:
        _check_ciphertext(self.ciphertext_blob, self.dry_run, self.dry_run_modifiers)


@frozen(kw_only=True)
class ReEncryptResponse(KMSResponse):
    """The new ciphertext; `source_key_id` and `key_id` are the ARNs of the old key and of the new one."""

    ciphertext_blob: Ciphertext
    source_key_id: KeyId
    key_id: KeyId
    source_encryption_algorithm: EncryptionAlgorithmSpec | str | None = None
    destination_encryption_algorithm: EncryptionAlgorithmSpec | str | None = None
    source_key_material_id: KeyMaterialId | None = None
    destination_key_material_id: KeyMaterialId | None = None
