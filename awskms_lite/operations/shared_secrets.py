"""The rows about shared secrets."""

from ..models.shared_secrets import (
    DecapsulateRequest,
    DecapsulateResponse,
    DeriveSharedSecretRequest,
    DeriveSharedSecretResponse,
    EncapsulateRequest,
    EncapsulateResponse,
)
from . import KEY_ID, Operation

DERIVE_SHARED_SECRET = Operation(
    name="DeriveSharedSecret",
    request=DeriveSharedSecretRequest,
    response=DeriveSharedSecretResponse,
    idempotent=True,
    echoes=KEY_ID,
)

ENCAPSULATE = Operation(
    name="Encapsulate",
    request=EncapsulateRequest,
    response=EncapsulateResponse,
    idempotent=True,  # a secret that nobody has seen is shared with nobody
)

DECAPSULATE = Operation(
    name="Decapsulate",
    request=DecapsulateRequest,
    response=DecapsulateResponse,
    idempotent=True,
)
