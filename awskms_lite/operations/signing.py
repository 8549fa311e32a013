"""The operations for signatures, public keys and message authentication codes."""

from collections.abc import Mapping
from typing import Any

from ..errors import KMSInvalidMacException, KMSInvalidSignatureException
from ..models.signing import (
    GenerateMacRequest,
    GenerateMacResponse,
    GetPublicKeyRequest,
    GetPublicKeyResponse,
    SignRequest,
    SignResponse,
    VerifyMacRequest,
    VerifyMacResponse,
    VerifyRequest,
    VerifyResponse,
)
from . import KEY_ID, Operation

# KMS answers an invalid signature with an error, never with False. Emulators answer with False, or leave the
# member out, and a caller who only catches errors would take the message for genuine. The converter refuses a
# value that is no boolean.


def _check_signature(answer: Mapping[str, Any]) -> None:
    """Raise `KMSInvalidSignatureException` if the answer does not say that the signature is valid."""
    if answer.get("SignatureValid") in (None, False):
        raise KMSInvalidSignatureException("The answer does not say that the signature is valid.", status_code=200)


def _check_mac(answer: Mapping[str, Any]) -> None:
    """Raise `KMSInvalidMacException` if the answer does not say that the MAC is valid."""
    if answer.get("MacValid") in (None, False):
        raise KMSInvalidMacException("The answer does not say that the MAC is valid.", status_code=200)


SIGN = Operation(
    name="Sign",
    request=SignRequest,
    response=SignResponse,
    idempotent=True,  # a second signature of the same message proves no more than the first
    echoes=KEY_ID,
)

VERIFY = Operation(
    name="Verify",
    request=VerifyRequest,
    response=VerifyResponse,
    idempotent=True,
    echoes=KEY_ID,
    check=_check_signature,
)

GET_PUBLIC_KEY = Operation(
    name="GetPublicKey",
    request=GetPublicKeyRequest,
    response=GetPublicKeyResponse,
    idempotent=True,
    echoes=KEY_ID,
)

GENERATE_MAC = Operation(
    name="GenerateMac",
    request=GenerateMacRequest,
    response=GenerateMacResponse,
    idempotent=True,
    echoes=KEY_ID,
)

VERIFY_MAC = Operation(
    name="VerifyMac",
    request=VerifyMacRequest,
    response=VerifyMacResponse,
    idempotent=True,
    echoes=KEY_ID,
    check=_check_mac,
)
