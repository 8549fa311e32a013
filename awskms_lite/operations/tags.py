"""The operations on tags."""

from ..models.members import KMSResponse
from ..models.tags import (
    ListResourceTagsRequest,
    ListResourceTagsResponse,
    TagResourceRequest,
    UntagResourceRequest,
)
from . import Operation

TAG_RESOURCE = Operation(
    name="TagResource",
    request=TagResourceRequest,
    response=KMSResponse,
    mutating=True,
    idempotent=True,  # the key has those tags already
)

UNTAG_RESOURCE = Operation(
    name="UntagResource",
    request=UntagResourceRequest,
    response=KMSResponse,
    mutating=True,
    idempotent=True,  # a tag that is not there is passed over
)

LIST_RESOURCE_TAGS = Operation(
    name="ListResourceTags",
    request=ListResourceTagsRequest,
    response=ListResourceTagsResponse,
    idempotent=True,
    items="tags",
)
