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
    ProtocolError,
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


def _check_data_key(request: GenerateDataKeyRequest, answer: GenerateDataKeyResponse) -> None:
    """Raise `ProtocolError` for a data key of another length than was asked for, unless a recipient gets it."""
    if request.recipient is None:
        lengths = {"AES_128": 16, "AES_256": 32}
        _check_length(answer.plaintext, request.number_of_bytes or lengths.get(str(request.key_spec)))


def _check_random(request: GenerateRandomRequest, answer: GenerateRandomResponse) -> None:
    """Raise `ProtocolError` for another number of bytes than was asked for, unless a recipient gets them."""
    if request.recipient is None:
        _check_length(answer.plaintext, request.number_of_bytes)


def _check_length(plaintext: bytes | None, wanted: int | None) -> None:
    """Look at what will be used as a key: one that is empty or too short would encrypt all the same."""
    if not plaintext or (wanted is not None and len(plaintext) != wanted):
        expected = "some" if wanted is None else str(wanted)
        raise ProtocolError(f"Plaintext holds {len(plaintext or b'')} bytes, and {expected} were asked for")


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
    check=_check_data_key,
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
    check=_check_random,
)
