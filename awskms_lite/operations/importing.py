"""The operations on import of key material."""

from ..models.importing import (
    DeleteImportedKeyMaterialRequest,
    DeleteImportedKeyMaterialResponse,
    GetParametersForImportRequest,
    GetParametersForImportResponse,
    ImportKeyMaterialRequest,
    ImportKeyMaterialResponse,
    ImportType,
)
from . import KEY_ID, Operation


def _may_be_there_already(request: ImportKeyMaterialRequest) -> bool:
    """Return whether KMS takes the material a second time: it is then no longer new, if the request says so."""
    return request.import_type != ImportType.NEW_KEY_MATERIAL


GET_PARAMETERS_FOR_IMPORT = Operation(
    name="GetParametersForImport",
    request=GetParametersForImportRequest,
    response=GetParametersForImportResponse,
    idempotent=True,  # the second pair of key and token is as good as the first, which just expires
    echoes=KEY_ID,
)

IMPORT_KEY_MATERIAL = Operation(
    name="ImportKeyMaterial",
    request=ImportKeyMaterialRequest,
    response=ImportKeyMaterialResponse,
    mutating=True,
    idempotent=_may_be_there_already,
    echoes=KEY_ID,
)

DELETE_IMPORTED_KEY_MATERIAL = Operation(
    name="DeleteImportedKeyMaterial",
    request=DeleteImportedKeyMaterialRequest,
    response=DeleteImportedKeyMaterialResponse,
    mutating=True,
    idempotent=False,  # the second would find no material, and could not say which one was deleted
    echoes=KEY_ID,
)
