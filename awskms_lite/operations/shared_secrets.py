"""The rows about shared secrets."""

from ..errors import (
    DependencyTimeoutException,
    DisabledException,
    DryRunOperationException,
    InvalidCiphertextException,
    InvalidGrantTokenException,
    InvalidKeyUsageException,
    KeyUnavailableException,
    KMSInternalException,
    KMSInvalidStateException,
    NotFoundException,
)
from ..models.shared_secrets import (
    DecapsulateRequest,
    DecapsulateResponse,
    DeriveSharedSecretRequest,
    DeriveSharedSecretResponse,
    EncapsulateRequest,
    EncapsulateResponse,
)
from . import KEY_ID, Operation

DERIVE_SHARED_SECRET = Operation(
    name="DeriveSharedSecret",
    request=DeriveSharedSecretRequest,
    response=DeriveSharedSecretResponse,
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
    replay_safe=True,
    echoes=KEY_ID,
)

ENCAPSULATE = Operation(
    name="Encapsulate",
    request=EncapsulateRequest,
    response=EncapsulateResponse,
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
    replay_safe=True,  # a secret that nobody has seen is shared with nobody
)

DECAPSULATE = Operation(
    name="Decapsulate",
    request=DecapsulateRequest,
    response=DecapsulateResponse,
    errors=(
        DependencyTimeoutException,
        DisabledException,
        DryRunOperationException,
        InvalidCiphertextException,
        InvalidGrantTokenException,
        InvalidKeyUsageException,
        KMSInternalException,
        KMSInvalidStateException,
        KeyUnavailableException,
        NotFoundException,
    ),
    replay_safe=True,
)
