"""The rows about data keys and random bytes."""

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
    idempotent=True,  # nothing is encrypted under a data key that nobody has seen
    echoes=KEY_ID,
)

GENERATE_DATA_KEY_WITHOUT_PLAINTEXT = Operation(
    name="GenerateDataKeyWithoutPlaintext",
    request=GenerateDataKeyWithoutPlaintextRequest,
    response=GenerateDataKeyWithoutPlaintextResponse,
    idempotent=True,  # as with GenerateDataKey
    echoes=KEY_ID,
)

GENERATE_DATA_KEY_PAIR = Operation(
    name="GenerateDataKeyPair",
    request=GenerateDataKeyPairRequest,
    response=GenerateDataKeyPairResponse,
    idempotent=True,  # as with GenerateDataKey
    echoes=KEY_ID,
)

GENERATE_DATA_KEY_PAIR_WITHOUT_PLAINTEXT = Operation(
    name="GenerateDataKeyPairWithoutPlaintext",
    request=GenerateDataKeyPairWithoutPlaintextRequest,
    response=GenerateDataKeyPairWithoutPlaintextResponse,
    idempotent=True,  # as with GenerateDataKey
    echoes=KEY_ID,
)

GENERATE_RANDOM = Operation(
    name="GenerateRandom",
    request=GenerateRandomRequest,
    response=GenerateRandomResponse,
    idempotent=True,
)
