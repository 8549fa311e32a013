"""The operations on keys and their lives."""

from ..models.keys import (
    CancelKeyDeletionRequest,
    CancelKeyDeletionResponse,
    CreateKeyRequest,
    CreateKeyResponse,
    DescribeKeyRequest,
    DescribeKeyResponse,
    DisableKeyRequest,
    EnableKeyRequest,
    ListKeysRequest,
    ListKeysResponse,
    ScheduleKeyDeletionRequest,
    ScheduleKeyDeletionResponse,
    UpdateKeyDescriptionRequest,
)
from ..models.members import KMSResponse
from . import KEY_ID, Operation

CREATE_KEY = Operation(
    name="CreateKey",
    request=CreateKeyRequest,
    response=CreateKeyResponse,
    mutating=True,
    idempotent=False,  # the second would make another key, one that nobody knows and everybody pays for
)

DESCRIBE_KEY = Operation(
    name="DescribeKey",
    request=DescribeKeyRequest,
    response=DescribeKeyResponse,
    idempotent=True,
    echoes=(("key_id", "key_metadata.key_id"),),
)

LIST_KEYS = Operation(
    name="ListKeys",
    request=ListKeysRequest,
    response=ListKeysResponse,
    idempotent=True,
    items="keys",
)

UPDATE_KEY_DESCRIPTION = Operation(
    name="UpdateKeyDescription",
    request=UpdateKeyDescriptionRequest,
    response=KMSResponse,
    mutating=True,
    idempotent=True,
)

ENABLE_KEY = Operation(
    name="EnableKey",
    request=EnableKeyRequest,
    response=KMSResponse,
    mutating=True,
    idempotent=True,  # an enabled key may be enabled
)

DISABLE_KEY = Operation(
    name="DisableKey",
    request=DisableKeyRequest,
    response=KMSResponse,
    mutating=True,
    idempotent=True,  # a disabled key may be disabled
)

SCHEDULE_KEY_DELETION = Operation(
    name="ScheduleKeyDeletion",
    request=ScheduleKeyDeletionRequest,
    response=ScheduleKeyDeletionResponse,
    mutating=True,
    idempotent=False,  # the second would be told that the key is in the wrong state, pending deletion
    echoes=KEY_ID,
)

CANCEL_KEY_DELETION = Operation(
    name="CancelKeyDeletion",
    request=CancelKeyDeletionRequest,
    response=CancelKeyDeletionResponse,
    mutating=True,
    idempotent=False,  # the second would be told that the key is in the wrong state, disabled
    echoes=KEY_ID,
)
