"""The methods for signatures, public keys and message authentication codes."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

from .. import models
from ..loading import loading
from .binding import Invocation, Methods, operation


class SigningMethods(Methods):
    """Signatures, public keys and message authentication codes."""

    @operation
    def sign(
        self,
        key_id: str,
        message: models.BytesLike,
        *,
        signing_algorithm: models.SigningAlgorithmSpecLike,
        message_type: models.MessageTypeLike | None = None,
        grant_tokens: Collection[str] | None = None,
        dry_run: bool | None = None,
        timeout: float | timedelta | None = None,
    ) -> Invocation[models.SignResponse]:
        """Sign a message of 1 to 4096 bytes, or the digest of a longer one, with an asymmetric key.

        `key_id` is a key id, an alias, or the ARN of either, which a key of another account needs. `message_type`
        is what `message` is: the message itself (RAW, also for None), its DIGEST by the hash function in the
        algorithm's name, or, for ML-DSA, EXTERNAL_MU. ED25519_SHA_512 takes RAW only, ED25519_PH_SHA_512 only
        DIGEST. An ECDSA signature is DER (RFC 3279).

        `grant_tokens` let a new grant apply before all of KMS knows it. With `dry_run`, a call that would succeed
        raises `DryRunOperationException`.

        Permission: `kms:Sign`, in the key's policy.

        Raises `DependencyTimeoutException`, `DisabledException`, `DryRunOperationException`,
        `InvalidGrantTokenException`, `InvalidKeyUsageException`, `KMSInternalException`,
        `KMSInvalidStateException`, `KeyUnavailableException`, `NotFoundException`.
        """
        with loading:
            from ..operations.signing import SIGN

        return self._call(
            SIGN,
            timeout,
            key_id=key_id,
            message=message,
            signing_algorithm=signing_algorithm,
            message_type=message_type,
            grant_tokens=grant_tokens,
            dry_run=dry_run,
        )

    @operation
    def verify(
        self,
        key_id: str,
        message: models.BytesLike,
        *,
        signature: models.BytesLike,
        signing_algorithm: models.SigningAlgorithmSpecLike,
        message_type: models.MessageTypeLike | None = None,
        grant_tokens: Collection[str] | None = None,
        dry_run: bool | None = None,
        timeout: float | timedelta | None = None,
    ) -> Invocation[models.VerifyResponse]:
        """Verify a signature of `sign`, with the same key, message, `message_type` and algorithm.

        An invalid signature raises `KMSInvalidSignatureException`: no answer has `signature_valid` False. With the
        key of `get_public_key` a signature can be verified without KMS, its quota and its permission.

        `grant_tokens` and `dry_run` are as for `sign`.

        Permission: `kms:Verify`, in the key's policy.

        Raises `DependencyTimeoutException`, `DisabledException`, `DryRunOperationException`,
        `InvalidGrantTokenException`, `InvalidKeyUsageException`, `KMSInternalException`,
        `KMSInvalidSignatureException`, `KMSInvalidStateException`, `KeyUnavailableException`,
        `NotFoundException`.
        """
        with loading:
            from ..operations.signing import VERIFY

        return self._call(
            VERIFY,
            timeout,
            key_id=key_id,
            message=message,
            signature=signature,
            signing_algorithm=signing_algorithm,
            message_type=message_type,
            grant_tokens=grant_tokens,
            dry_run=dry_run,
        )

    @operation
    def get_public_key(
        self, key_id: str, *, grant_tokens: Collection[str] | None = None, timeout: float | timedelta | None = None
    ) -> Invocation[models.GetPublicKeyResponse]:
        """Return the public key of an asymmetric key, to encrypt, verify or derive secrets outside KMS.

        `key_id` is a key id, an alias, or the ARN of either, which a key of another account needs. The key is DER
        (SubjectPublicKeyInfo, RFC 5280), with its spec, its usage and its algorithms: use no others, since KMS
        cannot, for instance, decrypt what a key for signing encrypted. KMS does not see how it is used outside.
        `grant_tokens` let a new grant apply before all of KMS knows it.

        Permission: `kms:GetPublicKey`, in the key's policy.

        Raises `DependencyTimeoutException`, `DisabledException`, `InvalidArnException`,
        `InvalidGrantTokenException`, `InvalidKeyUsageException`, `KMSInternalException`,
        `KMSInvalidStateException`, `KeyUnavailableException`, `NotFoundException`,
        `UnsupportedOperationException`.
        """
        with loading:
            from ..operations.signing import GET_PUBLIC_KEY

        return self._call(GET_PUBLIC_KEY, timeout, key_id=key_id, grant_tokens=grant_tokens)

    @operation
    def generate_mac(
        self,
        key_id: str,
        message: models.BytesLike,
        *,
        mac_algorithm: models.MacAlgorithmSpecLike,
        grant_tokens: Collection[str] | None = None,
        dry_run: bool | None = None,
        timeout: float | timedelta | None = None,
    ) -> Invocation[models.GenerateMacResponse]:
        """Generate the HMAC (RFC 2104) of a message of 1 to 4096 bytes, with an HMAC key.

        `key_id` is a key id, an alias, or the ARN of either, which a key of another account needs; `mac_algorithm`
        is the one of the key's spec. A digest is treated like any other message. `grant_tokens` let a new grant
        apply before all of KMS knows it. With `dry_run`, a call that would succeed raises
        `DryRunOperationException`.

        Permission: `kms:GenerateMac`, in the key's policy.

        Raises `DisabledException`, `DryRunOperationException`, `InvalidGrantTokenException`,
        `InvalidKeyUsageException`, `KMSInternalException`, `KMSInvalidStateException`,
        `KeyUnavailableException`, `NotFoundException`.
        """
        with loading:
            from ..operations.signing import GENERATE_MAC

        return self._call(
            GENERATE_MAC,
            timeout,
            key_id=key_id,
            message=message,
            mac_algorithm=mac_algorithm,
            grant_tokens=grant_tokens,
            dry_run=dry_run,
        )

    @operation
    def verify_mac(
        self,
        key_id: str,
        message: models.BytesLike,
        *,
        mac: models.BytesLike,
        mac_algorithm: models.MacAlgorithmSpecLike,
        grant_tokens: Collection[str] | None = None,
        dry_run: bool | None = None,
        timeout: float | timedelta | None = None,
    ) -> Invocation[models.VerifyMacResponse]:
        """Verify an HMAC of `generate_mac`, with the same key, message and algorithm.

        An invalid HMAC raises `KMSInvalidMacException`: no answer has `mac_valid` False. `grant_tokens` and
        `dry_run` are as for `generate_mac`.

        Permission: `kms:VerifyMac`, in the key's policy.

        Raises `DisabledException`, `DryRunOperationException`, `InvalidGrantTokenException`,
        `InvalidKeyUsageException`, `KMSInternalException`, `KMSInvalidMacException`,
        `KMSInvalidStateException`, `KeyUnavailableException`, `NotFoundException`.
        """
        with loading:
            from ..operations.signing import VERIFY_MAC

        return self._call(
            VERIFY_MAC,
            timeout,
            key_id=key_id,
            message=message,
            mac=mac,
            mac_algorithm=mac_algorithm,
            grant_tokens=grant_tokens,
            dry_run=dry_run,
        )
