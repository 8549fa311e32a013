"""Aliases: CreateAlias, UpdateAlias, DeleteAlias, ListAliases."""

from ..errors import ApiError
from .call import Call
from .keys import Alias, Key, PredefinedAlias
from .paging import page
from .specs import family_of

ALIAS_NAME = "^[a-zA-Z0-9:/_-]+$"
_PREFIX = "alias/"
RESERVED_PREFIX = "alias/aws/"  # for the keys that AWS manages


def create_alias(call: Call) -> dict[str, object]:
    """Add an alias to a key of the caller's account and region."""
    name, key = _name(call), _target(call)
    if call.store.find_alias(call.account_id, call.region, name) is not None:
        raise ApiError("AlreadyExistsException", f"An alias with the name {call.arn(name)} already exists")
    now = call.store.clock.now()
    call.store.add_alias(Alias(name, key, now, now))
    return {}


def update_alias(call: Call) -> dict[str, object]:
    """Point an alias to another key of the same family and usage, whatever state the old key is in."""
    alias, key = call.alias(_name(call)), _target(call)
    old, new = call.permitted(alias.key).shared, key.shared
    if (family_of(old.spec), old.usage) != (family_of(new.spec), new.usage):
        raise ApiError(
            "ValidationException",
            f"{alias.arn} cannot go from a {family_of(old.spec)} {old.usage} key to a {family_of(new.spec)} "
            f"{new.usage} one: delete the alias and create it anew.",
        )
    call.store.redirect_alias(alias, key)
    alias.last_updated_date = call.store.clock.now()
    return {}


def delete_alias(call: Call) -> dict[str, object]:
    """Delete the alias; the key stays."""
    alias = call.alias(_name(call))
    call.permitted(alias.key)
    call.store.remove_alias(alias)
    return {}


def list_aliases(call: Call) -> dict[str, object]:
    """List the aliases of the caller's account and region, or only those of one key, sorted by name.

    The predefined aliases of AWS managed keys have no target until the key is created.
    """
    key = call.key() if "KeyId" in call.members else None
    aliases = call.store.aliases(call.account_id, call.region) if key is None else call.store.aliases_of(key)
    return page(call, "Aliases", aliases, sort_key=_sort_key, wire=_entry, default=50, largest=100)


def _name(call: Call) -> str:
    name = call.members.required_text("AliasName", longest=256, pattern=ALIAS_NAME)
    if not name.startswith(_PREFIX):
        raise ApiError(
            "ValidationException",
            'Alias must start with the prefix "alias/". Please see '
            "https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html",
        )
    if name == _PREFIX:
        raise ApiError("ValidationException", "Invalid identifier")
    if name.startswith(RESERVED_PREFIX):
        raise ApiError("NotAuthorizedException")
    if ":" in name:
        raise ApiError("ValidationException", f"{name} contains invalid characters for an alias")
    return name


def _target(call: Call) -> Key:
    target = call.members.required_text(call.operation.key, longest=2048)
    if target.startswith(_PREFIX) or f":{_PREFIX}" in target:
        raise ApiError("ValidationException", "Aliases must refer to keys. Not aliases")
    return call.key()


def _sort_key(alias: Alias | PredefinedAlias) -> str:
    return alias.name


def _entry(alias: Alias | PredefinedAlias) -> dict[str, object]:
    entry: dict[str, object] = {"AliasName": alias.name, "AliasArn": alias.arn}
    if isinstance(alias, PredefinedAlias):
        return entry
    return entry | {
        "TargetKeyId": alias.key.key_id,
        "CreationDate": alias.creation_date / 1000,
        "LastUpdatedDate": alias.last_updated_date / 1000,
    }
