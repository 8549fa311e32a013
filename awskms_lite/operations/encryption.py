"""The rows about encrypting and decrypting."""

from ..errors import (
    DependencyTimeoutException,
    DisabledException,
    DryRunOperationException,
    IncorrectKeyException,
    InvalidCiphertextException,
    InvalidGrantTokenException,
    InvalidKeyUsageException,
    KeyUnavailableException,
    KMSInternalException,
    KMSInvalidStateException,
    NotFoundException,
)
from ..models.encryption import (
    DecryptRequest,
    DecryptResponse,
    EncryptRequest,
    EncryptResponse,
    ReEncryptRequest,
    ReEncryptResponse,
)
from . import Operation

ENCRYPT = Operation(
    name="Encrypt",
    request=EncryptRequest,
    response=EncryptResponse,
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
    replay_safe=True,  # a ciphertext that nobody has seen is of no use
)

DECRYPT = Operation(
    name="Decrypt",
    request=DecryptRequest,
    response=DecryptResponse,
    errors=(
        DependencyTimeoutException,
        DisabledException,
        DryRunOperationException,
        IncorrectKeyException,
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

RE_ENCRYPT = Operation(
    name="ReEncrypt",
    request=ReEncryptRequest,
    response=ReEncryptResponse,
    errors=(
        DependencyTimeoutException,
        DisabledException,
        DryRunOperationException,
        IncorrectKeyException,
        InvalidCiphertextException,
        InvalidGrantTokenException,
        InvalidKeyUsageException,
        KMSInternalException,
        KMSInvalidStateException,
        KeyUnavailableException,
        NotFoundException,
    ),
    replay_safe=True,  # the old ciphertext stays good
)
