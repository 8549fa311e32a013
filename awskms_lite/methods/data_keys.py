"""The methods about data keys and random bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .. import models
from ..loading import loading
from .binding import Invocation, Methods, operation


class DataKeyMethods(Methods):
    """Keys and random bytes from KMS, for cryptography outside of it."""

    @operation
    def generate_data_key(
        self,
        key_id: str,
        *,
        encryption_context: Mapping[str, str] | None = None,
        number_of_bytes: int | None = None,
        key_spec: models.DataKeySpec | str | None = None,
        grant_tokens: Sequence[str] | None = None,
        recipient: models.RecipientInfo | None = None,
        dry_run: bool | None = None,
        timeout: float | None = None,
    ) -> Invocation[models.GenerateDataKeyResponse]:
        """Make a random key to encrypt data with, outside KMS: in plain, and encrypted under a symmetric key.

        Give either `key_spec`, AES_256 (32 bytes) or AES_128 (16), or `number_of_bytes`, 1 to 1024. Encrypt with
        `plaintext`, then forget it, and keep `ciphertext_blob` beside the data: `decrypt` gives the key back.
        What is done with it outside is not seen by KMS and counts as no use of the key.

        `key_id` is a key id, an alias, or the ARN of either, which a key of another account needs.
        `encryption_context` is bound to `ciphertext_blob`, and `decrypt` must be given the same; it is no secret.
        With `recipient`, the document of an attested environment, only that can read the plain key:
        `ciphertext_for_recipient` then, and no `plaintext`. `grant_tokens` make a new grant count before all of
        KMS knows it. With `dry_run`, a call that would succeed ends in `DryRunOperationException`.

        Permission: `kms:GenerateDataKey`, in the key's policy.

        Raises `DependencyTimeoutException`, `DisabledException`, `DryRunOperationException`,
        `InvalidGrantTokenException`, `InvalidKeyUsageException`, `KMSInternalException`,
        `KMSInvalidStateException`, `KeyUnavailableException`, `NotFoundException`.
        """
        with loading:
            from ..operations.data_keys import GENERATE_DATA_KEY

        return self._call(
            GENERATE_DATA_KEY,
            timeout,
            key_id=key_id,
            encryption_context=encryption_context,
            number_of_bytes=number_of_bytes,
            key_spec=key_spec,
            grant_tokens=grant_tokens,
            recipient=recipient,
            dry_run=dry_run,
        )

    @operation
    def generate_data_key_without_plaintext(
        self,
        key_id: str,
        *,
        encryption_context: Mapping[str, str] | None = None,
        key_spec: models.DataKeySpec | str | None = None,
        number_of_bytes: int | None = None,
        grant_tokens: Sequence[str] | None = None,
        dry_run: bool | None = None,
        timeout: float | None = None,
    ) -> Invocation[models.GenerateDataKeyWithoutPlaintextResponse]:
        """Make a data key as `generate_data_key` does, and give it encrypted only.

        It is for whoever needs the key later, or hands it to another who may `decrypt` it. Give either
        `key_spec`, AES_256 or AES_128, or `number_of_bytes`, 1 to 1024.

        Permission: `kms:GenerateDataKeyWithoutPlaintext`, in the key's policy.

        Raises `DependencyTimeoutException`, `DisabledException`, `DryRunOperationException`,
        `InvalidGrantTokenException`, `InvalidKeyUsageException`, `KMSInternalException`,
        `KMSInvalidStateException`, `KeyUnavailableException`, `NotFoundException`.
        """
        with loading:
            from ..operations.data_keys import GENERATE_DATA_KEY_WITHOUT_PLAINTEXT

        return self._call(
            GENERATE_DATA_KEY_WITHOUT_PLAINTEXT,
            timeout,
            key_id=key_id,
            encryption_context=encryption_context,
            key_spec=key_spec,
            number_of_bytes=number_of_bytes,
            grant_tokens=grant_tokens,
            dry_run=dry_run,
        )

    @operation
    def generate_data_key_pair(
        self,
        key_id: str,
        key_pair_spec: models.DataKeyPairSpec | str,
        *,
        encryption_context: Mapping[str, str] | None = None,
        grant_tokens: Sequence[str] | None = None,
        recipient: models.RecipientInfo | None = None,
        dry_run: bool | None = None,
        timeout: float | None = None,
    ) -> Invocation[models.GenerateDataKeyPairResponse]:
        """Make a random key pair for use outside KMS, its private half in plain, and encrypted too.

        `key_id` names the symmetric key to encrypt the private half under, of no custom key store: a key id, an
        alias, or the ARN of either. The public half is DER (SubjectPublicKeyInfo, RFC 5280), the private one DER
        (PrivateKeyInfo, PKCS #8). `decrypt` gives it back from `private_key_ciphertext_blob`.

        `encryption_context`, `grant_tokens`, `recipient` and `dry_run` are as for `generate_data_key`. RSA pairs
        take KMS a while to make, and its quota for them is low.

        Permission: `kms:GenerateDataKeyPair`, in the key's policy.

        Raises `DependencyTimeoutException`, `DisabledException`, `DryRunOperationException`,
        `InvalidGrantTokenException`, `InvalidKeyUsageException`, `KMSInternalException`,
        `KMSInvalidStateException`, `KeyUnavailableException`, `NotFoundException`,
        `UnsupportedOperationException`.
        """
        with loading:
            from ..operations.data_keys import GENERATE_DATA_KEY_PAIR

        return self._call(
            GENERATE_DATA_KEY_PAIR,
            timeout,
            key_id=key_id,
            key_pair_spec=key_pair_spec,
            encryption_context=encryption_context,
            grant_tokens=grant_tokens,
            recipient=recipient,
            dry_run=dry_run,
        )

    @operation
    def generate_data_key_pair_without_plaintext(
        self,
        key_id: str,
        key_pair_spec: models.DataKeyPairSpec | str,
        *,
        encryption_context: Mapping[str, str] | None = None,
        grant_tokens: Sequence[str] | None = None,
        dry_run: bool | None = None,
        timeout: float | None = None,
    ) -> Invocation[models.GenerateDataKeyPairWithoutPlaintextResponse]:
        """Make a key pair as `generate_data_key_pair` does, and give its private half encrypted only.

        The public half can be used at once; whoever needs the private one may `decrypt` it.

        Permission: `kms:GenerateDataKeyPairWithoutPlaintext`, in the key's policy.

        Raises `DependencyTimeoutException`, `DisabledException`, `DryRunOperationException`,
        `InvalidGrantTokenException`, `InvalidKeyUsageException`, `KMSInternalException`,
        `KMSInvalidStateException`, `KeyUnavailableException`, `NotFoundException`,
        `UnsupportedOperationException`.
        """
        with loading:
            from ..operations.data_keys import GENERATE_DATA_KEY_PAIR_WITHOUT_PLAINTEXT

        return self._call(
            GENERATE_DATA_KEY_PAIR_WITHOUT_PLAINTEXT,
            timeout,
            key_id=key_id,
            key_pair_spec=key_pair_spec,
            encryption_context=encryption_context,
            grant_tokens=grant_tokens,
            dry_run=dry_run,
        )

    @operation
    def generate_random(
        self,
        number_of_bytes: int | None = None,
        *,
        custom_key_store_id: str | None = None,
        recipient: models.RecipientInfo | None = None,
        timeout: float | None = None,
    ) -> Invocation[models.GenerateRandomResponse]:
        """Give random bytes, fit for cryptography; no key has a part in it.

        `number_of_bytes`, 1 to 1024, has no default: KMS refuses a call without it. `custom_key_store_id` names a
        connected AWS CloudHSM key store whose cluster shall make the bytes. With `recipient`, the document of an
        attested environment, only that can read them: `ciphertext_for_recipient` then, and no `plaintext`.

        Permission: `kms:GenerateRandom`, in an IAM policy.

        Raises `CustomKeyStoreInvalidStateException`, `CustomKeyStoreNotFoundException`,
        `DependencyTimeoutException`, `KMSInternalException`, `UnsupportedOperationException`.
        """
        with loading:
            from ..operations.data_keys import GENERATE_RANDOM

        return self._call(
            GENERATE_RANDOM,
            timeout,
            number_of_bytes=number_of_bytes,
            custom_key_store_id=custom_key_store_id,
            recipient=recipient,
        )
