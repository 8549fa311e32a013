"""The rows about replicas of multi-Region keys."""

from ..errors import (
    AlreadyExistsException,
    DisabledException,
    InvalidArnException,
    KMSInternalException,
    KMSInvalidStateException,
    LimitExceededException,
    MalformedPolicyDocumentException,
    NotFoundException,
    TagException,
    UnsupportedOperationException,
)
from ..models.members import KMSResponse
from ..models.replicas import ReplicateKeyRequest, ReplicateKeyResponse, UpdatePrimaryRegionRequest
from . import Operation

REPLICATE_KEY = Operation(
    name="ReplicateKey",
    request=ReplicateKeyRequest,
    response=ReplicateKeyResponse,
    errors=(
        AlreadyExistsException,
        DisabledException,
        InvalidArnException,
        KMSInternalException,
        KMSInvalidStateException,
        LimitExceededException,
        MalformedPolicyDocumentException,
        NotFoundException,
        TagException,
        UnsupportedOperationException,
    ),
    changes=True,
    replay_safe=False,  # the second would be told that the region has a replica already
    echoes=(("key_id", "replica_key_metadata.key_id"),),
)

UPDATE_PRIMARY_REGION = Operation(
    name="UpdatePrimaryRegion",
    request=UpdatePrimaryRegionRequest,
    response=KMSResponse,
    errors=(
        DisabledException,
        InvalidArnException,
        KMSInternalException,
        KMSInvalidStateException,
        NotFoundException,
        UnsupportedOperationException,
    ),
    changes=True,
    replay_safe=False,  # the second would be told that the key is no primary
)
