"""The rows about the use of keys."""

from ..errors import (
    DependencyTimeoutException,
    InvalidArnException,
    KMSInternalException,
    NotFoundException,
)
from ..models.usage import GetKeyLastUsageRequest, GetKeyLastUsageResponse
from . import KEY_ID, Operation

GET_KEY_LAST_USAGE = Operation(
    name="GetKeyLastUsage",
    request=GetKeyLastUsageRequest,
    response=GetKeyLastUsageResponse,
    errors=(DependencyTimeoutException, InvalidArnException, KMSInternalException, NotFoundException),
    replay_safe=True,
    echoes=KEY_ID,
)
