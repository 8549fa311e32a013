"""Lend a key to a role for one tenant's data, see who has what, and end it."""

from collections.abc import Iterator

from awskms_lite import GrantListEntry, KMSClient


def lend(kms: KMSClient, key_id: str, role_arn: str, tenant: str) -> tuple[str, str]:
    """Allow a role to encrypt and decrypt one tenant's data; return the grant's id and its token."""
    grant = kms.create_grant(
        key_id,
        name=f"tenant-{tenant}",
        grantee_principal=role_arn,
        operations={"Decrypt", "GenerateDataKey"},
        constraints={"encryption_context_subset": {"tenant": tenant}},
    )
    return grant.grant_id, grant.grant_token


def lent(kms: KMSClient, key_id: str, role_arn: str) -> Iterator[GrantListEntry]:
    """Yield the grants of a role for a key."""
    return (grant for grant in kms.iter_list_grants(key_id) if grant.grantee_principal == role_arn)


def overview(kms: KMSClient, key_id: str) -> str:
    """Return a line for each grant: who, what, and for which encryption context."""
    lines: list[str] = []
    for grant in kms.iter_list_grants(key_id):
        subset = grant.constraints.encryption_context_subset if grant.constraints else None
        lines.append(
            f"{grant.grantee_principal}: {', '.join(sorted(grant.operations))} for {subset or 'anything'}"
        )
    return "\n".join(lines)


def take_back(kms: KMSClient, key_id: str, role_arn: str) -> int:
    """Revoke all grants of a role for a key; return how many there were."""
    grants = list(lent(kms, key_id, role_arn))
    for grant in grants:
        kms.revoke_grant(key_id, grant.grant_id)
    return len(grants)


def hand_back(kms: KMSClient, token: str) -> None:
    """Retire a grant, as its grantee."""
    kms.retire_grant(grant_token=token)
