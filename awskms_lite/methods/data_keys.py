"""The methods for data keys and random bytes."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import overload

from .. import models
from ..loading import loading
from .binding import Async, Awaited, Invocation, Methods, Sync, operation, overloaded


class DataKeyMethods(Methods):
    """Data keys and random bytes from KMS, for cryptography outside it."""

    @overload
    def generate_data_key(
        self: Sync,
        key_id: str,
        *,
        encryption_context: Mapping[str, str] | None = None,
        number_of_bytes: None = None,
        key_spec: models.DataKeySpecLike,
        grant_tokens: Collection[str] | None = None,
        recipient: None = None,
        dry_run: bool | None = None,
        timeout: float | timedelta | None = None,
    ) -> models.GenerateDataKeyResponse: ...

    @overload
    def generate_data_key(
        self: Async,
        key_id: str,
        *,
        encryption_context: Mapping[str, str] | None = None,
        number_of_bytes: None = None,
        key_spec: models.DataKeySpecLike,
        grant_tokens: Collection[str] | None = None,
        recipient: None = None,
        dry_run: bool | None = None,
        timeout: float | timedelta | None = None,
    ) -> Awaited[models.GenerateDataKeyResponse]: ...

    @overload
    def generate_data_key(
        self: Sync,
        key_id: str,
        *,
        encryption_context: Mapping[str, str] | None = None,
        number_of_bytes: int,
        key_spec: None = None,
        grant_tokens: Collection[str] | None = None,
        recipient: None = None,
        dry_run: bool | None = None,
        timeout: float | timedelta | None = None,
    ) -> models.GenerateDataKeyResponse: ...

    @overload
    def generate_data_key(
        self: Async,
        key_id: str,
        *,
        encryption_context: Mapping[str, str] | None = None,
        number_of_bytes: int,
        key_spec: None = None,
        grant_tokens: Collection[str] | None = None,
        recipient: None = None,
        dry_run: bool | None = None,
        timeout: float | timedelta | None = None,
    ) -> Awaited[models.GenerateDataKeyResponse]: ...

    @overload
    def generate_data_key(
        self: Sync,
        key_id: str,
        *,
        encryption_context: Mapping[str, str] | None = None,
        number_of_bytes: None = None,
        key_spec: models.DataKeySpecLike,
        grant_tokens: Collection[str] | None = None,
        recipient: models.RecipientInfo,
        dry_run: bool | None = None,
        timeout: float | timedelta | None = None,
    ) -> models.GenerateDataKeyForRecipientResponse: ...

    @overload
    def generate_data_key(
        self: Async,
        key_id: str,
        *,
        encryption_context: Mapping[str, str] | None = None,
        number_of_bytes: None = None,
        key_spec: models.DataKeySpecLike,
        grant_tokens: Collection[str] | None = None,
        recipient: models.RecipientInfo,
        dry_run: bool | None = None,
        timeout: float | timedelta | None = None,
    ) -> Awaited[models.GenerateDataKeyForRecipientResponse]: ...

    @overload
    def generate_data_key(
        self: Sync,
        key_id: str,
        *,
        encryption_context: Mapping[str, str] | None = None,
        number_of_bytes: int,
        key_spec: None = None,
        grant_tokens: Collection[str] | None = None,
        recipient: models.RecipientInfo,
        dry_run: bool | None = None,
        timeout: float | timedelta | None = None,
    ) -> models.GenerateDataKeyForRecipientResponse: ...

    @overload
    def generate_data_key(
        self: Async,
        key_id: str,
        *,
        encryption_context: Mapping[str, str] | None = None,
        number_of_bytes: int,
        key_spec: None = None,
        grant_tokens: Collection[str] | None = None,
        recipient: models.RecipientInfo,
        dry_run: bool | None = None,
        timeout: float | timedelta | None = None,
    ) -> Awaited[models.GenerateDataKeyForRecipientResponse]: ...

    @overloaded
    def generate_data_key(
        self,
        key_id: str,
        *,
        encryption_context: Mapping[str, str] | None = None,
        number_of_bytes: int | None = None,
        key_spec: models.DataKeySpecLike | None = None,
        grant_tokens: Collection[str] | None = None,
        recipient: models.RecipientInfo | None = None,
        dry_run: bool | None = None,
        timeout: float | timedelta | None = None,
    ) -> Invocation[models.GenerateDataKeyResponse | models.GenerateDataKeyForRecipientResponse]:
        """Generate a data key to encrypt data outside KMS: as plaintext, and encrypted under a symmetric key.

        Pass either `key_spec`, AES_256 (32 bytes) or AES_128 (16), or `number_of_bytes`, 1 to 1024. Encrypt with
        `plaintext`, then discard it, and store `ciphertext_blob` with the data: `decrypt` returns the data key.
        KMS does not see how the data key is used, and does not count that as a use of the key.

        `key_id` is a key id, an alias, or the ARN of either, which a key of another account needs.
        `encryption_context` is bound to `ciphertext_blob`, and `decrypt` needs the same; it is not secret. With
        `recipient`, an attested environment, the answer has `ciphertext_for_recipient`, which only that
        environment can decrypt, in place of `plaintext`. `grant_tokens` let a new grant apply before all of KMS
        knows it. With `dry_run`, a call that would succeed raises `DryRunOperationException`.

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

    @overload
    def generate_data_key_without_plaintext(
        self: Sync,
        key_id: str,
        *,
        encryption_context: Mapping[str, str] | None = None,
        key_spec: models.DataKeySpecLike,
        number_of_bytes: None = None,
        grant_tokens: Collection[str] | None = None,
        dry_run: bool | None = None,
        timeout: float | timedelta | None = None,
    ) -> models.GenerateDataKeyWithoutPlaintextResponse: ...

    @overload
    def generate_data_key_without_plaintext(
        self: Async,
        key_id: str,
        *,
        encryption_context: Mapping[str, str] | None = None,
        key_spec: models.DataKeySpecLike,
        number_of_bytes: None = None,
        grant_tokens: Collection[str] | None = None,
        dry_run: bool | None = None,
        timeout: float | timedelta | None = None,
    ) -> Awaited[models.GenerateDataKeyWithoutPlaintextResponse]: ...

    @overload
    def generate_data_key_without_plaintext(
        self: Sync,
        key_id: str,
        *,
        encryption_context: Mapping[str, str] | None = None,
        key_spec: None = None,
        number_of_bytes: int,
        grant_tokens: Collection[str] | None = None,
        dry_run: bool | None = None,
        timeout: float | timedelta | None = None,
    ) -> models.GenerateDataKeyWithoutPlaintextResponse: ...

    @overload
    def generate_data_key_without_plaintext(
        self: Async,
        key_id: str,
        *,
        encryption_context: Mapping[str, str] | None = None,
        key_spec: None = None,
        number_of_bytes: int,
        grant_tokens: Collection[str] | None = None,
        dry_run: bool | None = None,
        timeout: float | timedelta | None = None,
    ) -> Awaited[models.GenerateDataKeyWithoutPlaintextResponse]: ...

    @overloaded
    def generate_data_key_without_plaintext(
        self,
        key_id: str,
        *,
        encryption_context: Mapping[str, str] | None = None,
        key_spec: models.DataKeySpecLike | None = None,
        number_of_bytes: int | None = None,
        grant_tokens: Collection[str] | None = None,
        dry_run: bool | None = None,
        timeout: float | timedelta | None = None,
    ) -> Invocation[models.GenerateDataKeyWithoutPlaintextResponse]:
        """Generate a data key as `generate_data_key` does, but return it only encrypted.

        It is for callers who need the data key later, or pass it to someone else who may `decrypt` it. Pass either
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

    @overload
    def generate_data_key_pair(
        self: Sync,
        key_id: str,
        key_pair_spec: models.DataKeyPairSpecLike,
        *,
        encryption_context: Mapping[str, str] | None = None,
        grant_tokens: Collection[str] | None = None,
        recipient: None = None,
        dry_run: bool | None = None,
        timeout: float | timedelta | None = None,
    ) -> models.GenerateDataKeyPairResponse: ...

    @overload
    def generate_data_key_pair(
        self: Async,
        key_id: str,
        key_pair_spec: models.DataKeyPairSpecLike,
        *,
        encryption_context: Mapping[str, str] | None = None,
        grant_tokens: Collection[str] | None = None,
        recipient: None = None,
        dry_run: bool | None = None,
        timeout: float | timedelta | None = None,
    ) -> Awaited[models.GenerateDataKeyPairResponse]: ...

    @overload
    def generate_data_key_pair(
        self: Sync,
        key_id: str,
        key_pair_spec: models.DataKeyPairSpecLike,
        *,
        encryption_context: Mapping[str, str] | None = None,
        grant_tokens: Collection[str] | None = None,
        recipient: models.RecipientInfo,
        dry_run: bool | None = None,
        timeout: float | timedelta | None = None,
    ) -> models.GenerateDataKeyPairForRecipientResponse: ...

    @overload
    def generate_data_key_pair(
        self: Async,
        key_id: str,
        key_pair_spec: models.DataKeyPairSpecLike,
        *,
        encryption_context: Mapping[str, str] | None = None,
        grant_tokens: Collection[str] | None = None,
        recipient: models.RecipientInfo,
        dry_run: bool | None = None,
        timeout: float | timedelta | None = None,
    ) -> Awaited[models.GenerateDataKeyPairForRecipientResponse]: ...

    @overloaded
    def generate_data_key_pair(
        self,
        key_id: str,
        key_pair_spec: models.DataKeyPairSpecLike,
        *,
        encryption_context: Mapping[str, str] | None = None,
        grant_tokens: Collection[str] | None = None,
        recipient: models.RecipientInfo | None = None,
        dry_run: bool | None = None,
        timeout: float | timedelta | None = None,
    ) -> Invocation[models.GenerateDataKeyPairResponse | models.GenerateDataKeyPairForRecipientResponse]:
        """Generate a key pair for use outside KMS, with the private key as plaintext and encrypted.

        `key_id` is the symmetric key to encrypt the private key under, which is in no custom key store: a key id,
        an alias, or the ARN of either. The public key is DER (SubjectPublicKeyInfo, RFC 5280), and so is the
        private key (PrivateKeyInfo, PKCS #8). `decrypt` returns it from `private_key_ciphertext_blob`.

        `encryption_context`, `grant_tokens`, `recipient` and `dry_run` are as for `generate_data_key`. RSA key
        pairs take KMS some time, and its quota for them is low.

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
        key_pair_spec: models.DataKeyPairSpecLike,
        *,
        encryption_context: Mapping[str, str] | None = None,
        grant_tokens: Collection[str] | None = None,
        dry_run: bool | None = None,
        timeout: float | timedelta | None = None,
    ) -> Invocation[models.GenerateDataKeyPairWithoutPlaintextResponse]:
        """Generate a key pair as `generate_data_key_pair` does, but return the private key only encrypted.

        The public key can be used at once; `decrypt` returns the private key.

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

    @overload
    def generate_random(
        self: Sync,
        number_of_bytes: int | None = None,
        *,
        custom_key_store_id: str | None = None,
        recipient: None = None,
        timeout: float | timedelta | None = None,
    ) -> models.GenerateRandomResponse: ...

    @overload
    def generate_random(
        self: Async,
        number_of_bytes: int | None = None,
        *,
        custom_key_store_id: str | None = None,
        recipient: None = None,
        timeout: float | timedelta | None = None,
    ) -> Awaited[models.GenerateRandomResponse]: ...

    @overload
    def generate_random(
        self: Sync,
        number_of_bytes: int | None = None,
        *,
        custom_key_store_id: str | None = None,
        recipient: models.RecipientInfo,
        timeout: float | timedelta | None = None,
    ) -> models.GenerateRandomForRecipientResponse: ...

    @overload
    def generate_random(
        self: Async,
        number_of_bytes: int | None = None,
        *,
        custom_key_store_id: str | None = None,
        recipient: models.RecipientInfo,
        timeout: float | timedelta | None = None,
    ) -> Awaited[models.GenerateRandomForRecipientResponse]: ...

    @overloaded
    def generate_random(
        self,
        number_of_bytes: int | None = None,
        *,
        custom_key_store_id: str | None = None,
        recipient: models.RecipientInfo | None = None,
        timeout: float | timedelta | None = None,
    ) -> Invocation[models.GenerateRandomResponse | models.GenerateRandomForRecipientResponse]:
        """Return random bytes that are fit for cryptography; no key is involved.

        `number_of_bytes`, 1 to 1024, has no default: KMS refuses a call without it. `custom_key_store_id` names a
        connected AWS CloudHSM key store whose cluster generates the bytes. With `recipient`, an attested
        environment, the answer has `ciphertext_for_recipient`, which only that environment can decrypt, in place
        of `plaintext`.

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
