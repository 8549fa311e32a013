"""The methods for shared secrets."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import overload

from .. import models
from ..loading import loading
from .binding import Async, Awaited, Invocation, Methods, Sync, operation, overloaded


class SharedSecretMethods(Methods):
    """Shared secrets over a channel that others can read: ECDH and ML-KEM."""

    @overload
    def derive_shared_secret(
        self: Sync,
        key_id: str,
        *,
        public_key: models.BytesLike,
        key_agreement_algorithm: models.KeyAgreementAlgorithmSpecLike,
        grant_tokens: Collection[str] | None = None,
        dry_run: bool | None = None,
        recipient: None = None,
        timeout: float | timedelta | None = None,
    ) -> models.DeriveSharedSecretResponse: ...

    @overload
    def derive_shared_secret(
        self: Async,
        key_id: str,
        *,
        public_key: models.BytesLike,
        key_agreement_algorithm: models.KeyAgreementAlgorithmSpecLike,
        grant_tokens: Collection[str] | None = None,
        dry_run: bool | None = None,
        recipient: None = None,
        timeout: float | timedelta | None = None,
    ) -> Awaited[models.DeriveSharedSecretResponse]: ...

    @overload
    def derive_shared_secret(
        self: Sync,
        key_id: str,
        *,
        public_key: models.BytesLike,
        key_agreement_algorithm: models.KeyAgreementAlgorithmSpecLike,
        grant_tokens: Collection[str] | None = None,
        dry_run: bool | None = None,
        recipient: models.RecipientInfo,
        timeout: float | timedelta | None = None,
    ) -> models.DeriveSharedSecretForRecipientResponse: ...

    @overload
    def derive_shared_secret(
        self: Async,
        key_id: str,
        *,
        public_key: models.BytesLike,
        key_agreement_algorithm: models.KeyAgreementAlgorithmSpecLike,
        grant_tokens: Collection[str] | None = None,
        dry_run: bool | None = None,
        recipient: models.RecipientInfo,
        timeout: float | timedelta | None = None,
    ) -> Awaited[models.DeriveSharedSecretForRecipientResponse]: ...

    @overloaded
    def derive_shared_secret(
        self,
        key_id: str,
        *,
        public_key: models.BytesLike,
        key_agreement_algorithm: models.KeyAgreementAlgorithmSpecLike,
        grant_tokens: Collection[str] | None = None,
        dry_run: bool | None = None,
        recipient: models.RecipientInfo | None = None,
        timeout: float | timedelta | None = None,
    ) -> Invocation[models.DeriveSharedSecretResponse | models.DeriveSharedSecretForRecipientResponse]:
        """Derive the shared secret of an elliptic curve key of KMS and another party's public key.

        `key_id` names a key whose usage is KEY_AGREEMENT: a key id, an alias, or the ARN of either, which a key of
        another account needs. `public_key` is the other party's, of the same curve, as DER (SubjectPublicKeyInfo,
        RFC 5280), 1 to 8192 bytes; `key_agreement_algorithm` is ECDH. The secret is raw: derive keys from it with
        a key derivation function.

        With `recipient`, an attested environment, the answer has `ciphertext_for_recipient`, which only that
        environment can decrypt, in place of `shared_secret`. `grant_tokens` let a new grant apply before all of
        KMS knows it. With `dry_run`, a call that would succeed raises `DryRunOperationException`.

        Permission: `kms:DeriveSharedSecret`, in the key's policy.

        Raises `DependencyTimeoutException`, `DisabledException`, `DryRunOperationException`,
        `InvalidGrantTokenException`, `InvalidKeyUsageException`, `KMSInternalException`,
        `KMSInvalidStateException`, `KeyUnavailableException`, `NotFoundException`.
        """
        with loading:
            from ..operations.shared_secrets import DERIVE_SHARED_SECRET

        return self._call(
            DERIVE_SHARED_SECRET,
            timeout,
            key_id=key_id,
            public_key=public_key,
            key_agreement_algorithm=key_agreement_algorithm,
            grant_tokens=grant_tokens,
            dry_run=dry_run,
            recipient=recipient,
        )

    @operation
    def encapsulate(
        self,
        key_id: str,
        *,
        encapsulation_algorithm: models.EncapsulationAlgorithmSpecLike,
        grant_tokens: Collection[str] | None = None,
        dry_run: bool | None = None,
        timeout: float | timedelta | None = None,
    ) -> Invocation[models.EncapsulateResponse]:
        """Generate a shared secret of 32 bytes, and encapsulate it for the holder of an ML-KEM key (FIPS 203).

        Keep `shared_secret` and send `shared_secret_ciphertext_blob`: a party that may `decapsulate` with the key
        gets the same secret. It can be used as a key without derivation. `key_id` is a key id, an alias, or the
        ARN of either, which a key of another account needs; `encapsulation_algorithm` is ML_KEM. `grant_tokens`
        let a new grant apply before all of KMS knows it. With `dry_run`, a call that would succeed raises
        `DryRunOperationException`.

        Permission: `kms:Encapsulate`, in the key's policy.

        Raises `DependencyTimeoutException`, `DisabledException`, `DryRunOperationException`,
        `InvalidGrantTokenException`, `InvalidKeyUsageException`, `KMSInternalException`,
        `KMSInvalidStateException`, `KeyUnavailableException`, `NotFoundException`.
        """
        with loading:
            from ..operations.shared_secrets import ENCAPSULATE

        return self._call(
            ENCAPSULATE,
            timeout,
            key_id=key_id,
            encapsulation_algorithm=encapsulation_algorithm,
            grant_tokens=grant_tokens,
            dry_run=dry_run,
        )

    @operation
    def decapsulate(
        self,
        key_id: str,
        *,
        shared_secret_ciphertext_blob: models.BytesLike,
        encapsulation_algorithm: models.EncapsulationAlgorithmSpecLike,
        grant_tokens: Collection[str] | None = None,
        dry_run: bool | None = None,
        timeout: float | timedelta | None = None,
    ) -> Invocation[models.DecapsulateResponse]:
        """Return the shared secret that `encapsulate`, or the key's public key elsewhere, encapsulated.

        A success is no proof: for a ciphertext that was changed, or that belongs to another key of the same spec,
        KMS returns 32 other bytes (implicit rejection, FIPS 203). Let both parties confirm the secret before it is
        used. Only a ciphertext of a wrong length raises `InvalidCiphertextException`. The other arguments are as
        for `encapsulate`.

        Permission: `kms:Decapsulate`, in the key's policy.

        Raises `DependencyTimeoutException`, `DisabledException`, `DryRunOperationException`,
        `InvalidCiphertextException`, `InvalidGrantTokenException`, `InvalidKeyUsageException`,
        `KMSInternalException`, `KMSInvalidStateException`, `KeyUnavailableException`, `NotFoundException`.
        """
        with loading:
            from ..operations.shared_secrets import DECAPSULATE

        return self._call(
            DECAPSULATE,
            timeout,
            key_id=key_id,
            shared_secret_ciphertext_blob=shared_secret_ciphertext_blob,
            encapsulation_algorithm=encapsulation_algorithm,
            grant_tokens=grant_tokens,
            dry_run=dry_run,
        )
