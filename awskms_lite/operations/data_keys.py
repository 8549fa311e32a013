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
    replay_safe=True,  # nothing is encrypted under a data key that nobody has received
    echoes=KEY_ID,
)

GENERATE_DATA_KEY_WITHOUT_PLAINTEXT = Operation(
    name="GenerateDataKeyWithoutPlaintext",
    request=GenerateDataKeyWithoutPlaintextRequest,
    response=GenerateDataKeyWithoutPlaintextResponse,
    replay_safe=True,  # for the same reason as GenerateDataKey
    echoes=KEY_ID,
)

GENERATE_DATA_KEY_PAIR: Operation[
    GenerateDataKeyPairRequest, GenerateDataKeyPairResponse | GenerateDataKeyPairForRecipientResponse
] = Operation(
    name="GenerateDataKeyPair",
    request=GenerateDataKeyPairRequest,
    response=GenerateDataKeyPairResponse,
    for_recipient=GenerateDataKeyPairForRecipientResponse,
    replay_safe=True,  # for the same reason as GenerateDataKey
    echoes=KEY_ID,
)

GENERATE_DATA_KEY_PAIR_WITHOUT_PLAINTEXT = Operation(
    name="GenerateDataKeyPairWithoutPlaintext",
    request=GenerateDataKeyPairWithoutPlaintextRequest,
    response=GenerateDataKeyPairWithoutPlaintextResponse,
    replay_safe=True,  # for the same reason as GenerateDataKey
    echoes=KEY_ID,
)

GENERATE_RANDOM: Operation[GenerateRandomRequest, GenerateRandomResponse | GenerateRandomForRecipientResponse] = (
    Operation(
        name="GenerateRandom",
        request=GenerateRandomRequest,
        response=GenerateRandomResponse,
        for_recipient=GenerateRandomForRecipientResponse,
        replay_safe=True,
    )
)
