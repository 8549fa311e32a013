"""Grants, permissions for a key without a change to its policy: the models of their operations."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal, TypeAlias

from attrs import field, frozen

from ..errors import ParameterError
from .members import KMSResponse
from .requests import (
    Bounds,
    EncryptionContext,
    GrantToken,
    GrantTokens,
    KeyId,
    KeyIdOrArn,
    KMSRequest,
    Limit,
    Marker,
)

GrantId: TypeAlias = Annotated[str, Bounds(1, 128)]
GrantName: TypeAlias = Annotated[str, Bounds(1, 256)]
Principal: TypeAlias = Annotated[str, Bounds(1, 256)]
"""The ARN of an account, a user, a role, a federated user or an assumed role."""
ServicePrincipal: TypeAlias = Annotated[str, Bounds(1, 128)]
"""The name of an AWS service, as in "backup.amazonaws.com"."""
SourceArn: TypeAlias = Annotated[str, Bounds(20, 512)]


class GrantOperation(StrEnum):
    """What a grant can permit; a key supports those that fit its spec and usage."""

    DECRYPT = "Decrypt"
    ENCRYPT = "Encrypt"
    GENERATE_DATA_KEY = "GenerateDataKey"
    GENERATE_DATA_KEY_WITHOUT_PLAINTEXT = "GenerateDataKeyWithoutPlaintext"
    RE_ENCRYPT_FROM = "ReEncryptFrom"
    RE_ENCRYPT_TO = "ReEncryptTo"
    SIGN = "Sign"
    VERIFY = "Verify"
    GET_PUBLIC_KEY = "GetPublicKey"
    CREATE_GRANT = "CreateGrant"
    RETIRE_GRANT = "RetireGrant"
    DESCRIBE_KEY = "DescribeKey"
    GENERATE_DATA_KEY_PAIR = "GenerateDataKeyPair"
    GENERATE_DATA_KEY_PAIR_WITHOUT_PLAINTEXT = "GenerateDataKeyPairWithoutPlaintext"
    GENERATE_MAC = "GenerateMac"
    VERIFY_MAC = "VerifyMac"
    DERIVE_SHARED_SECRET = "DeriveSharedSecret"  # noqa: S105 - an operation's name
    ENCAPSULATE = "Encapsulate"
    DECAPSULATE = "Decapsulate"


GrantOperationLike: TypeAlias = (
    GrantOperation
    | Literal[
        "Decrypt",
        "Encrypt",
        "GenerateDataKey",
        "GenerateDataKeyWithoutPlaintext",
        "ReEncryptFrom",
        "ReEncryptTo",
        "Sign",
        "Verify",
        "GetPublicKey",
        "CreateGrant",
        "RetireGrant",
        "DescribeKey",
        "GenerateDataKeyPair",
        "GenerateDataKeyPairWithoutPlaintext",
        "GenerateMac",
        "VerifyMac",
        "DeriveSharedSecret",
        "Encapsulate",
        "Decapsulate",
    ]
    | str
)
"""A member of `GrantOperation`, its value, or a value that is newer than both."""


@frozen(kw_only=True)
class GrantConstraints:
    """When a grant applies: for which encryption contexts, and on behalf of which resource.

    A context must contain all pairs of the subset, or be equal to the pairs; KMS takes up to 8 pairs. Do not put
    secrets in constraints: CloudTrail shows them.
    """

    encryption_context_subset: EncryptionContext | None = field(default=None, hash=False)
    encryption_context_equals: EncryptionContext | None = field(default=None, hash=False)
    source_arn: SourceArn | None = None


GrantConstraintsLike: TypeAlias = GrantConstraints | Mapping[str, Mapping[str, str] | str]
"""Constraints as `create_grant` takes them: an object, or a mapping of its members' names or their wire names."""

_CONSTRAINTS = {
    "EncryptionContextSubset": "encryption_context_subset",
    "EncryptionContextEquals": "encryption_context_equals",
    "SourceArn": "source_arn",
}


