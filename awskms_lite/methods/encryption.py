"""The methods about encrypting and decrypting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .. import models
from ..loading import loading
from .binding import Invocation, Methods, operation


class EncryptionMethods(Methods):
    """Encrypting and decrypting within KMS, up to 4096 bytes at a time."""

    @operation
    def encrypt(
        self,
        key_id: str,
        plaintext: bytes,
        *,
        encryption_context: Mapping[str, str] | None = None,
        grant_tokens: Sequence[str] | None = None,
        encryption_algorithm: models.EncryptionAlgorithmSpec | str | None = None,
        dry_run: bool | None = None,
        timeout: float | None = None,
    ) -> Invocation[models.EncryptResponse]:
        """Encrypt 1 to 4096 bytes under a key; for more than that, encrypt with a key of `generate_data_key`.

        `key_id` is a key id, an alias, or the ARN of either, which a key of another account needs. An asymmetric
        key needs `encryption_algorithm`, takes less (190 bytes for RSA_2048 with SHA-256), and tells nobody later
        by which key and algorithm its ciphertext was made: note both.

        `encryption_context`, for symmetric keys only, is bound to the ciphertext, and whoever decrypts must give
        the same. It is no secret: CloudTrail shows it. `grant_tokens` make a new grant count before all of KMS
        knows it. With `dry_run`, a call that would succeed ends in `DryRunOperationException`.

        Permission: `kms:Encrypt`, in the key's policy.

        Raises `DependencyTimeoutException`, `DisabledException`, `DryRunOperationException`,
        `InvalidGrantTokenException`, `InvalidKeyUsageException`, `KMSInternalException`,
        `KMSInvalidStateException`, `KeyUnavailableException`, `NotFoundException`.
        """
        with loading:
            from ..operations.encryption import ENCRYPT

        return self._call(
            ENCRYPT,
            timeout,
            key_id=key_id,
            plaintext=plaintext,
            encryption_context=encryption_context,
            grant_tokens=grant_tokens,
            encryption_algorithm=encryption_algorithm,
            dry_run=dry_run,
        )

    @operation
    def decrypt(
        self,
        ciphertext_blob: bytes | None = None,
        *,
        encryption_context: Mapping[str, str] | None = None,
        grant_tokens: Sequence[str] | None = None,
        key_id: str | None = None,
        encryption_algorithm: models.EncryptionAlgorithmSpec | str | None = None,
        recipient: models.RecipientInfo | None = None,
        dry_run: bool | None = None,
        dry_run_modifiers: Sequence[models.DryRunModifierType | str] | None = None,
        timeout: float | None = None,
    ) -> Invocation[models.DecryptResponse]:
        """Decrypt what `encrypt` or the data key methods gave, or what a public key of KMS encrypted elsewhere.

        `ciphertext_blob` (1 to 6144 bytes) may be left out only in a `dry_run` whose `dry_run_modifiers` hold
        IGNORE_CIPHERTEXT. A symmetric one tells KMS its key. Give `key_id` all the same, a key id, an alias, or
        the ARN of either: then no other key is used, and a ciphertext of another key is `IncorrectKeyException`.
        An asymmetric one needs `key_id` and `encryption_algorithm`. `encryption_context` is the one that it was
        encrypted with, or this is an `InvalidCiphertextException`.

        With `recipient`, the document of an attested environment, only that can read the answer:
        `ciphertext_for_recipient` then, and no `plaintext`. `grant_tokens` make a new grant count before all of
        KMS knows it. With `dry_run`, a call that would succeed ends in `DryRunOperationException`.

        Permission: `kms:Decrypt`, in the key's policy.

        Raises `DependencyTimeoutException`, `DisabledException`, `DryRunOperationException`,
        `IncorrectKeyException`, `InvalidCiphertextException`, `InvalidGrantTokenException`,
        `InvalidKeyUsageException`, `KMSInternalException`, `KMSInvalidStateException`,
        `KeyUnavailableException`, `NotFoundException`.
        """
        with loading:
            from ..operations.encryption import DECRYPT

        return self._call(
            DECRYPT,
            timeout,
            ciphertext_blob=ciphertext_blob,
            encryption_context=encryption_context,
            grant_tokens=grant_tokens,
            key_id=key_id,
            encryption_algorithm=encryption_algorithm,
            recipient=recipient,
            dry_run=dry_run,
            dry_run_modifiers=dry_run_modifiers,
        )

    @operation
    def re_encrypt(
        self,
        ciphertext_blob: bytes | None = None,
        *,
        destination_key_id: str,
        source_encryption_context: Mapping[str, str] | None = None,
        source_key_id: str | None = None,
        destination_encryption_context: Mapping[str, str] | None = None,
        source_encryption_algorithm: models.EncryptionAlgorithmSpec | str | None = None,
        destination_encryption_algorithm: models.EncryptionAlgorithmSpec | str | None = None,
        grant_tokens: Sequence[str] | None = None,
        dry_run: bool | None = None,
        dry_run_modifiers: Sequence[models.DryRunModifierType | str] | None = None,
        timeout: float | None = None,
    ) -> Invocation[models.ReEncryptResponse]:
        """Decrypt a ciphertext and encrypt what was in it anew, without the plaintext leaving KMS.

        This is how to change the key or the encryption context of a ciphertext. The source is as for `decrypt`,
        the destination as for `encrypt`; either may be a key of another account, by an ARN. The old ciphertext
        stays as good as it was. `grant_tokens` make new grants count before all of KMS knows them. With
        `dry_run`, a call that would succeed ends in `DryRunOperationException`.

        Permission: `kms:ReEncryptFrom`, in the policy of the source's key, and `kms:ReEncryptTo`, in that of the
        destination's.

        Raises `DependencyTimeoutException`, `DisabledException`, `DryRunOperationException`,
        `IncorrectKeyException`, `InvalidCiphertextException`, `InvalidGrantTokenException`,
        `InvalidKeyUsageException`, `KMSInternalException`, `KMSInvalidStateException`,
        `KeyUnavailableException`, `NotFoundException`.
        """
        with loading:
            from ..operations.encryption import RE_ENCRYPT

        return self._call(
            RE_ENCRYPT,
            timeout,
            destination_key_id=destination_key_id,
            ciphertext_blob=ciphertext_blob,
            source_encryption_context=source_encryption_context,
            source_key_id=source_key_id,
            destination_encryption_context=destination_encryption_context,
            source_encryption_algorithm=source_encryption_algorithm,
            destination_encryption_algorithm=destination_encryption_algorithm,
            grant_tokens=grant_tokens,
            dry_run=dry_run,
            dry_run_modifiers=dry_run_modifiers,
        )
