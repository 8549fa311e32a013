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
    changes=True,
    replay_safe=False,  # the second would make another key, one that nobody knows and everybody pays for
)

DESCRIBE_KEY = Operation(
    name="DescribeKey",
    request=DescribeKeyRequest,
    response=DescribeKeyResponse,
    replay_safe=True,
    echoes=(("key_id", "key_metadata.key_id"),),
)

LIST_KEYS = Operation(
    name="ListKeys",
    request=ListKeysRequest,
    response=ListKeysResponse,
    replay_safe=True,
    items="keys",
)

UPDATE_KEY_DESCRIPTION = Operation(
    name="UpdateKeyDescription",
    request=UpdateKeyDescriptionRequest,
    response=KMSResponse,
    changes=True,
    replay_safe=True,
)

ENABLE_KEY = Operation(
    name="EnableKey",
    request=EnableKeyRequest,
    response=KMSResponse,
    changes=True,
    replay_safe=True,  # an enabled key may be enabled
)

DISABLE_KEY = Operation(
    name="DisableKey",
    request=DisableKeyRequest,
    response=KMSResponse,
    changes=True,
    replay_safe=True,  # a disabled key may be disabled
)

SCHEDULE_KEY_DELETION = Operation(
    name="ScheduleKeyDeletion",
    request=ScheduleKeyDeletionRequest,
    response=ScheduleKeyDeletionResponse,
    changes=True,
    replay_safe=False,  # the second would be told that the key is in the wrong state, pending deletion
    echoes=KEY_ID,
)

CANCEL_KEY_DELETION = Operation(
    name="CancelKeyDeletion",
    request=CancelKeyDeletionRequest,
    response=CancelKeyDeletionResponse,
    changes=True,
    replay_safe=False,  # the second would be told that the key is in the wrong state, disabled
    echoes=KEY_ID,
)