def constraints_of(constraints: GrantConstraintsLike | None) -> GrantConstraints | None:
    """Return constraints as an object; raise `ParameterError` for a mapping with other names than theirs."""
    if not isinstance(constraints, Mapping):
        return constraints
    members: dict[str, Any] = {_CONSTRAINTS.get(name, name): value for name, value in constraints.items()}
    if len(members) < len(constraints) or not members.keys() <= set(_CONSTRAINTS.values()):
        names = ", ".join(_CONSTRAINTS.values())
        raise ParameterError(f"constraints is a mapping with wrong names: pass {names}, each once at most.")
    return GrantConstraints(**members)


@frozen(kw_only=True)
class CreateGrantRequest(KMSRequest):
    """What a principal may do with a key, when, and who may retire the grant.

    The grantee is either a principal or a service; so is the one that may retire the grant. Equal requests with
    the same `name` create one grant.
    """

    key_id: KeyIdOrArn
    operations: Sequence[GrantOperation | str]
    grantee_principal: Principal | None = None
    grantee_service_principal: ServicePrincipal | None = None
    retiring_principal: Principal | None = None
    retiring_service_principal: ServicePrincipal | None = None
    constraints: GrantConstraints | None = field(default=None, converter=constraints_of)
    grant_tokens: GrantTokens | None = field(default=None, repr=False)
    name: GrantName | None = None
    dry_run: bool | None = None


@frozen(kw_only=True)
class CreateGrantResponse(KMSResponse):
    """The grant, and the token that lets it apply before all of KMS knows it."""

    grant_token: GrantToken = field(repr=False)
    grant_id: GrantId


@frozen(kw_only=True)
class RetireGrantRequest(KMSRequest):
    """The grant to retire, by its token, or by its id and its key's ARN."""

    grant_token: GrantToken | None = field(default=None, repr=False)
    key_id: KeyIdOrArn | None = None
    grant_id: GrantId | None = None
    dry_run: bool | None = None

    def _check_combination(self) -> None:
        by_token, by_id = self.grant_token is not None, (self.key_id is not None, self.grant_id is not None)
        if by_id != (not by_token, not by_token):
            raise ParameterError("Name the grant in one way: pass grant_token alone, or key_id and grant_id.")


@frozen(kw_only=True)
class RevokeGrantRequest(KMSRequest):
    """The grant to revoke, and its key."""

    key_id: KeyIdOrArn
    grant_id: GrantId
    dry_run: bool | None = None


@frozen(kw_only=True)
class ListGrantsRequest(KMSRequest):
    """The key whose grants to list: all, one, or those of one grantee; `limit` bounds the page."""

    key_id: KeyIdOrArn
    grant_id: GrantId | None = None
    grantee_principal: Principal | None = None
    grantee_service_principal: ServicePrincipal | None = None
    limit: Limit | None = None
    marker: Marker | None = None


@frozen(kw_only=True)
class ListRetirableGrantsRequest(KMSRequest):
    """The principal, or the service, that may retire the grants to list; `limit` bounds the page."""

    retiring_principal: Principal | None = None
    retiring_service_principal: ServicePrincipal | None = None
    limit: Limit | None = None
    marker: Marker | None = None


@frozen(kw_only=True)
class GrantListEntry:
    """A grant. If the grantee is an AWS service, `grantee_principal` may be its name."""

    key_id: KeyId
    grant_id: GrantId
    name: GrantName | None = None
    creation_date: datetime | None = None
    grantee_principal: Principal | None = None
    grantee_service_principal: ServicePrincipal | None = None
    retiring_principal: Principal | None = None
    retiring_service_principal: ServicePrincipal | None = None
    issuing_account: Principal | None = None
    operations: tuple[GrantOperation | str, ...] = ()
    constraints: GrantConstraints | None = None


@frozen(kw_only=True)
class ListGrantsResponse(KMSResponse):
    """A page of grants; if `truncated`, `next_marker` is the `marker` of the next page."""

    grants: tuple[GrantListEntry, ...] = ()
    next_marker: Marker | None = None
    truncated: bool = False
