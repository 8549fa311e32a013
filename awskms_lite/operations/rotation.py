"""The operations on rotation of key material."""

from ..models.members import KMSResponse
from ..models.rotation import (
    DisableKeyRotationRequest,
    EnableKeyRotationRequest,
    GetKeyRotationStatusRequest,
    GetKeyRotationStatusResponse,
    ListKeyRotationsRequest,
    ListKeyRotationsResponse,
    RotateKeyOnDemandRequest,
    RotateKeyOnDemandResponse,
)
from . import KEY_ID, Operation

ENABLE_KEY_ROTATION = Operation(
    name="EnableKeyRotation",
    request=EnableKeyRotationRequest,
    response=KMSResponse,
    mutating=True,
    idempotent=True,  # the key rotates so already
)

DISABLE_KEY_ROTATION = Operation(
    name="DisableKeyRotation",
    request=DisableKeyRotationRequest,
    response=KMSResponse,
    mutating=True,
    idempotent=True,  # the key does not rotate by itself any more
)

GET_KEY_ROTATION_STATUS = Operation(
    name="GetKeyRotationStatus",
    request=GetKeyRotationStatusRequest,
    response=GetKeyRotationStatusResponse,
    idempotent=True,
    echoes=KEY_ID,
)

LIST_KEY_ROTATIONS = Operation(
    name="ListKeyRotations",
    request=ListKeyRotationsRequest,
    response=ListKeyRotationsResponse,
    idempotent=True,
    items="rotations",
    echoes=(("key_id", "rotations.key_id"),),
)

ROTATE_KEY_ON_DEMAND = Operation(
    name="RotateKeyOnDemand",
    request=RotateKeyOnDemandRequest,
    response=RotateKeyOnDemandResponse,
    mutating=True,
    idempotent=False,  # the second would rotate the key once more, of 25 times in its life
    echoes=KEY_ID,
)
