"""The rows about signatures, public keys and message authentication codes."""

from ..errors import (
    DependencyTimeoutException,
    DisabledException,
    DryRunOperationException,
    InvalidArnException,
    InvalidGrantTokenException,
    InvalidKeyUsageException,
    KeyUnavailableException,
    KMSInternalException,
    KMSInvalidMacException,
    KMSInvalidSignatureException,
    KMSInvalidStateException,
    NotFoundException,
    UnsupportedOperationException,
)
from ..models.signing import (
    GenerateMacRequest,
    GenerateMacResponse,
    GetPublicKeyRequest,
    GetPublicKeyResponse,
    SignRequest,
    SignResponse,
    VerifyMacRequest,
    VerifyMacResponse,
    VerifyRequest,
    VerifyResponse,
)
from . import Operation

SIGN = Operation(
    name="Sign",
    request=SignRequest,
    response=SignResponse,
    errors=(
        DependencyTimeoutException,
        DisabledException,
        DryRunOperationException,
        InvalidGrantTokenException,
        InvalidKeyUsageException,
        KMSInternalException,
        KMSInvalidStateException,
        KeyUnavailableException,
        NotFoundException,
    ),
    replay_safe=True,  # a second signature of the same message says no more than the first
)

VERIFY = Operation(
    name="Verify",
    request=VerifyRequest,
    response=VerifyResponse,
    errors=(
        DependencyTimeoutException,
        DisabledException,
        DryRunOperationException,
        InvalidGrantTokenException,
        InvalidKeyUsageException,
        KMSInternalException,
        KMSInvalidSignatureException,
        KMSInvalidStateException,
        KeyUnavailableException,
        NotFoundException,
    ),
    replay_safe=True,
)

GET_PUBLIC_KEY = Operation(
    name="GetPublicKey",
    request=GetPublicKeyRequest,
    response=GetPublicKeyResponse,
    errors=(
        DependencyTimeoutException,
        DisabledException,
        InvalidArnException,
        InvalidGrantTokenException,
        InvalidKeyUsageException,
        KMSInternalException,
        KMSInvalidStateException,
        KeyUnavailableException,
        NotFoundException,
        UnsupportedOperationException,
    ),
    replay_safe=True,
)

GENERATE_MAC = Operation(
    name="GenerateMac",
    request=GenerateMacRequest,
    response=GenerateMacResponse,
    errors=(
        DisabledException,
        DryRunOperationException,
        InvalidGrantTokenException,
        InvalidKeyUsageException,
        KMSInternalException,
        KMSInvalidStateException,
        KeyUnavailableException,
        NotFoundException,
    ),
    replay_safe=True,
)

VERIFY_MAC = Operation(
    name="VerifyMac",
    request=VerifyMacRequest,
    response=VerifyMacResponse,
    errors=(
        DisabledException,
        DryRunOperationException,
        InvalidGrantTokenException,
        InvalidKeyUsageException,
        KMSInternalException,
        KMSInvalidMacException,
        KMSInvalidStateException,
        KeyUnavailableException,
        NotFoundException,
    ),
    replay_safe=True,
)
