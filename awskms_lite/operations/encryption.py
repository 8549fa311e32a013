"""The operations for encryption and decryption."""

from ..models.encryption import (
    DecryptForRecipientResponse,
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
    idempotent=True,  # a ciphertext that nobody has received does no harm
    echoes=KEY_ID,
)

DECRYPT: Operation[DecryptRequest, DecryptResponse | DecryptForRecipientResponse] = Operation(
    name="Decrypt",
    request=DecryptRequest,
    response=DecryptResponse,
    for_recipient=DecryptForRecipientResponse,
    idempotent=True,
    echoes=KEY_ID,
)

RE_ENCRYPT = Operation(
    name="ReEncrypt",
    request=ReEncryptRequest,
    response=ReEncryptResponse,
    idempotent=True,  # the old ciphertext can still be decrypted
    echoes=(("source_key_id", "source_key_id"), ("destination_key_id", "key_id")),
)
