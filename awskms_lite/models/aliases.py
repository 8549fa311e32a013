"""Aliases, the friendly names of keys: the models of their operations."""

from datetime import datetime

from attrs import frozen

from .members import KMSResponse
from .requests import AliasName, Arn, KeyId, KeyIdOrArn, KMSRequest, Limit, Marker


@frozen(kw_only=True)
class CreateAliasRequest(KMSRequest):
    """A new alias, "alias/" and a name, and its key."""

    alias_name: AliasName
    target_key_id: KeyIdOrArn


@frozen(kw_only=True)
class UpdateAliasRequest(KMSRequest):
    """An existing alias, and its new key."""

    alias_name: AliasName
    target_key_id: KeyIdOrArn


@frozen(kw_only=True)
class DeleteAliasRequest(KMSRequest):
    """The alias to delete; its key stays."""

    alias_name: AliasName


@frozen(kw_only=True)
class ListAliasesRequest(KMSRequest):
    """Which aliases to list: all of the account and region, or those of one key; `limit` bounds the page."""

    key_id: KeyIdOrArn | None = None
    limit: Limit | None = None
    marker: Marker | None = None


@frozen(kw_only=True)
class AliasListEntry:
    """An alias. `target_key_id` is None for one of AWS's own that has no key yet."""

    alias_name: AliasName
    alias_arn: Arn
    target_key_id: KeyId | None = None
    creation_date: datetime | None = None
    last_updated_date: datetime | None = None


@frozen(kw_only=True)
class ListAliasesResponse(KMSResponse):
    """A page of aliases; if `truncated`, `next_marker` is the `marker` of the next page."""

    aliases: tuple[AliasListEntry, ...] = ()
    next_marker: Marker | None = None
    truncated: bool = False
