"""The rows about keys and their lives."""

from ..errors import (
    CloudHsmClusterInvalidConfigurationException,
    CustomKeyStoreInvalidStateException,
    CustomKeyStoreNotFoundException,
    DependencyTimeoutException,
    InvalidArnException,
    InvalidMarkerException,
    KMSInternalException,
    KMSInvalidStateException,
    LimitExceededException,
    MalformedPolicyDocumentException,
    NotFoundException,
    TagException,
    UnsupportedOperationException,
    XksKeyAlreadyInUseException,
    XksKeyInvalidConfigurationException,
    XksKeyNotFoundException,
)
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
    errors=(
        CloudHsmClusterInvalidConfigurationException,
        CustomKeyStoreInvalidStateException,
        CustomKeyStoreNotFoundException,
        DependencyTimeoutException,
        InvalidArnException,
        KMSInternalException,
        LimitExceededException,
        MalformedPolicyDocumentException,
        TagException,
        UnsupportedOperationException,
        XksKeyAlreadyInUseException,
        XksKeyInvalidConfigurationException,
        XksKeyNotFoundException,
    ),
    changes=True,
    replay_safe=False,  # the second would make another key, one that nobody knows and everybody pays for
)

DESCRIBE_KEY = Operation(
    name="DescribeKey",
    request=DescribeKeyRequest,
    response=DescribeKeyResponse,
    errors=(DependencyTimeoutException, InvalidArnException, KMSInternalException, NotFoundException),
    replay_safe=True,
    echoes=(("key_id", "key_metadata.key_id"),),
)

LIST_KEYS = Operation(
    name="ListKeys",
    request=ListKeysRequest,
    response=ListKeysResponse,
    errors=(DependencyTimeoutException, InvalidMarkerException, KMSInternalException),
    replay_safe=True,
    items="keys",
)

UPDATE_KEY_DESCRIPTION = Operation(
    name="UpdateKeyDescription",
    request=UpdateKeyDescriptionRequest,
    response=KMSResponse,
    errors=(
        DependencyTimeoutException,
        InvalidArnException,
        KMSInternalException,
        KMSInvalidStateException,
        NotFoundException,
    ),
    changes=True,
    replay_safe=True,
)

ENABLE_KEY = Operation(
    name="EnableKey",
    request=EnableKeyRequest,
    response=KMSResponse,
    errors=(
        DependencyTimeoutException,
        InvalidArnException,
        KMSInternalException,
        KMSInvalidStateException,
        LimitExceededException,
        NotFoundException,
    ),
    changes=True,
    replay_safe=True,  # an enabled key may be enabled
)

DISABLE_KEY = Operation(
    name="DisableKey",
    request=DisableKeyRequest,
    response=KMSResponse,
    errors=(
        DependencyTimeoutException,
        InvalidArnException,
        KMSInternalException,
        KMSInvalidStateException,
        NotFoundException,
    ),
    changes=True,
    replay_safe=True,  # a disabled key may be disabled
)

SCHEDULE_KEY_DELETION = Operation(
    name="ScheduleKeyDeletion",
    request=ScheduleKeyDeletionRequest,
    response=ScheduleKeyDeletionResponse,
    errors=(
        DependencyTimeoutException,
        InvalidArnException,
        KMSInternalException,
        KMSInvalidStateException,
        NotFoundException,
    ),
    changes=True,
    replay_safe=False,  # the second would be told that the key is in the wrong state, pending deletion
    echoes=KEY_ID,
)

CANCEL_KEY_DELETION = Operation(
    name="CancelKeyDeletion",
    request=CancelKeyDeletionRequest,
    response=CancelKeyDeletionResponse,
    errors=(
        DependencyTimeoutException,
        InvalidArnException,
        KMSInternalException,
        KMSInvalidStateException,
        NotFoundException,
    ),
    changes=True,
    replay_safe=False,  # the second would be told that the key is in the wrong state, disabled
    echoes=KEY_ID,
)
