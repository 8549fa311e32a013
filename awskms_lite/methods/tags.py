"""The methods for tags."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

from .. import models
from ..loading import loading
from .binding import Invocation, Methods, Pages, listing, operation


class TagMethods(Methods):
    """Tags of keys: for cost allocation, for organization, and for attribute-based access."""

    @operation
    def tag_resource(
        self, key_id: str, tags: models.TagsLike, *, timeout: float | timedelta | None = None
    ) -> Invocation[models.KMSResponse]:
        """Add tags to a customer managed key; a tag whose key exists already gets the new value.

        `key_id` is a key id or a key ARN of this account and region. `tags` is a mapping of keys to values, or
        `Tag` objects; a tag's key has 1 to 128 characters, its value 0 to 256; keys that begin with "aws:" are
        AWS's own, and a KMS key holds 50 tags. If policies depend on tags, this changes who may use the key,
        within some minutes.

        Permission: `kms:TagResource`, in the key's policy.

        Raises `InvalidArnException`, `KMSInternalException`, `KMSInvalidStateException`,
        `LimitExceededException`, `NotFoundException`, `TagException`.
        """
        with loading:
            from ..operations.tags import TAG_RESOURCE

        return self._call(TAG_RESOURCE, timeout, key_id=key_id, tags=tags)

    @operation
    def untag_resource(
        self, key_id: str, tag_keys: Collection[str], *, timeout: float | timedelta | None = None
    ) -> Invocation[models.KMSResponse]:
        """Remove tags from a customer managed key, by their keys; one that the key does not have is ignored.

        `key_id` is a key id or a key ARN of this account and region. If policies depend on tags, this changes who
        may use the key, within some minutes.

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
        timeout: float | timedelta | None = None,
    ) -> Invocation[models.ListResourceTagsResponse]:
        """Return a page of a key's tags.

        `key_id` is a key id or a key ARN of this account and region. `limit` bounds the page: KMS takes 1 to 50,
        and returns 50 if it is None. If the page is `truncated`, its `next_marker` is the `marker` of the next.

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
        page_size: int | None = None,
        max_items: int | None = None,
        marker: str | None = None,
        timeout: float | timedelta | None = None,
    ) -> Pages[models.Tag]:
        """Return an iterator over all that `list_resource_tags` lists, page by page.

        `page_size` bounds the items of a page, as `limit` of `list_resource_tags` does, and `max_items` the items
        of the iterator, which then asks for no further page. `timeout` is for each page. `marker` is where to
        begin: the `marker` of an iterator that was not used up, which leads to the page in hand.
        """
        with loading:
            from ..operations.tags import LIST_RESOURCE_TAGS

        return self._pages(
            LIST_RESOURCE_TAGS, timeout, key_id=key_id, page_size=page_size, max_items=max_items, marker=marker
        )
