"""The methods about tags."""

from __future__ import annotations

from collections.abc import Sequence

from .. import models
from ..loading import loading
from .binding import Invocation, Methods, Pages, listing, operation


class TagMethods(Methods):
    """Tags of keys: for bills, for order, and for access by attributes."""

    @operation
    def tag_resource(
        self, key_id: str, tags: Sequence[models.Tag], *, timeout: float | None = None
    ) -> Invocation[models.KMSResponse]:
        """Put tags on a customer managed key; a tag whose key is there already gets the new value.

        `key_id` is a key id or a key ARN of this account and region. A tag's key has 1 to 128 characters, its
        value 0 to 256; keys that begin with "aws:" are AWS's own, and a KMS key holds 50 tags. Where policies
        decide by tags, this changes who may use the key, within some minutes.

        Permission: `kms:TagResource`, in the key's policy.

        Raises `InvalidArnException`, `KMSInternalException`, `KMSInvalidStateException`,
        `LimitExceededException`, `NotFoundException`, `TagException`.
        """
        with loading:
            from ..operations.tags import TAG_RESOURCE

        return self._call(TAG_RESOURCE, timeout, key_id=key_id, tags=tags)

    @operation
    def untag_resource(
        self, key_id: str, tag_keys: Sequence[str], *, timeout: float | None = None
    ) -> Invocation[models.KMSResponse]:
        """Take tags from a customer managed key, by their keys; one that is not there is passed over.

        `key_id` is a key id or a key ARN of this account and region. Where policies decide by tags, this
        changes who may use the key, within some minutes.

        Permission: `kms:UntagResource`, in the key's policy.

        Raises `InvalidArnException`, `KMSInternalException`, `KMSInvalidStateException`, `NotFoundException`,
        `TagException`.
        """
        with loading:
            from ..operations.tags import UNTAG_RESOURCE

        return self._call(UNTAG_RESOURCE, timeout, key_id=key_id, tag_keys=tag_keys)

    @operation
    def list_resource_tags(
        self,
        key_id: str,
        *,
        limit: int | None = None,
        marker: str | None = None,
        timeout: float | None = None,
    ) -> Invocation[models.ListResourceTagsResponse]:
        """Give a page of a key's tags.

        `key_id` is a key id or a key ARN of this account and region. `limit` bounds the page: KMS takes 1 to
        50, and gives 50 where it is None. Where the page is `truncated`, its `next_marker` is the `marker` of
        the next.

        Permission: `kms:ListResourceTags`, in the key's policy.

        Raises `InvalidArnException`, `InvalidMarkerException`, `KMSInternalException`, `NotFoundException`.
        """
        with loading:
            from ..operations.tags import LIST_RESOURCE_TAGS

        return self._call(LIST_RESOURCE_TAGS, timeout, key_id=key_id, limit=limit, marker=marker)

    @listing
    def iter_list_resource_tags(
        self,
        key_id: str,
        *,
        limit: int | None = None,
        marker: str | None = None,
        timeout: float | None = None,
    ) -> Pages[models.Tag]:
        """Go through all that `list_resource_tags` lists, page by page as they are needed.

        `limit` and `timeout` are for each page. `marker` is where to begin: that of a listing which was left, and
        which begins with the page in hand.
        """
        with loading:
            from ..operations.tags import LIST_RESOURCE_TAGS

        return self._pages(LIST_RESOURCE_TAGS, timeout, key_id=key_id, limit=limit, marker=marker)
