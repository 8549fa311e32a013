"""The methods for encryption and decryption."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Literal, NoReturn, overload

from .. import models
from ..loading import loading
from .binding import Async, Awaited, Invocation, Methods, Sync, operation, overloaded


class EncryptionMethods(Methods):
    """Encryption and decryption within KMS, up to 4096 bytes at a time."""

    @operation
    def encrypt(
        self,
        key_id: str,
        plaintext: models.BytesLike,
        *,
        encryption_context: Mapping[str, str] | None = None,
        grant_tokens: Collection[str] | None = None,
        encryption_algorithm: models.EncryptionAlgorithmSpecLike | None = None,
        dry_run: bool | None = None,
        timeout: float | timedelta | None = None,
    ) -> Invocation[models.EncryptResponse]:
        """Encrypt 1 to 4096 bytes under a key; encrypt more than that with a key of `generate_data_key`.

        `key_id` is a key id, an alias, or the ARN of either, which a key of another account needs. An asymmetric
        key needs `encryption_algorithm`, takes less (190 bytes for RSA_2048 with SHA-256), and its ciphertext does
        not name the key and the algorithm: store both.

        `encryption_context`, for symmetric keys only, is bound to the ciphertext, and `decrypt` needs the same. It
        is not secret: CloudTrail shows it. `grant_tokens` let a new grant apply before all of KMS knows it. With
        `dry_run`, a call that would succeed raises `DryRunOperationException`.

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

    @overload
    def decrypt(
        self: Sync,
        ciphertext_blob: models.BytesLike,
        *,
        encryption_context: Mapping[str, str] | None = None,
        grant_tokens: Collection[str] | None = None,
        key_id: str | None = None,
        encryption_algorithm: models.EncryptionAlgorithmSpecLike | None = None,
        recipient: None = None,
        dry_run: bool | None = None,
        dry_run_modifiers: Collection[models.DryRunModifierTypeLike] | None = None,
        timeout: float | timedelta | None = None,
    ) -> models.DecryptResponse: ...

    @overload
    def decrypt(
        self: Async,
        ciphertext_blob: models.BytesLike,
        *,
        encryption_context: Mapping[str, str] | None = None,
        grant_tokens: Collection[str] | None = None,
        key_id: str | None = None,
        encryption_algorithm: models.EncryptionAlgorithmSpecLike | None = None,
        recipient: None = None,
        dry_run: bool | None = None,
        dry_run_modifiers: Collection[models.DryRunModifierTypeLike] | None = None,
        timeout: float | timedelta | None = None,
    ) -> Awaited[models.DecryptResponse]: ...

    @overload
    def decrypt(
        self: Sync,
        ciphertext_blob: models.BytesLike,
        *,
        encryption_context: Mapping[str, str] | None = None,
        grant_tokens: Collection[str] | None = None,
        key_id: str | None = None,
        encryption_algorithm: models.EncryptionAlgorithmSpecLike | None = None,
        recipient: models.RecipientInfo,
        dry_run: bool | None = None,
        dry_run_modifiers: Collection[models.DryRunModifierTypeLike] | None = None,
        timeout: float | timedelta | None = None,
    ) -> models.DecryptForRecipientResponse: ...

    @overload
    def decrypt(
        self: Async,
        ciphertext_blob: models.BytesLike,
        *,
        encryption_context: Mapping[str, str] | None = None,
        grant_tokens: Collection[str] | None = None,
        key_id: str | None = None,
        encryption_algorithm: models.EncryptionAlgorithmSpecLike | None = None,
        recipient: models.RecipientInfo,
        dry_run: bool | None = None,
        dry_run_modifiers: Collection[models.DryRunModifierTypeLike] | None = None,
        timeout: float | timedelta | None = None,
    ) -> Awaited[models.DecryptForRecipientResponse]: ...

    @overload
    def decrypt(
        self: Sync,
        ciphertext_blob: None = None,
        *,
        encryption_context: Mapping[str, str] | None = None,
        grant_tokens: Collection[str] | None = None,
        key_id: str | None = None,
        encryption_algorithm: models.EncryptionAlgorithmSpecLike | None = None,
        recipient: models.RecipientInfo | None = None,
        dry_run: Literal[True],
        dry_run_modifiers: Collection[models.DryRunModifierTypeLike],
        timeout: float | timedelta | None = None,
    ) -> NoReturn: ...

    @overload
    def decrypt(
        self: Async,
        ciphertext_blob: None = None,
        *,
        encryption_context: Mapping[str, str] | None = None,
        grant_tokens: Collection[str] | None = None,
        key_id: str | None = None,
        encryption_algorithm: models.EncryptionAlgorithmSpecLike | None = None,
        recipient: models.RecipientInfo | None = None,
        dry_run: Literal[True],
        dry_run_modifiers: Collection[models.DryRunModifierTypeLike],
        timeout: float | timedelta | None = None,
    ) -> Awaited[NoReturn]: ...

    @overloaded
    def decrypt(
        self,
        ciphertext_blob: models.BytesLike | None = None,
        *,
        encryption_context: Mapping[str, str] | None = None,
        grant_tokens: Collection[str] | None = None,
        key_id: str | None = None,
        encryption_algorithm: models.EncryptionAlgorithmSpecLike | None = None,
        recipient: models.RecipientInfo | None = None,
        dry_run: bool | None = None,
        dry_run_modifiers: Collection[models.DryRunModifierTypeLike] | None = None,
        timeout: float | timedelta | None = None,
    ) -> Invocation[models.DecryptResponse | models.DecryptForRecipientResponse]:
        """Decrypt what `encrypt` or a data key method returned, or what a public key of KMS encrypted elsewhere.

        `ciphertext_blob` (1 to 6144 bytes) may be left out only in a `dry_run` whose `dry_run_modifiers` hold
        IGNORE_CIPHERTEXT. A symmetric one names its key. Pass `key_id` all the same, a key id, an alias, or the
        ARN of either: then KMS uses no other key, and a ciphertext of another key raises `IncorrectKeyException`.
        An asymmetric one needs `key_id` and `encryption_algorithm`. `encryption_context` must be the same as for
        the encryption, or KMS raises `InvalidCiphertextException`.

        With `recipient`, an attested environment, the answer has `ciphertext_for_recipient`, which only that
        environment can decrypt, in place of `plaintext`. `grant_tokens` let a new grant apply before all of KMS
        knows it. With `dry_run`, a call that would succeed raises `DryRunOperationException`.

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

    @overload
    def re_encrypt(
        self: Sync,
        ciphertext_blob: models.BytesLike,
        *,
        destination_key_id: str,
        source_encryption_context: Mapping[str, str] | None = None,
        source_key_id: str | None = None,
        destination_encryption_context: Mapping[str, str] | None = None,
        source_encryption_algorithm: models.EncryptionAlgorithmSpecLike | None = None,
        destination_encryption_algorithm: models.EncryptionAlgorithmSpecLike | None = None,
        grant_tokens: Collection[str] | None = None,
        dry_run: bool | None = None,
        dry_run_modifiers: Collection[models.DryRunModifierTypeLike] | None = None,
        timeout: float | timedelta | None = None,
    ) -> models.ReEncryptResponse: ...

    @overload
    def re_encrypt(
        self: Async,
        ciphertext_blob: models.BytesLike,
        *,
        destination_key_id: str,
        source_encryption_context: Mapping[str, str] | None = None,
        source_key_id: str | None = None,
        destination_encryption_context: Mapping[str, str] | None = None,
        source_encryption_algorithm: models.EncryptionAlgorithmSpecLike | None = None,
        destination_encryption_algorithm: models.EncryptionAlgorithmSpecLike | None = None,
        grant_tokens: Collection[str] | None = None,
        dry_run: bool | None = None,
        dry_run_modifiers: Collection[models.DryRunModifierTypeLike] | None = None,
        timeout: float | timedelta | None = None,
    ) -> Awaited[models.ReEncryptResponse]: ...

    @overload
    def re_encrypt(
        self: Sync,
        ciphertext_blob: None = None,
        *,
        destination_key_id: str,
        source_encryption_context: Mapping[str, str] | None = None,
        source_key_id: str | None = None,
        destination_encryption_context: Mapping[str, str] | None = None,
        source_encryption_algorithm: models.EncryptionAlgorithmSpecLike | None = None,
        destination_encryption_algorithm: models.EncryptionAlgorithmSpecLike | None = None,
        grant_tokens: Collection[str] | None = None,
        dry_run: Literal[True],
        dry_run_modifiers: Collection[models.DryRunModifierTypeLike],
        timeout: float | timedelta | None = None,
    ) -> NoReturn: ...

    @overload
    def re_encrypt(
        self: Async,
        ciphertext_blob: None = None,
        *,
        destination_key_id: str,
        source_encryption_context: Mapping[str, str] | None = None,
        source_key_id: str | None = None,
        destination_encryption_context: Mapping[str, str] | None = None,
        source_encryption_algorithm: models.EncryptionAlgorithmSpecLike | None = None,
        destination_encryption_algorithm: models.EncryptionAlgorithmSpecLike | None = None,
        grant_tokens: Collection[str] | None = None,
        dry_run: Literal[True],
        dry_run_modifiers: Collection[models.DryRunModifierTypeLike],
        timeout: float | timedelta | None = None,
    ) -> Awaited[NoReturn]: ...

    @overloaded
    def re_encrypt(
        self,
        ciphertext_blob: models.BytesLike | None = None,
        *,
        destination_key_id: str,
        source_encryption_context: Mapping[str, str] | None = None,
        source_key_id: str | None = None,
        destination_encryption_context: Mapping[str, str] | None = None,
        source_encryption_algorithm: models.EncryptionAlgorithmSpecLike | None = None,
        destination_encryption_algorithm: models.EncryptionAlgorithmSpecLike | None = None,
        grant_tokens: Collection[str] | None = None,
        dry_run: bool | None = None,
        dry_run_modifiers: Collection[models.DryRunModifierTypeLike] | None = None,
        timeout: float | timedelta | None = None,
    ) -> Invocation[models.ReEncryptResponse]:
        """Decrypt a ciphertext and encrypt it again within KMS, so that the plaintext never leaves it.

        Use it to change the key or the encryption context of a ciphertext. The source is as for `decrypt`, the
        destination as for `encrypt`; either may be a key of another account, by its ARN. The old ciphertext can
        still be decrypted. `grant_tokens` let new grants apply before all of KMS knows them. With `dry_run`, a
        call that would succeed raises `DryRunOperationException`.

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
