"""The rows about data keys and random bytes."""

from ..errors import (
    CustomKeyStoreInvalidStateException,
    CustomKeyStoreNotFoundException,
    DependencyTimeoutException,
    DisabledException,
    DryRunOperationException,
    InvalidGrantTokenException,
    InvalidKeyUsageException,
    KeyUnavailableException,
    KMSInternalException,
    KMSInvalidStateException,
    NotFoundException,
    UnsupportedOperationException,
)
from ..models.data_keys import (
    GenerateDataKeyPairRequest,
    GenerateDataKeyPairResponse,
    GenerateDataKeyPairWithoutPlaintextRequest,
    GenerateDataKeyPairWithoutPlaintextResponse,
    GenerateDataKeyRequest,
    GenerateDataKeyResponse,
    GenerateDataKeyWithoutPlaintextRequest,
    GenerateDataKeyWithoutPlaintextResponse,
    GenerateRandomRequest,
    GenerateRandomResponse,
)
from . import KEY_ID, Operation

GENERATE_DATA_KEY = Operation(
    name="GenerateDataKey",
    request=GenerateDataKeyRequest,
    response=GenerateDataKeyResponse,
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
    replay_safe=True,  # nothing is encrypted under a data key that nobody has seen
    echoes=KEY_ID,
)

GENERATE_DATA_KEY_WITHOUT_PLAINTEXT = Operation(
    name="GenerateDataKeyWithoutPlaintext",
    request=GenerateDataKeyWithoutPlaintextRequest,
    response=GenerateDataKeyWithoutPlaintextResponse,
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
    replay_safe=True,  # as with GenerateDataKey
    echoes=KEY_ID,
)

GENERATE_DATA_KEY_PAIR = Operation(
    name="GenerateDataKeyPair",
    request=GenerateDataKeyPairRequest,
    response=GenerateDataKeyPairResponse,
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
        UnsupportedOperationException,
    ),
    replay_safe=True,  # as with GenerateDataKey
    echoes=KEY_ID,
)

GENERATE_DATA_KEY_PAIR_WITHOUT_PLAINTEXT = Operation(
    name="GenerateDataKeyPairWithoutPlaintext",
    request=GenerateDataKeyPairWithoutPlaintextRequest,
    response=GenerateDataKeyPairWithoutPlaintextResponse,
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
        UnsupportedOperationException,
    ),
    replay_safe=True,  # as with GenerateDataKey
    echoes=KEY_ID,
)

GENERATE_RANDOM = Operation(
    name="GenerateRandom",
    request=GenerateRandomRequest,
    response=GenerateRandomResponse,
    errors=(
        CustomKeyStoreInvalidStateException,
        CustomKeyStoreNotFoundException,
        DependencyTimeoutException,
        KMSInternalException,
        UnsupportedOperationException,
    ),
    replay_safe=True,
)
