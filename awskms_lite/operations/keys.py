"""The rows about keys and their lives."""

from ..errors import DependencyTimeoutException, InvalidArnException, KMSInternalException, NotFoundException
from ..models.keys import DescribeKeyRequest, DescribeKeyResponse
from . import Operation

DESCRIBE_KEY = Operation(
    name="DescribeKey",
    request=DescribeKeyRequest,
    response=DescribeKeyResponse,
    errors=(DependencyTimeoutException, InvalidArnException, KMSInternalException, NotFoundException),
    replay_safe=True,
)
