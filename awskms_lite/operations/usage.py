"""The operation on the use of keys."""

from ..models.usage import GetKeyLastUsageRequest, GetKeyLastUsageResponse
from . import KEY_ID, Operation

GET_KEY_LAST_USAGE = Operation(
    name="GetKeyLastUsage",
    request=GetKeyLastUsageRequest,
    response=GetKeyLastUsageResponse,
    idempotent=True,
    echoes=KEY_ID,
)
