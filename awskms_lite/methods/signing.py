"""The methods about signatures, public keys and message authentication codes."""

from __future__ import annotations

from collections.abc import Sequence

from .. import models
from ..loading import loading
from .binding import Invocation, Methods, operation


class SigningMethods(Methods):
    """Who wrote a message, and that it is still the same: signatures and message authentication codes."""

    @operation
    def sign(
        self,
        key_id: str,
        message: bytes,
        *,
        signing_algorithm: models.SigningAlgorithmSpec | str,
        message_type: models.MessageType | str | None = None,
        grant_tokens: Sequence[str] | None = None,
        dry_run: bool | None = None,
        timeout: float | None = None,
    ) -> Invocation[models.SignResponse]:
        """Sign a message of 1 to 4096 bytes, or the digest of a longer one, with an asymmetric key.

        `key_id` is a key id, an alias, or the ARN of either, which a key of another account needs.
        `message_type` says what `message` is: the message itself (RAW, also where it is None), its DIGEST by the
        hash function that the algorithm is named after, or, for ML-DSA, EXTERNAL_MU. ED25519_SHA_512 takes RAW
        only, ED25519_PH_SHA_512 only DIGEST. An ECDSA signature is DER, as RFC 3279 has it.

        `grant_tokens` make a new grant count before all of KMS knows it. With `dry_run`, a call that would
        succeed ends in `DryRunOperationException`.

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
        message: bytes,
        *,
        signature: bytes,
        signing_algorithm: models.SigningAlgorithmSpec | str,
        message_type: models.MessageType | str | None = None,
        grant_tokens: Sequence[str] | None = None,
        dry_run: bool | None = None,
        timeout: float | None = None,
    ) -> Invocation[models.VerifyResponse]:
        """Check a signature of `sign`, with the same key, message, `message_type` and algorithm.

        A signature that is not right raises `KMSInvalidSignatureException`: no answer says False. Without KMS,
        and without its quota and its permission, a signature can be checked by the key of `get_public_key`.

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
        self, key_id: str, *, grant_tokens: Sequence[str] | None = None, timeout: float | None = None
    ) -> Invocation[models.GetPublicKeyResponse]:
        """Give the public half of an asymmetric key, to encrypt, verify or agree on secrets outside KMS.

        `key_id` is a key id, an alias, or the ARN of either, which a key of another account needs. The key comes
        as DER (SubjectPublicKeyInfo, RFC 5280), with its spec, its usage and its algorithms: keep to them, since
        KMS cannot, for instance, decrypt what a key for signing encrypted. What is done with it outside is not
        seen by KMS. `grant_tokens` make a new grant count before all of KMS knows it.

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
        message: bytes,
        *,
        mac_algorithm: models.MacAlgorithmSpec | str,
        grant_tokens: Sequence[str] | None = None,
        dry_run: bool | None = None,
        timeout: float | None = None,
    ) -> Invocation[models.GenerateMacResponse]:
        """Make the authentication code (HMAC, RFC 2104) of a message of 1 to 4096 bytes, with an HMAC key.

        `key_id` is a key id, an alias, or the ARN of either, which a key of another account needs;
        `mac_algorithm` is the one that fits the key's spec. A digest is a message like any other here.
        `grant_tokens` make a new grant count before all of KMS knows it. With `dry_run`, a call that would
        succeed ends in `DryRunOperationException`.

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
        message: bytes,
        *,
        mac: bytes,
        mac_algorithm: models.MacAlgorithmSpec | str,
        grant_tokens: Sequence[str] | None = None,
        dry_run: bool | None = None,
        timeout: float | None = None,
    ) -> Invocation[models.VerifyMacResponse]:
        """Check an authentication code of `generate_mac`, with the same key, message and algorithm.

        A code that is not right raises `KMSInvalidMacException`: no answer says False. `grant_tokens` and
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
