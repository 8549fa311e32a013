"""The operations on shared secrets."""

from ..models.shared_secrets import (
    DecapsulateRequest,
    DecapsulateResponse,
    DeriveSharedSecretForRecipientResponse,
    DeriveSharedSecretRequest,
    DeriveSharedSecretResponse,
    EncapsulateRequest,
    EncapsulateResponse,
)
from . import KEY_ID, Operation

DERIVE_SHARED_SECRET: Operation[
    DeriveSharedSecretRequest, DeriveSharedSecretResponse | DeriveSharedSecretForRecipientResponse
] = Operation(
    name="DeriveSharedSecret",
    request=DeriveSharedSecretRequest,
    response=DeriveSharedSecretResponse,
    for_recipient=DeriveSharedSecretForRecipientResponse,
    idempotent=True,
    echoes=KEY_ID,
)

ENCAPSULATE = Operation(
    name="Encapsulate",
    request=EncapsulateRequest,
    response=EncapsulateResponse,
    idempotent=True,  # a secret that nobody has received does no harm
)

DECAPSULATE = Operation(
    name="Decapsulate",
    request=DecapsulateRequest,
    response=DecapsulateResponse,
    idempotent=True,
)
