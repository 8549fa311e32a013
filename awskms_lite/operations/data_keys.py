"""The operations on data keys and random bytes."""

from ..models.data_keys import (
    GenerateDataKeyForRecipientResponse,
    GenerateDataKeyPairForRecipientResponse,
    GenerateDataKeyPairRequest,
    GenerateDataKeyPairResponse,
    GenerateDataKeyPairWithoutPlaintextRequest,
    GenerateDataKeyPairWithoutPlaintextResponse,
    GenerateDataKeyRequest,
    GenerateDataKeyResponse,
    GenerateDataKeyWithoutPlaintextRequest,
    GenerateDataKeyWithoutPlaintextResponse,
    GenerateRandomForRecipientResponse,
    GenerateRandomRequest,
    GenerateRandomResponse,
)
from . import KEY_ID, Operation

GENERATE_DATA_KEY: Operation[
    GenerateDataKeyRequest, GenerateDataKeyResponse | GenerateDataKeyForRecipientResponse
] = Operation(
    name="GenerateDataKey",
    request=GenerateDataKeyRequest,
    response=GenerateDataKeyResponse,
    for_recipient=GenerateDataKeyForRecipientResponse,
    idempotent=True,  # nothing is encrypted under a data key that nobody has received
    echoes=KEY_ID,
)

GENERATE_DATA_KEY_WITHOUT_PLAINTEXT = Operation(
    name="GenerateDataKeyWithoutPlaintext",
    request=GenerateDataKeyWithoutPlaintextRequest,
    response=GenerateDataKeyWithoutPlaintextResponse,
    idempotent=True,  # for the same reason as GenerateDataKey
    echoes=KEY_ID,
)

GENERATE_DATA_KEY_PAIR: Operation[
    GenerateDataKeyPairRequest, GenerateDataKeyPairResponse | GenerateDataKeyPairForRecipientResponse
] = Operation(
    name="GenerateDataKeyPair",
    request=GenerateDataKeyPairRequest,
    response=GenerateDataKeyPairResponse,
    for_recipient=GenerateDataKeyPairForRecipientResponse,
    idempotent=True,  # for the same reason as GenerateDataKey
    echoes=KEY_ID,
)

GENERATE_DATA_KEY_PAIR_WITHOUT_PLAINTEXT = Operation(
    name="GenerateDataKeyPairWithoutPlaintext",
    request=GenerateDataKeyPairWithoutPlaintextRequest,
    response=GenerateDataKeyPairWithoutPlaintextResponse,
    idempotent=True,  # for the same reason as GenerateDataKey
    echoes=KEY_ID,
)

GENERATE_RANDOM: Operation[GenerateRandomRequest, GenerateRandomResponse | GenerateRandomForRecipientResponse] = (
    Operation(
        name="GenerateRandom",
        request=GenerateRandomRequest,
        response=GenerateRandomResponse,
        for_recipient=GenerateRandomForRecipientResponse,
        idempotent=True,
    )
)
