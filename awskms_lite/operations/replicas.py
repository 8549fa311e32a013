"""The operations on replicas of multi-Region keys."""

from ..models.members import KMSResponse
from ..models.replicas import ReplicateKeyRequest, ReplicateKeyResponse, UpdatePrimaryRegionRequest
from . import Operation

REPLICATE_KEY = Operation(
    name="ReplicateKey",
    request=ReplicateKeyRequest,
    response=ReplicateKeyResponse,
    mutating=True,
    idempotent=False,  # the second would be told that the region has a replica already
    echoes=(("key_id", "replica_key_metadata.key_id"),),
)

UPDATE_PRIMARY_REGION = Operation(
    name="UpdatePrimaryRegion",
    request=UpdatePrimaryRegionRequest,
    response=KMSResponse,
    mutating=True,
    idempotent=False,  # the second would be told that the key is no primary
)
