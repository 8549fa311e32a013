"""The methods about shared secrets."""

from __future__ import annotations

from collections.abc import Sequence

from .. import models
from ..loading import loading
from .binding import Invocation, Methods, operation


class SharedSecretMethods(Methods):
    """Secrets that two parties come to share over a line that others read: ECDH and ML-KEM."""

    @operation
    def derive_shared_secret(
        self,
        key_id: str,
        *,
        public_key: bytes,
        key_agreement_algorithm: models.KeyAgreementAlgorithmSpec | str,
        grant_tokens: Sequence[str] | None = None,
        dry_run: bool | None = None,
        recipient: models.RecipientInfo | None = None,
        timeout: float | None = None,
    ) -> Invocation[models.DeriveSharedSecretResponse]:
        """Derive the secret that an elliptic curve key of KMS and another party's public key have in common.

        `key_id` names a key whose usage is KEY_AGREEMENT: a key id, an alias, or the ARN of either, which a key
        of another account needs. `public_key` is the other party's, of the same curve, as DER
        (SubjectPublicKeyInfo, RFC 5280), 1 to 8192 bytes; `key_agreement_algorithm` is ECDH. The secret comes
        raw: make keys of it by a key derivation function.

        With `recipient`, the document of an attested environment, only that can read the secret:
        `ciphertext_for_recipient` then, and no `shared_secret`. `grant_tokens` make a new grant count before all
        of KMS knows it. With `dry_run`, a call that would succeed ends in `DryRunOperationException`.

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
        encapsulation_algorithm: models.EncapsulationAlgorithmSpec | str,
        grant_tokens: Sequence[str] | None = None,
        dry_run: bool | None = None,
        timeout: float | None = None,
    ) -> Invocation[models.EncapsulateResponse]:
        """Make a secret of 32 bytes, and wrap it for the holder of an ML-KEM key (FIPS 203).

        Keep `shared_secret` and send `shared_secret_ciphertext_blob`: whoever may `decapsulate` with the key has
        the same secret then. It is a key as it stands. `key_id` is a key id, an alias, or the ARN of either,
        which a key of another account needs; `encapsulation_algorithm` is ML_KEM. `grant_tokens` make a new grant
        count before all of KMS knows it. With `dry_run`, a call that would succeed ends in
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
        shared_secret_ciphertext_blob: bytes,
        encapsulation_algorithm: models.EncapsulationAlgorithmSpec | str,
        grant_tokens: Sequence[str] | None = None,
        dry_run: bool | None = None,
        timeout: float | None = None,
    ) -> Invocation[models.DecapsulateResponse]:
        """Unwrap the secret that `encapsulate`, or the key's public half elsewhere, wrapped.

        A success is no proof: from a wrapping that was changed, or that is another key's of the same spec, come
        32 other bytes (implicit rejection, FIPS 203). Have both parties confirm the secret before it is used.
        Only a wrapping of a wrong length is an `InvalidCiphertextException`. The other arguments are as for
        `encapsulate`.

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
