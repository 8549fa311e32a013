"""The rows about encrypting and decrypting."""

from ..models.encryption import (
    DecryptRequest,
    DecryptResponse,
    EncryptRequest,
    EncryptResponse,
    ReEncryptRequest,
    ReEncryptResponse,
)
from . import KEY_ID, Operation

ENCRYPT = Operation(
    name="Encrypt",
    request=EncryptRequest,
    response=EncryptResponse,
    idempotent=True,  # a ciphertext that nobody has seen is of no use
    echoes=KEY_ID,
)

DECRYPT = Operation(
    name="Decrypt",
    request=DecryptRequest,
    response=DecryptResponse,
    idempotent=True,
    echoes=KEY_ID,
)

RE_ENCRYPT = Operation(
    name="ReEncrypt",
    request=ReEncryptRequest,
    response=ReEncryptResponse,
    idempotent=True,  # the old ciphertext stays good
    echoes=(("source_key_id", "source_key_id"), ("destination_key_id", "key_id")),
)
