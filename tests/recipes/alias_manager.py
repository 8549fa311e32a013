"""Keep aliases as a deployment wants them: one for each name, pointed to the newest key, and none left over."""

from collections.abc import Iterable

from awskms_lite import AlreadyExistsException, KMSClient, NotFoundException


def point(kms: KMSClient, alias: str, key_id: str) -> None:
    """Let an alias stand for a key, whether it exists already or not."""
    try:
        kms.create_alias(alias, key_id)
    except AlreadyExistsException:
        kms.update_alias(alias, key_id)


def current(kms: KMSClient, alias: str) -> str | None:
    """Return the ARN of the key that an alias stands for, None if there is no such alias."""
    try:
        return kms.resolve_key(alias)
    except NotFoundException:
        return None


def renew(kms: KMSClient, alias: str) -> tuple[str | None, str]:
    """Replace the key behind an alias by a new one; return the old key and the new one, by their ARNs."""
    old = current(kms, alias)
    new = kms.create_key(description=f"replaces {old}" if old else "", tags={"alias": alias}).key_metadata.arn
    point(kms, alias, new)
    return old, new


def prune(kms: KMSClient, prefix: str, keep: Iterable[str]) -> list[str]:
    """Delete the aliases that begin with a prefix and are not to be kept; return their names."""
    names = [alias.alias_name for alias in kms.iter_list_aliases(page_size=100)]
    surplus = sorted(name for name in {*names} - {*keep} if name.startswith(prefix))
    for name in surplus:
        kms.delete_alias(name)
    return surplus
