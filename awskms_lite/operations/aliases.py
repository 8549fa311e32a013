"""The operations on aliases."""

from ..models.aliases import (
    CreateAliasRequest,
    DeleteAliasRequest,
    ListAliasesRequest,
    ListAliasesResponse,
    UpdateAliasRequest,
)
from ..models.members import KMSResponse
from . import Operation

CREATE_ALIAS = Operation(
    name="CreateAlias",
    request=CreateAliasRequest,
    response=KMSResponse,
    mutating=True,
    idempotent=False,  # the second would be told that the alias exists already
)

UPDATE_ALIAS = Operation(
    name="UpdateAlias",
    request=UpdateAliasRequest,
    response=KMSResponse,
    mutating=True,
    idempotent=True,  # the alias already stands for that key
)

DELETE_ALIAS = Operation(
    name="DeleteAlias",
    request=DeleteAliasRequest,
    response=KMSResponse,
    mutating=True,
    idempotent=False,  # the second would be told that there is no such alias
)

LIST_ALIASES = Operation(
    name="ListAliases",
    request=ListAliasesRequest,
    response=ListAliasesResponse,
    idempotent=True,
    items="aliases",
    echoes=(("key_id", "aliases.target_key_id"),),
)
